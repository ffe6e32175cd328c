//! A directory in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;

use keydyn_core::store::files::{FileError, LockGuard, StateFiles, previous};

/// Files by name.
#[derive(Clone, Default)]
pub(crate) struct MemoryFiles(pub(crate) RefCell<BTreeMap<String, Vec<u8>>>);

impl StateFiles for MemoryFiles {
    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, FileError> {
        match self.0.borrow().get(name) {
            Some(file) if file.len() > limit => Err(FileError::TooLarge {
                path: name.into(),
                limit,
            }),
            file => Ok(file.cloned()),
        }
    }

    fn write(&self, name: &str, bytes: &[u8], keep_previous: bool) -> Result<(), FileError> {
        let old = self.0.borrow_mut().insert(name.into(), bytes.into());
        if let Some(old) = old.filter(|_| keep_previous) {
            self.0.borrow_mut().insert(previous(name), old);
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        for name in [previous(name), name.into()] {
            self.0.borrow_mut().remove(&name);
        }
        Ok(())
    }

    fn prepare_lock(&self, _: &str) -> Result<(), FileError> {
        Ok(())
    }

    fn lock(&self, _: &str) -> Result<Box<dyn LockGuard>, FileError> {
        Ok(Box::new(Unlocked))
    }
}

struct Unlocked;

impl LockGuard for Unlocked {}
