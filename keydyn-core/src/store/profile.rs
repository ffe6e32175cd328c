//! The profile: per sequence a base memory, and a window of the samples learned since.
//!
//! Opening is base + replay. A sample that leaves the window is folded into its base by the same
//! `learn` with the same gain, so the result equals the endless recursion to the bit, and a later
//! model can be rebuilt from the window.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;

use crate::acquire::FailureToAcquire;
use crate::digraph::Sample;
use crate::explain::Explanation;
use crate::memory::SequenceMemory;
use crate::policy::{Arming, Strictness, sitting_ended, sitting_passed};
use crate::presentation;
use crate::quarantine::Quarantine;
use crate::template::{GainPolicy, Judgement, Template};
use crate::time::Timestamp;

use super::state::AccountState;

/// Ways to type a password that a profile tells apart (a numeric pad, another layout).
pub const MAX_SEQUENCES: usize = 4;
/// Samples in the window.
pub const MAX_WINDOW: usize = 100;
/// Bytes that the window may take in the file; long texts have fewer samples in it.
pub const WINDOW_BYTES: usize = 28_000;

/// One way to type the password.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    pub(super) base: SequenceMemory,
    pub(super) template: Template,
    /// What the template has gone through since the last typing that it learned.
    pub(super) since: Turn,
    pub(super) arming: Arming,
    pub(super) learned_at: Option<Timestamp>,
    /// What was accepted and not learned.
    pub(super) held: Quarantine,
}

impl Sequence {
    fn of(sample: &Sample) -> Self {
        let template = Template::of(sample);
        Self {
            base: template.memory().clone(),
            template,
            since: Turn::default(),
            arming: Arming::default(),
            learned_at: None,
            held: Quarantine::default(),
        }
    }

    /// The template as it is for a typing at this moment, which may be the first of a sitting.
    pub(super) fn template_at(&self, at: Timestamp) -> Cow<'_, Template> {
        if !self.begins_sitting(at) {
            return Cow::Borrowed(&self.template);
        }
        let mut template = self.template.clone();
        template.start_sitting();
        Cow::Owned(template)
    }

    pub(super) fn begins_sitting(&self, at: Timestamp) -> bool {
        self.learned_at.is_none_or(|last| sitting_ended(last, at))
    }

    /// What attempts are compared with.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// What learning has shown of it so far.
    #[must_use]
    pub fn arming(&self) -> &Arming {
        &self.arming
    }
}

/// What a memory goes through between two typings that it learns, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The enrolment came to its end.
    pub ends_enrolment: bool,
    /// A sitting began.
    pub starts_sitting: bool,
}

impl Turn {
    /// Lets a memory go through it.
    pub(super) fn take(self, memory: &mut SequenceMemory) {
        if self.ends_enrolment {
            memory.end_enrolment();
        }
        if self.starts_sitting {
            memory.start_sitting();
        }
    }
}

/// A sample as it was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Order of learning; never reused.
    pub number: u64,
    /// Index of its sequence.
    pub sequence: usize,
    /// When it was learned.
    pub at: Timestamp,
    /// Which keyboard it came from, 0 where that is not known.
    pub keyboard: u32,
    /// What the memory went through before.
    pub turn: Turn,
    /// With which gain.
    pub gain: f64,
    /// What was typed.
    pub sample: Sample,
}

impl Kept {
    /// Learns it as it was learned.
    pub(super) fn replay(&self, memory: &mut SequenceMemory) {
        self.turn.take(memory);
        memory.learn(&self.sample, self.gain);
    }

    /// Bytes it takes in the file.
    pub(super) fn cost(&self) -> usize {
        codec_cost(self.sample.keys().len())
    }
}

/// Bytes a kept sample of `keys` keys takes in the file: 30 for the number, the sequence, the
/// time, the keyboard, the turn and the gain, and two lengths of eight and four a feature.
pub(super) fn codec_cost(keys: usize) -> usize {
    30 + 2 * 8 + 4 * (2 * keys).saturating_sub(1)
}

/// A typing to be learned, and the rules it is learned under.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    /// The typing.
    pub sample: &'a Sample,
    /// When it was typed.
    pub at: Timestamp,
    /// On which keyboard, 0 where that is not known.
    pub keyboard: u32,
    /// Under which threshold the prequential decision is made.
    pub strictness: Strictness,
    /// Typings before learning can be over.
    pub min_samples: u32,
    /// Whether the profile may arm itself (not uid 0's).
    pub may_arm: bool,
}

/// Everything that is sealed: the sequences, the window, and a copy of the state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    pub(super) sequences: Vec<Sequence>,
    pub(super) window: VecDeque<Kept>,
    pub(super) next_number: u64,
    pub(super) state: AccountState,
}

impl Profile {
    /// A profile that has learned nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ways to type the password, oldest first.
    #[must_use]
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// The state as it was when this was saved.
    #[must_use]
    pub fn state(&self) -> &AccountState {
        &self.state
    }

