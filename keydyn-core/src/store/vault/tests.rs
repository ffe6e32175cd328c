use super::*;
use crate::digraph::{Duration, Sample};

use crate::store::profile::Lesson;
use crate::store::profile::tests::{lesson, typing};
use crate::store::state::Verdict;
use crate::time::Timestamp;

mod erase;
mod faults;
pub(in crate::store) mod kit;
mod later;
mod random;
mod renewal;
mod survey;

mod arming;
use kit::{DERIVATION, Machine, UID, key, opened};

#[test]
fn an_account_goes_from_none_over_learning_to_armed() {
    let machine = Machine::new();
    assert_eq!(machine.phase(&key(1)), Some(Phase::None));
    for i in 0..22 {
        let learned = machine.learn(&key(1), i).unwrap();
        assert_eq!((learned.samples, learned.phase), (i + 1, Phase::Learning));
    }
    let Standing::Known(state) = machine.vault().standing_unopened() else {
        panic!("the state is there");
    };
    let progress = state.progress;
    assert_eq!((progress.typings, progress.sittings), (22, 2));
    assert_eq!((progress.decided, progress.refused), (19, 0));
    assert_eq!(machine.learn(&key(1), 22).unwrap().phase, Phase::Armed);
    assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
    assert_eq!(
        machine.main.names(),
        [
            "1000.profile",
            "1000.profile.previous",
            "1000.state",
            "1000.state.previous"
        ]
    );
}

#[test]
fn a_damaged_profile_falls_back_to_the_generation_before() {
    for damage in [
        (|file: &mut Vec<u8>| file.truncate(3)) as fn(&mut Vec<u8>),
        |file| file.clear(),
        |file| file[4000] ^= 1,
        |file| file[0] ^= 1,
        |file| file[8] = 2,
        |file| file.push(0),
    ] {
        let machine = Machine::armed(&key(1));
        machine.main.change("1000.profile", damage);
        let (profile, _) = opened(&machine, &key(1));
        assert_eq!(profile.learned(), 24);
        machine.main.change("1000.profile.previous", damage);
        assert!(matches!(machine.vault().open(&key(1)), Opening::Damaged(_)));
        assert_eq!(
            machine.phase(&key(1)),
            Some(Phase::Armed),
            "the state file still knows"
        );
        assert!(matches!(
            machine.learn(&key(1), 30),
            Err(LearnError::Damaged(_))
        ));
    }
}

#[test]
fn falling_back_to_a_generation_before_arming_does_not_disarm() {
    let machine = Machine::new();
    for i in 0..23 {
        machine.learn(&key(1), i).unwrap();
    }
    machine.main.change("1000.profile", |file| file[4000] ^= 1);
    assert!(!opened(&machine, &key(1)).0.armed());
    assert_eq!(
        machine.phase(&key(1)),
        Some(Phase::Armed),
        "the state knows"
    );
    assert_eq!(machine.learn(&key(1), 24).unwrap().phase, Phase::Armed);
    let (profile, _) = opened(&machine, &key(1));
    assert!(profile.armed());
    assert_eq!(profile.learned(), 23);
    machine.main.change("1000.profile", |file| file[4000] ^= 1);
    let learned = opened(&machine, &key(1)).0.learned();
    assert_eq!(
        learned, 22,
        "the damaged file did not push out the good one"
    );
}

/// Root does not arm himself: an accepted typing puts back in force what an enrolment had.
#[test]
fn falling_back_does_not_disarm_who_is_not_to_be_armed() {
    let machine = Machine::new();
    for i in 0..23 {
        machine.learn(&key(1), i).unwrap();
    }
    machine.main.change("1000.profile", |file| file[4000] ^= 1);
    assert!(!opened(&machine, &key(1)).0.armed());
    let sample = typing(16, 8, 24);
    let lesson = Lesson {
        may_arm: false,
        ..lesson(&sample, 100_024)
    };
    let vault = machine.vault();
    let learned = vault.learn(&key(1), DERIVATION, &lesson, [9; 24]).unwrap();
    assert_eq!(learned.phase, Phase::Armed);
    assert!(opened(&machine, &key(1)).0.armed());
}

