//! Where a value stands on an axis, and which values are written beside it.

use std::fmt::Display;

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::Area;
use super::markup::{Markup, Px};

/// More ticks than this would crowd.
const MOST_TICKS: f64 = 7.0;
/// About what a digit takes, and what has to be between two numbers.
const DIGIT: f64 = 7.5;
const BETWEEN: f64 = 5.0;
/// Per cent at which an axis of normal deviates has a tick.
const DEVIATE_TICKS: [f64; 13] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 90.0, 95.0,
];

/// An axis from its first value to its last.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    label: String,
    scale: Scale,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
    decimals: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    /// Of rates in per cent, such that scores of two normal distributions give a straight line
    /// (A. Martin et al., "The DET Curve in Assessment of Detection Task Performance", 1997).
    Deviate,
}

impl Axis {
    /// An axis from the lower to the higher of two values, widened to its ticks.
    pub(crate) fn linear(label: &str, from: f64, to: f64) -> Self {
        let (from, to) = (from.min(to), from.max(to));
        let to = if to > from { to } else { from + 1.0 };
        let step = nice_step((to - from) / (MOST_TICKS - 1.0));
        let (first, last) = ((from / step).floor(), (to / step).ceil());
        let ticks = (0..).map(|i: u32| first + f64::from(i));
        let ticks: Vec<f64> = ticks.take_while(|&i| i <= last).map(|i| i * step).collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped"
        )]
        let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 9.0) as usize;
        // 2.5 has a place more than 2 and 5.
        let quarter = (step * 10f64.powi(i32::try_from(decimals).unwrap_or(0)))
            .fract()
            .abs()
            > 1e-6;
        Self {
            label: label.to_owned(),
            scale: Scale::Linear,
            from: first * step,
            to: last * step,
            ticks,
            decimals: decimals + usize::from(quarter),
        }
    }

    /// An axis from exactly the one to exactly the other, with ticks in between.
    pub(crate) fn exact(label: &str, from: f64, to: f64) -> Self {
        let widened = Self::linear(label, from, to);
        let (from, to) = (from.min(to), from.max(to));
        let to = if to > from { to } else { from + 1.0 };
        let inside = |tick: &f64| (from..=to).contains(tick);
        Self {
            from,
            to,
            ticks: widened.ticks.iter().copied().filter(inside).collect(),
            ..widened
        }
    }

    /// An axis of rates in per cent by their normal deviates, between two rates that are neither
    /// 0 nor 100.
    pub(crate) fn deviate(label: &str, from: f64, to: f64) -> Self {
        let ticks = DEVIATE_TICKS.into_iter();
        Self {
            label: label.to_owned(),
            scale: Scale::Deviate,
            from,
            to,
            ticks: ticks.filter(|&t| from <= t && t <= to).collect(),
            decimals: 1,
        }
    }

    /// How far along the axis a value stands: 0 at its first, 1 at its last, beyond outside.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let at = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Deviate => deviate(value / 100.0),
        };
        (at(value) - at(self.from)) / (at(self.to) - at(self.from))
    }

    /// Ticks, their rules and the label below an area. A number that would touch the one before
    /// it is left out.
    pub(crate) fn below(&self, svg: &mut Markup, area: &Area) {
        let mut free = f64::NEG_INFINITY;
        for &tick in &self.ticks {
            let x = area.left + self.share(tick) * area.width;
            let (top, bottom) = (Px(area.top), Px(area.bottom() + 4.0));
            rule(svg, (&Px(x), &Px(x)), (&top, &bottom));
            let written = self.written(tick);
            let half = DIGIT * written.chars().map(|_| 0.5).sum::<f64>();
            if x - half >= free {
                free = x + half + BETWEEN;
                label(svg, (x, area.bottom() + 17.0), "middle", &written);
            }
        }
        let (x, y) = (Px(area.left + area.width / 2.0), Px(area.bottom() + 34.0));
        let at: [(&str, &dyn Display); 3] = [("x", &x), ("y", &y), ("text-anchor", &"middle")];
        svg.leaf("text", &at, &self.label);
    }

    /// The same to the left of it.
    pub(crate) fn beside(&self, svg: &mut Markup, area: &Area) {
        for &tick in &self.ticks {
            let y = area.bottom() - self.share(tick) * area.height;
            let (left, right) = (Px(area.left - 4.0), Px(area.left + area.width));
            rule(svg, (&left, &right), (&Px(y), &Px(y)));
            label(svg, (area.left - 7.0, y + 4.0), "end", &self.written(tick));
        }
        let (x, y) = (Px(area.left - 47.0), Px(area.top + area.height / 2.0));
        let turned = format!("translate({x} {y}) rotate(-90)");
        let at: [(&str, &dyn Display); 2] = [("transform", &turned), ("text-anchor", &"middle")];
        svg.leaf("text", &at, &self.label);
    }

    /// The ticks as they are written.
    fn written(&self, tick: f64) -> String {
        let tick = tick + 0.0;
        match self.scale {
            Scale::Deviate if tick >= 1.0 => format!("{tick:.0}"),
            _ => format!("{tick:.*}", self.decimals),
        }
    }
}

