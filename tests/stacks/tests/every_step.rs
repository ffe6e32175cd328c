//! Every system call by which a login reads and saves its files fails once, one after the other,
//! or is the last thing its process does: strace injects it into the real module. None of them
//! lets anybody else in, none loses what was acknowledged, and when the fault is over everything
//! is as it was.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use keydyn_core::store::header::KdfParams;
use keydyn_core::store::profile::Profile;
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::state::Phase;
use keydyn_core::store::vault::Opening;
use pam_host::{Application, ChildEnd, Code, Conversation, Flags, Stack, in_a_child};
use stacks::{Machine, PASSWORD, Typing, USER};

/// Calls by which files are read, and how they fail.
const READS: [(&str, &str); 3] = [
    ("openat", "EIO"),
    ("read", "EIO"),
    ("fstat,newfstatat", "EIO"),
];

/// Calls by which they are written, and how those fail. What a system calls by another name has no
/// steps and costs one login.
const WRITES: [(&str, &str); 10] = [
    ("write", "ENOSPC"),
    ("write", "EIO"),
    ("fsync", "EIO"),
    ("fsync", "ENOSPC"),
    ("linkat", "EIO"),
    ("linkat", "EMLINK"),
    ("rename,renameat,renameat2", "ENOSPC"),
    ("rename,renameat,renameat2", "EROFS"),
    ("unlink,unlinkat", "EIO"),
    ("flock", "ENOLCK"),
];

/// Those that change something. Each has steps of its own: strace counts them apart.
const CHANGES: [&str; 5] = [
    "write",
    "fsync",
    "linkat",
    "rename,renameat,renameat2",
    "unlink,unlinkat",
];

/// More steps than any login has.
const MANY: u32 = 400;

/// What a login with a fault came to.
struct Struck {
    /// How the process of the login ended.
    end: ChildEnd,
    /// What the module said, as far as it got.
    log: String,
    /// The first call that failed, on which file.
    step: String,
}

/// Whether this system lets one process trace another.
fn can_trace() -> bool {
    let said = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let can = said.is_ok_and(|status| status.success());
    if !can {
        eprintln!("skipped: strace is not there, or may trace nothing (apt install strace)");
    }
    can
}

