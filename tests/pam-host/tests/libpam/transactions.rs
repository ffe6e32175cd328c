use crate::{Tested, login, stack, texts};
use pam_host::{Application, Code, Conversation, Error, Flags, Item, Stack};
use std::time::{Duration, Instant};

/// libpam randomises the delay by up to one half.
const ABOUT_TWO_SECONDS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(3);

#[test]
fn the_codes_of_modules_come_through() -> Tested {
    for (line, expected) in [
        ("auth required pam_permit.so", Code::SUCCESS),
        ("auth required pam_deny.so", Code::AUTH_ERR),
        ("auth required pam_debug.so auth=maxtries", Code::MAXTRIES),
        (
            "auth required STAND-IN auth=user_unknown",
            Code::USER_UNKNOWN,
        ),
        (
            "auth required STAND-IN auth=no_such_word",
            Code::SERVICE_ERR,
        ),
        ("auth required STAND-IN ", Code::SERVICE_ERR),
        ("auth required /nonexistent/pam_x.so", Code::MODULE_UNKNOWN),
        // IGNORE alone is nobody's success.
        ("auth required pam_debug.so auth=ignore", Code::PERM_DENIED),
    ] {
        let stack = stack(&[line])?;
        let code = login(&stack, Conversation::silent())?.authenticate(Flags::NONE);
        assert_eq!(code, expected, "{line}");
    }
    Ok(())
}

#[test]
fn every_entry_point_is_called_with_its_flags() -> Tested {
    let stack = stack(&[
        "auth     required STAND-IN trace=auth auth=success",
        "account  required STAND-IN trace=acct acct=acct_expired",
        "session  required STAND-IN trace=sess",
        "password required STAND-IN trace=pass",
    ])?;
    let mut app = login(&stack, Conversation::silent())?;
    assert_eq!(app.authenticate(Flags::DISALLOW_NULL_TOKEN), Code::SUCCESS);
    assert_eq!(app.account(), Code::ACCT_EXPIRED);
    assert_eq!(app.change_token(Flags::CHANGE_EXPIRED), Code::SUCCESS);
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert_eq!(app.open_session(), Code::SUCCESS);
    assert_eq!(
        app.set_credentials(Flags::DELETE | Flags::SILENT),
        Code::SUCCESS
    );
    assert_eq!(app.close_session(), Code::SUCCESS);
    assert_eq!(
        texts(&app.messages()),
        [
            "auth authenticate 0x1",
            "acct account 0x0",
            "pass chauthtok 0x4020", // PAM_PRELIM_CHECK
            "pass chauthtok 0x2020", // PAM_UPDATE_AUTHTOK
            "auth setcred 0x2",
            "sess open_session 0x0",
            "auth setcred 0x8004",
            "sess close_session 0x0",
        ]
    );
    assert_eq!(app.end(Code::SUCCESS), Code::SUCCESS);
    Ok(())
}

#[test]
fn a_wrong_password_is_delayed_by_name_only() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret"])?;
    let mut app = login(&stack, Conversation::answers(["wrong"]))?;
    let start = Instant::now();
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    assert!(start.elapsed() < Duration::from_millis(500));
    assert!(
        app.fail_delay()
            .is_some_and(|delay| ABOUT_TWO_SECONDS.contains(&delay))
    );
    assert_eq!(app.fail_delays().len(), 1);
    assert_eq!(app.fail_delays()[0].code, Code::AUTH_ERR);
    Ok(())
}

#[test]
fn the_stand_in_fails_and_delays_as_the_real_pam_unix_does() -> Tested {
    const LINES: [&str; 2] = [
        "auth required pam_unix.so nullok try_first_pass",
        "auth required STAND-IN password=secret",
    ];
    for line in LINES {
        let mut wrong = login(&stack(&[line])?, Conversation::answers(["wrong"]))?;
        let code = wrong.authenticate(Flags::NONE);
        // From Linux-PAM 1.7 on an ordinary user's pam_unix says that it cannot look at somebody
        // else's password.
        let blind = line.contains("pam_unix") && code == Code::AUTHINFO_UNAVAIL;
        assert!(code == Code::AUTH_ERR || blind, "{line}: {code}");
        assert!(wrong.fail_delay().is_some(), "{line}");

        let mut cancelled = login(&stack(&[line])?, Conversation::silent())?;
        assert_eq!(
            cancelled.authenticate(Flags::NONE),
            Code::AUTHTOK_ERR,
            "{line}"
        );
        assert_eq!(cancelled.fail_delay(), None, "{line}");
    }
    Ok(())
}

