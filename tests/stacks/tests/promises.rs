//! Promises of the two lines' place in a stack, of arming and of learning that no cell of the
//! table holds.
#![allow(clippy::expect_used, reason = "tests")]

use pam_host::{Code, Conversation, stand_in_with};
use stacks::Verify::{AuthErr, Ignore};
use stacks::{FRONT, Login, Machine, PASSWORD, Typing};

const PERMIT: &str = "auth  required  pam_permit.so";

fn owner() -> Typing {
    Typing::owner(200)
}

fn run(mut machine: Machine, typing: &Typing, lines: &[&str]) -> Login {
    let stack = machine.lines(typing, lines);
    machine.run(&stack, Conversation::answers([PASSWORD]))
}

/// A keyring behind `verify` does not see a refused password where `verify` is requisite, and does
/// where it is required.
#[test]
fn a_module_behind_verify_is_reached_after_a_refusal_only_where_verify_is_required() {
    let keyring = stand_in_with("trace=keyring auth=ignore").expect("the stand-in");
    let keyring = format!("auth  optional  {keyring}");
    for (control, reached) in [("requisite", false), ("required", true)] {
        let verify = format!("auth  {control}  MODULE verify REPLAY");
        let lines = [&FRONT[..], &[PERMIT, &verify, &keyring]].concat();
        let refused = run(Machine::armed(), &Typing::stranger(3), &lines);
        assert_eq!(refused.code, Code::AUTH_ERR, "{control}: {refused:?}");
        let said = refused.texts.iter().any(|text| text.contains("keyring"));
        assert_eq!(said, reached, "{control}: {refused:?}");
        let accepted = run(Machine::armed(), &owner(), &lines);
        assert_eq!(accepted.code, Code::SUCCESS, "{control}: {accepted:?}");
        let said = accepted.texts.iter().any(|text| text.contains("keyring"));
        assert!(said, "{control}: {accepted:?}");
    }
}

/// Mistakes that the documentation names.
#[test]
fn verify_between_the_password_module_and_pam_deny_locks_everybody_out() {
    let [capture, password, deny] = FRONT;
    let verify = "auth  requisite  MODULE verify REPLAY";
    let lines = [capture, password, verify, deny, PERMIT];
    for machine in [Machine::new(), Machine::armed()] {
        let login = run(machine, &owner(), &lines);
        assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
    }
}

#[test]
fn verify_behind_a_sufficient_password_module_is_never_reached() {
    let [capture, ..] = FRONT;
    let lines = [
        capture,
        "auth  sufficient  PASSWORD",
        "auth  requisite  MODULE verify REPLAY",
    ];
    let lines: Vec<_> = lines.to_vec();
    let login = run(Machine::armed(), &Typing::stranger(3), &lines);
    assert_eq!(login.code, Code::SUCCESS);
    assert!(login.log.contains("`verify` was not reached"), "{login:?}");
}

#[test]
fn min_samples_moves_arming_and_never_below_what_twenty_decisions_take() {
    for (min_samples, armed_at) in [(3, 23), (20, 23), (27, 27)] {
        let mut machine = Machine::new().with(&format!("min_samples={min_samples}"));
        for i in 1..=armed_at {
            machine.wait(if i % 9 == 1 { 5 * 3600 } else { 60 });
            let login = machine.log_in(&Typing::owner(i));
            let state = if i < armed_at { "learning" } else { "armed" };
            let learned = format!("learned state={state} samples={i}");
            assert!(login.log.contains(&learned), "{min_samples}: {login:?}");
        }
    }
}

#[test]
fn one_sitting_however_long_arms_nobody() {
    let mut machine = Machine::new();
    for i in 0..40 {
        machine.wait(3 * 3600);
        let login = machine.log_in(&Typing::owner(i));
        assert!(login.log.contains("learned state=learning"), "{login:?}");
    }
    assert_eq!(machine.verify(&Typing::stranger(3)), Ignore);
}

/// Of the rhythms on the way to a stranger's, the last that is learned.
fn barely_learned() -> Typing {
    let learned = |percent: &u64| {
        let login = Machine::armed().log_in(&Typing::between(200, *percent));
        login.log.contains("learned state=armed")
    };
    let last = (0..60).take_while(learned).last();
    Typing::between(200, last.expect("the owner's own is"))
}

#[test]
fn after_a_refusal_a_typing_that_was_barely_learned_is_not_in_the_same_sitting() {
    let barely = barely_learned();
    let mut trusted = Machine::armed();
    let login = trusted.log_in(&barely);
    assert!(login.log.contains("learned state=armed"), "{login:?}");

    let mut machine = Machine::armed();
    let before = machine.learned();
    assert_eq!(machine.log_in(&Typing::stranger(3)).code, Code::AUTH_ERR);
    for _ in 0..3 {
        let login = machine.log_in(&barely);
        assert!(login.log.contains("outcome=accepted"), "{login:?}");
        assert!(!login.log.contains("learned"), "{login:?}");
    }
    assert_eq!(machine.learned(), before);
    let mut rested = machine.copy();
    rested.wait(5 * 3600);
    let login = rested.log_in(&barely);
    assert!(
        login.log.contains("learned state=armed"),
        "a new sitting: {login:?}"
    );
    let login = machine.log_in(&owner());
    assert!(
        login.log.contains("learned state=armed"),
        "a confident one: {login:?}"
    );
    assert_eq!(machine.state().distrusted, None, "trusted again");
}

/// `nullok` and a blank password: Enter alone has no rhythm.
#[test]
fn a_blank_password_has_no_rhythm() {
    let password = stand_in_with("password=").expect("the stand-in");
    let password = format!("auth  [success=1 default=ignore]  {password}");
    let [capture, _, deny] = FRONT;
    let verify = "auth  requisite  MODULE verify REPLAY";
    let lines = [capture, &password, deny, PERMIT, verify];
    let enter = Typing::trace("0 enter up\n900 enter down");
    let log_in = |mut machine: Machine| {
        let stack = machine.lines(&enter, &lines);
        machine.run(&stack, Conversation::answers([""]))
    };
    let login = log_in(Machine::new());
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("outcome=not-in-force reason=no-press"),
        "{login:?}"
    );
    assert!(!login.log.contains("learned"), "{login:?}");
    // Of an armed user it is another password.
    let login = log_in(Machine::armed().with("password_change=refuse"));
    assert_eq!(login.code, Code::AUTH_ERR, "{login:?}");
}

/// `capture` is the same factor on both lines only with the same arguments; `shadow` on one line
/// alone must not let a refusal of the other's through.
#[test]
fn what_verify_is_told_decides_whatever_capture_was_told() {
    let mut machine = Machine::armed();
    let [_, password, deny] = FRONT;
    let capture = "auth  requisite  MODULE capture REPLAY mode=shadow strictness=lenient";
    let stack = machine.verify_behind(&Typing::stranger(3), &[capture, password, deny]);
    let login = machine.run(&stack, Conversation::answers([PASSWORD]));
    assert_eq!(stacks::Verify::of(login.code), Some(AuthErr), "{login:?}");
}
