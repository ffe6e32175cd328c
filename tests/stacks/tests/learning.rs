//! What is learned, when, and what is not.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::{Machine, PASSWORD, Typing, USER};

/// Typings that the profile has learned, as the next login's log has it.
fn samples(machine: &Machine) -> u64 {
    let mut probe = machine.copy();
    let log = probe.log_in(&Typing::owner(400)).log;
    let of = |line: &str| {
        line.split_once("samples=")?
            .1
            .split(' ')
            .next()?
            .parse()
            .ok()
    };
    log.lines().find_map(of).unwrap_or_else(|| panic!("{log}"))
}

#[test]
fn an_owner_is_armed_at_the_twenty_third_login_of_the_third_sitting() {
    let mut machine = Machine::new();
    for i in 0..23 {
        machine.wait(if i % 9 == 0 { 5 * 3600 } else { 60 });
        let login = machine.log_in(&Typing::owner(i));
        let state = if i < 22 {
            "state=learning"
        } else {
            "state=armed"
        };
        assert!(
            login
                .log
                .contains(&format!("learned {state} samples={}", i + 1)),
            "{login:?}"
        );
    }
    assert!(
        machine
            .log_in(&Typing::stranger(0))
            .log
            .contains("outcome=refused")
    );
    assert!(
        machine
            .log_in(&Typing::owner(50))
            .log
            .contains("outcome=accepted")
    );
}

#[test]
fn a_wrong_password_learns_nothing_and_counts_nothing() {
    let mut machine = Machine::armed();
    let before = samples(&machine);
    for _ in 0..10 {
        let login = machine.log_in_with(&Typing::owner(7), "wrong");
        assert_eq!(login.code, Code::AUTH_ERR);
        assert_eq!(login.log, "", "the module has nothing to say");
    }
    assert_eq!(samples(&machine), before);
    assert!(
        machine
            .log_in(&Typing::owner(8))
            .log
            .contains("outcome=accepted"),
        "no cool-down"
    );
}

#[test]
fn an_accepted_login_is_learned_once_however_credentials_are_set() {
    let machine = Machine::armed();
    let before = samples(&machine);
    type Ending = fn(&mut Application);
    let nothing: Ending = |_| {};
    let endings: [(&str, Ending, Code, u64); 7] = [
        (
            "established",
            |app| {
                let _ = app.set_credentials(Flags::ESTABLISH);
            },
            Code::SUCCESS,
            1,
        ),
        (
            "refreshed",
            |app| {
                let _ = app.set_credentials(Flags::REFRESH);
            },
            Code::SUCCESS,
            1,
        ),
        (
            "established twice",
            |app| {
                let _ = app.set_credentials(Flags::ESTABLISH);
                let _ = app.set_credentials(Flags::REINITIALIZE);
            },
            Code::SUCCESS,
            1,
        ),
        ("none set, as polkit does", nothing, Code::SUCCESS, 1),
        (
            "none set, and refused later",
            nothing,
            Code::ACCT_EXPIRED,
            0,
        ),
        (
            "deleted",
            |app| {
                let _ = app.set_credentials(Flags::DELETE);
            },
            Code::ACCT_EXPIRED,
            0,
        ),
        (
            "authenticated again",
            |app| {
                // The second conversation has no answer: what was captured before is gone.
                assert!(!app.authenticate(Flags::NONE).is_success());
            },
            Code::AUTH_ERR,
            0,
        ),
    ];
    for (name, ending, status, learned) in endings {
        let copy = machine.copy();
        let stack = copy.debian(&Typing::owner(60));
        let answers = Conversation::answers([PASSWORD]);
        let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
        assert!(app.authenticate(Flags::NONE).is_success(), "{name}");
        ending(&mut app);
        let _ = app.end(status);
        assert_eq!(samples(&copy), before + learned, "{name}");
    }
}

