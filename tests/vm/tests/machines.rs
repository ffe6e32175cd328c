//! A machine that types: a keyboard made up by a program (uinput) plays back what somebody has
//! recorded of the owner at `login` on tty1, and keyboards that are plugged in at the prompt.
#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;

use vm::{Attempt, Beside, Chance, Guest, Inside, Login, Person, Step, Story, Typing, node};

/// The owner learns in one sitting; a few typings may be set aside where the host stood still.
const AT_MOST: u32 = 40;
/// As the kernel names what QEMU plugs in.
const USB: &str = "QEMU QEMU USB Keyboard";
/// Of the noise that is put on a copy, in ms (ADR 0030).
const NOISE: f64 = 5.0;
/// Copies with noise that are played back.
const COPIES: u32 = 20;
const SETTINGS: &str = "/etc/security/keydyn.conf";
const ACCEPTED: &str = "state=armed outcome=accepted reason=rhythm";

/// When the machine's keyboard is plugged in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugged {
    Beforehand,
    AtThePrompt,
}

impl Plugged {
    const BOTH: [Self; 2] = [Self::Beforehand, Self::AtThePrompt];

    fn told(self) -> &'static str {
        match self {
            Self::Beforehand => "a made-up keyboard that is there",
            Self::AtThePrompt => "a made-up keyboard plugged in at the prompt",
        }
    }

    /// What the log says of it.
    fn mark(self) -> &'static str {
        match self {
            Self::Beforehand => " keyboard=virtual",
            Self::AtThePrompt => " keyboard=virtual,new",
        }
    }
}

/// The machine with an owner in force, and what is told of it.
struct Scenes {
    login: Login,
    story: Story,
    owner: Person,
    /// Typings of the owner so far.
    typed: u32,
    /// USB keyboards so far: QEMU wants another name for each.
    plugged_in: u32,
    chance: Chance,
}

impl Scenes {
    fn begin() -> Self {
        let mut story = Story::begin("7-machines", "7. A machine that types");
        let files = Inside::program(Login::files(), Path::new(env!("CARGO_BIN_EXE_inside")));
        let files = Beside::program(files, Path::new(env!("CARGO_BIN_EXE_beside")));
        let mut login = Login::on(Guest::boot(files));
        let guest = login.guest();
        guest.shell.run("modprobe -a xhci_pci usbhid hid_generic");
        let (chance, seed) = Chance::seeded();
        story.fact(format!("the noise on copies comes from the seed {seed}"));
        let owner = Person::quick(Login::PASSWORD);
        let screen = login.enroll(&owner, AT_MOST);
        assert!(screen.shows("in force from the"), "{screen}");
        Self {
            login,
            story,
            owner,
            typed: AT_MOST,
            plugged_in: 0,
            chance,
        }
    }

    /// Has somebody type, and once more where the log says something else than this: the host may
    /// have stood still. An hour lies between two attempts, so that no cool-down is left.
    fn as_the_host_lets(
        &mut self,
        scene: &str,
        says: &str,
        mark: &str,
        mut types: impl FnMut(&mut Self) -> Attempt,
    ) -> Attempt {
        const TRIES: u32 = 4;
        for _ in 1..TRIES {
            self.login.wait(1);
            let attempt = types(self);
            if attempt.log_says(says) {
                assert_eq!(marked(&attempt), mark, "{scene}: {attempt}");
                self.story.fact(format!("{scene}: {}", attempt.told()));
                return attempt;
            }
            self.story
                .fact(format!("({scene}, typed again: {})", attempt.told()));
        }
        self.login.wait(1);
        let attempt = types(self);
        assert!(attempt.log_says(says), "{scene}: {attempt}");
        assert_eq!(marked(&attempt), mark, "{scene}: {attempt}");
        self.story.fact(format!("{scene}: {}", attempt.told()));
        attempt
    }

    /// The owner types at the keyboard that was plugged in last.
    fn owner_types(&mut self, scene: &str, says: &str) -> Attempt {
        self.as_the_host_lets(scene, says, "", |scenes| {
            scenes.typed += 1;
            let typing = scenes.owner.typing(scenes.typed);
            scenes.login.attempt(&typing)
        })
    }

    /// The owner types on a real keyboard that was not there before the prompt.
    fn owner_types_on_a_new_one(&mut self, says: &str) {
        let scene = "the owner on a USB keyboard plugged in at the prompt";
        let mut number = self.plugged_in;
        self.as_the_host_lets(scene, says, " keyboard=new", |scenes| {
            scenes.typed += 1;
            number += 1;
            let typing = scenes.owner.typing(scenes.typed);
            let name = format!("usb{number}");
            let attempt = scenes.login.attempt_by(&typing, |login| {
                login.guest().monitor.plug_in(&name);
                let node = node(login.guest(), USB);
                is_heard(login, &node);
                login.guest().keyboard.types_steadily(&typing);
            });
            scenes.login.guest().monitor.pull_out(&name);
            let gone = format!("! grep -qx '{USB}' /sys/class/input/event*/device/name");
            scenes.login.guest().shell.wait_until(&gone);
            attempt
        });
        self.plugged_in = number;
    }

