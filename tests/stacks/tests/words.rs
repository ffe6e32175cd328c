//! What is in the log of a whole run, and what is in it of nobody: the password, the keys, the
//! timings, the length. Two people who differ in nothing else leave the same log.
#![allow(clippy::expect_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;

use pam_host::{Conversation, stand_in_with};
use stacks::{FRONT, Machine, Typing};

/// Somebody with a password and a way to type it.
struct Person {
    password: &'static str,
    keys: &'static [&'static str],
    /// Milliseconds of a hold and from press to press.
    rhythm: (u64, u64),
}

const SHORT: Person = Person {
    password: "Oj4.",
    keys: &["o", "j", "4", "dot", "q", "w", "z"],
    rhythm: (83, 157),
};

const LONG: Person = Person {
    password: "grave;kestrel'[tonight],rides/backslash",
    keys: &[
        "grave",
        "semicolon",
        "k",
        "apostrophe",
        "leftbrace",
        "t",
        "rightbrace",
        "comma",
        "slash",
        "b",
        "minus",
        "equal",
        "9",
        "5",
        "6",
        "7",
    ],
    rhythm: (117, 263),
};

impl Person {
    fn typing(&self, seed: u64, slower: u64) -> Typing {
        let (hold, down) = (self.rhythm.0 * slower / 2, self.rhythm.1 * slower / 2);
        let mut now = 1000;
        let mut edges = vec![(0, "enter", "up")];
        for (i, key) in (0..).zip(self.keys) {
            let vary = |salt: u64| stacks::varied(seed * 1000 + i * 10 + salt);
            edges.push((now, key, "down"));
            edges.push((now + hold + vary(1), key, "up"));
            now += down + vary(2);
        }
        edges.push((now, "enter", "down"));
        edges.sort_by_key(|&(at, ..)| at);
        Typing::trace(
            &edges
                .iter()
                .fold(String::new(), |mut text, (at, key, motion)| {
                    let _ = writeln!(text, "{at} {key} {motion}");
                    text
                }),
        )
    }

    fn own(&self, seed: u64) -> Typing {
        self.typing(seed, 2)
    }

    fn somebody_else_s(&self, seed: u64) -> Typing {
        self.typing(seed, 5)
    }

    /// Learned, and everything that can come of a login after that; the whole log.
    fn log(&self, arguments: &str) -> String {
        let mut machine = Machine::new().with(arguments);
        machine.change_password(self.password);
        let mut log = String::new();
        for i in 0..26 {
            machine.wait(if i % 9 == 0 { 5 * 3600 } else { 60 });
            log += &machine.log_in(&self.own(i)).log;
        }
        assert!(log.contains("learned state=armed"), "{log}");
        log += &self.attempts(&machine);
        log += &self.faults(&machine);
        log
    }

    /// What can be typed, in which order of lines, and from where.
    fn attempts(&self, machine: &Machine) -> String {
        let mut log = String::new();
        let middle = 1001 + self.rhythm.1;
        for typing in [
            self.own(60),
            self.somebody_else_s(1),
            Typing::trace("0 enter up"),
            self.own(60).with(&format!("{middle} lost")),
            self.own(60).with(&format!("{middle} gone")),
            self.own(60).with(&format!("{middle} a down @1")),
            self.own(60).with(&format!("{middle} left down")),
            self.own(60).without(&[" up"]),
            self.own(60).without(&[&format!("{} down", self.keys[1])]),
            Typing::trace("1000 a down\n999 a up\n"),
            Typing::trace("half a line"),
        ] {
            log += &machine.copy().log_in(&typing).log;
        }
        let mut tired = machine.copy();
        for i in 0..6 {
            log += &tired.log_in(&self.somebody_else_s(i)).log;
        }
        for directive in [
            "unusable source-failed",
            "unusable seat-inactive",
            "where not-local",
            "where unprivileged",
            "command-line keydyn=off",
        ] {
            log += &machine
                .copy()
                .directive(directive)
                .log_in(&self.own(61))
                .log;
        }
        for arguments in ["mode=shadow", "mode=enforce", "nonsense mode=maybe"] {
            let mut other = machine.copy().with(arguments);
            log += &other.log_in(&self.somebody_else_s(9)).log;
        }
        log += &machine.copy().log_in_with(&self.own(62), "wrong").log;
        let standin = stand_in_with("replace_token=other auth=ignore").expect("the stand-in");
        let replace = format!("auth  optional  {standin}");
        let replaced = [&FRONT[..], &[&replace]].concat();
        for front in [&FRONT[1..], &replaced] {
            let mut other = machine.copy();
            let stack = other.verify_behind(&self.own(63), front);
            let right = Conversation::answers([self.password]);
            log += &other.run(&stack, right).log;
        }
        let mut cancelled = machine.copy();
        let stack = cancelled.debian(&self.own(64));
        log += &cancelled.run(&stack, Conversation::silent().cancel()).log;
        log
    }

