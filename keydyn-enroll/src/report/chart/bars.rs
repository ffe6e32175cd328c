//! Horizontal bars, one a name, each with an interval.

use std::fmt::Display;

use super::axis::Axis;
use super::markup::{Markup, Px};
use super::plot::Words;
use super::{Area, style};

/// About what a letter of a name takes; fonts differ.
const LETTER: f64 = 7.0;
const VALUES: f64 = 180.0;
const WIDTH: f64 = 400.0;
const TOP: f64 = 30.0;
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
const BELOW: f64 = 44.0;

/// One bar, from zero.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    /// The number of its colour.
    pub(crate) series: usize,
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) interval: Option<[f64; 2]>,
    /// Its value in words.
    pub(crate) written: String,
}

/// All of them over one axis.
pub(crate) fn draw(words: &Words<'_>, label: &str, bars: &[Bar]) -> Markup {
    let ends = bars.iter().flat_map(|bar| {
        let [low, high] = bar.interval.unwrap_or([bar.value; 2]);
        [low, high, bar.value]
    });
    let ends: Vec<f64> = ends.collect();
    let least = ends.iter().copied().fold(0.0, f64::min);
    let most = ends.iter().copied().fold(0.0, f64::max);
    let axis = Axis::linear(label, least, most);
    let letters = bars
        .iter()
        .map(|bar| bar.name.chars().map(|_| LETTER).sum());
    let names = 16.0 + letters.fold(0.0, f64::max);
    let rows: f64 = bars.iter().map(|_| ROW).sum();
    let area = Area {
        left: names,
        top: TOP,
        width: WIDTH,
        height: rows,
    };
    let (width, height) = (names + WIDTH + VALUES, TOP + rows + BELOW);
    Markup::drawing((width, height), words.id, |svg| {
        words.within(svg);
        axis.below(svg, &area);
        let place = |value: f64| area.left + axis.share(value) * area.width;
        let mut top = TOP;
        for bar in bars {
            bar.draw(svg, top, &place, &area);
            top += ROW;
        }
        let (x, top, bottom) = (Px(place(0.0)), Px(area.top), Px(area.bottom()));
        let ends: [(&str, &dyn Display); 5] = [
            ("x1", &x),
            ("x2", &x),
            ("y1", &top),
            ("y2", &bottom),
            ("class", &"axis"),
        ];
        svg.empty("line", &ends);
    })
}

impl Bar {
    fn draw(&self, svg: &mut Markup, top: f64, place: &dyn Fn(f64) -> f64, area: &Area) {
        let (zero, end) = (place(0.0), place(self.value));
        let (left, right) = (zero.min(end), zero.max(end));
        let baseline = Px(top + ROW / 2.0 + 4.0);
        let name: [(&str, &dyn Display); 3] = [
            ("x", &Px(area.left - 8.0)),
            ("y", &baseline),
            ("text-anchor", &"end"),
        ];
        svg.leaf("text", &name, &self.name);
        svg.empty(
            "rect",
            &[
                ("x", &Px(left)),
                ("y", &Px(top + (ROW - BAR) / 2.0)),
                ("width", &Px((right - left).max(0.5))),
                ("height", &Px(BAR)),
                ("class", &format!("bar {}", style::fill(self.series))),
            ],
        );
        if let Some([low, high]) = self.interval {
            let (low, high, middle) = (Px(place(low)), Px(place(high)), Px(top + ROW / 2.0));
            let ends: [(&str, &dyn Display); 5] = [
                ("x1", &low),
                ("x2", &high),
                ("y1", &middle),
                ("y2", &middle),
                ("class", &"whisker"),
            ];
            svg.empty("line", &ends);
        }
        let written: [(&str, &dyn Display); 2] =
            [("x", &Px(area.left + area.width + 8.0)), ("y", &baseline)];
        svg.leaf("text", &written, &self.written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_goes_from_zero_either_way() {
        let words = Words {
            id: "b",
            title: "Bars",
            text: "Two bars.",
        };
        let bar = |name: &str, value| Bar {
            series: 0,
            name: name.into(),
            value,
            interval: None,
            written: format!("{value}"),
        };
        let text = draw(&words, "points", &[bar("up", 5.0), bar("down", -5.0)]).behind("");
        // The axis goes from -6 to 6 in steps of two: zero is in the middle.
        assert!(
            text.contains("x=\"244\" y=\"35\" width=\"166.7\""),
            "{text}"
        );
        assert!(
            text.contains("x=\"77.3\" y=\"59\" width=\"166.7\""),
            "{text}"
        );
    }
}
