//! How people type, drawn like a piano roll: a bar for each key while it is held, along the time.

use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::describe::{Quartiles, Stroke, rhythm};
use keydyn_core::printable::printable;

use super::markup::{Markup, Px};
use super::style::SHEET;
use super::{Area, axis::Axis};

const MARGIN: f64 = 16.0;
/// For the names of users.
const NAMES: f64 = 112.0;
const HEAD: f64 = 78.0;
const FOOT: f64 = 40.0;
const LANE: f64 = 12.0;
const LABEL: f64 = 11.0;
const LABEL_ROWS: usize = 3;
/// About what a letter of a label takes; fonts differ.
const LETTER: f64 = 6.6;
const LONGEST_LABEL: usize = 9;
const LONGEST_NAME: usize = 15;
const GAP: f64 = 12.0;
/// Of a key whose hold never was recorded.
const TICK: f64 = 4.0;

/// A key as it is drawn; times in milliseconds from the first press.
#[derive(Clone, Debug, PartialEq)]
struct Note {
    name: String,
    press: f64,
    /// How far the press varies, by the down-down before.
    pressed: Option<(f64, f64)>,
    release: Option<f64>,
    /// How far the release varies.
    released: Option<(f64, f64)>,
    /// Whether the way here was never recorded, and is drawn as this person's usual one.
    guessed: bool,
    stroke: Stroke,
    lane: usize,
}

/// One person's row.
struct Row {
    name: String,
    typings: usize,
    notes: Vec<Note>,
}

/// The rhythms of these people as an SVG file.
pub(crate) fn draw(file: &str, data: &DataSet, people: &[&Typist]) -> String {
    let rows: Vec<Row> = people.iter().map(|typist| Row::of(data, typist)).collect();
    let end = rows.iter().map(Row::end).fold(1.0, f64::max);
    let keys = rows.iter().map(|row| row.notes.len()).max().unwrap_or(0);
    let width = (count(keys) * 34.0).clamp(620.0, 2400.0);
    let time = Axis::exact("ms from the first press", 0.0, end);
    let heights: Vec<f64> = rows.iter().map(Row::height).collect();
    let area = Area {
        left: MARGIN + NAMES,
        top: HEAD,
        width,
        height: heights.iter().sum(),
    };
    let whole = (area.left + width + 2.0 * MARGIN, area.bottom() + FOOT);
    let mut svg = Markup::default();
    svg.within(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("viewBox", &format!("0 0 {} {}", Px(whole.0), Px(whole.1))),
            ("width", &Px(whole.0)),
            ("height", &Px(whole.1)),
            ("role", &"img"),
            ("aria-labelledby", &"title desc"),
        ],
        |svg| {
            let title = format!("Rhythms in {}", printable(file));
            svg.leaf("title", &[("id", &"title")], &title);
            svg.leaf("desc", &[("id", &"desc")], &in_words(&rows));
            svg.style(SHEET);
            let (w, h) = (Px(whole.0), Px(whole.1));
            svg.empty(
                "rect",
                &[("width", &w), ("height", &h), ("class", &"paper")],
            );
            head(svg, &title);
            time.below(svg, &area);
            let mut top = area.top;
            for (row, height) in rows.iter().zip(&heights) {
                let of_row = Area {
                    top,
                    height: *height,
                    ..area
                };
                row.draw(svg, &of_row, &time);
                top += height;
            }
        },
    );
    svg.behind("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
}

fn head(svg: &mut Markup, title: &str) {
    let at = |y| (Px(MARGIN), Px(y));
    let (x, y) = at(28.0);
    svg.leaf("text", &[("x", &x), ("y", &y), ("class", &"title")], title);
    let (x, y) = at(48.0);
    let text = "A bar: a key while it is held, at the medians of all typings; the next lane where two are held at once.";
    svg.leaf("text", &[("x", &x), ("y", &y), ("class", &"faint")], text);
    let (x, y) = at(64.0);
    let text = "Thin lines: the middle half, of the press (below its bar) and of the hold (across the bar's end). Pale: not recorded.";
    svg.leaf("text", &[("x", &x), ("y", &y), ("class", &"faint")], text);
}

