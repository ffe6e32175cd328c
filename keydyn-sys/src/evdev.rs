//! One keyboard's event node: opened for reading only, never grabbed, on the monotonic clock,
//! with everything that cannot matter masked in the kernel.
//!
//! The `evdev` crate says what the device is. Its buffer of events cannot be wiped, so the events
//! are read here.
#![expect(
    unsafe_code,
    reason = "two ioctls that no crate offers, and input_event as bytes"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::Path;

use evdev::raw_stream::RawDevice;
use keydyn_core::key::{KeyCode, KeyRole, Micros, Motion};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::time::{ClockId, clock_gettime};
use zeroize::Zeroize as _;

use crate::descriptors::above_standard;

// linux/input-event-codes.h
const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
const SYN_DROPPED: u16 = 3;
const KEY_MAX: u16 = 0x2ff;

/// linux/input.h: `struct input_mask`.
#[repr(C)]
struct InputMask {
    kind: u32,
    len: u32,
    codes: u64,
}

nix::ioctl_write_ptr!(eviocsclockid, b'E', 0xa0, libc::c_int);
nix::ioctl_write_ptr!(eviocsmask, b'E', 0x93, InputMask);

/// Records read at a time; the kernel's queue of a keyboard holds 64.
const BATCH: usize = 64;

/// What a keyboard said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A key that matters moved.
    Key(Micros, KeyCode, Motion),
    /// The kernel's queue overran.
    Dropped(Micros),
}

/// An open keyboard.
pub(crate) struct Keyboard {
    device: Box<dyn AsFd + Send>,
    model: u32,
    /// From when on nothing is missed.
    opened: Micros,
}

/// The kernel's monotonic clock, which key events are stamped with.
pub(crate) fn monotonic() -> Micros {
    // Every Linux has this clock.
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(Micros(0), |now| micros(now.tv_sec(), now.tv_nsec() / 1000))
}

fn micros(seconds: i64, microseconds: i64) -> Micros {
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Micros(
        part(seconds)
            .saturating_mul(1_000_000)
            .saturating_add(part(microseconds)),
    )
}

