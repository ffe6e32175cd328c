//! `steps DETECTOR score|learn N`: does a step N times, for scripts/bench-instructions to count
//! what a processor does for it.

use std::hint::black_box;
use std::process::ExitCode;

use keydyn_core::detector::{DetectorKind, Recorded};
use keydyn_core::digraph::KeySequence;
use keydyn_core::eval::typist::SyntheticTypist;
use keydyn_core::key::KeyCode;
use keydyn_core::template::GainPolicy;

/// As many as the CMU benchmark's text has.
const KEYS: u16 = 11;
const ENROLMENT: u32 = 10;

fn main() -> ExitCode {
    match run() {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::from(2),
    }
}

/// `None` if the command line is not as it has to be.
fn run() -> Option<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next()?;
    let kind = DetectorKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)?;
    let learns = match arguments.next()?.as_str() {
        "score" => false,
        "learn" => true,
        _ => return None,
    };
    let times: u32 = arguments.next()?.parse().ok()?;
    let letters = (16..26).chain(30..).take(usize::from(KEYS));
    let text = KeySequence::new(letters.map(KeyCode).collect());
    let typist = SyntheticTypist::new(1, 1, text)?;
    let mut detector = kind.build(GainPolicy::Burst, Recorded::default());
    for typing in 0..ENROLMENT {
        detector.enrol(&typist.sample(typing)).ok()?;
    }
    detector.finish_enrolment().ok()?;
    let typing = typist.sample(ENROLMENT);
    for _ in 0..times {
        if learns {
            detector.learn(black_box(&typing));
        } else {
            let _ = black_box(detector.score(black_box(&typing)));
        }
    }
    Some(())
}
