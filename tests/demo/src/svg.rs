//! The picture of a rhythm as an SVG file: by position only, like the one in the terminal.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::rhythm::{DRAWN, Picture, Rhythm, Spread};
use crate::screen::{Screen, Tone};

const WIDTH: f64 = 760.0;
const MARGIN: f64 = 24.0;
const ROLL_LEFT: f64 = 120.0;
const ROLL_TOP: f64 = 84.0;
const LANE: f64 = 44.0;
const BARS_TOP: f64 = 236.0;
const ROW: f64 = 28.0;
const BAR: f64 = 9.0;
const HOLD: (f64, f64) = (56.0, 300.0);
const FLIGHT: (f64, f64) = (370.0, 736.0);

/// Legible on light and on dark, and apart for those who see few colours.
const STYLE: &str = "\
svg{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;color-scheme:light dark}\
.paper{fill:#fff}.text{fill:#1c2430}.faint{fill:#5c6675}\
.title{font-size:18px;font-weight:600}.small{font-size:11px}\
.owner{fill:#1f6fb2}.other{fill:#c4611a}\
.rule{stroke:#c9d0d9}.whisker{stroke:#1c2430;stroke-opacity:.55}.number{fill:#fff}\
@media(prefers-color-scheme:dark){.paper{fill:#14181f}.text{fill:#e8ecf1}.faint{fill:#9aa5b3}\
.owner{fill:#4aa3e8}.other{fill:#eb8a44}.rule{stroke:#3a4350}.whisker{stroke:#e8ecf1}\
.number{fill:#14181f}}";

/// Writes the picture, and says where it is.
pub(crate) fn save(screen: &mut Screen, picture: &Picture, path: &Path) -> Result<(), Error> {
    fs::write(path, text(picture)).map_err(Error::file("write", path))?;
    let text = format!("The picture is in {}.", path.display());
    screen.note(Tone::Plain, &text)
}

/// A text that is built up; writing to it cannot fail.
#[derive(Default)]
struct Canvas(String);

impl Canvas {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.0.write_fmt(element);
        self.0.push('\n');
    }

    fn label(&mut self, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
        let text = escape(text);
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" class="{class}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let width = width.max(1.0);
        self.add(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" class="{class}"/>"#
        ));
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.add(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        ));
    }
}

fn text(picture: &Picture) -> String {
    let rows = picture.owner.holds.len();
    let height = BARS_TOP + ROW * index(rows) + 44.0;
    let [owner, other] = &picture.names;
    let mut canvas = Canvas::default();
    canvas.add(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">"#
    ));
    canvas.add(format_args!(
        "<title id=\"title\">One password, two rhythms</title>\n<desc id=\"desc\">How long each of \
         {rows} keys is held and how long until the next one, for the owner and for somebody else. \
         By position; no key is named.</desc>\n<style>{STYLE}</style>"
    ));
    canvas.add(format_args!(
        r#"<rect width="{WIDTH}" height="{height}" class="paper"/>"#
    ));
    canvas.label(
        (MARGIN, 36.0),
        "text title",
        "start",
        "One password, two rhythms",
    );
    canvas.label(
        (MARGIN, 56.0),
        "faint",
        "start",
        &format!(
            "Medians of {DRAWN} typings each; keys by position only. Thin lines: the middle half."
        ),
    );
    roll(&mut canvas, picture);
    bars(&mut canvas, picture);
    let y = height - 16.0;
    canvas.bar((MARGIN, y - 9.0), (18.0, BAR), "owner");
    canvas.label((MARGIN + 26.0, y), "text", "start", owner);
    canvas.bar((MARGIN + 120.0, y - 9.0), (18.0, BAR), "other");
    canvas.label((MARGIN + 146.0, y), "text", "start", other);
    canvas.0.push_str("</svg>\n");
    canvas.0
}

