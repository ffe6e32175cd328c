//! What clock durations were measured by, as far as they tell.

use std::f64::consts::TAU;

use crate::digraph::Duration;
use crate::eval::rates::count;

/// Fewer durations than this lie on any clock's steps by chance.
const LEAST_DURATIONS: usize = 100;
/// More add nothing but time.
const MOST_DURATIONS: usize = 2000;
/// Of a longer duration the steps add up to too much for a small error in their length.
const LONGEST_MILLIS: f64 = 500.0;
/// No keyboard, browser or kernel in use has a coarser clock; durations of few keys typed steadily
/// lie on coarser steps by chance.
const COARSEST_MILLIS: f64 = 32.0;
/// A finer step than this is below what a typist can vary, and is not looked for.
const FINEST_MILLIS: f64 = 0.5;
/// In 1/ms: at most a tenth of a turn for the longest duration.
const COARSE_PITCH: f64 = 2e-4;
const FINE_PITCH: f64 = 1e-5;
/// Durations that are rounded to half a step have 0.4, to a quarter 0.8.
const LEAST_REGULARITY: f64 = 0.7;

/// What durations tell of the clock that they were measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clock {
    /// The longest time of which every duration is a whole multiple, in milliseconds: how finely
    /// they are written down. `None` if there is no duration but zero.
    pub written: Option<f64>,
    /// A coarser step on or near whose multiples the durations lie.
    pub step: Option<Step>,
    /// How many durations this was decided by.
    pub durations: usize,
}

/// A step of a clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its length in milliseconds.
    pub millis: f64,
    /// The mean of cos(2 pi duration / step): 1 if every duration is a multiple of the step, 0 if
    /// they have nothing to do with it.
    pub regularity: f64,
}

impl Clock {
    /// Of these durations, in any order.
    ///
    /// The coarsest step of 0.5 to 32 ms that is at least twice as long as what is written, and
    /// to which durations of up to half a second have a regularity of 0.7 or more (the statistic
    /// of J. A. Greenwood and D. Durand, "The Distribution of Length and Components of the Sum of
    /// n Random Unit Vectors", 1955). None is looked for in fewer than a hundred durations.
    #[must_use]
    pub fn of(durations: &[Duration]) -> Self {
        let micros = durations.iter().map(|duration| duration.0);
        let written = match micros.fold(0, common) {
            0 => None,
            micros => Some(Duration(micros).as_millis()),
        };
        let millis = evenly(durations);
        let step =
            written.and_then(|written| coarsest(&millis, (2.0 * written).max(FINEST_MILLIS)));
        Self {
            written,
            step,
            durations: millis.len(),
        }
    }

    /// The time below which two durations cannot be told apart, in milliseconds.
    #[must_use]
    pub fn resolution(&self) -> Option<f64> {
        self.step.map(|step| step.millis).or(self.written)
    }

    /// Whether there was enough to look for a coarser step.
    #[must_use]
    pub fn decided(&self) -> bool {
        self.durations >= LEAST_DURATIONS
    }
}

/// The greatest common divisor (Euclid).
fn common(mut a: u32, mut b: u32) -> u32 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Some of the durations, in milliseconds.
fn evenly(durations: &[Duration]) -> Vec<f64> {
    let millis = durations.iter().map(|duration| duration.as_millis());
    let short = millis.filter(|&millis| millis > 0.0 && millis <= LONGEST_MILLIS);
    let short: Vec<f64> = short.collect();
    let (all, kept) = (short.len(), short.len().min(MOST_DURATIONS));
    // Not every so many: that could be the same position of every typing.
    (0..kept).map(|i| short[i * all / kept]).collect()
}

fn coarsest(millis: &[f64], finest: f64) -> Option<Step> {
    if millis.len() < LEAST_DURATIONS || finest > COARSEST_MILLIS {
        return None;
    }
    let frequencies = steps(1.0 / COARSEST_MILLIS, 1.0 / finest, COARSE_PITCH);
    let near = { frequencies }.find(|&f| regularity(millis, f) >= LEAST_REGULARITY)?;
    // Up the hill: it is as wide as a turn of the longest duration.
    let around = steps(near, near + 1.0 / LONGEST_MILLIS, FINE_PITCH);
    let heights = around.map(|f| (f, regularity(millis, f)));
    let (frequency, regularity) = heights.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(Step {
        millis: 1.0 / frequency,
        regularity,
    })
}

fn regularity(millis: &[f64], frequency: f64) -> f64 {
    let cosines = millis.iter().map(|ms| (TAU * ms * frequency).cos());
    cosines.sum::<f64>() / count(millis.len())
}

/// From `from` up to `to`, at this pitch.
fn steps(from: f64, to: f64, pitch: f64) -> impl Iterator<Item = f64> {
    let all = (0..).map(move |i: u32| from + pitch * f64::from(i));
    all.take_while(move |&at| at <= to * (1.0 + 1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a clock of this step, whose readings are written to this many microseconds, makes of
    /// durations that are scattered over half a second.
    fn measured(step_us: f64, written_us: f64, how_many: u32) -> Vec<Duration> {
        let on = |us: f64| ((us / step_us).floor() * step_us / written_us).round() * written_us;
        let durations = (0..how_many).map(|i| {
            let press = f64::from(i) * 1_234_567.0;
            let length = 40_000.0 + f64::from(i.wrapping_mul(2_654_435_761) >> 13) * 0.763;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "less than a second"
            )]
            Duration((on(press + length) - on(press)).round() as u32)
        });
        durations.collect()
    }

    fn close(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 0.003
    }

    #[test]
    fn the_step_of_a_coarse_clock_is_found_under_the_rounding() {
        for (step_us, written_us) in [
            (15_625.0, 1000.0),
            (15_625.0, 1.0),
            (16_667.0, 1000.0),
            (8000.0, 100.0),
            (4000.0, 1.0),
        ] {
            let clock = Clock::of(&measured(step_us, written_us, 700));
            let step = clock.step.map(|step| step.millis);
            assert!(
                clock.written.unwrap() <= written_us / 1000.0 || step.is_none(),
                "{clock:?}"
            );
            assert!(
                close(clock.resolution().unwrap(), step_us / 1000.0),
                "{step_us} {clock:?}"
            );
        }
    }

    #[test]
    fn a_clock_as_fine_as_what_is_written_has_no_coarser_step() {
        for written_us in [1.0, 100.0, 1000.0, 4000.0] {
            let clock = Clock::of(&measured(written_us, written_us, 700));
            assert_eq!(clock.step, None, "{clock:?}");
            assert_eq!(clock.resolution(), Some(written_us / 1000.0));
            assert!(clock.decided());
        }
    }

    #[test]
    fn little_is_said_of_few() {
        let clock = Clock::of(&measured(15_625.0, 1.0, 99));
        assert_eq!((clock.step, clock.decided()), (None, false));
        assert_eq!(Clock::of(&[]), Clock::default());
        let never = Clock::of(&[Duration(0); 200]);
        assert_eq!(never.resolution(), None);
        let steady = Clock::of(&[Duration(120_000); 200]);
        assert_eq!((steady.written, steady.step), (Some(120.0), None));
    }
}
