//! A service's lines, with everything that they include, as libpam puts them together.

use std::fmt;
use std::path::PathBuf;

use crate::control::Control;
use crate::files::{Configuration, Unreadable};

mod reader;

use reader::{Reader, SINGLE};
pub(crate) use reader::{control_missing, is_a_module};

/// The service that stands in for those that are not there.
pub const OTHER: &str = "other";

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
    /// The first line of each file that libpam reads as another than it was meant.
    pub misread: Vec<(Place, Misread)>,
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
            misread: reader.misread,
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

/// Why libpam reads a line as another than it was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It ends as another system's do, in CR LF.
    ForeignEnd,
    /// It is longer than [`crate::text::LONGEST`].
    TooLong,
}
