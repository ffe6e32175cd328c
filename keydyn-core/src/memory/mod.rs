//! The sequence memory: an online anomaly model of one text typed by one person.
//!
//! A typing is a sequence: **reset**, **primer**, then for each key its hold, then the way to the
//! next key, then the next key. Every step is predicted from its context and the surprise at what
//! came is the anomaly. Contexts back off from *this position of this text* to *people in general*
//! by evidence. The memory learns one accepted typing at a time and forgets slowly.
//!
//! In short, for step j of a typing, `x` in ln ms (holds and down-downs, at least 5 ms):
//!
//! ```text
//! z = (x - location) / (1.25 scale)         how far off, in the owner's scales
//!     a hold less 0.25 of the tempo of the holds before it: sum of z / (N + 2)
//!     a down-down (z - 0.3 z of its hold) / sqrt(1 - 0.09)
//! U = 1.5 ln(1 + z^2/2) + ln(1.25 scale)    the owner's surprise: Student t, 2 degrees of freedom
//! V = 5.5 ln(1 + y^2/10) + ln(s0 c)         people's surprise; y by the primer
//! S = mean(U - 0.7 n/(n+2) V)               the anomaly, in nats; n typings in the context
//! u = S - 0.5 level                         the score
//!     - 0.15 B/(B+10) / (b+1)^2             b typings in this sitting, B in the one before
//!     + 0.4 max(0, usual V - mean(V))       less strange to people than the owner is wont to be
//!     + 0.3 max(0, mean(V) - usual V)       or much stranger
//! ```
//!
//! docs/adr/0001-sequence-memory.md and docs/adr/0023-what-the-memory-learned.md say where each
//! comes from, [`Ingredient`] what each is worth, and docs/evaluation.md how much.

mod context;
pub(crate) mod encoder;
mod formula;
mod level;
pub mod population;
mod sitting;
mod surprise;
mod transition;

use std::{fmt, mem};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::digraph::{Duration, Sample};
pub use context::{Anchor, Context};
use encoder::scalar;
use formula::Formula;
pub use formula::Ingredient;
pub use level::{Level, Typicality};
use population::{DOWN_DOWN, HOLD, Primer};
pub use sitting::Sitting;
use surprise::{clip, is_sound};
pub use transition::Transition;

/// Clip of a deviation that predicts another.
const DEVIATION_CLIP: f64 = 3.0;
/// Holds at which the owner's tempo in a typing is believed by half.
const TEMPO_EVIDENCE: f64 = 2.0;

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
    /// How many of the owner's scales off what was expected; positive is slower.
    pub deviation: f64,
    /// The step's share of the anomaly before averaging.
    pub surprise: f64,
    /// People's surprise at it.
    pub people: f64,
}

/// How strange a typing is, in nats a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anomaly {
    /// The owner's surprise less what people's is worth: higher is stranger.
    pub surprise: f64,
    /// People's surprise alone.
    pub people: f64,
}

/// Everything that was learned of how one text is typed: five numbers a context, two levels, and
/// where in a sitting it is. Wiped when dropped: the locations are somebody's rhythm.
#[derive(Clone, PartialEq, Zeroize, ZeroizeOnDrop)]
pub struct SequenceMemory {
    parts: MemoryParts,
    #[zeroize(skip)]
    formula: &'static Formula,
}

/// The parts of a [`SequenceMemory`], for whoever stores one.
#[derive(Clone, PartialEq, Default, Zeroize, ZeroizeOnDrop)]
pub struct MemoryParts {
    /// A context per key.
    pub holds: Vec<Context>,
    /// A context per digraph: one fewer.
    pub downs: Vec<Context>,
    /// What kind of way each digraph is.
    pub transitions: Vec<Transition>,
    /// The owner's level.
    pub level: Level,
    /// How strange the owner is to people.
    pub typicality: Typicality,
    /// Where in a sitting it is.
    pub sitting: Sitting,
    /// Typings learned.
    pub learned: u32,
}

impl SequenceMemory {
    /// A memory of a text with these ways between its keys, of which nothing is known.
    #[must_use]
    pub fn new(transitions: Vec<Transition>) -> Self {
        Self::by(&formula::PRODUCT, transitions)
    }

    /// The same, by the formula without an ingredient.
    #[cfg(feature = "eval")]
    #[must_use]
    pub fn without(ingredient: Ingredient, transitions: Vec<Transition>) -> Self {
        Self::by(ingredient.left_out(), transitions)
    }

