//! Whether a typing is a person's or a recording's (ISO/IEC 30107-1: presentation attack
//! detection). Nobody repeats himself as exactly as what plays back does (docs/adr/0030).

use zeroize::Zeroizing;

use crate::acquire::FailureToAcquire;
use crate::digraph::{Duration, Sample};

/// Where a figure of a typing is no person's: below this share of the least that is known of the
/// owner, and below what people come down to anyway, in ms. The share protects whoever is steady; the
/// rest is that of what scatters, from which all else would be far.
struct Bound {
    share: f64,
    most: f64,
}

/// How far a typing is from the nearest, of what lies between the nearest two.
const COPY: Bound = Bound {
    share: 0.5,
    most: 4.0,
};
/// The same without the features that differ most, which makes more alike.
const COPY_BUT_AN_EVENT: Bound = Bound {
    share: 0.3,
    most: 2.5,
};
/// How uneven it is, of the most even.
const EVEN: Bound = Bound {
    share: 0.5,
    most: 8.0,
};
/// How far it is from the median of all, of the nearest to that.
const CENTRAL: Bound = Bound {
    share: 0.5,
    most: 3.0,
};
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

/// That a typing is as uneven, and as far from those that were learned of the same text and from
/// their median, as a person's. `alike` are all that could be played back with its keys.
///
/// # Errors
/// [`FailureToAcquire::Copied`], [`FailureToAcquire::TooEven`] or [`FailureToAcquire::TooCentral`].
pub fn check(
    typing: &Sample,
    learned: &[&Sample],
    alike: &[&Sample],
) -> Result<(), FailureToAcquire> {
    if is_copy(typing, alike) {
        return Err(FailureToAcquire::Copied);
    }
    if is_far_below(typing, learned, unevenness, &EVEN) {
        return Err(FailureToAcquire::TooEven);
    }
    let centre = median_typing(learned);
    let from_centre = |typing: &Sample| distance(typing, centre.as_ref()?);
    if is_far_below(typing, learned, from_centre, &CENTRAL) {
        return Err(FailureToAcquire::TooCentral);
    }
    Ok(())
}

/// Whether a figure of a typing is far below that of every one that was learned.
fn is_far_below(
    typing: &Sample,
    learned: &[&Sample],
    figure: impl Fn(&Sample) -> Option<f64>,
    bound: &Bound,
) -> bool {
    if learned.len() < KNOWN_FROM {
        return false;
    }
    let Some(found) = figure(typing).filter(|found| *found < bound.most) else {
        return false;
    };
    let mut known = learned.iter().filter_map(|kept| figure(kept));
    known.all(|least| found < bound.share * least)
}

/// How far the holds are from their median, and the down-downs from theirs, on the average, in ms.
fn unevenness(typing: &Sample) -> Option<f64> {
    // As large as it gets: what grows leaves timings behind.
    let mut off = Zeroizing::new(Vec::with_capacity(2 * typing.holds().len()));
    for features in [typing.holds(), typing.downs()] {
        let Some(median) = median(features.iter().copied()) else {
            continue;
        };
        let features = features.iter().flatten();
        off.extend(features.map(|feature| (feature.as_millis() - median.as_millis()).abs()));
    }
    mean(&off)
}

/// The typing whose features are the medians of those of these.
fn median_typing(typings: &[&Sample]) -> Option<Sample> {
    let first = typings.first()?;
    let medians = |features: fn(&Sample) -> &[Option<Duration>]| -> Vec<_> {
        let each = 0..features(first).len();
        each.map(|i| {
            median(
                typings
                    .iter()
                    .map(|typing| features(typing).get(i).copied()?),
            )
        })
        .collect()
    };
    let (holds, downs) = (medians(Sample::holds), medians(Sample::downs));
    Sample::new(first.keys().clone(), holds, downs)
}

