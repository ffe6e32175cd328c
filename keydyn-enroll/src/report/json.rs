//! The result of an evaluation for programs. docs/evaluation.md describes every field.

use std::io::{self, Write};

use keydyn_core::eval::summary::Summary;
use serde::Serialize;

use super::Outcome;

#[derive(Serialize)]
struct Document {
    detectors: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    protocol: String,
    every: u32,
    accounts: usize,
    eer: Spread,
    zero_miss: Spread,
    global_eer: f64,
    frr: Option<f64>,
    far: Option<f64>,
    frr_first_of_session: Option<f64>,
    login_frr: Option<f64>,
    login_far: Option<f64>,
    score_us: Option<f64>,
    learn: Option<&'static str>,
    failures_to_acquire: u64,
}

#[derive(Serialize)]
struct Spread {
    mean: f64,
    sd: Option<f64>,
    ci95: [f64; 2],
}

/// Writes one object, and a line end after it.
pub(crate) fn write(out: &mut dyn Write, outcomes: &[Outcome]) -> io::Result<()> {
    let detectors = outcomes.iter().map(Entry::of).collect();
    serde_json::to_writer_pretty(&mut *out, &Document { detectors })?;
    writeln!(out)
}

impl Entry {
    fn of(outcome: &Outcome) -> Self {
        let figures = &outcome.figures;
        Self {
            name: figures.detector.name(),
            protocol: figures.setup.protocol.to_string(),
            // Every typing is used, and a login is one typing: there is no other way yet.
            every: 1,
            login_frr: None,
            login_far: None,
            accounts: figures.accounts,
            eer: Spread::of(&figures.eer),
            zero_miss: Spread::of(&figures.zero_miss),
            global_eer: rounded(figures.global_eer),
            frr: figures.frr.map(rounded),
            far: figures.far.map(rounded),
            frr_first_of_session: figures.frr_first_of_session.map(rounded),
            score_us: outcome.score_us.map(rounded),
            learn: figures.learn.map(|rule| rule.word()),
            failures_to_acquire: figures.failures_to_acquire,
        }
    }
}

impl Spread {
    fn of(summary: &Summary) -> Self {
        Self {
            mean: rounded(summary.mean),
            sd: summary.sd.map(rounded),
            ci95: summary.ci95.map(rounded),
        }
    }
}

/// To a millionth: what the last bits of a logarithm are depends on the machine.
fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
