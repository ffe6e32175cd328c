//! Faults: of the stack, of the conversation, of the files, of the machine.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Stack, in_a_child, on_a_thread};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{Login, Machine, PASSWORD, Typing, USER};

const CAPTURE: &str = "auth  requisite  MODULE capture REPLAY";
const RIGHT: &str = "auth  [success=1 default=ignore]  PASSWORD";
const DENY: &str = "auth  requisite  pam_deny.so";
const PERMIT: &str = "auth  required  pam_permit.so";
const VERIFY: &str = "auth  requisite  MODULE verify REPLAY";

fn owner() -> Typing {
    Typing::owner(200)
}

fn run(mut machine: Machine, lines: &[&str], conversation: Conversation) -> Login {
    let stack = machine.lines(&owner(), lines);
    machine.run(&stack, conversation)
}

fn right() -> Conversation {
    Conversation::answers([PASSWORD])
}

#[test]
fn verify_without_capture() {
    let lines = [RIGHT, DENY, PERMIT, VERIFY];
    for (machine, code, reason) in [
        (
            Machine::new(),
            Code::SUCCESS,
            "state=unarmed outcome=failed reason=no-capture",
        ),
        (
            Machine::after(3),
            Code::SUCCESS,
            "state=unarmed outcome=failed reason=no-capture",
        ),
        (
            Machine::armed(),
            Code::AUTH_ERR,
            "state=armed outcome=failed reason=no-capture",
        ),
        (Machine::cooling_down(), Code::AUTH_ERR, "reason=no-capture"),
        (
            Machine::new().with("mode=enforce"),
            Code::AUTH_ERR,
            "reason=no-capture",
        ),
        (
            Machine::armed().with("mode=shadow"),
            Code::SUCCESS,
            "reason=no-capture",
        ),
    ] {
        let login = run(machine, &lines, right());
        assert_eq!(login.code, code, "{login:?}");
        assert!(login.log.contains(reason), "{login:?}");
    }
}

#[test]
fn capture_without_verify_says_that_the_factor_is_not_in_force() {
    let login = run(Machine::armed(), &[CAPTURE, RIGHT, DENY, PERMIT], right());
    assert_eq!(login.code, Code::SUCCESS);
    assert!(login.log.contains("`verify` was not reached"), "{login:?}");

    // Behind a sufficient password module it is never reached, and everyone passes.
    let sufficient = "auth  sufficient  STANDIN";
    let machine = Machine::armed();
    let line = pam_host::password_line(PASSWORD).expect("the stand-in");
    let sufficient = sufficient.replace("STANDIN", &line);
    let login = run(machine, &[CAPTURE, &sufficient, DENY, VERIFY], right());
    assert_eq!(login.code, Code::SUCCESS);
    assert!(login.log.contains("`verify` was not reached"), "{login:?}");

    let login = run(
        Machine::armed(),
        &[CAPTURE, RIGHT, DENY, PERMIT, VERIFY],
        right(),
    );
    assert!(!login.log.contains("not reached"), "{login:?}");
}

#[test]
fn capture_alone_never_lets_anybody_in() {
    for machine in [Machine::new(), Machine::armed()] {
        let login = run(machine, &[CAPTURE], right());
        assert!(!login.code.is_success(), "{login:?}");
    }
    // The hole that a success in front of the password module would be.
    let sufficient = pam_host::password_line("another").expect("the stand-in");
    let lines = [
        "auth  required  MODULE capture REPLAY",
        &format!("auth  sufficient  {sufficient}"),
    ];
    let login = run(Machine::armed(), &lines, right());
    assert!(!login.code.is_success(), "{login:?}");
}

