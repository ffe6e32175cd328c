//! How somebody types a text, position by position.

use super::quartiles::Quartiles;
use crate::digraph::{Duration, Sample};
use crate::eval::data::Typist;
use crate::key::KeyCode;

/// One position of a text over all typings of one person; times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Which key.
    pub key: KeyCode,
    /// Press to release; `None` if it never was recorded.
    pub hold: Option<Quartiles>,
    /// Release to the next press, negative in rollover; `None` at the last position.
    pub flight: Option<Quartiles>,
    /// Press to the next press; `None` at the last position.
    pub down_down: Option<Quartiles>,
}

/// The rhythm of one person: a stroke for each key of the text.
#[must_use]
pub fn rhythm(typist: &Typist) -> Vec<Stroke> {
    let samples = || typist.attempts.iter().map(|attempt| &attempt.sample);
    let Some(first) = samples().next() else {
        return Vec::new();
    };
    let over =
        |read: &dyn Fn(&Sample) -> Option<f64>| Quartiles::of(samples().filter_map(read).collect());
    let strokes = first
        .keys()
        .keys()
        .iter()
        .enumerate()
        .map(|(i, &key)| Stroke {
            key,
            hold: over(&|sample| millis(sample.holds(), i)),
            flight: over(&|sample| flight(sample, i)),
            down_down: over(&|sample| millis(sample.downs(), i)),
        });
    strokes.collect()
}

/// Release of the key at this position to the next press, in milliseconds.
pub(super) fn flight(sample: &Sample, i: usize) -> Option<f64> {
    Some(millis(sample.downs(), i)? - millis(sample.holds(), i)?)
}

fn millis(features: &[Option<Duration>], i: usize) -> Option<f64> {
    features.get(i).copied().flatten().map(Duration::as_millis)
}
