//! The second word of a line: what becomes of each code that the module may return.

use crate::code::Code;

/// What libpam does with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Ignore,
    /// Counts for success, if nothing has failed.
    Ok,
    /// The same, and the stack (or substack) ends.
    Done,
    /// Fails, whatever comes.
    Bad,
    /// The same, and the stack (or substack) ends.
    Die,
    /// As if nothing had happened in this stack (or substack).
    Reset,
    /// Passes over so many lines.
    Jump(u32),
}

/// An action for each code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control([Action; Code::COUNT]);

/// Not white space by Rust's opinion, but by C's.
const VERTICAL_TAB: char = '\u{b}';

impl Control {
    /// The same for every code.
    #[must_use]
    pub fn every(action: Action) -> Self {
        Self([action; Code::COUNT])
    }

    /// One of the four words, else what stands in brackets. libpam takes away the brackets before
    /// it looks, and makes `bad` of everything where it does not understand.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        let word_is = |known: &str| word.eq_ignore_ascii_case(known);
        if word_is("required") {
            Self::simple(Action::Ok, Action::Ignore, Action::Bad)
        } else if word_is("requisite") {
            Self::simple(Action::Ok, Action::Ignore, Action::Die)
        } else if word_is("optional") {
            Self::simple(Action::Ok, Action::Ignore, Action::Ignore)
        } else if word_is("sufficient") {
            Self::simple(Action::Done, Action::Ignore, Action::Ignore)
        } else {
            Self::values(word).unwrap_or_else(|| Self::every(Action::Bad))
        }
    }

    /// Whether libpam understands this word.
    #[must_use]
    pub fn understands(word: &str) -> bool {
        const WORDS: [&str; 4] = ["required", "requisite", "optional", "sufficient"];
        let is_word = WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
        is_word || Self::values(word).is_some()
    }

    /// What becomes of this code.
    #[must_use]
    pub fn of(&self, code: Code) -> Action {
        self.0[code.index()]
    }

    fn simple(success: Action, ignore: Action, default: Action) -> Self {
        let mut actions = [default; Code::COUNT];
        actions[Code::SUCCESS.index()] = success;
        actions[Code::NEW_AUTHTOK_REQD.index()] = success;
        actions[Code::IGNORE.index()] = ignore;
        Self(actions)
    }

    fn values(text: &str) -> Option<Self> {
        let mut actions = [None; Code::COUNT];
        let mut rest = blanks(text);
        while !rest.is_empty() {
            let (returned, after) = returned(rest)?;
            let after = blanks(blanks(after).strip_prefix('=')?);
            let (action, after) = action(after)?;
            match returned {
                Some(code) => actions[code.index()] = Some(action),
                // What was named before it keeps its own.
                None => actions
                    .iter_mut()
                    .filter(|known| known.is_none())
                    .for_each(|known| *known = Some(action)),
            }
            rest = blanks(after);
        }
        Some(Self(
            actions.map(|action: Option<Action>| action.unwrap_or(Action::Bad)),
        ))
    }
}

fn blanks(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == VERTICAL_TAB)
}

/// A code's word, `None` for `default`, and what stands behind it. libpam compares beginnings only.
fn returned(text: &str) -> Option<(Option<Code>, &str)> {
    let code = Code::all().find_map(|code| Some((Some(code), text.strip_prefix(code.word())?)));
    code.or_else(|| Some((None, text.strip_prefix("default")?)))
}

fn action(text: &str) -> Option<(Action, &str)> {
    const WORDS: [(&str, Action); 6] = [
        ("ignore", Action::Ignore),
        ("ok", Action::Ok),
        ("done", Action::Done),
        ("bad", Action::Bad),
        ("die", Action::Die),
        ("reset", Action::Reset),
    ];
    let named = WORDS
        .iter()
        .find_map(|(word, action)| Some((*action, text.strip_prefix(word)?)));
    named.or_else(|| {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        // Nobody has so many lines; a number that is none or zero is not understood.
        let lines = match digits {
            "" => 0,
            digits => digits.parse().unwrap_or(u32::MAX),
        };
        (lines > 0).then_some((Action::Jump(lines), rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_words_are_what_the_manual_says() {
        for (word, text) in [
            (
                "required",
                "success=ok new_authtok_reqd=ok ignore=ignore default=bad",
            ),
            (
                "Requisite",
                "success=ok new_authtok_reqd=ok ignore=ignore default=die",
            ),
            (
                "SUFFICIENT",
                "success=done new_authtok_reqd=done default=ignore",
            ),
            ("optional", "success=ok new_authtok_reqd=ok default=ignore"),
        ] {
            assert_eq!(Control::parse(word), Control::parse(text), "{word}");
            assert!(Control::understands(word) && Control::understands(text));
        }
    }

    #[test]
    fn what_stands_behind_default_still_counts() {
        let control = Control::parse(" default = ignore success=2 auth_err = die");
        assert_eq!(control.of(Code::SUCCESS), Action::Jump(2));
        assert_eq!(control.of(Code::AUTH_ERR), Action::Die);
        assert_eq!(control.of(Code::IGNORE), Action::Ignore);
        assert_eq!(
            Control::parse("success=1").of(Code::IGNORE),
            Action::Bad,
            "without a default"
        );
    }

    #[test]
    fn one_fault_makes_every_code_bad() {
        let bad = Control::every(Action::Bad);
        for text in [
            "success=ok default",
            "success=0",
            "sucess=ok",
            "success ok",
            "success=",
            "success=perhaps",
            "success=1 =ok",
            "nonsense",
        ] {
            assert_eq!(Control::parse(text), bad, "{text}");
            assert!(!Control::understands(text), "{text}");
        }
        assert_ne!(Control::parse("success=99999999999999999999"), bad);
    }
}
