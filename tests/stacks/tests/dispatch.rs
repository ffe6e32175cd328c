//! The simulator of `keydyn doctor` against the real libpam: the same code from both, for stacks
//! that nobody would write. Where they disagree, libpam is right.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;

use keydyn_stack::code::Code;
use keydyn_stack::dispatch::dispatch;
use keydyn_stack::files::Configuration;
use keydyn_stack::module;
use keydyn_stack::service::{Facility, Service};
use pam_host::{Application, Conversation, Error, Flags, Stack};

/// How many stacks are played.
const STACKS: u64 = 2000;

/// Codes that modules of these stacks return, success more often than the others.
const CODES: [&str; 12] = [
    "success",
    "success",
    "success",
    "success",
    "success",
    "success",
    "auth_err",
    "ignore",
    "user_unknown",
    "new_authtok_reqd",
    "perm_denied",
    "authinfo_unavail",
];

const WORDS: [&str; 8] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "Required",
    "SUFFICIENT",
    "optional",
    "required",
];

const ACTIONS: [&str; 13] = [
    "ok", "ok", "ok", "ok", "ignore", "ignore", "ignore", "ignore", "done", "bad", "die", "reset",
    "1",
];

/// Lines that libpam cannot use, or not as they were meant.
const BROKEN: [&str; 7] = [
    "atuh required pam_debug.so",
    "auth required",
    "auth",
    "auth [success=ok default] pam_debug.so",
    "auth [success=0 default=ok] pam_debug.so",
    "auth sufficient pam_there_is_no_such_module.so",
    "-auth required pam_there_is_no_such_module.so",
];

/// A source of numbers that is the same everywhere (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).expect("small")]
    }
}

/// A service and the files it includes, by name.
struct Written {
    numbers: Numbers,
    directory: String,
    included: u32,
    files: BTreeMap<String, Vec<String>>,
}

impl Written {
    fn file(&mut self, name: &str, depth: u64) {
        let count = 1 + self.numbers.below(6);
        let lines = (0..count).flat_map(|_| self.line(depth)).collect();
        self.files.insert(name.to_owned(), lines);
    }

    fn line(&mut self, depth: u64) -> Vec<String> {
        match self.numbers.below(40) {
            0..3 if depth < 3 => self.including("auth include", depth),
            3..11 if depth < 3 => self.including("auth substack", depth),
            11 if depth < 3 => self.including("@include", depth),
            12 if self.numbers.below(3) == 0 => vec![self.numbers.of(&BROKEN).to_owned()],
            13 => vec![
                "# a comment".to_owned(),
                "account required pam_deny.so".to_owned(),
            ],
            14 if self.numbers.below(4) == 0 => vec!["auth include /there/is/nothing".to_owned()],
            15 => {
                let control = self.control();
                vec![
                    format!("auth {control} \\"),
                    String::new(),
                    format!("   pam_debug.so [auth={}] # why", self.numbers.of(&CODES)),
                ]
            }
            _ => {
                let control = self.control();
                let facility = self.numbers.of(&["auth", "auth", "-auth", "AUTH"]);
                let code = self.numbers.of(&CODES);
                vec![format!("{facility}\t{control}  pam_debug.so auth={code}")]
            }
        }
    }

    fn including(&mut self, how: &str, depth: u64) -> Vec<String> {
        self.included += 1;
        let name = format!("file-{}", self.included);
        self.file(&name, depth + 1);
        // Debian's libpam looks for what is included in /etc/pam.d only, unless it is told a path.
        vec![format!("{how} {}/{name}", self.directory)]
    }

    fn control(&mut self) -> String {
        if self.numbers.below(3) == 0 {
            return self.numbers.of(&WORDS).to_owned();
        }
        let mut control = String::new();
        for _ in 0..1 + self.numbers.below(3) {
            let code = self.numbers.of(&CODES);
            let action = match self.numbers.below(8) {
                0 => "2",
                1 => "3",
                _ => self.numbers.of(&ACTIONS),
            };
            control += &format!("{code}={action} ");
        }
        if self.numbers.below(4) > 0 {
            control += &format!("default={}", self.numbers.of(&ACTIONS));
        }
        format!("[{control}]")
    }
}

