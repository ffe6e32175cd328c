//! No line of a stack is lost, however it is written.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use keydyn_stack::files::Configuration;
use keydyn_stack::service::{Kind, Service};
use keydyn_stack::text::{lines, words};
use proptest::collection::vec;
use proptest::prelude::*;

/// A line as it is written, and the words that it says.
type Written = (String, Vec<String>);

/// Something that is no line: blank, or a comment, which may end in a backslash.
fn nothing() -> impl Strategy<Value = Written> {
    "[ \t]{0,3}(#[ a-z\\\\=]{0,12})?".prop_map(|text| (format!("{text}\n"), Vec::new()))
}

/// A line of any facility, with blanks, brackets, comments and continuations.
fn line() -> impl Strategy<Value = Written> {
    let facility = prop::sample::select(&["auth", "-auth", "account", "Password", "session"][..]);
    let control = prop_oneof![
        Just("required".to_owned()),
        Just("sufficient".to_owned()),
        "\\[success=[1-9] default=(ignore|die)\\]",
    ];
    let module = "pam_[a-z]{1,8}\\.so";
    let arguments = vec("[a-z]{1,6}(=[a-z0-9]{1,4})?", 0..4);
    let between = vec(
        prop::sample::select(&[" ", "\t", "  ", " \\\n", "\\\n\t", " \\ \n  "][..]),
        8,
    );
    let end = prop::sample::select(&["\n", "  \n", " # why\n", " # \\\n"][..]);
    (facility, control, module, arguments, between, end).prop_map(
        |(facility, control, module, arguments, between, end)| {
            let mut said = vec![facility.to_owned(), control, module];
            said.extend(arguments);
            let mut text = String::new();
            for (word, gap) in said.iter().zip(between) {
                text.push_str(word);
                text.push_str(gap);
            }
            text.push_str("last");
            text.push_str(end);
            said.push("last".to_owned());
            let bare = |word: &String| word.trim_matches(['[', ']']).to_owned();
            (text, said.iter().map(bare).collect())
        },
    )
}

fn file() -> impl Strategy<Value = Vec<Written>> {
    vec(prop_oneof![1 => nothing(), 3 => line()], 0..20)
}

/// The number at which each line begins, and its words.
fn expected(written: &[Written]) -> Vec<(usize, Vec<String>)> {
    let mut number = 1;
    let mut expected = Vec::new();
    for (text, words) in written {
        if !words.is_empty() {
            expected.push((number, words.clone()));
        }
        number += text.matches('\n').count();
    }
    expected
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn every_line_is_read_once_in_order_and_whole(written in file()) {
        let text: String = written.iter().map(|(text, _)| text.as_str()).collect();
        let (found, unfinished) = lines(&text);
        let found: Vec<_> = found.iter().map(|(number, line)| (*number, words(line))).collect();
        prop_assert_eq!(found, expected(&written));
        prop_assert_eq!(unfinished, None);
    }

    #[test]
    fn every_line_of_a_service_is_an_entry(written in file()) {
        let text: String = written.iter().map(|(text, _)| text.as_str()).collect();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/pam.d")).unwrap();
        fs::write(root.path().join("etc/pam.d/login"), &text).unwrap();
        let configuration = Configuration::under(root.path()).unwrap();
        let service = Service::read(&configuration, "login").unwrap();
        prop_assert!(service.given_up.is_none());
        prop_assert!(service.entries().iter().all(|entry| entry.kind == Kind::Module));
        let told = service.entries().iter().map(|entry| {
            let facility = entry.facility.word();
            (entry.place.line, facility, entry.word.clone(), entry.module.clone(), entry.arguments.clone())
        });
        let expected = expected(&written);
        let expected = expected.iter().map(|(line, words)| {
            let facility = ["auth", "account", "password", "session"]
                .into_iter()
                .find(|word| words[0].trim_start_matches('-').eq_ignore_ascii_case(word));
            (*line, facility.unwrap(), words[1].clone(), words[2].clone(), words[3..].to_vec())
        });
        prop_assert_eq!(told.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn any_text_at_all_is_read_without_losing_a_letter(text in "[a-z\\[\\]\\\\# \t\n=]{0,200}") {
        let (found, _) = lines(&text);
        prop_assert!(found.is_sorted_by_key(|(number, _)| *number));
        for (number, line) in &found {
            prop_assert!((1..=text.lines().count()).contains(number));
            let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).count();
            let in_words: usize = words(line).iter().map(|word| letters(word)).sum();
            prop_assert_eq!(in_words, letters(line));
        }
    }
}
