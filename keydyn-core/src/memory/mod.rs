//! The sequence memory: an online anomaly model of one text typed by one person.
//!
//! A typing is a sequence: **reset**, **primer**, then for each key its hold, then the way to the
//! next key, then the next key. Every step is predicted from its context and the surprise at what
//! came is the anomaly. Contexts back off from *this position of this text* to *people in general*
//! by evidence. The memory learns one accepted typing at a time and forgets slowly.
//!
//! The formulas are those of docs/adr/0001-sequence-memory.md. `x` is ln ms throughout.

mod context;
pub(crate) mod encoder;
pub mod population;
mod surprise;

use std::{fmt, mem};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::digraph::{Duration, Sample};
pub use context::Context;
use encoder::scalar;
use population::{DOWN_DOWN, HOLD, Primer};
use surprise::clip;

/// How much of people's surprise is held against the owner's, times the context's evidence.
const POPULATION_WEIGHT: f64 = 0.6;
/// How far a down-down follows the hold before it, per scale.
const HOLD_TO_DOWN: f64 = 0.3;
/// Clip of the hold's deviation as a predictor, and of the level's error.
const HOLD_CLIP: f64 = 3.0;
const LEVEL_CLIP: f64 = 0.5;
const LEVEL_RATE: f64 = 0.05;
/// How much of the owner's own level is taken off a score.
const LEVEL_WEIGHT: f64 = 0.5;

/// Which of the two scalars a step carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Press to release of one key.
    Hold,
    /// Press of a key to the press of the next.
    DownDown,
}

/// One scored step of a typing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Position of the key, or of the first key of the digraph, from 0.
    pub position: usize,
    /// Hold or down-down.
    pub kind: StepKind,
    /// How many of the owner's scales off; positive is slower.
    pub deviation: f64,
    /// The step's share of the anomaly before averaging.
    pub surprise: f64,
}

/// The level of the owner's own anomalies.
#[derive(Clone, Copy, Debug, PartialEq, Default, Zeroize)]
pub struct Level {
    /// Where they lie.
    pub mean: f64,
    /// How many made it; 0 means that there is no level and so no decision.
    pub count: u32,
}

impl Level {
    fn learn(&mut self, anomaly: f64, gain: f64) {
        if self.count == 0 {
            self.mean = anomaly;
        } else {
            let q = f64::from(self.count);
            self.mean += f64::max(1.0 / (q + 1.0), LEVEL_RATE * gain)
                * clip(anomaly - self.mean, LEVEL_CLIP);
        }
        self.count = self.count.saturating_add(1);
    }
}

/// Everything that was learned of how one text is typed: three numbers a context, one level.
/// Wiped when dropped: the locations are somebody's rhythm.
#[derive(Clone, PartialEq, Zeroize, ZeroizeOnDrop)]
pub struct SequenceMemory {
    holds: Vec<Context>,
    downs: Vec<Context>,
    level: Level,
    learned: u32,
}

/// The parts of a [`SequenceMemory`], for whoever stores one.
#[derive(Clone, PartialEq, Zeroize, ZeroizeOnDrop)]
pub struct MemoryParts {
    /// A context per key.
    pub holds: Vec<Context>,
    /// A context per digraph: one fewer.
    pub downs: Vec<Context>,
    /// The owner's level.
    pub level: Level,
    /// Typings learned.
    pub learned: u32,
}

