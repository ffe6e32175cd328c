//! `verify`: judges the rhythm of a password that was right. It starts from a refusal; see
//! [`crate::outcome`] for what lets anybody pass.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};

use keydyn_core::device::Device;
use keydyn_core::policy::{Decision, decide};
use keydyn_core::printable::excerpt;
use keydyn_core::settings::{PasswordChange, Settings};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::profile::Profile;
use keydyn_core::store::state::{AccountState, Phase, Verdict};
use keydyn_core::store::vault::{Opening, Slot, Standing, Vault};
use keydyn_core::time::Timestamp;
use keydyn_sys::descriptors::Standard;
use keydyn_sys::reserve;
use keydyn_sys::source::Whereabouts;
use keydyn_sys::system;
use pam::constants::PamResultCode::{self, PAM_AUTH_ERR};
use pam::items::AuthTok;
use pam::module::PamHandle;

use crate::capture::service;
use crate::carried::Carried;
use crate::ffi;
use crate::handover::{Handover, Pending, vault};
use crate::log::Level;
use crate::machine::{Machine, WORKING_MEMORY};
use crate::outcome::{Armed, Outcome, Typing, Unfit, return_code};

/// An outcome, whether the attempt may be learned and the profile is to be sealed anew, how many
/// typings were learned, and what makes the keyboard doubtful that was typed on.
struct Finding {
    outcome: Outcome,
    learn: bool,
    /// Does not wait for a typing that may be learned.
    renew: bool,
    samples: u32,
    device: Device,
}

impl Finding {
    fn only(outcome: Outcome) -> Self {
        Self {
            outcome,
            learn: false,
            renew: false,
            samples: 0,
            device: Device::default(),
        }
    }
}

pub(crate) fn authenticate(pamh: &mut PamHandle, settings: &Settings) -> PamResultCode {
    let machine = Machine::new(settings, &service(pamh));
    let (user, account) = who(pamh, &machine);
    let _standard = Standard::untouched();
    let finding = match (unjudged(&machine, account), account, fresh(pamh)) {
        (Some(outcome), _, _) => Finding::only(outcome),
        (None, Err(()), _) => Finding::only(Outcome::StateUnknown),
        (None, Ok(uid), Some(handover)) => {
            let matches = token_matches(pamh, handover);
            machine.log.timed("judging", || {
                examine(&machine, settings, uid, &user, handover, matches)
            })
        }
        (None, Ok(uid), None) => Finding::only(without_a_key(&machine, uid, Unfit::NoCapture)),
    };
    let code = report(&machine, settings, account, &user, &finding);
    delay_refusal(pamh, &code);
    // What is refused is not learned, whatever the application makes of it.
    let refused = code == PAM_AUTH_ERR;
    let (learn, renew) = (finding.learn && !refused, finding.renew && !refused);
    if let Some(handover) = ffi::left(pamh)
        && let Ok(mut handover) = handover.try_borrow_mut()
    {
        if learn || renew {
            machine.budget.pause();
            handover.pending = Some(Pending {
                machine,
                settings: settings.clone(),
                learn,
                renew,
            });
        } else {
            handover.forget();
        }
    }
    code
}

/// A line that is neither `capture` nor `verify` is a mistake in the stack: nobody who is armed
/// gets past it.
pub(crate) fn authenticate_without_a_line(
    pamh: &mut PamHandle,
    settings: &Settings,
) -> PamResultCode {
    let machine = Machine::new(settings, &service(pamh));
    let (user, account) = who(pamh, &machine);
    let _standard = Standard::untouched();
    let outcome = match (unjudged(&machine, account), account) {
        (Some(outcome), _) => outcome,
        (None, Ok(uid)) => without_a_key(&machine, uid, Unfit::NoLine),
        (None, Err(())) => Outcome::StateUnknown,
    };
    let finding = Finding::only(outcome);
    let code = report(&machine, settings, account, &user, &finding);
    delay_refusal(pamh, &code);
    code
}

