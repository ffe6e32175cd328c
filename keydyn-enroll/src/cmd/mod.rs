//! One file a verb.

mod evaluate;

use std::io::Write;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Evaluate(evaluate::Arguments),
}

impl Verb {
    /// Does it, and writes the result to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Evaluate(arguments) => evaluate::run(&arguments, out),
        }
    }
}
