//! A machine that types: a keyboard made up by a program (uinput) plays back what somebody has
//! recorded of the owner at `login` on tty1, and keyboards that are plugged in at the prompt.
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

use vm::{Attempt, Chance, Guest, Inside, Login, Outcome, Person, Step, Story, Typing};

/// The owner learns in one sitting, and `keydyn enroll` asks no more often than this: where the host
/// stood still a typing is set aside, and others are wanted in its place.
const AT_MOST: u32 = 60;
/// As the kernel names what QEMU plugs in.
const USB: &str = "QEMU QEMU USB Keyboard";
/// Of the noise that is put on a copy, in ms (ADR 0030).
const NOISE: f64 = 5.0;
/// So often somebody tries again where the host stood still.
const TRIES: u32 = 4;
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

    /// An application at such a keyboard.
    fn application(self) -> Inside {
        let application = Inside::application("login", "owner");
        match self {
            Self::Beforehand => application,
            Self::AtThePrompt => application.keyboard_at_the_prompt(),
        }
    }

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

/// Something that a machine types, and what is to come of it.
#[derive(Clone)]
struct Scene {
    what: &'static str,
    typing: Typing,
    reason: &'static str,
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
        for _ in 1..TRIES {
            self.login.wait(1);
            let attempt = types(self);
            if attempt.log_says(says) {
                assert_eq!(marked(&attempt.module), mark, "{scene}: {attempt}");
                self.story.fact(format!("{scene}: {}", attempt.told()));
                return attempt;
            }
            self.story
                .fact(format!("({scene}, typed again: {})", attempt.told()));
        }
        self.login.wait(1);
        let attempt = types(self);
        assert!(attempt.log_says(says), "{scene}: {attempt}");
        assert_eq!(marked(&attempt.module), mark, "{scene}: {attempt}");
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
                wait_until_heard(login);
                login.guest().keyboard.types_steadily(&typing);
            });
            scenes.login.guest().monitor.pull_out(&name);
            let gone = format!("! grep -qx '{USB}' /sys/class/input/event*/device/name");
            scenes.login.guest().shell.wait_until(&gone);
            attempt
        });
        self.plugged_in = number;
    }

    /// A made-up keyboard types each of these, an hour after the other; what came of each.
    fn machine_types(&mut self, plugged: Plugged, typings: &[Typing]) -> Vec<Outcome> {
        let attempt = |typing| [Step::Wait(1), Step::attempt(typing, Login::PASSWORD)];
        let steps: Vec<Step> = typings.iter().flat_map(attempt).collect();
        let outcomes = plugged.application().plays(self.login.guest(), &steps);
        let mark = plugged.mark();
        // What a host that stands still did not let anybody hear is not marked either.
        let heard = outcomes.iter().filter(|outcome| {
            outcome.log_says("outcome=") && !outcome.log_says("reason=source-failed")
        });
        for outcome in heard {
            assert_eq!(marked(&outcome.module), mark, "{outcome:?}");
        }
        outcomes
    }

    /// A made-up keyboard types these, and once more where it was not heard in time.
    fn machine_is_unusable(&mut self, plugged: Plugged, scenes: &[Scene]) -> Vec<Outcome> {
        let (mut left, mut done) = (scenes.to_vec(), Vec::new());
        for _ in 0..TRIES {
            let typings: Vec<_> = left.iter().map(|scene| scene.typing.clone()).collect();
            let outcomes = self.machine_types(plugged, &typings);
            let mut again = Vec::new();
            for (scene, outcome) in left.into_iter().zip(outcomes) {
                let (what, told) = (scene.what, outcome.told());
                if outcome.log_says(&format!("outcome=unusable reason={} ", scene.reason)) {
                    assert!(!outcome.log_says("learned"), "{what}: {outcome:?}");
                    self.story
                        .fact(format!("{what}, {}: {told}", plugged.told()));
                    done.push(outcome);
                } else {
                    self.story.fact(format!("({what}, typed again: {told})"));
                    again.push(scene);
                }
            }
            left = again;
            if left.is_empty() {
                return done;
            }
        }
        panic!("something else came of {}", left[0].what);
    }

    fn settings(&mut self, text: &str) {
        self.login.guest().shell.put(SETTINGS, text);
    }
}

