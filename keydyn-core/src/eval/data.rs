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
        if self.attempts.iter().any(hold) {
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
    /// By account, where each has a text of its own.
    attackers: Option<Vec<Vec<Typist>>>,
    about: About,
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
        let everybody = self.typists.iter().enumerate();
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

    /// The typings of all typists together.
    #[must_use]
    pub fn attempts(&self) -> usize {
        let attackers = self.attackers.iter().flatten().flatten();
        let typists = self.typists.iter().chain(attackers);
        typists.map(|t| t.attempts.len()).sum()
    }
}

fn sort(typist: &mut Typist) {
    typist.attempts.sort_by_key(|a| (a.session, a.rep));
}
