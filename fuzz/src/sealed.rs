//! An account's files, changed by whoever has the disk and not the password.

use std::sync::OnceLock;

use blake2::digest::Digest as _;
use blake2::digest::consts::U32;
use keydyn_core::digraph::{Duration, KeySequence, Sample};
use keydyn_core::key::KeyCode;
use keydyn_core::policy::Strictness;
use keydyn_core::store::header::{FILE_LEN, KdfParams};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::profile::{Lesson, Profile};
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::state::Phase;
use keydyn_core::store::vault::{Opening, Standing, Vault};
use keydyn_core::time::Timestamp;

use crate::assert_sentence;
use crate::memory::MemoryFiles;

const UID: u32 = 1000;
/// What an account that was armed a while ago has.
const NAMES: [&str; 4] = [
    "1000.profile",
    "1000.profile.previous",
    "1000.state",
    "1000.state.previous",
];
/// What another account on the same machine, with the same password, has.
const FOREIGN: [&str; 2] = ["1001.profile", "1001.state"];
/// Changes in one input; more would only take longer.
const MOST_CHANGES: usize = 16;

struct Account {
    files: Vec<(String, Vec<u8>)>,
    foreign: [Vec<u8>; 2],
    /// The newest profile and the one before.
    generations: Vec<Profile>,
}

/// Changes of four bytes each: which file and how, where (two bytes), to what.
pub fn run(data: &[u8]) {
    static SOUND: OnceLock<Account> = OnceLock::new();
    let sound = SOUND.get_or_init(armed);
    let files = MemoryFiles::default();
    files.0.borrow_mut().extend(sound.files.iter().cloned());
    for change in data.chunks_exact(4).take(MOST_CHANGES) {
        apply(&files, sound, [change[0], change[1], change[2], change[3]]);
    }
    let unchanged = sound
        .files
        .iter()
        .all(|(name, bytes)| files.0.borrow().get(name) == Some(bytes));
    check(&files, sound, unchanged);
}

/// Nothing that was changed opens, and nobody who is armed is taken for somebody who is not.
fn check(files: &MemoryFiles, sound: &Account, unchanged: bool) {
    let (run, host) = (MemoryFiles::default(), host());
    let vault = Vault::new(UID, files, &run, Some(&host));
    let opening = vault.open(&key(1));
    match &opening {
        Opening::Open(profile, _) => {
            assert!(sound.generations.contains(profile), "opened something else");
            assert!(profile.armed());
        }
        Opening::Damaged(damage) => assert_sentence(&damage.to_string(), 250),
        Opening::Absent => assert!(NAMES[..2].iter().all(|name| !is_kept(files, name))),
        Opening::OtherPassword => {}
    }
    assert!(!unchanged || matches!(opening, Opening::Open(..)));
    assert!(
        !matches!(vault.open(&key(2)), Opening::Open(..)),
        "another password"
    );
    let profile_kept = NAMES[..2].iter().any(|name| is_kept(files, name));
    for standing in [vault.standing(&opening), vault.standing_unopened()] {
        if let Standing::Known(state) = standing {
            assert!(
                state.phase == Phase::Armed || !profile_kept,
                "disarmed: {:?}",
                state.phase
            );
        }
    }
    if let Some((_, params)) = vault.derivation() {
        assert!(params.in_bounds());
    }
    // What is one account's opens as no other's.
    let own = files.0.borrow().get(NAMES[0]).cloned();
    if let Some(own) = own.filter(|own| *own != sound.foreign[0]) {
        files.0.borrow_mut().insert(FOREIGN[0].into(), own);
        let other = Vault::new(UID + 1, files, &run, Some(&host));
        assert!(
            !matches!(other.open(&key(1)), Opening::Open(..)),
            "as another's"
        );
    }
}

fn is_kept(files: &MemoryFiles, name: &str) -> bool {
    files.0.borrow().contains_key(name)
}

fn apply(files: &MemoryFiles, sound: &Account, [what, low, high, to]: [u8; 4]) {
    let name = NAMES[usize::from(what & 3)];
    let at = usize::from(u16::from_le_bytes([low, high]));
    let mut files = files.0.borrow_mut();
    let copied = |from: &str| files.get(from).cloned();
    let file = match what >> 2 & 7 {
        0 => None,
        1 => copied(NAMES[usize::from(to & 3)]),
        2 => Some(sound.foreign[usize::from(to & 1)].clone()),
        how => copied(name).map(|file| changed(file, how, at, to)),
    };
    match file {
        // With the topmost bit the checksum is right again.
        Some(file) if what & 0x80 != 0 => files.insert(name.into(), stamped(file)),
        Some(file) => files.insert(name.into(), file),
        None => files.remove(name),
    };
}

fn changed(mut file: Vec<u8>, how: u8, at: usize, to: u8) -> Vec<u8> {
    match how {
        3 => file.truncate(at),
        4 => file.push(to),
        5 => file
            .iter_mut()
            .skip(at)
            .take(usize::from(to))
            .for_each(|byte| *byte = 0),
        6 => file
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|byte| *byte ^= to),
        // The header is small and everything else large.
        _ => file
            .iter_mut()
            .skip(at % 128)
            .take(1)
            .for_each(|byte| *byte = to),
    }
    file
}

/// With the checksum of docs/profile-format.md, if it is as long as a profile.
fn stamped(mut file: Vec<u8>) -> Vec<u8> {
    if file.len() == FILE_LEN {
        file[88..120].fill(0);
        let sum = blake2::Blake2b::<U32>::digest(&file);
        file[88..120].copy_from_slice(&sum);
    }
    file
}

fn key(number: u8) -> SealKey {
    SealKey::from_bytes([number; 32])
}

fn host() -> HostKey {
    HostKey::from_bytes(&[3; 32]).expect("32 bytes")
}

/// An account armed two typings ago, beside another one.
fn armed() -> Account {
    let (files, run, host) = (MemoryFiles::default(), MemoryFiles::default(), host());
    let mut generations = Vec::new();
    for uid in [UID + 1, UID] {
        let vault = Vault::new(uid, &files, &run, Some(&host));
        for i in 0..26 {
            let sample = typing(i);
            let lesson = Lesson {
                sample: &sample,
                at: Timestamp(if i < 10 { 0 } else { 100_000 } + u64::from(i)),
                keyboard: 0,
                strictness: Strictness::Normal,
                min_samples: 20,
                may_arm: true,
            };
            let derivation = ([1; 16], KdfParams::CURRENT);
            vault
                .learn(&key(1), derivation, &lesson, [9; 24])
                .expect("learns");
            if let (UID, Opening::Open(profile, _)) = (uid, vault.open(&key(1))) {
                generations.push(*profile);
            }
        }
    }
    let generations = generations.split_off(24);
    let files = files.0.into_inner();
    let foreign = FOREIGN.map(|name| files[name].clone());
    let own = NAMES.map(|name| (name.to_owned(), files[name].clone()));
    Account {
        files: own.into(),
        foreign,
        generations,
    }
}

/// Somebody who types eight keys, each time a little differently.
fn typing(seed: u32) -> Sample {
    let keys = KeySequence::new((16..24).map(KeyCode).collect());
    let us = |base: u32, i: u32| {
        let mixed = seed.wrapping_mul(0x9E37_79B9) ^ i.wrapping_mul(0x85EB_CA6B);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
        Some(Duration(base + (mixed ^ (mixed >> 13)) % 15_000))
    };
    let holds = (0..8).map(|i| us(90_000, i)).collect();
    let downs = (1..8).map(|i| us(170_000, 1000 + i)).collect();
    Sample::new(keys, holds, downs).expect("eight keys")
}
