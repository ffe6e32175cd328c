//! Faults around the process: threads that exit, children, attempts at the same moment, locks that are
//! kept, limits.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs;

use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Stack, in_a_child, on_a_thread};
use stacks::{Machine, PASSWORD, Typing, USER};

fn owner() -> Typing {
    Typing::owner(200)
}

fn right() -> Conversation {
    Conversation::answers([PASSWORD])
}

#[test]
fn a_thread_that_exits_afterwards() {
    for i in 0..3 {
        let machine = Machine::armed();
        let stack = machine.debian(&Typing::owner(300 + i));
        let code = on_a_thread(|| {
            let mut app =
                Application::start(&stack, Stack::SERVICE, USER, right()).expect("starts");
            let code = app.authenticate(Flags::NONE);
            let _ = app.set_credentials(Flags::ESTABLISH);
            let _ = app.end(code);
            code
        });
        assert_eq!(code, Code::SUCCESS);
    }
}

#[test]
fn a_forked_child_does_not_see_the_secret_and_the_parent_learns() {
    let machine = Machine::armed();
    let stack = machine.debian(&Typing::owner(70));
    let mut app = Application::start(&stack, Stack::SERVICE, USER, right()).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    let child = in_a_child(|| {
        // The page is zero here, so there is nothing to learn.
        app.set_credentials(Flags::ESTABLISH)
    });
    assert!(
        matches!(child, Ok(ChildEnd::Code(Code::SUCCESS))),
        "{child:?}"
    );
    assert!(!machine.log().contains("learned"), "{}", machine.log());
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert!(
        machine.log().contains("learned state=armed"),
        "{}",
        machine.log()
    );
}

/// Thirty people with the right password at the same moment are judged one after the other.
#[test]
fn attempts_at_the_same_moment_see_each_other() {
    let machine = Machine::armed();
    let stack = machine.debian(&Typing::stranger(1));
    std::thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                let started = Application::start(&stack, Stack::SERVICE, USER, right());
                let mut app = started.expect("starts");
                assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
            });
        }
    });
    let judged = machine.log().matches("state=armed outcome=refused").count();
    assert_eq!(judged, 5, "{}", machine.log());
}

/// Whoever keeps the lock keeps nobody from being counted, nor the owner out.
#[test]
fn a_lock_that_somebody_keeps_stops_neither_the_count_nor_the_owner() {
    let mut machine = Machine::armed();
    let lock = fs::File::options()
        .write(true)
        .open(machine.path("state").join("65534.lock"))
        .expect("the lock");
    lock.lock().expect("held");
    for i in 0..5 {
        let login = machine.log_in(&Typing::stranger(i));
        assert!(
            login.log.contains("outcome=refused reason=rhythm"),
            "{login:?}"
        );
    }
    assert!(machine.log_in(&owner()).log.contains("state=cooling-down"));
    machine.wait(31);
    let login = machine.log_in(&owner());
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("not learned") && login.log.contains("locked"),
        "{login:?}"
    );
    drop(lock);
    let login = machine.log_in(&owner());
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
}

/// A limit on file sizes lets no verdict be written, or every one.
#[test]
fn no_limit_on_file_sizes_lets_refusals_go_uncounted_and_acceptances_pass() {
    let mut machine = Machine::armed();
    for i in 0..60 {
        machine.log_in(&if i % 2 == 0 {
            Typing::owner(300 + i)
        } else {
            Typing::stranger(i)
        });
    }
    for limit in [0, 500, 547, 563, 700, 1023, 1024, 70_000] {
        let copy = machine.copy();
        let end = in_a_child(|| {
            let limits = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            // SAFETY: a limit and a disposition of this child process only.
            unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
            let stack = copy.debian(&owner());
            // SAFETY: the structure is valid for the call.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limits) }, 0);
            let started = Application::start(&stack, Stack::SERVICE, USER, right());
            started.expect("starts").authenticate(Flags::NONE)
        });
        let expected = if limit < 1024 {
            Code::AUTH_ERR
        } else {
            Code::SUCCESS
        };
        assert!(
            matches!(end, Ok(ChildEnd::Code(code)) if code == expected),
            "{limit}: {end:?}"
        );
    }
}

/// Bytes of address space that this process has.
fn address_space() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = pages.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    pages.expect("pages") * 4096
}

/// No memory for the key derivation: refused when armed, not in force otherwise.
#[test]
fn without_memory_for_the_key_an_armed_user_is_refused() {
    for (machine, expected) in [
        (Machine::armed(), Code::AUTH_ERR),
        (Machine::after(3), Code::SUCCESS),
        (Machine::after(3).with("mode=enforce"), Code::AUTH_ERR),
    ] {
        let machine = machine.copy();
        let end = in_a_child(|| {
            let stack = machine.debian(&owner());
            let limit = address_space() + 12 * 1024 * 1024;
            let limit = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            // SAFETY: the structure is valid for the call, and this is a child process.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
            let started = Application::start(&stack, Stack::SERVICE, USER, right());
            started.expect("starts").authenticate(Flags::NONE)
        });
        assert!(
            matches!(end, Ok(ChildEnd::Code(code)) if code == expected),
            "{end:?}"
        );
        let log = machine.log();
        assert!(log.contains("no memory for the key derivation"), "{log}");
        assert!(log.contains("outcome=failed reason=internal"), "{log}");
    }
}
