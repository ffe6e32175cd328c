//! When what was learned comes into force.

use crate::policy::{ARMING_SITTINGS, ARMING_STRANGERS, IN_USE, Strictness, decide};
use crate::store::state::Progress;
use crate::template::LEAST_TYPINGS;

use super::{Lesson, Profile, Sequence, Turn};
use crate::digraph::Sample;

impl Sequence {
    fn learned(&self) -> u32 {
        self.template.memory().learned()
    }

    fn is_ready(&self, strictness: Strictness, min_samples: u32) -> bool {
        let keys = self.template.keys().len();
        self.arming.ready(self.learned(), min_samples, keys)
            && !self.too_common(strictness, min_samples)
    }

    /// Whether nothing keeps it from being in force but that too many others would pass: its owner
    /// types with much scatter, or just as everybody does.
    pub(in crate::store) fn too_common(&self, strictness: Strictness, min_samples: u32) -> bool {
        let (learned, keys) = (self.template.memory().learned(), self.template.keys().len());
        !self.arming.armed
            && self.arming.steady(learned, min_samples, keys)
            && self.template.strangers_accepted(strictness) > ARMING_STRANGERS
    }
}

impl Profile {
    /// How near the profile is to being armed under these rules: of the sequences that are in use,
    /// what is known of the one that is farthest from it.
    #[must_use]
    pub fn progress(&self, strictness: Strictness, min_samples: u32) -> Progress {
        let far = |sequence: &&Sequence| {
            let arming = &sequence.arming;
            let needed = arming.still_needed(sequence.learned(), min_samples);
            (needed, arming.sittings < ARMING_SITTINGS)
        };
        // Of those that are equally far, the one that was typed most.
        let mut in_use: Vec<_> = self.in_use().map(|index| &self.sequences[index]).collect();
        in_use.sort_by_key(|sequence| sequence.learned());
        let farthest = in_use.into_iter().max_by_key(far);
        farthest.map_or_else(Progress::default, |sequence| Progress {
            typings: sequence.learned(),
            sittings: sequence.arming.sittings,
            decided: sequence.arming.decided,
            refused: sequence.arming.decisions.count_ones(),
            too_common: sequence.too_common(strictness, min_samples),
        })
    }

    /// The sequences that count for arming, by their indices: the one that was typed most, and what
    /// was typed so often beside it that it is no slip. Where one is in force, those that are.
    fn in_use(&self) -> impl Iterator<Item = usize> {
        let most = self.learned();
        let any_armed = self.armed();
        let counts = move |sequence: &Sequence| match (any_armed, sequence.learned()) {
            (true, _) => sequence.arming.armed,
            (false, typed) if typed == most => true,
            (false, typed) => typed >= LEAST_TYPINGS && typed.saturating_mul(IN_USE) >= most,
        };
        let sequences = self.sequences.iter().enumerate();
        sequences.filter_map(move |(index, sequence)| counts(sequence).then_some(index))
    }

    /// Arms all that is in use, if all of it is ready: whoever types one way until it is in force
    /// must not shut out whoever types another
    /// (docs/adr/0035-all-ways-to-type-come-into-force-at-once.md).
    pub(super) fn arm_what_is_ready(&mut self, strictness: Strictness, min_samples: u32) {
        let in_use: Vec<usize> = self.in_use().collect();
        let ready = |&index: &usize| self.sequences[index].is_ready(strictness, min_samples);
        if !self.armed() && in_use.iter().all(ready) {
            in_use.into_iter().for_each(|index| self.arm(index));
        }
    }

    /// Notes what the template of a sequence that is not in force would have decided: before it
    /// learns the typing, a prequential decision.
    pub(in crate::store) fn note_decision(&mut self, index: usize, lesson: &Lesson<'_>) {
        let sequence = &mut self.sequences[index];
        if !sequence.arming.armed {
            let judgement = sequence.template_at(lesson.at).judge(lesson.sample);
            let score = judgement.ok().and_then(|judgement| judgement.score);
            sequence.arming.note(decide(score, lesson.strictness));
        }
    }

    /// Puts a sequence in force: its enrolment, and with it the sitting, is over.
    pub(in crate::store) fn arm(&mut self, index: usize) {
        let sequence = &mut self.sequences[index];
        sequence.arming.armed = true;
        sequence.template.end_enrolment();
        sequence.since = Turn {
            ends_enrolment: true,
            starts_sitting: false,
        };
    }

    /// The account is armed, and this profile may be of a generation before it was: the sequence
    /// that was judged stays in force.
    pub(in crate::store) fn stay_armed(&mut self, sample: &Sample) {
        if !self.armed()
            && let Some((index, _)) = self.align(sample, false)
        {
            self.arm(index);
        }
    }
}
