//! Whether a typing is a person's or a recording's (ISO/IEC 30107-1: presentation attack
//! detection). Nobody repeats himself as exactly as what plays back does (docs/adr/0030).

use crate::digraph::Sample;

/// How near a typing may come to one of those before it: this share of the nearest that the owner
/// ever came to repeating himself. Measured at 0.63 in one of 2,000 typings, never below 0.55.
const NEAREST: f64 = 0.5;
/// Typings from which it is known how near the owner comes to that.
const KNOWN_FROM: usize = 10;
/// What is a copy where it is not known, in ms: what a keyboard that is polled every millisecond
/// makes of one and the same typing.
const EXACT: f64 = 1.0;

/// Whether a typing is a copy of one of those that were learned of the same text.
#[must_use]
pub fn is_copy(typing: &Sample, learned: &[&Sample]) -> bool {
    let nearest = nearest(typing, learned);
    // Only where it could be one is it worth the time to compare all with all.
    nearest.is_some_and(|nearest| {
        nearest <= EXACT || nearest <= NEAREST * closest_pair(learned).unwrap_or(0.0)
    })
}

/// The distance of the two typings that are nearest to each other, if there are enough to tell.
fn closest_pair(learned: &[&Sample]) -> Option<f64> {
    if learned.len() < KNOWN_FROM {
        return None;
    }
    let pairs = learned.iter().enumerate();
    let nearest_later = pairs.filter_map(|(i, typing)| nearest(typing, &learned[i + 1..]));
    nearest_later.min_by(f64::total_cmp)
}

fn nearest(typing: &Sample, others: &[&Sample]) -> Option<f64> {
    let distances = others.iter().filter_map(|other| distance(typing, other));
    distances.min_by(f64::total_cmp)
}

/// How far two typings of a text are apart: the mean absolute difference of the features that
/// both have, in ms; `None` if there is none.
pub(crate) fn distance(one: &Sample, other: &Sample) -> Option<f64> {
    let one = one.holds().iter().chain(one.downs());
    let other = other.holds().iter().chain(other.downs());
    let (mut sum, mut common) = (0.0, 0u32);
    for both in one.zip(other) {
        if let (Some(one), Some(other)) = both {
            sum += (one.as_millis() - other.as_millis()).abs();
            common += 1;
        }
    }
    (common > 0).then(|| sum / f64::from(common))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::{Duration, KeySequence};
    use crate::key::KeyCode;

    /// A typing of six keys, whose features are 100 ms and some more.
    fn typing(more: [u32; 11]) -> Sample {
        let keys = KeySequence::new((16..22).map(KeyCode).collect());
        let features = more.map(|more| Some(Duration(100_000 + 1000 * more)));
        Sample::new(keys, features[..6].to_vec(), features[6..].to_vec()).unwrap()
    }

    /// Typings each 8 ms and more from every other.
    fn learned(count: u32) -> Vec<Sample> {
        let typings = (0..count).map(|i| typing([8 * i; 11]));
        typings.collect()
    }

    fn is_copy_among(typing: &Sample, count: u32) -> bool {
        let learned = learned(count);
        is_copy(typing, &learned.iter().collect::<Vec<_>>())
    }

    #[test]
    fn nearer_than_half_of_the_nearest_is_a_copy() {
        let beyond_the_last = |ms: u32| is_copy_among(&typing([88 + ms; 11]), 12);
        assert!(beyond_the_last(0));
        assert!(beyond_the_last(4));
        assert!(!beyond_the_last(5));
    }

    #[test]
    fn of_few_typings_only_exact_copies_are_known() {
        assert!(is_copy_among(&typing([17; 11]), 9));
        assert!(!is_copy_among(&typing([18; 11]), 9));
        assert!(!is_copy_among(&typing([0; 11]), 0));
    }

    #[test]
    fn features_that_are_left_out_do_not_hide_a_copy() {
        let whole = typing([16; 11]);
        let mut holds = whole.holds().to_vec();
        holds[2] = None;
        let cut = Sample::new(whole.keys().clone(), holds, whole.downs().to_vec()).unwrap();
        assert!(is_copy_among(&cut, 12));
    }
}
