//! Orders in which applications call: credentials with every flag and twice, none at all, other
//! processes, other threads of control, the same handle again. What is learned, and how often.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Stack, in_a_child};
use stacks::{Machine, PASSWORD, Typing, USER};

fn start(machine: &Machine, conversation: Conversation) -> (Stack, Application) {
    let stack = machine.debian(&Typing::owner(60));
    let app = Application::start(&stack, Stack::SERVICE, USER, conversation).expect("starts");
    (stack, app)
}

fn right() -> Conversation {
    Conversation::answers([PASSWORD])
}

/// How many typings this order of calls has taught the profile.
fn taught(name: &str, calls: impl FnOnce(&Machine, Application)) -> u32 {
    let machine = Machine::armed();
    let before = machine.learned();
    let (_stack, mut app) = start(&machine, right());
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS, "{name}");
    calls(&machine, app);
    machine.learned() - before
}

#[test]
fn each_flag_succeeds_and_those_of_a_login_learn() {
    for (name, flags, learned_before_the_end) in [
        ("establish", Flags::ESTABLISH, 1),
        ("reinitialise", Flags::REINITIALIZE, 1),
        ("refresh", Flags::REFRESH, 1),
        ("establish, silent", Flags::ESTABLISH | Flags::SILENT, 1),
        ("delete", Flags::DELETE, 0),
        ("delete, silent", Flags::DELETE | Flags::SILENT, 0),
        ("none, of which libpam makes establish", Flags::NONE, 1),
    ] {
        let mut in_between = 0;
        let taught = taught(name, |machine, mut app| {
            let before = machine.learned();
            assert_eq!(app.set_credentials(flags), Code::SUCCESS, "{name}");
            in_between = machine.learned() - before;
            let _ = app.end(Code::SUCCESS);
        });
        assert_eq!(in_between, learned_before_the_end, "{name}");
        assert_eq!(taught, 1, "{name}: once, at the latest at the end");
    }
}

#[test]
fn a_second_setcred_finds_nothing_left() {
    let pairs = [
        (Flags::ESTABLISH, Flags::ESTABLISH),
        (Flags::ESTABLISH, Flags::REFRESH),
        (Flags::REFRESH, Flags::REINITIALIZE),
        (Flags::DELETE, Flags::ESTABLISH),
        (Flags::ESTABLISH, Flags::DELETE),
    ];
    for (first, second) in pairs {
        let name = format!("{first:?} {second:?}");
        let taught = taught(&name, |_, mut app| {
            for flags in [first, second, Flags::DELETE] {
                assert_eq!(app.set_credentials(flags), Code::SUCCESS, "{name}");
            }
            let _ = app.end(Code::SUCCESS);
        });
        assert_eq!(taught, 1, "{name}");
    }
}

#[test]
fn authenticate_and_account_alone_learn_at_the_end() {
    // As polkit's helper does.
    let taught = taught("polkit", |machine, mut app| {
        let before = machine.learned();
        assert_eq!(app.account(), Code::SUCCESS);
        assert_eq!(machine.learned(), before, "not before it is over");
        assert_eq!(app.end(Code::SUCCESS), Code::SUCCESS);
        let log = machine.log();
        assert!(log.contains("learned state=armed"), "{log}");
        assert!(!log.contains("not reached"), "{log}");
    });
    assert_eq!(taught, 1);
}

#[test]
fn an_end_without_a_final_success_learns_nothing() {
    for status in [
        Code::AUTH_ERR,
        Code::ACCT_EXPIRED,
        Code::PERM_DENIED,
        Code::SESSION_ERR,
        Code::ABORT,
    ] {
        let taught = taught("failed", |machine, mut app| {
            assert_eq!(app.account(), Code::SUCCESS);
            let _ = app.end(status);
            assert!(!machine.log().contains("learned"), "{}", machine.log());
        });
        assert_eq!(taught, 0, "{status}");
    }
}

#[test]
fn credentials_that_were_set_are_learned_though_the_session_fails_later() {
    let taught = taught("session", |_, mut app| {
        assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
        assert_eq!(app.open_session(), Code::SUCCESS);
        let _ = app.end(Code::SESSION_ERR);
    });
    assert_eq!(taught, 1);
}

