//! Every row of the table "Under fault" in docs/pam-semantics.md, as it is printed there: what
//! `verify` returns while a fault lasts, what the log says, and that nothing is lost by it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use keydyn_sys::reserve::Reserve;
use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Reply, Stack, in_a_child};
use stacks::confined::{
    Only, Refusal, empty, exhaust_memory, leave_descriptors, leave_memory, limit, own_mounts,
    refuse,
};
use stacks::{FRONT, Machine, PASSWORD, Typing, USER, Verify};

/// A host that has no memory left either must not be the one that ends.
#[global_allocator]
static MEMORY: Reserve = Reserve;

const TITLE: &str = "| fault | when | none | learning | armed, the owner | armed, another | log, learning | log, armed |";
/// For everything but what the module does.
const STACK: usize = 2 << 20;

type Row = Vec<String>;

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

/// A machine in this state, made once and then copied.
fn machine(state: &str) -> Machine {
    static LEARNING: OnceLock<Mutex<Machine>> = OnceLock::new();
    match state {
        "none" => Machine::new(),
        "learning" => {
            let made = LEARNING.get_or_init(|| Mutex::new(Machine::after(5)));
            made.lock().unwrap_or_else(PoisonError::into_inner).copy()
        }
        _ => Machine::armed(),
    }
}

/// A fault, and what ends it.
struct Fault {
    begin: Box<dyn Fn() + Send>,
    end: fn(),
    /// What the stand-in is told.
    directive: Option<String>,
    stack: usize,
    /// Mounts, or rights, that only root may have.
    for_root: bool,
}

impl Fault {
    fn new(begin: impl Fn() + Send + 'static) -> Self {
        Self {
            begin: Box::new(begin),
            end: || {},
            directive: None,
            stack: STACK,
            for_root: false,
        }
    }

    fn refusing(calls: &[libc::c_long], errno: i32) -> Self {
        let refusals: Vec<_> = calls.iter().map(|call| Refusal::of(*call, errno)).collect();
        Self::new(move || refuse(&refusals))
    }

    fn refusing_only(call: libc::c_long, only: Only, errno: i32) -> Self {
        let only = Some(only);
        Self::new(move || refuse(&[Refusal { call, only, errno }]))
    }

    /// The one that the page names.
    fn named(name: &str) -> Self {
        if let Some((what, errno)) = name.split_once(": ") {
            return Self::refused(what, errno);
        }
        if let Some(seconds) = name.strip_suffix(" s pass at each step") {
            return Self {
                directive: Some(format!("slow {seconds}")),
                ..Self::new(|| {})
            };
        }
        match name {
            "no descriptor to spare" => Self {
                end: || limit(libc::RLIMIT_NOFILE, 4096),
                ..Self::new(|| leave_descriptors(1))
            },
            "no memory for the key derivation" => Self::new(|| leave_memory(12 << 20)),
            "no memory at all" => Self::new(|| exhaust_memory(0)),
            "no memory may be locked" => Self::new(|| limit(libc::RLIMIT_MEMLOCK, 0)),
            "no file may be larger than 900 bytes" => Self::new(|| limit(libc::RLIMIT_FSIZE, 900)),
            "a stack of 128 KiB" => Self {
                stack: 128 * 1024,
                ..Self::new(|| {})
            },
            "a timer interrupts every millisecond" => Self::new(interrupt_every_millisecond),
            "children are not waited for" => Self::new(|| {
                // SAFETY: a disposition of this child process only.
                unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            }),
            "descriptors 0 to 2 are closed, and written to" => Self::new(close_the_standard),
            "umask 0777" => Self::new(|| set_mask(0o777)),
            "umask 0000" => Self::new(|| set_mask(0)),
            "the working directory is gone" => Self::new(|| {
                let gone = tempfile::tempdir().expect("a directory");
                std::env::set_current_dir(gone.path()).expect("entered");
                gone.close().expect("removed");
            }),
            "no /proc, /dev and /sys" => Self {
                for_root: true,
                ..Self::new(|| ["/proc", "/dev", "/sys"].into_iter().for_each(empty))
            },
            "the log is full and nobody reads it" => Self {
                directive: Some("log system".to_owned()),
                for_root: true,
                ..Self::new(fill_the_log)
            },
            name => panic!("nothing is known of {name:?}"),
        }
    }

