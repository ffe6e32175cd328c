//! The figures of docs/evaluation.md, measured by the real binary on the CMU benchmark and the
//! other recordings.
//!
//! They are not ours to hand on: without one its tests say so and pass. `KEYDYN_DATA` names the
//! folder they are in, `shared/data` beside the checkout otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::{detectors, number};

fn benchmark() -> Option<PathBuf> {
    recording("DSL-StrongPasswordData.csv")
}

fn recording(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("KEYDYN_DATA").map_or_else(beside, PathBuf::from);
    let file = folder.join(name);
    if file.exists() {
        return Some(file);
    }
    // Past the test harness, which keeps what a passing test prints to itself.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {} is not there; set KEYDYN_DATA to the folder that has it",
        file.display()
    );
    None
}

/// What is wanted on average comes about on average, fifty typings a day and five.
#[test]
fn a_wanted_frr_comes_about() {
    let Some(file) = benchmark() else { return };
    for every in ["1", "10"] {
        let arguments = ["--target-frr", "1,2,3,5", "--seeds", "3", "--every", every];
        for found in detectors(&file, &arguments) {
            let wanted = number(&found, "/target_frr");
            assert_near(&found, "/frr", wanted, 0.25 * wanted + RATE);
        }
    }
}

/// On the same people, the product is better than the best published one, and not by chance.
#[test]
fn the_product_is_better_user_by_user() {
    let Some(file) = benchmark() else { return };
    let mut command = common::keydyn();
    let asked = [
        "--protocol",
        "static",
        "--detector",
        "sequence-memory,scaled-manhattan",
    ];
    let command = command.arg("evaluate").arg(file).args(asked).arg("--json");
    let found = command.assert().success().get_output().stdout.clone();
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    assert!(number(&found, "/comparisons/0/ci95/0") > 0.04);
    assert!(number(&found, "/comparisons/0/p") < 1e-6);
}

/// Two hundred logins with forty attempts of somebody else's in between, what is accepted learned:
/// whoever it is, owners are told from others nearly as well as before.
#[test]
fn slow_poisoning_costs_less_than_a_point() {
    let Some(file) = benchmark() else { return };
    let mut command = common::keydyn();
    let asked = ["--attack", "poisoning", "--seeds", "3", "--json"];
    let command = command.arg("attack").arg(file).args(asked);
    let found = command.assert().success().get_output().stdout.clone();
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    let poisoners = found.pointer("/attacks/0/poisoners").unwrap();
    let poisoners = poisoners.as_array().unwrap();
    assert_eq!(poisoners.len(), 3);
    for poisoner in poisoners {
        let [before, after] = ["before", "after"].map(|when| {
            let mean = format!("/eer_{when}/mean");
            number(poisoner, &mean)
        });
        let who = &poisoner["poisoner"];
        assert!(after - before <= 0.01, "{who}: {before} to {after}");
        assert!(
            number(poisoner, "/let_in/mean") > 0.01,
            "{who} gets in now and then"
        );
    }
}

fn assert_near(value: &serde_json::Value, pointer: &str, expected: f64, tolerance: f64) {
    let found = number(value, pointer);
    assert!(
        (found - expected).abs() <= tolerance,
        "{}, {pointer}: {found} is not {expected} +- {tolerance}",
        value["name"],
    );
}

