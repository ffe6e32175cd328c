//! The owner gets faster, and the profile follows.

use crate::clock::Clock;
use crate::disk::Disk;
use crate::error::Error;
use crate::login::Attempt;
use crate::people::PASSWORD;
use crate::screen::Tone;
use crate::table::{Cell, Side, Table};

use super::{DRIFT, PAUSE, Story};

const DRIFTING_DAYS: u32 = 15;
const DRIFTING_A_DAY: u32 = 10;
/// The last typings of the drift, on which the two templates are compared.
const LAST: usize = 20;

const DRIFTING: Table = Table::new(&[
    ("logins", 7, Side::Right),
    ("when", 6, Side::Left),
    ("tempo", 5, Side::Right),
    ("profile that learns", 20, Side::Left),
    ("copy frozen when armed", 22, Side::Left),
]);

impl Story<'_> {
    /// The owner goes on typing, a little faster each time. The last day of it.
    pub(super) fn drift(&mut self, disk: &Disk, frozen: &Disk, day: u32) -> Result<u32, Error> {
        let faster = format!(
            "{:.1} % faster with every typing. Left: the profile that goes on learning.",
            100.0 * (1.0 - DRIFT.exp())
        );
        let signs = self.screen.signs();
        let legend = format!("{} let in, {} refused.", signs.yes, signs.no);
        let about = [
            &*faster,
            "Right: each typing judged by a copy of the files as they were when armed.",
            &*legend,
        ];
        self.screen
            .part("6  The owner's rhythm drifts, 150 logins long", &about)?;
        DRIFTING.head(self.screen)?;
        let (mut living, mut frozen_verdicts) = (Vec::new(), Vec::new());
        let start = self.typed;
        for n in 0..DRIFTING_DAYS {
            let first = self.logins + 1;
            for m in 0..DRIFTING_A_DAY {
                let at = Clock::morning(day + n).after(PAUSE * u64::from(m));
                let trace = self.owner.trace(self.typed);
                let attempt = Attempt {
                    password: PASSWORD,
                    trace: &trace,
                    at,
                };
                living.push(self.console.log_in(disk, attempt)?.is_accepted());
                frozen_verdicts.push(self.console.log_in(&frozen.copy()?, attempt)?.is_accepted());
                self.typed += 1;
                self.logins += 1;
            }
            let tempo = (DRIFT * f64::from(self.typed - start)).exp();
            let cells = [
                format!("{first}-{}", self.logins).into(),
                format!("day {}", day + n).into(),
                format!("{:.0} %", 100.0 / tempo).into(),
                self.marks(&living),
                self.marks(&frozen_verdicts),
            ];
            DRIFTING.row(self.screen, cells)?;
        }
        self.drift_came_to(&living, &frozen_verdicts)?;
        Ok(day + DRIFTING_DAYS - 1)
    }

    fn drift_came_to(&mut self, living: &[bool], frozen: &[bool]) -> Result<(), Error> {
        let refused = |verdicts: &[bool]| verdicts.iter().filter(|accepted| !**accepted).count();
        let last = |verdicts: &[bool]| {
            let (_, last) = verdicts.split_at(verdicts.len().saturating_sub(LAST));
            refused(last)
        };
        let (all, living_last, frozen_last) = (refused(living), last(living), last(frozen));
        let text = format!(
            "Of the last {LAST}, the profile that learned refuses {living_last}, the frozen copy \
             {frozen_last}."
        );
        self.screen.note(Tone::Turn, &text)?;
        self.checks.note(
            10 * all <= living.len(),
            "The drifting owner is still accepted",
            format!("refused {all} of {}", living.len()),
        );
        self.checks.note(
            frozen_last > living_last && 10 * living_last <= LAST,
            format!("... because it learned (the last {LAST})"),
            format!("refused {living_last}, frozen {frozen_last}"),
        );
        Ok(())
    }

    /// The last ten verdicts as signs, and how many were accepted.
    fn marks(&self, verdicts: &[bool]) -> Cell {
        let (_, day) = verdicts.split_at(verdicts.len().saturating_sub(DRIFTING_A_DAY as usize));
        let signs = self.screen.signs();
        let marks: String = day
            .iter()
            .map(|in_| if *in_ { signs.yes } else { signs.no })
            .collect();
        let accepted = day.iter().filter(|in_| **in_).count();
        let tone = if accepted == day.len() {
            Tone::Good
        } else if 2 * accepted < day.len() {
            Tone::Bad
        } else {
            Tone::Turn
        };
        Cell::new(tone, format!("{marks}  {accepted:>2} in"))
    }
}
