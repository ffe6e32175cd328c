//! `keydyn reset` and `keydyn forget`, with and without somebody who is asked.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;

use cli::Place;
use keydyn_core::store::state::Phase;

const UID: u32 = 65534;

fn names(place: &Place) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(place.state())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn whoever_is_asked_has_to_say_yes() {
    for verb in ["reset", "forget"] {
        let place = Place::new();
        place.arm(UID);
        let before = names(&place);
        for answer in ["\n", "no\n", "y\n", "\u{4}"] {
            let session = place.keydyn(&[verb, "nobody"]).columns(40).terminal();
            let done = session.expect("Type yes to go on:").keys(answer).end();
            done.assert(1, &["nothing was done"]);
            assert_eq!(names(&place), before, "{verb} {answer:?}");
        }
        let session = place.keydyn(&[verb, "nobody"]).terminal();
        let interrupted = session.expect("Type yes to go on:").keys("\u{3}").end();
        assert_eq!((interrupted.code, names(&place)), (None, before.clone()));
        let session = place.keydyn(&[verb, "nobody"]).terminal();
        let session = session.expect("nobody (uid 65534) will be");
        session
            .expect("Type yes to go on:")
            .keys("yes\n")
            .end()
            .assert(0, &[]);
        assert_ne!(names(&place), before);
    }
}

#[test]
fn where_nobody_can_be_asked_it_takes_yes_on_the_command_line() {
    for verb in ["reset", "forget"] {
        let place = Place::new();
        place.arm(UID);
        let before = names(&place);
        let done = place.keydyn(&[verb, "nobody"]).piped("yes\n");
        done.assert(2, &["no terminal to ask on", "`--yes`"]);
        assert_eq!(names(&place), before);
        place
            .keydyn(&[verb, "nobody", "--yes"])
            .piped("")
            .assert(0, &[]);
        assert_ne!(names(&place), before);
    }
}

#[test]
fn a_reset_user_is_one_of_whom_nothing_was_learned() {
    let place = Place::new();
    place.arm(UID);
    place.learn(UID, 2, 3);
    place
        .keydyn(&["disable", "nobody"])
        .piped("")
        .assert(0, &[]);
    let done = place.keydyn(&["reset", "nobody", "--yes"]).piped("");
    done.assert(
        0,
        &[
            "is forgotten",
            "stays disabled until `keydyn enable nobody`",
        ],
    );
    assert_eq!(
        names(&place),
        ["65534.disabled", "65534.lock", "65534.state", "host.key"]
    );
    place.keydyn(&["enable", "nobody"]).piped("").assert(0, &[]);
    let done = place.keydyn(&["status", "nobody"]).piped("");
    done.assert(0, &["nobody (uid 65534): none"]);
    assert_eq!(place.learn(UID, 3, 1), Phase::Learning);
}

#[test]
fn a_reset_needs_nothing_of_what_is_damaged() {
    let place = Place::new();
    place.arm(UID);
    for name in names(&place) {
        fs::write(place.state().join(name), b"junk").unwrap();
    }
    let done = place.keydyn(&["reset", "nobody", "--yes"]).piped("");
    done.assert(0, &["is forgotten"]);
    let done = place.keydyn(&["status", "nobody"]).piped("");
    done.assert(0, &["nobody (uid 65534): none"]);
}

#[test]
fn of_a_forgotten_user_no_file_is_left() {
    let place = Place::new();
    place.arm(UID);
    place.learn(4_000_000_000, 1, 2);
    place
        .keydyn(&["disable", "nobody"])
        .piped("")
        .assert(0, &[]);
    // What a crash may have left.
    fs::write(place.state().join(".65534.profile.new"), b"half").unwrap();
    let done = place.keydyn(&["forget", "nobody", "--yes"]).piped("");
    done.assert(0, &["Nothing is kept of nobody (uid 65534) any more"]);
    assert!(
        names(&place).iter().all(|name| !name.contains("65534")),
        "{:?}",
        names(&place)
    );
    let done = place
        .keydyn(&["forget", "--uid", "4000000000", "--yes"])
        .piped("");
    done.assert(0, &["uid 4000000000, which no user has"]);
    assert_eq!(names(&place), ["host.key"]);
    let again = place.keydyn(&["forget", "nobody"]).piped("");
    again.assert(0, &["Nothing was kept of nobody"]);
    let again = place.keydyn(&["reset", "nobody"]).piped("");
    again.assert(0, &["Nothing was learned of nobody"]);
}

