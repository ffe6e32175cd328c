//! What progress looks like on a terminal, however narrow or plain. It tells how alike typings
//! are, never a timing, a key or a length.

use std::env;

use crate::terminal;

/// Where a terminal does not say how wide it is.
const USUAL_WIDTH: u16 = 80;
/// The result of a typing stands behind the prompt.
const ROOM_FOR_THE_RESULT: usize = 13;
/// Of the columns that are left, so many are for the signs alone.
const LEAST_FOR_A_BAR: usize = 12;

/// How a typing compares with those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// There is nothing to compare with yet.
    Unknown,
    Typical,
    Alike,
    Unlike,
    Unusual,
}

impl Mark {
    /// Of a score, by how far it is from the threshold.
    pub(crate) fn of(score: Option<f64>, threshold: f64) -> Self {
        match score.map(|score| score - threshold) {
            None => Self::Unknown,
            Some(off) if off <= -0.3 => Self::Typical,
            Some(off) if off <= -0.1 => Self::Alike,
            Some(off) if off <= 0.0 => Self::Unlike,
            Some(_) => Self::Unusual,
        }
    }

    fn height(self) -> usize {
        match self {
            Self::Unknown => 0,
            Self::Typical => 1,
            Self::Alike => 2,
            Self::Unlike => 3,
            Self::Unusual => 4,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unknown => "noted",
            Self::Typical | Self::Alike => "typical",
            Self::Unlike => "a bit off",
            Self::Unusual => "unusual",
        }
    }
}

/// How to write for this terminal.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    columns: usize,
    colour: bool,
    blocks: bool,
}

impl Screen {
    pub(crate) fn new(columns: Option<u16>) -> Self {
        let set = |name: &str| env::var(name).is_ok_and(|value| !value.is_empty());
        let dumb = env::var("TERM").map_or(true, |term| term == "dumb" || term.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Self {
            columns: columns.unwrap_or(USUAL_WIDTH).into(),
            colour: !dumb && !set("NO_COLOR"),
            blocks: !dumb && utf8,
        }
    }

    /// A paragraph, broken between words.
    pub(crate) fn filled(&self, text: &str) -> String {
        terminal::filled(text, ["", ""], Some(self.columns))
    }

    /// The prompt of the next typing: how many are learned, how many it takes at least, and how
    /// alike the last ones were.
    pub(crate) fn prompt(&self, done: u32, needed: u32, marks: &[Mark]) -> String {
        let count = format!("{done} done, {needed}+ to go");
        // As wide as it gets, so that the bars stand below each other.
        let count = format!("{count:<18}");
        let room = self
            .columns
            .saturating_sub(count.len() + " > ".len() + ROOM_FOR_THE_RESULT);
        let bar = match room {
            ..=LEAST_FOR_A_BAR => String::new(),
            _ => format!(" [{}]", self.bar(done, done + needed, (room / 2).min(24))),
        };
        let line = room.saturating_sub(bar.chars().count() + " ".len()).min(24);
        format!("{count}{bar} {} > ", self.sparkline(marks, line))
    }

    /// What the signs of [`Screen::prompt`] mean, in one line.
    pub(crate) fn legend(&self) -> String {
        let [unknown, typical, alike, unlike, unusual] = self.shapes();
        let (noted, typically) = (Mark::Unknown.word(), Mark::Typical.word());
        let (off, odd) = (Mark::Unlike.word(), Mark::Unusual.word());
        format!("{unknown} {noted} {typical}{alike} {typically} {unlike} {off} {unusual} {odd}")
    }

    fn shapes(&self) -> [char; 5] {
        if self.blocks {
            ['·', '▁', '▂', '▄', '█']
        } else {
            ['.', '_', '-', '=', '#']
        }
    }

    fn bar(&self, done: u32, of: u32, width: usize) -> String {
        let (done, of) = (done as usize, (of as usize).max(1));
        let full = (width * done / of).min(width);
        let (on, off) = if self.blocks {
            ("█", "░")
        } else {
            ("#", ".")
        };
        on.repeat(full) + &off.repeat(width - full)
    }

    fn sparkline(&self, marks: &[Mark], width: usize) -> String {
        let shapes = self.shapes();
        let last = &marks[marks.len().saturating_sub(width)..];
        let line: String = last.iter().map(|mark| shapes[mark.height()]).collect();
        let padding = width - last.len();
        line + &" ".repeat(padding)
    }

    /// The word for a typing.
    pub(crate) fn mark(&self, mark: Mark) -> String {
        let colour = match mark {
            Mark::Typical | Mark::Alike => "32",
            Mark::Unlike | Mark::Unusual => "33",
            Mark::Unknown => return mark.word().to_owned(),
        };
        if self.colour {
            format!("\x1b[{colour}m{}\x1b[0m", mark.word())
        } else {
            mark.word().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(columns: usize) -> Screen {
        Screen {
            columns,
            colour: false,
            blocks: false,
        }
    }

    #[test]
    fn marks_follow_the_distance_from_the_threshold() {
        let of = |score| Mark::of(Some(score), 0.05);
        assert_eq!(Mark::of(None, 0.05), Mark::Unknown);
        assert_eq!(of(-0.5), Mark::Typical);
        assert_eq!(of(-0.1), Mark::Alike);
        assert_eq!(of(0.05), Mark::Unlike);
        assert_eq!(of(0.06), Mark::Unusual);
        assert_eq!(of(f64::NAN), Mark::Unusual);
    }

    #[test]
    fn prompt_result_and_legend_fit_the_terminal() {
        let marks = [Mark::Typical; 60];
        for columns in [40, 50, 60, 80, 200] {
            for (done, needed) in [(0, 23), (9, 40), (60, 0), (999, 999)] {
                let seen = &marks[..(done as usize).min(60)];
                let prompt = plain(columns).prompt(done, needed, seen);
                let widest = prompt.chars().count() + " not accepted".len() - 1;
                assert!(widest <= columns, "{columns}: {prompt:?}");
            }
            assert!(plain(columns).legend().chars().count() <= columns);
        }
        let marks = [Mark::Unknown, Mark::Typical, Mark::Unusual];
        assert_eq!(
            plain(40).prompt(3, 20, &marks),
            "3 done, 20+ to go  ._#   > "
        );
        let blocks = Screen {
            blocks: true,
            ..plain(60)
        };
        let wide = blocks.prompt(12, 12, &marks);
        assert_eq!(wide, "12 done, 12+ to go [██████░░░░░░░] ·▁█       > ");
        assert_eq!(blocks.legend(), "· noted ▁▂ typical ▄ a bit off █ unusual");
        assert_eq!(
            plain(40).legend(),
            ". noted _- typical = a bit off # unusual"
        );
    }

    #[test]
    fn a_plain_terminal_gets_no_escape() {
        assert_eq!(plain(80).mark(Mark::Typical), "typical");
        let colour = Screen {
            colour: true,
            ..plain(80)
        };
        assert_eq!(colour.mark(Mark::Typical), "\x1b[32mtypical\x1b[0m");
    }
}
