//! The profile: per sequence a base memory, and a window of the samples learned since.
//!
//! Opening is base + replay. A sample that leaves the window is folded into its base by the same
//! `learn` with the same gain, so the result equals the endless recursion to the bit, and a later
//! model can be rebuilt from the window.

use std::collections::VecDeque;

use crate::acquire::FailureToAcquire;
use crate::digraph::{KeySequence, Sample};
use crate::explain::Explanation;
use crate::memory::SequenceMemory;
use crate::policy::{Arming, Strictness, decide, sitting_ended, sitting_passed};
use crate::template::{GainPolicy, Judgement, Template};
use crate::time::Timestamp;

use super::state::{AccountState, Progress};

/// Ways to type a password that a profile tells apart (a numeric pad, another layout).
pub const MAX_SEQUENCES: usize = 4;
/// Samples in the window.
pub const MAX_WINDOW: usize = 100;
/// Bytes that the window may take in the file; long texts have fewer samples in it.
pub const WINDOW_BYTES: usize = 40_000;

/// One way to type the password.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    pub(super) base: SequenceMemory,
    pub(super) template: Template,
    pub(super) arming: Arming,
    pub(super) learned_at: Option<Timestamp>,
}

impl Sequence {
    fn new(keys: KeySequence) -> Self {
        Self {
            base: SequenceMemory::new(keys.len()),
            template: Template::new(keys),
            arming: Arming::default(),
            learned_at: None,
        }
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
    /// With which gain.
    pub gain: f64,
    /// What was typed.
    pub sample: Sample,
}

impl Kept {
    /// Bytes it takes in the file.
    pub(super) fn cost(&self) -> usize {
        codec_cost(self.sample.keys().len())
    }
}

/// Bytes a kept sample of `keys` keys takes in the file: 29 for the number, the sequence, the
/// time, the keyboard and the gain, and two lengths of eight and four a feature.
pub(super) fn codec_cost(keys: usize) -> usize {
    29 + 2 * 8 + 4 * (2 * keys).saturating_sub(1)
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

    /// How near the sequence that was typed most is to being armed.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let typed = |sequence: &&Sequence| sequence.template.memory().learned();
        let most = self.sequences.iter().max_by_key(typed);
        most.map_or_else(Progress::default, |sequence| Progress {
            typings: typed(&sequence),
            sittings: sequence.arming.sittings,
            decided: sequence.arming.decided,
            refused: sequence.arming.decisions.count_ones(),
        })
    }

    /// Compares an attempt with the sequence it is of, or whose end it is: a typing may begin
    /// before its prompt does. Where one sequence is in force, the others are not judged.
    ///
    /// # Errors
    /// If there is no such sequence, or too much of the attempt is missing.
    pub fn judge(&self, sample: &Sample) -> Result<Judgement, FailureToAcquire> {
        let (sequence, aligned) = self.matching(sample)?;
        sequence.template.judge(&aligned)
    }

    /// Which steps of an attempt were how far off.
    ///
    /// # Errors
    /// As for [`Profile::judge`].
    pub fn explain(&self, sample: &Sample) -> Result<Explanation, FailureToAcquire> {
        let (sequence, aligned) = self.matching(sample)?;
        Ok(sequence.template.explain(&aligned))
    }

