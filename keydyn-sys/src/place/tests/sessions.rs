//! Where the session of a process, or of its user, decides.

use super::*;

#[test]
fn rule_4_the_session_of_the_process() {
    let desk = || session("2", ALICE);
    let here = || in_session(desk());
    is([
        ("sudo in a window", here(), LOCAL),
        (
            "sudo that names no terminal",
            Case {
                tty: None,
                ..here()
            },
            LOCAL,
        ),
        (
            "su to another, then sudo",
            here().ruser("bob").uid(BOB),
            LOCAL,
        ),
        ("sudo over ssh", in_session(remote(desk())), ELSEWHERE),
        (
            "over ssh, alice also in front",
            in_session(remote(desk()))
                .with([session("3", ALICE)])
                .display("3"),
            ELSEWHERE,
        ),
        (
            "mosh, its session closing",
            in_session(closing(remote(desk()))).with([session("3", ALICE)]),
            ELSEWHERE,
        ),
        (
            "remote on a seat",
            in_session(Session {
                remote: true,
                ..desk()
            }),
            ELSEWHERE,
        ),
        (
            "remote on a seat, closing",
            in_session(closing(Session {
                remote: true,
                ..desk()
            }))
            .with([session("3", ALICE)]),
            ELSEWHERE,
        ),
        ("no seat", in_session(seatless(desk())), ELSEWHERE),
        ("behind", in_session(behind(desk())), INACTIVE),
        (
            "behind, alice also in front elsewhere",
            in_session(behind(desk())).with([session("3", ALICE)]),
            INACTIVE,
        ),
        ("left", here().then_with([behind(desk())]), INACTIVE),
        (
            "come to",
            in_session(behind(desk())).then_with([desk()]),
            INACTIVE,
        ),
        (
            "closed meanwhile",
            here().then_with([closing(desk())]),
            INACTIVE,
        ),
        ("gone", here().then_with([]), INACTIVE),
        (
            "moved to another seat",
            here().then_with([Session {
                seat: Some("seat1".into()),
                ..desk()
            }]),
            INACTIVE,
        ),
        (
            "logind gone",
            here().then(|end| end.logind = None),
            INACTIVE,
        ),
        (
            "a second session behind it",
            here().with([behind(session("3", ALICE))]),
            LOCAL,
        ),
        (
            "started by a display manager's word",
            here().tty("/dev/tty1"),
            LOCAL,
        ),
    ]);
    let second = Session {
        seat: Some("seat-two".to_owned()),
        ..desk()
    };
    assert_eq!(in_session(second).place().seat(), Some("seat-two"));
}

#[test]
fn rule_4_a_process_in_no_session_is_where_its_user_is() {
    let desk = || session("2", ALICE);
    let tmux = || {
        of_alice()
            .tty("/dev/pts/4")
            .on(Terminal::Pseudo)
            .display("2")
    };
    is([
        (
            "a multiplexer of the user's manager",
            tmux().with([desk()]),
            LOCAL,
        ),
        (
            "polkit's helper, for an administrator",
            tmux().ruser("bob").with([desk()]),
            LOCAL,
        ),
        (
            "the display is behind",
            tmux().with([behind(desk())]),
            INACTIVE,
        ),
        (
            "the display is behind, another in front",
            tmux().with([behind(desk()), session("3", ALICE)]),
            LOCAL,
        ),
        (
            "the display is remote",
            tmux().with([remote(desk())]),
            ELSEWHERE,
        ),
        (
            "the display is remote, another in front",
            tmux().with([remote(desk()), session("3", ALICE)]),
            IF_PRESSED,
        ),
        (
            "the display is remote, another behind",
            tmux().with([remote(desk()), behind(session("3", ALICE))]),
            ELSEWHERE,
        ),
        (
            "the display is a serial line",
            tmux().with([seatless(desk())]),
            ELSEWHERE,
        ),
        (
            "the display is behind, beside a serial line",
            tmux().with([behind(desk()), seatless(session("3", ALICE))]),
            INACTIVE,
        ),
        (
            "another user in front",
            tmux().with([behind(desk()), session("3", BOB)]),
            INACTIVE,
        ),
        (
            "no display",
            of_alice().with([background(desk())]),
            ELSEWHERE,
        ),
        (
            "lingering, bob in front",
            of_alice().with([session("3", BOB)]),
            ELSEWHERE,
        ),
        (
            "a job of cron's",
            {
                let mut cron = in_session(background(desk())).with([session("3", ALICE)]);
                cron.sat().display = Some("3");
                cron
            },
            LOCAL,
        ),
        (
            "a multiplexer that outlived its session",
            in_session(closing(desk()))
                .with([session("3", ALICE)])
                .display("3"),
            LOCAL,
        ),
        (
            "outlived, and nobody at home",
            in_session(closing(desk())),
            INACTIVE,
        ),
        (
            "outlived, and bob in front",
            in_session(closing(behind(desk()))).with([session("3", BOB)]),
            INACTIVE,
        ),
        (
            "outlived, and at home over ssh",
            in_session(closing(desk()))
                .with([remote(session("3", ALICE))])
                .display("3"),
            INACTIVE_IF_PRESSED,
        ),
        (
            "a job of cron's that is over",
            in_session(closing(background(desk()))),
            ELSEWHERE,
        ),
    ]);
}

