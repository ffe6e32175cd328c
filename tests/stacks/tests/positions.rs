//! Every position of keydyn's lines, and every outcome there: the tables of "In every position" in
//! docs/pam-semantics.md, played under the real libpam with the real module. The stacks are read
//! from the page, and the page says what comes of them. The simulator of `keydyn doctor`, and what it
//! says of each stack, are held against the same cells.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use keydyn_stack::code::Code as Word;
use keydyn_stack::dispatch::dispatch;
use keydyn_stack::files::Configuration;
use keydyn_stack::finding::Severity;
use keydyn_stack::judge::examine;
use keydyn_stack::module::{self, Role};
use keydyn_stack::service::{Entry, Facility, Service};
use keydyn_stack::walk::{Keeper, Person, Walk};
use pam_host::{Application, Code, Conversation, Flags, Stack, stand_in_with};
use stacks::{Machine, PASSWORD, Typing, USER, replaying_module};
use tempfile::TempDir;

/// The line at issue, in the stacks of the page.
const CONTROL: &str = "CONTROL";
/// A module that says when it is called; the page's pam_env, which gives the same.
const BEHIND: &str = "pam_env.so";

struct Page(String);

impl Page {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pam-semantics.md");
        Self(fs::read_to_string(path).expect("the page"))
    }

    /// The lines of the stack that the page prints below this name.
    fn stack(&self, name: &str) -> Vec<String> {
        let head = format!("*{name}*:");
        let mut lines = self.0.lines().skip_while(|line| *line != head).skip(1);
        assert_eq!(lines.next(), Some("```"), "{name} has a stack");
        let stack: Vec<_> = lines.take_while(|line| *line != "```").collect();
        stack.into_iter().map(str::to_owned).collect()
    }

    /// The head of the table that begins so, and its rows.
    fn table(&self, first: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let cells = |line: &str| -> Vec<String> {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        };
        let start = format!("| {first} |");
        let mut lines = self.0.lines().skip_while(|line| !line.starts_with(&start));
        let head = cells(lines.next().expect("the table is there"));
        let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
        (head, rows.map(cells).collect())
    }
}

/// What somebody at the keyboard does, and what the line at issue makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    NotLearned,
    Accepted,
    Refused,
    Wrong,
    Cancelled,
    BreaksDown,
    NotThere,
    CredentialsAlone,
}

impl What {
    /// By the head of its column.
    fn of(column: &str) -> Option<Self> {
        let begins = |word: &str| column.starts_with(word);
        [
            ("not in force", Self::NotLearned),
            ("accepted", Self::Accepted),
            ("refused", Self::Refused),
            ("wrong password", Self::Wrong),
            ("cancelled", Self::Cancelled),
            ("breaks down", Self::BreaksDown),
            ("not there", Self::NotThere),
            ("credentials alone", Self::CredentialsAlone),
        ]
        .into_iter()
        .find_map(|(word, what)| begins(word).then_some(what))
    }

    /// Whether somebody who gets in so should not have.
    fn is_kept_out(self) -> bool {
        !matches!(
            self,
            Self::NotLearned | Self::Accepted | Self::CredentialsAlone
        )
    }

    /// The same person for the simulator that walks.
    fn person(self) -> Option<Person> {
        match self {
            Self::NotLearned => Some(Person::NotInForce),
            Self::Accepted => Some(Person::Accepted),
            Self::Refused => Some(Person::Refused),
            _ => None,
        }
    }
}

/// A stack of the page with one control.
struct Position {
    lines: Vec<String>,
    control: String,
    /// `capture` or `verify`: the line at issue.
    ours: &'static str,
}

/// What an application got.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Played {
    authenticate: Option<Code>,
    credentials: Code,
    went_on: bool,
}

impl Played {
    /// As a cell has it.
    fn cell(&self, what: What) -> String {
        let name = |code: Code| code.word().to_uppercase();
        let credentials = name(self.credentials);
        let Some(code) = self.authenticate else {
            return credentials;
        };
        let behind = if self.went_on { "on" } else { "ends" };
        let code = match code.is_success() && what.is_kept_out() {
            true => format!("**{}**", name(code)),
            false => name(code),
        };
        format!("{code}, {credentials}, {behind}")
    }
}

