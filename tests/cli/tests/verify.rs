//! `keydyn verify` on a terminal, with recorded typing.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use cli::Done;
use cli::desk::{Desk, USER, keypad, owner, password_line, wild};

fn enrolled() -> Desk {
    let desk = Desk::new([]);
    desk.enroll((0..23).map(owner)).assert(0, &[]);
    desk
}

fn verify(desk: &Desk, arguments: &[&str], typing: String) -> Done {
    desk.hears([typing]);
    let arguments = [&["verify", USER], arguments].concat();
    desk.keydyn(&arguments).terminal().passwords(1).end()
}

/// Every file, with its bytes and the time of its last change.
fn files(desk: &Desk) -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
    let mut names = desk.kept();
    names.push("host.key".to_owned());
    let read = |name: String| {
        let path = desk.place().state().join(&name);
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        (name, fs::read(path).unwrap(), changed)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn the_file_of_settings_says_how_strictly_unless_the_command_line_does() {
    let desk = enrolled();
    let file = desk.place().state().join("settings");
    fs::write(&file, "strictness = strict\n").unwrap();
    let settings = ["--json", "--settings", file.to_str().unwrap()];
    let threshold = |more: &[&str]| {
        let done = verify(&desk, &[&settings, more].concat(), owner(40));
        let json = done.out.split_once('{').unwrap().1;
        let line = json
            .lines()
            .find(|line| line.contains("threshold"))
            .unwrap();
        line.trim().to_owned()
    };
    assert_eq!(threshold(&[]), "\"threshold\": -0.05,");
    assert_eq!(
        threshold(&["--strictness", "lenient"]),
        "\"threshold\": 0.1,"
    );
}

#[test]
fn it_judges_explains_and_writes_nothing() {
    let desk = enrolled();
    let before = files(&desk);
    let done = verify(&desk, &[], owner(40));
    done.assert(
        0,
        &[
            "Accepted: this is how nobody types.",
            "State: armed, 23 typings",
            "In a stack with mode=auto, which is the default, the module would have returned \
             PAM_SUCCESS: the rhythm is the one in force. With mode=enforce the same, with \
             mode=shadow PAM_IGNORE whatever it finds.",
        ],
    );
    let done = verify(&desk, &[], wild(40));
    let done = done.assert(
        1,
        &[
            "Refused: this is not how nobody types.",
            "longer than usual",
            "PAM_AUTH_ERR",
        ],
    );
    assert!(!done.out.contains("keydyn: "), "said once: {}", done.out);
    verify(&desk, &[], keypad(40)).assert(
        1,
        &[
            "Undecided: the keys are not those of the learned sequence",
            "PAM_AUTH_ERR",
        ],
    );
    assert_eq!(
        files(&desk),
        before,
        "no verdict, nothing learned, nothing counted"
    );
}

#[test]
fn one_late_key_is_named_by_its_position() {
    let desk = enrolled();
    // The third key is held to the end.
    let slow = owner(40).lines().fold(String::new(), |text, line| {
        let held = line.ends_with(" r up") && !text.contains(" r up");
        let line = match (held, line.split_once(' ')) {
            (true, Some((at, _))) => format!("{} r up", at.parse::<u32>().unwrap() + 60),
            _ => line.to_owned(),
        };
        text + &line + "\n"
    });
    let done = verify(&desk, &["--strictness", "lenient"], slow);
    assert!(
        done.flat().contains("key 3 was held longer than usual"),
        "{done:?}"
    );
    assert!(!done.flat().contains("key 2 "), "{done:?}");
}

#[test]
fn json_says_the_same() {
    let desk = enrolled();
    desk.hears([wild(40)]);
    let tool = desk
        .keydyn(&["verify", USER, "--json"])
        .stdout_to("report.json", &desk);
    tool.terminal().passwords(1).end().assert(1, &[]);
    let json = fs::read_to_string(desk.directory().join("report.json")).unwrap();
    for line in [
        r#""user": "nobody""#,
        r#""decision": "refused""#,
        r#""state": "armed""#,
        r#""returns": "PAM_AUTH_ERR""#,
        r#""returns_enforcing": "PAM_AUTH_ERR""#,
        r#""direction": "longer""#,
    ] {
        assert!(json.contains(line), "{line}: {json}");
    }
    assert!(
        json.starts_with('{') && json.ends_with("}\n"),
        "only that: {json}"
    );
}

#[test]
fn before_anything_is_in_force_the_password_is_enough() {
    let desk = Desk::new([]);
    let enforced = "With mode=enforce PAM_AUTH_ERR, with";
    let done = verify(&desk, &[], owner(1));
    done.assert(1, &["nothing is learned yet", "PAM_IGNORE", enforced]);
    assert!(!desk.place().state().exists(), "not even a host.key");
    desk.hears((0..2).map(owner));
    let session = desk.keydyn(&["enroll", USER]).terminal().passwords(2);
    session
        .prompted(2)
        .keys("\x04")
        .end()
        .assert(1, &["2 typings are kept"]);
    verify(&desk, &[], owner(3)).assert(
        1,
        &[
            "Undecided: too little is learned yet",
            "State: learning",
            "PAM_IGNORE",
            enforced,
        ],
    );
}

#[test]
fn what_stands_in_the_way_is_told() {
    let desk = enrolled();
    desk.hears([owner(1)]);
    let session = desk.keydyn(&["verify", USER]).terminal();
    let done = session.expect("Password of nobody:").keys("wrong\n").end();
    let done = done.assert(1, &["the password is wrong"]);
    assert!(!done.out.contains("stored"), "it never stores: {done:?}");
    desk.place()
        .keydyn(&["disable", USER])
        .piped("")
        .assert(0, &[]);
    verify(&desk, &[], wild(1)).assert(
        1,
        &[
            "Refused",
            "PAM_IGNORE: keydyn is disabled",
            "mode=enforce the same",
        ],
    );
    desk.place()
        .keydyn(&["enable", USER])
        .piped("")
        .assert(0, &[]);

    fs::write(desk.place().state().join("65534.profile"), b"damaged").unwrap();
    let session = desk.keydyn(&["verify", USER]).terminal();
    let session = session.expect("Password of nobody:");
    let done = session.keys(&password_line()).end();
    done.assert(3, &["65534.profile", "keydyn reset"]);
    fs::remove_file(desk.place().state().join("65534.profile")).unwrap();
    verify(&desk, &[], owner(1)).assert(1, &["the profile is gone", "PAM_AUTH_ERR"]);
}
