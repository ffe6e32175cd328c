//! Typings that nobody typed: features as numbers, and samples made of numbers.

use crate::digraph::{Duration, KeySequence, Sample};

/// No feature counts as shorter than this, in ms.
const FLOOR: f64 = 5.0;

/// The holds, then the down-downs, in ln ms; NaN for a missing one.
pub(super) fn ln_features(sample: &Sample) -> Vec<f64> {
    let ln = |feature: &Option<Duration>| {
        feature.map_or(f64::NAN, |duration| duration.as_millis().max(FLOOR).ln())
    };
    sample
        .holds()
        .iter()
        .chain(sample.downs())
        .map(ln)
        .collect()
}

/// The typing of this text with these features, in the same order and unit; `None` if they are not
/// as many.
pub(super) fn from_ln(keys: &KeySequence, features: &[f64]) -> Option<Sample> {
    let (holds, downs) = features.split_at_checked(keys.len())?;
    let duration = |ln: &f64| millis(ln.exp());
    Sample::new(
        keys.clone(),
        holds.iter().map(duration).collect(),
        downs.iter().map(duration).collect(),
    )
}

/// A duration of so many ms; `None` of what is no number.
pub(super) fn millis(ms: f64) -> Option<Duration> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a float saturates"
    )]
    (!ms.is_nan()).then(|| Duration((1000.0 * ms).round() as u32))
}
