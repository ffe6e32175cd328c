//! What a result is written on: how wide it is, and whether it can be emphasised.

use crate::terminal::filled;

/// Fewer columns than this are not respected: nothing could be written on them.
const NARROWEST: usize = 40;

/// The width of a terminal, or of anything else that is read by people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paper {
    /// In columns; `None`: as wide as it takes, as in a file or a pipe.
    pub(crate) width: Option<usize>,
    /// Whether headings are bold.
    pub(crate) bold: bool,
}

impl Paper {
    /// What is behind standard output: `COLUMNS` wide if that is set, as wide as the terminal
    /// otherwise. Bold on a terminal only, and not with `NO_COLOR`.
    pub(crate) fn of_stdout() -> Self {
        let terminal = console::Term::stdout();
        let size = terminal.size_checked();
        let real = size.map(|(_, columns)| usize::from(columns));
        Self {
            width: width(std::env::var("COLUMNS").ok().as_deref(), real),
            bold: terminal.is_term() && terminal.features().colors_supported(),
        }
    }

    /// Whether lines so long fit.
    pub(crate) fn holds(&self, columns: usize) -> bool {
        self.width.is_none_or(|width| columns <= width)
    }

    /// The text in bold, if that is possible.
    pub(crate) fn emphasised(&self, text: &str) -> String {
        if self.bold {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// The text in lines that fit, broken between words; those after the first are indented.
    /// A word that is longer than a line stays whole.
    pub(crate) fn wrapped(&self, text: &str, indent: usize) -> String {
        filled(text, ["", &" ".repeat(indent)], self.width) + "\n"
    }
}

fn width(columns: Option<&str>, real: Option<usize>) -> Option<usize> {
    let asked = columns.and_then(|columns| columns.trim().parse().ok());
    asked
        .filter(|columns| *columns > 0)
        .or(real)
        .map(|columns: usize| columns.max(NARROWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Paper = Paper {
        width: Some(12),
        bold: false,
    };

    #[test]
    fn columns_come_before_the_terminal_and_neither_binds_a_file() {
        for (columns, real, expected) in [
            (None, None, None),
            (None, Some(100), Some(100)),
            (Some("72"), Some(100), Some(72)),
            (Some("72"), None, Some(72)),
            (Some("0"), Some(100), Some(100)),
            (Some("wide"), None, None),
            (Some("3"), None, Some(NARROWEST)),
        ] {
            assert_eq!(width(columns, real), expected, "{columns:?} {real:?}");
        }
    }

    #[test]
    fn words_are_not_broken() {
        assert_eq!(NARROW.wrapped("one two three", 2), "one two\n  three\n");
        assert_eq!(
            NARROW.wrapped("a incomprehensibly long", 0),
            "a\nincomprehensibly\nlong\n"
        );
        let wide = Paper {
            width: None,
            bold: false,
        };
        assert_eq!(wide.wrapped("one two three", 2), "one two three\n");
    }

    #[test]
    fn emphasis_is_for_terminals() {
        assert_eq!(NARROW.emphasised("x"), "x");
        let bold = Paper {
            bold: true,
            ..NARROW
        };
        assert_eq!(bold.emphasised("x"), "\u{1b}[1mx\u{1b}[0m");
    }
}
