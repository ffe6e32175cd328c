//! What display managers and daemons ask.

use super::*;

#[test]
fn rule_4_a_service_that_somebody_calls() {
    let desk = || session("2", ALICE);
    let called = || daemon().with([desk()]).display("2");
    is([
        ("by its real uid", called().uid(ALICE), LOCAL),
        (
            "sudo's word for the caller",
            called().ruser("alice").tty("pts/1"),
            LOCAL,
        ),
        ("bob, who is not here", called().uid(BOB), ELSEWHERE),
        (
            "the kernel's word before the application's",
            called().uid(BOB).ruser("alice"),
            ELSEWHERE,
        ),
        (
            "nobody of that name: as if none",
            called().ruser("ghost"),
            IF_PRESSED,
        ),
        ("an empty name: as if none", called().ruser(""), IF_PRESSED),
        (
            "alice, also over ssh",
            called().uid(ALICE).with([remote(session("7", ALICE))]),
            IF_PRESSED,
        ),
    ]);
}

#[test]
fn rule_4_a_display_manager() {
    let desk = || session("2", ALICE);
    let gdm = || daemon().tty("/dev/tty1");
    let lightdm = || daemon().tty(":0");
    is([
        ("gdm, its greeter in front", gdm().with([greeter()]), LOCAL),
        (
            "gdm unlocks alice's session on tty2",
            gdm().with([desk()]),
            LOCAL,
        ),
        (
            "lightdm, its greeter in front",
            lightdm().with([greeter()]),
            LOCAL,
        ),
        (
            "a locker of another class",
            lightdm().with([Session {
                class: Class::named("lock-screen"),
                ..session("c9", GDM)
            }]),
            LOCAL,
        ),
        (
            "the greeter comes to the front",
            lightdm()
                .with([desk()])
                .then_with([behind(desk()), greeter()]),
            LOCAL,
        ),
        (
            "from another's session",
            lightdm().with([session("3", BOB)]).then_with([greeter()]),
            IF_PRESSED,
        ),
        (
            "another's session in front",
            lightdm().with([session("3", BOB)]),
            INACTIVE_IF_PRESSED,
        ),
        (
            "another's session comes to the front",
            lightdm().with([greeter()]).then_with([session("3", BOB)]),
            INACTIVE,
        ),
        (
            "the greeter is left for a text terminal",
            lightdm().with([greeter()]).then_with([behind(greeter())]),
            INACTIVE,
        ),
        ("xdm, whose greeter has no session", lightdm(), IF_PRESSED),
        (
            "xdm, and then somebody",
            lightdm().then_with([session("3", BOB)]),
            INACTIVE_IF_PRESSED,
        ),
        (
            "a greeter without a session, on tty2",
            daemon().tty("tty2"),
            LOCAL,
        ),
        (
            "a greeter without a session, on tty7",
            daemon().tty("tty7"),
            INACTIVE,
        ),
        (
            "logind gone",
            gdm().with([greeter()]).then(|end| end.logind = None),
            INACTIVE,
        ),
        (
            "its greeter at another seat only",
            gdm().with([Session {
                seat: Some("seat1".into()),
                ..greeter()
            }]),
            INACTIVE,
        ),
    ]);
}

#[test]
fn rule_4_a_service_that_names_nothing() {
    is([
        (
            "alice in front",
            daemon().with([session("2", ALICE)]),
            IF_PRESSED,
        ),
        (
            "sddm, its greeter in front",
            daemon().with([greeter()]),
            IF_PRESSED,
        ),
        (
            "bob in front",
            daemon().with([session("3", BOB)]),
            ELSEWHERE,
        ),
        (
            "alice behind",
            daemon().with([behind(session("2", ALICE))]),
            ELSEWHERE,
        ),
        (
            "alice over ssh",
            daemon().with([remote(session("2", ALICE))]),
            ELSEWHERE,
        ),
        ("nobody", daemon(), ELSEWHERE),
        (
            "a network login on a terminal of its own",
            daemon().tty("pts/5").on(Terminal::Pseudo),
            ELSEWHERE,
        ),
    ]);
}

#[test]
fn a_service_behind_this_host_needs_a_press() {
    let front = || daemon().with([session("2", ALICE)]);
    is([
        (
            "a mail server asked by a local program",
            front().host("::1"),
            IF_PRESSED,
        ),
        (
            "a proxy in front of it",
            front().host("127.0.0.1").tty("pts/0"),
            IF_PRESSED,
        ),
        (
            "a display manager asked over the network",
            front().host("localhost").tty(":0"),
            IF_PRESSED,
        ),
        (
            "for alice, by herself",
            front().host("::1").ruser("alice").display("2"),
            IF_PRESSED,
        ),
        (
            "nobody in front",
            daemon().host("::1").tty("tty2"),
            IF_PRESSED,
        ),
        ("nobody and no screen", daemon().host("::1"), ELSEWHERE),
    ]);
}
