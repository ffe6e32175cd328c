use super::*;
use crate::digraph::Duration;
use crate::store::profile::tests::{learned, lesson, typing};

pub(in crate::store) const RULES: EnrolmentRules = EnrolmentRules {
    strictness: Strictness::Normal,
    typings: 20,
    further: 5,
    most: 60,
};

/// The same keys at half the speed.
pub(in crate::store) fn wild(text: u16, keys: u16, seed: u32) -> Sample {
    let calm = typing(text, keys, seed);
    let slow = |features: &[Option<Duration>]| {
        features
            .iter()
            .map(|feature| feature.map(|d| Duration(2 * d.0)))
            .collect()
    };
    Sample::new(calm.keys().clone(), slow(calm.holds()), slow(calm.downs())).unwrap()
}

fn session() -> EnrolmentSession {
    EnrolmentSession::new(Profile::new(), AccountState::default(), false, RULES)
}

fn over(profile: &Profile) -> EnrolmentSession {
    let state = AccountState::default();
    EnrolmentSession::new(profile.clone(), state, profile.armed(), RULES)
}

fn take(session: &mut EnrolmentSession, sample: &Sample) -> Taken {
    session.take(sample, Timestamp(500_000), 0).unwrap()
}

fn take_calm(session: &mut EnrolmentSession, seeds: std::ops::Range<u32>) {
    for seed in seeds {
        let taken = take(session, &typing(16, 8, seed));
        assert!(matches!(taken, Taken::Learned(_)), "{seed}: {taken:?}");
    }
}

#[test]
fn a_steady_rhythm_is_learned_in_twenty_three_typings() {
    let mut session = session();
    assert_eq!(session.progress(), None);
    for seed in 0..23 {
        assert!(!session.finished());
        take_calm(&mut session, seed..seed + 1);
        assert_eq!(session.progress(), Some((seed + 1, 22 - seed)));
    }
    assert!(session.finished() && !session.exhausted());
    let mut profile = Profile::new();
    assert_eq!(session.into_enrolled().unwrap().teach(&mut profile), 23);
    assert!(profile.armed());
}

#[test]
fn one_wild_typing_is_not_learned_and_one_may_be() {
    let mut session = session();
    take_calm(&mut session, 0..10);
    assert_eq!(take(&mut session, &wild(16, 8, 1)), Taken::SetAside);
    assert_eq!(
        session.progress(),
        Some((10, 12)),
        "the one refusal that may be"
    );
    take_calm(&mut session, 10..22);
    assert!(session.finished());
    let mut profile = Profile::new();
    assert_eq!(session.into_enrolled().unwrap().teach(&mut profile), 22);
    assert!(profile.armed());
}

#[test]
fn wild_typings_again_and_again_are_a_rhythm_of_their_own() {
    let mut session = session();
    take_calm(&mut session, 0..8);
    assert_eq!(take(&mut session, &wild(16, 8, 0)), Taken::SetAside);
    let mut taken = Vec::new();
    for seed in 1..60 {
        taken.push(take(&mut session, &wild(16, 8, seed)));
        if session.finished() {
            break;
        }
    }
    assert!(
        taken.iter().all(|t| matches!(t, Taken::Learned(_))),
        "{taken:?}"
    );
    assert!(session.finished(), "no endless loop");
    assert!(taken.len() > 20, "and both changes of mind were counted");
}

#[test]
fn a_rhythm_that_never_settles_ends_without_arming() {
    let mut session = session();
    let mut seed = 0;
    while !session.exhausted() {
        assert!(!session.finished());
        seed += 1;
        // Every fourth one is wild: three times as many as arming allows.
        let sample = match seed % 4 {
            0 => wild(16, 8, seed),
            _ => typing(16, 8, seed),
        };
        take(&mut session, &sample);
    }
    assert_eq!(seed, RULES.most);
    let mut profile = Profile::new();
    let learned = session.into_enrolled().unwrap().teach(&mut profile);
    assert_eq!(learned, 45);
    assert!(!profile.armed());
}

#[test]
fn other_keys_are_a_slip_once_and_a_decision_twice() {
    let mut session = session();
    take_calm(&mut session, 0..3);
    let keypad = |seed| typing(71, 8, seed);
    assert_eq!(take(&mut session, &keypad(0)), Taken::OtherKeys);
    take_calm(&mut session, 3..5);
    assert_eq!(take(&mut session, &keypad(1)), Taken::OtherKeys);
    assert_eq!(take(&mut session, &typing(31, 7, 1)), Taken::OtherKeys);
    assert_eq!(take(&mut session, &keypad(1)), Taken::OtherKeys);
    assert_eq!(take(&mut session, &keypad(2)), Taken::Switched);
    assert_eq!(session.progress(), Some((1, 22)));
    for seed in 3..25 {
        take(&mut session, &keypad(seed));
    }
    assert!(session.finished());
    let mut profile = Profile::new();
    session.into_enrolled().unwrap().teach(&mut profile);
    assert!(profile.judge(&keypad(99), Timestamp(500_000)).is_ok());
    assert!(
        profile
            .judge(&typing(16, 8, 99), Timestamp(500_000))
            .is_err(),
        "not in force"
    );
}

#[test]
fn a_text_that_cannot_be_armed_is_known_after_one_typing() {
    let mut session = session();
    assert!(session.armable());
    take(&mut session, &typing(16, 5, 0));
    assert!(!session.armable());
    for seed in 1..40 {
        take(&mut session, &typing(16, 5, seed));
    }
    let mut profile = Profile::new();
    session.into_enrolled().unwrap().teach(&mut profile);
    assert!(!profile.armed());
}

