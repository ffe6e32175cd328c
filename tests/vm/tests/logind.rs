//! Where a typing takes place, on a machine with systemd, logind and udev: every rule of
//! docs/adr/0014 that the emulated machine can show.

use std::path::Path;

use vm::{Answered, Home, Inside, Machine, Person, Scenes, Story, Typing};

const SUDO: &str = "password for owner:";
/// Asks sudo without a key: by a pipe.
const PIPED: &str = "#!/bin/sh
echo keydyn2026 | sudo -S -p '' true
code=$?
echo $code >/tmp/piped
exit $code
";
/// A service that is a user's, in a session for background work, as of a cron that asks for one.
const CRON: &str = "account required pam_unix.so
session required pam_unix.so
session required pam_systemd.so class=background
";
const AS_OWNER: &str = "setpriv --reuid=owner --regid=owner --init-groups";
const SSH: &str = "SSH_ASKPASS=/usr/local/bin/answer SSH_ASKPASS_REQUIRE=force \
    ssh -o StrictHostKeyChecking=no owner@localhost";

const ACCEPTED: &str = "state=armed outcome=accepted reason=rhythm";
const REFUSED: &str = "state=armed outcome=refused reason=rhythm";
const NO_PRESS: &str = "state=armed outcome=unusable reason=no-press";
const BEHIND: &str = "state=armed outcome=unusable reason=seat-inactive";
const ELSEWHERE: &str = "state=any outcome=not-local reason=typed-elsewhere";

/// The owner types at a command in front, and is accepted.
fn accepts(scenes: &mut Scenes, what: &str, command: &str, service: &str, prompt: &str) {
    let typing = scenes.owner();
    let answered = scenes.home.commands(command, prompt, &typing);
    scenes.shows(what, &answered, service, ACCEPTED, 0);
}

/// sudo asks in front, somebody types, and is refused; nothing else is tried.
fn refuses(scenes: &mut Scenes, what: &str, command: &str, typing: &Typing, outcome: &str) {
    let mark = scenes.home.asks(command, SUDO);
    scenes.home.types(typing);
    let answered = scenes.home.over(mark);
    scenes.shows(what, &answered, "sudo", outcome, 1);
}

/// Refusals in a row would bring a cool-down.
fn again(scenes: &mut Scenes) {
    accepts(scenes, "the owner at sudo again", "sudo true", "sudo", SUDO);
}

/// A job is started in front, something else is done, and then the job ends.
fn detaches(scenes: &mut Scenes, command: &str, then: impl FnOnce(&mut Home)) -> Answered {
    scenes.home.guest.shell.run("rm -f /tmp/piped");
    let mark = scenes.home.begins(command);
    scenes.home.over(mark);
    then(&mut scenes.home);
    scenes.home.guest.shell.wait_until("test -s /tmp/piped");
    let code = scenes.home.guest.shell.run("cat /tmp/piped");
    Answered {
        module: scenes.home.said(mark),
        code: code.trim().parse().ok(),
    }
}