impl Position {
    fn at_issue<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.contains(CONTROL).then_some(line)
    }

    fn machine(what: What) -> Machine {
        match what {
            What::NotLearned | What::Wrong => Machine::new(),
            _ => Machine::armed(),
        }
    }

    fn play(&self, what: What) -> Played {
        let machine = Self::machine(what);
        let typing = match what {
            What::Refused => Typing::stranger(3),
            _ => Typing::owner(200),
        };
        let stack = self.real(&machine, &typing, what);
        let answers = match what {
            What::Wrong => Conversation::answers(["wrong"]),
            What::Cancelled => Conversation::silent().cancel().answer(PASSWORD),
            _ => Conversation::answers([PASSWORD]),
        };
        let app = Application::start(&stack, Stack::SERVICE, USER, answers);
        let mut app = app.expect("libpam starts");
        let alone = what == What::CredentialsAlone;
        let authenticate = (!alone).then(|| app.authenticate(Flags::NONE));
        let went_on = app
            .texts()
            .iter()
            .any(|text| text.starts_with("behind authenticate"));
        Played {
            authenticate,
            credentials: app.set_credentials(Flags::ESTABLISH),
            went_on,
        }
    }

    /// The stack with the module at hand, which at the line at issue may be broken.
    fn real(&self, machine: &Machine, typing: &Typing, what: What) -> Stack {
        let stack = Stack::new().expect("a directory");
        let faillock = stack.faillock(100).expect("tallies");
        let works = machine.set_typing(typing);
        let broken = machine.beside("broken").directive("breaks-down yes");
        let breaks = broken.set_typing(typing);
        let password = stand_in_with(&format!("password={PASSWORD}")).expect("the stand-in");
        let behind = stand_in_with("trace=behind auth=ignore").expect("the stand-in");
        let module = replaying_module().display().to_string();
        let line = |line: &String| {
            let (module, arguments) = match (self.at_issue(line), what) {
                (Some(_), What::NotThere) => ("/nonexistent/pam_keydyn.so", &works),
                (Some(_), What::BreaksDown) => (&*module, &breaks),
                _ => (&*module, &works),
            };
            let line = line.replace(CONTROL, &self.control);
            let line = line.replace("pam_unix.so nullok try_first_pass", &password);
            let line = line.replace(
                "pam_faillock.so authfail",
                &format!("pam_faillock.so authfail {faillock}"),
            );
            let line = line.replace(BEHIND, &behind);
            match line.split_once("pam_keydyn.so") {
                Some((front, word)) => format!("{front}{module}{word} {arguments}"),
                None => line,
            }
        };
        let lines: Vec<_> = self.lines.iter().map(line).collect();
        stack.service(Stack::SERVICE, lines).expect("a service")
    }

    /// The stack as it stands on the page, for the command to read.
    fn written(&self) -> TempDir {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("etc/pam.d");
        fs::create_dir_all(&directory).expect("a directory");
        let lines = self
            .lines
            .iter()
            .map(|line| line.replace(CONTROL, &self.control) + "\n");
        fs::write(directory.join("login"), lines.collect::<String>()).expect("written");
        root
    }

    /// What libpam makes of the codes of this line, as the simulator has it.
    fn dispatched(&self, what: What) -> Word {
        let stack = self.entries();
        let role = |entry: &Entry| module::role(entry);
        let at_issue = if self.ours == "verify" {
            Role::Verify
        } else {
            Role::Capture
        };
        let mut captured = false;
        dispatch(&stack, |entry| {
            if role(entry) == at_issue {
                match what {
                    What::NotThere => return Word::MODULE_UNKNOWN,
                    What::BreaksDown => return Word::ABORT,
                    _ => {}
                }
            }
            match (role(entry), what) {
                (Role::Capture, What::Cancelled) => Word::named("conv_err").expect("a code"),
                (Role::Capture, _) => {
                    captured = true;
                    Word::IGNORE
                }
                (Role::Password, What::Wrong) => Word::AUTH_ERR,
                (Role::Password, _) => Word::SUCCESS,
                (Role::Verify, What::NotLearned | What::Wrong) => Word::IGNORE,
                (Role::Verify, What::Refused) => Word::AUTH_ERR,
                (Role::Verify, _) if captured => Word::SUCCESS,
                (Role::Verify, _) => Word::AUTH_ERR,
                _ => module::codes(entry)[0],
            }
        })
    }

    fn entries(&self) -> Vec<Entry> {
        let root = self.written();
        let configuration = Configuration::under(root.path()).expect("a configuration");
        let service = Service::read(&configuration, "login").expect("readable");
        service.stack(Facility::Auth)
    }

    /// Every code that the walk of `keydyn doctor` finds for this person.
    fn walked(&self, person: Person) -> BTreeSet<&'static str> {
        let entries = self.entries();
        let pinned = |entry: &Entry| Some(module::codes(entry)[0]);
        let walk = Walk::new(&entries, &pinned);
        let ends = walk
            .ends(person, Keeper::Only("pam_unix"))
            .expect("few ways");
        ends.iter().map(|end| end.code.word()).collect()
    }

    /// What `keydyn doctor` finds wrong, by its kinds.
    fn doctor(&self) -> String {
        let root = self.written();
        let configuration = Configuration::under(root.path()).expect("a configuration");
        let found = examine(&configuration, &["login".to_owned()]).expect("readable");
        let wrong = found
            .findings
            .iter()
            .filter(|one| one.severity == Severity::Error);
        let kinds: BTreeSet<_> = wrong.map(|one| format!("`{}`", one.kind)).collect();
        match kinds.is_empty() {
            true => "-".to_owned(),
            false => kinds.into_iter().collect::<Vec<_>>().join(", "),
        }
    }
}

