use super::*;
use crate::digraph::KeySequence;
use crate::key::KeyCode;

fn sample(holds: [u32; 3], downs: [u32; 2]) -> Sample {
    let keys = KeySequence::new(vec![KeyCode(30), KeyCode(31), KeyCode(32)]);
    let ms = |v: u32| Some(Duration(v * 1000));
    Sample::new(keys, holds.map(ms).to_vec(), downs.map(ms).to_vec()).unwrap()
}

fn assert_close(found: impl IntoIterator<Item = f64>, expected: &[f64]) {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

fn check(memory: &SequenceMemory, locations: [f64; 5], scales: [f64; 5], anchors: [f64; 5]) {
    let contexts = || memory.parts.contexts();
    assert_close(contexts().map(|c| c.location), &locations);
    assert_close(contexts().map(|c| c.scale), &scales);
    assert_close(contexts().map(|c| c.anchor.location), &anchors);
}

fn check_levels(memory: &SequenceMemory, level: f64, mean: f64, spread: f64) {
    let MemoryParts {
        level: found,
        typicality,
        ..
    } = memory.parts();
    assert_close(
        [found.mean, typicality.mean, typicality.spread],
        &[level, mean, spread],
    );
}

fn check_score(memory: &SequenceMemory, sample: &Sample, anomaly: [f64; 2], score: f64) {
    let found = memory.anomaly(sample).unwrap();
    assert_close([found.surprise, found.people], &anomaly);
    assert_close(memory.score_of(found), &[score]);
}

/// Computed by an implementation of the formulas of its own.
#[expect(
    clippy::unreadable_literal,
    reason = "the reference vector as it was computed"
)]
#[test]
fn reference_vector_to_nine_digits() {
    let typings = [
        sample([95, 110, 88], [180, 210]),
        sample([101, 104, 92], [175, 232]),
        sample([90, 120, 85], [190, 205]),
        sample([97, 99, 140], [400, 90]),
    ];
    let [first, second, third, fourth] = &typings;
    let mut memory = SequenceMemory::new(first.transitions());
    assert_eq!(memory.parts.transitions, [Transition::SameHand; 2]);
    assert_eq!(memory.anomaly(first), None);
    memory.learn(first, 1.0);
    // Without a level there is an anomaly but no score.
    let anomaly = memory.anomaly(second).unwrap();
    assert_close(
        [anomaly.surprise, anomaly.people],
        &[-1.109430255, -1.022889704],
    );
    assert_eq!(memory.score_of(anomaly), None);
    memory.learn(second, 1.0);
    check(
        &memory,
        [
            4.584498704,
            4.672435632,
            4.499562696,
            5.178871412,
            5.396922451,
        ],
        [
            0.133747875,
            0.132029822,
            0.128150588,
            0.169390292,
            0.193209947,
        ],
        [
            4.584498704,
            4.672435632,
            4.499562696,
            5.178871412,
            5.396922451,
        ],
    );
    check_levels(&memory, 0.0, -1.022889704, 0.15);
    memory.learn(third, 1.0);
    check(
        &memory,
        [
            4.550623091,
            4.718458077,
            4.476798120,
            5.206132476,
            5.367357462,
        ],
        [
            0.121483165,
            0.127786394,
            0.110340800,
            0.144080884,
            0.163385578,
        ],
        [
            4.556269026,
            4.710787669,
            4.480592216,
            5.201588966,
            5.372284961,
        ],
    );
    check_levels(&memory, -1.156334440, -0.966627439, 0.137508177);

    memory.end_enrolment();
    check_score(&memory, fourth, [0.349359738, -0.185970049], 0.927526958);
    memory.learn(fourth, 1.0);
    check(
        &memory,
        [
            4.560258246,
            4.669122786,
            4.543002600,
            5.292581007,
            5.269326115,
        ],
        [
            0.102004109,
            0.126896761,
            0.176545281,
            0.230529415,
            0.261416925,
        ],
        [
            4.560879514,
            4.681870714,
            4.563347816,
            5.309649629,
            5.249745777,
        ],
    );
    check_levels(&memory, -0.906334440, -0.799960772, 0.253131133);

    for _ in 0..9 {
        memory.learn(first, 1.0);
    }
    memory.start_sitting();
    assert_eq!(
        memory.sitting(),
        Sitting {
            learned: 0,
            enrolled: 0,
            before: 13
        }
    );
    check(
        &memory,
        [
            4.555063255,
            4.697231677,
            4.491823862,
            5.212681864,
            5.330685672,
        ],
        [
            0.037558083,
            0.050863409,
            0.074659748,
            0.099942679,
            0.107112751,
        ],
        [
            4.557249822,
            4.691516717,
            4.518765447,
            5.249163872,
            5.300211619,
        ],
    );
    check_levels(&memory, -1.344033555, -0.954349156, 0.150086935);
    check_score(&memory, first, [-1.835347217, -1.005811950], -1.248113048);
    check_score(&memory, fourth, [0.511252028, -0.185970049], 1.148895607);
}

