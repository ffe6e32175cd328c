//! The temporal memory: what the product's own detector took the place of. A hierarchical temporal
//! memory (Cui, Ahmad and Hawkins, 2016 and 2017; each part cites its own) perceives a typing as
//! subsequences, one a digraph:
//!
//! ```text
//! reset, primer, first key, next key, flight, hold of the first key
//! ```
//!
//! and the score is the raw anomaly summed over all steps of all of them: how many columns nothing
//! had predicted. It is here to be compared with, in error rates and in time; see
//! docs/adr/0019-temporal-memory.md for what it is faithful to.
//!
//! Everything random follows from one seed: the same typings give the same scores to the bit.

mod encoder;
mod network;
mod pooler;

use super::{Detector, Recorded, Threshold};
use crate::acquire::FailureToAcquire;
use crate::digraph::{Digraph, Duration, KeySequence, Sample, covers};
use crate::eval::draw::{Draws, Purpose};
use crate::template::FailureToEnrol;
use encoder::Symbol;
use network::{Activity, Network};
use pooler::SpatialPooler;

const SEED: u64 = 1;
/// How often each typing of the enrolment is presented, in an order that is drawn each time.
const PASSES: usize = 25;
/// Typings without which nothing is judged, as with the other detectors.
const LEAST_TYPINGS: usize = 3;
/// Steps of a subsequence before its scalars.
const KEY_STEPS: usize = 3;

/// A memory of subsequences of keys, flights and holds.
#[derive(Debug)]
pub(super) struct TemporalMemory {
    recorded: Recorded,
    keys: Option<KeySequence>,
    /// What the enrolment consists of, until it ends.
    typings: Vec<Sample>,
    trained: Option<Trained>,
}

#[derive(Debug)]
struct Trained {
    pooler: SpatialPooler,
    network: Network,
}

impl TemporalMemory {
    /// A detector that has learned nothing.
    pub(super) fn new(recorded: Recorded) -> Self {
        Self {
            recorded,
            keys: None,
            typings: Vec::new(),
            trained: None,
        }
    }

    fn check(&self, sample: &Sample) -> Result<(), FailureToAcquire> {
        if self.keys.as_ref().is_some_and(|keys| keys != sample.keys()) {
            return Err(FailureToAcquire::UnknownSequence);
        }
        let holds = |_| self.recorded == Recorded::HoldsAndDownDowns;
        covers(sample.holds(), sample.downs(), holds, |_| true)
    }

    /// The subsequences of a typing, and how many of their steps are there for each that should be.
    /// What was not measured is left out.
    fn subsequences(&self, sample: &Sample) -> (Vec<Vec<Symbol>>, f64) {
        let subsequences: Vec<Vec<Symbol>> = sample
            .digraphs()
            .zip(sample.downs())
            .map(|(digraph, down)| self.subsequence(&digraph, *down))
            .collect();
        let scalars = match self.recorded {
            Recorded::HoldsAndDownDowns => 2,
            Recorded::DownDowns => 1,
        };
        let wanted = subsequences.len() * (KEY_STEPS + scalars);
        let present: usize = subsequences.iter().map(Vec::len).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most 635 steps")]
        let share = present as f64 / wanted.max(1) as f64;
        (subsequences, share)
    }

    /// Where no holds were recorded there are no flights, and down-downs stand for them.
    fn subsequence(&self, digraph: &Digraph, down: Option<Duration>) -> Vec<Symbol> {
        let (way, hold) = match self.recorded {
            Recorded::HoldsAndDownDowns => (digraph.flight, digraph.hold),
            Recorded::DownDowns => (down.map(Duration::as_millis), None),
        };
        let keys: [Symbol; KEY_STEPS] = [
            Symbol::Primer,
            Symbol::Key(digraph.from),
            Symbol::Key(digraph.to),
        ];
        let scalars = [way, hold].into_iter().flatten().map(Symbol::Scalar);
        keys.into_iter().chain(scalars).collect()
    }
}

impl Trained {
    fn new() -> Self {
        Self {
            pooler: SpatialPooler::new(),
            network: Network::new(),
        }
    }

    fn learn(&mut self, subsequences: &[Vec<Symbol>]) {
        for subsequence in subsequences {
            let mut activity = Activity::default();
            for symbol in subsequence {
                let bits = symbol.bits();
                let columns = self.pooler.columns(&bits);
                self.pooler.learn(&columns, &bits);
                activity = self.network.learn(&columns, activity);
            }
        }
    }

    /// The raw anomaly summed over all steps.
    fn anomaly(&self, subsequences: &[Vec<Symbol>]) -> f64 {
        let mut sum = 0.0;
        for subsequence in subsequences {
            let mut activity = Activity::default();
            for symbol in subsequence {
                let columns = self.pooler.columns(&symbol.bits());
                let anomaly;
                (activity, anomaly) = self.network.perceive(&columns, &activity);
                sum += anomaly;
            }
        }
        sum
    }
}

impl Detector for TemporalMemory {
    fn enrol(&mut self, sample: &Sample) -> Result<(), FailureToAcquire> {
        self.check(sample)?;
        self.keys.get_or_insert_with(|| sample.keys().clone());
        self.typings.push(sample.clone());
        Ok(())
    }

