//! Faults of the stack and of the conversation: lines that are missing, doubled or in the wrong place,
//! prompts that are not answered, users who are not there.
#![allow(clippy::expect_used, reason = "tests")]

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{Login, Machine, PASSWORD, Typing, USER};

const CAPTURE: &str = "auth  requisite  MODULE capture REPLAY";
const RIGHT: &str = "auth  [success=1 default=ignore]  PASSWORD";
const DENY: &str = "auth  requisite  pam_deny.so";
const PERMIT: &str = "auth  required  pam_permit.so";
const VERIFY: &str = "auth  requisite  MODULE verify REPLAY";

fn owner() -> Typing {
    Typing::owner(200)
}

fn run(mut machine: Machine, lines: &[&str], conversation: Conversation) -> Login {
    let stack = machine.lines(&owner(), lines);
    machine.run(&stack, conversation)
}

fn right() -> Conversation {
    Conversation::answers([PASSWORD])
}

#[test]
fn verify_without_capture() {
    let lines = [RIGHT, DENY, PERMIT, VERIFY];
    for (machine, code, reason) in [
        (
            Machine::new(),
            Code::SUCCESS,
            "state=unarmed outcome=failed reason=no-capture",
        ),
        (
            Machine::after(3),
            Code::SUCCESS,
            "state=unarmed outcome=failed reason=no-capture",
        ),
        (
            Machine::armed(),
            Code::AUTH_ERR,
            "state=armed outcome=failed reason=no-capture",
        ),
        (Machine::cooling_down(), Code::AUTH_ERR, "reason=no-capture"),
        (
            Machine::new().with("mode=enforce"),
            Code::AUTH_ERR,
            "reason=no-capture",
        ),
        (
            Machine::armed().with("mode=shadow"),
            Code::SUCCESS,
            "reason=no-capture",
        ),
    ] {
        let login = run(machine, &lines, right());
        assert_eq!(login.code, code, "{login:?}");
        assert!(login.log.contains(reason), "{login:?}");
    }
}

#[test]
fn capture_without_verify_says_that_the_factor_is_not_in_force() {
    let login = run(Machine::armed(), &[CAPTURE, RIGHT, DENY, PERMIT], right());
    assert_eq!(login.code, Code::SUCCESS);
    assert!(login.log.contains("`verify` was not reached"), "{login:?}");

    // Behind a sufficient password module it is never reached, and everyone passes.
    let sufficient = "auth  sufficient  STANDIN";
    let machine = Machine::armed();
    let line = pam_host::password_line(PASSWORD).expect("the stand-in");
    let sufficient = sufficient.replace("STANDIN", &line);
    let login = run(machine, &[CAPTURE, &sufficient, DENY, VERIFY], right());
    assert_eq!(login.code, Code::SUCCESS);
    assert!(login.log.contains("`verify` was not reached"), "{login:?}");

    let login = run(
        Machine::armed(),
        &[CAPTURE, RIGHT, DENY, PERMIT, VERIFY],
        right(),
    );
    assert!(!login.log.contains("not reached"), "{login:?}");
}

#[test]
fn capture_alone_never_lets_anybody_in() {
    for machine in [Machine::new(), Machine::armed()] {
        let login = run(machine, &[CAPTURE], right());
        assert!(!login.code.is_success(), "{login:?}");
    }
    // The hole that a success in front of the password module would be.
    let sufficient = pam_host::password_line("another").expect("the stand-in");
    let lines = [
        "auth  required  MODULE capture REPLAY",
        &format!("auth  sufficient  {sufficient}"),
    ];
    let login = run(Machine::armed(), &lines, right());
    assert!(!login.code.is_success(), "{login:?}");
}

/// Lines written by hand besides the package's profiles (docs/adr/0025): told of by its postinst.
#[test]
fn a_line_that_is_there_twice_refuses_the_armed() {
    for lines in [
        [CAPTURE, CAPTURE, RIGHT, DENY, PERMIT, VERIFY].as_slice(),
        &[CAPTURE, RIGHT, DENY, PERMIT, VERIFY, VERIFY],
        &[CAPTURE, CAPTURE, RIGHT, DENY, PERMIT, VERIFY, VERIFY],
    ] {
        for (machine, code) in [
            (Machine::armed(), Code::AUTH_ERR),
            (Machine::new(), Code::SUCCESS),
        ] {
            let login = run(machine, lines, right());
            assert_eq!(login.code, code, "{lines:?}: {login:?}");
        }
    }
}