#[test]
fn who_types_like_everybody_is_noticed_where_the_owner_does_not() {
    // Somebody who holds keys for half a second.
    let mut memory = SequenceMemory::new(sample([1, 1, 1], [1, 1]).transitions());
    for _ in 0..20 {
        memory.learn(&sample([480, 520, 500], [600, 700]), 1.0);
    }
    let everybody = memory
        .anomaly(&sample([100, 100, 100], [170, 170]))
        .unwrap();
    let without = Anomaly {
        people: memory.parts.typicality.mean,
        ..everybody
    };
    let more = memory.score_of(everybody).unwrap() - memory.score_of(without).unwrap();
    assert!(more > 0.1, "{more}");
    assert!(everybody.people < without.people);
}

#[cfg(feature = "eval")]
#[test]
fn what_is_left_out_is_missed() {
    let typings: Vec<Sample> = (0..30)
        .map(|i| {
            sample(
                [95 + i % 7, 110 + i % 5, 88 + i % 3],
                [180 + i % 11, 210 + i % 13],
            )
        })
        .collect();
    let probe = sample([120, 99, 140], [400, 90]);
    let score = |mut memory: SequenceMemory| {
        for (i, typing) in typings.iter().enumerate() {
            if i % 12 == 11 {
                memory.start_sitting();
            }
            memory.learn(typing, 1.0);
        }
        memory.start_sitting();
        memory.score_of(memory.anomaly(&probe).unwrap()).unwrap()
    };
    let ways = || probe.transitions();
    let whole = score(SequenceMemory::new(ways()));
    for ingredient in Ingredient::ALL {
        // It is typed by nobody in particular.
        if ingredient != Ingredient::Typicality {
            let less = score(SequenceMemory::without(ingredient, ways()));
            assert!((less - whole).abs() > 1e-6, "{ingredient:?}: {less}");
        }
    }
}

#[test]
fn missing_features_are_skipped_in_scoring_and_learning() {
    let mut memory = SequenceMemory::new(vec![Transition::Unknown; 2]);
    for _ in 0..5 {
        memory.learn(&sample([95, 110, 88], [180, 210]), 1.0);
    }
    let whole = sample([95, 110, 88], [180, 210]);
    let gap = Sample::new(
        whole.keys().clone(),
        vec![None, whole.holds()[1], None],
        vec![None, whole.downs()[1]],
    )
    .unwrap();
    assert_eq!(memory.steps(&gap).len(), 2);
    let before = memory.holds()[0];
    memory.learn(&gap, 1.0);
    assert_eq!(memory.holds()[0], before);
    assert_eq!(memory.holds()[1].count, 6);
}

#[test]
fn a_frozen_typist_never_gets_a_scale_of_nothing() {
    let mut memory = SequenceMemory::new(vec![Transition::Unknown; 2]);
    for _ in 0..2000 {
        memory.learn(&sample([95, 110, 88], [180, 210]), 1.0);
    }
    assert!(memory.holds().iter().all(|c| c.scale >= 0.02));
    let odd = memory.anomaly(&sample([300, 20, 300], [900, 20])).unwrap();
    assert!(memory.score_of(odd).unwrap() > 1.0);
}
