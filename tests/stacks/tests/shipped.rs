//! The module as it is shipped: no stand-in in it, and no way to give it one.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs;
use std::process::Command;

use pam_host::{Application, Code, Conversation, Flags, Stack, password_line};
use stacks::{Machine, PASSWORD, Typing, USER, replaying_module, shipped_module};

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[test]
fn it_has_no_string_of_the_stand_in() {
    let shipped = fs::read(shipped_module()).expect("the module");
    let replaying = fs::read(replaying_module()).expect("the module");
    // Short names may be compiled into comparisons; these are what the other build cannot hide.
    for word in ["/nonexistent/", "state-dir", "command-line"] {
        assert!(contains(&replaying, word), "the check would notice: {word}");
        assert!(!contains(&shipped, word), "{word}");
    }
    for word in ["replay", "Replay", "REPLAY"] {
        assert!(!contains(&shipped, word), "{word}");
    }
}

#[test]
fn it_exports_the_six_entry_points_stays_loaded_and_is_hardened() {
    let run = |arguments: &[&str]| {
        let out = Command::new("readelf")
            .args(arguments)
            .arg(shipped_module())
            .output();
        String::from_utf8(out.expect("readelf, of binutils").stdout).expect("text")
    };
    let symbols = run(&["-W", "--dyn-syms"]);
    let mut exported: Vec<&str> = symbols
        .lines()
        .filter(|line| line.contains(" GLOBAL ") && !line.contains(" UND "))
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    exported.sort_unstable();
    assert_eq!(
        exported,
        [
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_chauthtok",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred",
        ]
    );
    let dynamic = run(&["-W", "--dynamic"]);
    for flag in ["NODELETE", "NOW"] {
        assert!(dynamic.contains(flag), "{flag}: {dynamic}");
    }
    assert!(run(&["-W", "--program-headers"]).contains("GNU_RELRO"));
}

#[test]
fn it_ignores_the_argument_and_never_fails_open_for_it() {
    // Under the argument the other build would find this user armed and refuse.
    let machine = Machine::armed();
    let arguments = machine.set_typing(&Typing::stranger(1));
    let line = password_line(PASSWORD).expect("the stand-in");
    let stack = Stack::debian(&shipped_module(), &arguments, &line).expect("a stack");
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert_eq!(
        app.authenticate(Flags::NONE),
        Code::SUCCESS,
        "nothing was learned here"
    );
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert_eq!(machine.log(), "", "the script was not read");

    // Nobody typed at a keyboard of this machine, wherever these tests run: every rule refuses.
    let enforced = format!("{arguments} mode=enforce no_timings=refuse unprivileged=refuse");
    let stack = Stack::debian(&shipped_module(), &enforced, &line).expect("a stack");
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
}
