//! One attempt after the other of somebody who is refused, always for the same reason.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pam_host::{Application, Conversation, Flags, Stack};
use stacks::{Machine, PASSWORD, Typing};

/// What pam_unix asks for after a wrong password.
const ASKED_MS: f64 = 2000.0;

/// What is wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    WrongPassword,
    WrongRhythm,
    NoKey,
    CoolingDown,
    WrongPasswordCoolingDown,
    WrongPasswordNotLearned,
    NoSuchUser,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::WrongPassword,
        Self::WrongRhythm,
        Self::NoKey,
        Self::CoolingDown,
        Self::WrongPasswordCoolingDown,
        Self::WrongPasswordNotLearned,
        Self::NoSuchUser,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong password",
            Self::WrongRhythm => "right password, wrong rhythm",
            Self::NoKey => "right password, no key pressed",
            Self::CoolingDown => "right password, cooling down",
            Self::WrongPasswordCoolingDown => "wrong password, cooling down",
            Self::WrongPasswordNotLearned => "wrong password, not learned",
            Self::NoSuchUser => "no such user",
        }
    }
}

/// Somebody who tries, on a machine of their own.
pub(crate) struct Person {
    kind: Kind,
    machine: Machine,
    lines: Vec<String>,
}

/// How long an attempt took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    work_ms: f64,
    cpu_ms: f64,
    asked_ms: f64,
    /// Blocks written, as the kernel accounts them to the process, and to whoever started it.
    blocks: f64,
    /// How often it waited, by the same account.
    waits: f64,
    /// By what libpam multiplies what is asked for, if it goes by the second.
    factor: f64,
}

impl Person {
    pub(crate) fn new(kind: Kind, password_module: &str) -> Self {
        let mut machine = match kind {
            Kind::WrongPasswordNotLearned => Machine::after(5),
            Kind::NoSuchUser => Machine::armed().user("there-is-no-such-user"),
            Kind::CoolingDown | Kind::WrongPasswordCoolingDown => Machine::cooling_down(),
            _ => Machine::armed(),
        };
        if matches!(kind, Kind::CoolingDown | Kind::WrongPasswordCoolingDown) {
            // Long enough for all that comes: a quarter of an hour.
            for i in 0..6 {
                machine.wait(901);
                let login = machine.log_in(&Typing::stranger(i));
                assert!(login.log.contains("refused"), "{login:?}");
            }
        }
        let lines = [
            "auth  requisite  MODULE capture REPLAY",
            &format!("auth  [success=1 default=ignore]  {password_module}"),
            "auth  requisite  pam_deny.so",
            "auth  required  pam_permit.so",
            "auth  requisite  MODULE verify REPLAY",
        ];
        Self {
            kind,
            machine,
            lines: lines.map(str::to_owned).into(),
        }
    }

    /// Tries once; `waits` has libpam sleep.
    pub(crate) fn attempt(&mut self, round: usize, waits: bool) -> Took {
        let cools = matches!(
            self.kind,
            Kind::CoolingDown | Kind::WrongPasswordCoolingDown
        );
        // Whoever has been refused five times is judged again after a quarter of an hour.
        self.machine.wait(if cools { 1 } else { 901 });
        let typing = match self.kind {
            Kind::NoKey => Typing::trace("0 enter up"),
            _ => Typing::stranger(round as u64),
        };
        let password = match self.kind {
            Kind::WrongRhythm | Kind::NoKey | Kind::CoolingDown => PASSWORD,
            _ => "secrex",
        };
        let lines: Vec<_> = self.lines.iter().map(String::as_str).collect();
        let stack = self.machine.lines(&typing, &lines);
        let user = self.machine.name().to_owned();
        let answers = Conversation::answers([password]);
        let app = Application::start(&stack, Stack::SERVICE, user.as_str(), answers);
        let mut app = app.expect("libpam starts");
        if waits {
            let taken = app.let_libpam_wait();
            assert!(taken.is_success(), "{taken}");
        }
        let second = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let (begun, cpu, used) = (Instant::now(), cpu_ms(), used());
        let code = app.authenticate(Flags::NONE);
        let work_ms = begun.elapsed().as_secs_f64() * 1000.0;
        let cpu_ms = cpu_ms() - cpu;
        let after = self::used();
        assert!(
            !code.is_success(),
            "{}: {code}: {}",
            self.kind.name(),
            self.machine.log()
        );
        let asked = app
            .fail_delay()
            .map_or(0.0, |delay| delay.as_secs_f64() * 1000.0);
        Took {
            work_ms,
            cpu_ms,
            asked_ms: asked,
            blocks: (after.ru_oublock - used.ru_oublock) as f64,
            waits: (after.ru_nvcsw - used.ru_nvcsw) as f64,
            factor: factor(second.as_secs()),
        }
    }
}

impl Took {
    /// In ms, without the delay; with it where libpam waits.
    pub(crate) fn work(&self) -> f64 {
        self.work_ms
    }

    /// Of that, on a processor: what a machine that does other things too tells best.
    pub(crate) fn cpu(&self) -> f64 {
        self.cpu_ms
    }

    pub(crate) fn blocks(&self) -> f64 {
        self.blocks
    }

    pub(crate) fn waits(&self) -> f64 {
        self.waits
    }

    /// What somebody who waits sees.
    pub(crate) fn whole(&self) -> f64 {
        self.work_ms + self.asked_ms
    }

    /// What is left of it for somebody who knows what libpam adds to a wrong password.
    pub(crate) fn known(&self) -> f64 {
        self.whole() - ASKED_MS * self.factor
    }

    /// Whether libpam's factor was this one, for whatever was asked for.
    pub(crate) fn is_predicted(&self) -> bool {
        (self.asked_ms / self.factor - ASKED_MS).abs() < 0.1 * ASKED_MS
    }
}

/// The random factor of libpam 1.5.2: `_pam_compute_delay`, whose seed is the second in which
/// `pam_authenticate` was called. Later ones ask the kernel for random numbers.
fn factor(second: u64) -> f64 {
    let mut seed = second as u32;
    let mut sum = 0.0;
    for _ in 0..3 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        sum += f64::from(seed / 10 % 1_000_000);
    }
    1.0 + sum / 3.0 / 1e6 - 0.5
}

/// What the kernel tells of this process, and the parent of one that has ended.
fn used() -> libc::rusage {
    // SAFETY: a structure of integers.
    let mut used = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is valid for the call.
    let code = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut used) };
    assert_eq!(code, 0);
    used
}

/// What this process has used of a processor.
fn cpu_ms() -> f64 {
    let mut used = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is valid for the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut used) };
    assert_eq!(code, 0);
    used.tv_sec as f64 * 1e3 + used.tv_nsec as f64 / 1e6
}
