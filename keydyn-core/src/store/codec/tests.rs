use super::*;
use crate::acquire::FailureToAcquire;
use crate::digraph::{Duration, KeySequence};
use crate::key::KeyCode;
use crate::quarantine::Held;
use crate::store::profile::tests::{learned, lesson, taught, typing};
use crate::store::profile::{WINDOW_BYTES, codec_cost};
use crate::store::state::{Phase, Verdict};
use proptest::prelude::*;

#[test]
fn a_profile_reads_back_to_the_bit() {
    for count in [0, 1, 23, 150] {
        let mut profile = learned(count);
        profile
            .state
            .note(Timestamp(5), Verdict::Unusable(FailureToAcquire::NoPress));
        let plaintext = encode_profile(&profile).unwrap();
        assert_eq!(plaintext.len(), PLAINTEXT_LEN);
        assert_eq!(decode_profile(&plaintext).unwrap(), profile);
    }
}

/// Four sequences of 128 keys, the window full to the last byte, 50 verdicts.
#[test]
fn the_largest_profile_fits() {
    let mut profile = Profile::new();
    for i in 0..200 {
        let text = 1000 + 200 * u16::try_from(i % 4).unwrap();
        let sample = typing(text, 128, i);
        profile
            .learn(&crate::store::profile::Lesson {
                may_arm: false,
                ..lesson(&sample, 0)
            })
            .unwrap();
    }
    for i in 0..60 {
        profile.state.note(Timestamp(i), Verdict::Refused);
    }
    assert_eq!(profile.sequences.len(), 4);
    let bytes: usize = profile.window.iter().map(Kept::cost).sum();
    assert!(bytes + codec_cost(128) > WINDOW_BYTES);
    let plaintext = encode_profile(&profile).unwrap();
    assert_eq!(decode_profile(&plaintext).unwrap(), profile);
}

/// And all that can be held beside it, which leaves the window half of the room.
#[test]
fn long_texts_hold_no_more_than_there_is_room_for() {
    for keys in [20, 60, 110, 128] {
        let mut profile = Profile::new();
        for way in 0..4u16 {
            let typed = |seed| typing(16 + way * 140, keys, seed);
            let sample = typed(u32::from(way));
            let index = profile.begin_sequence(&sample);
            for number in 0..40 {
                profile.learn_as(index, &lesson(&sample, number));
            }
            for seed in 100..108 {
                let held = Held {
                    at: Timestamp(5),
                    keyboard: 0,
                    sample: typed(seed),
                };
                let _ = profile.sequences[index].held.hold(held);
            }
        }
        (0..60).for_each(|i| profile.state.note(Timestamp(i), Verdict::Refused));
        profile.fold();
        let window: usize = profile.window.iter().map(Kept::cost).sum();
        assert!(profile.window.len() == 100 || window > WINDOW_BYTES / 2 - 2 * codec_cost(128));
        let held: usize = profile.sequences.iter().map(|s| s.held.len()).sum();
        assert!(held == 32 || keys > 20, "{keys}: {held}");
        let plaintext = encode_profile(&profile).unwrap();
        assert_eq!(decode_profile(&plaintext).unwrap(), profile, "{keys}");
    }
}

#[test]
fn a_kept_sample_costs_what_it_says() {
    let size = |count| {
        let plaintext = encode_profile(&learned(count)).unwrap();
        u32::from_le_bytes(plaintext[..4].try_into().unwrap()) as usize
    };
    assert_eq!(size(31) - size(30), codec_cost(8));
}

/// The wire form never changes under version 1 and this model: read with today's code, written
/// long ago.
#[test]
fn golden_bytes() {
    let golden = include_bytes!("../../../tests/golden/profile-v1-model-3.bin");
    let profile = decode_profile(golden).unwrap();
    assert_eq!(profile, golden_profile_with_one_held());
    assert_eq!(&encode_profile(&profile).unwrap()[..golden.len()], golden);
}

#[test]
fn a_profile_of_before_anything_was_held_is_read() {
    let golden = include_bytes!("../../../tests/golden/profile-v1-model-2.bin");
    assert_eq!(decode_profile(golden).unwrap(), golden_profile());
}

#[test]
fn what_is_held_reads_back_and_impossible_values_of_it_are_refused() {
    let mut profile = golden_profile_with_one_held();
    let one = encode_profile(&profile).unwrap();
    assert_eq!(decode_profile(&one).unwrap(), profile);
    let length = u32::from_le_bytes(one[..4].try_into().unwrap()) as usize;
    // The last one's sequence stands in front of its time, keyboard and features.
    let last = 4 + length - (1 + 8 + 4 + 1 + 2 * 8 + 4 * 15);
    for sequence in 1..=u8::MAX {
        let mut changed = one.to_vec();
        changed[last] = sequence;
        let what = "a sample's sequence";
        assert_eq!(
            decode_profile(&changed),
            Err(CodecError::Impossible { what })
        );
    }
    for seed in 0..20 {
        hold(&mut profile, seed);
    }
    let most = encode_profile(&profile).unwrap();
    assert_eq!(decode_profile(&most).unwrap(), profile);
    let held = profile.sequences[0].held.iter().count();
    let mut more = most.to_vec();
    let count = 4 + u32::from_le_bytes(more[..4].try_into().unwrap()) as usize;
    let count = count - held * (1 + 8 + 4 + 1 + 2 * 8 + 4 * 15) - 8;
    assert_eq!(usize::from(more[count]), held);
    more[count] += 1;
    assert!(decode_profile(&more).is_err());
}

