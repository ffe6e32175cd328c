//! The result of an evaluation for people.

use std::io::{self, Write};
use std::path::Path;

use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::protocol::{LearnRule, Protocol, Setup};
use keydyn_core::eval::summary::Summary;
use keydyn_core::policy::Strictness;
use keydyn_core::template::GainPolicy;

use super::Outcome;

const HEADINGS: [&str; 9] = [
    "detector",
    "EER %",
    "[95 %]",
    "zero-miss %",
    "[95 %]",
    "global EER %",
    "FRR %",
    "FAR %",
    "first of session FRR %",
];
const NO_FIGURE: &str = "-";
const FOOTNOTE: &str =
    "* has no threshold of its own: no FRR and FAR, and it learned every genuine attempt.";

/// One line that says what was measured, on what, on whom.
pub(crate) fn title(file: &Path, data: &DataSet, setup: &Setup) -> String {
    let strictness = match setup.strictness {
        Strictness::Lenient => "lenient",
        Strictness::Normal => "normal",
        Strictness::Strict => "strict",
    };
    let learning = match setup.protocol {
        Protocol::Static => "learning nothing".to_owned(),
        Protocol::Stream { .. } => {
            let gain = match setup.gain {
                GainPolicy::Burst => "burst",
                GainPolicy::Plain => "plain",
            };
            let (rule, seeds) = (setup.learn.word(), setup.seeds);
            let times = if seeds == 1 { "draw" } else { "draws" };
            format!("learning {rule} with {gain} gain, {seeds} {times} of impostors")
        }
    };
    format!(
        "{} on {}: {} users, {} typings; {learning}; strictness {strictness}",
        setup.protocol,
        file.display(),
        data.typists().len(),
        data.attempts(),
    )
}

/// Writes the title, a table and what has to be known of it.
pub(crate) fn write(out: &mut dyn Write, title: &str, outcomes: &[Outcome]) -> io::Result<()> {
    writeln!(out, "{title}\n")?;
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(outcomes.iter().map(row));
    write_aligned(out, &rows)?;
    if outcomes.iter().any(learned_otherwise) {
        writeln!(out, "\n{FOOTNOTE}")?;
    }
    writeln!(out)?;
    for outcome in outcomes {
        let figures = &outcome.figures;
        write!(
            out,
            "{}: {} accounts, {} failures to acquire",
            figures.detector.name(),
            figures.accounts,
            figures.failures_to_acquire,
        )?;
        if let Some(micros) = outcome.score_us {
            write!(out, ", {micros:.1} µs a score")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn row(outcome: &Outcome) -> [String; 9] {
    let figures = &outcome.figures;
    let mark = if learned_otherwise(outcome) { " *" } else { "" };
    let share = |rate: Option<f64>| rate.map_or_else(|| NO_FIGURE.to_owned(), per_cent);
    [
        format!("{}{mark}", figures.detector.name()),
        per_cent(figures.eer.mean),
        interval(&figures.eer),
        per_cent(figures.zero_miss.mean),
        interval(&figures.zero_miss),
        per_cent(figures.global_eer),
        share(figures.frr),
        share(figures.far),
        share(figures.frr_first_of_session),
    ]
}

/// Whether the detector learned by another rule than it was asked to.
fn learned_otherwise(outcome: &Outcome) -> bool {
    let figures = &outcome.figures;
    figures.learn == Some(LearnRule::Genuine) && figures.setup.learn == LearnRule::Accepted
}

fn per_cent(rate: f64) -> String {
    format!("{:.2}", 100.0 * rate)
}

fn interval(summary: &Summary) -> String {
    let [low, high] = summary.ci95;
    format!("[{}, {}]", per_cent(low), per_cent(high))
}

/// The first column to the left, the others to the right, two blanks between them.
fn write_aligned<const N: usize>(out: &mut dyn Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            if column == 0 {
                write!(out, "{cell:<width$}")?;
            } else {
                write!(out, "  {cell:>width$}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "1"], ["long", "100"]].map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        write_aligned(&mut out, &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a       1\nlong  100\n");
    }
}
