//! The product's own detector: a [`Template`] and the [`policy`], driven as the module drives them.

use super::{Detector, Recorded, Threshold};
use crate::acquire::FailureToAcquire;
use crate::digraph::Sample;
use crate::memory::Ingredient;
use crate::policy::{self, Decision};
use crate::template::{Enrolment, FailureToEnrol, GainPolicy, Template};

/// The online sequence memory of [`crate::memory`]. Scores are in nats.
#[derive(Clone, Debug)]
pub struct SequenceMemory {
    gain: GainPolicy,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Enrolling(Enrolment),
    Enrolled(Template),
}

impl SequenceMemory {
    /// A detector that has learned nothing and will learn accepted typings with this gain;
    /// `without`: by a model that lacks this ingredient.
    #[must_use]
    pub fn new(gain: GainPolicy, recorded: Recorded, without: Option<Ingredient>) -> Self {
        let enrolment = match recorded {
            Recorded::HoldsAndDownDowns => Enrolment::new(),
            Recorded::DownDowns => Enrolment::without_holds(),
        };
        let enrolment = match without {
            Some(ingredient) => enrolment.without(ingredient),
            None => enrolment,
        };
        Self {
            gain,
            stage: Stage::Enrolling(enrolment),
        }
    }
}

impl Detector for SequenceMemory {
    fn enrol(&mut self, sample: &Sample) -> Result<(), FailureToAcquire> {
        match &mut self.stage {
            Stage::Enrolling(enrolment) => enrolment.add(sample),
            Stage::Enrolled(template) => {
                template.judge(sample)?;
                template.learn(sample, 1.0);
                Ok(())
            }
        }
    }

    fn finish_enrolment(&mut self) -> Result<(), FailureToEnrol> {
        if let Stage::Enrolling(enrolment) = &mut self.stage {
            self.stage = Stage::Enrolled(std::mem::take(enrolment).finish()?);
        }
        Ok(())
    }

    fn start_sitting(&mut self) {
        if let Stage::Enrolled(template) = &mut self.stage {
            template.start_sitting();
        }
    }

    fn learn(&mut self, sample: &Sample) {
        if let Stage::Enrolled(template) = &mut self.stage {
            let gain = template.next_gain(self.gain);
            template.learn(sample, gain);
        }
    }

    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire> {
        match &self.stage {
            Stage::Enrolling(_) => Err(FailureToAcquire::NothingLearned),
            Stage::Enrolled(template) => template
                .judge(sample)?
                .score
                .ok_or(FailureToAcquire::NothingLearned),
        }
    }

    fn threshold(&self, threshold: Threshold) -> Option<f64> {
        Some(threshold.value())
    }

    fn decide(&self, score: f64, threshold: Threshold) -> Option<Decision> {
        match threshold {
            Threshold::Of(strictness) => Some(policy::decide(Some(score), strictness)),
            Threshold::Value(_) => self.compare(score, threshold),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::{Duration, KeySequence};
    use crate::key::KeyCode;
    use crate::policy::Strictness;

    fn sample(holds: [u32; 3], downs: [u32; 2]) -> Sample {
        let keys = KeySequence::new(vec![KeyCode(30), KeyCode(31), KeyCode(32)]);
        let ms = |v: u32| Some(Duration(v * 1000));
        Sample::new(keys, holds.map(ms).to_vec(), downs.map(ms).to_vec()).unwrap()
    }

    /// The reference vector of the memory, through the door that the evaluation uses.
    #[test]
    fn scores_are_those_of_the_reference_vector() {
        let mut detector = SequenceMemory::new(GainPolicy::Burst, Recorded::default(), None);
        let probe = sample([97, 99, 140], [400, 90]);
        assert_eq!(
            detector.score(&probe),
            Err(FailureToAcquire::NothingLearned)
        );
        for (holds, downs) in [
            ([95, 110, 88], [180, 210]),
            ([101, 104, 92], [175, 232]),
            ([90, 120, 85], [190, 205]),
        ] {
            detector.enrol(&sample(holds, downs)).unwrap();
        }
        detector.finish_enrolment().unwrap();
        let score = detector.score(&probe).unwrap();
        assert!((score - 0.927_526_958).abs() < 1e-9, "{score}");
        for (threshold, decision) in [
            (Threshold::Of(Strictness::Lenient), Decision::Impostor),
            (Threshold::Value(0.9), Decision::Impostor),
            (Threshold::Value(1.0), Decision::Genuine),
        ] {
            assert_eq!(detector.decide(score, threshold), Some(decision));
        }
    }

    #[test]
    fn a_first_typing_full_of_holes_is_not_enrolled() {
        let keys = sample([95, 110, 88], [180, 210]).keys().clone();
        let holes = Sample::new(keys, vec![None; 3], vec![Some(Duration(180_000)); 2]).unwrap();
        let mut detector = SequenceMemory::new(GainPolicy::Burst, Recorded::default(), None);
        assert_eq!(detector.enrol(&holes), Err(FailureToAcquire::TooFewHolds));
    }

    #[test]
    fn two_typings_are_no_enrolment() {
        let mut detector = SequenceMemory::new(GainPolicy::Burst, Recorded::default(), None);
        for _ in 0..2 {
            detector.enrol(&sample([95, 110, 88], [180, 210])).unwrap();
        }
        assert_eq!(
            detector.finish_enrolment(),
            Err(FailureToEnrol::TooFew { given: 2 })
        );
    }
}
