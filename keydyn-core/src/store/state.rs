//! What must be known of an account before its profile is opened: armed or not, the last
//! verdicts, the throttle. No timing, no position, no key.

use std::collections::VecDeque;

use crate::acquire::FailureToAcquire;
use crate::policy::{CONFIDENCE, Strictness, Throttle, sitting_passed};
use crate::time::Timestamp;

use super::codec::{self, CodecError};
use super::host::HostKey;

/// How many verdicts are kept.
pub const VERDICTS: usize = 50;
/// Length of a state file. Always the same, so that no limit on file sizes lets one verdict be
/// written and not another.
pub const STATE_LEN: usize = 1024;

const MAGIC: [u8; 8] = *b"KEYDYNS\n";
const VERSION: u16 = 1;
const MAC_LEN: usize = 32;

/// How far learning is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was learned.
    #[default]
    None,
    /// Something was, and refusals do not count yet.
    Learning,
    /// Refusals count.
    Armed,
}

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The owner's rhythm.
    Accepted,
    /// Somebody else's.
    Refused,
    /// Not judged: a cool-down was running.
    CoolingDown,
    /// Not judged, for this reason.
    Unusable(FailureToAcquire),
}

/// Attempts since the profile was begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub accepted: u64,
    /// Refused for their rhythm.
    pub refused: u64,
    /// Unusable, or not judged.
    pub unusable: u64,
    /// Learned.
    pub learned: u64,
}

/// How near the profile that is being learned is to being armed: numbers that need no password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Typings learned of the sequence that was typed most.
    pub typings: u32,
    /// In how many sittings.
    pub sittings: u32,
    /// Decisions that the template made, each before it learned the typing; at most the last 20.
    pub decided: u32,
    /// How many of those were refusals.
    pub refused: u32,
    /// All else is there, and too many others would pass.
    pub too_common: bool,
}

/// The state of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// How often it was written; the higher one of two wins.
    pub generation: u64,
    /// How far learning is.
    pub phase: Phase,
    /// The profile that puts the account in force was about to be saved: whether it was, only the
    /// profile can tell. Without it the account counts as armed.
    pub arming: bool,
    /// How often what happened.
    pub counts: Counts,
    /// The last [`VERDICTS`] verdicts, oldest first.
    pub verdicts: VecDeque<(Timestamp, Verdict)>,
    /// Slows down guessing.
    pub throttle: Throttle,
    /// The last refusal after which no attempt was accepted with confidence.
    pub distrusted: Option<Timestamp>,
    /// How far learning is, of the second slot's profile where there is one.
    pub progress: Progress,
}

impl AccountState {
    /// Notes what came of an attempt while armed.
    pub fn note(&mut self, now: Timestamp, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => {
                self.counts.accepted = self.counts.accepted.saturating_add(1);
                self.throttle.accepted();
                // Of a clock that was ahead: for years nothing would be learned.
                self.distrusted = self.distrusted.map(|at| Timestamp(at.0.min(now.0)));
            }
            Verdict::Refused => self.counts.refused = self.counts.refused.saturating_add(1),
            Verdict::CoolingDown | Verdict::Unusable(_) => {
                self.counts.unusable = self.counts.unusable.saturating_add(1);
            }
        }
        if matches!(verdict, Verdict::Refused | Verdict::Unusable(_)) {
            self.throttle.refused(now);
            self.distrusted = Some(now);
        }
        if self.verdicts.len() == VERDICTS {
            self.verdicts.pop_front();
        }
        self.verdicts.push_back((now, verdict));
    }

    /// Seconds until attempts are judged again, if they are not now. The last refusal was when the
    /// throttle says, or, by a clock that was set back since and is right again, later.
    #[must_use]
    pub fn cooling_down(&self, now: Timestamp) -> Option<u64> {
        let refusal = self.distrusted.filter(|at| now.since(*at).is_some());
        let later = |last: Timestamp| Timestamp(refusal.map_or(last.0, |at| last.0.max(at.0)));
        let throttle = Throttle {
            last: self.throttle.last.map(later),
            ..self.throttle
        };
        throttle.cooling_down(now)
    }

    /// Whether the clock has been set back since the last refusal, so that a cool-down is not running:
    /// it begins with the next attempt ([`Throttle::heed`]).
    #[must_use]
    pub fn cool_down_awaits_an_attempt(&self, now: Timestamp) -> bool {
        let last = self.throttle.last;
        let ahead = last.is_some_and(|last| now.since(last).is_none());
        ahead && self.cooling_down(now).is_some()
    }

    /// Whether an accepted attempt with this score may be learned: after a refusal, nothing is in
    /// the same sitting until one scores well below the threshold. An impostor who is let in at
    /// the third try must not teach the template.
    #[must_use]
    pub fn may_learn(&self, score: f64, strictness: Strictness, now: Timestamp) -> bool {
        self.distrusted
            .is_none_or(|refusal| sitting_passed(refusal, now))
            || score <= strictness.threshold() - CONFIDENCE
    }

    /// The file of this state: magic, version, body, zeros, MAC; always [`STATE_LEN`] bytes.
    ///
    /// # Errors
    /// If the body cannot be encoded, which no state can cause.
    pub fn to_file(&self, uid: u32, host: &HostKey) -> Result<Vec<u8>, CodecError> {
        let body = codec::encode_state(self)?;
        let mut file = Vec::with_capacity(STATE_LEN);
        file.extend_from_slice(&MAGIC);
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&body);
        if file.len() + MAC_LEN > STATE_LEN {
            return Err(CodecError::TooLarge);
        }
        file.resize(STATE_LEN - MAC_LEN, 0);
        let mac = host.authenticate(uid, &file);
        file.extend_from_slice(&mac);
        Ok(file)
    }

    /// Reads a state file; nothing is decoded before the MAC is found good. A later version is
    /// told first: what is behind it may be anything.
    ///
    /// # Errors
    /// Why it cannot be trusted.
    pub fn from_file(file: &[u8], uid: u32, host: &HostKey) -> Result<Self, StateError> {
        let body = file.strip_prefix(&MAGIC).ok_or(StateError::Magic)?;
        if let Some(found) = later_version(file) {
            return Err(StateError::FutureVersion { found });
        }
        let (signed, mac) = file
            .split_at_checked(file.len().saturating_sub(MAC_LEN))
            .ok_or(StateError::Mac)?;
        if !host.verify(uid, signed, mac) {
            return Err(StateError::Mac);
        }
        let body = body.get(..body.len() - MAC_LEN).ok_or(StateError::Mac)?;
        let (version, body) = body.split_first_chunk::<2>().ok_or(StateError::Mac)?;
        match u16::from_le_bytes(*version) {
            VERSION => Ok(codec::decode_state(body)?),
            _ => Err(StateError::VersionZero),
        }
    }
}

