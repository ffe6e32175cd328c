//! Bytes of a profile's plaintext and of a state's body. The only file that knows bincode.
//!
//! bincode is unmaintained (RUSTSEC-2025-0141) and fenced (docs/adr/0003): it decodes only what a
//! seal or a MAC has authenticated, under a limit, and must consume all of it. The wire structs
//! are apart from the domain types, fixed-width and little endian, and read with serde, so that
//! another crate can take over.

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian};
use bincode::serde::{decode_from_slice, encode_into_slice, encode_to_vec};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

mod first;
mod held;
mod state;

use crate::digraph::{Duration, KeySequence, MAX_KEYS, Sample};
use crate::key::KeyCode;
use crate::memory::{
    Anchor, Context, Level, MemoryParts, SequenceMemory, Sitting, Transition, Typicality,
};
use crate::policy::Arming;
use crate::quarantine::Quarantine;
use crate::template::Template;
use crate::time::Timestamp;

use super::profile::{Kept, MAX_SEQUENCES, MAX_WINDOW, Profile, Sequence, Turn};
use super::seal::PLAINTEXT_LEN;
use super::state::{AccountState, STATE_LEN};

use state::WireState;

const PROFILE: Configuration<LittleEndian, Fixint, Limit<PLAINTEXT_LEN>> =
    config::legacy().with_limit::<PLAINTEXT_LEN>();
const STATE: Configuration<LittleEndian, Fixint, Limit<STATE_LEN>> =
    config::legacy().with_limit::<STATE_LEN>();

/// Which formulas the memories were learned with (docs/adr/0023), and what else is kept: 3 is 2 with
/// the typings that are held (docs/adr/0029).
const MODEL: u16 = 3;
const WITHOUT_HELD: u16 = 2;
/// A feature that is missing.
const MISSING: u32 = u32::MAX;

/// Why authenticated bytes make no sense. Only another version of keydyn can have written them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not the wire form.
    #[error("its contents cannot be read")]
    Malformed,
    /// The bytes are the wire form and a value is impossible.
    #[error("its contents are impossible: {what}")]
    Impossible {
        /// Which value.
        what: &'static str,
    },
    /// Learned by another model.
    #[error("it was learned by model {found}, and this keydyn has model {MODEL}")]
    Model {
        /// That model.
        found: u16,
    },
    /// More than a file holds.
    #[error("it does not fit into a profile")]
    TooLarge,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct WireProfile {
    model: u16,
    sequences: Vec<WireSequence>,
    window: Vec<WireKept>,
    next_number: u64,
    state: WireState,
}

#[derive(Serialize, Deserialize, Zeroize)]
struct WireSequence {
    keys: Vec<u16>,
    transitions: Vec<u8>,
    /// Location, scale, count; the anchor's location and count.
    contexts: Vec<(f64, f64, u32, f64, u32)>,
    level: (f64, u32),
    typicality: (f64, f64, u32),
    sitting: (u32, u32, u32),
    learned: u32,
    since: u8,
    armed: bool,
    decisions: u32,
    decided: u32,
    sittings: u32,
    learned_at: Option<u64>,
}

#[derive(Serialize, Deserialize, Zeroize)]
struct WireKept {
    number: u64,
    sequence: u8,
    at: u64,
    keyboard: u32,
    turn: u8,
    gain: f64,
    holds: Vec<u32>,
    downs: Vec<u32>,
}

/// The plaintext of a profile: its length, its bytes, zeros up to [`PLAINTEXT_LEN`].
pub(super) fn encode_profile(profile: &Profile) -> Result<Zeroizing<Vec<u8>>, CodecError> {
    plaintext(&held::WireWhole::from(profile))
}

fn plaintext(wire: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, CodecError> {
    // Written in place: a vector that grew would leave copies behind.
    let mut plaintext = Zeroizing::new(vec![0; PLAINTEXT_LEN]);
    let (head, body) = plaintext
        .split_first_chunk_mut::<4>()
        .ok_or(CodecError::TooLarge)?;
    let length = encode_into_slice(wire, body, PROFILE).map_err(|_| CodecError::TooLarge)?;
    let length = u32::try_from(length).map_err(|_| CodecError::TooLarge)?;
    *head = length.to_le_bytes();
    Ok(plaintext)
}

/// Reads back what [`encode_profile`] wrote.
pub(super) fn decode_profile(plaintext: &[u8]) -> Result<Profile, CodecError> {
    let (length, rest) = plaintext
        .split_first_chunk::<4>()
        .ok_or(CodecError::Malformed)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| CodecError::Malformed)?;
    let body = rest.get(..length).ok_or(CodecError::Malformed)?;
    let (model, _) = body.split_first_chunk().ok_or(CodecError::Malformed)?;
    match u16::from_le_bytes(*model) {
        MODEL => whole::<held::WireWhole>(body)?.to_profile(),
        WITHOUT_HELD => whole::<WireProfile>(body)?.to_profile(),
        first::MODEL => whole::<first::WireProfile>(body)?.to_profile(),
        found => Err(CodecError::Model { found }),
    }
}

