//! PAM's configuration, as `keydyn doctor` reads it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use keydyn_stack::control::Control;
use keydyn_stack::files::Configuration;
use keydyn_stack::judge::examine;
use keydyn_stack::service::{Kind, Service};
use keydyn_stack::text::{lines, words};
use tempfile::TempDir;

use crate::assert_sentence;

/// Files that one input may have, each at most so long: libpam's own limits are elsewhere.
const NAMES: [&str; 4] = ["login", "common-auth", "other", "su"];
const SEPARATOR: u8 = 0;
/// Ways through a long stack are many, and how many `doctor` takes is another test's.
const MOST_WALKED: usize = 12;

thread_local! {
    static ROOT: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// Up to four files with a zero byte between them: `login`, and what it may include.
pub fn run(data: &[u8]) {
    let files: Vec<_> = data.split(|&byte| byte == SEPARATOR).zip(NAMES).collect();
    for (bytes, _) in &files {
        check_text(&String::from_utf8_lossy(bytes));
    }
    ROOT.with_borrow_mut(|root| {
        let root = root.get_or_insert_with(|| tempfile::tempdir().expect("a directory"));
        put(root.path(), &files);
        check_service(root.path(), files.first().map_or(&[], |(bytes, _)| bytes));
    });
}

fn put(root: &Path, files: &[(&[u8], &str)]) {
    let directory = root.join("etc/pam.d");
    fs::create_dir_all(&directory).expect("a directory");
    for name in NAMES {
        let bytes = files
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(bytes, _)| bytes);
        match bytes {
            Some(bytes) => fs::write(directory.join(name), bytes).expect("a file"),
            None => {
                let _ = fs::remove_file(directory.join(name));
            }
        }
    }
}

/// Every line that says something is there once, in order, with all that it says.
fn check_text(text: &str) {
    let (found, unfinished) = lines(text);
    assert!(found.is_sorted_by_key(|(number, _)| *number));
    let numbers: BTreeSet<usize> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers.len(), found.len(), "a line twice");
    let (mut begun, mut expected) = (None, Vec::new());
    for (number, line) in (1..).zip(text.split('\n')) {
        let said = line.trim_start_matches([' ', '\t']);
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let start = *begun.get_or_insert(number);
        let goes_on = !said.contains('#') && said.trim_end_matches([' ', '\t']).ends_with('\\');
        if !goes_on {
            expected.push(start);
            begun = None;
        }
    }
    assert_eq!(numbers, expected.into_iter().collect(), "a line is lost");
    assert_eq!(unfinished, begun);
    for (_, line) in &found {
        check_words(line);
    }
}

/// What is in no bracket and no blank is in the words.
fn check_words(line: &str) {
    let found = words(line);
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let in_words: usize = found.iter().map(|word| letters(word)).sum();
    assert_eq!(in_words, letters(line), "a letter is lost");
    for word in &found {
        let control = Control::parse(word);
        assert_eq!(control, Control::parse(word));
    }
}

fn check_service(root: &Path, login: &[u8]) {
    let configuration = Configuration::under(root).expect("there is a directory");
    let Ok(service) = Service::read(&configuration, "login") else {
        return;
    };
    let text = String::from_utf8_lossy(login);
    let own = root.join("etc/pam.d/login");
    // A service that libpam gives up on ends there, and an include's lines are of another file.
    if service.given_up.is_none() {
        let entries = service.entries().iter();
        let told: BTreeSet<usize> = entries
            .filter(|e| e.place.file == own)
            .map(|e| e.place.line)
            .collect();
        let missing = |(number, line): &&(usize, String)| !told.contains(number) && !includes(line);
        let (found, _) = lines(&text);
        assert_eq!(found.iter().find(missing), None, "no entry");
    }
    for entry in service.entries() {
        if let Kind::Broken(why) = &entry.kind {
            assert!(!why.is_empty());
        }
    }
    if service.entries().len() <= MOST_WALKED {
        let examined = examine(&configuration, &["login".to_owned()]);
        for finding in examined.iter().flat_map(|examined| &examined.findings) {
            assert_sentence(finding.kind, 80);
            assert!(!finding.text.is_empty());
        }
    }
}

/// Whether the line stands for another file's.
fn includes(line: &str) -> bool {
    let words = words(line);
    words.iter().take(2).any(|word| {
        let word = word.trim_start_matches('-');
        word.eq_ignore_ascii_case("include") || word.eq_ignore_ascii_case("@include")
    })
}
