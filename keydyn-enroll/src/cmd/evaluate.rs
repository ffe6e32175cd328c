//! `keydyn evaluate`: error rates of detectors on recorded typing.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use keydyn_core::detector::DetectorKind;
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::figures::{Figures, evaluate};
use keydyn_core::eval::protocol::{LearnRule, Protocol, Setup, Unsuitable};
use keydyn_core::eval::read;
use keydyn_core::policy::Strictness;
use keydyn_core::template::GainPolicy;

use crate::failure::{EXIT_CODES, Failure};
use crate::report::{Outcome, json, table};
use crate::stopwatch;

const EXAMPLES: &str = "\
Examples:
  keydyn evaluate DSL-StrongPasswordData.csv
      as in daily use: ten typings, then learn what is accepted
  keydyn evaluate DSL-StrongPasswordData.csv --protocol static --detector all
      the comparison that papers print
  keydyn evaluate DSL-StrongPasswordData.csv --strictness strict --json
      for a program to read

The data are published at https://www.cs.cmu.edu/~keystroke/; docs/evaluation.md defines every
protocol and figure.
";

/// Measure how often owners are refused and impostors accepted on recorded typing.
///
/// FILE is a CSV file as the CMU benchmark publishes it: columns subject, sessionIndex, rep, then
/// H.key (hold), DD.key.key (press to press) and UD.key.key (release to press), in seconds. Every
/// typist in turn is the owner of an account, and the first five typings of each other one are
/// impostors' attempts on it.
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

    /// How the recording is divided: `static` enrols on the first half of an owner's typings and
    /// tests on the second, learning nothing; `stream:N` enrols on the first N and goes on in
    /// order, learning
    #[arg(long, value_name = "static|stream:N", default_value_t = Protocol::default())]
    protocol: Protocol,

    /// What is learned under `stream`
    #[arg(long, value_enum, default_value_t)]
    learn: Learn,

    /// How much the later typings of one sitting count
    #[arg(long, value_enum, default_value_t)]
    gain: Gain,

    /// Which of the module's thresholds decides
    #[arg(long, value_enum, default_value_t)]
    strictness: Threshold,

    /// How often impostors' attempts are drawn anew under `stream`; figures are means over it
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,

    /// Which detector is measured
    #[arg(long, value_enum, default_value_t)]
    detector: Detectors,

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
enum Threshold {
    /// Refuses owners least
    Lenient,
    /// The module's default
    #[default]
    Normal,
    /// Accepts impostors least
    Strict,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Detectors {
    /// The product's own
    #[default]
    SequenceMemory,
    /// The best of Killourhy and Maxion's comparison of 2009
    ScaledManhattan,
    /// Every one, the product's own first
    All,
}

impl Arguments {
    fn setup(&self) -> Setup {
        Setup {
            protocol: self.protocol,
            learn: match self.learn {
                Learn::Accepted => LearnRule::Accepted,
                Learn::Genuine => LearnRule::Genuine,
            },
            gain: match self.gain {
                Gain::Burst => GainPolicy::Burst,
                Gain::Plain => GainPolicy::Plain,
            },
            strictness: match self.strictness {
                Threshold::Lenient => Strictness::Lenient,
                Threshold::Normal => Strictness::Normal,
                Threshold::Strict => Strictness::Strict,
            },
            seeds: self.seeds,
        }
    }

    fn detectors(&self) -> &'static [DetectorKind] {
        match self.detector {
            Detectors::SequenceMemory => &[DetectorKind::SequenceMemory],
            Detectors::ScaledManhattan => &[DetectorKind::ScaledManhattan],
            Detectors::All => &DetectorKind::ALL,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let data = open(&arguments.file)?;
    let setup = arguments.setup();
    let mut results = Vec::new();
    for &kind in arguments.detectors() {
        let figures = measure(&data, &setup, kind).map_err(|reason| Failure::Unsuitable {
            file: arguments.file.display().to_string(),
            reason,
        })?;
        let score_us = stopwatch::score_micros(&data, &setup, kind);
        results.push(Outcome { figures, score_us });
    }
    if arguments.json {
        json::write(out, &results)?;
    } else {
        let title = table::title(&arguments.file, &data, &setup);
        table::write(out, &title, &results)?;
    }
    Ok(out.flush()?)
}

fn open(path: &Path) -> Result<DataSet, Failure> {
    let file = path.display().to_string();
    match File::open(path) {
        Ok(source) => Ok(read::read(source, &file)?),
        Err(error) => Err(Failure::Open { file, error }),
    }
}

/// Evaluates with a progress bar, which indicatif shows on a terminal only.
fn measure(data: &DataSet, setup: &Setup, kind: DetectorKind) -> Result<Figures, Unsuitable> {
    let bar = ProgressBar::new(setup.trials(data)).with_message(kind.name());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    let figures = evaluate(data, setup, kind, &|| bar.inc(1));
    bar.finish_and_clear();
    figures
}
