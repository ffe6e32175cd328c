//! Texts for whoever sits in front of a terminal, however narrow, and for pipes.

use std::io::{self, IsTerminal as _, Write};

use textwrap::{Options, WordSplitter};

use crate::failure::Failure;

/// Writes a paragraph, broken between words where the terminal ends. `indent` stands in front of
/// every line but the first.
pub(crate) fn paragraph(out: &mut dyn Write, text: &str, indent: &str) -> io::Result<()> {
    writeln!(out, "{}", filled(text, ["", indent], width()))
}

/// Writes something that belongs to the paragraph before.
pub(crate) fn item(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", filled(text, ["  ", "    "], width()))
}

/// Writes a paragraph that is no result: a question, or what went wrong.
pub(crate) fn aside(text: &str) -> io::Result<()> {
    let mut out = io::stderr();
    let width = out.is_terminal().then(textwrap::termwidth);
    writeln!(out, "{}", filled(text, ["", ""], width))
}

/// Nothing is broken for a pipe, whose reader may look for a sentence.
fn width() -> Option<usize> {
    io::stdout().is_terminal().then(textwrap::termwidth)
}

/// Asks on the terminal, unless the command line has answered.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(Failure::NoTerminal);
    }
    aside(question)?;
    let mut prompt = io::stderr();
    write!(prompt, "Type yes to go on: ")?;
    prompt.flush()?;
    let mut answer = String::new();
    match input.read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}

/// The text in lines of so many columns, broken between words only; `first` stands in front of the
/// first line, `next` in front of the others.
pub(crate) fn filled(text: &str, [first, next]: [&str; 2], width: Option<usize>) -> String {
    let options = Options::new(width.unwrap_or(usize::MAX))
        .initial_indent(first)
        .subsequent_indent(next)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words_and_a_path_stays_whole() {
        let text = "files: /var/lib/keydyn/accounts/1000.profile and others";
        assert_eq!(
            filled(text, ["", "  "], Some(20)),
            "files:\n  /var/lib/keydyn/accounts/1000.profile\n  and others"
        );
        assert_eq!(filled(text, ["", "  "], None), text);
        assert_eq!(filled("/a/path", ["  ", ""], Some(5)), "  /a/path");
    }
}
