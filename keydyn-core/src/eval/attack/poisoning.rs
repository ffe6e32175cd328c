//! Slow poisoning: somebody is let in now and then, and what is let in is learned.

use super::account::Owner;
use super::live::{BETWEEN_TYPINGS, Live};
use super::{Attacked, Stage};
use crate::detector::{Detector as _, SequenceMemory, Threshold};
use crate::digraph::Sample;
use crate::eval::data::{Attempt, DataSet, Typist};
use crate::eval::draw::{Draws, Purpose};
use crate::eval::protocol::ImpostorSet;
use crate::eval::rates::{Curve, Scores, Tally, count};
use crate::eval::summary::{Summary, mean};
use crate::policy::Decision;
use crate::store::state::Verdict;

/// Logins of the owner during the poisoning, at most, and from one attempt to the next.
const LOGINS: usize = 200;
const PER_ATTEMPT: usize = 5;
/// Typings, of the owner and of the poisoner, that are tested afterwards, at most.
const TESTED: usize = 50;
/// Half for the logins, of which five make an attempt; half for the test.
pub(super) const LEAST_LATER: usize = 2 * PER_ATTEMPT;

/// Who poisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poisoner {
    /// The same person every time; each person in turn.
    Same,
    /// Of those, the one who is accepted most in the end, account by account.
    Worst,
    /// Somebody else every time.
    Drawn,
}

impl Poisoner {
    /// What tables call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Same => "one and the same person",
            Self::Worst => "the worst of them",
            Self::Drawn => "somebody else each time",
        }
    }
}

/// What came of one kind of poisoner. `before` is the account that went the same way with nobody
/// attacking it; both are frozen and tested on the same typings.
#[derive(Clone, Debug, PartialEq)]
pub struct Poisoned {
    /// Who.
    pub poisoner: Poisoner,
    /// Attempts made meanwhile.
    pub attempts: Summary,
    /// Attempts accepted meanwhile.
    pub let_in: Summary,
    /// The poisoner's later attempts accepted: before and after. Of those who were drawn, all of
    /// the impostors' attempts.
    pub accepted: [Summary; 2],
    /// After less before, account by account.
    pub growth: Summary,
    /// Equal error rate: before and after.
    pub eer: [Summary; 2],
    /// The owner's attempts refused: before and after.
    pub frr: [Summary; 2],
    /// Each account: whose, and the growth.
    pub accounts: Vec<(String, f64)>,
}

/// The figures of one poisoning, or means of several.
#[derive(Clone, Copy)]
struct Row {
    attempts: f64,
    let_in: f64,
    accepted: [f64; 2],
    eer: [f64; 2],
    frr: [f64; 2],
}

impl Row {
    /// `None` of nothing.
    fn mean(rows: &[Self]) -> Option<Self> {
        let over = |read: &dyn Fn(&Self) -> f64| mean(&rows.iter().map(read).collect::<Vec<_>>());
        let both =
            |read: fn(&Self) -> [f64; 2]| Some([over(&|r| read(r)[0])?, over(&|r| read(r)[1])?]);
        Some(Self {
            attempts: over(&|row| row.attempts)?,
            let_in: over(&|row| row.let_in)?,
            accepted: both(|row| row.accepted)?,
            eer: both(|row| row.eer)?,
            frr: both(|row| row.frr)?,
        })
    }

    fn growth(&self) -> f64 {
        self.accepted[1] - self.accepted[0]
    }
}

/// The same, one and the worst and the drawn.
type Rows = [Row; 3];

pub(super) fn run(stage: &Stage<'_>) -> (Vec<Poisoned>, Attacked) {
    let (found, attacked) = stage.each(|owner| Scene::of(owner, stage).rows());
    let kinds = [Poisoner::Same, Poisoner::Worst, Poisoner::Drawn];
    let rows = kinds.into_iter().zip(0..).filter_map(|(poisoner, place)| {
        let of_kind = found
            .iter()
            .map(|(name, rows): &(String, Rows)| (name, &rows[place]));
        summary(poisoner, &of_kind.collect::<Vec<_>>())
    });
    (rows.collect(), attacked)
}

/// One account, its logins, and what it is tested with.
struct Scene<'s> {
    owner: &'s Owner<'s>,
    threshold: Threshold,
    seeds: u32,
    logins: &'s [Attempt],
    genuine: &'s [Attempt],
    impostors: Vec<&'s Sample>,
    /// The account after the same logins without an attempt by anybody else.
    clean: SequenceMemory,
}

impl<'s> Scene<'s> {
    fn of(owner: &'s Owner<'s>, stage: &Stage<'s>) -> Self {
        let later = owner.later;
        let logins = LOGINS.min(later.len() - TESTED.min(later.len() / 2));
        let (logins, rest) = later.split_at(logins);
        let threshold = stage.setup.threshold;
        let mut clean = Live::of(owner, threshold);
        for attempt in logins {
            clean.owner_types(attempt);
        }
        Self {
            owner,
            threshold,
            seeds: stage.setup.seeds,
            logins,
            genuine: &rest[..TESTED.min(rest.len())],
            impostors: impostors(owner, stage.data),
            clean: clean.detector,
        }
    }

