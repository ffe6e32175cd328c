//! What `keydyn doctor` says of a stack is what happens in it: every stack of tests/testdata/stacks
//! with the real module under the real libpam, and under the simulator.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use keydyn_stack::code::Code;
use keydyn_stack::files::Configuration;
use keydyn_stack::judge::examine;
use keydyn_stack::service::{Entry, Facility, Service};
use keydyn_stack::walk::{Keeper, Person, Walk};
use pam_host::{Application, Conversation, Error, Flags, Stack, password_line, stand_in_with};
use stacks::{Machine, PASSWORD, Typing, USER, replaying_module};

/// A row of the manifest.
struct Row {
    name: String,
    /// Whether each of [`PEOPLE`] gets in.
    people: Vec<bool>,
    pins: Vec<(String, String)>,
    /// Severity, kind and words of each finding.
    findings: Vec<(String, String)>,
}

const PEOPLE: [Person; 5] = [
    Person::NotInForce,
    Person::Accepted,
    Person::Refused,
    Person::Wrong,
    Person::SwitchedOff,
];

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/stacks")
}

fn manifest() -> Vec<Row> {
    let text = fs::read_to_string(testdata().join("MANIFEST")).expect("the manifest");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let cells: Vec<_> = line.splitn(4, '|').map(str::trim).collect();
        let [name, people, pins, findings] = cells[..] else {
            panic!("four cells: {line}");
        };
        let pair = |text: &str, mark: &str| {
            let (one, other) = text.split_once(mark).expect("two parts");
            (one.trim().to_owned(), other.trim().to_owned())
        };
        let pins = pins.split_whitespace().filter(|pin| *pin != "-");
        let findings = findings.split(";;").filter(|one| *one != "nothing");
        Row {
            name: name.to_owned(),
            people: people.split_whitespace().map(|word| word == "in").collect(),
            pins: pins.map(|pin| pair(pin, "=")).collect(),
            findings: findings.map(|finding| pair(finding, ": ")).collect(),
        }
    })
    .collect()
}

/// The files of a row's stack: name and text.
fn files(row: &Row) -> Vec<(String, String)> {
    let path = match row.name.strip_prefix("packaging/") {
        Some(name) => testdata().join("../../../packaging/pam.d").join(name),
        None => testdata().join(&row.name),
    };
    let read = |path: &Path| fs::read_to_string(path).expect("a file of the kit");
    if path.is_file() {
        return vec![("login".to_owned(), read(&path))];
    }
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, read(&entry.path()))
        })
        .collect()
}

/// What a module of others returns here.
fn pinned(row: &Row, module: &str, arguments: &str) -> Option<String> {
    let named = row.pins.iter().find(|(name, _)| name == module);
    let usual = match module {
        "pam_env" | "pam_faildelay" | "pam_group" | "pam_nologin" => "ignore",
        "pam_cap"
        | "pam_usertype"
        | "pam_localuser"
        | "pam_shells"
        | "pam_securetty"
        | "pam_gnome_keyring"
        | "pam_duo"
        | "pam_google_authenticator" => "success",
        "pam_fprintd" => "authinfo_unavail",
        "pam_rootok" | "pam_succeed_if" => "auth_err",
        "pam_sss" | "pam_systemd_home" => "user_unknown",
        "pam_faillock" if arguments.contains("authfail") => "ignore",
        "pam_faillock" => "success",
        _ => return None,
    };
    Some(named.map_or(usual, |(_, code)| code).to_owned())
}

/// The stack with the module at hand, and with stand-ins for what this machine does not have.
fn real_stack(row: &Row, arguments: &str, typed: &str) -> Stack {
    let stack = Stack::new().expect("a directory");
    let directory = stack.directory().join("pam.d");
    let faillock = stack.faillock(100).expect("tallies");
    let line = |line: &str| {
        let Some(module) = line.split_whitespace().find(|word| word.ends_with(".so")) else {
            // Debian's libpam looks in /etc/pam.d for what is not a path.
            let words: Vec<_> = line.split_whitespace().collect();
            return match words[..] {
                [.., "include" | "substack" | "@include", name] => {
                    line.replace(name, &directory.join(name).display().to_string())
                }
                _ => line.to_owned(),
            };
        };
        let name = module.trim_end_matches(".so");
        let (front, behind) = line.split_once(module).expect("it is there");
        let behind = behind.split('#').next().unwrap_or_default();
        match name {
            "pam_keydyn" => {
                let module = replaying_module().display().to_string();
                format!("{front}{module} {behind} {arguments}")
            }
            "pam_unix" => format!(
                "{front}{} {behind}",
                password_line(PASSWORD).expect("built")
            ),
            "pam_google_authenticator" => {
                let replacing = format!("replace_token={typed} auth=success");
                format!("{front}{}", stand_in_with(&replacing).expect("built"))
            }
            "pam_faillock" => format!("{line} {faillock}"),
            _ => match pinned(row, name, behind) {
                Some(code) => format!("{front}pam_debug.so auth={code}"),
                None => line.to_owned(),
            },
        }
    };
    files(row).iter().fold(stack, |stack, (name, text)| {
        let lines: Vec<_> = text.lines().map(line).collect();
        stack.service(name, lines).expect("a service")
    })
}

