//! A machine's files, read and written as root would and not by the module.

use std::path::PathBuf;

use keydyn_core::digraph::Sample;
use keydyn_core::policy::Strictness;
use keydyn_core::store::header::{KdfParams, Salt};
use keydyn_core::store::profile::{Lesson, Profile};
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::state::AccountState;
use keydyn_core::store::vault::{Learned, Opening, Slot, Standing, Vault};
use keydyn_core::time::Timestamp;
use keydyn_core::trace::Trace;
use keydyn_sys::arena::KdfArena;
use keydyn_sys::file::StateDir;
use keydyn_sys::system;

use crate::{HOUR, Machine, START, Typing};

impl Typing {
    /// What the module makes of it.
    ///
    /// # Panics
    /// If it cannot be used.
    pub fn sample(&self) -> Sample {
        let trace: Trace = self.text().parse().expect("a trace");
        Sample::acquire(&trace).expect("a sample")
    }
}

impl Machine {
    /// The uid of whoever logs in.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn uid(&self) -> u32 {
        let uid = system::uid_of(&self.user).expect("an answer");
        uid.expect("a user")
    }

    /// Who logs in.
    pub fn name(&self) -> &str {
        &self.user
    }

    /// The right password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The time on this machine.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// The clock is set back.
    pub fn set_back(&mut self, seconds: u64) {
        self.clock -= seconds;
    }

    /// A file of the account: `profile`, `state.previous`.
    pub fn account_file(&self, kind: &str) -> PathBuf {
        self.path("state").join(format!("{}.{kind}", self.uid()))
    }

    /// Does this with the account's files.
    ///
    /// # Panics
    /// If there is no host.key and none can be made.
    pub fn with_vault<T>(&self, act: impl FnOnce(&Vault<'_>) -> T) -> T {
        let (main, run) = (
            StateDir::new(self.path("state")),
            StateDir::new(self.path("run")),
        );
        let host = main.host_key_or_create().expect("host.key");
        act(&Vault::new(self.uid(), &main, &run, Some(&host)))
    }

    /// The account's state, by its files alone.
    ///
    /// # Panics
    /// If they do not say.
    pub fn state(&self) -> AccountState {
        match self.with_vault(|vault| vault.standing_unopened()) {
            Standing::Known(state) => state,
            Standing::Unknown => panic!("the state cannot be read"),
        }
    }

    /// The profile that the password opens, if there is one.
    pub fn profile(&self) -> Option<(Profile, Slot)> {
        let (salt, params) = self.with_vault(|vault| vault.derivation())?;
        let key = self.key(&salt, params);
        match self.with_vault(|vault| vault.open(&key)) {
            Opening::Open(profile, slot) => Some((*profile, slot)),
            _ => None,
        }
    }

    /// Typings that the profile has learned.
    ///
    /// # Panics
    /// If the password opens none.
    pub fn learned(&self) -> u32 {
        self.profile().expect("a profile").0.learned()
    }

    /// The key of the password.
    ///
    /// # Panics
    /// If there is no memory to derive it in.
    pub fn key(&self, salt: &Salt, params: KdfParams) -> SealKey {
        let mut arena = KdfArena::new(params).expect("memory");
        let key = SealKey::derive(self.password.as_bytes(), salt, params, arena.blocks());
        key.expect("a key")
    }

    /// Salt and parameters under which the account's key is derived.
    ///
    /// # Panics
    /// If there is no host.key and none can be made.
    pub fn derivation(&self) -> (Salt, KdfParams) {
        self.with_vault(|vault| vault.derivation())
            .unwrap_or_else(|| {
                let main = StateDir::new(self.path("state"));
                let host = main.host_key_or_create().expect("host.key");
                (host.salt_for_uid(self.uid()), KdfParams::CURRENT)
            })
    }

    /// Learns a typing without a login.
    ///
    /// # Panics
    /// If it is not learned.
    pub fn teach(&self, key: &SealKey, typing: &Typing) -> Learned {
        let sample = typing.sample();
        let lesson = Lesson {
            sample: &sample,
            at: Timestamp(self.clock),
            keyboard: 0,
            strictness: Strictness::Normal,
            min_samples: 20,
            may_arm: true,
        };
        let (derivation, nonce) = (self.derivation(), system::random().expect("a nonce"));
        let learned = self.with_vault(|vault| vault.learn(key, derivation, &lesson, nonce));
        learned.expect("learned")
    }

    /// Arms whoever logs in, root too, as an enrolment does.
    ///
    /// # Panics
    /// If that does not arm.
    pub fn enrol(mut self) -> Self {
        let (salt, params) = self.derivation();
        let key = self.key(&salt, params);
        self.clock = START;
        for i in 0..27 {
            self.clock += if i % 9 == 0 { 5 * HOUR } else { 60 };
            self.teach(&key, &Typing::owner(i));
        }
        self.clock += 60;
        assert!(self.profile().is_some_and(|(profile, _)| profile.armed()));
        self
    }
}
