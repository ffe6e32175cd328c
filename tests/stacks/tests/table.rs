//! Every row of the table in docs/pam-semantics.md, as it is printed there: what `verify` returns
//! in each mode, what the log says, and what is kept.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use pam_host::{
    Application, ChildEnd, Code, Conversation, Flags, Stack, in_a_child, stand_in_with,
};
use stacks::{FRONT, Machine, Typing, Verify};

/// One row: state, what happened, the four columns of codes, log, kept.
type Row = Vec<String>;

const TITLE: &str =
    "| state | what happened | shadow | auto | enforce | enforce, root | log | kept |";

fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pam-semantics.md");
    let text = fs::read_to_string(path).expect("the page");
    let table = text.lines().skip_while(|line| *line != TITLE).skip(2);
    let cells = |line: &str| -> Row {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    table
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect()
}

/// A machine in a state of the table. Made once for each state and user, then copied.
fn machine(state: &str, root: bool) -> Machine {
    type Made = Vec<((String, bool), Machine)>;
    static MADE: OnceLock<Mutex<Made>> = OnceLock::new();
    let mut made = MADE
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let known = (state.to_owned(), root);
    if let Some((_, machine)) = made.iter().find(|(name, _)| *name == known) {
        return machine.copy();
    }
    let machine = make(state, root);
    let copy = machine.copy();
    made.push((known, machine));
    copy
}

fn make(state: &str, root: bool) -> Machine {
    let begin = || match root {
        true => Machine::new().user("root"),
        false => Machine::new(),
    };
    match state {
        "none" => begin(),
        "learning" => {
            let mut machine = begin();
            for i in 0..5 {
                machine.wait(60);
                let login = machine.log_in(&Typing::owner(i));
                assert!(login.log.contains("learned state=learning"), "{login:?}");
            }
            machine
        }
        "armed" => begin().enrol(),
        "cooling down" => {
            let mut machine = begin().enrol();
            for i in 0..5 {
                let login = machine.log_in(&Typing::stranger(i));
                assert!(login.log.contains("outcome=refused"), "{login:?}");
            }
            // The generation before is cooling down too.
            let login = machine.log_in(&Typing::owner(210));
            assert!(login.log.contains("state=cooling-down"), "{login:?}");
            machine
        }
        state => panic!("no state {state:?}"),
    }
}

/// How an attempt goes.
struct Attempt {
    machine: Machine,
    typing: Typing,
    front: Vec<String>,
    /// There is no memory to derive a key in.
    starved: bool,
}

impl Attempt {
    fn new(machine: Machine, what: &str) -> Self {
        let mut attempt = Self {
            machine,
            typing: Typing::owner(200),
            front: FRONT.map(str::to_owned).to_vec(),
            starved: false,
        };
        attempt.arrange(what);
        attempt
    }

    fn arrange(&mut self, what: &str) {
        match what {
            "typed as the owner does" => {}
            "typed as somebody else does" => self.typing = Typing::stranger(3),
            "a copy of an earlier typing" => self.typing = Typing::owner(2),
            "typed at constant speed" => self.typing = Typing::constant(),
            "no key was pressed" => self.typing = Typing::trace("0 enter up"),
            "the source failed or took too long" => self.direct("unusable source-failed"),
            "typed elsewhere" => self.direct("where not-local"),
            "typed elsewhere, no_timings=refuse" => {
                self.direct("where not-local");
                self.argue("no_timings=refuse");
            }
            "keyboards out of reach" => self.direct("where unprivileged"),
            "keyboards out of reach, unprivileged=refuse" => {
                self.direct("where unprivileged");
                self.argue("unprivileged=refuse");
            }
            "typed on a virtual keyboard" => self.direct("device virtual"),
            "typed on a virtual keyboard, virtual_keyboard=refuse" => {
                self.direct("device virtual");
                self.argue("virtual_keyboard=refuse");
            }
            "typed on a new keyboard" => self.direct("device new"),
            "typed on a new keyboard, new_keyboard=refuse" => {
                self.direct("device new");
                self.argue("new_keyboard=refuse");
            }
            "no capture" => {
                self.front.remove(0);
            }
            "password replaced behind the password module" => {
                let standin = stand_in_with("replace_token=other auth=ignore");
                let line = format!("auth  optional  {}", standin.expect("the stand-in"));
                self.front.push(line);
            }
            "no memory for the key" => self.starved = true,
            "keydyn=off" => self.direct("command-line keydyn=off"),
            what => self.damage(what),
        }
    }

    fn damage(&mut self, what: &str) {
        match what {
            "profile damaged" => self.flip(&["profile"]),
            "profile damaged, and the generation before" => {
                self.flip(&["profile", "profile.previous"]);
            }
            "profile gone, and the generation before" => {
                self.remove(&["profile", "profile.previous"]);
            }
            "state damaged" => self.flip(&["state"]),
            "state gone" => self.remove(&["state"]),
            "state damaged, profile and the generation before too" => {
                self.flip(&["state", "profile", "profile.previous"]);
            }
            "all files gone" => {
                fs::remove_dir_all(self.machine.path("state")).expect("removed");
            }
            "password changed" => self.machine.change_password("another"),
            "password changed, password_change=refuse" => {
                self.machine.change_password("another");
                self.argue("password_change=refuse");
            }
            "password changed, no key was pressed" => {
                self.machine.change_password("another");
                self.typing = Typing::trace("0 enter up");
            }
            "password changed, typed on a virtual keyboard, virtual_keyboard=refuse" => {
                self.machine.change_password("another");
                self.direct("device virtual");
                self.argue("virtual_keyboard=refuse");
            }
            "password changed, state gone" => {
                self.machine.change_password("another");
                self.remove(&["state"]);
            }
            "a third password" => {
                self.machine.change_password("another");
                let login = self.machine.log_in(&Typing::owner(1));
                assert!(login.log.contains("learned"), "{login:?}");
                self.machine.change_password("third");
            }
            "neither place can be written" => {
                // A directory where the new file would be made stops root as well.
                let name = format!(".{}.state.new/x", self.machine.uid());
                let obstacle = self.machine.path("state").join(name);
                fs::create_dir_all(obstacle).expect("in the way");
                let _ = fs::remove_dir_all(self.machine.path("run"));
                fs::write(self.machine.path("run"), b"in the way").expect("written");
            }
            what => panic!("nothing is known of {what:?}"),
        }
    }

