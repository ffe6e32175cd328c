//! Where PAM_RHOST or a terminal decides.

use super::*;

#[test]
fn rule_1_a_remote_host() {
    let desk = || in_session(session("2", ALICE));
    is([
        ("sudo, no host", desk(), LOCAL),
        ("an empty host", desk().host(""), LOCAL),
        ("sudo's pam_rhost, this host", desk().host("desk"), LOCAL),
        ("with its domain", desk().host("DESK.example.org."), LOCAL),
        ("localhost", desk().host("localhost"), LOCAL),
        ("loopback", desk().host("127.0.0.1"), LOCAL),
        ("another loopback", desk().host("127.8.8.8"), LOCAL),
        ("loopback, new", desk().host("::1"), LOCAL),
        (
            "loopback, new and old",
            desk().host("::ffff:127.0.0.1"),
            LOCAL,
        ),
        ("another host", desk().host("laptop"), ELSEWHERE),
        ("a host called like ours", desk().host("desktop"), ELSEWHERE),
        ("an address", desk().host("192.0.2.7"), ELSEWHERE),
        ("an address, new", desk().host("2001:db8::7"), ELSEWHERE),
        (
            "an address, new and old",
            desk().host("::ffff:192.0.2.7"),
            ELSEWHERE,
        ),
        ("gdm, a host not known", desk().host("0.0.0.0"), ELSEWHERE),
        (
            "even on a terminal",
            daemon().host("laptop").on(Terminal::Virtual(2)),
            ELSEWHERE,
        ),
        ("sshd", daemon().host("laptop").tty("ssh"), ELSEWHERE),
        (
            "sshd, through a tunnel or from here, its user in front",
            daemon()
                .host("127.0.0.1")
                .tty("ssh")
                .with([session("2", ALICE)]),
            ELSEWHERE,
        ),
    ]);
}

#[test]
fn this_host_has_several_names() {
    let own = || Some("desk.example.org".to_owned());
    for host in [
        "desk",
        "Desk.Example.ORG",
        "desk.example.org.",
        "localhost.",
        "::1",
        "127.1.2.3",
    ] {
        assert!(is_this_host(host, own), "{host}");
    }
    for host in [
        "example.org",
        "org",
        "desk.example",
        "desk2",
        ".",
        "localhost.org",
        "0.0.0.0",
    ] {
        assert!(!is_this_host(host, own), "{host}");
    }
    assert!(is_this_host("desk.example.org", || Some("desk".to_owned())));
    assert!(is_this_host("localhost", || None));
    assert!(!is_this_host(".", || Some(String::new())) && !is_this_host("desk", || None));
}