#[test]
fn a_lost_state_comes_back_from_the_sealed_copy() {
    for lose in [
        (|machine: &Machine| machine.main.delete("1000.state")) as fn(&Machine),
        |machine| machine.main.change("1000.state", |file| file[20] ^= 1),
        |machine| machine.main.change("1000.state", Vec::clear),
    ] {
        let machine = Machine::armed(&key(1));
        lose(&machine);
        assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
        assert_eq!(
            machine.phase(&key(2)),
            None,
            "without the key there is no copy"
        );
        machine
            .vault()
            .decide(&profile_state(&machine), |s| {
                s.note(Timestamp(1), Verdict::Refused)
            })
            .unwrap();
        assert_eq!(machine.phase(&key(2)), Some(Phase::Armed), "written anew");
        let Standing::Known(state) = machine.vault().standing_unopened() else {
            panic!("it was written");
        };
        assert_eq!(state.counts.learned, 25, "on the copy");
        assert_eq!(state.counts.refused, 1);
    }
}

fn profile_state(machine: &Machine) -> AccountState {
    opened(machine, &key(1)).0.state().clone()
}

#[test]
fn both_absent_is_an_account_without_anything_and_a_lone_bad_state_is_not() {
    let machine = Machine::new();
    assert_eq!(machine.phase(&key(1)), Some(Phase::None));
    machine.main.write("1000.state", b"junk", false).unwrap();
    assert_eq!(machine.phase(&key(1)), None);
    assert!(matches!(
        machine.learn(&key(1), 0),
        Err(LearnError::StateUnknown)
    ));
}

#[test]
fn an_armed_account_whose_profile_is_gone_does_not_begin_again() {
    let machine = Machine::armed(&key(1));
    machine.main.delete("1000.profile");
    machine.main.delete("1000.profile.previous");
    assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
    assert!(matches!(
        machine.learn(&key(1), 0),
        Err(LearnError::StateUnknown)
    ));
}

#[test]
fn a_changed_password_learns_in_the_second_slot_and_takes_over() {
    let machine = Machine::armed(&key(1));
    let before = opened(&machine, &key(1)).0.state.counts;
    assert!(matches!(
        machine.vault().open(&key(2)),
        Opening::OtherPassword
    ));
    for i in 0..22 {
        let learned = machine.learn(&key(2), i).unwrap();
        assert_eq!((learned.promoted, learned.phase), (false, Phase::Armed));
        let (second, slot) = opened(&machine, &key(2));
        assert_eq!((second.state.counts, slot), (before, Slot::Second));
        assert_eq!(
            opened(&machine, &key(1)).1,
            Slot::First,
            "the old one is still there"
        );
    }
    let generation = opened(&machine, &key(2)).0.state.generation;
    let learned = machine.learn(&key(2), 22).unwrap();
    assert_eq!(
        (learned.promoted, learned.phase),
        (true, Phase::Armed),
        "never without a profile in force"
    );
    let state = opened(&machine, &key(2)).0.state;
    assert!(
        state.generation >= generation,
        "what was left in /run is older"
    );
    assert_eq!(state.counts.learned, 23, "those of the new one");
    assert_eq!(
        machine.main.names(),
        ["1000.profile", "1000.state", "1000.state.previous"]
    );
    assert!(matches!(
        machine.vault().open(&key(1)),
        Opening::OtherPassword
    ));
}

#[test]
fn an_unarmed_account_s_changed_password_takes_over_after_min_samples() {
    let machine = Machine::new();
    machine.learn(&key(1), 0).unwrap();
    for i in 0..20 {
        let learned = machine.learn(&key(2), i).unwrap();
        assert_eq!(
            (learned.promoted, learned.phase),
            (i == 19, Phase::Learning)
        );
    }
    assert_eq!(opened(&machine, &key(2)).1, Slot::First);
}