/// What whoever does not see the drawing is told.
fn in_words(rows: &[Row]) -> String {
    let people = rows.iter().map(|row| {
        let keys = row.notes.iter().map(|note| {
            let hold = note.stroke.hold.map_or("-".to_owned(), rounded);
            format!("{} {hold} at {:.0}", note.name, note.press)
        });
        let keys: Vec<String> = keys.collect();
        format!("{}: {}", row.name, keys.join(", "))
    });
    let people: Vec<String> = people.collect();
    let how = "Each key with how long it is held, and when it is pressed, in ms.";
    format!("{how} {}.", people.join("; "))
}

fn rounded(quartiles: Quartiles) -> String {
    format!("{:.0}", quartiles.median)
}

impl Row {
    fn of(data: &DataSet, typist: &Typist) -> Self {
        let strokes = rhythm(typist);
        Self {
            name: printable(&typist.name),
            typings: typist.attempts.len(),
            notes: notes(&strokes, |stroke| printable(&data.key_name(stroke.key))),
        }
    }

    /// When the last key is up.
    fn end(&self) -> f64 {
        let ends = self.notes.iter().map(|note| {
            let released = note.released.map_or(note.press, |(_, late)| late);
            released.max(note.pressed.map_or(0.0, |(_, late)| late))
        });
        ends.fold(0.0, f64::max)
    }

    fn lanes(&self) -> usize {
        let lanes = self.notes.iter().map(|note| note.lane + 1);
        lanes.max().unwrap_or(1)
    }

    fn height(&self) -> f64 {
        count(LABEL_ROWS) * LABEL + count(self.lanes()) * LANE + GAP
    }

    fn draw(&self, svg: &mut Markup, area: &Area, time: &Axis) {
        let middle = area.top + area.height / 2.0;
        let name = shortened(&self.name, LONGEST_NAME);
        let x = Px(MARGIN);
        svg.leaf("text", &[("x", &x), ("y", &Px(middle))], &name);
        let typings = format!("{} typings", self.typings);
        let y = Px(middle + 13.0);
        svg.leaf(
            "text",
            &[("x", &x), ("y", &y), ("class", &"faint small")],
            &typings,
        );
        let (left, right) = (Px(area.left), Px(area.left + area.width));
        let y = Px(area.top);
        svg.empty(
            "line",
            &[
                ("x1", &x),
                ("x2", &right),
                ("y1", &y),
                ("y2", &y),
                ("class", &"rule"),
            ],
        );
        if self.notes.is_empty() {
            let nothing = "nothing was recorded";
            let at = [
                ("x", &left as &dyn std::fmt::Display),
                ("y", &Px(middle)),
                ("class", &"faint"),
            ];
            svg.leaf("text", &at, nothing);
        }
        let place = |millis: f64| area.left + time.share(millis) * area.width;
        let lanes_top = area.top + count(LABEL_ROWS) * LABEL + 4.0;
        let mut free = [f64::NEG_INFINITY; LABEL_ROWS];
        for note in &self.notes {
            svg.within("g", &[], |svg| {
                svg.leaf("title", &[], &note.in_words());
                note.bar(svg, lanes_top + count(note.lane) * LANE, &place);
                let label = shortened(&note.name, LONGEST_LABEL);
                let (x, long) = (place(note.press), count(label.chars().count()) * LETTER);
                // Where every row is taken, the bar's own title has the name.
                let Some(row) = free.iter().position(|&until| until <= x) else {
                    return;
                };
                free[row] = x + long + 3.0;
                let y = lanes_top - 4.0 - count(row) * LABEL;
                let at = [
                    ("x", &Px(x) as &dyn std::fmt::Display),
                    ("y", &Px(y)),
                    ("class", &"small"),
                ];
                svg.leaf("text", &at, &label);
            });
        }
    }
}

impl Note {
    fn bar(&self, svg: &mut Markup, top: f64, place: &dyn Fn(f64) -> f64) {
        let x = place(self.press);
        let width = self
            .release
            .map_or(TICK, |release| (place(release) - x).max(1.0));
        let pale = if self.guessed || self.release.is_none() {
            " guess"
        } else {
            ""
        };
        svg.empty(
            "rect",
            &[
                ("x", &Px(x)),
                ("y", &Px(top)),
                ("width", &Px(width)),
                ("height", &Px(LANE - 4.0)),
                ("rx", &"2"),
                ("class", &format!("f0{pale}")),
            ],
        );
        let mut thin = |spread: Option<(f64, f64)>, y: f64, class: &str| {
            if let Some((early, late)) = spread {
                let (from, to) = (Px(place(early)), Px(place(late)));
                let (y, ends) = (Px(y), [("x1", &from), ("x2", &to)]);
                let [from, to] = ends.map(|(name, at)| (name, at as &dyn std::fmt::Display));
                svg.empty(
                    "line",
                    &[from, to, ("y1", &y), ("y2", &y), ("class", &class)],
                );
            }
        };
        thin(self.released, top + (LANE - 4.0) / 2.0, "whisker");
        thin(self.pressed, top + LANE - 2.5, "line l1 thin");
    }

