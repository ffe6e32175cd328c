//! The program as people run it. Needs a module built with `replay-source`, named in
//! KEYDYN_REPLAY_MODULE; without one these tests say so and pass.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The module, or a message.
fn module() -> Option<PathBuf> {
    let module = std::env::var_os("KEYDYN_REPLAY_MODULE").map(PathBuf::from);
    if module.is_none() {
        // Past the capture of output, so that a skipped test is seen.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: KEYDYN_REPLAY_MODULE names no module built with replay-source"
        );
    }
    module
}

/// Runs the demo, and checks that it leaves nothing behind.
fn demo(module: &Path, arguments: &[&str]) -> Output {
    let temporary = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_keydyn-demo"))
        .arg("--module")
        .arg(module)
        .args(arguments)
        .env("TMPDIR", temporary.path())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    output
}

fn failure(module: &Path, arguments: &[&str], code: i32) -> String {
    let output = demo(module, arguments);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty() || code == 2, "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("keydyn-demo: "), "{message}");
    message
}

fn story(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Everything went as promised."), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(!text.contains('\u{1b}'), "colour without a terminal");
    text
}

#[test]
fn the_story_goes_as_told() {
    let Some(module) = module() else { return };
    let place = TempDir::new().unwrap();
    let svg = place.path().join("rhythm.svg");
    let text = story(&demo(&module, &["--svg", svg.to_str().unwrap()]));
    assert!(
        text.contains("ARMED at login") && text.contains('█'),
        "{text}"
    );
    let picture = fs::read_to_string(svg).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
}

#[test]
fn recorded_people_are_replayed_in_ascii() {
    let Some(module) = module() else { return };
    let place = TempDir::new().unwrap();
    let file = place.path().join("recording.csv");
    fs::write(&file, recording()).unwrap();
    let arguments = ["--data", file.to_str().unwrap(), "--people", "2", "--ascii"];
    let text = story(&demo(&module, &arguments));
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("p1") && text.contains("p2"), "{text}");
}

#[test]
fn what_cannot_be_run_is_said() {
    let Some(module) = module() else { return };
    let message = failure(Path::new("/nonexistent/module.so"), &[], 2);
    assert!(message.contains("there is no module at /nonexistent/module.so"));

    let standin = pam_host::stand_in().unwrap();
    let message = failure(&standin, &[], 2);
    assert!(
        message.contains("without the feature replay-source"),
        "{message}"
    );

    let place = TempDir::new().unwrap();
    let text = place.path().join("module.so");
    fs::write(&text, "no ELF").unwrap();
    assert!(failure(&text, &[], 2).contains("is no module"));
    fs::write(&text, b"\x7fELF /nonexistent/state").unwrap();
    assert!(failure(&text, &[], 2).contains("libpam cannot load"));

    assert!(failure(&module, &["--user", "root"], 2).contains("root cannot take part"));
    let message = failure(&module, &["--user", "no-such-account"], 2);
    assert!(message.contains("is it an account"), "{message}");
    let message = failure(&module, &["--svg", "/dev/null/rhythm.svg"], 2);
    assert!(
        message.contains("cannot write /dev/null/rhythm.svg"),
        "{message}"
    );
}

#[test]
fn a_recording_that_cannot_be_read_is_said() {
    let Some(module) = module() else { return };
    let message = failure(&module, &["--data", "/nonexistent/people.csv"], 3);
    assert!(
        message.contains("/nonexistent/people.csv: it cannot be read"),
        "{message}"
    );
    let place = TempDir::new().unwrap();
    let file = place.path().join("people.csv");
    for (content, problem) in [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "this is not a recording"),
        (
            "subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b\ns1,1,1,.1,.2,.1,.1\n",
            "the text is not .tie5Roanl",
        ),
    ] {
        fs::write(&file, content).unwrap();
        let message = failure(&module, &["--data", file.to_str().unwrap()], 3);
        assert!(message.contains(problem), "{message}");
    }
}

/// Four people of three sessions, laid out like the CMU benchmark. Each has a tempo of their own,
/// and no two typings are the same.
fn recording() -> String {
    let keys = [
        "period", "t", "i", "e", "five", "Shift.r", "o", "a", "n", "l", "Return",
    ];
    let mut text = String::from("subject,sessionIndex,rep");
    for (i, key) in keys.iter().enumerate() {
        text += &format!(",H.{key}");
        if let Some(next) = keys.get(i + 1) {
            text += &format!(",DD.{key}.{next},UD.{key}.{next}");
        }
    }
    for person in 1..=4u32 {
        for typing in 0..60u32 {
            text += &format!("\np{person},{},{}", typing / 20 + 1, typing % 20 + 1);
            for i in 0..11u32 {
                let mixed = (typing * 256 + i * 16 + person).wrapping_mul(0x9e37_79b1);
                let jitter = (mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca6b) % 17;
                let hold = 60 + 18 * ((person + i) % 4) + jitter;
                let down = 120 + 45 * ((person * (i + 3)) % 5) + 3 * jitter;
                text += &format!(",0.{hold:03}");
                if i < 10 {
                    let up = f64::from(down) - f64::from(hold);
                    text += &format!(",0.{down:03},{:.3}", up / 1000.0);
                }
            }
        }
    }
    text + "\n"
}