/// A value that all of these bytes make.
fn whole<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, CodecError> {
    let (wire, used) = decode_from_slice(body, PROFILE).map_err(|_| CodecError::Malformed)?;
    if used != body.len() {
        return Err(CodecError::Malformed);
    }
    Ok(wire)
}

/// The body of a state file.
pub(super) fn encode_state(state: &AccountState) -> Result<Vec<u8>, CodecError> {
    encode_to_vec(WireState::from(state), STATE).map_err(|_| CodecError::TooLarge)
}

/// Reads back what [`encode_state`] wrote, with zeros behind it.
pub(super) fn decode_state(body: &[u8]) -> Result<AccountState, CodecError> {
    let (wire, used) =
        decode_from_slice::<WireState, _>(body, STATE).map_err(|_| CodecError::Malformed)?;
    if body.iter().skip(used).any(|&byte| byte != 0) {
        return Err(CodecError::Malformed);
    }
    wire.to_state()
}

fn impossible<T>(what: &'static str) -> Result<T, CodecError> {
    Err(CodecError::Impossible { what })
}

impl From<&Profile> for WireProfile {
    fn from(profile: &Profile) -> Self {
        Self {
            model: MODEL,
            sequences: profile.sequences.iter().map(WireSequence::from).collect(),
            window: profile.window.iter().map(WireKept::from).collect(),
            next_number: profile.next_number,
            state: WireState::from(&profile.state),
        }
    }
}

/// A sample of the sequence with this number.
fn sample_of(
    sequences: &[Sequence],
    sequence: u8,
    holds: &[u32],
    downs: &[u32],
) -> Result<Sample, CodecError> {
    let impossible = |what| CodecError::Impossible { what };
    let features = |wire: &[u32]| {
        let features = wire.iter();
        let features = features.map(|&us| (us != MISSING).then_some(Duration(us)));
        features.collect()
    };
    let of = sequences.get(usize::from(sequence));
    let keys = of.map(|s| s.template.keys().clone());
    let keys = keys.ok_or_else(|| impossible("a sample's sequence"))?;
    Sample::new(keys, features(holds), features(downs))
        .ok_or_else(|| impossible("a sample's length"))
}

fn wire_features(features: &[Option<Duration>]) -> Vec<u32> {
    let features = features.iter();
    let features = features.map(|f| f.map_or(MISSING, |d| d.0.min(MISSING - 1)));
    features.collect()
}

impl WireProfile {
    fn to_profile(&self) -> Result<Profile, CodecError> {
        counts(self.sequences.len(), self.window.len())?;
        let sequences = self.sequences.iter().map(WireSequence::to_sequence);
        let sequences = sequences.collect::<Result<Vec<_>, _>>()?;
        let kept = |wire: &WireKept| wire.to_kept(&sequences, self.next_number);
        let window = self.window.iter().map(kept);
        let window = window.collect::<Result<Vec<Kept>, _>>()?;
        let mut profile = Profile {
            sequences,
            window: window.into(),
            next_number: self.next_number,
            state: self.state.to_state()?,
        };
        replay(&mut profile)?;
        Ok(profile)
    }
}

/// As many as a file holds.
fn counts(sequences: usize, window: usize) -> Result<(), CodecError> {
    if sequences > MAX_SEQUENCES || window > MAX_WINDOW {
        return impossible("a count");
    }
    Ok(())
}

/// Makes the templates, of samples that are in order.
fn replay(profile: &mut Profile) -> Result<(), CodecError> {
    let in_order = |a: &Kept, b: &Kept| a.number < b.number;
    if !profile.window.make_contiguous().is_sorted_by(in_order) {
        return impossible("the order of the samples");
    }
    let replayed = profile.replay();
    replayed.ok_or(CodecError::Impossible { what: "a memory" })
}

fn turn_code(turn: Turn) -> u8 {
    u8::from(turn.ends_enrolment) | u8::from(turn.starts_sitting) << 1
}

