//! The module under demonstration.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A module that replays, as far as its file tells.
#[derive(Clone, Debug)]
pub(crate) struct Module(PathBuf);

/// What only a build with `replay-source` contains: where its script's directories are by default.
const MARKS: [&[u8]; 2] = [b"/nonexistent/state", b"/nonexistent/run"];

impl Module {
    /// The module at this path. Its file is examined before libpam loads it: a shipped module
    /// would overlook the script and use /var/lib/keydyn.
    pub(crate) fn find(path: &Path) -> Result<Self, Error> {
        // libpam looks for a relative path in its own directory.
        let path = fs::canonicalize(path).map_err(|_| Error::NoModule(path.to_owned()))?;
        if !path.is_file() {
            return Err(Error::NoModule(path));
        }
        let content = fs::read(&path).map_err(Error::file("read", &path))?;
        if !content.starts_with(b"\x7fELF") {
            return Err(Error::NotAModule(path));
        }
        let contains = |mark: &[u8]| content.windows(mark.len()).any(|window| window == mark);
        if !MARKS.iter().any(|mark| contains(mark)) {
            return Err(Error::NoReplay(path));
        }
        Ok(Self(path))
    }

    /// Its absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}
