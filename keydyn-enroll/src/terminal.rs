//! Texts for whoever sits in front of a terminal, however narrow, and for pipes.

use std::io::{self, IsTerminal as _, Write};

use textwrap::{Options, WordSplitter};

/// Nothing is broken for a pipe, whose reader may look for a sentence.
const UNBROKEN: usize = usize::MAX;

/// Writes a paragraph, broken between words where the terminal ends. `indent` stands in front of
/// every line but the first.
pub(crate) fn paragraph(out: &mut dyn Write, text: &str, indent: &str) -> io::Result<()> {
    let width = if io::stdout().is_terminal() {
        textwrap::termwidth()
    } else {
        UNBROKEN
    };
    writeln!(out, "{}", filled(text, indent, width))
}

fn filled(text: &str, indent: &str, width: usize) -> String {
    let options = Options::new(width)
        .subsequent_indent(indent)
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
            filled(text, "  ", 20),
            "files:\n  /var/lib/keydyn/accounts/1000.profile\n  and others"
        );
        assert_eq!(filled(text, "  ", UNBROKEN), text);
    }
}
