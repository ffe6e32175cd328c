//! What somebody has to do about an account's files, if anything.

use keydyn_core::store::header::{HeaderError, KdfParams};
use keydyn_core::store::state::{Phase, StateError};
use keydyn_core::store::switch::Place;
use keydyn_core::store::vault::survey::{Defect, Health, Survey};
use serde::Serialize;

use crate::account::Account;

/// One thing to do, or to know.
#[derive(Debug, Serialize)]
pub(crate) struct Advice {
    /// Until it is done, somebody is refused or cannot be learned.
    pub(crate) urgent: bool,
    pub(crate) text: String,
}

/// What to do about this account. `phase` is `None` where nobody can say. Where keydyn is not `in_force`
/// for the account, nobody is refused yet.
pub(crate) fn of(
    account: &Account,
    survey: &Survey,
    phase: Option<Phase>,
    in_force: bool,
) -> Vec<Advice> {
    let who = account.argument();
    let mut advice = Vec::new();
    let mut say = |urgent, text| advice.push(Advice { urgent, text });
    let (is, once) = match in_force {
        true => ("is", ""),
        false => ("will be", ", once keydyn is in force again,"),
    };
    let reset = format!("`keydyn reset {who}` begins anew.");
    let way_out = match in_force {
        true => {
            format!("`keydyn disable {who}` lets the password alone be enough meanwhile; {reset}")
        }
        false => format!("Until then the password alone is enough. {reset}"),
    };
    let later = Later::among(survey);
    if later.state {
        say(
            true,
            "A newer keydyn wrote the state, and this one leaves it as it is: upgrade keydyn. \
             Until then nothing is learned, verdicts are kept in /run, and only whoever types the \
             password that was learned is judged, by the copy in the profile; anybody else is \
             refused where keydyn is in force."
                .to_owned(),
        );
    }
    match (survey.profile, phase) {
        (Health::Damaged, _) if later.profile => say(
            true,
            "A newer keydyn wrote the profile, and this one cannot read it: upgrade keydyn."
                .to_owned(),
        ),
        (Health::Damaged, Some(Phase::Learning)) => {
            let text = "The profile is damaged, so nothing more is learned.";
            say(true, format!("{text} {reset}"));
        }
        (Health::Damaged, Some(Phase::Armed) | None) => {
            let text = format!(
                "The profile is damaged, and there is no generation before it that can be \
                 used:{once} every login at this machine's keyboards {is} refused."
            );
            say(true, format!("{text} {way_out}"));
        }
        (Health::Unreadable, _) => {
            let text = "What is kept cannot be read, so nobody can say whether anything is wrong \
                        with it. Put right what stands above";
            let then = match in_force {
                true => format!(
                    "; until then every login at this machine's keyboards may be refused. `keydyn \
                     disable {who}` lets the password alone be enough meanwhile."
                ),
                false => " before keydyn is in force again: then every login at this machine's \
                           keyboards may be refused. Until then the password alone is enough."
                    .to_owned(),
            };
            say(true, format!("{text}{then}"));
        }
        (Health::Absent, Some(Phase::Armed)) => {
            let text = format!(
                "The profile is gone although the user is armed:{once} every login at this machine's \
                 keyboards {is} refused."
            );
            say(true, format!("{text} {way_out}"));
        }
        (_, Some(Phase::None)) if survey.profile != Health::Absent => {
            let text = "A reset was interrupted before the profile was removed:";
            say(true, format!("{text} run `keydyn reset {who}` again."));
        }
        (Health::Previous, _) => say(
            false,
            "The profile is damaged; the generation before it stands in until the next login \
             that is learned. Nothing needs to be done."
                .to_owned(),
        ),
        _ => {}
    }
    if phase.is_none()
        && !later.state
        && !matches!(survey.profile, Health::Damaged | Health::Unreadable)
    {
        let text = format!(
            "The state is lost or damaged. Whoever types the password that was learned is judged by \
             the copy in the profile, which puts the state right; anybody else {is} refused."
        );
        say(true, format!("{text} {way_out}"));
    }
    let is_outdated = |params: KdfParams| params.raised_to(KdfParams::CURRENT).is_some();
    if survey.kdf.is_some_and(is_outdated) {
        let text = match survey.second {
            Health::Absent => {
                "The next login that lets in seals it anew; nothing needs to be done."
            }
            _ => "It is sealed anew once the changed password has been learned.",
        };
        let outdated = "The profile is sealed with less work than this keydyn asks for.";
        say(false, format!("{outdated} {text}"));
    }
    if survey.state_in == Some(Place::Run) && !later.state {
        let text = "The state went to /run, because the directory that lasts could not be \
                    written or was locked: see that the disk is not full or read-only. Nothing \
                    is learned until it can.";
        say(false, text.to_owned());
    }
    advice
}

/// What a newer keydyn wrote.
struct Later {
    profile: bool,
    state: bool,
}

impl Later {
    fn among(survey: &Survey) -> Self {
        let mut later = Self {
            profile: false,
            state: false,
        };
        for file in &survey.files {
            match file.defect {
                Some(Defect::Profile(HeaderError::FutureVersion { .. })) => later.profile = true,
                // The generation before stands in for nothing while this one is sound.
                Some(Defect::State(StateError::FutureVersion { .. })) => {
                    later.state |= !file.name.ends_with(".previous");
                }
                _ => {}
            }
        }
        later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::store::state::AccountState;
    use keydyn_core::store::vault::Standing;

    fn told(kdf: KdfParams, second: Health) -> Vec<Advice> {
        let survey = Survey {
            standing: Standing::Known(AccountState::default()),
            state_in: Some(Place::Main),
            profile: Health::Sound(3),
            second,
            kdf: Some(kdf),
            files: Vec::new(),
        };
        of(&Account::with_uid(0), &survey, Some(Phase::Armed), true)
    }

    #[test]
    fn who_is_let_in_by_keydyn_disable_is_not_told_to_be_refused() {
        let survey = Survey {
            standing: Standing::Known(AccountState::default()),
            state_in: Some(Place::Main),
            profile: Health::Damaged,
            second: Health::Absent,
            kdf: None,
            files: Vec::new(),
        };
        let told = |in_force| of(&Account::with_uid(0), &survey, Some(Phase::Armed), in_force);
        let refused = &told(true)[0];
        assert!(refused.urgent, "{refused:?}");
        assert!(
            refused.text.contains("keyboards is refused") && refused.text.contains("disable"),
            "{refused:?}"
        );
        let later = &told(false)[0];
        assert!(later.urgent, "{later:?}");
        assert!(
            later.text.contains("will be refused") && !later.text.contains("disable"),
            "{later:?}"
        );
        assert!(later.text.contains("`keydyn reset"), "{later:?}");
    }

    #[test]
    fn outdated_parameters_are_told_and_are_nobodys_task() {
        let outdated = KdfParams {
            passes: KdfParams::CURRENT.passes - 1,
            ..KdfParams::CURRENT
        };
        let advice = told(outdated, Health::Absent);
        assert!(
            !advice[0].urgent && advice[0].text.contains("next login"),
            "{advice:?}"
        );
        let waiting = told(outdated, Health::Sound(1));
        assert!(waiting[0].text.contains("changed password"), "{waiting:?}");
        assert!(told(KdfParams::CURRENT, Health::Absent).is_empty());
    }
}
