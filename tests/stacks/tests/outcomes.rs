//! Every cell of the outcome table that replayed typing can reach, under the real libpam: what
//! `verify` returns, and what an application gets from both printed stacks.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use pam_host::{Code, Conversation, Stack, password_line};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{Login, Machine, PASSWORD, Typing, USER, Verify, replaying_module};

type State = fn() -> Machine;

fn owner() -> Typing {
    Typing::owner(200)
}

fn stranger() -> Typing {
    Typing::stranger(3)
}

/// Asserts what `verify` returns and what follows from it in both stacks.
fn assert_cell(name: &str, state: &dyn Fn() -> Machine, typing: &Typing, expected: Verify) {
    assert_eq!(state().verify(typing), expected, "{name}");

    let mut machine = state();
    let login = machine.log_in(typing);
    let (code, delayed) = match expected {
        Success | Ignore => (Code::SUCCESS, false),
        AuthErr => (Code::AUTH_ERR, true),
    };
    assert_eq!(login.code, code, "{name}: {login:?}");
    assert_eq!(login.texts, [""; 0], "{name}: nothing on the screen");
    if delayed {
        assert_delayed(name, &login);
    }

    // With pam_faillock a refusal of rhythm leaves the tally and the code of a wrong password.
    let (code, failures) = with_faillock(&state(), typing, PASSWORD);
    let wrong = with_faillock(&state(), typing, "wrong");
    match expected {
        Success | Ignore => assert_eq!((code, failures), (Code::SUCCESS, 0), "{name}"),
        AuthErr => assert_eq!((code, failures), wrong, "{name}"),
    }
    assert_eq!(wrong.1, 1, "{name}: a wrong password is counted");
}

/// Two seconds are asked for, and libpam makes them half as many more or less.
fn assert_delayed(name: &str, login: &Login) {
    let delay = login.delay.unwrap_or_else(|| panic!("{name}: no delay"));
    assert!((1.0..=3.0).contains(&delay), "{name}: {delay} s");
}

/// Code and tally.
fn with_faillock(machine: &Machine, typing: &Typing, answer: &str) -> (Code, usize) {
    let mut machine = machine.copy();
    let arguments = machine.set_typing(typing);
    let line = password_line(PASSWORD).expect("the stand-in");
    let stack =
        Stack::debian_with_faillock(&replaying_module(), &arguments, &line, 9).expect("a stack");
    let login = machine.run(&stack, Conversation::answers([answer]));
    let failures = stack.failures(USER).expect("a tally");
    (login.code, failures)
}

#[test]
fn none() {
    let state = Machine::new;
    assert_cell("owner", &state, &owner(), Ignore);
    assert_cell("nothing typed", &state, &Typing::trace(""), Ignore);
}

#[test]
fn learning() {
    let state: State = || Machine::after(5);
    assert_cell("owner", &state, &owner(), Ignore);
    assert_cell("stranger", &state, &stranger(), Ignore);
    assert_cell("nothing typed", &state, &Typing::trace(""), Ignore);
}

#[test]
fn armed() {
    let state: State = Machine::armed;
    assert_cell("owner", &state, &owner(), Success);
    assert_cell("stranger", &state, &stranger(), AuthErr);
}

