//! The result of attacks for people: a table a kind of attack.

use std::collections::BTreeMap;

use keydyn_core::detector::Threshold;
use keydyn_core::eval::attack::{
    Finding, Found, Hijacked, Poisoned, TRIES_TOLD, TRY_SECONDS, Tried,
};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::protocol::Protocol;
use keydyn_core::eval::setup::{LeftOut, Reason};
use keydyn_core::eval::summary::Summary;
use keydyn_core::policy::Strictness;
use keydyn_core::printable::printable;
use keydyn_core::template::GainPolicy;

use crate::report::paper::Paper;
use crate::report::table::Table;
use crate::report::text::{NO_FIGURE, ends, interval, mean, per_cent};

/// So many of those left out are named, and of those broken.
const NAMED: usize = 5;
const BROKEN_NAMED: usize = 60;

/// Everything that is told, in lines that fit the paper.
pub(crate) fn result(paper: &Paper, file: &str, data: &DataSet, findings: &[Finding]) -> String {
    let Some(first) = findings.first() else {
        return String::new();
    };
    let mut text = paper.wrapped(&title(file, data, first), 2);
    let ways = || findings.iter().flat_map(of_finding);
    let (copies, tries): (Vec<_>, Vec<_>) = ways().partition(|(_, row)| row.copies.is_some());
    let hijacked = |f: &Finding| matches!(f.found, Found::Hijacked(_));
    let poisoned = |f: &Finding| matches!(f.found, Found::Poisoned(_));
    let mut section = |table: Option<Table>, notes: Vec<String>| {
        if let Some(table) = table {
            text.push('\n');
            text += &table.on(paper);
            for note in notes {
                text += &paper.wrapped(&note, 2);
            }
        }
    };
    section(tried(&tries), weakest(&tries));
    section(copied(&copies), about_copies(&copies));
    for finding in findings.iter().filter(|f| hijacked(f)) {
        let Found::Hijacked(rows) = &finding.found else {
            continue;
        };
        section(Some(hijacks(rows)), vec![hijack_note(finding)]);
    }
    for finding in findings.iter().filter(|f| poisoned(f)) {
        let Found::Poisoned(rows) = &finding.found else {
            continue;
        };
        section(Some(poisonings(rows)), vec![poisoning_note(finding)]);
    }
    text.push('\n');
    for finding in findings {
        for note in left_out(finding) {
            text += &paper.wrapped(&note, 2);
        }
        let (attack, accounts) = (finding.attack.name(), finding.accounts);
        text += &paper.wrapped(&format!("{attack}: {accounts} accounts"), 2);
    }
    text
}

/// One line that says what was attacked.
fn title(file: &str, data: &DataSet, finding: &Finding) -> String {
    let setup = &finding.setup;
    let threshold = match setup.threshold {
        Threshold::Of(Strictness::Lenient) => "strictness lenient".to_owned(),
        Threshold::Of(Strictness::Normal) => "strictness normal".to_owned(),
        Threshold::Of(Strictness::Strict) => "strictness strict".to_owned(),
        Threshold::Value(c) => format!("threshold {c}"),
    };
    let enrolled = match setup.enrol {
        Some(n) => format!("the first {n} typings"),
        None => "the first half".to_owned(),
    };
    let accounts = data.typists().len();
    let users = if accounts == 1 { "user" } else { "users" };
    let attacked = match setup.accounts(data) {
        attacked if attacked < accounts => format!(" ({attacked} attacked)"),
        _ => String::new(),
    };
    let draws = if setup.seeds == 1 { "draw" } else { "draws" };
    let gain = match setup.gain {
        GainPolicy::Burst => "burst",
        GainPolicy::Plain => "plain",
    };
    format!(
        "attacks on {file}: {accounts} {users}{attacked}, {} typings; enrolled on {enrolled} with {gain} gain; {threshold}; {} {draws}",
        data.attempts(),
        setup.seeds,
    )
}

type Named<'f> = (String, &'f Tried);

fn of_finding(finding: &Finding) -> Vec<Named<'_>> {
    let Found::Tried(rows) = &finding.found else {
        return Vec::new();
    };
    let named = rows.iter().map(|row| {
        let name = format!("{}, {}", finding.attack.name(), row.way);
        (name, row)
    });
    named.collect()
}

fn cells((name, row): &Named<'_>) -> Vec<String> {
    vec![
        name.clone(),
        row.tries.to_string(),
        per_cent(row.broken.mean),
        ends(Some(row.broken.ci95)),
        mean(Some(row.accepted)),
        interval(Some(row.accepted)),
    ]
}

const TRIED: [&str; 6] = [
    "attack",
    "tries",
    "accounts broken %",
    "[95 %]",
    "a try accepted %",
    "[95 %]",
];

