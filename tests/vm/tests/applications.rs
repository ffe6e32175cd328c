//! Every kind of application that asks for a password, on a machine with one armed owner.
#![allow(clippy::panic, reason = "tests")]

use std::path::Path;

use vm::{Answered, Home, Inside, Machine, Outcome, Overlay, Scenes, Story, Typing};

const SUDO: &str = "password for owner:";
const ACCEPTED: &str = "state=armed outcome=accepted reason=rhythm";
const REFUSED: &str = "state=armed outcome=refused reason=rhythm";
const ELSEWHERE: &str = "state=any outcome=not-local reason=typed-elsewhere";
const HIDDEN: &str = "state=any outcome=unprivileged reason=keyboards-hidden";
const NO_PRESS: &str = "state=armed outcome=unusable reason=no-press";

/// As libpam numbers them.
const PAM_SUCCESS: i32 = 0;
const PAM_AUTH_ERR: i32 = 7;

/// What polkit brings with itself.
const POLKIT: &str = "@include common-auth\n@include common-account\n";
/// A locker that is not root.
const LOCKER: &str = "@include common-auth\naccount required pam_permit.so\n";
/// And one whose machine does not believe what it cannot judge.
const STRICT_LOCKER: &str = "\
auth requisite pam_keydyn.so capture unprivileged=refuse
auth [success=1 default=ignore] pam_unix.so nullok try_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
auth requisite pam_keydyn.so verify unprivileged=refuse
account required pam_permit.so
";
/// A command that begins late.
const LATE: &str = "#!/bin/sh
while [ ! -e /run/now ]; do sleep 0.1; done
exec \"$@\"
";

fn files() -> Overlay {
    let program = Path::new(env!("CARGO_BIN_EXE_inside"));
    Inside::program(Home::files(), program)
        .file("/etc/pam.d/polkit-1", 0o644, POLKIT)
        .file("/etc/pam.d/locker", 0o644, LOCKER)
        .file("/etc/pam.d/strict-locker", 0o644, STRICT_LOCKER)
        .file("/usr/local/bin/late", 0o755, LATE)
}

/// What happened inside is what is documented.
#[track_caller]
fn returns(scenes: &mut Scenes, what: &str, came: &Outcome, outcome: &str, code: i32) {
    let fits = came.log_says(outcome) && came.report.authenticate == code;
    assert!(fits, "{what}: {came:#?}");
    let fact = format!("{what}: {outcome}; pam_authenticate returned {code}");
    scenes.story.fact(fact);
}

/// How many typings are learned.
fn learned(scenes: &mut Scenes) -> String {
    let status = scenes.home.guest.shell.run("keydyn status owner");
    let line = status.lines().find(|line| line.contains("Typings learned"));
    line.unwrap_or_else(|| panic!("it is not said: {status}"))
        .to_owned()
}

#[test]
#[ignore = "boots a machine: make e2e"]
fn every_application_is_answered_as_documented() {
    let story = Story::begin("2-applications", "2. What asks for the password");
    let mut scenes = Scenes::begin(story, Machine::with(files()));
    at_the_terminal(&mut scenes);
    without_credentials(&mut scenes);
    without_root(&mut scenes);
    over_ssh(&mut scenes);
    at_two_keyboards(&mut scenes);
    before_the_prompt(&mut scenes);
    scenes.story.picture(&mut scenes.home.guest);
}

/// login, sudo and su, typed at tty1.
fn at_the_terminal(scenes: &mut Scenes) {
    let typing = scenes.other();
    let answered = scenes.home.login("owner", &typing);
    scenes.shows("somebody else at login", &answered, "login", REFUSED, 1);
    let typing = scenes.owner();
    let answered = scenes.home.logs_in("owner", &typing);
    scenes.shows("the owner at login", &answered, "login", ACCEPTED, 0);

    let typing = scenes.other();
    let answered = scenes.home.command("sudo true", SUDO, &typing);
    scenes.shows("somebody else at sudo", &answered, "sudo", REFUSED, 1);
    let typing = scenes.owner();
    let answered = scenes.home.commands("sudo true", SUDO, &typing);
    scenes.shows("the owner at sudo", &answered, "sudo", ACCEPTED, 0);

    let typing = scenes.other();
    let answered = scenes
        .home
        .command("su owner -c true", "Password:", &typing);
    scenes.shows("somebody else at su", &answered, "su", REFUSED, 1);
    let typing = scenes.owner();
    let answered = scenes
        .home
        .commands("su owner -c true", "Password:", &typing);
    scenes.shows("the owner at su", &answered, "su", ACCEPTED, 0);

    let mark = scenes.home.begins("echo keydyn2026 | sudo -S true");
    let answered = scenes.home.over(mark);
    scenes.shows("sudo -S from a pipe", &answered, "sudo", NO_PRESS, 1);
}

/// What authenticates and asks for the account, as polkit's helper does.
fn without_credentials(scenes: &mut Scenes) {
    let polkit = Inside::application("polkit-1", "owner").without_credentials();
    let typing = scenes.other();
    let came = scenes.home.inside(&polkit, &typing);
    returns(
        scenes,
        "somebody else at polkit's helper",
        &came,
        REFUSED,
        PAM_AUTH_ERR,
    );
    assert!(!came.log_says("learned state="), "{came:?}");
    let typing = scenes.owner();
    let came = scenes.home.inside(&polkit, &typing);
    returns(scenes, "the owner there", &came, ACCEPTED, PAM_SUCCESS);
    let at_the_end = came.report.credentials.is_none() && came.log_says("learned state=armed");
    assert!(at_the_end, "{came:?}");
    scenes.story.fact("no pam_setcred: learned at pam_end");
}

