//! A drawing with two axes, and what is drawn between them.

use std::fmt::Display;

use super::axis::Axis;
use super::markup::{Markup, Px};
use super::{Area, style};

const LEFT: f64 = 62.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 14.0;
const BELOW: f64 = 44.0;
/// A line of the legend.
const LEGEND: f64 = 17.0;
/// Points of a line that are closer are drawn as one.
const CLOSE: f64 = 0.4;

/// What a chart is called and says.
#[derive(Clone, Debug)]
pub(crate) struct Words<'w> {
    /// Unique in the page: links the drawing to its words.
    pub(crate) id: &'w str,
    /// Stands above it.
    pub(crate) title: &'w str,
    /// For whoever does not see it.
    pub(crate) text: &'w str,
}

impl Words<'_> {
    /// Writes them into a drawing.
    pub(crate) fn within(&self, svg: &mut Markup) {
        let Self { id, title, text } = self;
        svg.leaf("title", &[("id", &format!("{id}-title"))], title);
        svg.leaf("desc", &[("id", &format!("{id}-text"))], text);
        svg.leaf(
            "text",
            &[("x", &"0"), ("y", &"16"), ("class", &"heading")],
            title,
        );
    }
}

/// An entry of a legend: a line of that series, or something filled.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Line(usize, String),
    Fill(usize, String),
    Dot(usize, String),
    Mark(String),
}

/// A chart that is being drawn.
#[derive(Debug)]
pub(crate) struct Plot {
    svg: Markup,
    x: Axis,
    y: Axis,
    area: Area,
    clip: String,
    keys: Vec<Key>,
}

impl Plot {
    /// An empty plot of this size between its axes.
    pub(crate) fn new(
        words: &Words<'_>,
        (x, y): (Axis, Axis),
        (width, height): (f64, f64),
    ) -> Self {
        let area = Area {
            left: LEFT,
            top: TOP,
            width,
            height,
        };
        let mut svg = Markup::default();
        let clip = format!("{}-clip", words.id);
        words.within(&mut svg);
        svg.within("clipPath", &[("id", &clip)], |svg| frame(svg, &area, ""));
        x.below(&mut svg, &area);
        y.beside(&mut svg, &area);
        Self {
            svg,
            x,
            y,
            area,
            clip,
            keys: Vec::new(),
        }
    }

    /// Adds an entry to the legend.
    pub(crate) fn key(&mut self, key: Key) {
        self.keys.push(key);
    }

    /// A line through these points; a point that is not there ends it, and the next begins anew.
    pub(crate) fn line(&mut self, series: usize, points: &[Option<(f64, f64)>]) {
        self.path(&style::line(series), points);
    }

    /// A faint line through these points.
    pub(crate) fn guide(&mut self, points: &[(f64, f64)]) {
        let points: Vec<_> = points.iter().map(|point| Some(*point)).collect();
        self.path("guide", &points);
    }

    /// The area between two lines, each point with its lower and upper end.
    pub(crate) fn band(&mut self, series: usize, ends: &[(f64, [f64; 2])]) {
        let there = ends.iter().map(|&(x, [low, _])| self.place((x, low)));
        let back = ends
            .iter()
            .rev()
            .map(|&(x, [_, high])| self.place((x, high)));
        let points: Vec<String> = there.chain(back).map(pair).collect();
        let class = format!("area {}", style::fill(series));
        let points = points.join(" ");
        self.clipped("polygon", &[("points", &points), ("class", &class)]);
    }

    /// Dots.
    pub(crate) fn dots(&mut self, series: usize, points: &[(f64, f64)]) {
        let class = format!("dot {}", style::fill(series));
        for &point in points {
            let (x, y) = self.place(point);
            let (x, y) = (Px(x), Px(y));
            // Not clipped: a dot at 0 is whole.
            self.svg.empty(
                "circle",
                &[("cx", &x), ("cy", &y), ("r", &"2.6"), ("class", &class)],
            );
        }
    }

    /// A bar between two values of each axis.
    pub(crate) fn bar(&mut self, series: usize, (from, to): (f64, f64), (low, high): (f64, f64)) {
        let ((left, bottom), (right, top)) = (self.place((from, low)), self.place((to, high)));
        let class = format!("bar {}", style::fill(series));
        self.clipped(
            "rect",
            &[
                ("x", &Px(left)),
                ("y", &Px(top)),
                ("width", &Px((right - left).max(0.5))),
                ("height", &Px((bottom - top).max(0.0))),
                ("class", &class),
            ],
        );
    }

    /// A mark across the whole height at this value.
    pub(crate) fn mark(&mut self, x: f64) {
        let share = self.x.share(x);
        if (0.0..=1.0).contains(&share) {
            let x = Px(self.area.left + share * self.area.width);
            let (top, bottom) = (Px(self.area.top), Px(self.area.bottom()));
            let ends = [
                ("x1", &x as &dyn Display),
                ("x2", &x),
                ("y1", &top),
                ("y2", &bottom),
            ];
            let [x1, x2, y1, y2] = ends;
            self.svg
                .empty("line", &[x1, x2, y1, y2, ("class", &"mark")]);
        }
    }

