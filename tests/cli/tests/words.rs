//! Help, and the demonstration: what people read first, on whatever they read it.

use cli::keydyn;

const VERBS: [&str; 12] = [
    "attack", "data", "demo", "disable", "doctor", "enable", "enroll", "evaluate", "forget",
    "reset", "status", "verify",
];

#[test]
fn every_verb_s_help_teaches_and_has_the_exit_codes() {
    for verb in VERBS {
        let help = keydyn(&[verb, "--help"]).piped("");
        let help = help.assert(0, &["Exit codes:", "3 a file, a user or this machine"]);
        let teaches = help.out.contains("Examples:") || help.out.contains("make demo");
        assert!(teaches, "{verb}: {help:?}");
        for hidden in ["--state-dir", "--machine"] {
            assert!(!help.out.contains(hidden), "for tests only: {verb}");
        }
    }
    let all = keydyn(&["--help"]).piped("").assert(0, &["Exit codes:"]);
    for verb in VERBS {
        assert!(all.out.contains(&format!("\n  {verb} ")), "{verb}");
    }
}

#[test]
fn help_fits_a_narrow_terminal_and_obeys_whoever_wants_no_colour() {
    for verb in VERBS {
        let coloured = keydyn(&[verb, "--help"]).columns(40).terminal().end();
        assert!(coloured.out.contains("\u{1b}["), "{verb}: {coloured:?}");
        for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let help = keydyn(&[verb, "--help"]).env(variable.0, variable.1);
            let plain = help.columns(40).terminal().end().assert(0, &[]);
            assert!(!plain.out.contains('\u{1b}'), "{verb} {variable:?}");
        }
    }
}

#[test]
fn a_word_that_is_none_is_a_usage_error_on_standard_error() {
    for arguments in [&["frobnicate"][..], &[], &["status", "--frobnicate"]] {
        let done = keydyn(arguments).piped("").assert(2, &["Usage:"]);
        assert_eq!(done.out, "");
    }
}

#[test]
fn what_went_wrong_fits_a_narrow_terminal_too() {
    let tool = keydyn(&["status", "nobody-of-this-name"]).columns(40);
    let done = tool.terminal().end().assert(3, &["keydyn:"]);
    assert!(done.widest() <= 40, "{done:?}");
}

#[test]
fn the_demonstration_needs_nothing_and_nobody_s_rights() {
    // SAFETY: cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    let tool = keydyn(&["demo"]).columns(40);
    let tool = if root { tool.as_uid(65534) } else { tool };
    let shown = tool.terminal().end().assert(
        0,
        &[
            "the account is armed",
            "of 100 logins are accepted",
            "of 20 people are refused",
            "times the usual spread",
            "a template that had not gone on learning would have accepted",
            "`make demo`",
        ],
    );
    assert!(shown.widest() <= 40, "{shown:?}");
    let other = keydyn(&["demo", "--seed", "2"]).piped("").assert(0, &[]);
    assert_ne!(keydyn(&["demo"]).piped("").out, other.out);
    assert_eq!(keydyn(&["demo", "--seed", "2"]).piped(""), other);
}
