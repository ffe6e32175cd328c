//! Whether a typing is a person's or a recording's (ISO/IEC 30107-1: presentation attack
//! detection). Nobody repeats himself as exactly as what plays back does (docs/adr/0030).

use crate::digraph::Sample;

/// How near a typing may come to one of those before it: this share of the nearest that two of
/// those come to each other.
const NEAREST: f64 = 0.5;
/// The same where the features that differ most are left out, which makes more alike.
const NEAREST_BUT_AN_EVENT: f64 = 0.3;
/// Features that one press or release in another place changes: a hold and two down-downs.
const OF_AN_EVENT: usize = 3;
/// Features of which that many may be left out. On a clock of 16 ms the rest of a short text is often
/// the same by chance.
const ENOUGH: usize = 16;
/// Typings from which it is known how near the owner comes to himself.
const KNOWN_FROM: usize = 10;
/// What is a copy whatever is known, in ms: what a keyboard that is polled every millisecond makes
/// of one and the same typing.
const EXACT: f64 = 1.0;

/// How far two typings are apart; `None` if they have too few features in common.
type Distance = fn(&Sample, &Sample) -> Option<f64>;

/// Whether a typing is a copy of one of those that were learned of the same text.
#[must_use]
pub fn is_copy(typing: &Sample, learned: &[&Sample]) -> bool {
    nearest(typing, learned, distance).is_some_and(|nearest| nearest <= EXACT)
        || is_nearer(typing, learned, distance, NEAREST)
        || is_nearer(typing, learned, distance_but_an_event, NEAREST_BUT_AN_EVENT)
}

/// Whether a typing is nearer to one of those learned than this share of what lies between the two
/// of them that are nearest. Where a coarse clock makes two of them the same, none is.
fn is_nearer(typing: &Sample, learned: &[&Sample], distance: Distance, share: f64) -> bool {
    if learned.len() < KNOWN_FROM {
        return false;
    }
    let Some(nearest) = nearest(typing, learned, distance) else {
        return false;
    };
    let as_near = |(i, one): (usize, &&Sample)| {
        let mut distances = learned[i + 1..]
            .iter()
            .filter_map(|other| distance(one, other));
        distances.any(|distance| nearest >= share * distance)
    };
    !learned.iter().enumerate().any(as_near)
}

fn nearest(typing: &Sample, others: &[&Sample], distance: Distance) -> Option<f64> {
    let distances = others.iter().filter_map(|other| distance(typing, other));
    distances.min_by(f64::total_cmp)
}

/// The mean absolute difference of the features that both typings have, in ms.
pub(crate) fn distance(one: &Sample, other: &Sample) -> Option<f64> {
    mean(&differences(one, other))
}

/// The same without the features that differ most, as many as one event in another place changes.
fn distance_but_an_event(one: &Sample, other: &Sample) -> Option<f64> {
    let mut all = differences(one, other);
    if all.len() < ENOUGH {
        return None;
    }
    all.sort_by(f64::total_cmp);
    mean(&all[..all.len().saturating_sub(OF_AN_EVENT)])
}

fn differences(one: &Sample, other: &Sample) -> Vec<f64> {
    let one = one.holds().iter().chain(one.downs());
    let other = other.holds().iter().chain(other.downs());
    let both = one
        .zip(other)
        .filter_map(|(one, other)| Some(((*one)?, (*other)?)));
    both.map(|(one, other)| (one.as_millis() - other.as_millis()).abs())
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::{Duration, KeySequence};
    use crate::key::KeyCode;

    /// A typing of nine keys, whose features are 100 ms and some more.
    fn typing(more: [u32; 17]) -> Sample {
        let keys = KeySequence::new((16..25).map(KeyCode).collect());
        let features = more.map(|more| Some(Duration(100_000 + 1000 * more)));
        Sample::new(keys, features[..9].to_vec(), features[9..].to_vec()).unwrap()
    }

    /// Typings each 8 ms and more from every other.
    fn learned(count: u32) -> Vec<Sample> {
        let typings = (0..count).map(|i| typing([8 * i; 17]));
        typings.collect()
    }

    fn is_copy_among(typing: &Sample, count: u32) -> bool {
        let learned = learned(count);
        is_copy(typing, &learned.iter().collect::<Vec<_>>())
    }

    #[test]
    fn nearer_than_half_of_the_nearest_is_a_copy() {
        let beyond_the_last = |ms: u32| is_copy_among(&typing([88 + ms; 17]), 12);
        assert!(beyond_the_last(0));
        assert!(beyond_the_last(3));
        assert!(!beyond_the_last(5));
    }

    #[test]
    fn of_few_typings_only_exact_copies_are_known() {
        assert!(is_copy_among(&typing([17; 17]), 9));
        assert!(!is_copy_among(&typing([18; 17]), 9));
        assert!(!is_copy_among(&typing([0; 17]), 0));
    }

    #[test]
    fn features_that_are_left_out_do_not_hide_a_copy() {
        let whole = typing([16; 17]);
        let mut holds = whole.holds().to_vec();
        holds[2] = None;
        let cut = Sample::new(whole.keys().clone(), holds, whole.downs().to_vec()).unwrap();
        assert!(is_copy_among(&cut, 12));
    }

    #[test]
    fn one_event_in_another_place_does_not_hide_a_copy() {
        let mut features = [41; 17];
        features[2] = 101;
        features[10] = 1;
        features[11] = 90;
        assert!(is_copy_among(&typing(features), 12));
        // Two of them do.
        features[0] = 90;
        features[9] = 90;
        assert!(!is_copy_among(&typing(features), 12));
    }

    #[test]
    fn what_a_coarse_clock_makes_alike_is_no_copy() {
        let mut learned = learned(11);
        let mut features = [16; 17];
        features[4] = 60;
        learned.push(typing(features));
        let of_clock = |late: usize| {
            let mut features = [16; 17];
            features[late] = 60;
            is_copy(&typing(features), &learned.iter().collect::<Vec<_>>())
        };
        assert!(!of_clock(7));
        assert!(of_clock(4));
    }

    #[test]
    fn a_near_copy_that_was_learned_does_not_open_the_door_to_exact_ones() {
        let mut learned = learned(12);
        learned.push(typing([43; 17]));
        let learned: Vec<&Sample> = learned.iter().collect();
        assert!(is_copy(&typing([40; 17]), &learned));
        assert!(is_copy(&typing([25; 17]), &learned));
        assert!(!is_copy(&typing([27; 17]), &learned));
    }
}
