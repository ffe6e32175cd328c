//! `keydyn evaluate` as its users meet it: messages, exit codes, table and JSON.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::path::Path;

use common::{detectors, keydyn, number, text, write_csv};
use keydyn_core::eval::read;
use keydyn_core::eval::typist::population;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata/evaluate");

/// Runs in the folder of defective recordings; the message behind `keydyn: ` and the exit code.
fn failure(arguments: &[&str]) -> (String, i32) {
    let mut command = keydyn();
    command
        .current_dir(TESTDATA)
        .arg("evaluate")
        .args(arguments);
    let output = command.assert().failure().get_output().clone();
    assert_eq!(output.stdout, b"", "no half result");
    let message = String::from_utf8(output.stderr).unwrap();
    let message = message.strip_prefix("keydyn: ").unwrap_or(&message);
    (message.trim_end().to_owned(), output.status.code().unwrap())
}

#[test]
fn every_defect_is_told_with_its_place_and_what_to_do() {
    let kit = [
        (
            "absent.csv",
            "absent.csv: it cannot be opened: No such file or directory (os error 2)",
        ),
        (".", ".: it cannot be read: Is a directory (os error 21)"),
        (
            "empty.csv",
            "empty.csv: the file is empty; give a CSV file whose first line names its columns",
        ),
        (
            "header_only.csv",
            "header_only.csv: there is a header and no row below it; was the recording cut off?",
        ),
        (
            "prose.csv",
            "prose.csv: this is not a recording that keydyn reads; the first line must name the columns, as in `subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b`",
        ),
        (
            "picture.csv",
            "picture.csv, line 1, column number 1: there are bytes that are not UTF-8; save the file as UTF-8",
        ),
        (
            "missing_session.csv",
            "missing_session.csv, line 1: there is no column sessionIndex; compare the first line with the published file's",
        ),
        (
            "missing_holds.csv",
            "missing_holds.csv, line 1: there is no column H.<key>; compare the first line with the published file's",
        ),
        (
            "missing_down_down.csv",
            "missing_down_down.csv, line 1: there is no column DD.a.b; compare the first line with the published file's",
        ),
        (
            "down_down_of_strangers.csv",
            "down_down_of_strangers.csv, line 1, column DD.a.b: this column does not join two neighbouring `H.` columns; the `H.` columns must stand in the order in which the keys are typed",
        ),
        (
            "column_twice.csv",
            "column_twice.csv, line 1, column H.a: there are two columns of this name; take one out or rename it",
        ),
        (
            "ragged_row.csv",
            "ragged_row.csv, line 3: 6 field(s) where the header has 7; was a line cut or joined?",
        ),
        (
            "unclosed_quote.csv",
            "unclosed_quote.csv, line 3: 1 field(s) where the header has 7; was a line cut or joined?",
        ),
        (
            "carriage_returns.csv",
            "carriage_returns.csv, line 1: its lines end in a carriage return alone; convert them to line feeds",
        ),
        (
            "latin1_name.csv",
            "latin1_name.csv, line 2, column subject: there are bytes that are not UTF-8; save the file as UTF-8",
        ),
        (
            "nameless_row.csv",
            "nameless_row.csv, line 3, column subject: the field is empty; every row must name its typist",
        ),
        (
            "session_in_words.csv",
            "session_in_words.csv, line 2, column sessionIndex: \"first\" is not a whole number from 0 to 4294967295",
        ),
        (
            "repetition_twice.csv",
            "repetition_twice.csv, line 4, column rep: this subject, session and repetition were already in line 2; number repetitions without gaps or remove the copy",
        ),
        (
            "text_for_a_number.csv",
            "text_for_a_number.csv, line 3, column DD.a.b: \"NA\" is not a number of seconds; leave the field empty if nothing was measured",
        ),
        (
            "not_a_number.csv",
            "not_a_number.csv, line 2, column H.a: \"NaN\" is not a number of seconds; leave the field empty if nothing was measured",
        ),
        (
            "milliseconds.csv",
            "milliseconds.csv, line 2, column DD.a.b: 7900 s is more than an hour; the unit must be seconds",
        ),
        (
            "one_typist.csv",
            "one_typist.csv: there is only one typist (s1), and so no impostor; error rates need at least two typists of the same text",
        ),
        (
            "too_few_repetitions.csv",
            "too_few_repetitions.csv: typist s2 has 8 repetitions and protocol stream:10 needs at least 15; use `stream:3`, record more or leave the typist out",
        ),
    ];
    for (file, message) in kit {
        assert_eq!(failure(&[file]), (message.to_owned(), 3));
    }
    let unusable = failure(&["no_holds.csv", "--protocol", "static"]);
    let message = "no_holds.csv: no account could be judged: 8 attempts lack too many features or are of another text";
    assert_eq!(unusable, (message.to_owned(), 3));
    let names = kit.map(|(file, _)| file);
    for entry in std::fs::read_dir(TESTDATA).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let tested = !name.ends_with(".csv") || name == "no_holds.csv" || names.contains(&&*name);
        assert!(tested, "{name} is in the kit and in no test");
    }
}

#[test]
fn a_field_without_an_end_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.csv");
    std::fs::write(
        &path,
        format!("subject,sessionIndex,rep,H.a\n{}", "1".repeat(1_000_000)),
    )
    .unwrap();
    let (message, code) = failure(&[path.to_str().unwrap()]);
    assert!(
        message.contains("line 2: more than 64 KiB without the end of a line"),
        "{message}"
    );
    assert_eq!(code, 3);
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    for (arguments, message) in [
        (&[][..], "<FILE>"),
        (
            &["absent.csv", "--protocol", "statik"],
            "a protocol is `static` or `stream:N`",
        ),
        (
            &["absent.csv", "--protocol", "stream:2"],
            "N is a number from 3 to 1000000",
        ),
        (&["absent.csv", "--seeds", "0"], "--seeds"),
        (&["absent.csv", "--detector", "magic"], "scaled-manhattan"),
        (&["absent.csv", "--strictness", "very"], "lenient"),
    ] {
        let (found, code) = failure(arguments);
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
        "Examples:",
        "Exit codes:",
        "  3  the data",
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
    let arguments = ["--detector", "all", "--seeds", "2"];
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
        .args(["--detector", "all"])
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