/// A fingerprint reader where pam-auth-update puts it: its success leads past `capture`, not past
/// `verify` (docs/adr/0025).
#[test]
fn a_finger_in_front_lets_in_whoever_is_not_armed() {
    let finger = "auth  [success=3 default=ignore]  pam_debug.so auth=success";
    let lines = [finger, CAPTURE, RIGHT, DENY, PERMIT, VERIFY];
    for (machine, code) in [
        (Machine::armed(), Code::AUTH_ERR),
        (Machine::after(3), Code::SUCCESS),
        (Machine::new(), Code::SUCCESS),
    ] {
        let login = run(machine, &lines, Conversation::silent());
        assert_eq!(login.code, code, "{login:?}");
        assert!(login.log.contains("reason=no-capture"), "{login:?}");
    }
    let none = "auth  [success=3 default=ignore]  pam_debug.so auth=authinfo_unavail";
    without_a_finger_the_typing_is_judged(&[none, CAPTURE, RIGHT, DENY, PERMIT, VERIFY]);
}

/// The stack of docs/adr/0025 for a finger instead of password and typing.
#[test]
fn a_finger_that_leads_behind_verify_lets_in_the_armed() {
    let finger = "auth  [success=5 default=ignore]  pam_debug.so auth=success";
    for machine in [Machine::armed(), Machine::after(3), Machine::new()] {
        let lines = [finger, CAPTURE, RIGHT, DENY, PERMIT, VERIFY, PERMIT];
        let login = run(machine, &lines, Conversation::silent());
        assert_eq!(login.code, Code::SUCCESS, "{login:?}");
        assert_eq!(login.log, "");
    }
    let none = "auth  [success=5 default=ignore]  pam_debug.so auth=authinfo_unavail";
    without_a_finger_the_typing_is_judged(&[none, CAPTURE, RIGHT, DENY, PERMIT, VERIFY, PERMIT]);
}

fn without_a_finger_the_typing_is_judged(lines: &[&str]) {
    let login = run(Machine::armed(), lines, right());
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
    let mut machine = Machine::armed();
    let stack = machine.lines(&Typing::stranger(1), lines);
    let login = machine.run(&stack, right());
    assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
    let login = run(Machine::armed(), lines, Conversation::answers(["wrong"]));
    assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
}

#[test]
fn a_password_asked_for_in_front_is_not_captured() {
    let standin = pam_host::stand_in_with(&format!("set_token={PASSWORD} auth=ignore"));
    let preset = format!("auth  optional  {}", standin.expect("the stand-in"));
    let lines = [&*preset, CAPTURE, RIGHT, DENY, PERMIT, VERIFY];
    for (machine, code) in [
        (Machine::armed(), Code::AUTH_ERR),
        (Machine::new(), Code::SUCCESS),
    ] {
        let login = run(machine, &lines, Conversation::silent());
        assert_eq!(login.code, code, "{login:?}");
        assert!(
            login.log.contains("has already asked for the password"),
            "{login:?}"
        );
    }
}

#[test]
fn a_password_replaced_between_the_lines() {
    for change in ["replace_token=another", "clear_token"] {
        let standin = pam_host::stand_in_with(&format!("{change} auth=ignore"));
        let replace = format!("auth  optional  {}", standin.expect("the stand-in"));
        let lines = [CAPTURE, RIGHT, DENY, PERMIT, &*replace, VERIFY];
        for (machine, code) in [
            (Machine::armed(), Code::AUTH_ERR),
            (Machine::cooling_down(), Code::AUTH_ERR),
            (Machine::after(3), Code::SUCCESS),
            (Machine::new(), Code::SUCCESS),
            (Machine::new().with("mode=enforce"), Code::AUTH_ERR),
        ] {
            let login = run(machine, &lines, right());
            assert_eq!(login.code, code, "{change}: {login:?}");
            assert!(
                login.log.contains("reason=password-replaced"),
                "{change}: {login:?}"
            );
            assert!(!login.log.contains("learned"), "{change}: {login:?}");
        }
    }
}

