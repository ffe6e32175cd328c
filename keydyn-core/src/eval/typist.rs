//! Synthetic typists: people who never lived, for tests and demonstrations.
//!
//! The generative model is that of docs/evaluation.md, "Synthetic typists". In ln ms, with `A`
//! and `B` standard normals drawn once a typist, `e` once a typist and feature, `e'` every time:
//!
//! ```text
//! hold      = 4.6 + 0.205 A + 0.17 e + 0.19 e'
//! down-down = 5.2 + 0.34 (0.21 A + 0.978 B) + 0.33 e + 0.27 e'
//! ```
//!
//! It is kinder than people are: they have bad days, stumble, and improve. Error rates on it say
//! that the code works, never how well it will do.

use super::data::{Attempt, DataSet, Typist};
use super::draw::{Draws, Purpose};
use crate::digraph::{Duration, KeySequence, Sample};
use crate::key::{KeyCode, KeyEvent, KeyRole, Micros, Motion};
use crate::memory::population::{DOWN_DOWN, HOLD};
use crate::strangers::spread::*;
use crate::trace::{Trace, TraceEvent};

/// No feature is shorter or longer than this, in ln ms: 1 ms and a minute.
const SHORTEST: f64 = 0.0;
const LONGEST: f64 = 11.0;
/// From the last release to the Enter that ends a typing.
const ENTER_AFTER_MICROS: u64 = 70_000;
const ENTER: KeyCode = KeyCode(28);

/// Somebody who types one text, as often as asked, the same way for the same seed.
#[derive(Clone, Debug)]
pub struct SyntheticTypist {
    seed: u64,
    person: u64,
    /// The text, without a feature: what a typing falls back to if it does not fit the text.
    blank: Sample,
    /// Where this typist's values lie, in ln ms.
    holds: Vec<f64>,
    downs: Vec<f64>,
    drift: f64,
}

impl SyntheticTypist {
    /// Person number `person` of the population `seed`, typing these keys.
    ///
    /// `None` unless these are 1 to 128 keys that put a character into the text.
    #[must_use]
    pub fn new(seed: u64, person: u64, keys: KeySequence) -> Option<Self> {
        let text = keys.keys().iter().all(|key| key.role() == KeyRole::Text);
        if !text {
            return None;
        }
        let (holds, downs) = (keys.len(), keys.len().saturating_sub(1));
        let blank = Sample::new(keys, vec![None; holds], vec![None; downs])?;
        let mut draws = Draws::new(Purpose::Person, seed, [person, 0]);
        let (a, b) = (draws.normal(), draws.normal());
        let hold = HOLD.location + HOLD_TEMPO * a;
        let tempo = DOWN_TEMPO_WITH_HOLD * a + DOWN_TEMPO_ALONE * b;
        let down = DOWN_DOWN.location + DOWN_TEMPO * tempo;
        let mut habits = |n: usize, location: f64, spread: f64| -> Vec<f64> {
            (0..n).map(|_| location + spread * draws.normal()).collect()
        };
        Some(Self {
            seed,
            person,
            blank,
            holds: habits(holds, hold, HOLD_HABIT),
            downs: habits(downs, down, DOWN_HABIT),
            drift: 0.0,
        })
    }

    /// The same typist, who changes tempo by this much with every typing, in ln ms: -0.001 is a
    /// tenth of a per cent faster each time.
    #[must_use]
    pub fn with_drift(self, drift: f64) -> Self {
        Self { drift, ..self }
    }

    /// The text.
    #[must_use]
    pub fn keys(&self) -> &KeySequence {
        self.blank.keys()
    }

