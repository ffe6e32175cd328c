//! The stacks that packaging/ and the documentation print are the stacks that are tested.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::Path;

use pam_host::{debian_lines, debian_with_faillock_lines};

/// Lines of a stack with single spaces, without comments.
fn words(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| line.starts_with("auth "))
        .collect()
}

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).expect("the file is there")
}

#[test]
fn the_packaged_stacks_are_the_tested_ones() {
    let module = Path::new("pam_keydyn.so");
    let password = "pam_unix.so nullok try_first_pass";
    let plain = debian_lines(module, "", password)
        .expect("lines")
        .join("\n");
    let faillock = debian_with_faillock_lines(module, "", password, "")
        .expect("lines")
        .join("\n");
    assert_eq!(words(&file("packaging/pam.d/debian")), words(&plain));
    assert_eq!(
        words(&file("packaging/pam.d/debian-faillock")),
        words(&faillock)
    );
}

#[test]
fn the_documentation_prints_them() {
    let text = words(&file("docs/pam-semantics.md"));
    for stack in ["debian", "debian-faillock"] {
        let stack = words(&file(&format!("packaging/pam.d/{stack}")));
        assert!(text.windows(stack.len()).any(|window| window == stack));
    }
}
