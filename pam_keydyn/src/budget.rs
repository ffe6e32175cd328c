//! The time that a login's own work may take, over all its phases.
//!
//! It is asked for before each step that can be left out. A system call that does not come back
//! cannot be left; see docs/adr/0034.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// What is left of the time for one login. Conversations and other modules cost nothing.
#[derive(Debug)]
pub(crate) struct Budget {
    allowed: Duration,
    spent: Cell<Duration>,
    /// `None` while others work.
    since: Cell<Option<Instant>>,
    /// Passes at each question; no other time does then. For tests.
    #[cfg(feature = "replay-source")]
    stand_in: Option<Duration>,
}

impl Budget {
    /// So much, of which nothing is spent.
    pub(crate) fn new(allowed: Duration) -> Self {
        Self {
            allowed,
            spent: Cell::new(Duration::ZERO),
            since: Cell::new(Some(Instant::now())),
            #[cfg(feature = "replay-source")]
            stand_in: None,
        }
    }

    /// On a machine whose clock moves by so much from question to question, and never else.
    #[cfg(feature = "replay-source")]
    pub(crate) fn by_a_stand_in(mut self, at_each_question: Duration) -> Self {
        self.since.set(None);
        self.stand_in = Some(at_each_question);
        self
    }

    /// Whether the time is over, so that the next step is left out.
    pub(crate) fn is_over(&self) -> bool {
        #[cfg(feature = "replay-source")]
        self.add(self.stand_in.unwrap_or_default());
        self.spent() > self.allowed
    }

    /// What has been spent so far.
    pub(crate) fn spent(&self) -> Duration {
        let running = self.since.get().map_or(Duration::ZERO, |at| at.elapsed());
        self.spent.get().saturating_add(running)
    }

    /// What an earlier phase of the same login has spent.
    pub(crate) fn add(&self, spent: Duration) {
        self.spent.set(self.spent.get().saturating_add(spent));
    }

    /// From here on others work.
    pub(crate) fn pause(&self) {
        self.spent.set(self.spent());
        self.since.set(None);
    }

    /// From here on it is the login's own work again.
    pub(crate) fn resume(&self) {
        #[cfg(feature = "replay-source")]
        if self.stand_in.is_some() {
            return;
        }
        if self.since.get().is_none() {
            self.since.set(Some(Instant::now()));
        }
    }

    /// Does what is not the module's work: a conversation takes as long as it takes.
    pub(crate) fn outside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.pause();
        let result = work();
        self.resume();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn what_earlier_phases_spent_counts() {
        let budget = Budget::new(LONG);
        assert!(!budget.is_over());
        budget.add(LONG);
        assert!(budget.is_over());
        budget.add(Duration::MAX);
        assert!(budget.is_over());
    }

    #[test]
    fn what_others_take_costs_nothing() {
        let budget = Budget::new(LONG);
        budget.pause();
        let before = budget.spent();
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(budget.spent(), before);
        budget.resume();
        budget.outside(|| assert_eq!(budget.spent(), budget.spent()));
        assert!(budget.since.get().is_some());
    }

    #[test]
    fn no_time_at_all_is_over_at_once() {
        let budget = Budget::new(Duration::ZERO);
        std::thread::sleep(Duration::from_millis(1));
        assert!(budget.is_over());
    }
}
