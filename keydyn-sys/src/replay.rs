//! A stand-in for keyboards, for tests and the demo. Compiled only with the feature
//! `replay-source`, which nothing that is shipped has.
//!
//! A script is a text: directives, one a line, then `trace`, then the key events in the trace's
//! own form. Those that are read here:
//!
//! ```text
//! where local|not-local|unprivileged      keyboard 7      unusable source-failed|seat-inactive
//! device virtual|new|virtual,new
//! trace
//! 0 a down
//! ```

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::{fs, io};

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::Device;
use keydyn_core::trace::{Trace, TraceTextError};

use crate::source::{Conversation, Heard, KeySource, Whereabouts};

/// A script. One that cannot be read is a source that has failed.
#[derive(Debug)]
pub struct Script {
    directives: String,
    trace: String,
}

impl Script {
    /// The script at this path.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|_| "unusable source-failed".to_owned());
        let (directives, trace) = text.split_once("\ntrace\n").unwrap_or((&text, ""));
        Self {
            directives: directives.to_owned(),
            trace: trace.to_owned(),
        }
    }

    /// What this directive says.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.directives
            .lines()
            .filter_map(|line| line.trim().split_once(' '))
            .find(|(directive, _)| *directive == name)
            .map(|(_, value)| value.trim().to_owned())
    }

    fn device(&self) -> Device {
        let words = self.value("device").unwrap_or_default();
        let says = |doubt| words.split(',').any(|word| word == doubt);
        Device {
            is_virtual: says("virtual"),
            is_new: says("new"),
        }
    }

    /// The source that it describes, and what is wrong with its trace.
    #[must_use]
    pub fn source(&self) -> (ReplaySource, Option<TraceTextError>) {
        let mut wrong = None;
        let typing = match self.value("unusable").as_deref() {
            Some("seat-inactive") => Err(FailureToAcquire::SeatInactive),
            Some(_) => Err(FailureToAcquire::SourceFailed),
            None => self.trace.parse::<Trace>().map_err(|error| {
                wrong = Some(error);
                FailureToAcquire::SourceFailed
            }),
        };
        let whereabouts = match self.value("where").as_deref() {
            Some("not-local") => Whereabouts::NotLocal,
            Some("unprivileged") => Whereabouts::Unprivileged,
            _ => Whereabouts::Local,
        };
        let keyboard = self.value("keyboard").and_then(|id| id.parse().ok());
        let source = ReplaySource {
            whereabouts,
            typing,
            keyboard: keyboard.unwrap_or(0),
            device: self.device(),
        };
        (source, wrong)
    }
}

/// What a script says was heard, however often it is asked.
#[derive(Clone, Debug)]
pub struct ReplaySource {
    whereabouts: Whereabouts,
    typing: Result<Trace, FailureToAcquire>,
    keyboard: u32,
    device: Device,
}

impl KeySource for ReplaySource {
    fn listen(&mut self, _: &Conversation<'_>) {}

    fn finish(&mut self) -> Heard {
        Heard {
            whereabouts: self.whereabouts,
            typing: self.typing.clone(),
            keyboard: self.keyboard,
            device: self.device,
        }
    }
}

/// One script for each question that is asked, in the order of their file names; the last one
/// again and again.
#[derive(Debug)]
pub struct ReplaySequence {
    coming: VecDeque<PathBuf>,
    now: Option<ReplaySource>,
}

impl ReplaySequence {
    /// The scripts in this directory.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(directory: &Path) -> io::Result<Self> {
        let files = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
        let mut files: Vec<PathBuf> = files.collect::<Result<_, _>>()?;
        files.sort();
        Ok(Self {
            coming: files.into(),
            now: None,
        })
    }
}

impl KeySource for ReplaySequence {
    fn listen(&mut self, _: &Conversation<'_>) {
        if let Some(path) = self.coming.pop_front() {
            self.now = Some(Script::read(&path).source().0);
        }
    }

    fn finish(&mut self) -> Heard {
        match &mut self.now {
            Some(source) => source.finish(),
            None => Heard {
                whereabouts: Whereabouts::Local,
                typing: Err(FailureToAcquire::SourceFailed),
                keyboard: 0,
                device: Device::default(),
            },
        }
    }
}
