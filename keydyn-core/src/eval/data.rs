//! Recorded typing: who typed what, when in what order.

use std::collections::BTreeMap;

use crate::detector::Recorded;
use crate::digraph::Sample;
use crate::key::KeyCode;

/// One recorded typing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Number of the sitting; higher is later.
    pub session: u32,
    /// Number of the repetition within the session; higher is later.
    pub rep: u32,
    /// On which of [`About::keyboards`], counted from 0, where the recording says so.
    pub keyboard: Option<u16>,
    /// What was typed.
    pub sample: Sample,
}

/// Everything recorded of one person typing one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typist {
    /// What the recording calls them.
    pub name: String,
    /// In the order of session and repetition.
    pub attempts: Vec<Attempt>,
}

impl Typist {
    /// What was recorded of them: presses alone if there is not one hold.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        let hold = |attempt: &Attempt| attempt.sample.holds().iter().any(Option::is_some);
        if self.attempts.is_empty() || self.attempts.iter().any(hold) {
            Recorded::HoldsAndDownDowns
        } else {
            Recorded::DownDowns
        }
    }
}

/// How the file was laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A row a typing, a column a feature: the CMU benchmark.
    #[default]
    Wide,
    /// A row a key.
    Long,
}

impl Format {
    /// The word by which JSON calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Long => "long",
        }
    }
}

/// Values that no keyboard can have measured and that were taken for missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unmeasured {
    /// Of zero.
    pub zero: usize,
    /// Below zero.
    pub negative: usize,
}

/// What has to be said of a recording beside its typings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// How it was laid out.
    pub format: Format,
    /// Columns that were not used.
    pub ignored_columns: Vec<String>,
    /// Typings that are not in the data set, because their keys are not those of the text that
    /// most typings of their account have.
    pub other_text: usize,
    /// Typings that have the session and the repetition of another one: all are taken, in the
    /// order of the recording.
    pub same_number: usize,
    /// Holds that were taken for missing.
    pub unmeasured_holds: Unmeasured,
    /// Down-downs that were taken for missing.
    pub unmeasured_downs: Unmeasured,
    /// What it calls keys.
    pub keys: BTreeMap<KeyCode, String>,
    /// Names of keyboards, in the order of the recording; empty if it names none.
    pub keyboards: Vec<String>,
    /// Names of sessions by their numbers; empty if their numbers are their names.
    pub sessions: Vec<String>,
}

/// A recording: accounts, each with its owner's typings, and who else typed what they typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSet {
    typists: Vec<Typist>,
    /// Whoever typed the one text and has no account.
    bystanders: Vec<Typist>,
    /// By account, where each has a text of its own.
    attackers: Option<Vec<Vec<Typist>>>,
    about: About,
}

/// More accounts than there are, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the first {asked} of its users were asked for, and it has {has}; use `--users {has}` or fewer"
)]
pub struct NotSoMany {
    /// How many there are.
    pub has: usize,
    /// How many were asked for.
    pub asked: usize,
}

impl DataSet {
    /// Typists of one text, each the owner of an account and an impostor on all others. Their
    /// attempts are put in order.
    #[must_use]
    pub fn new(mut typists: Vec<Typist>) -> Self {
        typists.iter_mut().for_each(sort);
        Self {
            typists,
            ..Self::default()
        }
    }

    /// Owners of accounts with a text each, and those who typed it as impostors.
    #[must_use]
    pub fn with_attackers(accounts: Vec<(Typist, Vec<Typist>)>) -> Self {
        let (typists, mut attackers): (Vec<_>, Vec<Vec<Typist>>) = accounts.into_iter().unzip();
        attackers.iter_mut().flatten().for_each(sort);
        Self {
            attackers: Some(attackers),
            ..Self::new(typists)
        }
    }

