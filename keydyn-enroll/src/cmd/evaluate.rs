//! `keydyn evaluate`: error rates of detectors on recorded typing.

pub(super) mod options;
pub(super) mod output;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use keydyn_core::detector::DetectorKind;
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::digest::Digest;
use keydyn_core::eval::figures::{Figures, evaluate};
use keydyn_core::eval::read;
use keydyn_core::eval::setup::{Setup, Unsuitable};
use keydyn_core::printable::printable;

use crate::failure::{EXIT_CODES, Failure};
use crate::report::comparison::{self, Comparison};
use crate::report::page::{Page, command_line, fars};
use crate::report::paper::Paper;
use crate::report::saved::Saved;
use crate::report::text::{self, Parts};
use crate::report::{Outcome, attempts, json};
use crate::stopwatch;
use options::Options;
use output::Draft;

const EXAMPLES: &str = "\
Examples:
  keydyn evaluate DSL-StrongPasswordData.csv
      as in daily use: ten typings, then learn what is accepted
  keydyn evaluate DSL-StrongPasswordData.csv --every 10 --attempts 3 --strictness strict
      five logins a day, three tries each, as `strict` decides
  keydyn evaluate DSL-StrongPasswordData.csv --protocol static --detector all
      the comparison that papers print
  keydyn evaluate mine.csv --protocol first:10 --impostors last5
      frozen after ten typings, against people who have practised
  keydyn evaluate mine.csv --protocol stream:50 --learn nothing
      one person alone: refusals by session and keyboard
  keydyn evaluate mine.csv --target-frr 1,3,5 --attempts 3
      what an owner and an impostor get where 1, 3 and 5 % of attempts may be refused
  keydyn evaluate mine.csv --curve --detector sequence-memory,scaled-manhattan
      how many typings it takes
  keydyn evaluate mine.csv --save before.json
  keydyn evaluate mine.csv --gain plain --compare before.json
      whether a change makes a difference, by a paired test over users
  keydyn evaluate mine.csv --protocol first:10 --detector temporal-memory --users 5
      what takes long on the first five accounts, against everybody
  keydyn evaluate mine.csv --csv scores.csv --json
      every attempt in a file, and the figures for a program to read
  keydyn evaluate mine.csv --detector all --html result.html
      with curves and other charts, in a page for the browser

A recording of your own, a row a key (times in ms; release_ms may be empty or left out):
  subject,session,rep,index,key,press_ms,release_ms
  anna,1,1,0,k,0,95
  anna,1,1,1,e,180.5,260
With a column `account` (whose password it is), whoever types another's password is an impostor on
that account and nobody else is. A column `keyboard` is told apart in the result.

The CMU benchmark is at https://www.cs.cmu.edu/~keystroke/; docs/evaluation.md defines every
protocol and figure.
";

