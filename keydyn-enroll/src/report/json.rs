//! The result of an evaluation for programs. docs/evaluation.md describes every field.

use std::io::{self, Write};

use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::setup::{LeftOut, Reason};
use keydyn_core::eval::summary::Summary;
use keydyn_core::eval::trial::SittingTally;
use serde::Serialize;

use super::Outcome;

#[derive(Serialize)]
struct Document {
    recording: Recording,
    detectors: Vec<Entry>,
}

#[derive(Serialize)]
pub(super) struct Recording {
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
    impostors: String,
    threshold: Option<f64>,
    learn: Option<&'static str>,
    accounts: usize,
    left_out: Vec<Missing>,
    eer: Option<Spread>,
    zero_miss: Option<Spread>,
    global_eer: Option<f64>,
    frr: Option<f64>,
    frr_ci95: Option<[f64; 2]>,
    far: Option<f64>,
    far_ci95: Option<[f64; 2]>,
    frr_first_of_session: Option<f64>,
    frr_first_of_session_ci95: Option<[f64; 2]>,
    login_frr: Option<f64>,
    login_frr_ci95: Option<[f64; 2]>,
    login_far: Option<f64>,
    login_far_ci95: Option<[f64; 2]>,
    failures_to_acquire: u64,
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

/// Writes one object, and a line end after it.
pub(crate) fn write(out: &mut dyn Write, data: &DataSet, outcomes: &[Outcome]) -> io::Result<()> {
    let document = Document {
        recording: Recording::of(data),
        detectors: outcomes.iter().map(|o| Entry::of(data, o)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
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
            impostors: figures.impostors.to_string(),
            threshold: figures.threshold,
            learn: figures.learn.map(|rule| rule.word()),
            accounts: figures.accounts,
            left_out: figures.left_out.iter().map(Missing::of).collect(),
            eer: figures.eer.as_ref().map(Spread::of),
            zero_miss: figures.zero_miss.as_ref().map(Spread::of),
            global_eer: figures.global_eer.map(rounded),
            frr: mean(figures.frr),
            frr_ci95: ci95(figures.frr),
            far: mean(figures.far),
            far_ci95: ci95(figures.far),
            frr_first_of_session: mean(figures.frr_first_of_session),
            frr_first_of_session_ci95: ci95(figures.frr_first_of_session),
            login_frr: mean(figures.login_frr),
            login_frr_ci95: ci95(figures.login_frr),
            login_far: mean(figures.login_far),
            login_far_ci95: ci95(figures.login_far),
            failures_to_acquire: figures.failures_to_acquire,
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
