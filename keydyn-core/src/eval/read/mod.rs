//! Readers of recorded typing, one file a format.
//!
//! A reader checks everything it takes: what it returns has one row a typing, in order, with
//! durations that a keyboard can have produced. What is wrong is told with file, line and column.

mod cmu;
mod collect;
mod error;
mod names;
mod table;

use std::io::Read;

use super::data::DataSet;
pub use error::{DataError, Place, Problem};
use table::Table;

/// Reads a recording: the CMU benchmark's CSV, or one laid out like it.
///
/// `file` is what errors call it. The whole is read; rows of one typist need not be together.
///
/// # Errors
/// What is wrong with the recording, where, and what to do about it.
pub fn read(source: impl Read, file: &str) -> Result<DataSet, DataError> {
    cmu::read(Table::open(source, file)?)
}
