//! `keydyn status` as people and programs read it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use cli::{Done, Place, keydyn};
use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::store::state::Verdict;
use serde_json::Value;

/// `nobody`: armed, unlike root.
const UID: u32 = 65534;

fn status(place: &Place) -> Done {
    place.keydyn(&["status", "nobody"]).piped("")
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.out).expect("JSON")
}

fn damage(place: &Place, name: &str) {
    let path = place.state().join(name);
    let mut file = fs::read(&path).unwrap();
    let middle = file.len() / 2;
    file[middle] ^= 1;
    fs::write(path, file).unwrap();
}

#[test]
fn every_state_has_its_words() {
    let place = Place::new();
    status(&place).assert(0, &["nobody (uid 65534): none", "at least 23 more typings"]);
    assert!(!place.state().exists(), "looking leaves nothing behind");

    place.learn(UID, 1, 5);
    status(&place).assert(
        0,
        &[
            "nobody (uid 65534): learning",
            "Typings learned: 5",
            "It would have refused 0 of the last 2 typings",
            "it needs at least 18 more typings, and typings in 2 sittings",
            "(so far 1)",
            "65534.profile",
        ],
    );

    let place = Place::new();
    place.learn(UID, 1, 30);
    place.decide(UID, 7_300, Verdict::Accepted);
    let unusable = Verdict::Unusable(FailureToAcquire::TwoKeyboards);
    place.decide(UID, 600, unusable);
    status(&place).assert(
        0,
        &[
            "nobody (uid 65534): armed",
            "1 accepted, 0 refused, 1 not to be judged",
            "2 hours ago: accepted",
            "10 minutes ago: refused, because the password was typed on two keyboards",
        ],
    );

    for _ in 0..4 {
        place.decide(UID, 0, Verdict::Refused);
    }
    place.decide(UID, 0, Verdict::Refused);
    status(&place).assert(
        0,
        &[
            "nobody (uid 65534): cooling down",
            "is refused for",
            "refused for its rhythm",
        ],
    );

    // The clock was an hour ahead, and has been put right.
    place.decide(UID, -3_600, Verdict::Refused);
    status(&place).assert(
        0,
        &[
            "nobody (uid 65534): cooling down",
            "the next attempt is refused, and so is every other for",
        ],
    );

    place
        .keydyn(&["disable", "nobody"])
        .piped("")
        .assert(0, &[]);
    status(&place).assert(
        0,
        &["disabled (else cooling down)", "`keydyn enable nobody`"],
    );
}

#[test]
fn root_is_told_that_root_is_not_armed_by_himself() {
    let place = Place::new();
    place.learn(0, 1, 30);
    let done = place.keydyn(&["status", "root"]).piped("");
    done.assert(0, &["root (uid 0): learning", "`keydyn enroll`"]);
}

#[test]
fn a_changed_password_and_a_state_in_run_are_told() {
    let place = Place::new();
    place.arm(UID);
    place.learn(UID, 2, 3);
    status(&place).assert(0, &["The password was changed"]);
    // As after a disk that was full for a while.
    let name = "65534.state";
    place.decide(UID, 5, Verdict::Refused);
    fs::create_dir_all(place.run()).unwrap();
    fs::rename(place.state().join(name), place.run().join(name)).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(place.run(), Permissions::from_mode(0o700)).unwrap();
    status(&place).assert(0, &["The state went to /run"]);
}

#[test]
fn each_damage_says_what_to_do() {
    let place = Place::new();
    place.arm(UID);
    damage(&place, "65534.profile");
    status(&place).assert(
        0,
        &[
            "65534.profile: its checksum is wrong",
            "Nothing needs to be done",
        ],
    );
    damage(&place, "65534.profile.previous");
    let both = status(&place);
    both.assert(
        3,
        &[
            "every login at this machine's keyboards is refused",
            "`keydyn disable nobody`",
            "`keydyn reset nobody`",
            "not all is well with nobody",
        ],
    );

    let place = Place::new();
    place.arm(UID);
    damage(&place, "65534.state");
    status(&place).assert(
        3,
        &[
            "nobody (uid 65534): unknown",
            "The state is lost or damaged",
        ],
    );
    fs::remove_file(place.state().join("host.key")).unwrap();
    status(&place).assert(3, &["it cannot be checked without host.key"]);

    let place = Place::new();
    place.arm(UID);
    for name in ["65534.profile", "65534.profile.previous"] {
        fs::remove_file(place.state().join(name)).unwrap();
    }
    status(&place).assert(3, &["The profile is gone although the user is armed"]);
}

#[test]
fn a_directory_that_is_not_to_be_trusted_is_named() {
    let place = Place::new();
    place.arm(UID);
    fs::rename(place.state(), place.state().with_extension("moved")).unwrap();
    std::os::unix::fs::symlink(place.state().with_extension("moved"), place.state()).unwrap();
    let all = place.keydyn(&["status", "--all"]).piped("");
    all.assert(3, &["is a link or no directory", "put it right as root"]);
    let told = status(&place).assert(3, &["is a link or no directory", "`keydyn disable nobody`"]);
    for wrong in ["password was changed", "is damaged", "keydyn reset"] {
        assert!(!told.out.contains(wrong), "{wrong}: {told:?}");
    }
}

