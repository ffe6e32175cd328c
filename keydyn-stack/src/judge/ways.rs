//! What comes of every way through a stack, held against what keydyn promises.

mod lost;

use crate::code::Code;
use crate::control::Action;
use crate::finding::{Finding, Severity, merge};
use crate::module::{self, Role};
use crate::service::Entry;
use crate::walk::{End, Events, Keeper, Person, TooMany, Verdict, Walk};

/// Appends what there is to say of this stack.
pub(super) fn walk(stack: &[Entry], findings: &mut Vec<Finding>) {
    let walked = match Ways::new(stack) {
        Ok(ways) => ways.findings(),
        Err(too_many) => {
            let text = format!("Nothing can be said of where this stack leads: {too_many}.");
            vec![Finding::new(Severity::Warning, "too-many-ways", text)]
        }
    };
    merge(findings, walked, None);
}

/// The right password: who may type it.
const RIGHTS: [Person; 3] = [Person::NotInForce, Person::Accepted, Person::SwitchedOff];

/// Where everybody comes to.
struct Ways<'a> {
    stack: &'a [Entry],
    roles: Vec<Role>,
    keepers: Vec<Keeper<'a>>,
    /// By keeper, for each of [`RIGHTS`].
    rights: Vec<[Vec<End>; 3]>,
    /// Of whoever is refused, whoever keeps the password.
    refused: Vec<End>,
    /// Of whoever is armed, where `verify` breaks down.
    failed: Vec<End>,
    wrong: Vec<End>,
    /// Without keydyn's lines: whether each keeper lets in, and whether a wrong password gets in.
    without: (Vec<bool>, bool),
    /// Lines that let in by something else, without keydyn's.
    others: Vec<usize>,
}

