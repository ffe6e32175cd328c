//! How a verb may end other than well, and with which exit code.

use std::io;
use std::process::ExitCode;

use keydyn_core::eval::read::DataError;
use keydyn_core::eval::setup::Unsuitable;

/// For the end of every help text.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the result could not be written
  2  the command line is wrong; nothing was done
  3  the data could not be read, or does not suit what was asked";

/// Why a verb did not finish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file that cannot even be opened.
    #[error("{file}: it cannot be opened: {error}")]
    Open { file: String, error: io::Error },
    /// A recording with a defect.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A sound recording for another purpose.
    #[error("{file}: {reason}")]
    Unsuitable { file: String, reason: Unsuitable },
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// Standard output broke.
    #[error("the result cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// What to tell; nothing if the reader has had enough (`keydyn ... | head`).
    pub(crate) fn message(&self) -> Option<String> {
        (!self.reader_left()).then(|| self.to_string())
    }

    /// One of [`EXIT_CODES`].
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Output(_) if self.reader_left() => 0,
            Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Open { .. } | Self::Data(_) | Self::Unsuitable { .. } => 3,
        })
    }

    fn reader_left(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