    /// What can be wrong with the files.
    fn faults(&self, machine: &Machine) -> String {
        let mut log = String::new();
        type Fault = fn(&Machine);
        let faults: [Fault; 6] = [
            |m| flip(m, &["profile"]),
            |m| flip(m, &["profile", "profile.previous"]),
            |m| flip(m, &["state"]),
            |m| flip(m, &["state", "profile", "profile.previous"]),
            |m| fs::remove_dir_all(m.path("state")).expect("removed"),
            |m| {
                fs::create_dir_all(m.path("state/.65534.state.new/x")).expect("in the way");
                let _ = fs::remove_dir_all(m.path("run"));
                fs::write(m.path("run"), b"in the way").expect("in the way");
            },
        ];
        for fault in faults {
            let mut broken = machine.copy();
            fault(&broken);
            log += &broken.log_in(&self.own(70)).log;
            log += &broken.log_in(&self.somebody_else_s(70)).log;
        }
        let mut changed = machine.copy();
        for password in ["another", "athird"] {
            changed.change_password(password);
            log += &changed.log_in(&self.own(71)).log;
            log += &changed.log_in(&self.somebody_else_s(71)).log;
        }
        log
    }
}

fn flip(machine: &Machine, kinds: &[&str]) {
    for kind in kinds {
        let path = machine.account_file(kind);
        let mut file = fs::read(&path).expect("there");
        file[400] ^= 1;
        fs::write(&path, file).expect("changed");
    }
}

/// Without what differs between any two runs: the temporary directory, how long things took.
fn bare(log: &str) -> String {
    let mut bare = String::new();
    for line in log.lines() {
        let words = line
            .split(' ')
            .map(|word| match word.rfind("keydyn-stacks-") {
                Some(at) => word[at..].split_once('/').map_or("PLACE", |(_, rest)| rest),
                None => word,
            });
        let mut words: Vec<_> = words.collect();
        if let [.., "took", duration, "ms"] = &mut words[..] {
            assert!(duration.bytes().all(|b| b.is_ascii_digit()), "{line}");
            *duration = "N";
        }
        let _ = writeln!(bare, "{}", words.join(" "));
    }
    bare
}

#[test]
fn two_people_who_differ_in_password_text_length_and_rhythm_leave_the_same_log() {
    let (short, long) = (bare(&SHORT.log("debug")), bare(&LONG.log("debug")));
    for (one, other) in short.lines().zip(long.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(short.lines().count(), long.lines().count());
    assert!(short.lines().count() > 150, "a whole run: {short}");
}

#[test]
fn no_word_and_no_number_of_what_was_typed_is_in_the_log() {
    for person in [SHORT, LONG] {
        let log = bare(&person.log("debug"));
        for secret in [person.password, "another", "athird"] {
            assert!(!log.contains(secret), "{secret}");
        }
        for line in log.lines() {
            // Of one letter or digit each name would be found in any line.
            let named = person.keys.iter().filter(|key| key.len() > 1);
            for key in named {
                let found = line
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == *key);
                assert!(!found, "{key}: {line}");
            }
            assert!(!has_a_strange_number(line), "{line}");
        }
    }
}

/// A number that is neither how many typings were learned nor a uid, a line of a test's own script
/// or an error of the system's.
fn has_a_strange_number(line: &str) -> bool {
    let known = |word: &&str| {
        word.starts_with("samples=")
            || word.starts_with("state/65534.")
            || word.starts_with("65534.")
            || word.starts_with("run/65534.")
    };
    let mut words = line.split(' ').filter(|word| !known(word)).peekable();
    while let Some(word) = words.next() {
        let numbered = matches!(word, "line" | "error");
        if numbered
            && words
                .peek()
                .is_some_and(|next| next.bytes().any(|b| b.is_ascii_digit()))
        {
            words.next();
        } else if word.bytes().any(|b| b.is_ascii_digit()) {
            return true;
        }
    }
    false
}

#[test]
fn debug_adds_phases_and_durations_and_nothing_else() {
    let (plain, debug) = (bare(&SHORT.log("")), bare(&SHORT.log("debug")));
    let (added, same): (Vec<_>, Vec<_>) = debug.lines().partition(|line| line.contains(" took "));
    assert_eq!(same, plain.lines().collect::<Vec<_>>());
    for line in added {
        let phase = line
            .strip_prefix("pam_keydyn(login:auth): ")
            .and_then(|rest| rest.strip_suffix(" took N ms"));
        let phases = ["deriving the key", "judging nobody", "judging", "learning"];
        assert!(phase.is_some_and(|phase| phases.contains(&phase)), "{line}");
    }
}

#[test]
fn every_line_names_the_service_and_an_outcome_names_user_state_reason_and_count() {
    let log = bare(&SHORT.log(""));
    for line in log.lines() {
        let rest = line.strip_prefix("pam_keydyn(login:auth): ");
        let rest = rest.unwrap_or_else(|| unreachable!("{line}"));
        if !rest.contains(" outcome=") {
            continue;
        }
        let names: Vec<_> = rest
            .split(' ')
            .filter(|word| *word != "refused")
            .map(|word| word.split('=').next().unwrap_or(word))
            .collect();
        assert_eq!(
            names,
            ["user", "state", "outcome", "reason", "samples"],
            "{line}"
        );
    }
}
