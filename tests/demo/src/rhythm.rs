//! The picture of a rhythm: how long each key is held and how long until the next one. By
//! position only; which keys they are is the password.

use keydyn_core::digraph::{Duration, Sample};

use crate::error::Error;
use crate::screen::{Screen, Tone};

/// What several typings of a text have in common, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rhythm {
    /// Press to release, a value a position.
    pub(crate) holds: Vec<Spread>,
    /// Release to the next press, negative in rollover; none for the last position.
    pub(crate) flights: Vec<Spread>,
}

/// Where the middle half of the values lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// The owner and somebody else.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// The owner's last typings.
    pub(crate) owner: Rhythm,
    /// Typings of somebody else.
    pub(crate) other: Rhythm,
    /// What the two are called.
    pub(crate) names: [String; 2],
}

impl Spread {
    /// `None` of no values.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "an index of a short list"
            )]
            let index = (part * (values.len() as f64 - 1.0)).round() as usize;
            values.get(index).copied()
        };
        Some(Self {
            low: at(0.25)?,
            median: at(0.5)?,
            high: at(0.75)?,
        })
    }
}

impl Rhythm {
    /// The rhythm of these typings of one text; `None` if a position was never measured.
    pub(crate) fn of(samples: &[Sample]) -> Option<Self> {
        let keys = samples.first()?.keys().len();
        let hold = |sample: &Sample, i: usize| Some(sample.holds().get(i).copied()??.as_millis());
        let flight = |sample: &Sample, i: usize| {
            let down: Duration = sample.downs().get(i).copied()??;
            Some(down.as_millis() - hold(sample, i)?)
        };
        let spread = |feature: &dyn Fn(&Sample, usize) -> Option<f64>, i: usize| {
            Spread::of(
                samples
                    .iter()
                    .filter_map(|sample| feature(sample, i))
                    .collect(),
            )
        };
        Some(Self {
            holds: (0..keys).map(|i| spread(&hold, i)).collect::<Option<_>>()?,
            flights: (0..keys - 1)
                .map(|i| spread(&flight, i))
                .collect::<Option<_>>()?,
        })
    }

    /// Press and release of each position, the first press at 0.
    pub(crate) fn strokes(&self) -> Vec<(f64, f64)> {
        let mut press = 0.0;
        let flights = self.flights.iter().map(|flight| flight.median).chain([0.0]);
        let strokes = self.holds.iter().zip(flights).map(|(hold, flight)| {
            let stroke = (press, press + hold.median);
            press = stroke.1 + flight;
            stroke
        });
        strokes.collect()
    }

    /// When the last key is up.
    pub(crate) fn end(&self) -> f64 {
        self.strokes()
            .iter()
            .map(|(_, release)| *release)
            .fold(0.0, f64::max)
    }
}

/// Typings behind each median of a picture.
pub(crate) const DRAWN: usize = 20;

const ROLL: usize = 66;
const HOLD: usize = 22;
const FLIGHT: usize = 34;

impl Picture {
    /// Draws it.
    pub(crate) fn draw(&self, screen: &mut Screen) -> Result<(), Error> {
        self.roll(screen)?;
        screen.gap()?;
        self.bars(screen)
    }

    /// Both typings along the time: a bar as long as a key is held. Keys overlap in rollover, so
    /// every other position stands a line lower.
    fn roll(&self, screen: &mut Screen) -> Result<(), Error> {
        let end = self.owner.end().max(self.other.end());
        for (rhythm, name, ink) in self.people() {
            for (parity, label) in [(0, name), (1, "")] {
                let mut line = vec![' '; ROLL + 2];
                let strokes = rhythm.strokes();
                for (i, (press, release)) in strokes.iter().enumerate().skip(parity).step_by(2) {
                    let from = cells(*press / end * to_f64(ROLL));
                    let to = cells(*release / end * to_f64(ROLL)).max(from + 1);
                    let number = (i + 1).to_string();
                    let full = ink.full(screen.unicode());
                    let text = number.chars().chain(std::iter::repeat(full));
                    // The number needs its room, however short the hold.
                    let shown = from..to.max(from + number.len());
                    line.iter_mut()
                        .take(shown.end)
                        .skip(shown.start)
                        .zip(text)
                        .for_each(|(cell, sign)| *cell = sign);
                }
                let line: String = line.into_iter().collect();
                let line = screen.paint(ink.tone, &line);
                screen.line(&format!("{label:<12}{line}"))?;
            }
        }
        let scale = format!("{:<12}0{:>width$.0} ms", "", end, width = ROLL - 4);
        screen.say(Tone::Faint, &scale)
    }