#[test]
fn armed_and_unusable() {
    let state: State = Machine::armed;
    for (name, typing) in [
        ("nothing typed", Typing::trace("")),
        ("events lost", owner().with("1500 lost")),
        ("keyboard pulled out", owner().with("1500 gone")),
        ("two keyboards", owner().with("1501 a down @1")),
        ("an arrow key", owner().with("1500 left down")),
        (
            "a shortcut",
            owner().with("1500 leftalt down").with("1501 x down"),
        ),
        ("another text", owner().without(&["n down", "n up"])),
        ("holds missing", owner().without(&["k up", "e up"])),
        ("a correction too much", {
            let slip = |text: Typing, at: u64| {
                text.with(&format!("{at} x down"))
                    .with(&format!("{}.1 x up", at))
                    .with(&format!("{}.2 backspace down", at))
                    .with(&format!("{}.3 backspace up", at))
            };
            slip(slip(owner(), 1171), 1550)
        }),
    ] {
        assert_eq!(state().verify(&typing), AuthErr, "{name}");
        let login = state().log_in(&typing);
        assert!(
            login.log.contains("state=armed outcome=unusable"),
            "{name}: {login:?}"
        );
        assert!(login.log.contains("refused"), "{name}");
    }
    assert_cell("nothing typed", &state, &Typing::trace(""), AuthErr);
    let failed = || Machine::armed().directive("unusable source-failed");
    assert_cell("the source failed", &failed, &owner(), AuthErr);
}

/// A login behind a password module that asks for no delay.
fn log_in_without_a_delay(machine: &mut Machine, typing: &Typing, password: &str) -> Login {
    let lines = [
        "auth  requisite  MODULE capture REPLAY",
        "auth  [success=1 default=ignore]  PASSWORD nodelay",
        "auth  requisite  pam_deny.so",
        "auth  required  pam_permit.so",
        "auth  requisite  MODULE verify REPLAY",
    ];
    let stack = machine.lines(typing, &lines);
    machine.run(&stack, Conversation::answers([password]))
}

/// The longest delay that anybody asks for counts, so what asks for one after a right password only
/// would tell it.
#[test]
fn a_wrong_password_is_told_as_late_as_a_wrong_rhythm() {
    for mut machine in [Machine::new(), Machine::after(3), Machine::armed()] {
        let login = log_in_without_a_delay(&mut machine, &stranger(), "wrong");
        assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
        assert_delayed("a wrong password", &login);
    }
    let login = log_in_without_a_delay(&mut Machine::armed(), &stranger(), PASSWORD);
    assert_delayed("a wrong rhythm", &login);

    // Where nobody is refused who has the password, there is nothing to hide.
    let away = || Machine::armed().directive("where not-local");
    let hidden = || Machine::armed().directive("where unprivileged");
    for (refuses, mut machine) in [
        (false, Machine::armed().with("mode=shadow")),
        (false, away()),
        (false, hidden()),
        (true, away().with("no_timings=refuse")),
        (true, hidden().with("unprivileged=refuse")),
    ] {
        let before = machine.files();
        let login = log_in_without_a_delay(&mut machine, &stranger(), "wrong");
        match refuses {
            true => assert_delayed("a wrong password elsewhere", &login),
            false => assert_eq!(login.delay, None, "{login:?}"),
        }
        assert_eq!(machine.files(), before, "nothing to be judged");
    }
}

/// Whoever looks up how many files there are, or when a directory was made, is not told.
#[test]
fn a_wrong_password_leaves_the_files_of_a_wrong_rhythm() {
    let files = |password| {
        let mut machine = Machine::armed();
        // As after a boot.
        let _ = fs::remove_dir_all(machine.path("run"));
        machine.log_in_with(&stranger(), "wrong");
        machine.log_in_with(&stranger(), password);
        let run = fs::read_dir(machine.path("run")).expect("a directory");
        let run = run.map(|entry| entry.expect("an entry").file_name());
        (machine.files(), run.collect::<Vec<_>>())
    };
    let after_a_wrong_password = files("wrong");
    assert_eq!(after_a_wrong_password, files(PASSWORD));
    assert_eq!(after_a_wrong_password.1, ["65534.lock"]);
}

