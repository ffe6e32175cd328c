//! Recorded typing: who typed what, when in what order.

use crate::digraph::Sample;

/// One recorded typing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Number of the sitting; higher is later.
    pub session: u32,
    /// Number of the repetition within the session; higher is later.
    pub rep: u32,
    /// What was typed.
    pub sample: Sample,
}

/// Everything recorded of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typist {
    /// What the recording calls them.
    pub name: String,
    /// In the order of session and repetition.
    pub attempts: Vec<Attempt>,
}

/// A recording of several people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSet {
    typists: Vec<Typist>,
}

impl DataSet {
    /// A data set of these typists, whose attempts are put in order.
    #[must_use]
    pub fn new(mut typists: Vec<Typist>) -> Self {
        for typist in &mut typists {
            typist.attempts.sort_by_key(|a| (a.session, a.rep));
        }
        Self { typists }
    }

    /// The typists in the order of the recording, each with attempts in order.
    #[must_use]
    pub fn typists(&self) -> &[Typist] {
        &self.typists
    }

    /// The typings of all typists together.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.typists.iter().map(|t| t.attempts.len()).sum()
    }
}