impl SequenceMemory {
    /// A memory of a text of `keys` keys, of which nothing is known.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        Self {
            holds: vec![Context::default(); keys],
            downs: vec![Context::default(); keys.saturating_sub(1)],
            level: Level::default(),
            learned: 0,
        }
    }

    /// The memory with these parts; `None` if the counts do not fit or a number is not finite.
    #[must_use]
    pub fn from_parts(mut parts: MemoryParts) -> Option<Self> {
        let sound = |c: &Context| {
            c.location.is_finite() && c.scale.is_finite() && (c.count == 0 || c.scale > 0.0)
        };
        let fits = parts.holds.len() == parts.downs.len() + 1
            && parts.holds.iter().chain(&parts.downs).all(sound)
            && parts.level.mean.is_finite();
        fits.then(|| Self {
            holds: mem::take(&mut parts.holds),
            downs: mem::take(&mut parts.downs),
            level: parts.level,
            learned: parts.learned,
        })
    }

    /// The parts that [`SequenceMemory::from_parts`] takes.
    #[must_use]
    pub fn parts(&self) -> MemoryParts {
        MemoryParts {
            holds: self.holds.clone(),
            downs: self.downs.clone(),
            level: self.level,
            learned: self.learned,
        }
    }

    /// Typings learned so far.
    #[must_use]
    pub fn learned(&self) -> u32 {
        self.learned
    }

    /// Keys of the text.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.holds.len()
    }

    /// What was learned of each key's hold.
    #[must_use]
    pub fn holds(&self) -> &[Context] {
        &self.holds
    }

    /// What was learned of each digraph's down-down.
    #[must_use]
    pub fn downs(&self) -> &[Context] {
        &self.downs
    }

    /// The anomaly of a typing: the mean surprise over its steps, in nats. Higher is stranger.
    /// `None` if no step has a context to compare with.
    ///
    /// The sample must have as many keys as the memory; further ones are not looked at.
    #[must_use]
    pub fn anomaly(&self, sample: &Sample) -> Option<f64> {
        let mut walk = Walk::reset(self);
        let (mut sum, mut steps) = (0.0, 0u32);
        walk.steps(sample, |step| {
            sum += step.surprise;
            steps += 1;
        });
        (steps > 0).then(|| sum / f64::from(steps))
    }

    /// The decision score of a typing with this anomaly: less half of the owner's own level.
    /// `None` without a level.
    #[must_use]
    pub fn score_of(&self, anomaly: f64) -> Option<f64> {
        (self.level.count > 0).then_some(anomaly - LEVEL_WEIGHT * self.level.mean)
    }

    /// Each scored step of a typing, in order.
    #[must_use]
    pub fn steps(&self, sample: &Sample) -> Vec<Step> {
        let mut steps = Vec::with_capacity(2 * self.holds.len());
        Walk::reset(self).steps(sample, |step| steps.push(step));
        steps
    }

    /// Learns one typing; `gain` is 1 for a typing that counts in full and less for the later
    /// ones of a burst.
    pub fn learn(&mut self, sample: &Sample, gain: f64) {
        // The first two typings are scored against next to nothing: no level from them.
        if self.learned >= 2
            && let Some(anomaly) = self.anomaly(sample)
        {
            self.level.learn(anomaly, gain);
        }
        for (context, hold) in self.holds.iter_mut().zip(sample.holds()) {
            if let Some(hold) = hold {
                context.learn(scalar(*hold), gain, &HOLD);
            }
        }
        for (context, down) in self.downs.iter_mut().zip(sample.downs()) {
            if let Some(down) = down {
                context.learn(scalar(*down), gain, &DOWN_DOWN);
            }
        }
        self.learned = self.learned.saturating_add(1);
    }
}

impl fmt::Debug for SequenceMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SequenceMemory(..)")
    }
}

/// One pass over a typing, from the reset on.
struct Walk<'m> {
    memory: &'m SequenceMemory,
    primer: Primer,
}

impl<'m> Walk<'m> {
    /// Forgets every typing before and puts the primer in front.
    fn reset(memory: &'m SequenceMemory) -> Self {
        Self {
            memory,
            primer: Primer::default(),
        }
    }

    fn steps(&mut self, sample: &Sample, mut visit: impl FnMut(Step)) {
        for position in 0..self.memory.holds.len() {
            let hold = sample.holds().get(position).copied().flatten();
            let hold = hold.and_then(|hold| self.hold(position, hold));
            let hold_deviation = hold.map(|step| step.deviation);
            hold.into_iter().for_each(&mut visit);
            let down = sample.downs().get(position).copied().flatten();
            down.and_then(|down| self.down(position, down, hold_deviation))
                .into_iter()
                .for_each(&mut visit);
        }
    }

    fn hold(&mut self, position: usize, hold: Duration) -> Option<Step> {
        let context = self.memory.holds.get(position)?;
        let x = scalar(hold);
        let deviation = context.deviation(x)?;
        let people = self.primer.hold(x);
        Some(step(position, StepKind::Hold, context, deviation, people))
    }

    /// The way to the next key follows this key's own hold.
    fn down(&mut self, position: usize, down: Duration, hold: Option<f64>) -> Option<Step> {
        let context = self.memory.downs.get(position)?;
        let x = scalar(down);
        let mut deviation = context.deviation(x)?;
        if let Some(hold) = hold {
            deviation = (deviation - HOLD_TO_DOWN * clip(hold, HOLD_CLIP))
                / (1.0 - HOLD_TO_DOWN * HOLD_TO_DOWN).sqrt();
        }
        let people = self.primer.down(x);
        Some(step(
            position,
            StepKind::DownDown,
            context,
            deviation,
            people,
        ))
    }
}

