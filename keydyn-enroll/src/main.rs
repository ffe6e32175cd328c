//! `keydyn`: see, evaluate and manage keystroke-dynamics profiles.

mod account;
mod cmd;
mod failure;
mod report;
mod stopwatch;
mod terminal;
mod typist;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use keydyn_core::printable::printable;

/// Keystroke dynamics as a second factor: not only what is typed, but how.
#[derive(Debug, Parser)]
#[command(name = "keydyn", version, after_help = failure::EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    verb: cmd::Verb,
}

fn main() -> ExitCode {
    let mut stdout = io::stdout().lock();
    match Arguments::parse().verb.run(&mut stdout) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                // A message may quote a file. Where nobody reads messages, the exit code has to do.
                let _ = terminal::aside(&format!("keydyn: {}", printable(&message)));
            }
            failure.exit_code()
        }
    }
}
