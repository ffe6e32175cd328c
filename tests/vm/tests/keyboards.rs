//! Keyboards that come and go, two of them at once, an overrun and a machine that stands still
//! while a password is typed at `login` on tty1.
#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use vm::{Attempt, Guest, Inside, Login, Person, Status, Story, Typing};

/// As the kernel names what QEMU plugs in and what `beside` makes up.
const USB: &str = "QEMU QEMU USB Keyboard";
const BESIDE: &str = "beside";
const LEARNED: u32 = 23;

/// The machine with an owner in force, and what is told of it.
struct Scenes {
    login: Login,
    story: Story,
    owner: Person,
    /// Typings of the owner so far.
    typed: u32,
}

impl Scenes {
    fn begin() -> Self {
        let story = Story::begin("5-keyboards", "5. Keyboards that come and go");
        let files = Inside::program(Login::files(), Path::new(env!("CARGO_BIN_EXE_inside")));
        let beside = Path::new(env!("CARGO_BIN_EXE_beside"));
        let files = files.copy("/usr/local/bin/beside", 0o755, beside);
        let mut login = Login::on(Guest::boot(files));
        let owner = Person::quick(Login::PASSWORD);
        let application = Inside::application("login", "owner");
        application.history(login.guest(), &owner, Login::PASSWORD, LEARNED, 2);
        let guest = login.guest();
        guest.shell.run("modprobe -a xhci_pci usbhid hid_generic");
        Self {
            login,
            story,
            owner,
            typed: LEARNED,
        }
    }

    /// The owner's next typing.
    fn typing(&mut self) -> Typing {
        self.typed += 1;
        self.owner.typing(self.typed)
    }

    /// The next typing, done in this way.
    fn types(&mut self, how: impl Fn(&mut Login, &Typing)) -> Attempt {
        let typing = self.typing();
        self.login.attempt_by(&typing, |login| how(login, &typing))
    }

    /// Types so, and once more where the host stood still meanwhile: then whoever types is a
    /// stranger, or is not heard in time.
    fn as_the_host_lets(&mut self, how: impl Fn(&mut Login, &Typing)) -> Attempt {
        const TRIES: u32 = 4;
        for _ in 1..TRIES {
            let attempt = self.types(&how);
            let late = ["outcome=refused reason=rhythm", "reason=ended-early"];
            if !late.iter().any(|words| attempt.log_says(words)) {
                return attempt;
            }
            let why = self.login.explain(&attempt);
            let why = why.lines().last().unwrap_or_default().to_owned();
            self.story.fact(format!(
                "(the host stood still, typed again: {}, {why})",
                attempt.told()
            ));
        }
        self.types(how)
    }

    /// How many attempts were counted as impossible to judge.
    fn not_judged(&mut self) -> u64 {
        Status::of(self.login.guest(), "owner").count("not_judged")
    }

    /// A scene whose typing cannot be judged: refused as a wrong password is, and counted, for
    /// this reason. After it the owner types whole and is let in.
    fn unusable(&mut self, scene: &str, reason: &str, how: impl Fn(&mut Login, &Typing)) {
        let before = self.not_judged();
        let attempt = self.as_the_host_lets(how);
        let line = format!("state=armed outcome=unusable reason={reason}");
        let refused = !attempt.let_in
            && attempt.log_says(&line)
            && attempt.screen.shows("Login incorrect")
            && !attempt.log_says("learned");
        assert!(refused, "{scene}: {}", self.login.explain(&attempt));
        assert!(self.not_judged() > before, "{scene}: counted");
        self.story.fact(format!(
            "{scene}: {}, counted; the screen says what it says of a wrong password",
            attempt.told()
        ));
    }

