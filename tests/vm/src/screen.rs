//! What stands on the screen.

use std::fmt;

const COLUMNS: usize = 80;

/// The text of tty1 at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen(Vec<String>);

impl Screen {
    /// From the characters of `/dev/vcs1`, which has no ends of lines.
    #[must_use]
    pub fn from_memory(characters: &str) -> Self {
        let characters: Vec<char> = characters.chars().collect();
        let lines = characters.chunks(COLUMNS).map(|line| {
            let line: String = line.iter().collect();
            line.trim_end().to_owned()
        });
        Self(lines.collect())
    }

    /// The last line on which anything stands.
    #[must_use]
    pub fn last_line(&self) -> &str {
        self.0
            .iter()
            .rfind(|line| !line.is_empty())
            .map_or("", String::as_str)
    }

    /// The last lines on which anything stands, so many of them.
    #[must_use]
    pub fn last_lines(&self, count: usize) -> Vec<&str> {
        let used = self.0.iter().rev().filter(|line| !line.is_empty());
        used.take(count).map(String::as_str).collect()
    }

    /// Whether the last line ends with one of these.
    #[must_use]
    pub fn prompts(&self, prompts: &[&str]) -> bool {
        prompts
            .iter()
            .any(|prompt| self.last_line().ends_with(prompt))
    }

    /// Whether the last that was written is this, however its lines were broken.
    #[must_use]
    pub fn ends_with(&self, text: &str) -> bool {
        let close = |text: &str| text.split_whitespace().collect::<String>();
        close(&self.0.concat()).ends_with(&close(text))
    }

    /// What stands behind this text where a line begins with it, the last such line.
    #[must_use]
    pub fn after(&self, text: &str) -> Option<&str> {
        self.0.iter().rev().find_map(|line| line.strip_prefix(text))
    }

    /// Whether this text stands on any line.
    #[must_use]
    pub fn shows(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.contains(text))
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.iter().filter(|line| !line.is_empty());
        for line in used {
            writeln!(f, "    | {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_cut_into_lines() {
        let line = |text: &str| format!("{text:<COLUMNS$}");
        let memory = [
            line("Debian"),
            line("host login: me"),
            line("Password:"),
            line(""),
        ]
        .concat();
        let screen = Screen::from_memory(&memory);
        assert_eq!(screen.last_line(), "Password:");
        assert!(screen.shows("login: me"));
        assert!(screen.ends_with("me Password:") && !screen.ends_with("me"));
        assert!(!screen.shows("incorrect"));
        assert_eq!(Screen::from_memory(&line("")).last_line(), "");
    }
}