#[test]
fn a_profile_of_the_first_model_is_read() {
    let golden = include_bytes!("../../../tests/golden/profile-v1.bin");
    let profile = decode_profile(golden).unwrap();
    // All that was learned is in the window, so all of it is learned again by this model.
    assert_eq!(profile.window, golden_profile().window);
    assert_eq!(profile.state, golden_profile().state);
    assert!(decode_profile(&encode_profile(&profile).unwrap()).unwrap() == profile);
    let (old, new) = (&profile.sequences[0], &golden_profile().sequences[0]);
    assert_eq!(old.template, new.template);
    let mut cut = golden.to_vec();
    cut.truncate(golden.len() - 1);
    assert_eq!(decode_profile(&cut), Err(CodecError::Malformed));
}

/// Of an armed profile the levels that it decides by are there at once, wherever its samples are.
#[test]
fn a_profile_of_the_first_model_stays_in_force() {
    let armed = WireProfile::from(&learned(40));
    let first = first::tests::of_the_first_model(&armed, 0);
    let profile = first.to_profile().unwrap();
    assert!(profile.armed());
    let mut plaintext = first::tests::encode(&first);
    assert_eq!(decode_profile(&plaintext).unwrap(), profile);
    plaintext[4] = 4;
    let later = CodecError::Model { found: 4 };
    assert_eq!(decode_profile(&plaintext), Err(later));
    let owner = typing(16, 8, 77);
    for samples in [0, 35, 40] {
        let first = first::tests::of_the_first_model(&armed, samples);
        let profile = first.to_profile().unwrap();
        let score = profile.judge(&owner, Timestamp(100_100)).unwrap().score;
        assert!(score.unwrap() < 0.0, "{samples} samples gone: {score:?}");
    }
}

/// The last field came later: what was written before it has zeros there.
#[test]
fn a_state_of_before_there_were_strangers_is_read() {
    let state = golden_profile().state;
    let mut body = encode_state(&state).unwrap();
    body.pop();
    body.resize(900, 0);
    assert_eq!(decode_state(&body), Ok(state));
}

/// As it was when the golden files were written.
fn golden_typing(seed: u32) -> Sample {
    let us = |base: u32, i: u32| Some(Duration(base + (seed * 7919 + i * 131) % 9000));
    let sequence = KeySequence::new((16..24).map(KeyCode).collect());
    let holds = (0..8).map(|i| us(90_000, i)).collect();
    let downs = (1..8).map(|i| us(170_000, i)).collect();
    Sample::new(sequence, holds, downs).unwrap()
}

fn golden_profile() -> Profile {
    let mut profile = taught((0..3).map(golden_typing));
    profile.state.phase = Phase::Learning;
    profile
        .state
        .note(Timestamp(1_700_000_000), Verdict::Refused);
    profile
}

fn golden_profile_with_one_held() -> Profile {
    let mut profile = golden_profile();
    hold(&mut profile, 3);
    profile
}

fn hold(profile: &mut Profile, seed: u32) {
    let learned = profile.sequences[0].held.hold(Held {
        at: Timestamp(1_700_000_010 + u64::from(seed)),
        keyboard: 7,
        sample: golden_typing(seed),
    });
    assert_eq!(learned, []);
}

/// What the target `codec` asks for (fuzz/): learning went over the end of a number, or wrote what could not
/// be read again.
#[test]
fn a_profile_with_its_numbers_at_their_end_goes_on_learning() {
    let mut wire = WireProfile::from(&learned(10));
    wire.next_number = u64::MAX;
    wire.window[9].number = u64::MAX - 1;
    let sequence = &mut wire.sequences[0];
    (sequence.decided, sequence.decisions) = (u32::MAX, u32::MAX);
    (sequence.learned, sequence.sittings) = (u32::MAX, u32::MAX);
    let mut profile = wire.to_profile().unwrap();
    for i in 50..53 {
        profile.learn(&lesson(&typing(16, 8, i), 200_000)).unwrap();
        let plaintext = encode_profile(&profile).unwrap();
        assert_eq!(decode_profile(&plaintext).as_ref(), Ok(&profile));
    }
    let numbers: Vec<u64> = profile.window.iter().map(|kept| kept.number).collect();
    assert_eq!(numbers, (0..13).collect::<Vec<_>>());
}

