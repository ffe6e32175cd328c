//! Tables beside the main one: by account, by wanted FRR, by the size of the enrolment, in pairs.

use keydyn_core::eval::calibration::QUANTILES;
use keydyn_core::eval::protocol::Protocol;
use keydyn_core::eval::users::{FAR_AT_FRR, User};
use keydyn_core::printable::printable;

use super::Outcome;
use super::comparison::{Baseline, Comparison};
use super::table::Table;
use super::text::{NO_FIGURE, ends, interval, label, mean, placed, share};

/// FAR where each account has the FRR that is asked for.
pub(super) fn far_at_frr(outcomes: &[Outcome]) -> Table {
    let headings = FAR_AT_FRR.map(|frr| format!("FAR % at FRR {} %", 100.0 * frr));
    let mut columns = vec!["detector"];
    for heading in &headings {
        columns.extend([heading.as_str(), "[95 %]"]);
    }
    let mut table = Table::new(&columns);
    for outcome in outcomes {
        let mut row = vec![label(outcome)];
        for far in outcome.figures.far_at_frr {
            row.extend([mean(far), interval(far)]);
        }
        table.push(row);
    }
    table
}

/// How the FRR turned out against what was wanted; without a row if nothing was wanted.
pub(super) fn calibration(outcomes: &[Outcome]) -> Option<Table> {
    let quantile = |of: &f64| match *of {
        0.5 => "median user".to_owned(),
        1.0 => "worst user".to_owned(),
        of => format!("{} % of users at most", 100.0 * of),
    };
    let quantiles: Vec<String> = QUANTILES.iter().map(quantile).collect();
    let mut headings = vec!["wanted FRR", "threshold", "FRR %", "[95 %]"];
    headings.extend(quantiles.iter().map(String::as_str));
    headings.push("over twice, % of users");
    let mut table = Table::new(&headings);
    let mut rows = 0;
    for outcome in outcomes {
        let figures = &outcome.figures;
        let Some(calibration) = figures.calibration else {
            continue;
        };
        let threshold = figures.threshold.map(|c| format!("{c:.3}"));
        let mut row = vec![
            label(outcome),
            threshold.unwrap_or_else(|| NO_FIGURE.to_owned()),
            mean(figures.frr),
            interval(figures.frr),
        ];
        row.extend(calibration.frr.map(|frr| share(Some(frr))));
        row.push(share(Some(calibration.over_twice)));
        table.push(row);
        rows += 1;
    }
    (rows > 0).then_some(table)
}

/// What each detector comes to after so many typings.
pub(super) fn curve(outcomes: &[Outcome]) -> Table {
    let mut table = Table::new(&[
        "detector", "enrolled", "accounts", "EER %", "[95 %]", "FRR %", "[95 %]", "FAR %", "[95 %]",
    ]);
    for outcome in outcomes {
        let figures = &outcome.figures;
        let enrolled = match figures.setup.protocol {
            Protocol::First(n) => n.to_string(),
            _ => NO_FIGURE.to_owned(),
        };
        let mut row = vec![label(outcome), enrolled, figures.accounts.to_string()];
        for rate in [figures.eer, figures.frr, figures.far] {
            row.extend([mean(rate), interval(rate)]);
        }
        table.push(row);
    }
    table
}

/// The figures of each account.
pub(super) fn users(outcome: &Outcome) -> Table {
    let mut headings = vec![
        "user",
        "EER %",
        "zero-miss %",
        "FRR %",
        "FAR %",
        "first of session FRR %",
        "first of session FAR %",
    ];
    let logins = outcome.figures.setup.attempts > 1;
    if logins {
        headings.extend(["login FRR %", "login FAR %"]);
    }
    let mut table = Table::new(&headings);
    for user in &outcome.figures.users {
        let mut row = vec![printable(&user.name)];
        row.extend(rates(user).map(share));
        if logins {
            row.extend([user.login_frr, user.login_far].map(share));
        }
        table.push(row);
    }
    table
}

fn rates(user: &User) -> [Option<f64>; 6] {
    [
        user.eer,
        user.zero_miss,
        user.frr,
        user.far,
        user.frr_first_of_session,
        user.far_first_of_session,
    ]
}

/// What was measured earlier beside what was measured now.
pub(super) fn beside(outcomes: &[Outcome], comparisons: &[Comparison]) -> Option<Table> {
    let mut table = Table::new(&["run", "detector", "EER %", "FRR %", "FAR %", "asked"]);
    let mut told = Vec::new();
    for comparison in comparisons {
        let Baseline::Earlier(earlier) = &comparison.against else {
            continue;
        };
        let row = vec![
            format!("{} (keydyn {})", earlier.file, printable(&earlier.keydyn)),
            printable(&earlier.name),
            share(earlier.eer),
            share(earlier.frr),
            share(earlier.far),
            printable(&earlier.asked),
        ];
        if !told.contains(&row) {
            told.push(row);
        }
    }
    if told.is_empty() {
        return None;
    }
    for outcome in outcomes {
        let figures = &outcome.figures;
        table.push(vec![
            "now".to_owned(),
            label(outcome),
            mean(figures.eer),
            mean(figures.frr),
            mean(figures.far),
            "as above".to_owned(),
        ]);
    }
    told.into_iter().for_each(|row| table.push(row));
    Some(table)
}

/// Each against another, user by user.
pub(super) fn pairs(outcomes: &[Outcome], comparisons: &[Comparison]) -> Table {
    let mut table = Table::new(&[
        "EER of",
        "against",
        "difference in points",
        "[95 %]",
        "signed-rank p",
        "users",
        "that differ",
    ]);
    let protocol = |outcome: &Outcome| outcome.figures.setup.protocol;
    let several = |first: &Outcome| outcomes.iter().any(|o| protocol(o) != protocol(first));
    let told = match outcomes.first().is_some_and(several) {
        true => placed,
        false => label,
    };
    let of = |number: usize| outcomes.get(number).map(told).unwrap_or_default();
    for comparison in comparisons {
        let against = match &comparison.against {
            Baseline::Outcome(number) => of(*number),
            Baseline::Earlier(earlier) => {
                format!("{} in {}", printable(&earlier.name), earlier.file)
            }
        };
        let paired = &comparison.paired;
        table.push(vec![
            of(comparison.outcome),
            against,
            format!("{:+.2}", 100.0 * paired.difference),
            ends(paired.ci95),
            p_value(paired.p),
            paired.users.to_string(),
            paired.differing.to_string(),
        ]);
    }
    table
}

fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::p_value;

    #[test]
    fn p_values_are_never_nought() {
        assert_eq!(p_value(0.03906), "0.0391");
        assert_eq!(p_value(1e-9), "< 0.0001");
        assert_eq!(p_value(1.0), "1.0000");
    }
}