    /// `None` if nobody else typed the text, or nothing can be judged.
    fn rows(&self) -> Option<Rows> {
        let people = self.owner.attackers();
        let same = people.iter().map(|person| self.by_one(person));
        let same = same.collect::<Option<Vec<Row>>>()?;
        let by_acceptance = |a: &&Row, b: &&Row| a.accepted[1].total_cmp(&b.accepted[1]);
        let worst = *same.iter().max_by(by_acceptance)?;
        let drawn = (0..u64::from(self.seeds)).map(|seed| self.by_drawn(seed));
        let drawn = Row::mean(&drawn.collect::<Option<Vec<Row>>>()?)?;
        Some([Row::mean(&same)?, worst, drawn])
    }

    /// One person's typings in the order in which they were recorded, from the first again when
    /// there are no more. Tested with those that follow, or with all if none do.
    fn by_one(&self, person: &Typist) -> Option<Row> {
        let typings = &person.attempts;
        let used = self.logins.len() / PER_ATTEMPT;
        let mut next = typings.iter().cycle().map(|attempt| &attempt.sample);
        let rest = typings.get(used..).filter(|rest| !rest.is_empty());
        let rest = rest.unwrap_or(typings).iter().take(TESTED);
        self.poisoned(|| next.next(), &rest.map(|a| &a.sample).collect::<Vec<_>>())
    }

    /// Each attempt any of the impostors', with replacement.
    fn by_drawn(&self, seed: u64) -> Option<Row> {
        let mut draws = Draws::new(Purpose::Poison, seed, [self.owner.number as u64, 0]);
        let next = || draws.pick(&self.impostors).copied();
        self.poisoned(next, &self.impostors)
    }

    fn poisoned<'a>(
        &self,
        mut next: impl FnMut() -> Option<&'a Sample>,
        probes: &[&Sample],
    ) -> Option<Row> {
        let mut account = Live::of(self.owner, self.threshold);
        let mut let_in = Tally::default();
        for (login, attempt) in self.logins.iter().enumerate() {
            account.owner_types(attempt);
            if (login + 1).is_multiple_of(PER_ATTEMPT)
                && let Some(sample) = next()
            {
                account.wait(BETWEEN_TYPINGS);
                let_in.note(account.attempt(sample) == Verdict::Accepted);
            }
        }
        let both = [&self.clean, &account.detector];
        let [before, after] = both.map(|detector| self.test(detector, probes));
        let (before, after) = (before?, after?);
        Some(Row {
            attempts: f64::from(let_in.decided),
            let_in: let_in.rate()?,
            accepted: [before.accepted, after.accepted],
            eer: [before.eer, after.eer],
            frr: [before.frr, after.frr],
        })
    }

    fn test(&self, detector: &SequenceMemory, probes: &[&Sample]) -> Option<Test> {
        let scores = |samples: &[&Sample]| -> Vec<f64> {
            let scores = samples.iter().filter_map(|s| detector.score(s).ok());
            scores.collect()
        };
        let accepted = |scores: &[f64], all: usize| {
            let genuine =
                |u: &&f64| detector.decide(**u, self.threshold) == Some(Decision::Genuine);
            count(scores.iter().filter(genuine).count()) / count(all)
        };
        let genuine: Vec<&Sample> = self.genuine.iter().map(|a| &a.sample).collect();
        let own = scores(&genuine);
        let frr = 1.0 - accepted(&own, genuine.len());
        let eer = Curve::of(&[&Scores {
            genuine: own,
            impostor: scores(&self.impostors),
        }]);
        Some(Test {
            // What cannot be judged is refused.
            accepted: accepted(&scores(probes), probes.len()),
            eer: eer?.eer(),
            frr,
        })
    }
}

struct Test {
    accepted: f64,
    eer: f64,
    frr: f64,
}

/// The attempts that the recording is usually tested with.
fn impostors<'d>(owner: &Owner<'d>, data: &DataSet) -> Vec<&'d Sample> {
    let set = ImpostorSet::usual(data);
    let attempts = owner.others.iter().flat_map(|other| set.of(other));
    attempts.map(|attempt| &attempt.sample).collect()
}

fn summary(poisoner: Poisoner, rows: &[(&String, &Row)]) -> Option<Poisoned> {
    let over = |read: &dyn Fn(&Row) -> f64| {
        Summary::of(&rows.iter().map(|(_, row)| read(row)).collect::<Vec<_>>())
    };
    let both = |read: fn(&Row) -> [f64; 2]| Some([over(&|r| read(r)[0])?, over(&|r| read(r)[1])?]);
    let accounts = rows.iter();
    Some(Poisoned {
        poisoner,
        attempts: over(&|row| row.attempts)?,
        let_in: over(&|row| row.let_in)?,
        accepted: both(|row| row.accepted)?,
        growth: over(&Row::growth)?,
        eer: both(|row| row.eer)?,
        frr: both(|row| row.frr)?,
        accounts: accounts
            .map(|(name, row)| ((*name).clone(), row.growth()))
            .collect(),
    })
}
