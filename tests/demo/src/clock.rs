//! The clock of the story, which is moved on instead of waited for.

use std::fmt;

/// Seconds since the story's first midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock(u64);

/// 1 January 2026, 00:00 UTC.
const FIRST_MIDNIGHT: u64 = 1_767_225_600;
const DAY: u64 = 86_400;
const MORNING: u64 = 9 * 3600;

impl Clock {
    /// Nine in the morning of this day, the first being 1.
    pub(crate) fn morning(day: u32) -> Self {
        Self(u64::from(day.saturating_sub(1)) * DAY + MORNING)
    }

    /// So many seconds later.
    pub(crate) fn after(self, seconds: u64) -> Self {
        Self(self.0 + seconds)
    }

    /// The day, the first being 1.
    pub(crate) fn day(self) -> u32 {
        u32::try_from(self.0 / DAY + 1).unwrap_or(u32::MAX)
    }

    /// As the module's script has it.
    pub(crate) fn unix(self) -> u64 {
        FIRST_MIDNIGHT + self.0
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0 % DAY / 60;
        write!(
            f,
            "day {:<2} {:02}:{:02}",
            self.day(),
            minutes / 60,
            minutes % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_day_and_time() {
        let clock = Clock::morning(12).after(3 * 3600 + 61);
        assert_eq!(clock.to_string(), "day 12 12:01");
        assert_eq!(clock.unix(), 1_767_225_600 + 11 * 86_400 + 43_261);
        assert_eq!(Clock::morning(1).to_string(), "day 1  09:00");
    }
}
