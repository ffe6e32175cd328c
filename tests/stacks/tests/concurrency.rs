//! Many processes at once on one profile, and processes killed while they save: nothing that was
//! acknowledged is lost, and nothing is left that does not open.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keydyn_core::store::state::AccountState;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Stack, in_a_child};
use stacks::{Machine, PASSWORD, Typing, USER};

const AT_ONCE: u64 = 20;

/// A whole login in a process of its own.
fn log_in(stack: &Stack) -> Code {
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(stack, Stack::SERVICE, USER, answers).expect("starts");
    let code = app.authenticate(Flags::NONE);
    if code.is_success() {
        let _ = app.set_credentials(Flags::ESTABLISH);
    }
    let _ = app.end(code);
    code
}

/// Twenty processes log in at once; their codes.
fn all_at_once(machine: &Machine, typing: impl Fn(u64) -> Typing) -> Vec<Code> {
    // Each has a script of its own, beside the one directory of files.
    let stacks: Vec<_> = (0..AT_ONCE)
        .map(|i| {
            let own = machine.beside(&format!("script-{i}"));
            own.debian(&typing(i))
        })
        .collect();
    thread::scope(|scope| {
        let login = |stack| scope.spawn(move || in_a_child(|| log_in(stack)));
        let logins: Vec<_> = stacks.iter().map(login).collect();
        let end = |login: thread::ScopedJoinHandle<'_, _>| match login.join().expect("no panic") {
            Ok(ChildEnd::Code(code)) => code,
            end => panic!("{end:?}"),
        };
        logins.into_iter().map(end).collect()
    })
}

fn lines(machine: &Machine, words: &str) -> u32 {
    let count = machine.log().lines().filter(|l| l.contains(words)).count();
    u32::try_from(count).expect("few")
}

/// Whatever the log says was learned is in the profile, and nothing else.
fn assert_learned(machine: &Machine, before: u32) {
    let learned = lines(machine, " learned state=");
    let not_learned = lines(machine, " not learned: ");
    assert_eq!(
        u64::from(learned + not_learned),
        AT_ONCE,
        "{}",
        machine.log()
    );
    assert!(learned > 0, "{}", machine.log());
    assert_eq!(machine.learned(), before + learned, "{}", machine.log());
}

#[test]
fn twenty_first_logins_agree_on_one_profile() {
    let machine = Machine::new();
    let codes = all_at_once(&machine, Typing::owner);
    assert!(codes.iter().all(|code| code.is_success()), "{codes:?}");
    assert_learned(&machine, 0);
}

#[test]
fn twenty_logins_while_learning_lose_nothing_acknowledged() {
    let machine = Machine::after(5);
    let _ = fs::remove_file(machine.path("log"));
    let codes = all_at_once(&machine, Typing::owner);
    assert!(codes.iter().all(|code| code.is_success()), "{codes:?}");
    assert_learned(&machine, 5);
}

#[test]
fn twenty_accepted_logins_lose_nothing_acknowledged() {
    let machine = Machine::armed();
    let before = (machine.learned(), machine.state().counts);
    let codes = all_at_once(&machine, |i| Typing::owner(300 + i));
    let accepted = lines(&machine, "outcome=accepted");
    let unjudged = lines(&machine, "reason=state-unwritable");
    assert_eq!(u64::from(accepted + unjudged), AT_ONCE, "{}", machine.log());
    let let_in = codes.iter().filter(|code| code.is_success()).count();
    assert_eq!(u32::try_from(let_in), Ok(accepted), "{codes:?}");
    let learned = lines(&machine, " learned state=");
    assert_eq!(machine.learned(), before.0 + learned, "{}", machine.log());
    assert!(learned > 0);
}

#[test]
fn of_twenty_refusals_each_is_counted() {
    let machine = Machine::armed();
    let before = counted(&machine.state());
    let codes = all_at_once(&machine, Typing::stranger);
    assert!(
        codes.iter().all(|code| *code == Code::AUTH_ERR),
        "{codes:?}"
    );
    let judged = lines(&machine, "state=armed outcome=refused reason=rhythm");
    let cooling = lines(&machine, "state=cooling-down outcome=refused");
    let unjudged = lines(&machine, "reason=state-unwritable");
    let all = judged + cooling + unjudged;
    assert_eq!(u64::from(all), AT_ONCE, "{}", machine.log());
    assert_eq!(judged, 5, "the rest cool down: {}", machine.log());
    let now = counted(&machine.state());
    assert_eq!(
        now - before,
        u64::from(judged + cooling),
        "{}",
        machine.log()
    );
}

