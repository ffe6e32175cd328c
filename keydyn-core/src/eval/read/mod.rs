//! Readers of recorded typing, one file a format.
//!
//! A reader checks everything it takes: what it returns has one row a typing, in order, with
//! durations that a keyboard can have produced. What is wrong is told with file, line and column.

mod cmu;
mod collect;
mod error;
mod long;
mod names;
mod table;

use std::io::Read;

use super::data::DataSet;
pub use error::{DataError, Place, Problem};
use table::Table;

/// Reads a recording: the CMU benchmark's CSV, one laid out like it, or the long form with a row a
/// key. The header tells which.
///
/// `file` is what errors call it. The whole is read; rows of one typist need not be together.
///
/// # Errors
/// What is wrong with the recording, where, and what to do about it.
pub fn read(source: impl Read, file: &str) -> Result<DataSet, DataError> {
    let table = Table::open(source, file)?;
    if cmu::is_meant(table.header()) {
        cmu::read(table)
    } else if long::is_meant(table.header()) {
        long::read(table)
    } else if let Some(separator) = other_separator(table.header().columns()) {
        Err(table.header().error(Problem::OtherSeparator(separator)))
    } else {
        let missing = long::missing(table.header());
        Err(table.header().error(Problem::UnknownFormat { missing }))
    }
}

/// What spreadsheets write where a comma is the decimal point, and what else is common.
fn other_separator(columns: &[String]) -> Option<&'static str> {
    let [only] = columns else { return None };
    let known = [(';', "semicolons"), ('\t', "tabs")];
    let found = known.into_iter().find(|(sign, _)| only.contains(*sign));
    found.map(|(_, name)| name)
}