    /// A filter of system calls that says this.
    fn refused(what: &str, errno: &str) -> Self {
        let errno = match errno {
            "EPERM" => libc::EPERM,
            "EAGAIN" => libc::EAGAIN,
            "ENOMEM" => libc::ENOMEM,
            "ENOSYS" => libc::ENOSYS,
            "ENOSPC" => libc::ENOSPC,
            "EROFS" => libc::EROFS,
            "EDQUOT" => libc::EDQUOT,
            "EIO" => libc::EIO,
            "EMFILE" => libc::EMFILE,
            "EAFNOSUPPORT" => libc::EAFNOSUPPORT,
            "ENFILE" => libc::ENFILE,
            errno => panic!("no error {errno:?}"),
        };
        let exclusive = u32::try_from(libc::O_EXCL).expect("a flag");
        match what {
            "no thread or process" => Self::refusing(&[libc::SYS_clone, libc::SYS_clone3], errno),
            "no large piece of memory" => {
                Self::refusing_only(libc::SYS_mmap, Only::AtLeast(1, 4 << 20), errno)
            }
            "memory cannot be locked" => Self::refusing(&[libc::SYS_mlock], errno),
            "memory cannot be kept from dumps" => Self::refusing(&[libc::SYS_madvise], errno),
            "no random numbers by getrandom" => Self::refusing(&[libc::SYS_getrandom], errno),
            "no socket" => Self::refusing(&[libc::SYS_socket], errno),
            "limits cannot be asked" => Self::refusing(&[libc::SYS_prlimit64], errno),
            "no new file" => {
                Self::refusing_only(libc::SYS_openat, Only::HasBits(2, exclusive), errno)
            }
            "files cannot be synced" => Self::refusing(&[libc::SYS_fsync], errno),
            "files cannot be locked" => Self::refusing(&[libc::SYS_flock], errno),
            "files cannot be renamed" => {
                let calls = [libc::SYS_renameat, libc::SYS_renameat2];
                Self::refusing(&calls, errno)
            }
            what => panic!("nothing is known of {what:?}"),
        }
    }
}

fn set_mask(mask: libc::mode_t) {
    // SAFETY: a property of this child process only.
    unsafe { libc::umask(mask) };
}

/// With a handler that does not ask for calls to be made again.
fn interrupt_every_millisecond() {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: all zero is an action without flags and with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: 1000,
    };
    let timer = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    // SAFETY: the action is valid, its handler does nothing, and this is a child process.
    let set = unsafe { libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()) };
    assert_eq!(set, 0);
    // SAFETY: the structure is valid for the call.
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    assert_eq!(set, 0);
}

/// And another thread goes on writing to them, as hosts do.
fn close_the_standard() {
    for number in 0..3 {
        // SAFETY: nothing of this child process uses them any more.
        unsafe { libc::close(number) };
    }
    thread::spawn(|| {
        loop {
            for number in 0..3 {
                // SAFETY: reads one byte of a constant.
                unsafe { libc::write(number, b"x".as_ptr().cast(), 1) };
            }
        }
    });
}

fn fill_the_log() {
    empty("/dev");
    let log = UnixDatagram::bind("/dev/log").expect("a log");
    let writer = UnixDatagram::unbound().expect("a socket");
    writer.connect("/dev/log").expect("connected");
    writer.set_nonblocking(true).expect("set");
    while writer.send(b"a neighbour's line").is_ok() {}
    // It stays, and is never read.
    std::mem::forget(log);
}

/// What came of an attempt: the code by the page's words, and the log.
fn attempt(state: &str, typing: &Typing, name: &str, when: &str) -> Option<(String, String)> {
    let fault = Fault::named(name);
    let mut machine = machine(state);
    if let Some(directive) = &fault.directive {
        machine = machine.directive(directive);
    }
    let code = run(&machine, typing, fault, when)?;
    assert_nothing_lost(&machine, state, name);
    let word = match Verify::of(code) {
        Some(Verify::Success) => "SUCCESS".to_owned(),
        Some(Verify::Ignore) => "IGNORE".to_owned(),
        Some(Verify::AuthErr) => "AUTH_ERR".to_owned(),
        // libpam's own, in place of the modules'.
        None if code == Code::SYSTEM_ERR => "SYSTEM_ERR".to_owned(),
        None => format!("{code}"),
    };
    Some((word, machine.log()))
}

/// The login, in a process of its own. `None` where this system does not let the fault be made.
fn run(machine: &Machine, typing: &Typing, fault: Fault, when: &str) -> Option<Code> {
    const NOT_HERE: Code = Code::MODULE_UNKNOWN;
    let front = [&FRONT[..], &["auth  optional  pam_echo.so now"]].concat();
    let stack = match when {
        "learning" => machine.debian(typing),
        _ => machine.verify_behind(typing, &front),
    };
    // Made before the mask and the limits are another.
    fs::write(machine.path("log"), b"").expect("written");
    let Fault { begin, end, .. } = fault;
    let begin = Arc::new(Mutex::new(begin));
    let strike = |moment: &str| {
        let (begin, now) = (Arc::clone(&begin), moment == when);
        move || {
            if now {
                let begin = begin.lock().unwrap_or_else(PoisonError::into_inner);
                (*begin)();
            }
        }
    };
    let (always, at_the_key, at_the_verdict, at_learning) = (
        strike("always"),
        strike("key"),
        strike("verdict"),
        strike("learning"),
    );
    let over = when == "key";
    let conversation = Conversation::silent()
        .answer_with(move |_| {
            at_the_key();
            Reply::answer(PASSWORD)
        })
        .when_told("now", move |_| {
            if over {
                end();
            }
            at_the_verdict();
        });
    let login = move || {
        let app = Application::start(&stack, Stack::SERVICE, USER, conversation);
        let mut app = app.expect("starts");
        always();
        let code = app.authenticate(Flags::NONE);
        if code.is_success() {
            at_learning();
            let _ = app.set_credentials(Flags::ESTABLISH);
        }
        // Left as it is: what ends a process is not the module's business any more.
        std::mem::forget(app);
        code
    };
    let child = in_a_child(|| {
        if fault.for_root && !own_mounts() {
            return NOT_HERE;
        }
        let thread = thread::Builder::new().stack_size(fault.stack);
        let thread = thread.spawn(login).expect("a thread");
        thread.join().unwrap_or(Code::ABORT)
    });
    match child.expect("a child") {
        ChildEnd::Code(code) => (code != NOT_HERE).then_some(code),
        end => panic!("{when}: {end:?}: {}", machine.log()),
    }
}