fn turn_of(code: u8) -> Result<Turn, CodecError> {
    if code > 3 {
        return impossible("what came between two samples");
    }
    Ok(Turn {
        ends_enrolment: code & 1 != 0,
        starts_sitting: code & 2 != 0,
    })
}

impl From<&Sequence> for WireSequence {
    fn from(sequence: &Sequence) -> Self {
        let parts = sequence.base.parts();
        let context = |c: &Context| {
            let Anchor { location, count } = c.anchor;
            (c.location, c.scale, c.count, location, count)
        };
        let Typicality {
            mean,
            spread,
            count,
        } = parts.typicality;
        let keys = sequence.template.keys().keys();
        Self {
            keys: keys.iter().map(|key| key.0).collect(),
            transitions: parts.transitions.iter().map(|way| way.code()).collect(),
            contexts: parts.contexts().map(context).collect(),
            level: (parts.level.mean, parts.level.count),
            typicality: (mean, spread, count),
            sitting: (
                parts.sitting.learned,
                parts.sitting.enrolled,
                parts.sitting.before,
            ),
            learned: parts.learned,
            since: turn_code(sequence.since),
            armed: sequence.arming.armed,
            decisions: sequence.arming.decisions,
            decided: sequence.arming.decided,
            sittings: sequence.arming.sittings,
            learned_at: sequence.learned_at.map(|at| at.0),
        }
    }
}

impl WireSequence {
    /// The sequence with its base; the template is replayed afterwards.
    fn to_sequence(&self) -> Result<Sequence, CodecError> {
        let count = self.keys.len();
        if !(1..=MAX_KEYS).contains(&count) || self.contexts.len() != 2 * count - 1 {
            return impossible("a sequence's length");
        }
        let contexts = self.contexts.iter();
        let contexts = contexts.map(|&(location, scale, count, anchor, anchors)| Context {
            location,
            scale,
            count,
            anchor: Anchor {
                location: anchor,
                count: anchors,
            },
        });
        let contexts: Zeroizing<Vec<Context>> = Zeroizing::new(contexts.collect());
        let transition = |&code: &u8| {
            Transition::from_code(code).ok_or(CodecError::Impossible {
                what: "a transition",
            })
        };
        let (mean, spread, times) = self.typicality;
        let base = SequenceMemory::from_parts(MemoryParts {
            holds: contexts[..count].to_vec(),
            downs: contexts[count..].to_vec(),
            transitions: self
                .transitions
                .iter()
                .map(transition)
                .collect::<Result<_, _>>()?,
            level: Level {
                mean: self.level.0,
                count: self.level.1,
            },
            typicality: Typicality {
                mean,
                spread,
                count: times,
            },
            sitting: Sitting {
                learned: self.sitting.0,
                enrolled: self.sitting.1,
                before: self.sitting.2,
            },
            learned: self.learned,
        })
        .ok_or(CodecError::Impossible { what: "a memory" })?;
        let keys = KeySequence::new(self.keys.iter().map(|&code| KeyCode(code)).collect());
        let template = Template::with_memory(keys, base.clone())
            .ok_or(CodecError::Impossible { what: "a memory" })?;
        Ok(Sequence {
            base,
            template,
            since: turn_of(self.since)?,
            arming: Arming {
                armed: self.armed,
                decisions: self.decisions,
                decided: self.decided,
                sittings: self.sittings,
            },
            learned_at: self.learned_at.map(Timestamp),
            held: Quarantine::default(),
        })
    }
}

impl From<&Kept> for WireKept {
    fn from(kept: &Kept) -> Self {
        Self {
            number: kept.number,
            // There are at most four.
            sequence: u8::try_from(kept.sequence).unwrap_or(u8::MAX),
            at: kept.at.0,
            keyboard: kept.keyboard,
            turn: turn_code(kept.turn),
            gain: kept.gain,
            holds: wire_features(kept.sample.holds()),
            downs: wire_features(kept.sample.downs()),
        }
    }
}

impl WireKept {
    fn to_kept(&self, sequences: &[Sequence], next_number: u64) -> Result<Kept, CodecError> {
        let sample = sample_of(sequences, self.sequence, &self.holds, &self.downs)?;
        if !(0.0..=1.0).contains(&self.gain) || self.number >= next_number {
            return impossible("a sample's gain or number");
        }
        Ok(Kept {
            number: self.number,
            sequence: usize::from(self.sequence),
            at: Timestamp(self.at),
            keyboard: self.keyboard,
            turn: turn_of(self.turn)?,
            gain: self.gain,
            sample,
        })
    }
}

#[cfg(test)]
mod tests;
