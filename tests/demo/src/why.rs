//! Why somebody was refused, by the profile itself: opened with the password, as only whoever has
//! it can.

use keydyn_core::digraph::Sample;
use keydyn_core::explain::Explanation;
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::vault::{Opening, Vault};
use keydyn_core::trace::Trace;
use keydyn_sys::arena::KdfArena;
use keydyn_sys::file::StateDir;
use keydyn_sys::system;

use crate::disk::Disk;
use crate::error::Error;

/// What was off in this typing, by the user's profile on this disk.
pub(crate) fn explain(
    disk: &Disk,
    user: &str,
    password: &str,
    trace: &Trace,
) -> Result<Explanation, Error> {
    open(disk, user, password, trace).ok_or_else(|| Error::NotOpened(user.to_owned()))
}

fn open(disk: &Disk, user: &str, password: &str, trace: &Trace) -> Option<Explanation> {
    let (state, run) = (StateDir::new(disk.state()), StateDir::new(disk.run()));
    let vault = Vault::new(system::uid_of(user).ok()??, &state, &run, None);
    let (salt, params) = vault.derivation()?;
    let mut arena = KdfArena::new(params).ok()?;
    let key = SealKey::derive(password.as_bytes(), &salt, params, arena.blocks()).ok()?;
    let Opening::Open(profile, _) = vault.open(&key) else {
        return None;
    };
    let sample = Sample::acquire(trace).ok()?;
    let mut templates = profile.sequences().iter().map(|s| s.template());
    Some(templates.find(|t| t.matches(&sample))?.explain(&sample))
}
