//! Typing as made-up people do: what a script types that knows how people differ.

use super::account::Owner;
use super::tried::Way;
use crate::digraph::Sample;
use crate::eval::typist::SyntheticTypist;

/// So many tries, the same people first.
const TRIES: [u64; 3] = [1, 3, 10];
const MOST_TRIES: u64 = 10;
/// Far from the numbers of people who are enrolled.
const FIRST_PERSON: u64 = 1 << 32;

pub(super) fn ways() -> Vec<Way> {
    let name = |tries: u64| match tries {
        1 => "1 try".to_owned(),
        _ => format!("{tries} tries"),
    };
    let way = |tries: u64| Way {
        drawn: true,
        ..Way::new(name(tries), move |owner, seed| people(owner, tries, seed))
    };
    TRIES.map(way).into_iter().collect()
}

/// One typing of each of so many people; none if the keys are not a text.
fn people(owner: &Owner<'_>, tries: u64, seed: u64) -> Vec<Sample> {
    let first = FIRST_PERSON + owner.number as u64 * MOST_TRIES;
    let people = (first..first + tries)
        .filter_map(|person| SyntheticTypist::new(seed, person, owner.keys().clone()));
    people.map(|typist| typist.sample(0)).collect()
}
