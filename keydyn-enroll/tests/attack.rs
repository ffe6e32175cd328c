//! `keydyn attack` as its users meet it: messages, exit codes, tables and JSON.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::path::Path;

use common::{keydyn, number, text, write_csv, write_long};
use keydyn_core::eval::typist::population;
use serde_json::Value;

fn attack(file: &Path, arguments: &[&str]) -> String {
    let mut command = keydyn();
    command.arg("attack").arg(file).args(arguments);
    let output = command.assert().success().get_output().clone();
    assert_eq!(output.stderr, b"", "nothing on stderr");
    String::from_utf8(output.stdout).unwrap()
}

fn attacks(file: &Path, arguments: &[&str]) -> Vec<Value> {
    let json = attack(file, &[arguments, &["--json"]].concat());
    let document: Value = serde_json::from_str(&json).unwrap();
    assert!(document["recording"]["users"].is_u64());
    document["attacks"].as_array().unwrap().clone()
}

/// The message behind `keydyn: ` and the exit code.
fn failure(arguments: &[&str]) -> (String, i32) {
    let mut command = keydyn();
    command.arg("attack").args(arguments);
    let output = command.assert().failure().get_output().clone();
    assert_eq!(output.stdout, b"", "no half result");
    let message = String::from_utf8(output.stderr).unwrap();
    (message, output.status.code().unwrap())
}

fn synthetic(folder: &Path) -> std::path::PathBuf {
    write_csv(folder, &population(21, 5, 3, 12, &text(9)))
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    for (arguments, message) in [
        (&[][..], "<FILE>"),
        (&["absent.csv", "--attack", "magic"], "population-median"),
        (&["absent.csv", "--hours", "-1"], "hours are a number"),
        (&["absent.csv", "--hours", "NaN"], "hours are a number"),
        (&["absent.csv", "--hours", "0"], "hours are a number"),
        (&["absent.csv", "--threshold", "x"], "a threshold is a"),
        (&["absent.csv", "--enrol", "2"], "--enrol"),
        (&["absent.csv", "--users", "0"], "--users"),
        (
            &["absent.csv", "--threshold", "0", "--strictness", "strict"],
            "cannot be used with",
        ),
    ] {
        let (found, code) = failure(arguments);
        assert!(found.contains(message), "{found}");
        assert_eq!(code, 2);
    }
}

#[test]
fn help_names_every_attack_and_the_exit_codes() {
    let mut command = keydyn();
    let output = command.args(["attack", "--help"]).assert().success();
    let help = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for part in [
        "population-median",
        "k-means",
        "replay-jitter",
        "scripted-human",
        "hijack",
        "poisoning",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(help.contains(part), "{part} is not in\n{help}");
    }
}

#[test]
fn a_recording_that_does_not_suit_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(5, 1, 3, 8, &text(8)));
    let file = file.to_str().unwrap();
    let (message, code) = failure(&[file]);
    assert!(
        message.contains("there is nobody but p01, and population-median is made of other people's typing; use `--attack replay,replay-jitter,constant,scripted-human`"),
        "{message}"
    );
    assert_eq!(code, 3);
    let alone = ["--attack", "replay,replay-jitter,constant,scripted-human"];
    assert_eq!(attacks(Path::new(file), &alone).len(), 4);
    let (message, code) = failure(&[file, "--attack", "constant", "--enrol", "24"]);
    assert!(
        message.contains("constant needs at least 25 typings of an account's owner, and nobody has more than 24 (p01)"),
        "{message}"
    );
    assert_eq!(code, 3);
    let (message, code) = failure(&["absent.csv"]);
    assert!(
        message.contains("absent.csv: it cannot be opened"),
        "{message}"
    );
    assert_eq!(code, 3);
}

