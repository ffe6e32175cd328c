use super::super::tests::kit::{DERIVATION, Machine, key, opened};
use super::*;
use crate::digraph::Sample;
use crate::store::enrolment::Taken;
use crate::store::enrolment::tests::{RULES, wild};
use crate::store::profile::tests::typing;
use crate::store::state::{AccountState, Verdict};
use crate::store::vault::Standing;
use crate::time::Timestamp;

const NONCE: [u8; 24] = [8; 24];
const NOW: u64 = 100_500;

fn begin(machine: &Machine, n: u8) -> (EnrolmentSession, Ground) {
    let vault = machine.vault();
    vault
        .begin_enrolment(Keys::only(&key(n), DERIVATION), RULES)
        .unwrap()
}

fn take(session: &mut EnrolmentSession, sample: &Sample) -> Taken {
    session.take(sample, Timestamp(NOW), 0).unwrap()
}

/// An enrolment under the password `n`, of so many calm typings of this text.
fn typed(machine: &Machine, n: u8, text: u16, count: u32) -> Enrolled {
    let (mut session, _) = begin(machine, n);
    let before = session.learned_before();
    for seed in before..before + count {
        take(&mut session, &typing(text, 8, 200 + seed));
    }
    session.into_enrolled().unwrap()
}

fn save(machine: &Machine, n: u8, enrolled: &Enrolled) -> Result<Learned, LearnError> {
    machine
        .vault()
        .enrol(Keys::only(&key(n), DERIVATION), enrolled, NONCE)
}

fn state(machine: &Machine, n: u8) -> AccountState {
    match machine.vault().standing(&machine.vault().open(&key(n))) {
        Standing::Known(state) => state,
        Standing::Unknown => panic!("unknown"),
    }
}

#[test]
fn an_enrolment_arms_in_one_sitting_and_one_save() {
    let machine = Machine::new();
    let (_, ground) = begin(&machine, 1);
    assert_eq!(ground, Ground::Own);
    let enrolled = typed(&machine, 1, 16, 23);
    assert!(
        machine.main.names().is_empty(),
        "nothing before it is whole"
    );
    let learned = save(&machine, 1, &enrolled).unwrap();
    assert_eq!((learned.samples, learned.phase), (23, Phase::Armed));
    // The state of before says that the account was about to be armed.
    let files = ["1000.profile", "1000.state", "1000.state.previous"];
    assert_eq!(machine.main.names(), files);
    let state = state(&machine, 1);
    assert_eq!((state.generation, state.counts.learned), (2, 23));
}

#[test]
fn an_unfinished_one_is_kept_as_learning() {
    let machine = Machine::new();
    let learned = save(&machine, 1, &typed(&machine, 1, 16, 22)).unwrap();
    assert_eq!((learned.samples, learned.phase), (22, Phase::Learning));
    let (session, _) = begin(&machine, 1);
    assert_eq!(session.learned_before(), 22);
}

#[test]
fn what_logins_learned_meanwhile_is_kept() {
    let machine = Machine::new();
    let enrolled = typed(&machine, 1, 16, 23);
    for i in 0..4 {
        machine.learn(&key(1), i).unwrap();
    }
    let learned = save(&machine, 1, &enrolled).unwrap();
    assert_eq!((learned.samples, learned.phase), (27, Phase::Armed));
    assert_eq!(state(&machine, 1).counts.learned, 27);
}

#[test]
fn verdicts_and_throttle_stay_as_they_are() {
    let machine = Machine::armed(&key(1));
    let seen = state(&machine, 1);
    for _ in 0..5 {
        let note = |state: &mut AccountState| state.note(Timestamp(10), Verdict::Refused);
        machine.vault().decide(&seen, note).unwrap();
    }
    let before = state(&machine, 1);
    let enrolled = typed(&machine, 1, 16, 3);
    save(&machine, 1, &enrolled).unwrap();
    let after = state(&machine, 1);
    assert_eq!(after.verdicts, before.verdicts);
    assert_eq!(after.throttle, before.throttle);
    assert_eq!(after.counts.refused, 5);
    assert_eq!(after.counts.learned, before.counts.learned + 3);
    assert_eq!(after.distrusted, None);
}

#[test]
fn over_an_armed_profile_the_first_typing_must_be_its_owner_s() {
    let machine = Machine::new();
    // Begun while nothing was in force, by somebody else than whoever logs in meanwhile.
    let (mut session, _) = begin(&machine, 1);
    for seed in 0..23 {
        take(&mut session, &wild(16, 8, seed));
    }
    assert!(session.finished());
    let enrolled = session.into_enrolled().unwrap();
    for i in 0..25 {
        machine.learn(&key(1), i).unwrap();
    }
    let before = opened(&machine, &key(1)).0;
    assert!(matches!(
        save(&machine, 1, &enrolled),
        Err(LearnError::NotTrusted)
    ));
    assert_eq!(opened(&machine, &key(1)).0, before);
}

#[test]
fn another_password_s_profile_is_replaced_when_the_new_one_is_complete() {
    let machine = Machine::armed(&key(1));
    let (_, ground) = begin(&machine, 2);
    assert_eq!(ground, Ground::OtherPassword { armed: true });
    let unfinished = save(&machine, 2, &typed(&machine, 2, 40, 10)).unwrap();
    assert!(!unfinished.promoted);
    assert_eq!(opened(&machine, &key(1)).1, Slot::First, "stays in force");
    assert_eq!(opened(&machine, &key(2)).1, Slot::Second);

    let (session, _) = begin(&machine, 2);
    assert_eq!(session.learned_before(), 10);
    let learned = save(&machine, 2, &typed(&machine, 2, 40, 13)).unwrap();
    assert!(learned.promoted);
    assert_eq!((learned.samples, learned.phase), (23, Phase::Armed));
    assert_eq!(opened(&machine, &key(2)).1, Slot::First);
    assert_eq!(
        machine.main.names(),
        ["1000.profile", "1000.state", "1000.state.previous"]
    );
}

#[test]
fn wherever_the_power_goes_the_files_are_those_before_or_those_after() {
    for writes in 0..8 {
        let machine = Machine::armed(&key(1));
        let (before, counts) = (opened(&machine, &key(1)).0, state(&machine, 1).counts);
        let enrolled = typed(&machine, 1, 16, 5);
        machine.main.writes_left.set(Some(writes));
        machine.run.writes_left.set(Some(0));
        let saved = save(&machine, 1, &enrolled);
        machine.main.writes_left.set(None);
        let after = opened(&machine, &key(1)).0;
        assert_eq!(state(&machine, 1).phase, Phase::Armed);
        match after.learned() {
            25 => assert_eq!((after, state(&machine, 1).counts), (before, counts)),
            30 => {}
            half => panic!("{half} typings after {writes} writes"),
        }
        assert!(saved.is_ok() == (writes >= 4), "{writes}: {saved:?}");
    }
}

#[test]
fn a_lock_that_is_kept_and_a_profile_made_anew_lose_nothing() {
    let machine = Machine::new();
    let enrolled = typed(&machine, 1, 16, 23);
    machine.main.busy.set(true);
    assert!(matches!(
        save(&machine, 1, &enrolled),
        Err(LearnError::File(_))
    ));
    machine.main.busy.set(false);
    save(&machine, 1, &enrolled).unwrap();
    let other_salt = ([2; 16], DERIVATION.1);
    let again = machine
        .vault()
        .enrol(Keys::only(&key(1), other_salt), &enrolled, NONCE);
    assert!(matches!(again, Err(LearnError::Replaced)));
}
