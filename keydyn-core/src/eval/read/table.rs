//! A CSV file as rows of named fields, each row with its line.

use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::error::{DataError, Place, Problem, quoted};

/// The longest line, and so what a file without line ends may cost in memory. The CMU benchmark
/// has rows of 250 bytes; 128 keys make one of 4 KiB.
const LONGEST_LINE: u64 = 64 * 1024;
/// Read from the file at once.
const BUFFER: usize = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A table whose first row names its columns. A row is a line: a field may be quoted, but not
/// across lines, so that one lost quotation mark does not swallow the rest of the file.
pub(super) struct Table<R> {
    source: BufReader<R>,
    /// Lines read so far.
    line: u64,
    /// The last of them; kept for its memory.
    text: Vec<u8>,
    header: Header,
}

/// The names of the columns, and of the file they are in.
#[derive(Clone, Debug)]
pub(super) struct Header {
    file: String,
    columns: Vec<String>,
}

/// One row, read into again and again: a file may have millions.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// Counted from 1.
    pub(super) line: u64,
    record: ByteRecord,
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub(super) fn open(source: R, file: &str) -> Result<Self, DataError> {
        let header = Header {
            file: file.to_owned(),
            columns: Vec::new(),
        };
        let mut table = Self {
            source: BufReader::with_capacity(BUFFER, source),
            line: 0,
            text: Vec::new(),
            header,
        };
        let mut row = Row::default();
        if !table.read_record(&mut row)? {
            return Err(table.header.error(Problem::Empty));
        }
        for field in &row.record {
            let name = str::from_utf8(field).map_err(|_| {
                let column = table.header.columns.len();
                table.header.error_at(row.line, column, Problem::NotText)
            })?;
            table.header.columns.push(name.trim().to_owned());
        }
        Ok(table)
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the next row that is not blank; `false` at the end.
    pub(super) fn read_row(&mut self, row: &mut Row) -> Result<bool, DataError> {
        let more = self.read_record(row)?;
        let (found, expected) = (row.record.len(), self.header.columns.len());
        if more && found != expected {
            let problem = Problem::Ragged { found, expected };
            return Err(self.header.error_in(row.line, problem));
        }
        Ok(more)
    }

    fn read_record(&mut self, row: &mut Row) -> Result<bool, DataError> {
        if !self.read_line()? {
            return Ok(false);
        }
        row.line = self.line;
        row.record.clear();
        if !self.text.contains(&b'"') {
            for field in self.text.split(|byte| *byte == b',') {
                row.record.push_field(field);
            }
            return Ok(true);
        }
        ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(self.text.as_slice())
            .read_byte_record(&mut row.record)
            .map_err(|error| {
                let problem = Problem::Unreadable(error.to_string());
                self.header.error_in(self.line, problem)
            })
    }

    /// Reads the next line that is not blank, without its end; `false` if there is none.
    fn read_line(&mut self) -> Result<bool, DataError> {
        loop {
            let line = &mut self.text;
            line.clear();
            let n = (&mut self.source)
                .take(LONGEST_LINE)
                .read_until(b'\n', line)
                .map_err(|error| self.header.error(Problem::Unreadable(error.to_string())))?;
            if n == 0 {
                return Ok(false);
            }
            self.line += 1;
            if n as u64 == LONGEST_LINE {
                return Err(self.header.error_in(self.line, Problem::EndlessLine));
            }
            if self.line == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            line.truncate(line.trim_ascii_end().len());
            if line.contains(&b'\r') {
                return Err(self.header.error_in(self.line, Problem::CarriageReturns));
            }
            if !line.is_empty() {
                return Ok(true);
            }
        }
    }
}

impl Header {
    /// The names in order.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number, from 0, of the column of this name.
    pub(super) fn find(&self, name: &str) -> Result<usize, DataError> {
        self.optional(name).ok_or_else(|| {
            let problem = Problem::MissingColumn(name.to_owned());
            self.error_in(1, problem)
        })
    }

