//! A root shell on the machine's second serial line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::guest::PATIENCE;

/// What the machine says when the shell is there.
const GREETING: &str = "keydyn-vm-shell";
const DONE: &str = "keydyn-vm-done";

/// Runs commands as root on the machine, beside whatever happens on its screen.
#[derive(Debug)]
pub struct Shell {
    line: BufReader<UnixStream>,
}

impl Shell {
    pub(crate) fn new(line: UnixStream) -> Self {
        line.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut shell = Self {
            line: BufReader::new(line),
        };
        shell.until(GREETING);
        shell
    }

    /// What the command wrote to both its outputs, whatever its exit code.
    ///
    /// # Panics
    /// If the machine does not answer.
    pub fn output(&mut self, command: &str) -> String {
        self.ask(command).0
    }

    /// What the command wrote to both its outputs.
    ///
    /// # Panics
    /// If it fails, or if the machine does not answer.
    pub fn run(&mut self, command: &str) -> String {
        let (output, code) = self.ask(command);
        assert_eq!(code, "0", "`{command}` failed on the machine: {output}");
        output
    }

    /// Waits until the command succeeds.
    ///
    /// # Panics
    /// If it does not for long.
    pub fn wait_until(&mut self, command: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask(command).1 != "0" {
            assert!(Instant::now() < deadline, "waited in vain for `{command}`");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Writes a file on the machine.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn put(&mut self, path: &str, text: &str) {
        self.run(&format!(": >{path}"));
        // In pieces, for the line's buffers on the machine are small.
        for piece in text.lines().collect::<Vec<_>>().chunks(100) {
            let piece = piece.join("\n");
            self.run(&format!(
                "cat >>{path} <<'keydyn-vm-end'\n{piece}\nkeydyn-vm-end"
            ));
        }
    }

    fn ask(&mut self, command: &str) -> (String, String) {
        let line = format!("{{ {command}\n}} </dev/null 2>&1; printf '\\n{DONE} %s\\n' $?\n");
        self.line
            .get_mut()
            .write_all(line.as_bytes())
            .expect("the machine is there");
        let (mut output, code) = self.until(DONE);
        // The line's end that sets the last word apart.
        output.pop();
        (output, code)
    }

    /// The text up to the line that begins with this word, and the rest of that line.
    fn until(&mut self, word: &str) -> (String, String) {
        let mut text = String::new();
        loop {
            let mut line = Vec::new();
            match self.line.read_until(b'\n', &mut line) {
                Ok(0) => panic!("the machine has gone; it said: {text}"),
                Ok(_) => {}
                Err(error) => panic!("the machine does not answer ({error}); it said: {text}"),
            }
            let line = String::from_utf8_lossy(&line);
            if let Some(rest) = line.strip_prefix(word) {
                return (text, rest.trim().to_owned());
            }
            text.push_str(&line.replace('\r', ""));
        }
    }
}