/// What is expected of a run: a pointer into its JSON, a rate, and how far off it may be, for the
/// draw of impostors where there are fewer draws here than on the page.
type Expected = (&'static str, f64, f64);

const EER: &str = "/eer/mean";
const RATE: f64 = 0.005;
const EERS: f64 = 0.002;

fn assert_measured(arguments: &[&str], expected: &[Expected]) {
    assert_recording(("DSL-StrongPasswordData.csv", 51), arguments, expected);
}

/// Of a recording and how many accounts it has.
fn assert_recording((name, accounts): (&str, u32), arguments: &[&str], expected: &[Expected]) {
    let Some(file) = recording(name) else { return };
    let found = detectors(&file, arguments);
    assert_eq!(found[0]["accounts"], accounts);
    assert_eq!(found[0]["failures_to_acquire"], 0);
    for (pointer, rate, tolerance) in expected {
        assert_near(&found[0], pointer, *rate, *tolerance);
    }
}

/// EER, and where they are given its standard deviation over users and the zero-miss rate.
type Published = (&'static str, f64, Option<(f64, f64)>);

/// Of Killourhy and Maxion (2009); then what re-runs of later detectors gave.
const PUBLISHED: [Published; 11] = [
    ("scaled-manhattan", 0.0962, Some((0.0694, 0.601))),
    (
        "nearest-neighbour-mahalanobis",
        0.0996,
        Some((0.0642, 0.468)),
    ),
    ("outlier-count", 0.1022, Some((0.0767, 0.782))),
    ("mahalanobis", 0.1101, Some((0.0645, 0.482))),
    ("filtered-manhattan", 0.1360, Some((0.0828, 0.757))),
    ("manhattan", 0.1529, Some((0.0925, 0.843))),
    ("euclidean", 0.1706, Some((0.0952, 0.875))),
    ("normed-euclidean", 0.2153, None),
    ("capped-median", 0.0645, None),
    ("whitened-nearest-neighbour", 0.0898, None),
    ("filtered-whitened-neighbour", 0.0870, None),
];

#[test]
fn published_detectors_give_their_published_figures() {
    let Some(file) = benchmark() else { return };
    let found = detectors(&file, &["--protocol", "static", "--detector", "all"]);
    let [ours, theirs @ ..] = &found[..] else {
        panic!("no detectors")
    };
    assert_near(ours, EER, 0.0293, 0.0005);
    assert_near(ours, "/eer/ci95/0", 0.0208, 0.002);
    assert_near(ours, "/eer/ci95/1", 0.0395, 0.002);
    assert_eq!(theirs.len(), PUBLISHED.len());
    for (found, (name, eer, more)) in theirs.iter().zip(PUBLISHED) {
        assert_eq!(found["name"], name);
        assert_near(found, EER, eer, 0.0005);
        if let Some((sd, zero_miss)) = more {
            assert_near(found, "/eer/sd", sd, 0.001);
            assert_near(found, "/zero_miss/mean", zero_miss, 0.002);
        }
    }
}

#[test]
fn frozen_after_enrolment() {
    let run = |arguments: &[&str], eer| assert_measured(arguments, &[(EER, eer, EERS)]);
    run(&["--protocol", "static", "--impostors", "last5"], 0.0568);
    run(&["--protocol", "first:5"], 0.1347);
    run(&["--protocol", "first:10"], 0.0784);
    run(&["--protocol", "first:20"], 0.0485);
}

/// With three draws, which move an EER by less than a thousandth here.
#[test]
fn stream_that_learns_genuine_typings() {
    let run = |arguments: &[&str], eer| {
        assert_measured(
            &[&["--learn", "genuine", "--seeds", "3"], arguments].concat(),
            &[(EER, eer, EERS)],
        );
    };
    run(&["--gain", "plain"], 0.0164);
    run(&[], 0.0156);
    run(&["--gain", "plain", "--every", "10"], 0.0266);
    run(&["--every", "10"], 0.0266);
}

/// EER, FRR, FAR, and FRR and FAR of first attempts of a session.
fn assert_rates(arguments: &[&str], [eer, frr, far, first_frr, first_far]: [f64; 5]) {
    let expected = [
        (EER, eer, EERS),
        ("/frr", frr, RATE),
        ("/far", far, RATE),
        ("/frr_first_of_session", first_frr, RATE),
        ("/far_first_of_session", first_far, RATE),
    ];
    assert_measured(arguments, &expected);
}

#[test]
fn stream_that_learns_what_it_accepts() {
    assert_rates(&[], [0.0168, 0.0255, 0.0126, 0.0756, 0.0524]);
    assert_rates(
        &["--strictness", "strict"],
        [0.0173, 0.0451, 0.0062, 0.1171, 0.0333],
    );
    assert_rates(
        &["--gain", "plain"],
        [0.0199, 0.0389, 0.0084, 0.1204, 0.0373],
    );
    assert_rates(
        &["--impostors", "last5"],
        [0.0235, 0.0254, 0.0259, 0.0756, 0.0751],
    );
}

/// Five typings a day.
#[test]
fn sparse_use() {
    let run = |arguments: &[&str], rates| {
        assert_rates(&[&["--every", "10"], arguments].concat(), rates);
    };
    run(&[], [0.0339, 0.0314, 0.0424, 0.0376, 0.0551]);
    run(
        &["--strictness", "strict"],
        [0.0373, 0.0643, 0.0231, 0.0699, 0.0322],
    );
    run(
        &["--impostors", "last5"],
        [0.0421, 0.0313, 0.0730, 0.0374, 0.0937],
    );
}

/// The owner's logins with three attempts each, and three in a row of an impostor's first five, or
/// the impostor's first three.
#[test]
fn logins_of_three() {
    let run = |every, impostors, refused, accepted| {
        let arguments = [
            ["--attempts", "3"],
            ["--strictness", "strict"],
            ["--seeds", "5"],
            ["--every", every],
            ["--impostors", impostors],
        ];
        let expected = [
            ("/login_frr", refused, RATE),
            ("/login_far", accepted, RATE),
        ];
        assert_measured(&arguments.concat(), &expected);
    };
    run("1", "first5", 0.0031, 0.0157);
    run("10", "first5", 0.0089, 0.0426);
    run("1", "first3", 0.0030, 0.0148);
    run("10", "first3", 0.0089, 0.0379);
}

#[test]
fn digits_on_a_keypad() {
    let keypad = ("keypad-digits.csv", 30);
    let run = |arguments: &[&str], [eer, frr, far]: [f64; 3]| {
        let expected = [(EER, eer, EERS), ("/frr", frr, RATE), ("/far", far, RATE)];
        assert_recording(keypad, arguments, &expected);
    };
    run(&["--protocol", "static"], [0.0749, 0.0333, 0.1497]);
    run(&["--protocol", "stream:8"], [0.0347, 0.0222, 0.1417]);
    let genuine = ["--protocol", "stream:8", "--learn", "genuine"];
    run(&genuine, [0.0600, 0.0222, 0.1497]);
}

/// Three or four keys tell little.
#[test]
fn short_words() {
    for (recording, eer) in [
        (("word-the-leading-space.csv", 120), 0.1423),
        (("word-the-trailing-space.csv", 120), 0.1507),
        (("word-to.csv", 42), 0.0914),
    ] {
        assert_recording(recording, &["--protocol", "static"], &[(EER, eer, EERS)]);
    }
}

/// One person on eight keyboards: refused on those that are typed otherwise, on one always.
#[test]
fn other_keyboards() {
    let Some(file) = recording("cross-keyboard.csv") else {
        return;
    };
    for (arguments, refused, others) in [
        (&["--protocol", "stream:50"][..], 14, 4),
        (&["--protocol", "stream:396", "--learn", "nothing"], 17, 7),
    ] {
        let found = detectors(&file, arguments);
        let keyboards = found[0]["keyboards"].as_array().unwrap();
        let of = |wanted: &dyn Fn(&str) -> bool| -> u64 {
            let those = keyboards
                .iter()
                .filter(|keyboard| wanted(keyboard["keyboard"].as_str().unwrap()));
            those.map(|one| one["refused"].as_u64().unwrap()).sum()
        };
        assert_eq!(of(&|name| name != "enrol"), refused);
        assert_eq!(of(&|name| name != "enrol" && name != "Microsoft"), others);
    }
}
