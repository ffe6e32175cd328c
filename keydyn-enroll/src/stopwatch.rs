//! How long one score takes, on this machine and on one thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use keydyn_core::detector::{Detector, DetectorKind};
use keydyn_core::digraph::Sample;
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::setup::Setup;

/// Long enough for a mean that does not jump, too short to be noticed.
const LEAST_TIME: Duration = Duration::from_millis(50);

/// Mean time of one score of the first account that can be enrolled, in microseconds; `None` if
/// there is none.
pub(crate) fn score_micros(data: &DataSet, setup: &Setup, kind: DetectorKind) -> Option<f64> {
    let typists = data.typists().iter();
    let (owner, detector) = typists
        .filter_map(|owner| Some((owner, enrolled(owner, setup, kind)?)))
        .next()?;
    let probes: Vec<&Sample> = owner.attempts.iter().map(|a| &a.sample).collect();
    let (mut scores, start) = (0u32, Instant::now());
    while start.elapsed() < LEAST_TIME {
        for probe in &probes {
            let _ = black_box(detector.score(black_box(probe)));
            scores += 1;
        }
    }
    Some(1e6 * start.elapsed().as_secs_f64() / f64::from(scores))
}

fn enrolled(owner: &Typist, setup: &Setup, kind: DetectorKind) -> Option<Box<dyn Detector>> {
    let (enrolment, _) = setup.split(&owner.attempts)?;
    let mut detector = kind.build(setup.gain, owner.recorded());
    for attempt in enrolment {
        // What cannot be enrolled was counted by the evaluation.
        let _ = detector.enrol(&attempt.sample);
    }
    detector.finish_enrolment().ok()?;
    Some(detector)
}