/// The administrator's ways out, which ask for nothing that could be lost or damaged.
fn unjudged(machine: &Machine, account: Result<Option<u32>, ()>) -> Option<Outcome> {
    if machine.off {
        return Some(Outcome::SwitchedOff);
    }
    let uid = account.ok().flatten();
    machine.disabled(uid).then_some(Outcome::Disabled)
}

/// The user's name and uid. A user whom PAM does not tell is nobody's to wave through.
fn who(pamh: &mut PamHandle, machine: &Machine) -> (OsString, Result<Option<u32>, ()>) {
    match machine.budget.outside(|| ffi::user(pamh)) {
        Ok(user) => {
            let account = account(pamh, &user);
            (user, account)
        }
        Err(_) => (OsString::new(), Err(())),
    }
}

/// The user's uid, `None` for a name that no user has. An error where the name service cannot
/// say: that must not pass for "no such user". What it said at `capture` is good enough.
fn account(pamh: &PamHandle, user: &OsStr) -> Result<Option<u32>, ()> {
    let captured = ffi::left(pamh).and_then(|handover| {
        let handover = handover.try_borrow().ok()?;
        handover.uid.filter(|_| handover.user == user)
    });
    match captured {
        Some(uid) => Ok(Some(uid)),
        None => system::uid_of(user).map_err(|_| ()),
    }
}

/// What `capture` left for this `verify`; a second one does not get it again.
fn fresh(pamh: &PamHandle) -> Option<&RefCell<Handover>> {
    let handover = ffi::left(pamh)?;
    let judged = handover.try_borrow_mut().map_or(true, |mut handover| {
        std::mem::replace(&mut handover.judged, true)
    });
    (!judged).then_some(handover)
}

/// Whether PAM_AUTHTOK is still the password that was captured.
fn token_matches(pamh: &PamHandle, handover: &RefCell<Handover>) -> bool {
    let carried = handover
        .try_borrow()
        .ok()
        .and_then(|handover| handover.carried());
    match (carried, pamh.get_item::<AuthTok<'_>>()) {
        (Some(carried), Ok(Some(token))) => carried.token.is_of(token.as_bytes()),
        _ => false,
    }
}

/// What becomes of an attempt that cannot be judged: the state files say whether that matters.
fn without_a_key(machine: &Machine, uid: Option<u32>, unfit: Unfit) -> Outcome {
    match standing_without_a_key(machine, uid) {
        Some(state) => Outcome::Unfit(unfit, Armed::from(state.phase)),
        None => Outcome::StateUnknown,
    }
}

fn standing_without_a_key(machine: &Machine, uid: Option<u32>) -> Option<AccountState> {
    // A name that no user has touches nothing and has no state.
    let Some(uid) = uid else {
        return Some(AccountState::default());
    };
    let host = host_key(machine);
    let vault = vault(machine, uid, host.as_ref());
    tell_of_a_later_keydyn(machine, &vault);
    match vault.standing_unopened() {
        Standing::Known(state) => Some(state),
        Standing::Unknown => None,
    }
}

/// Whoever went back to an older keydyn must read why nothing is learned.
fn tell_of_a_later_keydyn(machine: &Machine, vault: &Vault<'_>) {
    if let Some(later) = vault.later_state() {
        machine.log.write(Level::Error, &later.to_string());
    }
}

fn host_key(machine: &Machine) -> Option<HostKey> {
    machine.main.host_key().unwrap_or_else(|error| {
        machine.log.write(Level::Error, &error.to_string());
        None
    })
}

