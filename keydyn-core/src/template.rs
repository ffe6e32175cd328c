//! Enrolment -> Template: what one person's typing of one text is compared with, and how it goes
//! on learning.

use crate::acquire::FailureToAcquire;
use crate::digraph::{KeySequence, Sample, covers};
use crate::explain::Explanation;
#[cfg(feature = "eval")]
use crate::memory::Ingredient;
use crate::memory::encoder::same_categories;
use crate::memory::{Anomaly, SequenceMemory};
use crate::policy::{Decision, Strictness, decide};
use crate::strangers::{self, STRANGERS};

/// How much a typing counts by its place in the sitting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GainPolicy {
    /// [`Sitting::gain`](crate::memory::Sitting::gain): the later typings of a sitting count less.
    #[default]
    Burst,
    /// Always 1.
    Plain,
}

/// How an attempt compares with a template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// How strange it is.
    pub anomaly: Anomaly,
    /// What a threshold is compared with, in nats: the anomaly, less what is usual of the owner.
    /// `None` while the template has no level.
    pub score: Option<f64>,
}

/// One person's way of typing one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    keys: KeySequence,
    memory: SequenceMemory,
}

impl Template {
    /// A template of the text that this sample is of. Nothing is learned of it, the sample neither.
    #[must_use]
    pub fn of(sample: &Sample) -> Self {
        Self {
            keys: sample.keys().clone(),
            memory: SequenceMemory::new(sample.transitions()),
        }
    }

    /// The same, by a model that lacks an ingredient.
    #[cfg(feature = "eval")]
    #[must_use]
    pub fn of_without(sample: &Sample, ingredient: Ingredient) -> Self {
        Self {
            keys: sample.keys().clone(),
            memory: SequenceMemory::without(ingredient, sample.transitions()),
        }
    }

    /// A template with a memory learned before; `None` if it is one of another length.
    #[must_use]
    pub fn with_memory(keys: KeySequence, memory: SequenceMemory) -> Option<Self> {
        (memory.keys() == keys.len()).then_some(Self { keys, memory })
    }

    /// The text.
    #[must_use]
    pub fn keys(&self) -> &KeySequence {
        &self.keys
    }

    /// What was learned of it.
    #[must_use]
    pub fn memory(&self) -> &SequenceMemory {
        &self.memory
    }

    /// Whether the sample is of this text.
    #[must_use]
    pub fn matches(&self, sample: &Sample) -> bool {
        same_categories(&self.keys, sample.keys())
    }

    /// Compares an attempt with what was learned.
    ///
    /// # Errors
    /// If the keys are others, if fewer than 80 % of the template's features are there, or if
    /// nothing was learned.
    pub fn judge(&self, sample: &Sample) -> Result<Judgement, FailureToAcquire> {
        if !self.matches(sample) {
            return Err(FailureToAcquire::UnknownSequence);
        }
        let (holds, downs) = (self.memory.holds(), self.memory.downs());
        covers(
            sample.holds(),
            sample.downs(),
            |i| holds[i].count > 0,
            |i| downs[i].count > 0,
        )?;
        let anomaly = self
            .memory
            .anomaly(sample)
            .ok_or(FailureToAcquire::NothingLearned)?;
        Ok(Judgement {
            anomaly,
            score: self.memory.score_of(anomaly),
        })
    }

    /// How many of the [`STRANGERS`] who know the password would be accepted at their first typing.
    #[must_use]
    pub fn strangers_accepted(&self, strictness: Strictness) -> u32 {
        let ways = &self.memory.parts().transitions;
        let accepted = strangers::typings(&self.keys, ways).filter(|typing| {
            let judgement = self.judge(typing);
            decide(judgement.ok().and_then(|found| found.score), strictness) == Decision::Genuine
        });
        u32::try_from(accepted.count()).unwrap_or(STRANGERS)
    }

    /// Which steps of an attempt were how far off, in order: positions, never keys.
    #[must_use]
    pub fn explain(&self, sample: &Sample) -> Explanation {
        Explanation::new(if self.matches(sample) {
            self.memory.steps(sample)
        } else {
            Vec::new()
        })
    }

    /// The gain that the next typing of this sitting has.
    #[must_use]
    pub fn next_gain(&self, policy: GainPolicy) -> f64 {
        match policy {
            GainPolicy::Burst => self.memory.sitting().gain(),
            GainPolicy::Plain => 1.0,
        }
    }

