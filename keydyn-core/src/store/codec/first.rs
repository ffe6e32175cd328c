//! Profiles of the first model: read, never written.
//!
//! Its contexts and its level are near enough to this model's; what it did not learn, the ways
//! between keys aside, is learned of the window.

use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::digraph::MAX_KEYS;
use crate::key::KeyCode;
use crate::memory::Transition;
use crate::policy::sitting_ended;
use crate::store::profile::{Kept, Profile, Turn};
use crate::time::Timestamp;

use super::{CodecError, WireKept, WireSequence, WireState, counts, impossible, replay, turn_code};

/// Which formulas its memories were learned with (docs/adr/0001).
pub(super) const MODEL: u16 = 1;

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct WireProfile {
    pub(super) model: u16,
    pub(super) sequences: Vec<FirstSequence>,
    pub(super) window: Vec<FirstKept>,
    pub(super) next_number: u64,
    pub(super) state: FirstState,
}

#[derive(Deserialize, Zeroize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct FirstSequence {
    keys: Vec<u16>,
    contexts: Vec<(f64, f64, u32)>,
    level: (f64, u32),
    learned: u32,
    burst: u32,
    armed: bool,
    decisions: u32,
    decided: u32,
    sittings: u32,
    learned_at: Option<u64>,
}

#[derive(Deserialize, Zeroize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct FirstKept {
    number: u64,
    sequence: u8,
    at: u64,
    keyboard: u32,
    gain: f64,
    holds: Vec<u32>,
    downs: Vec<u32>,
}

#[derive(Deserialize, Zeroize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(super) struct FirstState {
    generation: u64,
    phase: u8,
    counts: [u64; 4],
    verdicts: Vec<(u64, u8)>,
    refusals: u32,
    last_refusal: Option<u64>,
    distrusted: Option<u64>,
    progress: [u32; 4],
}

impl WireProfile {
    /// The same as a profile of this model.
    pub(super) fn to_profile(&self) -> Result<Profile, CodecError> {
        counts(self.sequences.len(), self.window.len())?;
        let sequences = self.sequences.iter();
        let sequences = sequences.map(|first| first.of_this_model()?.to_sequence());
        let sequences = sequences.collect::<Result<Vec<_>, _>>()?;
        let kept = |first: &FirstKept| first.of_this_model().to_kept(&sequences, self.next_number);
        let mut window = self
            .window
            .iter()
            .map(kept)
            .collect::<Result<Vec<_>, _>>()?;
        (0..sequences.len()).for_each(|sequence| find_sittings(&mut window, sequence));
        let mut profile = Profile {
            sequences,
            window: window.into(),
            next_number: self.next_number,
            state: self.state.of_this_model().to_state()?,
        };
        replay(&mut profile)?;
        // Its window was larger.
        profile.fold();
        Ok(profile)
    }
}

/// When they began was not kept; when each sample was learned was.
fn find_sittings(window: &mut [Kept], sequence: usize) {
    let mut last: Option<Timestamp> = None;
    for kept in window.iter_mut().filter(|kept| kept.sequence == sequence) {
        kept.turn.starts_sitting = last.is_none_or(|last| sitting_ended(last, kept.at));
        last = Some(kept.at);
    }
}

impl FirstSequence {
    fn of_this_model(&self) -> Result<WireSequence, CodecError> {
        if self.keys.len() > MAX_KEYS {
            return impossible("a sequence's length");
        }
        let way = |keys: &[u16]| Transition::between(KeyCode(keys[0]), KeyCode(keys[1]), false);
        let contexts = self.contexts.iter();
        Ok(WireSequence {
            keys: self.keys.clone(),
            transitions: self.keys.windows(2).map(|keys| way(keys).code()).collect(),
            contexts: contexts
                .map(|&(location, scale, count)| (location, scale, count, 0.0, 0))
                .collect(),
            level: self.level,
            typicality: (0.0, 0.0, 0),
            sitting: (0, 0, 0),
            learned: self.learned,
            since: turn_code(Turn::default()),
            armed: self.armed,
            decisions: self.decisions,
            decided: self.decided,
            sittings: self.sittings,
            learned_at: self.learned_at,
        })
    }
}

impl FirstState {
    fn of_this_model(&self) -> WireState {
        WireState {
            generation: self.generation,
            phase: self.phase,
            counts: self.counts,
            verdicts: self.verdicts.clone(),
            refusals: self.refusals,
            last_refusal: self.last_refusal,
            distrusted: self.distrusted,
            progress: self.progress,
            too_common: false,
        }
    }
}

impl FirstKept {
    fn of_this_model(&self) -> WireKept {
        WireKept {
            number: self.number,
            sequence: self.sequence,
            at: self.at,
            keyboard: self.keyboard,
            turn: turn_code(Turn::default()),
            gain: self.gain,
            holds: self.holds.clone(),
            downs: self.downs.clone(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::plaintext;
    use super::*;

    /// As the first model would have written it, the oldest samples gone from the window. The
    /// contexts and the level are what they are at the end.
    pub(in crate::store::codec) fn of_the_first_model(
        wire: &super::super::WireProfile,
        gone: usize,
    ) -> WireProfile {
        let profile = wire.to_profile().unwrap();
        let sequence = |(wire, sequence): (&WireSequence, &crate::store::profile::Sequence)| {
            let parts = sequence.template().memory().parts();
            let contexts = parts.contexts();
            FirstSequence {
                keys: wire.keys.clone(),
                contexts: contexts.map(|c| (c.location, c.scale, c.count)).collect(),
                level: (parts.level.mean, parts.level.count),
                learned: parts.learned,
                burst: 0,
                armed: wire.armed,
                decisions: wire.decisions,
                decided: wire.decided,
                sittings: wire.sittings,
                learned_at: wire.learned_at,
            }
        };
        let kept = |wire: &WireKept| FirstKept {
            number: wire.number,
            sequence: wire.sequence,
            at: wire.at,
            keyboard: wire.keyboard,
            gain: wire.gain,
            holds: wire.holds.clone(),
            downs: wire.downs.clone(),
        };
        let sequences = wire.sequences.iter().zip(profile.sequences());
        WireProfile {
            model: MODEL,
            sequences: sequences.map(sequence).collect(),
            window: wire.window.iter().skip(gone).map(kept).collect(),
            next_number: wire.next_number,
            state: first_state(&WireState::from(profile.state())),
        }
    }

    fn first_state(wire: &WireState) -> FirstState {
        FirstState {
            generation: wire.generation,
            phase: wire.phase,
            counts: wire.counts,
            verdicts: wire.verdicts.clone(),
            refusals: wire.refusals,
            last_refusal: wire.last_refusal,
            distrusted: wire.distrusted,
            progress: wire.progress,
        }
    }

    pub(in crate::store::codec) fn encode(wire: &WireProfile) -> Vec<u8> {
        plaintext(wire).unwrap().to_vec()
    }
}
