//! Whether a file can be a module: a shared object, by the beginning of its header (elf(5)).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Up to the machine, all that is looked at.
const BEGINNING: usize = 20;
/// A shared object: `ET_DYN`.
const SHARED: u16 = 3;

/// What a shared object is made for: whether it is one of 64 bit, its byte order and its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind([u8; 4]);

/// Why a file is no module.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is not there.
    Missing,
    /// It is there, and libpam cannot load it. Words that follow "it".
    Unfit(String),
    /// Whoever looks may not see it.
    Hidden,
}

/// What the shared object in this file is made for.
///
/// # Errors
/// If it is no shared object.
pub(crate) fn kind(path: &Path) -> Result<Kind, Fault> {
    let data = fs::metadata(path).map_err(fault)?;
    if !data.is_file() {
        // Not opened: a pipe would keep whoever looks waiting.
        return Err(Fault::Unfit("is no ordinary file".to_owned()));
    }
    if data.len() == 0 {
        return Err(Fault::Unfit("is empty".to_owned()));
    }
    let mut bytes = Vec::with_capacity(BEGINNING);
    let file = File::open(path).map_err(fault)?;
    file.take(BEGINNING as u64)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    of(&bytes).ok_or_else(|| Fault::Unfit("is no shared library".to_owned()))
}

fn of(bytes: &[u8]) -> Option<Kind> {
    let [0x7f, b'E', b'L', b'F', class, order, .., t0, t1, m0, m1] =
        *bytes.first_chunk::<BEGINNING>()?
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
    const SOUND: [u8; BEGINNING] = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";

    fn with(at: usize, byte: u8) -> Option<Kind> {
        let mut bytes = SOUND;
        bytes[at] = byte;
        of(&bytes)
    }

    #[test]
    fn a_shared_object_is_told_by_its_header() {
        let sound = of(&SOUND);
        assert!(sound.is_some());
        assert_eq!(of(&SOUND[..BEGINNING - 1]), None, "cut off");
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
    fn what_is_no_ordinary_file_is_not_opened() {
        let why = |path: &str| match kind(Path::new(path)) {
            Err(Fault::Unfit(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why("/dev/zero"), "is no ordinary file");
        assert_eq!(why("/"), "is no ordinary file");
        let missing = kind(Path::new("/nonexistent/pam_x.so"));
        assert!(matches!(missing, Err(Fault::Missing)));
    }
}
