use crate::{Tested, login, stack, texts};
use pam_host::{Application, Code, Conversation, Flags, Item, Message, Reply, Style};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

const TWO_PROMPTS: [&str; 4] = [
    "auth required STAND-IN password=one",
    "auth required STAND-IN clear_token",
    "auth required STAND-IN password=two",
    "auth required STAND-IN show_token",
];

#[test]
fn each_prompt_gets_the_next_answer() -> Tested {
    let mut app = login(
        &stack(&TWO_PROMPTS)?,
        Conversation::answers(["one", "two", "three"]),
    )?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.answers_left(), 1);
    assert_eq!(
        app.messages(),
        [
            Message::new(Style::EchoOff, "Password: "),
            Message::new(Style::EchoOff, "Password: "),
            Message::new(Style::Info, "token=two"),
        ]
    );
    assert_eq!(app.texts(), ["token=two"]);
    Ok(())
}

/// `pam_get_authtok` of libpam 1.5 makes PAM_AUTHTOK_ERR of all three.
#[test]
fn cancelled_without_response_and_not_yet_there() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret"])?;
    for reply in [Reply::Cancel, Reply::Null, Reply::Again] {
        let mut app = login(&stack, Conversation::silent().reply(reply.clone()))?;
        assert_eq!(
            app.authenticate(Flags::NONE),
            Code::AUTHTOK_ERR,
            "{reply:?}"
        );
        assert_eq!(texts(&app.messages()), ["Password: "]);
        assert_eq!(app.fail_delay(), None);
    }
    Ok(())
}

/// A module that asks by itself (`pam_prompt`, as pam_exec does) is told which of the three it was.
#[test]
fn a_module_that_asks_by_itself_is_told_what_happened() -> Tested {
    let stack = stack(&["auth required pam_exec.so expose_authtok quiet /bin/true"])?;
    for (reply, expected) in [
        (Reply::Cancel, Code::CONV_ERR),
        (Reply::Again, Code::INCOMPLETE),
        (Reply::Null, Code::SUCCESS),
    ] {
        let mut app = login(&stack, Conversation::silent().reply(reply.clone()))?;
        assert_eq!(app.authenticate(Flags::NONE), expected, "{reply:?}");
    }
    Ok(())
}

#[test]
fn a_prompt_nobody_expected_is_cancelled_and_recorded() -> Tested {
    let mut app = login(&stack(&TWO_PROMPTS)?, Conversation::answers(["one"]))?;
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTHTOK_ERR);
    assert_eq!(
        texts(&app.messages()),
        ["Password: ", "Password: ", "no token"]
    );
    Ok(())
}

#[test]
fn a_name_is_asked_with_echo() -> Tested {
    let stack = stack(&["auth required pam_permit.so"])?;
    let conversation = Conversation::silent().name("alice");
    let mut app = Application::start(&stack, "login", None, conversation)?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.item(Item::User).as_deref(), Some("alice"));
    assert_eq!(app.messages()[0].style, Style::EchoOn);
    Ok(())
}

#[test]
fn an_answer_may_wait_for_texts() -> Tested {
    for (count, expected) in [(2, Code::SUCCESS), (3, Code::AUTHTOK_ERR)] {
        let stack = stack(&[
            "auth optional pam_echo.so one",
            "auth optional pam_echo.so two",
            "auth required STAND-IN password=secret",
        ])?;
        let mut app = login(&stack, Conversation::silent().answer_after(count, "secret"))?;
        assert_eq!(app.authenticate(Flags::NONE), expected, "after {count}");
    }
    Ok(())
}

#[test]
fn a_turn_may_do_something_before_it_answers() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret"])?;
    let file = stack.directory().join("written-while-asked");
    let written = file.clone();
    let conversation = Conversation::silent().answer_with(move |moment| {
        assert_eq!(moment.message().text, "Password: ");
        assert!(fs::write(&written, "").is_ok());
        Reply::answer("secret")
    });
    assert_eq!(
        login(&stack, conversation)?.authenticate(Flags::NONE),
        Code::SUCCESS
    );
    assert!(file.exists());
    Ok(())
}

/// libpam hides PAM_AUTHTOK from applications, but not while a module waits for one.
#[test]
fn the_token_can_be_changed_between_two_lines() -> Tested {
    let stack = stack(&[
        "auth required STAND-IN password=one",
        "auth optional pam_echo.so now",
        "auth required STAND-IN show_token",
        "auth required STAND-IN password=two",
    ])?;
    let conversation = Conversation::answers(["one"]).when_told("now", |moment| {
        assert_eq!(moment.token().as_deref(), Some(b"one".as_slice()));
        assert_eq!(moment.set_token(Some("two")), Code::SUCCESS);
    });
    let mut app = login(&stack, conversation)?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.texts(), ["now", "token=two"]);
    Ok(())
}

#[test]
fn the_stand_in_presets_replaces_and_clears_the_token() -> Tested {
    for (line, before, expected) in [
        ("set_token=preset", None, "token=preset"),
        ("set_token=preset", Some("typed"), "token=typed"),
        ("replace_token=other", Some("typed"), "token=other"),
        ("clear_token", Some("typed"), "no token"),
        ("replace_token=", Some("typed"), "token="),
    ] {
        let mut lines = Vec::new();
        if let Some(before) = before {
            lines.push(format!("auth required STAND-IN password={before}"));
        }
        lines.push(format!("auth required STAND-IN {line}"));
        lines.push("auth required STAND-IN show_token auth=success".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut app = login(&stack(&lines)?, Conversation::answers(["typed"]))?;
        assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS, "{line}");
        assert_eq!(app.texts(), [expected], "{line} after {before:?}");
    }
    Ok(())
}

#[test]
fn no_token_is_left_for_the_next_call() -> Tested {
    let stack = stack(&[
        "auth required STAND-IN show_token",
        "auth required STAND-IN password=secret",
    ])?;
    let mut app = login(&stack, Conversation::answers(["secret", "secret"]))?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.texts(), ["no token", "no token"]);
    Ok(())
}

#[test]
fn bytes_that_are_no_text_are_answered_as_they_are() -> Tested {
    let stack = stack(&[
        "auth required STAND-IN password= auth=success",
        "auth optional pam_echo.so now",
    ])?;
    let conversation = Conversation::answers([[0xff, b'x', 0, b'y']]).when_told("now", |moment| {
        assert_eq!(moment.token().as_deref(), Some([0xff, b'x'].as_slice()));
    });
    let mut app = login(&stack, conversation)?;
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.texts(), ["now"]);
    Ok(())
}

#[test]
fn a_panic_of_the_script_passes_through_libpam() -> Tested {
    let stack = stack(&["auth required STAND-IN password=secret"])?;
    let conversation = Conversation::silent().answer_with(|_| panic!("of the script"));
    let mut app = login(&stack, conversation)?;
    let caught = catch_unwind(AssertUnwindSafe(|| app.authenticate(Flags::NONE)));
    let message = caught
        .err()
        .and_then(|panic| panic.downcast_ref::<&str>().copied());
    assert_eq!(message, Some("of the script"));
    Ok(())
}