fn people(picture: &Picture) -> [(&Rhythm, &str, &'static str); 2] {
    let [owner, other] = &picture.names;
    [
        (&picture.owner, owner, "owner"),
        (&picture.other, other, "other"),
    ]
}

/// Both typings along the time, with a step down for every other key.
fn roll(canvas: &mut Canvas, picture: &Picture) {
    let end = picture.owner.end().max(picture.other.end());
    let x = |ms: f64| ROLL_LEFT + ms / end * (WIDTH - MARGIN - ROLL_LEFT);
    for (lane, (rhythm, name, class)) in people(picture).into_iter().enumerate() {
        let top = ROLL_TOP + index(lane) * (LANE + 8.0);
        canvas.label((MARGIN, top + 24.0), "text", "start", name);
        for (i, (press, release)) in rhythm.strokes().into_iter().enumerate() {
            let y = top + if i % 2 == 0 { 0.0 } else { LANE / 2.0 };
            let width = x(release) - x(press);
            canvas.bar((x(press), y), (width, LANE / 2.0 - 3.0), class);
            let middle = (x(press) + width / 2.0, y + 14.0);
            canvas.label(middle, "number small", "middle", &(i + 1).to_string());
        }
    }
    let y = ROLL_TOP + 2.0 * LANE + 12.0;
    canvas.line((ROLL_LEFT, y), (WIDTH - MARGIN, y), "rule");
    canvas.label((ROLL_LEFT, y + 16.0), "faint small", "start", "0");
    canvas.label(
        (WIDTH - MARGIN, y + 16.0),
        "faint small",
        "end",
        &format!("{end:.0} ms"),
    );
}

/// Hold and flight of each position.
fn bars(canvas: &mut Canvas, picture: &Picture) {
    let (owner, other) = (&picture.owner, &picture.other);
    for i in 0..owner.holds.len() {
        let y = BARS_TOP + ROW * index(i) + 14.0;
        canvas.label((MARGIN + 14.0, y), "faint", "end", &(i + 1).to_string());
    }
    canvas.line((HOLD.0, BARS_TOP), (HOLD.0, panel_bottom(picture)), "rule");
    panel(canvas, "held, ms", HOLD, [&owner.holds, &other.holds]);
    let zero = panel(
        canvas,
        "to the next key, ms",
        FLIGHT,
        [&owner.flights, &other.flights],
    );
    canvas.line((zero, BARS_TOP), (zero, panel_bottom(picture)), "rule");
}

fn panel_bottom(picture: &Picture) -> f64 {
    BARS_TOP + ROW * index(picture.owner.holds.len()) - 4.0
}

/// One feature of both people, from left to right. Where its zero is.
fn panel(
    canvas: &mut Canvas,
    title: &str,
    (left, right): (f64, f64),
    people: [&[Spread]; 2],
) -> f64 {
    canvas.label((left, BARS_TOP - 8.0), "faint", "start", title);
    let all = || people.into_iter().flatten();
    let least = all().map(|s| s.low).fold(0.0, f64::min);
    let most = all().map(|s| s.high).fold(1.0, f64::max);
    // Room for the number behind the longest bar.
    let x = |ms: f64| left + (ms - least) / (most - least) * (right - left - 34.0);
    for (which, (spreads, class)) in people.into_iter().zip(["owner", "other"]).enumerate() {
        for (i, spread) in spreads.iter().enumerate() {
            let y = BARS_TOP + ROW * index(i) + 2.0 + index(which) * (BAR + 2.0);
            let (from, to) = (x(spread.median.min(0.0)), x(spread.median.max(0.0)));
            canvas.bar((from, y), (to - from, BAR), class);
            let middle = y + BAR / 2.0;
            canvas.line((x(spread.low), middle), (x(spread.high), middle), "whisker");
            let after = x(spread.high.max(0.0)) + 5.0;
            let value = format!("{:.0}", spread.median);
            canvas.label((after, y + BAR), "faint small", "start", &value);
        }
    }
    x(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "a number of rows")]
fn index(i: usize) -> f64 {
    i as f64
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Population;

    #[test]
    fn it_is_balanced_and_names_no_key() {
        let people = Population::new(1);
        let rhythm = |person| Rhythm::of(&[people.impostor(person).unwrap().sample(0)]).unwrap();
        let text = text(&Picture {
            owner: rhythm(1),
            other: rhythm(2),
            names: ["owner".into(), "a < b".into()],
        });
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
        assert!(text.contains("a &lt; b") && !text.contains("NaN"));
        assert_eq!(
            text.matches("<text").count(),
            text.matches("</text>").count()
        );
        assert_eq!(text.matches("class=\"owner\"").count(), 10 + 10 + 9 + 1);
        assert!(!text.contains("dot") && !text.contains("roanl"));
    }
}
