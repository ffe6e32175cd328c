//! `keydyn evaluate` as its users meet it: messages, exit codes, table and JSON.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::path::Path;

use common::{Further, detectors, failure_in, keydyn, number, text, write_csv, write_long};
use keydyn_core::eval::read;
use keydyn_core::eval::typist::population;

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    for (arguments, message) in [
        (&[][..], "<FILE>"),
        (
            &["absent.csv", "--protocol", "statik"],
            "a protocol is `static`, `first:N`, `last:N` or `stream:N`",
        ),
        (
            &["absent.csv", "--protocol", "stream:2"],
            "a number from 3 to 1000000",
        ),
        (
            &["absent.csv", "--protocol", "static", "--every", "10"],
            "static has no order of logins to take every Kth of; use `--every` with `stream:N`",
        ),
        (
            &["absent.csv", "--protocol", "first:5", "--attempts", "3"],
            "first:5 has single attempts only; use `--attempts` with `stream:N`",
        ),
        (&["absent.csv", "--every", "0"], "--every"),
        (
            &["absent.csv", "--impostors", "some"],
            "`firstN` or `lastN`",
        ),
        (
            &["absent.csv", "--threshold", "high"],
            "a threshold is a number",
        ),
        (
            &["absent.csv", "--threshold", "NaN"],
            "a threshold is a number",
        ),
        (
            &["absent.csv", "--threshold", "0", "--strictness", "strict"],
            "cannot be used with",
        ),
        (&["absent.csv", "--seeds", "0"], "--seeds"),
        (&["absent.csv", "--users", "0"], "--users"),
        (&["absent.csv", "--detector", "magic"], "scaled-manhattan"),
        (&["absent.csv", "--strictness", "very"], "lenient"),
    ] {
        let (found, code) = failure_in(".", arguments);
        assert!(found.contains(message), "{found}");
        assert_eq!(code, 2);
    }
}

#[test]
fn help_teaches_and_names_the_exit_codes() {
    let mut command = keydyn();
    let output = command.args(["evaluate", "--help"]).assert().success();
    let help = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for part in [
        "EER",
        "stream:N",
        "--every",
        "normed-euclidean",
        "subject,session,rep,index,key,press_ms,release_ms",
        "Examples:",
        "Exit codes:",
        "  3  a file",
    ] {
        assert!(help.contains(part), "{part} is not in\n{help}");
    }
}

#[test]
fn a_written_recording_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = population(7, 3, 2, 4, &text(6));
    let path = write_csv(folder.path(), &data);
    let again = read::read(std::fs::File::open(path).unwrap(), "synthetic.csv").unwrap();
    for (one, other) in data.typists().iter().zip(again.typists()) {
        assert_eq!(one.name, other.name);
        for (one, other) in one.attempts.iter().zip(&other.attempts) {
            assert_eq!((one.session, one.rep), (other.session, other.rep));
            assert_eq!(one.sample.holds(), other.sample.holds());
            assert_eq!(one.sample.downs(), other.sample.downs());
        }
    }
    assert_eq!(data.attempts(), again.attempts());
}

fn synthetic(folder: &Path) -> std::path::PathBuf {
    write_csv(folder, &population(21, 8, 3, 10, &text(9)))
}

#[test]
fn json_has_every_field_and_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let arguments = [
        "--detector",
        "sequence-memory,scaled-manhattan",
        "--seeds",
        "2",
    ];
    let mut runs = [detectors(&file, &arguments), detectors(&file, &arguments)];
    for run in &mut runs {
        for detector in run {
            let score_us = detector
                .as_object_mut()
                .unwrap()
                .remove("score_us")
                .unwrap();
            assert!(score_us.as_f64().unwrap() > 0.0);
        }
    }
    assert_eq!(runs[0], runs[1]);
    let [ours, theirs] = &runs[0][..] else {
        panic!("two detectors")
    };
    assert_eq!(
        (&ours["name"], &ours["learn"]),
        (&"sequence-memory".into(), &"accepted".into())
    );
    assert_eq!(ours["protocol"], "stream:10");
    assert_eq!((&ours["accounts"], &ours["every"]), (&8.into(), &1.into()));
    assert_eq!(ours["failures_to_acquire"], 0);
    for rate in [
        "/eer/mean",
        "/eer/sd",
        "/eer/ci95/0",
        "/eer/ci95/1",
        "/zero_miss/mean",
    ] {
        assert!((0.0..=1.0).contains(&number(ours, rate)), "{rate}");
        assert!((0.0..=1.0).contains(&number(theirs, rate)), "{rate}");
    }
    for rate in ["/global_eer", "/frr", "/far", "/frr_first_of_session"] {
        assert!((0.0..=1.0).contains(&number(ours, rate)), "{rate}");
    }
    assert_eq!(
        (&theirs["name"], &theirs["learn"]),
        (&"scaled-manhattan".into(), &"genuine".into())
    );
    for none in [
        "frr",
        "far",
        "frr_first_of_session",
        "login_frr",
        "login_far",
    ] {
        assert!(theirs[none].is_null(), "{none}");
    }
    assert!(ours["login_frr"].is_null() && ours["login_far"].is_null());
}

