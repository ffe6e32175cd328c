//! Every judged attempt, a row each. docs/evaluation.md describes every column.

use std::io::{self, Write};

use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::record::Judged;

use super::Outcome;

const COLUMNS: [&str; 18] = [
    "detector",
    "protocol",
    "threshold",
    "account",
    "typist",
    "genuine",
    "session",
    "rep",
    "keyboard",
    "draw",
    "offset",
    "ordinal",
    "login",
    "aside",
    "score",
    "accepted",
    "learned",
    "target_frr",
];

/// Writes the attempts of the last of these outcomes, and above those of the first the names of the
/// columns.
pub(crate) fn write(out: &mut dyn Write, data: &DataSet, outcomes: &[Outcome]) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    let written = outcomes.last().map_or(Ok(()), |outcome| {
        if outcomes.len() == 1 {
            rows.write_record(COLUMNS)?;
        }
        let judged = &outcome.figures.judged;
        let mut judged = judged.iter();
        judged.try_for_each(|judged| rows.write_record(row(data, outcome, judged)))
    });
    written.map_err(unwrapped)?;
    rows.flush()
}

/// What broke, as itself: a reader that left is told from a disk that is full.
fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn row(data: &DataSet, outcome: &Outcome, judged: &Judged) -> [String; 18] {
    let figures = &outcome.figures;
    let account = data.typists().get(judged.account as usize);
    let name = |typist: Option<&Typist>| typist.map(|t| t.name.clone()).unwrap_or_default();
    let keyboard = judged.keyboard.map(usize::from);
    let keyboard = keyboard.and_then(|keyboard| data.about().keyboards.get(keyboard).cloned());
    let number = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    [
        figures.detector.name().to_owned(),
        figures.setup.protocol.to_string(),
        number(figures.threshold),
        name(account),
        name(judged.typist(data)),
        judged.genuine().to_string(),
        data.session_name(judged.session),
        judged.rep.to_string(),
        keyboard.unwrap_or_default(),
        judged.draw.to_string(),
        judged.offset.to_string(),
        judged.ordinal.to_string(),
        judged.login.to_string(),
        judged.aside.to_string(),
        judged.score.to_string(),
        judged.accepted.map(|a| a.to_string()).unwrap_or_default(),
        judged.learned.to_string(),
        number(figures.setup.target_frr),
    ]
}