    fn direct(&mut self, directive: &str) {
        self.machine = self.machine.alias().directive(directive);
    }

    fn argue(&mut self, arguments: &str) {
        self.machine = self.machine.alias().with(arguments);
    }

    fn flip(&self, kinds: &[&str]) {
        for kind in kinds {
            let path = self.machine.account_file(kind);
            let mut file = fs::read(&path).expect("there");
            file[500] ^= 1;
            fs::write(&path, file).expect("changed");
        }
    }

    fn remove(&self, kinds: &[&str]) {
        for kind in kinds {
            fs::remove_file(self.machine.account_file(kind)).expect("removed");
        }
    }

    fn front(&self) -> Vec<&str> {
        self.front.iter().map(String::as_str).collect()
    }

    /// What `verify` returned, and the log.
    fn verify(mut self, arguments: &str) -> (Verify, String) {
        self.argue(arguments);
        let stack = self.machine.verify_behind(&self.typing, &self.front());
        let (code, log) = self.run(&stack);
        let verify = Verify::of(code).unwrap_or_else(|| panic!("{code}: {log}"));
        (verify, log)
    }

    /// What a whole login in the mode `auto` leaves behind.
    fn kept(mut self) -> &'static str {
        let (front, verify) = (self.front(), "auth  requisite  MODULE verify REPLAY");
        let lines = [&front[..], &["auth  required  pam_permit.so", verify]].concat();
        let stack = self.machine.lines(&self.typing, &lines);
        let now = self.machine.clock();
        let (_, log) = self.run(&stack);
        let learned = log.contains(" learned state=");
        // The state goes to the place that can be written; here it can always be read.
        let readable = self.machine.path("state").is_dir() && !log.contains("state=unknown");
        let last = readable.then(|| self.machine.state().verdicts.back().copied());
        let counted = last.flatten().is_some_and(|(at, _)| at.0 == now);
        match (counted, learned) {
            (false, false) => "-",
            (false, true) => "learned",
            (true, false) => "counted",
            (true, true) => "counted, learned",
        }
    }

    fn run(&mut self, stack: &Stack) -> (Code, String) {
        let right = Conversation::answers([self.machine.password()]);
        if !self.starved {
            let login = self.machine.run(stack, right);
            return (login.code, login.log);
        }
        let end = in_a_child(|| {
            let user = self.machine.name();
            limit_address_space(12 * 1024 * 1024);
            let app = Application::start(stack, Stack::SERVICE, user, right);
            let mut app = app.expect("starts");
            let code = app.authenticate(Flags::NONE);
            let _ = app.end(code);
            code
        });
        match end {
            Ok(ChildEnd::Code(code)) => (code, self.machine.log()),
            end => panic!("{end:?}"),
        }
    }
}

/// So much more than now, and no more.
fn limit_address_space(more: u64) {
    let pages = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = pages.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    let most = pages.expect("pages") * 4096 + more;
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the structure is valid for the call, and this is a child process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}

fn word(verify: Verify) -> &'static str {
    match verify {
        Verify::Success => "SUCCESS",
        Verify::Ignore => "IGNORE",
        Verify::AuthErr => "AUTH_ERR",
    }
}

/// Every row of one state.
fn assert_rows(state: &str) {
    let rows = rows();
    let rows: Vec<_> = rows.iter().filter(|row| row[0] == state).collect();
    assert!(!rows.is_empty(), "the page has rows for {state}");
    for row in rows {
        let [_, what, shadow, auto, enforce, root, log, kept] = &row[..] else {
            panic!("a row has eight cells: {row:?}");
        };
        for (arguments, is_root, expected) in [
            ("mode=shadow", false, shadow),
            ("mode=auto", false, auto),
            ("mode=enforce", false, enforce),
            ("mode=enforce", true, root),
        ] {
            let attempt = Attempt::new(machine(state, is_root), what);
            let (verify, lines) = attempt.verify(arguments);
            let place = format!("{state}, {what}, {arguments}, root {is_root}: {lines}");
            assert_eq!(word(verify), expected, "{place}");
            assert!(lines.contains(log), "{log:?} in {place}");
        }
        let found = Attempt::new(machine(state, false), what).kept();
        assert_eq!(found, kept, "{state}, {what}: what is kept");
    }
}

#[test]
fn none() {
    assert_rows("none");
}

#[test]
fn learning() {
    assert_rows("learning");
}

#[test]
fn armed() {
    assert_rows("armed");
}

#[test]
fn cooling_down() {
    assert_rows("cooling down");
}

#[test]
fn the_table_has_no_other_states_and_no_row_twice() {
    let rows = rows();
    for (i, row) in rows.iter().enumerate() {
        let known = ["none", "learning", "armed", "cooling down"];
        assert!(known.contains(&&*row[0]), "{row:?}");
        let twice = rows[..i].iter().any(|other| other[..2] == row[..2]);
        assert!(!twice, "{row:?}");
    }
}