fn examine(
    machine: &Machine,
    settings: &Settings,
    uid: Option<u32>,
    user: &OsStr,
    handover: &RefCell<Handover>,
    token_matches: bool,
) -> Finding {
    let Ok(handover) = handover.try_borrow() else {
        return Finding::only(without_a_key(machine, uid, Unfit::Internal));
    };
    machine.budget.add(handover.spent);
    match handover.whereabouts {
        Whereabouts::NotLocal => return Finding::only(Outcome::NotLocal),
        Whereabouts::Unprivileged => return Finding::only(Outcome::Unprivileged),
        Whereabouts::Local => {}
    }
    if handover.user != user {
        return Finding::only(without_a_key(machine, uid, Unfit::NoCapture));
    }
    let Some(mut carried) = handover.carried() else {
        let unfit = if handover.late {
            Unfit::OutOfTime
        } else {
            Unfit::Internal
        };
        return Finding::only(without_a_key(machine, uid, unfit));
    };
    if Some(carried.uid) != uid {
        return Finding::only(without_a_key(machine, uid, Unfit::NoCapture));
    }
    if !token_matches {
        return Finding::only(without_a_key(machine, uid, Unfit::TokenReplaced));
    }
    // Whether anybody is armed has to be read all the same.
    if machine.budget.is_over() {
        return Finding::only(without_a_key(machine, uid, Unfit::OutOfTime));
    }
    if !reserve::is_to_spare(WORKING_MEMORY) {
        machine.log.write(Level::Error, "no memory to judge in");
        return Finding::only(without_a_key(machine, uid, Unfit::Internal));
    }
    if let Err(failure) = settings.devices.check(handover.device) {
        carried.typing = carried.typing.and(Err(failure));
    }
    let host = host_key(machine);
    let vault = vault(machine, carried.uid, host.as_ref());
    Finding {
        device: handover.device,
        ..judge(machine, settings, &vault, &carried)
    }
}

fn judge(machine: &Machine, settings: &Settings, vault: &Vault<'_>, carried: &Carried) -> Finding {
    // Another login may have sealed it anew since.
    let now = vault.derivation();
    let (key, derivation) = carried.keys().fitting(now).found;
    let opening = vault.open(key);
    if let Opening::Damaged(damage) = &opening {
        let message = format!("{damage}; `keydyn status` says what to do");
        machine.log.write(Level::Error, &message);
    }
    tell_of_a_later_keydyn(machine, vault);
    let Standing::Known(state) = vault.standing(&opening) else {
        return Finding::only(Outcome::StateUnknown);
    };
    let armed = Armed::from(state.phase);
    let (may_learn, renew) = (carried.typing.is_ok(), carried.renewed.is_some());
    match opening {
        Opening::Damaged(_) => Finding::only(Outcome::Unfit(Unfit::Profile, armed)),
        Opening::Absent if armed == Armed::Yes => {
            Finding::only(Outcome::Unfit(Unfit::Profile, armed))
        }
        // Made anew since the key was derived: no password could have opened it.
        Opening::OtherPassword if now != Some(derivation) => {
            let message = "the profile was replaced while the login was under way";
            machine.log.write(Level::Error, message);
            Finding::only(Outcome::Unfit(Unfit::Profile, armed))
        }
        Opening::OtherPassword | Opening::Open(_, Slot::Second) => {
            let samples = match &opening {
                Opening::Open(profile, _) => profile.learned(),
                _ => 0,
            };
            let refuse = armed == Armed::Yes && settings.password_change == PasswordChange::Refuse;
            Finding {
                learn: may_learn && !refuse,
                samples,
                ..Finding::only(Outcome::OtherPassword(armed))
            }
        }
        Opening::Absent => Finding {
            learn: may_learn,
            ..Finding::only(Outcome::Unarmed(
                Phase::None,
                unarmed(machine, None, settings, carried),
            ))
        },
        Opening::Open(profile, Slot::First) if armed == Armed::No => Finding {
            learn: may_learn,
            renew,
            samples: profile.learned(),
            ..Finding::only(Outcome::Unarmed(
                Phase::Learning,
                unarmed(machine, Some(&profile), settings, carried),
            ))
        },
        Opening::Open(_, Slot::First) if machine.budget.is_over() => {
            Finding::only(Outcome::Unfit(Unfit::OutOfTime, Armed::Yes))
        }
        Opening::Open(profile, Slot::First) => {
            let finding = in_force(machine, settings, vault, carried, &profile, &state);
            Finding { renew, ..finding }
        }
    }
}

