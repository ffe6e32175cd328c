//! Which lines' setcred are called: those that authenticate reached, and no others.

use crate::{Tested, login, stack, texts};
use pam_host::{Application, Code, Conversation, Error, Flags};

/// The lines `a` to `e` of the Debian stack: capture, password, deny, permit, verify.
fn debian(password: &str, verify: &str) -> Result<Application, Error> {
    let stack = stack(&[
        "auth requisite                  STAND-IN trace=a auth=ignore",
        &format!("auth [success=1 default=ignore] STAND-IN trace=b auth={password}"),
        "auth requisite                  STAND-IN trace=c auth=auth_err",
        "auth required                   STAND-IN trace=d auth=success",
        &format!("auth requisite                  STAND-IN trace=e auth={verify}"),
    ])?;
    login(&stack, Conversation::silent())
}

/// The names of the lines whose setcred was called.
fn called(app: &Application) -> String {
    let messages = app.messages();
    let setcred = texts(&messages)
        .into_iter()
        .filter(|text| text.contains("setcred"));
    setcred.filter_map(|text| text.split(' ').next()).collect()
}

#[test]
fn setcred_goes_the_way_authenticate_went() -> Tested {
    for (password, verify, authenticate, set_credentials, lines) in [
        ("success", "ignore", Code::SUCCESS, Code::SUCCESS, "abde"),
        ("success", "success", Code::SUCCESS, Code::SUCCESS, "abde"),
        (
            "success",
            "auth_err",
            Code::AUTH_ERR,
            Code::PERM_DENIED,
            "abde",
        ),
        (
            "auth_err",
            "ignore",
            Code::AUTH_ERR,
            Code::PERM_DENIED,
            "abc",
        ),
    ] {
        let mut app = debian(password, verify)?;
        assert_eq!(app.authenticate(Flags::NONE), authenticate);
        assert_eq!(app.set_credentials(Flags::ESTABLISH), set_credentials);
        assert_eq!(called(&app), lines, "password {password}, verify {verify}");
    }
    Ok(())
}

#[test]
fn behind_a_sufficient_success_no_setcred_is_called() -> Tested {
    let stack = stack(&[
        "auth required   STAND-IN trace=a auth=ignore",
        "auth sufficient STAND-IN trace=b auth=success",
        "auth required   STAND-IN trace=c auth=success",
    ])?;
    let mut app = login(&stack, Conversation::silent())?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert_eq!(called(&app), "ab");
    Ok(())
}

#[test]
fn a_line_jumped_over_has_no_setcred_and_the_way_is_that_of_the_last_authenticate() -> Tested {
    let stack = stack(&[
        "auth [success=1 default=ignore] STAND-IN trace=a password=right",
        "auth required                   STAND-IN trace=b auth=success",
        "auth required                   STAND-IN trace=c auth=success",
    ])?;
    let mut app = login(&stack, Conversation::answers(["right", "wrong"]))?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert_eq!(called(&app), "ac");
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.set_credentials(Flags::REFRESH), Code::SUCCESS);
    assert_eq!(called(&app), "acabc");
    Ok(())
}

/// cron, sudo with a valid timestamp, sshd with a key: the setcreds' own codes steer.
#[test]
fn without_authenticate_setcred_walks_by_its_own_codes() -> Tested {
    let mut app = debian("auth_err", "auth_err")?;
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert_eq!(called(&app), "abde");
    Ok(())
}

#[test]
fn a_setcred_that_ignores_fails_when_it_stands_alone() -> Tested {
    for (lines, expected) in [
        (
            ["auth required STAND-IN auth=success cred=ignore"].as_slice(),
            Code::PERM_DENIED,
        ),
        (
            &["auth required pam_debug.so auth=success cred=ignore"],
            Code::PERM_DENIED,
        ),
        (
            &[
                "auth required STAND-IN auth=success cred=ignore",
                "auth required pam_permit.so",
            ],
            Code::SUCCESS,
        ),
    ] {
        let mut app = login(&stack(lines)?, Conversation::silent())?;
        assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
        assert_eq!(app.set_credentials(Flags::ESTABLISH), expected, "{lines:?}");
    }
    Ok(())
}

/// Whose authenticate was ignored, its setcred is called and its code ignored as well.
#[test]
fn a_failing_setcred_counts_only_where_authenticate_counted() -> Tested {
    for (code, expected) in [("ignore", Code::SUCCESS), ("success", Code::CRED_ERR)] {
        let stack = stack(&[
            &format!("auth required STAND-IN trace=a auth={code} cred=cred_err"),
            "auth required pam_permit.so",
        ])?;
        let mut app = login(&stack, Conversation::silent())?;
        assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
        assert_eq!(app.set_credentials(Flags::ESTABLISH), expected, "{code}");
        assert_eq!(called(&app), "a");
    }
    Ok(())
}