#[test]
fn the_table_says_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let mut command = keydyn();
    let output = command
        .arg("evaluate")
        .arg(&file)
        .args(["--detector", "sequence-memory,scaled-manhattan"])
        .assert()
        .success();
    let table = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("stream:10 on "), "{table}");
    assert!(
        lines[0].contains("8 users, 240 typings; learning accepted with burst gain"),
        "{table}"
    );
    assert!(lines[2].starts_with("detector "), "{table}");
    assert!(lines[3].starts_with("sequence-memory "), "{table}");
    assert!(lines[4].starts_with("scaled-manhattan * "), "{table}");
    let widths: Vec<usize> = lines[2..5].iter().map(|l| l.chars().count()).collect();
    assert!(widths.iter().all(|w| *w == widths[0]), "{table}");
    assert!(table.contains("* has no threshold of its own"), "{table}");
}

#[test]
fn a_narrow_terminal_is_respected_and_a_pipe_has_no_colours() {
    let folder = tempfile::tempdir().unwrap();
    let mood: Further<'_> = (",mood", &|_, _| ",fine".into());
    let data = population(21, 3, 3, 10, &text(9));
    let file = write_long(folder.path(), &data, true, mood);
    let output = |columns: &str| {
        let mut command = keydyn();
        let command = command
            .current_dir(folder.path())
            .arg("evaluate")
            .arg("long.csv");
        let command = command.args(["--detector", "all", "--attempts", "3", "--seeds", "1"]);
        let output = command.env("COLUMNS", columns).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    assert!(file.exists());
    for columns in [40, 60, 80, 132] {
        let narrow = output(&columns.to_string());
        let widest = narrow.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns), "{columns} columns:\n{narrow}");
        assert!(narrow.contains("login FAR %"), "{narrow}");
        assert!(!narrow.contains('\u{1b}'), "{narrow}");
    }
    let wide = output("400");
    assert!(
        wide.contains("Columns that were not used: mood.\n"),
        "{wide}"
    );
    let heading = wide.lines().find(|line| line.starts_with("detector"));
    assert!(heading.unwrap().ends_with("[95 %]"), "{wide}");
}

#[test]
fn both_formats_give_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let data = population(5, 4, 3, 8, &text(8));
    let wide = write_csv(folder.path(), &data);
    let long = write_long(folder.path(), &data, true, ("", &|_, _| String::new()));
    let figures = |file: &Path| {
        let mut detectors = detectors(file, &["--detector", "all", "--seeds", "2"]);
        for detector in &mut detectors {
            detector.as_object_mut().unwrap().remove("score_us");
        }
        detectors
    };
    assert_eq!(figures(&wide), figures(&long));
}

#[test]
fn the_first_users_are_measured_against_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(5, 3, 2, 8, &text(3)));
    let run = |arguments: &[&str]| {
        let arguments = [&["--protocol", "static"], arguments].concat();
        detectors(&file, &arguments).remove(0)
    };
    let mean = |found: &serde_json::Value| number(found, "/zero_miss/mean");
    let ours = [run(&["--users", "1"]), run(&["--users", "2"]), run(&[])];
    assert_eq!(ours.each_ref().map(|found| &found["accounts"]), [1, 2, 3]);
    assert_eq!(
        ours[0]["sessions"],
        serde_json::json!([]),
        "not one person's"
    );
    // Who is left out of the accounts is not left out of the impostors.
    let second = run(&["--users", "2", "--impostors", "first1"]);
    assert!(mean(&second) <= mean(&ours[1]), "{second}");
    assert_eq!(run(&["--users", "3"])["eer"], ours[2]["eer"]);

    let title = keydyn()
        .current_dir(folder.path())
        .args(["evaluate", file.to_str().unwrap(), "--users", "2"])
        .env("COLUMNS", "400")
        .assert()
        .success();
    let title = String::from_utf8(title.get_output().stdout.clone()).unwrap();
    assert!(title.contains("2 of 3 users, 48 typings"), "{title}");

    let (message, code) = failure_in(".", &[file.to_str().unwrap(), "--users", "4"]);
    assert!(
        message.ends_with(
            "the first 4 of its users were asked for, and it has 3; use `--users 3` or fewer"
        ),
        "{message}"
    );
    assert_eq!(code, 3);
}

#[test]
fn the_temporal_memory_is_measured_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(5, 3, 2, 4, &text(3)));
    let frozen = ["--protocol", "static", "--detector"];
    let all = detectors(&file, &[&frozen[..], &["all"]].concat());
    let names: Vec<&str> = all.iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"capped-median") && !names.contains(&"temporal-memory"));
    let named = [&frozen[..], &["temporal-memory", "--users", "1"]].concat();
    let named = &detectors(&file, &named)[0];
    assert_eq!(named["name"], "temporal-memory");
    assert!(number(named, "/eer/mean") < 0.5, "{named}");
}

