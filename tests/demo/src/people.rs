//! Who types: people who never lived, and people of a recording.

use std::fs;
use std::path::Path;

use keydyn_core::digraph::{KeySequence, Sample};
use keydyn_core::eval::read::read;
use keydyn_core::eval::typist::SyntheticTypist;
use keydyn_core::key::{KeyCode, KeyEvent, Micros, Motion};
use keydyn_core::trace::{Trace, TraceEvent};

use crate::error::Error;

/// What everybody in the synthetic story types: the keys of the CMU benchmark's text.
pub(crate) const PASSWORD: &str = ".tie5roanl";
/// What the recorded people typed.
pub(crate) const RECORDED_PASSWORD: &str = ".tie5Roanl";
/// Both, in the names of a trace.
const KEYS: [&str; 10] = ["dot", "t", "i", "e", "5", "r", "o", "a", "n", "l"];
/// The key of the recorded text that is typed with Shift.
const SHIFTED: usize = 5;
/// A wrong password.
pub(crate) const WRONG: &str = "roan.5tile";
const WRONG_KEYS: [&str; 10] = ["r", "o", "a", "n", "dot", "5", "t", "i", "l", "e"];

/// The people of one seed. Person 0 is the owner, the others are impostors; none is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Population {
    seed: u64,
}

impl Population {
    /// The people of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Person 0, who changes tempo by this much a typing (in ln ms).
    pub(crate) fn owner(self, drift: f64) -> Result<SyntheticTypist, Error> {
        Ok(self.typist(0, KEYS)?.with_drift(drift))
    }

    /// Person 0 typing the wrong password.
    pub(crate) fn owner_mistaken(self) -> Result<SyntheticTypist, Error> {
        self.typist(0, WRONG_KEYS)
    }

    /// Person `number`, from 1.
    pub(crate) fn impostor(self, number: u32) -> Result<SyntheticTypist, Error> {
        self.typist(u64::from(number), KEYS)
    }

    fn typist(self, person: u64, keys: [&str; 10]) -> Result<SyntheticTypist, Error> {
        SyntheticTypist::new(self.seed, person, sequence(keys)?).ok_or(Error::Text)
    }
}

fn sequence(names: [&str; 10]) -> Result<KeySequence, Error> {
    let keys = names.iter().map(|name| KeyCode::from_name(name));
    let keys = keys.collect::<Option<_>>().ok_or(Error::Text)?;
    Ok(KeySequence::new(keys))
}

/// People whose typing was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// In the recording's order.
    pub(crate) people: Vec<Recorded>,
    /// Typings with a gap that no trace can have.
    pub(crate) left_out: usize,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// What the recording calls them.
    pub(crate) name: String,
    /// In order.
    pub(crate) typings: Vec<Typing>,
}

/// A recorded typing.
#[derive(Clone, Debug)]
pub(crate) struct Typing {
    /// Number of the session.
    pub(crate) session: u32,
    /// The events that a keyboard would have sent.
    pub(crate) trace: Trace,
}

/// The hold columns of the CMU benchmark, which are its text.
const COLUMNS: &str = "H.period H.t H.i H.e H.five H.Shift.r H.o H.a H.n H.l H.Return";

impl Recording {
    /// Reads the CMU benchmark's file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |problem: String| Error::Recording {
            path: path.to_owned(),
            problem,
        };
        let text = fs::read(path).map_err(|error| {
            unreadable(format!(
                "it cannot be read: {error}; `make demo` needs no file"
            ))
        })?;
        let data = read(&*text, &path.display().to_string())?;
        let header = String::from_utf8_lossy(text.split(|b| *b == b'\n').next().unwrap_or(&[]))
            .replace(['"', '\r'], "");
        let holds = header
            .split(',')
            .map(str::trim)
            .filter(|c| c.starts_with("H."));
        if holds.collect::<Vec<_>>().join(" ") != COLUMNS {
            return Err(unreadable(format!(
                "the text is not {RECORDED_PASSWORD}; this demo replays DSL-StrongPasswordData.csv"
            )));
        }
        let mut left_out = 0;
        let mut typings = |attempts: &[keydyn_core::eval::data::Attempt]| {
            let traces = attempts.iter().filter_map(|attempt| {
                let trace = trace(&attempt.sample);
                left_out += usize::from(trace.is_none());
                let session = attempt.session;
                trace.map(|trace| Typing { session, trace })
            });
            traces.collect()
        };
        let people: Vec<_> = data
            .typists()
            .iter()
            .map(|typist| Recorded {
                name: typist.name.clone(),
                typings: typings(&typist.attempts),
            })
            .collect();
        if people.len() < 2 {
            return Err(unreadable("one person alone has no impostors".to_owned()));
        }
        Ok(Self { people, left_out })
    }
}

