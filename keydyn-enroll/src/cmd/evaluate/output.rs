//! Where results go beside the terminal.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keydyn_core::printable::printable;
use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;

/// Checks before any work that nothing would overwrite what it is made of, or another result.
///
/// # Errors
/// Which file would.
pub(in crate::cmd) fn check_apart(
    recording: &Path,
    earlier: &[PathBuf],
    results: &[&Path],
) -> Result<(), Failure> {
    let shown = |path: &Path| printable(&path.display().to_string());
    for (number, result) in results.iter().enumerate() {
        let overwritten = if same(recording, result) {
            Some("the recording itself")
        } else if earlier.iter().any(|run| same(run, result)) {
            Some("the run that is compared with")
        } else {
            None
        };
        if let Some(what) = overwritten {
            return Err(Failure::Usage(format!(
                "{} is {what} and would be overwritten; name another file",
                shown(result)
            )));
        }
        if *result == Path::new("-") {
            let text = "`-` is no file: only `--csv` writes to standard output";
            return Err(Failure::Usage(text.to_owned()));
        }
        if results[..number].iter().any(|other| same(other, result)) {
            return Err(Failure::Usage(format!(
                "{} cannot hold two results; name a file for each",
                shown(result)
            )));
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, whether or not it is there yet; a device is nobody's.
fn same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path: &Path| {
        fs::metadata(path)
            .ok()
            .map(|m| (m.dev(), m.ino(), m.is_file()))
    };
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one == other && one.2,
        _ => one == other || whole(one).is_some_and(|path| Some(path) == whole(other)),
    }
}

/// The whole path of a file that is not there yet; `None` if its folder is not.
fn whole(path: &Path) -> Option<PathBuf> {
    let folder = match path.parent()? {
        here if here.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

/// A file that is whole or as it was: written beside its place and put there at the end.
pub(in crate::cmd) struct Draft {
    path: PathBuf,
    to: BufWriter<Place>,
}

enum Place {
    /// Renamed at the end; removed if that is never reached.
    Beside(NamedTempFile),
    /// A pipe or device, which nothing must be put in the place of.
    Straight(File),
}

impl Draft {
    /// Begins a file at this path.
    ///
    /// # Errors
    /// If nothing could be written there.
    pub(in crate::cmd) fn begin(path: &Path) -> Result<Self, Failure> {
        let to = place(path).map_err(|error| failure(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            to: BufWriter::new(to),
        })
    }

    /// Where to write.
    pub(in crate::cmd) fn writer(&mut self) -> &mut dyn Write {
        &mut self.to
    }

    /// Writes all there is, and puts the file in its place.
    ///
    /// # Errors
    /// If that is not possible; what was there is still there.
    pub(in crate::cmd) fn whole(mut self, text: &str) -> Result<(), Failure> {
        let written = self.to.write_all(text.as_bytes());
        written.map_err(|error| self.failure(error))?;
        self.finish()
    }

    /// What it is called when it goes wrong.
    pub(in crate::cmd) fn failure(&self, error: io::Error) -> Failure {
        failure(&self.path, error)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If that is not possible; what was there is still there.
    pub(in crate::cmd) fn finish(self) -> Result<(), Failure> {
        let Self { path, to } = self;
        let finished = to.into_inner().map_err(io::IntoInnerError::into_error);
        let finished = finished.and_then(|place| match place {
            Place::Straight(mut file) => file.flush(),
            Place::Beside(file) => {
                let persisted = |real| file.persist(real).map_err(|error| error.error);
                real(&path).and_then(persisted).map(drop)
            }
        });
        finished.map_err(|error| failure(&path, error))
    }
}

fn place(path: &Path) -> io::Result<Place> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Ok(Place::Straight(File::options().write(true).open(path)?));
    }
    let real = real(path)?;
    let folder = real
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = Builder::new();
    builder.prefix(".keydyn-");
    // As any file that a program makes: less what the umask takes.
    builder.permissions(fs::Permissions::from_mode(0o666));
    let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")));
    // The error would name a file of which nobody has ever heard.
    let file = file.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("there is no such folder"),
        kind => io::Error::from(kind),
    })?;
    Ok(Place::Beside(file))
}

/// Where a link leads: the link is to stay, unless it leads nowhere. The kernel is asked first: it may refuse to follow what
/// somebody else has put into /tmp, which resolving the link step by step would not find out.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())),
    }
}

fn failure(path: &Path, error: io::Error) -> Failure {
    Failure::Write {
        file: printable(&path.display().to_string()),
        error,
    }
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::Straight(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        fs::write(&path, "before").unwrap();
        let mut given_up = Draft::begin(&path).unwrap();
        given_up.writer().write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        let mut draft = Draft::begin(&path).unwrap();
        draft.writer().write_all(b"after").unwrap();
        draft.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_one_and_a_device_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&path, "before").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut draft = Draft::begin(&link).unwrap();
        draft.writer().write_all(b"after").unwrap();
        draft.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"after");
        let mut full = Draft::begin(Path::new("/dev/full")).unwrap();
        full.writer().write_all(b"x").unwrap();
        let message = full.finish().unwrap_err().to_string();
        assert!(
            message.starts_with("/dev/full: the result cannot be written: "),
            "{message}"
        );
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_the_beginning() {
        let Err(failure) = Draft::begin(Path::new("/nowhere/at/all.csv")) else {
            panic!("there is no such folder");
        };
        let message = failure.to_string();
        assert!(
            message.starts_with("/nowhere/at/all.csv: the result cannot be written: "),
            "{message}"
        );
    }
}
