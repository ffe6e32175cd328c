//! What becomes of an armed owner whose password changes, and of one who is locked out, through
//! the real `passwd` and three boots of one disk.

use std::path::Path;

use vm::{Answered, Home, Inside, Machine, Person, Story, Typing};

/// The owner's other password.
const NEW: &str = Home::NEW_PASSWORD;

const ACCEPTED: &str = "state=armed outcome=accepted reason=rhythm";
const REFUSED: &str = "state=armed outcome=refused reason=rhythm";
const CHANGED: &str = "state=armed outcome=not-in-force reason=password-changed";
const DISABLED: &str = "state=disabled outcome=not-in-force";

/// Accounts and what keydyn keeps outlive the machine on its disk. Succeeds if they were there.
const EARLIER: &str = "#!/bin/sh
set -e
modprobe -a virtio_pci virtio_blk ext4
dumpe2fs -h /dev/vda >/dev/null 2>&1 || mkfs.ext4 -q /dev/vda
mkdir -p /kept /var/lib/keydyn
busybox mount -t ext4 /dev/vda /kept
mkdir -p -m 0700 /kept/keydyn
busybox mount -o bind /kept/keydyn /var/lib/keydyn
[ -e /kept/shadow ] || exit 1
cp -p /kept/passwd /kept/shadow /kept/group /kept/gshadow /etc
mkdir -p /home/owner
chown owner: /home/owner
";
/// Instead of everything else: a root shell, and a disk.
const RESCUE: &str = "#!/usr/bin/busybox sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
modprobe evdev
/usr/local/sbin/earlier
while :; do
    setsid /usr/lib/keydyn-vm/shell </dev/ttyS1 >/dev/ttyS1 2>&1
done
";
/// Debian's, with a cheap hash.
const COMMON_PASSWORD: &str = "\
password [success=1 default=ignore] pam_unix.so obscure sha512 rounds=1000
password requisite pam_deny.so
password required pam_permit.so
";

fn machine(disk: &Path) -> Machine {
    let program = Path::new(env!("CARGO_BIN_EXE_inside"));
    let files = Inside::program(Home::files(), program)
        .file("/usr/local/sbin/earlier", 0o755, EARLIER)
        .file("/usr/local/sbin/rescue", 0o755, RESCUE)
        .file("/etc/pam.d/common-password", 0o644, COMMON_PASSWORD);
    Machine::with(files).disk(disk)
}

/// The machine that is running, and what it showed.
struct Scenes {
    home: Home,
    story: Story,
}

impl Scenes {
    /// Somebody logs in at tty1 and stays, if let in.
    #[track_caller]
    fn stays(&mut self, what: &str, typing: &Typing, outcome: &str) -> Answered {
        let answered = if outcome == REFUSED {
            self.home.login("owner", typing)
        } else {
            self.home.logs_in("owner", typing)
        };
        let let_in = answered.code == Some(0);
        let fits = answered.log_says(outcome) && let_in != (outcome == REFUSED);
        assert!(fits, "{what}: {}", self.home.explain(&answered));
        let then = if let_in { "let in" } else { "not let in" };
        self.story.fact(format!("{what}: {outcome}; {then}"));
        answered
    }

    /// And logs out again.
    #[track_caller]
    fn login(&mut self, what: &str, typing: &Typing, outcome: &str) {
        if self.stays(what, typing, outcome).code == Some(0) {
            self.home.logout();
        }
    }

    /// The owner runs `passwd` in the shell at tty1, and logs out.
    fn changes(&mut self, from: &str, to: &str) {
        let home = &mut self.home;
        home.begins("passwd");
        for (prompt, answer) in [
            ("Current password:", from),
            ("New password:", to),
            ("Retype new password:", to),
        ] {
            home.wait_for_prompt(prompt);
            home.types(&Typing::mechanical(answer));
        }
        let screen = home.wait_for_screen("the end of passwd", |screen| {
            screen.after("code=").is_some()
        });
        let changed = screen.shows("password updated successfully");
        assert!(changed, "{screen}");
        self.story.fact("passwd: password updated successfully");
        home.logout();
    }

    /// The names and sums of what keydyn keeps of the owner's rhythm.
    fn profiles(&mut self) -> Vec<String> {
        let list =
            "cd /var/lib/keydyn/accounts && sha256sum 1000.[!s]* 1000.second* 2>/dev/null || true";
        let listed = self.home.guest.shell.run(list);
        listed.lines().map(str::to_owned).collect()
    }

    /// Accounts go to the disk, the machine is switched off, and another boots with the disk.
    fn boots_again(self, machine: Machine) -> Self {
        let Self { mut home, story } = self;
        let keep = "cp -p /etc/passwd /etc/shadow /etc/group /etc/gshadow /kept; sync";
        home.guest.shell.run(keep);
        drop(home);
        Self {
            home: Home::boot(machine),
            story,
        }
    }
}

