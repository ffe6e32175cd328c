//! `keydyn attack`: how people get in who have the password and try.

use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use keydyn_core::detector::Threshold;
use keydyn_core::eval::attack::{self, Attack, Finding, Setup, Unsuitable};
use keydyn_core::eval::data::{DataSet, NotSoMany};
use keydyn_core::policy::Strictness;
use keydyn_core::template::GainPolicy;

use super::evaluate::options::finite;
use super::evaluate::{bar, open, shown};
use super::strictness;
use crate::failure::{EXIT_CODES, Failure};
use crate::report::attack::{json, text};
use crate::report::paper::Paper;

const EXAMPLES: &str = "\
Examples:
  keydyn attack DSL-StrongPasswordData.csv
      every attack, at the module's default strictness
  keydyn attack DSL-StrongPasswordData.csv --attack k-means --threshold -0.1
      which accounts fall to somebody who knows how other people type the text
  keydyn attack mine.csv --attack hijack --hours 24
      one person tries again and again for a day
  keydyn attack mine.csv --attack replay,replay-jitter,constant,scripted-human
      what can be tried on somebody who was recorded alone
  keydyn attack mine.csv --enrol 30 --json
      on accounts as they are after thirty typings, for a program to read

Recordings are those of `keydyn evaluate`; docs/evaluation.md defines every attack.
";

/// Measure how people who know the password and try get in, on recorded typing.
///
/// Every attack is made on the account of every user of the recording FILE, which has learned the
/// first half of the user's typings: ten in full, the others as in use. Told are the accounts on
/// which a try was accepted, and how often a single try is. Beside the password, attackers know how
/// other people type it; those who play back have recorded the owner.
///
/// Under `hijack` and `poisoning` the account goes on learning what it accepts, and the question is
/// whose account it is in the end. `poisoning` begins after ten typings.
///
/// Intervals hold the figure with 95 % confidence if other people of the same kind had been
/// recorded.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    /// The recording
    file: PathBuf,

    /// Which attacks are made: a list with commas, or `all`
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "all"
    )]
    attack: Vec<Choice>,

    #[command(flatten)]
    strictness: strictness::Threshold,

    /// Decide by this threshold instead: a score up to C is accepted
    #[arg(long, value_name = "C", allow_negative_numbers = true, conflicts_with = "strictness",
          value_parser = finite)]
    threshold: Option<f64>,

    /// The account has learned the owner's first N typings [default: the first half; before
    /// poisoning: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=1_000_000))]
    enrol: Option<u32>,

    /// How much the later typings of one sitting count, from the eleventh learned on
    #[arg(long, value_enum, default_value_t)]
    gain: Gain,

    /// How often what is drawn by chance is drawn anew; figures are means over it
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,

    /// Attack the first N accounts of the recording only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    users: Option<u32>,

    /// For how long a hijacker tries, again as soon as an attempt is judged [default: 1]
    #[arg(long, value_name = "H", allow_negative_numbers = true, value_parser = seconds)]
    hours: Option<Span>,

    /// Write JSON instead of tables: rates as fractions, null where a figure does not apply
    #[arg(long)]
    json: bool,
}

/// An attack, or all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Choice {
    One(Attack),
    All,
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        static VARIANTS: LazyLock<Vec<Choice>> = LazyLock::new(|| {
            let each = Attack::ALL.into_iter().map(Choice::One);
            each.chain([Choice::All]).collect()
        });
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::One(attack) => PossibleValue::new(attack.name()).help(attack.summary()),
            Self::All => PossibleValue::new("all").help("Every one"),
        })
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Gain {
    /// From the seventh on, less and less, as in use
    #[default]
    Burst,
    /// All the same, as in an enrolment
    Plain,
}

/// In seconds.
#[derive(Clone, Copy, Debug)]
struct Span(u64);

/// No time for a try is no attack, and a year is more than anybody tries.
const LEAST_HOURS: f64 = 0.001;
const MOST_HOURS: f64 = 8760.0;

fn seconds(text: &str) -> Result<Span, String> {
    let hours: Option<f64> = text.parse().ok();
    let hours = hours.filter(|hours| (LEAST_HOURS..=MOST_HOURS).contains(hours));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nothing and a year"
    )]
    hours
        .map(|hours| Span((3600.0 * hours).round() as u64))
        .ok_or_else(|| "hours are a number from 0.001 to 8760, 0.5 for example".to_owned())
}

impl Arguments {
    fn setup(&self) -> Setup {
        let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let strictness = Threshold::Of(self.strictness.or(Strictness::Normal));
        Setup {
            enrol: self.enrol.map(count),
            gain: match self.gain {
                Gain::Burst => GainPolicy::Burst,
                Gain::Plain => GainPolicy::Plain,
            },
            threshold: self.threshold.map_or(strictness, Threshold::Value),
            seeds: self.seeds,
            users: self.users.map(count),
            seconds: self.hours.map_or(Setup::default().seconds, |span| span.0),
        }
    }

    /// Each once, in the order in which they were asked for.
    fn attacks(&self) -> Vec<Attack> {
        let mut attacks = Vec::new();
        for choice in &self.attack {
            let asked = match choice {
                Choice::One(attack) => std::slice::from_ref(attack),
                Choice::All => &Attack::ALL,
            };
            for attack in asked {
                if !attacks.contains(attack) {
                    attacks.push(*attack);
                }
            }
        }
        attacks
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let setup = arguments.setup();
    let data = open(&arguments.file)?;
    let file = shown(&arguments.file);
    let unsuitable = |reason| Failure::NotAttackable {
        file: file.clone(),
        reason,
    };
    let attacks = arguments.attacks();
    if arguments.hours.is_some() && !attacks.contains(&Attack::Hijack) {
        let text = "only `hijack` takes time, so `--hours` has no effect; leave it out";
        return Err(Failure::Usage(text.to_owned()));
    }
    let (has, asked) = (data.typists().len(), setup.users.unwrap_or_default());
    if asked > has {
        return Err(Failure::Unsuitable {
            file,
            reason: NotSoMany { has, asked }.into(),
        });
    }
    // An hour's work is not begun if the last attack cannot be made.
    for attack in &attacks {
        setup.check(&data, *attack).map_err(unsuitable)?;
    }
    let mut findings = Vec::new();
    for attack in attacks {
        findings.push(make(&data, &setup, attack).map_err(unsuitable)?);
    }
    if arguments.json {
        json::write(out, &data, &findings)?;
    } else {
        let paper = Paper::of_stdout();
        out.write_all(text::result(&paper, &file, &data, &findings).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Attacks with a progress bar.
fn make(data: &DataSet, setup: &Setup, attack: Attack) -> Result<Finding, Unsuitable> {
    let accounts = setup.accounts(data) as u64;
    let bar = bar(accounts, attack.name(), "{msg} {wide_bar} {pos}/{len}");
    let finding = attack::run(data, setup, attack, &|| bar.inc(1));
    bar.finish_and_clear();
    finding
}