    /// Learns an accepted typing with this gain. Another text is not learned.
    pub fn learn(&mut self, sample: &Sample, gain: f64) {
        if self.matches(sample) {
            self.memory.learn(sample, gain);
        }
    }

    /// The next typing is the first of a new sitting.
    pub fn start_sitting(&mut self) {
        self.memory.start_sitting();
    }

    /// The enrolment is over.
    pub fn end_enrolment(&mut self) {
        self.memory.end_enrolment();
    }
}

/// Typings given in a row to make a template, each counted in full.
#[derive(Clone, Debug, Default)]
pub struct Enrolment {
    template: Option<Template>,
    /// No hold was recorded of anybody: only ever set by an evaluation.
    without_holds: bool,
    /// What the model lacks: only ever set by an evaluation.
    #[cfg(feature = "eval")]
    without: Option<Ingredient>,
}

/// Why no template could be made (ISO/IEC 2382-37: failure to enrol).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailureToEnrol {
    /// There is no level, and so no decision, before the third typing.
    #[error("{given} of at least 3 typings were given")]
    TooFew {
        /// How many were.
        given: u32,
    },
}

/// Typings below which there is no level.
pub(crate) const LEAST_TYPINGS: u32 = 3;

impl Enrolment {
    /// An enrolment without a typing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An enrolment in a recording that has no holds; it asks for down-downs only.
    ///
    /// Never for a login (docs/adr/0011): whoever hid his releases there would make a template
    /// that never asks for them.
    #[cfg(feature = "eval")]
    #[must_use]
    pub fn without_holds() -> Self {
        Self {
            without_holds: true,
            ..Self::default()
        }
    }

    /// The same enrolment by a model that lacks an ingredient.
    #[cfg(feature = "eval")]
    #[must_use]
    pub fn without(self, ingredient: Ingredient) -> Self {
        Self {
            without: Some(ingredient),
            ..self
        }
    }

    #[cfg(feature = "eval")]
    fn template_of(&self, sample: &Sample) -> Template {
        match self.without {
            Some(ingredient) => Template::of_without(sample, ingredient),
            None => Template::of(sample),
        }
    }

