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
