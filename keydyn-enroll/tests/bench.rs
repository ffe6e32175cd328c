//! `keydyn evaluate` as a bench: wanted rates, curves, scores in a file, runs compared with runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{detectors, failure_in, keydyn, number, text, write_csv, write_long};
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::typist::population;

fn synthetic(folder: &Path) -> PathBuf {
    write_csv(folder, &population(21, 8, 3, 10, &text(9)))
}

fn table(file: &Path, arguments: &[&str]) -> String {
    let mut command = keydyn();
    let command = command.arg("evaluate").arg(file).args(arguments);
    let output = command.assert().success().get_output().clone();
    assert_eq!(output.stderr, b"", "nothing on stderr");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn options_without_effect_are_refused_before_anything_is_read() {
    for (arguments, message) in [
        (
            &["--protocol", "static", "--learn", "genuine"][..],
            "static learns nothing after the enrolment and uses every impostor attempt once, so `--learn` has no effect",
        ),
        (
            &["--protocol", "first:5", "--gain", "burst"],
            "so `--gain` has no effect; leave it out, or use `--protocol stream:N`",
        ),
        (
            &["--protocol", "last:5", "--seeds", "2"],
            "last:5 learns nothing",
        ),
        (
            &["--curve", "--seeds", "2"],
            "a learning curve learns nothing",
        ),
        (&["--curve", "--protocol", "static"], "cannot be used with"),
        (
            &["--learn", "nothing", "--gain", "plain"],
            "nothing is learned, so `--gain` has no effect",
        ),
        (
            &["--learn", "nothing", "--seeds", "2"],
            "every impostor attempt is used once, so `--seeds` has no effect",
        ),
        (
            &["--detector", "manhattan,euclidean", "--threshold", "1"],
            "`--threshold` is about decisions, and nothing that is measured (manhattan, euclidean) has a threshold",
        ),
        (
            &["--detector", "manhattan", "--target-frr", "3"],
            "add `sequence-memory` to `--detector`",
        ),
        (
            &["--detector", "manhattan", "--strictness", "strict"],
            "`--strictness` is about",
        ),
        (
            &["--detector", "manhattan", "--attempts", "3"],
            "`--attempts` is about",
        ),
        (
            &["--target-frr", "3", "--threshold", "0"],
            "cannot be used with",
        ),
        (
            &["--target-frr", "0.9"],
            "calibrated for an FRR of 1 to 5 per cent",
        ),
        (
            &["--target-frr", "some"],
            "calibrated for an FRR of 1 to 5 per cent",
        ),
        (
            &["--hold-out", "20"],
            "stream:10 goes on to the end; use `--hold-out` with `static`, `first:N` or `last:N`",
        ),
        (&["--csv", "-", "--json"], "both write to standard output"),
    ] {
        let (found, code) = failure_in(".", &[&["absent.csv"], arguments].concat());
        assert!(found.contains(message), "{message:?} is not in {found:?}");
        assert_eq!(code, 2, "{arguments:?}");
    }
}

#[test]
fn a_wanted_frr_chooses_the_threshold_and_is_held_against_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let arguments = [
        "--target-frr",
        "1,3,5,3",
        "--detector",
        "manhattan,sequence-memory",
        "--seeds",
        "2",
    ];
    let rows = detectors(&file, &arguments);
    let [manhattan, ours @ ..] = &rows[..] else {
        panic!("no rows")
    };
    assert!(manhattan["target_frr"].is_null() && manhattan["calibration"].is_null());
    let targets: Vec<f64> = ours.iter().map(|row| number(row, "/target_frr")).collect();
    assert_eq!(targets, [0.01, 0.03, 0.05]);
    for pair in ours.windows(2) {
        assert!(number(&pair[0], "/threshold") > number(&pair[1], "/threshold"));
        assert!(number(&pair[0], "/frr") <= number(&pair[1], "/frr"));
        assert!(number(&pair[0], "/far") >= number(&pair[1], "/far"));
    }
    for row in ours {
        let users = row["users"].as_array().unwrap();
        let mut frrs: Vec<f64> = users.iter().map(|user| number(user, "/frr")).collect();
        frrs.sort_by(f64::total_cmp);
        assert_eq!(frrs.len(), 8);
        assert!((frrs.iter().sum::<f64>() / 8.0 - number(row, "/frr")).abs() < 1e-5);
        let quantiles = row.pointer("/calibration/quantiles").unwrap();
        let worst = quantiles.as_array().unwrap().last().unwrap();
        assert_eq!(
            (number(worst, "/of"), number(worst, "/frr")),
            (1.0, frrs[7])
        );
        let twice = 2.0 * number(row, "/target_frr");
        let over = frrs.iter().filter(|frr| **frr > twice).count();
        let share = number(row, "/calibration/users_over_twice");
        assert!((share * 8.0 - f64::from(u32::try_from(over).unwrap())).abs() < 1e-4);
    }
    let told = table(&file, &arguments);
    for part in [
        "sequence-memory, FRR 1 %",
        "wanted FRR",
        "worst user",
        "\nHow the FRR of users turned out:\nwanted FRR ",
        "thresholds for a wanted FRR\n",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

#[test]
fn details_and_users_are_told_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let plain = table(&file, &["--seeds", "2"]);
    assert!(!plain.contains("zero-miss %  FRR %"), "{plain}");
    let told = table(&file, &["--seeds", "2", "--details", "--per-user"]);
    for part in [
        "FAR % at FRR 1 %",
        "FAR % at FRR 5 %",
        "sequence-memory, stream:10:\nuser ",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    for user in ["p01", "p08"] {
        assert!(told.lines().any(|line| line.starts_with(user)), "{told}");
    }
    let ours = &detectors(&file, &["--seeds", "2"])[0];
    let fars = ours["far_at_frr"].as_array().unwrap();
    let frrs: Vec<f64> = fars.iter().map(|far| number(far, "/frr")).collect();
    assert_eq!(frrs, [0.01, 0.03, 0.05]);
    let fars: Vec<f64> = fars.iter().map(|far| number(far, "/far/mean")).collect();
    assert!(fars[0] >= fars[1] && fars[1] >= fars[2], "{fars:?}");
    for rate in ["/far_first_of_session", "/far_first_of_session_ci95/0"] {
        assert!((0.0..=1.0).contains(&number(ours, rate)), "{rate}");
    }
}

#[test]
fn a_learning_curve_goes_as_far_as_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let curve = detectors(&file, &["--curve"]);
    let protocols: Vec<_> = curve
        .iter()
        .map(|row| row["protocol"].as_str().unwrap())
        .collect();
    let reached = [
        "first:3", "first:5", "first:8", "first:10", "first:15", "first:20",
    ];
    assert_eq!(protocols, reached, "thirty typings leave none after thirty");
    let alone = &detectors(&file, &["--protocol", "first:8"])[0];
    for rate in ["eer", "frr", "far", "users"] {
        assert_eq!(curve[2][rate], alone[rate], "{rate}");
    }
    let told = table(&file, &["--curve"]);
    assert!(told.starts_with("first:3 to first:20 on "), "{told}");
    assert!(
        told.contains("Nobody typed often enough to be enrolled on 30, 40, 50.\n"),
        "{told}"
    );
    let few = write_csv(folder.path(), &population(2, 3, 1, 3, &text(6)));
    let (message, code) = failure_in(".", &[few.to_str().unwrap(), "--curve"]);
    assert!(
        message.contains("first:3 needs at least 4 typings"),
        "{message}"
    );
    assert!(message.contains("user p03 has the most, 3"), "{message}");
    assert_eq!(code, 3);
}

#[test]
fn so_many_are_held_out_as_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let scores = folder.path().join("scores.csv");
    let arguments = ["--protocol", "static", "--hold-out", "4", "--csv"];
    let told = table(
        &file,
        &[&arguments[..], &[scores.to_str().unwrap()]].concat(),
    );
    assert!(told.starts_with("static, 4 held out on "), "{told}");
    let genuine = rows(&std::fs::read_to_string(scores).unwrap())
        .iter()
        .filter(|row| row["genuine"] == "true")
        .count();
    assert_eq!(genuine, 8 * 4);
}

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// Somebody's name is to be quoted in a CSV file.
fn awkward() -> DataSet {
    let mut typists: Vec<Typist> = population(21, 4, 3, 10, &text(9)).typists().to_vec();
    typists[1].name = "O'Neil \"Bo\" b".into();
    DataSet::new(typists)
}