    fn by(formula: &'static Formula, transitions: Vec<Transition>) -> Self {
        let ways = transitions.len();
        Self {
            parts: MemoryParts {
                holds: vec![Context::default(); ways + 1],
                downs: vec![Context::default(); ways],
                transitions,
                ..MemoryParts::default()
            },
            formula,
        }
    }

    /// The memory with these parts; `None` if the counts do not fit or a number is not one that a
    /// memory can have.
    #[must_use]
    pub fn from_parts(mut parts: MemoryParts) -> Option<Self> {
        let fits = parts.holds.len() == parts.downs.len() + 1
            && parts.transitions.len() == parts.downs.len()
            && parts.contexts().all(Context::is_sound)
            && is_sound(parts.level.mean)
            && parts.typicality.is_sound();
        fits.then(|| Self {
            parts: mem::take(&mut parts),
            formula: &formula::PRODUCT,
        })
    }

    /// The parts that [`SequenceMemory::from_parts`] takes.
    #[must_use]
    pub fn parts(&self) -> &MemoryParts {
        &self.parts
    }

    /// Typings learned so far.
    #[must_use]
    pub fn learned(&self) -> u32 {
        self.parts.learned
    }

    /// Keys of the text.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.parts.holds.len()
    }

    /// What was learned of each key's hold.
    #[must_use]
    pub fn holds(&self) -> &[Context] {
        &self.parts.holds
    }

    /// What was learned of each digraph's down-down.
    #[must_use]
    pub fn downs(&self) -> &[Context] {
        &self.parts.downs
    }

    /// Where in a sitting it is.
    #[must_use]
    pub fn sitting(&self) -> Sitting {
        self.parts.sitting
    }

    /// The anomaly of a typing, means over its steps. `None` if no step has a context to compare
    /// with.
    ///
    /// The sample must have as many keys as the memory; further ones are not looked at.
    #[must_use]
    pub fn anomaly(&self, sample: &Sample) -> Option<Anomaly> {
        let (mut surprise, mut people, mut steps) = (0.0, 0.0, 0u32);
        Walk::reset(self).steps(sample, |step| {
            surprise += step.surprise;
            people += step.people;
            steps += 1;
        });
        let n = f64::from(steps);
        (steps > 0).then(|| Anomaly {
            surprise: surprise / n,
            people: people / n,
        })
    }

    /// The decision score of a typing with this anomaly, in nats. `None` without a level.
    #[must_use]
    pub fn score_of(&self, anomaly: Anomaly) -> Option<f64> {
        let (parts, formula) = (&self.parts, self.formula);
        let expected =
            formula.level_weight * parts.level.mean + formula.allowance * parts.sitting.allowance();
        let untypical = formula.typicality * parts.typicality.lack(anomaly.people)
            + formula.oddity * parts.typicality.excess(anomaly.people);
        (parts.level.count > 0).then_some(anomaly.surprise - expected + untypical)
    }

    /// Each scored step of a typing, in order.
    #[must_use]
    pub fn steps(&self, sample: &Sample) -> Vec<Step> {
        let mut steps = Vec::with_capacity(2 * self.keys());
        Walk::reset(self).steps(sample, |step| steps.push(step));
        steps
    }

    /// Learns one typing; `gain` is 1 for a typing that counts in full and less for the later
    /// ones of a burst.
    pub fn learn(&mut self, sample: &Sample, gain: f64) {
        self.learn_levels(sample, gain);
        let formula = self.formula;
        let parts = &mut self.parts;
        let beginning = parts.sitting.is_beginning();
        let learn = |context: &mut Context, value: &Option<Duration>, prior| {
            if let Some(value) = value {
                let x = scalar(*value);
                if beginning {
                    context.learn_anchor(x);
                }
                context.learn(x, gain, prior, formula);
            }
        };
        for (context, hold) in parts.holds.iter_mut().zip(sample.holds()) {
            learn(context, hold, &HOLD);
        }
        for (context, down) in parts.downs.iter_mut().zip(sample.downs()) {
            learn(context, down, &DOWN_DOWN);
        }
        parts.sitting.learn();
        parts.learned = parts.learned.saturating_add(1);
    }

    /// From what the memory, before it learns this typing, makes of it. The first two typings are
    /// scored against next to nothing: no level from them.
    fn learn_levels(&mut self, sample: &Sample, gain: f64) {
        if let Some(anomaly) = self.anomaly(sample) {
            if self.parts.learned >= 2 {
                self.parts.level.learn(anomaly.surprise, gain);
            }
            if self.parts.learned >= 1 {
                self.parts.typicality.learn(anomaly.people, gain);
            }
        }
    }

    /// The next typing is the first of a new sitting: what was learned in the one that is over
    /// goes part of the way back to how sittings begin, the further the longer it was.
    pub fn start_sitting(&mut self) {
        let parts = &mut self.parts;
        let share = self.formula.anchor_share * parts.sitting.led_away();
        for context in parts.holds.iter_mut().chain(&mut parts.downs) {
            context.return_to_anchor(share);
        }
        parts.sitting.end();
    }

    /// How far this memory is from an earlier one of the same text: the distance of each context's
    /// location in scales of the earlier one, mean over the contexts that both know. 0 where there
    /// is none.
    #[must_use]
    pub fn moved_from(&self, earlier: &Self) -> f64 {
        let both = self.parts.contexts().zip(earlier.parts.contexts());
        let (sum, contexts) = both
            .filter_map(|(now, then)| now.distance_from(then))
            .fold((0.0, 0.0), |(sum, n), distance| (sum + distance, n + 1.0));
        if contexts > 0.0 { sum / contexts } else { 0.0 }
    }

    /// The enrolment, in which every typing counts in full, is over.
    pub fn end_enrolment(&mut self) {
        self.parts.sitting.end_enrolment();
    }
}

