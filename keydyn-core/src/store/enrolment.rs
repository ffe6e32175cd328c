//! An explicit enrolment: somebody types the password again and again, and all of it is learned
//! at once.
//!
//! [`EnrolmentSession`] says of each typing what it is good for, on a copy of the profile;
//! `Vault::enrol` then teaches the profile as it is on the disk the same way. Neither knows of a
//! terminal or a keyboard.

use crate::acquire::FailureToAcquire;
use crate::digraph::{KeySequence, Sample};
use crate::memory::encoder::same_categories;
use crate::policy::{ARMABLE_KEYS, Decision, Strictness, decide};
use crate::time::Timestamp;

use super::profile::{Lesson, MAX_SEQUENCES, Profile};
use super::state::AccountState;

/// What an enrolment asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolmentRules {
    /// Under which threshold typings are judged.
    pub strictness: Strictness,
    /// Typings before a sequence is in force; arming asks for 23 at least.
    pub typings: u32,
    /// Typings that a sequence already in force goes on learning.
    pub further: u32,
    /// Typings after which the rhythm is not steady enough.
    pub most: u32,
}

/// One typing of an enrolment. Wiped when dropped, as samples are.
#[derive(Clone, Debug)]
pub struct Typed {
    /// What was typed.
    pub sample: Sample,
    /// When.
    pub at: Timestamp,
    /// On which keyboard, 0 where that is not known.
    pub keyboard: u32,
    /// It counts as a refusal and is not learned.
    set_aside: bool,
}

/// The typings of one enrolment, in order, to be taught in one step.
#[derive(Debug)]
pub struct Enrolled {
    pub(super) rules: EnrolmentRules,
    pub(super) typed: Vec<Typed>,
    /// The sequence that is to be in force.
    pub(super) keys: KeySequence,
}

/// What a typing was good for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// It fits what is in force: the enrolment may begin.
    Proven,
    /// What is in force refuses it.
    NotProven,
    /// It is learned; its score if there is one yet.
    Learned(Option<f64>),
    /// It is unlike those before, and is not learned.
    SetAside,
    /// It was typed with other keys than those before.
    OtherKeys,
    /// Other keys than those before, twice in a row: the enrolment goes on with these.
    Switched,
    /// Four ways to type the password are in force already.
    NoRoom,
}

/// What the sequence that is being typed is to the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Not typed yet.
    Unknown,
    /// A sequence that is to be in force.
    Arm,
    /// A sequence that is in force and goes on learning.
    LearnOn,
}

/// An enrolment under way.
#[derive(Debug)]
pub struct EnrolmentSession {
    rules: EnrolmentRules,
    profile: Profile,
    state: AccountState,
    /// A profile is in force, and nothing has yet shown that its owner is typing.
    unproven: bool,
    typed: Vec<Typed>,
    keys: Option<KeySequence>,
    /// Other keys, typed last.
    other: Option<KeySequence>,
    asked: u32,
    unusual_in_a_row: u32,
    further: u32,
}

impl EnrolmentSession {
    pub(super) fn new(
        profile: Profile,
        state: AccountState,
        unproven: bool,
        rules: EnrolmentRules,
    ) -> Self {
        Self {
            rules,
            profile,
            state,
            unproven,
            typed: Vec::new(),
            keys: None,
            other: None,
            asked: 0,
            unusual_in_a_row: 0,
            further: 0,
        }
    }

    /// The profile as it would be.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether a typing must first be accepted by what is in force.
    #[must_use]
    pub fn must_prove(&self) -> bool {
        self.unproven
    }

    /// Typings that logins or an enrolment before have taught this profile.
    #[must_use]
    pub fn learned_before(&self) -> u32 {
        let now: u32 = self.profile.learned();
        let learned = self.typed.iter().filter(|typed| !typed.set_aside).count();
        now.saturating_sub(u32::try_from(learned).unwrap_or(u32::MAX))
    }

