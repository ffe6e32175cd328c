//! Names that are not UTF-8: whose they are, the name service says by their bytes.
#![allow(clippy::expect_used, clippy::print_stderr, reason = "tests")]

use std::fs;

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{Machine, PASSWORD, Typing, USER, Verify, confined, in_a_process_of_its_own};

const NAME: &[u8] = b"m\xfcller";

/// What `verify` says to somebody of this name who types like this.
fn verify(machine: &Machine, typing: &Typing) -> Option<Verify> {
    let stack = machine.verify_behind(typing, &["auth  requisite  MODULE capture REPLAY"]);
    let answers = Conversation::answers([PASSWORD]);
    let app = Application::start(&stack, Stack::SERVICE, USER, answers);
    let mut app = app.expect("libpam starts");
    assert_eq!(app.set_user(NAME), Code::SUCCESS);
    let code = app.authenticate(Flags::NONE);
    let _ = app.end(code);
    Verify::of(code)
}

/// Nobody of whom nothing was learned is refused; pam_unix has no such user either.
#[test]
fn one_that_no_user_has_is_nobody_s() {
    let machine = Machine::armed();
    assert_eq!(verify(&machine, &Typing::owner(200)), Some(Ignore));
    let log = machine.log();
    assert!(log.contains("user=m\\u{fffd}ller state=unarmed"), "{log}");
}

#[test]
fn one_that_a_user_has_is_judged() {
    let allowed = in_a_process_of_its_own(|| {
        let allowed = confined::own_mounts();
        if allowed {
            let machine = Machine::armed();
            let passwd = machine.path("passwd");
            let mut users = fs::read("/etc/passwd").expect("users");
            users.extend_from_slice(NAME);
            users.extend_from_slice(b":x:65534:65534::/nonexistent:/bin/false\n");
            fs::write(&passwd, users).expect("written");
            confined::in_place_of(passwd.to_str().expect("a text"), "/etc/passwd");
            assert_eq!(verify(&machine, &Typing::stranger(3)), Some(AuthErr));
            assert_eq!(verify(&machine, &Typing::owner(200)), Some(Success));
            let log = machine.log();
            assert!(log.contains("state=armed outcome=refused"), "{log}");
        }
        allowed
    });
    if !allowed {
        eprintln!("skipped: mounts of one's own take root, and a system that allows them");
    }
}
