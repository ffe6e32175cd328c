//! Whom the benchmarks are run on: synthetic typists, and detectors that know one of them.

use std::fmt::Write as _;

use keydyn_core::detector::{Detector, DetectorKind, Recorded};
use keydyn_core::digraph::{KeySequence, Sample};
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::typist::{SyntheticTypist, population};
use keydyn_core::key::KeyCode;
use keydyn_core::template::GainPolicy;

/// The letters of the two upper rows, by their codes.
const LETTERS: [u16; 19] = [
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 35, 36, 37, 38,
];

/// A text of so many letters, from the beginning again where they are used up.
pub(crate) fn text(keys: usize) -> KeySequence {
    KeySequence::new(
        LETTERS
            .iter()
            .cycle()
            .take(keys)
            .map(|code| KeyCode(*code))
            .collect(),
    )
}

/// So many typings of somebody.
pub(crate) fn typings(keys: usize, count: u32) -> Vec<Sample> {
    let typist = SyntheticTypist::new(1, 1, text(keys));
    let typist = typist.into_iter();
    typist
        .flat_map(|typist| (0..count).map(move |i| typist.sample(i)))
        .collect()
}

/// A detector that has been enrolled on these.
pub(crate) fn enrolled(kind: DetectorKind, typings: &[Sample]) -> Box<dyn Detector> {
    let mut detector = kind.build(GainPolicy::Burst, Recorded::default());
    // Synthetic typings are whole and of one text: there is nothing that could not be learned.
    for typing in typings {
        let _ = detector.enrol(typing);
    }
    let _ = detector.finish_enrolment();
    detector
}

/// As many people, sessions and typings as the CMU benchmark has.
pub(crate) fn crowd() -> DataSet {
    population(1, 51, 8, 50, &text(11))
}

/// The same as a file laid out as the CMU benchmark is.
pub(crate) fn wide(data: &DataSet) -> String {
    let mut csv = "subject,sessionIndex,rep".to_owned();
    for key in 0..11 {
        let _ = write!(csv, ",H.k{key}");
        if key < 10 {
            let _ = write!(csv, ",DD.k{key}.k{0},UD.k{key}.k{0}", key + 1);
        }
    }
    csv.push('\n');
    data.typists()
        .iter()
        .for_each(|typist| rows(&mut csv, typist));
    csv
}

fn rows(csv: &mut String, typist: &Typist) {
    for attempt in &typist.attempts {
        let _ = write!(csv, "{},{},{}", typist.name, attempt.session, attempt.rep);
        let (holds, downs) = (attempt.sample.holds(), attempt.sample.downs());
        for (i, hold) in holds.iter().enumerate() {
            let hold = hold.map_or(0.0, |hold| hold.as_millis() / 1000.0);
            let _ = write!(csv, ",{hold:.4}");
            if let Some(Some(down)) = downs.get(i) {
                let down = down.as_millis() / 1000.0;
                let _ = write!(csv, ",{down:.4},{:.4}", down - hold);
            }
        }
        csv.push('\n');
    }
}