#[test]
fn another_user_between_the_lines_is_not_judged_by_this_one_s_typing() {
    let machine = Machine::armed();
    let stack = machine.lines(
        &owner(),
        &[
            CAPTURE,
            RIGHT,
            DENY,
            PERMIT,
            "auth  optional  pam_echo.so now",
            VERIFY,
        ],
    );
    // pam_echo lets the conversation run code between the two lines.
    let conversation = right();
    let mut app =
        Application::start(&stack, Stack::SERVICE, "daemon", conversation).expect("starts");
    assert_eq!(
        app.authenticate(Flags::NONE),
        Code::SUCCESS,
        "daemon has learned nothing"
    );
    assert_eq!(app.set_user(USER), Code::SUCCESS);
    let _ = app.set_credentials(Flags::ESTABLISH);
    assert!(machine.log().contains("user=daemon"), "{}", machine.log());
    assert!(!machine.log().contains("user=nobody"), "{}", machine.log());
}

/// Where `capture` is not `requisite`, an old typing must not serve a second attempt.
#[test]
fn a_second_attempt_on_a_handle_does_not_live_on_the_first_one_s_typing() {
    let optional = "auth  optional  MODULE capture REPLAY";
    let password = pam_host::password_line(PASSWORD).expect("the stand-in");
    let asks_itself = format!("auth  [success=1 default=ignore]  {password}");
    let machine = Machine::armed();
    let stack = machine.lines(&owner(), &[optional, &asks_itself, DENY, PERMIT, VERIFY]);
    // First the owner; then capture's prompt is cancelled and the password module's answered.
    let conversation = right().cancel().answer(PASSWORD);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, conversation).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    assert!(
        machine.log().contains("reason=no-capture"),
        "{}",
        machine.log()
    );
}

#[test]
fn a_cancelled_conversation() {
    let lines = [CAPTURE, RIGHT, DENY, PERMIT, VERIFY];
    for conversation in [
        Conversation::silent().cancel(),
        Conversation::silent().null(),
        Conversation::silent().again(),
        Conversation::silent(),
    ] {
        let login = run(Machine::armed(), &lines, conversation);
        assert_eq!(login.code, Code::CONV_ERR, "{login:?}");
        assert_eq!(login.log, "");
    }
}

#[test]
fn a_line_that_is_neither() {
    let line = "auth  requisite  MODULE REPLAY";
    let both = "auth  requisite  MODULE capture verify REPLAY";
    for line in [line, both] {
        let lines = [RIGHT, DENY, PERMIT, line];
        for (machine, code) in [
            (Machine::armed(), Code::AUTH_ERR),
            (Machine::new(), Code::SUCCESS),
        ] {
            let login = run(machine, &lines, right());
            assert_eq!(login.code, code, "{login:?}");
            assert!(login.log.contains("put `capture` in front"), "{login:?}");
        }
    }
}

#[test]
fn unknown_arguments_are_logged_and_ignored() {
    let machine = || Machine::armed().with("nonsense mode=maybe min_samples=minus");
    assert_eq!(machine().verify(&owner()), Success);
    assert_eq!(machine().verify(&Typing::stranger(1)), AuthErr);
    let login = machine().log_in(&owner());
    for complaint in ["`nonsense`", "`mode=maybe`", "`min_samples=minus`"] {
        assert!(login.log.contains(complaint), "{complaint}: {login:?}");
    }
}

#[test]
fn an_unknown_user_touches_nothing() {
    for name in [
        "nosuchuser",
        "../../etc/passwd",
        "nobody/../root",
        "-",
        " ",
        "..",
        "a\nb",
    ] {
        let mut machine = Machine::new().user(name);
        assert_eq!(machine.verify(&owner()), Ignore, "{name:?}");
        let login = machine.log_in(&owner());
        assert!(!login.log.contains("learned"), "{name:?}: {login:?}");
        assert!(
            machine.files().is_empty(),
            "{name:?}: {:?}",
            machine.files()
        );
        assert!(
            login
                .log
                .lines()
                .all(|line| line.starts_with("pam_keydyn(login:auth): "))
        );
    }
}
