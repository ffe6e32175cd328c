//! Typings as they are read, whoever's they are, become a data set.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::error::Problem;
use crate::digraph::Sample;
use crate::eval::data::{Attempt, DataSet, Typist};

/// Typists in the order of their first rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Collection {
    typists: Vec<Typist>,
    by_name: HashMap<String, usize>,
    /// The line of each typing.
    lines: HashMap<(usize, u32, u32), u64>,
}

impl Collection {
    /// Adds a typing; the same one twice is a defect.
    pub(super) fn add(
        &mut self,
        line: u64,
        subject: &str,
        (session, rep): (u32, u32),
        sample: Sample,
    ) -> Result<(), Problem> {
        let who = self.typist(subject);
        match self.lines.entry((who, session, rep)) {
            Entry::Occupied(first) => {
                return Err(Problem::Duplicate {
                    first: *first.get(),
                });
            }
            Entry::Vacant(place) => place.insert(line),
        };
        self.typists[who].attempts.push(Attempt {
            session,
            rep,
            sample,
        });
        Ok(())
    }

    /// Everything that was added.
    pub(super) fn finish(self) -> DataSet {
        DataSet::new(self.typists)
    }

    fn typist(&mut self, subject: &str) -> usize {
        if let Some(&who) = self.by_name.get(subject) {
            return who;
        }
        let who = self.typists.len();
        self.by_name.insert(subject.to_owned(), who);
        self.typists.push(Typist {
            name: subject.to_owned(),
            attempts: Vec::new(),
        });
        who
    }
}