fn tried(rows: &[Named<'_>]) -> Option<Table> {
    let mut table = Table::new(&TRIED);
    rows.iter().for_each(|row| table.push(cells(row)));
    (!rows.is_empty()).then_some(table)
}

fn copied(rows: &[Named<'_>]) -> Option<Table> {
    let further = ["by the profile %", "[95 %]", "owner's own for copies %"];
    let mut table = Table::new(&[&TRIED[..], &further].concat());
    for row in rows {
        let copies = row.1.copies;
        let by_profile = copies.and_then(|copies| copies.by_profile);
        let own = copies.and_then(|copies| copies.owners_own);
        let further = vec![mean(by_profile), interval(by_profile), mean(own)];
        table.push([cells(row), further].concat());
    }
    (!rows.is_empty()).then_some(table)
}

/// Who falls to attacks, the weakest first, and how many fall to none.
fn weakest(rows: &[Named<'_>]) -> Vec<String> {
    let mut by_account: BTreeMap<&str, f64> = BTreeMap::new();
    for account in rows.iter().flat_map(|(_, row)| &row.accounts) {
        *by_account.entry(&account.name).or_default() += account.broken;
    }
    let none = by_account.values().filter(|broken| **broken == 0.0).count();
    let of = by_account.len();
    let mut weakest: Vec<(&str, f64)> = by_account.into_iter().filter(|(_, b)| *b > 0.0).collect();
    weakest.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let ways = rows.len();
    let named = weakest.iter().take(BROKEN_NAMED);
    let named = named.map(|(name, broken)| match ways {
        1 => printable(name),
        _ => format!("{} ({broken:.1})", printable(name)),
    });
    let mut named = named.collect::<Vec<_>>().join(", ");
    if weakest.len() > BROKEN_NAMED {
        named += " and others";
    }
    let mut notes = vec![format!(
        "Broken by none of these {ways} way(s): {none} of {of} account(s)."
    )];
    if !weakest.is_empty() {
        let out_of = match ways {
            1 => String::new(),
            _ => format!(", and by how many of {ways}"),
        };
        notes.push(format!("Broken{out_of}: {named}."));
    }
    notes
}

/// What the columns mean, and how near owners come to themselves.
fn about_copies(rows: &[Named<'_>]) -> Vec<String> {
    let meant = "`by the profile` is what a login comes to, which knows copies of what it keeps; the \
                 columns before it are of the template alone.";
    let nearest = rows.iter().filter_map(|(_, row)| row.copies);
    let nearest = nearest.map(|copies| copies.owners_nearest_ms).next();
    let said = nearest.filter(|ms| ms.is_finite()).map(|ms| {
        format!("No owner came nearer than {ms:.1} ms a feature to one of his last 100 typings.")
    });
    [meant.to_owned()].into_iter().chain(said).collect()
}

fn hijacks(rows: &[Hijacked]) -> Table {
    let by = TRIES_TOLD.map(|tries| format!("in by try {tries} %"));
    let mut table = Table::new(&[
        "attack",
        "tries",
        "first accepted %",
        "[95 %]",
        "last accepted %",
        "[95 %]",
        "growth, points",
        "[95 %]",
        &by[0],
        &by[1],
        "[95 %]",
        "learned",
    ]);
    for row in rows {
        table.push(vec![
            format!("hijack, {}", row.rule.words()),
            number(row.tries),
            mean(Some(row.first)),
            interval(Some(row.first)),
            mean(Some(row.last)),
            interval(Some(row.last)),
            mean(Some(row.growth)),
            interval(Some(row.growth)),
            mean(Some(row.let_in[0])),
            mean(Some(row.let_in[1])),
            interval(Some(row.let_in[1])),
            number(row.learned),
        ]);
    }
    table
}

fn hijack_note(finding: &Finding) -> String {
    let minutes = finding.setup.seconds / 60;
    format!(
        "A try every {TRY_SECONDS} s, or when a cool-down is over, for {minutes} min or {} tries; begun a day after the owner's last typing.",
        TRIES_TOLD[1]
    )
}

fn poisonings(rows: &[Poisoned]) -> Table {
    let mut table = Table::new(&[
        "attack",
        "attempts",
        "let in %",
        "accepted before %",
        "accepted after %",
        "[95 %]",
        "growth, points",
        "[95 %]",
        "EER before %",
        "EER after %",
        "FRR before %",
        "FRR after %",
    ]);
    for row in rows {
        let [before, after] = row.accepted;
        table.push(vec![
            format!("poisoning, {}", row.poisoner.words()),
            number(row.attempts),
            mean(Some(row.let_in)),
            mean(Some(before)),
            mean(Some(after)),
            interval(Some(after)),
            mean(Some(row.growth)),
            interval(Some(row.growth)),
            mean(Some(row.eer[0])),
            mean(Some(row.eer[1])),
            mean(Some(row.frr[0])),
            mean(Some(row.frr[1])),
        ]);
    }
    table
}

fn poisoning_note(finding: &Finding) -> String {
    let begun = match finding.setup.protocol(finding.attack) {
        Protocol::Stream(n) => format!("Begun after {n} typings. "),
        _ => String::new(),
    };
    format!(
        "{begun}`before` is the account that went the same way with nobody attacking it; both are frozen and tested on the same typings."
    )
}

/// A number of something, a mean over accounts.
fn number(summary: Summary) -> String {
    if summary.mean.is_finite() {
        format!("{:.1}", summary.mean)
    } else {
        NO_FIGURE.to_owned()
    }
}

/// Whose accounts were not attacked, by reason.
fn left_out(finding: &Finding) -> Vec<String> {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for LeftOut { name, reason } in &finding.left_out {
        let why = match reason {
            Reason::TooFew { .. } => {
                let needs = finding.setup.least_attempts(finding.attack);
                let on = match finding.setup.protocol(finding.attack) {
                    Protocol::Stream(n) => format!(" when {n} are enrolled on"),
                    _ => String::new(),
                };
                format!("fewer than the {needs} typings that it needs{on}")
            }
            Reason::NotEnrolled => "fewer than 3 typings that could be enrolled".to_owned(),
            Reason::OneSided => "no typing of anybody else that could be judged".to_owned(),
        };
        by_reason.entry(why).or_default().push(printable(name));
    }
    let attack = finding.attack.name();
    let said = by_reason.into_iter().map(|(why, those)| {
        let named = those[..those.len().min(NAMED)].join(", ");
        let others = if those.len() > NAMED {
            " and others"
        } else {
            ""
        };
        let n = those.len();
        format!("{attack} left out, with {why}: {n} account(s): {named}{others}.")
    });
    said.collect()
}
