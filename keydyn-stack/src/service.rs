//! A service's lines, with everything that they include, as libpam puts them together.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::control::{Action, Control};
use crate::files::{Configuration, Unreadable};
use crate::managed;
use crate::module;
use crate::object::Fault;
use crate::text;

/// The service that stands in for those that are not there.
pub const OTHER: &str = "other";
/// Deeper than this libpam reads nothing.
const MAX_LEVEL: usize = 16;
/// More lines than any stack has, and fewer than a file that includes itself would make.
const MAX_ENTRIES: usize = 10_000;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Its number, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facility {
    /// Who is it?
    Auth,
    /// May they?
    Account,
    /// A new password.
    Password,
    /// What is set up around a session.
    Session,
}

impl Facility {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Account => "account",
            Self::Password => "password",
            Self::Session => "session",
        }
    }

    fn named(word: &str) -> Option<Self> {
        [Self::Auth, Self::Account, Self::Password, Self::Session]
            .into_iter()
            .find(|facility| facility.word().eq_ignore_ascii_case(word))
    }
}

/// What stands at a place in a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A module to be called.
    Module,
    /// The head of a substack; its lines follow, one level deeper.
    Substack,
    /// A line that libpam cannot use: whoever gets there fails. Why.
    Broken(String),
}

/// A line of a stack.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is written.
    pub place: Place,
    /// What it is for.
    pub facility: Facility,
    /// How many substacks it is in.
    pub level: usize,
    /// What it is.
    pub kind: Kind,
    /// What becomes of its codes.
    pub control: Control,
    /// How the control is written.
    pub word: String,
    /// The module, or what a substack is called.
    pub module: String,
    /// The module's arguments.
    pub arguments: Vec<String>,
    /// libpam is known not to be able to load the module: its file is not there, or `fault` says
    /// what is wrong with it.
    pub missing: bool,
    /// Words that follow "it".
    pub fault: Option<String>,
    /// The line begins with `-`: whoever wrote it knows that the module may not be there.
    pub quiet: bool,
    /// In a file of pam-auth-update's: whether somebody else has written this line.
    pub by_hand: Option<bool>,
}

impl Entry {
    /// The module's name without a directory and without `.so`.
    #[must_use]
    pub fn stem(&self) -> &str {
        stem(&self.module)
    }

    /// Whether it has this argument.
    #[must_use]
    pub fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|known| known == argument)
    }

    /// Whether it is one of keydyn's, or was meant to be.
    #[must_use]
    pub fn means_keydyn(&self) -> bool {
        self.is_keydyn() || OURS.contains(&stem(&self.word))
    }

    /// Whether it names its module, although libpam may not be able to use the line.
    pub(crate) fn names_keydyn(&self) -> bool {
        self.means_keydyn() || OURS.contains(&self.stem())
    }

    /// Whether it is one of keydyn's.
    #[must_use]
    pub fn is_keydyn(&self) -> bool {
        self.kind == Kind::Module && OURS.contains(&self.stem())
    }
}

/// The second is the name it is built under.
const OURS: [&str; 2] = ["pam_keydyn", "libpam_keydyn"];

/// The name of a module without a directory, without `.so`, and without the carriage return that an
/// editor of another system has left behind it.
fn stem(module: &str) -> &str {
    let name = module.rsplit('/').next().unwrap_or_default();
    let name = name.trim_end_matches('\r');
    name.strip_suffix(".so").unwrap_or(name)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let control = match self.word.contains('=') {
            true => format!("[{}]", self.word),
            false => self.word.clone(),
        };
        let name = self.module.rsplit('/').next().unwrap_or_default();
        let word = ["capture", "verify"]
            .into_iter()
            .find(|word| self.has(word));
        let word = word
            .filter(|_| self.is_keydyn())
            .map(|word| format!(" {word}"));
        let word = word.unwrap_or_default();
        write!(f, "`{control} {name}{word}` ({})", self.place)
    }
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Whether there is a file of this name.
    pub is_there: bool,
    /// Why libpam refuses every call, if it does: it could not put the stack together.
    pub given_up: Option<(Place, String)>,
    /// The first line of each file that ends as another system's do, in CR LF.
    pub foreign_ends: Vec<Place>,
    /// Its own file, and that of what stands in for it.
    pub own: Vec<PathBuf>,
    /// Files that other files of this service include.
    pub included: Vec<PathBuf>,
    entries: Vec<Entry>,
    others: Vec<Entry>,
}

