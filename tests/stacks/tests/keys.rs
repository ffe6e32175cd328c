//! The key: when it is derived and when not, and where it is found in the memory of the process
//! that logs somebody in, and where no more.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::{FRONT, Login, Machine, PASSWORD, Typing, USER, in_a_process_of_its_own};

fn owner() -> Typing {
    Typing::owner(200)
}

fn derivations(login: &Login) -> usize {
    login.log.matches("deriving the key took").count()
}

#[test]
fn a_login_that_may_be_judged_derives_one_key_and_any_other_none() {
    let debug = |machine: Machine| machine.with("debug");
    let at = |place: &str| debug(Machine::armed()).directive(&format!("where {place}"));
    for (name, mut machine, typing, expected) in [
        ("none", debug(Machine::new()), owner(), 1),
        ("learning", debug(Machine::after(3)), owner(), 1),
        ("armed", debug(Machine::armed()), owner(), 1),
        ("refused", debug(Machine::armed()), Typing::stranger(3), 1),
        ("unusable", debug(Machine::armed()), Typing::trace(""), 1),
        ("cooling down", debug(Machine::cooling_down()), owner(), 1),
        (
            "unknown",
            debug(Machine::new()).user("nosuchuser"),
            owner(),
            1,
        ),
        ("typed elsewhere", at("not-local"), owner(), 0),
        ("out of reach", at("unprivileged"), owner(), 0),
        (
            "off",
            debug(Machine::armed()).directive("command-line keydyn=off"),
            owner(),
            0,
        ),
        (
            "behind another session",
            debug(Machine::armed()).directive("unusable seat-inactive"),
            owner(),
            1,
        ),
    ] {
        let login = machine.log_in(&typing);
        assert_eq!(derivations(&login), expected, "{name}: {login:?}");
    }
}

#[test]
fn a_wrong_password_costs_what_the_right_one_does_and_verify_derives_nothing() {
    let mut machine = Machine::armed().with("debug");
    assert_eq!(derivations(&machine.log_in_with(&owner(), "wrong")), 1);
    let stack = machine.verify_behind(&owner(), &FRONT[1..]);
    let login = machine.run(&stack, Conversation::answers([PASSWORD]));
    assert_eq!(derivations(&login), 0, "without capture: {login:?}");
}

#[test]
fn an_out_of_bounds_header_is_not_worked_through() {
    let mut machine = Machine::armed().with("debug");
    for kind in ["profile", "profile.previous"] {
        let path = machine.account_file(kind);
        let mut file = fs::read(&path).expect("there");
        file[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        fs::write(&path, file).expect("changed");
    }
    // Four tebibytes are not asked for: one derivation, by what a first profile would have.
    let login = machine.log_in(&owner());
    assert_eq!(derivations(&login), 1, "{login:?}");
    assert_eq!(login.code, Code::AUTH_ERR);
}

/// Bytes that are looked for without being in this process's memory: each is inverted.
struct Sought(Vec<u8>);

impl Sought {
    /// The profile's key, derived in another process.
    fn key_of(machine: &Machine) -> Self {
        let path = machine.path("inverted");
        in_a_process_of_its_own(|| {
            let (salt, params) = machine.derivation();
            let key = machine.key(&salt, params);
            let inverted: Vec<u8> = key.as_bytes().iter().map(|byte| !byte).collect();
            fs::write(&path, inverted).expect("written");
        });
        Self(fs::read(&path).expect("there"))
    }

    /// How often the bytes themselves are in this process's memory.
    fn found(&self) -> usize {
        let maps = fs::read_to_string("/proc/self/maps").expect("maps");
        let mut memory = fs::File::open("/proc/self/mem").expect("memory");
        let mut found = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let range = line
                .split(' ')
                .next()
                .and_then(|range| range.split_once('-'));
            let (from, to) = range.expect("a range");
            let number = |hex| u64::from_str_radix(hex, 16).expect("a number");
            let length = usize::try_from(number(to) - number(from)).expect("a length");
            let mut bytes = Vec::new();
            let sought = memory.seek(SeekFrom::Start(number(from)));
            let limit = u64::try_from(length).expect("a length");
            if sought.is_ok() && (&memory).take(limit).read_to_end(&mut bytes).is_ok() {
                found += self.count(&bytes);
            }
            // What was read must not be found again in the next mapping.
            bytes.fill(0);
        }
        found
    }

    fn count(&self, bytes: &[u8]) -> usize {
        const PAGE: usize = 4096;
        const ZERO: [u8; PAGE] = [0; PAGE];
        let is_it = |at: &usize| {
            let window = bytes.get(*at..*at + self.0.len());
            window.is_some_and(|window| window.iter().zip(&self.0).all(|(a, b)| *a == !b))
        };
        let pages = (0..bytes.len()).step_by(PAGE);
        // Most pages have nothing in them, which is told fast.
        let used = pages.filter(|&at| !ZERO.starts_with(&bytes[at..bytes.len().min(at + PAGE)]));
        used.flat_map(|at| at..at + PAGE).filter(is_it).count()
    }
}

/// An armed machine whose key no other login has, and this process has not had either.
fn with_a_key_of_its_own() -> (Machine, Sought) {
    let mut machine = Machine::new();
    in_a_process_of_its_own(|| drop(machine.alias().enrol()));
    machine.wait(1_000_000);
    let key = Sought::key_of(&machine);
    (machine, key)
}

#[test]
fn the_key_is_in_one_page_between_the_phases_and_nowhere_afterwards() {
    type Ending = fn(Application) -> Option<Application>;
    let endings: [(&str, Typing, Ending); 5] = [
        ("setcred", owner(), |mut app| {
            assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
            Some(app)
        }),
        ("the end", owner(), |app| {
            let _ = app.end(Code::SUCCESS);
            None
        }),
        ("a failed end", owner(), |app| {
            let _ = app.end(Code::ACCT_EXPIRED);
            None
        }),
        ("the next authenticate", owner(), |mut app| {
            assert_eq!(app.authenticate(Flags::NONE), Code::CONV_ERR);
            Some(app)
        }),
        ("a refusal", Typing::stranger(3), Some),
    ];
    for (name, typing, ending) in endings {
        let (machine, key) = with_a_key_of_its_own();
        in_a_process_of_its_own(|| {
            let stack = machine.debian(&typing);
            let right = Conversation::answers([PASSWORD]);
            let mut app = Application::start(&stack, Stack::SERVICE, USER, right).expect("starts");
            assert_eq!(key.found(), 0, "{name}: before");
            let code = app.authenticate(Flags::NONE);
            if code.is_success() {
                assert_eq!(key.found(), 1, "{name}: the page");
            }
            let left = ending(app);
            assert_eq!(key.found(), 0, "{name}: afterwards");
            drop(left);
        });
    }
}
