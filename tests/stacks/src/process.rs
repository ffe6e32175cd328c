//! Checks in a process of their own, which say what failed.

use std::fs;
use std::panic;

use pam_host::{ChildEnd, Code, in_a_child};

use crate::Machine;

/// What a check that went through says of itself.
pub trait Answer {
    /// As a code, which is all that a process gives back.
    fn to_code(self) -> Code;
    /// The same again.
    fn from_code(code: Code) -> Option<Self>
    where
        Self: Sized;
}

impl Answer for () {
    fn to_code(self) -> Code {
        Code::SUCCESS
    }

    fn from_code(code: Code) -> Option<Self> {
        code.is_success().then_some(())
    }
}

impl Answer for bool {
    fn to_code(self) -> Code {
        if self { Code::SUCCESS } else { Code::IGNORE }
    }

    fn from_code(code: Code) -> Option<Self> {
        match code {
            Code::SUCCESS => Some(true),
            Code::IGNORE => Some(false),
            _ => None,
        }
    }
}

/// Does this in a forked child: its limits, mounts and memory are nobody else's.
///
/// # Panics
/// If it panics there, with what it said.
pub fn in_a_process_of_its_own<T: Answer>(check: impl FnOnce() -> T) -> T {
    // Made before the fork: a child would wait for ever for another thread that is making it.
    drop(Machine::armed());
    let place = Machine::new();
    let said = place.path("said");
    let end = in_a_child(|| {
        // The test's own output is kept in the parent, which never sees a child's.
        let said = said.clone();
        panic::set_hook(Box::new(move |info| {
            let _ = fs::write(&said, info.to_string());
        }));
        check().to_code()
    });
    let answer = match &end {
        Ok(ChildEnd::Code(code)) => T::from_code(*code),
        _ => None,
    };
    answer.unwrap_or_else(|| {
        let said = fs::read_to_string(&said).unwrap_or_default();
        panic!("{end:?}: {said}")
    })
}
