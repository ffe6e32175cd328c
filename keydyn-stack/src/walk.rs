//! Every way through a stack that a person can take.
//!
//! What the person types is fixed; what the modules of others make of it is tried in every way. A
//! way that comes to where another has been, knowing the same, is not walked twice.

use std::collections::HashSet;

use crate::code::Code;
use crate::control::Action;
use crate::dispatch::{Course, Impression, Next};
use crate::module::{self, Role};
use crate::service::{Entry, Kind};

/// Who sits there, and what keydyn makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// The right password; keydyn has not learned this user, or not enough.
    NotInForce,
    /// The right password, typed as its owner does, who is armed.
    Accepted,
    /// The right password of somebody who is armed, typed as somebody else does.
    Refused,
    /// The right password of somebody who is armed, where `verify` itself breaks down (a panic, which
    /// is PAM_ABORT).
    Failed,
    /// The right password, with `keydyn=off` or after `keydyn disable`: nothing is captured.
    SwitchedOff,
    /// A wrong password.
    Wrong,
}

/// Whose password is right, where more than one module says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper<'a> {
    /// This module alone knows it.
    Only(&'a str),
    /// All of them do.
    Every,
}

/// What `verify` has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing: it was not reached.
    None,
    /// Nothing that keeps anybody out.
    Passed,
    /// No.
    Refused,
}

/// Why `verify` finds no captured typing. The numbers are places in the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost {
    /// No line in front of it captures.
    NoCapture,
    /// This line passed over `capture`.
    PassedOver(usize),
    /// This line had already asked for the password when `capture` came.
    Asked(usize),
    /// This is the second `capture`.
    Twice(usize),
    /// A `verify` in front, this line, has already judged it.
    Judged(usize),
    /// This line has put another password in its place.
    Replaced(usize),
}

/// What has happened on a way. The numbers are places in the stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Events {
    /// Somebody has asked for the password.
    asked: Option<usize>,
    /// A typing is there to be judged, or why not.
    captured: Result<(), Lost>,
    /// A password module has found it right.
    pub proven: bool,
    /// What `verify` said.
    pub verdict: Verdict,
    /// The `verify` that said it.
    pub judge: Option<usize>,
    /// An armed user was refused for want of a captured typing.
    pub lost: Option<Lost>,
    /// The line that last passed over `verify`.
    pub passed_by: Option<usize>,
    /// A line that let somebody in without the password: none where the password has been proven.
    pub otherwise: Option<usize>,
    /// A line that was given the right password before `verify` had judged.
    pub used: Option<usize>,
    /// A `verify` that judged before the password was known to be right.
    pub early: Option<usize>,
    /// The line that failed first.
    pub failed_by: Option<usize>,
}

/// Where a way ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct End {
    /// What the application gets.
    pub code: Code,
    /// What has happened.
    pub events: Events,
}

impl End {
    /// Whether somebody is let in.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.code == Code::SUCCESS
    }
}

/// More states than this are not looked at.
const MAX_STATES: usize = 400_000;

/// A stack has too many ways to try them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has too many ways to try them all")]
pub struct TooMany;

/// A stack, and what the modules in it do.
pub struct Walk<'a> {
    stack: &'a [Entry],
    roles: Vec<Role>,
    /// What a line is known to return on this machine today.
    pinned: &'a dyn Fn(&Entry) -> Option<Code>,
}

impl<'a> Walk<'a> {
    /// In this stack. `pinned` says what a module of another's returns, where that is known.
    #[must_use]
    pub fn new(stack: &'a [Entry], pinned: &'a dyn Fn(&Entry) -> Option<Code>) -> Self {
        let mut roles: Vec<_> = stack.iter().map(module::role).collect();
        // Somebody must know the password; if nobody is known to, it is one of those not known.
        let knows = |(entry, role): (&Entry, &Role)| *role == Role::Password && !entry.missing;
        if !stack.iter().zip(&roles).any(knows) {
            let unknown = |role: &mut Role| {
                if *role == Role::Unknown {
                    *role = Role::Password;
                }
            };
            roles.iter_mut().for_each(unknown);
        }
        Self {
            stack,
            roles,
            pinned,
        }
    }

