//! Facts that cannot be had: never a way to be elsewhere.

use super::*;

#[test]
fn a_fact_that_cannot_be_had_at_the_start_makes_the_place_unknown() {
    let here = || in_session(session("2", ALICE));
    is([
        ("logind in a window", here().lacking(Fact::Logind), UNKNOWN),
        (
            "logind over ssh, for all that is known",
            in_session(remote(session("2", ALICE))).lacking(Fact::Logind),
            UNKNOWN,
        ),
        (
            "logind for a daemon",
            daemon().lacking(Fact::Logind),
            UNKNOWN,
        ),
        (
            "the controlling terminal",
            here().lacking(Fact::Controlling),
            UNKNOWN,
        ),
        (
            "the terminal in front",
            daemon().on(Terminal::Virtual(2)).lacking(Fact::Front),
            UNKNOWN,
        ),
        (
            "what the console is",
            daemon().tty("console").lacking(Fact::Console),
            UNKNOWN,
        ),
        (
            "whose password it is",
            daemon().tty(":0").lacking(Fact::Uid),
            UNKNOWN,
        ),
        (
            "who asks",
            daemon().ruser("bob").lacking(Fact::Uid),
            UNKNOWN,
        ),
        (
            "this host's name, where a name is to be compared",
            here().host("laptop").lacking(Fact::HostName),
            UNKNOWN,
        ),
    ]);
}

#[test]
fn a_fact_that_nobody_asks_for_need_not_be_had() {
    let here = || in_session(session("2", ALICE));
    for fact in [Fact::Controlling, Fact::Logind, Fact::HostName, Fact::Uid] {
        is([
            (
                "sshd",
                daemon().host("laptop").tty("ssh").lacking(fact),
                ELSEWHERE,
            ),
            (
                "another host's address",
                here().host("192.0.2.7").lacking(fact),
                ELSEWHERE,
            ),
        ]);
    }
    let terminal = || daemon().on(Terminal::Virtual(2));
    is([
        (
            "logind, on a virtual terminal",
            terminal().lacking(Fact::Logind),
            LOCAL,
        ),
        ("a user, in a session", here().lacking(Fact::Uid), LOCAL),
    ]);
}

#[test]
fn a_fact_that_cannot_be_had_at_the_end_makes_the_place_unknown() {
    let lacks = |case: Case, fact| case.then(|end| end.lacking = Some(fact));
    let desk = || session("2", ALICE);
    is([
        (
            "in a session",
            lacks(in_session(desk()), Fact::Logind),
            UNKNOWN,
        ),
        (
            "behind",
            lacks(in_session(behind(desk())), Fact::Logind),
            UNKNOWN,
        ),
        (
            "a remote session beside",
            lacks(
                in_session(desk()).with([remote(session("7", ALICE))]),
                Fact::Logind,
            ),
            UNKNOWN,
        ),
        (
            "a virtual terminal",
            lacks(daemon().on(Terminal::Virtual(2)), Fact::Front),
            UNKNOWN,
        ),
        (
            "a greeter",
            lacks(daemon().tty(":0").with([greeter()]), Fact::Logind),
            UNKNOWN,
        ),
        (
            "over ssh",
            lacks(in_session(remote(desk())), Fact::Logind),
            ELSEWHERE,
        ),
    ]);
}
