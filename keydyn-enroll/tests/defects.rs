//! One defect a recording: `keydyn evaluate` must say what it is, where, and what to do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use common::failure_in;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/testdata/recordings");

/// A file, and what is said behind its name.
type Kit = &'static [(&'static str, &'static str)];

/// A row a typing.
const WIDE: Kit = &[
    (
        "absent.csv",
        ": it cannot be opened: No such file or directory (os error 2)",
    ),
    (".", ": it cannot be read: Is a directory (os error 21)"),
    (
        "carriage_returns.csv",
        ", line 1: its lines end in a carriage return alone; convert them to line feeds",
    ),
    (
        "column_twice.csv",
        ", line 1, column H.a: there are two columns of this name; take one out or rename it",
    ),
    (
        "down_down_of_strangers.csv",
        ", line 1, column DD.a.b: this column does not join two neighbouring `H.` columns; the `H.` columns must stand in the order in which the keys are typed",
    ),
    (
        "empty.csv",
        ": the file is empty; give a CSV file whose first line names its columns",
    ),
    (
        "header_only.csv",
        ": there is a header and no row below it; was the recording cut off?",
    ),
    (
        "latin1_name.csv",
        ", line 2, column subject: there are bytes that are not UTF-8; save the file as UTF-8",
    ),
    (
        "milliseconds.csv",
        ", line 2, column DD.a.b: 7900 s is more than an hour; the unit must be seconds",
    ),
    (
        "missing_down_down.csv",
        ", line 1: there is no column DD.a.b; compare the first line with the published file's",
    ),
    (
        "missing_holds.csv",
        ", line 1: there is no column H.<key>; compare the first line with the published file's",
    ),
    (
        "missing_session.csv",
        ", line 1: there is no column sessionIndex; compare the first line with the published file's",
    ),
    (
        "nameless_row.csv",
        ", line 3, column subject: the field is empty; every row must name its typist",
    ),
    (
        "not_a_number.csv",
        ", line 2, column H.a: \"NaN\" is not a number of seconds; leave the field empty if nothing was measured",
    ),
    (
        "one_typist.csv",
        ": stream:10 needs at least 11 typings of an account's owner, and user s1 has the most, 9; use `stream:8`, or record more",
    ),
    (
        "picture.csv",
        ", line 1, column number 1: there are bytes that are not UTF-8; save the file as UTF-8",
    ),
    (
        "prose.csv",
        ": this is not a recording that keydyn reads; the first line must name the columns, as in `subject,session,rep,index,key,press_ms,release_ms` (a row a key; here subject, session, rep, index, key and press_ms are missing) or `subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b` (a row a typing)",
    ),
    (
        "ragged_row.csv",
        ", line 3: 6 field(s) where the header has 7; was a line cut or joined?",
    ),
    (
        "repetition_twice.csv",
        ", line 4, column rep: this subject, session and repetition were already in line 2; number repetitions without gaps or remove the copy",
    ),
    (
        "semicolons.csv",
        ": its columns are separated by semicolons; write it with commas between them",
    ),
    (
        "session_in_words.csv",
        ", line 2, column sessionIndex: \"first\" is not a whole number from 0 to 4294967295",
    ),
    (
        "text_for_a_number.csv",
        ", line 3, column DD.a.b: \"NA\" is not a number of seconds; leave the field empty if nothing was measured",
    ),
    (
        "too_few_repetitions.csv",
        ": stream:10 needs at least 15 typings of an account's owner, and user s1 has the most, 9; use `stream:3`, or record more",
    ),
    (
        "unclosed_quote.csv",
        ", line 3: 1 field(s) where the header has 7; was a line cut or joined?",
    ),
];