#[test]
fn a_success_is_not_delayed_though_libpam_tells_a_delay() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret"])?;
    let mut app = login(&stack, Conversation::answers(["secret"]))?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.fail_delay(), None);
    assert!(ABOUT_TWO_SECONDS.contains(&app.fail_delays()[0].delay));
    Ok(())
}

#[test]
fn without_a_request_there_is_no_delay() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret nodelay"])?;
    let mut app = login(&stack, Conversation::answers(["wrong"]))?;
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    assert_eq!(app.fail_delay(), None);
    Ok(())
}

/// libpam forgets that a delay was asked for, not how long it was.
#[test]
fn a_second_call_is_told_the_first_ones_delay() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret"])?;
    let mut app = login(&stack, Conversation::answers(["wrong"]))?;
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    assert_eq!(
        app.authenticate(Flags::NONE),
        Code::AUTHTOK_ERR,
        "nobody is there to answer"
    );
    assert!(app.fail_delay().is_some(), "the second call asked for none");
    Ok(())
}

#[test]
fn items_are_set_and_read() -> Tested {
    let stack = stack(&["auth required pam_permit.so"])?;
    let mut app = login(&stack, Conversation::silent())?;
    assert_eq!(app.set_tty("tty1"), Code::SUCCESS);
    assert_eq!(app.set_rhost("198.51.100.1"), Code::SUCCESS);
    assert_eq!(app.set_ruser("alice"), Code::SUCCESS);
    assert_eq!(app.set_user("bob"), Code::SUCCESS);
    assert_eq!(app.set_rhost("a\0b"), Code::BAD_ITEM);
    assert_eq!(app.item(Item::Tty).as_deref(), Some("tty1"));
    assert_eq!(app.item(Item::RemoteHost).as_deref(), Some("198.51.100.1"));
    assert_eq!(app.item(Item::RemoteUser).as_deref(), Some("alice"));
    assert_eq!(app.item(Item::User).as_deref(), Some("bob"));
    assert_eq!(app.item(Item::Service).as_deref(), Some("login"));
    assert_eq!(app.set_item(Item::RemoteHost, None), Code::SUCCESS);
    assert_eq!(app.item(Item::RemoteHost), None);
    Ok(())
}

#[test]
fn what_a_stack_does_not_mention_is_refused() -> Tested {
    let stack = stack(&["auth required pam_permit.so"])?;
    let mut app = login(&stack, Conversation::silent())?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.account(), Code::PERM_DENIED);
    assert_eq!(app.open_session(), Code::PERM_DENIED);
    assert_eq!(app.change_token(Flags::NONE), Code::PERM_DENIED);
    Ok(())
}

#[test]
fn etc_pam_d_is_not_read() -> Tested {
    let stack = stack(&["auth required pam_permit.so"])?;
    let start = Application::start(&stack, "other", "nobody", Conversation::silent());
    assert!(matches!(start, Err(Error::Start(Code::ABORT))), "{start:?}");
    Ok(())
}

#[test]
fn an_application_keeps_its_stacks_files() -> Tested {
    let stack = stack(&["auth required pam_permit.so"])?;
    let directory = stack.directory().to_owned();
    let mut app = login(&stack, Conversation::silent())?;
    drop(stack);
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert!(directory.is_dir());
    drop(app);
    assert!(!directory.exists());
    Ok(())
}

#[test]
fn what_would_be_read_as_something_else_is_no_line_and_no_service() -> Tested {
    let two = Stack::new()?.service(
        "login",
        ["auth required pam_deny.so\nauth sufficient pam_permit.so"],
    );
    assert!(matches!(two, Err(Error::Line(_))), "{two:?}");
    for name in ["", "Login", "../login", ".login"] {
        let odd = Stack::new()?.service(name, ["auth required pam_deny.so"]);
        assert!(matches!(odd, Err(Error::Service(_))), "{odd:?}");
    }
    Ok(())
}
