//! Whether a file can be a module: a shared object that is all there, by its header (elf(5)), and
//! that says what libpam calls for `auth`.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The header of 32 bit, the shorter one.
const SHORTEST: usize = 52;
/// The header of 64 bit.
const LONGEST: usize = 64;
/// More than any module has. Of more than this nobody asks what is in it.
const MOST_BYTES: u64 = 64 << 20;
/// What libpam looks for in a module that stands among the `auth` lines.
const CALLED: &[u8] = b"pam_sm_authenticate\0";
/// A shared object: `ET_DYN`.
const SHARED: u16 = 3;

/// What a shared object is made for: whether it is one of 64 bit, its byte order and its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind([u8; 4]);

/// Why a file is no module.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is not there.
    Missing,
    /// It is there, and libpam cannot load it. Words that follow "it".
    Unfit(String),
    /// Whoever looks may not see it.
    Hidden,
}

/// A shared object: what it is made for, and whether it has what is called for `auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) has_auth: bool,
}

/// What the shared object in this file is made for.
///
/// # Errors
/// If it is no shared object, or not all of one.
pub(crate) fn object(path: &Path) -> Result<Object, Fault> {
    let data = fs::metadata(path).map_err(fault)?;
    if !data.is_file() {
        // Not opened: a pipe would keep whoever looks waiting.
        return Err(Fault::Unfit("is no ordinary file".to_owned()));
    }
    if data.len() == 0 {
        return Err(Fault::Unfit("is empty".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fault)?;
    file.take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    let unfit = |why: &str| Fault::Unfit(why.to_owned());
    let kind = of(&bytes).ok_or_else(|| unfit("is no shared library"))?;
    if !is_whole(&bytes, data.len()) {
        return Err(unfit("is cut off: the end of it is not there"));
    }
    let has_auth = data.len() > MOST_BYTES || holds(&bytes, CALLED);
    Ok(Object { kind, has_auth })
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether the table of sections, which linkers put at the end, is inside the file.
fn is_whole(bytes: &[u8], length: u64) -> bool {
    let is_long = bytes.get(4) == Some(&2);
    let is_big = bytes.get(5) == Some(&2);
    let number = |at: usize, width: usize| {
        let digits = bytes.get(at..at + width)?.iter();
        let add = |sum: u64, digit: &u8| (sum << 8) | u64::from(*digit);
        Some(match is_big {
            true => digits.fold(0, add),
            false => digits.rev().fold(0, add),
        })
    };
    let (header, offset, width, size) = match is_long {
        true => (LONGEST, 40, 8, 58),
        false => (SHORTEST, 32, 4, 46),
    };
    let read = || {
        Some((
            number(offset, width)?,
            number(size, 2)?,
            number(size + 2, 2)?,
        ))
    };
    let Some((offset, size, count)) = read().filter(|_| bytes.len() >= header) else {
        return false;
    };
    // None at all, where somebody has stripped it away.
    offset == 0
        || offset
            .checked_add(size * count)
            .is_some_and(|end| end <= length)
}

fn of(bytes: &[u8]) -> Option<Kind> {
    let [0x7f, b'E', b'L', b'F', class, order, .., t0, t1, m0, m1] = *bytes.first_chunk::<20>()?
    else {
        return None;
    };
    let shared = match order {
        1 => u16::from_le_bytes([t0, t1]),
        2 => u16::from_be_bytes([t0, t1]),
        _ => return None,
    };
    (shared == SHARED).then_some(Kind([class, order, m0, m1]))
}

fn fault(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Fault::Missing,
        io::ErrorKind::PermissionDenied => Fault::Hidden,
        _ => Fault::Unfit(format!("cannot be read ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a shared object for x86-64.
    const SOUND: [u8; 20] = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";

    fn with(at: usize, byte: u8) -> Option<Kind> {
        let mut bytes = SOUND;
        bytes[at] = byte;
        of(&bytes)
    }

    #[test]
    fn a_shared_object_is_told_by_its_header() {
        let sound = of(&SOUND);
        assert!(sound.is_some());
        assert_eq!(of(&SOUND[..19]), None, "cut off");
        assert_eq!(with(0, b'#'), None, "a script");
        assert_eq!(with(16, 2), None, "a program");
        assert_eq!(with(5, 3), None, "of no byte order");
        assert_eq!(with(7, 3), sound, "of another system's convention");
        // 32 bit, and another machine.
        for (at, byte) in [(4, 1), (18, 0xb7)] {
            assert!(with(at, byte).is_some() && with(at, byte) != sound);
        }
    }

    #[test]
    fn a_shared_object_that_is_cut_off_is_told_by_its_sections() {
        for (class, order, header, offset, size) in [
            (2, 1, 64, 40, 58),
            (2, 2, 64, 40, 58),
            (1, 1, 52, 32, 46),
            (1, 2, 52, 32, 46),
        ] {
            let mut bytes = vec![0; header];
            bytes[..20].copy_from_slice(&SOUND);
            (bytes[4], bytes[5]) = (class, order);
            assert!(is_whole(&bytes, 300), "without a table");
            assert!(!is_whole(&bytes[..header - 1], 300));
            // At 100, three of 64 bytes.
            let width = if class == 2 { 8 } else { 4 };
            let last = |at: usize, width: usize| if order == 1 { at } else { at + width - 1 };
            bytes[last(offset, width)] = 100;
            bytes[last(size, 2)] = 64;
            bytes[last(size + 2, 2)] = 3;
            assert!(is_whole(&bytes, 292), "{class} {order}");
            assert!(!is_whole(&bytes, 291), "{class} {order}");
            bytes[offset..offset + width].fill(0xff);
            assert!(!is_whole(&bytes, u64::from(u32::MAX)));
        }
    }

    #[test]
    fn what_is_no_ordinary_file_is_not_opened() {
        let why = |path: &str| match object(Path::new(path)) {
            Err(Fault::Unfit(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why("/dev/zero"), "is no ordinary file");
        assert_eq!(why("/"), "is no ordinary file");
        let missing = object(Path::new("/nonexistent/pam_x.so"));
        assert!(matches!(missing, Err(Fault::Missing)));
    }
}
