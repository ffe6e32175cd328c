use super::*;
use crate::digraph::{Duration, KeySequence};
use crate::key::KeyCode;
use crate::memory::{Anchor, Context, Sitting};
use crate::policy::{ARMING_STRANGERS, IN_USE};
use proptest::prelude::*;

/// In the sitting in which [`learned`] ends.
const NOW: Timestamp = Timestamp(100_500);

/// A typing of a text of `keys` keys; `seed` varies the rhythm a little.
pub(in crate::store) fn typing(text: u16, keys: u16, seed: u32) -> Sample {
    let sequence = KeySequence::new((0..keys).map(|i| KeyCode(text + i)).collect());
    // Each feature by itself, as nobody's typings are shifted copies of each other, not with other
    // keys either.
    let seed = seed ^ (u32::from(text) << 16).wrapping_sub(16 << 16);
    let us = |base: u32, i: u32| {
        let mixed = seed.wrapping_mul(0x9E37_79B9) ^ i.wrapping_mul(0x85EB_CA6B);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
        let mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297A_2D39);
        Some(Duration(base + (mixed ^ (mixed >> 15)) % 15_000))
    };
    let holds = (0..u32::from(keys)).map(|i| us(90_000, i)).collect();
    let downs = (1..u32::from(keys))
        .map(|i| us(170_000, 1000 + i))
        .collect();
    Sample::new(sequence, holds, downs).unwrap()
}

pub(in crate::store) fn lesson(sample: &Sample, at: u64) -> Lesson<'_> {
    Lesson {
        sample,
        at: Timestamp(at),
        keyboard: 0,
        strictness: Strictness::Normal,
        min_samples: 20,
        may_arm: true,
    }
}

/// A profile that armed itself over two sittings, with `count` typings.
pub(in crate::store) fn learned(count: u32) -> Profile {
    taught((0..count).map(|i| typing(16, 8, i)))
}

/// A profile that has learned these, ten in one sitting and the rest in the next.
pub(in crate::store) fn taught(typings: impl IntoIterator<Item = Sample>) -> Profile {
    let mut profile = Profile::new();
    for (typing, i) in typings.into_iter().zip(0u64..) {
        let sitting = if i < 10 { 0 } else { 100_000 };
        profile.learn(&lesson(&typing, sitting + i)).unwrap();
    }
    profile
}

#[test]
fn arms_itself_at_the_twenty_third_typing_and_not_before() {
    assert_eq!(learned(1).progress(Strictness::Normal, 20).typings, 1);
    assert!(!learned(22).armed());
    assert!(learned(23).armed());
    assert_eq!(
        learned(23).sequences[0].template.memory().sitting(),
        Sitting {
            learned: 0,
            enrolled: 13,
            before: 10
        },
        "the end of enrolment"
    );
}

#[test]
fn one_sitting_a_short_text_or_root_is_not_armed() {
    let learn = |keys, may_arm, gap: u64| {
        let mut profile = Profile::new();
        for i in 0..40 {
            let sample = typing(16, keys, i);
            let lesson = lesson(&sample, u64::from(i) * gap);
            profile.learn(&Lesson { may_arm, ..lesson }).unwrap();
        }
        profile.armed()
    };
    assert!(learn(6, true, 3600 * 5));
    assert!(!learn(6, true, 10), "one sitting");
    assert!(!learn(5, true, 3600 * 5), "short");
    assert!(!learn(6, false, 3600 * 5), "root");
}

/// One way to type the text, so often from a moment on.
fn teach(profile: &mut Profile, text: u16, seeds: std::ops::Range<u32>, from: u64) {
    for seed in seeds {
        let at = from + u64::from(seed);
        profile.learn(&lesson(&typing(text, 8, seed), at)).unwrap();
    }
}

#[test]
fn whoever_types_another_way_is_not_armed_in_the_place_of_the_owner() {
    let mut profile = taught((0..21).map(|seed| typing(16, 8, seed)));
    // All of a sudden, over two sittings, on the keypad.
    teach(&mut profile, 71, 0..12, 200_000);
    teach(&mut profile, 71, 12..30, 300_000);
    assert!(!profile.armed(), "the owner would be a stranger");
    let told = profile.progress(Strictness::Normal, 20);
    assert_eq!((told.typings, told.decided), (21, 18), "the owner's");
    teach(&mut profile, 16, 21..23, 400_000);
    assert!(profile.armed());
    for (text, at) in [(16, 500_000), (71, 600_000)] {
        let judged = profile.judge(&typing(text, 8, 99), Timestamp(at));
        let score = judged.unwrap().score.unwrap();
        assert!(score <= Strictness::Normal.threshold(), "{text}: {score}");
    }
}

