//! Typing that needs no knowledge of the owner must not get in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::File;
use std::path::{Path, PathBuf};

use keydyn_core::detector::Threshold;
use keydyn_core::digraph::KeySequence;
use keydyn_core::eval::attack::{self, Attack, Found, Setup};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::read::read;
use keydyn_core::eval::typist::population;
use keydyn_core::key::KeyCode;
use keydyn_core::policy::Strictness;
use keydyn_core::template::GainPolicy;

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

#[test]
fn no_constant_typing_gets_into_everybody_s_account() {
    let keys = KeySequence::new((0..10).map(|i| KeyCode(16 + i)).collect());
    let data = population(11, 100, 10, 11, &keys);
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
