//! Sessions and seats, as logind tells them.
//!
//! Through the interface that is supported for it, sd-login(3) of libsystemd or of libelogind. The
//! library is loaded where it is needed, so that the module neither links nor needs it. The
//! functions used read files of root's below `/run/systemd` and the process's own `/proc` entry;
//! none waits for another process.
#![expect(
    unsafe_code,
    reason = "functions of a library that is loaded at run time"
)]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use crate::place::{Class, Session, Sessions};

/// There is always a seat0 where logind runs.
const FIRST_SEAT: &str = "/run/systemd/seats/seat0";
/// There only where systemd runs the machine (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";
/// Longer names of sessions, seats and classes are not logind's.
const MAX_NAME: usize = 255;
/// More sessions of one user are not looked at.
const MAX_SESSIONS: usize = 256;
/// What the library answers about what is not there; its other errors answer nothing.
const ABSENT: [c_int; 4] = [libc::ENODATA, libc::ENXIO, libc::ENOENT, libc::ESRCH];

type TextOfPid = unsafe extern "C" fn(libc::pid_t, *mut *mut c_char) -> c_int;
type UidOfPid = unsafe extern "C" fn(libc::pid_t, *mut libc::uid_t) -> c_int;
type TextOfUid = unsafe extern "C" fn(libc::uid_t, *mut *mut c_char) -> c_int;
type ListOfUid = unsafe extern "C" fn(libc::uid_t, c_int, *mut *mut *mut c_char) -> c_int;
type FlagOfSession = unsafe extern "C" fn(*const c_char) -> c_int;
type TextOfSession = unsafe extern "C" fn(*const c_char, *mut *mut c_char) -> c_int;
type UidOfSession = unsafe extern "C" fn(*const c_char, *mut libc::uid_t) -> c_int;
type ActiveOfSeat =
    unsafe extern "C" fn(*const c_char, *mut *mut c_char, *mut libc::uid_t) -> c_int;

/// The functions of sd-login(3) that are needed.
#[derive(Debug)]
pub(crate) struct Logind {
    pid_session: TextOfPid,
    pid_owner: UidOfPid,
    uid_display: TextOfUid,
    uid_sessions: ListOfUid,
    session_active: FlagOfSession,
    session_remote: FlagOfSession,
    session_seat: TextOfSession,
    session_state: TextOfSession,
    session_class: TextOfSession,
    session_uid: UidOfSession,
    seat_active: ActiveOfSeat,
}

/// One question to logind, and whether it could answer everything that was asked.
pub(crate) struct Asked<'a> {
    library: &'a Logind,
    failed: Cell<bool>,
}

/// logind, if it runs. Its library is loaded once and stays loaded.
///
/// # Errors
/// If it runs or may run, and cannot be asked: programs inherit their caller's limits, so a caller
/// can keep the library from being loaded.
pub(crate) fn running() -> io::Result<Option<Asked<'static>>> {
    static LIBRARY: OnceLock<Logind> = OnceLock::new();
    if !Path::new(FIRST_SEAT).try_exists()? {
        return Ok(None);
    }
    let library = kept(&LIBRARY, || {
        // Elsewhere libsystemd may lie about unused, and would not know elogind's sessions.
        let mut libraries = [c"libsystemd.so.0", c"libelogind.so.0"];
        if !Path::new(BOOTED).exists() {
            libraries.reverse();
        }
        libraries.into_iter().find_map(Logind::load)
    });
    let missing = || io::Error::other("neither libsystemd nor libelogind could be loaded");
    library.map(Asked::new).map(Some).ok_or_else(missing)
}

/// What was loaded before, else what can be loaded now. A failure is not kept: a process lives
/// longer than what it was short of.
fn kept(library: &OnceLock<Logind>, load: impl FnOnce() -> Option<Logind>) -> Option<&Logind> {
    if library.get().is_none() {
        let loaded = load()?;
        return Some(library.get_or_init(|| loaded));
    }
    library.get()
}

/// A function of a library, as the type of the field it is for; leaves with `None` without it.
macro_rules! function {
    ($library:expr, $name:literal) => {{
        // SAFETY: sd-login(3) declares the function with the type of the field it is for.
        unsafe { function($library, $name) }?
    }};
}

/// # Safety
/// `F` must be the type of the function that the library has under this name.
unsafe fn function<F: Copy>(library: NonNull<c_void>, name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>(), "not a function") };
    // SAFETY: `library` came from dlopen and is never closed.
    let address = unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) };
    let address = NonNull::new(address)?;
    // SAFETY: as this function demands; a function's address has the size of a pointer.
    Some(unsafe { std::mem::transmute_copy(&address) })
}

impl Logind {
    /// The functions of the library with this name; `None` if it or one of them is missing.
    fn load(name: &CStr) -> Option<Self> {
        // SAFETY: a system library, whose initialisers run here as in any program linked to it.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        let library = NonNull::new(library)?;
        Some(Self {
            pid_session: function!(library, c"sd_pid_get_session"),
            pid_owner: function!(library, c"sd_pid_get_owner_uid"),
            uid_display: function!(library, c"sd_uid_get_display"),
            uid_sessions: function!(library, c"sd_uid_get_sessions"),
            session_active: function!(library, c"sd_session_is_active"),
            session_remote: function!(library, c"sd_session_is_remote"),
            session_seat: function!(library, c"sd_session_get_seat"),
            session_state: function!(library, c"sd_session_get_state"),
            session_class: function!(library, c"sd_session_get_class"),
            session_uid: function!(library, c"sd_session_get_uid"),
            seat_active: function!(library, c"sd_seat_get_active"),
        })
    }
}