#[test]
fn a_password_asked_for_in_front_is_not_captured() {
    let standin = pam_host::stand_in_with(&format!("set_token={PASSWORD} auth=ignore"));
    let preset = format!("auth  optional  {}", standin.expect("the stand-in"));
    let lines = [&*preset, CAPTURE, RIGHT, DENY, PERMIT, VERIFY];
    for (machine, code) in [
        (Machine::armed(), Code::AUTH_ERR),
        (Machine::new(), Code::SUCCESS),
    ] {
        let login = run(machine, &lines, Conversation::silent());
        assert_eq!(login.code, code, "{login:?}");
        assert!(
            login.log.contains("has already asked for the password"),
            "{login:?}"
        );
    }
}

#[test]
fn a_password_replaced_between_the_lines() {
    for change in ["replace_token=another", "clear_token"] {
        let standin = pam_host::stand_in_with(&format!("{change} auth=ignore"));
        let replace = format!("auth  optional  {}", standin.expect("the stand-in"));
        let lines = [CAPTURE, RIGHT, DENY, PERMIT, &*replace, VERIFY];
        for (machine, code) in [
            (Machine::armed(), Code::AUTH_ERR),
            (Machine::cooling_down(), Code::AUTH_ERR),
            (Machine::after(3), Code::SUCCESS),
            (Machine::new(), Code::SUCCESS),
            (Machine::new().with("mode=enforce"), Code::AUTH_ERR),
        ] {
            let login = run(machine, &lines, right());
            assert_eq!(login.code, code, "{change}: {login:?}");
            assert!(
                login.log.contains("reason=password-replaced"),
                "{change}: {login:?}"
            );
            assert!(!login.log.contains("learned"), "{change}: {login:?}");
        }
    }
}

#[test]
fn a_cancelled_conversation() {
    let lines = [CAPTURE, RIGHT, DENY, PERMIT, VERIFY];
    for conversation in [
        Conversation::silent().cancel(),
        Conversation::silent().null(),
        Conversation::silent().again(),
        Conversation::silent(),
    ] {
        let login = run(Machine::armed(), &lines, conversation);
        assert_eq!(login.code, Code::CONV_ERR, "{login:?}");
        assert_eq!(login.log, "");
    }
}

#[test]
fn a_line_that_is_neither() {
    let line = "auth  requisite  MODULE REPLAY";
    let both = "auth  requisite  MODULE capture verify REPLAY";
    for line in [line, both] {
        let lines = [RIGHT, DENY, PERMIT, line];
        for (machine, code) in [
            (Machine::armed(), Code::AUTH_ERR),
            (Machine::new(), Code::SUCCESS),
        ] {
            let login = run(machine, &lines, right());
            assert_eq!(login.code, code, "{login:?}");
            assert!(login.log.contains("put `capture` in front"), "{login:?}");
        }
    }
}

#[test]
fn unknown_arguments_are_logged_and_ignored() {
    let machine = || Machine::armed().with("nonsense mode=maybe min_samples=minus");
    assert_eq!(machine().verify(&owner()), Success);
    assert_eq!(machine().verify(&Typing::stranger(1)), AuthErr);
    let login = machine().log_in(&owner());
    for complaint in ["`nonsense`", "`mode=maybe`", "`min_samples=minus`"] {
        assert!(login.log.contains(complaint), "{complaint}: {login:?}");
    }
}

#[test]
fn an_unknown_user_touches_nothing() {
    for name in [
        "nosuchuser",
        "../../etc/passwd",
        "nobody/../root",
        "-",
        " ",
        "..",
        "a\nb",
    ] {
        let mut machine = Machine::new().user(name);
        assert_eq!(machine.verify(&owner()), Ignore, "{name:?}");
        let login = machine.log_in(&owner());
        assert!(!login.log.contains("learned"), "{name:?}: {login:?}");
        assert!(
            machine.files().is_empty(),
            "{name:?}: {:?}",
            machine.files()
        );
        assert!(
            login
                .log
                .lines()
                .all(|line| line.starts_with("pam_keydyn(login:auth): "))
        );
    }
}

