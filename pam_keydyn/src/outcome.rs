//! What came of an attempt, and the one function that makes a return code of it.

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::settings::{Mode, PasswordChange, Rule, Settings};
use keydyn_core::store::state::Phase;
use pam::constants::PamResultCode::{self, PAM_AUTH_ERR, PAM_IGNORE, PAM_SUCCESS};

/// What came of an attempt at `verify`. Every row of docs/pam-semantics.md is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `keydyn=off` on the kernel's command line.
    SwitchedOff,
    /// `keydyn disable`, for this user or for everybody.
    Disabled,
    /// Typed elsewhere than at this machine.
    NotLocal,
    /// The keyboards may not be read from here.
    Unprivileged,
    /// The user is not armed; whether the attempt could be judged does not matter.
    Unarmed(Phase, Typing),
    /// The owner's rhythm.
    Accepted,
    /// Somebody else's.
    Refused,
    /// Armed, and nothing that can be judged.
    Unusable(FailureToAcquire),
    /// Not judged; too many refusals before.
    CoolingDown,
    /// The factor itself could not do its work.
    Unfit(Unfit, Armed),
    /// The profile is sealed under another password than the right one.
    OtherPassword(Armed),
    /// Nobody can say whether the user is armed.
    StateUnknown,
    /// Armed, and the verdict could be written nowhere, so that there is none.
    Unwritable,
}

/// Whether an attempt of an unarmed user was usable, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typing {
    Accepted,
    Refused,
    Undecided,
    Unusable(FailureToAcquire),
}

/// Why the factor could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// `capture` did not run on this handle, or for another user.
    NoCapture,
    /// The password is no longer the captured one.
    TokenReplaced,
    /// No key could be derived, no memory or randomness had.
    Internal,
    /// The time for the module's own work was over.
    OutOfTime,
    /// The profile is there and cannot be opened, or should be there and is not.
    Profile,
    /// The line says neither `capture` nor `verify`.
    NoLine,
}

/// Whether the account is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Armed {
    Yes,
    No,
}

impl From<Phase> for Armed {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Armed => Self::Yes,
            Phase::None | Phase::Learning => Self::No,
        }
    }
}

/// The return code of `verify`. `PAM_IGNORE` behind the password module lets in whoever has the
/// password, so every arm that gives it is a decision of the documentation.
pub(crate) fn return_code(
    outcome: Outcome,
    settings: &Settings,
    uid: Option<u32>,
) -> PamResultCode {
    if settings.mode == Mode::Shadow {
        return PAM_IGNORE;
    }
    let unarmed = match settings.mode {
        // Root stays able to log in and enrol.
        Mode::Enforce if uid != Some(0) => PAM_AUTH_ERR,
        Mode::Enforce | Mode::Auto | Mode::Shadow => PAM_IGNORE,
    };
    match outcome {
        Outcome::SwitchedOff | Outcome::Disabled => PAM_IGNORE,
        Outcome::NotLocal => by(settings.no_timings),
        Outcome::Unprivileged => by(settings.unprivileged),
        Outcome::Unarmed(_, _)
        | Outcome::Unfit(_, Armed::No)
        | Outcome::OtherPassword(Armed::No) => unarmed,
        Outcome::OtherPassword(Armed::Yes) => match settings.password_change {
            PasswordChange::Learn => PAM_IGNORE,
            PasswordChange::Refuse => PAM_AUTH_ERR,
        },
        Outcome::Accepted => PAM_SUCCESS,
        Outcome::Refused
        | Outcome::Unusable(_)
        | Outcome::CoolingDown
        | Outcome::Unfit(_, Armed::Yes)
        | Outcome::StateUnknown
        | Outcome::Unwritable => PAM_AUTH_ERR,
    }
}

fn by(rule: Rule) -> PamResultCode {
    match rule {
        Rule::Ignore => PAM_IGNORE,
        Rule::Refuse => PAM_AUTH_ERR,
    }
}