#[test]
fn of_ways_that_are_equally_often_typed_the_one_with_fewer_sittings_is_farther() {
    // Whichever was typed first.
    for one_sitting in [0, 100_000] {
        let mut profile = Profile::new();
        if one_sitting == 0 {
            teach(&mut profile, 71, 0..12, one_sitting);
        }
        teach(&mut profile, 16, 0..6, 50_000);
        if one_sitting > 0 {
            teach(&mut profile, 71, 0..12, one_sitting);
        }
        teach(&mut profile, 16, 6..12, 200_000);
        let told = profile.progress(Strictness::Normal, 20);
        assert_eq!((told.typings, told.sittings), (12, 1), "{one_sitting}");
    }
}

#[test]
fn a_way_that_is_hardly_ever_typed_keeps_nothing_back() {
    for (others, armed) in [(2, true), (3, false)] {
        let mut profile = Profile::new();
        teach(&mut profile, 71, 0..others, 0);
        teach(&mut profile, 16, 0..12, 100_000);
        teach(&mut profile, 16, 12..23, 200_000);
        assert_eq!(profile.armed(), armed, "{others} of another way");
        teach(&mut profile, 16, 23..(others * IN_USE + 1).max(23), 300_000);
        assert!(profile.armed(), "{others} of another way, long ago");
        assert!(profile.judge(&typing(71, 8, 99), NOW).is_err());
    }
}

#[test]
fn typings_learned_in_reverse_order_are_one_sitting() {
    let mut profile = Profile::new();
    for i in 0..40u64 {
        let sample = typing(16, 8, u32::try_from(i).unwrap());
        profile.learn(&lesson(&sample, 10_000 - i * 10)).unwrap();
    }
    assert!(!profile.armed());
}

#[test]
fn an_armed_profile_neither_judges_nor_learns_another_sequence() {
    let mut profile = learned(30);
    let other = typing(30, 8, 1);
    assert_eq!(
        profile.judge(&other, NOW),
        Err(FailureToAcquire::UnknownSequence)
    );
    let before = profile.clone();
    assert!(profile.learn(&lesson(&other, 200_000)).is_err());
    assert_eq!(profile, before);
}

#[test]
fn a_typing_that_began_before_its_prompt_is_judged_by_its_end() {
    /// The last keys of a typing, as a prompt that appeared late hears them.
    fn late(sample: &Sample, missed: usize) -> Sample {
        let keys = KeySequence::new(sample.keys().keys()[missed..].to_vec());
        let (holds, downs) = (&sample.holds()[missed..], &sample.downs()[missed..]);
        Sample::new(keys, holds.to_vec(), downs.to_vec()).unwrap()
    }
    let mut profile = learned(30);
    let owner = typing(16, 8, 31);
    let whole = profile.judge(&owner, NOW).unwrap().score.unwrap();
    let end = profile.judge(&late(&owner, 1), NOW).unwrap().score.unwrap();
    assert!((whole - end).abs() < 0.3, "{whole} {end}");
    profile.learn(&lesson(&late(&owner, 1), 200_000)).unwrap();
    let kept = &profile.window.back().unwrap().sample;
    assert_eq!((kept.keys().len(), kept.holds()[0]), (8, None));
    // Less than 80 % of the features, the beginning instead of the end, a stranger's end.
    let unknown = Err(FailureToAcquire::UnknownSequence);
    assert_eq!(profile.judge(&late(&owner, 2), NOW), unknown);
    let beginning = typing(16, 7, 31);
    assert_eq!(profile.judge(&beginning, NOW), unknown);
    let slow = |sample: &Sample| {
        let downs = sample.downs().iter().map(|d| d.map(|d| Duration(d.0 * 4)));
        let holds = sample.holds().iter().map(|h| h.map(|h| Duration(h.0 * 3)));
        Sample::new(sample.keys().clone(), holds.collect(), downs.collect()).unwrap()
    };
    let stranger = profile.judge(&slow(&late(&owner, 1)), NOW).unwrap();
    assert!(stranger.score.unwrap() > 0.18);
}

#[test]
fn what_was_typed_in_front_of_a_text_in_force_does_not_matter() {
    let profile = learned(30);
    let owner = typing(16, 8, 31);
    let score = profile.judge(&owner, NOW).unwrap().score;
    // One key more in front, as from a screen that it wakes.
    let mut keys = vec![KeyCode(57)];
    keys.extend_from_slice(owner.keys().keys());
    let us = |features: &[Option<Duration>]| {
        let front = std::iter::once(Some(Duration(90_000)));
        front.chain(features.iter().copied()).collect::<Vec<_>>()
    };
    let woken = Sample::new(KeySequence::new(keys), us(owner.holds()), us(owner.downs()));
    assert_eq!(profile.judge(&woken.unwrap(), NOW).unwrap().score, score);
}