/// What can be done to a file, with its name.
type Damage = (&'static str, fn(&[u8]) -> Vec<u8>);

const DAMAGES: [Damage; 8] = [
    ("truncated", |file| file[..file.len() / 2].to_vec()),
    ("empty", |_| Vec::new()),
    ("a bit flipped", |file| flip(file, file.len() / 2)),
    ("foreign", |file| vec![0x55; file.len()]),
    ("oversized", |file| [file, file].concat()),
    ("of a future version", |file| {
        let mut file = file.to_vec();
        file[8] = 9;
        file
    }),
    ("key derivation out of bounds", |file| flip(file, 15)),
    ("key check flipped", |file| flip(file, 75)),
];

fn flip(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= 0x40;
    file
}

fn damage(machine: &Machine, names: &[&str], (_, change): Damage) {
    for name in names {
        let path = machine.path("state").join(name);
        let file = fs::read(&path).expect("the file is there");
        fs::write(&path, change(&file)).expect("it is changed");
    }
}

#[test]
fn a_damaged_profile_falls_back_and_then_refuses() {
    let uid = uid();
    let (profile, before) = (format!("{uid}.profile"), format!("{uid}.profile.previous"));
    for kind in DAMAGES {
        let one = |state: fn() -> Machine| {
            let machine = state();
            damage(&machine, &[&profile], kind);
            machine
        };
        let both = |state: fn() -> Machine| {
            let machine = state();
            damage(&machine, &[&profile, &before], kind);
            machine
        };
        assert_eq!(
            one(Machine::armed).verify(&owner()),
            Success,
            "{}: one",
            kind.0
        );
        assert_eq!(
            one(Machine::armed).verify(&Typing::stranger(1)),
            AuthErr,
            "{}",
            kind.0
        );
        assert_eq!(
            both(Machine::armed).verify(&owner()),
            AuthErr,
            "{}: both",
            kind.0
        );
        assert_eq!(
            both(|| Machine::after(5)).verify(&owner()),
            Ignore,
            "{}: learning",
            kind.0
        );
        let login = both(Machine::armed).log_in(&owner());
        assert!(
            login.log.contains(&profile),
            "{}: the log names the file: {login:?}",
            kind.0
        );
        assert!(
            !login.log.contains("learned"),
            "{}: nothing is overwritten",
            kind.0
        );
    }
}

#[test]
fn a_profile_that_is_gone_is_no_way_in() {
    let machine = Machine::armed();
    for name in [".profile", ".profile.previous"] {
        fs::remove_file(machine.path("state").join(format!("{}{name}", uid()))).expect("removed");
    }
    assert_eq!(machine.copy().verify(&owner()), AuthErr);
    assert_eq!(machine.copy().verify(&Typing::stranger(1)), AuthErr);
}

#[test]
fn a_lost_state_comes_from_the_sealed_copy_and_without_it_nobody_passes() {
    let uid = uid();
    let state = format!("{uid}.state");
    for kind in DAMAGES {
        let damaged = || {
            let machine = Machine::armed();
            damage(&machine, &[&state], kind);
            machine
        };
        assert_eq!(damaged().verify(&owner()), Success, "{}", kind.0);
        assert_eq!(
            damaged().verify(&Typing::stranger(1)),
            AuthErr,
            "{}",
            kind.0
        );
        let mut other = damaged();
        other.change_password("another");
        assert_eq!(
            other.verify(&owner()),
            AuthErr,
            "{}: no copy under this password",
            kind.0
        );
    }
    let missing = || {
        let machine = Machine::armed();
        fs::remove_file(machine.path("state").join(&state)).expect("removed");
        machine
    };
    assert_eq!(missing().verify(&owner()), Success);
    assert_eq!(missing().verify(&Typing::stranger(1)), AuthErr);
    let mut other = missing();
    other.change_password("another");
    assert_eq!(other.verify(&owner()), AuthErr);
    // Neither file is there: an account like any new one.
    let mut neither = Machine::armed();
    fs::remove_dir_all(neither.path("state")).expect("removed");
    assert_eq!(neither.verify(&Typing::stranger(1)), Ignore);
}

#[test]
fn a_lost_host_key_does_not_disarm() {
    let machine = Machine::armed();
    fs::remove_file(machine.path("state/host.key")).expect("removed");
    let assert_judged = |machine: &Machine| {
        assert_eq!(machine.copy().verify(&Typing::stranger(1)), AuthErr);
        let copy = machine.copy().verify(&owner());
        assert_eq!(copy, Success, "the sealed copy knows, a new key is made");
    };
    assert_judged(&machine);
    for damage in [&[0; 32][..], b"", b"short", &[7; 100]] {
        fs::write(machine.path("state/host.key"), damage).expect("damaged");
        assert_judged(&machine);
    }
}

#[test]
fn a_directory_that_cannot_be_trusted_is_no_way_in() {
    type Change = fn(&Machine);
    let changes: [(&str, Change); 4] = [
        ("writable by others", |machine| {
            fs::set_permissions(machine.path("state"), Permissions::from_mode(0o777))
                .expect("changed");
        }),
        ("a link", |machine| {
            fs::rename(machine.path("state"), machine.path("moved")).expect("moved");
            symlink(machine.path("moved"), machine.path("state")).expect("linked");
        }),
        ("a file", |machine| {
            fs::remove_dir_all(machine.path("state")).expect("removed");
            fs::write(machine.path("state"), b"").expect("written");
        }),
        ("a profile and state that are links", |machine| {
            for name in [".profile", ".profile.previous", ".state"] {
                let path = machine.path("state").join(format!("{}{name}", uid()));
                let moved = path.with_extension("moved");
                fs::rename(&path, &moved).expect("moved");
                symlink(&moved, &path).expect("linked");
            }
        }),
    ];
    for (name, change) in changes {
        for typing in [owner(), Typing::stranger(1)] {
            let mut machine = Machine::armed();
            change(&machine);
            assert_eq!(machine.verify(&typing), AuthErr, "{name}");
            assert!(
                machine
                    .log()
                    .contains(name.split(' ').next().unwrap_or(name))
                    || machine.log().contains("is a link or no directory")
                    || machine.log().contains("can be written by others"),
                "{name}: {}",
                machine.log()
            );
        }
    }
}

/// Runs as somebody whom permissions bind: root takes on the uid of `nobody` in a child.
fn as_an_ordinary_user(machine: &Machine, check: impl FnOnce(&Machine) -> bool) {
    let root = uid_of_this_process() == 0;
    if root {
        for entry in walk(machine) {
            std::os::unix::fs::chown(entry, Some(65534), Some(65534)).expect("given away");
        }
    }
    let end = in_a_child(|| {
        if root {
            // SAFETY: changes this child process only.
            assert_eq!(unsafe { libc::setgid(65534) }, 0);
            // SAFETY: changes this child process only.
            assert_eq!(unsafe { libc::setuid(65534) }, 0);
        }
        if check(machine) {
            Code::SUCCESS
        } else {
            Code::ABORT
        }
    });
    let state = machine.path("state");
    let _ = fs::set_permissions(&state, Permissions::from_mode(0o700));
    assert!(matches!(end, Ok(ChildEnd::Code(Code::SUCCESS))), "{end:?}");
}

fn walk(machine: &Machine) -> Vec<std::path::PathBuf> {
    let mut found = vec![machine.path(""), machine.path("state")];
    found.extend(
        machine
            .files()
            .iter()
            .map(|name| machine.path("state").join(name)),
    );
    found
}

fn uid_of_this_process() -> u32 {
    // SAFETY: cannot fail.
    unsafe { libc::geteuid() }
}

#[test]
fn an_unreadable_directory_is_no_way_in() {
    let machine = Machine::armed();
    as_an_ordinary_user(&machine, |machine| {
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o000)).expect("closed");
        let mut machine = machine.alias();
        machine.verify(&owner()) == AuthErr && machine.verify(&Typing::stranger(1)) == AuthErr
    });
}