    /// The typing of this number: each number is another one, and always the same.
    #[must_use]
    pub fn sample(&self, typing: u32) -> Sample {
        let mut draws = Draws::new(Purpose::Typing, self.seed, [self.person, u64::from(typing)]);
        let drift = self.drift * f64::from(typing);
        let mut scatter = |locations: &[f64], spread: f64| -> Vec<Duration> {
            locations
                .iter()
                .map(|location| duration(location + drift + spread * draws.normal()))
                .collect()
        };
        let mut holds = scatter(&self.holds, HOLD_SCATTER);
        let downs = scatter(&self.downs, DOWN_SCATTER);
        release_before_next_press(self.keys().keys(), &mut holds, &downs);
        let whole = |features: Vec<Duration>| features.into_iter().map(Some).collect();
        // There are as many features as in the blank, so they fit.
        Sample::new(self.keys().clone(), whole(holds), whole(downs))
            .unwrap_or_else(|| self.blank.clone())
    }

    /// The key events of [`SyntheticTypist::sample`], from the first press at 0 to an Enter that
    /// goes down after the last release. [`Sample::acquire`] makes the same sample of it.
    #[must_use]
    pub fn trace(&self, typing: u32) -> Trace {
        trace(&self.sample(typing))
    }
}

/// Recorded sessions of a population of synthetic typists, named `p01`, `p02` and so on.
///
/// Empty if the keys are not a text; see [`SyntheticTypist::new`].
#[must_use]
pub fn population(
    seed: u64,
    typists: u32,
    sessions: u32,
    reps: u32,
    keys: &KeySequence,
) -> DataSet {
    let typist = |person: u32| {
        let synthetic = SyntheticTypist::new(seed, u64::from(person), keys.clone())?;
        let attempts = (1..=sessions)
            .flat_map(|session| (1..=reps).map(move |rep| (session, rep)))
            .zip(0..)
            .map(|((session, rep), typing)| Attempt {
                session,
                rep,
                keyboard: None,
                sample: synthetic.sample(typing),
            })
            .collect();
        let name = format!("p{person:02}");
        Some(Typist { name, attempts })
    };
    DataSet::new((1..=typists).filter_map(typist).collect())
}

fn duration(ln_ms: f64) -> Duration {
    let micros = 1000.0 * ln_ms.clamp(SHORTEST, LONGEST).exp();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to between a millisecond and a minute"
    )]
    Duration(micros.round() as u32)
}

/// A key that comes again must be up by then, so its hold ends at nine tenths of the way there.
fn release_before_next_press(keys: &[KeyCode], holds: &mut [Duration], downs: &[Duration]) {
    for (i, hold) in holds.iter_mut().enumerate() {
        let again = keys[i + 1..].iter().position(|key| *key == keys[i]);
        if let Some(between) = again {
            let gap: u64 = downs[i..=i + between].iter().map(|d| u64::from(d.0)).sum();
            let longest = u32::try_from(gap * 9 / 10).unwrap_or(u32::MAX);
            hold.0 = hold.0.min(longest);
        }
    }
}

fn trace(sample: &Sample) -> Trace {
    let mut events = Vec::with_capacity(2 * sample.keys().len() + 1);
    let mut event = |at, key, motion| {
        events.push(KeyEvent {
            at: Micros(at),
            keyboard: 0,
            key,
            motion,
        });
    };
    let (mut press, mut end) = (0, 0);
    let downs = sample.downs().iter().chain(std::iter::once(&None));
    for ((&key, hold), down) in sample.keys().keys().iter().zip(sample.holds()).zip(downs) {
        event(press, key, Motion::Press);
        if let Some(hold) = hold {
            let release = press + u64::from(hold.0);
            event(release, key, Motion::Release);
            end = end.max(release);
        }
        press += down.map_or(0, |down| u64::from(down.0));
    }
    event(end + ENTER_AFTER_MICROS, ENTER, Motion::Press);
    events.sort_by_key(|event| event.at);
    Trace::new(events.into_iter().map(TraceEvent::Key).collect())
}

