//! What a recording holds, before anything is learned or judged.
//!
//! Counts are over the typings of accounts' owners; what others typed on an account is counted
//! apart. Times are milliseconds.

mod clock;
mod quartiles;
mod rhythm;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::data::{Attempt, DataSet, Typist, Unmeasured};
use super::rates::count;
use crate::digraph::{Duration, KeySequence};
use crate::key::KeyCode;

pub use clock::{Clock, Step};
pub use quartiles::Quartiles;
use quartiles::median;
pub use rhythm::{Stroke, rhythm};

/// A longer hold is no stroke of a key: somebody leant on it, or the release was lost.
pub const LONG_HOLD: Duration = Duration(2_000_000);
/// After a longer down-down somebody had stopped typing.
pub const LONG_DOWN: Duration = Duration(10_000_000);

/// What a recording holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Different texts, by their keys.
    pub texts: usize,
    /// Keys of an account's text, over accounts.
    pub keys: Option<Range>,
    /// Typings of an account's owner, over accounts.
    pub typings: Option<Range>,
    /// Sessions of an account's owner, over accounts.
    pub sessions: Option<Range>,
    /// Typings by others than the account's owner, where accounts have texts of their own.
    pub others_typings: usize,
    /// What there is of holds.
    pub holds: Values,
    /// What there is of down-downs.
    pub downs: Values,
    /// Digraphs of which both are there, and those whose second key went down first.
    pub rollover: Part,
    /// What the durations were measured by.
    pub clock: Clock,
    /// The positions of the text, if all accounts have the same.
    pub positions: Vec<Position>,
    /// The accounts' owners, in the order of the recording.
    pub people: Vec<Person>,
    /// Typings on each keyboard that the recording names.
    pub keyboards: BTreeMap<u16, usize>,
}

/// Least, middle and most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Of the one with the least.
    pub least: usize,
    /// Half have less.
    pub median: f64,
    /// Of the one with the most.
    pub most: usize,
}

/// Some of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Of how many.
    pub all: usize,
    /// How many.
    pub some: usize,
}

/// Holds or down-downs of the whole recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Those that there could be, and those that are missing.
    pub missing: Part,
    /// Those of zero that are in the data.
    pub zero: usize,
    /// Those that the reader took for missing, in any typing of the file.
    pub unmeasured: Unmeasured,
    /// Those beyond [`LONG_HOLD`] or [`LONG_DOWN`].
    pub long: usize,
}

/// One position of a text that all type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Which key.
    pub key: KeyCode,
    /// Over people: the median hold of each. Of a single person: over typings.
    pub hold: Option<Quartiles>,
    /// Over people: the median down-down of each, or as for the hold; `None` at the last position.
    pub down_down: Option<Quartiles>,
    /// Holds that are missing here.
    pub missing_holds: Part,
    /// Down-downs that are missing here.
    pub missing_downs: Part,
    /// Rollover into the next key.
    pub rollover: Part,
}

/// An account's owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// What the recording calls them.
    pub name: String,
    /// How often they typed their text.
    pub typings: usize,
    /// In how many sessions.
    pub sessions: usize,
    /// Keys of their text.
    pub keys: usize,
    /// Over positions: the median hold at each.
    pub hold: Option<f64>,
    /// Over positions: the median down-down at each.
    pub down_down: Option<f64>,
    /// First press to last press, over the typings of which every down-down is there.
    pub duration: Option<f64>,
    /// How much a feature varies: over holds and down-downs of all positions, the median of the
    /// distance between the quartiles as a share of the feature's median.
    pub spread: Option<f64>,
    /// Holds and down-downs, and those that are missing.
    pub missing: Part,
    /// Their rollover.
    pub rollover: Part,
}

impl Range {
    fn of(counts: Vec<usize>) -> Option<Self> {
        let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
        let median = median(counts.into_iter().map(count).collect())?;
        Some(Self {
            least,
            median,
            most,
        })
    }
}

impl Part {
    /// The share, 0 to 1; `None` of nothing.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.all > 0).then(|| count(self.some) / count(self.all))
    }

    fn note(&mut self, yes: bool) {
        self.all += 1;
        self.some += usize::from(yes);
    }

    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.some += other.some;
    }
}

impl Values {
    /// Those of zero and less, whether the reader kept them or not.
    #[must_use]
    pub fn zero_or_less(&self) -> usize {
        self.zero + self.unmeasured.zero + self.unmeasured.negative
    }

    fn note(&mut self, value: Option<Duration>, longest: Duration) {
        self.missing.note(value.is_none());
        self.zero += usize::from(value == Some(Duration(0)));
        self.long += usize::from(value.is_some_and(|value| value > longest));
    }
}

