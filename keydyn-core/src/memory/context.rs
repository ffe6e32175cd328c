//! A context: one position of the text and one kind of step, and what the owner does there.

use std::fmt;

use zeroize::Zeroize;

use super::population::Prior;
use super::surprise::{clip, student_t_surprise};

/// Degrees of freedom of the owner's Student t: heavy tails, because people stumble.
const DEGREES_OF_FREEDOM: f64 = 2.0;
/// From mean absolute deviation to the scale of the t.
const SCALE_FACTOR: f64 = 1.25;
/// Evidence at which the owner's own habit and people in general weigh alike.
const EVIDENCE: f64 = 2.0;
/// Least weight of the newest typing on location and scale, times the gain: the forgetting.
const LOCATION_RATE: f64 = 0.3;
const SCALE_RATE: f64 = 0.1;
/// Errors count for at most so many scales.
const LOCATION_CLIP: f64 = 1.5;
const SCALE_CLIP: f64 = 4.0;
const LEAST_SCALE: f64 = 0.02;

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
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context(..)")
    }
}

impl Context {
    /// How many scales off the value is, or `None` where nothing was learned.
    pub(super) fn deviation(&self, x: f64) -> Option<f64> {
        (self.count > 0).then(|| (x - self.location) / (SCALE_FACTOR * self.scale))
    }

    /// The owner's own surprise at a value `z` scales off.
    pub(super) fn surprise(&self, z: f64) -> f64 {
        student_t_surprise(z, DEGREES_OF_FREEDOM) + (SCALE_FACTOR * self.scale).ln()
    }

    /// How far this context is trusted against people in general, 0 to 1.
    pub(super) fn evidence(&self) -> f64 {
        let n = f64::from(self.count);
        n / (n + EVIDENCE)
    }

    pub(super) fn learn(&mut self, x: f64, gain: f64, prior: &Prior) {
        if self.count == 0 {
            self.location = x;
            self.scale = prior.first_scale;
        } else {
            let n = f64::from(self.count);
            let (error, scale) = (x - self.location, self.scale);
            self.location += f64::max(1.0 / (n + 1.0), LOCATION_RATE * gain)
                * clip(error, LOCATION_CLIP * scale);
            self.scale += f64::max(1.0 / (n + 2.0), SCALE_RATE * gain)
                * (error.abs().min(SCALE_CLIP * scale) - scale);
            self.scale = self.scale.max(LEAST_SCALE);
        }
        self.count = self.count.saturating_add(1);
    }
}
