//! Anomaly detectors: the product's own and the published ones it is compared with.
//!
//! Every detector is one-class: it sees typings of one owner and nobody else's before it judges.

mod capped_median;
mod euclidean;
mod filtered_manhattan;
mod mahalanobis;
mod manhattan;
mod nearest_neighbour;
mod normed_euclidean;
mod outlier_count;
mod scaled_manhattan;
mod sequence_memory;
mod temporal_memory;
mod vector;
mod whitened_nearest_neighbour;

use crate::acquire::FailureToAcquire;
use crate::digraph::Sample;
use crate::memory::Ingredient;
use crate::policy::{Decision, Strictness};
use crate::template::{FailureToEnrol, GainPolicy};

pub use sequence_memory::SequenceMemory;
use temporal_memory::TemporalMemory;
use vector::VectorDetector;
use whitened_nearest_neighbour::WhitenedNearestNeighbour;

/// What a recording has of an owner's typings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    /// Presses and releases.
    #[default]
    HoldsAndDownDowns,
    /// Presses only: holds are not asked for.
    DownDowns,
}

/// Where a score ends to be genuine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Where the module's strictness has it.
    Of(Strictness),
    /// Here, in the detector's own units.
    Value(f64),
}

impl Threshold {
    /// A score up to here is genuine.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::Of(strictness) => strictness.threshold(),
            Self::Value(value) => value,
        }
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Of(Strictness::default())
    }
}

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

    /// Learns an attempt that was accepted with this score under this threshold, as far as it
    /// learns what is accepted; whether it learned anything.
    fn learn_accepted(&mut self, sample: &Sample, _score: f64, _threshold: Threshold) -> bool {
        self.learn(sample);
        true
    }

    /// An attempt was refused.
    fn note_refusal(&mut self) {}

    /// The decision score of an attempt: higher is stranger, in units of the detector's own.
    ///
    /// # Errors
    /// Why the attempt cannot be judged.
    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire>;

    /// The threshold fixed before any data is seen; a score up to it is genuine. `None` if the
    /// detector's scores have no scale that is known beforehand.
    fn threshold(&self, threshold: Threshold) -> Option<f64>;

    /// What a score means under that threshold, if there is one.
    fn decide(&self, score: f64, threshold: Threshold) -> Option<Decision> {
        self.compare(score, threshold)
    }

    /// A score up to the threshold is genuine, and one that is not a number never.
    fn compare(&self, score: f64, threshold: Threshold) -> Option<Decision> {
        let threshold = self.threshold(threshold)?;
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
    /// Distance from the mean in mean absolute deviations.
    ScaledManhattan,
    /// Distance from the nearest typing, whitened.
    NearestNeighbour,
    /// How many features are unusual.
    OutlierCount,
    /// Distance from the mean, whitened.
    Mahalanobis,
    /// Distance from the mean without outliers.
    FilteredManhattan,
    /// Distance from the mean.
    Manhattan,
    /// Squared distance from the mean.
    Euclidean,
    /// The same over both lengths.
    NormedEuclidean,
    /// Distance from the median, capped.
    CappedMedian,
    /// Absolute distance from the nearest typing, whitened.
    WhitenedNearestNeighbour,
    /// The same without outliers.
    FilteredWhitenedNearestNeighbour,
    /// How many columns of a hierarchical temporal memory were surprised.
    TemporalMemory,
    /// The product's own without one of its ingredients.
    Without(Ingredient),
}

impl DetectorKind {
    /// Every detector but the product's own without something: the product's own, the published ones from the best to the worst by
    /// Killourhy and Maxion (2009), and then others.
    pub const ALL: [Self; 13] = [
        Self::SequenceMemory,
        Self::ScaledManhattan,
        Self::NearestNeighbour,
        Self::OutlierCount,
        Self::Mahalanobis,
        Self::FilteredManhattan,
        Self::Manhattan,
        Self::Euclidean,
        Self::NormedEuclidean,
        Self::CappedMedian,
        Self::WhitenedNearestNeighbour,
        Self::FilteredWhitenedNearestNeighbour,
        Self::TemporalMemory,
    ];

