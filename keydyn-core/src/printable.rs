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

/// The start of a name in such a form: one that fills a line of the log says no more than its start.
#[must_use]
pub fn excerpt(name: &str) -> String {
    const MOST: usize = 64;
    let start: String = name.chars().take(MOST).collect();
    let mut shown = printable(&start);
    if name.chars().nth(MOST).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_name_the_start_is_told() {
        assert_eq!(excerpt("alice"), "alice");
        assert_eq!(excerpt("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert!(excerpt(&"x".repeat(1000)).len() < 80);
    }

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