/// Root is armed by an enrolment only, and is not disarmed by a change of the password.
#[test]
fn who_is_not_to_be_armed_stays_armed_through_a_change_of_the_password() {
    let learn = |machine: &Machine, password: u8, i: u32| {
        let sample = typing(16, 8, i);
        let lesson = lesson(&sample, u64::from(i) + if i < 10 { 0 } else { 100_000 });
        let lesson = Lesson {
            may_arm: false,
            min_samples: 30,
            ..lesson
        };
        let vault = machine.vault();
        vault.learn(&key(password), DERIVATION, &lesson, [9; 24])
    };
    let unarmed = Machine::new();
    for i in 0..40 {
        assert_eq!(learn(&unarmed, 1, i).unwrap().phase, Phase::Learning);
    }
    for i in 0..40 {
        let learned = learn(&unarmed, 2, i).unwrap();
        assert_eq!(learned.phase, Phase::Learning);
    }
    let armed = Machine::armed(&key(1));
    for i in 0..33 {
        assert_eq!(learn(&armed, 2, i).unwrap().phase, Phase::Armed);
    }
    assert_eq!(opened(&armed, &key(2)).1, Slot::First, "it has taken over");
}

/// What is let in and teaches nothing, because the day has taught enough, does not show that the owner
/// is back.
#[test]
fn after_a_refusal_only_what_is_learned_restores_trust() {
    let machine = Machine::armed(&key(1));
    let teaches_nothing = |seeds: std::ops::Range<u32>, from: u64| {
        seeds.zip(from..).any(|(seed, at)| {
            let sample = typing(16, 8, seed);
            let lesson = lesson(&sample, at);
            let learned = machine.vault().learn(&key(1), DERIVATION, &lesson, [9; 24]);
            matches!(learned, Ok(Learned { typings: 0, .. }))
        })
    };
    assert!(teaches_nothing(1000..1400, 200_000), "enough for a day");
    let refuse = |s: &mut AccountState| s.note(Timestamp(200_500), Verdict::Refused);
    let vault = machine.vault();
    vault.decide(&AccountState::default(), refuse).unwrap();
    assert!(
        teaches_nothing(2000..2100, 200_600),
        "trusted, and not learned"
    );
    let distrusted = profile_state(&machine).distrusted;
    assert_eq!(distrusted, Some(Timestamp(200_500)));
}

/// Judged while learning, held back until the account is armed: judged again, and not learned.
#[test]
fn a_typing_that_was_never_judged_does_not_get_into_an_armed_profile() {
    let machine = Machine::armed(&key(1));
    let slow = slow_typing();
    let learned = machine
        .vault()
        .learn(&key(1), DERIVATION, &lesson(&slow, 100_100), [9; 24]);
    assert!(matches!(learned, Err(LearnError::NotTrusted)));
    let vault = machine.vault();
    let refuse = |s: &mut AccountState| s.note(Timestamp(100_100), Verdict::Refused);
    vault.decide(&AccountState::default(), refuse).unwrap();
    assert!(
        machine.learn(&key(1), 30).is_ok(),
        "a confident one still is"
    );
}

fn slow_typing() -> Sample {
    let usual = typing(16, 8, 1);
    let slower = |features: &[Option<Duration>]| {
        let slower = |d: Duration| Duration(d.0 * 5 / 2);
        features.iter().map(|f| f.map(slower)).collect()
    };
    Sample::new(
        usual.keys().clone(),
        slower(usual.holds()),
        slower(usual.downs()),
    )
    .unwrap()
}

#[test]
fn a_third_password_restarts_the_second_slot() {
    let machine = Machine::armed(&key(1));
    for i in 0..10 {
        machine.learn(&key(2), i).unwrap();
    }
    assert_eq!(machine.learn(&key(3), 0).unwrap().samples, 1);
    assert!(matches!(
        machine.vault().open(&key(2)),
        Opening::OtherPassword
    ));
}

