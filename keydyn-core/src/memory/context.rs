//! A context: one position of the text and one kind of step, and what the owner does there.

use std::fmt;

use zeroize::Zeroize;

use super::formula::Formula;
use super::population::Prior;
use super::surprise::{clip, is_sound, student_t_surprise};

/// From mean absolute deviation to the scale of the t.
const SCALE_FACTOR: f64 = 1.25;
/// Evidence at which the owner's own habit and people in general weigh alike.
const EVIDENCE: f64 = 2.0;
/// Errors count for at most so many scales.
const LOCATION_CLIP: f64 = 1.5;
const SCALE_CLIP: f64 = 4.0;
const LEAST_SCALE: f64 = 0.02;
/// No scale that was learned is so small.
const LEAST_SOUND_SCALE: f64 = LEAST_SCALE / 2.0;
/// Least weight of the newest typing on an anchor, and how far it may be off, in scales.
const ANCHOR_RATE: f64 = 0.15;
const ANCHOR_CLIP: f64 = 3.0;
const LEAST_ANCHOR_SCALE: f64 = 0.05;

/// Location, scale (mean absolute deviation) and count of one feature, in ln ms.
///
/// `count == 0` means that nothing was learned here and location and scale mean nothing.
#[derive(Clone, Copy, PartialEq, Default, Zeroize)]
pub struct Context {
    /// Where the owner's values lie.
    pub location: f64,
    /// How far they scatter.
    pub scale: f64,
    /// How many typings have been learned here.
    pub count: u32,
    /// Where they lie when a sitting begins.
    pub anchor: Anchor,
}

/// Where the values of a context lie in the first typings of a sitting, in ln ms.
///
/// `count == 0` means that there was none and the location means nothing.
#[derive(Clone, Copy, PartialEq, Default, Zeroize)]
pub struct Anchor {
    /// Where they lie.
    pub location: f64,
    /// How many made it.
    pub count: u32,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context(..)")
    }
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anchor(..)")
    }
}

impl Context {
    /// Whether the numbers are those of a context.
    pub(super) fn is_sound(&self) -> bool {
        let numbers = [self.location, self.scale, self.anchor.location];
        numbers.into_iter().all(is_sound) && (self.count == 0 || self.scale >= LEAST_SOUND_SCALE)
    }

    /// How many scales off the value is, or `None` where nothing was learned.
    pub(super) fn deviation(&self, x: f64) -> Option<f64> {
        (self.count > 0).then(|| (x - self.location) / (SCALE_FACTOR * self.scale))
    }

    /// How many of the earlier one's scales lie between the two locations; `None` where one of
    /// them knows nothing.
    pub(super) fn distance_from(&self, earlier: &Self) -> Option<f64> {
        let both = self.count > 0 && earlier.count > 0;
        let scale = earlier.scale.max(LEAST_ANCHOR_SCALE);
        both.then(|| (self.location - earlier.location).abs() / scale)
    }

    /// The owner's own surprise at a value `z` scales off.
    pub(super) fn surprise(&self, z: f64, formula: &Formula) -> f64 {
        student_t_surprise(z, formula.degrees_of_freedom) + (SCALE_FACTOR * self.scale).ln()
    }

    /// How far this context is trusted against people in general, 0 to 1.
    pub(super) fn evidence(&self) -> f64 {
        let n = f64::from(self.count);
        n / (n + EVIDENCE)
    }

    /// Learns where a value lay in one of the first typings of a sitting. To be called before
    /// [`Context::learn`] learns the value itself.
    pub(super) fn learn_anchor(&mut self, x: f64) {
        let anchor = &mut self.anchor;
        if anchor.count == 0 {
            anchor.location = x;
        } else {
            let reach = ANCHOR_CLIP * self.scale.max(LEAST_ANCHOR_SCALE);
            anchor.location += f64::max(1.0 / (f64::from(anchor.count) + 1.0), ANCHOR_RATE)
                * clip(x - anchor.location, reach);
        }
        anchor.count = anchor.count.saturating_add(1);
    }

    /// Goes this share of the way to the anchor, if there is one.
    pub(super) fn return_to_anchor(&mut self, share: f64) {
        if self.anchor.count > 0 {
            self.location += share * (self.anchor.location - self.location);
        }
    }

    pub(super) fn learn(&mut self, x: f64, gain: f64, prior: &Prior, formula: &Formula) {
        if self.count == 0 {
            self.location = x;
            self.scale = prior.first_scale;
        } else {
            let n = f64::from(self.count);
            let (error, scale) = (x - self.location, self.scale);
            self.location += f64::max(1.0 / (n + 1.0), formula.location_rate * gain)
                * clip(error, LOCATION_CLIP * scale);
            self.scale += f64::max(1.0 / (n + 2.0), formula.scale_rate * gain)
                * (error.abs().min(SCALE_CLIP * scale) - scale);
            self.scale = self.scale.max(LEAST_SCALE);
        }
        self.count = self.count.saturating_add(1);
    }
}