impl Outcome {
    /// State, outcome and reason as the log has them.
    pub(crate) fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SwitchedOff => ("off", "not-in-force", "keydyn=off"),
            Self::Disabled => ("disabled", "not-in-force", "keydyn-disable"),
            Self::NotLocal => ("any", "not-local", "typed-elsewhere"),
            Self::Unprivileged => ("any", "unprivileged", "keyboards-hidden"),
            Self::Unarmed(phase, typing) => (
                if phase == Phase::None {
                    "none"
                } else {
                    "learning"
                },
                "not-in-force",
                match typing {
                    Typing::Accepted => "would-accept",
                    Typing::Refused => "would-refuse",
                    Typing::Undecided => "undecided",
                    Typing::Unusable(failure) => failure.word(),
                },
            ),
            Self::Accepted => ("armed", "accepted", "rhythm"),
            Self::Refused => ("armed", "refused", "rhythm"),
            Self::Unusable(failure) => ("armed", "unusable", failure.word()),
            Self::CoolingDown => ("cooling-down", "refused", "too-many-refusals"),
            Self::Unfit(unfit, armed) => (
                if armed == Armed::Yes {
                    "armed"
                } else {
                    "unarmed"
                },
                "failed",
                match unfit {
                    Unfit::NoCapture => "no-capture",
                    Unfit::TokenReplaced => "password-replaced",
                    Unfit::Internal => "internal",
                    Unfit::OutOfTime => "out-of-time",
                    Unfit::Profile => "profile-unreadable",
                    Unfit::NoLine => "stack",
                },
            ),
            Self::OtherPassword(Armed::Yes) => ("armed", "not-in-force", "password-changed"),
            Self::OtherPassword(Armed::No) => ("unarmed", "not-in-force", "password-changed"),
            Self::StateUnknown => ("unknown", "failed", "state-unreadable"),
            Self::Unwritable => ("armed", "failed", "state-unwritable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/pam-semantics.md, row by row: shadow, auto, enforce, and enforce for root.
    #[test]
    fn the_table() {
        use Outcome as O;
        let failure = FailureToAcquire::NoPress;
        let (s, i, e) = (PAM_SUCCESS, PAM_IGNORE, PAM_AUTH_ERR);
        let rows = [
            (O::SwitchedOff, [&i, &i, &i, &i]),
            (O::Disabled, [&i, &i, &i, &i]),
            (O::NotLocal, [&i, &i, &i, &i]),
            (O::Unprivileged, [&i, &i, &i, &i]),
            (O::Unarmed(Phase::None, Typing::Undecided), [&i, &i, &e, &i]),
            (
                O::Unarmed(Phase::Learning, Typing::Accepted),
                [&i, &i, &e, &i],
            ),
            (
                O::Unarmed(Phase::Learning, Typing::Refused),
                [&i, &i, &e, &i],
            ),
            (
                O::Unarmed(Phase::Learning, Typing::Unusable(failure)),
                [&i, &i, &e, &i],
            ),
            (O::Accepted, [&i, &s, &s, &s]),
            (O::Refused, [&i, &e, &e, &e]),
            (O::Unusable(failure), [&i, &e, &e, &e]),
            (O::CoolingDown, [&i, &e, &e, &e]),
            (O::Unfit(Unfit::NoCapture, Armed::Yes), [&i, &e, &e, &e]),
            (O::Unfit(Unfit::NoCapture, Armed::No), [&i, &i, &e, &i]),
            (O::Unfit(Unfit::TokenReplaced, Armed::Yes), [&i, &e, &e, &e]),
            (O::Unfit(Unfit::Internal, Armed::Yes), [&i, &e, &e, &e]),
            (O::Unfit(Unfit::Internal, Armed::No), [&i, &i, &e, &i]),
            (O::Unfit(Unfit::OutOfTime, Armed::Yes), [&i, &e, &e, &e]),
            (O::Unfit(Unfit::OutOfTime, Armed::No), [&i, &i, &e, &i]),
            (O::Unfit(Unfit::Profile, Armed::Yes), [&i, &e, &e, &e]),
            (O::Unfit(Unfit::NoLine, Armed::Yes), [&i, &e, &e, &e]),
            (O::OtherPassword(Armed::Yes), [&i, &i, &i, &i]),
            (O::OtherPassword(Armed::No), [&i, &i, &e, &i]),
            (O::StateUnknown, [&i, &e, &e, &e]),
            (O::Unwritable, [&i, &e, &e, &e]),
        ];
        for (outcome, codes) in rows {
            let code = |mode, uid| {
                return_code(
                    outcome,
                    &Settings {
                        mode,
                        ..Settings::default()
                    },
                    Some(uid),
                )
            };
            let found = [
                code(Mode::Shadow, 1000),
                code(Mode::Auto, 1000),
                code(Mode::Enforce, 1000),
                code(Mode::Enforce, 0),
            ];
            assert_eq!(found.each_ref(), codes, "{outcome:?}");
        }
    }

    #[test]
    fn the_rules() {
        let settings = Settings {
            no_timings: Rule::Refuse,
            unprivileged: Rule::Refuse,
            password_change: PasswordChange::Refuse,
            ..Settings::default()
        };
        for (outcome, code) in [
            (Outcome::NotLocal, PAM_AUTH_ERR),
            (Outcome::Unprivileged, PAM_AUTH_ERR),
            (Outcome::OtherPassword(Armed::Yes), PAM_AUTH_ERR),
            (Outcome::OtherPassword(Armed::No), PAM_IGNORE),
            (Outcome::SwitchedOff, PAM_IGNORE),
            (Outcome::Disabled, PAM_IGNORE),
        ] {
            assert_eq!(
                return_code(outcome, &settings, Some(1000)),
                code,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn what_the_log_says() {
        use Outcome as O;
        let failure = FailureToAcquire::NoPress;
        for (outcome, words) in [
            (O::SwitchedOff, "off not-in-force keydyn=off"),
            (O::Disabled, "disabled not-in-force keydyn-disable"),
            (O::NotLocal, "any not-local typed-elsewhere"),
            (O::Unprivileged, "any unprivileged keyboards-hidden"),
            (
                O::Unarmed(Phase::None, Typing::Undecided),
                "none not-in-force undecided",
            ),
            (
                O::Unarmed(Phase::Learning, Typing::Accepted),
                "learning not-in-force would-accept",
            ),
            (
                O::Unarmed(Phase::Learning, Typing::Refused),
                "learning not-in-force would-refuse",
            ),
            (
                O::Unarmed(Phase::Learning, Typing::Unusable(failure)),
                "learning not-in-force no-press",
            ),
            (O::Accepted, "armed accepted rhythm"),
            (O::Refused, "armed refused rhythm"),
            (O::Unusable(failure), "armed unusable no-press"),
            (O::CoolingDown, "cooling-down refused too-many-refusals"),
            (
                O::Unfit(Unfit::NoCapture, Armed::Yes),
                "armed failed no-capture",
            ),
            (
                O::Unfit(Unfit::NoCapture, Armed::No),
                "unarmed failed no-capture",
            ),
            (
                O::Unfit(Unfit::TokenReplaced, Armed::Yes),
                "armed failed password-replaced",
            ),
            (
                O::Unfit(Unfit::Internal, Armed::Yes),
                "armed failed internal",
            ),
            (
                O::Unfit(Unfit::Profile, Armed::Yes),
                "armed failed profile-unreadable",
            ),
            (O::Unfit(Unfit::NoLine, Armed::Yes), "armed failed stack"),
            (
                O::OtherPassword(Armed::Yes),
                "armed not-in-force password-changed",
            ),
            (
                O::OtherPassword(Armed::No),
                "unarmed not-in-force password-changed",
            ),
            (O::StateUnknown, "unknown failed state-unreadable"),
            (O::Unwritable, "armed failed state-unwritable"),
        ] {
            let (state, what, reason) = outcome.words();
            assert_eq!(format!("{state} {what} {reason}"), words, "{outcome:?}");
        }
    }

    #[test]
    fn only_a_rhythm_in_force_is_armed() {
        assert_eq!(Armed::from(Phase::Armed), Armed::Yes);
        for phase in [Phase::None, Phase::Learning] {
            assert_eq!(Armed::from(phase), Armed::No, "{phase:?}");
        }
    }
}