    /// Takes a typing.
    ///
    /// # Errors
    /// If too much of it is missing, or the first over an armed profile is of a sequence that is
    /// not in force. It is then not counted.
    pub fn take(
        &mut self,
        sample: &Sample,
        at: Timestamp,
        keyboard: u32,
    ) -> Result<Taken, FailureToAcquire> {
        // A typing that began before its prompt is one of the text whose end was heard.
        let in_force = self.unproven && self.profile.armed();
        let aligned = self.profile.align(sample, in_force);
        let typed = Typed {
            sample: aligned.map_or_else(|| sample.clone(), |(_, aligned)| aligned),
            at,
            keyboard,
            set_aside: false,
        };
        let taken = if self.unproven {
            self.prove(typed)
        } else {
            self.teach(typed)
        }?;
        self.asked += 1;
        Ok(taken)
    }

    fn prove(&mut self, typed: Typed) -> Result<Taken, FailureToAcquire> {
        if !self
            .profile
            .proven_by(&typed, &self.state, self.rules.strictness)?
        {
            return Ok(Taken::NotProven);
        }
        self.unproven = false;
        self.profile.stay_armed(&typed.sample);
        self.profile.teach(&typed, self.rules)?;
        self.typed.push(typed);
        Ok(Taken::Proven)
    }

    fn teach(&mut self, mut typed: Typed) -> Result<Taken, FailureToAcquire> {
        let switched = match &self.keys {
            Some(keys) if !same_categories(keys, typed.sample.keys()) => {
                // What is left of a text that was broken off is no other way to type it.
                if let Some(reason) = typed.sample.begun_anew() {
                    return Err(reason);
                }
                let again = self.other.take();
                if !again.is_some_and(|other| same_categories(&other, typed.sample.keys())) {
                    self.other = Some(typed.sample.keys().clone());
                    return Ok(Taken::OtherKeys);
                }
                true
            }
            _ => false,
        };
        self.other = None;
        let Some(decision) = self.profile.judge_to_teach(&typed, self.rules.strictness)? else {
            return Ok(Taken::NoRoom);
        };
        if self.keys.is_none() || switched {
            self.keys = Some(typed.sample.keys().clone());
            self.unusual_in_a_row = 0;
            self.further = 0;
        }
        let unusual = decision.0 == Decision::Impostor;
        if unusual && self.aim() == Aim::LearnOn {
            // A template in force is not pulled towards what it refuses.
            return Ok(Taken::SetAside);
        }
        // One wild typing is a slip and is not learned. Another one right after it says that the
        // rhythm is not what the first typings were. Both count as refusals.
        self.unusual_in_a_row = if unusual {
            self.unusual_in_a_row + 1
        } else {
            0
        };
        typed.set_aside = unusual && self.unusual_in_a_row == 1;
        self.further += 1;
        self.profile.teach(&typed, self.rules)?;
        let taken = match (typed.set_aside, switched) {
            (true, _) => Taken::SetAside,
            (false, true) => Taken::Switched,
            (false, false) => Taken::Learned(decision.1),
        };
        self.typed.push(typed);
        Ok(taken)
    }

    fn index(&self) -> Option<usize> {
        self.profile.index_of(self.keys.as_ref()?)
    }

    /// What the sequence that is being typed is to the profile.
    #[must_use]
    pub fn aim(&self) -> Aim {
        match self.index() {
            None => Aim::Unknown,
            Some(index) if self.profile.sequences()[index].arming().armed => Aim::LearnOn,
            Some(_) => Aim::Arm,
        }
    }

    /// Typings done, and how many more are needed if all goes well; `None` before the first.
    #[must_use]
    pub fn progress(&self) -> Option<(u32, u32)> {
        let sequence = &self.profile.sequences()[self.index()?];
        let learned = sequence.template().memory().learned();
        Some(match self.aim() {
            Aim::LearnOn => (
                self.further,
                self.rules.further.saturating_sub(self.further),
            ),
            _ => {
                let EnrolmentRules {
                    strictness,
                    typings,
                    ..
                } = self.rules;
                let needed = sequence.arming().still_needed(learned, typings);
                // Nobody knows how many more; with one more there is something to see.
                let common = sequence.too_common(strictness, typings);
                (learned, needed.max(u32::from(common)))
            }
        })
    }

    /// Whether the text can be in force at all; true before it is known.
    #[must_use]
    pub fn armable(&self) -> bool {
        self.keys
            .as_ref()
            .is_none_or(|keys| ARMABLE_KEYS.contains(&keys.len()))
    }

