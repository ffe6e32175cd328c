//! Profiles with typings that are held, which stand behind all that model 2 has: what is written.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::quarantine::{Held, Quarantine};
use crate::store::profile::Profile;
use crate::time::Timestamp;

use super::{CodecError, WireProfile, sample_of, wire_features};

#[derive(Serialize, Deserialize, Zeroize)]
struct WireHeld {
    sequence: u8,
    at: u64,
    keyboard: u32,
    in_row: bool,
    holds: Vec<u32>,
    downs: Vec<u32>,
}

/// A profile and, behind it, the typings that are held.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(super) struct WireWhole(WireProfile, Vec<WireHeld>);

impl From<&Profile> for WireWhole {
    fn from(profile: &Profile) -> Self {
        let sequences = profile.sequences.iter().zip(0u8..);
        let held = sequences.flat_map(|(sequence, number)| {
            let held = sequence.held.iter();
            held.map(move |(held, in_row)| WireHeld {
                sequence: number,
                at: held.at.0,
                keyboard: held.keyboard,
                in_row,
                holds: wire_features(held.sample.holds()),
                downs: wire_features(held.sample.downs()),
            })
        });
        Self(WireProfile::from(profile), held.collect())
    }
}

impl WireWhole {
    pub(super) fn to_profile(&self) -> Result<Profile, CodecError> {
        let Self(profile, held) = self;
        let mut profile = profile.to_profile()?;
        let mut of_each = vec![VecDeque::new(); profile.sequences.len()];
        for wire in held {
            let sample = sample_of(&profile.sequences, wire.sequence, &wire.holds, &wire.downs)?;
            let held = Held {
                at: Timestamp(wire.at),
                keyboard: wire.keyboard,
                sample,
            };
            of_each[usize::from(wire.sequence)].push_back((held, wire.in_row));
        }
        for (sequence, held) in profile.sequences.iter_mut().zip(of_each) {
            sequence.held = Quarantine::of(held).ok_or(CodecError::Impossible {
                what: "how many typings are held",
            })?;
        }
        Ok(profile)
    }
}
