//! Fresh files for a machine, as a second archive behind its initramfs (the format "newc" of
//! Linux's Documentation/driver-api/early-userspace/buffer-format.rst).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_000;

/// Files that are there when the machine starts.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    archive: Vec<u8>,
    directories: BTreeSet<String>,
    entries: u32,
}

impl Overlay {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of root's at this absolute path, with these permissions. No directory of the path
    /// may be a symbolic link in the image, or it is replaced by a directory.
    #[must_use]
    pub fn file(mut self, path: &str, permissions: u32, content: impl AsRef<[u8]>) -> Self {
        let path = path.trim_start_matches('/');
        for (end, _) in path.match_indices('/') {
            let directory = &path[..end];
            if self.directories.insert(directory.to_owned()) {
                self.entry(directory, DIRECTORY, &[]);
            }
        }
        self.entry(path, FILE | permissions, content.as_ref());
        self
    }

    /// A file of this machine.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn copy(self, path: &str, permissions: u32, from: &Path) -> Self {
        let content = fs::read(from)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", from.display()));
        self.file(path, permissions, content)
    }

    /// The archive with its end.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.archive
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(content.len()).expect("a file below 4 GB");
        let name_size = u32::try_from(name.len() + 1).expect("a short name");
        let links = if mode == DIRECTORY { 2 } else { 1 };
        // Inode, mode, owner, group, links, time, size, four device numbers, name, checksum.
        let fields = [
            self.entries,
            mode,
            0,
            0,
            links,
            0,
            size,
            0,
            0,
            0,
            0,
            name_size,
            0,
        ];
        let mut header = String::from("070701");
        for field in fields {
            // Writing to a String cannot fail.
            let _ = write!(header, "{field:08x}");
        }
        self.archive.extend_from_slice(header.as_bytes());
        self.archive.extend_from_slice(name.as_bytes());
        self.archive.push(0);
        self.pad();
        self.archive.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.archive
            .resize(self.archive.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_once_and_before_their_files() {
        let archive = Overlay::new()
            .file("/usr/local/a", 0o755, "one")
            .file("/usr/local/b", 0o600, "")
            .finish();
        let text = String::from_utf8_lossy(&archive).replace('\0', " ");
        let names: Vec<_> = text
            .split("070701")
            .skip(1)
            .map(|entry| entry[104..].split(' ').next().unwrap_or_default())
            .collect();
        assert_eq!(
            names,
            [
                "usr",
                "usr/local",
                "usr/local/a",
                "usr/local/b",
                "TRAILER!!!"
            ]
        );
        assert_eq!(archive.len() % 4, 0);
        assert!(text.contains("000081ed"), "a plain file with 0755: {text}");
    }
}
