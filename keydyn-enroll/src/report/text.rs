//! The result of an evaluation for people.

use std::collections::BTreeMap;

use keydyn_core::detector::{Recorded, Threshold};
use keydyn_core::eval::data::{DataSet, Typist};
use keydyn_core::eval::figures::Figures;
use keydyn_core::eval::protocol::{CURVE, LearnRule, Protocol};
use keydyn_core::eval::setup::{LeftOut, Reason, alone};
use keydyn_core::eval::summary::Summary;
use keydyn_core::eval::trial::SittingTally;
use keydyn_core::policy::Strictness;
use keydyn_core::printable::printable;

use super::comparison::Comparison;
use super::paper::Paper;
use super::table::Table;
use super::{Outcome, details, gain_word, number};

pub(super) const NO_FIGURE: &str = "-";
const FOOTNOTE: &str =
    "* has no threshold of its own: no FRR and FAR, and it learned every genuine attempt.";
const ALONE: &str = "There is nobody to be an impostor: only refusals of the owner can be counted.";
/// So many of those who are left out are named.
const NAMED: usize = 5;

/// What is told beside the rates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// The outcomes are a learning curve.
    pub(crate) curve: bool,
    /// Rates at thresholds that were found afterwards.
    pub(crate) details: bool,
    /// The figures of each account.
    pub(crate) per_user: bool,
}

/// Everything that is told, in lines that fit the paper.
pub(crate) fn result(
    paper: &Paper,
    file: &str,
    data: &DataSet,
    outcomes: &[Outcome],
    comparisons: &[Comparison],
    parts: Parts,
) -> String {
    let Some(first) = outcomes.first() else {
        return String::new();
    };
    let mut text = paper.wrapped(&title(file, data, outcomes, &first.figures), 2);
    text.push('\n');
    let places = first.figures.sittings.len() + first.figures.keyboards.len();
    if first.figures.frr.is_some() && places > 0 {
        text += &sittings(data, &first.figures).on(paper);
        text.push('\n');
    }
    let main = if parts.curve {
        details::curve(outcomes)
    } else {
        rates(outcomes)
    };
    text += &main.on(paper);
    text.push('\n');
    for (caption, table) in further(outcomes, comparisons, parts) {
        text += &paper.wrapped(caption, 2);
        text += &table.on(paper);
        text.push('\n');
    }
    if parts.per_user {
        for outcome in outcomes {
            text += &paper.wrapped(&format!("{}:", placed(outcome)), 2);
            text += &details::users(outcome).on(paper);
            text.push('\n');
        }
    }
    for note in fine_print(data, outcomes, parts) {
        text += &paper.wrapped(&note, 2);
    }
    for outcome in outcomes {
        text += &paper.wrapped(&last_line(outcome), 2);
    }
    text
}

/// What has to be known of the tables.
pub(super) fn fine_print(data: &DataSet, outcomes: &[Outcome], parts: Parts) -> Vec<String> {
    let mut notes = Vec::new();
    if outcomes.iter().any(learned_otherwise) {
        notes.push(FOOTNOTE.to_owned());
    }
    notes.extend(unreached(outcomes).filter(|_| parts.curve));
    if alone(data) {
        notes.push(ALONE.to_owned());
    }
    notes.extend(self::notes(data));
    if let Some(first) = outcomes.first() {
        notes.extend(left_out(&first.figures, data));
    }
    notes
}

/// The tables that were asked for or follow from it, and what each is.
pub(super) fn further(
    outcomes: &[Outcome],
    comparisons: &[Comparison],
    parts: Parts,
) -> Vec<(&'static str, Table)> {
    let calibration = details::calibration(outcomes);
    let afterwards = parts.details.then(|| details::far_at_frr(outcomes));
    let beside = details::beside(outcomes, comparisons);
    let pairs = (!comparisons.is_empty()).then(|| details::pairs(outcomes, comparisons));
    let tables = [
        ("How the FRR of users turned out:", calibration),
        (
            "With a threshold for each account, found afterwards:",
            afterwards,
        ),
        ("Beside earlier runs:", beside),
        ("User by user:", pairs),
    ];
    let told = tables.into_iter();
    told.filter_map(|(caption, table)| Some((caption, table?)))
        .collect()
}

/// What a row of a table is called.
pub(super) fn label(outcome: &Outcome) -> String {
    let figures = &outcome.figures;
    let mark = if learned_otherwise(outcome) { " *" } else { "" };
    let target = match figures.setup.target_frr {
        Some(target) => format!(", FRR {} %", short(target)),
        None => String::new(),
    };
    format!("{}{target}{mark}", figures.detector.name())
}

/// The same where outcomes may be of several protocols.
pub(super) fn placed(outcome: &Outcome) -> String {
    format!("{}, {}", label(outcome), outcome.figures.setup.protocol)
}

