//! Tries on accounts that learn nothing: who is broken, and how often a try is accepted.

use super::account::{Owner, accepts};
use super::replay;
use super::{Attacked, Stage};
use crate::digraph::Sample;
use crate::eval::rates::{count, wilson};
use crate::eval::summary::{Summary, mean};

/// The typings that are tried on an account under a seed.
type Tries = dyn Fn(&Owner<'_>, u64) -> Vec<Sample> + Sync;

/// A way of trying: its name, and the typings that it tries on an account, in order. They follow
/// from the account and the seed.
pub(super) struct Way {
    pub(super) name: String,
    pub(super) tries: Box<Tries>,
    /// Whether the seed makes a difference.
    pub(super) drawn: bool,
    /// Whether the tries are copies of what the owner typed.
    pub(super) copies: bool,
    /// Whether each try, in the same place of every account, is a figure of its own.
    pub(super) best: bool,
}

impl Way {
    pub(super) fn new(
        name: impl Into<String>,
        tries: impl Fn(&Owner<'_>, u64) -> Vec<Sample> + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            tries: Box::new(tries),
            drawn: false,
            copies: false,
            best: false,
        }
    }
}

/// A share of the accounts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// From 0 to 1.
    pub mean: f64,
    /// Wilson's 95 % interval, accounts being independent of each other. Where the share is a mean
    /// over draws too it is wider than it need be.
    pub ci95: [f64; 2],
}

impl Share {
    /// Of one value an account.
    fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let ci95 = wilson(mean, count(values.len()));
        Some(Self { mean, ci95 })
    }
}

/// What came of one way of trying.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Which way.
    pub way: String,
    /// Tries on an account, at most.
    pub tries: usize,
    /// Accounts on which a try was accepted.
    pub broken: Share,
    /// Tries that were accepted, a mean over accounts.
    pub accepted: Summary,
    /// Of copies of what the owner typed.
    pub copies: Option<Copies>,
    /// Each account, in the order of the recording.
    pub accounts: Vec<TriedAccount>,
}

/// What came of one account.
#[derive(Clone, Debug, PartialEq)]
pub struct TriedAccount {
    /// Whose.
    pub name: String,
    /// In what share of the draws a try was accepted.
    pub broken: f64,
    /// What share of all tries was accepted.
    pub accepted: f64,
}

/// What else is known of copies of what the owner typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Copies {
    /// Tries accepted by the profile as a login asks it, with whatever it does against copies;
    /// `None` where no profile can be made, as without holds.
    pub by_profile: Option<Summary>,
    /// The owners' own later typings that the profile takes for copies; none of an account that
    /// can have no profile.
    pub owners_own: Option<Summary>,
    /// The nearest that any owner came to one of his last 100 typings, over all accounts: mean
    /// absolute difference of the features in ms.
    pub owners_nearest_ms: f64,
    /// Tries that come nearer than that to one of the last 100 typings learned: a check that
    /// refused them would have refused no owner in this recording.
    pub nearer: Summary,
}

/// What came of one way on one account: a list a draw.
struct Outcome {
    accepted: Vec<Vec<bool>>,
    copies: Option<replay::Outcome>,
}

impl Outcome {
    /// `None` if there is nothing to try.
    fn of(owner: &Owner<'_>, stage: &Stage<'_>, way: &Way) -> Option<Self> {
        let seeds = if way.drawn { stage.setup.seeds } else { 1 };
        let draws: Vec<Vec<Sample>> = (0..u64::from(seeds))
            .map(|seed| (way.tries)(owner, seed))
            .collect();
        if draws.iter().all(Vec::is_empty) {
            return None;
        }
        let threshold = stage.setup.threshold;
        let judged = |tries: &Vec<Sample>| {
            let accepted = |sample| accepts(&owner.detector, sample, threshold);
            tries.iter().map(accepted).collect()
        };
        Some(Self {
            accepted: draws.iter().map(judged).collect(),
            copies: way
                .copies
                .then(|| replay::Outcome::of(owner, &draws, threshold)),
        })
    }

    fn account(&self, name: &str) -> TriedAccount {
        let broken = self.accepted.iter().filter(|draw| draw.contains(&true));
        let all = self.accepted.iter().flatten();
        let accepted = all.clone().filter(|accepted| **accepted).count();
        TriedAccount {
            name: name.to_owned(),
            broken: count(broken.count()) / count(self.accepted.len()),
            accepted: count(accepted) / count(all.count()),
        }
    }

    fn tries(&self) -> usize {
        self.accepted.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The same with one try only, that of this place.
    fn only(&self, place: usize) -> Option<Self> {
        let one = |draw: &Vec<bool>| draw.get(place).map(|accepted| vec![*accepted]);
        let accepted: Option<Vec<_>> = self.accepted.iter().map(one).collect();
        Some(Self {
            accepted: accepted?,
            copies: None,
        })
    }
}

/// Tries in each of these ways.
pub(super) fn run(stage: &Stage<'_>, ways: &[Way]) -> (Vec<Tried>, Attacked) {
    let (found, attacked) = stage.each(|owner| {
        let outcomes = ways.iter().map(|way| Outcome::of(owner, stage, way));
        outcomes.collect::<Option<Vec<_>>>()
    });
    let mut rows = Vec::new();
    for (place, way) in ways.iter().enumerate() {
        let of_way = found
            .iter()
            .map(|(name, outcomes)| (name, &outcomes[place]));
        let of_way: Vec<(&String, &Outcome)> = of_way.collect();
        rows.extend(row(way.name.clone(), &of_way));
        if way.best {
            rows.extend(best(&way.name, &of_way));
        }
    }
    (rows, attacked)
}

/// `None` of no account.
fn row(way: String, outcomes: &[(&String, &Outcome)]) -> Option<Tried> {
    let accounts = outcomes.iter().map(|(name, outcome)| outcome.account(name));
    let accounts: Vec<TriedAccount> = accounts.collect();
    let of = |read: fn(&TriedAccount) -> f64| accounts.iter().map(read).collect::<Vec<_>>();
    let tries = outcomes.iter().map(|(_, outcome)| outcome.tries()).max()?;
    let copies = outcomes.iter().map(|(_, outcome)| outcome.copies.as_ref());
    let copies: Option<Vec<_>> = copies.collect();
    Some(Tried {
        way,
        tries,
        broken: Share::of(&of(|account| account.broken))?,
        accepted: Summary::of(&of(|account| account.accepted))?,
        copies: copies.and_then(|copies| replay::summary(&copies)),
        accounts,
    })
}

/// The one try that breaks the most accounts.
fn best(way: &str, outcomes: &[(&String, &Outcome)]) -> Option<Tried> {
    let tries = outcomes.iter().map(|(_, outcome)| outcome.tries()).min()?;
    let accepted = |place: usize| {
        let here = outcomes
            .iter()
            .filter_map(|(_, outcome)| outcome.only(place));
        here.filter(|one| one.accepted[0][0]).count()
    };
    // The first of several.
    let best = (0..tries).max_by_key(|&place| (accepted(place), std::cmp::Reverse(place)))?;
    let only = outcomes.iter().map(|(_, outcome)| outcome.only(best));
    let only: Vec<Outcome> = only.collect::<Option<_>>()?;
    let named: Vec<(&String, &Outcome)> =
        outcomes.iter().map(|(name, _)| *name).zip(&only).collect();
    row(format!("the best of {way}"), &named)
}
