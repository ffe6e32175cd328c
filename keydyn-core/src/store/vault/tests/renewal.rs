//! Profiles that are sealed under outdated parameters.

use super::kit::{DERIVATION, Machine, UID, key, opened};
use crate::policy::Strictness;
use crate::store::enrolment::EnrolmentRules;
use crate::store::header::{Header, KdfParams, Salt, stamp};
use crate::store::profile::Sitting;
use crate::store::profile::tests::{lesson, typing};
use crate::store::seal::SealKey;
use crate::store::state::Phase;
use crate::store::vault::keys::{Derivation, Keys};
use crate::store::vault::{LearnError, Learned, Opening, Slot};

const TODAY: KdfParams = KdfParams {
    memory: 40_000,
    passes: 3,
    lanes: 1,
};
const SALT: Salt = DERIVATION.0;
const RENEWED: Derivation = (SALT, TODAY);

/// The first is the password's key under the parameters of old, the second under today's.
fn keys<'a>(old: &'a SealKey, new: &'a SealKey) -> Keys<'a> {
    Keys {
        found: (old, DERIVATION),
        renewed: Some((new, RENEWED)),
    }
}

fn name() -> String {
    format!("{UID}.profile")
}

fn learn(machine: &Machine, keys: Keys<'_>, i: u32) -> Result<Learned, LearnError> {
    let sample = typing(16, 8, i);
    let lesson = lesson(&sample, 100_100 + u64::from(i));
    machine.vault().learn_with(keys, || lesson, [9; 24])
}

#[test]
fn what_is_learned_is_sealed_under_todays_parameters() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    let before = opened(&machine, &old).0.learned();
    assert_eq!(machine.vault().renewal(DERIVATION, TODAY), Some(RENEWED));
    let learned = learn(&machine, keys(&old, &new), 30).unwrap();
    assert!(learned.renewed);
    assert_eq!(machine.vault().derivation(), Some(RENEWED));
    assert_eq!(opened(&machine, &new).0.learned(), before + 1);
    assert_eq!(machine.vault().renewal(RENEWED, TODAY), None, "once");

    // Whoever typed before that, and comes after it, has both keys.
    let learned = learn(&machine, keys(&old, &new), 31).unwrap();
    assert_eq!((learned.samples, learned.renewed), (before + 2, false));
    assert_eq!(machine.vault().derivation(), Some(RENEWED));
}

#[test]
fn the_generation_before_opens_under_its_own_parameters() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    let before = opened(&machine, &old).0.learned();
    learn(&machine, keys(&old, &new), 30).unwrap();
    machine.main.change(&name(), |file| file[500] ^= 1);
    // The header of what is damaged says nothing; the next one does.
    assert_eq!(machine.vault().derivation(), Some(DERIVATION));
    assert_eq!(opened(&machine, &old).0.learned(), before);
    assert!(learn(&machine, keys(&old, &new), 30).unwrap().renewed);
    assert_eq!(opened(&machine, &new).0.learned(), before + 1);
}

#[test]
fn a_login_that_learns_nothing_seals_what_is_there() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    let before = opened(&machine, &old).0;
    assert!(machine.vault().renew(keys(&old, &new), [9; 24]).unwrap());
    let after = opened(&machine, &new).0;
    assert_eq!(after.sequences(), before.sequences());
    assert_eq!(machine.phase(&new), Some(Phase::Armed));
    assert!(
        !machine.vault().renew(keys(&old, &new), [9; 24]).unwrap(),
        "once"
    );
}

#[test]
fn nothing_is_renewed_that_this_password_has_not_sealed() {
    let machine = Machine::armed(&key(1));
    let files = machine.main.files.borrow().clone();
    let other = machine.vault().renew(keys(&key(2), &key(12)), [9; 24]);
    assert!(!other.unwrap(), "another password");
    assert_eq!(*machine.main.files.borrow(), files);

    let empty = Machine::new();
    let none = empty.vault().renew(keys(&key(1), &key(11)), [9; 24]);
    assert!(!none.unwrap(), "no profile");
    assert!(empty.main.files.borrow().is_empty());
}

#[test]
fn while_a_changed_password_is_learned_both_slots_keep_their_parameters() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    learn(&machine, keys(&key(2), &key(12)), 0).unwrap();
    assert_eq!(machine.vault().renewal(DERIVATION, TODAY), None);
    // A login that had its keys before there was a second slot.
    assert!(!learn(&machine, keys(&old, &new), 30).unwrap().renewed);
    assert!(!machine.vault().renew(keys(&old, &new), [9; 24]).unwrap());
    assert_eq!(machine.vault().derivation(), Some(DERIVATION));
    assert!(matches!(
        machine.vault().open(&key(2)),
        Opening::Open(_, Slot::Second)
    ));
}