/// sshd authenticates in one process and opens the session in another, with a handle of its own.
#[test]
fn a_session_in_another_process_than_the_login_learns_in_neither_twice() {
    for (status, expected) in [(Code::SUCCESS, 1), (Code::AUTH_ERR, 0)] {
        let machine = Machine::armed();
        let before = machine.learned();
        let (_stack, mut parent) = start(&machine, Conversation::silent());
        let login = in_a_child(|| {
            let (_stack, mut app) = start(&machine, right());
            let code = app.authenticate(Flags::NONE);
            let account = app.account();
            let _ = app.end(status);
            if code.is_success() { account } else { code }
        });
        assert!(
            matches!(login, Ok(ChildEnd::Code(Code::SUCCESS))),
            "{login:?}"
        );
        assert_eq!(parent.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
        assert_eq!(parent.open_session(), Code::SUCCESS);
        assert_eq!(parent.close_session(), Code::SUCCESS);
        assert_eq!(parent.set_credentials(Flags::DELETE), Code::SUCCESS);
        assert_eq!(parent.end(Code::SUCCESS), Code::SUCCESS);
        assert_eq!(machine.learned(), before + expected, "{}", machine.log());
        let log = machine.log();
        assert!(
            !log.contains("not reached"),
            "nothing was captured there: {log}"
        );
    }
}

/// The handle of the parent, authenticated in a child: what the child had goes with the child.
#[test]
fn a_handle_authenticated_in_a_child_has_nothing_to_learn_in_the_parent() {
    let machine = Machine::armed();
    let before = machine.learned();
    let (_stack, mut app) = start(&machine, right());
    let login = in_a_child(|| app.authenticate(Flags::NONE));
    assert!(
        matches!(login, Ok(ChildEnd::Code(Code::SUCCESS))),
        "{login:?}"
    );
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    let _ = app.end(Code::SUCCESS);
    assert_eq!(machine.learned(), before);
    assert!(!machine.log().contains("not reached"), "{}", machine.log());
}

#[test]
fn a_child_that_ends_its_copy_of_the_handle_takes_nothing_from_the_parent() {
    for silently in [true, false] {
        let machine = Machine::armed();
        let before = machine.learned();
        let (_stack, mut app) = start(&machine, right());
        assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
        let app = {
            let mut own = Some(app);
            let end = in_a_child(|| {
                let app = own.take().expect("the child's copy");
                match silently {
                    true => app.end_silently(Code::SUCCESS),
                    false => app.end(Code::SUCCESS),
                }
            });
            assert!(matches!(end, Ok(ChildEnd::Code(Code::SUCCESS))), "{end:?}");
            own
        };
        assert_eq!(machine.learned(), before, "silently {silently}");
        let mut app = app.expect("the parent's");
        assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
        assert_eq!(app.end(Code::SUCCESS), Code::SUCCESS);
        assert_eq!(machine.learned(), before + 1, "silently {silently}");
    }
}

#[test]
fn authenticating_again_on_a_handle_learns_what_was_authenticated_last() {
    let machine = Machine::armed();
    let before = machine.learned();
    let (_stack, mut app) = start(&machine, right().answer(PASSWORD));
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(machine.learned(), before, "the first was replaced");
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    let _ = app.end(Code::SUCCESS);
    assert_eq!(machine.learned(), before + 1);
}

/// A screen locker keeps one handle: unlocked, refused, unlocked again.
#[test]
fn on_one_handle_each_attempt_is_judged_and_each_unlocking_learned() {
    let machine = Machine::armed();
    let before = (machine.learned(), machine.state().counts);
    let (_stack, mut app) = start(&machine, Conversation::answers([PASSWORD; 4]));
    for (typing, expected) in [
        (Typing::owner(60), Code::SUCCESS),
        (Typing::stranger(3), Code::AUTH_ERR),
        (Typing::owner(61), Code::SUCCESS),
        (Typing::trace("0 enter up"), Code::AUTH_ERR),
    ] {
        machine.set_typing(&typing);
        assert_eq!(app.authenticate(Flags::NONE), expected, "{}", machine.log());
        if expected.is_success() {
            assert_eq!(app.set_credentials(Flags::REFRESH), Code::SUCCESS);
        }
    }
    let _ = app.end(Code::SUCCESS);
    assert_eq!(machine.learned(), before.0 + 2, "{}", machine.log());
    let now = machine.state().counts;
    assert_eq!(now.accepted, before.1.accepted + 2);
    assert_eq!(now.refused, before.1.refused + 1);
    assert_eq!(now.unusable, before.1.unusable + 1);
}

#[test]
fn a_wrong_password_after_a_right_one_takes_what_was_captured_with_it() {
    let machine = Machine::armed();
    let before = machine.learned();
    let (_stack, mut app) = start(&machine, right().answer("wrong"));
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    assert!(!app.set_credentials(Flags::ESTABLISH).is_success());
    let _ = app.end(Code::SUCCESS);
    assert_eq!(machine.learned(), before, "{}", machine.log());
}

/// cron, sudo with a valid timestamp, sshd with a key: setcred alone.
#[test]
fn credentials_without_a_login_succeed_and_say_nothing() {
    let machine = Machine::armed();
    let before = machine.learned();
    for flags in [Flags::ESTABLISH, Flags::REFRESH, Flags::DELETE] {
        let (_stack, mut app) = start(&machine, Conversation::silent());
        let _ = std::fs::remove_file(machine.path("log"));
        assert_eq!(app.set_credentials(flags), Code::SUCCESS);
        let _ = app.end(Code::SUCCESS);
        assert_eq!(machine.log(), "");
    }
    assert_eq!(machine.learned(), before);
}

#[test]
fn credentials_after_a_refusal_learn_nothing() {
    let machine = Machine::armed();
    let before = machine.learned();
    let stack = machine.debian(&Typing::stranger(3));
    let mut app = Application::start(&stack, Stack::SERVICE, USER, right()).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    for flags in [Flags::ESTABLISH, Flags::REFRESH, Flags::REINITIALIZE] {
        assert_eq!(app.set_credentials(flags), Code::PERM_DENIED);
    }
    let _ = app.end(Code::SUCCESS);
    assert_eq!(machine.learned(), before, "{}", machine.log());
}
