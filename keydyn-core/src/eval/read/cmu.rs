//! The CMU benchmark as published (Killourhy and Maxion, "Comparing Anomaly-Detection Algorithms
//! for Keystroke Dynamics", DSN 2009): one row a typing, one column a feature, in seconds.
//!
//! ```text
//! subject,sessionIndex,rep,H.period,DD.period.t,UD.period.t,H.t,DD.t.i,...,H.Return
//! s002,1,1,0.1491,0.3979,0.2488,0.1069,0.1674,...
//! ```
//!
//! Columns are found by name; the order of the `H.` columns is the text. Up-downs follow from
//! holds and down-downs, so their columns are checked and not kept.

use std::io::Read;

use super::collect::{Collection, Whose};
use super::error::{DataError, Problem, quoted};
use super::names::KeyNames;
use super::table::{Header, Row, Table};
use crate::digraph::{Duration, KeySequence, MAX_KEYS, Sample};
use crate::eval::data::{About, Attempt, DataSet, Format, Unmeasured};

const SUBJECT: &str = "subject";
const SESSION: &str = "sessionIndex";
const REP: &str = "rep";
const HOLD: &str = "H.";
const DOWN_DOWN: &str = "DD.";
const UP_DOWN: &str = "UD.";

/// Nobody takes longer than this for one key; whoever seems to has another unit.
const LONGEST_SECONDS: f64 = 3600.0;
const MICROS_PER_SECOND: f64 = 1e6;

/// Which column is what.
struct Layout {
    subject: usize,
    session: usize,
    rep: usize,
    keys: KeySequence,
    holds: Vec<usize>,
    downs: Vec<usize>,
    ups: Vec<usize>,
}

/// Whether the header is one of this format: what no other format has.
pub(super) fn is_meant(header: &Header) -> bool {
    let columns = header.columns();
    columns
        .iter()
        .any(|name| name == SESSION || is_feature(name))
}

fn is_feature(column: &str) -> bool {
    [HOLD, DOWN_DOWN, UP_DOWN]
        .iter()
        .any(|prefix| column.starts_with(prefix))
}

/// Reads every row below the header.
pub(super) fn read(mut table: Table<impl Read>) -> Result<DataSet, DataError> {
    let mut about = About {
        format: Format::Wide,
        ..About::default()
    };
    let layout = Layout::of(table.header(), &mut about)?;
    let mut collection = Collection::default();
    let mut row = Row::default();
    while table.read_row(&mut row)? {
        layout
            .take(&row, &mut collection, &mut about)
            .map_err(|(column, problem)| table.header().error_at(row.line, column, problem))?;
    }
    about.ignored_columns = table.header().except(&layout.used());
    collection
        .finish(about)
        .map_err(|problem| table.header().error(problem))
}

impl Layout {
    /// Notes the names of the keys.
    fn of(header: &Header, about: &mut About) -> Result<Self, DataError> {
        let columns = header.columns();
        header.check_unique()?;
        let (subject, session, rep) = (
            header.find(SUBJECT)?,
            header.find(SESSION)?,
            header.find(REP)?,
        );
        let names: Vec<(usize, &str)> = columns
            .iter()
            .enumerate()
            .filter_map(|(i, name)| Some((i, name.strip_prefix(HOLD)?)))
            .collect();
        // A first key that is not there is missed by the general form of its name.
        if names.is_empty() {
            header.find("H.<key>")?;
        }
        let between = |prefix: &str| -> Result<Vec<usize>, DataError> {
            let pairs = names.windows(2);
            pairs
                .map(|pair| header.find(&format!("{prefix}{}.{}", pair[0].1, pair[1].1)))
                .collect()
        };
        let layout = Self {
            subject,
            session,
            rep,
            keys: text(&names).map_err(|problem| header.error(problem))?,
            holds: names.iter().map(|&(column, _)| column).collect(),
            downs: between(DOWN_DOWN)?,
            ups: between(UP_DOWN)?,
        };
        let named = names.iter().map(|(_, name)| (*name).to_owned());
        about.keys = layout.keys.keys().iter().copied().zip(named).collect();
        let used = layout.used();
        let known = |i: &usize| used.contains(i);
        match (0..columns.len()).find(|i| is_feature(&columns[*i]) && !known(i)) {
            Some(stray) => Err(header.error_at(1, stray, Problem::StrayColumn)),
            None => Ok(layout),
        }
    }

    /// The numbers of all columns that mean something.
    fn used(&self) -> Vec<usize> {
        let one = [self.subject, self.session, self.rep];
        [&one[..], &self.holds, &self.downs, &self.ups].concat()
    }