#[test]
fn every_score_is_in_the_file_and_gives_the_figures_again() {
    let folder = tempfile::tempdir().unwrap();
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let data = awkward();
    let keyboard = |_: &str, session: u32| match session {
        3 => ",\"lap, top\"".to_owned(),
        _ => ",desk".to_owned(),
    };
    let typists = data.typists().iter().map(|typist| Typist {
        name: quoted(&typist.name),
        attempts: typist.attempts.clone(),
    });
    let data = DataSet::new(typists.collect());
    let file = write_long(folder.path(), &data, true, (",keyboard", &keyboard));
    let scores = folder.path().join("scores.csv");
    let json = detectors(
        &file,
        &[
            "--detector",
            "sequence-memory,manhattan",
            "--seeds",
            "2",
            "--csv",
            scores.to_str().unwrap(),
        ],
    );
    let rows = rows(&std::fs::read_to_string(&scores).unwrap());
    for detector in &json {
        let name = detector["name"].as_str().unwrap();
        let of: Vec<_> = rows.iter().filter(|row| row["detector"] == name).collect();
        // Twenty genuine attempts, an impostor after every fifth, and one as a session begins.
        assert_eq!(of.len(), 4 * 2 * (20 + 4 + 2), "{name}");
        if name == "manhattan" {
            assert!(
                of.iter()
                    .all(|row| row["accepted"].is_empty() && row["threshold"].is_empty())
            );
            continue;
        }
        let genuine: Vec<_> = of.iter().filter(|row| row["genuine"] == "true").collect();
        let refused = genuine
            .iter()
            .filter(|row| row["accepted"] == "false")
            .count();
        let frr = refused as f64 / genuine.len() as f64;
        assert!((frr - number(detector, "/frr")).abs() < 1e-5, "{frr}");
        for row in &of {
            let score: f64 = row["score"].parse().unwrap();
            let threshold: f64 = row["threshold"].parse().unwrap();
            assert_eq!(row["accepted"], (score <= threshold).to_string());
            assert_eq!(
                row["genuine"],
                (row["account"] == row["typist"]).to_string()
            );
            assert!(["desk", "lap, top"].contains(&row["keyboard"].as_str()));
        }
        assert!(of.iter().any(|row| row["account"] == "O'Neil \"Bo\" b"));
    }
}