    /// The number of this column, if there is one.
    pub(super) fn optional(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Checks that no column is there twice.
    pub(super) fn check_unique(&self) -> Result<(), DataError> {
        let columns = &self.columns;
        match (0..columns.len()).find(|&i| columns[..i].contains(&columns[i])) {
            Some(twice) => Err(self.error_at(1, twice, Problem::DuplicateColumn)),
            None => Ok(()),
        }
    }

    /// The names of the columns whose numbers are not among these.
    pub(super) fn except(&self, used: &[usize]) -> Vec<String> {
        let columns = self.columns.iter().enumerate();
        let others = columns.filter(|(i, _)| !used.contains(i));
        others.map(|(_, name)| name.clone()).collect()
    }

    /// An error of the file as a whole.
    pub(super) fn error(&self, problem: Problem) -> DataError {
        DataError {
            file: self.file.clone(),
            place: Place::default(),
            problem,
        }
    }

    /// An error of a line as a whole.
    pub(super) fn error_in(&self, line: u64, problem: Problem) -> DataError {
        let mut error = self.error(problem);
        error.place.line = Some(line);
        error
    }

    /// An error in a line and a column, counted from 0.
    pub(super) fn error_at(&self, line: u64, column: usize, problem: Problem) -> DataError {
        let name = self.columns.get(column).filter(|name| !name.is_empty());
        let column = name.map_or_else(|| format!("number {}", column + 1), |name| quoted(name));
        DataError {
            place: Place {
                line: Some(line),
                column: Some(column),
            },
            ..self.error(problem)
        }
    }
}

impl Row {
    /// The text of a column, counted from 0, without blanks around it.
    pub(super) fn text(&self, column: usize) -> Result<&str, Problem> {
        let field = self.record.get(column).unwrap_or_default();
        str::from_utf8(field)
            .map(str::trim)
            .map_err(|_| Problem::NotText)
    }

    /// The number of a session, a repetition or a key.
    pub(super) fn ordinal(&self, column: usize) -> Result<u32, Problem> {
        let text = self.text(column)?;
        text.parse()
            .map_err(|_| Problem::NotAnOrdinal(quoted(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn rows(text: &[u8]) -> Result<Vec<(u64, String)>, DataError> {
        let mut table = Table::open(text, "t.csv")?;
        let (mut rows, mut row) = (Vec::new(), Row::default());
        while table.read_row(&mut row)? {
            let first = row
                .text(0)
                .map_err(|p| table.header().error_at(row.line, 0, p))?;
            rows.push((row.line, first.to_owned()));
        }
        Ok(rows)
    }

    fn message(text: &[u8]) -> String {
        rows(text).unwrap_err().to_string()
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        let expected = [(2, "1".to_owned()), (4, "3".to_owned())];
        assert_eq!(rows(b"a,b\n1,2\n\n3,4\n").unwrap(), expected);
        assert_eq!(rows(b"a,b\r\n1,2\r\n\r\n3,4").unwrap(), expected);
        // A byte order mark is no part of a name.
        let table = Table::open(&b"\xef\xbb\xbfa,b\n"[..], "t.csv").unwrap();
        assert_eq!(table.header().columns(), ["a", "b"]);
    }

    #[test]
    fn defects_have_their_line() {
        assert!(message(b"").starts_with("t.csv: the file is empty"));
        assert!(message(b"\n\n").starts_with("t.csv: the file is empty"));
        assert!(message(b"a,b\n1,2\n3\n").starts_with("t.csv, line 3: 1 field(s) where"));
        assert!(message(b"a,b\n1,\"2\n3,4\n5,6,7").starts_with("t.csv, line 4: 3 field(s)"));
        assert!(
            message(b"a,b\r1,2\r3,4").starts_with("t.csv, line 1: its lines end in a carriage")
        );
        assert!(message(b"a,b\n\xff,2\n").starts_with("t.csv, line 2, column a: there are bytes"));
        assert!(message(b"a,\xff\n").starts_with("t.csv, line 1, column number 2: there are"));
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let endless = |first: &'static [u8], byte: u8| {
            let table = Table::open(first.chain(io::repeat(byte)), "t.csv");
            let row = table.and_then(|mut table| table.read_row(&mut Row::default()));
            row.unwrap_err().to_string()
        };
        assert!(endless(b"", b'x').starts_with("t.csv, line 1: more than 64 KiB"));
        assert!(endless(b"a,b\n\"", b'x').starts_with("t.csv, line 2: more than 64 KiB"));
    }

    #[test]
    fn a_source_that_breaks_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("pulled out"))
            }
        }
        let error = Table::open(Broken, "t.csv").map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "t.csv: it cannot be read: pulled out");
    }
}