/// Per cent without needless digits.
fn short(share: f64) -> String {
    number((share * 1e6).round() / 1e4)
}

/// One line that says what was measured, on what, on whom.
pub(super) fn title(file: &str, data: &DataSet, outcomes: &[Outcome], figures: &Figures) -> String {
    let setup = &figures.setup;
    let target = |outcome: &Outcome| outcome.figures.setup.target_frr;
    let threshold = match setup.threshold {
        _ if outcomes.iter().any(|outcome| target(outcome).is_some()) => {
            "thresholds for a wanted FRR".to_owned()
        }
        Threshold::Of(Strictness::Lenient) => "strictness lenient".to_owned(),
        Threshold::Of(Strictness::Normal) => "strictness normal".to_owned(),
        Threshold::Of(Strictness::Strict) => "strictness strict".to_owned(),
        Threshold::Value(c) => format!("threshold {}", number(c)),
    };
    let last = outcomes
        .last()
        .map(|outcome| outcome.figures.setup.protocol);
    let protocol = match last.filter(|last| *last != setup.protocol) {
        Some(last) => format!("{} to {last}", setup.protocol),
        None => setup.protocol.to_string(),
    };
    let held_out = match setup.hold_out {
        Some(most) => format!(", {most} held out"),
        None => String::new(),
    };
    let every = match setup.every {
        1 => String::new(),
        every => format!(", every {every}"),
    };
    let attempts = match setup.attempts {
        1 => String::new(),
        attempts => format!("; logins of {attempts}"),
    };
    let impostors = match figures.eer {
        Some(_) => format!("; impostors {}", figures.impostors),
        None => String::new(),
    };
    let accounts = data.typists().len();
    let users = match (accounts, data.bystanders()) {
        (1, 0) => "1 user".to_owned(),
        (_, 0) => format!("{accounts} users"),
        (_, others) => format!("{accounts} of {} users", accounts + others),
    };
    format!(
        "{protocol}{every}{held_out} on {file}: {users}, {} typings; {}{impostors}{attempts}; {threshold}",
        data.attempts(),
        learning(data, figures),
    )
}

fn learning(data: &DataSet, figures: &Figures) -> String {
    let setup = &figures.setup;
    if !setup.protocol.streams() || setup.learn == LearnRule::Nothing {
        return "learning nothing".to_owned();
    }
    let gain = gain_word(setup.gain);
    let draws = match setup.draws(data) {
        _ if figures.eer.is_none() => String::new(),
        1 => ", 1 draw of impostors".to_owned(),
        draws => format!(", {draws} draws of impostors"),
    };
    format!("learning {} with {gain} gain{draws}", setup.learn.word())
}

pub(super) fn rates(outcomes: &[Outcome]) -> Table {
    let mut headings = vec![
        "detector",
        "EER %",
        "[95 %]",
        "zero-miss %",
        "global EER %",
        "FRR %",
        "[95 %]",
        "FAR %",
        "[95 %]",
        "first of session FRR %",
        "first of session FAR %",
    ];
    let logins = |outcome: &Outcome| outcome.figures.setup.attempts > 1;
    let logins = outcomes.iter().any(logins);
    if logins {
        headings.extend(["login FRR %", "[95 %]", "login FAR %", "[95 %]"]);
    }
    let mut table = Table::new(&headings);
    for outcome in outcomes {
        let figures = &outcome.figures;
        let mut row = vec![
            label(outcome),
            mean(figures.eer),
            interval(figures.eer),
            mean(figures.zero_miss),
            share(figures.global_eer),
            mean(figures.frr),
            interval(figures.frr),
            mean(figures.far),
            interval(figures.far),
            mean(figures.frr_first_of_session),
            mean(figures.far_first_of_session),
        ];
        if logins {
            for rate in [figures.login_frr, figures.login_far] {
                row.extend([mean(rate), interval(rate)]);
            }
        }
        table.push(row);
    }
    table
}

/// Whether the detector learned by another rule than it was asked to.
fn learned_otherwise(outcome: &Outcome) -> bool {
    let figures = &outcome.figures;
    figures.learn == Some(LearnRule::Genuine) && figures.setup.learn == LearnRule::Accepted
}