#[test]
fn json_has_every_attack_and_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let runs = [(); 2].map(|()| attacks(&file, &["--seeds", "2"]));
    assert_eq!(runs[0], runs[1]);
    let names: Vec<&str> = runs[0]
        .iter()
        .map(|a| a["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "population-median",
            "k-means",
            "replay",
            "replay-jitter",
            "constant",
            "scripted-human",
            "hijack",
            "poisoning"
        ]
    );
    for attack in &runs[0] {
        assert_eq!(
            (&attack["accounts"], &attack["threshold"]),
            (&5.into(), &0.02.into())
        );
    }
    let clusters = &runs[0][1];
    assert_eq!(clusters["protocol"], "static");
    assert_eq!(clusters["gain"], "burst");
    assert_eq!(clusters["ways"][2]["tries"], 10);
    assert_eq!(clusters["ways"][2]["users"][4]["user"], "p05");
    for rate in [
        "/ways/2/broken",
        "/ways/2/broken_ci95/1",
        "/ways/2/accepted/mean",
    ] {
        assert!((0.0..=1.0).contains(&number(clusters, rate)), "{rate}");
    }
    assert!(clusters["ways"][0]["by_profile"].is_null());
    let replay = &runs[0][2];
    assert_eq!(number(replay, "/ways/0/nearer/mean"), 1.0);
    assert_eq!(number(replay, "/ways/0/by_profile/mean"), 0.0);
    assert_eq!(number(replay, "/ways/0/owners_own/mean"), 0.0);
    let hijack = &runs[0][6];
    assert_eq!(hijack["rules"][0]["rule"], "throttle");
    assert_eq!(hijack["rules"][0]["let_in"][1]["by_try"], 50);
    assert_eq!(number(hijack, "/hours"), 1.0);
    let poisoning = &runs[0][7];
    assert_eq!(poisoning["protocol"], "stream:10");
    assert_eq!(poisoning["poisoners"].as_array().unwrap().len(), 3);
}

#[test]
fn the_threshold_opens_and_closes_every_account() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let of = |threshold| {
        let arguments = ["--attack", "k-means,hijack", "--threshold", threshold];
        attacks(&file, &arguments)
    };
    for (threshold, share) in [("1000", 1.0), ("-1000", 0.0)] {
        let found = of(threshold);
        assert_eq!(number(&found[0], "/ways/0/broken"), share);
        assert_eq!(number(&found[1], "/rules/0/let_in/1/share/mean"), share);
    }
    // Twelve tries fit into an hour of cool-downs, five in front of the first.
    let tries = |hours| {
        let arguments = [
            "--attack",
            "hijack",
            "--threshold",
            "-1000",
            "--hours",
            hours,
        ];
        number(&attacks(&file, &arguments)[0], "/rules/0/tries/mean")
    };
    assert_eq!(
        (tries("1"), tries("0.0083"), tries("0.001")),
        (12.0, 5.0, 1.0)
    );
}

#[test]
fn the_tables_say_what_was_tried_and_fit_a_narrow_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let data = population(5, 4, 3, 8, &text(8));
    let account = |name: &str, _: u32| match name {
        "p02" => ",p02".to_owned(),
        _ => ",p01".to_owned(),
    };
    let file = write_long(folder.path(), &data, false, (",account", &account));
    let wide = attack(
        &file,
        &["--users", "2", "--strictness", "strict", "--enrol", "12"],
    );
    for part in [
        "attacks on ",
        "2 users, 96 typings",
        "enrolled on the first 12 typings with burst gain; strictness strict; 3 draws",
        "k-means, k = 10",
        "accounts broken %",
        "the best of the grid",
        "by the profile %",
        "hijack, throttle",
        "poisoning, one and the same person",
        "for 60 min or 50 tries",
        "population-median left out, with no typing of anybody else that could be judged: 1 account(s): p02.",
    ] {
        assert!(wide.contains(part), "{part} is not in\n{wide}");
    }
    let arguments = ["--users", "1", "--attack", "k-means", "--threshold", "1000"];
    let one = attack(&file, &arguments);
    for part in [
        ": 2 users (1 attacked), ",
        "\nBroken, and by how many of 3: p01 (3.0).\n",
    ] {
        assert!(one.contains(part), "{part} is not in\n{one}");
    }
    // Nobody's releases were recorded, so no login could have made a profile.
    let replay = wide
        .lines()
        .find(|line| line.starts_with("replay, of a learned"));
    let cells: Vec<&str> = replay.unwrap().split_whitespace().rev().collect();
    assert_eq!(cells[1..3], ["-", "-"], "{wide}");
    let mut command = keydyn();
    let command = command.arg("attack").arg("long.csv").args(["--seeds", "1"]);
    let output = command
        .current_dir(folder.path())
        .env("COLUMNS", "60")
        .assert()
        .success();
    let narrow = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let widest = narrow.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(60), "{narrow}");
}