#[test]
fn all_lists_those_too_who_are_gone() {
    let place = Place::new();
    place
        .keydyn(&["status", "--all"])
        .piped("")
        .assert(0, &["Nothing is kept of anybody"]);
    place.learn(UID, 1, 2);
    place.learn(4_000_000_000, 1, 1);
    let all = place.keydyn(&["status", "--all"]).piped("");
    all.assert(
        0,
        &[
            "nobody (uid 65534): learning",
            "uid 4000000000, which no user has: learning",
        ],
    );
    place.keydyn(&["disable", "--all"]).piped("").assert(0, &[]);
    let all = place.keydyn(&["status", "--all"]).piped("");
    all.assert(
        0,
        &[
            "disabled for everybody",
            "`keydyn enable --all`",
            "nobody (uid 65534): disabled (else learning)",
        ],
    );
}

#[test]
fn programs_read_the_same() {
    let place = Place::new();
    place.arm(UID);
    place.decide(UID, 60, Verdict::Refused);
    let document = json(&place.keydyn(&["status", "nobody", "--json"]).piped(""));
    assert_eq!(document["switched_off"], false);
    let user = &document["users"][0];
    assert_eq!(
        (&user["user"], &user["uid"]),
        (&"nobody".into(), &UID.into())
    );
    assert_eq!(
        (&user["state"], &user["refused"]),
        (&"armed".into(), &1.into())
    );
    assert_eq!(user["verdicts"][0]["verdict"], "refused");
    assert_eq!(user["learning"], Value::Null);
    assert_eq!(user["files"].as_array().unwrap().len(), 4);
    let all = json(&place.keydyn(&["status", "--all", "--json"]).piped(""));
    assert_eq!(all["users"].as_array().unwrap().len(), 1);
}

#[test]
fn the_mode_of_the_file_of_settings_is_told() {
    let place = Place::new();
    place.arm(UID);
    let file = place.state().join("../keydyn.conf");
    fs::write(&file, "mode = shadow\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let settings = ["--settings", file.to_str().unwrap()];
    let said = place.keydyn(&[&["status", "nobody"], &settings[..]].concat());
    let said = said.piped("");
    assert!(said.out.contains("mode=shadow holds"), "{}", said.out);
    let document = place.keydyn(&[&["status", "nobody", "--json"], &settings[..]].concat());
    assert_eq!(json(&document.piped(""))["mode"], "shadow");
    let said = status(&place);
    assert!(!said.out.contains(" holds "), "{}", said.out);
}

#[test]
fn a_machine_without_a_line_for_the_module_is_told() {
    let place = Place::new();
    place.arm(UID);
    let root = place.state().join("../root");
    fs::create_dir_all(root.join("etc/pam.d")).unwrap();
    let status = ["status", "nobody", "--root", root.to_str().unwrap()];
    let told = "No service names pam_keydyn.so";
    for (line, guarded) in [("pam_unix.so", false), ("pam_keydyn.so verify", true)] {
        fs::write(
            root.join("etc/pam.d/login"),
            format!("auth required {line}\n"),
        )
        .unwrap();
        let said = place.keydyn(&status).piped("");
        assert_eq!(said.out.contains(told), !guarded, "{}", said.out);
        let document = place.keydyn(&[&status[..], &["--json"]].concat());
        assert_eq!(json(&document.piped(""))["guarded"], guarded);
    }
    assert_eq!(
        json(&place.keydyn(&["status", "nobody", "--json"]).piped(""))["guarded"],
        Value::Null
    );
}

#[test]
fn a_narrow_terminal_breaks_no_word_and_a_pipe_no_line() {
    let place = Place::new();
    place.learn(UID, 1, 5);
    for variables in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "xterm")] {
        let narrow = place
            .keydyn(&["status", "nobody"])
            .columns(40)
            .env(variables.0, variables.1);
        let narrow = narrow.terminal().end();
        assert!(!narrow.out.contains('\u{1b}'), "{narrow:?}");
        for line in narrow.out.lines().filter(|line| line.contains(' ')) {
            let path = line.contains('/');
            assert!(path || line.chars().count() <= 40, "{line:?}");
        }
        narrow.assert(0, &["at least 18 more typings", "(so far 1)"]);
    }
    let piped = status(&place).assert(0, &[]);
    assert!(
        piped.widest() > 80,
        "a sentence stays on its line: {piped:?}"
    );
}

#[test]
fn whoever_is_not_root_is_told_what_it_takes() {
    // SAFETY: cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    let tool = keydyn(&["status"]);
    let tool = if root { tool.as_uid(UID) } else { tool };
    tool.piped("")
        .assert(3, &["only root may", "`sudo keydyn status ...`"]);
}

#[test]
fn files_of_a_newer_keydyn_are_no_damage() {
    let place = Place::new();
    place.arm(UID);
    let later = |name: &str| {
        let path = place.state().join(name);
        let mut file = fs::read(&path).unwrap();
        file[8] = 2;
        file.push(0);
        fs::write(path, file).unwrap();
    };
    later("65534.state");
    let done = status(&place).assert(
        3,
        &[
            "reads up to 1; upgrade keydyn",
            "A newer keydyn wrote the state",
        ],
    );
    assert!(!done.flat().contains("lost or damaged"), "{done:?}");
    later("65534.profile");
    later("65534.profile.previous");
    status(&place).assert(3, &["A newer keydyn wrote the profile"]);
    let done = place.keydyn(&["reset", "nobody", "--yes"]).piped("");
    done.assert(0, &["is forgotten"]);
    status(&place).assert(0, &["none"]);
}
