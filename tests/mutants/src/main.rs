//! Rewrites sources so that each of many small mistakes is in them, asleep: the environment's
//! `KEYDYN_MUTANT=N` wakes the N-th. One build then serves for all of them, where a build each would
//! take days.
//!
//! ```text
//! mutants PATH-OF-on FIRST-NUMBER [--skip N,N,...] FILE...   # rewrites the files, lists the mutants
//! ```
//! `on` is the function that says whether a mutant is awake. What is listed: number, file, line, what
//! the mistake is. Tests, const items, const functions and macros stay as they are.

mod conditions;
mod literals;
mod mutator;
mod returns;

use std::collections::HashSet;
use std::process::ExitCode;
use std::{env, fs};

use mutator::Mutator;
use syn::visit_mut::VisitMut;

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(list) => {
            print!("{list}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Vec<String>) -> Result<String, Box<dyn std::error::Error>> {
    let mut skipped = HashSet::new();
    if let Some(at) = arguments.iter().position(|argument| argument == "--skip") {
        let numbers = arguments.drain(at..=at + 1).nth(1).unwrap_or_default();
        for number in numbers.split(',').filter(|number| !number.is_empty()) {
            skipped.insert(number.parse()?);
        }
    }
    let [on, first, files @ ..] = arguments.as_slice() else {
        return Err("say where `on` is, the first number, and which files".into());
    };
    let mut mutator = Mutator::new(syn::parse_str(on)?, first.parse()?, skipped);
    for path in files {
        let mut file = syn::parse_file(&fs::read_to_string(path)?)?;
        mutator.begin(path, &file);
        mutator.visit_file_mut(&mut file);
        fs::write(path, prettyplease::unparse(&file))?;
    }
    Ok(mutator.list())
}