/// One login had no memory for its second key, or is of an earlier keydyn, and another one renewed:
/// its key fits nothing any more, and opens no slot for a changed password.
#[test]
fn whoever_has_no_key_for_what_is_there_now_writes_nothing() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    let sittings = opened(&machine, &old).0.sittings();
    learn(&machine, keys(&old, &new), 30).unwrap();
    let files = machine.main.files.borrow().clone();
    let late = Keys::only(&old, DERIVATION);
    assert!(matches!(
        learn(&machine, late, 31),
        Err(LearnError::Replaced)
    ));
    let rules = (Strictness::Normal, 20);
    let undone = machine.vault().undo(late, &sittings, rules, [8; 24]);
    assert!(matches!(undone, Err(LearnError::Replaced)));
    let rules = EnrolmentRules {
        strictness: Strictness::Normal,
        typings: 20,
        further: 2,
        most: 30,
    };
    let begun = machine.vault().begin_enrolment(late, rules);
    assert!(matches!(begun, Err(LearnError::Replaced)));
    assert!(!machine.vault().renew(late, [9; 24]).unwrap());
    assert_eq!(*machine.main.files.borrow(), files);
}

/// The generation before stays cheap to guess against until the next save, and no longer.
#[test]
fn two_logins_later_nothing_is_sealed_under_the_parameters_of_old() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    for i in 30..32 {
        learn(&machine, keys(&old, &new), i).unwrap();
    }
    for (name, file) in &*machine.main.files.borrow() {
        if name.contains("profile") {
            assert_eq!(Header::parse(file).unwrap().kdf, TODAY, "{name}");
        }
    }
}

#[test]
fn an_undo_seals_anew_as_learning_does() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    learn(&machine, Keys::only(&old, DERIVATION), 30).unwrap();
    let before = opened(&machine, &old).0;
    let newest = &before.sittings()[..1];
    let rules = (Strictness::Normal, 20);
    let undo = |sittings: &[Sitting]| {
        let keys = keys(&old, &new);
        machine.vault().undo(keys, sittings, rules, [8; 24])
    };
    undo(newest).unwrap();
    assert_eq!(machine.vault().derivation(), Some(RENEWED));
    assert!(opened(&machine, &new).0.learned() < before.learned());
    assert_eq!(machine.phase(&new), Some(Phase::Armed));
    // Again with keys of before: it finds what is there now.
    assert!(matches!(
        undo(newest),
        Err(LearnError::Changed | LearnError::TooFar(_))
    ));
}

/// Damage is no reason to keep out who has changed the password: the key was derived for the
/// generation before, whose key check is then right that it is another's.
#[test]
fn damage_does_not_take_a_changed_password_away() {
    for damage in [
        (|file: &mut Vec<u8>| file[500] ^= 1) as fn(&mut Vec<u8>),
        |file| file.truncate(3),
    ] {
        let machine = Machine::armed(&key(1));
        machine.main.change(&name(), damage);
        let opening = machine.vault().open(&key(2));
        assert!(matches!(opening, Opening::OtherPassword), "{opening:?}");
        assert_eq!(
            learn(&machine, Keys::only(&key(2), DERIVATION), 0)
                .unwrap()
                .samples,
            1
        );
    }
}

/// What a later generation has damaged is told as damage, not as a changed password, which would let
/// in whoever knows the password.
#[test]
fn a_broken_seal_before_a_generation_under_other_parameters_is_damage() {
    let (old, new) = (key(1), key(11));
    let machine = Machine::armed(&old);
    learn(&machine, keys(&old, &new), 30).unwrap();
    machine.main.change(&name(), |file| {
        file[5_000] ^= 1;
        stamp(file);
    });
    assert!(matches!(machine.vault().open(&new), Opening::Damaged(_)));
}

/// A disk that is full from any step on, and a login that learns or does not: the profile opens under
/// what its header says, with all that it had learned, and the next login has its way.
#[test]
fn an_interrupted_renewal_loses_nothing() {
    let (old, new) = (key(1), key(11));
    for (steps, learns) in (0..8).flat_map(|steps| [(steps, true), (steps, false)]) {
        let machine = Machine::armed(&old);
        let before = opened(&machine, &old).0.learned();
        machine.main.writes_left.set(Some(steps));
        let done = match learns {
            true => learn(&machine, keys(&old, &new), 30).is_ok(),
            false => machine.vault().renew(keys(&old, &new), [9; 24]).is_ok(),
        };
        let acknowledged = u32::from(learns && done);
        machine.main.writes_left.set(None);
        let fitting = keys(&old, &new).fitting(machine.vault().derivation());
        let learned = opened(&machine, fitting.found.0).0.learned() - before;
        assert!(
            (acknowledged..=u32::from(learns)).contains(&learned),
            "{steps}"
        );
        assert_eq!(machine.phase(fitting.found.0), Some(Phase::Armed));
        learn(&machine, keys(&old, &new), 31).unwrap();
        assert_eq!(machine.vault().derivation(), Some(RENEWED), "{steps}");
    }
}
