//! What is kept of an account, in a state file and as the copy in its profile.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::acquire::FailureToAcquire;
use crate::policy::Throttle;
use crate::store::state::{AccountState, Counts, Phase, Progress, VERDICTS, Verdict};
use crate::time::Timestamp;

use super::{CodecError, impossible};

/// The phase of a state that was announced: armed, if the profile behind it says so.
const ARMING: u8 = 3;

#[derive(Serialize, Deserialize, Zeroize)]
pub(super) struct WireState {
    pub(super) generation: u64,
    pub(super) phase: u8,
    pub(super) counts: [u64; 4],
    pub(super) verdicts: Vec<(u64, u8)>,
    pub(super) refusals: u32,
    pub(super) last_refusal: Option<u64>,
    pub(super) distrusted: Option<u64>,
    pub(super) progress: [u32; 4],
    /// The zeros behind a state that was written before there was this say no.
    pub(super) too_common: bool,
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
            too_common,
        } = state.progress;
        Self {
            generation: state.generation,
            phase: match state.phase {
                _ if state.arming => ARMING,
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
            too_common,
        }
    }
}

impl WireState {
    pub(super) fn to_state(&self) -> Result<AccountState, CodecError> {
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
                2 | ARMING => Phase::Armed,
                _ => return impossible("the phase"),
            },
            arming: self.phase == ARMING,
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
                too_common: self.too_common,
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