/// Backs off from the context to people in general by the context's evidence.
fn step(position: usize, kind: StepKind, context: &Context, deviation: f64, people: f64) -> Step {
    let surprise = context.surprise(deviation) - POPULATION_WEIGHT * context.evidence() * people;
    Step {
        position,
        kind,
        deviation,
        surprise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::KeySequence;
    use crate::key::KeyCode;

    fn sample(holds: [u32; 3], downs: [u32; 2]) -> Sample {
        let keys = KeySequence::new(vec![KeyCode(30), KeyCode(31), KeyCode(32)]);
        let ms = |v: u32| Some(Duration(v * 1000));
        Sample::new(keys, holds.map(ms).to_vec(), downs.map(ms).to_vec()).unwrap()
    }

    fn assert_close(found: impl IntoIterator<Item = f64>, expected: &[f64]) {
        let found: Vec<f64> = found.into_iter().collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }

    #[expect(
        clippy::unreadable_literal,
        reason = "the reference vector as it is published"
    )]
    #[test]
    fn reference_vector_to_nine_digits() {
        let typings = [
            sample([95, 110, 88], [180, 210]),
            sample([101, 104, 92], [175, 232]),
            sample([90, 120, 85], [190, 205]),
            sample([97, 99, 140], [400, 90]),
        ];
        let locations = [
            [
                4.553876892,
                4.700480366,
                4.477336814,
                5.192956851,
                5.347107531,
            ],
            [
                4.584498704,
                4.672435632,
                4.499562696,
                5.178871412,
                5.396922451,
            ],
            [
                4.556269026,
                4.710787669,
                4.480592216,
                5.201588966,
                5.372284961,
            ],
            [
                4.561801612,
                4.676087324,
                4.530245576,
                5.266425364,
                5.298761450,
            ],
        ];
        let scales = [
            [0.17, 0.17, 0.17, 0.24, 0.24],
            [
                0.133747875,
                0.132029822,
                0.128150588,
                0.169390292,
                0.193209947,
            ],
            [
                0.121483165,
                0.127786394,
                0.110340800,
                0.144080884,
                0.163385578,
            ],
            [
                0.100874922,
                0.125362679,
                0.176545281,
                0.230529415,
                0.261416925,
            ],
        ];
        let mut memory = SequenceMemory::new(3);
        for (i, typing) in typings.iter().enumerate() {
            match i {
                0 => assert_eq!(memory.anomaly(typing), None),
                // Without a level there is an anomaly but no score; with m = 0 they are equal.
                2 => {
                    assert_close(memory.anomaly(typing), &[-1.224791683]);
                    assert_eq!(memory.score_of(-1.0), None);
                }
                3 => {
                    assert_close(memory.anomaly(typing), &[0.421255314]);
                    assert_close(
                        memory.score_of(memory.anomaly(typing).unwrap()),
                        &[1.033651155],
                    );
                }
                _ => {}
            }
            memory.learn(typing, 1.0);
            let contexts = || memory.holds.iter().chain(&memory.downs);
            assert_close(contexts().map(|c| c.location), &locations[i]);
            assert_close(contexts().map(|c| c.scale), &scales[i]);
            match i {
                2 => assert_close([memory.level.mean], &[-1.224791683]),
                3 => assert_close([memory.level.mean], &[-0.974791683]),
                _ => {}
            }
        }
    }

    #[test]
    fn missing_features_are_skipped_in_scoring_and_learning() {
        let mut memory = SequenceMemory::new(3);
        for _ in 0..5 {
            memory.learn(&sample([95, 110, 88], [180, 210]), 1.0);
        }
        let whole = sample([95, 110, 88], [180, 210]);
        let gap = Sample::new(
            whole.keys().clone(),
            vec![None, whole.holds()[1], None],
            vec![None, whole.downs()[1]],
        )
        .unwrap();
        assert_eq!(memory.steps(&gap).len(), 2);
        let before = memory.holds[0];
        memory.learn(&gap, 1.0);
        assert_eq!(memory.holds[0], before);
        assert_eq!(memory.holds[1].count, 6);
    }

    #[test]
    fn a_frozen_typist_never_gets_a_scale_of_nothing() {
        let mut memory = SequenceMemory::new(3);
        for _ in 0..2000 {
            memory.learn(&sample([95, 110, 88], [180, 210]), 1.0);
        }
        assert!(memory.holds.iter().all(|c| c.scale >= 0.02));
        let odd = memory.anomaly(&sample([300, 20, 300], [900, 20])).unwrap();
        assert!(memory.score_of(odd).unwrap() > 1.0);
    }
}