#[test]
fn a_locker_on_a_terminal_of_its_own_names_it() {
    let desk = || session("2", ALICE);
    let locker = || in_session(behind(desk())).tty("/dev/tty2");
    let left = locker().then(|end| end.front = Some(1));
    let vt1 = daemon().on(Terminal::Virtual(1)).tty("tty2");
    let second = Session {
        seat: Some("seat1".to_owned()),
        ..behind(desk())
    };
    is([
        ("from a desktop", locker(), LOCAL),
        ("from a text terminal", vt1, LOCAL),
        ("left for the desktop", left, INACTIVE),
        ("not in front", locker().tty("tty8"), INACTIVE),
        ("by no name", locker().tty(":0"), INACTIVE),
        (
            "from another seat",
            in_session(second).tty("tty2"),
            INACTIVE,
        ),
        (
            "named over ssh",
            in_session(remote(desk())).tty("tty2"),
            ELSEWHERE,
        ),
    ]);
}

#[test]
fn a_user_at_two_seats_is_at_the_one_of_their_display() {
    let at = |seat: &str, id| Session {
        seat: Some(seat.to_owned()),
        ..session(id, ALICE)
    };
    for (display, seat) in [("2", "seat0"), ("3", "seat-two")] {
        let case = of_alice().with([at("seat0", "2"), at("seat-two", "3")]);
        assert_eq!(case.display(display).place().seat(), Some(seat));
    }
}

#[test]
fn rule_5_a_remote_session_beside() {
    let desk = || session("2", ALICE);
    let both = || in_session(desk()).with([remote(session("7", ALICE))]);
    is([
        (
            "a multiplexer begun here and shown there",
            both(),
            IF_PRESSED,
        ),
        (
            "shown there, through mosh",
            in_session(desk()).with([closing(remote(session("7", ALICE)))]),
            IF_PRESSED,
        ),
        (
            "and behind",
            in_session(behind(desk())).with([remote(session("7", ALICE))]),
            INACTIVE_IF_PRESSED,
        ),
        (
            "gone behind",
            both().then_with([behind(desk()), remote(session("7", ALICE))]),
            INACTIVE_IF_PRESSED,
        ),
        (
            "come meanwhile",
            in_session(desk()).then_with([desk(), remote(session("7", ALICE))]),
            IF_PRESSED,
        ),
        ("gone meanwhile", both().then_with([desk()]), LOCAL),
        (
            "in front, and it names its terminal",
            both().tty("tty2"),
            IF_PRESSED,
        ),
        (
            "behind, and it names another",
            in_session(behind(desk()))
                .tty("tty8")
                .with([remote(session("7", ALICE))]),
            INACTIVE_IF_PRESSED,
        ),
        (
            "somebody else's",
            in_session(desk()).with([remote(session("7", BOB))]),
            LOCAL,
        ),
    ]);
}