    /// Adds one row's typing. An error is of a column, counted from 0.
    fn take(
        &self,
        row: &Row,
        collection: &mut Collection,
        about: &mut About,
    ) -> Result<(), (usize, Problem)> {
        let subject = row.text(self.subject).map_err(|p| (self.subject, p))?;
        if subject.is_empty() {
            return Err((self.subject, Problem::NoSubject));
        }
        let session = row.ordinal(self.session).map_err(|p| (self.session, p))?;
        let rep = row.ordinal(self.rep).map_err(|p| (self.rep, p))?;
        let features = |columns: &[usize], unmeasured: &mut Unmeasured| {
            let feature = |&column: &usize| {
                let seconds = row.text(column).and_then(parse_seconds);
                let micros = seconds.map(|seconds| micros(seconds, unmeasured));
                micros.map_err(|problem| (column, problem))
            };
            let features = columns.iter().map(feature);
            features.collect::<Result<Vec<Option<Duration>>, (usize, Problem)>>()
        };
        let holds = features(&self.holds, &mut about.unmeasured_holds)?;
        let downs = features(&self.downs, &mut about.unmeasured_downs)?;
        features(&self.ups, &mut Unmeasured::default())?;
        // There are as many columns of each kind as the text asks for.
        let Some(sample) = Sample::new(self.keys.clone(), holds, downs) else {
            return Ok(());
        };
        let attempt = Attempt {
            session,
            rep,
            keyboard: None,
            sample,
        };
        let typist = collection.person(subject);
        let account = None;
        let whose = Whose { typist, account };
        if let Some((first, _)) = collection.seen(whose, session, rep) {
            return Err((self.rep, Problem::Duplicate { first }));
        }
        collection.add(row.line, whose, attempt);
        Ok(())
    }
}

fn text(names: &[(usize, &str)]) -> Result<KeySequence, Problem> {
    let too_many = Problem::TooManyKeys { keys: names.len() };
    if names.len() > MAX_KEYS {
        return Err(too_many);
    }
    let mut interned = KeyNames::default();
    let keys = names.iter().map(|(_, name)| interned.intern(name));
    keys.collect::<Option<Vec<_>>>()
        .map(KeySequence::new)
        .ok_or(too_many)
}

/// Seconds, possibly negative; `None` where the field is empty.
fn parse_seconds(text: &str) -> Result<Option<f64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let seconds: Option<f64> = text.parse().ok().filter(|s: &f64| s.is_finite());
    let seconds = seconds.ok_or_else(|| Problem::NotSeconds(quoted(text)))?;
    if seconds.abs() > LONGEST_SECONDS {
        return Err(Problem::TooLong(quoted(text)));
    }
    Ok(Some(seconds))
}

