//! Several detectors, or variants of one, each beside the first.

use keydyn_core::eval::figures::Figures;
use keydyn_core::eval::paired::Paired;
use keydyn_core::eval::summary::Summary;
use keydyn_core::eval::users::User;

use super::{Series, charts, heading};
use crate::report::chart::bars::{self, Bar};
use crate::report::chart::markup::Markup;
use crate::report::chart::plot::Words;
use crate::report::table::Table;
use crate::report::text::{NO_FIGURE, ends, interval, mean};

type Read = fn(&User) -> Option<f64>;

/// A rate that is compared.
struct Rate {
    heading: &'static str,
    of_user: Read,
    of_all: fn(&Figures) -> Option<Summary>,
}

const EER: Rate = Rate {
    heading: "EER %",
    of_user: |user| user.eer,
    of_all: |figures| figures.eer,
};
const RATES: [Rate; 3] = [
    EER,
    Rate {
        heading: "FRR %",
        of_user: |user| user.frr,
        of_all: |figures| figures.frr,
    },
    Rate {
        heading: "FAR %",
        of_user: |user| user.far,
        of_all: |figures| figures.far,
    },
];

pub(super) fn section(page: &mut Markup, series: &[Series<'_>]) {
    let [first, others @ ..] = series else {
        return;
    };
    if others.is_empty() {
        return;
    }
    heading(
        page,
        &format!("Each beside {}", first.name),
        "The difference is taken user by user and then averaged, in points of per cent: above zero \
         is worse than the first. p is that of the signed-rank test over users: how often such a \
         difference, or a greater one, would come by chance. Of many rows some are below 0.05 by \
         chance.",
    );
    super::table(page, &table(first, series));
    let rates = series.iter().filter_map(|series| {
        let eer = series.figures.eer?;
        let written = format!("{} {}", mean(Some(eer)), interval(Some(eer)));
        Some(bar(series, eer.mean, eer.ci95, written))
    });
    let differences = others.iter().filter_map(|other| {
        let paired = paired(first, other, EER.of_user)?;
        let written = difference(Some(paired));
        Some(bar(other, paired.difference, paired.ci95, written))
    });
    let (rates, differences): (Vec<Bar>, Vec<Bar>) = (rates.collect(), differences.collect());
    let all = [
        (rates, "EER %", "beside-eer", "EER"),
        (
            differences,
            "difference, points of per cent",
            "beside-difference",
            "EER less that of the first",
        ),
    ];
    let all = all.into_iter().filter(|(bars, ..)| !bars.is_empty());
    let all = all.map(|(bars, axis, id, title)| {
        let words = Words {
            id,
            title,
            text: "A bar a detector, with its 95 % interval. The numbers are in the table above.",
        };
        bars::draw(&words, axis, &bars)
    });
    charts(page, all.collect());
}

fn bar(series: &Series<'_>, value: f64, interval: Option<[f64; 2]>, written: String) -> Bar {
    Bar {
        series: series.number,
        name: series.name.clone(),
        value: 100.0 * value,
        interval: interval.map(|ends| ends.map(|end| 100.0 * end)),
        written,
    }
}

fn paired(first: &Series<'_>, other: &Series<'_>, read: Read) -> Option<Paired> {
    Paired::of(&rates(first, read), &rates(other, read))
}

fn rates<'s>(series: &'s Series<'_>, read: Read) -> Vec<(&'s str, f64)> {
    let users = series.figures.users.iter();
    users
        .filter_map(|user| Some((user.name.as_str(), read(user)?)))
        .collect()
}

/// Every rate that some other detector has too.
fn table(first: &Series<'_>, series: &[Series<'_>]) -> Table {
    let compared = |rate: &&Rate| {
        let mut others = series.iter().filter(|other| other.number != first.number);
        others.any(|other| paired(first, other, rate.of_user).is_some())
    };
    let rates: Vec<&Rate> = RATES.iter().filter(compared).collect();
    let mut headings = vec!["detector"];
    for rate in &rates {
        headings.extend([rate.heading, "difference [95 %]", "p"]);
    }
    let mut table = Table::new(&headings);
    for series in series {
        let mut cells = vec![series.name.clone()];
        for rate in &rates {
            let itself = series.number == first.number;
            let paired = paired(first, series, rate.of_user).filter(|_| !itself);
            cells.push(mean((rate.of_all)(series.figures)));
            cells.push(difference(paired));
            cells.push(paired.map_or_else(|| NO_FIGURE.to_owned(), |p| probability(p.p)));
        }
        table.push(cells);
    }
    table
}

fn difference(paired: Option<Paired>) -> String {
    let told = |paired: Paired| format!("{:+.2} {}", 100.0 * paired.difference, ends(paired.ci95));
    paired.map_or_else(|| NO_FIGURE.to_owned(), told)
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}