/// Shift goes down this long before its key, if the key before leaves the time.
const SHIFT_BEFORE: u64 = 40_000;

/// The events behind a row of the recording, whose last key is Return: a terminator, so neither
/// its hold nor the way to it is part of the sample. `None` where a down-down is missing.
fn trace(sample: &Sample) -> Option<Trace> {
    let mut events = Vec::new();
    let mut event = |at: u64, name: &str, motion| {
        let key = KeyCode::from_name(name)?;
        events.push(KeyEvent {
            at: Micros(at),
            keyboard: 0,
            key,
            motion,
        });
        Some(())
    };
    let (mut press, mut before) = (SHIFT_BEFORE, 0);
    for (i, name) in KEYS.into_iter().chain(["enter"]).enumerate() {
        let release = sample.holds().get(i)?.map(|hold| press + u64::from(hold.0));
        if i == SHIFTED {
            event(
                press.saturating_sub(SHIFT_BEFORE).max(before),
                "leftshift",
                Motion::Press,
            )?;
            event(release.unwrap_or(press), "leftshift", Motion::Release)?;
        }
        event(press, name, Motion::Press)?;
        if let Some(release) = release {
            event(release, name, Motion::Release)?;
        }
        if i < KEYS.len() {
            before = press;
            press += u64::from((*sample.downs().get(i)?)?.0);
        }
    }
    events.sort_by_key(|event| event.at);
    Some(Trace::new(
        events.into_iter().map(TraceEvent::Key).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::digraph::Duration;

    const HEADER: &str = "subject,sessionIndex,rep,H.period,DD.period.t,UD.period.t,H.t,DD.t.i,\
        UD.t.i,H.i,DD.i.e,UD.i.e,H.e,DD.e.five,UD.e.five,H.five,DD.five.Shift.r,UD.five.Shift.r,\
        H.Shift.r,DD.Shift.r.o,UD.Shift.r.o,H.o,DD.o.a,UD.o.a,H.a,DD.a.n,UD.a.n,H.n,DD.n.l,UD.n.l,\
        H.l,DD.l.Return,UD.l.Return,H.Return";
    const ROW: &str = "1,1,0.1491,0.3979,0.2488,0.1069,0.0674,-0.0395,0.1169,0.2212,0.1043,0.1417,\
        1.1885,1.0468,0.1146,1.6055,1.4909,0.1067,0.7590,0.6523,0.1016,0.2136,0.1120,0.1349,0.1484,\
        0.0135,0.0932,0.3515,0.2583,0.1338,0.1009,-0.0329,0.0742";

    fn recording(text: &str) -> Result<Recording, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Recording::read(file.path())
    }

    /// What the module makes of the trace are the ten keys of the row, and not Return.
    #[test]
    fn the_trace_of_a_row_is_its_sample() {
        let recording = recording(&format!("{HEADER}\ns1,{ROW}\ns2,{ROW}\n")).unwrap();
        assert_eq!((recording.people.len(), recording.left_out), (2, 0));
        let sample = Sample::acquire(&recording.people[0].typings[0].trace).unwrap();
        assert_eq!(sample.keys(), &sequence(KEYS).unwrap());
        assert_eq!(sample.holds()[0], Some(Duration(149_100)));
        assert_eq!(sample.holds()[SHIFTED], Some(Duration(106_700)));
        assert_eq!(sample.downs()[1], Some(Duration(67_400)));
        assert_eq!(sample.downs()[8], Some(Duration(351_500)));
        // Return went down before this key came up.
        assert_eq!(sample.holds()[9], Some(Duration(133_800)));
    }

    #[test]
    fn a_row_with_a_gap_is_left_out_and_another_text_refused() {
        let gap = ROW.replace("0.0674", "");
        let found = recording(&format!("{HEADER}\ns1,{ROW}\ns2,{gap}\n")).unwrap();
        assert_eq!((found.people[1].typings.len(), found.left_out), (0, 1));
        let other = "subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b\ns1,1,1,.1,.2,.1,.1\n";
        assert!(matches!(recording(other), Err(Error::Recording { .. })));
        let none = Recording::read(Path::new("/nonexistent/file.csv"));
        assert!(matches!(none, Err(Error::Recording { .. })));
    }

    #[test]
    fn synthetic_people_type_the_text() {
        let people = Population::new(1);
        let owner = people.owner(0.0).unwrap().trace(0);
        let other = people.impostor(1).unwrap().trace(0);
        assert_ne!(owner, other);
        assert_eq!(
            Sample::acquire(&owner).unwrap().keys(),
            &sequence(KEYS).unwrap()
        );
        assert!(people.owner_mistaken().is_ok());
    }
}
