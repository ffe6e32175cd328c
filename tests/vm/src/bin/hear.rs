//! Runs on the machine: hears what is typed with the source that the module uses, from now until
//! its input ends, and writes it as a trace's text. What it hears is test data, never a login.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

use std::ffi::OsStr;
use std::io::Read as _;
use std::process::ExitCode;

use keydyn_sys::capture::SeatKeyboards;
use keydyn_sys::source::{Conversation, KeySource as _, Whereabouts};

fn main() -> ExitCode {
    let mut keyboards = SeatKeyboards::new();
    keyboards.listen(&Conversation {
        service: "hear",
        user: OsStr::new("root"),
        tty: Some("tty1"),
        remote_host: None,
        remote_user: None,
    });
    eprintln!("listening");
    let waited = std::io::stdin().read_to_end(&mut Vec::new());
    let heard = keyboards.finish();
    match (waited, heard.whereabouts, heard.typing) {
        (Ok(_), Whereabouts::Local, Ok(trace)) => {
            print!("{}", trace.to_text());
            ExitCode::SUCCESS
        }
        (waited, whereabouts, typing) => {
            let typing = typing.map(|_| "typed");
            eprintln!("heard nothing to judge: {waited:?}, {whereabouts:?}, {typing:?}");
            ExitCode::FAILURE
        }
    }
}
