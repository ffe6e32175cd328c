//! A disk that loses power: what the machine had not flushed may be lost, each write by itself.
//!
//! QEMU's driver blklogwrites writes down every write and flush in the order of their ends, in the
//! format of Linux's Documentation/admin-guide/device-mapper/log-writes.rst. After the power is cut
//! the disk is put together from it anew: all that was flushed, and any part of the rest. That is
//! what a disk with a cache of its own may do; killing QEMU alone loses nothing that the machine
//! has written, for this machine's kernel has it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::chance::Chance;

/// What a log begins with.
const MAGIC: u64 = 0x006a_7366_7773_6872;
const SECTOR: usize = 512;
const DISCARD: u64 = 4;

/// A disk in a directory of its own.
#[derive(Debug)]
pub struct Disk {
    place: TempDir,
}

/// What became of the writes before a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Flushed: they are there.
    pub flushed: u64,
    /// Not flushed, and there all the same.
    pub kept: u64,
    /// Not flushed, and lost.
    pub lost: u64,
}

impl Disk {
    /// An empty one of so many megabytes.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(megabytes: u64) -> Self {
        let place = tempfile::Builder::new().prefix("keydyn-disk-").tempdir();
        let disk = Self {
            place: place.expect("a temporary directory"),
        };
        let file = File::create(disk.lasting()).expect("a file");
        file.set_len(megabytes << 20).expect("room");
        disk
    }

    /// What has survived so far.
    fn lasting(&self) -> PathBuf {
        self.place.path().join("lasting")
    }

    pub(crate) fn running(&self) -> PathBuf {
        self.place.path().join("running")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.place.path().join("log")
    }

    /// Before a machine is switched on.
    pub(crate) fn switch_on(&self) {
        fs::copy(self.lasting(), self.running()).expect("the disk is copied");
        File::create(self.log()).expect("a log");
    }

    /// The power has gone: of what was not flushed each write is kept or lost by chance.
    ///
    /// # Panics
    /// If the log is none.
    pub fn lose_power(&self, chance: &mut Chance) -> Cut {
        let mut log = File::open(self.log()).expect("a log");
        let lasting = File::options().write(true).open(self.lasting());
        let lasting = lasting.expect("the disk");
        replay(&mut log, &lasting, || chance.below(2) == 0).expect("the log is read")
    }

    /// The machine was switched off in order: everything is there.
    ///
    /// # Panics
    /// If the disk cannot be copied.
    pub fn switch_off(&self) {
        fs::copy(self.running(), self.lasting()).expect("the disk is copied");
    }
}

/// The log's header says how many entries there were at the last flush.
fn replay(log: &mut File, disk: &File, mut keep: impl FnMut() -> bool) -> io::Result<Cut> {
    let mut cut = Cut::default();
    let Some(header) = sector(log)? else {
        return Ok(cut);
    };
    assert_eq!(number(&header, 0), MAGIC, "not a log of writes");
    let flushed = number(&header, 2);
    let mut entries = 0;
    while let Some(entry) = sector(log)? {
        let [to, sectors, flags] = [0, 1, 2].map(|field| number(&entry, field));
        let size = match flags & DISCARD {
            0 => usize::try_from(sectors).expect("a small write") * SECTOR,
            _ => 0,
        };
        let mut data = vec![0; size];
        if log.read_exact(&mut data).is_err() {
            // Cut while it was written down.
            break;
        }
        entries += 1;
        if size == 0 {
            continue;
        }
        let kept = entries <= flushed || keep();
        if kept {
            disk.write_all_at(&data, to * SECTOR as u64)?;
        }
        match (entries <= flushed, kept) {
            (true, _) => cut.flushed += 1,
            (false, true) => cut.kept += 1,
            (false, false) => cut.lost += 1,
        }
    }
    Ok(cut)
}

fn sector(log: &mut File) -> io::Result<Option<[u8; SECTOR]>> {
    let mut sector = [0; SECTOR];
    match log.read_exact(&mut sector) {
        Ok(()) => Ok(Some(sector)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(sector: &[u8; SECTOR], field: usize) -> u64 {
    let (number, _) = sector[8 * field..].split_first_chunk().expect("a number");
    u64::from_le_bytes(*number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of these writes, each one sector of this byte to this place, of which so many are
    /// flushed.
    fn log(place: &TempDir, flushed: u64, writes: &[(u64, u8)]) -> File {
        let header = |fields: [u64; 4]| {
            let mut sector: Vec<u8> = fields.iter().flat_map(|f| f.to_le_bytes()).collect();
            sector.resize(SECTOR, 0);
            sector
        };
        let mut bytes = header([MAGIC, 1, flushed, 512]);
        for &(to, byte) in writes {
            bytes.extend(header([to, 1, 0, 0]));
            bytes.extend([byte; SECTOR]);
        }
        // Cut while the last one was written down.
        bytes.extend(header([9, 1, 0, 0]));
        let path = place.path().join("log");
        fs::write(&path, bytes).unwrap();
        File::open(path).unwrap()
    }

    #[test]
    fn what_was_flushed_is_there_and_of_the_rest_what_chance_keeps() {
        let place = TempDir::new().unwrap();
        let mut log = log(&place, 2, &[(0, 1), (1, 2), (0, 3), (2, 4)]);
        let path = place.path().join("disk");
        let disk = File::create(&path).unwrap();
        disk.set_len(3 * SECTOR as u64).unwrap();
        let mut coin = [false, true].into_iter();
        let cut = replay(&mut log, &disk, || coin.next().unwrap()).unwrap();
        let (flushed, kept, lost) = (2, 1, 1);
        assert_eq!(
            cut,
            Cut {
                flushed,
                kept,
                lost
            }
        );
        let sectors: Vec<u8> = fs::read(path)
            .unwrap()
            .chunks(SECTOR)
            .map(|s| s[0])
            .collect();
        assert_eq!(sectors, [1, 2, 4]);
    }
}
