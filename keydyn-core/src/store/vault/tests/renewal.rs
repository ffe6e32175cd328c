//! Profiles that are sealed under outdated parameters.

use super::kit::{DERIVATION, Machine, UID, key, opened};
use crate::store::header::{KdfParams, Salt, stamp};
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
    machine.vault().learn_with(keys, &lesson, [9; 24])
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
