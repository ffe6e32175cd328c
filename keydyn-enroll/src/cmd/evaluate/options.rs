//! What can be asked of an evaluation, and what goes together.

use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use keydyn_core::detector::{DetectorKind, Threshold};
use keydyn_core::eval::calibration;
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::protocol::{CURVE, ImpostorSet, LearnRule, Protocol};
use keydyn_core::eval::setup::{Setup, Unsuitable};
use keydyn_core::memory::Ingredient;
use keydyn_core::policy::Strictness;
use keydyn_core::template::GainPolicy;

use crate::failure::Failure;

/// Options with a default that would have no effect in some company are optional here: only what
/// was written can be refused.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// How the recording is divided. `static`: enrol on the first half of an owner's typings, test
    /// on the second. `first:N`: enrol on the first N, test on the next 50. `last:N`: enrol on the
    /// last N of the first half, test on the second half. These learn nothing more. `stream:N`:
    /// enrol on the first N and go on in order, learning, as a login does [default: stream:10]
    #[arg(long, value_name = "static|first:N|last:N|stream:N")]
    protocol: Option<Protocol>,

    /// A learning curve instead: `first:N` for N = 3, 5, 8, 10, 15, 20, 30, 40 and 50, as far as
    /// the recording goes
    #[arg(long, conflicts_with = "protocol")]
    curve: bool,

    /// Under `static`, `first` and `last`, test on N typings of each owner at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    hold_out: Option<u32>,

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

    /// What is learned under `stream` [default: accepted]
    #[arg(long, value_enum)]
    learn: Option<Learn>,

    /// How much the later typings of one sitting count under `stream` [default: burst]
    #[arg(long, value_enum)]
    gain: Option<Gain>,

    /// Which of the module's thresholds decides [default: normal]
    #[arg(long, value_enum)]
    strictness: Option<Preset>,

    /// Decide by this threshold instead: a score up to C is accepted. It is the product's
    /// detector's; the others have none
    #[arg(long, value_name = "C", allow_negative_numbers = true, conflicts_with = "strictness",
          value_parser = finite)]
    threshold: Option<f64>,

    /// Decide by the threshold that is calibrated for this FRR of an attempt, in per cent from 1 to
    /// 5; a list with commas is measured one by one. How it turned out is told beside
    #[arg(long, value_name = "P,...", value_delimiter = ',', value_parser = target,
          conflicts_with_all = ["strictness", "threshold"])]
    target_frr: Vec<f64>,

    /// How often impostors' attempts are drawn anew under `stream`; figures are means over it
    /// [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: Option<u32>,

    /// Which detectors are measured: a list with commas, or `all`. With several, the EER of each is
    /// compared with the first one's, user by user
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
    /// From the seventh on, less and less: today's typing is not how the owner always types
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
    Ablation,
}

fn ablation() -> impl Iterator<Item = DetectorKind> {
    Ingredient::ALL.into_iter().map(DetectorKind::Without)
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        static VARIANTS: LazyLock<Vec<Choice>> = LazyLock::new(|| {
            let each = DetectorKind::ALL.into_iter().chain(ablation());
            let some = [Choice::All, Choice::Ablation];
            each.map(Choice::One).chain(some).collect()
        });
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::One(kind) => PossibleValue::new(kind.name()).help(kind.summary()),
            Self::All => PossibleValue::new("all")
                .help("The product's own and every published one but temporal-memory"),
            Self::Ablation => PossibleValue::new("ablation")
                .help("The product's own, then without each of its ingredients"),
        })
    }
}

pub(in crate::cmd) fn finite(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .filter(|c| c.is_finite())
        .ok_or_else(|| "a threshold is a number, -0.1 for example".to_owned())
}

/// A share, of per cent that there is a threshold for.
fn target(text: &str) -> Result<f64, String> {
    let percent: Option<f64> = text.trim().parse().ok();
    let share = percent.map(|percent| percent / 100.0);
    let [least, most] = calibration::TARGETS.map(|share| 100.0 * share);
    share
        .filter(|share| calibration::threshold(*share).is_some())
        .ok_or_else(|| {
            format!("thresholds are calibrated for an FRR of {least} to {most} per cent")
        })
}

impl Options {
    /// What to measure, in order: a setup and a detector each.
    ///
    /// # Errors
    /// What does not go together, or would have no effect.
    pub(super) fn plan(&self, record: bool) -> Result<Vec<(Setup, DetectorKind)>, Failure> {
        let setup = Setup {
            record,
            ..self.setup()
        };
        let checked = setup.check().map_err(|conflict| conflict.to_string());
        let checked = checked.and_then(|()| self.check_effects(&setup));
        checked.map_err(Failure::Usage)?;
        let mut plan = Vec::new();
        for kind in self.detectors() {
            for setup in self.targets(&setup, kind) {
                let protocols = match self.curve {
                    true => CURVE.map(Protocol::First).to_vec(),
                    false => vec![setup.protocol],
                };
                let of = protocols.into_iter();
                plan.extend(of.map(|protocol| (Setup { protocol, ..setup }, kind)));
            }
        }
        Ok(plan)
    }

