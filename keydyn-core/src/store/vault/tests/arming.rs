//! The save that puts an account in force, cut short; what is lost afterwards; what must not end it; and
//! the time of what is written (docs/adr/0036).

use std::rc::Rc;

use super::*;
use crate::policy::{CONFIDENCE, Strictness, learning_threshold};
use crate::store::profile::Lesson;
use crate::store::vault::keys::Keys;
use kit::Machine;

/// The phase as an attempt without a key finds it.
fn without_a_key(machine: &Machine) -> Option<Phase> {
    match machine.vault().standing_unopened() {
        Standing::Known(state) => Some(state.phase),
        Standing::Unknown => None,
    }
}

#[test]
fn wherever_it_is_cut_short_an_attempt_without_a_key_finds_no_less_than_one_with_it() {
    let mut found = Vec::new();
    for steps in 0..8 {
        let machine = Machine::new();
        (0..22).for_each(|i| drop(machine.learn(&key(1), i)));
        assert_eq!(without_a_key(&machine), Some(Phase::Learning));
        machine.main.writes_left.set(Some(steps));
        machine.run.writes_left.set(Some(0));
        let learned = machine.learn(&key(1), 22);
        machine.main.writes_left.set(None);
        machine.run.writes_left.set(None);
        let armed = opened(&machine, &key(1)).0.armed();
        let with = match armed {
            true => Phase::Armed,
            false => Phase::Learning,
        };
        assert_eq!(machine.phase(&key(1)), Some(with), "{steps}: {learned:?}");
        if armed {
            assert_eq!(without_a_key(&machine), Some(Phase::Armed), "{steps}");
        }
        found.push((learned.is_ok(), armed));
        // What was cut short is made up for.
        machine.learn(&key(1), 23).unwrap();
        assert_eq!(machine.phase(&key(1)), Some(Phase::Armed), "{steps}");
        assert_eq!(without_a_key(&machine), Some(Phase::Armed), "{steps}");
    }
    for case in [(false, false), (false, true), (true, true)] {
        assert!(found.contains(&case), "{case:?} in {found:?}");
    }
}

#[test]
fn a_first_enrolment_that_is_cut_short_locks_nobody_out() {
    let machine = Machine::new();
    let mut state = AccountState {
        phase: Phase::Armed,
        arming: true,
        ..AccountState::default()
    };
    let vault = machine.vault();
    vault.write_state(&mut state, &[&machine.main]).unwrap();
    assert_eq!(machine.phase(&key(1)), Some(Phase::None));
    assert_eq!(without_a_key(&machine), Some(Phase::None));
    machine.learn(&key(1), 0).unwrap();
    assert_eq!(machine.phase(&key(1)), Some(Phase::Learning));
    assert_eq!(without_a_key(&machine), Some(Phase::Learning));
}

#[test]
fn a_changed_password_after_it_is_one_of_an_account_in_force() {
    let machine = Machine::new();
    (0..22).for_each(|i| drop(machine.learn(&key(1), i)));
    // State and its generation before, then neither of the profile's.
    machine.main.writes_left.set(Some(2));
    assert!(machine.learn(&key(1), 22).is_err());
    machine.main.writes_left.set(None);
    assert_eq!(machine.phase(&key(2)), Some(Phase::Armed));
    machine.learn(&key(2), 100).unwrap();
    // Its profile says nothing of the first one's, which is not in force as only its key can tell.
    assert_eq!(machine.phase(&key(2)), Some(Phase::Armed));
    assert_eq!(machine.phase(&key(1)), Some(Phase::Learning));
}

#[test]
fn a_changed_password_does_not_end_what_was_put_in_force_by_a_save_that_was_cut_short() {
    let machine = Machine::new();
    (0..22).for_each(|i| drop(machine.learn(&key(1), i)));
    // The announcement and the profile, two steps each; not the state.
    machine.main.writes_left.set(Some(4));
    machine.run.writes_left.set(Some(0));
    assert!(machine.learn(&key(1), 22).is_err());
    machine.main.writes_left.set(None);
    machine.run.writes_left.set(None);
    for i in 100..125 {
        machine.learn(&key(2), i).unwrap();
        assert_eq!(machine.phase(&key(2)), Some(Phase::Armed), "{i}");
        assert_eq!(without_a_key(&machine), Some(Phase::Armed), "{i}");
    }
}

