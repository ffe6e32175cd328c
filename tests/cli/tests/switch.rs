//! `keydyn disable` and `keydyn enable`: the way out, and back.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use cli::{Place, keydyn};

#[test]
fn a_user_is_disabled_and_enabled_again() {
    let place = Place::new();
    let marker = place.state().join("0.disabled");
    let done = place.keydyn(&["disable", "root"]).piped("");
    done.assert(0, &["disabled for root (uid 0)", "`keydyn enable root`"]);
    assert!(marker.exists());
    let again = place.keydyn(&["disable", "root"]).piped("");
    again.assert(0, &["disabled for root"]);
    let done = place.keydyn(&["enable", "root"]).piped("");
    done.assert(0, &["enabled again for root (uid 0)"]);
    assert!(!marker.exists());
    let again = place.keydyn(&["enable", "root"]).piped("");
    again.assert(0, &["was not disabled for root"]);
}

#[test]
fn everybody_is_another_switch() {
    let place = Place::new();
    place.keydyn(&["disable", "--all"]).piped("").assert(0, &[]);
    place.keydyn(&["disable", "root"]).piped("").assert(0, &[]);
    let done = place.keydyn(&["enable", "root"]).piped("");
    done.assert(
        0,
        &["stays disabled for everybody until `keydyn enable --all`"],
    );
    place.keydyn(&["disable", "root"]).piped("").assert(0, &[]);
    let done = place.keydyn(&["status", "--all"]).piped("");
    done.assert(0, &["disabled (else disabled by name, else none)"]);
    let done = place.keydyn(&["enable", "--all"]).piped("");
    done.assert(0, &["enabled again for everybody", "by name stays so"]);
}

#[test]
fn without_a_place_that_lasts_it_lasts_until_the_next_boot() {
    let place = Place::new();
    fs::write(place.state(), b"in the way").unwrap();
    let done = place.keydyn(&["disable", "root"]).piped("");
    done.assert(
        0,
        &["until the next boot only", "is a link or no directory"],
    );
    assert!(place.run().join("0.disabled").exists());
    let told = place.keydyn(&["status", "root"]).piped("");
    told.assert(3, &["disabled", "by `keydyn disable`, until the next boot"]);
    fs::write(place.run().join("all.disabled"), b"").unwrap();
    fs::remove_dir_all(place.run()).unwrap();
    fs::write(place.run(), b"in the way").unwrap();
    let done = place.keydyn(&["disable", "root"]).piped("");
    done.assert(3, &["keydyn=off"]);
}

#[test]
fn enabling_that_fails_leaves_the_way_out_of_a_lock_out() {
    let place = Place::new();
    place.learn(0, 1, 1);
    // The directory above: a wrong mode of the one inside is put right.
    let above = place.state().parent().unwrap().to_owned();
    let mode = |mode| fs::set_permissions(&above, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    place.keydyn(&["disable", "--all"]).piped("").assert(0, &[]);
    let marker = place.run().join("all.disabled");
    assert!(marker.exists());
    let done = place.keydyn(&["enable", "--all"]).piped("");
    done.assert(3, &["stays disabled for everybody", "put it right as root"]);
    assert!(marker.exists());
    mode(0o700);
    let done = place.keydyn(&["enable", "--all"]).piped("");
    done.assert(0, &["enabled again for everybody"]);
    assert!(!marker.exists());
}

/// The root file system of a rescue shell.
#[test]
fn on_a_read_only_disk_it_lasts_until_the_next_boot_and_what_is_on_it_is_told() {
    let place = Place::new();
    place.learn(0, 1, 1);
    let read_only = |arguments: &[&str]| {
        let tool = place.keydyn(arguments).read_only(&place.state());
        tool.map(|tool| tool.piped(""))
    };
    let marker = place.run().join("0.disabled");
    // Where no mount can be made there is nothing to see.
    let Some(done) = read_only(&["disable", "root"]) else {
        return;
    };
    done.assert(0, &["until the next boot only", "Read-only file system"]);
    assert!(marker.exists());
    let done = read_only(&["enable", "root"]);
    done.unwrap().assert(0, &["enabled again for root"]);
    assert!(!marker.exists());

    place.keydyn(&["disable", "root"]).piped("").assert(0, &[]);
    let done = read_only(&["enable", "root"]);
    done.unwrap()
        .assert(3, &["0.disabled: cannot remove", "mount -o remount,rw"]);
    for verb in ["reset", "forget"] {
        let done = read_only(&[verb, "root", "--yes"]);
        done.unwrap().assert(3, &["mount -o remount,rw"]);
    }
    let done = read_only(&["status", "root"]);
    done.unwrap()
        .assert(0, &["root (uid 0): disabled (else learning)"]);
}

#[test]
fn the_target_has_to_be_said_and_to_be_there() {
    keydyn(&["disable"]).piped("").assert(2, &["--all"]);
    keydyn(&["disable", "root", "--all"])
        .piped("")
        .assert(2, &[]);
    let place = Place::new();
    let done = place.keydyn(&["disable", "nobody-of-this-name"]).piped("");
    done.assert(3, &["nobody-of-this-name", "--uid N"]);
    let done = place.keydyn(&["disable", "--uid", "4294967000"]).piped("");
    done.assert(0, &["uid 4294967000, which no user has"]);
}