    /// A made-up keyboard types.
    fn machine_types(
        &mut self,
        what: &str,
        plugged: Plugged,
        says: &str,
        typing: impl Fn(&mut Chance) -> Typing,
    ) -> Attempt {
        let scene = format!("{what}, {}", plugged.told());
        self.as_the_host_lets(&scene, says, plugged.mark(), |scenes| {
            let typing = typing(&mut scenes.chance);
            let guest = scenes.login.guest();
            let there = plugged == Plugged::Beforehand;
            let mut keyboard = there.then(|| Beside::plug_in(guest));
            let attempt = scenes.login.attempt_by(&typing, |login| {
                let keyboard = keyboard.get_or_insert_with(|| {
                    let keyboard = Beside::plug_in(login.guest());
                    is_heard(login, keyboard.node());
                    keyboard
                });
                keyboard.types(login.guest(), &typing);
            });
            if let Some(keyboard) = keyboard {
                keyboard.pull_out(scenes.login.guest());
            }
            attempt
        })
    }

    fn settings(&mut self, text: &str) {
        self.login.guest().shell.put(SETTINGS, text);
    }
}

/// Waits until the module has this keyboard open.
fn is_heard(login: &mut Login, node: &str) {
    let open = format!("ls -l /proc/$(pidof login)/fd | grep -q {node}$");
    login.guest().shell.wait_until(&open);
}

/// What the log says of the keyboard, with the blank in front.
fn marked(attempt: &Attempt) -> &str {
    let judged = attempt.module.iter().find(|line| line.contains("outcome="));
    let line = judged.expect("the outcome is in the log");
    let Some(begin) = line.find(" keyboard=") else {
        return "";
    };
    let word = line[begin + 1..].split(' ').next().unwrap_or_default();
    &line[begin..=begin + word.len()]
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn what_a_machine_types_is_marked_in_the_log_and_refused_where_the_settings_say_so() {
    let mut scenes = Scenes::begin();
    let attempt = scenes.owner_types("the owner at the AT keyboard", ACCEPTED);
    let recorded = scenes.login.recorded(&attempt);
    marked_by_default(&mut scenes, &recorded);
    copies_with_noise(&mut scenes, &recorded);
    refused_by_option(&mut scenes, &recorded);
    let Scenes {
        mut login,
        mut story,
        ..
    } = scenes;
    story.picture(login.guest());
}

fn marked_by_default(scenes: &mut Scenes, recorded: &Typing) {
    for plugged in Plugged::BOTH {
        for (what, reason, typing) in [
            ("the recording itself", "copied", recorded.clone()),
            ("constant speed", "too-even", constant()),
        ] {
            let says = format!("state=armed outcome=unusable reason={reason}");
            let attempt = scenes.machine_types(what, plugged, &says, |_| typing.clone());
            assert!(!attempt.let_in, "{attempt}");
        }
        let what = "the recording with 5 ms of noise";
        let attempt = scenes.machine_types(what, plugged, ACCEPTED, |chance| {
            recorded.jittered(NOISE, chance)
        });
        assert!(attempt.let_in, "{attempt}");
    }
    scenes.owner_types_on_a_new_one(ACCEPTED);
    scenes.owner_types("the owner at the AT keyboard again", ACCEPTED);
}

/// Most get in, and every one is marked.
fn copies_with_noise(scenes: &mut Scenes, recorded: &Typing) {
    let mut steps = Vec::new();
    for _ in 0..COPIES {
        let copy = recorded.jittered(NOISE, &mut scenes.chance);
        steps.extend([Step::Wait(1), Step::attempt(&copy, Login::PASSWORD)]);
    }
    let application = Inside::application("login", "owner");
    let outcomes = application.plays(scenes.login.guest(), &steps);
    let mark = Plugged::Beforehand.mark();
    let unmarked = outcomes.iter().find(|outcome| !outcome.log_says(mark));
    assert!(unmarked.is_none(), "{unmarked:?}");
    let accepted = outcomes.iter().filter(|outcome| outcome.let_in()).count();
    scenes.story.fact(format!(
        "{COPIES} more copies with {NOISE} ms of noise: {accepted} let in, every one marked{mark}"
    ));
    assert!(2 * accepted > outcomes.len(), "{outcomes:#?}");
}

fn refused_by_option(scenes: &mut Scenes, recorded: &Typing) {
    scenes.settings("virtual_keyboard = refuse\nnew_keyboard = refuse\n");
    scenes
        .story
        .fact("`virtual_keyboard = refuse` and `new_keyboard = refuse` in the file of settings:");
    scenes.owner_types("the owner at the AT keyboard", ACCEPTED);
    let says = "state=armed outcome=unusable reason=virtual-keyboard";
    for plugged in Plugged::BOTH {
        for (what, typing) in [
            ("the recording itself", recorded.clone()),
            ("constant speed", constant()),
        ] {
            let attempt = scenes.machine_types(what, plugged, says, |_| typing.clone());
            assert!(
                !attempt.let_in && attempt.screen.shows("Login incorrect"),
                "{attempt}"
            );
        }
        let what = "the recording with 5 ms of noise";
        let attempt = scenes.machine_types(what, plugged, says, |chance| {
            recorded.jittered(NOISE, chance)
        });
        assert!(!attempt.let_in && !attempt.log_says("learned"), "{attempt}");
    }
    scenes.owner_types_on_a_new_one("state=armed outcome=unusable reason=new-keyboard");
    scenes.owner_types("the owner at the AT keyboard", ACCEPTED);
    scenes.settings("mode = shadow\nvirtual_keyboard = refuse\n");
    let what = "with `mode = shadow` besides, the recording with 5 ms of noise";
    let attempt = scenes.machine_types(what, Plugged::Beforehand, says, |chance| {
        recorded.jittered(NOISE, chance)
    });
    assert!(attempt.let_in && !attempt.log_says("learned"), "{attempt}");
}

/// The password as a machine types that knows nothing else.
fn constant() -> Typing {
    Typing::line(&format!("{}\n", Login::PASSWORD), 200)
}