    /// The same with what a reader has to say of it.
    #[must_use]
    pub fn described(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// The same with the first accounts only, so many of them, as a sample of a recording that takes
    /// too long as a whole. Whoever typed one text with everybody is still an impostor on each.
    ///
    /// # Errors
    /// If there are fewer, or none is asked for.
    pub fn with_accounts(mut self, accounts: usize) -> Result<Self, NotSoMany> {
        let has = self.typists.len();
        if accounts > has || accounts == 0 {
            return Err(NotSoMany {
                has,
                asked: accounts,
            });
        }
        let others = self.typists.split_off(accounts);
        match &mut self.attackers {
            Some(attackers) => attackers.truncate(accounts),
            None => self.bystanders.splice(..0, others).for_each(drop),
        }
        Ok(self)
    }

    /// The accounts' owners in the order of the recording, each with attempts in order.
    #[must_use]
    pub fn typists(&self) -> &[Typist] {
        &self.typists
    }

    /// Those who typed the text of the account of this number without being its owner.
    pub fn others(&self, owner: usize) -> impl Iterator<Item = &Typist> {
        let attackers = self.attackers.as_ref();
        let own = attackers
            .and_then(|all| all.get(owner))
            .into_iter()
            .flatten();
        let everybody = self.typists.iter().chain(&self.bystanders).enumerate();
        let shared = attackers.is_none();
        own.chain(
            everybody
                .filter(move |&(who, _)| shared && who != owner)
                .map(|(_, typist)| typist),
        )
    }

    /// Whether each account has a text of its own, and so impostors who meant it.
    #[must_use]
    pub fn has_attackers(&self) -> bool {
        self.attackers.is_some()
    }

    /// What has to be said of it.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What the recording calls a session.
    #[must_use]
    pub fn session_name(&self, session: u32) -> String {
        let named = usize::try_from(session)
            .ok()
            .and_then(|i| self.about.sessions.get(i));
        named.map_or_else(|| session.to_string(), Clone::clone)
    }

    /// What the recording calls a key; its code if it has no name.
    #[must_use]
    pub fn key_name(&self, key: KeyCode) -> String {
        let name = self.about.keys.get(&key);
        name.map_or_else(|| format!("#{}", key.0), Clone::clone)
    }

    /// How many typed the one text and have no account, as [`DataSet::with_accounts`] leaves them.
    #[must_use]
    pub fn bystanders(&self) -> usize {
        self.bystanders.len()
    }

    /// Everybody who typed anything, on one account at a time.
    pub fn people(&self) -> impl Iterator<Item = &Typist> {
        let attackers = self.attackers.iter().flatten().flatten();
        self.typists.iter().chain(&self.bystanders).chain(attackers)
    }

    /// The typings of all typists together.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.people().map(|typist| typist.attempts.len()).sum()
    }
}

fn sort(typist: &mut Typist) {
    typist.attempts.sort_by_key(|a| (a.session, a.rep));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::typist::{self, some_text};

    fn names<'a>(typists: impl IntoIterator<Item = &'a Typist>) -> Vec<&'a str> {
        typists.into_iter().map(|t| t.name.as_str()).collect()
    }

    #[test]
    fn whoever_has_no_account_is_still_an_impostor() {
        let whole = typist::population(1, 4, 1, 3, &some_text(3));
        let two = whole.clone().with_accounts(2).unwrap();
        assert_eq!(names(two.typists()), ["p01", "p02"]);
        assert_eq!(names(two.others(0)), names(whole.others(0)));
        assert_eq!(two.attempts(), whole.attempts());
        let one = two.with_accounts(1).unwrap();
        assert_eq!(names(one.others(0)), ["p02", "p03", "p04"]);
        assert_eq!(whole.clone().with_accounts(4), Ok(whole.clone()));
        assert_eq!(
            whole.clone().with_accounts(5).unwrap_err().to_string(),
            "the first 5 of its users were asked for, and it has 4; use `--users 4` or fewer"
        );
        assert!(whole.with_accounts(0).is_err());
    }

    #[test]
    fn whoever_meant_one_account_is_an_impostor_there_only() {
        let whole = typist::population(1, 3, 1, 3, &some_text(3));
        let [anna, bert, carl] = whole.typists() else {
            panic!("three typists")
        };
        let accounts = [(anna, vec![carl.clone()]), (bert, vec![anna.clone()])];
        let accounts = accounts.map(|(owner, others)| (owner.clone(), others));
        let one = DataSet::with_attackers(accounts.to_vec());
        let one = one.with_accounts(1).unwrap();
        assert_eq!(names(one.typists()), ["p01"]);
        assert_eq!((names(one.others(0)), one.attempts()), (vec!["p03"], 6));
    }
}