#[test]
fn what_is_in_force_must_be_shown_first_and_then_learns_on() {
    let armed = learned(30);
    let mut session = over(&armed);
    assert!(session.must_prove());
    assert_eq!(take(&mut session, &wild(16, 8, 1)), Taken::NotProven);
    let unknown = session.take(&typing(71, 8, 1), Timestamp(0), 0);
    assert_eq!(unknown, Err(FailureToAcquire::UnknownSequence));
    assert!(session.must_prove());
    assert_eq!(take(&mut session, &typing(16, 8, 31)), Taken::Proven);
    assert!(!session.must_prove());
    assert_eq!(session.learned_before(), 30);
    take_calm(&mut session, 32..34);
    assert_eq!(session.aim(), Aim::LearnOn);
    assert_eq!(session.progress(), Some((2, 3)));
    // However often: what is in force is not pulled away.
    for seed in 0..3 {
        assert_eq!(take(&mut session, &wild(16, 8, seed)), Taken::SetAside);
    }
    take_calm(&mut session, 34..37);
    assert!(session.finished());
    let mut profile = armed.clone();
    assert_eq!(session.into_enrolled().unwrap().teach(&mut profile), 6);
    assert_eq!(profile.learned(), 36);
}

#[test]
fn after_a_refusal_only_a_confident_typing_proves() {
    let state = AccountState {
        distrusted: Some(Timestamp(499_000)),
        ..AccountState::default()
    };
    let armed = learned(30);
    let sample = typing(16, 8, 31);
    let score = armed
        .judge(&sample, Timestamp(500_000))
        .unwrap()
        .score
        .unwrap();
    let between = wild_by(&armed, -0.04..0.05);
    assert!(score < -0.05);
    for (sample, taken) in [(&between, Taken::NotProven), (&sample, Taken::Proven)] {
        let mut session = EnrolmentSession::new(armed.clone(), state.clone(), true, RULES);
        assert_eq!(take(&mut session, sample), taken);
    }
}

/// A typing whose score lies in this range.
fn wild_by(profile: &Profile, range: std::ops::Range<f64>) -> Sample {
    let calm = typing(16, 8, 31);
    (1000..2000)
        .map(|slower| {
            let slow = |features: &[Option<Duration>]| {
                let stretch = |d: Duration| Duration(d.0 / 1000 * slower);
                features.iter().map(|f| f.map(stretch)).collect()
            };
            Sample::new(calm.keys().clone(), slow(calm.holds()), slow(calm.downs())).unwrap()
        })
        .find(|sample| {
            range.contains(
                &profile
                    .judge(sample, Timestamp(500_000))
                    .unwrap()
                    .score
                    .unwrap(),
            )
        })
        .unwrap()
}

#[test]
fn further_sequences_are_armed_by_themselves_up_to_four() {
    let mut profile = learned(30);
    for text in [71, 100, 130] {
        let mut session = over(&profile);
        let proof = typing(16, 8, 100 + u32::from(text));
        assert_eq!(take(&mut session, &proof), Taken::Proven);
        take(&mut session, &typing(text, 8, 0));
        assert_eq!(session.aim(), Aim::Arm);
        for seed in 1..23 {
            assert!(!session.finished());
            take(&mut session, &typing(text, 8, seed));
        }
        assert!(session.finished());
        session.into_enrolled().unwrap().teach(&mut profile);
        assert!(
            profile
                .judge(&typing(text, 8, 50), Timestamp(500_000))
                .is_ok()
        );
        assert!(
            profile
                .judge(&typing(16, 8, 50), Timestamp(500_000))
                .is_ok(),
            "stays in force"
        );
    }
    let mut session = over(&profile);
    take(&mut session, &typing(16, 8, 300));
    assert_eq!(take(&mut session, &typing(160, 8, 0)), Taken::NoRoom);
    assert_eq!(profile.sequences().len(), MAX_SEQUENCES);
}

#[test]
fn an_enrolment_goes_on_where_logins_left_off() {
    let mut profile = Profile::new();
    for seed in 0..15 {
        profile.learn(&lesson(&typing(16, 8, seed), 100)).unwrap();
    }
    let mut session = over(&profile);
    assert_eq!(session.learned_before(), 15);
    take_calm(&mut session, 15..23);
    assert!(session.finished());
    assert_eq!(session.learned_before(), 15);
}

#[test]
fn a_typing_that_began_before_its_prompt_is_no_other_sequence() {
    let late = |text, seed| {
        let whole = typing(text, 8, seed);
        let keys = KeySequence::new(whole.keys().keys()[1..].to_vec());
        let (holds, downs) = (&whole.holds()[1..], &whole.downs()[1..]);
        Sample::new(keys, holds.to_vec(), downs.to_vec()).unwrap()
    };
    let mut fresh = session();
    take_calm(&mut fresh, 0..5);
    assert!(matches!(take(&mut fresh, &late(16, 5)), Taken::Learned(_)));
    assert_eq!(fresh.progress(), Some((6, 17)));

    let armed = learned(30);
    let mut session = over(&armed);
    assert_eq!(take(&mut session, &late(16, 31)), Taken::Proven);
    assert_eq!(session.profile().sequences().len(), 1);
    assert_eq!(session.profile().learned(), 31);
    // Another way to type it, which is not in force yet.
    for seed in 0..5 {
        take(&mut session, &typing(71, 8, seed));
    }
    assert!(matches!(
        take(&mut session, &late(71, 5)),
        Taken::Learned(_)
    ));
    assert_eq!(session.profile().sequences().len(), 2);
}
