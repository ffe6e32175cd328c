//! Faults of files and directories: damaged, lost, foreign, not to be trusted, not to be written.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use pam_host::{ChildEnd, Code, in_a_child};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{Machine, Typing};

fn owner() -> Typing {
    Typing::owner(200)
}

fn uid() -> u32 {
    65534
}

/// What can be done to a file, with its name.
type Damage = (&'static str, fn(&[u8]) -> Vec<u8>);

const DAMAGES: [Damage; 8] = [
    ("truncated", |file| file[..file.len() / 2].to_vec()),
    ("empty", |_| Vec::new()),
    ("a bit flipped", |file| flip(file, file.len() / 2)),
    ("foreign", |file| vec![0x55; file.len()]),
    ("oversized", |file| [file, file].concat()),
    ("of a future version", |file| {
        let mut file = file.to_vec();
        file[8] = 9;
        file
    }),
    ("key derivation out of bounds", |file| flip(file, 15)),
    ("key check flipped", |file| flip(file, 75)),
];

fn flip(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= 0x40;
    file
}

fn damage(machine: &Machine, names: &[&str], (_, change): Damage) {
    for name in names {
        let path = machine.path("state").join(name);
        let file = fs::read(&path).expect("the file is there");
        fs::write(&path, change(&file)).expect("it is changed");
    }
}

#[test]
fn a_damaged_profile_falls_back_and_then_refuses() {
    let uid = uid();
    let (profile, before) = (format!("{uid}.profile"), format!("{uid}.profile.previous"));
    for kind in DAMAGES {
        let one = |state: fn() -> Machine| {
            let machine = state();
            damage(&machine, &[&profile], kind);
            machine
        };
        let both = |state: fn() -> Machine| {
            let machine = state();
            damage(&machine, &[&profile, &before], kind);
            machine
        };
        assert_eq!(
            one(Machine::armed).verify(&owner()),
            Success,
            "{}: one",
            kind.0
        );
        assert_eq!(
            one(Machine::armed).verify(&Typing::stranger(1)),
            AuthErr,
            "{}",
            kind.0
        );
        assert_eq!(
            both(Machine::armed).verify(&owner()),
            AuthErr,
            "{}: both",
            kind.0
        );
        assert_eq!(
            both(|| Machine::after(5)).verify(&owner()),
            Ignore,
            "{}: learning",
            kind.0
        );
        let login = both(Machine::armed).log_in(&owner());
        assert!(
            login.log.contains(&profile),
            "{}: the log names the file: {login:?}",
            kind.0
        );
        assert!(
            !login.log.contains("learned"),
            "{}: nothing is overwritten",
            kind.0
        );
    }
}

#[test]
fn a_profile_that_is_gone_is_no_way_in() {
    let machine = Machine::armed();
    for name in [".profile", ".profile.previous"] {
        fs::remove_file(machine.path("state").join(format!("{}{name}", uid()))).expect("removed");
    }
    assert_eq!(machine.copy().verify(&owner()), AuthErr);
    assert_eq!(machine.copy().verify(&Typing::stranger(1)), AuthErr);
}

#[test]
fn a_lost_state_comes_from_the_sealed_copy_and_without_it_nobody_passes() {
    let uid = uid();
    let state = format!("{uid}.state");
    for kind in DAMAGES {
        let damaged = || {
            let machine = Machine::armed();
            damage(&machine, &[&state], kind);
            machine
        };
        assert_eq!(damaged().verify(&owner()), Success, "{}", kind.0);
        assert_eq!(
            damaged().verify(&Typing::stranger(1)),
            AuthErr,
            "{}",
            kind.0
        );
        let mut other = damaged();
        other.change_password("another");
        assert_eq!(
            other.verify(&owner()),
            AuthErr,
            "{}: no copy under this password",
            kind.0
        );
    }
    let missing = || {
        let machine = Machine::armed();
        fs::remove_file(machine.path("state").join(&state)).expect("removed");
        machine
    };
    assert_eq!(missing().verify(&owner()), Success);
    assert_eq!(missing().verify(&Typing::stranger(1)), AuthErr);
    let mut other = missing();
    other.change_password("another");
    assert_eq!(other.verify(&owner()), AuthErr);
    // Neither file is there: an account like any new one.
    let mut neither = Machine::armed();
    fs::remove_dir_all(neither.path("state")).expect("removed");
    assert_eq!(neither.verify(&Typing::stranger(1)), Ignore);
}

#[test]
fn a_state_of_a_later_keydyn_is_judged_beside_and_left_as_it_is() {
    let mut machine = Machine::armed();
    let state = machine.account_file("state");
    let mut later = fs::read(&state).expect("there");
    later[8] = 2;
    // It may be longer, too.
    later.resize(5000, 7);
    fs::write(&state, &later).expect("changed");
    let login = machine.log_in(&owner());
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
    for text in ["65534.state", "upgrade keydyn", "not learned"] {
        assert!(login.log.contains(text), "{text}: {login:?}");
    }
    for i in 0..5 {
        let login = machine.log_in(&Typing::stranger(i));
        assert!(login.log.contains("outcome=refused"), "{login:?}");
    }
    // The throttle counts beside it.
    let login = machine.log_in(&owner());
    assert!(login.log.contains("state=cooling-down"), "{login:?}");
    assert!(fs::read(&state).expect("there") == later);
}

#[test]
fn a_lost_host_key_does_not_disarm() {
    let machine = Machine::armed();
    fs::remove_file(machine.path("state/host.key")).expect("removed");
    let assert_judged = |machine: &Machine| {
        assert_eq!(machine.copy().verify(&Typing::stranger(1)), AuthErr);
        let copy = machine.copy().verify(&owner());
        assert_eq!(copy, Success, "the sealed copy knows, a new key is made");
    };
    assert_judged(&machine);
    for damage in [&[0; 32][..], b"", b"short", &[7; 100]] {
        let key = machine.path("state/host.key");
        fs::write(&key, damage).expect("damaged");
        // Whatever the umask of whoever runs this.
        fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("closed");
        assert_judged(&machine);
    }
}

#[test]
fn a_directory_that_cannot_be_trusted_is_no_way_in() {
    type Change = fn(&Machine);
    let changes: [(&str, Change); 4] = [
        ("in a place where others can write", |machine| {
            fs::set_permissions(machine.path(""), Permissions::from_mode(0o777)).expect("changed");
        }),
        ("a link", |machine| {
            fs::rename(machine.path("state"), machine.path("moved")).expect("moved");
            symlink(machine.path("moved"), machine.path("state")).expect("linked");
        }),
        ("a file", |machine| {
            fs::remove_dir_all(machine.path("state")).expect("removed");
            fs::write(machine.path("state"), b"").expect("written");
        }),
        ("a profile and state that are links", |machine| {
            for name in [".profile", ".profile.previous", ".state"] {
                let path = machine.path("state").join(format!("{}{name}", uid()));
                let moved = path.with_extension("moved");
                fs::rename(&path, &moved).expect("moved");
                symlink(&moved, &path).expect("linked");
            }
        }),
    ];
    for (name, change) in changes {
        for typing in [owner(), Typing::stranger(1)] {
            let mut machine = Machine::armed();
            change(&machine);
            assert_eq!(machine.verify(&typing), AuthErr, "{name}");
            assert!(
                machine
                    .log()
                    .contains(name.split(' ').next().unwrap_or(name))
                    || machine.log().contains("is a link or no directory")
                    || machine.log().contains("can be written by others"),
                "{name}: {}",
                machine.log()
            );
        }
    }
}

/// An open directory behind a closed one nobody could make use of.
#[test]
fn a_directory_that_is_open_behind_a_closed_one_is_closed_again_and_judges() {
    for typing in [owner(), Typing::stranger(1)] {
        let mut machine = Machine::armed();
        let state = machine.path("state");
        fs::set_permissions(&state, Permissions::from_mode(0o777)).expect("changed");
        let expected = if typing == owner() { Success } else { AuthErr };
        assert_eq!(machine.verify(&typing), expected);
        let mode = fs::metadata(&state).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

/// Runs as somebody whom permissions bind: root takes on the uid of `nobody` in a child.
fn as_an_ordinary_user(machine: &Machine, check: impl FnOnce(&Machine) -> bool) {
    let root = uid_of_this_process() == 0;
    if root {
        for entry in walk(machine) {
            std::os::unix::fs::chown(entry, Some(65534), Some(65534)).expect("given away");
        }
    }
    let end = in_a_child(|| {
        if root {
            // SAFETY: changes this child process only.
            assert_eq!(unsafe { libc::setgid(65534) }, 0);
            // SAFETY: changes this child process only.
            assert_eq!(unsafe { libc::setuid(65534) }, 0);
        }
        if check(machine) {
            Code::SUCCESS
        } else {
            Code::ABORT
        }
    });
    let state = machine.path("state");
    let _ = fs::set_permissions(&state, Permissions::from_mode(0o700));
    assert!(matches!(end, Ok(ChildEnd::Code(Code::SUCCESS))), "{end:?}");
}

fn walk(machine: &Machine) -> Vec<std::path::PathBuf> {
    let mut found = ["", "state", "run", "run/65534.lock"]
        .map(|name| machine.path(name))
        .to_vec();
    found.retain(|path| path.exists());
    found.extend(
        machine
            .files()
            .iter()
            .map(|name| machine.path("state").join(name)),
    );
    found
}

fn uid_of_this_process() -> u32 {
    // SAFETY: cannot fail.
    unsafe { libc::geteuid() }
}

#[test]
fn an_unreadable_directory_is_no_way_in() {
    let machine = Machine::armed();
    as_an_ordinary_user(&machine, |machine| {
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o000)).expect("closed");
        let mut machine = machine.alias();
        machine.verify(&owner()) == AuthErr && machine.verify(&Typing::stranger(1)) == AuthErr
    });
}

#[test]
fn an_unwritable_directory_judges_on_and_learns_nothing() {
    let machine = Machine::armed();
    as_an_ordinary_user(&machine, |machine| {
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o500)).expect("closed");
        let mut here = machine.alias();
        let accepted = here.log_in(&owner());
        let refused = here.log_in(&Typing::stranger(1));
        let judged = accepted.log.contains("outcome=accepted")
            && accepted.log.contains("not learned")
            && refused.log.contains("outcome=refused");
        // The throttle goes on counting in /run.
        for i in 0..4 {
            here.log_in(&Typing::stranger(i));
        }
        let cooling = here.log_in(&owner());
        judged && cooling.log.contains("state=cooling-down") && here.path("run").is_dir()
    });
}

#[test]
fn where_nothing_can_be_written_an_armed_user_is_refused() {
    let machine = Machine::armed();
    as_an_ordinary_user(&machine, |machine| {
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o500)).expect("closed");
        let _ = fs::remove_dir_all(machine.path("run"));
        fs::write(machine.path("run"), b"not a directory").expect("written");
        let mut here = machine.alias();
        let login = here.log_in(&owner());
        login.code == Code::AUTH_ERR && login.log.contains("state-unwritable")
    });
}