#[test]
fn an_unwritable_directory_judges_on_and_learns_nothing() {
    let machine = Machine::armed();
    as_an_ordinary_user(&machine, |machine| {
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o500)).expect("closed");
        let mut here = machine.alias();
        let accepted = here.log_in(&owner());
        let refused = here.log_in(&Typing::stranger(1));
        let judged = accepted.log.contains("outcome=accepted")
            && accepted.log.contains("not learned")
            && refused.log.contains("outcome=refused");
        // The throttle goes on counting in /run.
        for i in 0..4 {
            here.log_in(&Typing::stranger(i));
        }
        let cooling = here.log_in(&owner());
        judged && cooling.log.contains("state=cooling-down") && here.path("run").is_dir()
    });
}

#[test]
fn where_nothing_can_be_written_an_armed_user_is_refused() {
    let machine = Machine::armed();
    as_an_ordinary_user(&machine, |machine| {
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o500)).expect("closed");
        fs::write(machine.path("run"), b"not a directory").expect("written");
        let mut here = machine.alias();
        let login = here.log_in(&owner());
        login.code == Code::AUTH_ERR && login.log.contains("state-unwritable")
    });
}

fn uid() -> u32 {
    65534
}

#[test]
fn a_thread_that_exits_afterwards() {
    for i in 0..3 {
        let machine = Machine::armed();
        let stack = machine.debian(&Typing::owner(i));
        let code = on_a_thread(|| {
            let mut app =
                Application::start(&stack, Stack::SERVICE, USER, right()).expect("starts");
            let code = app.authenticate(Flags::NONE);
            let _ = app.set_credentials(Flags::ESTABLISH);
            let _ = app.end(code);
            code
        });
        assert_eq!(code, Code::SUCCESS);
    }
}