/// Root does this beside.
fn beside(scenes: &mut Scenes, what: &str, command: &str, outcome: &str, code: u8) {
    let answered = scenes.home.beside(command);
    scenes.shows(what, &answered, "sudo", outcome, code);
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn a_typing_is_judged_where_it_takes_place() {
    let story = Story::begin("2-logind", "2. Where a typing takes place, with logind");
    let files = Inside::program(Home::files(), Path::new(env!("CARGO_BIN_EXE_inside")))
        .file("/usr/local/bin/piped", 0o755, PIPED)
        .file("/etc/pam.d/cron", 0o644, CRON);
    let mut scenes = Scenes::begin(story, Machine::with(files).logind());
    at_the_terminal(&mut scenes);
    behind_another_terminal(&mut scenes);
    without_a_key(&mut scenes);
    over_ssh(&mut scenes);
    beside_somebody_else(&mut scenes);
    with_logind_in_trouble(&mut scenes);
    after_logging_out(&mut scenes);
    scenes.story.picture(&mut scenes.home.guest);
}

/// Rules 3 and 4, in front.
fn at_the_terminal(scenes: &mut Scenes) {
    let typing = scenes.owner();
    let answered = scenes.home.logs_in("owner", &typing);
    scenes.shows("login at tty1 (rule 3)", &answered, "login", ACCEPTED, 0);
    let session = scenes
        .home
        .guest
        .shell
        .run("loginctl list-sessions --no-legend");
    assert!(session.contains("owner seat0 tty1"), "{session}");
    accepts(scenes, "sudo at tty1 (rule 3)", "sudo true", "sudo", SUDO);
    accepts(
        scenes,
        "sudo in a pseudo terminal of the session (rule 4)",
        "script -qec 'sudo true' /dev/null",
        "sudo",
        SUDO,
    );
    let typing = scenes.other();
    refuses(
        scenes,
        "somebody else at sudo there",
        "script -qec 'sudo true' /dev/null",
        &typing,
        REFUSED,
    );
    accepts(
        scenes,
        "su in a pseudo terminal of the session",
        "script -qec 'su owner -c true' /dev/null",
        "su",
        "Password:",
    );
}

/// Rules 3 and 4, when another terminal is in front at the beginning.
fn behind_another_terminal(scenes: &mut Scenes) {
    for (what, command) in [
        (
            "sudo that asked while tty2 was in front (rule 3)",
            "sleep 4; sudo true",
        ),
        (
            "the same in a pseudo terminal (rule 4)",
            "sleep 4; script -qec 'sudo true' /dev/null",
        ),
    ] {
        let mark = scenes.home.begins(command);
        scenes.home.switch_to(2);
        scenes.home.wait_for_prompt("login:");
        scenes.home.wait_for_prompt_on(1, SUDO);
        scenes.home.switch_to(1);
        let typing = scenes.owner();
        scenes.home.types(&typing);
        let answered = scenes.home.over(mark);
        scenes.shows(what, &answered, "sudo", BEHIND, 1);
    }
}

/// The owner is in front, and nobody types.
fn without_a_key(scenes: &mut Scenes) {
    again(scenes);
    for (what, command) in [
        ("a piped password at tty1", "piped"),
        (
            "the same in a pseudo terminal",
            "script -qec piped /dev/null",
        ),
    ] {
        let mark = scenes.home.begins(command);
        let answered = scenes.home.over(mark);
        scenes.shows(what, &answered, "sudo", NO_PRESS, 1);
    }
    let answered = detaches(scenes, "systemd-run --user -q piped", |_| ());
    let what = "the same under the user's service manager, in no session";
    scenes.shows(what, &answered, "sudo", NO_PRESS, 1);
    again(scenes);
    let job = "systemd-run --wait -q --uid=owner piped";
    beside(
        scenes,
        "a job of a system service, as cron's on Debian",
        job,
        NO_PRESS,
        1,
    );
    let job = "systemd-run --wait -q -p PAMName=cron -p User=owner piped";
    beside(scenes, "a job in a background session", job, NO_PRESS, 1);
    let job = format!("setsid {AS_OWNER} piped 2>/dev/ttyS0");
    beside(scenes, "a job that names a serial line", &job, NO_PRESS, 1);
    again(scenes);
}

/// Rules 1, 4 and 5.
fn over_ssh(scenes: &mut Scenes) {
    let ssh = format!("{SSH} piped");
    let answered = scenes.home.beside(&ssh);
    scenes.shows("ssh to this host (rule 1)", &answered, "sshd", ELSEWHERE, 0);
    scenes.shows("sudo over it (rule 4)", &answered, "sudo", ELSEWHERE, 0);
    // A remote session of the owner's stays open.
    let open = format!("{SSH} 'echo $$ >/tmp/open; exec sleep 600' >/dev/null 2>&1 &");
    scenes.home.guest.shell.run(&open);
    scenes.home.guest.shell.wait_until("test -s /tmp/open");
    let mark = scenes.home.begins("script -qec piped /dev/null");
    let answered = scenes.home.over(mark);
    let what = "a piped password at the seat beside a remote session (rule 5)";
    scenes.shows(what, &answered, "sudo", ELSEWHERE, 0);
    let mark = scenes.home.begins("piped");
    let answered = scenes.home.over(mark);
    let what = "the same at tty1 itself (rule 3)";
    scenes.shows(what, &answered, "sudo", NO_PRESS, 1);
    accepts(
        scenes,
        "and typed at the seat (rule 4)",
        "script -qec 'sudo true' /dev/null",
        "sudo",
        SUDO,
    );
    scenes.home.guest.shell.run("kill $(cat /tmp/open)");
    let closed = "! loginctl list-sessions --no-legend | grep -v seat0 | grep -q owner";
    scenes.home.guest.shell.wait_until(closed);
}

/// A second person comes, at tty2.
fn beside_somebody_else(scenes: &mut Scenes) {
    const UNKNOWN: &str = "state=none outcome=not-in-force reason=undecided";
    scenes.home.switch_to(2);
    let friend = Person::slow("friendly1").typing(0);
    let answered = scenes.home.login("friend", &friend);
    let what = "somebody else logs in at tty2, of whom nothing is known";
    scenes.shows(what, &answered, "login", UNKNOWN, 0);
    let typing = scenes.other();
    let answered = scenes
        .home
        .command("su owner -c true", "Password:", &typing);
    let what = "and becomes the owner there, by the owner's password";
    scenes.shows(what, &answered, "su", REFUSED, 1);
    let job = "systemd-run --wait -q --uid=owner piped";
    let what = "the owner's job meanwhile, whose session is behind";
    beside(scenes, what, job, BEHIND, 1);
    accepts(
        scenes,
        "the owner comes and types at tty2, in the other's session",
        "script -qec 'su owner -c true' /dev/null",
        "su",
        "Password:",
    );
    scenes.home.logout();
    scenes.home.switch_to(1);
}

/// Nothing waits for logind or for the bus.
fn with_logind_in_trouble(scenes: &mut Scenes) {
    const PTY: &str = "script -qec 'sudo true' /dev/null";
    scenes
        .home
        .guest
        .shell
        .run("systemctl restart systemd-logind");
    accepts(
        scenes,
        "sudo in a pseudo terminal after logind began anew",
        PTY,
        "sudo",
        SUDO,
    );
    scenes.home.guest.shell.run("systemctl stop systemd-logind");
    accepts(scenes, "while logind is stopped", PTY, "sudo", SUDO);
    let frozen = "systemctl start systemd-logind; kill -STOP $(pidof systemd-logind dbus-daemon)";
    scenes.home.guest.shell.run(frozen);
    accepts(
        scenes,
        "while logind and the bus stand still",
        PTY,
        "sudo",
        SUDO,
    );
    // login's session needs both: what keydyn says does not wait for them.
    scenes.home.switch_to(2);
    let said = frozen_login(scenes);
    assert!(said.contains(ACCEPTED), "{said}");
    scenes.story.fact(format!(
        "login at tty2 meanwhile: {ACCEPTED}, before they went on"
    ));
    let thaw = "kill -CONT $(pidof systemd-logind dbus-daemon)";
    scenes.home.guest.shell.run(thaw);
    scenes.home.wait_for_prompt("$");
    scenes.home.logout();
    let gone = "systemctl stop dbus.socket dbus.service systemd-logind";
    scenes.home.guest.shell.run(gone);
    let typing = scenes.owner();
    let answered = scenes.home.logs_in("owner", &typing);
    scenes.shows(
        "login without logind and bus",
        &answered,
        "login",
        ACCEPTED,
        0,
    );
    scenes.home.logout();
    let back = "systemctl start dbus.socket dbus.service systemd-logind";
    scenes.home.guest.shell.run(back);
    scenes.home.switch_to(1);
    again(scenes);
}

/// What is left when nobody sits there.
fn after_logging_out(scenes: &mut Scenes) {
    let left = "setsid sh -c 'sleep 4; piped' </dev/null >/dev/null 2>&1 & sleep 1";
    let answered = detaches(scenes, left, Home::logout);
    let what = "a job left in a session whose user has logged out";
    scenes.shows(what, &answered, "sudo", BEHIND, 1);
    let gone = "! loginctl list-sessions --no-legend | grep -q owner";
    scenes.home.guest.shell.wait_until(gone);
    let job = "systemd-run --wait -q --uid=owner piped";
    beside(
        scenes,
        "a job of a user who is nowhere here",
        job,
        ELSEWHERE,
        0,
    );
    let typing = scenes.owner();
    let answered = scenes.home.logs_in("owner", &typing);
    scenes.shows("login again", &answered, "login", ACCEPTED, 0);
}

/// What the module says first of the owner at login, once more where the host made a stranger of
/// them.
fn frozen_login(scenes: &mut Scenes) -> String {
    loop {
        let typing = scenes.owner();
        let mark = scenes.home.gives_name("owner");
        scenes.home.types(&typing);
        let spoken = ["pam_keydyn(login:auth): user=owner state=", "FAILED LOGIN"];
        let said = scenes.home.guest.console.wait_for(mark, &spoken);
        if said.contains(ACCEPTED) || !scenes.home.arrived_otherwise(&typing) {
            return said;
        }
    }
}
