//! What can be wrong with a recording.

use std::fmt;

/// Where in a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1; the header is line 1.
    pub line: Option<u64>,
    /// The column's name in the header, or `number 4` where it has none.
    pub column: Option<String>,
}

/// A recording that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// None of the columns that any known format has.
    #[error(
        "this is not a recording that keydyn reads; the first line must name the columns, as in `subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b`"
    )]
    UnknownFormat,
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
    #[error("there are {keys} `H.` columns; a text has at most 128 keys")]
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

/// A value as far as a message should quote it.
pub(super) fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST).chain(['…']).collect()
}