/// The version of a state file that a later keydyn wrote.
pub(super) fn later_version(file: &[u8]) -> Option<u16> {
    let (version, _) = file.strip_prefix(&MAGIC)?.split_first_chunk::<2>()?;
    Some(u16::from_le_bytes(*version)).filter(|&found| found > VERSION)
}

/// Why a state file cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The first eight bytes are others.
    #[error("it is not a keydyn state file")]
    Magic,
    /// It was changed, belongs to another user, or host.key is another.
    #[error("it was not written by this machine for this user, or it was changed")]
    Mac,
    /// Written by a keydyn of the future.
    #[error("it has format version {found}, and this keydyn reads up to {VERSION}; upgrade keydyn")]
    FutureVersion {
        /// Its version.
        found: u16,
    },
    /// Version zero was never written.
    #[error("it has format version 0, which does not exist")]
    VersionZero,
    /// The MAC is good and the body makes no sense.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> HostKey {
        HostKey::from_bytes(&[3; 32]).unwrap()
    }

    fn full() -> AccountState {
        let mut state = AccountState {
            phase: Phase::Armed,
            generation: 9,
            ..Default::default()
        };
        for i in 0..60 {
            state.note(Timestamp(i), Verdict::Refused);
            state.note(
                Timestamp(i),
                Verdict::Unusable(FailureToAcquire::TwoKeyboards),
            );
        }
        state
    }

    #[test]
    fn the_file_reads_back_and_has_one_size() {
        let file = full().to_file(1000, &host()).unwrap();
        assert_eq!(file.len(), STATE_LEN);
        let empty = AccountState::default().to_file(1000, &host()).unwrap();
        assert_eq!(empty.len(), STATE_LEN);
        assert_eq!(
            AccountState::from_file(&file, 1000, &host()).unwrap(),
            full()
        );
        assert_eq!(full().verdicts.len(), VERDICTS);
    }

    #[test]
    fn any_changed_byte_another_user_and_another_machine_are_told() {
        let file = full().to_file(1000, &host()).unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(
                AccountState::from_file(&changed, 1000, &host()).is_err(),
                "{at}"
            );
        }
        for len in 0..file.len() {
            assert!(
                AccountState::from_file(&file[..len], 1000, &host()).is_err(),
                "{len}"
            );
        }
        let mac = Err(StateError::Mac);
        assert_eq!(AccountState::from_file(&file, 1001, &host()), mac);
        let other = HostKey::from_bytes(&[4; 32]).unwrap();
        assert_eq!(AccountState::from_file(&file, 1000, &other), mac);
    }

    #[test]
    fn after_a_refusal_only_a_confident_attempt_is_learned() {
        let mut state = AccountState {
            phase: Phase::Armed,
            ..Default::default()
        };
        let (now, normal) = (Timestamp(10_000), Strictness::Normal);
        assert!(state.may_learn(0.02, normal, now));
        state.note(now, Verdict::Refused);
        state.note(now, Verdict::Accepted);
        assert!(!state.may_learn(0.02, normal, now));
        assert!(!state.may_learn(-0.07, normal, now));
        assert!(state.may_learn(-0.09, normal, now));
        assert!(
            state.may_learn(0.02, normal, Timestamp(10_000 + 4 * 3600 + 1)),
            "new sitting"
        );
        state.distrusted = None;
        assert!(state.may_learn(0.02, normal, now));
    }

    #[test]
    fn a_zero_host_key_is_none() {
        assert!(HostKey::from_bytes(&[0; 32]).is_none());
        assert!(HostKey::from_bytes(&[1; 31]).is_none());
    }
}
