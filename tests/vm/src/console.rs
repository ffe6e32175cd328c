//! The machine's first serial line: the kernel's messages and the system's log.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use crate::guest::PATIENCE;

/// Lines as they come, from the start of the machine.
#[derive(Debug)]
pub struct Console {
    coming: Receiver<String>,
    seen: Vec<String>,
}

impl Console {
    pub(crate) fn new(line: UnixStream) -> Self {
        let (send, coming) = mpsc::channel();
        // Ends with the machine, whose end closes the line.
        thread::spawn(move || {
            for line in BufReader::new(line).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            coming,
            seen: Vec::new(),
        }
    }

    /// Every line so far.
    pub fn lines(&mut self) -> &[String] {
        self.seen.extend(self.coming.try_iter());
        &self.seen
    }

    /// Every line there ever was, of a machine that has gone.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.seen.extend(self.coming.iter());
        std::mem::take(&mut self.seen)
    }

    /// Waits for a line that contains one of these texts, from line number `from` on.
    ///
    /// # Panics
    /// If none comes for long, or the machine ends.
    pub fn wait_for(&mut self, from: usize, texts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        let wanted = |line: &&String| texts.iter().any(|text| line.contains(text));
        loop {
            if let Some(line) = self.seen.iter().skip(from).find(wanted) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.coming.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited in vain for {texts:?} in the log:\n{}", self.tail())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the machine has gone:\n{}", self.tail())
                }
            }
        }
    }

    /// The last lines, for a message.
    pub(crate) fn tail(&self) -> String {
        let skip = self.seen.len().saturating_sub(40);
        self.seen[skip..].join("\n")
    }
}