#[test]
fn scores_can_go_to_standard_output_and_a_file_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let told = table(&file, &["--seeds", "1", "--csv", "-"]);
    assert!(
        told.starts_with("detector,protocol,threshold,account,typist,genuine,"),
        "{told}"
    );
    assert_eq!(
        rows(&told).len(),
        8 * (20 + 4 + 2),
        "and no table behind it"
    );
    let kept = folder.path().join("kept.csv");
    std::fs::write(&kept, "before").unwrap();
    let kept = kept.to_str().unwrap();
    let (_, code) = failure_in(
        ".",
        &[
            file.to_str().unwrap(),
            "--protocol",
            "stream:100",
            "--csv",
            kept,
        ],
    );
    assert_eq!(
        (code, std::fs::read_to_string(kept).unwrap().as_str()),
        (3, "before")
    );
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
    for option in ["--csv", "--save"] {
        let arguments = [file.to_str().unwrap(), option, "/dev/full", "--seeds", "1"];
        let (message, code) = failure_in(".", &arguments);
        assert!(
            message.starts_with("/dev/full: the result cannot be written: "),
            "{message}"
        );
        assert_eq!(code, 1);
        let arguments = [file.to_str().unwrap(), option, "/no/such/place"];
        let (message, code) = failure_in(".", &arguments);
        assert!(
            message.starts_with("/no/such/place: the result cannot be written: "),
            "{message}"
        );
        assert!(message.ends_with(": there is no such folder"), "{message}");
        assert_eq!(code, 1);
    }
}

#[test]
fn a_result_overwrites_neither_the_recording_nor_another_result() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let recording = std::fs::read(&file).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let file = file.to_str().unwrap();
    for (option, path) in [
        ("--csv", file),
        ("--save", file),
        ("--csv", link.to_str().unwrap()),
    ] {
        let (message, code) = failure_in(".", &[file, option, path]);
        assert!(
            message.contains("is the recording itself and would be overwritten"),
            "{message}"
        );
        assert_eq!(code, 2);
    }
    let (message, code) = failure_in(".", &[file, "--csv", "new", "--save", "new"]);
    assert_eq!(
        (message.as_str(), code),
        ("new cannot hold two results; name a file for each", 2)
    );
    assert_eq!(std::fs::read(file).unwrap(), recording);
    let arguments = ["--seeds", "1", "--csv", "/dev/null", "--save", "/dev/null"];
    assert!(table(Path::new(file), &arguments).contains("sequence-memory"));
}

fn saved(file: &Path, to: &Path, arguments: &[&str]) {
    table(
        file,
        &[arguments, &["--save", to.to_str().unwrap()]].concat(),
    );
}

