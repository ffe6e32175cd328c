//! The long form: one row a key, times in milliseconds from any moment of the typing.
//!
//! ```text
//! subject,session,rep,index,key,press_ms,release_ms
//! s1,1,1,0,a,0,95.5
//! s1,1,1,1,b,180,290
//! ```
//!
//! Columns are found by name. `typist` may stand for `subject`. With a column `account` a row is a
//! typing of that account's password by the typist, who is its owner or a real impostor; without,
//! all typed the same. `release_ms` may be empty or absent; `keyboard` may be there. The rows of a
//! typing stand together; only one typing at a time is held as text.

use std::io::Read;

use super::collect::{Collection, Whose};
use super::error::{DataError, Problem, listed, quoted};
use super::names::{KeyNames, Names};
use super::table::{Header, Row, Table};
use crate::digraph::{Duration, KeySequence, MAX_KEYS, Sample};
use crate::eval::data::{About, Attempt, DataSet, Format};
use crate::key::KeyCode;

const TYPIST: [&str; 2] = ["subject", "typist"];
const ACCOUNT: &str = "account";
const SESSION: &str = "session";
const REP: &str = "rep";
const INDEX: &str = "index";
const KEY: &str = "key";
const PRESS: &str = "press_ms";
const RELEASE: &str = "release_ms";
const KEYBOARD: &str = "keyboard";

const MICROS_PER_MILLI: f64 = 1000.0;
/// Nobody takes longer than this for one key; whoever seems to has another unit.
const LONGEST_MICROS: i64 = 3_600_000_000;
/// Times up to here, in ms either way, are exact to the microsecond in a double: 285 years.
const FURTHEST_MILLIS: f64 = 9e12;

/// Where a defect is: line, column from 0, and what it is.
type Defect = (u64, usize, Problem);

/// Whether the header is one of this format.
pub(super) fn is_meant(header: &Header) -> bool {
    [INDEX, KEY, PRESS, RELEASE]
        .iter()
        .any(|name| header.optional(name).is_some())
}

/// The columns that are not there, as the subject of a sentence; empty if all are.
pub(super) fn missing(header: &Header) -> String {
    let typist = TYPIST.iter().any(|name| header.optional(name).is_some());
    let typist = (!typist).then_some(TYPIST[0]);
    let others = [SESSION, REP, INDEX, KEY, PRESS];
    let absent = |name: &&str| header.optional(name).is_none();
    let names: Vec<&str> = typist
        .into_iter()
        .chain(others.into_iter().filter(absent))
        .collect();
    listed(&names)
}

/// Reads every row below the header.
pub(super) fn read(mut table: Table<impl Read>) -> Result<DataSet, DataError> {
    let layout = Layout::of(table.header())?;
    let mut reading = Reading::new(layout);
    let mut row = Row::default();
    while table.read_row(&mut row)? {
        reading
            .take(&row)
            .map_err(|(line, column, problem)| table.header().error_at(line, column, problem))?;
    }
    reading
        .close()
        .map_err(|(line, column, problem)| table.header().error_at(line, column, problem))?;
    let ignored = table.header().except(&reading.layout.used());
    reading
        .finish(ignored)
        .map_err(|problem| table.header().error(problem))
}

/// Which column is what.
#[derive(Clone, Copy, Debug)]
struct Layout {
    typist: usize,
    account: Option<usize>,
    session: usize,
    rep: usize,
    index: usize,
    key: usize,
    press: usize,
    release: Option<usize>,
    keyboard: Option<usize>,
}

impl Layout {
    fn of(header: &Header) -> Result<Self, DataError> {
        header.check_unique()?;
        let missing = missing(header);
        if !missing.is_empty() {
            return Err(header.error_in(1, Problem::MissingColumns(missing)));
        }
        let [subject, typist] = TYPIST.map(|name| header.optional(name));
        if let (Some(_), Some(second)) = (subject, typist) {
            return Err(header.error_at(1, second, Problem::TwoTypists));
        }
        Ok(Self {
            typist: match subject {
                Some(column) => column,
                None => header.find(TYPIST[1])?,
            },
            account: header.optional(ACCOUNT),
            session: header.find(SESSION)?,
            rep: header.find(REP)?,
            index: header.find(INDEX)?,
            key: header.find(KEY)?,
            press: header.find(PRESS)?,
            release: header.optional(RELEASE),
            keyboard: header.optional(KEYBOARD),
        })
    }

    /// The numbers of all columns that mean something.
    fn used(&self) -> Vec<usize> {
        let needed = [
            self.typist,
            self.session,
            self.rep,
            self.index,
            self.key,
            self.press,
        ];
        let optional = [self.account, self.release, self.keyboard];
        needed
            .into_iter()
            .chain(optional.into_iter().flatten())
            .collect()
    }
}

/// What makes rows the rows of one typing.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Identity {
    whose: Whose,
    session: u32,
    rep: u32,
}

