//! The terminal: what it can show, and lines of text on it.

use std::env;
use std::io::{self, IsTerminal as _, Write};

use crate::error::Error;

/// No line is longer.
pub(crate) const WIDTH: usize = 80;

/// What a text is to stand out for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It is not.
    #[default]
    Plain,
    /// It is of little weight.
    Faint,
    /// A heading.
    Strong,
    /// Let in, or as promised.
    Good,
    /// Kept out, or not as promised.
    Bad,
    /// Something began: armed, waiting.
    Turn,
    /// The owner, in a picture.
    Owner,
    /// Somebody else, in a picture.
    Other,
}

impl Tone {
    /// The parameters of SGR (ECMA-48, 8.3.117). Only the eight colours that every theme has.
    fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Faint => "2",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Turn => "1;33",
            Self::Owner => "36",
            Self::Other => "35",
        }
    }
}

/// Signs that have a plain form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    pub(crate) rule: char,
    pub(crate) arrow: &'static str,
    pub(crate) yes: char,
    pub(crate) no: char,
    pub(crate) axis: char,
}

const UNICODE: Signs = Signs {
    rule: '─',
    arrow: "→",
    yes: '✓',
    no: '✗',
    axis: '│',
};

const ASCII: Signs = Signs {
    rule: '-',
    arrow: "->",
    yes: '.',
    no: 'X',
    axis: '|',
};

/// Where the story is told.
pub(crate) struct Screen {
    out: Box<dyn Write>,
    colour: bool,
    unicode: bool,
    terminal: bool,
}

impl Screen {
    /// Standard output: colour only on a terminal and unless NO_COLOR is set, Unicode unless the
    /// locale or the caller says otherwise.
    pub(crate) fn new(ascii: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            out: Box::new(io::stdout()),
            colour: terminal && !dumb && !set("NO_COLOR"),
            unicode: !ascii && is_utf8(|name| env::var(name).ok()),
            terminal: terminal && !dumb,
        }
    }

    /// Whether more than ASCII can be shown.
    pub(crate) fn unicode(&self) -> bool {
        self.unicode
    }

    /// The signs that can be shown.
    pub(crate) fn signs(&self) -> Signs {
        if self.unicode { UNICODE } else { ASCII }
    }

    /// The text in its tone, if there is colour.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour || tone == Tone::Plain || text.trim().is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", tone.sgr())
    }

    /// A line, shown at once.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Error> {
        let text = text.trim_end();
        writeln!(self.out, "{text}")
            .and_then(|()| self.out.flush())
            .map_err(Error::Screen)
    }

    /// A line in a tone.
    pub(crate) fn say(&mut self, tone: Tone, text: &str) -> Result<(), Error> {
        let text = self.paint(tone, text);
        self.line(&text)
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) -> Result<(), Error> {
        self.line("")
    }

    /// The heading of a part, and in a few words what it shows.
    pub(crate) fn part(&mut self, title: &str, about: &[&str]) -> Result<(), Error> {
        self.gap()?;
        self.say(Tone::Strong, title)?;
        for line in about {
            self.say(Tone::Faint, &format!("   {line}"))?;
        }
        self.gap()
    }

    /// What the rows above came to.
    pub(crate) fn note(&mut self, tone: Tone, text: &str) -> Result<(), Error> {
        let arrow = self.signs().arrow;
        self.say(tone, &format!("   {arrow} {text}"))
    }

    /// A line that the next one overwrites; only on a terminal.
    pub(crate) fn passing(&mut self, text: &str) -> Result<(), Error> {
        if !self.terminal {
            return Ok(());
        }
        let text = self.paint(Tone::Faint, text);
        write!(
            self.out,
            "\r\u{1b}[K{text}{}",
            if text.is_empty() { "" } else { "\r" }
        )
        .and_then(|()| self.out.flush())
        .map_err(Error::Screen)
    }
}

/// The locale as the C library would find it.
fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let locale = |set: &'static [(&str, &str)]| {
            is_utf8(|name| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(locale(&[("LANG", "de_DE.UTF-8")]));
        assert!(locale(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(!locale(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!locale(&[]));
    }
}