#[test]
fn a_saved_run_compared_with_itself_differs_in_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let before = folder.path().join("before.json");
    saved(&file, &before, &["--seeds", "2"]);
    let compare = ["--seeds", "2", "--compare", before.to_str().unwrap()];
    let output = keydyn()
        .arg("evaluate")
        .arg(&file)
        .args(compare)
        .arg("--json")
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let document: serde_json::Value = serde_json::from_slice(&output).unwrap();
    let compared = document.pointer("/comparisons/0").unwrap();
    assert_eq!(
        (&compared["users"], &compared["differing"]),
        (&8.into(), &0.into())
    );
    assert_eq!(
        (number(compared, "/eer_difference"), number(compared, "/p")),
        (0.0, 1.0)
    );
    assert_eq!(
        compared.pointer("/with_run/name").unwrap(),
        "sequence-memory"
    );
    let earlier: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&before).unwrap()).unwrap();
    assert_eq!(earlier["recording"], document["recording"]);
    assert_eq!(
        document["recording"]["checksum"].as_str().unwrap().len(),
        64
    );
    let told = table(&file, &compare);
    for part in [
        "before.json (keydyn ",
        "signed-rank p",
        "+0.00  [0.00, 0.00]         1.0000",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

#[test]
fn detectors_are_compared_with_the_first_of_them_and_with_an_earlier_run_of_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let before = folder.path().join("before.json");
    let both = [
        "--protocol",
        "static",
        "--detector",
        "sequence-memory,euclidean",
    ];
    saved(&file, &before, &both);
    let arguments = [
        &both[..],
        &["--compare", before.to_str().unwrap(), "--json"],
    ]
    .concat();
    let document: serde_json::Value = serde_json::from_str(&table(&file, &arguments)).unwrap();
    let compared = document["comparisons"].as_array().unwrap();
    assert_eq!(compared.len(), 3);
    assert_eq!(
        (&compared[0]["detector"], &compared[0]["with_detector"]),
        (&1.into(), &0.into())
    );
    let eer = |i: usize| number(&document["detectors"][i], "/eer/mean");
    let difference = number(&compared[0], "/eer_difference");
    assert!((difference - (eer(1) - eer(0))).abs() < 1e-5);
    for (compared, name) in compared[1..].iter().zip(["sequence-memory", "euclidean"]) {
        assert_eq!(compared.pointer("/with_run/name").unwrap(), name);
        assert_eq!(compared["differing"], 0);
    }
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    let file = synthetic(folder.path());
    let before = folder.path().join("before.json");
    saved(&file, &before, &["--seeds", "1"]);
    let refused = |file: &Path, compare: &Path, more: &[&str]| {
        let arguments = [name(file), "--compare".into(), name(compare)];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (message, code) = failure_in(".", &[&arguments[..], more].concat());
        assert_eq!(code, 3, "{message}");
        message
    };
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let other = write_csv(&elsewhere, &population(22, 8, 3, 10, &text(9)));
    let message = refused(&other, &before, &[]);
    assert!(
        message.contains("it was measured on another recording ("),
        "{message}"
    );
    assert!(message.contains("8 users, 240 typings"), "{message}");
    let message = refused(&file, &file, &[]);
    assert!(
        message.contains("this is not a run that `keydyn evaluate --save` wrote"),
        "{message}"
    );
    let message = refused(&file, &folder.path().join("absent.json"), &[]);
    assert!(message.contains("it cannot be opened"), "{message}");
    let message = refused(&file, folder.path(), &[]);
    assert!(message.contains("it cannot be read"), "{message}");
    let alone = write_csv(&elsewhere, &population(21, 1, 3, 10, &text(9)));
    let only = folder.path().join("only.json");
    saved(&alone, &only, &[]);
    let message = refused(&alone, &only, &[]);
    assert!(
        message.contains("neither run has an EER of anybody"),
        "{message}"
    );
    // One with 12 typings is left out where 15 are needed.
    let mut typists = population(21, 8, 3, 10, &text(9)).typists().to_vec();
    typists[4].attempts.truncate(12);
    let uneven = write_csv(&elsewhere, &DataSet::new(typists));
    saved(&uneven, &before, &["--protocol", "static"]);
    let message = refused(&uneven, &before, &["--seeds", "1"]);
    assert!(
        message.contains("figures of sequence-memory are over other users (p05 is"),
        "{message}"
    );
}

/// What would be lost: the run that is compared with, a second result in one new file, a file `-`.
#[test]
fn results_are_kept_apart_before_they_are_there() {
    let place = tempfile::tempdir().unwrap();
    let recording = synthetic(place.path());
    let run = |arguments: &[&str]| {
        let mut command = keydyn();
        command.current_dir(place.path());
        command.arg("evaluate").arg(&recording).args(arguments);
        command.assert()
    };
    run(&["--save", "a.json"]).success();
    for (arguments, message) in [
        (
            ["--compare", "a.json", "--html", "./a.json"],
            "is the run that is compared with",
        ),
        (
            ["--csv", "new", "--html", "./new"],
            "cannot hold two results",
        ),
        (
            ["--save", "new", "--html", "-"],
            "only `--csv` writes to standard output",
        ),
    ] {
        let refused = run(&arguments).code(2);
        let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(said.replace('\n', " ").contains(message), "{said}");
    }
    assert!(!place.path().join("new").exists());
    let run = std::fs::read_to_string(place.path().join("a.json")).unwrap();
    assert!(run.starts_with('{'));
}