fn counted(state: &AccountState) -> u64 {
    state.counts.refused + state.counts.unusable
}

#[test]
fn twenty_owners_and_strangers_mixed_are_each_judged_by_their_own_typing() {
    let machine = Machine::armed();
    let before = machine.learned();
    let typing = |i| match i % 5 {
        0 => Typing::stranger(i),
        _ => Typing::owner(300 + i),
    };
    let codes = all_at_once(&machine, typing);
    for (i, code) in codes.iter().enumerate().filter(|(i, _)| i % 5 == 0) {
        assert_eq!(*code, Code::AUTH_ERR, "stranger {i}: {}", machine.log());
    }
    let learned = lines(&machine, " learned state=");
    assert_eq!(machine.learned(), before + learned, "{}", machine.log());
}

/// Within how many microseconds a process is killed: about as many as what it does takes on this
/// machine at this moment, which nobody knows beforehand.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        Self(40_000)
    }

    /// Longer if nothing was done in time, shorter if something was.
    fn adapt(&mut self, something_done: bool) {
        self.0 = match something_done {
            true => (self.0 * 3 / 4).max(5_000),
            false => (self.0 * 3 / 2).min(5_000_000),
        };
    }

    fn any(&self) -> Duration {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock");
        let mixed = u64::from(now.subsec_nanos()).wrapping_mul(6_364_136_223_846_793_005) >> 33;
        Duration::from_micros(mixed % self.0)
    }
}

/// Does this in a child until it kills itself, as `kill -9` does, at a random moment.
fn killed_at_random(moments: &Moments, mut act: impl FnMut()) {
    let after = moments.any();
    let end = in_a_child(|| {
        let own = i32::try_from(std::process::id()).expect("a number of a process");
        thread::spawn(move || {
            thread::sleep(after);
            // SAFETY: ends this child process, whose own number it is.
            unsafe { libc::kill(own, libc::SIGKILL) }
        });
        loop {
            act();
        }
    });
    assert!(
        matches!(end, Ok(ChildEnd::Signal(libc::SIGKILL))),
        "after {after:?}: {end:?}"
    );
}

#[test]
fn processes_killed_while_they_save_lose_nothing_acknowledged() {
    let mut machine = Machine::armed();
    let (salt, params) = machine.derivation();
    let key = machine.key(&salt, params);
    let acknowledgements = machine.path("acknowledged");
    let (begun, mut before, mut moments) = (machine.learned(), 0, Moments::new());
    for kill in 0..60 {
        // However many are saved, it is not enough for a day.
        machine.wait(2 * 24 * 3600);
        let mut file = fs::File::options()
            .append(true)
            .create(true)
            .open(&acknowledgements)
            .expect("opened");
        let mut typings = 1000 * (kill + 1)..;
        killed_at_random(&moments, || {
            let typing = typings.next().map(Typing::owner);
            machine.teach(&key, &typing.expect("a number"));
            file.write_all(b".").expect("acknowledged");
        });
        let acknowledged = fs::metadata(&acknowledgements).expect("there").len();
        moments.adapt(acknowledged > before);
        before = acknowledged;
        let learned = u64::from(machine.learned() - begun);
        // At most one more a kill: learned, and killed before it could say so.
        let possible = acknowledged..=acknowledged + kill + 1;
        assert!(possible.contains(&learned), "{learned} of {acknowledged}");
        assert!(
            machine
                .profile()
                .is_some_and(|(profile, _)| profile.armed())
        );
        assert_eq!(
            machine.state().phase,
            keydyn_core::store::state::Phase::Armed
        );
    }
    assert!(before > 0, "some were saved in between");
    // Whoever comes next is judged and learned as ever; no lock is left, no half file in the way.
    machine.wait(2 * 24 * 3600);
    let login = machine.log_in(&Typing::owner(500));
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
    assert!(login.log.contains(" learned state=armed"), "{login:?}");
}

