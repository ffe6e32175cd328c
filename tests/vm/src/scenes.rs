//! The scenes of a story that is told on the owner's own machine.

use crate::guest::Machine;
use crate::home::{Answered, Home};
use crate::person::Person;
use crate::story::Story;
use crate::typing::Typing;

/// Typings of a person that are of the history.
const HISTORY: u32 = 40;

/// The machine, what is told of it, and who types there; the owner's rhythm is in force.
#[derive(Debug)]
pub struct Scenes {
    /// The machine.
    pub home: Home,
    /// What is told.
    pub story: Story,
    owner: Person,
    other: Person,
    typed: u32,
}

impl Scenes {
    /// Boots the machine, which has the program of [`crate::Inside`], and lets the owner be learned.
    ///
    /// # Panics
    /// If it does not come up, or the owner is not learned.
    #[must_use]
    pub fn begin(story: Story, machine: Machine) -> Self {
        let mut home = Home::boot(machine);
        let owner = Person::quick(Home::PASSWORD);
        home.learns(&owner, Home::PASSWORD, Home::ARMED);
        Self {
            home,
            story,
            owner,
            other: Person::slow(Home::PASSWORD),
            typed: HISTORY,
        }
    }

    /// The owner's next typing.
    pub fn owner(&mut self) -> Typing {
        self.typed += 1;
        self.owner.typing(self.typed)
    }

    /// Somebody else's next typing.
    pub fn other(&mut self) -> Typing {
        self.typed += 1;
        self.other.typing(self.typed)
    }

    /// What happened is what is documented.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn shows(
        &mut self,
        what: &str,
        answered: &Answered,
        service: &str,
        outcome: &str,
        code: u8,
    ) {
        let line = answered.of(service);
        let fits = line.is_some_and(|line| line.contains(outcome)) && answered.code == Some(code);
        assert!(fits, "{what}: {}", self.home.explain(answered));
        self.story
            .fact(format!("{what}: {service}: {outcome}; exit code {code}"));
    }
}
