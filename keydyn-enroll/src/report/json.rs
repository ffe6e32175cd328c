//! The result of an evaluation for programs. docs/evaluation.md describes every field.

use std::io::{self, Write};

use keydyn_core::eval::calibration::{Calibration, QUANTILES};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::figures::Figures;
use keydyn_core::eval::fingerprint::fingerprint;
use keydyn_core::eval::setup::{LeftOut, Reason};
use keydyn_core::eval::summary::Summary;
use keydyn_core::eval::trial::SittingTally;
use keydyn_core::eval::users::{FAR_AT_FRR, User};
use serde::Serialize;

use super::comparison::{Baseline, Comparison, Earlier};
use super::{Outcome, gain_word};

/// Everything that is told of a run.
#[derive(Serialize)]
pub(crate) struct Document {
    keydyn: &'static str,
    file: String,
    recording: Recording,
    detectors: Vec<Entry>,
    comparisons: Vec<Compared>,
}

#[derive(Serialize)]
pub(super) struct Recording {
    checksum: String,
    format: &'static str,
    users: usize,
    typings: usize,
    other_text: usize,
    same_number: usize,
    ignored_columns: Vec<String>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    protocol: String,
    every: usize,
    attempts: usize,
    hold_out: Option<usize>,
    impostors: String,
    draws: u32,
    threshold: Option<f64>,
    target_frr: Option<f64>,
    learn: Option<&'static str>,
    gain: Option<&'static str>,
    accounts: usize,
    left_out: Vec<Missing>,
    eer: Option<Spread>,
    zero_miss: Option<Spread>,
    global_eer: Option<f64>,
    far_at_frr: Vec<FarAtFrr>,
    frr: Option<f64>,
    frr_ci95: Option<[f64; 2]>,
    far: Option<f64>,
    far_ci95: Option<[f64; 2]>,
    frr_first_of_session: Option<f64>,
    frr_first_of_session_ci95: Option<[f64; 2]>,
    far_first_of_session: Option<f64>,
    far_first_of_session_ci95: Option<[f64; 2]>,
    login_frr: Option<f64>,
    login_frr_ci95: Option<[f64; 2]>,
    login_far: Option<f64>,
    login_far_ci95: Option<[f64; 2]>,
    calibration: Option<Calibrated>,
    failures_to_acquire: u64,
    users: Vec<Account>,
    sessions: Vec<Place>,
    keyboards: Vec<Place>,
    score_us: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Spread {
    mean: f64,
    sd: Option<f64>,
    ci95: Option<[f64; 2]>,
}

#[derive(Serialize)]
pub(super) struct Missing {
    user: String,
    reason: &'static str,
    typings: Option<usize>,
}

#[derive(Serialize)]
struct Place {
    session: Option<String>,
    keyboard: Option<String>,
    attempts: u32,
    refused: u32,
    frr: Option<f64>,
    frr_ci95: Option<[f64; 2]>,
    not_judged: u32,
}

#[derive(Serialize)]
struct FarAtFrr {
    frr: f64,
    far: Option<Spread>,
}

#[derive(Serialize)]
struct Calibrated {
    target_frr: f64,
    quantiles: Vec<Quantile>,
    users_over_twice: f64,
}

#[derive(Serialize)]
struct Quantile {
    of: f64,
    frr: f64,
}

#[derive(Serialize)]
struct Account {
    user: String,
    eer: Option<f64>,
    zero_miss: Option<f64>,
    far_at_frr: [Option<f64>; 3],
    frr: Option<f64>,
    far: Option<f64>,
    frr_first_of_session: Option<f64>,
    far_first_of_session: Option<f64>,
    login_frr: Option<f64>,
    login_far: Option<f64>,
}

#[derive(Serialize)]
struct Compared {
    detector: usize,
    with_detector: Option<usize>,
    with_run: Option<EarlierRun>,
    users: usize,
    differing: usize,
    eer_difference: f64,
    ci95: Option<[f64; 2]>,
    p: f64,
}

#[derive(Serialize)]
struct EarlierRun {
    file: String,
    keydyn: String,
    name: String,
    asked: String,
    eer: Option<f64>,
}

/// Writes one object, and a line end after it.
pub(crate) fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}

/// What is told of these outcomes, on a recording in this file.
pub(crate) fn document(
    file: &str,
    data: &DataSet,
    outcomes: &[Outcome],
    comparisons: &[Comparison],
) -> Document {
    Document {
        keydyn: env!("CARGO_PKG_VERSION"),
        file: file.to_owned(),
        recording: Recording::of(data),
        detectors: outcomes.iter().map(|o| Entry::of(data, o)).collect(),
        comparisons: comparisons.iter().map(Compared::of).collect(),
    }
}

