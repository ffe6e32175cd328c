//! A run that was written by `--save` or `--json`, read again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::fingerprint::fingerprint;
use keydyn_core::printable::printable;
use serde::Deserialize;

use crate::failure::Failure;

/// A run of 100,000 users takes less.
const LARGEST: u64 = 64 << 20;

/// An earlier run of the same recording.
#[derive(Debug)]
pub(crate) struct Saved {
    /// The file it is in, for titles and messages.
    pub(crate) file: String,
    /// What it says.
    pub(crate) run: Run,
}

/// The part of a run that is compared.
#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    /// The version of keydyn that wrote it.
    pub(crate) keydyn: String,
    file: String,
    recording: Recording,
    /// What was measured.
    pub(crate) detectors: Vec<Measured>,
}

#[derive(Debug, Deserialize)]
struct Recording {
    users: u64,
    typings: u64,
    checksum: String,
}

/// A detector in it.
#[derive(Debug, Deserialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) protocol: String,
    pub(crate) every: u64,
    pub(crate) attempts: u64,
    pub(crate) hold_out: Option<u64>,
    pub(crate) impostors: String,
    pub(crate) threshold: Option<f64>,
    pub(crate) target_frr: Option<f64>,
    pub(crate) learn: Option<String>,
    pub(crate) gain: Option<String>,
    pub(crate) frr: Option<f64>,
    pub(crate) far: Option<f64>,
    pub(crate) users: Vec<SavedUser>,
}

/// An account in it.
#[derive(Debug, Deserialize)]
pub(crate) struct SavedUser {
    pub(crate) user: String,
    pub(crate) eer: Option<f64>,
}

/// Why a run cannot be compared with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SavedError {
    /// The file breaks.
    #[error("it cannot be read: {0}")]
    Read(io::Error),
    /// It is something else, or damaged.
    #[error(
        "this is not a run that `keydyn evaluate --save` wrote: {0}; give such a file, or make it anew"
    )]
    Malformed(String),
    /// Its figures are of other typing.
    #[error(
        "it was measured on another recording ({file}: {users} users, {typings} typings); only runs on the same one can be compared user by user"
    )]
    OtherRecording {
        file: String,
        users: u64,
        typings: u64,
    },
    /// Its figures are over other accounts.
    #[error(
        "its figures of {detector} are over other users ({user} is in one run and not in the other); measure both with the same accounts"
    )]
    OtherUsers { detector: String, user: String },
    /// There is no EER on either side.
    #[error("neither run has an EER of anybody, so there is nothing to compare")]
    Nothing,
}

impl Saved {
    /// Reads a run of this recording.
    ///
    /// # Errors
    /// If there is none in this file, or of another recording.
    pub(crate) fn open(path: &Path, data: &DataSet) -> Result<Self, Failure> {
        let file = printable(&path.display().to_string());
        let source = match File::open(path) {
            Ok(source) => source,
            Err(error) => return Err(Failure::Open { file, error }),
        };
        let mut text = Vec::new();
        let read = source.take(LARGEST + 1).read_to_end(&mut text);
        let run = read.map_err(SavedError::Read).and_then(|_| parse(&text));
        let run = run.and_then(|run| same_recording(run, data));
        match run {
            Ok(run) => Ok(Self { file, run }),
            Err(reason) => Err(Failure::Saved { file, reason }),
        }
    }
}

fn parse(text: &[u8]) -> Result<Run, SavedError> {
    let malformed = |what: &str| Err(SavedError::Malformed(what.to_owned()));
    if text.len() as u64 > LARGEST {
        return malformed("it has more than 64 MiB");
    }
    let run: Run = match serde_json::from_slice(text) {
        Ok(run) => run,
        Err(error) => return malformed(&error.to_string()),
    };
    if run.detectors.is_empty() {
        return malformed("nothing was measured in it");
    }
    for measured in &run.detectors {
        let users = measured.users.iter();
        let eers = users.clone().filter_map(|user| user.eer);
        let mut rates = eers.chain(measured.frr).chain(measured.far);
        if !rates.all(|rate| (0.0..=1.0).contains(&rate)) {
            return malformed("a rate in it is not between 0 and 1");
        }
        let names: BTreeSet<_> = users.map(|user| &user.user).collect();
        if names.len() < measured.users.len() {
            return malformed("a user is twice in it");
        }
    }
    Ok(run)
}

fn same_recording(run: Run, data: &DataSet) -> Result<Run, SavedError> {
    if run.recording.checksum == fingerprint(data) {
        return Ok(run);
    }
    Err(SavedError::OtherRecording {
        file: run.file,
        users: run.recording.users,
        typings: run.recording.typings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(users: &str, more: &str) -> String {
        format!(
            r#"{{"keydyn":"0.1.0","file":"a.csv","recording":{{"users":1,"typings":2,"checksum":"00"}},
            "detectors":[{{"name":"manhattan","protocol":"static","every":1,"attempts":1,
            "impostors":"first5","users":[{users}]{more}}}]}}"#
        )
    }

    const ANNA: &str = r#"{"user":"anna","eer":0.25,"frr":null,"of_a_later_version":[1]}"#;

    #[test]
    fn a_run_reads_back_and_what_is_added_later_does_not_disturb() {
        let read = parse(run(ANNA, r#","frr":0.01,"added":{}"#).as_bytes()).unwrap();
        let [measured] = &read.detectors[..] else {
            panic!("{read:?}")
        };
        assert_eq!(measured.users[0].eer, Some(0.25));
        assert_eq!(
            (measured.frr, measured.far, measured.gain.as_deref()),
            (Some(0.01), None, None)
        );
    }

    #[test]
    fn what_is_no_run_is_told() {
        let whole = run(ANNA, "");
        for (text, part) in [
            ("", "EOF while parsing"),
            ("{}", "missing field `keydyn`"),
            ("[1, 2]", "line 1"),
            (&whole[..whole.len() / 2], "EOF while parsing"),
            (&whole.replace("0.25", "1.5"), "not between 0 and 1"),
            (&whole.replace("0.25", "-0.1"), "not between 0 and 1"),
            (&whole.replace("0.25", "1e999"), "number out of range"),
            (&whole.replace("0.25", r#""x""#), "invalid type"),
            (&run(&format!("{ANNA},{ANNA}"), ""), "a user is twice in it"),
            (&run(ANNA, r#","far":7"#), "not between 0 and 1"),
            (
                &run(ANNA, &format!(r#","deep":{}"#, "[".repeat(100_000))),
                "expected value",
            ),
            ("subject,session\na,1\n", "expected value"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("this is not a run that"), "{error}");
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
        let error = parse(&vec![b' '; (64 << 20) + 1]).unwrap_err();
        assert!(error.to_string().contains("more than 64 MiB"), "{error}");
        let empty = r#"{"keydyn":"0","file":"a","recording":{"users":1,"typings":2,"checksum":""},"detectors":[]}"#;
        let error = parse(empty.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("nothing was measured"),
            "{error}"
        );
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole = run(ANNA, "");
        for at in 0..whole.len() {
            for byte in [0, b'"', b'}', 0xff, b'9'] {
                let mut text = whole.clone().into_bytes();
                text[at] = byte;
                let _ = parse(&text);
            }
        }
    }
}
