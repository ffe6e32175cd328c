//! One file a verb.

mod attack;
mod data;
mod demo;
mod disable;
mod doctor;
mod enable;
mod enroll;
mod evaluate;
mod forget;
mod reset;
mod sitting;
mod status;
mod strictness;
mod undo;
mod verify;

use std::io::Write;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Attack(attack::Arguments),
    Data(data::Arguments),
    Demo(demo::Arguments),
    Disable(disable::Arguments),
    Doctor(doctor::Arguments),
    Enable(enable::Arguments),
    #[command(visible_alias = "retrain")]
    Enroll(enroll::Arguments),
    Evaluate(evaluate::Arguments),
    Forget(forget::Arguments),
    Reset(reset::Arguments),
    Status(status::Arguments),
    Undo(undo::Arguments),
    #[command(visible_alias = "explain")]
    Verify(verify::Arguments),
}

impl Verb {
    /// Does it, and writes the result to `out`.
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Attack(arguments) => attack::run(&arguments, out),
            Self::Data(arguments) => data::run(&arguments, out),
            Self::Demo(arguments) => demo::run(&arguments, out),
            Self::Disable(arguments) => disable::run(&arguments, out),
            Self::Doctor(arguments) => doctor::run(&arguments, out),
            Self::Enable(arguments) => enable::run(&arguments, out),
            Self::Enroll(arguments) => enroll::run(&arguments, out),
            Self::Evaluate(arguments) => evaluate::run(&arguments, out),
            Self::Forget(arguments) => forget::run(&arguments, out),
            Self::Reset(arguments) => reset::run(&arguments, out),
            Self::Status(arguments) => status::run(&arguments, out),
            Self::Undo(arguments) => undo::run(&arguments, out),
            Self::Verify(arguments) => verify::run(&arguments, out),
        }
    }
}
