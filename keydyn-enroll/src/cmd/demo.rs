//! `keydyn demo`: the model at work on somebody who never lived.

use std::io::Write;

use clap::Args;
use keydyn_core::digraph::{KeySequence, Sample};
use keydyn_core::eval::typist::SyntheticTypist;
use keydyn_core::key::KeyCode;
use keydyn_core::policy::{Decision, Strictness, decide};
use keydyn_core::store::profile::{Lesson, Profile};
use keydyn_core::time::Timestamp;

use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::{item, paragraph};

/// "keydyn12", by the keys' positions on a keyboard.
const TEXT: [u16; 8] = [37, 18, 21, 32, 21, 49, 2, 3];
const STRANGERS: u32 = 20;
const LOGINS: u32 = 400;
/// A tenth of a per cent faster at every login.
const DRIFT: f64 = -0.001;

const MORE: &str = "\
Nothing is read or written but the terminal. `make demo` in the source tree does the whole thing: \
recorded key events through the real libpam, with sealed profiles on a disk.
";

/// Watch somebody be learned, accepted, imitated and followed.
///
/// The people are synthetic: each has habits of his own, drawn as habits are spread among real
/// people. They are steadier than people are, so this shows how keydyn works, not how well; for
/// that see `keydyn evaluate`.
#[derive(Debug, Args)]
#[command(after_help = format!("{MORE}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    /// Other people
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// An account that judges and learns like the module's.
#[derive(Clone, Debug)]
struct Login {
    profile: Profile,
    clock: u64,
}

impl Login {
    /// Every typing is made five hours after the last one that was learned.
    fn now(&self) -> Timestamp {
        Timestamp(self.clock + 5 * 3600)
    }

    fn learn(&mut self, sample: &Sample) {
        let now = self.now();
        self.clock = now.0;
        let lesson = Lesson {
            sample,
            at: now,
            keyboard: 0,
            strictness: Strictness::Normal,
            min_samples: 20,
            may_arm: true,
        };
        // Everybody here types the same text, whole.
        let _ = self.profile.learn(&lesson);
    }

    fn accepts(&self, sample: &Sample) -> bool {
        let score = self
            .profile
            .judge(sample, self.now())
            .ok()
            .and_then(|j| j.score);
        decide(score, Strictness::Normal) == Decision::Genuine
    }

    fn explain(&self, out: &mut dyn Write, sample: &Sample) -> Result<(), Failure> {
        let Ok(explanation) = self.profile.explain(sample, self.now()) else {
            return Ok(());
        };
        for step in explanation.furthest(3) {
            item(out, &format!("- {step}"))?;
        }
        Ok(())
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let keys = || KeySequence::new(TEXT.map(KeyCode).to_vec());
    let person = |number| SyntheticTypist::new(arguments.seed, number, keys());
    let Some(owner) = person(0) else {
        return Ok(());
    };
    let strangers: Vec<Sample> = (1..=STRANGERS)
        .filter_map(|number| Some(person(u64::from(number))?.sample(0)))
        .collect();

    let mut login = Login {
        profile: Profile::new(),
        clock: 0,
    };
    paragraph(out, "1. Somebody logs in, and keydyn learns", "   ")?;
    let mut typings = 0;
    while !login.profile.armed() && typings < LOGINS {
        login.learn(&owner.sample(typings));
        typings += 1;
    }
    let armed = format!("After {typings} typings of the password the account is armed.");
    item(out, &armed)?;

    paragraph(out, "2. The owner goes on logging in", "   ")?;
    let owners = typings..typings + 100;
    let accepted = owners.filter(|&i| login.accepts(&owner.sample(i))).count();
    item(out, &format!("{accepted} of 100 logins are accepted."))?;

    paragraph(out, "3. Others have the password", "   ")?;
    let refused: Vec<&Sample> = strangers.iter().filter(|s| !login.accepts(s)).collect();
    let (number, of) = (refused.len(), strangers.len());
    item(
        out,
        &format!("{number} of {of} people are refused, each at the first try."),
    )?;
    if let Some(sample) = refused.first() {
        item(out, "Why the first of them was, by position only:")?;
        login.explain(out, sample)?;
    }

    paragraph(
        out,
        "4. The owner gets faster, a little at every login",
        "   ",
    )?;
    let frozen = login.clone();
    let faster = owner.with_drift(DRIFT);
    let (mut followed, mut left_behind) = (0, 0);
    for i in 0..LOGINS {
        let sample = faster.sample(i);
        left_behind += u32::from(i >= LOGINS - 100 && frozen.accepts(&sample));
        if login.accepts(&sample) {
            followed += u32::from(i >= LOGINS - 100);
            login.learn(&sample);
        }
    }
    let share = 100.0 * (1.0 - (DRIFT * f64::from(LOGINS)).exp());
    item(
        out,
        &format!("After {LOGINS} logins everything takes {share:.0} % less time."),
    )?;
    let text = format!(
        "Of the last 100, {followed} are accepted; a template that had not gone on learning \
         would have accepted {left_behind}."
    );
    item(out, &text)?;
    let refused = strangers.iter().filter(|s| !login.accepts(s)).count();
    item(
        out,
        &format!("Of the others, {refused} of {of} are refused now."),
    )?;
    paragraph(out, MORE.trim_end(), "")?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seed: u64) -> String {
        let mut out = Vec::new();
        run(&Arguments { seed }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_same_people_do_the_same() {
        assert_eq!(shown(1), shown(1));
        assert_ne!(shown(1), shown(2));
    }
}