impl Service {
    /// Reads a service, or what stands in for it.
    ///
    /// # Errors
    /// If a file is there and cannot be read, so that nothing true can be said.
    pub fn read(configuration: &Configuration, name: &str) -> Result<Self, Unreadable> {
        // libpam puts names into lower case.
        let name = name.to_lowercase();
        let mut reader = Reader::new(configuration);
        let mut given_up = None;
        let mut own = Vec::new();
        let is_there = match configuration.single() {
            Some(file) => {
                own.push(file.to_owned());
                let found = configuration.read(SINGLE)?;
                let (_, text) = found.unwrap_or_default();
                reader.single(file, &text, &name, &mut given_up)?
            }
            None => match configuration.read(&name)? {
                Some((file, text)) => {
                    given_up = reader.file(&file, &text, None, 0, 0)?.err();
                    own.push(file);
                    true
                }
                None => false,
            },
        };
        let entries = std::mem::take(&mut reader.entries);
        let others = match (configuration.single(), name == OTHER) {
            (_, true) => Vec::new(),
            (Some(_), _) => std::mem::take(&mut reader.others),
            (None, _) => {
                if let Some((file, text)) = configuration.read(OTHER)? {
                    let end = reader.file(&file, &text, None, 0, 0)?;
                    given_up = given_up.or(end.err());
                    own.push(file);
                }
                std::mem::take(&mut reader.entries)
            }
        };
        Ok(Self {
            name,
            is_there,
            given_up,
            foreign_ends: reader.foreign_ends,
            own,
            included: reader.included,
            entries,
            others,
        })
    }

    /// The lines of a facility; where there is none, those of `other`.
    #[must_use]
    pub fn stack(&self, facility: Facility) -> Vec<Entry> {
        let of = |entries: &[Entry]| -> Vec<Entry> {
            let lines = entries.iter().filter(|entry| entry.facility == facility);
            lines.cloned().collect()
        };
        match of(&self.entries) {
            lines if lines.is_empty() => of(&self.others),
            lines => lines,
        }
    }

    /// Every line of its own.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

const SINGLE: &str = "/etc/pam.conf";

/// Where and why libpam stops reading.
type GivenUp = (Place, String);

struct Reader<'a> {
    configuration: &'a Configuration,
    entries: Vec<Entry>,
    /// pam.conf has those of `other` between the rest.
    others: Vec<Entry>,
    foreign_ends: Vec<Place>,
    included: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    fn new(configuration: &'a Configuration) -> Self {
        Self {
            configuration,
            entries: Vec::new(),
            others: Vec::new(),
            foreign_ends: Vec::new(),
            included: Vec::new(),
        }
    }

    /// pam.conf, in which every line begins with a service; whether one of them was this one.
    fn single(
        &mut self,
        file: &Path,
        text: &str,
        name: &str,
        given_up: &mut Option<GivenUp>,
    ) -> Result<bool, Unreadable> {
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
    fn file(
        &mut self,
        file: &Path,
        text: &str,
        asked: Option<Facility>,
        level: usize,
        depth: usize,
    ) -> Result<Result<(), GivenUp>, Unreadable> {
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

    /// Remembers the first line of a file that ends in CR LF.
    fn look_at_the_end(&mut self, file: &Path, line: usize, text: &str) {
        let ends = text.strip_suffix('\n').unwrap_or(text).ends_with('\r');
        if ends && !self.foreign_ends.iter().any(|known| known.file == file) {
            self.foreign_ends.push(place(file, line));
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
