//! Faults that only a stand-in for a directory can bring about at the right moment.

use super::*;

fn refuse(at: u64) -> impl Fn(&mut AccountState) {
    move |state| state.note(Timestamp(at), Verdict::Refused)
}

/// One holds the lock and has read the state; another finds the lock kept and goes on in /run.
#[test]
fn a_verdict_beside_a_kept_lock_does_not_undo_the_keeper_s() {
    let machine = Machine::armed(&key(1));
    let seen = AccountState::default();
    let mut beside = None;
    let kept = machine.vault().decide(&seen, |state| {
        machine.main.busy.set(true);
        machine.run.busy.set(machine.run.held.get());
        beside = Some(machine.vault().decide(&seen, refuse(7)).is_ok());
        machine.run.busy.set(false);
        machine.main.busy.set(false);
        refuse(7)(state);
    });
    assert!(kept.is_ok());
    let told = 1 + u32::from(beside == Some(true));
    assert_eq!(refusals(&machine), told, "every verdict that was told");
}

#[test]
fn a_lost_state_does_not_end_a_cool_down() {
    for lose in [
        (|machine: &Machine| machine.main.delete("1000.state")) as fn(&Machine),
        |machine| machine.main.change("1000.state", |file| file[20] ^= 1),
        |machine| machine.main.change("1000.state", Vec::clear),
    ] {
        let machine = Machine::armed(&key(1));
        for _ in 0..6 {
            let decided = machine
                .vault()
                .decide(&AccountState::default(), refuse(200_000));
            decided.unwrap();
        }
        lose(&machine);
        let vault = machine.vault();
        let Standing::Known(state) = vault.standing(&vault.open(&key(1))) else {
            panic!("the sealed copy is there");
        };
        assert_eq!(state.phase, Phase::Armed, "by the sealed copy");
        assert_eq!(state.throttle.refusals, 5, "by the generation before");
        assert!(state.throttle.cooling_down(Timestamp(200_001)).is_some());
        assert!(
            matches!(vault.standing(&vault.open(&key(2))), Standing::Unknown),
            "the generation before alone tells nobody's phase"
        );
    }
}

/// The disk was full once, and is not any more; then the state is lost.
#[test]
fn what_was_left_in_run_does_not_stand_in_for_what_came_after_it() {
    let lose: [fn(&Machine); 2] = [
        |machine| machine.main.change("1000.state", |file| file[20] ^= 1),
        |machine| machine.main.delete("1000.state"),
    ];
    for lose in lose {
        let machine = Machine::new();
        for i in 0..5 {
            machine.learn(&key(1), i).unwrap();
        }
        let vault = machine.vault();
        machine.main.busy.set(true);
        vault.decide(&AccountState::default(), |_| ()).unwrap();
        machine.main.busy.set(false);
        assert_eq!(machine.run.names(), ["1000.state"], "still learning");
        for i in 5..25 {
            machine.learn(&key(1), i).unwrap();
        }
        for _ in 0..6 {
            let seen = AccountState::default();
            vault.decide(&seen, refuse(200_000)).unwrap();
        }
        lose(&machine);
        let standing = || match vault.standing(&vault.open(&key(1))) {
            Standing::Known(state) => state,
            Standing::Unknown => panic!("the sealed copy is there"),
        };
        let state = standing();
        assert_eq!((state.phase, state.throttle.refusals), (Phase::Armed, 5));
        vault.decide(&state, refuse(200_000)).unwrap();
        assert_eq!(standing().throttle.refusals, 6, "and it is gone on from");
    }
}

#[test]
fn what_was_left_in_run_disarms_nobody() {
    let machine = Machine::new();
    machine.learn(&key(1), 0).unwrap();
    machine.main.busy.set(true);
    let vault = machine.vault();
    vault.decide(&AccountState::default(), |_| ()).unwrap();
    machine.main.busy.set(false);
    for i in 1..25 {
        machine.learn(&key(1), i).unwrap();
    }
    machine.main.change("1000.state", |file| file[20] ^= 1);
    assert_eq!(machine.phase(&key(2)), None);
    assert!(matches!(vault.standing_unopened(), Standing::Unknown));
}

#[test]
fn an_older_generation_of_the_state_does_not_undo_what_was_learned_since() {
    let machine = Machine::armed(&key(1));
    machine
        .vault()
        .decide(&AccountState::default(), refuse(7))
        .unwrap();
    machine.learn(&key(1), 30).unwrap();
    let learned = profile_state(&machine);
    // The copy is of the generation before the one that was written after it.
    assert_eq!(learned.counts.learned, 26);
    machine.main.delete("1000.state");
    let vault = machine.vault();
    let Standing::Known(state) = vault.standing(&vault.open(&key(1))) else {
        panic!("the sealed copy is there");
    };
    assert_eq!((state.counts, state.distrusted), (learned.counts, None));
}

#[test]
fn counts_at_their_end_stay_there() {
    let mut state = AccountState::default();
    state.counts.accepted = u64::MAX;
    state.counts.refused = u64::MAX;
    state.counts.unusable = u64::MAX;
    let before = state.counts;
    for verdict in [Verdict::Accepted, Verdict::Refused, Verdict::CoolingDown] {
        state.note(Timestamp(1), verdict);
    }
    assert_eq!(state.counts, before);
}

/// A seal broken behind a checksum that is right: only the key tells.
#[test]
fn what_is_damaged_behind_its_header_does_not_push_out_the_generation_before() {
    let machine = Machine::armed(&key(1));
    let other = Machine::armed(&key(1));
    let mut of_another_user = None;
    for i in 30..32 {
        let vault = Vault::new(UID + 1, &other.main, &other.run, Some(&other.host));
        let sample = typing(16, 8, i);
        let learned = vault.learn(&key(1), DERIVATION, &lesson(&sample, 0), [9; 24]);
        learned.unwrap();
        of_another_user = other.main.read("1001.profile", FILE_LEN).unwrap();
    }
    let (foreign, good) = (
        of_another_user.unwrap(),
        machine
            .main
            .read("1000.profile.previous", FILE_LEN)
            .unwrap(),
    );
    machine.main.write("1000.profile", &foreign, false).unwrap();
    machine.learn(&key(1), 30).unwrap();
    let kept = machine
        .main
        .read("1000.profile.previous", FILE_LEN)
        .unwrap();
    assert!(kept == good);
    assert_eq!(opened(&machine, &key(1)).0.learned(), 25);
}

/// No descriptor at that moment, a disk that stutters: the file may be whole, and what it has is
/// newer than what can be read.
#[test]
fn what_cannot_be_read_at_the_moment_is_judged_by_the_generation_before_and_not_written_over() {
    let machine = Machine::armed(&key(1));
    let learned = opened(&machine, &key(1)).0.learned();
    for name in ["1000.profile", "1000.state"] {
        machine.main.unreadable.replace(Some(name.into()));
        assert!(opened(&machine, &key(1)).0.armed(), "{name}");
        let error = machine.learn(&key(1), 30).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        machine.main.unreadable.replace(None);
        assert_eq!(opened(&machine, &key(1)).0.learned(), learned, "{name}");
    }
    machine.learn(&key(1), 30).unwrap();
    assert_eq!(opened(&machine, &key(1)).0.learned(), learned + 1);
}