    fn in_words(&self) -> String {
        let of = |what: &str, quartiles: Option<Quartiles>| {
            quartiles.map_or(format!("; {what} not recorded"), |q| {
                format!("; {what} {:.0} ms [{:.0}, {:.0}]", q.median, q.low, q.high)
            })
        };
        let Stroke { hold, flight, .. } = self.stroke;
        let after = flight.map_or(String::new(), |flight| of("flight", Some(flight)));
        format!("{}{}{after}", self.name, of("hold", hold))
    }
}

/// Where each key is drawn. A way to the next key that never was recorded is taken as the
/// person's median one.
fn notes(strokes: &[Stroke], name: impl Fn(&Stroke) -> String) -> Vec<Note> {
    let known = strokes.iter().filter_map(|stroke| stroke.down_down);
    let usual = Quartiles::of(known.map(|down| down.median).collect());
    let usual = usual.map_or(200.0, |usual| usual.median);
    let (mut press, mut before) = (0.0, None);
    let mut free: Vec<f64> = Vec::new();
    let notes = strokes.iter().enumerate().map(|(i, stroke)| {
        let release = stroke.hold.map(|hold| press + hold.median);
        let until = release.unwrap_or(press);
        let lane = free.iter().position(|&until| until <= press);
        let lane = lane.unwrap_or(free.len());
        free.resize(free.len().max(lane + 1), 0.0);
        free[lane] = until;
        let around = |q: Quartiles, at: f64| (at + q.low - q.median, at + q.high - q.median);
        let note = Note {
            name: name(stroke),
            press,
            pressed: before.map(|down| around(down, press)),
            release,
            released: stroke.hold.zip(release).map(|(hold, at)| around(hold, at)),
            guessed: i > 0 && before.is_none(),
            stroke: *stroke,
            lane,
        };
        press += stroke.down_down.map_or(usual, |down| down.median);
        before = stroke.down_down;
        note
    });
    notes.collect()
}

fn shortened(name: &str, longest: usize) -> String {
    if name.chars().count() <= longest {
        return name.to_owned();
    }
    let kept: String = name.chars().take(longest - 1).collect();
    kept + "\u{2026}"
}

#[expect(clippy::cast_precision_loss, reason = "keys, rows and letters")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::key::KeyCode;

    fn stroke(hold: Option<f64>, down: Option<f64>) -> Stroke {
        let around = |median: f64| Quartiles {
            low: median - 10.0,
            median,
            high: median + 20.0,
        };
        Stroke {
            key: KeyCode(30),
            hold: hold.map(around),
            flight: None,
            down_down: down.map(around),
        }
    }

    #[test]
    fn keys_stand_at_the_sum_of_the_ways_and_step_down_where_two_are_held() {
        let strokes = [
            stroke(Some(100.0), Some(80.0)),
            stroke(Some(50.0), None),
            stroke(None, Some(300.0)),
            stroke(Some(90.0), None),
        ];
        let notes = notes(&strokes, |_| "k".into());
        let of = |read: fn(&Note) -> f64| notes.iter().map(read).collect::<Vec<_>>();
        // The unknown way is the median of 80 and 300.
        assert_eq!(of(|note| note.press), [0.0, 80.0, 270.0, 570.0]);
        assert_eq!(notes[0].release, Some(100.0));
        assert_eq!(notes[0].released, Some((90.0, 120.0)));
        assert_eq!(notes[1].pressed, Some((70.0, 100.0)));
        assert_eq!((notes[2].release, notes[2].guessed), (None, true));
        let lanes: Vec<usize> = notes.iter().map(|note| note.lane).collect();
        assert_eq!(lanes, [0, 1, 0, 0]);
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(shortened("Shift.r", 7), "Shift.r");
        assert_eq!(shortened("Shift.left", 7), "Shift.\u{2026}");
    }
}