#[test]
fn a_text_learned_without_its_beginning_stays_the_owners() {
    let mut profile = Profile::new();
    let late = |seed| typing(17, 7, seed);
    for i in 0..30 {
        let sitting = if i < 10 { 0 } else { 100_000 };
        profile
            .learn(&lesson(&late(i), sitting + u64::from(i)))
            .unwrap();
    }
    assert!(profile.armed());
    let whole = typing(16, 8, 3);
    assert!(profile.judge(&whole, NOW).unwrap().score.is_some());
    profile.learn(&lesson(&whole, 200_000)).unwrap();
    assert_eq!(profile.window.back().unwrap().sample.keys().len(), 7);
}

#[test]
fn what_is_left_of_a_text_is_learned_only_if_the_text_is_known() {
    let reason = FailureToAcquire::EditingKey;
    let after = |seed| typing(16, 8, seed).after(Some(reason));
    let mut profile = Profile::new();
    assert_eq!(profile.learn(&lesson(&after(0), 0)), Err(reason));
    profile.learn(&lesson(&typing(16, 8, 0), 0)).unwrap();
    profile.learn(&lesson(&after(1), 1)).unwrap();
    assert_eq!(profile.window[1].sample.begun_anew(), None);
    let armed = learned(30);
    assert!(armed.judge(&after(52), NOW).is_ok());
    let other = typing(30, 8, 2).after(Some(reason));
    assert_eq!(armed.judge(&other, NOW), Err(reason));
}

#[test]
fn a_copy_of_what_was_learned_is_neither_judged_nor_learned() {
    let copied = Err(FailureToAcquire::Copied);
    let mut profile = learned(30);
    let copy = typing(16, 8, 12);
    assert_eq!(profile.judge(&copy, NOW), Err(FailureToAcquire::Copied));
    assert_eq!(profile.learn(&lesson(&copy, 100_100)), copied);
    assert_eq!(profile.learned(), 30);
    // While learning too, so that the typings that are kept are all somebody's own.
    let mut learning = learned(2);
    assert_eq!(learning.learn(&lesson(&typing(16, 8, 1), 5)), copied);
    assert_eq!(learning.learned(), 2);
}

#[test]
fn the_times_of_one_way_to_type_are_a_copy_with_the_keys_of_another() {
    let mut profile = learned(12);
    let sample = typing(16, 8, 7);
    let keys = typing(71, 8, 0).keys().clone();
    let copy = Sample::new(keys, sample.holds().to_vec(), sample.downs().to_vec()).unwrap();
    profile.learn(&lesson(&typing(71, 8, 0), 200_000)).unwrap();
    assert_eq!(
        profile.learn(&lesson(&copy, 200_100)),
        Err(FailureToAcquire::Copied)
    );
}

/// What is typed nearest to the middle is told by the typings of the same way, whatever else was typed.
#[test]
fn the_average_of_one_way_to_type_is_no_typing() {
    let mut profile = Profile::new();
    teach(&mut profile, 16, 0..12, 0);
    // Another way, five times as slow.
    let slow = |features: &[Option<Duration>]| {
        let slower = |duration: Duration| Duration(duration.0 * 5);
        features.iter().map(|f| f.map(slower)).collect()
    };
    for (sample, at) in (0..12).map(|seed| typing(71, 8, seed)).zip(100_000..) {
        let (holds, downs) = (slow(sample.holds()), slow(sample.downs()));
        let sample = Sample::new(sample.keys().clone(), holds, downs).unwrap();
        profile.learn(&lesson(&sample, at)).unwrap();
    }
    teach(&mut profile, 16, 12..40, 200_000);
    let typings: Vec<_> = (0..40).map(|seed| typing(16, 8, seed)).collect();
    let median = |features: fn(&Sample) -> &[Option<Duration>], at: usize| {
        let mut all: Vec<_> = typings.iter().map(|t| features(t)[at].unwrap().0).collect();
        all.sort_unstable();
        Some(Duration(u32::midpoint(all[19], all[20])))
    };
    let average = Sample::new(
        typings[0].keys().clone(),
        (0..8).map(|at| median(Sample::holds, at)).collect(),
        (0..7).map(|at| median(Sample::downs, at)).collect(),
    );
    let judged = profile.judge(&average.unwrap(), Timestamp(300_000));
    // The middle of many holds is as even as it is central.
    assert_eq!(judged, Err(FailureToAcquire::TooEven));
}

#[test]
fn slips_while_learning_do_not_push_out_the_text() {
    let mut profile = Profile::new();
    for i in 0..12u32 {
        profile.learn(&lesson(&typing(16, 8, i), 0)).unwrap();
        let slip = typing(31 + u16::try_from(i).unwrap(), 7, i);
        profile.learn(&lesson(&slip, 0)).unwrap();
    }
    assert_eq!(profile.sequences.len(), MAX_SEQUENCES);
    assert_eq!(profile.sequences[0].template.memory().learned(), 12);
    assert!(profile.window.iter().all(|kept| {
        profile.sequences[kept.sequence]
            .template
            .matches(&kept.sample)
    }));
}

