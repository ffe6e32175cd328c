//! `keydyn data` as its users meet it: tables, JSON and the picture.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::path::{Path, PathBuf};

use common::{keydyn, text, write_csv, write_long};
use keydyn_core::eval::typist::population;
use serde_json::Value;

const HEADER: &str = "subject,session,rep,index,key,press_ms,release_ms";

fn recording(folder: &Path, rows: &str) -> PathBuf {
    let path = folder.join("mine.csv");
    std::fs::write(&path, format!("{HEADER}\n{rows}\n")).unwrap();
    path
}

fn told(file: &Path, arguments: &[&str]) -> String {
    let mut command = keydyn();
    let command = command.arg("data").arg(file).args(arguments);
    let output = command.assert().success().get_output().clone();
    assert_eq!(output.stderr, b"", "nothing on stderr");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(file: &Path, arguments: &[&str], code: i32) -> String {
    let mut command = keydyn();
    let command = command.arg("data").arg(file).args(arguments);
    let output = command.assert().code(code).get_output().clone();
    assert_eq!(output.stdout, b"", "no half result");
    String::from_utf8(output.stderr).unwrap()
}

/// Draws into the folder, and gives the picture.
fn drawn(folder: &Path, file: &Path, arguments: &[&str]) -> String {
    let svg = folder.join("rhythm.svg");
    let name = svg.to_str().unwrap();
    told(file, &[&["--svg", name], arguments].concat());
    std::fs::read_to_string(svg).unwrap()
}

fn bars(svg: &str) -> usize {
    let document = roxmltree::Document::parse(svg).unwrap();
    let rect = |node: &roxmltree::Node<'_, '_>| {
        node.has_tag_name(("http://www.w3.org/2000/svg", "rect"))
            && node.attribute("class").is_some_and(|c| c.starts_with("f0"))
    };
    document.descendants().filter(rect).count()
}

#[test]
fn tables_tell_what_is_there_missing_and_odd() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "anna,1,1,0,k,0,100\nanna,1,1,1,e,80,170\nanna,2,1,0,k,0,\nanna,2,1,1,e,300,2500\n\
                bert,1,1,0,k,0,90\nbert,1,1,1,e,11000,11000\nbert,1,2,0,x,0,10";
    let file = recording(folder.path(), rows);
    let text = told(&file, &[]);
    for part in [
        "2 users, 3 typings; one text; a row a key (long)",
        "typings of a user: 1 to 2, median 1.5",
        "sessions of a user: 1 to 2, median 1.5",
        "keys of a text: 2\n",
        "holds: 1 of 6 (16.67 %) missing; 1 of zero; 1 over 2 s",
        "down-downs: 0 of 3 (0.00 %) missing; none zero or negative; 1 over 10 s",
        "rollover: 1 of 2 (50.00 %)",
        "clock: 10 ms: every duration is a multiple of 10 ms; too few to look for a coarser step",
        "typings of another text: 1, left out",
        "position  key  hold ms",
        "1 (33.3 %)",
        "anna        2         2     2",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn json_has_the_same_in_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(21, 8, 3, 10, &text(9)));
    let json = told(&file, &["--json"]);
    assert_eq!(told(&file, &["--json"]), json);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["format"], &json["users"]),
        (&"wide".into(), &8.into())
    );
    assert_eq!((&json["typings"], &json["texts"]), (&240.into(), &1.into()));
    assert_eq!(json["typings_of_a_user"]["median"], 30.0);
    assert_eq!(json["holds"]["missing"]["of"], 240 * 9);
    assert_eq!(json["clock"]["written_ms"], 0.001);
    assert!(json["clock"]["step_ms"].is_null());
    let positions = json["positions"].as_array().unwrap();
    assert_eq!((positions.len(), &positions[8]["key"]), (9, &"k8".into()));
    assert!(positions[8]["down_down_ms"].is_null());
    let hold = positions[0]["hold_ms"]["median"].as_f64().unwrap();
    assert!((50.0..200.0).contains(&hold), "{hold}");
    let people = json["people"].as_array().unwrap();
    assert_eq!((people.len(), &people[7]["user"]), (8, &"p08".into()));
}

#[test]
fn the_picture_has_a_bar_a_key_and_is_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(21, 3, 2, 5, &text(6)));
    let all = drawn(folder.path(), &file, &[]);
    assert_eq!(bars(&all), 3 * 6);
    assert_eq!(drawn(folder.path(), &file, &[]), all);
    let two = drawn(folder.path(), &file, &["--user", "p03", "--user", "p01"]);
    assert_eq!(bars(&two), 2 * 6);
    let at = |name: &str| two.find(&format!(">{name}<")).unwrap();
    assert!(at("p03") < at("p01") && !two.contains(">p02<"));
}

#[test]
fn a_name_is_a_name_and_no_markup() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "\"<script>alert('1')</script>\",1,1,0,\"\"\"]]>&amp;\",0,100\n\
                \"<script>alert('1')</script>\",1,1,1,</text>,200,300";
    let svg = drawn(folder.path(), &recording(folder.path(), rows), &[]);
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert!(!svg.contains("<script") && bars(&svg) == 2);
    let texts: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    assert!(
        texts.contains(&"\"]]>&amp;") && texts.contains(&"</text>"),
        "{texts:?}"
    );
}

#[test]
fn little_is_drawn_of_little() {
    let folder = tempfile::tempdir().unwrap();
    let one_key = drawn(
        folder.path(),
        &recording(folder.path(), "a,1,1,0,k,0,80"),
        &[],
    );
    assert_eq!(bars(&one_key), 1);
    let data = population(5, 2, 1, 3, &text(4));
    let bare = write_long(folder.path(), &data, false, ("", &|_, _| String::new()));
    let svg = drawn(folder.path(), &bare, &[]);
    assert_eq!((bars(&svg), svg.matches("f0 guess").count()), (8, 8));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert!(told(&bare, &[]).contains("holds: 24 of 24 (100.00 %) missing"));
}

#[test]
fn what_cannot_be_done_is_told_and_leaves_the_recording_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path(), "anna,1,1,0,k,0,80");
    let before = std::fs::read(&file).unwrap();
    let message = refused(&file, &["--svg", "x.svg", "--user", "bert"], 3);
    assert!(
        message.contains("there is no user bert; there are anna"),
        "{message}"
    );
    let message = refused(&file, &["--svg", file.to_str().unwrap()], 2);
    assert!(message.contains("is the recording itself"), "{message}");
    let message = refused(&file, &["--svg", "/nowhere/at/all.svg"], 1);
    assert!(
        message.contains("/nowhere/at/all.svg: the result cannot be written"),
        "{message}"
    );
    refused(&file, &["--user", "anna"], 2);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let message = refused(&folder.path().join("absent.csv"), &[], 3);
    assert!(message.contains("it cannot be opened"), "{message}");
}
