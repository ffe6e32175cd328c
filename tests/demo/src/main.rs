//! keydyn-demo: the main job, shown on the real libpam with the release module.
//!
//! People who never lived (or, with `--data`, people who did) type a password; the module judges
//! their rhythm in a private PAM stack. The program checks its own story: it ends with 0 only if
//! everything it tells was so.
//!
//! ```text
//! people (synthetic, recorded) -> login (one login through libpam) -> story, recording
//! story, recording -> table, rhythm -> screen
//! ```

mod checks;
mod clock;
mod disk;
mod error;
mod login;
mod module;
mod people;
mod process;
mod recording;
mod rhythm;
mod screen;
mod story;
mod svg;
mod table;
mod why;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::error::Error;
use crate::module::Module;
use crate::screen::Screen;

/// Shows keydyn at work: a password whose rhythm becomes a second factor.
///
/// Everything happens in a private PAM stack and a temporary directory. Nobody has to wait: the
/// clock is moved on between logins.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Args {
    /// The module, built with the feature `replay-source`
    #[arg(long, value_name = "PATH")]
    module: PathBuf,

    /// An existing account that logs in; not root, whom keydyn arms only when told to
    #[arg(long, value_name = "NAME", default_value = "nobody")]
    user: String,

    /// Which synthetic people take part. What is promised holds for most of them, not for all: an
    /// owner is refused now and then, and some impostors type alike
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "data")]
    seed: u64,

    /// Replay real people instead: the CMU benchmark, DSL-StrongPasswordData.csv
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,

    /// How many people of the recording to replay, from its first on
    #[arg(long, value_name = "N", default_value_t = 5, requires = "data",
          value_parser = clap::value_parser!(u32).range(1..))]
    people: u32,

    /// How many typings of each session to replay, from its first on
    #[arg(long, value_name = "N", default_value_t = 25, requires = "data",
          value_parser = clap::value_parser!(u32).range(1..))]
    reps: u32,

    /// How many typings of everybody else try to get in, from their first on
    #[arg(long, value_name = "N", default_value_t = 2, requires = "data",
          value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,

    /// Also write the picture of the rhythm to this file, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Draw with ASCII only; the default where the locale is not UTF-8
    #[arg(long)]
    ascii: bool,
}

const EXIT_CODES: &str = "\
Exit codes: 0 it went as told, 1 something did not, 2 it could not be run, 3 the recording cannot \
be read. NO_COLOR is respected.";

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Whoever read the output has seen enough.
        Err(Error::Screen(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(1),
        Err(error) => {
            let code = match error {
                Error::Data(_) | Error::Recording { .. } => 3,
                // As a shell has it for SIGINT.
                Error::Interrupted => 130,
                _ => 2,
            };
            // There is nowhere else to say it.
            let _ = writeln!(io::stderr(), "keydyn-demo: {}", error.with_causes());
            ExitCode::from(code)
        }
    }
}

/// Whether it went as told.
fn run(args: &Args) -> Result<bool, Error> {
    if args.user == "root" {
        return Err(Error::Root);
    }
    let recording = match &args.data {
        Some(path) => Some(people::Recording::read(path)?),
        None => None,
    };
    let module = Module::find(&args.module)?;
    if let Some(path) = &args.svg {
        // Better now than at the end of the story.
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(path);
        file.map_err(Error::file("write", path))?;
    }
    process::quieten_syslog();
    process::catch_interruptions();
    let mut screen = Screen::new(args.ascii);
    match recording {
        Some(recording) => {
            let plan = recording::Plan {
                people: args.people,
                reps: args.reps,
                tries: args.tries,
            };
            recording::replay(
                &mut screen,
                &module,
                &args.user,
                &recording,
                plan,
                args.svg.as_deref(),
            )
        }
        None => story::tell(
            &mut screen,
            &module,
            &args.user,
            args.seed,
            args.svg.as_deref(),
        ),
    }
}