/// Describes a recording.
#[must_use]
pub fn describe(data: &DataSet) -> Description {
    let typists = data.typists();
    let attempts = || typists.iter().flat_map(|typist| &typist.attempts);
    let texts: HashSet<&KeySequence> = attempts().map(|a| a.sample.keys()).collect();
    let rhythms: Vec<Vec<Stroke>> = typists.iter().map(rhythm).collect();
    let people = typists.iter().zip(&rhythms);
    let about = data.about();
    let mut found = Description {
        texts: texts.len(),
        keys: over(typists, |typist| keys(typist).map_or(0, KeySequence::len)),
        typings: over(typists, |typist| typist.attempts.len()),
        sessions: over(typists, sessions),
        others_typings: data.attempts() - attempts().count(),
        holds: Values {
            unmeasured: about.unmeasured_holds,
            ..Values::default()
        },
        downs: Values {
            unmeasured: about.unmeasured_downs,
            ..Values::default()
        },
        rollover: Part::default(),
        clock: Clock::of(&durations(data)),
        positions: if texts.len() == 1 {
            positions(typists, &rhythms)
        } else {
            Vec::new()
        },
        people: people
            .map(|(typist, rhythm)| person(typist, rhythm))
            .collect(),
        keyboards: BTreeMap::new(),
    };
    for attempt in attempts() {
        let sample = &attempt.sample;
        let (holds, downs) = (sample.holds().iter(), sample.downs().iter());
        holds.for_each(|hold| found.holds.note(*hold, LONG_HOLD));
        downs.for_each(|down| found.downs.note(*down, LONG_DOWN));
        if let Some(keyboard) = attempt.keyboard {
            *found.keyboards.entry(keyboard).or_default() += 1;
        }
    }
    for person in &found.people {
        found.rollover.add(person.rollover);
    }
    found
}

/// One count for each owner who typed anything.
fn over(typists: &[Typist], read: impl Fn(&Typist) -> usize) -> Option<Range> {
    let owners = typists.iter().filter(|typist| !typist.attempts.is_empty());
    Range::of(owners.map(read).collect())
}

fn keys(typist: &Typist) -> Option<&KeySequence> {
    typist.attempts.first().map(|attempt| attempt.sample.keys())
}

fn sessions(typist: &Typist) -> usize {
    let numbers: BTreeSet<u32> = typist.attempts.iter().map(|a| a.session).collect();
    numbers.len()
}

/// Every hold and down-down that is there.
fn durations(data: &DataSet) -> Vec<Duration> {
    let attempts = data.typists().iter().flat_map(|typist| &typist.attempts);
    let features = attempts.flat_map(|attempt| {
        let sample = &attempt.sample;
        sample.holds().iter().chain(sample.downs())
    });
    features.flatten().copied().collect()
}

fn positions(typists: &[Typist], rhythms: &[Vec<Stroke>]) -> Vec<Position> {
    let Some(text) = rhythms.iter().find(|rhythm| !rhythm.is_empty()) else {
        return Vec::new();
    };
    let attempts = || typists.iter().flat_map(|typist| &typist.attempts);
    let positions = text.iter().enumerate().map(|(i, stroke)| {
        let medians = |read: fn(&Stroke) -> Option<Quartiles>| {
            let strokes = rhythms.iter().filter_map(|rhythm| rhythm.get(i));
            if rhythms.len() == 1 {
                return read(stroke);
            }
            Quartiles::of(strokes.filter_map(read).map(|q| q.median).collect())
        };
        let missing = |features: fn(&Attempt) -> &[Option<Duration>]| {
            let mut part = Part::default();
            let here = attempts().filter_map(|attempt| features(attempt).get(i));
            here.for_each(|feature| part.note(feature.is_none()));
            part
        };
        let mut rollover = Part::default();
        let flights = attempts().filter_map(|attempt| rhythm::flight(&attempt.sample, i));
        flights.for_each(|flight| rollover.note(flight < 0.0));
        Position {
            key: stroke.key,
            hold: medians(|stroke| stroke.hold),
            down_down: medians(|stroke| stroke.down_down),
            missing_holds: missing(|attempt| attempt.sample.holds()),
            missing_downs: missing(|attempt| attempt.sample.downs()),
            rollover,
        }
    });
    positions.collect()
}

fn person(typist: &Typist, rhythm: &[Stroke]) -> Person {
    let (mut missing, mut rollover) = (Part::default(), Part::default());
    let mut durations = Vec::new();
    for attempt in &typist.attempts {
        let sample = &attempt.sample;
        let features = sample.holds().iter().chain(sample.downs());
        features.for_each(|feature| missing.note(feature.is_none()));
        let flights = (0..sample.keys().len()).filter_map(|i| rhythm::flight(sample, i));
        flights.for_each(|flight| rollover.note(flight < 0.0));
        let downs = sample
            .downs()
            .iter()
            .map(|down| down.map(Duration::as_millis));
        durations.extend(downs.sum::<Option<f64>>());
    }
    let medians = |read: fn(&Stroke) -> Option<Quartiles>| {
        median(rhythm.iter().filter_map(read).map(|q| q.median).collect())
    };
    let features = rhythm
        .iter()
        .flat_map(|stroke| [stroke.hold, stroke.down_down]);
    let features = features.flatten().filter(|feature| feature.median > 0.0);
    Person {
        name: typist.name.clone(),
        typings: typist.attempts.len(),
        sessions: sessions(typist),
        keys: rhythm.len(),
        hold: medians(|stroke| stroke.hold),
        down_down: medians(|stroke| stroke.down_down),
        duration: median(durations),
        spread: median(features.map(|f| (f.high - f.low) / f.median).collect()),
        missing,
        rollover,
    }
}