    /// Whether enough was typed.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.progress().is_some_and(|(_, needed)| needed == 0)
    }

    /// Whether so much was typed that more will not help now.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        self.asked >= self.rules.most
    }

    /// What is to be taught; `None` if nothing was typed.
    #[must_use]
    pub fn into_enrolled(self) -> Option<Enrolled> {
        let keys = match self.keys {
            Some(keys) => keys,
            None => self.typed.first()?.sample.keys().clone(),
        };
        Some(Enrolled {
            rules: self.rules,
            typed: self.typed,
            keys,
        })
    }
}

impl Enrolled {
    /// Teaches a profile everything; how many typings it learned.
    pub(super) fn teach(&self, profile: &mut Profile) -> u32 {
        let mut learned = 0;
        for typed in &self.typed {
            // What the profile on the disk cannot take any more is left out.
            learned += u32::from(profile.teach(typed, self.rules) == Ok(true));
        }
        if let Some(index) = profile.index_of(&self.keys) {
            profile.arm_if_steady(index, self.rules);
        }
        learned
    }
}

impl Profile {
    fn index_of(&self, keys: &KeySequence) -> Option<usize> {
        self.sequences
            .iter()
            .position(|sequence| same_categories(sequence.template.keys(), keys))
    }

    /// Whether the owner of what is in force typed this: accepted, and well enough to be learned.
    pub(super) fn proven_by(
        &self,
        typed: &Typed,
        state: &AccountState,
        strictness: Strictness,
    ) -> Result<bool, FailureToAcquire> {
        let score = self.judge(&typed.sample, typed.at)?.score;
        Ok(decide(score, strictness) == Decision::Genuine
            && score.is_some_and(|score| state.may_learn(score, strictness, typed.at)))
    }

    /// What the sequence of this typing makes of it, whether it is in force or not; `None` if it
    /// would be one too many.
    fn judge_to_teach(
        &self,
        typed: &Typed,
        strictness: Strictness,
    ) -> Result<Option<(Decision, Option<f64>)>, FailureToAcquire> {
        let sample = &typed.sample;
        match self.index_of(sample.keys()) {
            Some(index) => {
                let template = self.sequences[index].template_at(typed.at);
                let score = template.judge(sample)?.score;
                self.check_original(index, sample)?;
                Ok(Some((decide(score, strictness), score)))
            }
            None => {
                sample.check_whole()?;
                let in_force = self.sequences.iter().filter(|s| s.arming.armed).count();
                let room = in_force < MAX_SEQUENCES;
                Ok(room.then_some((Decision::Undecided, None)))
            }
        }
    }

    /// Learns a typing of an enrolment; a sequence in force learns only what it accepts.
    fn teach(&mut self, typed: &Typed, rules: EnrolmentRules) -> Result<bool, FailureToAcquire> {
        let Some((decision, _)) = self.judge_to_teach(typed, rules.strictness)? else {
            return Ok(false);
        };
        let index = match self.index_of(typed.sample.keys()) {
            Some(index) => index,
            None => self.begin_sequence(&typed.sample),
        };
        let lesson = typed.lesson(rules);
        if typed.set_aside {
            self.note_decision(index, &lesson);
        }
        let in_force = self.sequences[index].arming.armed;
        let learns = !typed.set_aside && (!in_force || decision == Decision::Genuine);
        if learns {
            self.learn_as(index, &lesson);
        }
        Ok(learns)
    }

    /// An explicit enrolment waits for no second sitting, and may arm root.
    fn arm_if_steady(&mut self, index: usize, rules: EnrolmentRules) {
        let sequence = &self.sequences[index];
        let learned = sequence.template.memory().learned();
        let keys = sequence.template.keys().len();
        let steady = sequence.arming.steady(learned, rules.typings, keys);
        let common = sequence.too_common(rules.strictness, rules.typings);
        if !sequence.arming.armed && steady && !common {
            self.arm(index);
        }
    }
}

impl Typed {
    pub(super) fn lesson(&self, rules: EnrolmentRules) -> Lesson<'_> {
        Lesson {
            sample: &self.sample,
            at: self.at,
            keyboard: self.keyboard,
            strictness: rules.strictness,
            min_samples: rules.typings,
            may_arm: true,
        }
    }
}

#[cfg(test)]
pub(in crate::store) mod tests;