#[test]
fn the_longest_time_is_not_taken_for_none() {
    let features = [Some(Duration(u32::MAX)), Some(Duration(7)), None];
    assert_eq!(wire_features(&features), [MISSING - 1, 7, MISSING]);
}

#[test]
fn impossible_values_are_refused() {
    let break_it = |change: &dyn Fn(&mut WireProfile)| {
        let mut wire = WireProfile::from(&learned(30));
        change(&mut wire);
        wire.to_profile().map(|_| ())
    };
    assert_eq!(break_it(&|_| {}), Ok(()));
    let changes: [&dyn Fn(&mut WireProfile); 26] = [
        &|w| w.window[0].sequence = 1,
        &|w| w.window[0].gain = f64::NAN,
        &|w| w.window[0].gain = 1.5,
        &|w| w.window[0].holds.clear(),
        &|w| w.window[0].number = 29,
        &|w| w.window[1].number = w.window[0].number,
        &|w| w.next_number = 3,
        &|w| {
            for _ in 0..MAX_SEQUENCES {
                w.sequences
                    .append(&mut WireProfile::from(&learned(30)).sequences);
            }
        },
        &|w| {
            for _ in 0..3 {
                w.window.append(&mut WireProfile::from(&learned(30)).window);
            }
            for (number, kept) in (0..).zip(&mut w.window) {
                kept.number = number;
            }
            w.next_number = w.window.len() as u64;
        },
        &|w| w.sequences[0].keys.clear(),
        &|w| w.sequences[0].keys = vec![1; 129],
        &|w| w.sequences[0].contexts[0] = (f64::INFINITY, 0.1, 3, 4.0, 1),
        &|w| w.sequences[0].contexts[0] = (4.0, 0.0, 3, 4.0, 1),
        &|w| w.sequences[0].contexts[0] = (4.0, 0.1, 3, f64::NAN, 1),
        &|w| w.sequences[0].contexts[0] = (1e300, 0.1, 3, 4.0, 1),
        &|w| w.sequences[0].contexts[0] = (4.0, 1e-300, 3, 4.0, 1),
        &|w| w.sequences[0].typicality.0 = -1e300,
        &|w| w.sequences[0].level.0 = 1e300,
        &|w| w.sequences[0].transitions[0] = 13,
        &|w| w.sequences[0].transitions.clear(),
        &|w| w.sequences[0].typicality.1 = -0.1,
        &|w| w.sequences[0].since = 4,
        &|w| w.window[0].turn = 4,
        &|w| w.sequences[0].level.0 = f64::NAN,
        &|w| w.state.phase = 4,
        &|w| w.state.verdicts = vec![(0, 15)],
    ];
    for (i, change) in changes.iter().enumerate() {
        let error = break_it(change).unwrap_err();
        assert!(
            matches!(error, CodecError::Impossible { .. }),
            "{i}: {error}"
        );
    }
}

proptest! {
    /// Whatever is decoded, nothing panics and nothing large is allocated.
    #[test]
    fn any_bytes_are_an_error_or_a_profile(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode_profile(&bytes);
        let _ = decode_state(&bytes);
    }

    /// Whatever was learned, of however many texts, in whatever order.
    #[test]
    fn any_profile_reads_back_to_the_bit(
        typings in prop::collection::vec((0u16..5, any::<u32>(), 0u64..30_000, any::<bool>()), 0..60),
        keys in 2u16..60,
    ) {
        let mut profile = Profile::new();
        let mut now = 0;
        for (text, seed, pause, hole) in typings {
            now += pause;
            let mut sample = typing(16 + 200 * text, keys, seed);
            if hole {
                let mut holds = sample.holds().to_vec();
                holds[0] = None;
                sample = Sample::new(sample.keys().clone(), holds, sample.downs().to_vec()).unwrap();
            }
            let _ = profile.learn(&lesson(&sample, now));
            profile.state.note(Timestamp(now), Verdict::Refused);
        }
        let plaintext = encode_profile(&profile).unwrap();
        let read = decode_profile(&plaintext).unwrap();
        prop_assert_eq!(&read, &profile);
        prop_assert!(*encode_profile(&read).unwrap() == *plaintext);
    }

    #[test]
    fn any_changed_byte_is_an_error_or_a_profile(at in 0usize..1500, to in any::<u8>()) {
        let mut plaintext = encode_profile(&learned(10)).unwrap();
        plaintext[at] = to;
        let _ = decode_profile(&plaintext);
    }
}

/// Writes the golden file; run by hand when another version or model begins:
/// `KEYDYN_WRITE_GOLDEN=1 cargo test -p keydyn-core write_golden`.
#[test]
fn write_golden() {
    if std::env::var_os("KEYDYN_WRITE_GOLDEN").is_some() {
        let plaintext = encode_profile(&golden_profile_with_one_held()).unwrap();
        let length = u32::from_le_bytes(plaintext[..4].try_into().unwrap()) as usize;
        std::fs::write(
            "tests/golden/profile-v1-model-3.bin",
            &plaintext[..4 + length],
        )
        .unwrap();
    }
}
