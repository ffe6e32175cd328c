//! The module's two directories, and copies of them.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use keydyn_core::store::vault::nobody::NOBODYS_STATE;
use tempfile::TempDir;

use crate::error::Error;

/// A state directory and a run directory, which go when this does.
#[derive(Debug)]
pub(crate) struct Disk {
    place: TempDir,
}

impl Disk {
    /// Empty directories, in a new one below `parent`.
    pub(crate) fn new(parent: &Path) -> Result<Self, Error> {
        // As the module wants it: nobody else's business, whatever the umask.
        let place = tempfile::Builder::new()
            .prefix("disk-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(Error::file("write in", parent))?;
        let disk = Self { place };
        for directory in [disk.state(), disk.run()] {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&directory)
                .map_err(Error::file("make", &directory))?;
        }
        Ok(disk)
    }

    /// Another one with the same content.
    pub(crate) fn copy(&self) -> Result<Self, Error> {
        let parent = self.place.path().parent().unwrap_or(Path::new("/tmp"));
        let copy = Self::new(parent)?;
        for (from, to) in [(self.state(), copy.state()), (self.run(), copy.run())] {
            for file in files(&from)? {
                let name = file.file_name().unwrap_or_default();
                fs::copy(&file, to.join(name)).map_err(Error::file("copy", &file))?;
            }
        }
        Ok(copy)
    }

    /// Every file of the state directory that is somebody's, byte for byte.
    pub(crate) fn content(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>, Error> {
        let read = |file: PathBuf| {
            let bytes = fs::read(&file).map_err(Error::file("read", &file))?;
            Ok((file, bytes))
        };
        let nobodys = |file: &Path| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(NOBODYS_STATE)
        };
        let files = files(&self.state())?.into_iter();
        files.filter(|file| !nobodys(file)).map(read).collect()
    }

    /// What stands for /var/lib/keydyn.
    pub(crate) fn state(&self) -> PathBuf {
        self.place.path().join("state")
    }

    /// What stands for /run/keydyn.
    pub(crate) fn run(&self) -> PathBuf {
        self.place.path().join("run")
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let fail = || Error::file("read", directory);
    fs::read_dir(directory)
        .map_err(fail())?
        .map(|entry| Ok(entry.map_err(fail())?.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_equal_and_then_its_own() {
        let parent = TempDir::new().unwrap();
        let disk = Disk::new(parent.path()).unwrap();
        fs::write(disk.state().join("1.profile"), "one").unwrap();
        fs::write(disk.state().join(NOBODYS_STATE), "nobody").unwrap();
        let copy = disk.copy().unwrap();
        let bytes = |disk: &Disk| disk.content().unwrap().into_values().collect::<Vec<_>>();
        assert_eq!(bytes(&disk), bytes(&copy));
        fs::write(copy.state().join("1.profile"), "two").unwrap();
        assert_eq!(bytes(&disk), [b"one"]);
        drop((disk, copy));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
