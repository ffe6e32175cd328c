//! Which runs are compared with which, user by user.

use std::collections::BTreeSet;

use keydyn_core::eval::paired::Paired;

use super::Outcome;
use super::json::rounded;
use super::saved::{Measured, Saved, SavedError};
use crate::failure::Failure;

/// The EER of a measurement against that of another, over the same users.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// Of the one: its place among the outcomes.
    pub(crate) outcome: usize,
    /// The other.
    pub(crate) against: Baseline,
    /// How they differ: the one less the other.
    pub(crate) paired: Paired,
}

/// What an outcome is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Baseline {
    /// Another outcome of this run.
    Outcome(usize),
    /// One of an earlier run.
    Earlier(Earlier),
}

/// A measurement of an earlier run, as tables tell it.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    /// The file of the run.
    pub(crate) file: String,
    /// The keydyn that measured it.
    pub(crate) keydyn: String,
    pub(crate) name: String,
    /// How it was asked, in words.
    pub(crate) asked: String,
    pub(crate) eer: Option<f64>,
    pub(crate) frr: Option<f64>,
    pub(crate) far: Option<f64>,
}

/// Each outcome against the first of its protocol, and against every earlier run.
///
/// # Errors
/// If an earlier run is over other users.
pub(crate) fn all(outcomes: &[Outcome], earlier: &[Saved]) -> Result<Vec<Comparison>, Failure> {
    let mut comparisons = within(outcomes);
    for saved in earlier {
        for (number, outcome) in outcomes.iter().enumerate() {
            let with = with(number, outcome, saved).map_err(|reason| Failure::Saved {
                file: saved.file.clone(),
                reason,
            });
            comparisons.push(with?);
        }
    }
    Ok(comparisons)
}

fn within(outcomes: &[Outcome]) -> Vec<Comparison> {
    let compared = outcomes.iter().enumerate().filter_map(|(number, outcome)| {
        let protocol = |other: &Outcome| other.figures.setup.protocol;
        let mut all = outcomes.iter();
        let first = all.position(|other| protocol(other) == protocol(outcome))?;
        let paired = Paired::of(&eers(&outcomes[first]), &eers(outcome))?;
        (first != number).then_some(Comparison {
            outcome: number,
            against: Baseline::Outcome(first),
            paired,
        })
    });
    compared.collect()
}

fn with(number: usize, outcome: &Outcome, saved: &Saved) -> Result<Comparison, SavedError> {
    let measured = counterpart(outcome, &saved.run.detectors).ok_or(SavedError::Nothing)?;
    let theirs: Vec<(&str, f64)> = measured
        .users
        .iter()
        .filter_map(|user| Some((user.user.as_str(), user.eer?)))
        .collect();
    let ours = eers(outcome);
    let names = |of: &[(&str, f64)]| of.iter().map(|(n, _)| (*n).to_owned()).collect();
    let (one, other): (BTreeSet<String>, BTreeSet<String>) = (names(&ours), names(&theirs));
    if let Some(user) = one.symmetric_difference(&other).next() {
        return Err(SavedError::OtherUsers {
            detector: measured.name.clone(),
            user: user.clone(),
        });
    }
    let mean = keydyn_core::eval::summary::mean;
    let paired = Paired::of(&theirs, &ours).ok_or(SavedError::Nothing)?;
    Ok(Comparison {
        outcome: number,
        against: Baseline::Earlier(Earlier {
            file: saved.file.clone(),
            keydyn: saved.run.keydyn.clone(),
            name: measured.name.clone(),
            asked: asked(measured),
            eer: mean(&theirs.iter().map(|(_, eer)| *eer).collect::<Vec<_>>()),
            frr: measured.frr,
            far: measured.far,
        }),
        paired,
    })
}

/// What comes nearest: the same detector asked the same, the same detector, or the first there is.
fn counterpart<'m>(outcome: &Outcome, measured: &'m [Measured]) -> Option<&'m Measured> {
    let figures = &outcome.figures;
    let (name, protocol) = (figures.detector.name(), figures.setup.protocol.to_string());
    let like = |measured: &&Measured| {
        [
            measured.name == name,
            measured.protocol == protocol,
            measured.target_frr == figures.setup.target_frr,
        ]
    };
    // Of several that are as near, the last maximum: the first in the file.
    measured.iter().rev().max_by_key(like)
}

fn asked(measured: &Measured) -> String {
    let mut parts = vec![measured.protocol.clone()];
    if measured.every > 1 {
        parts.push(format!("every {}", measured.every));
    }
    if let Some(most) = measured.hold_out {
        parts.push(format!("{most} held out"));
    }
    parts.push(format!("impostors {}", measured.impostors));
    if measured.attempts > 1 {
        parts.push(format!("logins of {}", measured.attempts));
    }
    if let Some(learn) = &measured.learn {
        let gain = measured.gain.as_deref().unwrap_or("unknown");
        parts.push(format!("learning {learn} with {gain} gain"));
    }
    if let Some(threshold) = measured.threshold {
        parts.push(format!("threshold {}", super::number(threshold)));
    }
    parts.join(", ")
}

/// As a file has them: runs that are the same differ in nothing.
fn eers(outcome: &Outcome) -> Vec<(&str, f64)> {
    let users = outcome.figures.users.iter();
    users
        .filter_map(|user| Some((user.name.as_str(), rounded(user.eer?))))
        .collect()
}
