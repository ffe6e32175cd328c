//! `keydyn undo`: what was learned last is forgotten, and the rhythm is as it was before.

use std::io::Write;

use clap::{Args, value_parser};
use keydyn_core::store::profile::Sitting;
use keydyn_core::store::state::Phase;
use keydyn_core::store::vault::undo::Undone;
use keydyn_core::store::vault::{LearnError, Opening};
use keydyn_core::time::Timestamp;
use keydyn_sys::system;

use crate::account::{Account, Directories};
use crate::failure::{EXIT_CODES, Failure};
use crate::report::status::ago;
use crate::report::{counted, counted_are};
use crate::terminal::{confirm, item, paragraph};
use crate::typist::{Known, TypingFailure};

use super::sitting::{self, end_as_asked};

const EXAMPLES: &str = "\
Examples:
  sudo keydyn undo alice --list
      what was learned last, sitting by sitting; alice types her password
  sudo keydyn undo alice
      forgets the last sitting, and asks first
  sudo keydyn undo alice --sittings 3 --yes
      forgets the last three

For a user at whose keyboard somebody else was let in: what they typed was learned too. Without \
the password only `keydyn reset` helps, which begins anew.
";

/// Forget what was learned last.
///
/// Each login that is accepted teaches the rhythm. This takes the last of them back, a sitting at a
/// time (typings with less than four hours between them), as if they had never been. It goes back
/// as far as typings are kept, a hundred at most, and never to before the rhythm was in force. What
/// is sealed opens only with the password, so the user types it; how it is typed does not matter.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    sitting: sitting::Sitting,

    /// Forget so many sittings
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=100))]
    sittings: u16,

    /// Only tell which there are
    #[arg(long, conflicts_with_all = ["sittings", "yes"])]
    list: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    match undo(arguments, out) {
        Err(failure @ Failure::Typing(_)) => Err(end_as_asked(failure)),
        done => done,
    }
}

fn undo(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    let (places, account, known) = arguments.sitting.open_unheard("undo")?;
    let sittings = undoable(&places, &account, &known)?;
    let now = system::now();
    if sittings.is_empty() {
        return Err(Failure::Unlearned(account.to_string()));
    }
    if arguments.list {
        list(out, &account, &sittings, now)?;
        return Ok(out.flush()?);
    }
    let wanted = usize::from(arguments.sittings);
    let undone = sittings.get(..wanted).ok_or_else(|| {
        let there = sittings.len();
        Failure::Usage(format!(
            "{wanted} sittings were asked for and {there} can be taken back; see \
             `keydyn undo {} --list`",
            account.argument()
        ))
    })?;
    let typings: u32 = undone.iter().map(|sitting| sitting.typings).sum();
    let since = undone.last().map_or(now, |oldest| oldest.first);
    let question = format!(
        "What was learned of {account} from {} on ({}) will be forgotten.",
        ago(since.0, now),
        counted(typings, "typing")
    );
    confirm(&question, arguments.yes)?;
    let done = taken_back(arguments, &places, &account, &known, undone)?;
    let left = match done.phase {
        Phase::Armed => format!(
            "The rhythm stays in force as {} typings have taught it.",
            done.samples
        ),
        _ if done.samples == 0 => "Learning begins anew.".to_owned(),
        _ => format!(
            "{} left, and learning goes on.",
            counted_are(done.samples, "typing")
        ),
    };
    paragraph(
        out,
        &format!("{} forgotten. {left}", counted_are(done.typings, "typing")),
        "",
    )?;
    Ok(out.flush()?)
}

/// The sittings of the profile that the password opens, the newest first.
fn undoable(
    places: &Directories,
    account: &Account,
    known: &Known,
) -> Result<Vec<Sitting>, Failure> {
    let vault = places.vault(account, known.host.as_ref());
    let keys = known.keys().fitting(vault.derivation());
    match vault.open(keys.found.0) {
        Opening::Open(profile, _) => Ok(profile.sittings()),
        Opening::Absent => Ok(Vec::new()),
        Opening::Damaged(damage) => Err(TypingFailure::Damage(damage).into()),
        Opening::OtherPassword => Err(TypingFailure::OtherPassword {
            user: account.argument(),
        }
        .into()),
    }
}

fn taken_back(
    arguments: &Arguments,
    places: &Directories,
    account: &Account,
    known: &Known,
    sittings: &[Sitting],
) -> Result<Undone, Failure> {
    let rules = (
        arguments.sitting.strictness(),
        arguments.sitting.settings().min_samples,
    );
    let nonce = system::random().ok_or(TypingFailure::Learn(LearnError::NoRandomness))?;
    let vault = places.vault(account, known.host.as_ref());
    let undone = vault.undo(known.keys(), sittings, rules, nonce);
    Ok(undone.map_err(TypingFailure::from)?)
}

fn list(
    out: &mut dyn Write,
    account: &Account,
    sittings: &[Sitting],
    now: Timestamp,
) -> Result<(), Failure> {
    let text = format!("Learned of {account}, the last sitting first:");
    paragraph(out, &text, "")?;
    for (sitting, number) in sittings.iter().zip(1..) {
        let Sitting {
            first,
            typings,
            keyboards,
            ..
        } = sitting;
        let keyboards = match keyboards {
            1 => String::new(),
            n => format!(" on {n} keyboards"),
        };
        let (ago, typings) = (ago(first.0, now), counted(*typings, "typing"));
        item(out, &format!("{number}. {ago}: {typings}{keyboards}"))?;
    }
    paragraph(out, "`--sittings N` forgets the first N of these.", "")?;
    Ok(())
}
