//! Learning, once the whole login has succeeded: at verify's setcred, or at `pam_end` for
//! applications that set no credentials.

use keydyn_core::printable::excerpt;
use keydyn_core::settings::Settings;
use keydyn_core::store::profile::Lesson;
use keydyn_core::store::state::Phase;
use keydyn_core::store::vault::{LearnError, Learned};
use keydyn_sys::descriptors::Standard;
use keydyn_sys::reserve;
use keydyn_sys::source::Whereabouts;
use keydyn_sys::system;
use pam::module::PamHandle;

use crate::budget::Budget;
use crate::capture::service;
use crate::carried::Carried;
use crate::ffi;
use crate::handover::{Handover, Pending, vault};
use crate::log::{Level, Log};
use crate::machine::{Machine, WORKING_MEMORY};

/// capture's setcred: the only one that libpam calls when `verify` stands where it is never
/// reached, such as behind a `sufficient` password module.
pub(crate) fn check_reached(pamh: &PamHandle, settings: &Settings) {
    let Some(handover) = ffi::left(pamh) else {
        return;
    };
    let unreached = handover
        .try_borrow()
        .is_ok_and(|h| !h.judged && h.whereabouts == Whereabouts::Local);
    if unreached {
        Machine::new(
            &Settings {
                complaints: Vec::new(),
                ..settings.clone()
            },
            &service(pamh),
        )
        .log
        .write(
            Level::Error,
            "`verify` was not reached: the factor is not in force; put `verify` behind the \
                 password module, where a right password leads",
        );
    }
}

/// verify's setcred: takes what was captured, learns it if it may be, wipes it.
pub(crate) fn set_credentials(pamh: &PamHandle) {
    if let Some(handover) = ffi::left(pamh)
        && let Ok(mut handover) = handover.try_borrow_mut()
    {
        learn_pending(&mut handover);
        handover.page.wipe();
    }
}

/// Learns what `verify` released, once, and sees to it that the profile is sealed as it should be.
pub(crate) fn learn_pending(handover: &mut Handover) {
    let Some(pending) = handover.pending.take() else {
        return;
    };
    let Some(carried) = handover.carried() else {
        return;
    };
    let _standard = Standard::untouched();
    let user = excerpt(&handover.user.to_string_lossy());
    let Machine { log, budget, .. } = &pending.machine;
    budget.resume();
    let mut renewed = false;
    if pending.learn {
        if let Some(lacking) = lacking(budget) {
            let message = format!("user={user} not learned: {lacking}");
            log.write(Level::Warning, &message);
        } else {
            let learned = log.timed("learning", || learn(&pending, &carried));
            renewed = learned.as_ref().is_ok_and(|learned| learned.renewed);
            tell(log, &user, learned);
        }
    }
    if pending.renew && !renewed {
        renewed = match lacking(budget) {
            Some(lacking) => Err(lacking.to_owned()),
            None => renew(&pending, &carried).map_err(|error| error.to_string()),
        }
        .unwrap_or_else(|why| {
            let message = format!("user={user} not sealed anew: {why}");
            log.write(Level::Warning, &message);
            false
        });
    }
    if renewed {
        let message = format!("user={user} sealed anew under today's parameters");
        log.write(Level::Info, &message);
    }
}

/// What there is too little of to write a profile.
fn lacking(budget: &Budget) -> Option<&'static str> {
    if budget.is_over() {
        return Some("the time for this login is over");
    }
    (!reserve::is_to_spare(WORKING_MEMORY)).then_some("there is no memory for it")
}

/// Seals the profile as it is under the renewed key.
fn renew(pending: &Pending, carried: &Carried) -> Result<bool, LearnError> {
    let machine = &pending.machine;
    let host = machine.main.host_key()?;
    let nonce = system::random().ok_or(LearnError::NoRandomness)?;
    vault(machine, carried.uid, host.as_ref()).renew(carried.keys(), nonce)
}

fn learn(pending: &Pending, carried: &Carried) -> Result<Learned, LearnError> {
    let Pending {
        machine, settings, ..
    } = pending;
    let sample = carried.typing.as_ref().map_err(|failure| *failure)?;
    let host = machine.main.host_key()?;
    let nonce = system::random().ok_or(LearnError::NoRandomness)?;
    let lesson = || Lesson {
        sample,
        at: machine.now(),
        keyboard: carried.keyboard,
        strictness: settings.strictness,
        min_samples: settings.min_samples,
        // Root is armed by an explicit enrolment only.
        may_arm: carried.uid != 0,
    };
    vault(machine, carried.uid, host.as_ref()).learn_with(carried.keys(), lesson, nonce)
}

fn tell(log: &Log, user: &str, learned: Result<Learned, LearnError>) {
    match learned {
        Ok(Learned {
            samples,
            typings,
            phase,
            promoted,
            too_common,
            renewed: _,
        }) => {
            let state = match phase {
                Phase::None => "none",
                Phase::Learning => "learning",
                Phase::Armed => "armed",
            };
            let learned = match typings {
                0 => "held-back",
                _ => "learned",
            };
            log.write(
                Level::Info,
                &format!("user={user} {learned} state={state} samples={samples}"),
            );
            if too_common {
                let message = format!(
                    "user={user} stays unarmed so far: too many others who know the password \
                     would pass"
                );
                log.write(Level::Notice, &message);
            }
            if promoted {
                log.write(
                    Level::Warning,
                    &format!("user={user} the new password's profile has replaced the old one"),
                );
            }
        }
        Err(error) => {
            log.write(Level::Warning, &format!("user={user} not learned: {error}"));
        }
    }
}