    /// What each line does.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The modules that know passwords, and all of them together if there are several.
    #[must_use]
    pub fn keepers(&self) -> Vec<Keeper<'a>> {
        let lines = self.stack.iter().zip(&self.roles);
        let known = lines.filter(|(entry, role)| **role == Role::Password && !entry.missing);
        let mut names: Vec<_> = known.map(|(entry, _)| entry.stem()).collect();
        names.sort_unstable();
        names.dedup();
        let every = (names.len() > 1).then_some(Keeper::Every);
        names.into_iter().map(Keeper::Only).chain(every).collect()
    }

    /// Where this person can come to.
    ///
    /// # Errors
    /// If there are too many ways.
    pub fn ends(&self, person: Person, keeper: Keeper<'_>) -> Result<Vec<End>, TooMany> {
        let mut ends: Vec<End> = Vec::new();
        let mut known = HashSet::new();
        let mut open = vec![(Course::begin(self.stack), Events::default())];
        while let Some((course, events)) = open.pop() {
            if known.len() > MAX_STATES {
                return Err(TooMany);
            }
            let at = match course.next(self.stack) {
                Next::Return(code) => {
                    let end = End { code, events };
                    if !ends.contains(&end) {
                        ends.push(end);
                    }
                    continue;
                }
                Next::Call(at) => at,
            };
            // The likeliest is walked first, and so is the first to be told of.
            for (code, mut events) in self.called(at, person, keeper, &events).into_iter().rev() {
                let next = course.clone().after(self.stack, code);
                events.follow(self, at, code, &course, &next);
                if known.insert((next.clone(), events.clone())) {
                    open.push((next, events));
                }
            }
        }
        Ok(ends)
    }

    /// What the line at this place can return to this person.
    fn called(
        &self,
        at: usize,
        person: Person,
        keeper: Keeper<'_>,
        before: &Events,
    ) -> Vec<(Code, Events)> {
        let (entry, role) = (&self.stack[at], self.roles[at]);
        let same = |code| vec![(code, before.clone())];
        if matches!(entry.kind, Kind::Broken(_)) {
            return same(Code::PERM_DENIED);
        }
        if entry.missing {
            return same(Code::MODULE_UNKNOWN);
        }
        match role {
            Role::Capture => vec![(Code::IGNORE, before.capture(at, person))],
            Role::Verify | Role::Neither => before.verify(at, role, person),
            Role::Password => self.password(at, person, keeper, before),
            _ => self.other(at, person, before),
        }
    }

    fn password(
        &self,
        at: usize,
        person: Person,
        keeper: Keeper<'_>,
        before: &Events,
    ) -> Vec<(Code, Events)> {
        let entry = &self.stack[at];
        let keeps = keeper == Keeper::Every || keeper == Keeper::Only(entry.stem());
        let right = person != Person::Wrong && keeps;
        let mut events = before.clone();
        // Whoever is asked for the password after all has not been let in without it.
        events.otherwise = None;
        let asks = module::asks(entry) || (keeps && entry.stem() == "pam_systemd_home");
        if asks || self.roles[at] != module::role(entry) {
            events.asked = events.asked.or(Some(at));
        }
        if right && events.asked.is_some() {
            events.proven = true;
            return vec![(Code::SUCCESS, events)];
        }
        let failures = match person {
            Person::Wrong if entry.stem() == "pam_unix" => &[Code::AUTH_ERR, Code::USER_UNKNOWN],
            // Whoever is asked over a network may not be there to say no.
            Person::Wrong => &[Code::AUTH_ERR, Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL][..],
            _ if keeps => &[Code::AUTH_ERR],
            _ => &[Code::USER_UNKNOWN, Code::AUTHINFO_UNAVAIL, Code::AUTH_ERR],
        };
        failures
            .iter()
            .map(|code| (*code, events.clone()))
            .collect()
    }

    fn other(&self, at: usize, person: Person, before: &Events) -> Vec<(Code, Events)> {
        let (entry, role) = (&self.stack[at], self.roles[at]);
        let mut events = before.clone();
        if module::asks(entry) {
            events.asked = events.asked.or(Some(at));
        }
        if module::replaces(entry) && events.captured.is_ok() {
            events.captured = Err(Lost::Replaced(at));
        }
        // Whatever is there is the right password, whether or not somebody has found it so.
        let given = events.proven || (events.asked.is_some() && person != Person::Wrong);
        if role == Role::User && given && events.verdict == Verdict::None {
            events.used = events.used.or(Some(at));
        }
        let codes = (self.pinned)(entry).map_or_else(|| module::codes(entry), |code| vec![code]);
        let grants = |code: Code| {
            let ends = matches!(entry.control.of(code), Action::Done | Action::Jump(_));
            code == Code::SUCCESS
                && (matches!(role, Role::OtherWay | Role::Unknown)
                    || (role == Role::Condition && ends))
        };
        let with = |code| {
            let mut events = events.clone();
            // A condition in front of another way only leads there.
            let led =
                |known: usize| self.roles[known] == Role::Condition && role != Role::Condition;
            // Behind the password it is one factor more, and no way around it.
            if !events.proven && grants(code) && events.otherwise.is_none_or(led) {
                events.otherwise = Some(at);
            }
            (code, events)
        };
        codes.into_iter().map(with).collect()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            asked: None,
            captured: Err(Lost::NoCapture),
            proven: false,
            verdict: Verdict::None,
            judge: None,
            lost: None,
            passed_by: None,
            otherwise: None,
            used: None,
            early: None,
            failed_by: None,
        }
    }
}

