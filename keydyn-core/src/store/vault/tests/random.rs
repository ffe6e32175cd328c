//! Lives of accounts made up at random: logins, enrolments and verdicts, and directories that fail
//! in the middle of any of them.

use super::*;
use crate::digraph::Duration;
use crate::policy::{Decision, decide};
use crate::store::enrolment::{EnrolmentRules, EnrolmentSession};
use crate::store::switch::{Switch, Whom};
use crate::store::vault::keys::Keys;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// What somebody does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    OwnerLogsIn,
    StrangerLogsIn,
    StrangerIsLearned,
    OtherPasswordLogsIn,
    OwnerEnrols,
    StrangerEnrols,
    Reset,
    Disable,
    Enable,
}

/// What fails while it is done.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// Steps after which each directory takes nothing more.
    main: Option<u32>,
    run: Option<u32>,
    busy: bool,
    /// A file that cannot be read.
    unreadable: Option<&'static str>,
}

const FILES: [&str; 6] = [
    "1000.profile",
    "1000.profile.previous",
    "1000.state",
    "1000.state.previous",
    "1000.second",
    "1000.second.previous",
];

fn deeds() -> impl Strategy<Value = Vec<(Deed, Fault)>> {
    let deed = prop_oneof![
        8 => Just(Deed::OwnerLogsIn),
        6 => Just(Deed::StrangerLogsIn),
        4 => Just(Deed::StrangerIsLearned),
        3 => Just(Deed::OtherPasswordLogsIn),
        1 => Just(Deed::OwnerEnrols),
        2 => Just(Deed::StrangerEnrols),
        1 => Just(Deed::Reset),
        1 => Just(Deed::Disable),
        1 => Just(Deed::Enable),
    ];
    let steps = || prop::option::weighted(0.4, 0u32..8);
    let unreadable = prop::option::weighted(0.2, prop::sample::select(&FILES[..]));
    let fault = (steps(), steps(), prop::bool::weighted(0.1), unreadable).prop_map(
        |(main, run, busy, unreadable)| Fault {
            main,
            run,
            busy,
            unreadable,
        },
    );
    prop::collection::vec((deed, fault), 1..24)
}

impl Machine {
    fn fail(&self, fault: Option<Fault>) {
        self.main.writes_left.set(fault.and_then(|f| f.main));
        self.run.writes_left.set(fault.and_then(|f| f.run));
        self.main.busy.set(fault.is_some_and(|f| f.busy));
        let unreadable = fault.and_then(|f| f.unreadable).map(str::to_owned);
        self.main.unreadable.replace(unreadable);
    }

    /// What is known of the account, however it is looked at.
    fn standings(&self) -> [Standing; 3] {
        let vault = self.vault();
        [
            vault.standing(&vault.open(&key(1))),
            vault.standing(&vault.open(&key(2))),
            vault.standing_unopened(),
        ]
    }

    /// Whether somebody who opens it, or does not, is told that it is not armed.
    fn is_told_to_be_unarmed(&self) -> bool {
        let unarmed = |standing: &Standing| matches!(standing, Standing::Known(state) if state.phase != Phase::Armed);
        self.standings().iter().any(unarmed)
    }

    fn refusals(&self) -> Option<u32> {
        match &self.standings()[2] {
            Standing::Known(state) => Some(state.throttle.refusals),
            Standing::Unknown => None,
        }
    }
}

/// The same keys at half the speed and with other weights.
fn stranger(seed: u32) -> Sample {
    let owner = typing(16, 8, seed);
    let slower = |features: &[Option<Duration>]| {
        let slower = |(i, f): (u32, &Option<Duration>)| {
            f.map(|Duration(us)| Duration(us * 2 + 9000 * (i % 3)))
        };
        (0..).zip(features).map(slower).collect()
    };
    let (holds, downs) = (slower(owner.holds()), slower(owner.downs()));
    Sample::new(owner.keys().clone(), holds, downs).unwrap()
}

/// A life, and what must hold after each deed of it.
struct Life {
    machine: Machine,
    /// Days since it was armed; every deed is one of its own.
    days: u32,
    reset: bool,
}

impl Life {
    fn now(&self) -> u64 {
        200_000 + u64::from(self.days) * 86_400
    }

