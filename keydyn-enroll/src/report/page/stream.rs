//! Rates along the stream: whether a detector follows its owner, and what that lets in.

use keydyn_core::eval::digest::Block;
use keydyn_core::eval::protocol::Protocol;
use keydyn_core::eval::summary::Summary;

use super::{Series, charts, count, heading, numbers, threshold};
use crate::report::chart::axis::Axis;
use crate::report::chart::markup::Markup;
use crate::report::chart::plot::{Key, Plot, Words};
use crate::report::table::Table;
use crate::report::text::{interval, mean};

const SIZE: (f64, f64) = (400.0, 240.0);
/// Colours of FRR and FAR, as in the charts of users.
const FRR: usize = 2;
const FAR: usize = 1;

type Read = fn(&Block) -> Option<Summary>;

pub(super) fn section(page: &mut Markup, series: &[Series<'_>]) {
    let along = |series: &&Series<'_>| series.digest.blocks.len() > 1;
    let drawn: Vec<&Series<'_>> = series.iter().filter(along).collect();
    let Some(first) = drawn.first() else {
        return;
    };
    heading(
        page,
        "Over time",
        "The owner's attempts after the enrolment in blocks, with the impostors that came in between. \
         Means over users; the bands are 95 % intervals. A block has few attempts of each user, so \
         its EER is coarser than that of the whole and tends to be lower.",
    );
    let decided = drawn
        .iter()
        .filter(|s| s.digest.blocks.iter().any(|b| b.frr.is_some()));
    let decided = decided.map(|series| {
        let at = series.figures.threshold.map(threshold).unwrap_or_default();
        let name = format!("{}: FRR and FAR at threshold {at}", series.name);
        let lines = [
            (FRR, "FRR".to_owned(), *series, (|b| b.frr) as Read),
            (FAR, "FAR".to_owned(), *series, |b| b.far),
        ];
        chart(
            &format!("time-rates-{}", series.number),
            &name,
            &lines,
            true,
        )
    });
    let decided: Vec<Markup> = decided.collect();
    let eers = drawn
        .iter()
        .map(|s| (s.number, s.name.clone(), *s, (|b| b.eer) as Read));
    let eers: Vec<_> = eers.collect();
    let mut all = Vec::new();
    if first.digest.blocks.iter().any(|block| block.eer.is_some()) {
        all.push(chart("time-eer", "EER", &eers, drawn.len() == 1));
    }
    all.extend(decided);
    charts(page, all);
    numbers(page, &table(&drawn));
}

/// EER over the typings that were enrolled, a line a detector.
pub(super) fn enrolments(page: &mut Markup, series: &[Series<'_>]) {
    let words = Words {
        id: "enrolments",
        title: "EER",
        text: "EER in per cent over the typings enrolled on, a line a detector. The numbers are above.",
    };
    let points = |series: &Series<'_>| match series.figures.setup.protocol {
        Protocol::First(enrolled) => Some((count(enrolled), 100.0 * series.figures.eer?.mean)),
        _ => None,
    };
    // Outcomes of one detector stand together.
    let lines = series.chunk_by(|a, b| a.name == b.name).map(|of_one| {
        let points: Vec<_> = of_one.iter().filter_map(points).collect();
        (&of_one[0].name, points)
    });
    let lines: Vec<(&String, Vec<(f64, f64)>)> = lines.collect();
    let all = || lines.iter().flat_map(|(_, points)| points);
    if all().next().is_none() {
        return;
    }
    let enrolled = all().map(|(n, _)| *n).fold(1.0, f64::max);
    let most = all().map(|(_, eer)| *eer).fold(0.5, f64::max);
    heading(
        page,
        "Learning curve",
        "How good a detector is after so many typings, and nothing learned after them. Intervals \
         are in the table above.",
    );
    let axes = (
        Axis::exact("typings enrolled on", 0.0, enrolled),
        Axis::linear("%", 0.0, most),
    );
    let mut plot = Plot::new(&words, axes, SIZE);
    for (number, (name, points)) in lines.iter().enumerate() {
        let line: Vec<_> = points.iter().map(|point| Some(*point)).collect();
        plot.line(number, &line);
        plot.dots(number, points);
        plot.key(Key::Line(number, (*name).clone()));
    }
    charts(page, vec![plot.finish(&words)]);
}

fn chart(
    id: &str,
    title: &str,
    lines: &[(usize, String, &Series<'_>, Read)],
    bands: bool,
) -> Markup {
    let words = Words {
        id,
        title,
        text: "Rates in per cent over the owner's attempts after the enrolment, in blocks. The numbers are below.",
    };
    let blocks = lines.iter().flat_map(|(_, _, series, read)| {
        series
            .digest
            .blocks
            .iter()
            .filter_map(|block| Some((block, read(block)?)))
    });
    let (mut last, mut most) = (1.0, 0.005);
    for (block, summary) in blocks {
        last = f64::max(last, f64::from(block.to));
        let high = summary
            .ci95
            .filter(|_| bands)
            .map_or(summary.mean, |[_, high]| high);
        most = f64::max(most, high);
    }
    let axes = (
        Axis::exact("owner's attempts after the enrolment", 0.0, last),
        Axis::linear("%", 0.0, 100.0 * most),
    );
    let mut plot = Plot::new(&words, axes, SIZE);
    for (colour, name, series, read) in lines {
        let found = series.digest.blocks.iter().map(|block| {
            let middle = f64::midpoint(f64::from(block.from), f64::from(block.to));
            (middle, read(block))
        });
        let found: Vec<(f64, Option<Summary>)> = found.collect();
        if found.iter().all(|(_, summary)| summary.is_none()) {
            continue;
        }
        if bands {
            let ends = found.iter().filter_map(|(x, summary)| {
                Some((*x, summary.as_ref()?.ci95?.map(|end| 100.0 * end)))
            });
            plot.band(*colour, &ends.collect::<Vec<_>>());
        }
        let points = found
            .iter()
            .map(|(x, summary)| Some((*x, 100.0 * summary.as_ref()?.mean)));
        let points: Vec<_> = points.collect();
        plot.line(*colour, &points);
        plot.dots(*colour, &points.into_iter().flatten().collect::<Vec<_>>());
        plot.key(Key::Line(*colour, name.clone()));
    }
    plot.finish(&words)
}

fn table(series: &[&Series<'_>]) -> Table {
    let mut table = Table::new(&[
        "attempts", "EER %", "[95 %]", "FRR %", "[95 %]", "FAR %", "[95 %]",
    ]);
    for series in series {
        for block in &series.digest.blocks {
            let mut cells = vec![format!(
                "{}: {} to {}",
                series.name,
                block.from + 1,
                block.to
            )];
            for summary in [block.eer, block.frr, block.far] {
                cells.extend([mean(summary), interval(summary)]);
            }
            table.push(cells);
        }
    }
    table
}
