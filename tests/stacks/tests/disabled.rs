//! `keydyn disable`: the administrator's way out, in every state and with every fault that would
//! otherwise refuse.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use pam_host::Code;
use stacks::Verify::{AuthErr, Ignore};
use stacks::{Machine, Typing, Verify};

type State = fn() -> Machine;

/// The markers of `nobody` and of everybody, where they last and where they do not.
const MARKERS: [&str; 4] = [
    "state/65534.disabled",
    "state/all.disabled",
    "run/65534.disabled",
    "run/all.disabled",
];

fn stranger() -> Typing {
    Typing::stranger(3)
}

#[test]
fn every_state_is_ignored_and_says_so_at_every_login() {
    let states: [State; 4] = [
        Machine::new,
        || Machine::after(5),
        Machine::armed,
        Machine::cooling_down,
    ];
    for marker in MARKERS {
        for state in states {
            for mode in ["mode=auto", "mode=enforce", "mode=shadow"] {
                let mut machine = state().marked(marker).with(mode);
                let before = machine.files();
                for typing in [Typing::owner(200), stranger(), Typing::trace("")] {
                    assert_eq!(machine.copy().verify(&typing), Ignore, "{marker} {mode}");
                    let login = machine.log_in(&typing);
                    assert_eq!(login.code, Code::SUCCESS, "{marker} {mode}: {login:?}");
                    let line = "state=disabled outcome=not-in-force reason=keydyn-disable";
                    assert!(login.log.contains(line), "{marker} {mode}: {login:?}");
                    assert!(!login.log.contains("learned"), "{marker} {mode}: {login:?}");
                }
                assert_eq!(machine.files(), before, "nothing is learned or counted");
            }
        }
    }
}

#[test]
fn it_goes_before_every_rule() {
    let refuse = "no_timings=refuse unprivileged=refuse password_change=refuse mode=enforce";
    for place in ["not-local", "unprivileged", "local"] {
        let mut machine = Machine::armed()
            .marked(MARKERS[0])
            .with(refuse)
            .directive(&format!("where {place}"));
        machine.change_password("another");
        assert_eq!(machine.verify(&stranger()), Ignore, "{place}");
    }
    let off = || Machine::armed().directive("command-line keydyn=off");
    let login = off().marked(MARKERS[0]).log_in(&stranger());
    assert!(login.log.contains("reason=keydyn=off"), "{login:?}");
}

#[test]
fn it_is_a_way_out_of_every_fault() {
    type Fault = (&'static str, fn(&Machine), Verify);
    let faults: [Fault; 4] = [
        (
            "host.key, state and profiles are junk",
            |machine| {
                for name in machine.files() {
                    let path = machine.path("state").join(name);
                    let length = fs::read(&path).expect("read").len();
                    fs::write(&path, vec![0x55; length]).expect("damaged");
                }
            },
            AuthErr,
        ),
        (
            "the state directory is gone",
            |machine| fs::remove_dir_all(machine.path("state")).expect("removed"),
            Ignore,
        ),
        (
            "the state directory is a file",
            |machine| {
                fs::remove_dir_all(machine.path("state")).expect("removed");
                fs::write(machine.path("state"), b"").expect("written");
            },
            AuthErr,
        ),
        (
            "the state directory is a link",
            |machine| {
                let link = machine.path("state");
                fs::rename(&link, machine.path("moved")).expect("moved");
                std::os::unix::fs::symlink(machine.path("moved"), link).expect("linked");
            },
            AuthErr,
        ),
    ];
    for (name, fault, without) in faults {
        let mut machine = Machine::armed();
        fault(&machine);
        assert_eq!(machine.verify(&stranger()), without, "{name}");
        let mut machine = machine.marked("run/all.disabled");
        assert_eq!(machine.verify(&stranger()), Ignore, "{name}");
        let line = "state=disabled outcome=not-in-force";
        assert!(machine.log().contains(line), "{name}: {}", machine.log());
    }
}

#[test]
fn a_line_without_a_purpose_lets_the_disabled_pass() {
    let machine = Machine::armed().marked(MARKERS[1]);
    let lines = ["auth required PASSWORD", "auth required MODULE REPLAY"];
    let stack = machine.lines(&stranger(), &lines);
    let login = machine
        .alias()
        .run(&stack, pam_host::Conversation::answers([stacks::PASSWORD]));
    assert_eq!(login.code, Code::SUCCESS, "{login:?}");
}

#[test]
fn another_user_s_marker_is_nothing_to_this_one() {
    let mut machine = Machine::armed().marked("state/0.disabled");
    assert_eq!(machine.verify(&stranger()), AuthErr);
}

#[test]
fn a_marker_that_others_could_have_made_is_not_believed() {
    for mode in [0o622, 0o666] {
        let mut machine = Machine::armed().marked(MARKERS[0]);
        let marker = machine.path(MARKERS[0]);
        fs::set_permissions(&marker, Permissions::from_mode(mode)).expect("opened");
        assert_eq!(machine.verify(&stranger()), AuthErr, "{mode:o}");
        // Unprivileged processes cannot tell one that is not to be believed from one of root's.
        // SAFETY: cannot fail.
        if unsafe { libc::geteuid() } == 0 {
            let told = machine
                .log()
                .contains("65534.disabled: can be written by others");
            assert!(told, "{}", machine.log());
        }
    }
    let mut machine = Machine::armed();
    let elsewhere = machine.path("elsewhere");
    fs::write(&elsewhere, b"").expect("written");
    std::os::unix::fs::symlink(&elsewhere, machine.path(MARKERS[0])).expect("linked");
    assert_eq!(machine.verify(&stranger()), AuthErr);
}
