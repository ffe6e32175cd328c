use crate::{Tested, login, stack};
use pam_host::{ChildEnd, Code, Conversation, Error, Flags, in_a_child, on_a_thread};
use std::thread;

const PASSWORD: [&str; 1] = ["auth required STAND-IN trace=a password=secret"];

#[test]
fn a_whole_transaction_on_a_thread_that_then_exits() -> Tested {
    let stack = stack(&PASSWORD)?;
    for _ in 0..20 {
        let code = on_a_thread(|| {
            let mut app = login(&stack, Conversation::answers(["secret"]))?;
            Ok::<_, Error>(app.authenticate(Flags::NONE))
        })?;
        assert_eq!(code, Code::SUCCESS);
    }
    Ok(())
}

#[test]
fn a_whole_transaction_in_a_child() -> Tested {
    let stack = stack(&PASSWORD)?;
    for (answer, expected) in [("secret", Code::SUCCESS), ("wrong", Code::AUTH_ERR)] {
        let end = in_a_child(|| match login(&stack, Conversation::answers([answer])) {
            Ok(mut app) => app.authenticate(Flags::NONE),
            Err(_) => Code::ABORT,
        })?;
        assert_eq!(end, ChildEnd::Code(expected));
    }
    assert!(
        stack.directory().is_dir(),
        "the child has not cleaned up after its parent"
    );
    Ok(())
}

/// As sshd does: authenticated in a child, the parent knows the handle only as it was before.
#[test]
fn a_child_goes_on_with_its_parents_handle() -> Tested {
    let mut app = login(&stack(&PASSWORD)?, Conversation::answers(["secret"]))?;
    let end = in_a_child(|| app.authenticate(Flags::NONE))?;
    assert_eq!(end, ChildEnd::Code(Code::SUCCESS));
    assert_eq!(
        app.messages(),
        [],
        "what the child was asked is the child's"
    );
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);

    let end = in_a_child(move || app.end_silently(Code::SUCCESS))?;
    assert_eq!(end, ChildEnd::Code(Code::SUCCESS));
    Ok(())
}

#[test]
fn a_childs_crash_is_told() -> Tested {
    // SAFETY: ends the child, on purpose.
    let crash = || unsafe { libc::abort() };
    assert_eq!(in_a_child(crash)?, ChildEnd::Signal(libc::SIGABRT));
    assert_eq!(in_a_child(|| panic!("on purpose"))?, ChildEnd::Panicked);
    Ok(())
}

#[test]
fn children_are_made_while_other_threads_are_in_libpam() -> Tested {
    let stack = stack(&PASSWORD)?;
    let attempt = || match login(&stack, Conversation::answers(["secret"])) {
        Ok(mut app) => app.authenticate(Flags::NONE),
        Err(_) => Code::ABORT,
    };
    thread::scope(|scope| {
        let busy = scope.spawn(|| (0..500).map(|_| attempt()).all(Code::is_success));
        for _ in 0..50 {
            assert_eq!(in_a_child(attempt)?, ChildEnd::Code(Code::SUCCESS));
        }
        assert!(busy.join().is_ok_and(|good| good));
        Ok(())
    })
}