#[test]
fn a_first_login_that_is_cut_short_leaves_nobody_unknown() {
    for steps in 0..4 {
        let machine = Machine::new();
        machine.main.writes_left.set(Some(steps));
        machine.run.writes_left.set(Some(0));
        let _ = machine.learn(&key(1), 0);
        machine.main.writes_left.set(None);
        machine.run.writes_left.set(None);
        for n in [1, 2] {
            let phase = machine.phase(&key(n));
            assert!(phase.is_some_and(|phase| phase != Phase::Armed), "{steps}");
        }
        assert!(without_a_key(&machine).is_some_and(|phase| phase != Phase::Armed));
        machine.learn(&key(2), 50).unwrap();
    }
}

#[test]
fn a_second_profile_alone_arms_and_disarms_nobody() {
    let machine = Machine::armed(&key(1));
    machine.learn(&key(2), 0).unwrap();
    let others = machine.main.names().into_iter();
    let others = others.filter(|name| name != "1000.second");
    others.for_each(|name| machine.main.delete(&name));
    assert_eq!(machine.phase(&key(1)), None);
    let learned = machine.learn(&key(1), 100);
    assert!(matches!(learned, Err(LearnError::StateUnknown)));
}

/// Whoever has the first lock writes, while somebody else is stopped under the second.
#[test]
fn under_one_lock_a_verdict_is_reached_again_where_another_was_written_meanwhile() {
    let machine = Machine::armed(&key(1));
    let seen = profile_state(&machine);
    let refuse = |state: &mut AccountState| state.note(Timestamp(100_200), Verdict::Refused);
    machine.main.busy.set(true);
    let mut rounds = 0;
    let vault = machine.vault();
    let found = vault.decide(&seen, |state| {
        rounds += 1;
        if rounds == 1 {
            machine.main.busy.set(false);
            vault.decide(&seen, refuse).unwrap();
        }
        refuse(state);
        state.throttle.refusals
    });
    assert_eq!((found.unwrap(), rounds), (2, 2));
    assert_eq!(refusals(&machine), 2);
}

#[test]
fn a_clock_that_was_ahead_at_a_refusal_does_not_end_learning() {
    let mut state = AccountState::default();
    state.note(Timestamp(1 << 40), Verdict::Refused);
    state.note(Timestamp(1000), Verdict::Accepted);
    let may = |at| state.may_learn(-0.01, Strictness::Normal, Timestamp(at));
    assert!(!may(1001) && may(1001 + 4 * 3600));
}

#[test]
fn a_clock_set_back_and_right_again_has_not_ended_a_cool_down() {
    let mut state = AccountState::default();
    let now = 1_000_000;
    (0..12).for_each(|_| state.note(Timestamp(now), Verdict::Refused));
    assert_eq!(state.cooling_down(Timestamp(now + 60)), Some(840));
    state.throttle.heed(Timestamp(now - 3600));
    assert_eq!(state.cooling_down(Timestamp(now - 3600)), Some(900));
    assert_eq!(state.cooling_down(Timestamp(now + 60)), Some(840));
    assert_eq!(state.cooling_down(Timestamp(now + 900)), None);
}

#[test]
fn an_old_state_in_run_does_not_stand_for_a_lost_one() {
    let machine = Machine::new();
    (0..5).for_each(|i| drop(machine.learn(&key(1), i)));
    machine.main.writes_left.set(Some(2));
    machine.learn(&key(1), 5).unwrap();
    assert_eq!(
        machine.run.names(),
        ["1000.state"],
        "main took the profile only"
    );
    machine.main.writes_left.set(None);
    (6..25).for_each(|i| drop(machine.learn(&key(1), i)));
    assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
    machine.main.delete("1000.state");
    assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
    assert_eq!(without_a_key(&machine), None, "unknown");
}

#[test]
fn a_second_password_s_profile_does_not_stand_for_a_lost_one() {
    let machine = Machine::armed(&key(1));
    machine.learn(&key(2), 0).unwrap();
    machine.main.delete("1000.profile");
    machine.main.delete("1000.profile.previous");
    let opening = machine.vault().open(&key(1));
    assert!(matches!(opening, Opening::Absent), "{opening:?}");
    assert_eq!(machine.phase(&key(1)), Some(Phase::Armed));
    assert!(matches!(
        machine.learn(&key(1), 100),
        Err(LearnError::StateUnknown)
    ));
}

