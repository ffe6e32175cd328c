//! What the simulator of `keydyn doctor` says that modules of others return, against the modules
//! that this machine has.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use keydyn_stack::files::Configuration;
use keydyn_stack::module;
use keydyn_stack::service::{Facility, Service};
use pam_host::{Application, Conversation, Flags, Stack};

/// Lines that need nobody's answer.
const LINES: [&str; 36] = [
    "pam_deny.so",
    "pam_permit.so",
    "pam_env.so",
    "pam_faildelay.so delay=1000",
    "pam_group.so",
    "pam_echo.so hello",
    "pam_motd.so",
    "pam_mail.so",
    "pam_warn.so",
    "pam_issue.so noesc",
    "pam_keyinit.so",
    "pam_limits.so",
    "pam_umask.so",
    "pam_setquota.so",
    "pam_selinux.so",
    "pam_cap.so",
    "pam_localuser.so",
    "pam_usertype.so isregular",
    "pam_usertype.so issystem",
    "pam_succeed_if.so uid = 0",
    "pam_succeed_if.so uid > 0",
    "pam_rootok.so",
    "pam_wheel.so",
    "pam_wheel.so trust",
    "pam_shells.so",
    "pam_nologin.so",
    "pam_nologin.so successok",
    "pam_securetty.so",
    "pam_lastlog.so",
    "pam_time.so",
    "pam_access.so",
    "pam_listfile.so item=user sense=allow file=/etc/passwd onerr=fail",
    "pam_listfile.so item=user sense=deny file=/nonexistent onerr=succeed",
    "pam_debug.so auth=try_again",
    "pam_debug.so",
    "pam_exec.so quiet /bin/false",
];

/// What this line returns to this user, and what was said of it.
fn codes(line: &str, user: &str) -> (String, Vec<&'static str>) {
    // Every code is the stack's own.
    let line = format!("auth  [ignore=ok success=ok default=bad]  {line}");
    let stack = Stack::new().and_then(|stack| stack.service(Stack::SERVICE, [line]));
    let stack = stack.expect("a stack");
    let configuration = Configuration::of_directory(&stack.directory().join("pam.d"));
    let service = Service::read(&configuration, Stack::SERVICE).expect("readable");
    let entries = service.stack(Facility::Auth);
    let entry = entries.first().expect("a line");
    assert!(entry.kind == keydyn_stack::service::Kind::Module);
    let said = match entry.missing {
        true => vec!["module_unknown"],
        false => module::codes(entry)
            .iter()
            .map(|code| code.word())
            .collect(),
    };
    let mut app = Application::start(&stack, Stack::SERVICE, user, Conversation::silent())
        .expect("libpam starts");
    (app.authenticate(Flags::NONE).word().to_owned(), said)
}

#[test]
fn modules_return_what_is_said_of_them() {
    let mut wrong = Vec::new();
    for line in LINES {
        for user in ["root", "nobody"] {
            let (code, said) = codes(line, user);
            if !said.contains(&&*code) {
                wrong.push(format!("{line} for {user}: {code}, not one of {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pam_faillock_returns_what_is_said_of_it() {
    let stack = Stack::new().expect("a directory");
    let tally = stack.faillock(3).expect("tallies");
    for action in ["preauth", "authfail", "authsucc", ""] {
        let (code, said) = codes(&format!("pam_faillock.so {action} {tally}"), "nobody");
        assert_eq!(code, said[0], "{action:?}: {said:?}");
    }
}