impl<'a> Ways<'a> {
    fn new(stack: &'a [Entry]) -> Result<Self, TooMany> {
        let walk = Walk::new(stack, &nothing);
        let keepers = walk.keepers();
        let (mut rights, mut refused, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for keeper in &keepers {
            let [first, second, third] = RIGHTS.map(|person| walk.ends(person, *keeper));
            rights.push([first?, second?, third?]);
            refused.extend(walk.ends(Person::Refused, *keeper)?);
            failed.extend(walk.ends(Person::Failed, *keeper)?);
        }
        let wrong = walk.ends(Person::Wrong, Keeper::Every)?;

        let (places, bare): (Vec<_>, Vec<_>) = stack
            .iter()
            .cloned()
            .enumerate()
            .filter(|(_, entry)| !entry.is_keydyn())
            .unzip();
        let bare = Walk::new(&bare, &nothing);
        let mut lets_in = Vec::new();
        for keeper in &keepers {
            let ends = bare.ends(Person::NotInForce, *keeper)?;
            lets_in.push(ends.iter().any(is_well));
        }
        let open = bare.ends(Person::Wrong, Keeper::Every)?;
        let mut others: Vec<_> = open
            .iter()
            .filter(|end| end.is_in() && !end.events.proven)
            .filter_map(|end| places.get(end.events.otherwise?).copied())
            .collect();
        others.sort_unstable();
        others.dedup();
        Ok(Self {
            stack,
            roles: walk.roles().to_vec(),
            keepers,
            rights,
            refused,
            failed,
            wrong,
            without: (lets_in, open.iter().any(slips_in)),
            others,
        })
    }

    fn findings(&self) -> Vec<Finding> {
        if self.keepers.is_empty() {
            return vec![self.no_password()];
        }
        let mut findings = self.lost();
        // Said once: whoever is refused for want of a typing is locked out by that.
        let said = !findings.is_empty() || !self.has(Role::Capture) || self.has(Role::Neither);
        findings.extend(self.wrong_password());
        findings.extend(self.locked_out(said));
        findings.extend(
            self.others
                .iter()
                .filter_map(|at| self.other_locked_out(*at)),
        );
        if self.has(Role::Verify) {
            let slipped: Vec<_> = self
                .refused
                .iter()
                .filter_map(|end| self.slipped(end))
                .collect();
            // Where a refusal does not count, nothing else does.
            if !slipped.iter().any(|one| one.kind == "refusal-lost") {
                findings.extend(self.failed.iter().filter_map(|end| self.failure_lost(end)));
            }
            findings.extend(slipped);
        }
        let accepted = self.rights.iter().flat_map(|[_, accepted, _]| accepted);
        for end in accepted.chain(&self.refused).chain(&self.wrong) {
            findings.extend(self.early(&end.events));
            findings.extend(self.used(&end.events));
            findings.extend(self.other_way(end));
        }
        findings
    }

    fn no_password(&self) -> Finding {
        let text = match self.find(Role::OtherWay) {
            Some(other) => format!(
                "No line of this stack checks a password, so there is nothing to judge: {other} \
                 lets in without one. Take keydyn's lines out of this stack, or put a password \
                 module between them."
            ),
            None => "No line of this stack checks a password: `capture` asks for one, and nobody \
                     says whether it is right. Put the password module between keydyn's two \
                     lines, or take them out of this stack."
                .to_owned(),
        };
        Finding::new(Severity::Error, "no-password", text)
    }

    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    fn find(&self, role: Role) -> Option<&Entry> {
        let at = self.roles.iter().position(|known| *known == role)?;
        self.stack.get(at)
    }

    fn entry(&self, at: Option<usize>) -> Option<&Entry> {
        self.stack.get(at?)
    }

    fn wrong_password(&self) -> Option<Finding> {
        if !self.wrong.iter().any(slips_in) {
            return None;
        }
        let counts =
            |entry: &&Entry| entry.is_keydyn() && entry.control.of(Code::IGNORE) != Action::Ignore;
        let guilty: Vec<_> = self.stack.iter().filter(counts).collect();
        let (severity, text) = match (self.without.1, guilty.first()) {
            (true, _) => (
                Severity::Error,
                "A wrong password gets in, with keydyn's lines and without them: no line that is \
                 reached refuses. Put `requisite pam_deny.so` behind the password modules."
                    .to_owned(),
            ),
            (false, Some(entry)) => (
                Severity::Error,
                format!(
                    "A wrong password gets in: {entry} is reached with it, and its control makes \
                     more of `ignore`, which is what keydyn gives where it has nothing to say, than \
                     nothing. A line that refuses must stand between the password module and it."
                ),
            ),
            (false, None) => (
                Severity::Error,
                "A wrong password gets in, because a jump of the stack ends at another line than \
                 before keydyn's were put in. Count the lines that the jumps pass over."
                    .to_owned(),
            ),
        };
        Some(Finding::new(severity, "wrong-password", text).about(&guilty))
    }

    /// People with the right password who have no way in at all.
    fn locked_out(&self, said: bool) -> Vec<Finding> {
        let has_way = |person: usize| {
            self.rights
                .iter()
                .any(|ends| ends[person].iter().any(lets_in))
        };
        let out = [0, 1, 2].map(|person| !has_way(person));
        let (who, person) = match out {
            [true, true, _] => ("Nobody gets in, not even with the right password", 0),
            [true, false, _] => {
                return self.find(Role::Verify).map(unlearned).into_iter().collect();
            }
            [false, true, _] if !said => ("Whoever keydyn has accepted is locked out", 1),
            [false, _, true] => (
                "With `keydyn=off`, and after `keydyn disable`, nobody gets in",
                2,
            ),
            _ => return self.locked_out_of_one(said),
        };
        let ends = self.rights.iter().flat_map(|ends| &ends[person]);
        // Of those whose password was found right, if there are any.
        let end = ends.min_by_key(|end| !end.events.proven);
        vec![self.locked("locked-out", who, end)]
    }

    /// Those whose password one module knows, where others get in.
    fn locked_out_of_one(&self, said: bool) -> Vec<Finding> {
        let lines = self.keepers.iter().zip(&self.rights).zip(&self.without.0);
        let locked = lines.filter_map(|((keeper, ends), without)| {
            let Keeper::Only(name) = keeper else {
                return None;
            };
            let people = if said { &ends[..1] } else { &ends[..2] };
            let out = people.iter().find(|ends| !ends.iter().any(lets_in))?;
            let who = format!("Whoever has a password that {name} knows is locked out");
            let end = out.iter().min_by_key(|end| !end.events.proven);
            without.then(|| self.locked("locked-out-of-one", &who, end))
        });
        locked.collect()
    }

    /// Those who came in by a finger or a key before keydyn's lines were put in.
    fn other_locked_out(&self, at: usize) -> Option<Finding> {
        let (by, role) = (self.stack.get(at)?, self.roles.get(at)?);
        let counted = matches!(by.control.of(Code::SUCCESS), Action::Jump(_));
        if !counted || !matches!(role, Role::OtherWay | Role::Unknown) {
            return None;
        }
        let theirs = self.wrong.iter();
        let theirs = theirs.filter(|end| end.events.otherwise == Some(at));
        let (ins, outs): (Vec<_>, Vec<_>) = theirs.partition(|end| end.is_in());
        let out = outs.first().filter(|_| ins.is_empty())?;
        let leads = self
            .entry(out.events.failed_by)
            .map_or_else(String::new, |line| format!(" its jump leads to {line}."));
        let text = format!(
            "Whoever comes in by {by} is locked out, and was not before keydyn's lines were put \
             in:{leads} Count the lines that it passes over: keydyn's count too."
        );
        Some(Finding::new(Severity::Error, "locked-out-of-one", text).about(&[by]))
    }

    fn locked(&self, kind: &'static str, who: &str, end: Option<&End>) -> Finding {
        let by = end.and_then(|end| self.entry(end.events.failed_by));
        let unasked = end.is_some_and(|end| !end.events.proven);
        let eager = self
            .find(Role::Password)
            .filter(|entry| entry.has("use_first_pass"));
        let (reason, remedy, line) = match (by, eager) {
            (_, Some(eager)) if unasked => (
                format!("{eager} has `use_first_pass`, and nobody has asked for the password then"),
                "Write `try_first_pass`.",
                Some(eager),
            ),
            (Some(by), _) if by.is_keydyn() => (
                format!("{by} refuses them, because its control makes a failure of `ignore`"),
                "Write `requisite`.",
                Some(by),
            ),
            (Some(by), _) if !unasked && jumps(by) => (
                format!(
                    "{by} jumps over more lines than there are, which libpam takes for a failure"
                ),
                "Count the lines: keydyn's count too.",
                Some(by),
            ),
            (Some(by), _) if self.stands_behind_verify(by) => (
                format!("the way leads to {by}, which fails"),
                "Put `verify` behind `required pam_permit.so`.",
                None,
            ),
            (Some(by), _) => (
                format!("the way leads to {by}, which fails"),
                "Count the lines that the jumps in front of it pass over: keydyn's count too.",
                Some(by),
            ),
            (None, _) => (
                "no line that they reach gives a success".to_owned(),
                "Put `required pam_permit.so` behind the line that refuses.",
                None,
            ),
        };
        let text = format!("{who}: {reason}. {remedy}");
        let lines: Vec<_> = line.into_iter().collect();
        Finding::new(Severity::Error, kind, text).about(&lines)
    }

    /// `verify` was put between a jump and the line that it passed over.
    fn stands_behind_verify(&self, deny: &Entry) -> bool {
        let is_it = |entry: &Entry| entry.place == deny.place;
        let Some(at) = self.stack.iter().position(is_it) else {
            return false;
        };
        let (before, behind) = self.stack.split_at(at);
        deny.stem() == "pam_deny"
            && self.roles.get(..at).and_then(<[Role]>::last) == Some(&Role::Verify)
            && before.iter().rev().nth(1).is_some_and(jumps)
            && behind.iter().any(|entry| entry.stem() == "pam_permit")
    }

    /// Whoever is refused, or would be, and gets in.
    fn slipped(&self, end: &End) -> Option<Finding> {
        let events = &end.events;
        if !end.is_in() || !events.proven {
            return None;
        }
        if events.verdict == Verdict::None {
            return self.passed_by(events);
        }
        if events.verdict != Verdict::Refused {
            return None;
        }
        let verify = self.entry(events.judge)?;
        let text = format!(
            "Whoever {verify} refuses gets in all the same: `{}` does not make a refusal count. \
             Write `requisite`.",
            verify.word
        );
        Some(Finding::new(Severity::Error, "refusal-lost", text).about(&[verify]))
    }

    /// Whoever is armed gets in where `verify` breaks down.
    fn failure_lost(&self, end: &End) -> Option<Finding> {
        let events = &end.events;
        if !end.is_in() || !events.proven || events.verdict != Verdict::Refused {
            return None;
        }
        let verify = self.entry(events.judge)?;
        let text = format!(
            "Where {verify} breaks down, whoever is armed gets in, however the password was typed: \
             `{}` lets a refusal count, and no other failure. Write `requisite`, or `default=die`.",
            verify.word
        );
        Some(Finding::new(Severity::Error, "failure-lost", text).about(&[verify]))
    }

    fn passed_by(&self, events: &Events) -> Option<Finding> {
        let verify = self.find(Role::Verify)?;
        let at = events.passed_by?;
        let (by, role) = (self.stack.get(at)?, *self.roles.get(at)?);
        if matches!(role, Role::Condition | Role::Unknown | Role::OtherWay) {
            let text = format!(
                "{by} can lead past {verify}: there the password alone is enough. If that is not \
                 meant, let it end in front of `verify`."
            );
            return Some(Finding::new(Severity::Warning, "exempt", text).about(&[by, verify]));
        }
        let ends = matches!(by.control.of(Code::SUCCESS), Action::Done);
        let text = match ends {
            true => format!(
                "{by} ends the stack when the password is right, so that {verify} is not reached: \
                 whoever has the password gets in, however it was typed. Write `[success=1 \
                 default=ignore]` there, `requisite pam_deny.so` in the next line, and `verify` \
                 behind it."
            ),
            false => format!(
                "{by} passes over {verify} when the password is right: whoever has the password \
                 gets in, however it was typed. Let the jump end in front of `verify`."
            ),
        };
        Some(Finding::new(Severity::Error, "verify-passed-over", text).about(&[by, verify]))
    }

    fn early(&self, events: &Events) -> Option<Finding> {
        let verify = self.entry(events.early.filter(|_| events.proven))?;
        let text = format!(
            "{verify} judges before anybody has found the password right: whoever tries passwords \
             can tell a right one by where the refusal comes from. Put it behind the password \
             module."
        );
        Some(Finding::new(Severity::Warning, "verify-early", text).about(&[verify]))
    }

    fn used(&self, events: &Events) -> Option<Finding> {
        let used = self.entry(events.used)?;
        let verify = self.entry(events.judge)?;
        let text = format!(
            "{used} is given the password before {verify} has judged: it opens what it keeps for \
             somebody who is then refused. Put it behind `verify`."
        );
        Some(Finding::new(Severity::Warning, "used-before", text).about(&[used, verify]))
    }

    /// A way in on which keydyn is not asked, and need not be.
    fn other_way(&self, end: &End) -> Option<Finding> {
        let at = end.events.otherwise?;
        if !end.is_in() || end.events.proven {
            return None;
        }
        let (by, role) = (self.stack.get(at)?, self.roles.get(at)?);
        if *role == Role::Condition && !is_meant(by) {
            let text = format!(
                "Whoever {by} is true of is let in without the password, and is not judged by \
                 keydyn. If that is not meant, let it lead to the password module."
            );
            return Some(Finding::new(Severity::Warning, "no-proof", text).about(&[by]));
        }
        let may_check = *role == Role::Unknown || by.stem() == "pam_python";
        let heard = self.roles.get(..at)?.contains(&Role::Capture);
        if let (true, true, Some(verify)) = (
            may_check && end.events.verdict == Verdict::None,
            heard,
            self.find(Role::Verify),
        ) {
            let text = format!(
                "{by} stands behind `capture` and can lead past {verify}; what it checks is not \
                 known here. If it checks the password, whoever has it gets in, however it was \
                 typed: let it end in front of `verify`."
            );
            return Some(Finding::new(Severity::Warning, "other-way", text).about(&[by, verify]));
        }
        let what = match role {
            Role::Unknown => "which is not known here, can let in without the password",
            _ => "lets in without the password",
        };
        let text = format!("{by} {what}; whoever comes that way is not judged by keydyn.");
        Some(Finding::new(Severity::Note, "other-way", text).about(&[by]))
    }
}

/// A condition that says by itself that it is there to let in: su's `trust`, and the group that
/// display managers let in.
fn is_meant(condition: &Entry) -> bool {
    condition.stem() == "pam_wheel" || condition.has("nopasswdlogin")
}

/// `verify` does something else with those of whom it has nothing to say than with the accepted.
fn unlearned(verify: &Entry) -> Finding {
    let mend = match &*verify.word {
        "requisite" | "required" => {
            "Nothing on the way to it gives a success: let the password module's jump end at \
             `required pam_permit.so`, and put that line in front of `verify`"
        }
        _ => "Let its control say the same of both, or write `requisite`",
    };
    let text = format!(
        "Whoever keydyn has not learned is locked out, and so is everybody under `keydyn=off` or \
         `keydyn disable`: {verify} does something else with `ignore`, which it gives for them, than \
         with `success`. {mend}."
    );
    Finding::new(Severity::Error, "unlearned-locked-out", text).about(&[verify])
}

/// No module's code is known beforehand.
fn nothing(_: &Entry) -> Option<Code> {
    None
}

/// A password module whose success leads elsewhere than to the next line.
fn jumps(entry: &Entry) -> bool {
    module::role(entry) == Role::Password
        && matches!(entry.control.of(Code::SUCCESS), Action::Jump(_))
}

/// Somebody has come in by the password.
fn is_well(end: &End) -> bool {
    end.is_in() && end.events.proven
}

/// The stack does not keep out whoever has the password.
fn lets_in(end: &End) -> bool {
    is_well(end) || slips_in(end)
}

/// Somebody has come in by nothing.
fn slips_in(end: &End) -> bool {
    end.is_in() && !end.events.proven && end.events.otherwise.is_none()
}