/// A text of so many letters, each once.
#[cfg(test)]
pub(crate) fn some_text(keys: u16) -> KeySequence {
    assert!(keys <= 10);
    KeySequence::new((0..keys).map(|i| KeyCode(16 + i)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digraph::{Digraph, MAX_KEYS};
    use proptest::prelude::*;

    fn named(names: &[&str]) -> KeySequence {
        let keys = names.iter().map(|n| KeyCode::from_name(n).unwrap());
        KeySequence::new(keys.collect())
    }

    #[test]
    fn only_texts_are_typed() {
        for names in [&["a", "enter"][..], &["leftshift", "a"], &[]] {
            assert!(SyntheticTypist::new(1, 1, named(names)).is_none());
        }
        let long = KeySequence::new(vec![KeyCode(30); MAX_KEYS + 1]);
        assert!(SyntheticTypist::new(1, 1, long).is_none());
        assert!(SyntheticTypist::new(1, 1, named(&["a"])).is_some());
    }

    #[test]
    fn people_are_spread_as_the_model_says() {
        let (mut holds, mut downs) = (Vec::new(), Vec::new());
        for person in 0..2000 {
            let typist = SyntheticTypist::new(4, person, some_text(2)).unwrap();
            let sample = typist.sample(0);
            holds.push(sample.holds()[0].unwrap().as_millis().ln());
            downs.push(sample.downs()[0].unwrap().as_millis().ln());
        }
        let spread = |values: &[f64]| {
            let summary = crate::eval::summary::Summary::of(values).unwrap();
            (summary.mean, summary.sd.unwrap())
        };
        let (mean, sd) = spread(&holds);
        assert!(
            (mean - 4.6).abs() < 0.03 && (sd - 0.327).abs() < 0.02,
            "{mean} {sd}"
        );
        let (mean, sd) = spread(&downs);
        assert!(
            (mean - 5.2).abs() < 0.04 && (sd - 0.546).abs() < 0.03,
            "{mean} {sd}"
        );
    }

    #[test]
    fn drift_is_slow_and_steady() {
        let typist = SyntheticTypist::new(1, 1, some_text(6)).unwrap();
        let drifting = typist.clone().with_drift(-0.001);
        assert_eq!(drifting.sample(0), typist.sample(0));
        let ratio = |i| {
            let hold = |t: &SyntheticTypist| t.sample(i).holds()[2].unwrap().as_millis();
            (hold(&drifting) / hold(&typist)).ln()
        };
        assert!((ratio(100) + 0.1).abs() < 1e-3, "{}", ratio(100));
        // However far it goes, features stay what a keyboard could have measured.
        assert!(
            typist
                .with_drift(1.0)
                .sample(u32::MAX)
                .check_whole()
                .is_ok()
        );
    }

    #[test]
    fn rollover_occurs() {
        let flights = (0..200).flat_map(|person| {
            let typist = SyntheticTypist::new(1, person, some_text(10)).unwrap();
            typist.sample(0).digraphs().collect::<Vec<Digraph>>()
        });
        let negative = flights.filter(|d| d.flight.unwrap() < 0.0).count();
        assert!(negative > 20, "{negative} of 1800");
    }

    proptest! {
        #[test]
        fn the_trace_is_that_of_the_sample(
            seed in any::<u64>(),
            typing in any::<u32>(),
            drift in -0.01..0.01,
            // Three keys only: repetitions, also in the midst of rollover.
            keys in proptest::collection::vec(30u16..33, 1..=MAX_KEYS),
        ) {
            let keys = KeySequence::new(keys.into_iter().map(KeyCode).collect());
            let typist = SyntheticTypist::new(seed, 0, keys).unwrap().with_drift(drift);
            let trace = typist.trace(typing);
            prop_assert_eq!(Sample::acquire(&trace).unwrap(), typist.sample(typing));
            let TraceEvent::Key(last) = trace.events().last().unwrap() else { panic!() };
            prop_assert_eq!((last.key, last.motion), (ENTER, Motion::Press));
            prop_assert!(trace.to_text().parse::<Trace>().unwrap() == trace);
        }
    }
}