/// What asks as the owner, not as root.
fn without_root(scenes: &mut Scenes) {
    let typing = scenes.other();
    for (service, code) in [("locker", PAM_SUCCESS), ("strict-locker", PAM_AUTH_ERR)] {
        let locker = Inside::application(service, "owner").runs_as(1000);
        let came = scenes.home.inside(&locker, &typing);
        let rule = if code == PAM_SUCCESS {
            "ignore"
        } else {
            "refuse"
        };
        let what = format!("a locker that is not root, unprivileged={rule}");
        returns(scenes, &what, &came, HIDDEN, code);
    }
}

/// Who comes over the network is not judged by what is typed here meanwhile.
fn over_ssh(scenes: &mut Scenes) {
    let before = learned(scenes);
    scenes
        .home
        .guest
        .shell
        .run("mkdir -p /run/sshd && /usr/sbin/sshd");
    let mark = scenes.home.mark();
    scenes.home.guest.shell.run(
        "export SSH_ASKPASS=/usr/local/bin/answer SSH_ASKPASS_REQUIRE=force
         (ssh -o StrictHostKeyChecking=no owner@localhost true; echo $? >/run/ssh) >/run/said 2>&1 &",
    );
    // Into the shell, which finds no such command.
    let mut typings = 0;
    while !scenes.home.guest.shell.output("cat /run/ssh").contains('0') {
        let typing = scenes.other();
        scenes.home.types(&typing);
        typings += 1;
        let code = scenes
            .home
            .guest
            .shell
            .output("cat /run/ssh; cat /run/said");
        assert!(typings < 60, "{code}");
    }
    let answered = Answered {
        module: scenes.home.said(mark),
        code: Some(0),
    };
    let what = format!("ssh, while somebody else types {typings} times at the keyboard");
    scenes.shows(&what, &answered, "sshd", ELSEWHERE, 0);
    assert!(!answered.log_says("learned"), "{answered:?}");
    let after = learned(scenes);
    assert_eq!(before, after, "typed elsewhere, and learned");
    scenes.story.fact("nothing was learned of it");
}

/// The password is begun at one keyboard and ended at another.
fn at_two_keyboards(scenes: &mut Scenes) {
    let typing = scenes.owner();
    let (first, rest) = typing.split(6);
    scenes
        .home
        .guest
        .shell
        .put("/run/rest", &rest.trace().to_text());
    let mark = scenes.home.asks("sudo true", SUDO);
    scenes.home.guest.keyboard.types(&first);
    scenes.home.guest.shell.run("inside type /run/rest");
    let answered = scenes.home.over(mark);
    let outcome = "state=armed outcome=unusable reason=two-keyboards";
    scenes.shows("two people at two keyboards", &answered, "sudo", outcome, 1);
}

/// Typing that began before the prompt: sudo takes it over, su throws it away.
fn before_the_prompt(scenes: &mut Scenes) {
    const TOO_FEW: &str = "state=armed outcome=unusable reason=unknown-sequence";
    let parts = scenes.owner().split(1);
    let answered = accepted_late(scenes, "sudo true", SUDO, &parts);
    let what = "1 of 11 keys typed before sudo asked";
    scenes.shows(what, &answered, "sudo", ACCEPTED, 0);
    for (keys, outcome) in [(4, TOO_FEW), (11, NO_PRESS)] {
        let typing = scenes.owner();
        let mark = asks_late(scenes, "sudo true", SUDO, &typing.split(keys));
        let answered = scenes.home.over(mark);
        let what = format!("{keys} of 11 keys typed before sudo asked");
        scenes.shows(&what, &answered, "sudo", outcome, 1);
    }
    let (first, again) = (scenes.owner(), scenes.owner());
    let thrown_away = (first.before_and_from_enter().0, again);
    let answered = accepted_late(scenes, "su owner -c true", "Password:", &thrown_away);
    let what = "all of it typed before su asked, and once more";
    scenes.shows(what, &answered, "su", ACCEPTED, 0);
}

/// Somebody types so who should be accepted, once more where the host made a stranger of them.
fn accepted_late(
    scenes: &mut Scenes,
    command: &str,
    prompt: &str,
    parts: &(Typing, Typing),
) -> Answered {
    loop {
        let mark = asks_late(scenes, command, prompt, parts);
        let answered = scenes.home.over(mark);
        if answered.code == Some(0) || !scenes.home.arrived_otherwise(&parts.1) {
            return answered;
        }
    }
}

/// The first part is typed before the command begins, the other when it has asked. Where to look
/// in the log from.
fn asks_late(scenes: &mut Scenes, command: &str, prompt: &str, parts: &(Typing, Typing)) -> usize {
    let home = &mut scenes.home;
    home.guest.shell.run("rm -f /run/now");
    let mark = home.begins(&format!("late {command}"));
    home.guest.keyboard.types(&parts.0);
    home.guest.shell.run(": >/run/now");
    if !parts.1.edges().is_empty() {
        home.wait_for_screen(prompt, |screen| screen.shows(prompt));
        home.guest.keyboard.types(&parts.1);
    }
    mark
}
