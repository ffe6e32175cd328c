//! Results as people and as programs read them.

mod advice;
pub(crate) mod attack;
pub(crate) mod json;
pub(crate) mod paper;
pub(crate) mod status;
mod table;
pub(crate) mod text;

use keydyn_core::eval::figures::Figures;

/// What is told of one detector.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Error rates: the same on every machine.
    pub(crate) figures: Figures,
    /// Mean time of one score in microseconds, on this machine.
    pub(crate) score_us: Option<f64>,
}