impl MemoryParts {
    /// Every context: holds, then down-downs.
    pub fn contexts(&self) -> impl Iterator<Item = &Context> {
        self.holds.iter().chain(&self.downs)
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
    /// Deviations of the owner's holds so far, and how many.
    tempo: (f64, f64),
}

impl<'m> Walk<'m> {
    /// Forgets every typing before and puts the primer in front.
    fn reset(memory: &'m SequenceMemory) -> Self {
        Self {
            memory,
            primer: Primer::default(),
            tempo: (0.0, 0.0),
        }
    }

    fn steps(&mut self, sample: &Sample, mut visit: impl FnMut(Step)) {
        for position in 0..self.memory.keys() {
            let hold = sample.holds().get(position).copied().flatten();
            let hold = hold.and_then(|hold| self.hold(position, hold));
            let deviation = hold.map(|(_, deviation)| deviation);
            hold.into_iter().for_each(|(step, _)| visit(step));
            let down = sample.downs().get(position).copied().flatten();
            down.and_then(|down| self.down(position, down, deviation))
                .into_iter()
                .for_each(&mut visit);
        }
    }

    /// The step, and how far off the hold is by itself. It follows the tempo of the holds before.
    fn hold(&mut self, position: usize, hold: Duration) -> Option<(Step, f64)> {
        let context = self.memory.holds().get(position)?;
        let x = scalar(hold);
        let alone = context.deviation(x)?;
        let (sum, seen) = self.tempo;
        let deviation = alone - self.memory.formula.own_tempo * sum / (seen + TEMPO_EVIDENCE);
        self.tempo = (sum + clip(alone, DEVIATION_CLIP), seen + 1.0);
        let people = self.primer.hold(x, self.memory.formula);
        let step = self.step(position, StepKind::Hold, context, deviation, people);
        Some((step, alone))
    }

    /// The way to the next key follows this key's own hold.
    fn down(&mut self, position: usize, down: Duration, hold: Option<f64>) -> Option<Step> {
        let context = self.memory.downs().get(position)?;
        let x = scalar(down);
        let mut deviation = context.deviation(x)?;
        let follows = self.memory.formula.hold_to_down;
        if let Some(hold) = hold {
            deviation = (deviation - follows * clip(hold, DEVIATION_CLIP))
                / (1.0 - follows * follows).sqrt();
        }
        let way = self.memory.parts.transitions.get(position).copied();
        let people = self
            .primer
            .down(x, way.unwrap_or_default(), self.memory.formula);
        Some(self.step(position, StepKind::DownDown, context, deviation, people))
    }

    /// Backs off from the context to people in general by the context's evidence.
    fn step(
        &self,
        position: usize,
        kind: StepKind,
        context: &Context,
        deviation: f64,
        people: f64,
    ) -> Step {
        let formula = self.memory.formula;
        let against = formula.population_weight * context.evidence() * people;
        Step {
            position,
            kind,
            deviation,
            surprise: context.surprise(deviation, formula) - against,
            people,
        }
    }
}

#[cfg(test)]
mod tests;
