//! What the tests of `keydyn evaluate` share.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use keydyn_core::digraph::{Duration, KeySequence};
use keydyn_core::eval::data::DataSet;
use keydyn_core::key::KeyCode;

/// The real binary.
pub(crate) fn keydyn() -> Command {
    assert_cmd::cargo::cargo_bin_cmd!("keydyn")
}

/// `keydyn evaluate` with these arguments must succeed; its JSON's list of detectors.
pub(crate) fn detectors(file: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let mut command = keydyn();
    command
        .arg("evaluate")
        .arg(file)
        .args(arguments)
        .arg("--json");
    let output = command.assert().success().get_output().clone();
    assert_eq!(output.stderr, b"", "nothing on stderr");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    document["detectors"].as_array().unwrap().clone()
}

/// Runs in this folder; the message behind `keydyn: ` and the exit code.
pub(crate) fn failure_in(folder: &str, arguments: &[&str]) -> (String, i32) {
    let mut command = keydyn();
    command.current_dir(folder).arg("evaluate").args(arguments);
    let output = command.assert().failure().get_output().clone();
    assert_eq!(output.stdout, b"", "no half result");
    let message = String::from_utf8(output.stderr).unwrap();
    let message = message.strip_prefix("keydyn: ").unwrap_or(&message);
    (message.trim_end().to_owned(), output.status.code().unwrap())
}

/// A number somewhere in a JSON value, `/eer/mean` for example.
pub(crate) fn number(value: &serde_json::Value, pointer: &str) -> f64 {
    value.pointer(pointer).unwrap().as_f64().unwrap()
}

/// A text of so many letters.
pub(crate) fn text(keys: u16) -> KeySequence {
    KeySequence::new((0..keys).map(|i| KeyCode(16 + i)).collect())
}

/// Writes the data as the CMU benchmark is published, and gives the file's path.
pub(crate) fn write_csv(folder: &Path, data: &DataSet) -> PathBuf {
    let keys = data.typists()[0].attempts[0].sample.keys().len();
    let mut csv = "subject,sessionIndex,rep".to_owned();
    for i in 0..keys {
        if i > 0 {
            write!(csv, ",DD.k{0}.k{i},UD.k{0}.k{i}", i - 1).unwrap();
        }
        write!(csv, ",H.k{i}").unwrap();
    }
    let seconds = |feature: Option<Duration>| feature.unwrap().as_millis() / 1000.0;
    for typist in data.typists() {
        for attempt in &typist.attempts {
            write!(csv, "\n{},{},{}", typist.name, attempt.session, attempt.rep).unwrap();
            let (holds, downs) = (attempt.sample.holds(), attempt.sample.downs());
            for i in 0..keys {
                if i > 0 {
                    let (hold, down) = (seconds(holds[i - 1]), seconds(downs[i - 1]));
                    write!(csv, ",{down:.6},{:.6}", down - hold).unwrap();
                }
                write!(csv, ",{:.6}", seconds(holds[i])).unwrap();
            }
        }
    }
    let path = folder.join("synthetic.csv");
    std::fs::write(&path, csv).unwrap();
    path
}

/// Further columns: their names, and what a typist and a session have in them. Each after a comma.
pub(crate) type Further<'f> = (&'f str, &'f dyn Fn(&str, u32) -> String);

/// Writes the data in the long form, with further columns, and gives the file's path.
pub(crate) fn write_long(folder: &Path, data: &DataSet, holds: bool, more: Further<'_>) -> PathBuf {
    let mut csv = format!(
        "subject,session,rep,index,key,press_ms,release_ms{}\n",
        more.0
    );
    for typist in data.typists() {
        for attempt in &typist.attempts {
            let (sample, mut press) = (&attempt.sample, 0.0);
            let downs = sample.downs().iter().chain([&None]);
            for (i, (hold, down)) in sample.holds().iter().zip(downs).enumerate() {
                let release = press + hold.unwrap().as_millis();
                let release = if holds {
                    format!("{release:.3}")
                } else {
                    String::new()
                };
                let (name, session, rep) = (&typist.name, attempt.session, attempt.rep);
                let further = (more.1)(name, session);
                writeln!(
                    csv,
                    "{name},{session},{rep},{i},k{i},{press:.3},{release}{further}"
                )
                .unwrap();
                press += down.map_or(0.0, Duration::as_millis);
            }
        }
    }
    let path = folder.join("long.csv");
    std::fs::write(&path, csv).unwrap();
    path
}