#[test]
fn a_forked_child_does_not_see_the_secret_and_the_parent_learns() {
    let machine = Machine::armed();
    let stack = machine.debian(&Typing::owner(70));
    let mut app = Application::start(&stack, Stack::SERVICE, USER, right()).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    let child = in_a_child(|| {
        // The page is zero here, so there is nothing to learn.
        app.set_credentials(Flags::ESTABLISH)
    });
    assert!(
        matches!(child, Ok(ChildEnd::Code(Code::SUCCESS))),
        "{child:?}"
    );
    assert!(!machine.log().contains("learned"), "{}", machine.log());
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert!(
        machine.log().contains("learned state=armed"),
        "{}",
        machine.log()
    );
}

#[test]
fn another_user_between_the_lines_is_not_judged_by_this_one_s_typing() {
    let machine = Machine::armed();
    let stack = machine.lines(
        &owner(),
        &[
            CAPTURE,
            RIGHT,
            DENY,
            PERMIT,
            "auth  optional  pam_echo.so now",
            VERIFY,
        ],
    );
    // pam_echo lets the conversation run code between the two lines.
    let conversation = right();
    let mut app =
        Application::start(&stack, Stack::SERVICE, "daemon", conversation).expect("starts");
    assert_eq!(
        app.authenticate(Flags::NONE),
        Code::SUCCESS,
        "daemon has learned nothing"
    );
    assert_eq!(app.set_user(USER), Code::SUCCESS);
    let _ = app.set_credentials(Flags::ESTABLISH);
    assert!(machine.log().contains("user=daemon"), "{}", machine.log());
    assert!(!machine.log().contains("user=nobody"), "{}", machine.log());
}

/// Thirty people with the right password at the same moment are judged one after the other.
#[test]
fn attempts_at_the_same_moment_see_each_other() {
    let machine = Machine::armed();
    let stack = machine.debian(&Typing::stranger(1));
    std::thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                let started = Application::start(&stack, Stack::SERVICE, USER, right());
                let mut app = started.expect("starts");
                assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
            });
        }
    });
    let judged = machine.log().matches("state=armed outcome=refused").count();
    assert_eq!(judged, 5, "{}", machine.log());
}