    /// Hold and flight of each position, the owner's above the other's.
    fn bars(&self, screen: &mut Screen) -> Result<(), Error> {
        let all = |feature: fn(&Rhythm) -> &[Spread]| {
            [&self.owner, &self.other].into_iter().flat_map(feature)
        };
        let longest = all(|r| &r.holds).map(|s| s.median).fold(1.0, f64::max);
        let flights = || all(|r| &r.flights).map(|s| s.median);
        let (least, most) = (flights().fold(0.0, f64::min), flights().fold(1.0, f64::max));
        let per_cell = (most - least) / to_f64(FLIGHT - 1);
        let left = cells((-least / per_cell).ceil());

        let title = format!(
            "{:>3}  {:<27}   to the next key, ms (negative: overlap)",
            "", "held, ms"
        );
        screen.say(Tone::Faint, &title)?;
        let axis = screen.signs().axis;
        for i in 0..self.owner.holds.len() {
            for (rhythm, _, ink) in self.people() {
                let number = if ink.tone == Tone::Owner {
                    (i + 1).to_string()
                } else {
                    String::new()
                };
                let hold = rhythm.holds.get(i).map_or(0.0, |spread| spread.median);
                let held = ink.bar(screen.unicode(), hold / longest * to_f64(HOLD));
                let held = screen.paint(ink.tone, &pad(&held, HOLD));
                let mut line = format!("{number:>3}  {held}{hold:>5.0}   ");
                if let Some(flight) = rhythm.flights.get(i).map(|spread| spread.median) {
                    let length = flight.abs() / per_cell;
                    let (before, after) = if flight < 0.0 {
                        (ink.bar_to_the_left(screen.unicode(), length), String::new())
                    } else {
                        (String::new(), ink.bar(screen.unicode(), length))
                    };
                    let gap = " ".repeat(left.saturating_sub(before.chars().count()));
                    line += &gap;
                    line += &screen.paint(ink.tone, &before);
                    line += &screen.paint(Tone::Faint, &axis.to_string());
                    line += &screen.paint(ink.tone, &pad(&after, FLIGHT - left));
                    line += &format!("{flight:>6.0}");
                }
                screen.line(&line)?;
            }
        }
        screen.gap()?;
        let [owner, other] = self.people().map(|(_, name, ink)| {
            let sign = ink.full(screen.unicode()).to_string().repeat(2);
            format!("{} {name}", screen.paint(ink.tone, &sign))
        });
        screen.line(&format!(
            "     {owner}   {other}   (medians of {DRAWN} typings each)"
        ))
    }

    fn people(&self) -> [(&Rhythm, &str, Ink); 2] {
        let [owner, other] = &self.names;
        [(&self.owner, owner, OWNER), (&self.other, other, OTHER)]
    }
}

/// What a person's bars are made of, so that they can be told apart without colour.
#[derive(Clone, Copy, Debug)]
struct Ink {
    tone: Tone,
    full: char,
    /// Parts of a cell, filled from its left; then from its right.
    parts: &'static [char],
    right_half: char,
    ascii: char,
}

const OWNER: Ink = Ink {
    tone: Tone::Owner,
    full: '█',
    parts: &['▏', '▎', '▍', '▌', '▋', '▊', '▉'],
    right_half: '▐',
    ascii: '#',
};
const OTHER: Ink = Ink {
    tone: Tone::Other,
    full: '━',
    parts: &['╸'],
    right_half: '╺',
    ascii: '=',
};

impl Ink {
    fn full(self, unicode: bool) -> char {
        if unicode { self.full } else { self.ascii }
    }

    /// A bar of this many cells, at least a trace of one.
    fn bar(self, unicode: bool, length: f64) -> String {
        if !unicode {
            return self
                .ascii
                .to_string()
                .repeat(cells(length.round().max(1.0)));
        }
        let steps = self.parts.len() + 1;
        let units = cells((length * to_f64(steps)).round().max(1.0));
        let mut bar = self.full.to_string().repeat(units / steps);
        bar.extend(
            (units % steps)
                .checked_sub(1)
                .and_then(|part| self.parts.get(part)),
        );
        bar
    }

    /// The same, growing to the left, in half cells.
    fn bar_to_the_left(self, unicode: bool, length: f64) -> String {
        if !unicode {
            return self.bar(unicode, length);
        }
        let halves = cells((length * 2.0).round().max(1.0));
        let half = if halves % 2 == 1 {
            self.right_half.to_string()
        } else {
            String::new()
        };
        half + &self.full.to_string().repeat(halves / 2)
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of cells, never negative and never many"
)]
fn cells(length: f64) -> usize {
    length.clamp(0.0, 500.0) as usize
}

#[expect(clippy::cast_precision_loss, reason = "a number of cells")]
fn to_f64(cells: usize) -> f64 {
    cells as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Population;

    #[test]
    fn medians_and_quartiles() {
        let spread = Spread::of(vec![5.0, 1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn a_rhythm_has_a_hold_a_position_and_a_flight_between() {
        let typist = Population::new(1).impostor(1).unwrap();
        let rhythm = Rhythm::of(&[typist.sample(0)]).unwrap();
        assert_eq!((rhythm.holds.len(), rhythm.flights.len()), (10, 9));
        let (strokes, sample) = (rhythm.strokes(), typist.sample(0));
        let down = sample.downs()[0].unwrap().as_millis();
        assert!((strokes[1].0 - down).abs() < 1e-9);
        assert!(Rhythm::of(&[]).is_none());
    }

    #[test]
    fn bars_are_as_long_as_they_should_be() {
        assert_eq!(OWNER.bar(true, 2.5), "██▌");
        assert_eq!(OWNER.bar(true, 0.0), "▏");
        assert_eq!(OTHER.bar(true, 2.5), "━━╸");
        assert_eq!(OTHER.bar_to_the_left(true, 2.5), "╺━━");
        assert_eq!(OWNER.bar_to_the_left(true, 2.0), "██");
        assert_eq!(OWNER.bar(false, 2.4), "##");
        assert_eq!(OTHER.bar_to_the_left(false, 0.1), "=");
    }
}