impl Events {
    /// `capture` forgets what was captured before, and asks where nobody has.
    fn capture(&self, at: usize, person: Person) -> Self {
        let mut events = self.clone();
        if person == Person::SwitchedOff {
            return events;
        }
        let again = self.captured.is_ok() || matches!(self.captured, Err(Lost::Judged(_)));
        events.captured = match self.asked {
            Some(_) if again => Err(Lost::Twice(at)),
            Some(asked) => Err(Lost::Asked(asked)),
            None => Ok(()),
        };
        events.asked = self.asked.or(Some(at));
        events
    }

    /// pam_keydyn's table (docs/pam-semantics.md), as far as the stack decides it.
    fn verify(&self, at: usize, role: Role, person: Person) -> Vec<(Code, Self)> {
        let mut events = self.clone();
        events.judge = Some(at);
        let captured = match role {
            Role::Verify => std::mem::replace(&mut events.captured, Err(Lost::Judged(at))),
            _ => Err(Lost::NoCapture),
        };
        if !self.proven && self.asked.is_some() && captured.is_ok() {
            events.early = Some(at);
        }
        let codes = match (person, captured) {
            (Person::SwitchedOff | Person::NotInForce, _) => vec![Code::IGNORE],
            // As it is for those who are not armed, and for those who are, by `password_change=`.
            (Person::Wrong, _) => vec![Code::IGNORE, Code::AUTH_ERR],
            (Person::Accepted, Ok(())) => vec![Code::SUCCESS],
            (Person::Refused, Ok(())) => vec![Code::AUTH_ERR],
            (Person::Failed, _) => vec![Code::ABORT],
            (Person::Accepted | Person::Refused, Err(why)) => {
                // A line with neither word is told of by itself.
                events.lost = events.lost.or((role == Role::Verify).then_some(why));
                vec![Code::AUTH_ERR]
            }
        };
        let said = |code| {
            let mut events = events.clone();
            if code != Code::SUCCESS && code != Code::IGNORE {
                events.verdict = Verdict::Refused;
            } else if events.verdict == Verdict::None {
                events.verdict = Verdict::Passed;
            }
            (code, events)
        };
        codes.into_iter().map(said).collect()
    }

    /// What the way from one line to the next tells.
    fn follow(&mut self, walk: &Walk<'_>, at: usize, code: Code, from: &Course, to: &Course) {
        let next = match to.next(walk.stack) {
            Next::Call(next) => next,
            Next::Return(_) => walk.stack.len(),
        };
        let passed = walk.roles.get(at + 1..next).unwrap_or_default();
        if passed.contains(&Role::Verify) {
            self.passed_by = Some(at);
        }
        if passed.contains(&Role::Capture) && self.captured == Err(Lost::NoCapture) {
            self.captured = Err(Lost::PassedOver(at));
        }
        let failed = |course: &Course| course.impression == Impression::Negative;
        if failed(to) && !failed(from) && code != Code::INCOMPLETE {
            self.failed_by = Some(at);
        }
    }
}

/// What can become of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// They can be let in.
    pub is_in: bool,
    /// They can be kept out.
    pub is_out: bool,
}

/// What can become of this person in this stack, whichever module knows the password.
///
/// # Errors
/// If there are too many ways.
pub fn fate(
    stack: &[Entry],
    person: Person,
    pinned: &dyn Fn(&Entry) -> Option<Code>,
) -> Result<Fate, TooMany> {
    let walk = Walk::new(stack, pinned);
    let mut fate = Fate::default();
    for keeper in walk.keepers() {
        for end in walk.ends(person, keeper)? {
            fate.is_in |= end.is_in();
            fate.is_out |= !end.is_in();
        }
    }
    Ok(fate)
}