    /// Whether any sequence is in force.
    #[must_use]
    pub fn armed(&self) -> bool {
        self.sequences.iter().any(|sequence| sequence.arming.armed)
    }

    /// Typings learned of the sequence that was typed most.
    #[must_use]
    pub fn learned(&self) -> u32 {
        self.sequences
            .iter()
            .map(|s| s.template.memory().learned())
            .max()
            .unwrap_or(0)
    }

    /// Compares an attempt with the sequence it is of, or whose end it is: a typing may begin
    /// before its prompt does. Where one sequence is in force, the others are not judged. When it
    /// was made says whether it is the first of a sitting.
    ///
    /// # Errors
    /// If there is no such sequence, too much of the attempt is missing, or it is no person's
    /// ([`presentation::check`]).
    pub fn judge(&self, sample: &Sample, at: Timestamp) -> Result<Judgement, FailureToAcquire> {
        let (index, aligned) = self.matching(sample)?;
        let judgement = self.sequences[index].template_at(at).judge(&aligned)?;
        self.check_original(index, &aligned)?;
        Ok(judgement)
    }

    /// Which steps of an attempt were how far off.
    ///
    /// # Errors
    /// As for [`Profile::judge`].
    pub fn explain(&self, sample: &Sample, at: Timestamp) -> Result<Explanation, FailureToAcquire> {
        let (index, aligned) = self.matching(sample)?;
        Ok(self.sequences[index].template_at(at).explain(&aligned))
    }

    /// The index of the sequence in force that the attempt is of, and the attempt as one of it.
    fn matching(&self, sample: &Sample) -> Result<(usize, Sample), FailureToAcquire> {
        self.align(sample, self.armed())
            .ok_or_else(|| unknown(sample))
    }

    /// That a typing of the sequence with this index is a person's, by those in the window. Times
    /// could be played back with the keys of another way to type the same text.
    pub(super) fn check_original(
        &self,
        index: usize,
        typing: &Sample,
    ) -> Result<(), FailureToAcquire> {
        let learned = self.window.iter().filter(|kept| kept.sequence == index);
        let learned: Vec<&Sample> = learned.map(|kept| &kept.sample).collect();
        let keys = typing.keys().keys().len();
        let held = self.sequences.iter().flat_map(|s| s.held.iter());
        let alike = self.window.iter().map(|kept| &kept.sample);
        let alike: Vec<_> = alike
            .chain(held.map(|(held, _)| &held.sample))
            .filter(|kept| kept.keys().keys().len() == keys)
            .collect();
        presentation::check(typing, &learned, &alike)
    }

    /// The same text first, then one that it is the end of. Where a text is in force, what was
    /// typed in front of it does not matter: it may have been learned from typings that began
    /// before their prompts.
    pub(super) fn align(&self, sample: &Sample, armed_only: bool) -> Option<(usize, Sample)> {
        let eligible = || {
            let all = self.sequences.iter().enumerate();
            all.filter(move |(_, sequence)| sequence.arming.armed || !armed_only)
        };
        let same = eligible().find(|(_, sequence)| sequence.template.matches(sample));
        if let Some((index, _)) = same {
            return Some((index, sample.clone().after(None)));
        }
        let end = eligible().find_map(|(index, sequence)| {
            let aligned = sample.aligned_to(sequence.template.keys())?;
            sequence.template.judge(&aligned).ok()?;
            Some((index, aligned))
        });
        let all_but_beginning = || {
            eligible().find_map(|(index, sequence)| {
                Some((index, sample.ending_with(sequence.template.keys())?))
            })
        };
        end.or_else(|| armed_only.then(all_but_beginning).flatten())
    }

    /// Learns a typing, and arms what is in use when learning has shown enough. A sequence in force
    /// learns with caution, and what is to be learned of must have been accepted.
    ///
    /// # Errors
    /// If it is of a sequence that is not in force while another is, too much of it is missing, or
    /// it is a copy of one of those kept. The profile is as it was.
    pub fn learn(&mut self, lesson: &Lesson<'_>) -> Result<Taught, FailureToAcquire> {
        let (index, aligned) = self.sequence_for(lesson.sample)?;
        let lesson = &Lesson {
            sample: &aligned,
            ..*lesson
        };
        if self.sequences[index].arming.armed {
            return Ok(self.learn_in_force(index, lesson));
        }
        self.learn_as(index, lesson);
        if lesson.may_arm {
            self.arm_what_is_ready(lesson.strictness, lesson.min_samples);
        }
        Ok(Taught::Learned(1))
    }