    /// A scene at whose end the owner is let in by the rhythm.
    fn accepted(&mut self, scene: &str, how: impl Fn(&mut Login, &Typing)) {
        let attempt = self.as_the_host_lets(how);
        let accepted = attempt.let_in
            && attempt.log_says("state=armed outcome=accepted reason=rhythm")
            && attempt.log_says("learned state=armed");
        assert!(accepted, "{scene}: {}", self.login.explain(&attempt));
        self.story.fact(format!("{scene}: {}", attempt.told()));
    }

    /// The owner types whole at the keyboard that is there.
    fn is_judged_again(&mut self) {
        self.accepted("the next login", |login, typing| {
            login.guest().keyboard.types_steadily(typing)
        });
    }
}

/// USB keyboards so far: QEMU wants another name for each.
static PLUGGED_IN: AtomicU32 = AtomicU32::new(0);

/// Plugs in a USB keyboard. At a prompt, returns when the module has it open.
fn plug_in(login: &mut Login) {
    let number = PLUGGED_IN.fetch_add(1, Ordering::Relaxed) + 1;
    let at_a_prompt = login.guest().screen().prompts(&["Password:"]);
    login.guest().monitor.plug_in(&format!("usb{number}"));
    let node = node(login.guest(), USB);
    if at_a_prompt {
        let heard = format!("ls -l /proc/$(pidof login)/fd | grep -q {node}$");
        login.guest().shell.wait_until(&heard);
    }
}

/// Pulls out the last one, if it is there.
fn pull_out(login: &mut Login) {
    let there = format!("grep -qx '{USB}' /sys/class/input/event*/device/name && echo there");
    if login.guest().shell.output(&there).is_empty() {
        return;
    }
    let number = PLUGGED_IN.load(Ordering::Relaxed);
    login.guest().monitor.pull_out(&format!("usb{number}"));
    let gone = format!("! grep -qx '{USB}' /sys/class/input/event*/device/name");
    login.guest().shell.wait_until(&gone);
}

/// The node of a keyboard that appears.
fn node(guest: &mut Guest, name: &str) -> String {
    let named = format!("grep -lx '{name}' /sys/class/input/event*/device/name");
    guest.shell.wait_until(&named);
    let path = guest.shell.run(&named);
    let node = path.split('/').find(|part| part.starts_with("event"));
    let node = node.expect("a node").to_owned();
    guest
        .shell
        .wait_until(&format!("test -e /dev/input/{node}"));
    node
}

/// Another keyboard of the seat, inside the machine, that does what it is told.
fn keyboard_beside(guest: &mut Guest) {
    guest.shell.run(
        "mkfifo /run/beside
         setsid chrt --fifo 1 beside </run/beside >/run/beside-said 2>&1 &
         exec 6>/run/beside",
    );
    node(guest, BESIDE);
}

/// Has it do this, and waits until it is done.
fn beside(guest: &mut Guest, order: &str) {
    guest
        .shell
        .run(&format!("rm -f /run/beside-done; echo '{order}' >&6"));
    guest.shell.wait_until("test -e /run/beside-done");
}

