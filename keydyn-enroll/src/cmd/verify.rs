//! `keydyn verify`: a login as it would be judged, explained, and nothing written.

use std::io::Write;

use clap::Args;
use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::explain::Explanation;
use keydyn_core::memory::{Step, StepKind};
use keydyn_core::policy::{Decision, Strictness, decide};
use keydyn_core::store::profile::Profile;
use keydyn_core::store::state::{AccountState, Phase};
use keydyn_core::store::switch::Switch;
use keydyn_core::store::vault::{LearnError, Opening, Slot, Standing, Vault};
use keydyn_sys::file::StateDir;
use keydyn_sys::system;
use serde::Serialize;

use crate::account::Account;
use crate::failure::{EXIT_CODES, Failure};
use crate::report::counted;
use crate::terminal::paragraph;
use crate::typist::{Typed, TypingFailure, advice};

use super::sitting::{Sitting, end_as_asked};

/// Steps that are told, furthest off first, and how far off they must be to be told.
const TOLD: usize = 5;
const UNUSUAL: f64 = 2.0;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn verify
      judges how you type your own password now
  sudo keydyn verify alice --strictness strict
      judges alice, who types hers, as a stack with strictness=strict would
  sudo keydyn verify --json > report.json
      for a program to read; the question still goes to the terminal
";

/// Type the password once, and see how a login would judge it.
///
/// Tells which positions were unlike the usual, and what the module would have done in each mode,
/// wherever it stands in a stack. A dry run: nothing is written, learned or counted. Exit code 0 if
/// accepted, 1 if refused or undecided.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    sitting: Sitting,

    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let report = judge(arguments).map_err(end_as_asked)?;
    if arguments.json {
        serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        report.write(out)?;
    }
    out.flush()?;
    match report.decision {
        "accepted" => Ok(()),
        _ => Err(TypingFailure::No.into()),
    }
}

/// Asks once and judges; the terminal is as it was again when this returns.
fn judge(arguments: &Arguments) -> Result<Report, Failure> {
    let (places, account, mut desk) = arguments.sitting.open("verify")?;
    // A dry run makes no key where there is none.
    let host_key = |main: &StateDir| Ok(main.host_key().ok().flatten());
    let (known, typed) = desk.ask_for_password(&account, &places, host_key)?;
    let vault = Vault::new(account.uid, &places.main, &places.run, known.host.as_ref());
    let keys = known.keys().fitting(vault.derivation());
    let opening = vault.open(keys.found.0);
    let standing = vault.standing(&opening);
    let strictness = arguments.sitting.strictness();
    let mut report = match opening {
        Opening::Damaged(damage) => return Err(TypingFailure::Damage(damage).into()),
        Opening::Absent if matches!(&standing, Standing::Known(state) if state.phase == Phase::Armed) => {
            Report::without_profile(&account, &Standing::Unknown, "the profile is gone")
        }
        Opening::Absent => Report::without_profile(&account, &standing, "nothing is learned yet"),
        Opening::OtherPassword => Report::without_profile(
            &account,
            &standing,
            "the profile is under another password, and this one is not learned yet",
        ),
        Opening::Open(profile, slot) => {
            let Standing::Known(state) = &standing else {
                return Err(TypingFailure::from(LearnError::StateUnknown).into());
            };
            match slot {
                Slot::First => Report::of(&account, &profile, state, typed, strictness),
                Slot::Second => Report::without_profile(
                    &account,
                    &standing,
                    "this password is being learned beside the profile of another one",
                ),
            }
        }
    };
    let switch = Switch::new(&places.main, &places.run);
    if system::switched_off() || switch.find_for(Some(account.uid)).is_set() {
        report.module = Module::always(
            "PAM_IGNORE",
            "keydyn is disabled, and the password alone is enough",
        );
    }
    Ok(report)
}

/// What is told.
#[derive(Debug, Serialize)]
struct Report {
    user: String,
    uid: u32,
    /// `accepted`, `refused` or `undecided`.
    decision: &'static str,
    /// Why it is undecided.
    reason: Option<String>,
    score: Option<f64>,
    threshold: Option<f64>,
    /// `none`, `learning`, `armed` or `unknown`.
    state: &'static str,
    samples: u32,
    unusual: Vec<Unusual>,
    module: Module,
}

/// One step that was unlike the usual. Positions are counted from 1.
#[derive(Debug, Serialize)]
struct Unusual {
    /// `hold` of the key at `position`, or `way` from it to the next.
    step: &'static str,
    position: usize,
    direction: &'static str,
    /// In units of the usual spread.
    spreads: f64,
}

/// What the module would have done, wherever it stands in a stack with its usual arguments.
#[derive(Debug, Serialize)]
struct Module {
    /// With `mode=auto`.
    returns: &'static str,
    /// With `mode=enforce`.
    returns_enforcing: &'static str,
    why: String,
}

impl Module {
    /// The same in both modes.
    fn always(returns: &'static str, why: &str) -> Self {
        Self {
            returns,
            returns_enforcing: returns,
            why: why.to_owned(),
        }
    }

    /// `shadow` is told with the words: it refuses nobody.
    fn words(&self) -> String {
        let Self {
            returns,
            returns_enforcing,
            why,
        } = self;
        let enforcing = match returns == returns_enforcing {
            true => "mode=enforce the same".to_owned(),
            false => format!("mode=enforce {returns_enforcing}"),
        };
        format!(
            "In a stack with mode=auto, which is the default, the module would have returned \
             {returns}: {why}. With {enforcing}, with mode=shadow PAM_IGNORE whatever it finds."
        )
    }
}

