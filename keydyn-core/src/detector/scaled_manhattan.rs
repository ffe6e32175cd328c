//! The scaled Manhattan detector: the best of fourteen in K. Killourhy and R. Maxion, "Comparing
//! Anomaly-Detection Algorithms for Keystroke Dynamics", DSN 2009; after L. Araújo, L. Sucupira,
//! M. Lizárraga, L. Ling and J. Yabu-Uti, "User Authentication Through Typing Biometrics
//! Features", IEEE Transactions on Signal Processing 53(2), 2005.

use super::Detector;
use crate::acquire::FailureToAcquire;
use crate::digraph::{Duration, KeySequence, Sample};
use crate::policy::Strictness;
use crate::template::FailureToEnrol;

/// Typings without which nothing is judged: as many as the product's detector asks for, so that
/// both see the same protocol.
const LEAST_TYPINGS: usize = 3;
/// A feature that never varied deviates by at least one tick of the recording's unit, in ms.
const LEAST_DEVIATION: f64 = 0.001;

/// Sum over all features of the distance from their mean, each in mean absolute deviations.
///
/// Features are holds, down-downs and up-downs (release to next press) in milliseconds. Mean and
/// deviation are over every typing learned: it never forgets, and knows neither gain nor sitting.
#[derive(Clone, Debug, Default)]
pub struct ScaledManhattan {
    keys: Option<KeySequence>,
    /// Every value learned, by feature.
    values: Vec<Vec<f64>>,
    habits: Vec<Habit>,
    learned: usize,
    enrolled: bool,
}

/// Mean and mean absolute deviation of one feature, in ms.
#[derive(Clone, Copy, Debug)]
struct Habit {
    mean: f64,
    deviation: f64,
}

impl ScaledManhattan {
    /// A detector that has learned nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn check(&self, sample: &Sample) -> Result<(), FailureToAcquire> {
        if self.keys.as_ref().is_some_and(|keys| keys != sample.keys()) {
            return Err(FailureToAcquire::UnknownSequence);
        }
        sample.check_whole()
    }

    fn keep(&mut self, sample: &Sample) {
        let features = features(sample);
        if self.keys.is_none() {
            self.keys = Some(sample.keys().clone());
            self.values = vec![Vec::new(); features.len()];
        }
        for (values, feature) in self.values.iter_mut().zip(features) {
            values.extend(feature);
        }
        self.learned += 1;
    }

    fn settle(&mut self) {
        self.habits = self.values.iter().map(|values| Habit::of(values)).collect();
    }
}

impl Detector for ScaledManhattan {
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

    /// Features that are missing, here or in everything learned, count like the mean of the
    /// others: a shorter sum would look more like the owner.
    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire> {
        if !self.enrolled {
            return Err(FailureToAcquire::NothingLearned);
        }
        self.check(sample)?;
        let (mut sum, mut present) = (0.0, 0.0);
        for (habit, feature) in self.habits.iter().zip(features(sample)) {
            if let Some(x) = feature
                && habit.mean.is_finite()
            {
                sum += (x - habit.mean).abs() / habit.deviation.max(LEAST_DEVIATION);
                present += 1.0;
            }
        }
        if present == 0.0 {
            return Err(FailureToAcquire::NothingLearned);
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 382 features")]
        let all = self.habits.len() as f64;
        Ok(sum * (all / present))
    }

    fn threshold(&self, _: Strictness) -> Option<f64> {
        None
    }
}

impl Habit {
    /// Of no value at all: a mean that is no number.
    fn of(values: &[f64]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^52")]
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = values.iter().map(|x| (x - mean).abs()).sum::<f64>() / n;
        Self { mean, deviation }
    }
}

/// Holds, then down-downs, then up-downs, in ms: `3k - 2` for `k` keys.
fn features(sample: &Sample) -> Vec<Option<f64>> {
    let millis = |feature: &Option<Duration>| feature.map(Duration::as_millis);
    sample
        .holds()
        .iter()
        .map(millis)
        .chain(sample.downs().iter().map(millis))
        .chain(sample.digraphs().map(|digraph| digraph.flight))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyCode;

    fn sample(holds: [Option<u32>; 2], down: Option<u32>) -> Sample {
        let keys = KeySequence::new(vec![KeyCode(30), KeyCode(31)]);
        let ms = |v: Option<u32>| v.map(|v| Duration(v * 1000));
        Sample::new(keys, holds.map(ms).to_vec(), vec![ms(down)]).unwrap()
    }

    fn enrolled() -> ScaledManhattan {
        let mut detector = ScaledManhattan::new();
        for (first, second, down) in [(90, 70, 200), (100, 80, 200), (110, 90, 260)] {
            let typing = sample([Some(first), Some(second)], Some(down));
            detector.enrol(&typing).unwrap();
        }
        detector.finish_enrolment().unwrap();
        detector
    }

    #[test]
    fn distances_by_hand() {
        // Means 100, 80, 220, and 110, 100, 150 with mean 120 for the up-down; mean absolute
        // deviations 20/3, 20/3, 80/3 and 20.
        let probe = sample([Some(120), Some(80)], Some(140));
        let expected = 20.0 / (20.0 / 3.0) + 0.0 + 80.0 / (80.0 / 3.0) + 100.0 / 20.0;
        let score = enrolled().score(&probe).unwrap();
        assert!((score - expected).abs() < 1e-9, "{score} is not {expected}");
        assert_eq!(enrolled().threshold(Strictness::Normal), None);
        assert_eq!(enrolled().decide(score, Strictness::Normal), None);
    }

    #[test]
    fn learning_goes_on_without_forgetting() {
        let mut detector = enrolled();
        detector.learn(&sample([Some(140), Some(80)], Some(220)));
        assert!((detector.habits[0].mean - 110.0).abs() < 1e-9);
        assert!((detector.habits[0].deviation - 15.0).abs() < 1e-9);
    }

    #[test]
    fn a_missing_feature_counts_like_the_others() {
        // The last hold is not asked for, and without it three features stand for four.
        let probe = sample([Some(120), None], Some(140));
        let expected = (3.0 + 3.0 + 5.0) * 4.0 / 3.0;
        let score = enrolled().score(&probe).unwrap();
        assert!((score - expected).abs() < 1e-9, "{score} is not {expected}");
        assert_eq!(
            enrolled().score(&sample([None, Some(80)], Some(220))),
            Err(FailureToAcquire::TooFewHolds)
        );
    }

    #[test]
    fn a_feature_that_never_varied_divides_by_no_zero() {
        let mut detector = ScaledManhattan::new();
        let same = sample([Some(100), Some(100)], Some(200));
        for _ in 0..3 {
            detector.enrol(&same).unwrap();
        }
        detector.finish_enrolment().unwrap();
        assert_eq!(detector.score(&same), Ok(0.0));
        let other = sample([Some(101), Some(100)], Some(200));
        assert!(detector.score(&other).unwrap().is_finite());
    }

    #[test]
    fn too_few_typings_and_other_keys() {
        let mut detector = ScaledManhattan::new();
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
        let other = Sample::new(
            KeySequence::new(vec![KeyCode(30)]),
            vec![Some(Duration(1))],
            vec![],
        )
        .unwrap();
        assert_eq!(
            enrolled().score(&other),
            Err(FailureToAcquire::UnknownSequence)
        );
    }
}