    /// The sequence in force that the attempt is of, and the attempt as one of that sequence.
    fn matching(&self, sample: &Sample) -> Result<(&Sequence, Sample), FailureToAcquire> {
        let (index, aligned) = self
            .align(sample, self.armed())
            .ok_or_else(|| unknown(sample))?;
        Ok((&self.sequences[index], aligned))
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

    /// Learns a typing, and arms the sequence when learning has shown enough.
    ///
    /// # Errors
    /// If it is of a sequence that is not in force while another is, or too much of it is
    /// missing. The profile is as it was.
    pub fn learn(&mut self, lesson: &Lesson<'_>) -> Result<(), FailureToAcquire> {
        let (index, aligned) = self.sequence_for(lesson.sample)?;
        let lesson = &Lesson {
            sample: &aligned,
            ..*lesson
        };
        self.learn_as(index, lesson);
        let sequence = &self.sequences[index];
        let (learned, keys) = (
            sequence.template.memory().learned(),
            sequence.template.keys().len(),
        );
        let ready = sequence.arming.ready(learned, lesson.min_samples, keys);
        if lesson.may_arm && !sequence.arming.armed && ready {
            self.arm(index);
        }
        Ok(())
    }

    /// Learns a typing of the sequence with this index, after deciding what the template would
    /// have made of it.
    pub(super) fn learn_as(&mut self, index: usize, lesson: &Lesson<'_>) {
        self.note_decision(index, lesson);
        let sequence = &mut self.sequences[index];
        let last = sequence.learned_at;
        if last.is_none_or(|last| sitting_ended(last, lesson.at)) {
            sequence.template.start_sitting();
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
        self.keep(lesson, index, gain);
    }

    /// Notes what the template of a sequence that is not in force would have decided: before it
    /// learns the typing, a prequential decision.
    pub(super) fn note_decision(&mut self, index: usize, lesson: &Lesson<'_>) {
        let sequence = &mut self.sequences[index];
        if !sequence.arming.armed {
            let judgement = sequence.template.judge(lesson.sample);
            let score = judgement.ok().and_then(|judgement| judgement.score);
            sequence.arming.note(decide(score, lesson.strictness));
        }
    }

    /// Puts a sequence in force: its enrolment, and with it the sitting, is over.
    pub(super) fn arm(&mut self, index: usize) {
        let sequence = &mut self.sequences[index];
        sequence.arming.armed = true;
        sequence.template.start_sitting();
    }

    /// The account is armed, and this profile may be of a generation before it was: the sequence
    /// that was judged stays in force.
    pub(super) fn stay_armed(&mut self, sample: &Sample) {
        if !self.armed()
            && let Some((index, _)) = self.align(sample, false)
        {
            self.sequences[index].arming.armed = true;
        }
    }

    /// The index of the sample's sequence, which is made if it may be, and the sample as one of it.
    fn sequence_for(&mut self, sample: &Sample) -> Result<(usize, Sample), FailureToAcquire> {
        let any_armed = self.armed();
        if let Some((index, aligned)) = self.align(sample, any_armed) {
            self.sequences[index].template.judge(&aligned)?;
            return Ok((index, aligned));
        }
        if any_armed {
            return Err(unknown(sample));
        }
        if let Some(reason) = sample.begun_anew() {
            return Err(reason);
        }
        sample.check_whole()?;
        let index = self.begin_sequence(sample.keys().clone());
        Ok((index, sample.clone()))
    }

    /// The index of a new sequence. Where there is no room, one that is not in force goes.
    pub(super) fn begin_sequence(&mut self, keys: KeySequence) -> usize {
        if self.sequences.len() == MAX_SEQUENCES {
            self.drop_least_learned();
        }
        self.sequences.push(Sequence::new(keys));
        self.sequences.len() - 1
    }

    /// Makes room: what was typed least often was most likely a slip.
    fn drop_least_learned(&mut self) {
        let least = (0..self.sequences.len())
            .filter(|&i| !self.sequences[i].arming.armed)
            .min_by_key(|&i| self.sequences[i].template.memory().learned());
        if let Some(gone) = least {
            self.sequences.remove(gone);
            self.window.retain(|kept| kept.sequence != gone);
            for kept in self.window.iter_mut().filter(|kept| kept.sequence > gone) {
                kept.sequence -= 1;
            }
        }
    }

    fn keep(&mut self, lesson: &Lesson<'_>, sequence: usize, gain: f64) {
        self.window.push_back(Kept {
            number: self.next_number,
            sequence,
            at: lesson.at,
            keyboard: lesson.keyboard,
            gain,
            sample: lesson.sample.clone(),
        });
        self.next_number = self.next_number.saturating_add(1);
        let mut bytes: usize = self.window.iter().map(Kept::cost).sum();
        while self.window.len() > MAX_WINDOW || bytes > WINDOW_BYTES {
            let Some(oldest) = self.window.pop_front() else {
                break;
            };
            bytes -= oldest.cost();
            self.sequences[oldest.sequence]
                .base
                .learn(&oldest.sample, oldest.gain);
        }
    }
}

/// Why a sample that is of no known text is none, as precisely as can be told.
fn unknown(sample: &Sample) -> FailureToAcquire {
    let reason = sample.begun_anew();
    reason.unwrap_or(FailureToAcquire::UnknownSequence)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::digraph::Duration;
    use crate::key::KeyCode;
    use proptest::prelude::*;

    /// A typing of a text of `keys` keys; `seed` varies the rhythm a little.
    pub(in crate::store) fn typing(text: u16, keys: u16, seed: u32) -> Sample {
        let sequence = KeySequence::new((0..keys).map(|i| KeyCode(text + i)).collect());
        let us = |base: u32, i: u32| {
            Some(Duration(
                base + (seed.wrapping_mul(7919).wrapping_add(i * 131)) % 9000,
            ))
        };
        let holds = (0..u32::from(keys)).map(|i| us(90_000, i)).collect();
        let downs = (1..u32::from(keys)).map(|i| us(170_000, i)).collect();
        Sample::new(sequence, holds, downs).unwrap()
    }

    pub(in crate::store) fn lesson(sample: &Sample, at: u64) -> Lesson<'_> {
        Lesson {
            sample,
            at: Timestamp(at),
            keyboard: 0,
            strictness: Strictness::Normal,
            min_samples: 20,
            may_arm: true,
        }
    }

    /// A profile that armed itself over two sittings, with `count` typings.
    pub(in crate::store) fn learned(count: u32) -> Profile {
        let mut profile = Profile::new();
        for i in 0..count {
            let sitting = if i < 10 { 0 } else { 100_000 };
            profile
                .learn(&lesson(&typing(16, 8, i), sitting + u64::from(i)))
                .unwrap();
        }
        profile
    }

    #[test]
    fn arms_itself_at_the_twenty_third_typing_and_not_before() {
        assert!(!learned(22).armed());
        assert!(learned(23).armed());
        assert_eq!(
            learned(23).sequences[0].template.burst(),
            0,
            "the end of enrolment"
        );
    }

    #[test]
    fn one_sitting_a_short_text_or_root_is_not_armed() {
        let learn = |keys, may_arm, gap: u64| {
            let mut profile = Profile::new();
            for i in 0..40 {
                let sample = typing(16, keys, i);
                let lesson = lesson(&sample, u64::from(i) * gap);
                profile.learn(&Lesson { may_arm, ..lesson }).unwrap();
            }
            profile.armed()
        };
        assert!(learn(6, true, 3600 * 5));
        assert!(!learn(6, true, 10), "one sitting");
        assert!(!learn(5, true, 3600 * 5), "short");
        assert!(!learn(6, false, 3600 * 5), "root");
    }

    #[test]
    fn typings_learned_in_reverse_order_are_one_sitting() {
        let mut profile = Profile::new();
        for i in 0..40u64 {
            let sample = typing(16, 8, u32::try_from(i).unwrap());
            profile.learn(&lesson(&sample, 10_000 - i * 10)).unwrap();
        }
        assert!(!profile.armed());
    }

    #[test]
    fn an_armed_profile_neither_judges_nor_learns_another_sequence() {
        let mut profile = learned(30);
        let other = typing(30, 8, 1);
        assert_eq!(
            profile.judge(&other),
            Err(FailureToAcquire::UnknownSequence)
        );
        let before = profile.clone();
        assert!(profile.learn(&lesson(&other, 200_000)).is_err());
        assert_eq!(profile, before);
    }

    #[test]
    fn a_typing_that_began_before_its_prompt_is_judged_by_its_end() {
        /// The last keys of a typing, as a prompt that appeared late hears them.
        fn late(sample: &Sample, missed: usize) -> Sample {
            let keys = KeySequence::new(sample.keys().keys()[missed..].to_vec());
            let (holds, downs) = (&sample.holds()[missed..], &sample.downs()[missed..]);
            Sample::new(keys, holds.to_vec(), downs.to_vec()).unwrap()
        }
        let mut profile = learned(30);
        let owner = typing(16, 8, 31);
        let whole = profile.judge(&owner).unwrap().score.unwrap();
        let end = profile.judge(&late(&owner, 1)).unwrap().score.unwrap();
        assert!((whole - end).abs() < 0.3, "{whole} {end}");
        profile.learn(&lesson(&late(&owner, 1), 200_000)).unwrap();
        let kept = &profile.window.back().unwrap().sample;
        assert_eq!((kept.keys().len(), kept.holds()[0]), (8, None));
        // Less than 80 % of the features, the beginning instead of the end, a stranger's end.
        let unknown = Err(FailureToAcquire::UnknownSequence);
        assert_eq!(profile.judge(&late(&owner, 2)), unknown);
        let beginning = typing(16, 7, 31);
        assert_eq!(profile.judge(&beginning), unknown);
        let slow = |sample: &Sample| {
            let downs = sample.downs().iter().map(|d| d.map(|d| Duration(d.0 * 4)));
            let holds = sample.holds().iter().map(|h| h.map(|h| Duration(h.0 * 3)));
            Sample::new(sample.keys().clone(), holds.collect(), downs.collect()).unwrap()
        };
        let stranger = profile.judge(&slow(&late(&owner, 1))).unwrap();
        assert!(stranger.score.unwrap() > 0.18);
    }

    #[test]
    fn what_was_typed_in_front_of_a_text_in_force_does_not_matter() {
        let profile = learned(30);
        let owner = typing(16, 8, 31);
        let score = profile.judge(&owner).unwrap().score;
        // One key more in front, as from a screen that it wakes.
        let mut keys = vec![KeyCode(57)];
        keys.extend_from_slice(owner.keys().keys());
        let us = |features: &[Option<Duration>]| {
            let front = std::iter::once(Some(Duration(90_000)));
            front.chain(features.iter().copied()).collect::<Vec<_>>()
        };
        let woken = Sample::new(KeySequence::new(keys), us(owner.holds()), us(owner.downs()));
        assert_eq!(profile.judge(&woken.unwrap()).unwrap().score, score);
    }

    #[test]
    fn a_text_learned_without_its_beginning_stays_the_owners() {
        let mut profile = Profile::new();
        let late = |seed| typing(17, 7, seed);
        for i in 0..30 {
            let sitting = if i < 10 { 0 } else { 100_000 };
            profile
                .learn(&lesson(&late(i), sitting + u64::from(i)))
                .unwrap();
        }
        assert!(profile.armed());
        let whole = typing(16, 8, 3);
        assert!(profile.judge(&whole).unwrap().score.is_some());
        profile.learn(&lesson(&whole, 200_000)).unwrap();
        assert_eq!(profile.window.back().unwrap().sample.keys().len(), 7);
    }

    #[test]
    fn what_is_left_of_a_text_is_learned_only_if_the_text_is_known() {
        let reason = FailureToAcquire::EditingKey;
        let after = |seed| typing(16, 8, seed).after(Some(reason));
        let mut profile = Profile::new();
        assert_eq!(profile.learn(&lesson(&after(0), 0)), Err(reason));
        profile.learn(&lesson(&typing(16, 8, 0), 0)).unwrap();
        profile.learn(&lesson(&after(1), 1)).unwrap();
        assert_eq!(profile.window[1].sample.begun_anew(), None);
        let armed = learned(30);
        assert!(armed.judge(&after(2)).is_ok());
        let other = typing(30, 8, 2).after(Some(reason));
        assert_eq!(armed.judge(&other), Err(reason));
    }

    #[test]
    fn slips_while_learning_do_not_push_out_the_text() {
        let mut profile = Profile::new();
        for i in 0..12u32 {
            profile.learn(&lesson(&typing(16, 8, i), 0)).unwrap();
            let slip = typing(31 + u16::try_from(i).unwrap(), 7, i);
            profile.learn(&lesson(&slip, 0)).unwrap();
        }
        assert_eq!(profile.sequences.len(), MAX_SEQUENCES);
        assert_eq!(profile.sequences[0].template.memory().learned(), 12);
        assert!(profile.window.iter().all(|kept| {
            profile.sequences[kept.sequence]
                .template
                .matches(&kept.sample)
        }));
    }

    #[test]
    fn a_first_typing_with_holes_is_not_learned() {
        let whole = typing(16, 8, 0);
        let holes = Sample::new(whole.keys().clone(), vec![None; 8], whole.downs().to_vec());
        let mut profile = Profile::new();
        assert_eq!(
            profile.learn(&lesson(&holes.unwrap(), 0)),
            Err(FailureToAcquire::TooFewHolds)
        );
        assert_eq!(profile, Profile::new());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// The window folded away equals the recursion that never had a window, to the bit.
        #[test]
        fn base_and_replay_equal_the_endless_recursion(
            steps in prop::collection::vec((any::<u32>(), 0u64..40_000, any::<bool>()), 1..300),
            keys in 2u16..100,
        ) {
            let mut profile = Profile::new();
            let mut endless = SequenceMemory::new(usize::from(keys));
            let mut now = 0;
            for (seed, pause, hole) in steps {
                now += pause;
                let mut sample = typing(16, keys, seed);
                if hole && keys > 6 {
                    let mut holds = sample.holds().to_vec();
                    holds[usize::from(keys) / 2] = None;
                    sample =
                        Sample::new(sample.keys().clone(), holds, sample.downs().to_vec()).unwrap();
                }
                if profile.learn(&lesson(&sample, now)).is_ok() {
                    let gain = profile.window.back().unwrap().gain;
                    endless.learn(&sample, gain);
                }
            }
            let sequence = &profile.sequences[0];
            let mut replayed = sequence.base.clone();
            for kept in &profile.window {
                replayed.learn(&kept.sample, kept.gain);
            }
            let bits = |memory: &SequenceMemory| {
                let parts = memory.parts();
                let contexts = parts.holds.iter().chain(&parts.downs);
                let mut bits: Vec<u64> = contexts
                    .flat_map(|c| [c.location.to_bits(), c.scale.to_bits(), u64::from(c.count)])
                    .collect();
                bits.extend([parts.level.mean.to_bits(), u64::from(parts.level.count)]);
                bits
            };
            prop_assert_eq!(bits(&replayed), bits(&endless));
            prop_assert_eq!(bits(sequence.template.memory()), bits(&endless));
            prop_assert!(profile.window.len() <= MAX_WINDOW);
        }
    }
}
