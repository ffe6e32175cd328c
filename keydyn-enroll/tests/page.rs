//! `keydyn evaluate --html`: one page that fetches nothing, runs nothing and says it all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not know for what they are"
)]

#[allow(dead_code, reason = "each test file uses its share")]
mod common;

use std::path::Path;

use common::{keydyn, text, write_csv, write_long};
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::typist::population;
use roxmltree::{Document, Node, ParsingOptions};

fn page(folder: &Path, file: &Path, name: &str, arguments: &[&str]) -> String {
    let html = folder.join(name);
    let mut command = keydyn();
    let command = command.arg("evaluate").arg(file).args(arguments);
    let output = command.arg("--html").arg(&html).assert().success();
    assert_eq!(output.get_output().stderr, b"", "nothing on stderr");
    std::fs::read_to_string(html).unwrap()
}

/// Every tag closed, every attribute quoted once, every character one that XML knows.
fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).unwrap()
}

fn named<'a>(document: &'a Document<'_>, name: &'a str) -> Vec<Node<'a, 'a>> {
    document
        .descendants()
        .filter(|node| node.has_tag_name(name))
        .collect()
}

fn headings(document: &Document<'_>) -> Vec<String> {
    let headings = named(document, "h2").into_iter();
    headings
        .map(|node| node.text().unwrap().to_owned())
        .collect()
}

#[test]
fn it_has_every_part_and_fetches_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(21, 6, 3, 10, &text(9)));
    let arguments = ["--detector", "sequence-memory,manhattan", "--seeds", "2"];
    let page = page(folder.path(), &file, "a.html", &arguments);
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    let document = parsed(&page);
    assert_eq!(
        headings(&document),
        [
            "Figures",
            "Each beside sequence-memory",
            "One error for the other",
            "Scores",
            "Over time",
            "Users"
        ]
    );
    for outside in [
        "http:", "https:", "src=", "href=", "url(http", "@import", "<script",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let metas = named(&document, "meta");
    assert!(
        metas
            .iter()
            .any(|meta| meta.attribute("content") == Some(policy))
    );
    assert!(!page.contains("NaN") && !page.contains("inf,"));
    let svgs = named(&document, "svg");
    // Two of bars, two DET, two ROC, and of each detector scores and users; EER over time, and
    // the decisions of the one with a threshold.
    assert_eq!(svgs.len(), 2 + 2 + 2 + 2 + 2 + 1 + 1);
    let ids: Vec<&str> = document
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    for svg in svgs {
        assert_eq!(svg.attribute("role"), Some("img"));
        for id in svg.attribute("aria-labelledby").unwrap().split(' ') {
            assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id}");
        }
    }
    assert!(
        page.contains("detector sequence-memory,manhattan --seeds 2</code>"),
        "{page}"
    );
}

#[test]
fn the_same_command_gives_the_same_page_wherever_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(21, 4, 3, 10, &text(7)));
    let of = |name| {
        page(
            folder.path(),
            &file,
            name,
            &["--detector", "all", "--seeds", "2"],
        )
    };
    assert_eq!(of("a.html"), of("b.html"));
}

#[test]
fn names_are_no_markup() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("<script>alert(1)<");
    std::fs::create_dir(&inside).unwrap();
    let typists = population(5, 3, 2, 8, &text(6)).typists().to_vec();
    let rename = |(i, typist): (usize, Typist)| Typist {
        name: format!("</td><script>alert{i}</script>&amp;'"),
        ..typist
    };
    let data = DataSet::new(typists.into_iter().enumerate().map(rename).collect());
    let file = write_long(&inside, &data, true, (",</p><b>", &|_, _| ",x".into()));
    let page = page(folder.path(), &file, "a.html", &["--protocol", "static"]);
    let document = parsed(&page);
    assert!(!page.contains("<script") && named(&document, "b").is_empty());
    let told: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    for name in [
        "</td><script>alert0</script>&amp;'",
        "</p><b>",
        "<script>alert(1)<",
    ] {
        assert!(told.iter().any(|text| text.contains(name)), "{name}");
    }
}

#[test]
fn what_there_is_nothing_of_is_not_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let alone = population(5, 1, 3, 8, &text(8));
    let keyboard = |_: &str, session: u32| format!(",board{session}");
    let file = write_long(folder.path(), &alone, true, (",keyboard", &keyboard));
    let of_one = page(folder.path(), &file, "a.html", &[]);
    let document = parsed(&of_one);
    assert_eq!(headings(&document), ["Figures", "Scores", "Over time"]);
    assert!(of_one.contains("board3") && of_one.contains("nobody to be an impostor"));
    let several = write_csv(folder.path(), &population(5, 3, 2, 8, &text(8)));
    let frozen = page(folder.path(), &several, "b.html", &["--protocol", "static"]);
    let document = parsed(&frozen);
    let sections = ["Figures", "One error for the other", "Scores", "Users"];
    assert_eq!(headings(&document), sections);
}

#[test]
fn thresholds_stand_beside_each_other_and_a_learning_curve_is_one_chart() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(21, 4, 3, 10, &text(7)));
    let of = |name, arguments: &[&str]| page(folder.path(), &file, name, arguments);
    let targets = of("a.html", &["--target-frr", "1,5", "--seeds", "2"]);
    let document = parsed(&targets);
    let beside = "Each beside sequence-memory, FRR 1 %".to_owned();
    assert!(headings(&document).contains(&beside), "{targets}");
    let curve = of(
        "b.html",
        &["--curve", "--detector", "sequence-memory,manhattan"],
    );
    let document = parsed(&curve);
    assert_eq!(headings(&document), ["Figures", "Learning curve"]);
    let lines = named(&document, "polyline").len();
    assert_eq!((named(&document, "svg").len(), lines), (1, 2));
}

#[test]
fn a_page_that_cannot_be_written_is_told_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(5, 3, 2, 8, &text(4)));
    let html = folder.path().join("page.html");
    std::fs::write(&html, "before").unwrap();
    for (arguments, code) in [
        (["--protocol", "static", "/nowhere/at/all.html"], 1),
        (["--protocol", "first:900", "page.html"], 3),
    ] {
        let mut command = keydyn();
        let command = command
            .current_dir(folder.path())
            .arg("evaluate")
            .arg(&file);
        let [option, protocol, html] = arguments;
        let output = command
            .args([option, protocol, "--html", html])
            .assert()
            .code(code);
        assert_eq!(output.get_output().stdout, b"", "no half result");
    }
    assert_eq!(std::fs::read(&html).unwrap(), b"before");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "no draft is left"
    );
}

#[test]
fn the_recording_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_csv(folder.path(), &population(5, 3, 2, 8, &text(4)));
    let before = std::fs::read(&file).unwrap();
    let link = folder.path().join("link.html");
    std::fs::hard_link(&file, &link).unwrap();
    let mut command = keydyn();
    let command = command.arg("evaluate").arg(&file).arg("--html").arg(&link);
    let output = command.assert().code(2).get_output().clone();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("is the recording itself"), "{message}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