/// What would have been decided, for the log.
fn unarmed(
    machine: &Machine,
    profile: Option<&Profile>,
    settings: &Settings,
    carried: &Carried,
) -> Typing {
    let judgement = match (&carried.typing, profile) {
        (Err(failure), _) => return Typing::Unusable(*failure),
        (Ok(_), None) => return Typing::Undecided,
        (Ok(sample), Some(profile)) => profile.judge(sample, machine.now()),
    };
    match judgement.map(|judgement| decide(judgement.score, settings.strictness)) {
        Ok(Decision::Genuine) => Typing::Accepted,
        Ok(Decision::Impostor) => Typing::Refused,
        Ok(Decision::Undecided) => Typing::Undecided,
        Err(failure) => Typing::Unusable(failure),
    }
}

/// The armed row: judges and writes the verdict under one lock, before anybody hears of it.
fn in_force(
    machine: &Machine,
    settings: &Settings,
    vault: &Vault<'_>,
    carried: &Carried,
    profile: &Profile,
    seen: &AccountState,
) -> Finding {
    let decided = vault.decide(seen, |state| {
        let now = machine.now();
        state.throttle.heed(now);
        let (outcome, verdict, learn) = verdict(settings, carried, profile, state, now);
        state.note(now, verdict);
        (outcome, learn)
    });
    let (outcome, learn) = decided.unwrap_or_else(|error| {
        let message = format!("the verdict could not be kept: {error}");
        machine.log.write(Level::Error, &message);
        (Outcome::Unwritable, false)
    });
    Finding {
        learn,
        samples: profile.learned(),
        ..Finding::only(outcome)
    }
}

fn verdict(
    settings: &Settings,
    carried: &Carried,
    profile: &Profile,
    state: &AccountState,
    now: Timestamp,
) -> (Outcome, Verdict, bool) {
    if state.cooling_down(now).is_some() {
        return (Outcome::CoolingDown, Verdict::CoolingDown, false);
    }
    let typing = carried.typing.as_ref().map_err(|failure| *failure);
    match typing.and_then(|sample| profile.judge(sample, now)) {
        Err(failure) => (
            Outcome::Unusable(failure),
            Verdict::Unusable(failure),
            false,
        ),
        Ok(judgement) => match (
            judgement.score,
            decide(judgement.score, settings.strictness),
        ) {
            (Some(score), Decision::Genuine) => {
                let learn = state.may_learn(score, settings.strictness, now);
                (Outcome::Accepted, Verdict::Accepted, learn)
            }
            // An armed template without a level cannot vouch for anybody.
            _ => (Outcome::Refused, Verdict::Refused, false),
        },
    }
}

/// Without a `capture` in front, nobody has asked for it yet.
fn delay_refusal(pamh: &mut PamHandle, code: &PamResultCode) {
    if *code == PAM_AUTH_ERR {
        ffi::delay_failure(pamh);
    }
}

/// Logs the outcome and returns its code.
fn report(
    machine: &Machine,
    settings: &Settings,
    account: Result<Option<u32>, ()>,
    user: &OsStr,
    finding: &Finding,
) -> PamResultCode {
    let code = return_code(finding.outcome, settings, account.ok().flatten());
    let (state, outcome, reason) = finding.outcome.words();
    let doubt = finding.device.word();
    let level = match (&code, finding.outcome) {
        (_, Outcome::Unfit(..) | Outcome::StateUnknown | Outcome::Unwritable) => Level::Error,
        (_, Outcome::OtherPassword(_) | Outcome::SwitchedOff | Outcome::Disabled) => Level::Warning,
        _ if doubt.is_some() => Level::Warning,
        (PAM_AUTH_ERR, _) => Level::Notice,
        _ => Level::Info,
    };
    let line = format!(
        "user={} state={state} outcome={outcome} reason={reason}{} samples={}{}",
        excerpt(&user.to_string_lossy()),
        doubt.map_or_else(String::new, |doubt| format!(" keyboard={doubt}")),
        finding.samples,
        if code == PAM_AUTH_ERR { " refused" } else { "" },
    );
    machine.log.write(level, &line);
    code
}