#[test]
fn a_silent_end_is_a_child_s_and_learns_nothing() {
    let machine = Machine::armed();
    let before = samples(&machine);
    let stack = machine.debian(&Typing::owner(60));
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert!(app.authenticate(Flags::NONE).is_success());
    let _ = app.end_silently(Code::SUCCESS);
    assert_eq!(samples(&machine), before);
}

#[test]
fn after_a_refusal_only_a_confident_attempt_is_learned() {
    let mut machine = Machine::armed();
    let before = samples(&machine);
    machine.log_in(&Typing::stranger(0));
    // The owner's usual rhythm is far below the threshold: learned again at once.
    let login = machine.log_in(&Typing::owner(61));
    assert!(
        login.log.contains("outcome=accepted") && login.log.contains("learned"),
        "{login:?}"
    );
    assert_eq!(samples(&machine), before + 1);
}

#[test]
fn root_learns_and_is_never_armed_by_himself() {
    let mut machine = Machine::new().user("root");
    for i in 0..30 {
        machine.wait(if i % 9 == 0 { 5 * 3600 } else { 60 });
        let login = machine.log_in(&Typing::owner(i));
        assert!(login.log.contains("learned state=learning"), "{login:?}");
    }
    assert_eq!(machine.log_in(&Typing::stranger(0)).code, Code::SUCCESS);
}

#[test]
fn a_changed_password_learns_in_the_second_slot_and_is_in_force_again() {
    let mut machine = Machine::armed();
    machine.change_password("another");
    for i in 0..20 {
        machine.wait(if i % 9 == 0 { 5 * 3600 } else { 60 });
        let login = machine.log_in(&Typing::owner(i));
        assert_eq!(login.code, Code::SUCCESS);
        assert!(
            login
                .log
                .contains("outcome=not-in-force reason=password-changed"),
            "{login:?}"
        );
    }
    assert!(
        !machine.files().iter().any(|name| name.contains("second")),
        "{:?}",
        machine.files()
    );
    for i in 20..23 {
        let login = machine.log_in(&Typing::owner(i));
        assert!(login.log.contains("state=learning"), "{login:?}");
    }
    assert!(
        machine
            .log_in(&Typing::stranger(1))
            .log
            .contains("outcome=refused"),
        "armed again"
    );
    assert!(
        machine
            .log_in(&Typing::owner(9))
            .log
            .contains("outcome=accepted")
    );
}

#[test]
fn a_changed_password_is_refused_where_the_administrator_says_so() {
    let mut machine = Machine::armed().with("password_change=refuse");
    machine.change_password("another");
    for typing in [Typing::owner(1), Typing::stranger(1), Typing::trace("")] {
        let login = machine.log_in(&typing);
        assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
    }
    assert!(!machine.files().iter().any(|name| name.contains("second")));
    let mut unarmed = Machine::after(5).with("password_change=refuse");
    unarmed.change_password("another");
    assert_eq!(unarmed.log_in(&Typing::owner(1)).code, Code::SUCCESS);
}

#[test]
fn a_changed_password_counts_in_a_cool_down_too() {
    let mut machine = Machine::cooling_down();
    machine.change_password("another");
    let login = machine.log_in(&Typing::owner(1));
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("password-changed") && login.log.contains("learned"),
        "{login:?}"
    );
}

#[test]
fn nothing_of_password_or_typing_is_in_any_file_or_log() {
    let mut machine = Machine::armed().with("debug");
    let login = machine.log_in(&Typing::owner(60));
    machine.log_in(&Typing::stranger(60));
    for name in machine.files() {
        let file = std::fs::read(machine.path("state").join(&name)).expect("a file");
        let found = file
            .windows(PASSWORD.len())
            .any(|window| window == PASSWORD.as_bytes());
        assert!(!found, "{name}");
        if name.ends_with(".profile") {
            assert_eq!(file.len(), 65_536, "{name} tells no length");
        }
    }
    assert!(
        login.log.contains("deriving the key took"),
        "debug says durations: {login:?}"
    );
    assert!(
        !login.log.contains(PASSWORD) && !login.log.contains("down"),
        "{login:?}"
    );
}
