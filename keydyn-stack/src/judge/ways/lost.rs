//! Why `verify` finds no typing of somebody who is armed.

use super::Ways;
use crate::finding::{Finding, Severity};
use crate::module::Role;
use crate::service::Entry;
use crate::walk::Lost;

impl Ways<'_> {
    /// Armed users who are refused because nothing was captured.
    pub(super) fn lost(&self) -> Vec<Finding> {
        let mut told = Vec::new();
        let accepted = self.rights.iter().flat_map(|[_, accepted, _]| accepted);
        for end in accepted.filter(|end| !end.is_in()) {
            let (Some(lost), Some(verify)) = (end.events.lost, self.entry(end.events.judge)) else {
                continue;
            };
            if self.has(Role::Capture) && !told.iter().any(|(known, _)| *known == lost) {
                told.push((lost, verify));
            }
        }
        told.into_iter()
            .map(|(lost, verify)| self.why_lost(lost, verify))
            .collect()
    }

    fn why_lost(&self, lost: Lost, verify: &Entry) -> Finding {
        const COMES: &str = "there is no typing to judge, and whoever is armed is refused";
        let (kind, at) = match lost {
            Lost::NoCapture => ("capture-behind", None),
            Lost::PassedOver(at) => ("capture-passed-over", Some(at)),
            Lost::Asked(at) => ("asked-before", Some(at)),
            Lost::Twice(at) => ("capture-twice", Some(at)),
            Lost::Judged(at) => ("verify-twice", Some(at)),
            Lost::Replaced(at) => ("password-replaced", Some(at)),
        };
        let line = self.entry(at).map_or_else(String::new, Entry::to_string);
        let first = match lost {
            Lost::Twice(second) => self.capture_before(second),
            _ => None,
        };
        let text = match lost {
            Lost::NoCapture => format!(
                "No `capture` comes before {verify}: {COMES}. Put `capture` in front of the \
                 password module and `verify` behind it."
            ),
            Lost::PassedOver(_) => format!(
                "{line} can lead past `capture` and still to {verify}: {COMES} there. {}",
                match self.roles.get(at.unwrap_or_default()) {
                    Some(Role::Condition) => "Let it lead past both lines, or past neither.",
                    _ => "Let its jump end at a `required pam_permit.so` behind `verify`.",
                }
            ),
            Lost::Asked(_) => format!(
                "{line} asks for the password before `capture` can listen: for {verify} {COMES}. \
                 Put `capture` in front of it."
            ),
            Lost::Twice(_) => format!(
                "{line} is a second `capture`, which forgets what {} has heard: for {verify} \
                 {COMES}. {}",
                first.map_or_else(|| "the first".to_owned(), Entry::to_string),
                spare(first, self.entry(at))
            ),
            Lost::Judged(_) => format!(
                "{verify} is a second `verify` behind {line}, which has judged already: {COMES}. {}",
                spare(self.entry(at), Some(verify))
            ),
            Lost::Replaced(_) => format!(
                "{line} puts another password in the place of the one that was typed: for {verify} \
                 {COMES}. Let it ask for its code by itself, without `forward_pass`."
            ),
        };
        let lines: Vec<_> = first
            .into_iter()
            .chain(self.entry(at))
            .chain([verify])
            .collect();
        Finding::new(Severity::Error, kind, text).about(&lines)
    }

    fn capture_before(&self, second: usize) -> Option<&Entry> {
        let before = self.roles.get(..second)?;
        self.entry(before.iter().rposition(|role| *role == Role::Capture))
    }
}

/// Which of two lines is to go: the one that pam-auth-update would not put back.
fn spare(one: Option<&Entry>, other: Option<&Entry>) -> String {
    let managed = |entry: &Entry| entry.by_hand == Some(false);
    let spare = match (one, other) {
        (Some(one), Some(other)) if managed(other) && !managed(one) => one,
        (Some(one), Some(other)) if managed(one) && !managed(other) => other,
        _ => return "Take one of them out.".to_owned(),
    };
    format!(
        "pam-auth-update has written one of them: take out the one written by hand ({}).",
        spare.place
    )
}
