//! Tables whose rows appear one at a time.

use crate::error::Error;
use crate::screen::{Screen, Tone, WIDTH};

/// Which side a column's text stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A column: its heading, its width in characters, its side.
pub(crate) type Column = (&'static str, usize, Side);

/// A text in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

/// Columns with two spaces between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table(&'static [Column]);

impl Cell {
    /// A text that stands out as this tone.
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { text, tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Tone::Plain, text)
    }
}

impl Table {
    /// A table of these columns.
    pub(crate) const fn new(columns: &'static [Column]) -> Self {
        Self(columns)
    }

    /// The headings and a line below them.
    pub(crate) fn head(self, screen: &mut Screen) -> Result<(), Error> {
        let titles = self
            .0
            .iter()
            .map(|(title, ..)| Cell::new(Tone::Faint, *title));
        self.row(screen, titles)?;
        let rule = screen.signs().rule;
        let width: usize = self.0.iter().map(|(_, width, _)| width + 2).sum();
        let rule: String = std::iter::repeat_n(rule, width.saturating_sub(2).min(WIDTH)).collect();
        screen.say(Tone::Faint, &rule)
    }

    /// One row; cells that are not given stay empty.
    pub(crate) fn row(
        self,
        screen: &mut Screen,
        cells: impl IntoIterator<Item = Cell>,
    ) -> Result<(), Error> {
        let cells = cells
            .into_iter()
            .zip(self.0)
            .map(|(cell, &(_, width, side))| {
                let padding = " ".repeat(width.saturating_sub(cell.text.chars().count()));
                let text = screen.paint(cell.tone, &cell.text);
                match side {
                    Side::Left => text + &padding,
                    Side::Right => padding + &text,
                }
            });
        let line = cells.collect::<Vec<_>>().join("  ");
        screen.line(&line)
    }
}