#[test]
fn what_a_machine_types_is_refused_and_learned_nowhere() {
    // What `Machine::armed` learned last.
    let learned = Typing::owner(100);
    for (reason, typing) in [
        ("copied", learned.clone()),
        ("copied", learned.nearly()),
        ("too-even", Typing::constant()),
        ("too-central", Typing::average()),
        ("too-central", Typing::average().nearly()),
    ] {
        let mut machine = Machine::armed();
        let profile = machine.path("state").join("65534.profile");
        let before = fs::read(&profile).expect("a profile");
        assert_eq!(machine.verify(&typing), AuthErr, "{reason}");
        let login = machine.log_in(&typing);
        let expected = format!("outcome=unusable reason={reason}");
        assert!(login.log.contains(&expected), "{login:?}");
        assert_eq!(login.code, Code::AUTH_ERR, "{reason}");
        assert!(fs::read(&profile).expect("a profile") == before, "{reason}");
        assert_eq!(machine.verify(&owner()), Success, "{reason}: the owner");
    }
}

#[test]
fn what_can_be_missing_without_being_unusable() {
    for (name, typing) in [
        ("the last release", owner().without(&["2 up"])),
        ("one hold", owner().without(&["d up"])),
        (
            "a correction",
            owner()
                .with("1171 x down")
                .with("1171.5 x up")
                .with("1172 backspace down"),
        ),
        (
            "Shift",
            owner().with("990 leftshift down").with("1010 leftshift up"),
        ),
        ("a repetition", owner().with("1050 k repeat")),
        ("thrown away with Ctrl-U", {
            owner()
                .with("700 a down")
                .with("750 a up")
                .with("800 leftctrl down")
                .with("850 u down")
                .with("880 u up")
                .with("900 leftctrl up")
        }),
    ] {
        let login = Machine::armed().log_in(&typing);
        assert!(login.log.contains("outcome=accepted"), "{name}: {login:?}");
    }
}

/// Leaving features out never helps somebody who is refused with all of them.
#[test]
fn dropping_features_does_not_help() {
    for edge in ["k up", "e up", "y up", "d up", "n up", "1 up", "2 up"] {
        assert_eq!(
            Machine::armed().verify(&stranger().without(&[edge])),
            AuthErr,
            "{edge}"
        );
        let two = stranger().without(&[edge, "2 up"]);
        assert_eq!(
            Machine::armed().verify(&two),
            AuthErr,
            "{edge} and the last"
        );
    }
}

#[test]
fn cooling_down() {
    let state: State = Machine::cooling_down;
    assert_cell("owner", &state, &owner(), AuthErr);
    assert_cell("stranger", &state, &stranger(), AuthErr);
    assert_cell("nothing typed", &state, &Typing::trace(""), AuthErr);
    let mut machine = state();
    assert!(
        machine
            .log_in(&owner())
            .log
            .contains("state=cooling-down outcome=refused")
    );
    machine.wait(31);
    assert!(
        machine.log_in(&owner()).log.contains("outcome=accepted"),
        "it ends"
    );
    assert!(
        machine
            .log_in(&Typing::owner(201))
            .log
            .contains("outcome=accepted"),
        "and is forgotten"
    );
}

#[test]
fn a_clock_set_back_begins_a_cool_down_once_more() {
    let past = |clock: u64| format!("clock {clock}");
    let mut machine = Machine::cooling_down().directive(&past(1_000_000_000));
    for clock in [1_000_000_000, 1_000_000_029] {
        machine = machine.directive(&past(clock));
        let log = machine.log_in(&owner()).log;
        assert!(log.contains("state=cooling-down"), "{clock}: {log}");
    }
    let mut later = machine.directive(&past(1_000_000_031));
    assert!(later.log_in(&owner()).log.contains("outcome=accepted"));
}

#[test]
fn shadow_is_ignored_everywhere() {
    let states: [State; 4] = [
        Machine::new,
        || Machine::after(5),
        Machine::armed,
        Machine::cooling_down,
    ];
    for state in states {
        let state = || state().with("mode=shadow");
        for typing in [owner(), stranger(), Typing::trace("")] {
            assert_eq!(state().verify(&typing), Ignore);
        }
        assert_eq!(
            state().directive("where not-local").verify(&owner()),
            Ignore
        );
    }
    let refuse = "mode=shadow no_timings=refuse unprivileged=refuse password_change=refuse";
    for place in ["not-local", "unprivileged", "local"] {
        let mut machine = Machine::armed()
            .with(refuse)
            .directive(&format!("where {place}"));
        assert_eq!(machine.verify(&stranger()), Ignore, "{place}");
    }
}

