//! How a verb may end other than well, and with which exit code.

use std::io;
use std::process::ExitCode;

use keydyn_core::eval::attack;
use keydyn_core::eval::read::DataError;
use keydyn_core::eval::setup::Unsuitable;
use keydyn_core::store::files::FileError;
use keydyn_core::store::switch::NowhereToWrite;
use keydyn_stack::files::Unreadable;

use crate::report::saved::SavedError;
use crate::typist::TypingFailure;

/// For the end of every help text.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  not done: the answer was no, nothing could be taken back, or the result could not be written
  2  the command line is wrong, or there is no terminal to ask on; nothing was done
  3  a file, a user or this machine is not as it has to be";

/// Why a verb did not finish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file that cannot even be opened.
    #[error("{file}: it cannot be opened: {error}")]
    Open { file: String, error: io::Error },
    /// A file for the result that cannot be written.
    #[error("{file}: the result cannot be written: {error}")]
    Write { file: String, error: io::Error },
    /// Somebody who is not in a recording.
    #[error("{file}: there is no user {name}; there are {there}")]
    NobodyRecorded {
        file: String,
        name: String,
        there: String,
    },
    /// A recording with a defect.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A sound recording for another purpose.
    #[error("{file}: {reason}")]
    Unsuitable { file: String, reason: Unsuitable },
    /// An earlier run that cannot be compared with.
    #[error("{file}: {reason}")]
    Saved { file: String, reason: SavedError },
    /// A sound recording that cannot be attacked so.
    #[error("{file}: {reason}")]
    NotAttackable {
        file: String,
        reason: attack::Unsuitable,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// Standard output broke.
    #[error("the result cannot be written: {0}")]
    Output(#[from] io::Error),
    /// Only root may.
    #[error("only root may read and write what is kept of users; run `sudo keydyn {verb} ...`")]
    NotRoot { verb: &'static str },
    /// Nobody has this name.
    #[error(
        "there is no user {name:?}; check the spelling (`keydyn status`, `reset`, `forget`, `disable` \
         and `enable` take a user who is gone by `--uid N`)"
    )]
    UnknownUser { name: String },
    /// Nothing is kept of them.
    #[error(
        "of {0} nothing was learned that could be taken back; what puts a rhythm in force never is, \
         `keydyn reset` forgets it"
    )]
    Unlearned(String),
    /// That is not the same as no.
    #[error("who the user is cannot be told: {error}; try again, or name the user by `--uid N`")]
    NameService { error: io::Error },
    /// An account's files.
    #[error(transparent)]
    File(FileError),
    /// A disk that can only be read.
    #[error("{0}; make the disk writable (for example `mount -o remount,rw /`) and run this again")]
    ReadOnly(FileError),
    /// Somebody logs in at this moment.
    #[error("{0}, perhaps a login; nothing was done, run this again")]
    Busy(FileError),
    /// Of several accounts one stayed.
    #[error("not everything was erased: {0}; put that right and run this again")]
    NotAllErased(FileError),
    /// A question that nobody can answer.
    #[error("there is no terminal to ask on, so nothing was done; add `--yes` if you mean it")]
    NoTerminal,
    /// The answer was no.
    #[error("nothing was done")]
    Declined,
    /// It was told, and is not well.
    #[error("not all is well with {0}; what to do is said above")]
    Unwell(String),
    /// PAM's configuration, which cannot be looked at.
    #[error("{0}; run this as root, or name another system's root by `--root DIR`")]
    Stack(#[from] Unreadable),
    /// The same, of another system.
    #[error(
        "{0}; `--root DIR` takes the directory that another system's root is mounted on: check it, \
         and run this as root"
    )]
    StackBelow(Unreadable),
    /// Something is wrong, and was told.
    #[error("something is wrong; what to do is said above")]
    Ill,
    /// Whoever asked for lines gets none.
    #[error("no service names pam_keydyn.so")]
    Unnamed,
    /// Not even the way out could be opened.
    #[error("{0}; boot with `keydyn=off` on the kernel's command line instead")]
    NowhereToWrite(#[from] NowhereToWrite),
    /// Somebody's typing was not to be had, or the answer was no.
    #[error(transparent)]
    Typing(#[from] TypingFailure),
    /// The same, of somebody who was to be learned.
    #[error("{failure}{}", .failure.of_what_was_stored())]
    NotEnrolled { failure: TypingFailure },
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::Io { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly(error)
            }
            FileError::Busy { .. } => Self::Busy(error),
            _ => Self::File(error),
        }
    }
}

impl Failure {
    /// What to tell; nothing if the reader has had enough (`keydyn ... | head`).
    pub(crate) fn message(&self) -> Option<String> {
        (!self.reader_left() && !self.told()).then(|| self.to_string())
    }

    /// One of [`EXIT_CODES`].
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Output(_) if self.reader_left() => 0,
            Self::Output(_)
            | Self::Write { .. }
            | Self::Declined
            | Self::Ill
            | Self::Unnamed
            | Self::Unlearned(_) => 1,
            Self::NoTerminal | Self::Usage(_) => 2,
            Self::Typing(failure) | Self::NotEnrolled { failure } => failure.exit_code(),
            Self::Open { .. }
            | Self::Data(_)
            | Self::NobodyRecorded { .. }
            | Self::Unsuitable { .. }
            | Self::Saved { .. }
            | Self::NotAttackable { .. }
            | Self::NotRoot { .. }
            | Self::UnknownUser { .. }
            | Self::NameService { .. }
            | Self::File(_)
            | Self::ReadOnly(_)
            | Self::Busy(_)
            | Self::NotAllErased(_)
            | Self::Unwell(_)
            | Self::Stack(_)
            | Self::StackBelow(_)
            | Self::NowhereToWrite(_) => 3,
        })
    }

    fn told(&self) -> bool {
        match self {
            Self::Typing(failure) | Self::NotEnrolled { failure } => failure.told(),
            Self::Ill => true,
            _ => false,
        }
    }

    fn reader_left(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
