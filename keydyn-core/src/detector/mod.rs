//! Anomaly detectors: the product's own and the published ones it is compared with.
//!
//! Every detector is one-class: it sees typings of one owner and nobody else's before it judges.

mod scaled_manhattan;
mod sequence_memory;

use crate::acquire::FailureToAcquire;
use crate::digraph::Sample;
use crate::policy::{Decision, Strictness};
use crate::template::{FailureToEnrol, GainPolicy};

pub use scaled_manhattan::ScaledManhattan;
pub use sequence_memory::SequenceMemory;

/// Something that learns how one person types one text and tells how strange another typing is.
///
/// The order of calls is `enrol`, any number of times, `finish_enrolment` once, then `score`,
/// `learn` and `start_sitting` as they come. Nothing is random: the same calls give the same
/// scores to the bit.
pub trait Detector {
    /// Learns one typing of the enrolment, in full.
    ///
    /// # Errors
    /// If it cannot be used; the detector is as it was.
    fn enrol(&mut self, sample: &Sample) -> Result<(), FailureToAcquire>;

    /// Ends the enrolment.
    ///
    /// # Errors
    /// If there were fewer than three usable typings; the detector then scores nothing.
    fn finish_enrolment(&mut self) -> Result<(), FailureToEnrol>;

    /// The next typing is the first of a new sitting.
    fn start_sitting(&mut self);

    /// Learns one typing after the enrolment, by the gain policy the detector was made with.
    fn learn(&mut self, sample: &Sample);

    /// The decision score of an attempt: higher is stranger, in units of the detector's own.
    ///
    /// # Errors
    /// Why the attempt cannot be judged.
    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire>;

    /// The threshold fixed before any data is seen; a score up to it is genuine. `None` if the
    /// detector's scores have no scale that is known beforehand.
    fn threshold(&self, strictness: Strictness) -> Option<f64>;

    /// What a score means under that threshold, if there is one.
    fn decide(&self, score: f64, strictness: Strictness) -> Option<Decision> {
        let threshold = self.threshold(strictness)?;
        Some(if score <= threshold {
            Decision::Genuine
        } else {
            Decision::Impostor
        })
    }
}

/// The detectors there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetectorKind {
    /// The product's own.
    #[default]
    SequenceMemory,
    /// The best one-class detector of the first comparison on public data.
    ScaledManhattan,
}

impl DetectorKind {
    /// Every detector, the product's own first.
    pub const ALL: [Self; 2] = [Self::SequenceMemory, Self::ScaledManhattan];

    /// The name by which tables and the command line call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SequenceMemory => "sequence-memory",
            Self::ScaledManhattan => "scaled-manhattan",
        }
    }

    /// A detector of this kind that has learned nothing.
    #[must_use]
    pub fn build(self, gain: GainPolicy) -> Box<dyn Detector> {
        match self {
            Self::SequenceMemory => Box::new(SequenceMemory::new(gain)),
            Self::ScaledManhattan => Box::new(ScaledManhattan::new()),
        }
    }

    /// Whether its threshold is fixed before any data is seen.
    #[must_use]
    pub fn has_threshold(self) -> bool {
        self.build(GainPolicy::default())
            .threshold(Strictness::default())
            .is_some()
    }
}
