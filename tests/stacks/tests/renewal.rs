//! Profiles that are sealed under less work than is asked for today: what a login makes of them. The
//! stand-in's `kdf` is what a later keydyn would ask for.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs;

use keydyn_core::store::header::KdfParams;
use pam_host::{Code, Conversation};
use stacks::{Login, Machine, PASSWORD, Typing};

const TODAY: KdfParams = KdfParams {
    memory: 24_576,
    passes: 3,
    lanes: 1,
};

/// A later keydyn on a machine of today's.
fn later(machine: Machine) -> Machine {
    machine.directive("kdf 24576 3").with("debug")
}

fn params(machine: &Machine) -> KdfParams {
    machine.derivation().1
}

fn derivations(login: &Login) -> usize {
    login.log.matches("deriving the key took").count()
}

fn says(login: &Login) -> bool {
    login.log.contains("sealed anew under today's parameters")
}

#[test]
fn a_login_that_learns_seals_anew_and_the_next_derives_once() {
    let mut machine = later(Machine::armed());
    let (salt, before) = machine.derivation();
    assert_eq!(before, KdfParams::CURRENT);
    let learned = machine.learned();
    let login = machine.log_in(&Typing::owner(200));
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(derivations(&login) == 2 && says(&login), "{login:?}");
    assert_eq!(machine.derivation(), (salt, TODAY));
    assert_eq!(machine.learned(), learned + 1);

    let login = machine.log_in(&Typing::owner(201));
    assert!(
        login.log.contains("state=armed outcome=accepted"),
        "{login:?}"
    );
    assert!(derivations(&login) == 1 && !says(&login), "{login:?}");
    assert_eq!(machine.learned(), learned + 2);
}

#[test]
fn whoever_is_refused_seals_nothing() {
    let mut machine = later(Machine::armed());
    for (typing, password) in [
        (Typing::stranger(3), PASSWORD),
        (Typing::trace("0 enter up"), PASSWORD),
        (Typing::owner(200), "wrong"),
    ] {
        let profile = fs::read(machine.account_file("profile")).expect("a profile");
        let login = machine.log_in_with(&typing, password);
        assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
        // A wrong password costs as much as a right one.
        assert!(derivations(&login) == 2 && !says(&login), "{login:?}");
        let now = fs::read(machine.account_file("profile")).expect("a profile");
        assert!(profile == now, "the file is as it was: {login:?}");
    }
}

#[test]
fn a_login_that_learns_nothing_seals_anew_too() {
    let mut machine = later(Machine::after(5));
    let learned = machine.learned();
    let login = machine.log_in(&Typing::trace("0 enter up"));
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("reason=no-press") && says(&login),
        "{login:?}"
    );
    assert_eq!(params(&machine), TODAY);
    assert_eq!(machine.learned(), learned);
    assert_eq!(derivations(&machine.log_in(&Typing::owner(30))), 1);
}

#[test]
fn a_typing_that_is_held_back_seals_anew_too() {
    let machine = Machine::armed();
    let only_just = |seed: u64| {
        // From the owner's rhythm on, until it is refused.
        let ways = (1..60).map(|percent| Typing::between(seed, percent));
        ways.map(|typing| (machine.copy().log_in(&typing), typing))
            .take_while(|(login, _)| login.code == Code::SUCCESS)
            .find(|(login, _)| login.log.contains("held-back"))
    };
    let found = (3000..3020).find_map(only_just);
    let (_, typing) = found.expect("somebody who passes only just");
    let mut machine = later(machine.copy());
    let learned = machine.learned();
    let login = machine.log_in(&typing);
    assert!(login.log.contains("held-back"), "{login:?}");
    assert!(derivations(&login) == 2 && says(&login), "{login:?}");
    assert_eq!((params(&machine), machine.learned()), (TODAY, learned));
}

/// Neither the second key nor the writing is begun when the time for the login is over.
#[test]
fn without_time_nothing_is_sealed_anew() {
    for (seconds, keys) in [(6, 1), (3, 2)] {
        let mut machine = later(Machine::after(5)).directive(&format!("slow {seconds}"));
        let learned = machine.learned();
        let login = machine.log_in(&Typing::owner(30));
        assert_eq!(login.code, Code::SUCCESS, "{seconds}: {login:?}");
        assert_eq!(derivations(&login), keys, "{seconds}: {login:?}");
        assert!(!says(&login), "{seconds}: {login:?}");
        let after = (params(&machine), machine.learned());
        assert_eq!(after, (KdfParams::CURRENT, learned), "{seconds}");
    }
}

#[test]
fn a_first_profile_is_sealed_as_it_is_to_be() {
    let mut machine = later(Machine::new());
    let login = machine.log_in(&Typing::owner(0));
    assert!(derivations(&login) == 1 && !says(&login), "{login:?}");
    assert_eq!(params(&machine), TODAY);
}

