//! What people in general type like: the prior, and the primer that adapts it to a tempo.
//!
//! Every number here was chosen on the CMU benchmark and keypad digits and then frozen; the
//! figures that belong to them are in docs/evaluation.md. None is learned from a user.

use super::surprise::{clip, student_t_surprise};

/// How one kind of scalar is distributed over people, in ln ms.
#[derive(Clone, Copy, Debug)]
pub struct Prior {
    /// Location.
    pub location: f64,
    /// Scale.
    pub scale: f64,
    /// Scale a context starts with after a single typing.
    pub first_scale: f64,
}

/// Holds: about 100 ms, give or take a third.
pub const HOLD: Prior = Prior {
    location: 4.6,
    scale: 0.30,
    first_scale: 0.17,
};

/// Down-downs: about 180 ms, with a long tail.
pub const DOWN_DOWN: Prior = Prior {
    location: 5.2,
    scale: 0.55,
    first_scale: 0.24,
};

/// Degrees of freedom of the population's Student t.
pub const DEGREES_OF_FREEDOM: f64 = 10.0;

/// One hold tells the tempo by at most so many scales.
const TEMPO_CLIP: f64 = 3.0;

/// How much the holds of one typing go together (the primer's prior correlation).
pub const HOLD_TEMPO: f64 = 0.5;

/// How far from people in general a value counts, in scales. Beyond, people's surprise stays what
/// it is and only the owner's grows. Without this bound the further off a value is from everybody
/// the more it is held to be the owner's, and one absurdly slow typing passes for everyone
/// (docs/adr/0008-bounded-population.md).
const POPULATION_CLIP: f64 = 6.0;

/// People's surprise at a value `y` scales off: negative log density of the prior's Student t,
/// constants that are the same for every value of a kind dropped.
fn surprise(y: f64) -> f64 {
    student_t_surprise(clip(y, POPULATION_CLIP), DEGREES_OF_FREEDOM)
}

/// Where the next hold is expected: the shift of the location and the narrowing of the scale, in
/// scales of the prior.
#[derive(Clone, Copy, Debug)]
struct Expectation {
    shift: f64,
    narrowing: f64,
}

/// The primer: it stands in front of a typing as "a typist like any other", and with every hold
/// that goes by it knows this typist's tempo better.
///
/// The expectation of the next hold is the posterior of a common tempo under prior correlation
/// [`HOLD_TEMPO`] after N observed holds: shift `g * sum`, narrowed by `sqrt(1 - HOLD_TEMPO g N)`.
#[derive(Clone, Debug, Default)]
pub(super) struct Primer {
    seen: u32,
    sum: f64,
}

impl Primer {
    /// People's surprise at this hold, `x` in ln ms, after which the primer knows it.
    pub(super) fn hold(&mut self, x: f64) -> f64 {
        let y0 = (x - HOLD.location) / HOLD.scale;
        let Expectation { shift, narrowing } = self.expectation();
        self.seen += 1;
        self.sum += clip(y0, TEMPO_CLIP);
        surprise((y0 - shift) / narrowing) + (HOLD.scale * narrowing).ln()
    }

    /// People's surprise at this down-down, `x` in ln ms.
    #[expect(clippy::unused_self, reason = "the same door for both kinds of step")]
    pub(super) fn down(&self, x: f64) -> f64 {
        let y = (x - DOWN_DOWN.location) / DOWN_DOWN.scale;
        surprise(y) + DOWN_DOWN.scale.ln()
    }

    fn expectation(&self) -> Expectation {
        if self.seen == 0 {
            return Expectation {
                shift: 0.0,
                narrowing: 1.0,
            };
        }
        let n = f64::from(self.seen);
        let g = HOLD_TEMPO / (1.0 + HOLD_TEMPO * (n - 1.0));
        Expectation {
            shift: g * self.sum,
            narrowing: (1.0 - HOLD_TEMPO * g * n).sqrt(),
        }
    }
}
