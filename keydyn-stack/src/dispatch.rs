//! libpam's way through a stack: `_pam_dispatch_aux` of Linux-PAM, for `pam_authenticate`.
//!
//! The codes that modules return come from outside, so that one way can be played, or all of them.
//! `tests/stacks/tests/dispatch.rs` holds this file against the real libpam.

use crate::code::Code;
use crate::control::Action;
use crate::service::{Entry, Kind};

/// What the lines so far come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Impression {
    /// Nothing counted yet.
    Undefined,
    /// Success, until something fails.
    Positive,
    /// Failure, whatever comes.
    Negative,
}

/// Where in a stack libpam is, and all that it remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Course {
    at: usize,
    /// What counts so far.
    pub impression: Impression,
    status: Code,
    /// The level of the line before.
    before: usize,
    /// What counted when each level was entered.
    saved: Vec<(Impression, Code)>,
    over: bool,
}

/// What libpam does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Calls the module of this line.
    Call(usize),
    /// Returns this to the application.
    Return(Code),
}

impl Course {
    /// In front of the first line.
    #[must_use]
    pub fn begin(stack: &[Entry]) -> Self {
        let start = (Impression::Undefined, Code::PERM_DENIED);
        let mut course = Self {
            at: 0,
            impression: start.0,
            status: start.1,
            before: 0,
            saved: vec![start],
            over: false,
        };
        course.arrive(stack);
        course
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self, stack: &[Entry]) -> Next {
        if !self.over && self.at < stack.len() {
            return Next::Call(self.at);
        }
        let unfounded = self.status == Code::SUCCESS && self.impression != Impression::Positive;
        Next::Return(match unfounded {
            true => Code::PERM_DENIED,
            false => self.status,
        })
    }

    /// Goes on after the line at hand has returned this.
    #[must_use]
    pub fn after(mut self, stack: &[Entry], code: Code) -> Self {
        let Some(entry) = stack.get(self.at) else {
            return self;
        };
        if code == Code::INCOMPLETE {
            (self.status, self.over) = (code, true);
            return self;
        }
        let level = entry.level;
        let mut ends = false;
        match entry.control.of(code) {
            Action::Ignore => {}
            Action::Reset => {
                (self.impression, self.status) =
                    self.saved.get(level).copied().unwrap_or(self.start());
            }
            action @ (Action::Ok | Action::Done) => {
                self.count(code);
                ends = action == Action::Done && self.impression == Impression::Positive;
            }
            action @ (Action::Bad | Action::Die) => {
                self.fail(code);
                ends = action == Action::Die;
            }
            Action::Jump(lines) => {
                if !self.jump(stack, level, lines) {
                    self.impression = Impression::Negative;
                    self.status = Code::PERM_DENIED;
                }
            }
        }
        if ends {
            self.at = last_of(stack, self.at, level);
        }
        self.before = level;
        self.at += 1;
        self.arrive(stack);
        self
    }

    fn start(&self) -> (Impression, Code) {
        self.saved
            .first()
            .copied()
            .unwrap_or((Impression::Undefined, Code::PERM_DENIED))
    }

    fn count(&mut self, code: Code) {
        let first = self.impression == Impression::Undefined;
        if first || (self.impression == Impression::Positive && self.status == Code::SUCCESS) {
            self.impression = Impression::Positive;
            self.status = code;
        }
    }

    fn fail(&mut self, code: Code) {
        if self.impression != Impression::Negative {
            self.impression = Impression::Negative;
            self.status = match code {
                Code::IGNORE => Code::PERM_DENIED,
                code => code,
            };
        }
    }

    /// Passes over so many lines, a substack being one; whether there were as many.
    fn jump(&mut self, stack: &[Entry], level: usize, lines: u32) -> bool {
        let deep = |at: usize| stack.get(at).map(|entry| entry.level);
        for _ in 0..lines {
            if deep(self.at + 1).is_none_or(|next| next < level) {
                return false;
            }
            self.at += 1;
            while deep(self.at + 1).is_some_and(|next| next > level) {
                self.at += 1;
            }
        }
        true
    }

    /// Goes past the heads of substacks, remembering what counted in front of them.
    fn arrive(&mut self, stack: &[Entry]) {
        while let Some(entry) = stack.get(self.at) {
            if self.before < entry.level {
                self.saved.truncate(entry.level);
                self.saved.push((self.impression, self.status));
            }
            if entry.kind != Kind::Substack {
                break;
            }
            self.before = entry.level;
            self.at += 1;
        }
    }
}

/// The last line of the stack or substack that is at this level.
fn last_of(stack: &[Entry], from: usize, level: usize) -> usize {
    let rest = stack.iter().skip(from + 1);
    from + rest.take_while(|entry| entry.level >= level).count()
}

/// Plays one way: what the application gets if each module returns what `returned` says. Broken
/// lines are not asked.
pub fn dispatch(stack: &[Entry], mut returned: impl FnMut(&Entry) -> Code) -> Code {
    if stack.is_empty() {
        return Code::PERM_DENIED;
    }
    let mut course = Course::begin(stack);
    loop {
        match course.next(stack) {
            Next::Return(code) => return code,
            Next::Call(at) => {
                let entry = &stack[at];
                let code = match entry.kind {
                    Kind::Broken(_) => Code::PERM_DENIED,
                    _ if entry.missing => Code::MODULE_UNKNOWN,
                    _ => returned(entry),
                };
                course = course.after(stack, code);
            }
        }
    }
}
