//! One person tries many times in a row, and what is accepted is learned: does the account become
//! his?

use super::account::Owner;
use super::live::{BETWEEN_SESSIONS, Live, Rule};
use super::{Attacked, Stage};
use crate::eval::data::Typist;
use crate::eval::rates::count;
use crate::eval::summary::{Summary, mean};
use crate::store::state::Verdict;

/// From one try to the next in seconds, without a cool-down: the typing, and the delay after a
/// refusal.
pub const TRY_SECONDS: u64 = 5;
/// The most tries of one person.
const TRIES: usize = 50;
/// By which try it is told whether somebody got in.
pub const TRIES_TOLD: [usize; 2] = [10, TRIES];

/// What came of it under one rule. Every figure is a mean over the people who tried on an account,
/// then over accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Hijacked {
    /// Under which rule.
    pub rule: Rule,
    /// Tries that a person made in the time there was.
    pub tries: Summary,
    /// Tries that were accepted.
    pub accepted: Summary,
    /// People who were accepted at their first try.
    pub first: Summary,
    /// People who were accepted at the last try that they made.
    pub last: Summary,
    /// The last less the first, account by account.
    pub growth: Summary,
    /// People who got in at all by the try of [`TRIES_TOLD`].
    pub let_in: [Summary; 2],
    /// Typings of a person that were learned.
    pub learned: Summary,
    /// Each account: whose, and the share of people who got in at all.
    pub accounts: Vec<(String, f64)>,
}

/// What came of one person's tries on an account.
struct Raid {
    accepted: Vec<bool>,
    learned: u32,
}

impl Raid {
    /// The person's typings are tried in the order in which they were recorded, each as soon as it
    /// is judged at all.
    fn of(mut account: Live, person: &Typist, rule: Rule, seconds: u64) -> Self {
        let before = account.learned;
        account.rule = rule;
        account.wait(BETWEEN_SESSIONS);
        let begin = account.now;
        let mut accepted = Vec::new();
        for attempt in person.attempts.iter().take(TRIES) {
            if account.now.0 - begin.0 > seconds {
                break;
            }
            accepted.push(account.attempt(&attempt.sample) == Verdict::Accepted);
            account.wait(TRY_SECONDS);
        }
        Self {
            accepted,
            learned: account.learned - before,
        }
    }

    fn let_in(&self, by: usize) -> bool {
        self.accepted.iter().take(by).any(|accepted| *accepted)
    }
}

/// The figures of one account under one rule: means over people.
struct Row {
    tries: f64,
    accepted: f64,
    first: f64,
    last: f64,
    let_in: [f64; 2],
    learned: f64,
}

impl Row {
    /// `None` of nobody.
    fn of(raids: &[Raid]) -> Option<Self> {
        let over = |read: &dyn Fn(&Raid) -> f64| mean(&raids.iter().map(read).collect::<Vec<_>>());
        let share = |yes: Option<&bool>| f64::from(yes == Some(&true));
        let tries = over(&|raid| count(raid.accepted.len()))?;
        let accepted = over(&|raid| count(raid.accepted.iter().filter(|yes| **yes).count()))?;
        Some(Self {
            tries,
            accepted: accepted / tries,
            first: over(&|raid| share(raid.accepted.first()))?,
            last: over(&|raid| share(raid.accepted.last()))?,
            let_in: [
                over(&|raid| f64::from(raid.let_in(TRIES_TOLD[0])))?,
                over(&|raid| f64::from(raid.let_in(TRIES_TOLD[1])))?,
            ],
            learned: over(&|raid| f64::from(raid.learned))?,
        })
    }
}

pub(super) fn run(stage: &Stage<'_>) -> (Vec<Hijacked>, Attacked) {
    let (found, attacked) = stage.each(|owner| of_account(owner, stage));
    let hijacked = Rule::ALL.into_iter().zip(0..).filter_map(|(rule, place)| {
        let of_rule = found
            .iter()
            .map(|(name, rows): &(String, Vec<Row>)| (name, &rows[place]));
        summary(rule, &of_rule.collect::<Vec<_>>())
    });
    (hijacked.collect(), attacked)
}

/// A row a rule; `None` if nobody else typed the text.
fn of_account(owner: &Owner<'_>, stage: &Stage<'_>) -> Option<Vec<Row>> {
    let account = Live::of(owner, stage.setup.threshold);
    let people = owner.attackers();
    let row = |rule: Rule| {
        let raid = |person: &&Typist| Raid::of(account.clone(), person, rule, stage.setup.seconds);
        Row::of(&people.iter().map(raid).collect::<Vec<_>>())
    };
    Rule::ALL.into_iter().map(row).collect()
}

fn summary(rule: Rule, rows: &[(&String, &Row)]) -> Option<Hijacked> {
    let over = |read: &dyn Fn(&Row) -> f64| {
        Summary::of(&rows.iter().map(|(_, row)| read(row)).collect::<Vec<_>>())
    };
    let accounts = rows.iter();
    Some(Hijacked {
        rule,
        tries: over(&|row| row.tries)?,
        accepted: over(&|row| row.accepted)?,
        first: over(&|row| row.first)?,
        last: over(&|row| row.last)?,
        growth: over(&|row| row.last - row.first)?,
        let_in: [over(&|row| row.let_in[0])?, over(&|row| row.let_in[1])?],
        learned: over(&|row| row.learned)?,
        accounts: accounts
            .map(|(name, row)| ((*name).clone(), row.let_in[1]))
            .collect(),
    })
}
