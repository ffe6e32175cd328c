//! `capture`: listens while the password is typed. In front of the password module, where a
//! success would let anybody in, it only ever gives PAM_IGNORE, or PAM_CONV_ERR for a cancelled
//! conversation.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::Device;
use keydyn_core::digraph::Sample;
use keydyn_core::settings::{Mode, Rule, Settings};
use keydyn_core::store::header::{KdfParams, Salt};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::token::TokenDigest;
use keydyn_core::store::vault::Vault;
use keydyn_core::store::vault::keys::Derivation;
use keydyn_sys::arena::KdfArena;
use keydyn_sys::descriptors::Standard;
use keydyn_sys::reserve;
use keydyn_sys::secret::SecretPage;
use keydyn_sys::source::{Conversation, Heard, Whereabouts};
use keydyn_sys::system;
use pam::constants::PamResultCode::{self, PAM_CONV_ERR, PAM_IGNORE};
use pam::items::{AuthTok, RHost, RUser, Service, Tty};
use pam::module::PamHandle;

use crate::carried::Carried;
use crate::ffi;
use crate::handover::{Handover, vault};
use crate::log::Level;
use crate::machine::{Machine, WORKING_MEMORY};

/// What PAM says of the conversation, copied out of the handle.
struct Items {
    service: String,
    tty: Option<String>,
    remote_host: Option<String>,
    remote_user: Option<OsString>,
}

pub(crate) fn text(item: &CStr) -> String {
    item.to_string_lossy().into_owned()
}

/// PAM_SERVICE, or nothing.
pub(crate) fn service(pamh: &PamHandle) -> String {
    pamh.get_item::<Service<'_>>()
        .ok()
        .flatten()
        .map_or_else(String::new, |item| text(item.0))
}

impl Items {
    fn of(pamh: &PamHandle) -> Self {
        Self {
            service: service(pamh),
            tty: pamh
                .get_item::<Tty<'_>>()
                .ok()
                .flatten()
                .map(|item| text(item.0)),
            remote_host: pamh
                .get_item::<RHost<'_>>()
                .ok()
                .flatten()
                .map(|item| text(item.0)),
            remote_user: pamh
                .get_item::<RUser<'_>>()
                .ok()
                .flatten()
                .map(|item| OsStr::from_bytes(item.0.to_bytes()).to_owned()),
        }
    }
}

pub(crate) fn authenticate(pamh: &mut PamHandle, settings: &Settings) -> PamResultCode {
    // Whatever comes of this attempt, nothing is left of one before on the same handle.
    ffi::forget(pamh);
    let items = Items::of(pamh);
    let mut machine = Machine::new(settings, &items.service);
    if machine.off {
        return PAM_IGNORE;
    }
    let user = match machine.budget.outside(|| ffi::user(pamh)) {
        Ok(user) => user,
        Err(PAM_CONV_ERR) => return PAM_CONV_ERR,
        Err(_) => {
            machine
                .log
                .write(Level::Notice, "the user is not known; nothing is captured");
            return PAM_IGNORE;
        }
    };
    if matches!(pamh.get_item::<AuthTok<'_>>(), Ok(Some(_))) {
        machine.log.write(
            Level::Error,
            "a module in front of `capture` has already asked for the password; put `capture` in \
             front of it",
        );
        return PAM_IGNORE;
    }
    let standard = Standard::untouched();
    let account = account(&machine, &user);
    if machine.disabled(account.ok().flatten()) {
        return PAM_IGNORE;
    }
    let conversation = Conversation {
        service: &items.service,
        user: &user,
        tty: items.tty.as_deref(),
        remote_host: items.remote_host.as_deref(),
        remote_user: items.remote_user.as_deref(),
    };
    machine.source.listen(&conversation);
    // While the application converses, its descriptors are its own business.
    drop(standard);
    let token = machine.budget.outside(|| ffi::ask_for_password(pamh));
    let _standard = Standard::untouched();
    let typed = Typed::of(machine.source.finish(), settings, &items.service);
    let token = match token {
        Ok(token) => token,
        Err(code) => return code,
    };
    let may_refuse = may_refuse(settings, typed.whereabouts);
    if may_refuse {
        // Behind a password module that asks for no delay, only `verify` would, and that would tell
        // that the password was right.
        ffi::delay_failure(pamh);
    }
    let handover = hand_over(&machine, may_refuse, user, account, typed, &token);
    match handover.and_then(|handover| ffi::leave(pamh, handover).ok()) {
        Some(()) => {}
        // `verify` finds nothing and treats it as its table says.
        None => machine
            .log
            .write(Level::Error, "no memory for the captured typing"),
    }
    PAM_IGNORE
}

/// Whether `verify` refuses some of those who are there and have the password, so that a wrong one has
/// to look like that.
fn may_refuse(settings: &Settings, whereabouts: Whereabouts) -> bool {
    let rule = match whereabouts {
        Whereabouts::Local => Rule::Refuse,
        Whereabouts::NotLocal => settings.no_timings,
        Whereabouts::Unprivileged => settings.unprivileged,
    };
    settings.mode != Mode::Shadow && rule == Rule::Refuse
}

/// The user's uid, `None` for a name that no user has; an error where the name service cannot say.
fn account(machine: &Machine, user: &OsStr) -> Result<Option<u32>, ()> {
    system::uid_of(user).map_err(|error| {
        let message = format!("the name service did not answer: {error}");
        machine.log.write(Level::Error, &message);
    })
}

