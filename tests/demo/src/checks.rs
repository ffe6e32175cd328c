//! What was promised, what was found, and whether that is the same.

use crate::error::Error;
use crate::screen::{Screen, Tone};
use crate::table::{Cell, Side, Table};

/// The promises so far.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<Check>);

#[derive(Debug)]
struct Check {
    promise: String,
    found: String,
    kept: bool,
}

const SUMMARY: Table = Table::new(&[
    ("promised", 44, Side::Left),
    ("found", 26, Side::Left),
    ("kept", 4, Side::Left),
]);

impl Checks {
    /// Notes a promise and what was found.
    pub(crate) fn note(
        &mut self,
        kept: bool,
        promise: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.0.push(Check {
            promise: promise.into(),
            found: found.into(),
            kept,
        });
    }

    /// Shows all of them and says what failed. Whether all were kept.
    pub(crate) fn sum_up(&self, screen: &mut Screen) -> Result<bool, Error> {
        SUMMARY.head(screen)?;
        for check in &self.0 {
            let kept = match check.kept {
                true => Cell::new(Tone::Good, "yes"),
                false => Cell::new(Tone::Bad, "NO"),
            };
            let cells = [
                check.promise.clone().into(),
                check.found.clone().into(),
                kept,
            ];
            SUMMARY.row(screen, cells)?;
        }
        screen.gap()?;
        let broken: Vec<_> = self.0.iter().filter(|check| !check.kept).collect();
        for check in &broken {
            let text = format!("NOT AS PROMISED: {} ({})", check.promise, check.found);
            screen.say(Tone::Bad, &text)?;
        }
        if broken.is_empty() {
            screen.say(Tone::Good, "Everything went as promised.")?;
        }
        Ok(broken.is_empty())
    }
}
