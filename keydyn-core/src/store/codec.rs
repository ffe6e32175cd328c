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

use crate::acquire::FailureToAcquire;
use crate::digraph::{Duration, KeySequence, MAX_KEYS, Sample};
use crate::key::KeyCode;
use crate::memory::{Context, Level, MemoryParts, SequenceMemory};
use crate::policy::{Arming, Throttle};
use crate::template::Template;
use crate::time::Timestamp;

use super::profile::{Kept, MAX_SEQUENCES, MAX_WINDOW, Profile, Sequence};
use super::seal::PLAINTEXT_LEN;
use super::state::{AccountState, Counts, Phase, Progress, STATE_LEN, VERDICTS, Verdict};

const PROFILE: Configuration<LittleEndian, Fixint, Limit<PLAINTEXT_LEN>> =
    config::legacy().with_limit::<PLAINTEXT_LEN>();
const STATE: Configuration<LittleEndian, Fixint, Limit<STATE_LEN>> =
    config::legacy().with_limit::<STATE_LEN>();

/// Which formulas the memories were learned with (docs/adr/0001).
const MODEL: u16 = 1;
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

#[derive(Serialize, Deserialize, Zeroize)]
struct WireKept {
    number: u64,
    sequence: u8,
    at: u64,
    keyboard: u32,
    gain: f64,
    holds: Vec<u32>,
    downs: Vec<u32>,
}

#[derive(Serialize, Deserialize, Zeroize)]
struct WireState {
    generation: u64,
    phase: u8,
    counts: [u64; 4],
    verdicts: Vec<(u64, u8)>,
    refusals: u32,
    last_refusal: Option<u64>,
    distrusted: Option<u64>,
    progress: [u32; 4],
}