fn types_beside(guest: &mut Guest, typing: &Typing) {
    guest.shell.put("/run/trace", &typing.trace().to_text());
    beside(guest, "type /run/trace");
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn whatever_becomes_of_keyboards_nobody_gets_in_by_it_and_the_owner_does_afterwards() {
    let mut scenes = Scenes::begin();
    scenes.is_judged_again();
    usb_keyboards(&mut scenes);
    a_machine_that_stands_still(&mut scenes);
    a_second_keyboard(&mut scenes);
    let Scenes {
        mut login,
        mut story,
        ..
    } = scenes;
    story.picture(login.guest());
}

fn usb_keyboards(scenes: &mut Scenes) {
    let whole = |login: &mut Login, typing: &Typing| login.guest().keyboard.types_steadily(typing);
    plug_in(&mut scenes.login);
    scenes.accepted("typed on a USB keyboard", whole);
    pull_out(&mut scenes.login);
    scenes.unusable(
        "a USB keyboard pulled out in mid-password, the rest typed at the AT keyboard",
        "device-gone",
        |login, typing| {
            pull_out(login);
            plug_in(login);
            let (first, second) = typing.halves();
            login.guest().keyboard.types(&first);
            pull_out(login);
            login.guest().keyboard.types(&second);
        },
    );
    plug_in(&mut scenes.login);
    scenes.accepted("put back, typed on it", whole);
    pull_out(&mut scenes.login);
    scenes.accepted(
        "plugged in at the prompt, all of it typed there",
        |login, typing| {
            pull_out(login);
            plug_in(login);
            login.guest().keyboard.types_steadily(typing);
        },
    );
    scenes.unusable(
        "half at the AT keyboard, half on one that is plugged in in mid-password",
        "two-keyboards",
        |login, typing| {
            pull_out(login);
            let (first, second) = typing.halves();
            login.guest().keyboard.types(&first);
            plug_in(login);
            login.guest().keyboard.types(&second);
        },
    );
    pull_out(&mut scenes.login);
    scenes.is_judged_again();
}

/// A real sleep cannot be had here: QEMU stops the machine with its clocks, and the kernel is not
/// told. The clock of key events stands still in a real sleep too.
fn a_machine_that_stands_still(scenes: &mut Scenes) {
    scenes.accepted(
        "the machine stopped for four seconds in mid-password (its clock stands; not a sleep that the kernel knows of)",
        |login, typing| {
            let (first, second) = typing.halves();
            login.guest().keyboard.types(&first);
            login.guest().monitor.stop();
            thread::sleep(Duration::from_secs(4));
            login.guest().monitor.go_on();
            thread::sleep(typing.pause_between_halves());
            login.guest().keyboard.types(&second);
        },
    );
}

fn a_second_keyboard(scenes: &mut Scenes) {
    keyboard_beside(scenes.login.guest());
    scenes.accepted(
        "typed on a keyboard made up inside the machine",
        |login, typing| {
            types_beside(login.guest(), typing);
        },
    );
    scenes.unusable(
        "its queue overrun in mid-password by 400 edges of a Shift key",
        "events-lost",
        |login, typing| {
            let (first, second) = typing.halves();
            types_beside(login.guest(), &first);
            beside(login.guest(), "flood 200");
            types_beside(login.guest(), &second);
        },
    );
    scenes.is_judged_again();
    scenes.unusable(
        "overrun while the password is typed on the AT keyboard",
        "events-lost",
        |login, typing| {
            let (first, second) = typing.halves();
            login.guest().keyboard.types(&first);
            beside(login.guest(), "flood 200");
            login.guest().keyboard.types(&second);
        },
    );
    scenes.accepted("overrun before the password is typed", |login, typing| {
        beside(login.guest(), "flood 200");
        login.guest().keyboard.types_steadily(typing);
    });
    two_people(scenes);
}

/// One terminal is one text: what both type stands in it one behind the other.
fn two_people(scenes: &mut Scenes) {
    let letters = Typing::exactly(&"0 x down\n70 x up".parse().expect("a trace"));
    let attempt = scenes.types(|login, typing| {
        let (first, second) = typing.halves();
        login.guest().keyboard.types(&first);
        types_beside(login.guest(), &letters);
        login.guest().keyboard.types(&second);
    });
    let wrong = !attempt.let_in && !attempt.log_says("outcome=");
    assert!(wrong, "{}", scenes.login.explain(&attempt));
    scenes.story.fact(
        "somebody at the second keyboard types a letter in mid-password: a wrong password, which \
         the password module refuses; nothing is judged or counted",
    );
    scenes.accepted(
        "somebody types letters before the owner, who throws them away",
        |login, typing| {
            types_beside(login.guest(), &letters);
            login.guest().keyboard.types(&Typing::throw_away());
            login.guest().keyboard.types_steadily(typing);
        },
    );
}
