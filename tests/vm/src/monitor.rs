//! QEMU's monitor (QMP): what is done to the machine from outside.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;

use crate::guest::PATIENCE;

/// The line to QEMU.
#[derive(Clone, Debug)]
pub struct Monitor(Rc<RefCell<BufReader<UnixStream>>>);

impl Monitor {
    pub(crate) fn new(line: UnixStream) -> Self {
        line.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let monitor = Self(Rc::new(RefCell::new(BufReader::new(line))));
        monitor.execute("qmp_capabilities", "{}");
        monitor
    }

    /// Stops the machine, clock and all, as if its lid were closed.
    ///
    /// # Panics
    /// If QEMU does not.
    pub fn stop(&self) {
        self.execute("stop", "{}");
    }

    /// Continues it.
    ///
    /// # Panics
    /// If QEMU does not.
    pub fn go_on(&self) {
        self.execute("cont", "{}");
    }

    /// Plugs in a USB keyboard, which is typed at from now on.
    ///
    /// # Panics
    /// If QEMU does not.
    pub fn plug_in(&self, name: &str) {
        let arguments = format!(r#"{{"driver": "usb-kbd", "id": "{name}"}}"#);
        self.execute("device_add", &arguments);
    }

    /// Pulls it out.
    ///
    /// # Panics
    /// If QEMU does not.
    pub fn pull_out(&self, name: &str) {
        self.execute("device_del", &format!(r#"{{"id": "{name}"}}"#));
    }

    /// A picture of the screen, as a PNG.
    ///
    /// # Panics
    /// If QEMU does not make one.
    pub fn picture(&self, to: &Path) {
        let to = to.display();
        let arguments = format!(r#"{{"filename": "{to}", "format": "png"}}"#);
        self.execute("screendump", &arguments);
    }

    /// Gives a command and waits for its answer; what QEMU tells unasked is passed over.
    pub(crate) fn execute(&self, command: &str, arguments: &str) {
        let line = format!(r#"{{"execute": "{command}", "arguments": {arguments}}}"#);
        let mut monitor = self.0.borrow_mut();
        monitor
            .get_mut()
            .write_all(format!("{line}\n").as_bytes())
            .expect("QEMU is there");
        loop {
            let mut line = String::new();
            let read = monitor.read_line(&mut line);
            assert!(
                read.as_ref().is_ok_and(|bytes| *bytes > 0),
                "QEMU does not answer: {read:?}"
            );
            if line.starts_with(r#"{"return""#) {
                return;
            }
            assert!(!line.starts_with(r#"{"error""#), "QEMU refused: {line}");
        }
    }
}