#[test]
fn logins_killed_at_any_moment_leave_an_account_that_judges() {
    let machine = Machine::armed();
    let at_the_keyboard = machine.beside("owner");
    let owner = at_the_keyboard.debian(&Typing::owner(300));
    let stranger = machine.beside("stranger").debian(&Typing::stranger(3));
    let (begun, mut before, mut moments) = (machine.learned(), 0, Moments::new());
    for kill in 0..25 {
        let stack = if kill % 5 == 0 { &stranger } else { &owner };
        let mut typings = 1000 * (u64::from(kill) + 1)..;
        killed_at_random(&moments, || {
            let typing = typings.next().map(Typing::owner).expect("a number");
            at_the_keyboard.set_typing(&typing);
            let _ = log_in(stack);
        });
        let acknowledged = lines(&machine, " learned state=");
        if kill % 5 != 0 {
            moments.adapt(acknowledged > before);
        }
        before = acknowledged;
        let learned = machine.learned() - begun;
        let possible = acknowledged..=acknowledged + kill + 1;
        assert!(possible.contains(&learned), "{learned} of {acknowledged}");
        let refused = lines(&machine, "outcome=refused reason=rhythm");
        assert!(machine.state().counts.refused >= u64::from(refused));
    }
    assert!(before > 0, "some were learned in between");
    let mut here = machine.alias();
    here.wait(3600);
    let login = here.log_in(&Typing::owner(500));
    assert!(login.log.contains("outcome=accepted"), "{login:?}");
    let login = here.log_in(&Typing::stranger(500));
    assert!(login.log.contains("outcome=refused"), "{login:?}");
}

/// Keeps a lock of the account, as a stopped process does.
fn keep(machine: &Machine, directory: &str) -> Flock<fs::File> {
    let path = machine.path(directory);
    fs::create_dir_all(&path).expect("a directory");
    fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("closed to others");
    let mut options = fs::File::options();
    let lock = options.create(true).truncate(false).write(true);
    let lock = lock.open(path.join("65534.lock")).expect("a lock");
    Flock::lock(lock, FlockArg::LockExclusive).expect("nobody else has it")
}

/// A child of this process that waits for a lock of the account and is none of these.
fn waiting_for_a_lock(machine: &Machine, known: &[Pid]) -> Option<Pid> {
    let locks = ["state", "run"].map(|directory| machine.path(directory).join("65534.lock"));
    let waits = |process: &Pid| {
        let open = fs::read_dir(format!("/proc/{process}/fd")).ok();
        let mut names = open.into_iter().flatten().flatten();
        names.any(|one| fs::read_link(one.path()).is_ok_and(|name| locks.contains(&name)))
    };
    let children = fs::read_dir("/proc/self/task").ok()?.flatten();
    let children =
        children.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<String> = children.collect();
    let pids = children.iter().flat_map(|line| line.split_whitespace());
    let mut pids = pids.filter_map(|pid| pid.parse().ok().map(Pid::from_raw));
    pids.find(|pid| !known.contains(pid) && waits(pid))
}

/// Whoever starts a program may stop it in front of the lock, and choose in which order it goes on.
#[test]
fn attempts_that_were_stopped_and_go_on_newest_first_cool_down_all_the_same() {
    const MANY: u64 = 8;
    let machine = Machine::armed();
    let stack = |i: u64| {
        let own = machine.beside(&format!("script-{i}"));
        own.directive("clock own").debian(&Typing::stranger(i))
    };
    let stacks: Vec<_> = (0..MANY).map(stack).collect();
    let _ = fs::remove_file(machine.path("log"));
    let locks = [keep(&machine, "state"), keep(&machine, "run")];
    let end = Instant::now() + Duration::from_secs(50);
    thread::scope(|scope| {
        let mut stopped = Vec::new();
        for stack in &stacks {
            let attempt = scope.spawn(move || in_a_child(|| log_in(stack)));
            // On a busy host one may have waited for both locks before it is found.
            while !attempt.is_finished() {
                if let Some(process) = waiting_for_a_lock(&machine, &stopped) {
                    kill(process, Signal::SIGSTOP).expect("stopped");
                    stopped.push(process);
                    break;
                }
                assert!(Instant::now() < end, "nobody waits for the lock");
                thread::sleep(Duration::from_micros(200));
            }
            // Each a second later than the one before.
            thread::sleep(Duration::from_millis(1050));
        }
        drop(locks);
        for process in stopped.into_iter().rev() {
            // One that was found in its last moment has ended, unjudged: both locks were kept.
            let _ = kill(process, Signal::SIGCONT);
            while fs::exists(format!("/proc/{process}")).unwrap_or(false) {
                assert!(Instant::now() < end, "it does not end");
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let log = machine.log();
    let told = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!(told("outcome=refused reason=rhythm"), 5, "{log}");
    let (cooling, unjudged) = (told("state=cooling-down"), told("reason=state-unwritable"));
    assert!(cooling > 0, "{log}");
    assert_eq!(5 + cooling + unjudged, stacks.len(), "{log}");
}
