//! The command line that asked for a page, for whoever wants to have it again.

use std::ffi::OsString;

/// The command line of this process as a shell would take it, without the name of the page itself:
/// the page is the same wherever it is written.
pub(crate) fn command_line() -> String {
    written(std::env::args_os().skip(1))
}

fn written(arguments: impl Iterator<Item = OsString>) -> String {
    let mut words = vec!["keydyn".to_owned()];
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        if argument == "--html" {
            arguments.next();
        } else if !argument.starts_with("--html=") {
            words.push(quoted(&argument));
        }
    }
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_could_be_typed_again() {
        let of = |words: &[&str]| written(words.iter().map(OsString::from));
        assert_eq!(
            of(&["evaluate", "a b's.csv", "--html", "x.html", "--seeds", "3"]),
            "keydyn evaluate 'a b'\\''s.csv' --seeds 3"
        );
        assert_eq!(
            of(&["evaluate", "--html=x.html", "c.csv"]),
            "keydyn evaluate c.csv"
        );
    }
}
