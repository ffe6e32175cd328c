//! The file of settings: lines `key = value` with the words of the arguments, `#` for comments.

use std::io::ErrorKind;

use crate::store::files::FileError;

use super::{Complaint, Origin, Settings};

/// Where it is.
pub const PATH: &str = "/etc/security/keydyn.conf";

/// A file that is no file of settings at all must not fill the log.
const MOST_COMPLAINTS: usize = 8;

impl Settings {
    /// Takes what the file says. One that is not to be believed, or not for this process to see,
    /// counts as not written; one that the machine fails to read does not.
    pub(super) fn take_file(&mut self, file: Result<Option<Vec<u8>>, FileError>) {
        match file {
            Ok(Some(bytes)) => self.take_text(&String::from_utf8_lossy(&bytes)),
            Ok(None) => {}
            Err(error) => {
                let complaint = match &error {
                    FileError::Io { source, .. }
                        if source.kind() != ErrorKind::PermissionDenied =>
                    {
                        *self = Self::strictest();
                        format!(
                            "{error}; until it can be read, the strictest of every setting holds"
                        )
                    }
                    _ => format!("{error}; until then the defaults and the line's arguments hold"),
                };
                self.complaints.push(Complaint::File(complaint));
            }
        }
    }

    fn take_text(&mut self, text: &str) {
        let mut further = 0;
        // Some editors put a mark of their own in front.
        let text = text.trim_start_matches('\u{feff}');
        for (number, line) in (1..).zip(text.lines()) {
            let said = line.split('#').next().unwrap_or_default().trim();
            if said.is_empty() {
                continue;
            }
            let argument = match said.split_once('=') {
                Some((key, value)) => format!("{}={}", key.trim(), value.trim()),
                None => said.to_owned(),
            };
            let before = self.complaints.len();
            self.take(&argument, Origin::File(number));
            if before == MOST_COMPLAINTS && self.complaints.len() > before {
                self.complaints.truncate(before);
                further += 1;
            }
        }
        if further > 0 {
            self.complaints.push(Complaint::More(further));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::EVERY;
    use super::super::{Line, Mode};
    use super::*;
    use crate::policy::Strictness;
    use std::ffi::CStr;

    fn settings(text: &str, args: &[&CStr]) -> Settings {
        let mut settings = Settings::default();
        settings.take_file(Ok(Some(text.as_bytes().to_vec())));
        settings.and_line(args)
    }

    fn said(settings: &Settings) -> Vec<String> {
        settings
            .complaints
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_file_knows_every_word_of_the_line() {
        let text = "# keydyn\r\n\n mode = enforce # not yet armed: refused\nstrictness=strict\n\
                    min_samples =30\npassword_change= refuse\nno_timings = refuse\n\
                    unprivileged = refuse\ntime_budget = 20\nvirtual_keyboard = refuse\n\
                    new_keyboard=refuse\nbeforehand = sshd, mine\ndebug\n";
        let settings = settings(text, &[c"verify"]);
        assert_eq!(settings.complaints, []);
        assert_eq!(settings, Settings::parse(&EVERY));
    }

    #[test]
    fn the_packaged_file_says_nothing_and_shows_the_defaults() {
        let packaged = include_str!("../../../packaging/keydyn.conf");
        assert_eq!(settings(packaged, &[]), Settings::parse(&[]));
        let (begin, defaults) = packaged.split_once("# The defaults:").unwrap();
        assert_eq!(
            defaults.lines().filter(|line| line.contains('=')).count(),
            10
        );
        assert_eq!(
            settings(&defaults.replace("# ", ""), &[]),
            Settings::parse(&[])
        );
        let shadow = begin
            .lines()
            .find(|line| line.contains("= shadow"))
            .unwrap();
        assert_eq!(settings(&shadow.replace("# ", ""), &[]).mode, Mode::Shadow);
    }

    #[test]
    fn a_mode_that_is_nearly_right_says_which_one_is_in_force() {
        assert_eq!(settings("\u{feff}mode = shadow\n", &[]).mode, Mode::Shadow);
        for text in ["mode = shdow\n", "Mode = shadow\n"] {
            let settings = settings(text, &[c"verify"]);
            let words = said(&settings);
            assert!(words[0].contains("mode=auto is in force"), "{words:?}");
        }
    }

    #[test]
    fn the_arguments_of_the_line_win() {
        let settings = settings(
            "mode = enforce\nstrictness = strict\n",
            &[c"verify", c"mode=shadow"],
        );
        assert_eq!(settings.mode, Mode::Shadow);
        assert_eq!(settings.strictness, Strictness::Strict);
    }

    #[test]
    fn a_typing_error_is_a_complaint_with_file_and_line_and_nothing_else() {
        let text = "mode = shdow\n\nno-timings = refuse\nmin_samples = 2\ncapture\nreplay = /tmp/x\n\
                    debug = yes\n= 3\n\u{1b}[31m = x\n";
        let settings = settings(text, &[c"capture"]);
        let words = said(&settings);
        let file = |line: u32| format!("/etc/security/keydyn.conf, line {line}: ");
        assert!(words.first().unwrap().starts_with(&file(1)), "{words:?}");
        assert!(
            words
                .first()
                .unwrap()
                .contains("`mode=shdow` counts as not written"),
            "{words:?}"
        );
        assert!(
            words.first().unwrap().contains("mode=auto is in force"),
            "{words:?}"
        );
        for (said, line) in words.iter().zip([1, 3, 4, 5, 6, 7, 8, 9]) {
            assert!(said.starts_with(&file(line)), "{said}");
            assert!(!said.contains('\u{1b}'), "{said:?}");
        }
        assert_eq!(words.len(), 8);
        let clean = Settings {
            complaints: Vec::new(),
            ..settings
        };
        let only = Settings {
            line: Some(Line::Capture),
            ..Settings::default()
        };
        assert_eq!(clean, only);
    }

    #[test]
    fn a_file_of_something_else_does_not_fill_the_log() {
        let mut text = "what is this\n".repeat(5000);
        text.push_str("mode = shadow\n");
        let settings = settings(&text, &[c"verify"]);
        let words = said(&settings);
        assert_eq!(words.len(), MOST_COMPLAINTS + 1);
        assert!(
            words.last().unwrap().contains("4992 further lines"),
            "{words:?}"
        );
        assert_eq!(settings.mode, Mode::Shadow);
        let noise: Vec<u8> = (0..=255).cycle().take(60_000).collect();
        let mut settings = Settings::default();
        settings.take_file(Ok(Some(noise)));
        assert!(settings.complaints.len() <= MOST_COMPLAINTS + 1);
    }

    #[test]
    fn a_file_not_to_be_believed_counts_as_not_written() {
        let mut settings = Settings::default();
        settings.take_file(Err(FileError::Untrusted {
            path: PATH.to_owned(),
            reason: "can be written by others",
        }));
        settings.take_file(Err(io_error(ErrorKind::PermissionDenied)));
        assert!(!settings.configuration_unread);
        assert_eq!(settings.mode, Mode::Auto);
        let words = said(&settings);
        assert!(
            words.first().unwrap().contains("can be written by others"),
            "{words:?}"
        );
        assert_eq!(words.len(), 2);
    }

    #[test]
    fn a_file_that_the_machine_fails_to_read_is_not_taken_for_none() {
        let mut settings = Settings::default();
        settings.take_file(Err(io_error(ErrorKind::Other)));
        assert!(settings.configuration_unread);
        let words = said(&settings);
        assert_eq!(words.len(), 1);
        assert!(
            words[0].contains("the strictest of every setting"),
            "{words:?}"
        );
        let strictest = ["mode=enforce", "strictness=strict", "min_samples=1000"];
        let rules = [
            "password_change=refuse",
            "no_timings=refuse",
            "unprivileged=refuse",
            "virtual_keyboard=refuse",
            "new_keyboard=refuse",
            "beforehand=",
        ];
        let mut written = Settings::default();
        for argument in strictest.iter().chain(&rules) {
            written.take(argument, Origin::Stack);
        }
        settings.complaints.clear();
        settings.configuration_unread = false;
        assert_eq!(settings, written);
        let mut settings = Settings::default();
        settings.take_file(Ok(None));
        assert_eq!(settings, Settings::default());
    }

    fn io_error(kind: ErrorKind) -> FileError {
        FileError::Io {
            path: PATH.to_owned(),
            action: "open",
            source: kind.into(),
        }
    }
}
