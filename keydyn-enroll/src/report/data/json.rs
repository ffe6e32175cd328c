//! What a recording holds, for programs. docs/evaluation.md describes every field.

use std::io::{self, Write};

use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::describe::{Clock, Description, Part, Person, Position, Quartiles, Values};
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    format: &'static str,
    users: usize,
    typings: usize,
    typings_by_others: usize,
    other_text: usize,
    same_number: usize,
    ignored_columns: Vec<String>,
    texts: usize,
    typings_of_a_user: Option<Range>,
    sessions_of_a_user: Option<Range>,
    keys_of_a_text: Option<Range>,
    holds: Features,
    down_downs: Features,
    rollover: Share,
    clock: ClockEntry,
    keyboards: Vec<Keyboard>,
    positions: Vec<PositionEntry>,
    people: Vec<PersonEntry>,
}

#[derive(Serialize)]
struct Range {
    min: usize,
    median: f64,
    max: usize,
}

#[derive(Serialize)]
struct Share {
    count: usize,
    of: usize,
    share: Option<f64>,
}

#[derive(Serialize)]
struct Features {
    missing: Share,
    zero: usize,
    negative: usize,
    too_long: usize,
}

#[derive(Serialize)]
struct ClockEntry {
    written_ms: Option<f64>,
    step_ms: Option<f64>,
    regularity: Option<f64>,
    durations: usize,
}

#[derive(Serialize)]
struct Keyboard {
    name: String,
    typings: usize,
}

#[derive(Serialize)]
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

#[derive(Serialize)]
struct PositionEntry {
    key: String,
    hold_ms: Option<Spread>,
    down_down_ms: Option<Spread>,
    missing_holds: Share,
    missing_down_downs: Share,
    rollover: Share,
}

#[derive(Serialize)]
struct PersonEntry {
    user: String,
    typings: usize,
    sessions: usize,
    keys: usize,
    hold_ms: Option<f64>,
    down_down_ms: Option<f64>,
    typing_ms: Option<f64>,
    spread: Option<f64>,
    rollover: Share,
    missing: Share,
}

/// Writes one object, and a line end after it.
pub(crate) fn write(out: &mut dyn Write, data: &DataSet, found: &Description) -> io::Result<()> {
    let about = data.about();
    let range = |range: Option<keydyn_core::eval::describe::Range>| {
        range.map(|range| Range {
            min: range.least,
            median: range.median,
            max: range.most,
        })
    };
    let keyboards = found.keyboards.iter().filter_map(|(&keyboard, &typings)| {
        let name = about.keyboards.get(usize::from(keyboard))?.clone();
        Some(Keyboard { name, typings })
    });
    let document = Document {
        format: about.format.word(),
        users: data.typists().len(),
        typings: data.attempts() - found.others_typings,
        typings_by_others: found.others_typings,
        other_text: about.other_text,
        same_number: about.same_number,
        ignored_columns: about.ignored_columns.clone(),
        texts: found.texts,
        typings_of_a_user: range(found.typings),
        sessions_of_a_user: range(found.sessions),
        keys_of_a_text: range(found.keys),
        holds: Features::of(&found.holds),
        down_downs: Features::of(&found.downs),
        rollover: Share::of(found.rollover),
        clock: ClockEntry::of(&found.clock),
        keyboards: keyboards.collect(),
        positions: found
            .positions
            .iter()
            .map(|p| PositionEntry::of(data, p))
            .collect(),
        people: found.people.iter().map(PersonEntry::of).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

impl Share {
    fn of(part: Part) -> Self {
        Self {
            count: part.some,
            of: part.all,
            share: part.share().map(rounded),
        }
    }
}

impl Features {
    fn of(values: &Values) -> Self {
        Self {
            missing: Share::of(values.missing),
            zero: values.zero + values.unmeasured.zero,
            negative: values.unmeasured.negative,
            too_long: values.long,
        }
    }
}

impl ClockEntry {
    fn of(clock: &Clock) -> Self {
        Self {
            written_ms: clock.written,
            step_ms: clock.step.map(|step| rounded(step.millis)),
            regularity: clock.step.map(|step| rounded(step.regularity)),
            durations: clock.durations,
        }
    }
}

impl Spread {
    fn of(quartiles: Quartiles) -> Self {
        Self {
            low: rounded(quartiles.low),
            median: rounded(quartiles.median),
            high: rounded(quartiles.high),
        }
    }
}

impl PositionEntry {
    fn of(data: &DataSet, position: &Position) -> Self {
        Self {
            key: data.key_name(position.key),
            hold_ms: position.hold.map(Spread::of),
            down_down_ms: position.down_down.map(Spread::of),
            missing_holds: Share::of(position.missing_holds),
            missing_down_downs: Share::of(position.missing_downs),
            rollover: Share::of(position.rollover),
        }
    }
}

impl PersonEntry {
    fn of(person: &Person) -> Self {
        Self {
            user: person.name.clone(),
            typings: person.typings,
            sessions: person.sessions,
            keys: person.keys,
            hold_ms: person.hold.map(rounded),
            down_down_ms: person.down_down.map(rounded),
            typing_ms: person.duration.map(rounded),
            spread: person.spread.map(rounded),
            rollover: Share::of(person.rollover),
            missing: Share::of(person.missing),
        }
    }
}

/// To a millionth.
fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