/// Waits until the module has the USB keyboard open.
fn wait_until_heard(login: &mut Login) {
    let shell = &mut login.guest().shell;
    let named = format!("grep -lx '{USB}' /sys/class/input/event*/device/name");
    shell.wait_until(&named);
    let path = shell.run(&named);
    let node = path.split('/').find(|part| part.starts_with("event"));
    let node = node.expect("a node");
    shell.wait_until(&format!("ls -l /proc/$(pidof login)/fd | grep -q {node}$"));
}

/// What the log says of the keyboard, with the blank in front.
fn marked(module: &[String]) -> &str {
    let judged = module.iter().find(|line| line.contains("outcome="));
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
    refused_by_option(&mut scenes, &recorded);
    let Scenes {
        mut login,
        mut story,
        ..
    } = scenes;
    story.picture(login.guest());
}

fn marked_by_default(scenes: &mut Scenes, recorded: &Typing) {
    for (plugged, copies) in [(Plugged::Beforehand, 12), (Plugged::AtThePrompt, 6)] {
        let expected = [
            Scene {
                what: "the recording itself",
                typing: recorded.clone(),
                reason: "copied",
            },
            Scene {
                what: "constant speed",
                typing: constant(),
                reason: "too-even",
            },
        ];
        let outcomes = scenes.machine_is_unusable(plugged, &expected);
        assert!(!outcomes.iter().any(Outcome::let_in), "{outcomes:?}");
        copies_with_noise(scenes, plugged, recorded, copies);
    }
    scenes.owner_types_on_a_new_one(ACCEPTED);
    scenes.owner_types("the owner at the AT keyboard again", ACCEPTED);
}

/// Most get in, and every one is marked.
fn copies_with_noise(scenes: &mut Scenes, plugged: Plugged, recorded: &Typing, copies: usize) {
    let copies: Vec<_> = (0..copies)
        .map(|_| recorded.jittered(NOISE, &mut scenes.chance))
        .collect();
    let outcomes = scenes.machine_types(plugged, &copies);
    let accepted = outcomes.iter().filter(|outcome| outcome.let_in()).count();
    let judged = outcomes
        .iter()
        .filter(|outcome| outcome.log_says("reason=rhythm"))
        .count();
    scenes.story.fact(format!(
        "{} copies with {NOISE} ms of noise, {}: {judged} heard in time, of which {accepted} let \
         in, every one marked{}",
        copies.len(),
        plugged.told(),
        plugged.mark()
    ));
    assert!(judged < 2 * accepted, "{outcomes:#?}");
}

fn refused_by_option(scenes: &mut Scenes, recorded: &Typing) {
    scenes.settings("virtual_keyboard = refuse\nnew_keyboard = refuse\n");
    scenes
        .story
        .fact("`virtual_keyboard = refuse` and `new_keyboard = refuse` in the file of settings:");
    let typings = [
        ("the recording itself", recorded.clone()),
        ("constant speed", constant()),
        (
            "the recording with 5 ms of noise",
            recorded.jittered(NOISE, &mut scenes.chance),
        ),
    ];
    let expected = typings.map(|(what, typing)| Scene {
        what,
        typing,
        reason: "virtual-keyboard",
    });
    for plugged in Plugged::BOTH {
        let outcomes = scenes.machine_is_unusable(plugged, &expected);
        assert!(!outcomes.iter().any(Outcome::let_in), "{outcomes:?}");
    }
    scenes.owner_types_on_a_new_one("state=armed outcome=unusable reason=new-keyboard");
    scenes.owner_types("the owner at the AT keyboard", ACCEPTED);

    scenes.settings("mode = shadow\nvirtual_keyboard = refuse\n");
    scenes.story.fact("with `mode = shadow` besides:");
    // No other module of the stack says anything of the rhythm: IGNORE lets in.
    let outcomes = scenes.machine_is_unusable(Plugged::Beforehand, &expected[2..]);
    assert!(outcomes.iter().all(Outcome::let_in), "{outcomes:?}");
}

/// The password as a machine types it that knows nothing else.
fn constant() -> Typing {
    Typing::line(&format!("{}\n", Login::PASSWORD), 200)
}