fn assert_nothing_lost(machine: &Machine, state: &str, fault: &str) {
    let before = match state {
        "none" => 0,
        "learning" => 5,
        _ => 27,
    };
    let learned = machine
        .profile()
        .map_or(0, |(profile, _)| profile.learned());
    let said = u32::from(machine.log().contains(" learned state="));
    assert_eq!(
        learned,
        before + said,
        "{fault}, {state}: {}",
        machine.log()
    );
    if state == "armed" {
        let phase = machine.state().phase;
        assert_eq!(phase, keydyn_core::store::state::Phase::Armed, "{fault}");
    }
}

/// `verify`'s codes as a whole stack has them.
fn in_a_whole_stack(word: &str) -> String {
    match word {
        "SUCCESS" | "IGNORE" => Code::SUCCESS.to_string(),
        _ => Code::AUTH_ERR.to_string(),
    }
}

fn assert_rows(when: &str) {
    let rows: Vec<_> = rows().into_iter().filter(|row| row[1] == when).collect();
    assert!(!rows.is_empty(), "the page has rows for {when}");
    let mut wrong = Vec::new();
    for row in rows {
        let [
            name,
            _,
            none,
            learning,
            owner,
            another,
            log_learning,
            log_armed,
        ] = &row[..]
        else {
            panic!("a row has eight cells: {row:?}");
        };
        for (state, typing, expected, log) in [
            ("none", Typing::owner(200), none, None),
            ("learning", Typing::owner(200), learning, Some(log_learning)),
            ("armed", Typing::owner(200), owner, Some(log_armed)),
            ("armed", Typing::stranger(3), another, None),
        ] {
            let Some((word, lines)) = attempt(state, &typing, name, when) else {
                eprintln!("skipped: {name} takes root, and mounts of one's own");
                continue;
            };
            let expected = match when {
                "learning" => in_a_whole_stack(expected),
                _ => expected.clone(),
            };
            let log = log.filter(|log| *log != "-");
            if word != expected || log.is_some_and(|log| !lines.contains(log)) {
                let place = format!("{name}, {when}, {state}, {typing:?}");
                wrong.push(format!(
                    "{place}: {word}, not {expected}; {log:?}:\n{lines}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn always() {
    assert_rows("always");
}

#[test]
fn while_the_key_is_derived() {
    assert_rows("key");
}

#[test]
fn from_the_verdict_on() {
    assert_rows("verdict");
}

#[test]
fn while_the_login_is_learned() {
    assert_rows("learning");
}

#[test]
fn the_table_has_no_other_moments_and_no_row_twice() {
    let rows = rows();
    for (i, row) in rows.iter().enumerate() {
        let known = ["always", "key", "verdict", "learning"];
        assert!(known.contains(&&*row[1]), "{row:?}");
        assert!(!rows[..i].iter().any(|other| other[..2] == row[..2]));
    }
}

/// Whatever is left of the memory, and whichever piece of it is the first not to be had: the host
/// lives, and a stranger stays out.
#[test]
fn at_no_remainder_of_memory_does_the_host_end_or_a_stranger_get_in() {
    for kilobytes in [
        0, 1, 4, 16, 48, 64, 100, 200, 400, 700, 1200, 2500, 6000, 21_000,
    ] {
        for (state, typing) in [
            ("armed", Typing::stranger(3)),
            ("armed", Typing::owner(200)),
            ("learning", Typing::owner(200)),
        ] {
            for when in ["verdict", "learning"] {
                let machine = machine(state);
                let fault = Fault::new(move || exhaust_memory(kilobytes * 1024));
                let code = run(&machine, &typing, fault, when).expect("a code");
                let let_in = code.is_success() || Verify::of(code) == Some(Verify::Success);
                let stranger = typing == Typing::stranger(3);
                assert!(!(stranger && let_in), "{kilobytes}: {}", machine.log());
            }
        }
    }
}
