//! Every target over its corpus and over some thousand mutations of it: what `make check` runs.
//! The same inputs on every machine; `make fuzz` goes on from here.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests"
)]

use std::alloc::System;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use cap::Cap;
use keydyn_fuzz::TARGETS;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What all targets together may have at any moment. A length that is believed asks for more.
const MOST_MEMORY: usize = 256 << 20;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, MOST_MEMORY);

/// Mutations of each corpus.
const MUTATIONS: usize = 2000;
/// Fewer where one takes a millisecond.
const SLOW: [(&str, usize); 2] = [("sealed", 400), ("stack", 400)];

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let entries = fs::read_dir(&directory).expect("a corpus");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let file = |path: PathBuf| {
        let bytes = fs::read(&path).expect("readable");
        (path, bytes)
    };
    paths.into_iter().map(file).collect()
}

/// Runs a target, and keeps the input where it fails.
fn run(name: &str, target: fn(&[u8]), input: &[u8], what: &str) {
    if catch_unwind(|| target(input)).is_err() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("failed-{name}"));
        fs::write(&kept, input).expect("a place for the input");
        panic!(
            "{name}: {what} breaks a promise; the input is in {}",
            kept.display()
        );
    }
}

#[test]
fn every_target_keeps_its_promises_over_its_corpus() {
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(corpus.len() >= 5, "{name} has hardly a corpus");
        for (path, input) in &corpus {
            run(name, target, input, &path.display().to_string());
        }
    }
}

#[test]
fn every_target_keeps_its_promises_over_mutations_of_its_corpus() {
    for (name, target) in TARGETS {
        let corpus: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, input)| input).collect();
        let mut random = ChaCha8Rng::seed_from_u64(name.len() as u64);
        let slow = SLOW.iter().find(|(slow, _)| *slow == name);
        for i in 0..slow.map_or(MUTATIONS, |&(_, count)| count) {
            let input = mutated(&corpus, &mut random);
            run(name, target, &input, &format!("mutation {i}"));
        }
    }
}

#[test]
fn a_corpus_belongs_to_a_target_and_is_small() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(directory).expect("the corpora") {
        let name = entry
            .expect("a corpus")
            .file_name()
            .into_string()
            .expect("a name");
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "{name}");
        let bytes: usize = corpus(&name).iter().map(|(_, input)| input.len()).sum();
        assert!(bytes < 512 << 10, "{name}: {bytes} bytes");
    }
}

/// One input of the corpus with up to four changes.
fn mutated(corpus: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let any = |random: &mut ChaCha8Rng| corpus[random.random_range(0..corpus.len())].clone();
    let mut input = any(random);
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=input.len());
        let until = random.random_range(at..=input.len()).min(at + 64);
        match random.random_range(0..7) {
            0 => input.insert(at, random.random()),
            1 => drop(input.drain(at..until)),
            2 => input.truncate(at),
            3 => {
                let twice = input[at..until].to_vec();
                input.splice(at..at, twice);
            }
            4 => {
                let other = any(random);
                let from = random.random_range(0..=other.len());
                input.splice(at..until, other[from..].iter().take(256).copied());
            }
            5 => input[at..until].fill([0, 1, 0x7f, 0xff][random.random_range(0..4)]),
            _ => input
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1 << random.random_range(0..8)),
        }
    }
    input
}
