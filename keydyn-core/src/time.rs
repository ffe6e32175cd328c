//! Wall-clock time, as far as keydyn needs it: sittings, cool-downs, verdicts.

/// Seconds since 1970 on the wall clock, which may be set back at any time: order things by
/// sequence number, never by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Seconds from `earlier` to here; `None` if the clock was set back in between.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }
}