#[test]
fn a_first_save_that_was_cut_short_is_forgotten_too() {
    for left in [
        ".65534.profile.new",
        ".65534.profile.old",
        ".65534.second.new",
        ".65534.state.new",
        ".65534.disabled.new",
    ] {
        let place = Place::new();
        place.arm(1234);
        let others = names(&place);
        fs::write(place.state().join(left), b"half").unwrap();
        let done = place.keydyn(&["status", "--all"]).piped("");
        done.assert(0, &["nobody (uid 65534)"]);
        let done = place.keydyn(&["forget", "nobody", "--yes"]).piped("");
        done.assert(0, &["Nothing is kept of nobody (uid 65534) any more"]);
        assert_eq!(names(&place), others, "{left}");
    }
}

#[test]
fn a_first_save_that_was_cut_short_is_reset_too() {
    let place = Place::new();
    place.arm(1234);
    let others = names(&place);
    for left in [".65534.profile.new", ".65534.state.new"] {
        fs::write(place.state().join(left), b"half").unwrap();
    }
    let done = place.keydyn(&["reset", "nobody", "--yes"]).piped("");
    done.assert(0, &["is forgotten"]);
    let mut left = names(&place);
    left.retain(|name| name != "65534.lock");
    assert_eq!(left, others);
}

#[test]
fn everybody_is_forgotten_by_whoever_says_yes() {
    let place = Place::new();
    place.arm(UID);
    place.learn(4_000_000_000, 1, 2);
    fs::write(place.state().join(".1234.profile.new"), b"half").unwrap();
    place.keydyn(&["disable", "--all"]).piped("").assert(0, &[]);
    let before = names(&place);
    let forget = || place.keydyn(&["forget", "--all"]);
    forget().piped("").assert(2, &["no terminal to ask on"]);
    let asked = || forget().columns(40).terminal().expect("Type yes to go on:");
    let done = asked().keys("no\n").end();
    let listed = [
        "uid 1234, which no user has",
        "nobody (uid 65534)",
        "uid 4000000000",
        "nothing was done",
    ];
    done.assert(1, &listed);
    assert_eq!(names(&place), before);
    asked().keys("yes\n").end().assert(
        0,
        &[
            "Nothing is kept of anybody any more",
            "disabled for everybody until `keydyn enable --all`",
        ],
    );
    assert_eq!(names(&place), ["all.disabled", "host.key"]);
    let again = forget().piped("");
    again.assert(0, &["Nothing was kept of anybody"]);
}

#[test]
fn whom_one_login_holds_keeps_nobody_else() {
    let place = Place::new();
    place.arm(UID);
    place.learn(1234, 1, 2);
    // Held by whoever logs in at this moment.
    let lock = fs::File::open(place.state().join("1234.lock")).unwrap();
    lock.lock().unwrap();
    let done = place.keydyn(&["forget", "--all", "--yes"]).piped("");
    let done = done.assert(
        3,
        &[
            "Nothing is kept any more of:",
            "not everything was erased",
            "1234.lock: is locked",
        ],
    );
    assert!(done.out.contains("nobody (uid 65534)"), "{done:?}");
    assert!(!done.out.contains("1234"), "{done:?}");
    drop(lock);
    let done = place.keydyn(&["forget", "--all", "--yes"]).piped("");
    done.assert(0, &["Nothing is kept of anybody any more"]);
    assert_eq!(names(&place), ["host.key"]);
}

#[test]
fn a_user_has_to_be_named() {
    let place = Place::new();
    for verb in ["reset", "forget"] {
        place.keydyn(&[verb]).piped("").assert(2, &["--uid"]);
        let both = place.keydyn(&[verb, "nobody", "--uid", "7"]).piped("");
        both.assert(2, &["cannot be used with"]);
        let unknown = place.keydyn(&[verb, "nobody-of-this-name"]).piped("");
        unknown.assert(3, &["nobody-of-this-name"]);
    }
    let both = place.keydyn(&["forget", "nobody", "--all"]).piped("");
    both.assert(2, &["cannot be used with"]);
    place.keydyn(&["reset", "--all"]).piped("").assert(2, &[]);
}
