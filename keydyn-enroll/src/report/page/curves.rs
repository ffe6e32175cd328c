//! What one error rate costs in the other: DET and ROC.

use keydyn_core::eval::digest::Digest;
use keydyn_core::eval::rates::Rates;

use super::{Series, charts, heading, numbers};
use crate::report::chart::axis::Axis;
use crate::report::chart::markup::Markup;
use crate::report::chart::plot::{Key, Plot, Words};
use crate::report::table::Table;
use crate::report::text;

const DET: (f64, f64) = (400.0, 400.0);
const ROC: (f64, f64) = (400.0, 300.0);
/// The axes of a DET plot, in per cent.
const ENDS: (f64, f64) = (0.1, 80.0);
/// So many steps of FAR below 1 per cent and above it.
const STEPS: u32 = 100;
/// FARs that are written down, in per cent.
const TOLD: [f64; 7] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

/// The FARs at which curves are read, ascending from 0 to 1: close together where they are small.
pub(crate) fn fars() -> Vec<f64> {
    let small = (0..=STEPS).map(|i| 0.0005 * 20f64.powf(f64::from(i) / f64::from(STEPS)));
    let large = (1..=STEPS).map(|i| 0.01 + 0.99 * f64::from(i) / f64::from(STEPS));
    let told = TOLD.map(|per_cent| per_cent / 100.0);
    let mut all: Vec<f64> = [0.0]
        .into_iter()
        .chain(small)
        .chain(told)
        .chain(large)
        .collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Which of a digest's curves.
struct Which {
    id: &'static str,
    words: &'static str,
    read: fn(&Digest) -> &Vec<Rates>,
}

const WHICH: [Which; 2] = [
    Which {
        id: "global",
        words: "one threshold for all users",
        read: |digest| &digest.global,
    },
    Which {
        id: "mean",
        words: "a threshold each, mean over users",
        read: |digest| &digest.mean,
    },
];

pub(super) fn section(page: &mut Markup, series: &[Series<'_>]) {
    if series.iter().all(|s| s.digest.global.is_empty()) {
        return;
    }
    heading(
        page,
        "One error for the other",
        "Better is further down and to the left in a DET plot, further up and to the left in a ROC \
         plot. Left: one threshold for everybody, as a login has. \
         Right: the FRR at each FAR, averaged over users, as if everybody had a threshold that gives \
         this FAR. Draws of impostors are pooled. On the DET plots both rates are drawn by their \
         normal deviates, which makes a straight line of normal scores; the dashed diagonal is where \
         both rates are equal.",
    );
    charts(page, WHICH.iter().map(|which| det(which, series)).collect());
    charts(page, WHICH.iter().map(|which| roc(which, series)).collect());
    numbers(page, &table(series));
}

fn det(which: &Which, series: &[Series<'_>]) -> Markup {
    let id = format!("det-{}", which.id);
    let title = format!("DET: {}", which.words);
    let words = Words {
        id: &id,
        title: &title,
        text: "FRR over FAR, both in per cent by their normal deviates, a line a detector. The numbers are below.",
    };
    let axis = |label| Axis::deviate(label, ENDS.0, ENDS.1);
    let mut plot = Plot::new(&words, (axis("FAR %"), axis("FRR %")), DET);
    plot.guide(&[(ENDS.0, ENDS.0), (ENDS.1, ENDS.1)]);
    lines(&mut plot, which, series, |rates| {
        (100.0 * rates.far, 100.0 * rates.frr)
    });
    plot.finish(&words)
}

fn roc(which: &Which, series: &[Series<'_>]) -> Markup {
    let id = format!("roc-{}", which.id);
    let title = format!("ROC: {}", which.words);
    let words = Words {
        id: &id,
        title: &title,
        text: "Owner accepted over FAR, both in per cent, a line a detector. The numbers are below.",
    };
    let axis = |label| Axis::linear(label, 0.0, 100.0);
    let axes = (axis("FAR %"), axis("owner accepted %"));
    let mut plot = Plot::new(&words, axes, ROC);
    plot.guide(&[(0.0, 100.0), (100.0, 0.0)]);
    lines(&mut plot, which, series, |rates| {
        (100.0 * rates.far, 100.0 - 100.0 * rates.frr)
    });
    plot.finish(&words)
}

fn lines(plot: &mut Plot, which: &Which, series: &[Series<'_>], at: fn(&Rates) -> (f64, f64)) {
    // The first on top.
    for series in series.iter().rev() {
        let points: Vec<_> = (which.read)(series.digest)
            .iter()
            .map(|r| Some(at(r)))
            .collect();
        plot.line(series.number, &points);
    }
    for series in series {
        plot.key(Key::Line(series.number, series.name.clone()));
    }
}

fn table(series: &[Series<'_>]) -> Table {
    let mut headings = vec!["FRR % at a FAR of".to_owned()];
    headings.extend(TOLD.map(|far| format!("{far} %")));
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut table = Table::new(&headings);
    for series in series {
        for which in &WHICH {
            let rates = (which.read)(series.digest);
            let at = |far: f64| {
                let found = rates.iter().find(|rates| rates.far >= far / 100.0);
                text::share(found.map(|rates| rates.frr))
            };
            let name = format!("{}, {}", series.name, which.words);
            table.push([name].into_iter().chain(TOLD.map(at)).collect());
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_read_from_end_to_end_and_where_they_are_told() {
        let fars = fars();
        assert_eq!((fars[0], fars[fars.len() - 1]), (0.0, 1.0));
        assert!(fars.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(TOLD.iter().all(|far| fars.contains(&(far / 100.0))));
    }
}