/// Of those that are there, the upper of the two in the middle.
fn median(values: impl Iterator<Item = Option<Duration>>) -> Option<Duration> {
    let most = values.size_hint().1.unwrap_or_default();
    let mut sorted = Zeroizing::new(Vec::with_capacity(most));
    sorted.extend(values.flatten());
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Whether a typing is a copy of one of those that were learned of the same text.
fn is_copy(typing: &Sample, learned: &[&Sample]) -> bool {
    nearest(typing, learned, distance).is_some_and(|nearest| nearest <= EXACT)
        || is_nearer(typing, learned, distance, &COPY)
        || is_nearer(typing, learned, distance_but_an_event, &COPY_BUT_AN_EVENT)
}

/// Whether a typing is nearer to one of those learned than the nearest two of them are to each
/// other, by far. Where a coarse clock makes two of them the same, none is.
fn is_nearer(typing: &Sample, learned: &[&Sample], distance: Distance, bound: &Bound) -> bool {
    if learned.len() < KNOWN_FROM {
        return false;
    }
    let nearest = nearest(typing, learned, distance);
    let Some(nearest) = nearest.filter(|nearest| *nearest < bound.most) else {
        return false;
    };
    let as_near = |(i, one): (usize, &&Sample)| {
        let mut distances = learned[i + 1..]
            .iter()
            .filter_map(|other| distance(one, other));
        distances.any(|distance| nearest >= bound.share * distance)
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

    /// What is found in such a typing, of somebody whose keys differ from each other by some 8 ms
    /// and more, and from time to time by as much.
    fn found(features: [u32; 17]) -> Result<(), FailureToAcquire> {
        let of_a_day = |day: u32| {
            let mut features = RHYTHM;
            for (i, feature) in (0..).zip(&mut features) {
                *feature += (day * 7 + i * 11 + day * i * 3) % 29;
            }
            typing(features)
        };
        let learned: Vec<_> = (0..20).map(of_a_day).collect();
        let learned: Vec<_> = learned.iter().collect();
        check(&typing(features), &learned, &learned)
    }

    const RHYTHM: [u32; 17] = [
        0, 16, 32, 8, 24, 40, 0, 16, 8, 100, 140, 80, 120, 160, 60, 100, 140,
    ];

    #[test]
    fn whoever_types_with_a_metronome_is_none() {
        assert_eq!(found([50; 17]), Err(FailureToAcquire::TooEven));
        // Each kind has its own time.
        let two: [u32; 17] = std::array::from_fn(|i| if i < 9 { 30 } else { 120 });
        assert_eq!(found(two), Err(FailureToAcquire::TooEven));
        let jitter = std::array::from_fn(|i| two[i] + [0, 4, 2][i % 3]);
        assert_eq!(found(jitter), Err(FailureToAcquire::TooEven));
        let person = std::array::from_fn(|i| RHYTHM[i] + [0, 25, 12][i % 3]);
        assert_eq!(found(person), Ok(()));
    }

    #[test]
    fn nobody_types_as_they_do_on_the_average() {
        let learned: Vec<_> = (0..20).map(|day| typing(scattered(day, 40))).collect();
        let learned: Vec<_> = learned.iter().collect();
        let found = |typing: &Sample| check(typing, &learned, &learned);
        let average = median_typing(&learned).unwrap();
        assert_eq!(found(&average), Err(FailureToAcquire::TooCentral));
        let beside = |by: [u32; 3]| {
            let feature = |i: usize| average.holds().iter().chain(average.downs()).nth(i);
            let off = |i: usize| feature(i).unwrap().unwrap().0 / 1000 - 100 + by[i % 3];
            typing(std::array::from_fn(off))
        };
        assert_eq!(found(&beside([2, 0, 1])), Err(FailureToAcquire::TooCentral));
        assert_eq!(found(&beside([9, 0, 5])), Ok(()));
    }

    /// The rhythm with up to so many ms more, another typing each day.
    fn scattered(day: u32, width: u32) -> [u32; 17] {
        let mut state = day.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995;
        RHYTHM.map(|feature| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            feature + (state >> 16) % width
        })
    }

    /// How many of these typings are learned, where what is no person's is not.
    fn taught(typings: impl Iterator<Item = [u32; 17]>, kept: &mut Vec<Sample>) -> Vec<bool> {
        let teach = |features| {
            let typing = typing(features);
            let known: Vec<_> = kept.iter().collect();
            let ok = check(&typing, &known, &known).is_ok();
            if ok {
                kept.push(typing);
            }
            ok
        };
        typings.map(teach).collect()
    }

    /// Whoever has the password and types wildly in front of its owner must not keep them out.
    #[test]
    fn what_scatters_does_not_make_machines_of_people() {
        let mut kept = Vec::new();
        let wild = taught((0..10).map(|day| scattered(day, 2_000)), &mut kept);
        let owner = taught((10..60).map(|day| scattered(day, 20)), &mut kept);
        assert_eq!((wild, owner), (vec![true; 10], vec![true; 50]));
    }

    #[test]
    fn an_owner_who_becomes_even_is_kept_out_hardly_ever() {
        let mut kept = Vec::new();
        taught((0..60).map(|day| scattered(day, 160)), &mut kept);
        let later = taught((60..160).map(|day| scattered(day, 28)), &mut kept);
        assert!(later.iter().filter(|ok| !**ok).count() <= 2, "{later:?}");
    }

    #[test]
    fn of_few_typings_nothing_is_too_even() {
        let learned = learned(9);
        let learned: Vec<_> = learned.iter().collect();
        assert_eq!(check(&typing([4; 17]), &learned, &learned), Ok(()));
        assert_eq!(check(&typing([4; 17]), &[], &[]), Ok(()));
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