impl Entry {
    fn of(data: &DataSet, outcome: &Outcome) -> Self {
        let figures = &outcome.figures;
        let setup = &figures.setup;
        let mean = |summary: Option<Summary>| summary.map(|summary| rounded(summary.mean));
        let ci95 = |summary: Option<Summary>| {
            summary
                .and_then(|summary| summary.ci95)
                .map(|ends| ends.map(rounded))
        };
        let sessions = figures.sittings.iter().map(|(sitting, tally)| {
            let session = data.session_name(sitting.session);
            Place::of(data, Some(session), sitting.keyboard, *tally)
        });
        let keyboards = figures.keyboards.iter();
        Self {
            name: figures.detector.name(),
            protocol: setup.protocol.to_string(),
            every: setup.every,
            attempts: setup.attempts,
            hold_out: setup.hold_out,
            impostors: figures.impostors.to_string(),
            draws: setup.draws(data),
            threshold: figures.threshold,
            target_frr: setup.target_frr,
            learn: figures.learn.map(|rule| rule.word()),
            gain: figures.learn.map(|_| gain_word(setup.gain)),
            accounts: figures.accounts,
            left_out: figures.left_out.iter().map(Missing::of).collect(),
            eer: figures.eer.as_ref().map(Spread::of),
            zero_miss: figures.zero_miss.as_ref().map(Spread::of),
            global_eer: figures.global_eer.map(rounded),
            far_at_frr: FarAtFrr::of(figures),
            frr: mean(figures.frr),
            frr_ci95: ci95(figures.frr),
            far: mean(figures.far),
            far_ci95: ci95(figures.far),
            frr_first_of_session: mean(figures.frr_first_of_session),
            frr_first_of_session_ci95: ci95(figures.frr_first_of_session),
            far_first_of_session: mean(figures.far_first_of_session),
            far_first_of_session_ci95: ci95(figures.far_first_of_session),
            login_frr: mean(figures.login_frr),
            login_frr_ci95: ci95(figures.login_frr),
            login_far: mean(figures.login_far),
            login_far_ci95: ci95(figures.login_far),
            calibration: figures.calibration.as_ref().map(Calibrated::of),
            failures_to_acquire: figures.failures_to_acquire,
            users: figures.users.iter().map(Account::of).collect(),
            sessions: sessions.collect(),
            keyboards: keyboards
                .map(|(keyboard, tally)| Place::of(data, None, Some(*keyboard), *tally))
                .collect(),
            score_us: outcome.score_us.map(rounded),
        }
    }
}

impl Recording {
    pub(super) fn of(data: &DataSet) -> Self {
        let about = data.about();
        Self {
            checksum: fingerprint(data),
            format: about.format.word(),
            users: data.typists().len(),
            typings: data.attempts(),
            other_text: about.other_text,
            same_number: about.same_number,
            ignored_columns: about.ignored_columns.clone(),
        }
    }
}

impl Spread {
    pub(super) fn of(summary: &Summary) -> Self {
        Self {
            mean: rounded(summary.mean),
            sd: summary.sd.map(rounded),
            ci95: summary.ci95.map(|ends| ends.map(rounded)),
        }
    }
}

impl FarAtFrr {
    fn of(figures: &Figures) -> Vec<Self> {
        let each = FAR_AT_FRR.iter().zip(&figures.far_at_frr);
        each.map(|(frr, far)| Self {
            frr: *frr,
            far: far.as_ref().map(Spread::of),
        })
        .collect()
    }
}

impl Calibrated {
    fn of(calibration: &Calibration) -> Self {
        let quantiles = QUANTILES.iter().zip(calibration.frr);
        Self {
            target_frr: calibration.target_frr,
            quantiles: quantiles
                .map(|(of, frr)| Quantile {
                    of: *of,
                    frr: rounded(frr),
                })
                .collect(),
            users_over_twice: rounded(calibration.over_twice),
        }
    }
}

impl Account {
    fn of(user: &User) -> Self {
        let rate = |rate: Option<f64>| rate.map(rounded);
        Self {
            user: user.name.clone(),
            eer: rate(user.eer),
            zero_miss: rate(user.zero_miss),
            far_at_frr: user.far_at_frr.map(rate),
            frr: rate(user.frr),
            far: rate(user.far),
            frr_first_of_session: rate(user.frr_first_of_session),
            far_first_of_session: rate(user.far_first_of_session),
            login_frr: rate(user.login_frr),
            login_far: rate(user.login_far),
        }
    }
}

impl Compared {
    fn of(comparison: &Comparison) -> Self {
        let (with_detector, with_run) = match &comparison.against {
            Baseline::Outcome(number) => (Some(*number), None),
            Baseline::Earlier(earlier) => (None, Some(EarlierRun::of(earlier))),
        };
        let paired = &comparison.paired;
        Self {
            detector: comparison.outcome,
            with_detector,
            with_run,
            users: paired.users,
            differing: paired.differing,
            eer_difference: rounded(paired.difference),
            ci95: paired.ci95.map(|ends| ends.map(rounded)),
            p: paired.p,
        }
    }
}

impl EarlierRun {
    fn of(earlier: &Earlier) -> Self {
        Self {
            file: earlier.file.clone(),
            keydyn: earlier.keydyn.clone(),
            name: earlier.name.clone(),
            asked: earlier.asked.clone(),
            eer: earlier.eer.map(rounded),
        }
    }
}

impl Missing {
    pub(super) fn of(left_out: &LeftOut) -> Self {
        let (reason, typings) = match left_out.reason {
            Reason::TooFew { has } => ("too-few-typings", Some(has)),
            Reason::NotEnrolled => ("not-enrolled", None),
            Reason::OneSided => ("one-sided", None),
        };
        Self {
            user: left_out.name.clone(),
            reason,
            typings,
        }
    }
}

impl Place {
    fn of(
        data: &DataSet,
        session: Option<String>,
        keyboard: Option<u16>,
        tally: SittingTally,
    ) -> Self {
        let name = |keyboard: u16| data.about().keyboards.get(usize::from(keyboard)).cloned();
        Self {
            session,
            keyboard: keyboard.and_then(name),
            attempts: tally.refused.decided,
            refused: tally.refused.yes,
            frr: tally.refused.rate().map(rounded),
            frr_ci95: tally.refused.ci95().map(|ends| ends.map(rounded)),
            not_judged: tally.failures,
        }
    }
}

/// To a millionth: what the last bits of a logarithm are depends on the machine.
pub(super) fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
