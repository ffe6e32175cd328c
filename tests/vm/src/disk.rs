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
const FLUSH: u64 = 1;
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

    /// How much has been written down so far.
    ///
    /// # Panics
    /// If there is no log.
    #[must_use]
    pub fn written(&self) -> u64 {
        fs::metadata(self.log()).expect("a log").len()
    }

    /// The power has gone, at a moment between `from` and now: of what was written by then and not
    /// flushed each write is kept or lost by chance.
    ///
    /// # Panics
    /// If the log is none.
    pub fn lose_power(&self, from: u64, chance: &mut Chance) -> Cut {
        let mut log = File::open(self.log()).expect("a log");
        let lasting = File::options().write(true).open(self.lasting());
        let writes = Writes::read(&mut log).expect("the log is read");
        let before = writes.ended_at(from);
        let later = u64::try_from(writes.0.len() - before).expect("not so many");
        let moment = before + usize::try_from(chance.below(later + 1)).expect("not so many");
        let keep = || chance.below(2) == 0;
        let cut = writes.replay(moment, &lasting.expect("the disk"), keep);
        cut.expect("the disk is written")
    }

    /// The machine was switched off in order: everything is there.
    ///
    /// # Panics
    /// If the disk cannot be copied.
    pub fn switch_off(&self) {
        fs::copy(self.running(), self.lasting()).expect("the disk is copied");
    }
}

/// A write or a flush, in the order of their ends.
struct Entry {
    /// Where it ends in the log.
    end: u64,
    flushed: bool,
    to: u64,
    data: Vec<u8>,
}

struct Writes(Vec<Entry>);

impl Writes {
    fn read(log: &mut File) -> io::Result<Self> {
        let mut entries = Vec::new();
        let Some(header) = sector(log)? else {
            return Ok(Self(entries));
        };
        assert_eq!(number(&header, 0), MAGIC, "not a log of writes");
        let mut end = SECTOR as u64;
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
            end += (SECTOR + size) as u64;
            entries.push(Entry {
                end,
                flushed: flags & FLUSH != 0,
                to: to * SECTOR as u64,
                data,
            });
        }
        Ok(Self(entries))
    }

    /// How many had ended when the log was so long.
    fn ended_at(&self, length: u64) -> usize {
        self.0
            .iter()
            .take_while(|entry| entry.end <= length)
            .count()
    }

    /// The first so many happen to the disk: those before the last flush among them, and of the
    /// rest what is kept.
    fn replay(&self, count: usize, disk: &File, mut keep: impl FnMut() -> bool) -> io::Result<Cut> {
        let happened = &self.0[..count];
        let flush = happened.iter().rposition(|entry| entry.flushed);
        let flushed = flush.map_or(0, |flush| flush + 1);
        let mut cut = Cut::default();
        for (i, entry) in happened.iter().enumerate() {
            if entry.data.is_empty() {
                continue;
            }
            let number = match (i < flushed, i < flushed || keep()) {
                (true, _) => &mut cut.flushed,
                (false, true) => &mut cut.kept,
                (false, false) => {
                    cut.lost += 1;
                    continue;
                }
            };
            *number += 1;
            disk.write_all_at(&entry.data, entry.to)?;
        }
        Ok(cut)
    }
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

    /// A log of these entries: flags, place and byte of one sector, or no byte for a flush.
    fn log(place: &TempDir, entries: &[(u64, u64, Option<u8>)]) -> File {
        let header = |fields: [u64; 4]| {
            let mut sector: Vec<u8> = fields.iter().flat_map(|f| f.to_le_bytes()).collect();
            sector.resize(SECTOR, 0);
            sector
        };
        let mut bytes = header([MAGIC, 1, 0, 512]);
        for &(flags, to, byte) in entries {
            bytes.extend(header([to, u64::from(byte.is_some()), flags, 0]));
            bytes.extend(byte.iter().flat_map(|&byte| [byte; SECTOR]));
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
        let write = |to, byte| (0, to, Some(byte));
        let flush = || (FLUSH, 0, None);
        let entries = [
            write(0, 1),
            write(1, 2),
            flush(),
            write(0, 3),
            write(2, 4),
            flush(),
        ];
        let writes = Writes::read(&mut log(&place, &entries)).unwrap();
        assert_eq!(writes.0.len(), entries.len());
        assert_eq!(writes.ended_at(4 * SECTOR as u64), 1);
        let path = place.path().join("disk");
        let sectors = |count: usize, coin: [bool; 2]| {
            let disk = File::create(&path).unwrap();
            disk.set_len(3 * SECTOR as u64).unwrap();
            let mut coin = coin.into_iter();
            let cut = writes
                .replay(count, &disk, || coin.next().unwrap())
                .unwrap();
            let disk = fs::read(&path).unwrap();
            let sectors: Vec<u8> = disk.chunks(SECTOR).map(|s| s[0]).collect();
            (sectors, cut.flushed, cut.kept, cut.lost)
        };
        assert_eq!(sectors(5, [false, true]), (vec![1, 2, 4], 2, 1, 1));
        assert_eq!(sectors(4, [true, true]), (vec![3, 2, 0], 2, 1, 0));
        assert_eq!(sectors(1, [false, true]), (vec![0, 0, 0], 0, 0, 1));
        assert_eq!(sectors(6, [false, false]), (vec![3, 2, 4], 4, 0, 0));
    }
}
