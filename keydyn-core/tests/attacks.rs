//! Typing that needs no knowledge of the owner must not get in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::File;
use std::path::{Path, PathBuf};

use keydyn_core::detector::Threshold;
use keydyn_core::digraph::{Duration, KeySequence, Sample};
use keydyn_core::eval::attack::{self, Attack, Found, Setup};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::read::read;
use keydyn_core::eval::typist::population;
use keydyn_core::key::KeyCode;
use keydyn_core::policy::{Decision, Strictness, decide};
use keydyn_core::template::{Enrolment, GainPolicy, Template};

/// No constant typing may get into more than one account in twenty-five, all of it learned as in an
/// enrolment.
fn assert_kept_out(data: &DataSet, typings: usize) {
    let setup = Setup {
        enrol: Some(typings),
        gain: GainPolicy::Plain,
        threshold: Threshold::Of(Strictness::Lenient),
        ..Setup::default()
    };
    let finding = attack::run(data, &setup, Attack::Constant, &|| ()).unwrap();
    let Found::Tried(rows) = finding.found else {
        panic!("constant typings are tried")
    };
    let best = |row: &&attack::Tried| row.way == "the best of the extremes";
    let best = rows.iter().find(best).unwrap();
    assert_eq!(finding.accounts, data.typists().len());
    let broken = best.broken.mean;
    assert!(broken <= 0.04, "{broken} after {typings} typings");
}

/// Holds and down-downs, in ms, of every other step: odd to people and odd in turns, so that no tempo
/// explains them; the first of each left out.
const ALTERNATING: [[[u32; 2]; 2]; 6] = [
    [[22, 448], [15, 2200]],
    [[448, 22], [2200, 15]],
    [[22, 448], [190, 190]],
    [[40, 250], [190, 190]],
    [[95, 95], [15, 2200]],
    [[30, 330], [60, 700]],
];

fn alternating(keys: &KeySequence, [holds, downs]: [[u32; 2]; 2]) -> Sample {
    let features = |count: usize, values: [u32; 2]| {
        let value = |i: usize| (i != 0).then_some(Duration(values[i % 2] * 1000));
        (0..count).map(value).collect::<Vec<_>>()
    };
    let count = keys.len();
    Sample::new(
        keys.clone(),
        features(count, holds),
        features(count - 1, downs),
    )
    .unwrap()
}

/// Nor may any alternating one, at the default, in the sitting of the enrolment and in the next.
fn assert_extremes_kept_out(data: &DataSet, typings: usize) {
    let mut templates = Vec::new();
    for typist in data.typists() {
        let mut enrolment = Enrolment::new();
        for attempt in &typist.attempts[..typings] {
            enrolment.add(&attempt.sample).unwrap();
        }
        let now = enrolment.finish().unwrap();
        let mut next = now.clone();
        next.start_sitting();
        templates.push([now, next]);
    }
    for values in ALTERNATING {
        let typing = alternating(templates[0][0].keys(), values);
        let accepts = |template: &Template| {
            let score = template.judge(&typing).unwrap().score;
            decide(score, Strictness::Normal) == Decision::Genuine
        };
        let broken = templates.iter().filter(|both| both.iter().any(accepts));
        let (broken, of) = (broken.count(), templates.len());
        assert!(
            broken * 25 <= of,
            "{values:?}: {broken} of {of} after {typings}"
        );
    }
}

#[test]
fn no_constant_typing_gets_into_everybody_s_account() {
    let keys = KeySequence::new((0..10).map(|i| KeyCode(16 + i)).collect());
    let data = population(11, 100, 10, 11, &keys);
    for typings in [23, 50, 100] {
        assert_kept_out(&data, typings);
        assert_extremes_kept_out(&data, typings);
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
        assert_extremes_kept_out(&data, typings);
    }
}