#[test]
fn rule_2_another_kind_of_terminal() {
    let front = || daemon().with([session("2", ALICE), session("9", 0)]);
    is([
        (
            "login, ttyS0",
            front().tty("ttyS0").on(Terminal::Other),
            ELSEWHERE,
        ),
        (
            "login, hvc0",
            front().tty("/dev/hvc0").on(Terminal::Other),
            ELSEWHERE,
        ),
        ("by the name alone", front().tty("ttyUSB0"), ELSEWHERE),
        ("ttyAMA0", front().tty("ttyAMA0"), ELSEWHERE),
        (
            "by the kernel's word alone",
            front().on(Terminal::Other),
            ELSEWHERE,
        ),
        (
            "a serial console",
            front().tty("console").on(Terminal::Other),
            ELSEWHERE,
        ),
        ("cron", front().tty("cron"), ELSEWHERE),
        ("a web server", front().tty("web"), ELSEWHERE),
        (
            "a display of another machine",
            front().tty("laptop:0"),
            ELSEWHERE,
        ),
        (
            "sudo in a serial session",
            in_session(seatless(session("2", ALICE)))
                .tty("ttyS0")
                .on(Terminal::Other),
            ELSEWHERE,
        ),
        ("without logind", no_logind().tty("ttyS0"), ELSEWHERE),
        (
            "without logind, by the kernel's word",
            no_logind().tty("tty2").on(Terminal::Other),
            ELSEWHERE,
        ),
    ]);
    let mut console = daemon().tty("console");
    console.start.console = Some(Terminal::Other);
    is([("a serial console, by the name", console, ELSEWHERE)]);
    // Handing su another standard output, or dropping one's terminal, is no way out of a seat.
    let seated = || in_session(session("2", ALICE));
    let job = |uid| daemon().with([session("2", ALICE)]).display("2").uid(uid);
    is([
        (
            "su >/dev/ttyS0 in a session",
            seated().tty("/dev/ttyS0"),
            LOCAL,
        ),
        (
            "and with it as terminal",
            seated().tty("/dev/ttyS0").on(Terminal::Other),
            LOCAL,
        ),
        (
            "sudo -S 2>/dev/ttyS0 in a job",
            job(ALICE).tty("ttyS0"),
            LOCAL,
        ),
        (
            "and with it as terminal",
            job(ALICE).tty("ttyS0").on(Terminal::Other),
            LOCAL,
        ),
        (
            "of somebody who is on that line alone",
            job(BOB).tty("ttyS0").on(Terminal::Other),
            ELSEWHERE,
        ),
        ("a locker's word", seated().tty("my-locker"), LOCAL),
        (
            "a locker told another display",
            seated().tty("laptop:0"),
            LOCAL,
        ),
    ]);
}

#[test]
fn rule_3_a_virtual_terminal() {
    let vt = |number| daemon().tty("tty2").on(Terminal::Virtual(number));
    is([
        ("login on tty2", vt(2), LOCAL),
        ("login on tty3, behind", vt(3).tty("tty3"), INACTIVE),
        ("on a console that was tty3", vt(3).tty("console"), INACTIVE),
        ("behind, by no name", Case { tty: None, ..vt(3) }, INACTIVE),
        ("left", vt(2).then(|end| end.front = Some(3)), INACTIVE),
        (
            "come to",
            vt(3).tty("tty3").then(|end| end.front = Some(3)),
            INACTIVE,
        ),
        (
            "not known in the end",
            vt(2).then(|end| end.front = None),
            INACTIVE,
        ),
        ("login on the console", vt(2).tty("console"), LOCAL),
        (
            "sudo -S on tty2, alice also at home",
            vt(2).with([remote(session("7", ALICE))]),
            LOCAL,
        ),
        (
            "a program that names nothing",
            Case { tty: None, ..vt(2) },
            LOCAL,
        ),
    ]);
    let dark = vt(2);
    let dark = Case {
        start: Told {
            front: None,
            ..dark.start
        },
        end: None,
        ..dark
    };
    is([("none in front", dark, INACTIVE)]);
    let ssh = in_session(remote(session("2", ALICE))).with([session("3", ALICE)]);
    is([("su </dev/tty2 over ssh", ssh.tty("/dev/tty2"), ELSEWHERE)]);
}

#[test]
fn without_logind_only_virtual_terminals_are_local() {
    is([
        (
            "login",
            no_logind().tty("tty2").on(Terminal::Virtual(2)),
            LOCAL,
        ),
        ("by the name alone", no_logind().tty("/dev/tty2"), LOCAL),
        ("behind", no_logind().tty("tty5"), INACTIVE),
        (
            "left",
            no_logind().tty("tty2").then(|end| end.front = Some(1)),
            INACTIVE,
        ),
        ("the console", no_logind().tty("console"), LOCAL),
        ("tty0, which is in front", no_logind().tty("tty0"), LOCAL),
        (
            "a terminal window",
            no_logind().tty("pts/1").on(Terminal::Pseudo),
            ELSEWHERE,
        ),
        (
            "su </dev/tty2 in it",
            no_logind().tty("tty2").on(Terminal::Pseudo),
            ELSEWHERE,
        ),
        ("a display manager", no_logind().tty(":0"), ELSEWHERE),
        ("nothing", no_logind(), ELSEWHERE),
    ]);
}