/// A row a session of one person, or a keyboard of several.
pub(super) fn sittings(data: &DataSet, figures: &Figures) -> Table {
    let keyboard = |keyboard: u16| {
        let name = data.about().keyboards.get(usize::from(keyboard));
        name.map_or(NO_FIGURE.to_owned(), |name| printable(name))
    };
    let counts = |tally: &SittingTally| {
        [
            tally.refused.decided.to_string(),
            tally.refused.yes.to_string(),
            share(tally.refused.rate()),
            ends(tally.refused.ci95()),
            tally.failures.to_string(),
        ]
    };
    let headings = ["attempts", "refused", "FRR %", "[95 %]", "not judged"];
    if figures.sittings.is_empty() {
        let mut table = Table::new(&[&["keyboard"][..], &headings].concat());
        for (number, tally) in &figures.keyboards {
            table.push([vec![keyboard(*number)], counts(tally).to_vec()].concat());
        }
        return table;
    }
    let mut table = Table::new(&[&["session", "keyboard"][..], &headings].concat());
    for (sitting, tally) in &figures.sittings {
        let session = printable(&data.session_name(sitting.session));
        let on = sitting
            .keyboard
            .map_or_else(|| NO_FIGURE.to_owned(), keyboard);
        table.push([vec![session, on], counts(tally).to_vec()].concat());
    }
    table
}

/// The points of a learning curve that no account has the typings for.
fn unreached(outcomes: &[Outcome]) -> Option<String> {
    let reached = |n: &usize| {
        let mut all = outcomes.iter();
        all.any(|outcome| outcome.figures.setup.protocol == Protocol::First(*n))
    };
    let missing = CURVE.iter().filter(|n| !reached(n));
    let missing: Vec<String> = missing.map(usize::to_string).collect();
    (!missing.is_empty()).then(|| {
        let points = missing.join(", ");
        format!("Nobody typed often enough to be enrolled on {points}.")
    })
}

/// What the reader has to say of the recording.
fn notes(data: &DataSet) -> Vec<String> {
    let about = data.about();
    let mut notes = Vec::new();
    if about.other_text > 0 {
        let few = about.other_text;
        notes.push(format!(
            "{few} typing(s) have other keys than most of their account and were not judged."
        ));
    }
    if about.same_number > 0 {
        let few = about.same_number;
        notes.push(format!(
            "{few} typing(s) have the session and rep of another; all were taken, in the order of the file."
        ));
    }
    if !about.ignored_columns.is_empty() {
        let columns = printable(&about.ignored_columns.join(", "));
        notes.push(format!("Columns that were not used: {columns}."));
    }
    let bare = |typist: &&Typist| typist.recorded() == Recorded::DownDowns;
    match data.typists().iter().filter(bare).count() {
        0 => {}
        bare => notes.push(format!(
            "{bare} user(s) were recorded without holds; they are compared by down-downs alone."
        )),
    }
    notes
}

/// Whose accounts are in no figure, by reason.
fn left_out(figures: &Figures, data: &DataSet) -> Vec<String> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for LeftOut { name, reason } in &figures.left_out {
        let name = printable(name);
        let (why, name) = match reason {
            Reason::TooFew { has } => {
                let needs = figures.setup.least_attempts(data);
                let protocol = figures.setup.protocol;
                let why = format!("fewer than the {needs} typings that {protocol} needs here");
                (why, format!("{name} ({has})"))
            }
            Reason::NotEnrolled => {
                let why = "fewer than 3 typings that could be enrolled";
                (why.to_owned(), name)
            }
            Reason::OneSided => {
                let why = "no attempt of the owner, or none of an impostor, that could be judged";
                (why.to_owned(), name)
            }
        };
        by_reason.entry(why).or_default().push(name);
    }
    let said = by_reason.into_iter().map(|(why, those)| {
        let named = those.iter().take(NAMED).cloned();
        let named = named.collect::<Vec<_>>().join(", ");
        let others = if those.len() > NAMED {
            " and others"
        } else {
            ""
        };
        format!(
            "Left out, with {why}: {} account(s): {named}{others}.",
            those.len()
        )
    });
    said.collect()
}

fn last_line(outcome: &Outcome) -> String {
    let figures = &outcome.figures;
    let micros = outcome
        .score_us
        .map(|micros| format!(", {micros:.1} µs a score"));
    let several = if figures.accounts == 1 { "" } else { "s" };
    format!(
        "{}: {} account{several}, {} failures to acquire{}",
        placed(outcome),
        figures.accounts,
        figures.failures_to_acquire,
        micros.unwrap_or_default()
    )
}

pub(super) fn mean(summary: Option<Summary>) -> String {
    share(summary.map(|summary| summary.mean))
}

pub(super) fn share(rate: Option<f64>) -> String {
    rate.map_or_else(|| NO_FIGURE.to_owned(), per_cent)
}

pub(super) fn interval(summary: Option<Summary>) -> String {
    ends(summary.and_then(|summary| summary.ci95))
}

pub(super) fn ends(interval: Option<[f64; 2]>) -> String {
    let between = |[low, high]: [f64; 2]| format!("[{}, {}]", per_cent(low), per_cent(high));
    interval.map_or_else(|| NO_FIGURE.to_owned(), between)
}

pub(super) fn per_cent(rate: f64) -> String {
    format!("{:.2}", 100.0 * rate)
}