#[test]
fn a_first_typing_with_holes_is_not_learned() {
    let whole = typing(16, 8, 0);
    let holes = Sample::new(whole.keys().clone(), vec![None; 8], whole.downs().to_vec());
    let mut profile = Profile::new();
    assert_eq!(
        profile.learn(&lesson(&holes.unwrap(), 0)),
        Err(FailureToAcquire::TooFewHolds)
    );
    assert_eq!(profile, Profile::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The window folded away equals the recursion that never had a window, to the bit.
    #[test]
    fn base_and_replay_equal_the_endless_recursion(
        steps in prop::collection::vec((any::<u32>(), 0u64..40_000, any::<bool>()), 1..300),
        keys in 2u16..100,
    ) {
        let mut profile = Profile::new();
        let mut endless = SequenceMemory::new(typing(16, keys, 0).transitions());
        let mut now = 0;
        for (seed, pause, hole) in steps {
            now += pause;
            let mut sample = typing(16, keys, seed);
            if hole && keys > 6 {
                let mut holds = sample.holds().to_vec();
                holds[usize::from(keys) / 2] = None;
                sample =
                    Sample::new(sample.keys().clone(), holds, sample.downs().to_vec()).unwrap();
            }
            if let Ok(Taught::Learned(typings)) = profile.learn(&lesson(&sample, now)) {
                let from = profile.window.len() - typings as usize;
                for kept in profile.window.iter().skip(from) {
                    kept.turn.take(&mut endless);
                    endless.learn(&kept.sample, kept.gain);
                }
            }
        }
        let sequence = &profile.sequences[0];
        let mut replayed = sequence.base.clone();
        for kept in &profile.window {
            kept.replay(&mut replayed);
        }
        for memory in [&mut replayed, &mut endless] {
            sequence.since.take(memory);
        }
        let bits = |memory: &SequenceMemory| {
            let parts = memory.parts();
            let context = |c: &Context| {
                let Anchor { location, count } = c.anchor;
                let learned = [c.location.to_bits(), c.scale.to_bits(), u64::from(c.count)];
                [learned, [location.to_bits(), u64::from(count), 0]].concat()
            };
            let (level, people) = (parts.level, parts.typicality);
            let mut bits: Vec<u64> = parts.contexts().flat_map(context).collect();
            bits.extend([level.mean, people.mean, people.spread].map(f64::to_bits));
            bits.extend([level.count, people.count, parts.learned].map(u64::from));
            bits.extend([parts.sitting.learned, parts.sitting.enrolled, parts.sitting.before].map(u64::from));
            bits
        };
        prop_assert_eq!(bits(&replayed), bits(&endless));
        prop_assert_eq!(bits(sequence.template.memory()), bits(&endless));
        prop_assert!(profile.window.len() <= MAX_WINDOW);
    }
}

/// Somebody whose every typing is another.
fn scattered(seed: u32) -> Sample {
    let calm = typing(16, 8, seed);
    let spread = |features: &[Option<Duration>]| {
        let wild = |(i, f): (usize, &Option<Duration>)| {
            let step = u64::from(seed).wrapping_mul(2_654_435_761) >> (3 * (i % 5)) & 0xff;
            f.map(|d| Duration(d.0 / 10 * 7 + d.0 / 425 * u32::try_from(step).unwrap()))
        };
        features.iter().enumerate().map(wild).collect()
    };
    Sample::new(
        calm.keys().clone(),
        spread(calm.holds()),
        spread(calm.downs()),
    )
    .unwrap()
}

#[test]
fn whoever_scatters_too_much_to_be_protected_is_not_armed() {
    let learn = |typing: fn(u32) -> Sample| {
        let mut profile = Profile::new();
        for i in 0..80 {
            let sample = typing(i);
            profile
                .learn(&lesson(&sample, u64::from(i) * 5 * 3600))
                .unwrap();
        }
        profile
    };
    let (strictness, min_samples) = (Strictness::Normal, 20);
    let profile = learn(scattered);
    let arming = profile.sequences[0].arming();
    assert!(
        arming.ready(80, min_samples, 8),
        "{arming:?}: but for the strangers"
    );
    assert!(!profile.armed());
    assert!(profile.progress(strictness, min_samples).too_common);
    let passed = profile.sequences[0]
        .template()
        .strangers_accepted(strictness);
    assert!((ARMING_STRANGERS + 1..300).contains(&passed), "{passed}");
    let steady = learn(|seed| typing(16, 8, seed));
    assert!(steady.armed());
    assert!(!steady.progress(strictness, min_samples).too_common);
    assert_eq!(
        steady.sequences[0]
            .template()
            .strangers_accepted(strictness),
        0
    );
}
