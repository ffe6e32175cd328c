//! `keydyn enroll` on a terminal, with recorded typing.
#![allow(clippy::unwrap_used, reason = "tests")]

use cli::desk::{Desk, PASSWORD, USER, keypad, owner, password_line, short, wild};
use cli::{Done, keydyn};
use nix::sys::signal::Signal;

/// The password that is typed: a PAM line's argument has no blanks.
fn secret() -> String {
    PASSWORD.replace(' ', "_")
}

fn enrolled() -> Desk {
    let desk = Desk::new([]);
    let done = desk.enroll((0..23).map(owner));
    done.assert(
        0,
        &["known from 23 typings", "in force from the next login on"],
    );
    desk
}

fn accepts(desk: &Desk, typing: String) -> Done {
    desk.hears([typing]);
    desk.keydyn(&["verify", USER]).terminal().passwords(1).end()
}

#[test]
fn a_steady_rhythm_is_in_force_after_twenty_three_typings() {
    let desk = Desk::new((0..23).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal();
    let session = session.expect("keydyn is about to learn how nobody (uid 65534)");
    assert!(!session.echoes());
    let (done, echo) = session.passwords(23).end_and_look();
    assert!(echo);
    assert!(!done.out.contains(&secret()), "{}", done.out);
    let done = done.assert(
        0,
        &[
            "Password of nobody: right",
            "· noted ▁▂ typical ▄ a bit off █ unusual",
            "1 done, 22+ to go",
            "22 done, 1+ to go",
            "typical",
        ],
    );
    assert_eq!(done.out.matches("a bit off").count(), 1, "told once");
    // Never a timing, a key or a length.
    for told in ["13", " ms", "horse"] {
        let words = done.out.replace("13 done", "").replace("13+ to go", "");
        assert!(!words.contains(told), "{told}: {words}");
    }
    let kept = ["65534.profile", "65534.state", "65534.state.previous"];
    assert_eq!(desk.kept(), kept);
    accepts(&desk, owner(50)).assert(0, &["Accepted"]);
    accepts(&desk, wild(50)).assert(1, &["Refused"]);
}

#[test]
fn a_wrong_password_stores_nothing() {
    let desk = Desk::new((0..23).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal();
    let done = session.expect("Password of nobody:").keys("wrong\n").end();
    done.assert(1, &["the password is wrong", "Nothing was stored"]);
    assert!(!desk.place().state().exists());
}

#[test]
fn without_its_service_pam_is_not_asked() {
    let desk = Desk::new((0..23).map(owner));
    desk.without_service();
    let done = desk.keydyn(&["enroll", USER]).terminal().end();
    let done = done.assert(3, &["pam.d/keydyn", "packaging/pam.d/keydyn"]);
    assert!(!done.out.contains("Password of"));
    // Nor where the service asks for nothing.
    desk.service("# auth required pam_permit.so\n");
    let done = desk.keydyn(&["enroll", USER]).terminal().end();
    done.assert(3, &["no `auth` line"]);
    assert!(!desk.place().state().exists());
}

#[test]
fn the_packaged_service_asks_for_the_shadow_password() {
    let desk = Desk::new((0..23).map(owner));
    desk.service(include_str!("../../../packaging/pam.d/keydyn"));
    let start = || desk.keydyn(&["enroll", USER]).with_shadow(&desk);
    let Some(tool) = start() else {
        // No mount namespace is to be had here.
        return;
    };
    let session = tool.terminal().expect("Password of nobody:");
    session
        .keys("wrong\n")
        .end()
        .assert(1, &["the password is wrong"]);
    assert!(!desk.place().state().exists());
    let session = start().unwrap().terminal().passwords(23);
    session.end().assert(0, &["known from 23 typings"]);
}

#[test]
fn away_from_the_keyboards_nobody_is_asked_for_a_password() {
    // The shipped command, on a terminal that a test made: no seat is behind it.
    let desk = Desk::new([]);
    let done = desk.place().keydyn(&["enroll", USER]).with_pam_of(&desk);
    let Some(tool) = done else { return };
    let done = tool.terminal().end();
    let heard = "no keyboard of this machine can be heard from here";
    let done = done.assert(3, &[heard, "Nothing was stored"]);
    assert!(!done.out.contains("Password of"), "{}", done.out);
    let done = desk.place().keydyn(&["verify", USER]).with_pam_of(&desk);
    let done = done.unwrap().terminal().end().assert(3, &[heard]);
    assert!(!done.out.contains("stored"), "it never stores: {done:?}");
}

#[test]
fn an_expired_account_is_told_as_such() {
    let desk = Desk::new((0..23).map(owner));
    desk.service("auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n");
    let done = desk.keydyn(&["enroll", USER]).terminal().passwords(1).end();
    done.assert(3, &["the account has expired"]);
}

#[test]
fn a_mistyped_password_does_not_count() {
    // The typing that is heard with the wrong text is as good as the others.
    let desk = Desk::new((0..24).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal().passwords(3);
    let mut session = session.prompted(3).keys("correct_hores\n");
    session = session.expect("That was not the password. It does not count.");
    for number in 4..24 {
        session = session.prompted(number).keys(&password_line());
    }
    session.end().assert(0, &["known from 23 typings"]);
}

#[test]
fn one_wild_typing_is_not_learned() {
    let typings = (0..23).map(|i| if i == 10 { wild(i) } else { owner(i) });
    let desk = Desk::new([]);
    let done = desk.enroll(typings);
    done.assert(
        0,
        &[
            "unusual",
            "unlike the others and is not learned",
            "known from 22 typings",
        ],
    );
}

#[test]
fn a_rhythm_that_does_not_settle_is_kept_as_learning() {
    let typings = (0..60).map(|i| if i % 4 == 3 { wild(i) } else { owner(i) });
    let desk = Desk::new([]);
    let done = desk.enroll(typings);
    let done = done.assert(1, &["not steady enough yet", "45 typings are kept"]);
    // One slip is forgiven; what a second one costs is told at once, and the count keeps to it.
    let told = done.flat();
    let (_, after) = told.split_once("It takes at least ").unwrap();
    let more: u32 = after.split(' ').next().unwrap().parse().unwrap();
    assert!(told.contains(&format!("{more}+ to go")), "{told}");
    accepts(&desk, owner(70)).assert(0, &["State: learning", "PAM_IGNORE"]);
    // And the next enrolment goes on from there.
    let done = desk.enroll((100..116).map(owner));
    done.assert(0, &["Learned before this, and counted: 45 typings."]);
}

#[test]
fn ctrl_d_keeps_what_was_learned_and_ctrl_c_nothing() {
    let desk = Desk::new((0..23).map(owner));
    let start = || {
        desk.keydyn(&["enroll", USER])
            .terminal()
            .passwords(5)
            .prompted(5)
    };
    let (done, echo) = start().keys("\x03").end_and_look();
    assert!(echo);
    assert_eq!(done.code, None, "ended by the signal: {done:?}");
    assert!(done.flat().contains("Nothing was stored"), "{done:?}");
    assert!(desk.kept().is_empty());

    let (done, echo) = start().keys("\x04").end_and_look();
    assert!(echo);
    done.assert(
        1,
        &[
            "stopped before the rhythm was in force",
            "5 typings are kept",
        ],
    );
    let kept = ["65534.profile", "65534.state", "65534.state.previous"];
    assert_eq!(desk.kept(), kept);
}

#[test]
fn whatever_ends_it_the_terminal_is_as_it_was() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let desk = Desk::new((0..23).map(owner));
        let session = desk.keydyn(&["enroll", USER]).terminal().passwords(2);
        let (done, echo) = session.prompted(2).signal(signal).end_and_look();
        assert!(echo, "{signal}");
        assert_eq!(done.code, None, "{signal}: {done:?}");
        assert!(desk.kept().is_empty());
    }
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_asks_again() {
    let desk = Desk::new((0..30).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal().passwords(2);
    let session = session.prompted(2).keys("\x1a").stopped();
    assert!(session.echoes());
    let session = session.signal(Signal::SIGCONT).expect_times(" > ", 3);
    let session = session.keys(&password_line()).expect_times(" > ", 4);
    session.keys("\x03").end();
}

#[test]
fn a_short_text_is_told_at_once() {
    let desk = Desk::new((0..23).map(short));
    let done = desk.keydyn(&["enroll", USER]).terminal().passwords(1).end();
    done.assert(1, &["too few or too many keys", "Nothing was stored"]);
    assert!(desk.kept().is_empty());
}

#[test]
fn where_no_keyboard_is_heard_nothing_is_stored() {
    for (script, said) in [
        ("where not-local\n", "not over ssh"),
        ("where unprivileged\n", "/dev/input"),
        ("where local\nunusable seat-inactive\n", "seat"),
        ("where local\ntrace\n", "no key was pressed"),
    ] {
        let desk = Desk::new([script.to_owned()]);
        let done = desk.keydyn(&["enroll", USER]).terminal().passwords(1).end();
        done.assert(3, &[said, "Nothing was stored"]);
        assert!(!desk.place().state().exists());
    }
}

/// A typing in which this happens after some keys.
fn broken_off(typing: &str, what: &str) -> String {
    let (head, trace) = typing.split_once("trace\n").unwrap();
    let mut lines: Vec<String> = trace.lines().map(str::to_owned).collect();
    let at = lines[8].split(' ').next().unwrap().to_owned();
    lines.insert(9, format!("{at} {what}"));
    format!("{head}trace\n{}\n", lines.join("\n"))
}

#[test]
fn what_cannot_be_used_is_told_and_asked_for_again() {
    let lost = broken_off(&owner(2), "lost");
    let arrow = broken_off(&owner(3), "left down");
    let mut typings: Vec<String> = (0..25).map(owner).collect();
    typings[2] = lost;
    typings[3] = arrow;
    let desk = Desk::new([]);
    let done = desk.enroll(typings);
    done.assert(
        0,
        &[
            "key events were lost",
            "without cursor keys",
            "known from 23 typings",
        ],
    );
}

#[test]
fn a_rhythm_in_force_must_be_shown_before_it_learns_more() {
    let desk = enrolled();
    desk.hears((0..3).map(wild));
    let session = desk.keydyn(&["enroll", USER]).terminal().passwords(3);
    session.expect("Type it as always.").end().assert(
        1,
        &["not the rhythm that is in force", "keydyn reset nobody"],
    );
    let done = desk.enroll((30..36).map(owner));
    done.assert(0, &["A rhythm is in force already", "taught by 29 typings"]);
}

#[test]
fn another_way_to_type_it_becomes_a_sequence_of_its_own() {
    let desk = enrolled();
    let done = desk.enroll([owner(30)].into_iter().chain((0..23).map(keypad)));
    done.assert(0, &["in force from the next login on"]);
    accepts(&desk, owner(60)).assert(0, &["Accepted"]);
    accepts(&desk, keypad(60)).assert(0, &["Accepted"]);
}

#[test]
fn a_changed_password_replaces_the_profile_when_complete() {
    let desk = enrolled();
    desk.service("auth required pam_permit.so\naccount required pam_permit.so\n");
    desk.hears((0..23).map(owner));
    let mut session = desk.keydyn(&["enroll", USER]).terminal();
    for number in 0..23 {
        session = session.prompted(number).keys("another password\n");
    }
    let done = session.end();
    done.assert(
        0,
        &[
            "under another password, in force",
            "replaces the profile of the old",
        ],
    );
    assert_eq!(
        desk.kept(),
        ["65534.profile", "65534.state", "65534.state.previous"]
    );
    accepts(&desk, owner(50)).assert(1, &["under another password"]);
}

#[test]
fn it_fits_forty_columns_and_a_plain_terminal() {
    let typings = || (0..23).map(|i| if i == 10 { wild(i) } else { owner(i) });
    let desk = Desk::new(typings());
    let session = desk.keydyn(&["enroll", USER]).columns(40).terminal();
    let done = session.passwords(23).end();
    let shown = Done {
        out: done
            .out
            .replace("\x1b[32m", "")
            .replace("\x1b[33m", "")
            .replace("\x1b[0m", ""),
        ..done.clone()
    };
    assert!(shown.widest() <= 40, "{}", shown.out);
    let legend = "\n· noted ▁▂ typical ▄ a bit off █ unusual";
    assert!(shown.out.contains(legend), "in one line: {}", shown.out);
    done.assert(0, &["\x1b[32mtypical", "█"]);

    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let desk = Desk::new(typings());
        let tool = desk.keydyn(&["enroll", USER]).env(name, value);
        let done = tool.terminal().passwords(23).end().assert(0, &["typical"]);
        assert!(!done.out.contains('\x1b'), "{name}: {}", done.out);
        assert_eq!(done.out.is_ascii(), name == "TERM", "{}", done.out);
    }
}

#[test]
fn it_says_what_it_needs() {
    let desk = Desk::new((0..23).map(owner));
    let done = desk.keydyn(&["enroll", USER]).piped(&password_line());
    done.assert(2, &["no terminal to ask on, so nothing was done"]);
    let done = desk.keydyn(&["verify", USER]).piped(&password_line());
    done.assert(2, &["no terminal to ask on, so nothing was done"]);
    let done = keydyn(&["enroll"]).as_uid(65534).terminal().end();
    done.assert(3, &["sudo keydyn enroll"]);
    let done = desk
        .keydyn(&["enroll", "nobody-of-this-name"])
        .terminal()
        .end();
    done.assert(3, &["nobody-of-this-name"]);
}

#[test]
fn the_shipped_command_has_no_stand_in() {
    let done = keydyn(&["enroll", USER, "--replay", "/tmp"]).piped("");
    done.assert(2, &["--replay"]);
    let knows = |tool: std::path::PathBuf| {
        let file = std::fs::read(tool).unwrap();
        file.windows(9).any(|window| window == b"`typings`")
    };
    assert!(knows(cli::desk::replaying_tool()), "the check would notice");
    assert!(!knows(cli::tool()));
}