    /// Learns a typing of the sequence with this index, after deciding what the template would
    /// have made of it.
    pub(super) fn learn_as(&mut self, index: usize, lesson: &Lesson<'_>) {
        self.note_decision(index, lesson);
        let sequence = &mut self.sequences[index];
        let last = sequence.learned_at;
        if sequence.begins_sitting(lesson.at) {
            sequence.template.start_sitting();
            sequence.since.starts_sitting = true;
        }
        if last.is_none_or(|last| sitting_passed(last, lesson.at)) {
            sequence.arming.sittings = sequence.arming.sittings.saturating_add(1);
        }
        // The learning phase is the enrolment, where every typing counts in full.
        let gain = match sequence.arming.armed {
            true => sequence.template.next_gain(GainPolicy::Burst),
            false => 1.0,
        };
        sequence.template.learn(lesson.sample, gain);
        sequence.learned_at = Some(lesson.at);
        let turn = mem::take(&mut sequence.since);
        self.keep(lesson, index, turn, gain);
    }

    /// The index of the sample's sequence, which is made if it may be, and the sample as one of it.
    fn sequence_for(&mut self, sample: &Sample) -> Result<(usize, Sample), FailureToAcquire> {
        let any_armed = self.armed();
        if let Some((index, aligned)) = self.align(sample, any_armed) {
            self.sequences[index].template.judge(&aligned)?;
            self.check_original(index, &aligned)?;
            return Ok((index, aligned));
        }
        if any_armed {
            return Err(unknown(sample));
        }
        if let Some(reason) = sample.begun_anew() {
            return Err(reason);
        }
        sample.check_whole()?;
        let index = self.begin_sequence(sample);
        Ok((index, sample.clone()))
    }

    /// The index of a new sequence. Where there is no room, one that is not in force goes.
    pub(super) fn begin_sequence(&mut self, sample: &Sample) -> usize {
        if self.sequences.len() == MAX_SEQUENCES {
            self.drop_least_learned();
        }
        self.sequences.push(Sequence::of(sample));
        self.sequences.len() - 1
    }

    /// Makes room: what was typed least often was most likely a slip.
    fn drop_least_learned(&mut self) {
        let least = (0..self.sequences.len())
            .filter(|&i| !self.sequences[i].arming.armed)
            .min_by_key(|&i| self.sequences[i].template.memory().learned());
        if let Some(gone) = least {
            self.remove_sequence(gone);
        }
    }

    fn remove_sequence(&mut self, gone: usize) {
        self.sequences.remove(gone);
        self.window.retain(|kept| kept.sequence != gone);
        for kept in self.window.iter_mut().filter(|kept| kept.sequence > gone) {
            kept.sequence -= 1;
        }
    }

    /// Makes the templates of the bases and the window: opening is base + replay. `None` if a base
    /// is not of its sequence's length.
    pub(super) fn replay(&mut self) -> Option<()> {
        for (index, sequence) in self.sequences.iter_mut().enumerate() {
            let mut memory = sequence.base.clone();
            let own = self.window.iter().filter(|kept| kept.sequence == index);
            own.for_each(|kept| kept.replay(&mut memory));
            sequence.since.take(&mut memory);
            let keys = sequence.template.keys().clone();
            sequence.template = Template::with_memory(keys, memory)?;
        }
        Some(())
    }

    fn keep(&mut self, lesson: &Lesson<'_>, sequence: usize, turn: Turn, gain: f64) {
        if self.next_number == u64::MAX {
            self.number_anew();
        }
        self.window.push_back(Kept {
            number: self.next_number,
            sequence,
            at: lesson.at,
            keyboard: lesson.keyboard,
            turn,
            gain,
            sample: lesson.sample.clone().bare(),
        });
        self.next_number += 1;
        self.fold();
    }

    /// Numbers say an order and nothing else: those that came to their end begin anew.
    fn number_anew(&mut self) {
        self.next_number = 0;
        for kept in &mut self.window {
            kept.number = self.next_number;
            self.next_number += 1;
        }
    }

    /// Folds what the window has no room for into the bases, the oldest first. What is held takes at
    /// most half of the room.
    pub(super) fn fold(&mut self) {
        let cost =
            |sequence: &Sequence| sequence.held.len() * codec_cost(sequence.template.keys().len());
        let mut held: usize = self.sequences.iter().map(cost).sum();
        while held > WINDOW_BYTES / 2 {
            let Some(most) = self
                .sequences
                .iter_mut()
                .max_by_key(|sequence| cost(sequence))
            else {
                break;
            };
            held -= codec_cost(most.template.keys().len());
            most.held.drop_oldest();
        }
        let mut bytes = held + self.window.iter().map(Kept::cost).sum::<usize>();
        while self.window.len() > MAX_WINDOW || bytes > WINDOW_BYTES {
            let Some(oldest) = self.window.pop_front() else {
                break;
            };
            bytes -= oldest.cost();
            oldest.replay(&mut self.sequences[oldest.sequence].base);
        }
    }
}

/// Why a sample that is of no known text is none, as precisely as can be told.
fn unknown(sample: &Sample) -> FailureToAcquire {
    let reason = sample.begun_anew();
    reason.unwrap_or(FailureToAcquire::UnknownSequence)
}

mod arming;
mod caution;
mod undo;

pub use caution::Taught;
pub use undo::{Sitting, TooFar};

#[cfg(test)]
pub(super) mod tests;