#[test]
fn the_state_goes_to_run_where_the_directory_cannot_be_written() {
    let machine = Machine::armed(&key(1));
    machine.main.writes_left.set(Some(0));
    let note = |machine: &Machine| {
        machine.vault().decide(&AccountState::default(), |s| {
            s.note(Timestamp(7), Verdict::Refused)
        })
    };
    note(&machine).unwrap();
    note(&machine).unwrap();
    assert_eq!(machine.run.names(), ["1000.state", "1000.state.previous"]);
    assert_eq!(refusals(&machine), 2, "the higher generation wins");
    assert!(matches!(
        machine.learn(&key(1), 30),
        Err(LearnError::File(_))
    ));
    machine.main.writes_left.set(None);
    note(&machine).unwrap();
    assert_eq!(refusals(&machine), 3, "and goes on in its own place");
    machine.main.writes_left.set(Some(0));
    machine.run.writes_left.set(Some(0));
    assert!(note(&machine).is_err());
}

#[test]
fn a_verdict_on_a_locked_account_is_counted_in_run_or_not_reached() {
    let machine = Machine::armed(&key(1));
    machine.main.busy.set(true);
    let vault = machine.vault();
    let refuse = |s: &mut AccountState| s.note(Timestamp(7), Verdict::Refused);
    vault.decide(&AccountState::default(), refuse).unwrap();
    vault.decide(&AccountState::default(), refuse).unwrap();
    assert_eq!(refusals(&machine), 2);
    assert!(machine.run.names().contains(&"1000.state".to_owned()));
    assert!(matches!(
        machine.learn(&key(1), 30),
        Err(LearnError::File(FileError::Busy { .. }))
    ));
    machine.run.busy.set(true);
    let neither = vault.decide(&AccountState::default(), |_| panic!("reached"));
    assert!(matches!(neither, Err(FileError::Busy { .. })));
}

fn refusals(machine: &Machine) -> u32 {
    match machine.vault().standing(&Opening::Absent) {
        Standing::Known(state) => state.throttle.refusals,
        Standing::Unknown => panic!(),
    }
}

#[test]
fn a_profile_made_anew_meanwhile_does_not_take_the_sample() {
    let machine = Machine::armed(&key(1));
    let sample: Sample = typing(16, 8, 3);
    let other_salt = ([2; 16], DERIVATION.1);
    let learned = machine
        .vault()
        .learn(&key(1), other_salt, &lesson(&sample, 0), [9; 24]);
    assert!(matches!(learned, Err(LearnError::Replaced)));
}

#[test]
fn another_users_files_do_not_pass_for_ones_own() {
    let machine = Machine::armed(&key(1));
    for kind in ["profile", "state"] {
        let file = machine
            .main
            .read(&format!("1000.{kind}"), FILE_LEN)
            .unwrap()
            .unwrap();
        machine
            .main
            .write(&format!("1001.{kind}"), &file, false)
            .unwrap();
    }
    let other = Vault::new(1001, &machine.main, &machine.run, Some(&machine.host));
    let opening = other.open(&key(1));
    assert!(matches!(opening, Opening::Damaged(_)), "{opening:?}");
    assert!(matches!(other.standing(&opening), Standing::Unknown));
}

/// A save that stops at any step leaves either the old or the new, and nothing acknowledged is
/// lost.
#[test]
fn every_interrupted_save_leaves_something_that_opens() {
    for password_changed in [false, true] {
        for steps in 0..12 {
            let machine = Machine::armed(&key(1));
            let own = if password_changed { key(2) } else { key(1) };
            if password_changed {
                for i in 0..22 {
                    machine.learn(&own, i).unwrap();
                }
            }
            let before = opened(&machine, &own).0.learned();
            machine.main.writes_left.set(Some(steps));
            let learned = machine.learn(&own, 40);
            machine.main.writes_left.set(None);
            let after = opened(&machine, &own).0.learned();
            assert_eq!(machine.phase(&own), Some(Phase::Armed));
            let (profile, slot) = opened(&machine, &own);
            assert!(profile.armed() || slot == Slot::Second, "{steps}");
            match learned {
                Ok(_) => assert_eq!(after, before + 1),
                Err(_) => assert!(after == before || after == before + 1),
            }
            machine.learn(&own, 41).unwrap();
        }
    }
}
