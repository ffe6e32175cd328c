//! Lines and words of a configuration file, as libpam cuts them.

/// The lines of a file that say something, each with the number it begins at. A line that ends in a
/// backslash goes on in the next; blank lines and comments between do not count.
///
/// # Errors
/// The number of a line that goes on behind the end of the file: libpam then gives up on the file.
/// The lines before it are returned too.
pub fn lines(text: &str) -> (Vec<(usize, String)>, Option<usize>) {
    let mut lines = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let line = line.trim_start_matches([' ', '\t', '\n']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (start, before) = begun.take().unwrap_or((number, String::new()));
        if let Some((said, _)) = line.split_once('#') {
            lines.push((start, before + said));
            continue;
        }
        match line.trim_end_matches([' ', '\t', '\n']).strip_suffix('\\') {
            Some(said) => begun = Some((start, before + said + " ")),
            None => lines.push((start, before + line)),
        }
    }
    (lines, begun.map(|(number, _)| number))
}

/// What libpam up to 1.5 reads of a line at most, and of lines that are joined: its buffer less a zero.
pub const LONGEST: usize = 1_023;

/// The number of the first line that is longer, a comment too: its rest is read as a line of its own,
/// or the file is given up on.
#[must_use]
pub fn too_long(text: &str) -> Option<usize> {
    let mut joined = 0;
    (1..)
        .zip(text.split_inclusive('\n'))
        .find_map(|(number, line)| {
            let length = joined + line.len();
            let said = line.trim_start_matches([' ', '\t', '\n']);
            if !said.is_empty() && !said.starts_with('#') {
                let goes_on = !said.contains('#') && said.trim_end().ends_with('\\');
                joined = if goes_on { length } else { 0 };
            }
            (length > LONGEST).then_some(number)
        })
}

/// The words of a line. What stands in brackets is one word, without them; `\]` in it is a bracket.
#[must_use]
pub fn words(line: &str) -> Vec<String> {
    const BLANKS: [char; 3] = [' ', '\t', '\n'];
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(BLANKS);
    while !rest.is_empty() {
        let word = match rest.strip_prefix('[') {
            Some(inside) => {
                let (word, after) = bracketed(inside);
                rest = after;
                word
            }
            None => {
                let end = rest.find(BLANKS).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                rest = after;
                word.to_owned()
            }
        };
        words.push(word);
        rest = rest.trim_start_matches(BLANKS);
    }
    words
}

fn bracketed(inside: &str) -> (String, &str) {
    let mut word = String::new();
    let mut characters = inside.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            ']' => return (word, &inside[at + 1..]),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == ']') => {
                characters.next();
                word.push(']');
            }
            c => word.push(c),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_on_behind_a_backslash() {
        let text =
            "# comment\n\nauth \\\n\n  # between\n  required \\ \npam_x.so # why\n account a\n";
        let (lines, unfinished) = lines(text);
        assert_eq!(unfinished, None);
        let words: Vec<_> = lines
            .iter()
            .map(|(number, line)| (*number, words(line).join(" ")))
            .collect();
        assert_eq!(
            words,
            [
                (3, "auth required pam_x.so".to_owned()),
                (8, "account a".to_owned())
            ]
        );
    }

    #[test]
    fn a_comment_ends_a_line_that_would_go_on() {
        let (lines, unfinished) = lines("auth required # \\\npam_x.so\n");
        assert_eq!((lines.len(), unfinished), (2, None));
    }

    #[test]
    fn a_file_that_ends_in_a_backslash_is_unfinished() {
        let (lines, unfinished) = lines("a b\nauth required \\\n");
        assert_eq!((lines.len(), unfinished), (1, Some(2)));
    }

    #[test]
    fn lines_that_no_libpam_reads_whole_are_told() {
        let long = |length: usize| "x".repeat(length);
        assert_eq!(too_long(&format!("{}\nauth\n", long(LONGEST - 1))), None);
        assert_eq!(too_long(&format!("a\n# {}\n", long(LONGEST - 2))), Some(2));
        let half = long(LONGEST / 2);
        assert_eq!(too_long(&format!("{half}\n{half}\n{half}\n")), None);
        let joined = format!("{half}\\\n# why\n\n{half}\\\n{half}\n");
        assert_eq!(too_long(&joined), Some(4));
        assert_eq!(too_long(&format!("{half} # \\\n{half}\n{half}\n")), None);
    }

    #[test]
    fn brackets_hold_a_word_together() {
        assert_eq!(
            words("auth [success=1  default=ignore]\tpam_x.so [a b] c[d] [e\\] [f"),
            [
                "auth",
                "success=1  default=ignore",
                "pam_x.so",
                "a b",
                "c[d]",
                "e] [f"
            ]
        );
        assert_eq!(words("[a]b"), ["a", "b"]);
        assert!(words(" \t\n").is_empty());
    }
}
