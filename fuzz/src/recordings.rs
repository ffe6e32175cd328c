//! What holds for every recording that was read.

use keydyn_core::digraph::{Duration, MAX_KEYS};
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::read::read;
use keydyn_core::printable::printable;

use crate::assert_sentence;

/// Microseconds of an hour: longer than anybody takes for a key.
const LONGEST: u32 = 3_600_000_000;

/// Reads it twice, and checks what came of it.
pub(crate) fn check(bytes: &[u8]) {
    let found = read(bytes, "fuzzed.csv");
    match &found {
        Ok(data) => check_data(data, bytes.len()),
        Err(error) => {
            let told = error.to_string();
            assert!(told.starts_with("fuzzed.csv"), "{told}");
            // As the command shows it: a column's name is told as it is written.
            assert_sentence(&printable(&told), 600 + 10 * bytes.len());
        }
    }
    assert!(found == read(bytes, "fuzzed.csv"), "twice the same");
}

fn check_data(data: &DataSet, bytes: usize) {
    assert!(data.attempts() > 0, "a recording of nothing");
    assert!(data.attempts() <= bytes, "more typings than bytes");
    let all: Vec<&Typist> = data.people().collect();
    assert!(all.iter().all(|typist| !typist.name.is_empty()));
    for attempt in all.iter().flat_map(|typist| &typist.attempts) {
        let sample = &attempt.sample;
        assert!((1..=MAX_KEYS).contains(&sample.keys().len()));
        let features = sample.holds().iter().chain(sample.downs());
        assert!(
            features.flatten().all(|&Duration(us)| us <= LONGEST),
            "longer than an hour"
        );
    }
    for typist in &all {
        let number = |attempt: &keydyn_core::eval::data::Attempt| (attempt.session, attempt.rep);
        assert!(typist.attempts.is_sorted_by_key(number));
    }
}
