//! Which lines of Debian's common files pam-auth-update has written.

use std::ops::Range;

/// What it writes in front of its lines, and behind them.
const BLOCKS: [(&str, &str); 2] = [
    (
        "# here are the per-package modules (the \"Primary\" block)",
        "# here's the fallback if no module succeeds",
    ),
    (
        "# and here are more per-package modules (the \"Additional\" block)",
        "# end of pam-auth-update config",
    ),
];

/// The numbers of the lines between its marks; none where it has nothing to do with the file.
pub(crate) fn blocks(text: &str) -> Vec<Range<usize>> {
    let line = |mark: &str| {
        let at = text.lines().position(|line| line.trim_end() == mark)?;
        Some(at + 1)
    };
    let block = |(from, to): (&str, &str)| Some(line(from)? + 1..line(to)?);
    BLOCKS.into_iter().filter_map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_between_the_marks_are_its_own() {
        let text = "\
by hand
# here are the per-package modules (the \"Primary\" block)
3
4
# here's the fallback if no module succeeds
6
# and here are more per-package modules (the \"Additional\" block)
8
# end of pam-auth-update config
by hand
";
        assert_eq!(blocks(text), [3..5, 8..9]);
        assert!(blocks("auth required pam_unix.so\n").is_empty());
    }
}