impl Report {
    fn without_profile(account: &Account, standing: &Standing, reason: &str) -> Self {
        Self {
            user: account.argument(),
            uid: account.uid,
            decision: "undecided",
            reason: Some(reason.to_owned()),
            score: None,
            threshold: None,
            state: word(standing),
            samples: 0,
            unusual: Vec::new(),
            module: module(account.uid, standing, None),
        }
    }

    fn of(
        account: &Account,
        profile: &Profile,
        state: &AccountState,
        typed: Typed,
        strictness: Strictness,
    ) -> Self {
        let judged = typed.sample.and_then(|sample| {
            let now = system::now();
            let score = profile.judge(&sample, now)?.score;
            Ok((score, profile.explain(&sample, now)?))
        });
        let decision = match &judged {
            Ok((score, _)) => Ok(decide(*score, strictness)),
            Err(failure) => Err(*failure),
        };
        let reason = match decision {
            Err(failure) => Some(format!("{failure}. {}", advice(failure))),
            Ok(Decision::Undecided) => Some("too little is learned yet".to_owned()),
            Ok(_) => None,
        };
        let (score, unusual) = match &judged {
            Ok((score, explanation)) => (*score, unusual(explanation)),
            Err(_) => (None, Vec::new()),
        };
        let in_force = state.phase == Phase::Armed;
        let standing = Standing::Known(state.clone());
        Self {
            user: account.argument(),
            uid: account.uid,
            decision: match decision {
                Ok(Decision::Genuine) => "accepted",
                Ok(Decision::Impostor) => "refused",
                _ => "undecided",
            },
            reason,
            score: score.map(|score| (score * 1000.0).round() / 1000.0),
            threshold: Some(strictness.threshold()),
            state: word(&standing),
            samples: profile.learned(),
            unusual,
            module: module(account.uid, &standing, in_force.then_some(decision)),
        }
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let verdict = match (self.decision, &self.reason) {
            ("accepted", _) => format!("Accepted: this is how {} types.", self.user),
            ("refused", _) => format!("Refused: this is not how {} types.", self.user),
            (_, Some(reason)) => format!("Undecided: {}.", reason.trim_end_matches('.')),
            (_, None) => "Undecided.".to_owned(),
        };
        paragraph(out, &verdict, "")?;
        if self.unusual.is_empty() && self.score.is_some() {
            paragraph(out, "No position stood out.", "")?;
        }
        for step in &self.unusual {
            paragraph(out, &step.to_string(), "    ")?;
        }
        let score = match (self.score, self.threshold) {
            (Some(score), Some(threshold)) => {
                format!(" Score {score:.2}; up to {threshold:.2} is accepted.")
            }
            _ => String::new(),
        };
        let text = format!(
            "State: {}, {} learned.{score} {} Nothing was written.",
            self.state,
            counted(self.samples, "typing"),
            self.module.words()
        );
        paragraph(out, &text, "")
    }
}

impl std::fmt::Display for Unusual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            position,
            direction,
            spreads,
            ..
        } = self;
        match self.step {
            "hold" => write!(f, "  key {position} was held {direction} than usual")?,
            _ => write!(
                f,
                "  from key {position} to key {} it took {direction} than usual",
                position + 1
            )?,
        }
        write!(f, " ({spreads:.1} times the usual spread)")
    }
}

fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Unknown => "unknown",
        Standing::Known(state) => match state.phase {
            Phase::None => "none",
            Phase::Learning => "learning",
            Phase::Armed => "armed",
        },
    }
}

fn unusual(explanation: &Explanation) -> Vec<Unusual> {
    let steps = explanation.furthest(TOLD).into_iter();
    steps
        .filter(|step| step.deviation.abs() > UNUSUAL)
        .map(|step: Step| Unusual {
            step: match step.kind {
                StepKind::Hold => "hold",
                StepKind::DownDown => "way",
            },
            position: step.position + 1,
            direction: if step.deviation > 0.0 {
                "longer"
            } else {
                "shorter"
            },
            spreads: (step.deviation.abs() * 10.0).round() / 10.0,
        })
        .collect()
}

/// As the outcome table has it (docs/pam-semantics.md), with `password_change=learn`. `judged` is
/// what a profile in force made of the typing.
fn module(
    uid: u32,
    standing: &Standing,
    judged: Option<Result<Decision, FailureToAcquire>>,
) -> Module {
    let state = match standing {
        Standing::Unknown => {
            return Module::always("PAM_AUTH_ERR", "what is known of the account is lost");
        }
        Standing::Known(state) => state,
    };
    let Some(decision) = judged else {
        let why = "no rhythm is in force for this password, which alone is enough; the login is \
                   learned";
        let module = Module::always("PAM_IGNORE", why);
        // Root stays able to log in, and so does whoever has changed a password in force.
        return match uid == 0 || state.phase == Phase::Armed {
            true => module,
            false => Module {
                returns_enforcing: "PAM_AUTH_ERR",
                ..module
            },
        };
    };
    if let Some(seconds) = state.cooling_down(system::now()) {
        let why = format!("after refusals in a row nothing is judged for {seconds} more seconds");
        return Module::always("PAM_AUTH_ERR", &why);
    }
    match decision {
        Ok(Decision::Genuine) => Module::always("PAM_SUCCESS", "the rhythm is the one in force"),
        Ok(_) => Module::always("PAM_AUTH_ERR", "the rhythm is not the one in force"),
        Err(_) => Module::always(
            "PAM_AUTH_ERR",
            "where a rhythm is in force, a typing that cannot be judged is refused",
        ),
    }
}