/// Has strace take hold of this thread, and inject this.
fn inject(machine: &Machine, thread: libc::pid_t, fault: &str) -> Child {
    let calls = fault.split(':').next().expect("calls");
    let mut strace = Command::new("strace")
        .args(["-y", "-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={fault}"), "-o"])
        .arg(machine.path("steps"))
        .args(["-p", &thread.to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace starts");
    let said = BufReader::new(strace.stderr.take().expect("a pipe"));
    let attached = said.lines().map_while(Result::ok);
    assert!(
        attached.take(1).any(|line| line.contains("attached")),
        "strace takes hold"
    );
    strace
}

/// A login with the right password into which this is injected; nothing if it has no such step.
fn log_in_with(machine: &Machine, typing: &Typing, fault: &str) -> Option<Struck> {
    log_in_as(machine, typing, PASSWORD, fault)
}

fn log_in_as(machine: &Machine, typing: &Typing, password: &str, fault: &str) -> Option<Struck> {
    let stack = machine.debian(typing);
    let _ = fs::remove_file(machine.path("log"));
    let end = in_a_child(|| {
        let (ready, is_ready) = mpsc::channel();
        let (start, started) = mpsc::channel();
        // Its calls are counted from the moment when it is taken hold of.
        let password = password.to_owned();
        let login = thread::spawn(move || {
            let answers = Conversation::answers([password]);
            let app = Application::start(&stack, Stack::SERVICE, USER, answers);
            let mut app = app.expect("libpam starts");
            // SAFETY: cannot fail.
            let _ = ready.send(unsafe { libc::gettid() });
            let _ = started.recv();
            let code = app.authenticate(Flags::NONE);
            if code.is_success() {
                let _ = app.set_credentials(Flags::ESTABLISH);
            }
            let _ = app.end(code);
            code
        });
        let thread = is_ready.recv().expect("libpam started");
        let mut strace = inject(machine, thread, fault);
        let _ = start.send(());
        let code = login.join().expect("no panic");
        // What is left of this process is nobody's business.
        let _ = strace.kill();
        let _ = strace.wait();
        code
    });
    let steps = fs::read_to_string(machine.path("steps")).unwrap_or_default();
    let end = end.expect("a child");
    let step = steps.lines().find(|line| line.ends_with("(INJECTED)"));
    let struck = step.is_some() || matches!(end, ChildEnd::Signal(_));
    struck.then(|| Struck {
        end,
        log: machine.log(),
        step: step.unwrap_or_default().to_owned(),
    })
}

/// The keys of the password by what they are derived under, once for all copies of a machine.
struct Known(Vec<(KdfParams, SealKey)>);

impl Known {
    fn of(machine: &Machine, params: &[KdfParams]) -> Self {
        let (salt, _) = machine.derivation();
        let known = params.iter().map(|one| (*one, machine.key(&salt, *one)));
        Self(known.collect())
    }

    /// The one that the header asks for.
    fn key(&self, machine: &Machine) -> &SealKey {
        let (_, params) = machine.derivation();
        let known = self.0.iter().find(|(known, _)| *known == params);
        &known.expect("a key of these parameters").1
    }
}

/// The profile that opens.
fn profile(machine: &Machine, known: &Known, what: &str) -> Profile {
    let key = known.key(machine);
    match machine.with_vault(|vault| vault.open(key)) {
        Opening::Open(profile, _) => *profile,
        other => panic!("{what}: no profile opens: {other:?}"),
    }
}

/// What must hold whatever step failed, over what was `before`.
fn assert_nothing_lost(
    (machine, key): (&Machine, &Known),
    struck: &Struck,
    before: &Machine,
    what: &str,
) {
    let Struck { end, log, step } = struck;
    let learned = |machine| profile(machine, key, what).learned();
    assert!(profile(machine, key, what).armed(), "{what}: {log}");
    assert_eq!(machine.state().phase, Phase::Armed, "{what}: {log}");
    let learned = learned(machine) - learned(before);
    let acknowledged = u32::from(log.contains(" learned state="));
    assert!(
        (acknowledged..=1).contains(&learned),
        "{what}: {learned} learned of {acknowledged}: {log}"
    );
    let refused = |machine: &Machine| machine.state().counts.refused;
    let told = u64::from(log.contains("outcome=refused reason=rhythm"));
    assert!(
        refused(machine) >= refused(before) + told,
        "{what}: a refusal that was told is not counted ({end:?}, {step}): {log}"
    );
}

/// The fault is over: everybody is judged and learned as ever, and no half file is left.
fn assert_as_ever(machine: &Machine, key: &Known, what: &str) {
    let mut machine = machine.alias();
    machine.wait(60);
    let learned = profile(&machine, key, what).learned();
    let login = machine.log_in(&Typing::owner(210));
    let accepted = login.code.is_success() && login.log.contains("outcome=accepted");
    assert!(accepted, "{what}: {login:?}");
    let now = profile(&machine, key, what).learned();
    assert_eq!(now, learned + 1, "{what}: {login:?}");
    let login = machine.log_in(&Typing::stranger(4));
    assert!(login.log.contains("outcome=refused"), "{what}: {login:?}");
    let half = machine.files().iter().any(|name| name.starts_with('.'));
    assert!(!half, "{what}: {:?}", machine.files());
}

/// Injects this at the first such call of a login, at the second, and so on until there is none
/// any more. How many there were. What only reads leaves nothing behind to look for afterwards.
fn at_every_step(typing: &Typing, writes: bool, fault: impl Fn(u32) -> String) -> u32 {
    let before = Machine::armed();
    let key = Known::of(&before, &[KdfParams::CURRENT]);
    at_every_step_of(&before, &key, typing, writes, fault)
}

/// The same, of a login on a machine like this one.
fn at_every_step_of(
    before: &Machine,
    key: &Known,
    typing: &Typing,
    writes: bool,
    fault: impl Fn(u32) -> String,
) -> u32 {
    for step in 1..MANY {
        let fault = fault(step);
        let machine = before.copy();
        let Some(struck) = log_in_with(&machine, typing, &fault) else {
            return step - 1;
        };
        // The stand-in's own: without it the module looks at this machine's directories.
        if struck.step.contains("/script") {
            continue;
        }
        let let_in = matches!(struck.end, ChildEnd::Code(Code::SUCCESS));
        let owner = *typing == Typing::owner(200);
        assert!(owner || !let_in, "{}: let in: {}", struck.step, struck.log);
        assert!(
            !matches!(struck.end, ChildEnd::Panicked | ChildEnd::Hung),
            "{fault}: {:?}",
            struck.end
        );
        assert_nothing_lost((&machine, key), &struck, before, &fault);
        if writes {
            assert_as_ever(&machine, key, &fault);
        }
    }
    panic!("no login has so many steps");
}

/// Paths that a line of strace names, of descriptors and of arguments.
fn paths(line: &str) -> Vec<String> {
    let directory = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    let directory = directory.map_or("", |(path, _)| path);
    let names = line.split('"').skip(1).step_by(2);
    let names: Vec<_> = names
        .map(|name| match name.starts_with('/') {
            true => name.to_owned(),
            false => format!("{directory}/{name}"),
        })
        .collect();
    match names.is_empty() {
        true => vec![directory.to_owned()],
        false => names,
    }
}

/// What a power cut may take: a file that was not synced before it got its name, a name whose
/// directory was not synced after it.
#[test]
fn every_file_is_synced_before_it_is_named_and_every_name_after() {
    if !can_trace() {
        return;
    }
    // The first login of all makes the directory.
    for machine in [Machine::new(), Machine::armed()] {
        let never = "fsync,linkat,rename,renameat,renameat2,mkdir,mkdirat:error=EIO:when=65000";
        log_in_with(&machine, &Typing::owner(200), never);
        let steps = fs::read_to_string(machine.path("steps")).expect("steps");
        let steps: Vec<(&str, Vec<String>)> = steps
            .lines()
            .filter(|line| line.contains("= 0"))
            .filter_map(|line| Some((line.split_once('(')?.0, paths(line))))
            .collect();
        let mut named = 0;
        for (i, (call, paths)) in steps.iter().enumerate() {
            let synced = |path: &str, steps: &[(&str, Vec<String>)]| {
                steps
                    .iter()
                    .any(|(call, paths)| *call == "fsync" && paths[0] == path)
            };
            let (from, to) = (&paths[0], paths.last().expect("a path"));
            let kept = to.ends_with(".previous") || to.ends_with(".old");
            if *call != "fsync" && *call != "mkdir" && !kept {
                assert!(synced(from, &steps[..i]), "{from} before {to}: {steps:#?}");
            }
            if *call != "fsync" {
                let above = to.rsplit_once('/').expect("a directory").0;
                assert!(synced(above, &steps[i..]), "{above} after {to}: {steps:#?}");
                named += 1;
            }
        }
        assert!(named >= 4, "{steps:#?}");
    }
}

/// What a wrong rhythm has to wait for, a wrong password waits for too: else the time would tell that
/// the password is right (docs/adr/0037).
#[test]
fn a_wrong_password_changes_as_much_on_the_disk_as_a_wrong_rhythm() {
    if !can_trace() {
        return;
    }
    for machine in [
        Machine::armed(),
        Machine::cooling_down(),
        Machine::new().with("mode=enforce"),
        Machine::after(5).with("mode=enforce"),
    ] {
        // The first of all has no generation before.
        changes_of_a_refusal(&machine, "wrong");
        let wrong_password = changes_of_a_refusal(&machine, "wrong");
        let wrong_rhythm = changes_of_a_refusal(&machine, PASSWORD);
        assert_eq!(wrong_password, wrong_rhythm, "{machine:?}");
        let synced = wrong_rhythm.iter().filter(|step| step.starts_with("fsync"));
        assert_eq!(synced.count(), 2, "{wrong_rhythm:#?}");
    }
}

/// What a login that is refused changes in the directory of the state, whoever's file it is.
fn changes_of_a_refusal(machine: &Machine, password: &str) -> Vec<String> {
    let never = format!("{}:error=EIO:when=65000", CHANGES.join(","));
    log_in_as(machine, &Typing::stranger(3), password, &never);
    let learned = machine.log().contains(" learned state=");
    assert!(!learned, "a refusal: {}", machine.log());
    let steps = fs::read_to_string(machine.path("steps")).expect("steps");
    let of_the_state = steps.lines().filter(|line| line.contains("/state"));
    let own = format!("{}.state", machine.uid());
    let call = |line: String| {
        let (call, _) = line.split_once('(').expect("a call");
        let outcome = line.rsplit_once(" = ").expect("an outcome").1;
        let paths = match call {
            // The name behind the descriptor is followed by what is written.
            "write" => paths(line.split('"').next().unwrap_or_default()),
            _ => paths(&line),
        };
        format!("{call} {} = {outcome}", paths.join(" "))
    };
    let anybodys = |line: &str| {
        line.replace("nobody.state", "UID.state")
            .replace(&own, "UID.state")
    };
    of_the_state.map(|line| call(anybodys(line))).collect()
}

fn both() -> [Typing; 2] {
    [Typing::owner(200), Typing::stranger(3)]
}

#[test]
fn no_step_of_reading_that_fails_lets_a_stranger_in_or_loses_anything() {
    if !can_trace() {
        return;
    }
    for (calls, error) in READS {
        for typing in both() {
            let steps = at_every_step(&typing, false, |step| {
                format!("{calls}:error={error}:when={step}")
            });
            eprintln!("{calls} {error}: {steps} steps");
            assert!(steps > 10, "{calls}: {steps}");
        }
    }
}

#[test]
fn no_step_of_saving_that_fails_lets_a_stranger_in_or_loses_anything() {
    if !can_trace() {
        return;
    }
    for (calls, error) in WRITES {
        for typing in both() {
            let steps = at_every_step(&typing, true, |step| {
                format!("{calls}:error={error}:when={step}")
            });
            eprintln!("{calls} {error}: {steps} steps");
            assert!(steps > 0, "{calls}: a login saves something");
        }
    }
}

#[test]
fn a_disk_that_breaks_at_any_step_and_stays_broken_loses_nothing() {
    if !can_trace() {
        return;
    }
    for calls in CHANGES {
        for typing in both() {
            at_every_step(&typing, true, |step| {
                format!("{calls}:error=EIO:when={step}+")
            });
        }
    }
}

#[test]
fn a_login_that_is_killed_at_any_step_of_saving_loses_nothing() {
    if !can_trace() {
        return;
    }
    for calls in CHANGES {
        for typing in both() {
            let steps = at_every_step(&typing, true, |step| {
                format!("{calls}:signal=KILL:when={step}")
            });
            eprintln!("killed at {steps} steps of {calls}");
        }
    }
}

/// The profile is sealed anew, under more work: whatever is on the disk then opens under what its own
/// header says, and the next login has its way.
#[test]
fn a_renewal_that_breaks_at_any_step_loses_nothing() {
    if !can_trace() {
        return;
    }
    let today = KdfParams {
        memory: 24_576,
        ..KdfParams::CURRENT
    };
    let before = Machine::armed().directive("kdf 24576 2");
    let known = Known::of(&before, &[KdfParams::CURRENT, today]);
    for fault in ["signal=KILL", "error=ENOSPC"] {
        for calls in CHANGES {
            let injected = |step| format!("{calls}:{fault}:when={step}");
            let steps = at_every_step_of(&before, &known, &Typing::owner(200), true, injected);
            eprintln!("{fault} at {steps} steps of {calls}");
        }
    }
}
