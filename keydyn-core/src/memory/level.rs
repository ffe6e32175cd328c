//! The levels of the owner's typings as wholes: how strange they are wont to be to the owner's own
//! contexts, and how strange to people in general.

use zeroize::Zeroize;

use super::surprise::{clip, is_sound};

/// Least weight of the newest typing on a level, times the gain.
const RATE: f64 = 0.05;
/// An error counts for at most this much, in nats.
const CLIP: f64 = 0.5;

/// The level of the owner's own anomalies.
#[derive(Clone, Copy, Debug, PartialEq, Default, Zeroize)]
pub struct Level {
    /// Where they lie.
    pub mean: f64,
    /// How many made it; 0 means that there is no level and so no decision.
    pub count: u32,
}

impl Level {
    pub(super) fn learn(&mut self, anomaly: f64, gain: f64) {
        if self.count == 0 {
            self.mean = anomaly;
        } else {
            let q = f64::from(self.count);
            self.mean += f64::max(1.0 / (q + 1.0), RATE * gain) * clip(anomaly - self.mean, CLIP);
        }
        self.count = self.count.saturating_add(1);
    }
}

/// Spread before there is any.
const FIRST_SPREAD: f64 = 0.15;
/// An error widens the spread by at most this much, in nats.
const SPREAD_CLIP: f64 = 0.6;
/// Down to so many spreads less, and up to so many more, spreads of at least the least, a typing is
/// as typical as ever.
const USUAL: f64 = 2.0;
const UNUSUAL: f64 = 4.0;
const LEAST_SPREAD: f64 = 0.12;
/// Typings before anything is made of it.
const LEAST_TYPINGS: u32 = 10;

/// How strange the owner's typings are wont to be to people in general.
///
/// Whoever types like everybody is no stranger to a memory that has learned somebody odd; here he
/// is noticed: an attempt that is much less strange to people than the owner's typings are. So is
/// whoever types like nobody: where the owner scatters, a value that is very strange to people would
/// be held to be the owner's (docs/adr/0008-bounded-population.md).
#[derive(Clone, Copy, Debug, PartialEq, Default, Zeroize)]
pub struct Typicality {
    /// Where people's mean surprise at the owner's typings lies, in nats.
    pub mean: f64,
    /// How far it scatters: mean absolute deviation.
    pub spread: f64,
    /// How many typings made it; 0 means that the other two mean nothing.
    pub count: u32,
}

impl Typicality {
    /// How much less strange to people than ever an attempt is, in nats: 0 or more.
    pub(super) fn lack(&self, people: f64) -> f64 {
        if self.count < LEAST_TYPINGS {
            return 0.0;
        }
        (self.mean - USUAL * self.spread.max(LEAST_SPREAD) - people).max(0.0)
    }

    /// How much stranger to people than ever it is, in nats: 0 or more.
    pub(super) fn excess(&self, people: f64) -> f64 {
        if self.count < LEAST_TYPINGS {
            return 0.0;
        }
        (people - self.mean - UNUSUAL * self.spread.max(LEAST_SPREAD)).max(0.0)
    }

    pub(super) fn learn(&mut self, people: f64, gain: f64) {
        if self.count == 0 {
            self.mean = people;
            self.spread = FIRST_SPREAD;
        } else {
            let q = f64::from(self.count);
            let error = people - self.mean;
            self.mean += f64::max(1.0 / (q + 1.0), RATE * gain) * clip(error, CLIP);
            self.spread += f64::max(1.0 / (q + 2.0), RATE * gain)
                * (error.abs().min(SPREAD_CLIP) - self.spread);
        }
        self.count = self.count.saturating_add(1);
    }

    pub(super) fn is_sound(&self) -> bool {
        is_sound(self.mean) && is_sound(self.spread) && self.spread >= 0.0
    }
}
