//! Results as people and as programs read them.

pub(crate) mod advice;
pub(crate) mod attack;
pub(crate) mod attempts;
pub(crate) mod chart;
pub(crate) mod comparison;
pub(crate) mod data;
mod details;
pub(crate) mod doctor;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod paper;
pub(crate) mod saved;
pub(crate) mod status;
mod table;
pub(crate) mod text;

use std::fmt::Display;

use keydyn_core::eval::figures::Figures;
use keydyn_core::template::GainPolicy;

/// What is told of one detector.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Error rates: the same on every machine.
    pub(crate) figures: Figures,
    /// Mean time of one score in microseconds, on this machine.
    pub(crate) score_us: Option<f64>,
}

fn gain_word(gain: GainPolicy) -> &'static str {
    match gain {
        GainPolicy::Burst => "burst",
        GainPolicy::Plain => "plain",
    }
}

/// So many of something whose plural ends in s.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    match count {
        none if none == N::from(0) => format!("no {what}s"),
        one if one == N::from(1) => format!("1 {what}"),
        more => format!("{more} {what}s"),
    }
}

/// The same as who does something.
pub(crate) fn counted_are<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let verb = if count == N::from(1) { "is" } else { "are" };
    format!("{} {verb}", counted(count, what))
}

/// A number of any size in few digits.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-4..1e6).contains(&x.abs()) {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.05, "0.05"),
            (-0.1, "-0.1"),
            (0.0, "0"),
            (1000.0, "1000"),
            (1e308, "1e308"),
            (-2.5e-7, "-2.5e-7"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