    fn do_it(&mut self, deed: Deed, fault: Fault) -> Result<(), TestCaseError> {
        self.days += 1;
        let (owner, other) = (typing(16, 8, 1000 + self.days), stranger(1000 + self.days));
        self.machine.fail(Some(fault));
        let before = self.machine.copy();
        match deed {
            Deed::OwnerLogsIn => self.log_in(&owner, Decision::Genuine)?,
            Deed::StrangerLogsIn => self.log_in(&other, Decision::Impostor)?,
            Deed::StrangerIsLearned => {
                let taught = self.learn(1, &other);
                prop_assert!(taught.is_err(), "a stranger was learned");
                prop_assert_eq!(self.machine.main.names(), before.main.names());
            }
            Deed::OtherPasswordLogsIn => drop(self.learn(2, &typing(16, 8, 5000 + self.days))),
            Deed::OwnerEnrols => drop(self.enrol(|seed| typing(16, 8, seed))),
            Deed::StrangerEnrols => {
                prop_assert!(self.enrol(stranger).is_err(), "a stranger was enrolled");
            }
            Deed::Reset => self.reset = self.machine.vault().reset().is_ok() || self.begun_anew(),
            Deed::Disable => drop(self.switch().disable(Whom::User(UID))),
            Deed::Enable => drop(self.switch().enable(Whom::User(UID))),
        }
        if !self.reset {
            prop_assert!(!self.machine.is_told_to_be_unarmed(), "while it fails");
        }
        self.machine.fail(None);
        Ok(())
    }

    /// A reset that failed in the middle may have done what it was asked for.
    fn begun_anew(&self) -> bool {
        self.machine.fail(None);
        self.machine.is_told_to_be_unarmed()
    }

    fn switch(&self) -> Switch<'_> {
        Switch::new(&self.machine.main, &self.machine.run)
    }

    /// Judges as the module does, under the lock, and learns what was accepted.
    fn log_in(&self, sample: &Sample, expected: Decision) -> Result<(), TestCaseError> {
        let (vault, now) = (self.machine.vault(), Timestamp(self.now()));
        let opening = vault.open(&key(1));
        let Standing::Known(seen) = vault.standing(&opening) else {
            return Ok(());
        };
        let Opening::Open(profile, _) = &opening else {
            return Ok(());
        };
        let score = profile
            .judge(sample, now)
            .ok()
            .and_then(|judged| judged.score);
        let decision = decide(score, crate::policy::Strictness::Normal);
        prop_assert!(
            decision == expected || expected == Decision::Genuine,
            "let in"
        );
        let verdict = match decision {
            Decision::Genuine => Verdict::Accepted,
            _ => Verdict::Refused,
        };
        let told = vault.decide(&seen, |state| {
            state.note(now, verdict);
            state.throttle.refusals
        });
        if let (Ok(told), Verdict::Refused) = (&told, verdict) {
            let kept = self.machine.refusals();
            prop_assert!(
                kept.is_none_or(|kept| kept >= *told),
                "told and not counted: {:?} {}",
                kept,
                told
            );
        }
        if told.is_ok() && verdict == Verdict::Accepted {
            let _ = self.learn(1, sample);
        }
        Ok(())
    }

    fn learn(&self, number: u8, sample: &Sample) -> Result<Learned, LearnError> {
        let lesson = lesson(sample, self.now());
        self.machine
            .vault()
            .learn(&key(number), DERIVATION, &lesson, [9; 24])
    }

    fn enrol(&self, typing: impl Fn(u32) -> Sample) -> Result<Learned, LearnError> {
        let rules = EnrolmentRules {
            strictness: crate::policy::Strictness::Normal,
            typings: 20,
            further: 2,
            most: 30,
        };
        let vault = self.machine.vault();
        let key = key(1);
        let keys = Keys::only(&key, DERIVATION);
        let (mut session, _): (EnrolmentSession, _) = vault.begin_enrolment(keys, rules)?;
        for i in 0..4 {
            let sample = typing(9000 + self.days * 10 + i);
            let _ = session.take(&sample, Timestamp(self.now() + u64::from(i)), 0);
        }
        let enrolled = session.into_enrolled().ok_or(LearnError::NotTrusted)?;
        vault.enrol(keys, &enrolled, [9; 24])
    }
}

#[test]
fn no_fault_in_any_life_disarms_an_account_or_teaches_it_a_stranger() {
    let armed = Machine::armed(&key(1));
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    });
    let result = runner.run(&deeds(), |deeds| {
        let mut life = Life {
            machine: armed.copy(),
            days: 0,
            reset: false,
        };
        for (deed, fault) in deeds {
            life.do_it(deed, fault)?;
            if life.reset {
                break;
            }
            prop_assert!(!life.machine.is_told_to_be_unarmed(), "after {deed:?}");
            if let Opening::Open(profile, _) = life.machine.vault().open(&key(1)) {
                prop_assert!(profile.armed());
            }
        }
        Ok(())
    });
    result.unwrap();
}