impl Keyboard {
    /// Opens a node; from its return on, nothing that is typed on it is missed.
    ///
    /// # Errors
    /// What the system says of it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        // It stays open while the host converses.
        let fd = above_standard(open(path, flags, Mode::empty())?)?;
        // First of all: changing the clock empties the queue.
        // SAFETY: the kernel reads one int through the pointer, which lives through the call.
        unsafe { eviocsclockid(fd.as_raw_fd(), &libc::CLOCK_MONOTONIC) }?;
        mask(&fd)?;
        let device = RawDevice::from_fd(fd)?;
        let model = model(&device);
        let mut keyboard = Self {
            device: Box::new(device),
            model,
            opened: Micros(0),
        };
        // What was queued up to here was typed before the prompt.
        keyboard.read(&mut |_| {})?;
        // If a key moved before the clock was set, its loss is told only with the next one.
        keyboard.opened = monotonic();
        Ok(keyboard)
    }

    /// A keyboard at the other end of this descriptor, which gives raw `input_event`s.
    #[cfg(test)]
    pub(crate) fn stand_in(fd: OwnedFd, model: u32) -> Self {
        Self {
            device: Box::new(fd),
            model,
            opened: monotonic(),
        }
    }

    /// Which model of keyboard it is: the same number for the same bus, vendor and product,
    /// never 0.
    pub(crate) fn model(&self) -> u32 {
        self.model
    }

    /// Whether this tells of a loss that was no loss: the kernel empties the queue when the clock
    /// is set, and says so behind what comes next.
    fn is_of_before(&self, reading: &Reading) -> bool {
        matches!(reading, Reading::Dropped(at) if *at <= self.opened)
    }

    /// Reads all that is there, in order.
    ///
    /// # Errors
    /// `ENODEV` if the keyboard went away, or whatever else the system says.
    pub(crate) fn read(&mut self, sink: &mut dyn FnMut(Reading)) -> io::Result<()> {
        let mut batch = Batch::new();
        loop {
            match nix::unistd::read(self.device.as_fd(), batch.bytes()) {
                Ok(0) => return Err(Errno::ENODEV.into()),
                Ok(read) => batch
                    .readings(read)
                    .filter(|reading| !self.is_of_before(reading))
                    .for_each(&mut *sink),
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl AsFd for Keyboard {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.device.as_fd()
    }
}

/// Tells the kernel to pass on only keys that can matter. Kernels before 4.4 cannot; then more
/// comes, and is passed over here.
fn mask(fd: &OwnedFd) -> io::Result<()> {
    let mut kinds = [0u8; 4];
    kinds[0] = 1 << EV_SYN | 1 << EV_KEY;
    let mut keys = [0u8; KEY_MAX as usize / 8 + 1];
    for code in (0..=KEY_MAX).filter(|&code| KeyCode(code).role() != KeyRole::Other) {
        keys[usize::from(code / 8)] |= 1 << (code % 8);
    }
    // A mask of the type EV_SYN says which types pass.
    for (kind, codes) in [(EV_SYN, &kinds[..]), (EV_KEY, &keys[..])] {
        let mask = InputMask {
            kind: kind.into(),
            len: codes.len() as u32,
            codes: codes.as_ptr() as u64,
        };
        // SAFETY: the kernel reads the struct and `len` bytes at `codes`; both live through the
        // call.
        match unsafe { eviocsmask(fd.as_raw_fd(), &mask) } {
            Ok(_) | Err(Errno::EINVAL) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn model(device: &RawDevice) -> u32 {
    let id = device.input_id();
    // FNV-1a: a number to tell keyboards apart by, nothing that must not collide.
    [id.bus_type().0, id.vendor(), id.product()]
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
        .max(1)
}

/// Room for some records, wiped when dropped.
struct Batch([libc::input_event; BATCH]);

impl Batch {
    fn new() -> Self {
        let nothing = libc::input_event {
            time: libc::timeval {
                tv_sec: 0,
                tv_usec: 0,
            },
            type_: 0,
            code: 0,
            value: 0,
        };
        Self([nothing; BATCH])
    }

    fn bytes(&mut self) -> &mut [u8] {
        let len = size_of_val(&self.0);
        // SAFETY: input_event is plain numbers without padding (three sizes that add up), valid
        // whatever its bytes, and the slice covers exactly the array that it borrows.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }

    /// What the first `read` bytes say that matters. The kernel gives whole records.
    fn readings(&self, read: usize) -> impl Iterator<Item = Reading> {
        let records = read / size_of::<libc::input_event>();
        self.0.iter().take(records).filter_map(reading)
    }
}

fn reading(event: &libc::input_event) -> Option<Reading> {
    let at = micros(event.time.tv_sec, event.time.tv_usec);
    let motion = match (event.type_, event.code, event.value) {
        (EV_SYN, SYN_DROPPED, _) => return Some(Reading::Dropped(at)),
        (EV_KEY, _, 0) => Motion::Release,
        (EV_KEY, _, 1) => Motion::Press,
        (EV_KEY, _, 2) => Motion::Repeat,
        _ => return None,
    };
    let key = KeyCode(event.code);
    (event.code <= KEY_MAX && key.role() != KeyRole::Other).then_some(Reading::Key(at, key, motion))
}

/// What raw records say that matters, whole records only.
#[cfg(feature = "fuzzing")]
pub(crate) fn readings(bytes: &[u8], sink: &mut dyn FnMut(Reading)) {
    let mut batch = Batch::new();
    for records in bytes.chunks(BATCH * size_of::<libc::input_event>()) {
        batch.bytes()[..records.len()].copy_from_slice(records);
        batch.readings(records.len()).for_each(&mut *sink);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.bytes().zeroize();
    }
}

/// A stand-in for a keyboard, for the tests of what reads one.
#[cfg(test)]
pub(crate) mod stand_in {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    /// The end that types.
    pub(crate) struct Typist(UnixStream);

    /// A keyboard and the one who types on it. Dropping the typist pulls the plug.
    pub(crate) fn keyboard(model: u32) -> (Typist, Keyboard) {
        let (typist, keyboard) = UnixStream::pair().unwrap();
        keyboard.set_nonblocking(true).unwrap();
        (Typist(typist), Keyboard::stand_in(keyboard.into(), model))
    }

    impl Typist {
        /// Raw records (type, code, value) in one write: a socket holds few small ones.
        pub(crate) fn packet(&mut self, at: Micros, records: &[(u16, u16, i32)]) {
            let mut bytes = Vec::new();
            for (kind, code, value) in records {
                bytes.extend_from_slice(&((at.0 / 1_000_000) as libc::time_t).to_ne_bytes());
                bytes.extend_from_slice(&((at.0 % 1_000_000) as libc::suseconds_t).to_ne_bytes());
                bytes.extend_from_slice(&kind.to_ne_bytes());
                bytes.extend_from_slice(&code.to_ne_bytes());
                bytes.extend_from_slice(&value.to_ne_bytes());
            }
            self.0.write_all(&bytes).unwrap();
        }

        /// A key as a keyboard sends it: scan code, key, end of the packet.
        pub(crate) fn key(&mut self, at: Micros, code: u16, value: i32) {
            self.packet(at, &[(4, 4, 0x1e), (EV_KEY, code, value), (EV_SYN, 0, 0)]);
        }

        /// Whether everything sent was read.
        pub(crate) fn all_read(&self) -> bool {
            let mut unread: libc::c_int = 0;
            // SAFETY: the kernel writes one int through the pointer.
            unsafe { libc::ioctl(self.0.as_raw_fd(), libc::TIOCOUTQ, &raw mut unread) };
            unread == 0
        }

        /// Whether nobody reads any more.
        pub(crate) fn hung_up(&mut self) -> bool {
            self.0
                .write_all(&[0; size_of::<libc::input_event>()])
                .is_err()
        }

        /// What the kernel says when its queue overran.
        pub(crate) fn overrun(&mut self, at: Micros) {
            self.packet(at, &[(EV_SYN, SYN_DROPPED, 0)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(keyboard: &mut Keyboard) -> (Vec<Reading>, io::Result<()>) {
        let mut found = Vec::new();
        let result = keyboard.read(&mut |reading| found.push(reading));
        (found, result)
    }

    #[test]
    fn keys_come_with_their_time_and_the_rest_is_passed_over() {
        let (mut typist, mut keyboard) = stand_in::keyboard(1);
        typist.key(Micros(1_000_042), 30, 1);
        typist.key(Micros(1_090_042), 30, 2);
        // A mouse button, a volume key, a motion.
        typist.key(Micros(1_095_000), 0x110, 1);
        typist.key(Micros(1_095_000), 115, 1);
        typist.packet(Micros(1_095_000), &[(2, 0, 5), (EV_SYN, 0, 0)]);
        typist.key(Micros(1_100_000), 30, 0);
        typist.key(Micros(1_110_000), 30, 7);
        let later = Micros(monotonic().0 + 1);
        typist.overrun(later);
        let (found, result) = readings(&mut keyboard);
        result.unwrap();
        let key = |at, motion| Reading::Key(Micros(at), KeyCode(30), motion);
        assert_eq!(
            found,
            [
                key(1_000_042, Motion::Press),
                key(1_090_042, Motion::Repeat),
                key(1_100_000, Motion::Release),
                Reading::Dropped(later),
            ]
        );
        assert_eq!(readings(&mut keyboard).0, []);
    }

    #[test]
    fn a_loss_from_before_it_was_open_is_none() {
        let (mut typist, mut keyboard) = stand_in::keyboard(1);
        typist.overrun(keyboard.opened);
        typist.key(Micros(keyboard.opened.0 + 5), 30, 1);
        let (found, result) = readings(&mut keyboard);
        result.unwrap();
        assert!(matches!(found[..], [Reading::Key(..)]));
    }

    #[test]
    fn more_than_one_batch_comes_whole() {
        let (mut typist, mut keyboard) = stand_in::keyboard(1);
        for i in 0..100 {
            typist.key(Micros(i), 30, 1);
        }
        assert_eq!(readings(&mut keyboard).0.len(), 100);
    }

    #[test]
    fn a_keyboard_that_went_away_says_so_after_its_last_keys() {
        let (mut typist, mut keyboard) = stand_in::keyboard(1);
        typist.key(Micros(5), 30, 1);
        drop(typist);
        let (found, result) = readings(&mut keyboard);
        assert_eq!(found.len(), 1);
        assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ENODEV));
    }

    #[test]
    fn what_is_no_input_device_is_an_error() {
        assert!(Keyboard::open(Path::new("/dev/null")).is_err());
        let missing = Keyboard::open(Path::new("/dev/input/nonexistent"));
        assert_eq!(
            missing.err().and_then(|e| e.raw_os_error()),
            Some(libc::ENOENT)
        );
    }
}
