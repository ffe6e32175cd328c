//! `keydyn data`: what a recording holds.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::describe::describe;
use keydyn_core::printable::printable;

use super::evaluate::output::{Draft, check_apart};
use super::evaluate::{open, shown};
use crate::failure::{EXIT_CODES, Failure};
use crate::report::chart::rhythm;
use crate::report::data::{json, text};
use crate::report::paper::Paper;

/// So many users are named where one is not found.
const NAMED: usize = 8;

const EXAMPLES: &str = "\
Examples:
  keydyn data DSL-StrongPasswordData.csv
      what is in it, by position and by user
  keydyn data mine.csv --json
      for a program to read
  keydyn data mine.csv --svg rhythm.svg
      how each user types, as a picture
  keydyn data mine.csv --svg two.svg --user anna --user bert
      two of them

`keydyn evaluate --help` says which recordings can be read.
";

/// Look at a recording: who typed what how often, what is missing or odd, and how they type.
///
/// FILE is a CSV file as for `keydyn evaluate`. Nothing is learned and nobody is judged. Told are
/// typings, sessions and keys; missing and odd values; the clock that the times were measured by;
/// rollover; medians by position and by user.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    /// The recording
    file: PathBuf,

    /// Write JSON instead of tables: shares as fractions, null where there is nothing to tell
    #[arg(long)]
    json: bool,

    /// Also draw how each user types into this file: a row a user, a bar for each key while it is
    /// held, thin lines for how much that varies
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Draw this user only; may be given several times
    #[arg(long, value_name = "NAME", requires = "svg")]
    user: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let results: Vec<&Path> = arguments.svg.iter().map(PathBuf::as_path).collect();
    check_apart(&arguments.file, &[], &results)?;
    let name = shown(&arguments.file);
    let data = open(&arguments.file)?;
    if let Some(svg) = &arguments.svg {
        let people = people(&data, &arguments.user, &name)?;
        Draft::begin(svg)?.whole(&rhythm::draw(&name, &data, &people))?;
    }
    let found = describe(&data);
    if arguments.json {
        json::write(out, &data, &found)?;
    } else {
        let paper = Paper::of_stdout();
        let text = text::description(&paper, &name, &data, &found);
        out.write_all(text.as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Those who were asked for, in that order; everybody if nobody was.
fn people<'d>(data: &'d DataSet, names: &[String], file: &str) -> Result<Vec<&'d Typist>, Failure> {
    if names.is_empty() {
        return Ok(data.typists().iter().collect());
    }
    let find = |name: &String| {
        let found = data.typists().iter().find(|typist| typist.name == *name);
        found.ok_or_else(|| Failure::NobodyRecorded {
            file: file.to_owned(),
            name: printable(name),
            there: there(data),
        })
    };
    names.iter().map(find).collect()
}

fn there(data: &DataSet) -> String {
    let names = data.typists().iter().map(|typist| printable(&typist.name));
    let names: Vec<String> = names.take(NAMED).collect();
    let more = if data.typists().len() > NAMED {
        " and others"
    } else {
        ""
    };
    format!("{}{more}", names.join(", "))
}