/// A row as it is: every cell played, and held against the simulator and the doctor.
fn played_row(page: &Page, head: &[String], row: &[String], ours: &'static str) -> Vec<String> {
    let position = Position {
        lines: page.stack(&row[0]),
        control: row[1].trim_matches('`').to_owned(),
        ours,
    };
    let doctor = position.doctor();
    let (mut is_open, mut is_closed) = (false, false);
    let mut cells = row[..2].to_vec();
    for column in &head[2..head.len() - 1] {
        let what = What::of(column).unwrap_or_else(|| panic!("no column {column:?}"));
        let played = position.play(what);
        if let Some(code) = played.authenticate {
            let place = format!("{} {} {what:?}", row[0], row[1]);
            assert_eq!(position.dispatched(what).word(), code.word(), "{place}");
            if let Some(person) = what.person() {
                assert_eq!(position.walked(person), [code.word()].into(), "{place}");
            }
            // An application that goes on all the same is not told that it may.
            let credentials = played.credentials.is_success();
            assert!(code.is_success() || !credentials, "{place}: {played:?}");
            let module = what == What::NotThere;
            is_open |= !module && what.is_kept_out() && code.is_success();
            let enters = matches!(what, What::NotLearned | What::Accepted);
            is_closed |= enters && !code.is_success();
        }
        cells.push(played.cell(what));
    }
    // Nobody gets in who should not, or is kept out who should not be, without a word of it.
    assert_eq!(
        doctor != "-",
        is_open || is_closed,
        "{} {}: {doctor}",
        row[0],
        row[1]
    );
    cells.push(doctor);
    cells
}

/// Plays every row of the table that begins so, and tells the table as it should be.
fn assert_table(first: &str, ours: &'static str) {
    let page = Page::read();
    let (head, rows) = page.table(first);
    let right: Vec<_> = rows
        .iter()
        .map(|row| played_row(&page, &head, row, ours))
        .collect();
    assert_is(&rows, &right);
    // A table in which everything is well, or everything open, would prove little.
    let marked = right
        .iter()
        .flatten()
        .filter(|cell| cell.contains("**"))
        .count();
    assert!(marked > 0 && rows.len() >= 6, "{marked} open cells");
}

fn assert_is(page: &[Vec<String>], right: &[Vec<String>]) {
    let text = |rows: &[Vec<String>]| -> String {
        rows.iter()
            .map(|row| format!("| {} |\n", row.join(" | ")))
            .collect()
    };
    assert!(
        page == right,
        "the page should say:\n{}\nand says:\n{}",
        text(right),
        text(page)
    );
}

#[test]
fn verify_in_every_position() {
    assert_table("stack of `verify`", "verify");
}

#[test]
fn capture_in_every_position() {
    assert_table("stack of `capture`", "capture");
}

/// Every position has every control, so that no row can be forgotten.
#[test]
fn no_position_is_left_out() {
    let (_, rows) = Page::read().table("stack of `verify`");
    let mut controls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &rows {
        controls.entry(&row[0]).or_default().push(&row[1]);
    }
    assert_eq!(controls.len(), 4, "{controls:?}");
    let every = controls.values().next().expect("a stack").clone();
    for (stack, these) in &controls {
        assert_eq!(*these, every, "{stack}");
        for word in ["required", "requisite", "sufficient", "optional"] {
            assert!(these.contains(&&*format!("`{word}`")), "{stack}: {word}");
        }
    }
}

/// A line that was written among those of another facility: none of them lets anybody in or keeps
/// anybody out, unless it is alone.
#[test]
fn a_line_in_the_wrong_facility() {
    let page = Page::read();
    let (_, rows) = page.table("facility");
    let right: Vec<_> = rows.iter().map(|row| elsewhere(&page, row)).collect();
    assert_is(&rows, &right);
    assert_eq!(rows.len(), 15, "three facilities, five controls");
}

fn elsewhere(page: &Page, row: &[String]) -> Vec<String> {
    let (facility, control) = (row[0].trim_matches('`'), row[1].trim_matches('`'));
    let machine = Machine::armed();
    let mut cells = row[..2].to_vec();
    for behind in ["", "pam_permit.so"] {
        let ours = format!("{facility}  {control}  MODULE verify REPLAY");
        let other = format!("{facility}  required  {behind}");
        let lines = match behind {
            "" => vec![&*ours],
            _ => vec![&*ours, &*other],
        };
        let stack = machine.lines(&Typing::owner(200), &lines);
        let app = Application::start(&stack, Stack::SERVICE, USER, Conversation::silent());
        let mut app = app.expect("libpam starts");
        let codes = match facility {
            "account" => vec![app.account()],
            "session" => vec![app.open_session(), app.close_session()],
            "password" => vec![app.change_token(Flags::NONE)],
            facility => panic!("no facility {facility:?}"),
        };
        let words: BTreeSet<_> = codes
            .iter()
            .map(|code| code.word().to_uppercase())
            .collect();
        cells.push(words.into_iter().collect::<Vec<_>>().join(", "));
    }
    let mut lines = page.stack("behind permit");
    lines.push(format!("{facility}  {control}  pam_keydyn.so verify"));
    let position = Position {
        lines,
        control: "requisite".to_owned(),
        ours: "verify",
    };
    cells.push(position.doctor());
    cells
}
