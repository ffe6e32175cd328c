//! How people get in who have the password and try.
//!
//! Every attack is made on every account of a recording, against what the module decides and
//! learns by: the [`crate::template::Template`], the policy with its throttle and the state of an
//! account. docs/evaluation.md, "Attacks", defines each of them.
//!
//! ```text
//! DataSet -> Owner (one an account, enrolled) -> samples that are tried -> Finding
//! ```

mod account;
mod constant;
mod hijack;
mod k_means;
mod live;
mod poisoning;
mod population_median;
mod replay;
mod replay_jitter;
mod scripted_human;
mod tried;
mod typing;
mod unsuitable;

use rayon::prelude::*;

pub use account::{IN_FULL, MOST_ATTACKERS};

pub use hijack::{Hijacked, TRIES_TOLD, TRY_SECONDS};
pub use live::Rule;
pub use poisoning::{Poisoned, Poisoner};
pub use tried::{Copies, Share, Tried, TriedAccount};
pub use unsuitable::Unsuitable;

use super::data::DataSet;
use super::protocol::Protocol;
use super::setup::{LeftOut, Reason, alone};
use crate::detector::Threshold;
use crate::template::GainPolicy;
use account::Owner;

/// The attacks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Typing as people do on the average.
    PopulationMedian,
    /// Typing as groups of people do, the largest first.
    KMeans,
    /// Playing back what the owner typed.
    Replay,
    /// The same, inexactly.
    ReplayJitter,
    /// Every key as long as every other.
    Constant,
    /// Typing as made-up people do.
    ScriptedHuman,
    /// One person's tries in a row, on an account that goes on learning.
    Hijack,
    /// Attempts now and then over many logins, on an account that goes on learning.
    Poisoning,
}

impl Attack {
    /// Every attack.
    pub const ALL: [Self; 8] = [
        Self::PopulationMedian,
        Self::KMeans,
        Self::Replay,
        Self::ReplayJitter,
        Self::Constant,
        Self::ScriptedHuman,
        Self::Hijack,
        Self::Poisoning,
    ];

    /// The name by which tables and the command line call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PopulationMedian => "population-median",
            Self::KMeans => "k-means",
            Self::Replay => "replay",
            Self::ReplayJitter => "replay-jitter",
            Self::Constant => "constant",
            Self::ScriptedHuman => "scripted-human",
            Self::Hijack => "hijack",
            Self::Poisoning => "poisoning",
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::PopulationMedian => "One typing: the median of everybody else's",
            Self::KMeans => "Typings that stand for groups of everybody else's",
            Self::Replay => "A typing of the owner, played back exactly",
            Self::ReplayJitter => "The same, each event some milliseconds off",
            Self::Constant => "All holds the same and all ways between keys the same",
            Self::ScriptedHuman => "Typings of people who never lived",
            Self::Hijack => "One person tries 50 times in a row, and is learned",
            Self::Poisoning => "An attempt after every fifth login, and it is learned",
        }
    }

    /// Whether it is made of other people's typing.
    #[must_use]
    pub fn needs_others(self) -> bool {
        match self {
            Self::PopulationMedian | Self::KMeans | Self::Hijack | Self::Poisoning => true,
            Self::Replay | Self::ReplayJitter | Self::Constant | Self::ScriptedHuman => false,
        }
    }

    /// Typings of the owner that it needs after the enrolment.
    fn needs_later(self) -> usize {
        match self {
            Self::Poisoning => poisoning::LEAST_LATER,
            _ => 1,
        }
    }
}

/// Everything that is asked for, the attack aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// The account has learned so many of the owner's first typings; `None`: the first half, and
    /// before a poisoning, which is slow, the first ten.
    pub enrol: Option<usize>,
    /// How much the later typings of a sitting count.
    pub gain: GainPolicy,
    /// Which threshold decides.
    pub threshold: Threshold,
    /// How often what is drawn by chance is drawn anew; figures are means over it.
    pub seeds: u32,
    /// Attack only so many accounts, the first of the recording; `None`: all.
    pub users: Option<usize>,
    /// For how many seconds a hijacker tries.
    pub seconds: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            enrol: None,
            gain: GainPolicy::default(),
            threshold: Threshold::default(),
            seeds: 3,
            users: None,
            seconds: 3600,
        }
    }
}

impl Setup {
    /// How an owner's typings are divided into enrolment and rest.
    #[must_use]
    pub fn protocol(&self, attack: Attack) -> Protocol {
        match (self.enrol, attack) {
            (Some(n), _) => Protocol::Stream(n),
            (None, Attack::Poisoning) => Protocol::Stream(IN_FULL),
            (None, _) => Protocol::Static,
        }
    }

    /// The fewest typings with which an owner can be attacked.
    #[must_use]
    pub fn least_attempts(&self, attack: Attack) -> usize {
        self.protocol(attack).least() + attack.needs_later() - 1
    }

