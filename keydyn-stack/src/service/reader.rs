//! The lines of a service, with all that it includes.

use std::path::{Path, PathBuf};

use crate::control::{Action, Control};
use crate::files::{Configuration, Unreadable};
use crate::managed;
use crate::module;
use crate::object::Fault;
use crate::text;

use super::{Entry, Facility, Kind, Misread, OTHER, OURS, Place};

/// Deeper than this libpam reads nothing.
const MAX_LEVEL: usize = 16;
/// More lines than any stack has, and fewer than a file that includes itself would make.
const MAX_ENTRIES: usize = 10_000;

pub(super) const SINGLE: &str = "/etc/pam.conf";

/// Where and why libpam stops reading.
pub(super) type GivenUp = (Place, String);

pub(super) struct Reader<'a> {
    configuration: &'a Configuration,
    pub(super) entries: Vec<Entry>,
    /// pam.conf has those of `other` between the rest.
    pub(super) others: Vec<Entry>,
    pub(super) misread: Vec<(Place, Misread)>,
    pub(super) included: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(configuration: &'a Configuration) -> Self {
        Self {
            configuration,
            entries: Vec::new(),
            others: Vec::new(),
            misread: Vec::new(),
            included: Vec::new(),
        }
    }

    /// pam.conf, in which every line begins with a service; whether one of them was this one.
    pub(super) fn single(
        &mut self,
        file: &Path,
        text: &str,
        name: &str,
        given_up: &mut Option<GivenUp>,
    ) -> Result<bool, Unreadable> {
        self.look_at_the_length(file, text);
        let (lines, unfinished) = text::lines(text);
        let mut found = false;
        for (line, text) in lines {
            self.look_at_the_end(file, line, &text);
            let mut words = text::words(&text).into_iter();
            let service = words.next().unwrap_or_default().to_lowercase();
            let words = words.collect();
            let place = place(file, line);
            if service == name {
                found = true;
                let end = self.line(&place, words, None, 0, 0)?;
                *given_up = given_up.take().or(end.err());
            } else if service == OTHER {
                let own = std::mem::take(&mut self.entries);
                let end = self.line(&place, words, None, 0, 0)?;
                self.others.append(&mut self.entries);
                self.entries = own;
                *given_up = given_up.take().or(end.err());
            }
        }
        *given_up = given_up
            .take()
            .or(unfinished.map(|line| unfinished_line(file, line)));
        Ok(found)
    }

    /// A file, for one facility or (`None`) for all.
    pub(super) fn file(
        &mut self,
        file: &Path,
        text: &str,
        asked: Option<Facility>,
        level: usize,
        depth: usize,
    ) -> Result<Result<(), GivenUp>, Unreadable> {
        self.look_at_the_length(file, text);
        let managed = managed::blocks(text);
        let (lines, unfinished) = text::lines(text);
        for (line, text) in lines {
            self.look_at_the_end(file, line, &text);
            let before = self.entries.len();
            let end = self.line(&place(file, line), text::words(&text), asked, level, depth)?;
            if end.is_err() {
                return Ok(end);
            }
            if !managed.is_empty() {
                let by_hand = !managed.iter().any(|block| block.contains(&line));
                let own = self.entries[before..].iter_mut();
                own.filter(|entry| entry.place.file == file)
                    .for_each(|entry| entry.by_hand = Some(by_hand));
            }
        }
        Ok(match unfinished {
            Some(line) => Err(unfinished_line(file, line)),
            None => Ok(()),
        })
    }

    fn look_at_the_length(&mut self, file: &Path, text: &str) {
        if let Some(line) = text::too_long(text) {
            self.note(file, line, Misread::TooLong);
        }
    }

    fn look_at_the_end(&mut self, file: &Path, line: usize, text: &str) {
        if text.strip_suffix('\n').unwrap_or(text).ends_with('\r') {
            self.note(file, line, Misread::ForeignEnd);
        }
    }

    fn note(&mut self, file: &Path, line: usize, what: Misread) {
        let mut known = self.misread.iter();
        if !known.any(|(place, known)| place.file == file && *known == what) {
            self.misread.push((place(file, line), what));
        }
    }

    fn line(
        &mut self,
        place: &Place,
        words: Vec<String>,
        asked: Option<Facility>,
        level: usize,
        depth: usize,
    ) -> Result<Result<(), GivenUp>, Unreadable> {
        let mut words = words.into_iter();
        let first = words.next().unwrap_or_default();
        // `-` keeps a missing module out of the log, and does nothing else.
        let (quiet, first) = match first.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, &*first),
        };
        let mut entry = Entry {
            place: place.clone(),
            facility: Facility::named(first).or(asked).unwrap_or(Facility::Auth),
            level,
            kind: Kind::Module,
            control: Control::every(Action::Bad),
            word: String::new(),
            module: String::new(),
            arguments: Vec::new(),
            missing: false,
            fault: None,
            quiet,
            by_hand: None,
        };
        // Debian's own word.
        if first.eq_ignore_ascii_case("@include") {
            let file = words.next();
            return self.include(entry, file, asked, level, depth);
        }
        if Facility::named(first).is_none() {
            let why = format!("`{first}` is none of auth, account, password and session");
            entry.kind = Kind::Broken(why);
        } else if asked.is_some_and(|asked| asked != entry.facility) {
            return Ok(Ok(()));
        }
        let Some(word) = words.next() else {
            entry.kind = Kind::Broken("it says nothing of what is to be done".to_owned());
            self.entries.push(entry);
            return Ok(Ok(()));
        };
        let facility = Some(entry.facility);
        if word.eq_ignore_ascii_case("include") {
            return self.include(entry, words.next(), facility, level, depth);
        }
        if word.eq_ignore_ascii_case("substack") {
            let file = words.next();
            self.entries.push(Entry {
                kind: Kind::Substack,
                word,
                module: file.clone().unwrap_or_default(),
                ..entry.clone()
            });
            return self.include(entry, file, facility, level + 1, depth);
        }
        entry.control = Control::parse(&word);
        entry.word = word;
        match words.next() {
            Some(module) => entry.module = module,
            None if is_a_module(&entry.word) => {
                entry.kind = Kind::Broken(control_missing(&entry.word));
            }
            None => entry.kind = Kind::Broken("it names no module".to_owned()),
        }
        entry.arguments = words.collect();
        if entry.kind == Kind::Module {
            (entry.missing, entry.fault) = self.fault(&entry);
        }
        self.entries.push(entry);
        Ok(Ok(()))
    }

    /// The lines of another file, at a level. Where it cannot be had, a line that fails stands in
    /// its place.
    fn include(
        &mut self,
        mut entry: Entry,
        name: Option<String>,
        asked: Option<Facility>,
        level: usize,
        depth: usize,
    ) -> Result<Result<(), GivenUp>, Unreadable> {
        let name = name.unwrap_or_default();
        let deeper = depth + 1;
        let many = self.included.len().max(self.entries.len());
        let why = if deeper >= MAX_LEVEL || many >= MAX_ENTRIES {
            format!("`{name}` is included too often or too deep, perhaps by itself")
        } else {
            let found = match &*name {
                "" => None,
                name => self.configuration.read(name)?,
            };
            match found {
                Some((file, text)) => {
                    self.included.push(file.clone());
                    match self.file(&file, &text, asked, level, deeper)? {
                        Ok(()) => return Ok(Ok(())),
                        Err((place, why)) => format!("`{name}` cannot be used: {place}: {why}"),
                    }
                }
                None => format!("`{name}`, which it includes, is not there"),
            }
        };
        if asked.is_none() {
            // libpam has no stack to put a failure into, and gives up on the service.
            return Ok(Err((entry.place, why)));
        }
        entry.kind = Kind::Broken(why);
        self.entries.push(entry);
        Ok(Ok(()))
    }

    /// Whether libpam cannot load this module, and what is wrong with its file if it is there.
    fn fault(&self, entry: &Entry) -> (bool, Option<String>) {
        let module = &*entry.module;
        let called = entry.facility == Facility::Auth && module::is_for_auth(entry);
        match self.configuration.fault(module, called) {
            Some(Fault::Missing) => (true, None),
            Some(Fault::Unfit(why)) => (true, Some(why)),
            // libpam adds no ending, wherever its modules are.
            None if OURS.contains(&module) => (true, None),
            Some(Fault::Hidden) | None => (false, None),
        }
    }
}

/// Whether a word looks like a module and stands where the control belongs.
pub(crate) fn is_a_module(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or_default();
    name.starts_with("pam_") || name.ends_with(".so")
}

/// What is wrong where it does.
pub(crate) fn control_missing(word: &str) -> String {
    format!("the control (`required`, `requisite` ...) is missing in front of `{word}`")
}

fn place(file: &Path, line: usize) -> Place {
    Place {
        file: file.to_owned(),
        line,
    }
}

fn unfinished_line(file: &Path, line: usize) -> GivenUp {
    let why = "a backslash says that the line goes on, and the file ends".to_owned();
    (place(file, line), why)
}
