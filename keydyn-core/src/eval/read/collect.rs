//! Typings as they are read, whoever's they are, become a data set.

use std::collections::HashMap;

use super::error::Problem;
use crate::digraph::{KeySequence, Sample};
use crate::eval::data::{About, Attempt, DataSet, Typist};

/// Who typed on whose account; both as numbers of [`Collection::person`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub(super) typist: usize,
    /// `None`: the text is everybody's.
    pub(super) account: Option<usize>,
}

/// Typists and accounts in the order of their first rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Collection {
    people: Vec<String>,
    by_name: HashMap<String, usize>,
    typings: Vec<(Whose, Attempt)>,
    /// The last line of each typing, and its place among them.
    seen: HashMap<(Whose, u32, u32), (u64, usize)>,
}

impl Collection {
    /// The number of somebody of this name.
    pub(super) fn person(&mut self, name: &str) -> usize {
        if let Some(&who) = self.by_name.get(name) {
            return who;
        }
        let who = self.people.len();
        self.by_name.insert(name.to_owned(), who);
        self.people.push(name.to_owned());
        who
    }

    /// The last typing of this number that was added, and the line in which it ended.
    pub(super) fn seen(&self, whose: Whose, session: u32, rep: u32) -> Option<(u64, &Sample)> {
        let &(line, place) = self.seen.get(&(whose, session, rep))?;
        let (_, attempt) = self.typings.get(place)?;
        Some((line, &attempt.sample))
    }

    /// Adds a typing that ended in this line.
    pub(super) fn add(&mut self, line: u64, whose: Whose, attempt: Attempt) {
        let number = (whose, attempt.session, attempt.rep);
        self.seen.insert(number, (line, self.typings.len()));
        self.typings.push((whose, attempt));
    }

    /// Gives every session another number.
    pub(super) fn renumber_sessions(&mut self, number: impl Fn(u32) -> u32) {
        for (_, attempt) in &mut self.typings {
            attempt.session = number(attempt.session);
        }
    }

    /// Every typing of its account's text.
    pub(super) fn finish(mut self, mut about: About) -> Result<DataSet, Problem> {
        let typings = self.typings.len();
        if typings == 0 {
            return Err(Problem::NoRows);
        }
        let texts = self.texts();
        self.typings
            .retain(|(whose, attempt)| texts.get(&whose.account) == Some(attempt.sample.keys()));
        let alike = self.typings.len();
        if 2 * alike < typings {
            return Err(Problem::ManyTexts { typings, alike });
        }
        about.other_text = typings - alike;
        let data = if texts.contains_key(&None) {
            self.of_one_text()
        } else {
            self.of_accounts(texts.keys().flatten().copied().collect())
        };
        Ok(data.described(about))
    }

    /// The most frequent text of each account; of equally frequent ones the first.
    fn texts(&self) -> HashMap<Option<usize>, KeySequence> {
        let mut counts: HashMap<(Option<usize>, &KeySequence), (usize, usize)> = HashMap::new();
        for (place, (whose, attempt)) in self.typings.iter().enumerate() {
            let text = (whose.account, attempt.sample.keys());
            counts.entry(text).or_insert((0, place)).0 += 1;
        }
        let mut ranked: Vec<_> = counts.into_iter().collect();
        // The most frequent last, where it overwrites the others of its account.
        ranked.sort_by_key(|&(_, (count, place))| (count, usize::MAX - place));
        let texts = ranked.into_iter();
        texts
            .map(|((account, keys), _)| (account, keys.clone()))
            .collect()
    }

    fn of_one_text(self) -> DataSet {
        let mut typists: Vec<Typist> = self.people.into_iter().map(nobody).collect();
        for (whose, attempt) in self.typings {
            typists[whose.typist].attempts.push(attempt);
        }
        DataSet::new(typists)
    }

    fn of_accounts(self, mut accounts: Vec<usize>) -> DataSet {
        accounts.sort_unstable();
        let mut typings: HashMap<Whose, Vec<Attempt>> = HashMap::new();
        for (whose, attempt) in self.typings {
            typings.entry(whose).or_default().push(attempt);
        }
        let people = self.people;
        let mut take = |typist: usize, account| {
            let account = Some(account);
            typings.remove(&Whose { typist, account })
        };
        let accounts = accounts.into_iter().map(|account| {
            let mut owner = nobody(people[account].clone());
            owner.attempts = take(account, account).unwrap_or_default();
            let others = people.iter().enumerate().filter_map(|(who, name)| {
                let attempts = take(who, account)?;
                let name = name.clone();
                Some(Typist { name, attempts })
            });
            let others = others.collect();
            (owner, others)
        });
        DataSet::with_attackers(accounts.collect())
    }
}

fn nobody(name: String) -> Typist {
    let attempts = Vec::new();
    Typist { name, attempts }
}
