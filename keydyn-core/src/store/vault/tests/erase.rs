//! Beginning anew and erasing, interrupted at every step.

use std::rc::Rc;

use super::*;
use crate::store::files::unfinished;
use crate::store::state::Counts;
use crate::store::switch::{Switch, Whom};
use crate::store::vault::survey;

/// An armed account with everything an account can have: a damaged or sound profile, a second
/// one, a cool-down, a newer state in /run. Both directories fail at the same step.
fn full(damaged: bool) -> Machine {
    let mut machine = Machine::armed(&key(1));
    machine.run.writes_left = Rc::clone(&machine.main.writes_left);
    for i in 0..5 {
        machine.learn(&key(2), i).unwrap();
    }
    for directory in [&machine.main, &machine.run] {
        machine.main.busy.set(std::ptr::eq(directory, &machine.run));
        for _ in 0..3 {
            refuse(&machine).unwrap();
        }
    }
    machine.main.busy.set(false);
    if damaged {
        for name in ["1000.profile", "1000.profile.previous"] {
            machine.main.change(name, |file| file[4000] ^= 1);
        }
    }
    assert_eq!(refusals(&machine), 6);
    machine
}

fn refuse(machine: &Machine) -> Result<(), FileError> {
    let armed = AccountState {
        phase: Phase::Armed,
        ..AccountState::default()
    };
    let refuse = |s: &mut AccountState| s.note(Timestamp(100_100), Verdict::Refused);
    machine.vault().decide(&armed, refuse)
}

/// Nobody is armed without a profile that could let them in, and nothing is unknown that was
/// known before.
fn assert_nobody_is_locked_out(machine: &Machine, damaged: bool, at: &str) {
    for password in [1, 2, 3] {
        let opening = machine.vault().open(&key(password));
        let Standing::Known(state) = machine.vault().standing(&opening) else {
            panic!("{at}: unknown under password {password}");
        };
        if state.phase == Phase::Armed {
            let in_force = matches!(&opening, Opening::Open(profile, _) if profile.armed());
            let changed = matches!(
                opening,
                Opening::OtherPassword | Opening::Open(_, Slot::Second)
            );
            assert!(in_force || changed, "{at}: {opening:?}");
        }
    }
    let unopened = machine.vault().standing_unopened();
    assert!(matches!(unopened, Standing::Known(_)), "{at}");
    if !damaged {
        let learned = machine.learn(&key(1), 60);
        assert!(learned.is_ok(), "{at}: {learned:?}");
    }
}

fn assert_new(machine: &Machine) {
    let Standing::Known(state) = machine.vault().standing_unopened() else {
        panic!("unknown");
    };
    assert_eq!(
        (state.phase, state.counts),
        (Phase::None, Counts::default())
    );
    assert!(state.verdicts.is_empty() && state.throttle.refusals == 0);
    let learned = machine.learn(&key(4), 0).unwrap();
    assert_eq!((learned.samples, learned.phase), (1, Phase::Learning));
}

#[test]
fn a_reset_account_begins_anew() {
    for damaged in [false, true] {
        let machine = full(damaged);
        assert!(machine.vault().reset().unwrap());
        assert_eq!(machine.main.names(), ["1000.state"]);
        assert!(machine.run.names().is_empty());
        assert_new(&machine);
    }
}

#[test]
fn an_interrupted_reset_locks_nobody_out_and_is_completed_by_another() {
    for damaged in [false, true] {
        let mut interrupted = 0;
        for steps in 0..20 {
            let machine = full(damaged);
            machine.main.writes_left.set(Some(steps));
            let reset = machine.vault().reset();
            machine.main.writes_left.set(None);
            interrupted += u32::from(reset.is_err());
            if steps < 2 {
                // Nothing was written: as it was.
                assert_eq!(refusals(&machine), 6);
                continue;
            }
            let copy = machine.copy();
            assert_nobody_is_locked_out(&copy, damaged, &format!("step {steps}"));
            machine.vault().reset().unwrap();
            assert_new(&machine);
        }
        assert!((8..20).contains(&interrupted), "{interrupted}");
    }
}

