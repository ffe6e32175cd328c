//! One file a verb.

mod disable;
mod enable;
mod enroll;
mod evaluate;
mod strictness;
mod verify;

use std::io::Write;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Disable(disable::Arguments),
    Enable(enable::Arguments),
    Enroll(enroll::Arguments),
    Evaluate(evaluate::Arguments),
    Verify(verify::Arguments),
}

impl Verb {
    /// Does it, and writes the result to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Disable(arguments) => disable::run(&arguments, out),
            Self::Enable(arguments) => enable::run(&arguments, out),
            Self::Enroll(arguments) => enroll::run(&arguments, out),
            Self::Evaluate(arguments) => evaluate::run(&arguments, out),
            Self::Verify(arguments) => verify::run(&arguments, out),
        }
    }
}
