//! An account that is attacked: its owner enrolled, and who else typed the text.

use crate::detector::{Detector as _, Recorded, SequenceMemory, Threshold};
use crate::digraph::{KeySequence, Sample};
use crate::eval::data::{Attempt, DataSet, Typist};
use crate::eval::draw::{Draws, Purpose};
use crate::eval::protocol::Protocol;
use crate::eval::setup::Reason;
use crate::policy::Decision;
use crate::template::GainPolicy;

/// Typings that count in full, as an enrolment's do; what is learned after them counts as it does in
/// use.
pub const IN_FULL: usize = 10;

/// More people than this do not make figures any better, and take for ever.
pub const MOST_ATTACKERS: usize = 100;

/// An account, enrolled.
pub(super) struct Owner<'d> {
    /// Counts accounts from 0.
    pub(super) number: usize,
    pub(super) typist: &'d Typist,
    /// Those who typed the same text.
    pub(super) others: Vec<&'d Typist>,
    pub(super) enrolment: &'d [Attempt],
    /// What the owner typed afterwards.
    pub(super) later: &'d [Attempt],
    /// Template and policy, driven as the module drives them.
    pub(super) detector: SequenceMemory,
}

impl<'d> Owner<'d> {
    /// Enrols an account's owner; `least` is how many typings it takes at all.
    pub(super) fn enrolled(
        data: &'d DataSet,
        number: usize,
        protocol: Protocol,
        least: usize,
        gain: GainPolicy,
    ) -> Result<Self, Reason> {
        let typist = data.typists().get(number).ok_or(Reason::NotEnrolled)?;
        let has = typist.attempts.len();
        let too_few = Reason::TooFew { has };
        if has < least {
            return Err(too_few);
        }
        let (enrolment, later) = protocol.divide(has, None).ok_or(too_few)?;
        let (enrolment, later) = (&typist.attempts[enrolment], &typist.attempts[later]);
        let detector = learned(enrolment, gain, typist.recorded()).ok_or(Reason::NotEnrolled)?;
        Ok(Self {
            number,
            typist,
            others: data.others(number).collect(),
            enrolment,
            later,
            detector,
        })
    }

    /// The text.
    pub(super) fn keys(&self) -> &'d KeySequence {
        // An account is enrolled on three typings at least, and a recording has one text of it.
        self.enrolment[0].sample.keys()
    }

    /// Those who attack in turn: everybody else, or so many of them by chance.
    pub(super) fn attackers(&self) -> Vec<&'d Typist> {
        let typed = |other: &&&Typist| !other.attempts.is_empty();
        let mut all: Vec<&Typist> = self.others.iter().filter(typed).copied().collect();
        let mut draws = Draws::new(Purpose::Attackers, 0, [self.number as u64, 0]);
        while all.len() > MOST_ATTACKERS {
            let places: Vec<usize> = (0..all.len()).collect();
            let Some(&gone) = draws.pick(&places) else {
                break;
            };
            all.remove(gone);
        }
        all
    }

    /// Every typing of the text by somebody else.
    pub(super) fn others_typings(&self) -> Vec<&'d Sample> {
        let all = self.others.iter().flat_map(|other| &other.attempts);
        let samples = all.map(|attempt| &attempt.sample);
        samples
            .filter(|sample| sample.keys() == self.keys())
            .collect()
    }
}

/// An account that was enrolled on its first typings and has learned all further ones since; `None`
/// if they cannot be enrolled on.
fn learned(typings: &[Attempt], gain: GainPolicy, recorded: Recorded) -> Option<SequenceMemory> {
    let (first, further) = typings.split_at(typings.len().min(IN_FULL));
    let mut detector = SequenceMemory::new(gain, recorded, None);
    for attempt in first {
        // What cannot be enrolled is left out, as a login would leave it out.
        let _ = detector.enrol(&attempt.sample);
    }
    detector.finish_enrolment().ok()?;
    let mut last = first.last().map(|attempt| attempt.session);
    for attempt in further {
        if last.replace(attempt.session) != Some(attempt.session) {
            detector.start_sitting();
        }
        if detector.score(&attempt.sample).is_ok() {
            detector.learn(&attempt.sample);
        }
    }
    Some(detector)
}

/// Whether the detector accepts a typing. One that cannot be judged is refused, as in an armed
/// account.
pub(super) fn accepts(detector: &SequenceMemory, sample: &Sample, threshold: Threshold) -> bool {
    let decision = |score| detector.decide(score, threshold);
    detector.score(sample).ok().and_then(decision) == Some(Decision::Genuine)
}