#[test]
fn enforce_refuses_whom_it_has_not_learned() {
    let enforced = |state: State| move || state().with("mode=enforce");
    assert_cell("none", &enforced(Machine::new), &owner(), AuthErr);
    assert_cell(
        "learning",
        &enforced(|| Machine::after(5)),
        &owner(),
        AuthErr,
    );
    assert_cell(
        "unusable",
        &enforced(|| Machine::after(5)),
        &Typing::trace(""),
        AuthErr,
    );
    assert_cell("armed", &enforced(Machine::armed), &owner(), Success);
    assert_cell("refused", &enforced(Machine::armed), &stranger(), AuthErr);
    let root = || Machine::new().user("root").with("mode=enforce");
    assert_eq!(
        root().verify(&owner()),
        Ignore,
        "root can still log in and enrol"
    );
}

#[test]
fn rules_for_what_is_typed_elsewhere() {
    let states: [State; 4] = [
        Machine::new,
        || Machine::after(5),
        Machine::armed,
        Machine::cooling_down,
    ];
    for (place, rule) in [
        ("not-local", "no_timings"),
        ("unprivileged", "unprivileged"),
    ] {
        for state in states {
            for typing in [owner(), stranger()] {
                let at = || state().directive(&format!("where {place}"));
                assert_eq!(at().verify(&typing), Ignore, "{place}");
                let refused = at().with(&format!("{rule}=refuse")).verify(&typing);
                assert_eq!(refused, AuthErr, "{place}");
                let ignored = at()
                    .with(&format!("{rule}=ignore mode=enforce"))
                    .verify(&typing);
                assert_eq!(ignored, Ignore, "{place}, enforced");
            }
        }
    }
}

#[test]
fn a_service_that_asks_beforehand_is_typed_elsewhere() {
    // The stacks' service is `login`; without a press in the conversation it is unusable.
    let nothing = Typing::trace("0 enter up");
    assert_eq!(Machine::armed().verify(&nothing), AuthErr);
    assert_eq!(
        Machine::armed()
            .with("beforehand=sshd,login")
            .verify(&nothing),
        Ignore
    );
    assert_eq!(
        Machine::armed()
            .with("beforehand=login")
            .verify(&stranger()),
        AuthErr
    );
}

#[test]
fn strictness_moves_the_threshold() {
    // Of the rhythms on the way from the owner to a stranger, a stricter one accepts fewer.
    let mut seen = Vec::new();
    for strictness in ["lenient", "normal", "strict"] {
        let accepted = (0..40)
            .filter(|&percent| {
                let arguments = format!("strictness={strictness}");
                let rhythm = Typing::between(200, percent);
                Machine::armed().with(&arguments).verify(&rhythm) == Success
            })
            .count();
        seen.push(accepted);
    }
    assert!(
        seen.is_sorted_by(|a, b| a >= b) && seen.first() > seen.last(),
        "{seen:?}"
    );
}

#[test]
fn the_kernel_command_line_switches_it_off() {
    let off = || Machine::armed().directive("command-line quiet keydyn=off");
    let login = off().log_in(&stranger());
    assert_eq!(login.code, Code::SUCCESS);
    assert!(
        login.log.contains("state=off") && login.log.contains("keydyn=off"),
        "{login:?}"
    );
    assert_eq!(off().with("mode=enforce").verify(&stranger()), Ignore);
    let almost = Machine::armed()
        .directive("command-line keydyn=offf")
        .verify(&stranger());
    assert_eq!(almost, AuthErr);
}
