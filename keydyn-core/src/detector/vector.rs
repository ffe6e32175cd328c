//! What the published detectors have in common: a typing is a vector, the owner's typings are a
//! cloud of them, and a model tells how far another one is from the cloud.

use super::{Detector, Recorded, Threshold};
use crate::acquire::FailureToAcquire;
use crate::digraph::{Duration, KeySequence, Sample, covers};
use crate::template::FailureToEnrol;

/// Typings without which nothing is judged: as many as the product's detector asks for, so that
/// all see the same protocol.
const LEAST_TYPINGS: usize = 3;
/// What never varied is taken to vary by one tick of the recording's unit, in ms.
pub(super) const LEAST_SPREAD: f64 = 0.001;

/// How far a vector is from those that were learned.
pub(super) trait Model: Default {
    /// Whether up-downs (release to next press) are features of their own, after the holds and
    /// the down-downs, whose differences they are.
    const UP_DOWNS: bool = true;

    /// Learns these typings and forgets all others.
    fn train(&mut self, typings: &Typings);

    /// The distance of a typing: as long as those learned, in milliseconds.
    fn distance(&self, typing: &[f64]) -> f64;
}

/// Vectors of one length, in ms, without gaps; at least one of at least one value.
#[derive(Clone, Debug, Default)]
pub(super) struct Typings {
    width: usize,
    values: Vec<f64>,
}

impl Typings {
    /// The vectors in the order in which they were learned.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.values.chunks_exact(self.width.max(1))
    }

    /// How many values a vector has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How many vectors there are.
    #[expect(clippy::cast_precision_loss, reason = "far fewer typings than 2^52")]
    pub(super) fn count(&self) -> f64 {
        self.rows().count() as f64
    }

    /// One figure of each feature: the mean of `read(value, feature)` over the typings.
    pub(super) fn means(&self, read: impl Fn(f64, usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for row in self.rows() {
            for (feature, (sum, x)) in sums.iter_mut().zip(row).enumerate() {
                *sum += read(*x, feature);
            }
        }
        let n = self.count();
        sums.iter().map(|sum| sum / n).collect()
    }

    /// Standard deviations (n - 1) around these means.
    pub(super) fn deviations(&self, means: &[f64]) -> Vec<f64> {
        let n = self.count();
        let variances = self.means(|x, feature| (x - means[feature]).powi(2));
        let unbiased = variances.iter().map(|v| v * n / (n - 1.0));
        unbiased.map(f64::sqrt).collect()
    }

    /// These vectors, of one length.
    pub(super) fn of_rows<'a>(rows: impl Iterator<Item = &'a [f64]>) -> Self {
        let mut typings = Self::default();
        for row in rows {
            typings.width = row.len();
            typings.values.extend_from_slice(row);
        }
        typings
    }

    #[cfg(test)]
    pub(super) fn of(rows: &[&[f64]]) -> Self {
        Self::of_rows(rows.iter().copied())
    }
}

/// A model in the place of a detector.
///
/// Means and spreads are over every typing learned: it never forgets, and knows neither gain nor
/// sitting. A feature that is missing is taken to lie at the owner's mean, and the distance then
/// multiplied by all features over those present, so that a shorter sum does not look more like
/// the owner. What none of the owner's typings has is no feature.
#[derive(Clone, Debug, Default)]
pub(super) struct VectorDetector<M> {
    recorded: Recorded,
    keys: Option<KeySequence>,
    /// Every value learned, typing by typing; not a number where one is missing.
    values: Vec<f64>,
    learned: usize,
    /// Which features of a sample are in the vectors, and their means.
    features: Vec<(usize, f64)>,
    model: M,
    enrolled: bool,
}

impl<M: Model> VectorDetector<M> {
    /// A detector that has learned nothing.
    pub(super) fn new(recorded: Recorded) -> Self {
        Self {
            recorded,
            ..Self::default()
        }
    }

    fn check(&self, sample: &Sample) -> Result<(), FailureToAcquire> {
        if self.keys.as_ref().is_some_and(|keys| keys != sample.keys()) {
            return Err(FailureToAcquire::UnknownSequence);
        }
        let knows = |wanted| !self.enrolled || self.features.iter().any(|(i, _)| *i == wanted);
        let all_holds = sample.holds().len();
        let holds = |i| self.recorded == Recorded::HoldsAndDownDowns && knows(i);
        let downs = |i| knows(all_holds + i);
        covers(sample.holds(), sample.downs(), holds, downs)
    }

    fn keep(&mut self, sample: &Sample) {
        if self.keys.is_none() {
            self.keys = Some(sample.keys().clone());
        }
        self.values.extend(values::<M>(sample));
        self.learned += 1;
    }

    fn settle(&mut self) {
        let width = self.values.len() / self.learned.max(1);
        let mean = |feature: usize| {
            let column = self.values.iter().skip(feature).step_by(width);
            let present = column.filter(|x| !x.is_nan());
            let (n, sum) = present.fold((0.0, 0.0), |(n, sum), x| (n + 1.0, sum + x));
            (n > 0.0).then(|| (feature, sum / n))
        };
        self.features = (0..width).filter_map(mean).collect();
        let typings = Typings {
            width: self.features.len(),
            values: self
                .values
                .chunks_exact(width.max(1))
                .flat_map(|row| self.features.iter().map(|&(i, mean)| or_mean(row[i], mean)))
                .collect(),
        };
        self.model.train(&typings);
    }
}

impl<M: Model> Detector for VectorDetector<M> {
    fn enrol(&mut self, sample: &Sample) -> Result<(), FailureToAcquire> {
        self.check(sample)?;
        self.keep(sample);
        Ok(())
    }