/// The nearest whole number of microseconds. Nothing and less than nothing was not measured.
fn micros(seconds: Option<f64>, unmeasured: &mut Unmeasured) -> Option<Duration> {
    let micros = (seconds? * MICROS_PER_SECOND).round();
    unmeasured.zero += usize::from(micros == 0.0);
    unmeasured.negative += usize::from(micros < 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an hour has fewer than 2^32 microseconds"
    )]
    (micros > 0.0).then_some(Duration(micros as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::read::read;
    use proptest::prelude::*;

    const HEADER: &str = "subject,sessionIndex,rep,H.a,DD.a.Shift.b,UD.a.Shift.b,H.Shift.b";

    fn data(text: &str) -> Result<DataSet, String> {
        read(text.as_bytes(), "t.csv").map_err(|error| error.to_string())
    }

    fn row(fields: &str) -> Result<DataSet, String> {
        data(&format!("{HEADER}\n{fields}\n"))
    }

    #[test]
    fn features_are_whole_microseconds() {
        let data = row("s1,1,1,0.1491,0.3979,0.2488,0.1069").unwrap();
        let sample = &data.typists()[0].attempts[0].sample;
        assert_eq!(
            sample.holds(),
            [Some(Duration(149_100)), Some(Duration(106_900))]
        );
        assert_eq!(sample.downs(), [Some(Duration(397_900))]);
        assert!(sample.keys().keys().iter().all(|k| k.0 >= 0x400));
    }

    #[test]
    fn columns_are_found_by_name_and_others_left_alone() {
        let text = "note,rep,H.a,H.Shift.b,UD.a.Shift.b,DD.a.Shift.b,sessionIndex,subject\n\
                    x,2,0.1,0.2,-0.05,0.05,3,s1";
        let found = data(text).unwrap();
        let attempt = &found.typists()[0].attempts[0];
        assert_eq!((attempt.session, attempt.rep), (3, 2));
        assert_eq!(attempt.sample.downs(), [Some(Duration(50_000))]);
    }

    #[test]
    fn what_was_not_measured_is_missing() {
        for field in ["", "0", "-0.0001", "0.0000004", " "] {
            let data = row(&format!("s1,1,1,{field},0.2,0.1,0.1")).unwrap();
            assert_eq!(data.typists()[0].attempts[0].sample.holds()[0], None);
        }
    }

    #[test]
    fn what_cannot_have_been_measured_is_counted() {
        let found = row("s1,1,1,,0,-0.1,-0.1\ns1,1,2,-0.2,0.1,0.1,0\ns1,1,3,-0.3,0.1,0,0.1");
        let about = found.unwrap().about().clone();
        let unmeasured = |zero, negative| Unmeasured { zero, negative };
        assert_eq!(about.unmeasured_holds, unmeasured(1, 3));
        assert_eq!(about.unmeasured_downs, unmeasured(1, 0));
        assert!(about.keys.values().eq(["a", "Shift.b"]));
    }

    #[test]
    fn rows_are_put_in_order() {
        let data =
            row("s1,2,1,.1,.2,.1,.1\ns2,1,1,.1,.2,.1,.1\ns1,1,2,.1,.2,.1,.1\ns1,1,1,.1,.2,.1,.1")
                .unwrap();
        let names: Vec<_> = data.typists().iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["s1", "s2"]);
        let order: Vec<_> = data.typists()[0]
            .attempts
            .iter()
            .map(|a| (a.session, a.rep))
            .collect();
        assert_eq!(order, [(1, 1), (1, 2), (2, 1)]);
        assert_eq!(data.attempts(), 4);
    }

    #[test]
    fn defects_of_fields() {
        for (fields, message) in [
            (
                "s1,1,1,x,.2,.1,.1",
                "line 2, column H.a: \"x\" is not a number of seconds",
            ),
            (
                "s1,1,1,NaN,.2,.1,.1",
                "line 2, column H.a: \"NaN\" is not a number",
            ),
            (
                "s1,1,1,.1,inf,.1,.1",
                "line 2, column DD.a.Shift.b: \"inf\" is not",
            ),
            (
                "s1,1,1,.1,.2,?,.1",
                "line 2, column UD.a.Shift.b: \"?\" is not",
            ),
            (
                "s1,1,1,149.1,3979,.1,.1",
                "line 2, column DD.a.Shift.b: 3979 s is more than an hour",
            ),
            (
                "s1,1,1,-3601,.2,.1,.1",
                "line 2, column H.a: -3601 s is more",
            ),
            (
                "s1,1,1,1e400,.2,.1,.1",
                "line 2, column H.a: \"1e400\" is not",
            ),
            (
                "s1,one,1,.1,.2,.1,.1",
                "line 2, column sessionIndex: \"one\" is not a whole",
            ),
            (
                "s1,1,-1,.1,.2,.1,.1",
                "line 2, column rep: \"-1\" is not a whole",
            ),
            (
                ",1,1,.1,.2,.1,.1",
                "line 2, column subject: the field is empty",
            ),
            (
                "s1,1,1,.1,.2,.1,.1\ns1,1,1,.1,.2,.1,.1",
                "line 3, column rep: this subject, session and repetition were already in line 2",
            ),
        ] {
            let found = row(fields).unwrap_err();
            assert!(found.starts_with(&format!("t.csv, {message}")), "{found}");
        }
    }

    #[test]
    fn a_long_value_is_quoted_in_part() {
        let found = row(&format!("s1,1,1,{},.2,.1,.1", "x".repeat(5000))).unwrap_err();
        assert!(found.len() < 200 && found.contains('…'), "{found}");
    }

    #[test]
    fn defects_of_headers() {
        for (header, message) in [
            ("a,b,c", "t.csv: this is not a recording"),
            ("{\"subject\": 1}", "t.csv: this is not a recording"),
            ("subject,a,b", "t.csv: this is not a recording"),
            ("H.a", "t.csv, line 1: there is no column subject;"),
            (
                "subject,rep,H.a",
                "t.csv, line 1: there is no column sessionIndex;",
            ),
            (
                "subject,sessionIndex,rep",
                "t.csv, line 1: there is no column H.<key>;",
            ),
            (
                "subject,sessionIndex,rep,H.a,UD.a.b,H.b",
                "t.csv, line 1: there is no column DD.a.b;",
            ),
            (
                "subject,sessionIndex,rep,H.a,DD.a.b,H.b",
                "t.csv, line 1: there is no column UD.a.b;",
            ),
            (
                "subject,sessionIndex,rep,H.a,H.a",
                "t.csv, line 1, column H.a: there are two columns",
            ),
            (
                "subject,sessionIndex,rep,H.a,DD.a.b",
                "t.csv, line 1, column DD.a.b: this column does not join",
            ),
            (HEADER, "t.csv: there is a header and no row"),
        ] {
            let found = data(header).unwrap_err();
            assert!(found.starts_with(message), "{found}");
        }
        let many: String = (0..129)
            .map(|i| format!(",H.{i},DD.{i}.{0},UD.{i}.{0}", i + 1))
            .collect();
        let found = data(&format!("subject,sessionIndex,rep{many}")).unwrap_err();
        assert!(found.contains("there are 129 keys"), "{found}");
    }

    proptest! {
        #[test]
        fn seconds_with_up_to_six_decimals_are_exact(us in 1u32..3_600_000_000, extra in 0usize..3) {
            let text = format!("{}.{:06}{}", us / 1_000_000, us % 1_000_000, "0".repeat(extra));
            let seconds = parse_seconds(&text).unwrap();
            prop_assert_eq!(micros(seconds, &mut Unmeasured::default()), Some(Duration(us)));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,200}", fields in "[s1,.\n\"\u{e9}-]{0,80}") {
            let _ = data(&text);
            let _ = row(&fields);
        }
    }
}