#[test]
fn a_forgotten_account_leaves_no_file() {
    for damaged in [false, true] {
        for steps in 0..30 {
            let machine = full(damaged);
            let switch = Switch::new(&machine.main, &machine.run);
            switch.disable(Whom::User(UID)).unwrap();
            machine.main.write("1000.lock", b"", false).unwrap();
            machine.main.writes_left.set(Some(steps));
            let forgotten = machine.vault().forget();
            machine.main.writes_left.set(None);
            let locked_out = !switch.find(Whom::User(UID)).is_set();
            if forgotten.is_err() && steps >= 2 && locked_out {
                let copy = machine.copy();
                assert_nobody_is_locked_out(&copy, damaged, &format!("step {steps}"));
            }
            let rest = machine.vault().forget().unwrap();
            assert!(rest || forgotten.is_ok(), "{steps}");
            assert!(machine.main.names().is_empty(), "{steps}");
            assert!(machine.run.names().is_empty(), "{steps}");
            assert!(!machine.vault().forget().unwrap(), "nothing is left");
        }
    }
}

#[test]
fn a_first_save_that_was_cut_short_is_something_to_forget() {
    for name in ["1000.profile", "1000.second", "1000.state", "1000.disabled"] {
        for left in unfinished(name).iter().chain(&unfinished(&previous(name))) {
            let machine = Machine::new();
            machine.main.write(left, b"half", false).unwrap();
            assert_eq!(survey::account_of(left), Some(UID), "{left}");
            assert!(machine.vault().forget().unwrap(), "{left}");
            assert!(machine.main.names().is_empty(), "{left}");
        }
    }
}

#[test]
fn a_first_save_that_was_cut_short_is_something_to_reset() {
    for name in ["1000.profile", "1000.second", "1000.state"] {
        for left in unfinished(name).iter().chain(&unfinished(&previous(name))) {
            let machine = Machine::new();
            machine.main.write(left, b"half", false).unwrap();
            assert!(machine.vault().reset().unwrap(), "{left}");
            assert!(machine.main.names().is_empty(), "{left}");
            assert!(!machine.vault().reset().unwrap(), "{left}");
        }
    }
}

#[test]
fn what_was_not_learned_is_not_reset() {
    let machine = Machine::new();
    let half = ".1000.disabled.new";
    machine.main.write(half, b"", false).unwrap();
    machine.main.write("1000.disabled", b"", false).unwrap();
    assert!(!machine.vault().reset().unwrap());
    assert_eq!(machine.main.names(), [half, "1000.disabled"]);
}

#[test]
fn another_account_s_files_stay() {
    let machine = full(false);
    let other = Vault::new(100, &machine.main, &machine.run, Some(&machine.host));
    let before = machine.main.names();
    assert!(!other.reset().unwrap() && !other.forget().unwrap());
    assert_eq!(machine.main.names(), before);
}

#[test]
fn what_is_locked_is_left_as_it_is() {
    let locks: [fn(&Machine); 2] = [|m| m.main.busy.set(true), |m| m.run.busy.set(true)];
    for lock in locks {
        let machine = full(false);
        lock(&machine);
        let before = machine.main.names();
        for refused in [machine.vault().reset(), machine.vault().forget()] {
            assert!(matches!(refused, Err(FileError::Busy { .. })));
        }
        assert_eq!(machine.main.names(), before);
    }
}

/// A login that opened the profile before it was removed must not bring the armed state back.
#[test]
fn a_login_in_flight_does_not_arm_an_account_whose_profile_is_gone() {
    let machine = full(false);
    machine.vault().reset().unwrap();
    refuse(&machine).unwrap();
    assert_eq!(machine.phase(&key(1)), Some(Phase::None));
    let machine = full(false);
    machine.vault().forget().unwrap();
    refuse(&machine).unwrap();
    assert_eq!(machine.phase(&key(1)), Some(Phase::None));
}

#[test]
fn a_state_or_a_profile_alone_is_reset_too() {
    for left in ["1000.state", "1000.state.previous", "1000.profile"] {
        let machine = Machine::armed(&key(1));
        let others = machine.main.names().into_iter().filter(|name| name != left);
        others.for_each(|name| machine.main.delete(&name));
        assert!(machine.vault().reset().unwrap(), "{left}");
        assert_eq!(machine.phase(&key(1)), Some(Phase::None), "{left}");
    }
}