    #[cfg(not(feature = "eval"))]
    #[expect(
        clippy::unused_self,
        reason = "an evaluation's enrolment may lack something"
    )]
    fn template_of(&self, sample: &Sample) -> Template {
        Template::of(sample)
    }

    /// Takes a typing; the first one says which text it is.
    ///
    /// # Errors
    /// If it is another text or too much of it is missing; the enrolment is as it was.
    pub fn add(&mut self, sample: &Sample) -> Result<(), FailureToAcquire> {
        match &mut self.template {
            None => {
                // A first typing full of holes would make a template that asks for nothing.
                let holds = |_| !self.without_holds;
                covers(sample.holds(), sample.downs(), holds, |_| true)?;
                let mut template = self.template_of(sample);
                template.learn(sample, 1.0);
                self.template = Some(template);
            }
            Some(template) => {
                template.judge(sample)?;
                template.learn(sample, 1.0);
            }
        }
        Ok(())
    }

    /// The template, at the start of its first sitting.
    ///
    /// # Errors
    /// If there were too few typings.
    pub fn finish(self) -> Result<Template, FailureToEnrol> {
        let given = self.template.as_ref().map_or(0, |t| t.memory.learned());
        match self.template {
            Some(mut template) if given >= LEAST_TYPINGS => {
                template.end_enrolment();
                Ok(template)
            }
            _ => Err(FailureToEnrol::TooFew { given }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::Duration;
    use crate::key::KeyCode;

    const TEXT: u16 = 10;

    fn keys() -> KeySequence {
        KeySequence::new((0..TEXT).map(|i| KeyCode(16 + i)).collect())
    }

    /// A typing whose features differ a little with `seed`.
    fn typing(seed: u32) -> Sample {
        let ms = |base: u32, i: u32| Some(Duration(1000 * (base + (seed * 7 + i * 13) % 11)));
        let holds = (0..10).map(|i| ms(90 + i, i)).collect();
        let downs = (0..9).map(|i| ms(150 + 5 * i, i)).collect();
        Sample::new(keys(), holds, downs).unwrap()
    }

    fn enrolled() -> Template {
        let mut enrolment = Enrolment::new();
        for seed in 0..20 {
            enrolment.add(&typing(seed)).unwrap();
        }
        enrolment.finish().unwrap()
    }

    fn without(sample: &Sample, holds: &[usize], downs: &[usize]) -> Sample {
        let drop = |features: &[Option<Duration>], gone: &[usize]| {
            let keep = |(i, f): (usize, &Option<Duration>)| f.filter(|_| !gone.contains(&i));
            features.iter().enumerate().map(keep).collect()
        };
        Sample::new(
            sample.keys().clone(),
            drop(sample.holds(), holds),
            drop(sample.downs(), downs),
        )
        .unwrap()
    }

    #[test]
    fn the_owner_is_like_the_template_and_another_rhythm_is_not() {
        let template = enrolled();
        assert!(template.judge(&typing(77)).unwrap().score.unwrap() < 0.0);
        let slow = typing(77);
        let slow = Sample::new(
            slow.keys().clone(),
            slow.holds()
                .iter()
                .map(|h| h.map(|d| Duration(d.0 * 3 / 2)))
                .collect(),
            slow.downs()
                .iter()
                .map(|h| h.map(|d| Duration(d.0 * 2)))
                .collect(),
        )
        .unwrap();
        assert!(template.judge(&slow).unwrap().score.unwrap() > 0.5);
        assert!(
            template
                .explain(&slow)
                .steps()
                .iter()
                .all(|step| step.deviation > 0.0)
        );
    }

    #[test]
    fn too_few_features_are_unusable_whichever_they_are() {
        let template = enrolled();
        // Nine holds (the last is not asked for) and nine down-downs: one may be missing, not two.
        for i in 0..9 {
            assert!(template.judge(&without(&typing(3), &[i, 9], &[i])).is_ok());
            for j in (0..9).filter(|&j| j != i) {
                assert_eq!(
                    template.judge(&without(&typing(3), &[i, j], &[])),
                    Err(FailureToAcquire::TooFewHolds)
                );
                assert_eq!(
                    template.judge(&without(&typing(3), &[], &[i, j])),
                    Err(FailureToAcquire::TooFewDownDowns)
                );
            }
        }
    }

    #[test]
    fn another_text_is_no_match_and_is_not_learned() {
        let mut template = enrolled();
        let other = Sample::new(
            KeySequence::new(vec![KeyCode(16), KeyCode(17)]),
            vec![Some(Duration(90_000)); 2],
            vec![Some(Duration(150_000))],
        )
        .unwrap();
        assert_eq!(
            template.judge(&other),
            Err(FailureToAcquire::UnknownSequence)
        );
        assert!(template.explain(&other).steps().is_empty());
        let before = template.clone();
        template.learn(&other, 1.0);
        assert_eq!(template, before);
    }

    #[test]
    fn enrolment_needs_three_typings_of_one_text() {
        let mut enrolment = Enrolment::new();
        assert_eq!(
            enrolment.add(&without(&typing(0), &[0, 1, 2], &[])),
            Err(FailureToAcquire::TooFewHolds)
        );
        assert_eq!(
            enrolment.clone().finish(),
            Err(FailureToEnrol::TooFew { given: 0 })
        );
        enrolment.add(&typing(0)).unwrap();
        enrolment.add(&typing(1)).unwrap();
        let holes = without(&typing(1), &[0, 1, 2], &[]);
        assert_eq!(enrolment.add(&holes), Err(FailureToAcquire::TooFewHolds));
        assert_eq!(
            enrolment.clone().finish(),
            Err(FailureToEnrol::TooFew { given: 2 })
        );
        enrolment.add(&typing(2)).unwrap();
        let template = enrolment.finish().unwrap();
        assert_eq!(template.memory().sitting().learned, 0);
        assert!(template.judge(&typing(4)).unwrap().score.is_some());
    }

    #[cfg(feature = "eval")]
    #[test]
    fn without_holds_only_a_recording_can_be_enrolled() {
        let all: Vec<usize> = (0..10).collect();
        let bare = |seed| without(&typing(seed), &all, &[]);
        let refused = Enrolment::new().add(&bare(0));
        assert_eq!(refused, Err(FailureToAcquire::TooFewHolds));
        let mut enrolment = Enrolment::without_holds();
        let holes = without(&typing(0), &all, &[0, 1]);
        assert_eq!(
            enrolment.add(&holes),
            Err(FailureToAcquire::TooFewDownDowns)
        );
        for seed in 0..5 {
            enrolment.add(&bare(seed)).unwrap();
        }
        let template = enrolment.finish().unwrap();
        assert!(template.judge(&bare(7)).unwrap().score.is_some());
        assert_eq!(
            template.judge(&holes),
            Err(FailureToAcquire::TooFewDownDowns)
        );
    }
}