#[test]
fn a_profile_or_a_second_one_alone_is_no_account_without_anything() {
    for slot in ["1000.profile", "1000.second"] {
        let machine = Machine::armed(&key(1));
        machine.learn(&key(2), 0).unwrap();
        let others = machine.main.names().into_iter().filter(|name| name != slot);
        others.for_each(|name| machine.main.delete(&name));
        assert_eq!(without_a_key(&machine), None, "{slot}");
    }
}

#[test]
fn what_the_generation_before_counted_stands_in_for_a_lost_state() {
    let machine = Machine::armed(&key(1));
    let seen = profile_state(&machine);
    for at in [100_200, 100_201, 100_202] {
        let refuse = |state: &mut AccountState| state.note(Timestamp(at), Verdict::Refused);
        machine.vault().decide(&seen, refuse).unwrap();
    }
    machine.main.delete("1000.state");
    let Standing::Known(found) = machine.vault().standing(&machine.vault().open(&key(1))) else {
        panic!("unknown");
    };
    // The last of the three went with the file.
    assert_eq!(found.generation, seen.generation + 3);
    assert_eq!(found.counts.refused, seen.counts.refused + 2);
    assert_eq!(found.verdicts.len(), seen.verdicts.len() + 2);
    assert_eq!(found.throttle.refusals, 2);
    assert_eq!(found.distrusted, Some(Timestamp(100_201)));
    assert_eq!(found.phase, Phase::Armed);
}

#[test]
fn a_verdict_on_what_a_profile_has_shown_to_be_armed_is_written_as_one() {
    let machine = Machine::armed(&key(1));
    let seen = profile_state(&machine);
    let mut behind = AccountState {
        phase: Phase::Learning,
        ..seen.clone()
    };
    let vault = machine.vault();
    vault.write_state(&mut behind, &[&machine.main]).unwrap();
    assert_eq!(without_a_key(&machine), Some(Phase::Learning));
    vault.decide(&seen, |_| ()).unwrap();
    assert_eq!(without_a_key(&machine), Some(Phase::Armed));
}

/// Passes well enough to be learned, and not with confidence.
fn not_confident(profile: &Profile, at: Timestamp) -> Sample {
    let threshold = Strictness::Normal.threshold();
    let wanted = threshold - CONFIDENCE..=learning_threshold(threshold);
    let longer = |n: u32| {
        let owner = typing(16, 8, 7);
        let share = 1.0 + f64::from(n) * 0.002;
        let hold = |(i, hold): (u32, &Option<Duration>)| {
            hold.map(|hold| Duration((f64::from(hold.0) * share) as u32 + 1500 * (i % 3)))
        };
        let holds = (0..).zip(owner.holds()).map(hold).collect();
        Sample::new(owner.keys().clone(), holds, owner.downs().to_vec()).unwrap()
    };
    let fits = |sample: &Sample| {
        let score = profile
            .judge(sample, at)
            .ok()
            .and_then(|judged| judged.score);
        score.is_some_and(|score| wanted.contains(&score))
    };
    (0..400).map(longer).find(fits).expect("one")
}

#[test]
fn a_refusal_that_came_in_between_is_seen_whatever_the_clock_says() {
    let refusal = 100_200;
    for at in [refusal - 1, refusal, refusal + 1] {
        let machine = Machine::armed(&key(1));
        let near = not_confident(&opened(&machine, &key(1)).0, Timestamp(at));
        let refused = |state: &mut AccountState| state.note(Timestamp(refusal), Verdict::Refused);
        let seen = profile_state(&machine);
        machine.vault().decide(&seen, refused).unwrap();
        let vault = machine.vault();
        let learned = vault.learn(&key(1), DERIVATION, &lesson(&near, at), [9; 24]);
        assert!(
            matches!(learned, Err(LearnError::NotTrusted)),
            "{at}: {learned:?}"
        );
        let Standing::Known(after) = vault.standing(&vault.open(&key(1))) else {
            panic!("unknown");
        };
        assert_eq!(after.distrusted, Some(Timestamp(refusal)), "{at}");
    }
}

#[test]
fn what_is_learned_has_the_time_of_the_lock() {
    let machine = Machine::armed(&key(1));
    let (held, sample, own) = (Rc::clone(&machine.main.held), typing(16, 8, 50), key(1));
    assert!(!held.get());
    let at_last = || -> Lesson<'_> {
        assert!(held.get(), "asked for in front of the lock");
        lesson(&sample, 200_000)
    };
    let keys = Keys::only(&own, DERIVATION);
    machine.vault().learn_with(keys, at_last, [9; 24]).unwrap();
}
