//! What logins leave in the state directories, without a login.

use keydyn_core::digraph::KeySequence;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use keydyn_core::eval::typist::SyntheticTypist;
use keydyn_core::key::KeyCode;
use keydyn_core::policy::Strictness;
use keydyn_core::store::files::StateFiles as _;
use keydyn_core::store::header::KdfParams;
use keydyn_core::store::profile::Lesson;
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::state::{AccountState, Phase, Verdict};
use keydyn_core::store::vault::Vault;
use keydyn_core::time::Timestamp;
use keydyn_sys::file::StateDir;
use keydyn_sys::system;

use crate::Place;

/// Names and contents.
type Files = Vec<(String, Vec<u8>)>;

impl Place {
    fn directories(&self) -> (StateDir, StateDir) {
        (StateDir::new(self.state()), StateDir::new(self.run()))
    }

    /// The user with this uid types a password so often; `password` tells passwords apart. Gives
    /// how far it got.
    ///
    /// # Panics
    /// If it cannot be learned.
    pub fn learn(&self, uid: u32, password: u8, typings: u32) -> Phase {
        let (main, run) = self.directories();
        let host = main.host_key_or_create().expect("a host key");
        let keys = KeySequence::new((16..24).map(KeyCode).collect());
        let typist = SyntheticTypist::new(3, 2, keys).expect("a text");
        let mut phase = Phase::None;
        for i in 0..typings {
            // Two sittings, yesterday.
            let sitting = if i < 10 { 86_400 } else { 43_200 };
            let sample = typist.sample(i);
            let lesson = Lesson {
                sample: &sample,
                at: Timestamp(system::now().0 - sitting + u64::from(i)),
                keyboard: 0,
                strictness: Strictness::Lenient,
                min_samples: 20,
                may_arm: uid != 0,
            };
            let learned = Vault::new(uid, &main, &run, Some(&host)).learn(
                &SealKey::from_bytes([password; 32]),
                ([7; 16], KdfParams::CURRENT),
                &lesson,
                [9; 24],
            );
            phase = learned.expect("it is learned").phase;
        }
        phase
    }

    /// The user, of whom nothing is kept yet, is armed.
    ///
    /// # Panics
    /// If not.
    pub fn arm(&self, uid: u32) {
        // Learned once, then copied.
        static ARMED: Mutex<BTreeMap<u32, Files>> = Mutex::new(BTreeMap::new());
        let mut armed = ARMED.lock().expect("nobody has panicked");
        let files = armed.entry(uid).or_insert_with(|| {
            let place = Self::new();
            assert_eq!(place.learn(uid, 1, 30), Phase::Armed);
            let (main, _) = place.directories();
            let names = main.names().expect("a directory");
            let read = |name: &String| fs::read(place.state().join(name)).expect("a file");
            names
                .iter()
                .map(|name| (name.clone(), read(name)))
                .collect()
        });
        let (main, _) = self.directories();
        for (name, bytes) in files {
            main.write(name, bytes, false).expect("it is written");
        }
    }

    /// The armed user has got this verdict so many seconds ago, or by a clock that was ahead.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn decide(&self, uid: u32, seconds_ago: i64, verdict: Verdict) {
        let (main, run) = self.directories();
        let host = main.host_key_or_create().expect("a host key");
        let at = Timestamp(system::now().0.saturating_add_signed(-seconds_ago));
        let vault = Vault::new(uid, &main, &run, Some(&host));
        let seen = AccountState::default();
        let decided = vault.decide(&seen, |state| state.note(at, verdict));
        decided.expect("it is written");
    }
}