fn label(svg: &mut Markup, (x, y): (f64, f64), anchor: &str, text: &str) {
    let (x, y) = (Px(x), Px(y));
    let at: [(&str, &dyn Display); 4] = [
        ("x", &x),
        ("y", &y),
        ("class", &"faint"),
        ("text-anchor", &anchor),
    ];
    svg.leaf("text", &at, text);
}

fn rule(svg: &mut Markup, (x1, x2): (&Px, &Px), (y1, y2): (&Px, &Px)) {
    svg.empty(
        "line",
        &[
            ("x1", x1),
            ("x2", x2),
            ("y1", y1),
            ("y2", y2),
            ("class", &"rule"),
        ],
    );
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below (after P. Heckbert,
/// "Nice Numbers for Graph Labels", 1990).
fn nice_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0].map(|times| times * power);
    let step = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9));
    step.unwrap_or(10.0 * power)
}

/// The standard normal's quantile of a share; far but finite at 0 and 1.
fn deviate(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share.clamp(1e-9, 1.0 - 1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(from: f64, to: f64) -> Vec<String> {
        let axis = Axis::linear("", from, to);
        axis.ticks.iter().map(|t| axis.written(*t)).collect()
    }

    #[test]
    fn ticks_are_numbers_that_people_would_choose() {
        assert_eq!(
            ticks(0.0, 1000.0),
            ["0", "200", "400", "600", "800", "1000"]
        );
        assert_eq!(
            ticks(-0.31, 0.42),
            ["-0.4", "-0.2", "0.0", "0.2", "0.4", "0.6"]
        );
        assert_eq!(
            ticks(0.0, 15.0),
            ["0.0", "2.5", "5.0", "7.5", "10.0", "12.5", "15.0"]
        );
        assert_eq!(
            ticks(0.0, 0.014),
            [
                "0.0000", "0.0025", "0.0050", "0.0075", "0.0100", "0.0125", "0.0150"
            ]
        );
        assert_eq!(ticks(3.0, 3.0), ["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]);
    }

    #[test]
    fn an_exact_axis_ends_where_it_should() {
        let axis = Axis::exact("", 3.0, 51.0);
        assert_eq!(axis.ticks, [10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!((axis.share(3.0), axis.share(51.0)), (0.0, 1.0));
        assert_eq!(Axis::exact("", 2.0, 2.0).share(3.0), 1.0);
    }

    #[test]
    fn numbers_that_would_touch_are_left_out() {
        let area = Area {
            left: 0.0,
            top: 0.0,
            width: 120.0,
            height: 10.0,
        };
        let mut svg = Markup::default();
        Axis::linear("score", 0.0, 3_000_000.0).below(&mut svg, &area);
        let text = svg.behind("");
        assert_eq!(text.matches("<line").count(), 7, "{text}");
        let numbers = [
            "0", "500000", "1000000", "1500000", "2000000", "2500000", "3000000",
        ];
        let shown = numbers.map(|number| text.contains(&format!(">{number}</text>")));
        let expected = [true, false, true, false, false, true, false];
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn values_stand_where_they_should() {
        let axis = Axis::linear("", 0.0, 1000.0);
        assert_eq!(
            (axis.share(0.0), axis.share(250.0), axis.share(1000.0)),
            (0.0, 0.25, 1.0)
        );
        let axis = Axis::deviate("", 1.0, 99.0);
        assert!((axis.share(50.0) - 0.5).abs() < 1e-9);
        assert!(axis.share(0.0).is_finite() && axis.share(100.0) > 1.0);
        // 84.13 % is one deviate above the middle, of 2.3263 to the end.
        assert!((axis.share(84.134_474_6) - 0.5 - 0.5 / 2.326_347_9).abs() < 1e-6);
    }
}