    /// The drawing, framed and with its legend.
    pub(crate) fn finish(mut self, words: &Words<'_>) -> Markup {
        frame(&mut self.svg, &self.area, "frame");
        let mut y = self.area.bottom() + BELOW;
        for key in &self.keys {
            y += LEGEND;
            legend(&mut self.svg, key, (self.area.left, y - 4.0));
        }
        let (width, height) = (self.area.left + self.area.width + RIGHT, y + 6.0);
        Markup::drawing((width, height), words.id, |whole| whole.part(self.svg))
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            self.area.left + self.x.share(x) * self.area.width,
            self.area.bottom() - self.y.share(y) * self.area.height,
        )
    }

    fn path(&mut self, class: &str, points: &[Option<(f64, f64)>]) {
        for run in points.split(Option::is_none) {
            let mut drawn: Vec<(f64, f64)> = Vec::new();
            let last = run.len().saturating_sub(1);
            for (i, point) in run.iter().flatten().enumerate() {
                let (x, y) = self.place(*point);
                let near = drawn
                    .last()
                    .is_some_and(|(a, b)| (a - x).hypot(b - y) < CLOSE);
                if !near || i == last {
                    drawn.push((x, y));
                }
            }
            if !drawn.is_empty() {
                let points: Vec<String> = drawn.into_iter().map(pair).collect();
                let points = points.join(" ");
                self.clipped("polyline", &[("points", &points), ("class", &class)]);
            }
        }
    }

    /// An element that ends where the area does.
    fn clipped(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        let clip = format!("url(#{})", self.clip);
        let clip: [(&str, &dyn Display); 1] = [("clip-path", &clip)];
        self.svg.empty(name, &[attributes, &clip].concat());
    }
}

fn frame(svg: &mut Markup, area: &Area, class: &str) {
    let Area {
        left,
        top,
        width,
        height,
    } = area;
    let [x, y, width, height] = [left, top, width, height].map(|px| Px(*px));
    let ends: [(&str, &dyn Display); 5] = [
        ("x", &x),
        ("y", &y),
        ("width", &width),
        ("height", &height),
        ("class", &class),
    ];
    svg.empty("rect", &ends);
}

fn legend(svg: &mut Markup, key: &Key, (x, y): (f64, f64)) {
    let (from, to, middle) = (Px(x), Px(x + 26.0), Px(y - 4.0));
    let mut line = |class: &str| {
        let ends: [(&str, &dyn Display); 5] = [
            ("x1", &from),
            ("x2", &to),
            ("y1", &middle),
            ("y2", &middle),
            ("class", &class),
        ];
        svg.empty("line", &ends);
    };
    let name = match key {
        Key::Line(series, name) => {
            line(&style::line(*series));
            name
        }
        Key::Mark(name) => {
            line("mark");
            name
        }
        Key::Dot(series, name) => {
            let (middle, centre) = (Px(y - 4.0), Px(x + 13.0));
            let class = format!("dot {}", style::fill(*series));
            let ends: [(&str, &dyn Display); 4] = [
                ("cx", &centre),
                ("cy", &middle),
                ("r", &"4"),
                ("class", &class),
            ];
            svg.empty("circle", &ends);
            name
        }
        Key::Fill(series, name) => {
            let (top, class) = (Px(y - 9.0), format!("bar {}", style::fill(*series)));
            let ends: [(&str, &dyn Display); 5] = [
                ("x", &from),
                ("y", &top),
                ("width", &"26"),
                ("height", &"10"),
                ("class", &class),
            ];
            svg.empty("rect", &ends);
            name
        }
    };
    svg.leaf("text", &[("x", &Px(x + 34.0)), ("y", &Px(y))], name);
}

fn pair((x, y): (f64, f64)) -> String {
    format!("{},{}", Px(x), Px(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> = Words {
        id: "a",
        title: "A <title>",
        text: "What it says.",
    };

    fn plot() -> Plot {
        let axes = (Axis::linear("x", 0.0, 10.0), Axis::linear("y", 0.0, 100.0));
        Plot::new(&WORDS, axes, (200.0, 100.0))
    }

    fn drawn(plot: Plot) -> String {
        plot.finish(&WORDS).behind("")
    }

    #[test]
    fn values_stand_between_the_axes() {
        let plot = plot();
        assert_eq!(plot.place((0.0, 0.0)), (LEFT, TOP + 100.0));
        assert_eq!(plot.place((10.0, 100.0)), (LEFT + 200.0, TOP));
        assert_eq!(plot.place((5.0, 25.0)), (LEFT + 100.0, TOP + 75.0));
    }

    #[test]
    fn a_line_is_broken_where_a_point_is_missing_and_thinned_where_they_crowd() {
        let mut plot = plot();
        let crowd = (0..100).map(|i| Some((f64::from(i) * 0.001, 0.0)));
        let points: Vec<_> = crowd
            .chain([Some((10.0, 0.0)), None, Some((0.0, 100.0))])
            .collect();
        plot.line(0, &points);
        let text = drawn(plot);
        assert_eq!(text.matches("<polyline").count(), 2, "{text}");
        let first = text
            .lines()
            .find(|line| line.contains("<polyline"))
            .unwrap();
        assert!(
            first.contains("\"62,134 62.4,134") && first.contains("262,134\""),
            "{first}"
        );
        assert!(first.matches(',').count() < 12, "{first}");
    }

    #[test]
    fn what_is_drawn_is_named_and_labelled() {
        let mut plot = plot();
        plot.bar(1, (2.0, 4.0), (0.0, 50.0));
        plot.mark(11.0);
        plot.key(Key::Fill(1, "a & b".into()));
        let text = drawn(plot);
        assert!(
            text.contains("aria-labelledby=\"a-title a-text\""),
            "{text}"
        );
        assert!(
            text.contains("<title id=\"a-title\">A &lt;title&gt;</title>"),
            "{text}"
        );
        assert!(
            text.contains("x=\"102\" y=\"84\" width=\"40\" height=\"50\""),
            "{text}"
        );
        assert!(!text.contains("class=\"mark\""), "beyond the axis: {text}");
        assert!(text.contains(">a &amp; b</text>"), "{text}");
    }
}