/// One key of the typing that is being read; times in microseconds.
#[derive(Clone, Copy, Debug)]
struct Stroke {
    line: u64,
    index: u32,
    key: KeyCode,
    press: i64,
    release: Option<i64>,
}

/// A file as far as it has been read.
struct Reading {
    layout: Layout,
    collection: Collection,
    keys: KeyNames,
    sessions: Names,
    keyboards: Names,
    /// The typing whose rows are being read.
    typing: Option<(Identity, Option<u32>)>,
    strokes: Vec<Stroke>,
    /// The index of the first key, as in the typing before.
    begins_with: u32,
    same_number: usize,
}

impl Reading {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            collection: Collection::default(),
            keys: KeyNames::default(),
            sessions: Names::default(),
            keyboards: Names::default(),
            typing: None,
            strokes: Vec::new(),
            begins_with: 0,
            same_number: 0,
        }
    }

    /// Takes one row.
    fn take(&mut self, row: &Row) -> Result<(), Defect> {
        let Layout { index, key, .. } = self.layout;
        let identity = self.identity(row)?;
        let keyboard = self.keyboard(row)?;
        if self.typing.is_none_or(|(current, _)| current != identity) {
            self.close()?;
            self.typing = Some((identity, keyboard));
        }
        self.check_keyboard(row, keyboard)?;
        let place = row
            .ordinal(index)
            .map_err(|problem| (row.line, index, problem))?;
        if self.strokes.is_empty() {
            self.check_begin(row, &identity, place)?;
        }
        if self.strokes.len() == MAX_KEYS {
            return Err((row.line, index, Problem::TypingTooLong));
        }
        let name = named(row, key, Problem::NoKey)?;
        let code = self.keys.intern(name);
        let code = code.ok_or((row.line, key, Problem::TooManyNames(KeyNames::MOST)))?;
        let (press, release) = self.times(row)?;
        self.strokes.push(Stroke {
            line: row.line,
            index: place,
            key: code,
            press,
            release,
        });
        Ok(())
    }

    /// The keyboard that the row names, if it does.
    fn keyboard(&mut self, row: &Row) -> Result<Option<u32>, Defect> {
        let Some(column) = self.layout.keyboard else {
            return Ok(None);
        };
        let name = row.text(column).map_err(|p| (row.line, column, p))?;
        Ok((!name.is_empty()).then(|| self.keyboards.intern(name)))
    }

    /// A typing is of the keyboard on which it began.
    fn check_keyboard(&self, row: &Row, keyboard: Option<u32>) -> Result<(), Defect> {
        let (Some((_, began_on)), Some(column)) = (self.typing, self.layout.keyboard) else {
            return Ok(());
        };
        if keyboard == began_on {
            return Ok(());
        }
        let name = began_on.and_then(|number| self.keyboards.names().get(number as usize));
        let name = quoted(name.map_or("", String::as_str));
        Err((row.line, column, Problem::TwoKeyboards(name)))
    }

    /// A typing whose number was there before must begin anew: a slip of numbering is no harm, but
    /// the rest of a typing that was torn apart is no typing.
    fn check_begin(&self, row: &Row, identity: &Identity, index: u32) -> Result<(), Defect> {
        let seen = self.seen(identity);
        match seen {
            Some((ended, _)) if index != self.begins_with => {
                Err((row.line, self.layout.rep, Problem::Scattered { ended }))
            }
            _ => Ok(()),
        }
    }

    fn seen(&self, identity: &Identity) -> Option<(u64, &Sample)> {
        let Identity {
            whose,
            session,
            rep,
        } = *identity;
        self.collection.seen(whose, session, rep)
    }

    fn identity(&mut self, row: &Row) -> Result<Identity, Defect> {
        let typist = named(row, self.layout.typist, Problem::NoSubject)?;
        let typist = self.collection.person(typist);
        let account = match self.layout.account {
            Some(column) => Some(
                self.collection
                    .person(named(row, column, Problem::NoAccount)?),
            ),
            None => None,
        };
        let session = named(row, self.layout.session, Problem::NoSession)?;
        let rep = row.ordinal(self.layout.rep);
        Ok(Identity {
            whose: Whose { typist, account },
            session: self.sessions.intern(session),
            rep: rep.map_err(|problem| (row.line, self.layout.rep, problem))?,
        })
    }

    fn times(&self, row: &Row) -> Result<(i64, Option<i64>), Defect> {
        let time = |column: usize| {
            let micros = row.text(column).and_then(parse_millis);
            micros.map_err(|problem| (row.line, column, problem))
        };
        let press = self.layout.press;
        let pressed = time(press)?.ok_or((row.line, press, Problem::NoPress))?;
        let Some(column) = self.layout.release else {
            return Ok((pressed, None));
        };
        let Some(released) = time(column)? else {
            return Ok((pressed, None));
        };
        if released < pressed {
            let (press, release) = (millis(pressed), millis(released));
            let problem = Problem::ReleasedBeforePressed { press, release };
            return Err((row.line, column, problem));
        }
        if released - pressed > LONGEST_MICROS {
            let problem = Problem::TooManyMillis(millis(released - pressed));
            return Err((row.line, column, problem));
        }
        Ok((pressed, Some(released)))
    }

    /// Ends the typing that is being read, if there is one.
    fn close(&mut self) -> Result<(), Defect> {
        let Some((identity, keyboard)) = self.typing.take() else {
            return Ok(());
        };
        self.strokes.sort_by_key(|stroke| stroke.index);
        self.check()?;
        self.begins_with = self.strokes.first().map_or(0, |stroke| stroke.index);
        let last = self.strokes.iter().map(|stroke| stroke.line).max();
        let strokes = std::mem::take(&mut self.strokes);
        let keys = KeySequence::new(strokes.iter().map(|stroke| stroke.key).collect());
        let hold = |stroke: &Stroke| stroke.release.and_then(|up| duration(stroke.press, up));
        let holds = strokes.iter().map(hold).collect();
        let pairs = strokes.windows(2);
        let downs = pairs.map(|pair| duration(pair[0].press, pair[1].press));
        // One to 128 keys, with as many features as they have.
        if let Some(sample) = Sample::new(keys, holds, downs.collect()) {
            let last = last.unwrap_or_default();
            if let Some((ended, other)) = self.seen(&identity) {
                if *other == sample {
                    return Err((last, self.layout.rep, Problem::Copied { ended }));
                }
                self.same_number += 1;
            }
            let attempt = Attempt {
                session: identity.session,
                rep: identity.rep,
                keyboard: keyboard.and_then(|keyboard| u16::try_from(keyboard).ok()),
                sample,
            };
            self.collection.add(last, identity.whose, attempt);
        }
        Ok(())
    }

    /// Whether every key is there once, each pressed no earlier than the one before.
    fn check(&self) -> Result<(), Defect> {
        let Layout { index, press, .. } = self.layout;
        if let Some(first) = self.strokes.first()
            && first.index > 1
        {
            return Err((first.line, index, Problem::NoFirstKey(first.index)));
        }
        for pair in self.strokes.windows(2) {
            let [before, this] = [pair[0], pair[1]];
            if this.index == before.index {
                let (first, index_twice) = (before.line, this.index);
                let problem = Problem::IndexTwice {
                    index: index_twice,
                    first,
                };
                return Err((this.line, index, problem));
            }
            let expected = before.index + 1;
            if this.index != expected {
                let found = this.index;
                return Err((this.line, index, Problem::Gap { found, expected }));
            }
            if this.press < before.press {
                let (press_ms, before) = (millis(this.press), millis(before.press));
                let problem = Problem::OutOfOrder {
                    press: press_ms,
                    before,
                };
                return Err((this.line, press, problem));
            }
            if this.press - before.press > LONGEST_MICROS {
                let between = millis(this.press - before.press);
                return Err((this.line, press, Problem::TooManyMillis(between)));
            }
        }
        Ok(())
    }

    /// Sessions are put in the order of their numbers if all have one, of the file otherwise.
    fn finish(mut self, ignored_columns: Vec<String>) -> Result<DataSet, Problem> {
        let names = self.sessions.names();
        let numbers: Option<Vec<u32>> = names.iter().map(|name| name.parse().ok()).collect();
        let mut sessions = Vec::new();
        match numbers {
            Some(numbers) => self
                .collection
                .renumber_sessions(|session| numbers.get(session as usize).map_or(0, |n| *n)),
            None => sessions = names.to_vec(),
        }
        self.collection.finish(About {
            format: Format::Long,
            ignored_columns,
            keys: self.keys.names(),
            keyboards: self.keyboards.names().to_vec(),
            sessions,
            same_number: self.same_number,
            ..About::default()
        })
    }
}

/// The text of a column that must not be empty.
fn named(row: &Row, column: usize, empty: Problem) -> Result<&str, Defect> {
    match row.text(column) {
        Ok("") => Err((row.line, column, empty)),
        Ok(text) => Ok(text),
        Err(problem) => Err((row.line, column, problem)),
    }
}

/// The nearest whole number of microseconds; `None` where the field is empty.
fn parse_millis(text: &str) -> Result<Option<i64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let millis: Option<f64> = text.parse().ok();
    let millis = millis
        .filter(|ms| ms.abs() <= FURTHEST_MILLIS)
        .ok_or_else(|| Problem::NotMillis(quoted(text)))?;
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Ok(Some((millis * MICROS_PER_MILLI).round() as i64))
}

/// Between two moments that are at most an hour apart.
fn duration(from: i64, to: i64) -> Option<Duration> {
    u32::try_from(to - from).ok().map(Duration)
}

#[expect(clippy::cast_precision_loss, reason = "bounded by FURTHEST_MILLIS")]
fn millis(micros: i64) -> f64 {
    micros as f64 / MICROS_PER_MILLI
}

#[cfg(test)]
mod tests;
