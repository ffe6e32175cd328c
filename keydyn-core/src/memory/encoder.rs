//! Encoders: from what was typed to what the memory compares.

use crate::digraph::{Duration, KeySequence};

/// Durations below this many milliseconds are all the same to the memory.
const FLOOR_MS: f64 = 5.0;

/// A scalar becomes the natural logarithm of its milliseconds: timings spread in proportion to
/// their size.
pub(super) fn scalar(duration: Duration) -> f64 {
    duration.as_millis().max(FLOOR_MS).ln()
}

/// A key is a category, and categories are equal or not: another sequence is no match, never a
/// high score.
pub(crate) fn same_categories(learned: &KeySequence, typed: &KeySequence) -> bool {
    learned == typed
}