fn written(seed: u64) -> (Stack, BTreeMap<String, Vec<String>>) {
    let stack = Stack::new().expect("a directory");
    let directory = stack.directory().join("pam.d").display().to_string();
    let mut written = Written {
        numbers: Numbers::new(seed),
        directory,
        included: 0,
        files: BTreeMap::new(),
    };
    // Some services have no file of their own.
    let service = if seed % 10 == 9 {
        "other"
    } else {
        Stack::SERVICE
    };
    written.file(service, 0);
    let files = written.files;
    let stack = files
        .iter()
        .try_fold(stack, |stack, (name, lines)| stack.service(name, lines));
    (stack.expect("files"), files)
}

fn predicted(stack: &Stack) -> Code {
    let configuration = Configuration::of_directory(&stack.directory().join("pam.d"));
    let service = Service::read(&configuration, Stack::SERVICE).expect("readable");
    if service.given_up.is_some() {
        return Code::ABORT;
    }
    dispatch(&service.stack(Facility::Auth), |entry| {
        module::codes(entry)[0]
    })
}

fn real(stack: &Stack) -> String {
    let app = Application::start(stack, Stack::SERVICE, "nobody", Conversation::silent());
    let code = match app {
        Ok(mut app) => app.authenticate(Flags::NONE),
        // What cannot be put together is told at once.
        Err(Error::Start(code)) => code,
        Err(error) => panic!("{error}"),
    };
    code.word().to_owned()
}

#[test]
fn libpam_returns_what_was_predicted() {
    let mut counts = BTreeMap::new();
    for seed in 0..STACKS {
        let (stack, files) = written(seed);
        let (predicted, real) = (predicted(&stack).word(), real(&stack));
        assert_eq!(predicted, real, "stack {seed}: {files:#?}");
        *counts.entry(real).or_insert(0) += 1;
    }
    // A comparison that only ever sees refusals would prove nothing.
    let successes = counts.get("success").copied().unwrap_or(0);
    assert!(successes > STACKS / 8, "{counts:?}");
    assert!(counts.len() >= 6, "{counts:?}");
}

#[test]
fn a_jump_may_end_behind_the_last_line_and_no_further() {
    for (lines, expected) in [
        (
            &[
                "auth required pam_permit.so",
                "auth [success=1] pam_debug.so auth=success",
                "auth required pam_deny.so",
            ][..],
            "success",
        ),
        (
            &[
                "auth required pam_permit.so",
                "auth [success=2] pam_debug.so auth=success",
                "auth required pam_deny.so",
            ],
            "perm_denied",
        ),
        // Nothing has counted: a success must come from somewhere.
        (
            &["auth [success=ignore] pam_debug.so auth=success"],
            "perm_denied",
        ),
        (&["auth [ignore=ok] pam_debug.so auth=ignore"], "ignore"),
    ] {
        agree(lines, expected);
    }
}

/// libpam returns this, as was predicted.
fn agree(lines: &[&str], expected: &str) {
    let stack = Stack::new()
        .and_then(|stack| stack.service(Stack::SERVICE, lines))
        .expect("a stack");
    assert_eq!(predicted(&stack).word(), expected, "{lines:?}");
    assert_eq!(real(&stack), expected, "{lines:?}");
}

#[test]
fn what_cannot_be_read_lets_nobody_in() {
    for (lines, expected) in [
        (
            &["@include /there/is/nothing", "auth required pam_permit.so"][..],
            "abort",
        ),
        (
            &["auth required pam_permit.so", "auth required \\"],
            "abort",
        ),
        (
            &[
                "auth include /there/is/nothing",
                "auth sufficient pam_permit.so",
            ],
            "perm_denied",
        ),
        (
            &[
                "auth substack /there/is/nothing",
                "auth required pam_permit.so",
            ],
            "perm_denied",
        ),
        (&["account required pam_permit.so"], "perm_denied"),
    ] {
        agree(lines, expected);
    }
}

#[test]
fn a_service_that_includes_itself_ends() {
    let stack = Stack::new().expect("a directory");
    let itself = stack.directory().join("pam.d/login");
    let line = format!("auth substack {}", itself.display());
    let stack = stack
        .service(
            Stack::SERVICE,
            [line, "auth required pam_permit.so".to_owned()],
        )
        .expect("a stack");
    assert!(fs::metadata(itself).is_ok());
    assert_eq!(predicted(&stack).word(), real(&stack));
}
