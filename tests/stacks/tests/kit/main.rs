//! The kit of malformed files in tests/testdata: each named after its defect, each with what is
//! said of it in a MANIFEST beside it that people can read.
//!
//! Profiles, states and host keys are made by `files.rs`; after a change there,
//! `KEYDYN_WRITE_KIT=1 cargo test --manifest-path tests/Cargo.toml -p stacks --test kit made`
//! writes them. Traces are texts, written by hand.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

mod files;
mod wire;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keydyn_core::digraph::Sample;
use keydyn_core::store::state::AccountState;
use keydyn_core::store::vault::{Opening, Vault};
use keydyn_core::trace::Trace;
use keydyn_sys::file::StateDir;
use stacks::Verify::{self, AuthErr, Ignore, Success};
use stacks::{Machine, Typing};

use crate::files::{Files, UID, host_keys, key, profiles, states};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../testdata")
        .join(name)
}

fn read(directory: &str, name: &str) -> Vec<u8> {
    let path = testdata(directory).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A line of a MANIFEST: the file, and what is said of it.
struct Entry {
    name: String,
    says: Vec<String>,
}

fn manifest(directory: &str) -> Vec<Entry> {
    let text = String::from_utf8(read(directory, "MANIFEST")).expect("a text");
    let entry = |line: &str| {
        let mut cells = line.split('|').map(|cell| cell.trim().to_owned());
        Entry {
            name: cells.next().expect("a name"),
            says: cells.collect(),
        }
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entries: Vec<_> = lines.map(entry).collect();
    let mut named: Vec<_> = entries.iter().map(|entry| entry.name.clone()).collect();
    named.push("MANIFEST".to_owned());
    named.sort();
    let there = fs::read_dir(testdata(directory)).expect("a directory");
    let mut there: Vec<_> = there
        .map(|file| file.expect("a file"))
        .filter(|file| file.path().is_file())
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    assert_eq!(named, there, "{directory}: the MANIFEST names every file");
    entries
}

#[test]
fn the_files_are_those_that_are_made() {
    let write = std::env::var_os("KEYDYN_WRITE_KIT").is_some();
    let kits: [(&str, Files); 3] = [
        ("profiles", profiles()),
        ("profiles/state", states()),
        ("profiles/host-key", host_keys()),
    ];
    for (directory, files) in kits {
        for (name, bytes) in files {
            if write {
                fs::create_dir_all(testdata(directory)).expect("a directory");
                fs::write(testdata(directory).join(name), &bytes).expect("written");
            }
            assert!(read(directory, name) == bytes, "{directory}/{name}");
        }
    }
}

/// A machine with these files of `nobody`'s, and the kit's host key.
fn machine(files: &[(&str, Vec<u8>)]) -> Machine {
    let machine = Machine::new();
    let directory = machine.path("state");
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("closed");
    };
    fs::create_dir(&directory).expect("made");
    fs::set_permissions(&directory, Permissions::from_mode(0o700)).expect("closed");
    put("host.key", &read("profiles/host-key", "sound"));
    for (kind, bytes) in files {
        match *kind {
            "host.key" => put(kind, bytes),
            kind => put(&format!("{UID}.{kind}"), bytes),
        }
    }
    machine
}

fn profile(name: &str) -> Vec<u8> {
    read("profiles", name)
}

fn armed() -> Vec<u8> {
    read("profiles/state", "sound")
}

fn owner() -> Typing {
    Typing::owner(200)
}

/// What the vault says of the account's profile.
fn said(machine: &Machine) -> String {
    let main = StateDir::new(machine.path("state"));
    let host = files::host();
    match Vault::new(UID, &main, &main, Some(&host)).open(key()) {
        Opening::Open(..) => "opens".to_owned(),
        Opening::Absent => "is not there".to_owned(),
        Opening::OtherPassword => "another password".to_owned(),
        Opening::Damaged(damage) => {
            let said = damage.to_string();
            let (_, said) = said.split_once("65534.profile: ").expect("names the file");
            said.to_owned()
        }
    }
}

#[test]
fn each_profile_is_told_by_its_defect_and_nothing_panics() {
    for Entry { name, says } in manifest("profiles") {
        let machine = machine(&[("profile", profile(&name))]);
        assert_eq!(said(&machine), says[0], "{name}");
    }
}

/// Armed by the state file, and this is the only generation.
#[test]
fn each_profile_alone_comes_to_what_the_manifest_says() {
    for Entry { name, says } in manifest("profiles") {
        for typing in [owner(), Typing::stranger(3)] {
            let mut machine = machine(&[("profile", profile(&name)), ("state", armed())]);
            let is_owner = typing == owner();
            let verify = machine.verify(&typing);
            let log = machine.log();
            if is_owner {
                assert!(log.contains(&says[1]), "{name}: {log}");
            }
            let expected = match (&*says[1], is_owner) {
                ("outcome=accepted reason=rhythm", true) => Success,
                ("outcome=not-in-force reason=password-changed", _) => Ignore,
                _ => AuthErr,
            };
            assert_eq!(verify, expected, "{name}: {log}");
            if says[1].ends_with("profile-unreadable") {
                assert!(log.contains(&says[0]), "{name}: the log says why: {log}");
            }
            assert!(!log.contains("internal error"), "{name}: {log}");
        }
    }
}

#[test]
fn each_profile_gives_way_to_a_sound_generation_before_and_does_not_push_it_out() {
    for Entry { name, says } in manifest("profiles") {
        if !says[1].ends_with("profile-unreadable") {
            continue;
        }
        let files = [
            ("profile", profile(&name)),
            ("profile.previous", profile("sound")),
            ("state", armed()),
        ];
        let begun = machine(&files);
        assert_eq!(begun.copy().verify(&Typing::stranger(3)), AuthErr, "{name}");
        let mut here = begun.copy();
        let login = here.log_in(&owner());
        assert!(login.log.contains("outcome=accepted"), "{name}: {login:?}");
        let kept = fs::read(here.account_file("profile.previous")).expect("kept");
        assert!(kept == profile("sound"), "{name}");
        // A profile of the future is not ours to replace; everything else is.
        let future = ["version_future", "model_unknown"].contains(&&*name);
        assert_eq!(login.log.contains("learned state=armed"), !future, "{name}");
        let now = fs::read(here.account_file("profile")).expect("there");
        assert_eq!(now == profile(&name), future, "{name}");
    }
}

const REFUSED_AT_THE_END_OF_TIME: &str = "sound_with_numbers_at_their_end";

#[test]
fn each_state_is_told_by_its_defect_and_the_sealed_copy_stands_in() {
    for Entry { name, says } in manifest("profiles/state") {
        let file = read("profiles/state", &name);
        let said = match AccountState::from_file(&file, UID, &files::host()) {
            Ok(_) => "opens".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, says[0], "{name}");

        let begun = machine(&[("profile", profile("sound")), ("state", file.clone())]);
        let judged: [(Typing, Verify); 2] = [(owner(), Success), (Typing::stranger(3), AuthErr)];
        for (typing, expected) in judged {
            let mut here = begun.copy();
            if name == REFUSED_AT_THE_END_OF_TIME {
                // Which has not come: the cool-down begins once more, now.
                assert_eq!(here.verify(&typing), AuthErr, "{name}: {}", here.log());
                here.wait(15 * 60);
            }
            assert_eq!(here.verify(&typing), expected, "{name}: {}", here.log());
        }
        // Without the copy nobody can say who is armed.
        let mut other = begun.copy();
        other.change_password("another");
        let expected = if said == "opens" { Ignore } else { AuthErr };
        assert_eq!(other.verify(&owner()), expected, "{name}: {}", other.log());
        let mut alone = machine(&[("state", file)]);
        assert_eq!(alone.verify(&owner()), AuthErr, "{name}: {}", alone.log());
    }
}

#[test]
fn each_host_key_is_told_by_its_defect_and_disarms_nobody() {
    for Entry { name, says } in manifest("profiles/host-key") {
        let file = read("profiles/host-key", &name);
        let begun = machine(&[
            ("host.key", file.clone()),
            ("profile", profile("sound")),
            ("state", armed()),
        ]);
        let directory = StateDir::new(begun.path("state"));
        let said = match directory.host_key() {
            Ok(Some(_)) => "opens".to_owned(),
            Ok(None) => "is not there".to_owned(),
            Err(error) => {
                let said = error.to_string();
                let (_, said) = said.split_once("host.key: ").expect("names the file");
                said.to_owned()
            }
        };
        assert_eq!(said, says[0], "{name}");
        let mut here = begun.copy();
        assert_eq!(here.verify(&Typing::stranger(3)), AuthErr, "{name}");
        let login = here.log_in(&owner());
        assert!(login.log.contains("outcome=accepted"), "{name}: {login:?}");
        let aside = fs::read(here.path("state/host.key.damaged")).ok();
        assert_eq!(aside, (said != "opens").then_some(file), "{name}");
    }
}

#[test]
fn each_trace_is_told_by_its_defect_and_refused_when_armed() {
    for Entry { name, says } in manifest("traces") {
        let text = String::from_utf8(read("traces", &name)).expect("a text");
        let said = match text.parse::<Trace>() {
            Err(error) => error.to_string(),
            Ok(trace) => match Sample::acquire(&trace) {
                Err(failure) => failure.to_string(),
                // What broke it off: what is left can only be of a text that is known.
                Ok(sample) => match sample.begun_anew() {
                    Some(reason) => reason.to_string(),
                    None => "can be used".to_owned(),
                },
            },
        };
        assert_eq!(said, says[0], "{name}");
        let mut machine = machine(&[("profile", profile("sound")), ("state", armed())]);
        let verify = machine.verify(&Typing::trace(&text));
        let log = machine.log();
        assert!(log.contains(&says[1]), "{name}: {log}");
        let accepted = says[1] == "outcome=accepted reason=rhythm";
        assert_eq!(
            verify,
            if accepted { Success } else { AuthErr },
            "{name}: {log}"
        );
    }
}