/// Whether this person gets in, really.
fn really(row: &Row, person: Person) -> bool {
    let machine = match person {
        Person::NotInForce => Machine::new(),
        Person::SwitchedOff => Machine::armed().directive("command-line keydyn=off"),
        _ => Machine::armed(),
    };
    let typing = match person {
        Person::Refused => Typing::stranger(7),
        _ => Typing::owner(200),
    };
    let known = if person == Person::Wrong {
        "wrong"
    } else {
        PASSWORD
    };
    // What is typed behind the password where a one-time code is asked for.
    let code = if row.name.starts_with("one_time_code") {
        "123456"
    } else {
        ""
    };
    let stack = real_stack(row, &machine.set_typing(&typing), known);
    let answers = Conversation::answers([format!("{known}{code}")]);
    match Application::start(&stack, Stack::SERVICE, USER, answers) {
        Ok(mut app) => app.authenticate(Flags::NONE).is_success(),
        Err(Error::Start(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

/// The stack below a root of its own, as the command reads it.
fn written(row: &Row) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("etc/pam.d");
    fs::create_dir_all(&directory).expect("a directory");
    for (name, text) in files(row) {
        fs::write(directory.join(name), text).expect("written");
    }
    root
}

/// Whether this person can get in and can be kept out, as the simulator has it.
fn simulated(row: &Row, stack: &[Entry], person: Person) -> BTreeSet<bool> {
    let pins = |entry: &Entry| {
        let code = pinned(row, entry.stem(), &entry.arguments.join(" "))?;
        Code::named(&code)
    };
    let walk = Walk::new(stack, &pins);
    let ends = walk
        .ends(person, Keeper::Only("pam_unix"))
        .expect("few ways");
    ends.iter().map(keydyn_stack::walk::End::is_in).collect()
}

#[test]
fn what_is_said_of_a_stack_is_what_happens_in_it() {
    let (mut broken, mut right) = (0, 0);
    for row in manifest() {
        let root = written(&row);
        let configuration = Configuration::under(root.path()).expect("a configuration");
        let service = Service::read(&configuration, "login").expect("readable");
        let stack = service.stack(Facility::Auth);
        for (person, expected) in PEOPLE.into_iter().zip(&row.people) {
            let name = &row.name;
            assert_eq!(really(&row, person), *expected, "{name}: {person:?}");
            let said = match service.given_up {
                Some(_) => [false].into(),
                None => simulated(&row, &stack, person),
            };
            assert!(
                said.contains(expected),
                "{name}: {person:?}: simulated {said:?}"
            );
            // Only a wrong password may be treated in two ways, by rules that are no stack's.
            assert!(
                said.len() == 1 || person == Person::Wrong || name.starts_with("right"),
                "{name}: {person:?}"
            );
        }
        match row
            .findings
            .iter()
            .any(|(kind, _)| !kind.starts_with("note"))
        {
            true => broken += 1,
            false => right += 1,
        }
    }
    assert!(broken >= 14 && right >= 6, "{broken} broken, {right} right");
}

#[test]
fn every_stack_has_its_sentence_and_no_other() {
    for row in manifest() {
        let root = written(&row);
        let configuration = Configuration::under(root.path()).expect("a configuration");
        let found = examine(&configuration, &["login".to_owned()]).expect("readable");
        let directory = format!("{}/", root.path().join("etc/pam.d").display());
        let name = &row.name;
        assert_eq!(
            found.findings.len(),
            row.findings.len(),
            "{name}: {found:#?}"
        );
        for (finding, (kind, words)) in found.findings.iter().zip(&row.findings) {
            let told = format!("{} {}", finding.severity.word(), finding.kind);
            assert_eq!(&told, kind, "{name}: {finding:#?}");
            let text = finding.text.replace(&directory, "");
            assert!(text.contains(words), "{name}: {words:?} is not in {text:?}");
            assert_eq!(finding.services, ["login"], "{name}");
        }
    }
}

#[test]
fn every_file_of_the_kit_is_in_the_manifest() {
    let listed: BTreeSet<_> = manifest().into_iter().map(|row| row.name).collect();
    for entry in fs::read_dir(testdata()).expect("the kit") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        assert!(name == "MANIFEST" || listed.contains(&name), "{name}");
    }
}

/// pam_unix takes the password that is there, whatever its arguments say: pam_get_authtok does. The
/// simulator, and the stack that Debian makes by itself, live on that.
#[test]
fn pam_unix_without_try_first_pass_does_not_ask_again() {
    let machine = Machine::new();
    let lines = [
        "auth  requisite  MODULE capture REPLAY",
        "auth  required   pam_unix.so",
    ];
    let stack = machine.lines(&Typing::owner(1), &lines);
    let answers = Conversation::answers(["once", "twice"]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("libpam starts");
    assert!(!app.authenticate(Flags::NONE).is_success());
    assert_eq!(app.answers_left(), 1, "{app:?}");
}

/// The simulator lives on that too: such a line does nothing but fail, unless its control passes
/// over it.
#[test]
fn what_cannot_be_loaded_is_a_module_that_libpam_does_not_know() {
    let foreign = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x28\0";
    for bytes in [&b""[..], b"#!/bin/sh\nexit 0\n", foreign] {
        let stack = Stack::new().expect("a directory");
        let module = stack.directory().join("pam_x.so");
        fs::write(&module, bytes).expect("written");
        assert_eq!(code(stack, &module.display().to_string()), "module_unknown");
    }
    for module in ["pam_permit", "pam_permit.so\r", "pam_permti.so"] {
        let stack = Stack::new().expect("a directory");
        assert_eq!(code(stack, module), "module_unknown", "{module:?}");
    }
    let stack = Stack::new().expect("a directory");
    assert_eq!(code(stack, "pam_permit.so"), "success");
}

/// What libpam gives where this module is all that there is.
fn code(stack: Stack, module: &str) -> &'static str {
    let lines = [format!("auth  required  {module}")];
    let stack = stack.service(Stack::SERVICE, lines).expect("a service");
    let mut app = Application::start(&stack, Stack::SERVICE, USER, Conversation::silent())
        .expect("libpam starts");
    app.authenticate(Flags::NONE).word()
}