    /// Whether single points may be left out that the recording does not reach.
    pub(super) fn curve(&self) -> bool {
        self.curve
    }

    fn setup(&self) -> Setup {
        let strictness = match self.strictness.unwrap_or_default() {
            Preset::Lenient => Strictness::Lenient,
            Preset::Normal => Strictness::Normal,
            Preset::Strict => Strictness::Strict,
        };
        let usual = Setup::default();
        let protocol = match self.curve {
            true => Protocol::First(CURVE[0]),
            false => self.protocol.unwrap_or_default(),
        };
        Setup {
            protocol,
            every: usize::from(self.every),
            impostors: self.impostors,
            attempts: usize::from(self.attempts),
            learn: match self.learn.unwrap_or_default() {
                Learn::Accepted => LearnRule::Accepted,
                Learn::Genuine => LearnRule::Genuine,
                Learn::Nothing => LearnRule::Nothing,
            },
            gain: match self.gain.unwrap_or_default() {
                Gain::Burst => GainPolicy::Burst,
                Gain::Plain => GainPolicy::Plain,
            },
            threshold: self
                .threshold
                .map_or(Threshold::Of(strictness), Threshold::Value),
            hold_out: self.hold_out.map(|n| n as usize),
            seeds: self.seeds.unwrap_or(usual.seeds),
            ..usual
        }
    }

    /// The setup at each target, if there are any and the detector has a threshold.
    fn targets(&self, setup: &Setup, kind: DetectorKind) -> Vec<Setup> {
        if self.target_frr.is_empty() || !kind.has_threshold() {
            return vec![*setup];
        }
        let at = |target: &f64| {
            let threshold = calibration::threshold(*target)?;
            Some(Setup {
                threshold: Threshold::Value(threshold),
                target_frr: Some(*target),
                ..*setup
            })
        };
        let mut targets = Vec::new();
        for setup in self.target_frr.iter().filter_map(at) {
            if !targets.contains(&setup) {
                targets.push(setup);
            }
        }
        targets
    }

    /// Each once, in the order in which they were asked for.
    /// The accounts that are asked for.
    pub(super) fn accounts(&self, data: DataSet) -> Result<DataSet, Unsuitable> {
        match self.users {
            Some(users) => Ok(data.with_accounts(users as usize)?),
            None => Ok(data),
        }
    }

    fn detectors(&self) -> Vec<DetectorKind> {
        let mut kinds = Vec::new();
        for choice in &self.detector {
            let quick = |kind: &DetectorKind| !kind.takes_hours();
            let asked: Vec<DetectorKind> = match choice {
                Choice::One(kind) => vec![*kind],
                Choice::All => DetectorKind::ALL.into_iter().filter(quick).collect(),
                Choice::Ablation => [DetectorKind::default()]
                    .into_iter()
                    .chain(ablation())
                    .collect(),
            };
            for kind in asked {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        kinds
    }

    /// Whoever writes an option expects something of it.
    fn check_effects(&self, setup: &Setup) -> Result<(), String> {
        let learning = [
            (self.learn.is_some(), "--learn"),
            (self.gain.is_some(), "--gain"),
            (self.seeds.is_some(), "--seeds"),
        ];
        if let (false, Some(option)) = (setup.protocol.streams(), written(&learning)) {
            let asked = match self.curve {
                true => "a learning curve".to_owned(),
                false => setup.protocol.to_string(),
            };
            return Err(format!(
                "{asked} learns nothing after the enrolment and uses every impostor attempt once, so `{option}` has no effect; leave it out, or use `--protocol stream:N`"
            ));
        }
        if setup.learn == LearnRule::Nothing && self.gain.is_some() {
            return Err(
                "nothing is learned, so `--gain` has no effect; leave it out, or `--learn nothing`"
                    .to_owned(),
            );
        }
        if setup.protocol.streams() && !setup.draws_impostors() && self.seeds.is_some() {
            return Err(
                "every impostor attempt is used once, so `--seeds` has no effect; leave it out, or `--learn nothing`"
                    .to_owned(),
            );
        }
        let deciding = [
            (self.strictness.is_some(), "--strictness"),
            (self.threshold.is_some(), "--threshold"),
            (!self.target_frr.is_empty(), "--target-frr"),
            (self.attempts > 1, "--attempts"),
        ];
        let kinds = self.detectors();
        let decided = kinds.iter().any(|kind| kind.has_threshold());
        if let (false, Some(option)) = (decided, written(&deciding)) {
            let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
            return Err(format!(
                "`{option}` is about decisions, and nothing that is measured ({}) has a threshold known beforehand to decide by; leave it out, or add `sequence-memory` to `--detector`",
                names.join(", ")
            ));
        }
        Ok(())
    }
}

/// The first of these options that was written.
fn written(options: &[(bool, &'static str)]) -> Option<&'static str> {
    let mut written = options.iter().filter(|(written, _)| *written);
    written.next().map(|(_, option)| *option)
}