    /// The name by which tables and the command line call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SequenceMemory => "sequence-memory",
            Self::ScaledManhattan => "scaled-manhattan",
            Self::NearestNeighbour => "nearest-neighbour-mahalanobis",
            Self::OutlierCount => "outlier-count",
            Self::Mahalanobis => "mahalanobis",
            Self::FilteredManhattan => "filtered-manhattan",
            Self::Manhattan => "manhattan",
            Self::Euclidean => "euclidean",
            Self::NormedEuclidean => "normed-euclidean",
            Self::CappedMedian => "capped-median",
            Self::WhitenedNearestNeighbour => "whitened-nearest-neighbour",
            Self::FilteredWhitenedNearestNeighbour => "filtered-whitened-neighbour",
            Self::TemporalMemory => "temporal-memory",
            Self::Without(ingredient) => ingredient.name(),
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::SequenceMemory => "The product's own",
            Self::ScaledManhattan => "Distance from the mean in mean absolute deviations",
            Self::NearestNeighbour => "Distance from the nearest typing, by the covariances",
            Self::OutlierCount => "How many features are beyond 1.96 standard deviations",
            Self::Mahalanobis => "Distance from the mean, by the covariances",
            Self::FilteredManhattan => "Distance from the mean, taken without outliers",
            Self::Manhattan => "Distance from the mean",
            Self::Euclidean => "Squared distance from the mean",
            Self::NormedEuclidean => "The same over the lengths of both",
            Self::CappedMedian => "Distance from the median in mean absolute deviations, capped",
            Self::WhitenedNearestNeighbour => "Distance from the nearest typing, decorrelated",
            Self::FilteredWhitenedNearestNeighbour => "The same, after leaving outliers out",
            Self::TemporalMemory => {
                "A hierarchical temporal memory, of ten thousand times the cost: not in `all`"
            }
            Self::Without(ingredient) => ingredient.summary(),
        }
    }

    /// A detector of this kind that has learned nothing.
    #[must_use]
    pub fn build(self, gain: GainPolicy, recorded: Recorded) -> Box<dyn Detector> {
        fn vector<M: vector::Model + 'static>(recorded: Recorded) -> Box<dyn Detector> {
            Box::new(VectorDetector::<M>::new(recorded))
        }
        match self {
            Self::SequenceMemory => Box::new(SequenceMemory::new(gain, recorded, None)),
            Self::ScaledManhattan => vector::<scaled_manhattan::ScaledManhattan>(recorded),
            Self::NearestNeighbour => vector::<nearest_neighbour::NearestNeighbour>(recorded),
            Self::OutlierCount => vector::<outlier_count::OutlierCount>(recorded),
            Self::Mahalanobis => vector::<mahalanobis::Mahalanobis>(recorded),
            Self::FilteredManhattan => vector::<filtered_manhattan::FilteredManhattan>(recorded),
            Self::Manhattan => vector::<manhattan::Manhattan>(recorded),
            Self::Euclidean => vector::<euclidean::Euclidean>(recorded),
            Self::NormedEuclidean => vector::<normed_euclidean::NormedEuclidean>(recorded),
            Self::CappedMedian => vector::<capped_median::CappedMedian>(recorded),
            Self::WhitenedNearestNeighbour => vector::<WhitenedNearestNeighbour<false>>(recorded),
            Self::FilteredWhitenedNearestNeighbour => {
                vector::<WhitenedNearestNeighbour<true>>(recorded)
            }
            Self::TemporalMemory => Box::new(TemporalMemory::new(recorded)),
            Self::Without(it) => Box::new(SequenceMemory::new(gain, recorded, Some(it))),
        }
    }

    /// Whether a whole recording takes it hours, so that it is measured only where it is meant.
    #[must_use]
    pub fn takes_hours(self) -> bool {
        self == Self::TemporalMemory
    }

    /// Whether its threshold is fixed before any data is seen.
    #[must_use]
    pub fn has_threshold(self) -> bool {
        self.build(GainPolicy::default(), Recorded::default())
            .threshold(Threshold::default())
            .is_some()
    }
}
