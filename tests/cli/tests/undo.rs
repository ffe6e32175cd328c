//! `keydyn undo` on a terminal: what was learned last is taken back.
#![allow(clippy::unwrap_used, reason = "tests")]

use cli::Done;
use cli::desk::{Desk, USER, owner, password_line};

/// Somebody in force who went on in the sitting after.
fn gone_on() -> Desk {
    let desk = Desk::new([]);
    desk.enroll((0..23).map(owner)).assert(0, &[]);
    desk.hears((30..36).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal().passwords(6);
    session.end().assert(0, &["taught by 29 typings"]);
    desk
}

fn undo(desk: &Desk, arguments: &[&str]) -> Done {
    desk.hears([owner(99)]);
    let arguments = [&["undo", USER], arguments].concat();
    desk.keydyn(&arguments).terminal().passwords(1).end()
}

fn samples(desk: &Desk, expected: &str) {
    desk.hears([owner(70)]);
    let verify = desk.keydyn(&["verify", USER]).terminal();
    let samples = format!("State: armed, {expected} typings");
    verify.passwords(1).end().assert(0, &[&samples]);
}

#[test]
fn the_last_sitting_is_taken_back_and_what_was_enrolled_stays() {
    let desk = gone_on();
    let listed =
        undo(&desk, &["--list"]).assert(0, &["the last sitting first", "1. ", "6 typings"]);
    assert!(!listed.out.contains("2. "), "{listed:?}");
    samples(&desk, "29");
    undo(&desk, &["--yes"]).assert(
        0,
        &[
            "6 typings are forgotten.",
            "stays in force as 23 typings have taught it",
        ],
    );
    samples(&desk, "23");
    undo(&desk, &["--yes"]).assert(
        1,
        &["of nobody (uid 65534) nothing was learned", "taken back"],
    );
    samples(&desk, "23");
}

#[test]
fn all_that_was_learned_before_a_rhythm_was_in_force_can_be_taken_back() {
    let desk = Desk::new((0..23).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal();
    let session = session.passwords(8).prompted(8).keys("\x04");
    session.end().assert(1, &["8 typings are kept"]);
    undo(&desk, &["--yes"]).assert(0, &["8 typings are forgotten. Learning begins anew."]);
    let status = desk.place().keydyn(&["status", USER]).piped("");
    status.assert(0, &["nobody (uid 65534): learning", "at least 23 more"]);
}

#[test]
fn it_asks_and_does_nothing_without_a_yes() {
    let desk = gone_on();
    desk.hears([owner(99)]);
    let session = desk.keydyn(&["undo", USER]).terminal().passwords(1);
    let done = session.expect("Type yes to go on").keys("no\n").end();
    done.assert(1, &["(6 typings) will be forgotten", "nothing was done"]);
    samples(&desk, "29");
    undo(&desk, &["--sittings", "2", "--yes"]).assert(
        2,
        &[
            "2 sittings were asked for and 1 can be taken back",
            "--list",
        ],
    );
    samples(&desk, "29");
}

#[test]
fn it_takes_the_password_and_not_the_rhythm() {
    let desk = gone_on();
    let session = desk.keydyn(&["undo", USER, "--yes"]).terminal();
    let done = session.expect("Password of nobody:").keys("wrong\n").end();
    done.assert(1, &["the password is wrong"]);
    samples(&desk, "29");
    // However it is typed, and where it cannot be heard at all.
    desk.hears([String::new()]);
    let session = desk.keydyn(&["undo", USER, "--yes"]).terminal();
    let session = session.expect("Password of nobody:");
    let done = session.keys(&password_line()).end();
    done.assert(0, &["6 typings are forgotten."]);
}

#[test]
fn what_stands_in_the_way_is_told() {
    let desk = Desk::new([]);
    let done = desk.keydyn(&["undo", USER]).terminal().end();
    let done = done.assert(1, &["of nobody (uid 65534) nothing was learned"]);
    assert!(!done.out.contains("Password"), "asked in vain: {done:?}");
    let desk = gone_on();
    let profile = desk.place().state().join("65534.profile");
    std::fs::write(profile, b"damaged").unwrap();
    let previous = desk.place().state().join("65534.profile.previous");
    std::fs::remove_file(previous).unwrap();
    undo(&desk, &["--yes"]).assert(3, &["65534.profile", "keydyn reset"]);
}