/// Measure how often owners are refused and impostors accepted on recorded typing.
///
/// FILE is a CSV file whose first line names its columns: a row a key (see below), or a row a
/// typing as the CMU benchmark is published. Every typist in turn is the owner of an account, and
/// others' typings of the same text are impostors' attempts on it.
///
/// FRR is the share of the owners' attempts that are refused, FAR the share of impostors' attempts
/// that are accepted, both at the threshold that the module uses. EER is where both are equal if
/// every account had the threshold that suits it best, known only afterwards; detectors are
/// compared by it. Rates are means over accounts, and intervals hold the mean with 95 % confidence
/// if other people of the same kind had been recorded.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    /// The recording
    file: PathBuf,

    #[command(flatten)]
    options: Options,

    /// Add the FAR where an account's FRR is 1, 3 and 5 %, its threshold found afterwards
    #[arg(long)]
    details: bool,

    /// Add the figures of each account
    #[arg(long)]
    per_user: bool,

    /// Write JSON instead of a table: rates as fractions, null where a figure does not apply. If
    /// anything fails, nothing is written
    #[arg(long)]
    json: bool,

    /// Write the JSON to a file too, for `--compare` later
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Compare with a run that was saved, user by user; it must be of the same recording. Can be
    /// given several times
    #[arg(long, value_name = "FILE")]
    compare: Vec<PathBuf>,

    /// Write every judged attempt with its score to a CSV file; `-` writes it instead of the table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,

    /// Also write all of it into this file as one page for a browser or a printer, with DET and
    /// ROC curves, histograms, rates over time and by user, and detectors side by side
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Arguments {
    /// The files that are written.
    fn outputs(&self) -> Vec<&Path> {
        let scores = self.csv.iter().filter(|path| **path != Path::new("-"));
        self.save
            .iter()
            .chain(scores)
            .chain(&self.html)
            .map(PathBuf::as_path)
            .collect()
    }

    fn parts(&self) -> Parts {
        Parts {
            curve: self.options.curve(),
            details: self.details,
            per_user: self.per_user,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let scores = arguments.csv.as_deref();
    let plan = arguments
        .options
        .plan(scores.is_some() || arguments.html.is_some())?;
    let to_stdout = scores == Some(Path::new("-"));
    if to_stdout && arguments.json {
        let both = "`--csv -` and `--json` both write to standard output; give one of them a file";
        return Err(Failure::Usage(both.to_owned()));
    }
    output::check_apart(&arguments.file, &arguments.compare, &arguments.outputs())?;
    let data = arguments.options.accounts(open(&arguments.file)?);
    let data = data.map_err(|reason| Failure::Unsuitable {
        file: shown(&arguments.file),
        reason,
    })?;
    let earlier = arguments
        .compare
        .iter()
        .map(|path| Saved::open(path, &data));
    let earlier = earlier.collect::<Result<Vec<_>, _>>()?;
    let mut drafts = Drafts {
        save: arguments.save.as_deref().map(Draft::begin).transpose()?,
        csv: match scores {
            Some(path) if !to_stdout => Some(Draft::begin(path)?),
            _ => None,
        },
        html: arguments.html.as_deref().map(Draft::begin).transpose()?,
    };
    let mut digests = Vec::new();
    let results = measure_all(arguments, &data, plan, |results| {
        if let Some(outcome) = results.last().filter(|_| arguments.html.is_some()) {
            digests.push(Digest::of(&outcome.figures, &fars()));
        }
        if to_stdout {
            return Ok(attempts::write(out, &data, results)?);
        }
        match &mut drafts.csv {
            Some(draft) => attempts::write(draft.writer(), &data, results)
                .map_err(|error| draft.failure(error)),
            None => Ok(()),
        }
    })?;
    let comparisons = comparison::all(&results, &earlier)?;
    let document = || json::document(&shown(&arguments.file), &data, &results, &comparisons);
    let page = || {
        let page = Page {
            file: &shown(&arguments.file),
            command: &command_line(),
            data: &data,
            outcomes: &results,
            digests: &digests,
            comparisons: &comparisons,
            parts: arguments.parts(),
        };
        page.html()
    };
    drafts.finish(&document, &page)?;
    if arguments.json {
        json::write(out, &document())?;
    } else if !to_stdout {
        let told = table(arguments, &data, &results, &comparisons);
        out.write_all(told.as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Files that are put in their places when all is measured.
struct Drafts {
    save: Option<Draft>,
    csv: Option<Draft>,
    html: Option<Draft>,
}

impl Drafts {
    fn finish(
        self,
        document: &dyn Fn() -> json::Document,
        page: &dyn Fn() -> String,
    ) -> Result<(), Failure> {
        if let Some(html) = self.html {
            html.whole(&page())?;
        }
        if let Some(csv) = self.csv {
            csv.finish()?;
        }
        if let Some(mut save) = self.save {
            let written = json::write(save.writer(), &document());
            written.map_err(|error| save.failure(error))?;
            save.finish()?;
        }
        Ok(())
    }
}

fn table(
    arguments: &Arguments,
    data: &DataSet,
    results: &[Outcome],
    comparisons: &[Comparison],
) -> String {
    let file = shown(&arguments.file);
    text::result(
        &Paper::of_stdout(),
        &file,
        data,
        results,
        comparisons,
        arguments.parts(),
    )
}

/// Measures one after the other. `on_outcome` gets each with the attempts it is made of, which are
/// dropped then: they are too many to be kept of several detectors.
fn measure_all(
    arguments: &Arguments,
    data: &DataSet,
    plan: Vec<(Setup, DetectorKind)>,
    mut on_outcome: impl FnMut(&[Outcome]) -> Result<(), Failure>,
) -> Result<Vec<Outcome>, Failure> {
    let mut results: Vec<Outcome> = Vec::new();
    let mut unreached = None;
    for (setup, kind) in plan {
        match measure(data, &setup, kind) {
            Ok(figures) => {
                let score_us = stopwatch::score_micros(data, &setup, kind);
                results.push(Outcome { figures, score_us });
                on_outcome(&results)?;
                if let Some(outcome) = results.last_mut() {
                    outcome.figures.judged = Vec::new();
                }
            }
            Err(reason @ Unsuitable::TooFewRepetitions { .. }) if arguments.options.curve() => {
                unreached.get_or_insert(reason);
            }
            Err(reason) => return Err(unsuitable(arguments, reason)),
        }
    }
    match unreached.filter(|_| results.is_empty()) {
        Some(reason) => Err(unsuitable(arguments, reason)),
        None => Ok(results),
    }
}

fn unsuitable(arguments: &Arguments, reason: Unsuitable) -> Failure {
    Failure::Unsuitable {
        file: shown(&arguments.file),
        reason,
    }
}

/// The file's name for titles and messages.
pub(super) fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

pub(super) fn open(path: &Path) -> Result<DataSet, Failure> {
    let file = shown(path);
    match File::open(path) {
        Ok(source) => {
            let length = source.metadata().map_or(0, |metadata| metadata.len());
            let bar = bar(length, "reading", "{msg} {wide_bar} {bytes}/{total_bytes}");
            let data = read::read(bar.wrap_read(source), &file);
            bar.finish_and_clear();
            Ok(data?)
        }
        Err(error) => Err(Failure::Open { file, error }),
    }
}

/// Evaluates with a progress bar.
fn measure(data: &DataSet, setup: &Setup, kind: DetectorKind) -> Result<Figures, Unsuitable> {
    let bar = bar(
        setup.trials(data),
        kind.name(),
        "{msg} {wide_bar} {pos}/{len}",
    );
    let figures = evaluate(data, setup, kind, &|| bar.inc(1));
    bar.finish_and_clear();
    figures
}

/// A bar on standard error, which indicatif shows on a terminal only.
pub(super) fn bar(length: u64, message: &'static str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(message);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
