//! Limits that whoever starts a program may set before it asks for a password: on descriptors and
//! on memory. None of them lets a stranger in, at whatever step it strikes.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Reply, Stack, in_a_child};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::confined::{leave_descriptors, leave_memory, limit};
use stacks::{FRONT, Machine, PASSWORD, Typing, USER, Verify};

fn owner() -> Typing {
    Typing::owner(200)
}

fn stranger() -> Typing {
    Typing::stranger(3)
}

/// What `verify` returned in a child whose limits are set between the prompt and the answer, and
/// lifted between the password module and `verify`.
fn with_limits_at_the_prompt(machine: &Machine, typing: &Typing, set: fn(), lift: fn()) -> Verify {
    let front = [&FRONT[..], &["auth  optional  pam_echo.so now"]].concat();
    let stack = machine.verify_behind(typing, &front);
    let conversation = Conversation::silent()
        .answer_with(move |_| {
            set();
            Reply::answer(PASSWORD)
        })
        .when_told("now", move |_| lift());
    verify_in_a_child(&stack, conversation, || {})
}

fn verify_in_a_child(stack: &Stack, conversation: Conversation, prepare: impl FnOnce()) -> Verify {
    let end = in_a_child(|| {
        let app = Application::start(stack, Stack::SERVICE, USER, conversation);
        let mut app = app.expect("starts");
        prepare();
        app.authenticate(Flags::NONE)
    });
    match end {
        Ok(ChildEnd::Code(code)) => Verify::of(code).unwrap_or_else(|| panic!("{code:?}")),
        end => panic!("{end:?}"),
    }
}

#[test]
fn no_descriptor_while_the_key_is_derived_refuses_when_armed_and_nobody_else() {
    type State = fn() -> Machine;
    let states: [(&str, State, Verify); 4] = [
        ("none", Machine::new, Ignore),
        ("learning", || Machine::after(5), Ignore),
        ("armed", Machine::armed, AuthErr),
        ("cooling down", Machine::cooling_down, AuthErr),
    ];
    for (name, state, expected) in states {
        for typing in [owner(), stranger()] {
            let machine = state();
            let lift = || limit(libc::RLIMIT_NOFILE, 4096);
            let set = || leave_descriptors(1);
            let verify = with_limits_at_the_prompt(&machine, &typing, set, lift);
            assert_eq!(verify, expected, "{name}: {}", machine.log());
            let log = machine.log();
            assert!(
                log.contains("outcome=failed reason=internal"),
                "{name}: {log}"
            );
            assert!(log.contains("Too many open files"), "{name}: {log}");
        }
    }
}

/// The one who sets the limit is the one who wants in: `ulimit -n 7; su`.
#[test]
fn at_no_number_of_descriptors_is_a_stranger_let_in_or_an_owner_s_login_uncounted() {
    // The stand-in itself needs one for its script.
    let mut refused_everybody = false;
    let mut judged = false;
    for free in 1..12 {
        let attempt = |typing: &Typing| {
            let machine = Machine::armed();
            let before = machine.state().counts;
            let stack = machine.verify_behind(typing, &FRONT);
            let right = Conversation::answers([PASSWORD]);
            let verify = verify_in_a_child(&stack, right, || leave_descriptors(free));
            let now = machine.state().counts;
            (verify, now != before, machine.log())
        };
        let (verify, counted, log) = attempt(&stranger());
        assert_eq!(verify, AuthErr, "{free}: {log}");
        let (owner_s, accepted, log) = attempt(&owner());
        assert_eq!(owner_s == Success, accepted, "{free}: {log}");
        // Whoever could guess without being counted would set this number.
        assert_eq!(accepted, counted, "{free}: {log}");
        assert!(owner_s != Ignore, "{free}: {log}");
        refused_everybody |= owner_s == AuthErr;
        judged |= owner_s == Success;
    }
    assert!(refused_everybody && judged, "both were tried");
}

/// Too little for the key derivation, up to enough for everything. (A limit so low that the
/// process itself has none ends it, which lets nobody in either.)
#[test]
fn at_no_limit_on_memory_is_a_stranger_let_in() {
    let mut judged = false;
    for megabytes in [2, 6, 12, 18, 20, 22, 24, 32, 64] {
        for (typing, may_pass) in [(stranger(), false), (owner(), true)] {
            let machine = Machine::armed();
            let stack = machine.verify_behind(&typing, &FRONT);
            let end = in_a_child(|| {
                let right = Conversation::answers([PASSWORD]);
                let app = Application::start(&stack, Stack::SERVICE, USER, right);
                let mut app = app.expect("starts");
                leave_memory(megabytes << 20);
                app.authenticate(Flags::NONE)
            });
            let verify = match end {
                Ok(ChildEnd::Code(code)) => Verify::of(code),
                _ => None,
            };
            let passed = matches!(verify, Some(Success | Ignore));
            assert!(may_pass || !passed, "{megabytes} MB: {}", machine.log());
            assert_ne!(verify, Some(Ignore), "{megabytes} MB: {}", machine.log());
            judged |= verify == Some(Success);
        }
    }
    assert!(judged, "the most was enough");
}

/// Locked memory is often not to be had, in containers; nobody is locked out for it.
#[test]
fn without_locked_memory_everybody_is_judged() {
    for (typing, expected) in [(owner(), Success), (stranger(), AuthErr)] {
        let machine = Machine::armed();
        let stack = machine.verify_behind(&typing, &FRONT);
        let right = Conversation::answers([PASSWORD]);
        let verify = verify_in_a_child(&stack, right, || limit(libc::RLIMIT_MEMLOCK, 0));
        assert_eq!(verify, expected, "{}", machine.log());
    }
}

#[test]
fn a_prompt_that_takes_as_long_as_it_likes_costs_no_descriptor_and_no_lock() {
    let machine = Machine::armed();
    let stack = machine.verify_behind(&owner(), &FRONT);
    let locks = machine.path("state/65534.lock");
    let conversation = Conversation::silent().answer_with(move |_| {
        // At the prompt nobody else is kept waiting.
        let lock = fs::File::options()
            .write(true)
            .open(&locks)
            .expect("the lock");
        lock.try_lock().expect("nobody has it");
        Reply::answer(PASSWORD)
    });
    let mut app = Application::start(&stack, Stack::SERVICE, USER, conversation).expect("starts");
    let code = app.authenticate(Flags::NONE);
    assert_eq!(Verify::of(code), Some(Success), "{code:?}");
    assert_eq!(app.end(Code::SUCCESS), Code::SUCCESS);
}