#[test]
fn a_full_disk_keeps_what_was_there() {
    let mut machine = later(Machine::armed());
    let learned = machine.learned();
    // A directory where the new file would be made stops root as well.
    let obstacle = format!(".{}.profile.new/x", machine.uid());
    let obstacle = machine.path("state").join(obstacle);
    fs::create_dir_all(&obstacle).expect("in the way");
    let login = machine.log_in(&Typing::owner(200));
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("not learned") && login.log.contains("not sealed anew"),
        "{login:?}"
    );
    assert_eq!(params(&machine), KdfParams::CURRENT);
    assert_eq!(machine.learned(), learned);
    fs::remove_dir_all(obstacle.parent().expect("a directory")).expect("out of the way");
    let login = machine.log_in(&Typing::owner(201));
    assert!(says(&login), "{login:?}");
    assert_eq!((params(&machine), machine.learned()), (TODAY, learned + 1));
}

/// Going back to a keydyn that asks for less lowers nothing.
#[test]
fn what_was_raised_is_not_lowered() {
    let mut machine = later(Machine::armed());
    let _ = machine.log_in(&Typing::owner(200));
    let mut earlier = machine.alias().directive("kdf 19456 2");
    earlier.wait(60);
    let login = earlier.log_in(&Typing::owner(201));
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
    assert!(derivations(&login) == 1 && !says(&login), "{login:?}");
    assert_eq!(params(&earlier), TODAY);
}

/// While a changed password is learned beside the old one, both keep what they share.
#[test]
fn a_changed_password_is_learned_first() {
    let mut machine = Machine::armed();
    machine.change_password("another");
    let login = machine.log_in(&Typing::owner(200));
    assert!(login.log.contains("learned"), "{login:?}");
    let mut machine = later(machine);
    for password in ["another", PASSWORD] {
        machine.change_password(password);
        machine.wait(60);
        let login = machine.log_in(&Typing::owner(201));
        assert_eq!(login.code, Code::SUCCESS, "{login:?}");
        assert!(derivations(&login) == 1 && !says(&login), "{login:?}");
        assert_eq!(params(&machine), KdfParams::CURRENT);
    }
}

/// Between `capture` and `verify` of one login another one renews the profile.
#[test]
fn two_logins_at_the_same_moment_do_not_lock_each_other_out() {
    let machine = later(Machine::armed());
    let lines = [
        "auth  requisite  MODULE capture REPLAY",
        "auth  [success=1 default=ignore]  PASSWORD",
        "auth  requisite  pam_deny.so",
        "auth  required  pam_permit.so",
        "auth  optional  pam_echo.so meanwhile",
        "auth  requisite  MODULE verify REPLAY",
    ];
    let stack = machine.lines(&Typing::owner(200), &lines);
    let mut other = machine.beside("other");
    let conversation = Conversation::answers([PASSWORD]).when_told("meanwhile", move |_| {
        let login = other.log_in(&Typing::owner(201));
        assert!(says(&login), "{login:?}");
    });
    let learned = machine.learned();
    let login = machine.alias().run(&stack, conversation);
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("outcome=accepted") && !login.log.contains("not learned"),
        "{login:?}"
    );
    assert_eq!((params(&machine), machine.learned()), (TODAY, learned + 2));
}

#[test]
fn parameters_out_of_bounds_are_refused_before_any_work() {
    for (at, bytes) in [(12, u32::MAX), (12, 1024), (16, 1), (16, 1000), (20, 2)] {
        let mut machine = later(Machine::armed());
        for kind in ["profile", "profile.previous"] {
            let path = machine.account_file(kind);
            let mut file = fs::read(&path).expect("there");
            file[at..at + 4].copy_from_slice(&bytes.to_le_bytes());
            stamp(&mut file);
            fs::write(&path, file).expect("changed");
        }
        let login = machine.log_in(&Typing::owner(200));
        assert_eq!(login.code, Code::AUTH_ERR, "{at} {bytes}: {login:?}");
        // Under what a first profile would have: nothing of the file is gone by.
        assert!(
            derivations(&login) == 1 && !says(&login),
            "{at} {bytes}: {login:?}"
        );
        assert!(
            login.log.contains("out of bounds"),
            "{at} {bytes}: {login:?}"
        );
    }
}

/// The checksum over the file as it is now.
fn stamp(file: &mut [u8]) {
    use blake2::digest::Digest as _;
    type Sum = blake2::Blake2b<blake2::digest::consts::U32>;
    let checksum = 88..120;
    file[checksum.clone()].fill(0);
    let sum = Sum::digest(&*file);
    file[checksum].copy_from_slice(&sum);
}
