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
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// A library with the functions of sd-login(3) over the sessions of a machine that is not.
    const STAND_IN: &str = r#"
        #include <stdlib.h>
        #include <string.h>
        enum { NODATA = -61, NXIO = -6 };
        struct session { const char *id, *seat, *state, *class; unsigned uid; int active, remote; };
        static const struct session sessions[] = {
            { "2", "seat0", "active", "user", 1000, 1, 0 },
            { "c7", NULL, "active", "user", 1000, 1, 1 },
            { "9", "seat0", "closing", "background", 1000, 0, 0 },
            { "c1", "../seat0", "online", "greeter", 107, 0, 0 },
            { "torn", "seat0", NULL, "user", 1000, 1, 0 },
        };
        static const struct session *find(const char *id) {
            for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
                if (!strcmp(sessions[i].id, id)) return sessions + i;
            return NULL;
        }
        static int give(const char *text, char **out) {
            if (!text) return NODATA;
            *out = strdup(text);
            return 0;
        }
        int sd_pid_get_session(int pid, char **out) { return pid ? NXIO : give("2", out); }
        int sd_pid_get_owner_uid(int pid, unsigned *uid) { *uid = 1000; return pid ? NXIO : 0; }
        int sd_uid_get_display(unsigned uid, char **out) {
            char endless[4096];
            memset(endless, 'a', sizeof endless);
            endless[sizeof endless - 1] = 0;
            return uid == 1000 ? give("2", out) : uid == 7 ? give(endless, out)
                 : uid == 8 ? give("../2", out) : NODATA;
        }
        int sd_uid_get_sessions(unsigned uid, int require, char ***out) {
            if (uid != 1000 || require >= 0) return 0;
            *out = calloc(5, sizeof **out);
            (*out)[0] = strdup("2"); (*out)[1] = strdup("c7");
            (*out)[2] = strdup("gone"); (*out)[3] = strdup("9");
            return 4;
        }
        int sd_session_is_active(const char *id) { return find(id) ? find(id)->active : NXIO; }
        int sd_session_is_remote(const char *id) { return find(id) ? find(id)->remote : NXIO; }
        int sd_session_get_seat(const char *id, char **out) {
            return find(id) ? give(find(id)->seat, out) : NXIO; }
        int sd_session_get_state(const char *id, char **out) {
            return find(id) ? give(find(id)->state, out) : NXIO; }
        int sd_session_get_class(const char *id, char **out) {
            return find(id) ? give(find(id)->class, out) : NXIO; }
        int sd_session_get_uid(const char *id, unsigned *uid) {
            if (!find(id)) return NXIO;
            *uid = find(id)->uid; return 0; }
        int sd_seat_get_active(const char *seat, char **out, unsigned *uid) {
            if (uid) *uid = 1000;
            return strcmp(seat, "seat0") ? NXIO : give("2", out); }
    "#;

    /// The stand-in, compiled, as if only the first `lines` of its text were there.
    fn compiled(source: &str) -> Option<Logind> {
        let directory = tempfile::tempdir().unwrap();
        let code = directory.path().join("stand-in.c");
        let library = directory.path().join("stand-in.so");
        fs::write(&code, source).unwrap();
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &code]);
        assert!(compiler.status().unwrap().success());
        let path = CString::new(library.into_os_string().into_encoded_bytes()).unwrap();
        Logind::load(&path)
    }

    #[test]
    fn what_the_library_says_becomes_sessions() {
        let library = compiled(STAND_IN).unwrap();
        let logind = Asked::new(&library);
        let own = Session {
            id: "2".to_owned(),
            uid: 1000,
            seat: Some("seat0".to_owned()),
            class: Class::Person,
            remote: false,
            active: true,
            closing: false,
        };
        assert_eq!(logind.own().as_ref(), Some(&own));
        assert_eq!(logind.owner(), Some(1000));
        assert_eq!(logind.display(1000).as_ref(), Some(&own));
        assert_eq!(logind.display(1001), None);
        assert_eq!(logind.in_front("seat0"), Some(own));
        assert_eq!(logind.in_front("seat1"), None);
        let ids: Vec<_> = logind
            .of(1000)
            .into_iter()
            .map(|session| session.id)
            .collect();
        assert_eq!(ids, ["2", "c7", "9"], "the one that is gone is left out");
        assert_eq!(logind.of(1001), []);
        let remote = logind.session("c7").unwrap();
        assert!(remote.remote && remote.seat.is_none());
        let closing = logind.session("9").unwrap();
        assert!(closing.closing && !closing.active && closing.class == Class::Background);
    }

    #[test]
    fn what_cannot_be_a_session_or_a_seat_is_none() {
        let library = compiled(STAND_IN).unwrap();
        let logind = Asked::new(&library);
        let greeter = logind.session("c1").unwrap();
        assert_eq!((greeter.class, greeter.seat), (Class::Greeter, None));
        for id in ["", "nobody", "torn", "../2", "2\0", "2 ", "ü"] {
            assert_eq!(logind.session(id), None, "{id:?}");
        }
        assert_eq!(logind.display(7), None, "four thousand letters");
        assert_eq!(logind.display(8), None, "a path");
        assert_eq!(logind.in_front("seat0\0"), None);
        assert!(!logind.failed(), "no is an answer");
    }

    #[test]
    fn an_error_is_not_taken_for_no_session() {
        type Question = fn(&Asked<'_>);
        let questions: [(&str, Question); 11] = [
            ("sd_pid_get_session", |asked| assert_eq!(asked.own(), None)),
            ("sd_pid_get_owner_uid", |asked| {
                assert_eq!(asked.owner(), None)
            }),
            ("sd_uid_get_display", |asked| {
                assert_eq!(asked.display(1000), None)
            }),
            ("sd_uid_get_sessions", |asked| {
                assert_eq!(asked.of(1000), [])
            }),
            ("sd_seat_get_active", |asked| {
                assert_eq!(asked.in_front("seat0"), None)
            }),
            ("sd_session_is_active", |asked| {
                assert_eq!(asked.own(), None)
            }),
            ("sd_session_is_remote", |asked| {
                assert_eq!(asked.own(), None)
            }),
            ("sd_session_get_uid", |asked| assert_eq!(asked.own(), None)),
            ("sd_session_get_state", |asked| {
                assert_eq!(asked.own(), None)
            }),
            ("sd_session_get_seat", |asked| {
                assert!(asked.own().is_some())
            }),
            ("sd_session_get_class", |asked| {
                assert!(asked.own().is_some())
            }),
        ];
        for (function, ask) in questions {
            for (code, failed) in [
                (-libc::ENOMEM, true),
                (-libc::EMFILE, true),
                (-libc::ENODATA, false),
            ] {
                let broken = STAND_IN.replace(
                    &format!("int {function}("),
                    &format!("int {function}() {{ return {code}; }} int whole_{function}("),
                );
                let library = compiled(&broken).unwrap();
                let asked = Asked::new(&library);
                ask(&asked);
                assert_eq!(asked.failed(), failed, "{function} {code}");
            }
        }
    }

    #[test]
    fn a_library_that_could_not_be_loaded_is_tried_again_and_then_kept() {
        let library = OnceLock::new();
        assert!(kept(&library, || None).is_none());
        let loaded = kept(&library, || compiled(STAND_IN)).unwrap();
        let again = kept(&library, || unreachable!("it is loaded already")).unwrap();
        assert!(ptr::eq(loaded, again));
    }

    #[test]
    fn a_library_without_one_of_the_functions_is_none_at_all() {
        let incomplete = STAND_IN.replace("int sd_seat_get_active", "int sd_other");
        assert!(compiled(&incomplete).is_none());
        assert!(Logind::load(c"/nonexistent/libsystemd.so.0").is_none());
    }

    #[test]
    fn seats_have_names_that_are_safe_in_a_path() {
        for name in ["seat0", "seat-usb-pci_1", "seat"] {
            assert!(is_seat(name), "{name}");
        }
        for name in [
            "", "Seat0", "0", "seat/0", "seat..", "../seat0", "seat 0", "seat\n", "seatü",
        ] {
            assert!(!is_seat(name), "{name}");
        }
    }

    #[test]
    fn this_machine_answers_without_failing() {
        let Ok(Some(logind)) = running() else {
            return; // As on a machine without logind.
        };
        let own = logind.own();
        assert!(own.is_none_or(|session| !session.id.is_empty()));
        assert_eq!(logind.session("nobodyhasthis"), None);
        assert_eq!(logind.in_front("seat-nobody-has"), None);
    }
}
