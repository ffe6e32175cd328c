//! `keydyn evaluate`: error rates of detectors on recorded typing.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use keydyn_core::detector::{DetectorKind, Threshold};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::figures::{Figures, evaluate};
use keydyn_core::eval::protocol::{ImpostorSet, LearnRule, Protocol};
use keydyn_core::eval::read;
use keydyn_core::eval::setup::{Setup, Unsuitable};
use keydyn_core::policy::Strictness;
use keydyn_core::printable::printable;
use keydyn_core::template::GainPolicy;

use crate::failure::{EXIT_CODES, Failure};
use crate::report::paper::Paper;
use crate::report::{Outcome, json, text};
use crate::stopwatch;

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
  keydyn evaluate mine.csv --protocol first:10 --detector temporal-memory --users 5
      what takes long on the first five accounts, against everybody
  keydyn evaluate mine.csv --detector sequence-memory,manhattan --json
      for a program to read

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

    /// How the recording is divided. `static`: enrol on the first half of an owner's typings, test
    /// on the second. `first:N`: enrol on the first N, test on the next 50. `last:N`: enrol on the
    /// last N of the first half, test on the second half. These learn nothing more. `stream:N`:
    /// enrol on the first N and go on in order, learning, as a login does
    #[arg(long, value_name = "static|first:N|last:N|stream:N",
          default_value_t = Protocol::default())]
    protocol: Protocol,

    /// Under `stream`, use every Kth typing after the enrolment: 10 makes five logins a day out of
    /// the CMU benchmark's fifty. Each of the K offsets is a run of its own
    #[arg(long, value_name = "K", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    every: u16,

    /// Which typings of each other person are impostors' attempts: the first N, before practice,
    /// or the last N, after it [default: first5; with a column `account`: all]
    #[arg(long, value_name = "firstN|lastN|all")]
    impostors: Option<ImpostorSet>,

    /// Under `stream`, a login is over when an attempt is accepted or N are refused; logins are
    /// then counted too
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=100))]
    attempts: u16,

    /// What is learned under `stream`
    #[arg(long, value_enum, default_value_t)]
    learn: Learn,

    /// How much the later typings of one sitting count under `stream`
    #[arg(long, value_enum, default_value_t)]
    gain: Gain,

    /// Which of the module's thresholds decides
    #[arg(long, value_enum, default_value_t)]
    strictness: Preset,

    /// Decide by this threshold instead: a score up to C is accepted. It is the product's
    /// detector's; the others have none
    #[arg(long, value_name = "C", allow_negative_numbers = true, conflicts_with = "strictness",
          value_parser = finite)]
    threshold: Option<f64>,

    /// How often impostors' attempts are drawn anew under `stream`; figures are means over it
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,

    /// Which detectors are measured: a list with commas, or `all`, which leaves temporal-memory
    /// out: on the CMU benchmark it takes hours, so name it, and a few `--users`
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "sequence-memory"
    )]
    detector: Vec<Choice>,

    /// Evaluate the accounts of the first N users only, for a detector that takes hours: everybody
    /// remains an impostor on them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    users: Option<u32>,

    /// Write JSON instead of a table: rates as fractions, null where a figure does not apply
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Learn {
    /// What is accepted, impostors' attempts too, as the module does
    #[default]
    Accepted,
    /// Every attempt of the owner and no other, accepted or not
    Genuine,
    /// Nothing: all that follows the enrolment is tested
    Nothing,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Gain {
    /// From the fourth on, less and less: today's typing is not how the owner always types
    #[default]
    Burst,
    /// All the same
    Plain,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Preset {
    /// Refuses owners least
    Lenient,
    /// The module's default
    #[default]
    Normal,
    /// Accepts impostors least
    Strict,
}

/// A detector, or all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Choice {
    One(DetectorKind),
    All,
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        static VARIANTS: LazyLock<Vec<Choice>> = LazyLock::new(|| {
            let each = DetectorKind::ALL.into_iter().map(Choice::One);
            each.chain([Choice::All]).collect()
        });
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::One(kind) => PossibleValue::new(kind.name()).help(kind.summary()),
            Self::All => PossibleValue::new("all")
                .help("Every one but temporal-memory, the product's own first"),
        })
    }
}

fn finite(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .filter(|c| c.is_finite())
        .ok_or_else(|| "a threshold is a number, -0.1 for example".to_owned())
}

impl Arguments {
    fn setup(&self) -> Setup {
        let strictness = match self.strictness {
            Preset::Lenient => Strictness::Lenient,
            Preset::Normal => Strictness::Normal,
            Preset::Strict => Strictness::Strict,
        };
        Setup {
            protocol: self.protocol,
            every: usize::from(self.every),
            impostors: self.impostors,
            attempts: usize::from(self.attempts),
            learn: match self.learn {
                Learn::Accepted => LearnRule::Accepted,
                Learn::Genuine => LearnRule::Genuine,
                Learn::Nothing => LearnRule::Nothing,
            },
            gain: match self.gain {
                Gain::Burst => GainPolicy::Burst,
                Gain::Plain => GainPolicy::Plain,
            },
            threshold: self
                .threshold
                .map_or(Threshold::Of(strictness), Threshold::Value),
            seeds: self.seeds,
        }
    }

    /// Each once, in the order in which they were asked for.
    fn detectors(&self) -> Vec<DetectorKind> {
        let mut kinds = Vec::new();
        for choice in &self.detector {
            let all = *choice == Choice::All;
            for kind in DetectorKind::ALL {
                let asked = *choice == Choice::One(kind) || (all && !kind.takes_hours());
                if asked && !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        kinds
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let setup = arguments.setup();
    setup
        .check()
        .map_err(|conflict| Failure::Usage(conflict.to_string()))?;
    let unsuitable = |reason| Failure::Unsuitable {
        file: shown(&arguments.file),
        reason,
    };
    let mut data = open(&arguments.file)?;
    if let Some(users) = arguments.users {
        let first = data.with_accounts(users as usize);
        data = first.map_err(|error| unsuitable(error.into()))?;
    }
    let mut results = Vec::new();
    for kind in arguments.detectors() {
        let figures = measure(&data, &setup, kind).map_err(unsuitable)?;
        let score_us = stopwatch::score_micros(&data, &setup, kind);
        results.push(Outcome { figures, score_us });
    }
    if arguments.json {
        json::write(out, &data, &results)?;
    } else {
        let file = shown(&arguments.file);
        let paper = Paper::of_stdout();
        out.write_all(text::result(&paper, &file, &data, &results).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// The file's name for titles and messages.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

fn open(path: &Path) -> Result<DataSet, Failure> {
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
fn bar(length: u64, message: &'static str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(message);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