    /// How many accounts are attacked, at most.
    #[must_use]
    pub fn accounts(&self, data: &DataSet) -> usize {
        let all = data.typists().len();
        self.users.map_or(all, |users| users.min(all))
    }

    /// Checks that the recording has what the attack needs.
    ///
    /// # Errors
    /// What it lacks.
    pub fn check(&self, data: &DataSet, attack: Attack) -> Result<(), Unsuitable> {
        let attacked = data.typists().iter().take(self.accounts(data));
        let most = attacked.max_by_key(|typist| typist.attempts.len());
        let most = most.ok_or(Unsuitable::Nobody)?;
        let name = most.name.clone();
        let (has, needs) = (most.attempts.len(), self.least_attempts(attack));
        match has {
            0 => Err(Unsuitable::NoOwner { name }),
            _ if has < needs => {
                let attack = attack.name();
                Err(Unsuitable::TooFewRepetitions {
                    name,
                    has,
                    needs,
                    attack,
                })
            }
            _ if attack.needs_others() && alone(data) => Err(Unsuitable::Alone { name, attack }),
            _ => Ok(()),
        }
    }
}

/// What an attack came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which attack.
    pub attack: Attack,
    /// How it was asked for.
    pub setup: Setup,
    /// Accounts that were attacked.
    pub accounts: usize,
    /// Accounts that could not be, and why.
    pub left_out: Vec<LeftOut>,
    /// What was found.
    pub found: Found,
}

/// What was found, by the kind of attack.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Tries on accounts that learn nothing, a row a way of trying.
    Tried(Vec<Tried>),
    /// A row a rule by which the account learns and slows tries down.
    Hijacked(Vec<Hijacked>),
    /// A row a kind of poisoner.
    Poisoned(Vec<Poisoned>),
}

/// Makes an attack on every account of a recording.
///
/// `on_account` is called after each of [`Setup::accounts`] accounts, from any thread.
///
/// # Errors
/// If the recording does not suit the attack.
pub fn run(
    data: &DataSet,
    setup: &Setup,
    attack: Attack,
    on_account: &(dyn Fn() + Sync),
) -> Result<Finding, Unsuitable> {
    setup.check(data, attack)?;
    let stage = Stage {
        data,
        setup,
        attack,
        on_account,
    };
    let (found, (accounts, left_out)) = match attack {
        Attack::Hijack => {
            let (rows, who) = hijack::run(&stage);
            (Found::Hijacked(rows), who)
        }
        Attack::Poisoning => {
            let (rows, who) = poisoning::run(&stage);
            (Found::Poisoned(rows), who)
        }
        Attack::PopulationMedian => tried(&stage, &population_median::ways()),
        Attack::KMeans => tried(&stage, &k_means::ways()),
        Attack::Replay => tried(&stage, &replay::ways()),
        Attack::ReplayJitter => tried(&stage, &replay_jitter::ways()),
        Attack::Constant => tried(&stage, &constant::ways()),
        Attack::ScriptedHuman => tried(&stage, &scripted_human::ways()),
    };
    if accounts == 0 {
        let attack = attack.name();
        return Err(Unsuitable::NothingAttacked { attack });
    }
    Ok(Finding {
        attack,
        setup: *setup,
        accounts,
        left_out,
        found,
    })
}

/// How many accounts were attacked, and which were not.
type Attacked = (usize, Vec<LeftOut>);

fn tried(stage: &Stage<'_>, ways: &[tried::Way]) -> (Found, Attacked) {
    let (rows, who) = tried::run(stage, ways);
    (Found::Tried(rows), who)
}

/// What every attack is given.
struct Stage<'s> {
    data: &'s DataSet,
    setup: &'s Setup,
    attack: Attack,
    on_account: &'s (dyn Fn() + Sync),
}

impl Stage<'_> {
    /// Does this to every account that can be attacked, on all cores; results are in the order of
    /// the recording. `None` where it cannot be done for want of typings of other people.
    fn each<T: Send>(
        &self,
        attack: impl Fn(&Owner<'_>) -> Option<T> + Sync,
    ) -> (Vec<(String, T)>, Attacked) {
        let protocol = self.setup.protocol(self.attack);
        let least = self.setup.least_attempts(self.attack);
        let of_account = |number: usize| {
            let owner = Owner::enrolled(self.data, number, protocol, least, self.setup.gain);
            let result = owner.and_then(|owner| attack(&owner).ok_or(Reason::OneSided));
            (self.on_account)();
            result
        };
        let accounts = self.setup.accounts(self.data);
        let results: Vec<Result<T, Reason>> =
            (0..accounts).into_par_iter().map(of_account).collect();
        let (mut found, mut left_out) = (Vec::new(), Vec::new());
        for (typist, result) in self.data.typists().iter().zip(results) {
            let name = typist.name.clone();
            match result {
                Ok(result) => found.push((name, result)),
                Err(reason) => left_out.push(LeftOut { name, reason }),
            }
        }
        let attacked = (found.len(), left_out);
        (found, attacked)
    }
}

#[cfg(test)]
mod tests;