/// The plaintext of a profile: its length, its bytes, zeros up to [`PLAINTEXT_LEN`].
pub(super) fn encode_profile(profile: &Profile) -> Result<Zeroizing<Vec<u8>>, CodecError> {
    let wire = WireProfile::from(profile);
    // Written in place: a vector that grew would leave copies behind.
    let mut plaintext = Zeroizing::new(vec![0; PLAINTEXT_LEN]);
    let (head, body) = plaintext
        .split_first_chunk_mut::<4>()
        .ok_or(CodecError::TooLarge)?;
    let length = encode_into_slice(&wire, body, PROFILE).map_err(|_| CodecError::TooLarge)?;
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
    let (wire, used) =
        decode_from_slice::<WireProfile, _>(body, PROFILE).map_err(|_| CodecError::Malformed)?;
    if used != length {
        return Err(CodecError::Malformed);
    }
    wire.to_profile()
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

impl WireProfile {
    fn to_profile(&self) -> Result<Profile, CodecError> {
        if self.model != MODEL {
            return Err(CodecError::Model { found: self.model });
        }
        if self.sequences.len() > MAX_SEQUENCES || self.window.len() > MAX_WINDOW {
            return impossible("a count");
        }
        let mut sequences = self
            .sequences
            .iter()
            .map(WireSequence::to_sequence)
            .collect::<Result<Vec<_>, _>>()?;
        let kept = |wire: &WireKept| wire.to_kept(&sequences, self.next_number);
        let window = self
            .window
            .iter()
            .map(kept)
            .collect::<Result<Vec<Kept>, _>>()?;
        if !window.is_sorted_by(|a, b| a.number < b.number) {
            return impossible("the order of the samples");
        }
        // Opening is base + replay.
        for (index, sequence) in sequences.iter_mut().enumerate() {
            let mut memory = sequence.base.clone();
            for kept in window.iter().filter(|kept| kept.sequence == index) {
                memory.learn(&kept.sample, kept.gain);
            }
            let (keys, burst) = (sequence.template.keys().clone(), sequence.template.burst());
            sequence.template = Template::with_memory(keys, memory, burst)
                .ok_or(CodecError::Impossible { what: "a memory" })?;
        }
        Ok(Profile {
            sequences,
            window: window.into(),
            next_number: self.next_number,
            state: self.state.to_state()?,
        })
    }
}

impl From<&Sequence> for WireSequence {
    fn from(sequence: &Sequence) -> Self {
        let parts = sequence.base.parts();
        let contexts = parts.holds.iter().chain(&parts.downs);
        Self {
            keys: sequence
                .template
                .keys()
                .keys()
                .iter()
                .map(|key| key.0)
                .collect(),
            contexts: contexts.map(|c| (c.location, c.scale, c.count)).collect(),
            level: (parts.level.mean, parts.level.count),
            learned: parts.learned,
            burst: sequence.template.burst(),
            armed: sequence.arming.armed,
            decisions: sequence.arming.decisions,
            decided: sequence.arming.decided,
            sittings: sequence.arming.sittings,
            learned_at: sequence.learned_at.map(|at| at.0),
        }
    }
}

impl WireSequence {
    /// The sequence with its base; the template's memory is replayed into it afterwards.
    fn to_sequence(&self) -> Result<Sequence, CodecError> {
        let count = self.keys.len();
        if !(1..=MAX_KEYS).contains(&count) || self.contexts.len() != 2 * count - 1 {
            return impossible("a sequence's length");
        }
        let contexts = self.contexts.iter();
        let contexts = contexts.map(|&(location, scale, count)| Context {
            location,
            scale,
            count,
        });
        let contexts: Zeroizing<Vec<Context>> = Zeroizing::new(contexts.collect());
        let base = SequenceMemory::from_parts(MemoryParts {
            holds: contexts[..count].to_vec(),
            downs: contexts[count..].to_vec(),
            level: Level {
                mean: self.level.0,
                count: self.level.1,
            },
            learned: self.learned,
        })
        .ok_or(CodecError::Impossible { what: "a memory" })?;
        let keys = KeySequence::new(self.keys.iter().map(|&code| KeyCode(code)).collect());
        let template = Template::with_memory(keys, base.clone(), self.burst)
            .ok_or(CodecError::Impossible { what: "a memory" })?;
        Ok(Sequence {
            base,
            template,
            arming: Arming {
                armed: self.armed,
                decisions: self.decisions,
                decided: self.decided,
                sittings: self.sittings,
            },
            learned_at: self.learned_at.map(Timestamp),
        })
    }
}

impl From<&Kept> for WireKept {
    fn from(kept: &Kept) -> Self {
        let wire = |features: &[Option<Duration>]| {
            features
                .iter()
                .map(|f| f.map_or(MISSING, |d| d.0.min(MISSING - 1)))
                .collect()
        };
        Self {
            number: kept.number,
            // There are at most four.
            sequence: u8::try_from(kept.sequence).unwrap_or(u8::MAX),
            at: kept.at.0,
            keyboard: kept.keyboard,
            gain: kept.gain,
            holds: wire(kept.sample.holds()),
            downs: wire(kept.sample.downs()),
        }
    }
}

impl WireKept {
    fn to_kept(&self, sequences: &[Sequence], next_number: u64) -> Result<Kept, CodecError> {
        let features = |wire: &[u32]| {
            wire.iter()
                .map(|&us| (us != MISSING).then_some(Duration(us)))
                .collect()
        };
        let sequence = usize::from(self.sequence);
        let keys = sequences
            .get(sequence)
            .map(|s| s.template.keys().clone())
            .ok_or(CodecError::Impossible {
                what: "a sample's sequence",
            })?;
        let sample = Sample::new(keys, features(&self.holds), features(&self.downs)).ok_or(
            CodecError::Impossible {
                what: "a sample's length",
            },
        )?;
        if !(0.0..=1.0).contains(&self.gain) || self.number >= next_number {
            return impossible("a sample's gain or number");
        }
        Ok(Kept {
            number: self.number,
            sequence,
            at: Timestamp(self.at),
            keyboard: self.keyboard,
            gain: self.gain,
            sample,
        })
    }
}

impl From<&AccountState> for WireState {
    fn from(state: &AccountState) -> Self {
        let Counts {
            accepted,
            refused,
            unusable,
            learned,
        } = state.counts;
        let Progress {
            typings,
            sittings,
            decided,
            refused: of_them_refused,
        } = state.progress;
        Self {
            generation: state.generation,
            phase: match state.phase {
                Phase::None => 0,
                Phase::Learning => 1,
                Phase::Armed => 2,
            },
            counts: [accepted, refused, unusable, learned],
            verdicts: state
                .verdicts
                .iter()
                .map(|(at, v)| (at.0, verdict_code(*v)))
                .collect(),
            refusals: state.throttle.refusals,
            last_refusal: state.throttle.last.map(|at| at.0),
            distrusted: state.distrusted.map(|at| at.0),
            progress: [typings, sittings, decided, of_them_refused],
        }
    }
}

impl WireState {
    fn to_state(&self) -> Result<AccountState, CodecError> {
        if self.verdicts.len() > VERDICTS {
            return impossible("the number of verdicts");
        }
        let [accepted, refused, unusable, learned] = self.counts;
        let [typings, sittings, decided, of_them_refused] = self.progress;
        let verdict = |&(at, code): &(u64, u8)| {
            let verdict = verdict_of(code).ok_or(CodecError::Impossible { what: "a verdict" })?;
            Ok((Timestamp(at), verdict))
        };
        Ok(AccountState {
            generation: self.generation,
            phase: match self.phase {
                0 => Phase::None,
                1 => Phase::Learning,
                2 => Phase::Armed,
                _ => return impossible("the phase"),
            },
            counts: Counts {
                accepted,
                refused,
                unusable,
                learned,
            },
            verdicts: self
                .verdicts
                .iter()
                .map(verdict)
                .collect::<Result<_, _>>()?,
            throttle: Throttle {
                refusals: self.refusals,
                last: self.last_refusal.map(Timestamp),
            },
            distrusted: self.distrusted.map(Timestamp),
            progress: Progress {
                typings,
                sittings,
                decided,
                refused: of_them_refused,
            },
        })
    }
}

/// Codes of the failures to acquire begin here.
const FIRST_FAILURE: u8 = 16;

fn verdict_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Accepted => 0,
        Verdict::Refused => 1,
        Verdict::CoolingDown => 2,
        Verdict::Unusable(failure) => FIRST_FAILURE + failure.code(),
    }
}

fn verdict_of(code: u8) -> Option<Verdict> {
    match code {
        0 => Some(Verdict::Accepted),
        1 => Some(Verdict::Refused),
        2 => Some(Verdict::CoolingDown),
        code => {
            FailureToAcquire::from_code(code.checked_sub(FIRST_FAILURE)?).map(Verdict::Unusable)
        }
    }
}

#[cfg(test)]
mod tests;
