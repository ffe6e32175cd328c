//! What can be wrong with a recording.

use std::fmt;

/// Where in a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1; the header is line 1.
    pub line: Option<u64>,
    /// The start of the column's name in the header, or `number 4` where it has none.
    pub column: Option<String>,
}

/// A recording that cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub struct DataError {
    /// What the file is called.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// What is wrong there.
    pub problem: Problem,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.place.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.place.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for DataError {}

/// What is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The operating system's word.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// No byte in it.
    #[error("the file is empty; give a CSV file whose first line names its columns")]
    Empty,
    /// A header and nothing below.
    #[error("there is a header and no row below it; was the recording cut off?")]
    NoRows,
    /// One column, whose name holds what others separate columns with.
    #[error("its columns are separated by {0}; write it with commas between them")]
    OtherSeparator(&'static str),
    /// None of the columns that any known format has.
    #[error(
        "this is not a recording that keydyn reads; the first line must name the columns, as in `subject,session,rep,index,key,press_ms,release_ms` (a row a key; here {missing} missing) or `subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b` (a row a typing)"
    )]
    UnknownFormat {
        /// The columns of the long form that are not there: `index and key are`.
        missing: String,
    },
    /// Some of the long form's columns are not there.
    #[error(
        "{0} missing; a row a key needs the columns subject, session, rep, index, key and press_ms, and release_ms where releases were recorded"
    )]
    MissingColumns(String),
    /// Two columns for one thing.
    #[error("`subject` and `typist` mean the same; rename the one that means something else")]
    TwoTypists,
    /// One of the columns is not there.
    #[error("there is no column {0}; compare the first line with the published file's")]
    MissingColumn(String),
    /// Two columns of one name.
    #[error("there are two columns of this name; take one out or rename it")]
    DuplicateColumn,
    /// A `DD.` or `UD.` column of keys that are not neighbours.
    #[error(
        "this column does not join two neighbouring `H.` columns; the `H.` columns must stand in the order in which the keys are typed"
    )]
    StrayColumn,
    /// More keys than a template holds.
    #[error("there are {keys} keys; a text has at most 128")]
    TooManyKeys {
        /// How many.
        keys: usize,
    },
    /// A row of another length than the header.
    #[error("{found} field(s) where the header has {expected}; was a line cut or joined?")]
    Ragged {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A line without an end.
    #[error(
        "more than 64 KiB without the end of a line; this is not a CSV file, or a line end was lost"
    )]
    EndlessLine,
    /// Line ends of the last century.
    #[error("its lines end in a carriage return alone; convert them to line feeds")]
    CarriageReturns,
    /// Bytes that are no text.
    #[error("there are bytes that are not UTF-8; save the file as UTF-8")]
    NotText,
    /// Nobody.
    #[error("the field is empty; every row must name its typist")]
    NoSubject,
    /// A number of a session or repetition that is none.
    #[error("{0:?} is not a whole number from 0 to 4294967295")]
    NotAnOrdinal(String),
    /// A key without a name.
    #[error("the field is empty; every row must name its key")]
    NoKey,
    /// A session without a name.
    #[error("the field is empty; every row must name its session")]
    NoSession,
    /// An account without a name.
    #[error(
        "the field is empty; name the account whose password it is, in every row or, by leaving the column out, in none"
    )]
    NoAccount,
    /// Milliseconds that are none.
    #[error(
        "{0:?} is not a number of milliseconds that a typing can have; write 95 or 180.5, and leave release_ms empty where nothing was recorded"
    )]
    NotMillis(String),
    /// No press.
    #[error(
        "the field is empty; a key that was typed has been pressed, so give the time or leave the whole typing out"
    )]
    NoPress,
    /// A release before its press.
    #[error(
        "the release at {release} ms is before the press at {press} ms; leave it empty if it was not recorded"
    )]
    ReleasedBeforePressed {
        /// When it was pressed.
        press: f64,
        /// When it was released.
        release: f64,
    },
    /// A press before that of the key before.
    #[error(
        "{press} ms is before the press of the key before at {before} ms; `index` must count the keys in the order of their presses"
    )]
    OutOfOrder {
        /// When this key was pressed.
        press: f64,
        /// When the key before was.
        before: f64,
    },
    /// A time or duration beyond what anybody types.
    #[error("{0} ms are more than an hour for one key; the unit must be milliseconds")]
    TooManyMillis(f64),
    /// A key of the typing is not there.
    #[error(
        "a key is missing before this one: index {found} comes where {expected} should; was a row lost?"
    )]
    Gap {
        /// The index of this row.
        found: u32,
        /// The index that should be.
        expected: u32,
    },
    /// The first key is not there.
    #[error("the typing begins with index {0}; count its keys from 0 or 1; was a row lost?")]
    NoFirstKey(u32),
    /// One key of a typing in two rows.
    #[error(
        "index {index} of this typing was already in line {first}; give every typing a session and rep of its own"
    )]
    IndexTwice {
        /// Which.
        index: u32,
        /// Where the other one is.
        first: u64,
    },
    /// Rows of one typing with others between them.
    #[error(
        "this typing already ended in line {ended}; the rows of a typing must stand together, and every typing needs a session and rep of its own"
    )]
    Scattered {
        /// Its last row so far.
        ended: u64,
    },
    /// More keys than a template holds, in one typing.
    #[error(
        "this is key 129 of its typing; a text has at most 128: cut the typing or leave it out"
    )]
    TypingTooLong,
    /// More names of keys than any keyboard has.
    #[error("there are more than {0} different keys; is this column the name of the key?")]
    TooManyNames(usize),
    /// One typing twice.
    #[error(
        "this typing is the same to the microsecond as the one that ended in line {ended}; remove the copy"
    )]
    Copied {
        /// The last row of the other one.
        ended: u64,
    },
    /// Two keyboards in one typing.
    #[error("this typing began on keyboard {0:?}; a typing is of one keyboard")]
    TwoKeyboards(String),
    /// Typings of as many texts.
    #[error(
        "of {typings} typings only {alike} have the keys of their account's most frequent text; keydyn compares typings of one text: take out those with corrections and other texts, or name the account whose password it is in a column `account`"
    )]
    ManyTexts {
        /// How many typings.
        typings: usize,
        /// How many of the most frequent texts.
        alike: usize,
    },
    /// Seconds that are none.
    #[error("{0:?} is not a number of seconds; leave the field empty if nothing was measured")]
    NotSeconds(String),
    /// Longer than anybody holds a key.
    #[error("{0} s is more than an hour; the unit must be seconds")]
    TooLong(String),
    /// One typing in two rows.
    #[error(
        "this subject, session and repetition were already in line {first}; number repetitions without gaps or remove the copy"
    )]
    Duplicate {
        /// Where the other one is.
        first: u64,
    },
}

/// `a is`, `a and b are`, `a, b and c are`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is"),
        [most @ .., last] => format!("{} and {last} are", most.join(", ")),
    }
}

/// A value as far as a message should quote it.
pub(super) fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST).chain(['…']).collect()
}
