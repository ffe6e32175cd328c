//! The file of settings under the real libpam: what it says holds, arguments win, and whatever is
//! wrong with it neither locks out nor opens.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use keydyn_core::store::files::FileError;
use keydyn_sys::configuration;
use pam_host::{ChildEnd, Code, in_a_child};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{Machine, Typing};

fn owner() -> Typing {
    Typing::owner(200)
}

fn stranger() -> Typing {
    Typing::stranger(3)
}

/// This machine with a file of settings.
fn with_file(machine: Machine, text: &str) -> Machine {
    let path = machine.path("keydyn.conf");
    fs::write(&path, text).expect("the file is written");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("closed to others");
    machine.directive(&format!("configuration {}", path.display()))
}

#[test]
fn the_file_says_what_holds() {
    let mut machine = with_file(Machine::armed(), "# for the first days\nmode = shadow\n");
    assert_eq!(machine.verify(&stranger()), Ignore);
    assert!(
        machine.log().contains("outcome=refused"),
        "{}",
        machine.log()
    );
    assert!(!machine.log().contains("keydyn.conf"), "{}", machine.log());

    let mut machine = with_file(Machine::new(), "mode = enforce\n");
    assert_eq!(machine.verify(&owner()), AuthErr);
    let mut machine = with_file(Machine::armed(), "mode = auto\n");
    assert_eq!(machine.verify(&owner()), Success);
}

#[test]
fn the_arguments_of_the_line_win() {
    let mut machine = with_file(Machine::armed(), "mode = shadow\n").with("mode=auto");
    assert_eq!(machine.verify(&stranger()), AuthErr);
    let mut machine = with_file(Machine::new(), "mode = enforce\n").with("mode=shadow");
    assert_eq!(machine.verify(&owner()), Ignore);
}

#[test]
fn a_typing_error_locks_nobody_out_and_is_told_of() {
    let file = "strictness = strict\nmode = enfroce\n";
    let mut machine = with_file(Machine::new(), file);
    assert_eq!(machine.verify(&owner()), Ignore);
    let log = machine.log();
    let told = "/etc/security/keydyn.conf, line 2: `mode=enfroce` counts as not written";
    assert!(log.contains(told), "{log}");
    assert!(log.contains("mode=auto is in force"), "{log}");
}

#[test]
fn what_others_can_write_counts_as_not_written() {
    let mut machine = with_file(Machine::armed(), "mode = shadow\n");
    let path = machine.path("keydyn.conf");
    fs::set_permissions(path, PermissionsExt::from_mode(0o666)).expect("open to others");
    assert_eq!(machine.verify(&stranger()), AuthErr);
    assert!(
        machine.log().contains("can be written by others"),
        "{}",
        machine.log()
    );
    assert_eq!(machine.verify(&owner()), Success);
}

/// A disk that fails, no descriptor to spare: here, a name too long to be opened.
fn unread(machine: Machine) -> Machine {
    machine.directive(&format!("configuration /{}", "x".repeat(300)))
}

#[test]
fn a_file_that_cannot_be_read_does_not_lift_what_it_may_say() {
    let mut machine = unread(Machine::new());
    assert_eq!(machine.verify(&owner()), AuthErr);
    let log = machine.log();
    assert!(log.contains("cannot open"), "{log}");
    assert!(log.contains("the strictest of every setting"), "{log}");
    assert!(!log.contains("learned state="), "{log}");
    assert_eq!(unread(Machine::armed()).verify(&stranger()), AuthErr);
    // Nor does it lock out whoever is known.
    assert_eq!(unread(Machine::armed()).verify(&owner()), Success);
    // The ways out are still ways out.
    let mut machine = unread(Machine::armed()).marked("state/all.disabled");
    assert_eq!(machine.verify(&stranger()), Ignore);
    let mut machine = unread(Machine::armed()).directive("command-line keydyn=off");
    assert_eq!(machine.verify(&stranger()), Ignore);
    let mut machine = unread(Machine::armed()).with("mode=shadow");
    assert_eq!(machine.verify(&stranger()), Ignore);
}

#[test]
fn without_a_descriptor_a_file_that_is_not_there_is_not_there() {
    let machine = with_file(Machine::new(), "mode = enforce\n");
    let [there, not_there] = ["keydyn.conf", "another.conf"].map(|name| machine.path(name));
    for (path, code) in [(there, Code::AUTH_ERR), (not_there, Code::IGNORE)] {
        let end = in_a_child(|| {
            let none = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            // SAFETY: the structure is valid for the call, and this is a child process.
            let limited = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
            assert_eq!(limited, 0);
            match configuration::read(&path) {
                Ok(None) => Code::IGNORE,
                Err(FileError::Io { .. }) => Code::AUTH_ERR,
                _ => Code::SUCCESS,
            }
        });
        match end {
            Ok(ChildEnd::Code(found)) => assert_eq!(found, code),
            end => panic!("{end:?}"),
        }
    }
}