/// Whoever keeps the lock keeps nobody from being counted, nor the owner out.
#[test]
fn a_lock_that_somebody_keeps_stops_neither_the_count_nor_the_owner() {
    let mut machine = Machine::armed();
    let lock = fs::File::options()
        .write(true)
        .open(machine.path("state").join(format!("{}.lock", uid())))
        .expect("the lock");
    lock.lock().expect("held");
    for i in 0..5 {
        let login = machine.log_in(&Typing::stranger(i));
        assert!(
            login.log.contains("outcome=refused reason=rhythm"),
            "{login:?}"
        );
    }
    assert!(machine.log_in(&owner()).log.contains("state=cooling-down"));
    machine.wait(31);
    let login = machine.log_in(&owner());
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
    assert!(
        login.log.contains("not learned") && login.log.contains("locked"),
        "{login:?}"
    );
    drop(lock);
    let login = machine.log_in(&owner());
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
}

/// A limit on file sizes lets no verdict be written, or every one.
#[test]
fn no_limit_on_file_sizes_lets_refusals_go_uncounted_and_acceptances_pass() {
    let mut machine = Machine::armed();
    for i in 0..60 {
        machine.log_in(&if i % 2 == 0 {
            owner()
        } else {
            Typing::stranger(i)
        });
    }
    for limit in [0, 500, 547, 563, 700, 1023, 1024, 70_000] {
        let copy = machine.copy();
        let end = in_a_child(|| {
            let limits = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            // SAFETY: a limit and a disposition of this child process only.
            unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
            let stack = copy.debian(&owner());
            // SAFETY: the structure is valid for the call.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limits) }, 0);
            let started = Application::start(&stack, Stack::SERVICE, USER, right());
            started.expect("starts").authenticate(Flags::NONE)
        });
        let expected = if limit < 1024 {
            Code::AUTH_ERR
        } else {
            Code::SUCCESS
        };
        assert!(
            matches!(end, Ok(ChildEnd::Code(code)) if code == expected),
            "{limit}: {end:?}"
        );
    }
}

/// Where `capture` is not `requisite`, an old typing must not serve a second attempt.
#[test]
fn a_second_attempt_on_a_handle_does_not_live_on_the_first_one_s_typing() {
    let optional = "auth  optional  MODULE capture REPLAY";
    let password = pam_host::password_line(PASSWORD).expect("the stand-in");
    let asks_itself = format!("auth  [success=1 default=ignore]  {password}");
    let machine = Machine::armed();
    let stack = machine.lines(&owner(), &[optional, &asks_itself, DENY, PERMIT, VERIFY]);
    // First the owner; then capture's prompt is cancelled and the password module's answered.
    let conversation = right().cancel().answer(PASSWORD);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, conversation).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
    assert!(
        machine.log().contains("reason=no-capture"),
        "{}",
        machine.log()
    );
}

/// Bytes of address space that this process has.
fn address_space() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = pages.split(' ').next().and_then(|n| n.parse::<u64>().ok());
    pages.expect("pages") * 4096
}

/// No memory for the key derivation: refused when armed, not in force otherwise.
#[test]
fn without_memory_for_the_key_an_armed_user_is_refused() {
    for (machine, expected) in [
        (Machine::armed(), Code::AUTH_ERR),
        (Machine::after(3), Code::SUCCESS),
        (Machine::after(3).with("mode=enforce"), Code::AUTH_ERR),
    ] {
        let machine = machine.copy();
        let end = in_a_child(|| {
            let stack = machine.debian(&owner());
            let limit = address_space() + 12 * 1024 * 1024;
            let limit = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            // SAFETY: the structure is valid for the call, and this is a child process.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
            let started = Application::start(&stack, Stack::SERVICE, USER, right());
            started.expect("starts").authenticate(Flags::NONE)
        });
        assert!(
            matches!(end, Ok(ChildEnd::Code(code)) if code == expected),
            "{end:?}"
        );
        let log = machine.log();
        assert!(log.contains("no memory for the key derivation"), "{log}");
        assert!(log.contains("outcome=failed reason=internal"), "{log}");
    }
}
