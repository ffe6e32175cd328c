//! How scores are spread, and how users differ.

use keydyn_core::eval::digest::Histogram;
use keydyn_core::eval::users::User;
use keydyn_core::printable::printable;

use super::{Series, charts, count, heading, numbers, threshold};
use crate::report::chart::axis::Axis;
use crate::report::chart::markup::Markup;
use crate::report::chart::plot::{Key, Plot, Words};
use crate::report::table::Table;
use crate::report::text::share;

const SIZE: (f64, f64) = (400.0, 220.0);
/// Colours of genuine and impostor, of EER, FRR and FAR.
const GENUINE: usize = 0;
const IMPOSTOR: usize = 1;

/// Histograms of scores, one a detector.
pub(super) fn scores(page: &mut Markup, series: &[Series<'_>]) {
    let drawn: Vec<(&Series<'_>, &Histogram)> = series
        .iter()
        .filter_map(|series| Some((series, series.digest.histogram.as_ref()?)))
        .collect();
    if drawn.is_empty() {
        return;
    }
    heading(
        page,
        "Scores",
        "Higher is stranger. Every user weighs the same; the classes at the ends hold what lies \
         beyond them too. Where a detector has a threshold that was fixed beforehand it is the \
         dashed line: to its right attempts are refused.",
    );
    let all = drawn
        .iter()
        .map(|(series, histogram)| histogram_of(series, histogram));
    charts(page, all.collect());
    let mut table = Table::new(&["score from", "genuine %", "impostor %"]);
    for (series, histogram) in drawn {
        let sides = histogram.genuine.iter().zip(&histogram.impostor);
        for (i, (genuine, impostor)) in sides.enumerate() {
            let from = histogram.from + histogram.width * count(i);
            let cells = [
                format!("{}: {from:.3}", series.name),
                share(Some(*genuine)),
                share(Some(*impostor)),
            ];
            table.push(cells.to_vec());
        }
    }
    numbers(page, &table);
}

fn histogram_of(series: &Series<'_>, histogram: &Histogram) -> Markup {
    let id = format!("scores-{}", series.number);
    let limit = series.figures.threshold;
    let text = match limit {
        Some(c) => {
            format!(
                "Shares of genuine and of impostor scores by class; the threshold is {}.",
                threshold(c)
            )
        }
        None => "Shares of genuine and of impostor scores by class.".to_owned(),
    };
    let words = Words {
        id: &id,
        title: &series.name,
        text: &text,
    };
    let Histogram { from, width, .. } = *histogram;
    let to = from + width * count(histogram.genuine.len());
    let sides = [
        (GENUINE, &histogram.genuine),
        (IMPOSTOR, &histogram.impostor),
    ];
    let most = sides
        .iter()
        .flat_map(|(_, shares)| shares.iter())
        .copied()
        .fold(0.0, f64::max);
    let axes = (
        Axis::exact("score", from, to),
        Axis::linear("share of attempts %", 0.0, 100.0 * most),
    );
    let mut plot = Plot::new(&words, axes, SIZE);
    for (colour, shares) in sides {
        for (i, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let left = from + width * count(i);
            plot.bar(colour, (left, left + width), (0.0, 100.0 * share));
        }
    }
    for ((colour, shares), name) in sides.into_iter().zip(["genuine", "impostor"]) {
        if shares.iter().any(|share| *share > 0.0) {
            plot.key(Key::Fill(colour, name.to_owned()));
        }
    }
    if let Some(c) = limit {
        plot.mark(c);
        plot.key(Key::Mark(format!("threshold {}", threshold(c))));
    }
    plot.finish(&words)
}

type Read = fn(&User) -> Option<f64>;

/// What is told of a user, and in which colour.
const RATES: [(usize, &str, Read); 3] = [
    (0, "EER", |user| user.eer),
    (2, "FRR", |user| user.frr),
    (1, "FAR", |user| user.far),
];

/// The rates of each user, sorted, one chart a detector.
pub(super) fn users(page: &mut Markup, series: &[Series<'_>]) {
    let several = |series: &&Series<'_>| series.figures.users.len() > 1;
    let drawn: Vec<&Series<'_>> = series.iter().filter(several).collect();
    if drawn.is_empty() {
        return;
    }
    heading(
        page,
        "Users",
        "A column a user, in the order of the EER: the line climbs where a detector fails some \
         people much more than others. FRR and FAR are those at the threshold that was fixed \
         beforehand.",
    );
    charts(page, drawn.iter().map(|series| of_users(series)).collect());
    let mut table = Table::new(&["user", "EER %", "FRR %", "FAR %"]);
    for series in drawn {
        for user in sorted(series) {
            let name = printable(&user.name);
            let rates = RATES.map(|(_, _, read)| share(read(user)));
            let first = format!("{}: {name}", series.name);
            table.push([first].into_iter().chain(rates).collect());
        }
    }
    numbers(page, &table);
}

fn sorted<'s>(series: &'s Series<'_>) -> Vec<&'s User> {
    let mut users: Vec<&User> = series.figures.users.iter().collect();
    // Without an EER last, and by FRR where nobody has one.
    let place = |user: &User| (user.eer.unwrap_or(2.0), user.frr.unwrap_or(2.0));
    users.sort_by(|a, b| {
        let (a, b) = (place(a), place(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    users
}

fn of_users(series: &Series<'_>) -> Markup {
    let id = format!("users-{}", series.number);
    let words = Words {
        id: &id,
        title: &series.name,
        text: "EER, FRR and FAR of each user in per cent, in the order of the EER. The numbers are below.",
    };
    let users = sorted(series);
    let rates = RATES
        .iter()
        .flat_map(|(_, _, read)| users.iter().filter_map(|user| read(user)));
    let most = rates.fold(0.01, f64::max);
    let axes = (
        Axis::exact("users, the easiest first", 0.0, count(users.len())),
        Axis::linear("%", 0.0, 100.0 * most),
    );
    let mut plot = Plot::new(&words, axes, SIZE);
    for (colour, name, read) in RATES.into_iter().rev() {
        let points = users
            .iter()
            .enumerate()
            .filter_map(|(i, user)| Some((count(i) + 0.5, 100.0 * read(user)?)));
        let points: Vec<(f64, f64)> = points.collect();
        if points.is_empty() {
            continue;
        }
        plot.dots(colour, &points);
        if name == "EER" {
            let line: Vec<_> = points.into_iter().map(Some).collect();
            plot.line(colour, &line);
        }
    }
    for (colour, name, read) in RATES {
        if users.iter().any(|user| read(user).is_some()) {
            plot.key(Key::Dot(colour, name.to_owned()));
        }
    }
    plot.finish(&words)
}
