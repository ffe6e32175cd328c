//! The product's own detector: a [`Template`] and the [`policy`], driven as the module drives them,
//! with the caution that an account in force has
//! ([`Profile::learn`](crate::store::profile::Profile::learn)). A sitting stands for a day.

use super::{Detector, Recorded, Threshold};
use crate::acquire::FailureToAcquire;
use crate::digraph::Sample;
use crate::memory::Ingredient;
use crate::policy::{self, DAILY_MOVEMENT, Decision};
use crate::quarantine::{Held, Quarantine};
use crate::template::{Enrolment, FailureToEnrol, GainPolicy, Template};
use crate::time::Timestamp;

/// The online sequence memory of [`crate::memory`]. Scores are in nats.
#[derive(Clone, Debug)]
pub struct SequenceMemory {
    gain: GainPolicy,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Enrolling(Enrolment),
    Enrolled(Box<Account>),
}

/// A template in force.
#[derive(Clone, Debug)]
struct Account {
    template: Template,
    /// As it was when the sitting began.
    dawn: Template,
    sittings: u64,
    held: Quarantine,
}

impl Account {
    fn of(template: Template) -> Self {
        Self {
            dawn: template.clone(),
            template,
            sittings: 0,
            held: Quarantine::default(),
        }
    }

    fn start_sitting(&mut self) {
        self.template.start_sitting();
        self.dawn = self.template.clone();
        self.sittings += 1;
    }

    fn learn(&mut self, sample: &Sample, gain: GainPolicy) {
        let gain = self.template.next_gain(gain);
        self.template.learn(sample, gain);
    }

    /// Whether it may be learned today.
    fn learn_within_the_day(&mut self, sample: &Sample, gain: GainPolicy) -> bool {
        let before = self.template.clone();
        self.learn(sample, gain);
        let moved = self.template.memory().moved_from(self.dawn.memory());
        if moved > DAILY_MOVEMENT {
            self.template = before;
        }
        moved <= DAILY_MOVEMENT
    }

    fn learn_accepted(&mut self, sample: &Sample, well: bool, gain: GainPolicy) -> bool {
        if well {
            self.held.end_row();
            return self.learn_within_the_day(sample, gain);
        }
        let row = self.held.hold(Held {
            at: Timestamp(self.sittings * 24 * 3600),
            keyboard: 0,
            sample: sample.clone(),
        });
        let learned = row
            .iter()
            .filter(|held| self.learn_within_the_day(&held.sample, gain));
        learned.count() > 0
    }
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
            Stage::Enrolled(account) => {
                account.template.judge(sample)?;
                account.template.learn(sample, 1.0);
                Ok(())
            }
        }
    }

    fn finish_enrolment(&mut self) -> Result<(), FailureToEnrol> {
        if let Stage::Enrolling(enrolment) = &mut self.stage {
            let template = std::mem::take(enrolment).finish()?;
            self.stage = Stage::Enrolled(Box::new(Account::of(template)));
        }
        Ok(())
    }

    fn start_sitting(&mut self) {
        if let Stage::Enrolled(account) = &mut self.stage {
            account.start_sitting();
        }
    }

    fn learn(&mut self, sample: &Sample) {
        if let Stage::Enrolled(account) = &mut self.stage {
            account.learn(sample, self.gain);
        }
    }

    fn learn_accepted(&mut self, sample: &Sample, score: f64, threshold: Threshold) -> bool {
        let well = score <= policy::learning_threshold(threshold.value());
        match &mut self.stage {
            Stage::Enrolling(_) => false,
            Stage::Enrolled(account) => account.learn_accepted(sample, well, self.gain),
        }
    }

    fn note_refusal(&mut self) {
        if let Stage::Enrolled(account) = &mut self.stage {
            account.held.end_row();
        }
    }

    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire> {
        match &self.stage {
            Stage::Enrolling(_) => Err(FailureToAcquire::NothingLearned),
            Stage::Enrolled(account) => account
                .template
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
