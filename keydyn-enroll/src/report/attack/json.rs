//! The result of attacks for programs. docs/evaluation.md describes every field.

use std::io::{self, Write};

use keydyn_core::eval::attack::{Finding, Found, Hijacked, Poisoned, Share, TRIES_TOLD, Tried};
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::summary::Summary;
use keydyn_core::template::GainPolicy;
use serde::Serialize;

use crate::report::json::{Missing, Recording, Spread, rounded};

#[derive(Serialize)]
struct Document {
    recording: Recording,
    attacks: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    protocol: String,
    gain: &'static str,
    threshold: f64,
    seeds: u32,
    hours: f64,
    accounts: usize,
    left_out: Vec<Missing>,
    #[serde(flatten)]
    rows: Rows,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Rows {
    Ways(Vec<Way>),
    Rules(Vec<Rule>),
    Poisoners(Vec<Poisoner>),
}

#[derive(Serialize)]
struct Way {
    way: String,
    tries: usize,
    broken: f64,
    broken_ci95: [f64; 2],
    accepted: Spread,
    by_profile: Option<Spread>,
    owners_own: Option<Spread>,
    nearer: Option<Spread>,
    owners_nearest_ms: Option<f64>,
    users: Vec<TriedUser>,
}

#[derive(Serialize)]
struct TriedUser {
    user: String,
    broken: f64,
    accepted: f64,
}

#[derive(Serialize)]
struct Rule {
    rule: &'static str,
    tries: Spread,
    accepted: Spread,
    first: Spread,
    last: Spread,
    growth: Spread,
    let_in: Vec<LetIn>,
    learned: Spread,
    users: Vec<HijackedUser>,
}

#[derive(Serialize)]
struct LetIn {
    by_try: usize,
    share: Spread,
}

#[derive(Serialize)]
struct HijackedUser {
    user: String,
    let_in: f64,
}

#[derive(Serialize)]
struct Poisoner {
    poisoner: &'static str,
    attempts: Spread,
    let_in: Spread,
    accepted_before: Spread,
    accepted_after: Spread,
    growth: Spread,
    eer_before: Spread,
    eer_after: Spread,
    frr_before: Spread,
    frr_after: Spread,
    users: Vec<PoisonedUser>,
}

#[derive(Serialize)]
struct PoisonedUser {
    user: String,
    growth: f64,
}

/// Writes one object, and a line end after it.
pub(crate) fn write(out: &mut dyn Write, data: &DataSet, findings: &[Finding]) -> io::Result<()> {
    let document = Document {
        recording: Recording::of(data),
        attacks: findings.iter().map(Entry::of).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

impl Entry {
    fn of(finding: &Finding) -> Self {
        let setup = &finding.setup;
        Self {
            name: finding.attack.name(),
            protocol: setup.protocol(finding.attack).to_string(),
            gain: match setup.gain {
                GainPolicy::Burst => "burst",
                GainPolicy::Plain => "plain",
            },
            threshold: setup.threshold.value(),
            seeds: setup.seeds,
            hours: rounded(std::time::Duration::from_secs(setup.seconds).as_secs_f64() / 3600.0),
            accounts: finding.accounts,
            left_out: finding.left_out.iter().map(Missing::of).collect(),
            rows: match &finding.found {
                Found::Tried(rows) => Rows::Ways(rows.iter().map(Way::of).collect()),
                Found::Hijacked(rows) => Rows::Rules(rows.iter().map(Rule::of).collect()),
                Found::Poisoned(rows) => Rows::Poisoners(rows.iter().map(Poisoner::of).collect()),
            },
        }
    }
}

impl Way {
    fn of(row: &Tried) -> Self {
        let Share { mean, ci95 } = row.broken;
        let copies = row.copies.as_ref();
        let nearest = copies.map(|copies| copies.owners_nearest_ms);
        let users = row.accounts.iter().map(|account| TriedUser {
            user: account.name.clone(),
            broken: rounded(account.broken),
            accepted: rounded(account.accepted),
        });
        Self {
            way: row.way.clone(),
            tries: row.tries,
            broken: rounded(mean),
            broken_ci95: ci95.map(rounded),
            accepted: Spread::of(&row.accepted),
            by_profile: copies.and_then(|c| c.by_profile.as_ref()).map(Spread::of),
            owners_own: copies.and_then(|c| c.owners_own.as_ref()).map(Spread::of),
            nearer: copies.map(|copies| Spread::of(&copies.nearer)),
            owners_nearest_ms: nearest.filter(|ms| ms.is_finite()).map(rounded),
            users: users.collect(),
        }
    }
}

impl Rule {
    fn of(row: &Hijacked) -> Self {
        let let_in = TRIES_TOLD.into_iter().zip(&row.let_in);
        let users = row.accounts.iter().map(|(user, let_in)| HijackedUser {
            user: user.clone(),
            let_in: rounded(*let_in),
        });
        Self {
            rule: row.rule.words(),
            tries: Spread::of(&row.tries),
            accepted: Spread::of(&row.accepted),
            first: Spread::of(&row.first),
            last: Spread::of(&row.last),
            growth: Spread::of(&row.growth),
            let_in: let_in
                .map(|(by_try, share)| LetIn {
                    by_try,
                    share: Spread::of(share),
                })
                .collect(),
            learned: Spread::of(&row.learned),
            users: users.collect(),
        }
    }
}

impl Poisoner {
    fn of(row: &Poisoned) -> Self {
        let users = row.accounts.iter().map(|(user, growth)| PoisonedUser {
            user: user.clone(),
            growth: rounded(*growth),
        });
        let both = |pair: &[Summary; 2]| pair.each_ref().map(Spread::of);
        let [accepted_before, accepted_after] = both(&row.accepted);
        let [eer_before, eer_after] = both(&row.eer);
        let [frr_before, frr_after] = both(&row.frr);
        Self {
            poisoner: row.poisoner.words(),
            attempts: Spread::of(&row.attempts),
            let_in: Spread::of(&row.let_in),
            accepted_before,
            accepted_after,
            growth: Spread::of(&row.growth),
            eer_before,
            eer_after,
            frr_before,
            frr_after,
            users: users.collect(),
        }
    }
}
