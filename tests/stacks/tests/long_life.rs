//! A host that logs people in all day - a greeter, a locker, polkit's agent - stays as small as it
//! was: memory, descriptors and threads, whatever comes of the logins.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs;

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::{Machine, PASSWORD, Typing, USER};

/// What a process takes.
#[derive(Debug)]
struct Size {
    resident_pages: u64,
    descriptors: usize,
    threads: usize,
}

impl Size {
    fn now() -> Self {
        let statm = fs::read_to_string("/proc/self/statm").expect("statm");
        let resident = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        let count = |directory: &str| fs::read_dir(directory).expect("a directory").count();
        Self {
            resident_pages: resident.expect("pages"),
            descriptors: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }
}

/// One login of many, each sixth of another kind; whether it came to what it was meant to.
fn log_in(machine: &mut Machine, stack: &Stack, i: u64) -> bool {
    // Nobody is to cool down for long, and the owner's day has sittings.
    machine.wait(if i.is_multiple_of(30) { 5 * 3600 } else { 1000 });
    let (typing, conversation, expected) = match i % 6 {
        0 | 1 => (
            Typing::owner(1000 + i),
            Conversation::answers([PASSWORD]),
            Code::SUCCESS,
        ),
        2 => (
            Typing::stranger(i),
            Conversation::answers([PASSWORD]),
            Code::AUTH_ERR,
        ),
        3 => (
            Typing::owner(i),
            Conversation::answers(["wrong"]),
            Code::AUTH_ERR,
        ),
        4 => (
            Typing::trace("0 enter up"),
            Conversation::answers([PASSWORD]),
            Code::AUTH_ERR,
        ),
        _ => (
            Typing::owner(i),
            Conversation::silent().cancel(),
            Code::CONV_ERR,
        ),
    };
    machine.set_typing(&typing);
    let mut app = Application::start(stack, Stack::SERVICE, USER, conversation).expect("starts");
    let code = app.authenticate(Flags::NONE);
    // Learned at setcred, or at the end.
    if code.is_success() && i.is_multiple_of(6) {
        let _ = app.set_credentials(Flags::ESTABLISH);
    }
    let _ = app.end(code);
    let _ = fs::remove_file(machine.path("log"));
    code == expected
}

/// A kept sample and a page here or there are no growth; a key derivation's 19 MiB would be.
const SLACK_PAGES: u64 = 64;

fn assert_flat(warm_up: u64, logins: u64) {
    let mut machine = Machine::armed();
    let stack = machine.debian(&Typing::owner(1));
    let mut met = 0;
    let mut run = |machine: &mut Machine, range: std::ops::Range<u64>| {
        for i in range {
            met += u64::from(log_in(machine, &stack, i));
        }
        Size::now()
    };
    let early = run(&mut machine, 0..warm_up);
    let late = run(&mut machine, warm_up..logins);
    assert_eq!(met, logins, "every login came to what it was meant to");
    assert_eq!(late.descriptors, early.descriptors, "{early:?} {late:?}");
    assert_eq!(late.threads, early.threads, "{early:?} {late:?}");
    assert!(
        late.resident_pages <= early.resident_pages + SLACK_PAGES,
        "{early:?} {late:?}"
    );
}

#[test]
fn a_host_is_as_small_after_150_logins_as_after_60() {
    assert_flat(60, 150);
}

/// The whole day: `cargo test --manifest-path tests/Cargo.toml -p stacks --test long_life --
/// --ignored`, alone in its process, so that no other test grows in it.
#[test]
#[ignore = "a minute and more; the shorter one runs with the others"]
fn a_host_is_as_small_after_1000_logins_as_after_200() {
    assert_flat(200, 1000);
}
