//! Names from outside, on a terminal or in a log.

/// A name in which nothing but letters, digits, blanks and ASCII's signs is left as it is: it can
/// neither forge a line nor move a terminal's cursor, colour or direction of writing. What is
/// printable already stays the same.
#[must_use]
pub fn printable(name: &str) -> String {
    let harmless = |c: char| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    let mut shown = String::with_capacity(name.len());
    for c in name.chars() {
        if harmless(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reaches_no_terminal_raw() {
        assert_eq!(
            printable("J\u{fc}rgen's file-1.csv"),
            "J\u{fc}rgen's file-1.csv"
        );
        assert_eq!(printable("a\nb\u{1b}[31m\u{9b}"), "a\\nb\\u{1b}[31m\\u{9b}");
        assert_eq!(printable("\u{202e}lave"), "\\u{202e}lave");
        let once = printable("\u{7}\\");
        assert_eq!(printable(&once), once);
    }
}
