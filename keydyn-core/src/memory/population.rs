//! What people in general type like: the prior, and the primer that adapts it to a tempo.
//!
//! A table of constants. None is learned from a user, and none from the recording that a figure of
//! docs/evaluation.md is about: see `Transition::prior` for where those of the ways between keys
//! come from. The holds' were frozen with the first model.

use super::formula::Formula;
use super::surprise::{clip, student_t_surprise};
use super::transition::{FIRST_SCALE, Transition};

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

/// Down-downs of which nothing is known: about 180 ms, with a long tail.
pub const DOWN_DOWN: Prior = Prior {
    location: 5.2,
    scale: 0.55,
    first_scale: FIRST_SCALE,
};

/// Degrees of freedom of the population's Student t.
pub const DEGREES_OF_FREEDOM: f64 = 10.0;

/// One step tells the tempo by at most so many scales.
const TEMPO_CLIP: f64 = 3.0;

/// How far from people in general a value counts, in scales. Beyond, people's surprise stays what
/// it is and only the owner's grows. Without this bound the further off a value is from everybody
/// the more it is held to be the owner's, and one absurdly slow typing passes for everyone
/// (docs/adr/0008-bounded-population.md).
const POPULATION_CLIP: f64 = 5.0;

/// People's surprise at a value `y` scales off: negative log density of the prior's Student t,
/// constants that are the same for every value of a kind dropped.
fn surprise(y: f64) -> f64 {
    student_t_surprise(clip(y, POPULATION_CLIP), DEGREES_OF_FREEDOM)
}

/// The tempo of the steps of one kind that a typing has shown so far.
///
/// The expectation of the next is the posterior of a common tempo under a prior correlation r
/// after N of them: shift `g * sum` with `g = r / (1 + r (N - 1))`, narrowed by `sqrt(1 - r g N)`,
/// in scales of the prior.
#[derive(Clone, Debug, Default)]
struct Tempo {
    seen: u32,
    sum: f64,
}

impl Tempo {
    /// People's surprise at this value, `x` in ln ms, after which the tempo is known better.
    fn surprise(&mut self, x: f64, prior: &Prior, correlation: f64) -> f64 {
        let y0 = (x - prior.location) / prior.scale;
        let (mut shift, mut narrowing) = (0.0, 1.0);
        if self.seen > 0 {
            let n = f64::from(self.seen);
            let g = correlation / (1.0 + correlation * (n - 1.0));
            shift = g * self.sum;
            narrowing = (1.0 - correlation * g * n).sqrt();
        }
        self.seen += 1;
        self.sum += clip(y0, TEMPO_CLIP);
        surprise((y0 - shift) / narrowing) + (prior.scale * narrowing).ln()
    }
}

/// The primer: it stands in front of a typing as "a typist like any other", and with every step
/// that goes by it knows this typist's tempo better.
#[derive(Clone, Debug, Default)]
pub(super) struct Primer {
    holds: Tempo,
    downs: Tempo,
}

impl Primer {
    /// People's surprise at this hold, `x` in ln ms, after which the primer knows it.
    pub(super) fn hold(&mut self, x: f64, formula: &Formula) -> f64 {
        self.holds.surprise(x, &HOLD, formula.hold_tempo)
    }

    /// People's surprise at this down-down, `x` in ln ms, after which the primer knows it.
    pub(super) fn down(&mut self, x: f64, way: Transition, formula: &Formula) -> f64 {
        let prior = match formula.transitions {
            true => way.prior(),
            false => DOWN_DOWN,
        };
        self.downs.surprise(x, &prior, formula.down_tempo)
    }
}
