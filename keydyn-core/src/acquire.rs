//! Failure to acquire: why an attempt gave nothing that can be judged.

/// Why an attempt cannot be judged (ISO/IEC 2382-37: failure to acquire).
///
/// Each reason is safe to log: none of them tells a key, a timing or a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FailureToAcquire {
    /// The seat showed another session for some of the time.
    #[error("another session was in front of the keyboard")]
    SeatInactive,
    /// No text key was pressed: pasted, piped in, or typed elsewhere.
    #[error("no key was pressed while the password was asked for")]
    NoPress,
    /// The kernel dropped events, or a press arrived twice without a release.
    #[error("key events were lost")]
    EventsLost,
    /// A keyboard was pulled out in mid-password.
    #[error("the keyboard went away")]
    DeviceGone,
    /// Text keys moved on more than one keyboard.
    #[error("the password was typed on two keyboards")]
    TwoKeyboards,
    /// A time stamp lies before its predecessor's.
    #[error("the key events are out of order")]
    OutOfOrder,
    /// The cursor was moved or a shortcut used, so the text cannot be told from the keys.
    #[error("an editing key or a shortcut was used")]
    EditingKey,
    /// More text keys than a profile holds.
    #[error("more than 128 keys were typed")]
    TooLong,
    /// The keys are not those of any sequence that is in force.
    #[error("the keys are not those of the learned sequence")]
    UnknownSequence,
    /// Fewer than 80 % of the holds are there.
    #[error("too few of the key holds could be measured")]
    TooFewHolds,
    /// Fewer than 80 % of the down-downs are there.
    #[error("too few of the key transitions could be measured")]
    TooFewDownDowns,
    /// The template has not yet learned enough to say anything.
    #[error("the template has nothing to compare with yet")]
    NothingLearned,
    /// The source of key events broke or took too long.
    #[error("the keyboard could not be read in time")]
    SourceFailed,
    /// The Enter that ended the typing was not the one that handed the password over.
    #[error("the typing ended before the password was handed over")]
    EndedEarly,
    /// It is one of the typings before it, played back.
    #[error("the typing is a copy of an earlier one")]
    Copied,
    /// Its holds, and its down-downs, differ from each other far less than in any typing before it.
    #[error("the typing is more even than its owner ever was")]
    TooEven,
    /// It is far nearer to the median of the typings before it than any of them is.
    #[error("the typing is nearer to the average than its owner ever was")]
    TooCentral,
    /// A program made the keyboard, and such keyboards are not to count.
    #[error("it was typed on a keyboard that a program has made up")]
    VirtualKeyboard,
    /// The keyboard appeared while the password was asked for, and such keyboards are not to count.
    #[error("it was typed on a keyboard that was plugged in at the prompt")]
    NewKeyboard,
}

impl FailureToAcquire {
    /// A short word for log lines and stored verdicts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SeatInactive => "seat-inactive",
            Self::NoPress => "no-press",
            Self::EventsLost => "events-lost",
            Self::DeviceGone => "device-gone",
            Self::TwoKeyboards => "two-keyboards",
            Self::OutOfOrder => "out-of-order",
            Self::EditingKey => "editing-key",
            Self::TooLong => "too-long",
            Self::UnknownSequence => "unknown-sequence",
            Self::TooFewHolds => "too-few-holds",
            Self::TooFewDownDowns => "too-few-down-downs",
            Self::NothingLearned => "nothing-learned",
            Self::SourceFailed => "source-failed",
            Self::EndedEarly => "ended-early",
            Self::Copied => "copied",
            Self::TooEven => "too-even",
            Self::TooCentral => "too-central",
            Self::VirtualKeyboard => "virtual-keyboard",
            Self::NewKeyboard => "new-keyboard",
        }
    }
}

/// In the order of their codes: stored in profiles, so only ever added to at the end.
const BY_CODE: [FailureToAcquire; 19] = [
    FailureToAcquire::SeatInactive,
    FailureToAcquire::NoPress,
    FailureToAcquire::EventsLost,
    FailureToAcquire::DeviceGone,
    FailureToAcquire::TwoKeyboards,
    FailureToAcquire::OutOfOrder,
    FailureToAcquire::EditingKey,
    FailureToAcquire::TooLong,
    FailureToAcquire::UnknownSequence,
    FailureToAcquire::TooFewHolds,
    FailureToAcquire::TooFewDownDowns,
    FailureToAcquire::NothingLearned,
    FailureToAcquire::SourceFailed,
    FailureToAcquire::EndedEarly,
    FailureToAcquire::Copied,
    FailureToAcquire::TooEven,
    FailureToAcquire::TooCentral,
    FailureToAcquire::VirtualKeyboard,
    FailureToAcquire::NewKeyboard,
];

impl FailureToAcquire {
    /// A number for it that never changes.
    #[must_use]
    pub fn code(self) -> u8 {
        // `Self` has no explicit discriminants: its order is that of the table (a test checks).
        self as u8
    }

    /// The failure with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        BY_CODE.get(usize::from(code)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_code_of_its_own() {
        for (code, failure) in (0..).zip(BY_CODE) {
            assert_eq!(failure.code(), code);
            assert_eq!(FailureToAcquire::from_code(code), Some(failure));
        }
        assert_eq!(FailureToAcquire::from_code(19), None);
    }
}
