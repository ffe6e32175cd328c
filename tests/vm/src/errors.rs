//! How far a recording of a typing is from what was typed.

use std::fmt;

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::digraph::{Duration, Sample};
use keydyn_core::trace::Trace;

/// What the module judges in a typing: every hold and every down-down, in microseconds.
#[derive(Clone, PartialEq, Eq)]
pub struct Intervals(Vec<u32>);

impl Intervals {
    /// Those of this typing.
    ///
    /// # Panics
    /// If no sample can be acquired from it, or not a whole one.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        Self::acquire(trace).unwrap_or_else(|problem| panic!("not a typing: {problem}"))
    }

    /// Those of this typing, or what is wrong with it.
    ///
    /// # Errors
    /// If no sample can be acquired from it, or not a whole one.
    pub fn acquire(trace: &Trace) -> Result<Self, &'static str> {
        let sample = Sample::acquire(trace).map_err(FailureToAcquire::word)?;
        let all = sample.holds().iter().chain(sample.downs());
        let micros = all.map(|interval| interval.map(|Duration(micros)| micros));
        let micros = micros.collect::<Option<_>>();
        micros.map(Self).ok_or("an edge is missing")
    }

    /// How far these are from what they should be.
    ///
    /// # Panics
    /// If there are more or fewer.
    #[must_use]
    pub fn against(&self, true_ones: &Self) -> Errors {
        assert_eq!(self.0.len(), true_ones.0.len(), "keys are missing");
        let pairs = self.0.iter().zip(&true_ones.0);
        Errors::new(pairs.map(|(&is, &should)| i64::from(is) - i64::from(should)))
    }
}

/// Errors in microseconds, one for each interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(Vec<i64>);

impl Errors {
    fn new(errors: impl Iterator<Item = i64>) -> Self {
        let mut errors: Vec<i64> = errors.collect();
        errors.sort_by_key(|error| error.abs());
        assert!(!errors.is_empty(), "nothing was typed");
        Self(errors)
    }

    /// Half of the errors are no larger than this.
    #[must_use]
    pub fn median(&self) -> u64 {
        self.quantile(50)
    }

    /// No error is larger than this.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.quantile(100)
    }

    fn quantile(&self, percent: usize) -> u64 {
        let last = self.0.len() - 1;
        self.0[last * percent / 100].unsigned_abs()
    }
}

impl fmt::Display for Errors {
    #[expect(clippy::cast_precision_loss, reason = "microseconds, for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len() as f64;
        let ms = |micros: f64| micros / 1000.0;
        let mean = self.0.iter().sum::<i64>() as f64 / count;
        let squares = self.0.iter().map(|&error| (error as f64 - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        write!(
            f,
            "{count} intervals, ms: mean {:+.3}, SD {:.3}, |error| median {:.3}, 95 % {:.3}, \
             largest {:.3}",
            ms(mean),
            ms(deviation),
            ms(self.median() as f64),
            ms(self.quantile(95) as f64),
            ms(self.largest() as f64),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intervals(text: &str) -> Intervals {
        Intervals::of(&text.parse().unwrap())
    }

    #[test]
    fn errors_are_those_of_holds_and_down_downs() {
        let sent = intervals("0 a down\n90 a up\n200 b down\n280 b up\n400 enter down");
        let heard = intervals("7 a down\n96 a up\n207.5 b down\n290.5 b up\n400 enter down");
        let errors = heard.against(&sent);
        assert_eq!(errors, Errors(vec![500, -1000, 3000]));
        assert_eq!((errors.median(), errors.largest()), (1000, 3000));
    }
}