/// What was heard, as a sample or as the reason why there is none.
struct Typed {
    whereabouts: Whereabouts,
    typing: Result<Sample, FailureToAcquire>,
    keyboard: u32,
    device: Device,
}

impl Typed {
    fn of(heard: Heard, settings: &Settings, service: &str) -> Self {
        let typing = heard.typing.and_then(|trace| Sample::acquire(&trace));
        // A service that collects the password before it authenticates has no press in its
        // conversation.
        let beforehand = settings.beforehand.iter().any(|known| known == service)
            && typing == Err(FailureToAcquire::NoPress);
        let whereabouts = match heard.whereabouts {
            Whereabouts::Local if beforehand => Whereabouts::NotLocal,
            whereabouts => whereabouts,
        };
        Self {
            whereabouts,
            typing,
            keyboard: heard.keyboard,
            device: heard.device,
        }
    }
}

/// Derives the key and puts everything into the page. An attempt that will not be judged costs no
/// key derivation and leaves the page empty.
fn hand_over(
    machine: &Machine,
    may_refuse: bool,
    user: OsString,
    account: Result<Option<u32>, ()>,
    typed: Typed,
    token: &[u8],
) -> Option<Handover> {
    let mut page = SecretPage::new().ok()?;
    let uid = account.ok().flatten();
    let to_be_judged = typed.whereabouts == Whereabouts::Local && account.is_ok();
    let late = to_be_judged && machine.budget.is_over();
    if late {
        let message = "the time for this login is over; no key is derived";
        machine.log.write(Level::Error, message);
    } else if to_be_judged {
        let keyed = derive(machine, uid, &user, may_refuse, token);
        if let (Some(keyed), Some(uid)) = (keyed, uid) {
            let carried = Carried {
                uid,
                derivation: keyed.derivation,
                token: keyed.token,
                key: keyed.key,
                renewed: keyed.renewed,
                keyboard: typed.keyboard,
                typing: typed.typing,
            };
            carried.store(&mut page)?;
        }
    }
    Some(Handover {
        user,
        uid,
        whereabouts: typed.whereabouts,
        device: typed.device,
        page,
        spent: machine.budget.spent(),
        late,
        judged: false,
        pending: None,
    })
}

/// Everything about an attempt that takes the password, without the password.
struct Keyed {
    token: TokenDigest,
    key: SealKey,
    derivation: Derivation,
    /// A second key, where the profile's parameters are outdated.
    renewed: Option<(SealKey, KdfParams)>,
}

/// The key of this password, under the profile's salt or the one its first profile will have. A
/// name that no user has costs the same, and touches nothing.
fn derive(
    machine: &Machine,
    uid: Option<u32>,
    user: &OsStr,
    may_refuse: bool,
    token: &[u8],
) -> Option<Keyed> {
    let fail = |what: &str| machine.log.write(Level::Error, what);
    let host = match uid {
        Some(_) => machine.main.host_key_or_create().map(Some),
        None => machine.main.host_key(),
    };
    let host = host.unwrap_or_else(|error| {
        fail(&error.to_string());
        None
    });
    let kept = uid.map(|uid| vault(machine, uid, host.as_ref()));
    let known = kept.as_ref().and_then(Vault::derivation);
    let first = || Some((first_salt(host.as_ref(), uid, user)?, machine.kdf));
    let Some(derivation) = known.or_else(first) else {
        fail("without host.key no first profile can be made");
        return None;
    };
    let key = derive_key(machine, token, derivation)?;
    let renewal = kept.as_ref();
    let renewal = renewal.and_then(|vault| vault.renewal(derivation, machine.kdf));
    // Whoever has no time or no memory for it is judged all the same.
    let renewal = renewal.filter(|_| !machine.budget.is_over());
    let renewed = renewal.and_then(|now| Some((derive_key(machine, token, now)?, now.1)));
    let digest = TokenDigest::new(system::random()?, token);
    // With a password that is not the profile's, `verify` is not reached, or has nothing to judge; nor
    // has it where nobody is armed, who may be refused for that. A name that no user has leaves no
    // traces, and without memory nobody is judged either.
    let to_spare = || reserve::is_to_spare(WORKING_MEMORY);
    if let Some(vault) = kept.filter(|vault| may_refuse && to_spare() && !vault.judges(&key)) {
        // Nobody must be refused because the disk is slow to take what is nobody's.
        let work = || machine.budget.outside(|| vault.judge_nobody());
        machine.log.timed("judging nobody", work);
    }
    Some(Keyed {
        token: digest,
        key,
        derivation,
        renewed,
    })
}

fn derive_key(machine: &Machine, token: &[u8], (salt, params): Derivation) -> Option<SealKey> {
    let Ok(mut arena) = KdfArena::new(params) else {
        let message = "no memory for the key derivation";
        machine.log.write(Level::Error, message);
        return None;
    };
    let key = machine.log.timed("deriving the key", || {
        SealKey::derive(token, &salt, params, arena.blocks())
    });
    key.ok()
}

fn first_salt(host: Option<&HostKey>, uid: Option<u32>, user: &OsStr) -> Option<Salt> {
    match (host, uid) {
        (Some(host), Some(uid)) => Some(host.salt_for_uid(uid)),
        (Some(host), None) => Some(host.salt_for_name(user.as_bytes())),
        // Nothing will be sealed under it.
        (None, None) => Some([0; 16]),
        (None, Some(_)) => None,
    }
}