impl<'a> Asked<'a> {
    fn new(library: &'a Logind) -> Self {
        Self {
            library,
            failed: Cell::new(false),
        }
    }

    /// Whether something that was asked could not be answered.
    pub(crate) fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Whether this is what a function returns that has answered with something.
    fn answered(&self, code: c_int) -> bool {
        let answered = code >= 0;
        if !answered && !ABSENT.contains(&code.saturating_neg()) {
            self.failed.set(true);
        }
        answered
    }

    /// The name that a function of the library hands out, freed.
    fn handed_out(&self, call: impl FnOnce(*mut *mut c_char) -> c_int) -> Option<String> {
        let mut out = ptr::null_mut();
        let code = call(&raw mut out);
        let answered = self.answered(code);
        let allocated = Allocated(NonNull::new(out)?);
        allocated.name().filter(|_| answered)
    }

    fn flag(&self, function: FlagOfSession, id: &CStr) -> Option<bool> {
        // SAFETY: `id` is a string that the function only reads.
        let flag = unsafe { function(id.as_ptr()) };
        self.answered(flag).then_some(flag > 0)
    }

    fn text(&self, function: TextOfSession, id: &CStr) -> Option<String> {
        self.handed_out(|out| {
            // SAFETY: `id` is a string that the function only reads, `out` is where it may write.
            unsafe { function(id.as_ptr(), out) }
        })
    }

    fn uid(&self, function: UidOfSession, id: &CStr) -> Option<u32> {
        let mut uid = libc::uid_t::MAX;
        // SAFETY: `id` is a string that the function only reads, `uid` is where it may write.
        let code = unsafe { function(id.as_ptr(), &raw mut uid) };
        self.answered(code).then_some(uid)
    }
}

impl Sessions for Asked<'_> {
    fn own(&self) -> Option<Session> {
        let id = self.handed_out(|out| {
            // SAFETY: process 0 is the calling one, `out` is where the function may write.
            unsafe { (self.library.pid_session)(0, out) }
        })?;
        self.session(&id)
    }

    fn owner(&self) -> Option<u32> {
        let mut uid = libc::uid_t::MAX;
        // SAFETY: process 0 is the calling one, `uid` is where the function may write.
        let code = unsafe { (self.library.pid_owner)(0, &raw mut uid) };
        self.answered(code).then_some(uid)
    }

    fn of(&self, uid: u32) -> Vec<Session> {
        let mut list = ptr::null_mut();
        // SAFETY: `list` is where the function may write. Negative: sessions in any state.
        let count = unsafe { (self.library.uid_sessions)(uid, -1, &raw mut list) };
        self.answered(count);
        let ids = taken(list, usize::try_from(count).unwrap_or(0));
        let ids = ids.iter().take(MAX_SESSIONS);
        ids.filter_map(|id| self.session(id.as_deref()?)).collect()
    }

    fn display(&self, uid: u32) -> Option<Session> {
        let id = self.handed_out(|out| {
            // SAFETY: `out` is where the function may write.
            unsafe { (self.library.uid_display)(uid, out) }
        })?;
        self.session(&id)
    }

    fn in_front(&self, seat: &str) -> Option<Session> {
        let seat = CString::new(seat).ok()?;
        let id = self.handed_out(|out| {
            // SAFETY: `seat` is a string that the function only reads, `out` is where it may
            // write, and the uid is optional.
            unsafe { (self.library.seat_active)(seat.as_ptr(), out, ptr::null_mut()) }
        })?;
        self.session(&id)
    }

    fn session(&self, id: &str) -> Option<Session> {
        let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let name = CString::new(id).ok().filter(|_| plain)?;
        let seat = self.text(self.library.session_seat, &name);
        let class = self.text(self.library.session_class, &name);
        Some(Session {
            id: id.to_owned(),
            uid: self.uid(self.library.session_uid, &name)?,
            seat: seat.filter(|seat| is_seat(seat)),
            class: Class::named(class.as_deref().unwrap_or_default()),
            remote: self.flag(self.library.session_remote, &name)?,
            active: self.flag(self.library.session_active, &name)?,
            closing: self.text(self.library.session_state, &name)? == "closing",
        })
    }
}

/// Whether this can be the name of a seat, and is safe in a path.
fn is_seat(name: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.starts_with("seat") && name.bytes().all(safe)
}

/// A string that the library allocated for its caller.
struct Allocated(NonNull<c_char>);

impl Allocated {
    /// The string, if it can be a name.
    fn name(&self) -> Option<String> {
        // SAFETY: the library hands out strings that end with a zero byte.
        let text = unsafe { CStr::from_ptr(self.0.as_ptr()) };
        let text = text.to_str().ok()?;
        (text.len() <= MAX_NAME).then(|| text.to_owned())
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: it came from the library's malloc, and this value alone knows it.
        unsafe { libc::free(self.0.as_ptr().cast()) };
    }
}

/// The names in a list of so many that the library handed out, all freed. `None` stands for one
/// that cannot be a name.
fn taken(list: *mut *mut c_char, count: usize) -> Vec<Option<String>> {
    let Some(list) = NonNull::new(list) else {
        return Vec::new();
    };
    let names = (0..count).map_while(|index| {
        // SAFETY: the list has `count` entries, and a null pointer behind them.
        let entry = unsafe { list.add(index) };
        // SAFETY: as above; the entry is not changed by anybody else.
        let entry = unsafe { entry.read() };
        Some(Allocated(NonNull::new(entry)?).name())
    });
    let names = names.collect();
    // SAFETY: the list came from the library's malloc, and its entries have been freed.
    unsafe { libc::free(list.as_ptr().cast()) };
    names
}

#[cfg(test)]
mod tests;