/// A row a key.
const LONG: Kit = &[
    (
        "column_twice.csv",
        ", line 1, column key: there are two columns of this name; take one out or rename it",
    ),
    (
        "first_row_lost.csv",
        ", line 2, column index: the typing begins with index 2; count its keys from 0 or 1; was a row lost?",
    ),
    (
        "free_text.csv",
        ": of 6 typings only 1 have the keys of their account's most frequent text; keydyn compares typings of one text: take out those with corrections and other texts, or name the account whose password it is in a column `account`",
    ),
    (
        "header_only.csv",
        ": there is a header and no row below it; was the recording cut off?",
    ),
    (
        "hold_of_hours.csv",
        ", line 2, column release_ms: 7200000 ms are more than an hour for one key; the unit must be milliseconds",
    ),
    (
        "index_in_words.csv",
        ", line 2, column index: \"zero\" is not a whole number from 0 to 4294967295",
    ),
    (
        "key_twice.csv",
        ", line 4, column index: index 1 of this typing was already in line 3; give every typing a session and rep of its own",
    ),
    (
        "microseconds.csv",
        ", line 4, column press_ms: 7200000 ms are more than an hour for one key; the unit must be milliseconds",
    ),
    (
        "missing_index.csv",
        ", line 1: index is missing; a row a key needs the columns subject, session, rep, index, key and press_ms, and release_ms where releases were recorded",
    ),
    (
        "missing_key_and_press.csv",
        ", line 1: key and press_ms are missing; a row a key needs the columns subject, session, rep, index, key and press_ms, and release_ms where releases were recorded",
    ),
    (
        "nameless_account.csv",
        ", line 2, column account: the field is empty; name the account whose password it is, in every row or, by leaving the column out, in none",
    ),
    (
        "nameless_key.csv",
        ", line 3, column key: the field is empty; every row must name its key",
    ),
    (
        "nameless_session.csv",
        ", line 2, column session: the field is empty; every row must name its session",
    ),
    (
        "nameless_typist.csv",
        ", line 3, column subject: the field is empty; every row must name its typist",
    ),
    (
        "negative_index.csv",
        ", line 2, column index: \"-1\" is not a whole number from 0 to 4294967295",
    ),
    (
        "no_owner.csv",
        ": no account has a typing by its owner, s1 for one; in the owner's rows the typist must be called as in `account`",
    ),
    (
        "no_press.csv",
        ", line 3, column press_ms: the field is empty; a key that was typed has been pressed, so give the time or leave the whole typing out",
    ),
    (
        "one_typist.csv",
        ": stream:10 needs at least 11 typings of an account's owner, and user s1 has the most, 6; use `stream:5`, or record more",
    ),
    (
        "only_subject.csv",
        ": this is not a recording that keydyn reads; the first line must name the columns, as in `subject,session,rep,index,key,press_ms,release_ms` (a row a key; here session, rep, index, key and press_ms are missing) or `subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b` (a row a typing)",
    ),
    (
        "press_in_words.csv",
        ", line 2, column press_ms: \"soon\" is not a number of milliseconds that a typing can have; write 95 or 180.5, and leave release_ms empty where nothing was recorded",
    ),
    (
        "press_not_a_number.csv",
        ", line 2, column press_ms: \"NaN\" is not a number of milliseconds that a typing can have; write 95 or 180.5, and leave release_ms empty where nothing was recorded",
    ),
    (
        "presses_out_of_order.csv",
        ", line 4, column press_ms: 150 ms is before the press of the key before at 180 ms; `index` must count the keys in the order of their presses",
    ),
    (
        "ragged_row.csv",
        ", line 3: 6 field(s) where the header has 7; was a line cut or joined?",
    ),
    (
        "release_before_press.csv",
        ", line 3, column release_ms: the release at 170.5 ms is before the press at 180 ms; leave it empty if it was not recorded",
    ),
    (
        "release_in_words.csv",
        ", line 2, column release_ms: \"NA\" is not a number of milliseconds that a typing can have; write 95 or 180.5, and leave release_ms empty where nothing was recorded",
    ),
    (
        "rep_in_words.csv",
        ", line 2, column rep: \"first\" is not a whole number from 0 to 4294967295",
    ),
    (
        "row_lost.csv",
        ", line 3, column index: a key is missing before this one: index 2 comes where 1 should; was a row lost?",
    ),
    (
        "rows_scattered.csv",
        ", line 4, column rep: this typing already ended in line 2; the rows of a typing must stand together, and every typing needs a session and rep of its own",
    ),
    (
        "tabs.csv",
        ": its columns are separated by tabs; write it with commas between them",
    ),
    (
        "too_few_typings.csv",
        ": stream:10 needs at least 15 typings of an account's owner, and user s2 has the most, 8; use `stream:3`, or record more",
    ),
    (
        "too_many_keys.csv",
        ", line 130, column index: this is key 129 of its typing; a text has at most 128: cut the typing or leave it out",
    ),
    (
        "two_keyboards.csv",
        ", line 3, column keyboard: this typing began on keyboard \"desk\"; a typing is of one keyboard",
    ),
    (
        "two_typist_columns.csv",
        ", line 1, column typist: `subject` and `typist` mean the same; rename the one that means something else",
    ),
    (
        "typing_twice.csv",
        ", line 4, column rep: this typing is the same to the microsecond as the one that ended in line 2; remove the copy",
    ),
];

fn assert_told(folder: &str, kit: Kit) {
    let folder = format!("{TESTDATA}/{folder}");
    for (file, message) in kit {
        let told = failure_in(&folder, &[file]);
        assert_eq!(told, (format!("{file}{message}"), 3));
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let tested = kit.iter().any(|(file, _)| *file == name);
        assert!(tested, "{name} is in the kit and in no test");
    }
}

#[test]
fn defects_of_rows_of_typings() {
    assert_told("wide", WIDE);
}

#[test]
fn defects_of_rows_of_keys() {
    assert_told("long", LONG);
}

#[test]
fn a_field_without_an_end_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let endless = format!("subject,sessionIndex,rep,H.a\n{}", "1".repeat(1_000_000));
    std::fs::write(folder.path().join("huge.csv"), endless).unwrap();
    let told = failure_in(folder.path().to_str().unwrap(), &["huge.csv"]);
    let message = "huge.csv, line 2: more than 64 KiB without the end of a line; this is not a CSV file, or a line end was lost";
    assert_eq!(told, (message.to_owned(), 3));
}

#[test]
fn a_file_s_name_reaches_no_terminal_raw() {
    let (message, code) = failure_in(".", &["not\u{1b}[2Jthere.csv"]);
    assert!(
        message.starts_with("not\\u{1b}[2Jthere.csv: "),
        "{message:?}"
    );
    assert_eq!(code, 3);
}
