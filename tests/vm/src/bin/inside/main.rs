//! Runs on the machine: somebody who types there at a made-up keyboard, and PAM applications that
//! ask for what is typed.
//!
//! ```text
//! inside type TRACE                      types a trace at whatever is in front
//! inside front SCRIPT REPORTS OPTIONS    plays a script in front of an application for each --user
//! ```
//! Options: `--service` NAME (again: one after the other), `--user` NAME (again for each application), `--tty` NAME,
//! `--remote-host` NAME, `--remote-user` NAME, `--uid` NUMBER (what the applications run as),
//! `--without-credentials`, `--session`, `--keyboard-at-the-prompt`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a program of the stories, which says why it gave up"
)]

mod application;
mod front;

use std::fs;

use vm::{MadeUpKeyboard, Typing};

/// As the kernel and whoever asks it see what is typed at.
const KEYBOARD: &str = "keydyn-vm keyboard";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["type", trace] => {
            let trace = fs::read_to_string(trace).expect("a trace");
            let typing = Typing::exactly(&trace.parse().expect("a trace"));
            let mut keyboard = MadeUpKeyboard::plug_in(KEYBOARD).expect("a keyboard");
            keyboard.types(&typing, || ()).expect("it types");
        }
        ["front", script, reports, options @ ..] => front::play(script, reports, options),
        ["application", options @ ..] => application::Application::parse(options).serve(),
        other => panic!("inside: not a command: {other:?}"),
    }
}