    fn finish_enrolment(&mut self) -> Result<(), FailureToEnrol> {
        if self.learned < LEAST_TYPINGS {
            let given = u32::try_from(self.learned).unwrap_or(u32::MAX);
            return Err(FailureToEnrol::TooFew { given });
        }
        self.settle();
        self.enrolled = true;
        Ok(())
    }

    fn start_sitting(&mut self) {}

    fn learn(&mut self, sample: &Sample) {
        if self.check(sample).is_ok() {
            self.keep(sample);
            self.settle();
        }
    }

    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire> {
        if !self.enrolled {
            return Err(FailureToAcquire::NothingLearned);
        }
        self.check(sample)?;
        let all = values::<M>(sample);
        let mut present = 0.0;
        let mut typing = Vec::with_capacity(self.features.len());
        for &(i, mean) in &self.features {
            present += f64::from(u8::from(!all[i].is_nan()));
            typing.push(or_mean(all[i], mean));
        }
        if present == 0.0 {
            return Err(FailureToAcquire::NothingLearned);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 382 features")]
        let wanted = self.features.len() as f64;
        Ok(self.model.distance(&typing) * (wanted / present))
    }

    fn threshold(&self, _: Threshold) -> Option<f64> {
        None
    }
}

fn or_mean(x: f64, mean: f64) -> f64 {
    if x.is_nan() { mean } else { x }
}

/// Holds, then down-downs, then up-downs if the model has them, in ms; not a number where missing.
fn values<M: Model>(sample: &Sample) -> Vec<f64> {
    let millis = |feature: &Option<Duration>| feature.map_or(f64::NAN, Duration::as_millis);
    let (holds, downs) = (sample.holds(), sample.downs());
    let mut all: Vec<f64> = holds.iter().chain(downs).map(millis).collect();
    if M::UP_DOWNS {
        let flights = sample.digraphs().map(|digraph| digraph.flight);
        all.extend(flights.map(|flight| flight.unwrap_or(f64::NAN)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::manhattan::Manhattan;
    use crate::key::KeyCode;

    fn sample(holds: [Option<u32>; 2], down: Option<u32>) -> Sample {
        let keys = KeySequence::new(vec![KeyCode(30), KeyCode(31)]);
        let ms = |v: Option<u32>| v.map(|v| Duration(v * 1000));
        Sample::new(keys, holds.map(ms).to_vec(), vec![ms(down)]).unwrap()
    }

    fn enrolled() -> VectorDetector<Manhattan> {
        let mut detector = VectorDetector::new(Recorded::default());
        for (first, second, down) in [(90, 70, 200), (100, 80, 200), (110, 90, 260)] {
            let typing = sample([Some(first), Some(second)], Some(down));
            detector.enrol(&typing).unwrap();
        }
        detector.finish_enrolment().unwrap();
        detector
    }

    #[test]
    fn features_are_holds_down_downs_and_up_downs() {
        // Means 100, 80, 220, and 120 of 110, 100 and 150.
        let score = enrolled().score(&sample([Some(120), Some(80)], Some(140)));
        assert_eq!(score, Ok(20.0 + 0.0 + 80.0 + 100.0));
    }

    #[test]
    fn learning_goes_on_without_forgetting() {
        let mut detector = enrolled();
        detector.learn(&sample([Some(140), Some(80)], Some(220)));
        let score = detector.score(&sample([Some(110), Some(80)], Some(220)));
        // The means are now 110, 80, 220 and 110.
        assert_eq!(score, Ok(0.0));
    }

    #[test]
    fn a_missing_feature_counts_like_the_others() {
        // The last hold is not asked for, and without it three features stand for four.
        let score = enrolled().score(&sample([Some(120), None], Some(140)));
        let expected = (20.0 + 80.0 + 100.0) * 4.0 / 3.0;
        assert!((score.unwrap() - expected).abs() < 1e-9, "{score:?}");
        assert_eq!(
            enrolled().score(&sample([None, Some(80)], Some(220))),
            Err(FailureToAcquire::TooFewHolds)
        );
    }

    #[test]
    fn a_recording_without_holds_is_compared_by_its_down_downs() {
        let mut strict = VectorDetector::<Manhattan>::new(Recorded::HoldsAndDownDowns);
        let bare = |down| sample([None; 2], Some(down));
        assert_eq!(strict.enrol(&bare(200)), Err(FailureToAcquire::TooFewHolds));
        let mut detector = VectorDetector::<Manhattan>::new(Recorded::DownDowns);
        for down in [190, 200, 210] {
            detector.enrol(&bare(down)).unwrap();
        }
        detector.finish_enrolment().unwrap();
        assert_eq!(detector.score(&bare(230)), Ok(30.0));
        let with_holds = sample([Some(90); 2], Some(230));
        assert_eq!(detector.score(&with_holds), Ok(30.0));
    }

    #[test]
    fn too_few_typings_and_other_keys() {
        let mut detector = VectorDetector::<Manhattan>::new(Recorded::default());
        let typing = sample([Some(100), Some(100)], Some(200));
        detector.enrol(&typing).unwrap();
        assert_eq!(
            detector.finish_enrolment(),
            Err(FailureToEnrol::TooFew { given: 1 })
        );
        assert_eq!(
            detector.score(&typing),
            Err(FailureToAcquire::NothingLearned)
        );
        let keys = KeySequence::new(vec![KeyCode(30)]);
        let other = Sample::new(keys, vec![Some(Duration(1))], vec![]).unwrap();
        assert_eq!(
            enrolled().score(&other),
            Err(FailureToAcquire::UnknownSequence)
        );
    }
}