    fn finish_enrolment(&mut self) -> Result<(), FailureToEnrol> {
        if self.typings.len() < LEAST_TYPINGS {
            let given = u32::try_from(self.typings.len()).unwrap_or(u32::MAX);
            return Err(FailureToEnrol::TooFew { given });
        }
        let typings = std::mem::take(&mut self.typings);
        let mut order: Vec<_> = typings.iter().map(|t| self.subsequences(t).0).collect();
        let mut draws = Draws::new(Purpose::TemporalMemory, SEED, [3, 0]);
        let mut trained = Trained::new();
        for _ in 0..PASSES {
            draws.shuffle(&mut order);
            order.iter().for_each(|typing| trained.learn(typing));
        }
        self.trained = Some(trained);
        Ok(())
    }

    fn start_sitting(&mut self) {}

    /// Presents the typing once.
    fn learn(&mut self, sample: &Sample) {
        if self.check(sample).is_ok() {
            let (subsequences, _) = self.subsequences(sample);
            if let Some(trained) = &mut self.trained {
                trained.learn(&subsequences);
            }
        }
    }

    fn score(&self, sample: &Sample) -> Result<f64, FailureToAcquire> {
        let trained = self.trained.as_ref();
        let trained = trained.ok_or(FailureToAcquire::NothingLearned)?;
        self.check(sample)?;
        let (subsequences, share) = self.subsequences(sample);
        if subsequences.is_empty() {
            return Err(FailureToAcquire::NothingLearned);
        }
        Ok(trained.anomaly(&subsequences) / share)
    }

    fn threshold(&self, _: Threshold) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::typist::{SyntheticTypist, some_text};

    fn typist(person: u64) -> SyntheticTypist {
        SyntheticTypist::new(1, person, some_text(3)).unwrap()
    }

    fn enrolled(typings: u32) -> TemporalMemory {
        let mut detector = TemporalMemory::new(Recorded::default());
        for typing in 0..typings {
            detector.enrol(&typist(1).sample(typing)).unwrap();
        }
        detector.finish_enrolment().unwrap();
        detector
    }

    #[test]
    fn what_was_learned_is_less_of_a_surprise() {
        let detector = enrolled(3);
        let known = detector.score(&typist(1).sample(0)).unwrap();
        let other = detector.score(&typist(2).sample(0)).unwrap();
        // Two digraphs, whose primers nothing can predict.
        assert!((2.0..3.0).contains(&known), "{known}");
        assert!(other > known + 1.0 && other <= 10.0, "{other}");
    }

    #[test]
    fn the_same_typings_give_the_same_scores() {
        let probe = typist(1).sample(9);
        let scores = [enrolled(3), enrolled(3)].map(|detector| detector.score(&probe).unwrap());
        assert_eq!(scores[0].to_bits(), scores[1].to_bits());
    }

    #[test]
    fn learning_goes_on() {
        let mut detector = enrolled(3);
        let typing = typist(2).sample(0);
        let before = detector.score(&typing).unwrap();
        for _ in 0..10 {
            detector.learn(&typing);
        }
        assert!(detector.score(&typing).unwrap() < before - 0.5);
    }

    #[test]
    fn too_few_typings_and_other_keys() {
        let mut detector = TemporalMemory::new(Recorded::default());
        let typing = typist(1).sample(0);
        detector.enrol(&typing).unwrap();
        assert_eq!(
            detector.finish_enrolment(),
            Err(FailureToEnrol::TooFew { given: 1 })
        );
        assert_eq!(
            detector.score(&typing),
            Err(FailureToAcquire::NothingLearned)
        );
        let other = SyntheticTypist::new(1, 1, some_text(4)).unwrap().sample(0);
        assert_eq!(
            detector.enrol(&other),
            Err(FailureToAcquire::UnknownSequence)
        );
    }

    #[test]
    fn a_recording_without_holds_is_compared_by_its_down_downs() {
        let typing = typist(1).sample(0);
        let (keys, downs) = (typing.keys().clone(), typing.downs().to_vec());
        let bare = Sample::new(keys, vec![None; 3], downs).unwrap();
        let mut detector = TemporalMemory::new(Recorded::default());
        assert_eq!(detector.enrol(&bare), Err(FailureToAcquire::TooFewHolds));
        let mut detector = TemporalMemory::new(Recorded::DownDowns);
        for _ in 0..3 {
            detector.enrol(&bare).unwrap();
        }
        detector.finish_enrolment().unwrap();
        // Nothing but the two primers, with holds or without.
        assert_eq!(detector.score(&bare), Ok(2.0));
        assert_eq!(detector.score(&typing), Ok(2.0));
    }

    #[test]
    fn a_missing_step_counts_like_the_others() {
        let detector = enrolled(3);
        let typing = typist(1).sample(0);
        let [first, .., last] = typing.holds() else {
            panic!("three keys")
        };
        let holds = vec![*first, None, *last];
        let holes = Sample::new(typing.keys().clone(), holds, typing.downs().to_vec()).unwrap();
        // One hold of two is too few, so the share is of the whole.
        assert_eq!(detector.score(&holes), Err(FailureToAcquire::TooFewHolds));
        let (subsequences, share) = detector.subsequences(&holes);
        assert_eq!(subsequences.iter().map(Vec::len).sum::<usize>(), 8);
        assert!((share - 0.8).abs() < 1e-12, "{share}");
    }
}
