//! The two literal stacks of docs/pam-semantics.md, with pam_debug in the module's place.

use crate::{Tested, login};
use pam_host::{
    Application, Code, Conversation, Error, Flags, Stack, debian_lines, debian_with_faillock_lines,
    password_line,
};
use std::path::Path;

const MODULE: &str = "pam_debug.so";
/// pam_debug overlooks the words `capture` and `verify`; they are replaced by what each is to return.
const CAPTURE: (&str, &str) = ("pam_debug.so capture", "pam_debug.so auth=ignore");

fn with_verify(lines: Vec<String>, verify: Code) -> impl Iterator<Item = String> {
    let verify = format!("pam_debug.so auth={}", verify.word());
    lines.into_iter().map(move |line| {
        line.replace(CAPTURE.0, CAPTURE.1)
            .replace("pam_debug.so verify", &verify)
    })
}

fn debian(verify: Code) -> Result<Stack, Error> {
    let lines = debian_lines(Path::new(MODULE), "", &password_line("secret")?)?;
    Stack::new()?.service("login", with_verify(lines, verify))
}

fn debian_with_faillock(verify: Code, deny: u32) -> Result<Stack, Error> {
    let stack = Stack::new()?;
    let password = password_line("secret")?;
    let faillock = stack.faillock(deny)?;
    let lines = debian_with_faillock_lines(Path::new(MODULE), "", &password, &faillock)?;
    stack.service("login", with_verify(lines, verify))
}

fn attempt(stack: &Stack, password: &str) -> Result<(Code, Application), Error> {
    let mut app = login(stack, Conversation::answers([password]))?;
    Ok((app.authenticate(Flags::NONE), app))
}

#[test]
fn debians_stack() -> Tested {
    for (password, verify, expected) in [
        ("secret", Code::SUCCESS, Code::SUCCESS),
        ("secret", Code::IGNORE, Code::SUCCESS),
        ("secret", Code::AUTH_ERR, Code::AUTH_ERR),
        ("wrong", Code::SUCCESS, Code::AUTH_ERR),
        ("wrong", Code::IGNORE, Code::AUTH_ERR),
        ("wrong", Code::AUTH_ERR, Code::AUTH_ERR),
    ] {
        let (code, mut app) = attempt(&debian(verify)?, password)?;
        assert_eq!(code, expected, "{password}, verify {verify}");
        if code.is_success() {
            assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
            assert_eq!(app.account(), Code::SUCCESS);
            assert_eq!(app.open_session(), Code::SUCCESS);
            assert_eq!(app.close_session(), Code::SUCCESS);
        }
    }
    Ok(())
}

#[test]
fn debians_stack_with_faillock() -> Tested {
    for (password, verify, expected, failures) in [
        ("secret", Code::SUCCESS, Code::SUCCESS, 0),
        ("secret", Code::IGNORE, Code::SUCCESS, 0),
        // authfail returns PAM_IGNORE, and to die of that is PAM_PERM_DENIED.
        ("secret", Code::AUTH_ERR, Code::PERM_DENIED, 1),
        ("wrong", Code::SUCCESS, Code::PERM_DENIED, 1),
        ("wrong", Code::AUTH_ERR, Code::PERM_DENIED, 1),
    ] {
        let stack = debian_with_faillock(verify, 3)?;
        let (code, mut app) = attempt(&stack, password)?;
        assert_eq!(code, expected, "{password}, verify {verify}");
        assert_eq!(
            stack.failures("nobody")?,
            failures,
            "{password}, verify {verify}"
        );
        if code.is_success() {
            assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
            assert_eq!(app.account(), Code::SUCCESS);
        }
    }
    Ok(())
}

#[test]
fn faillock_locks_before_anything_is_asked() -> Tested {
    let stack = debian_with_faillock(Code::IGNORE, 2)?;
    for failures in 1..=2 {
        assert_eq!(attempt(&stack, "wrong")?.0, Code::PERM_DENIED);
        assert_eq!(stack.failures("nobody")?, failures);
    }
    let (code, app) = attempt(&stack, "secret")?;
    assert_eq!(code, Code::AUTH_ERR);
    assert_eq!(app.answers_left(), 1, "no module asked");
    assert!(!app.texts().is_empty(), "the person is told why");
    Ok(())
}

#[test]
fn a_login_that_goes_on_to_account_clears_the_tally() -> Tested {
    let stack = debian_with_faillock(Code::IGNORE, 3)?;
    assert_eq!(attempt(&stack, "wrong")?.0, Code::PERM_DENIED);
    let (code, mut app) = attempt(&stack, "secret")?;
    assert_eq!(code, Code::SUCCESS);
    assert_eq!(stack.failures("nobody")?, 1);
    assert_eq!(app.account(), Code::SUCCESS);
    assert_eq!(stack.failures("nobody")?, 0);
    Ok(())
}

/// The short ways of writing the same: one set of arguments on both lines.
#[test]
fn both_stacks_pass_arguments_to_both_lines() -> Tested {
    let (module, password) = (Path::new(MODULE), password_line("secret")?);
    let plain = Stack::debian(module, "auth=ignore", &password)?;
    let faillock = Stack::debian_with_faillock(module, "auth=ignore", &password, 3)?;
    for stack in [plain, faillock] {
        let answers = Conversation::answers(["secret"]);
        let mut app = Application::start(&stack, Stack::SERVICE, "nobody", answers)?;
        assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
        assert_eq!(app.texts(), ["auth=ignore", "auth=ignore"]);
    }
    let spaced = Stack::debian(Path::new("/a b/pam_x.so"), "", &password);
    assert!(matches!(spaced, Err(Error::Line(_))), "{spaced:?}");
    Ok(())
}