fn names(profiles: &[String]) -> Vec<&str> {
    let words = profiles
        .iter()
        .filter_map(|line| line.split_whitespace().last());
    words.collect()
}

#[test]
#[ignore = "boots a machine: make e2e"]
fn a_changed_password_locks_nobody_out_and_is_in_force_in_time() {
    let disk = tempfile::NamedTempFile::new().expect("a file");
    disk.as_file().set_len(64 << 20).expect("room");
    let mut scenes = Scenes {
        story: Story::begin("4-password", "4. The password changes, and the way out"),
        home: Home::boot(machine(disk.path())),
    };
    let (owner, other) = (Person::quick(Home::PASSWORD), Person::slow(Home::PASSWORD));
    scenes.home.learns(&owner, Home::PASSWORD, Home::ARMED);
    scenes.stays("the owner", &owner.typing(40), ACCEPTED);

    changed_and_changed_back(&mut scenes, &owner, &other);
    changed_for_good(&mut scenes);
    disabled_from_a_rescue_shell(scenes, disk.path());
}

/// The owner, who is logged in, changes the password, logs in once, and changes it back.
fn changed_and_changed_back(scenes: &mut Scenes, owner: &Person, other: &Person) {
    let armed = scenes.profiles();
    scenes.changes(Home::PASSWORD, NEW);
    let typing = Person::quick(NEW).typing(40);
    let answered = scenes.stays("the owner, with the new one", &typing, CHANGED);
    assert!(answered.log_says("learned state="), "{answered:?}");
    let status = scenes.home.guest.shell.run("keydyn status owner");
    let says = "The password was changed; the new one is being learned beside the old one.";
    assert!(status.contains(says), "{status}");
    scenes.story.fact(format!("keydyn status: {says}"));
    let beside = scenes.profiles();
    let kept = armed.iter().all(|file| beside.contains(file));
    assert!(
        kept && names(&beside).contains(&"1000.second"),
        "{armed:?} {beside:?}"
    );
    scenes
        .story
        .fact(format!("kept: {}", names(&beside).join(", ")));

    scenes.changes(NEW, Home::PASSWORD);
    scenes.login(
        "somebody else, with the old one again",
        &other.typing(0),
        REFUSED,
    );
    scenes.stays("the owner", &owner.typing(41), ACCEPTED);
}

/// The owner, who is logged in, changes the password and uses the new one.
fn changed_for_good(scenes: &mut Scenes) {
    let (owner, other) = (Person::quick(NEW), Person::slow(NEW));
    scenes.changes(Home::PASSWORD, NEW);
    let before = scenes.profiles();
    let second = "test ! -e /var/lib/keydyn/accounts/1000.second";
    scenes.home.learns(&owner, NEW, second);
    let after = scenes.profiles();
    let rhythm = |file: &&String| !file.ends_with(".lock");
    let gone = before
        .iter()
        .filter(rhythm)
        .all(|file| !after.contains(file));
    assert!(
        gone && !names(&after).contains(&"1000.second"),
        "{before:?} {after:?}"
    );
    let names = names(&after);
    scenes.story.fact(format!(
        "taken over, kept: {names:?}, none of them as before"
    ));
    let status = scenes.home.guest.shell.run("keydyn status owner");
    let learned = status.lines().find_map(|line| {
        let number = line.trim().strip_prefix("Typings learned: ")?;
        number.trim_end_matches('.').parse::<u32>().ok()
    });
    assert!(learned.is_some_and(|learned| learned >= 23), "{status}");
    scenes.story.fact(format!(
        "keydyn status: {} typings of the new one",
        learned.unwrap_or(0)
    ));
    scenes.login("somebody else, with the new one", &other.typing(0), REFUSED);
    scenes.login("the owner", &owner.typing(41), ACCEPTED);
}

/// Root's way out for whoever is refused, on the same disk.
fn disabled_from_a_rescue_shell(scenes: Scenes, disk: &Path) {
    let (owner, other) = (Person::quick(NEW), Person::slow(NEW));
    let rescue = machine(disk).kernel("rdinit=/usr/local/sbin/rescue");
    let mut scenes = scenes.boots_again(rescue);
    let shell = &mut scenes.home.guest.shell;
    let first = shell.run("cat /proc/1/cmdline").replace('\0', " ");
    assert!(first.contains("rescue"), "{first}");
    let said = shell.run("keydyn disable owner");
    scenes.story.fact(format!(
        "booted with rdinit=, keydyn disable owner: {}",
        said.trim()
    ));
    let mut scenes = scenes.boots_again(machine(disk));
    for number in 0..2 {
        let what = "somebody else, after a boot";
        scenes.login(what, &other.typing(number), DISABLED);
    }
    let said = scenes.home.guest.shell.run("keydyn enable owner");
    scenes
        .story
        .fact(format!("keydyn enable owner: {}", said.trim()));
    scenes.login("somebody else", &other.typing(2), REFUSED);
    scenes.login("the owner", &owner.typing(42), ACCEPTED);
    scenes.story.picture(&mut scenes.home.guest);
}
