//! What is learned, when, and what is not.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use keydyn_core::memory::Transition;
use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::{Login, Machine, PASSWORD, Typing, USER};

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

/// The first login makes the memory, and a way with a Shift on it is longer.
#[test]
fn a_shift_between_two_keys_is_learned_with_them() {
    for shift in [false, true] {
        let mut machine = Machine::new();
        let typing = Typing::owner(1);
        let typing = match shift {
            true => typing
                .with("1171.1 leftshift down")
                .with("1171.2 leftshift up"),
            false => typing,
        };
        machine.log_in(&typing);
        let (profile, _) = machine.profile().expect("a profile");
        let ways = &profile.sequences()[0]
            .template()
            .memory()
            .parts()
            .transitions;
        assert_eq!(ways.contains(&Transition::Shifted), shift, "{ways:?}");
    }
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

/// The same text at the numeric pad.
fn on_the_keypad(seed: u64) -> Typing {
    let text = Typing::owner(seed).text().to_owned();
    Typing::trace(&text.replace(" 1 ", " kp1 ").replace(" 2 ", " kp2 "))
}

#[test]
fn who_types_another_way_is_not_armed_in_the_place_of_the_owner() {
    let mut machine = Machine::new();
    for i in 0..21 {
        machine.wait(8 * 3600);
        assert!(machine.log_in(&Typing::owner(i)).code.is_success());
    }
    for i in 0..30 {
        machine.wait(if i == 12 { 5 * 3600 } else { 60 });
        let login = machine.log_in(&on_the_keypad(1000 + i));
        assert!(login.log.contains(" learned state=learning"), "{login:?}");
    }
    for i in 21..23 {
        machine.wait(8 * 3600);
        let login = machine.log_in(&Typing::owner(i));
        assert!(login.code.is_success(), "{login:?}");
    }
    machine.wait(60);
    for typing in [Typing::owner(50), on_the_keypad(2000)] {
        let login = machine.log_in(&typing);
        assert!(
            login.log.contains("state=armed outcome=accepted"),
            "{login:?}"
        );
    }
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
            .log_in(&Typing::owner(208))
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
fn after_a_refusal_a_confident_attempt_is_learned_again() {
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

/// Logs in so often with a new password, in sittings of nine; the last login.
fn learn_a_new_password(machine: &mut Machine, logins: u64) -> Login {
    machine.change_password("another");
    let mut last = None;
    for i in 0..logins {
        machine.wait(if i % 9 == 0 { 5 * 3600 } else { 60 });
        let login = machine.log_in(&Typing::owner(i));
        assert_eq!(login.code, Code::SUCCESS, "login {i}: {login:?}");
        let reason = "outcome=not-in-force reason=password-changed";
        assert!(login.log.contains(reason), "login {i}: {login:?}");
        last = Some(login);
    }
    last.expect("a login")
}

#[test]
fn a_changed_password_learns_in_the_second_slot_until_it_is_ready_to_be_armed() {
    // Enforce refuses whoever is not armed: there must be no login in between.
    for mode in ["mode=auto", "mode=enforce"] {
        let mut machine = Machine::armed().with(mode);
        let last = learn_a_new_password(&mut machine, 23);
        assert!(last.log.contains("has replaced the old one"), "{last:?}");
        assert!(last.log.contains("learned state=armed"), "{last:?}");
        let left = machine.files().iter().any(|name| name.contains("second"));
        assert!(!left, "{:?}", machine.files());
        let refused = machine.log_in(&Typing::stranger(1));
        assert!(refused.log.contains("outcome=refused"), "{refused:?}");
        let accepted = machine.log_in(&Typing::owner(209));
        assert!(accepted.log.contains("outcome=accepted"), "{accepted:?}");
    }
}

#[test]
fn an_unarmed_owner_s_changed_password_takes_over_and_goes_on_learning() {
    let mut machine = Machine::after(5);
    learn_a_new_password(&mut machine, 20);
    for i in 20..23 {
        let login = machine.log_in(&Typing::owner(i));
        assert!(login.log.contains("state=learning"), "{login:?}");
    }
    assert!(
        machine
            .log_in(&Typing::stranger(1))
            .log
            .contains("outcome=refused")
    );
}

/// A login that has got as far as its credentials, which are set only when it is told.
fn held_back(machine: &Machine, typing: &Typing) -> (Stack, Application) {
    let stack = machine.debian(typing);
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert!(app.authenticate(Flags::NONE).is_success());
    (stack, app)
}

#[test]
fn strangers_held_back_while_learning_are_not_learned_once_armed() {
    let mut machine = Machine::after(15);
    let held: Vec<_> = (0..8)
        .map(|i| held_back(&machine, &Typing::stranger(i)))
        .collect();
    for i in 15..30 {
        machine.wait(60);
        assert!(machine.log_in(&Typing::owner(i)).code.is_success());
    }
    let before = samples(&machine);
    for (_stack, mut app) in held {
        assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    }
    assert!(machine.log().contains("not learned"), "{}", machine.log());
    assert_eq!(samples(&machine), before);
    let owner = machine.log_in(&Typing::owner(40));
    assert!(owner.log.contains("outcome=accepted"), "{owner:?}");
}

#[test]
fn credentials_set_in_reverse_order_do_not_make_sittings() {
    let mut machine = Machine::new();
    for i in 0..15 {
        machine.wait(10);
        let (_first, mut earlier) = held_back(&machine, &Typing::owner(2 * i));
        machine.wait(10);
        let (_second, mut later) = held_back(&machine, &Typing::owner(2 * i + 1));
        assert_eq!(later.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
        assert_eq!(earlier.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    }
    let login = machine.log_in(&Typing::owner(40));
    assert!(login.log.contains("state=learning"), "{login:?}");
}

#[test]
fn a_refused_login_is_not_learned_whatever_the_application_makes_of_it() {
    let machine = Machine::after(5).copy().with("mode=enforce");
    let stack = machine.debian(&Typing::owner(60));
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    let _ = app.end(Code::SUCCESS);
    assert!(!machine.log().contains("learned"), "{}", machine.log());
}

#[test]
fn a_text_that_is_too_short_is_never_armed_and_no_log_says_so() {
    let short = |seed: u64| {
        Typing::owner(seed).without(&["n down", "n up", "1 down", "1 up", "2 down", "2 up"])
    };
    let mut machine = Machine::new();
    for i in 0..30 {
        machine.wait(if i % 9 == 0 { 5 * 3600 } else { 60 });
        let login = machine.log_in(&short(i));
        // That would tell a length.
        assert_eq!(login.log.lines().count(), 2, "{login:?}");
        assert!(login.log.contains(" learned state=learning"), "{login:?}");
    }
    assert_eq!(machine.log_in(&Typing::stranger(0)).code, Code::SUCCESS);
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

/// What must be found nowhere: the password, and the text's key codes and the owner's holds as a
/// profile has them in its plaintext.
fn secrets() -> [(&'static str, Vec<u8>); 3] {
    let codes: [u16; 8] = [37, 18, 21, 32, 21, 49, 2, 3];
    // The first two holds of `Typing::owner(60)`.
    let holds = [90u64, 100].map(|ms| ms * 1000);
    [
        ("password", PASSWORD.into()),
        (
            "key codes",
            codes.iter().flat_map(|code| code.to_le_bytes()).collect(),
        ),
        (
            "holds",
            holds
                .iter()
                .flat_map(|us| (*us as u32).to_le_bytes())
                .collect(),
        ),
    ]
}

#[test]
fn nothing_of_password_or_typing_is_in_any_file_or_log() {
    let mut machine = Machine::armed().with("debug");
    let login = machine.log_in(&Typing::owner(60));
    machine.log_in(&Typing::stranger(60));
    for name in machine.files() {
        let file = std::fs::read(machine.path("state").join(&name)).expect("a file");
        for (what, secret) in secrets() {
            let found = file.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{name} has the {what}");
        }
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

/// Somebody who passes now, and only just: what log and account make of it.
fn only_just(machine: &Machine, seeds: std::ops::Range<u64>) -> (Machine, Login) {
    for seed in seeds {
        // From the owner's rhythm on, until it is refused.
        for percent in 1..60 {
            let mut tried = machine.copy();
            let login = tried.log_in(&Typing::between(seed, percent));
            if login.log.contains("held-back") {
                return (tried, login);
            }
            if login.code != Code::SUCCESS {
                break;
            }
        }
    }
    panic!("nobody passes only just");
}

#[test]
fn who_passes_only_just_is_let_in_and_not_learned() {
    let machine = Machine::armed();
    let before = samples(&machine);
    let (mut after, login) = only_just(&machine, 3000..3020);
    assert_eq!(login.code, Code::SUCCESS);
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
    assert!(!login.log.contains(" learned state="), "{login:?}");
    assert_eq!(samples(&after), before);
    let owner = after.log_in(&Typing::owner(62));
    assert!(owner.log.contains("learned state=armed"), "{owner:?}");
    assert_eq!(samples(&after), before + 1, "the exception was one");
}

#[test]
fn who_passes_only_just_again_and_again_is_learned_after_all() {
    let mut machine = Machine::armed();
    let before = samples(&machine);
    for (sitting, held) in [(1, true), (2, true), (3, false)] {
        machine.wait(20 * 3600);
        if held {
            machine = only_just(&machine, 3000 * sitting..3000 * sitting + 20).0;
            assert_eq!(samples(&machine), before);
        }
    }
    // The third in a row: what passes only just is learned now, with the two before.
    let third = (9000..9020).find_map(|seed| {
        (1..60).find_map(|percent| {
            let mut tried = machine.copy();
            let login = tried.log_in(&Typing::between(seed, percent));
            let learned = format!("learned state=armed samples={}", before + 3);
            login.log.contains(&learned).then_some(())
        })
    });
    assert!(third.is_some());
}
