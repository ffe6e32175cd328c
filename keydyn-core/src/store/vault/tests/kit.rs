//! Directories in memory, and accounts in them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use crate::store::files::{FileError, LockGuard, StateFiles, previous, unfinished};
use crate::store::header::{KdfParams, Salt};
use crate::store::host::HostKey;
use crate::store::profile::Profile;
use crate::store::profile::tests::{lesson, typing};
use crate::store::seal::SealKey;
use crate::store::state::Phase;
use crate::store::vault::{LearnError, Learned, Opening, Slot, Standing, Vault};

/// A stand-in for a directory, whose writes can be made to fail after a number of steps.
#[derive(Default)]
pub(crate) struct MemoryFiles {
    pub(crate) files: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) writes_left: Rc<Cell<Option<u32>>>,
    pub(crate) busy: Cell<bool>,
    /// A file that the disk does not give back.
    pub(crate) unreadable: RefCell<Option<String>>,
    pub(crate) held: Rc<Cell<bool>>,
}

impl MemoryFiles {
    fn step(&self) -> Result<(), FileError> {
        match self.writes_left.get() {
            Some(0) => Err(FileError::Io {
                path: "memory".into(),
                action: "write",
                source: io::Error::from(io::ErrorKind::StorageFull),
            }),
            Some(left) => {
                self.writes_left.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.files.borrow_mut().get_mut(name).unwrap());
    }

    pub(crate) fn delete(&self, name: &str) {
        self.files.borrow_mut().remove(name).unwrap();
    }
}

impl StateFiles for MemoryFiles {
    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
        if self.unreadable.borrow().as_deref() == Some(name) {
            return Err(FileError::Io {
                path: name.into(),
                action: "read",
                source: io::Error::other("bad sector"),
            });
        }
        match self.files.borrow().get(name) {
            Some(file) if file.len() > limit => Err(FileError::TooLarge {
                path: name.into(),
                limit,
            }),
            file => Ok(file.cloned()),
        }
    }

    fn write(&self, name: &str, bytes: &[u8], keep_previous: bool) -> Result<(), FileError> {
        if keep_previous {
            self.step()?;
            let old = self.files.borrow().get(name).cloned();
            if let Some(old) = old {
                self.files.borrow_mut().insert(previous(name), old);
            }
        }
        self.step()?;
        self.files.borrow_mut().insert(name.into(), bytes.into());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        for name in [previous(name), name.into()] {
            self.step()?;
            for unfinished in unfinished(&name) {
                self.files.borrow_mut().remove(&unfinished);
            }
            self.files.borrow_mut().remove(&name);
        }
        Ok(())
    }

    fn prepare_lock(&self, _: &str) -> Result<(), FileError> {
        Ok(())
    }

    fn lock(&self, name: &str) -> Result<Box<dyn LockGuard>, FileError> {
        if self.busy.get() {
            return Err(FileError::Busy { path: name.into() });
        }
        self.held.set(true);
        Ok(Box::new(MemoryLock(Rc::clone(&self.held))))
    }
}

struct MemoryLock(Rc<Cell<bool>>);
impl LockGuard for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

pub(crate) const DERIVATION: (Salt, KdfParams) = ([1; 16], KdfParams::CURRENT);
pub(crate) const UID: u32 = 1000;

pub(crate) struct Machine {
    pub(crate) main: MemoryFiles,
    pub(crate) run: MemoryFiles,
    pub(crate) host: HostKey,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            main: MemoryFiles::default(),
            run: MemoryFiles::default(),
            host: HostKey::from_bytes(&[3; 32]).unwrap(),
        }
    }

    pub(crate) fn vault(&self) -> Vault<'_> {
        Vault::new(UID, &self.main, &self.run, Some(&self.host))
    }

    pub(crate) fn learn(&self, key: &SealKey, i: u32) -> Result<Learned, LearnError> {
        let sample = typing(16, 8, i);
        let at = if i < 10 { 0 } else { 100_000 };
        self.vault().learn(
            key,
            DERIVATION,
            &lesson(&sample, at + u64::from(i)),
            [9; 24],
        )
    }

    /// The same files once more.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        *copy.main.files.borrow_mut() = self.main.files.borrow().clone();
        *copy.run.files.borrow_mut() = self.run.files.borrow().clone();
        copy
    }

    pub(crate) fn armed(key: &SealKey) -> Self {
        let machine = Self::new();
        for i in 0..25 {
            machine.learn(key, i).unwrap();
        }
        machine
    }

    pub(crate) fn phase(&self, key: &SealKey) -> Option<Phase> {
        match self.vault().standing(&self.vault().open(key)) {
            Standing::Known(state) => Some(state.phase),
            Standing::Unknown => None,
        }
    }
}

pub(crate) fn key(n: u8) -> SealKey {
    SealKey::from_bytes([n; 32])
}

pub(crate) fn opened(machine: &Machine, key: &SealKey) -> (Profile, Slot) {
    match machine.vault().open(key) {
        Opening::Open(profile, slot) => (*profile, slot),
        other => panic!("{other:?}"),
    }
}