#[test]
fn a_recording_without_holds_is_evaluated_and_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = population(5, 4, 3, 8, &text(8));
    let file = write_long(folder.path(), &data, false, ("", &|_, _| String::new()));
    for detector in detectors(&file, &["--protocol", "static", "--detector", "all"]) {
        assert_eq!(
            (&detector["accounts"], &detector["failures_to_acquire"]),
            (&4.into(), &0.into())
        );
        assert!(number(&detector, "/eer/mean") < 0.4, "{detector}");
    }
    let output = keydyn().arg("evaluate").arg(&file).assert().success();
    let table = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(
        table.contains("4 user(s) were recorded without holds; they are compared by down-downs"),
        "{table}"
    );
}

#[test]
fn one_person_alone_is_told_by_session_and_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let data = population(5, 1, 3, 8, &text(8));
    let keyboard = |_: &str, session: u32| if session < 3 { ",desk" } else { ",lap" }.to_owned();
    let file = write_long(folder.path(), &data, true, (",keyboard", &keyboard));
    let ours = &detectors(&file, &[])[0];
    assert!(ours["eer"].is_null() && ours["far"].is_null());
    let place = |pointer: &str| {
        let place = ours.pointer(pointer).unwrap();
        (
            place["session"].clone(),
            place["keyboard"].clone(),
            place["attempts"].clone(),
        )
    };
    assert_eq!(place("/sessions/0"), ("2".into(), "desk".into(), 6.into()));
    assert_eq!(place("/sessions/1"), ("3".into(), "lap".into(), 8.into()));
    let none = serde_json::Value::Null;
    assert_eq!(place("/keyboards/1"), (none, "lap".into(), 8.into()));
    let output = keydyn().arg("evaluate").arg(&file).assert().success();
    let table = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for part in [
        "session  keyboard  attempts",
        "3             lap",
        "nobody to be an impostor",
    ] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    let (message, code) = failure_in(
        folder.path().to_str().unwrap(),
        &["long.csv", "--detector", "manhattan"],
    );
    assert!(
        message.contains("by anybody but its owner (p01)"),
        "{message}"
    );
    assert_eq!(code, 3);
}

#[test]
fn who_attacked_an_account_is_an_impostor_on_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = population(5, 4, 2, 8, &text(8));
    // p03 and p04 type the password of p01, and p02 types a password that nobody else knows.
    let account = |name: &str, _: u32| match name {
        "p02" => ",p02".to_owned(),
        _ => ",p01".to_owned(),
    };
    let file = write_long(folder.path(), &data, true, (",account", &account));
    let ours = &detectors(&file, &["--protocol", "first:8"])[0];
    assert_eq!(
        (&ours["accounts"], &ours["impostors"]),
        (&1.into(), &"all".into())
    );
    let left_out = ours.pointer("/left_out/0").unwrap();
    assert_eq!(
        (&left_out["user"], &left_out["reason"]),
        (&"p02".into(), &"one-sided".into())
    );
    assert!(
        ours["far"].is_f64() && ours["far_ci95"].is_null(),
        "a single account"
    );
}

#[test]
fn the_threshold_can_be_set() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let of = |threshold| {
        let arguments = ["--attempts", "3", "--seeds", "2", "--threshold", threshold];
        detectors(&file, &arguments).remove(0)
    };
    let (never, always) = (of("-1000"), of("1000"));
    for (detector, frr, far) in [(never, 1.0, 0.0), (always, 0.0, 1.0)] {
        assert_eq!(
            (number(&detector, "/frr"), number(&detector, "/far")),
            (frr, far)
        );
        assert_eq!(number(&detector, "/login_frr"), frr);
        assert_eq!(number(&detector, "/login_far"), far);
        assert_eq!(number(&detector, "/threshold").abs(), 1000.0);
    }
}

#[test]
fn strictness_moves_the_threshold_and_nothing_else_under_static() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let of = |strictness| {
        detectors(&file, &["--protocol", "static", "--strictness", strictness]).remove(0)
    };
    let (lenient, strict) = (of("lenient"), of("strict"));
    assert_eq!(lenient["eer"], strict["eer"]);
    assert!(lenient["learn"].is_null(), "static learns nothing");
    assert!(number(&lenient, "/frr") <= number(&strict, "/frr"));
    assert!(number(&lenient, "/far") >= number(&strict, "/far"));
}

/// `keydyn evaluate ... | head -0`: quiet, and no failure.
#[test]
fn a_reader_that_left_is_no_failure() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("keydyn"))
        .args(["evaluate", "--seeds", "1"])
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.stderr, output.status.code()), (Vec::new(), Some(0)));
}

#[test]
fn a_full_disk_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let file = synthetic(folder.path());
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin!("keydyn"))
        .args(["evaluate", "--seeds", "1"])
        .arg(file)
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let message = String::from_utf8(status.stderr).unwrap();
    assert!(
        message.starts_with("keydyn: the result cannot be written: "),
        "{message}"
    );
    assert_eq!(status.status.code(), Some(1));
}
