//! Typing that needs no knowledge of the owner must not get in.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::path::{Path, PathBuf};

use keydyn_core::digraph::{Duration, KeySequence, Sample};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::read::read;
use keydyn_core::eval::typist::population;
use keydyn_core::key::KeyCode;
use keydyn_core::policy::{Decision, Strictness, decide};
use keydyn_core::template::{Enrolment, Template};

const MINUTE: u32 = 60_000_000;

/// Hold and down-down in microseconds, the same for every key: from as fast as a machine to
/// pauses that nobody makes.
const CONSTANTS: [(u32, u32); 14] = [
    (1_000, 150_000),
    (1_000, 1_000),
    (100_000, 1_000_000),
    (100_000, 5_000_000),
    (100_000, 20_000_000),
    (100_000, MINUTE),
    (100_000, 5 * MINUTE),
    (100_000, 20 * MINUTE),
    (100_000, 67 * MINUTE),
    (5_000_000, 5_200_000),
    (20_000_000, 20_200_000),
    (MINUTE, MINUTE + 200_000),
    (10_000_000, 200_000),
    (u32::MAX - 1, u32::MAX - 1),
];

fn constant(keys: &KeySequence, hold: u32, down: u32) -> Sample {
    let holds = vec![Some(Duration(hold)); keys.len()];
    let downs = vec![Some(Duration(down)); keys.len() - 1];
    Sample::new(keys.clone(), holds, downs).unwrap()
}

fn templates(data: &DataSet, typings: usize) -> Vec<Template> {
    let enrol = |attempts: &[keydyn_core::eval::data::Attempt]| {
        let mut enrolment = Enrolment::new();
        for attempt in attempts {
            enrolment.add(&attempt.sample).unwrap();
        }
        enrolment.finish().unwrap()
    };
    let typists = data.typists().iter();
    typists.map(|t| enrol(&t.attempts[..typings])).collect()
}

/// No constant typing may get into more than one account in twenty-five.
fn assert_kept_out(data: &DataSet, typings: usize) {
    let templates = templates(data, typings);
    for (hold, down) in CONSTANTS {
        let accepted = templates
            .iter()
            .filter(|template| {
                let score = template.judge(&constant(template.keys(), hold, down));
                let score = score.unwrap().score;
                assert!(score.unwrap().is_finite());
                decide(score, Strictness::Lenient) == Decision::Genuine
            })
            .count();
        assert!(
            accepted * 25 <= templates.len(),
            "hold {hold} us, down-down {down} us: {accepted} of {} after {typings} typings",
            templates.len()
        );
    }
}

#[test]
fn no_constant_typing_gets_into_everybody_s_account() {
    let keys = KeySequence::new((0..10).map(|i| KeyCode(16 + i)).collect());
    let data = population(11, 100, 10, 10, &keys);
    for typings in [23, 50, 100] {
        assert_kept_out(&data, typings);
    }
}

#[test]
fn nor_into_real_people_s() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("KEYDYN_DATA").map_or_else(beside, PathBuf::from);
    let Ok(file) = File::open(folder.join("DSL-StrongPasswordData.csv")) else {
        return;
    };
    let data = read(file, "the benchmark").unwrap();
    for typings in [23, 50, 200] {
        assert_kept_out(&data, typings);
    }
}
