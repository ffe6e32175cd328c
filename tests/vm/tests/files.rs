//! Files and disks that are not as they have to be, on a real file system: row by row of
//! docs/pam-semantics.md the owner has the documented way in, somebody else with the password has
//! none, and when the fault is taken away nothing that was acknowledged is lost.
#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;

use vm::{Disk, Guest, Inside, Login, Machine, Outcome, Person, Status, Step, Story};

const LEARNED: u32 = 23;
const MEGABYTES: u64 = 32;
/// Before every fault the files are put back from there.
const GOOD: &str = "/run/good";

/// What becomes of the owner.
#[derive(Clone, Copy)]
enum Owner {
    /// Judged, accepted and learned.
    In,
    /// Judged and accepted; nothing is learned.
    InNotLearned,
    /// Refused for this reason, and so is everybody; the way in is this command.
    Out(&'static str, &'static str),
}
use Owner::{In, InNotLearned, Out};

/// A fault, made and taken away by root's shell; `$A` is the directory of the accounts, `$U` the
/// owner's number, `$O` another user's.
struct Row(&'static str, &'static str, &'static str, Owner);

const DISABLE: &str = "keydyn disable owner";
/// Until there is room the command says so, and to boot with `keydyn=off`.
const MAKE_ROOM: &str = "rm -f /var/lib/keydyn/filler; keydyn disable owner";
const DISABLE_ALL: &str = "keydyn disable --all";
const CORRUPT: &str = "corrupt() {
    for file; do printf damaged! | dd of=$file bs=1 seek=300 conv=notrunc 2>/dev/null; done
}";

const ROWS: [Row; 19] = [
    Row(
        "the disk is full",
        "cat /dev/zero >/var/lib/keydyn/filler 2>/dev/null; sync",
        "rm /var/lib/keydyn/filler",
        InNotLearned,
    ),
    Row(
        "the disk is full, and /run",
        // What was removed just now is free behind the first sync only, and a page of four blocks leaves
        // room for a state of one.
        "for bs in 4k 4k 1k; do
             dd if=/dev/zero bs=$bs >>/var/lib/keydyn/filler 2>/dev/null; sync
         done
         mkdir -p -m 0700 /run/keydyn; busybox mount -t tmpfs -o size=16k,mode=0700 run /run/keydyn
         mkdir -m 0700 /run/keydyn/accounts; cat /dev/zero >/run/keydyn/filler 2>/dev/null; true",
        "busybox umount /run/keydyn; rm -f /var/lib/keydyn/filler",
        Out(
            "state=armed outcome=failed reason=state-unwritable",
            MAKE_ROOM,
        ),
    ),
    Row(
        "the disk is read-only",
        "busybox mount -o remount,ro /var/lib/keydyn",
        "busybox mount -o remount,rw /var/lib/keydyn",
        InNotLearned,
    ),
    Row(
        "/var/lib/keydyn is somebody else's",
        "chown owner /var/lib/keydyn",
        "chown root /var/lib/keydyn",
        Out(
            "state=unknown outcome=failed reason=state-unreadable",
            DISABLE_ALL,
        ),
    ),
    Row(
        "/var/lib/keydyn can be written by others",
        "chmod 0777 /var/lib/keydyn",
        "chmod 0700 /var/lib/keydyn",
        Out(
            "state=unknown outcome=failed reason=state-unreadable",
            DISABLE_ALL,
        ),
    ),
    Row(
        "accounts is somebody else's",
        "chown owner $A",
        "chown root $A",
        Out(
            "state=unknown outcome=failed reason=state-unreadable",
            DISABLE_ALL,
        ),
    ),
    Row("accounts has a wrong mode", "chmod 0777 $A", "true", In),
    Row(
        "the profile is somebody else's",
        "chown owner $A/$U.profile",
        "true",
        In,
    ),
    Row(
        "the profile is somebody else's, and the generation before",
        "chown owner $A/$U.profile $A/$U.profile.previous",
        "chown root $A/$U.profile $A/$U.profile.previous",
        Out(
            "state=armed outcome=failed reason=profile-unreadable",
            DISABLE,
        ),
    ),
    Row(
        "the state can be written by others",
        "chmod 0666 $A/$U.state",
        "true",
        In,
    ),
    Row(
        "a link in the profile's place",
        "mv $A/$U.profile /run/moved; ln -s /run/moved $A/$U.profile",
        "true",
        In,
    ),
    Row(
        "a link in the state's place",
        "mv $A/$U.state /run/moved; ln -s /run/moved $A/$U.state",
        "true",
        In,
    ),
    Row("a corrupt profile", "corrupt $A/$U.profile", "true", In),
    Row("a corrupt state", "corrupt $A/$U.state", "true", In),
    Row(
        "a corrupt profile, and the generation before",
        "corrupt $A/$U.profile $A/$U.profile.previous",
        "cp -a /run/good/$U.profile* $A",
        Out(
            "state=armed outcome=failed reason=profile-unreadable",
            DISABLE,
        ),
    ),
    Row(
        "a corrupt state, profile, and the generation before",
        "corrupt $A/$U.state $A/$U.profile $A/$U.profile.previous",
        "cp -a /run/good/$U.* $A",
        Out(
            "state=unknown outcome=failed reason=state-unreadable",
            DISABLE,
        ),
    ),
    Row(
        "files swapped between two users of one password",
        "for file in profile profile.previous state; do
             mv $A/$U.$file /run/swap; mv $A/$O.$file $A/$U.$file; mv /run/swap $A/$O.$file
         done",
        "for file in profile profile.previous state; do
             mv $A/$U.$file /run/swap; mv $A/$O.$file $A/$U.$file; mv /run/swap $A/$O.$file
         done",
        Out(
            "state=unknown outcome=failed reason=state-unreadable",
            DISABLE,
        ),
    ),
    Row(
        "the clock set back ten years",
        "date --set=@$(($(date +%s) - 315360000))",
        "date --set=@$(($(date +%s) + 315360000))",
        In,
    ),
    Row(
        "the clock set forward ten years",
        "date --set=@$(($(date +%s) + 315360000))",
        "date --set=@$(($(date +%s) - 315360000))",
        In,
    ),
];

/// The machine, who types there, and what is told of it.
struct Scenes {
    story: Story,
    login: Login,
    owner: Person,
    other: Person,
    application: Inside,
    typed: u32,
}

impl Scenes {
    /// The owner types the password.
    fn owner(&mut self) -> Outcome {
        let owner = self.owner.clone();
        self.attempt(&owner)
    }

    /// Somebody else who has it.
    fn other(&mut self) -> Outcome {
        let other = self.other.clone();
        self.attempt(&other)
    }

    /// An attempt, once more where the host stood still between the Enter and the answer.
    fn attempt(&mut self, person: &Person) -> Outcome {
        const TRIES: u32 = 4;
        for _ in 1..TRIES {
            let outcome = self.attempt_once(person);
            if !outcome.log_says("reason=ended-early") {
                return outcome;
            }
        }
        self.attempt_once(person)
    }

    fn attempt_once(&mut self, person: &Person) -> Outcome {
        self.typed += 1;
        let typing = person.typing(self.typed);
        let guest = self.login.guest();
        self.application.attempt(guest, &typing, Login::PASSWORD)
    }

    fn shell(&mut self, command: &str) -> String {
        self.login.guest().shell.run(command)
    }

    fn put_back(&mut self) {
        self.shell(&format!(
            "rm -rf $A /run/keydyn /run/moved; cp -a {GOOD} $A; chmod 0700 /var/lib/keydyn"
        ));
    }

    fn learned(&mut self) -> u64 {
        Status::of(self.login.guest(), "owner").count("learned")
    }

    /// Plays a row: what was seen, or what was not as it has to be.
    fn play(&mut self, Row(fault, make, mend, expected): &Row) -> Result<String, String> {
        self.put_back();
        let before = self.learned();
        self.shell(make);
        let (owner, other) = (self.owner(), self.other());
        let so_far = match expected {
            In | InNotLearned => judged(&owner, &other, matches!(expected, In)),
            Out(reason, way_in) => self.refused(&owner, &other, reason, way_in),
        };
        self.shell(mend);
        if let Out(_, way_in) = expected {
            self.shell(&way_in.replace("disable", "enable"));
        }
        let so_far = so_far.map_err(|seen| format!("{fault}: {seen}"))?;
        let after = self.owner();
        let acknowledged = u64::from(matches!(expected, In));
        // What was learned on the generation before stands on one typing fewer in the profile; the
        // account's count is whole.
        let lost = self.learned() != before + acknowledged + 1;
        if lost || !after.accepted() {
            return Err(format!("{fault}, taken away: {after:#?}"));
        }
        Ok(format!(
            "{fault}: {so_far}; taken away, the owner is accepted"
        ))
    }

    fn refused(
        &mut self,
        owner: &Outcome,
        other: &Outcome,
        reason: &str,
        way_in: &str,
    ) -> Result<String, String> {
        let refused = |outcome: &Outcome| !outcome.let_in() && outcome.log_says(reason);
        self.shell(way_in);
        let let_in = self.owner();
        if !refused(owner) || !refused(other) || !let_in.let_in() {
            return Err(format!("{owner:#?} {other:#?} {way_in}: {let_in:#?}"));
        }
        Ok(format!(
            "everybody is refused ({}); `{way_in}` lets the owner in",
            owner.told()
        ))
    }
}

/// The owner is accepted, and learned or not; somebody else is refused for the rhythm.
fn judged(owner: &Outcome, other: &Outcome, learned: bool) -> Result<String, String> {
    let accepted = owner.let_in()
        && owner.log_says("state=armed outcome=accepted reason=rhythm")
        && owner.log_says("learned state=armed") == learned
        && owner.log_says("not learned") != learned;
    if !accepted || !other.refused() {
        return Err(format!("{owner:#?} {other:#?}"));
    }
    Ok(format!(
        "the owner is accepted ({}), somebody else refused",
        owner.told()
    ))
}

fn furnish(guest: &mut Guest) {
    guest.shell.run(
        "modprobe -a virtio_blk ext4
         busybox mount /dev/vda /var/lib/keydyn || { mkfs.ext4 -q /dev/vda && busybox mount /dev/vda /var/lib/keydyn; }
         chmod 0700 /var/lib/keydyn",
    );
    guest.shell.run(
        "useradd --create-home second
         echo second:keydyn2026 | chpasswd --crypt-method SHA512 --sha-rounds 1000",
    );
    guest.shell.run(&format!(
        "A=/var/lib/keydyn/accounts; U=$(id -u owner); O=$(id -u second)\n{CORRUPT}"
    ));
}

fn boot(disk: &Disk, kernel: &str) -> Login {
    let program = Path::new(env!("CARGO_BIN_EXE_inside"));
    let files = Inside::program(Login::files(), program);
    let machine = Machine::with(files).kernel(kernel).mortal_disk(disk);
    let mut guest = machine.boot();
    furnish(&mut guest);
    Login::on(guest)
}

#[test]
#[ignore = "boots machines: make e2e-full"]
fn a_fault_of_files_lets_nobody_in_and_keeps_the_owner_out_of_nothing_for_good() {
    let disk = Disk::new(MEGABYTES);
    let mut scenes = Scenes {
        story: Story::begin(
            "6-files",
            "6. Files and disks that are not as they have to be",
        ),
        login: boot(&disk, ""),
        owner: Person::quick(Login::PASSWORD),
        other: Person::slow(Login::PASSWORD),
        application: Inside::application("login", "owner"),
        typed: LEARNED,
    };
    let owner = scenes.owner.clone();
    let application = scenes.application.clone();
    application.history(scenes.login.guest(), &owner, Login::PASSWORD, LEARNED, 2);
    let few: Vec<_> = (0..4)
        .map(|number| Step::attempt(&owner.typing(number), Login::PASSWORD))
        .collect();
    Inside::application("login", "second").plays(scenes.login.guest(), &few);
    scenes.shell(&format!("cp -a $A {GOOD}"));
    let mut wrong = Vec::new();
    for row in &ROWS {
        let late = |played: &Result<_, String>| matches!(played, Err(seen) if seen.contains("reason=ended-early"));
        let mut played = scenes.play(row);
        for _ in 0..2 {
            // The host stood still again and again: the row is played anew.
            if late(&played) {
                played = scenes.play(row);
            }
        }
        match played {
            Ok(fact) => scenes.story.fact(fact),
            Err(seen) => {
                scenes.story.fact(format!("NOT AS IT HAS TO BE: {seen}"));
                wrong.push(row.0);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    at_the_keyboard(&mut scenes);

    // Both generations corrupt, no shell to be had: the boot menu.
    scenes.put_back();
    scenes.shell("corrupt $A/$U.profile $A/$U.profile.previous; busybox umount /var/lib/keydyn");
    let Scenes {
        mut story, login, ..
    } = scenes;
    let _ = login.switch_off();
    disk.switch_off();
    let mut login = boot(&disk, "keydyn=off");
    let attempt = login.attempt(&owner.typing(90));
    let let_in =
        attempt.let_in && attempt.log_says("state=off outcome=not-in-force reason=keydyn=off");
    assert!(let_in, "{}", login.explain(&attempt));
    story.fact(format!("a corrupt profile and the generation before, booted with keydyn=off: at tty1 the owner is let in ({})", attempt.told()));
    story.picture(login.guest());
}

/// Two of the rows again, under the real `login`.
fn at_the_keyboard(scenes: &mut Scenes) {
    scenes.put_back();
    scenes.shell("corrupt $A/$U.profile");
    let attempt = scenes.login.attempt(&scenes.other.typing(70));
    let refused = !attempt.let_in && attempt.log_says("outcome=refused reason=rhythm");
    assert!(refused, "{}", scenes.login.explain(&attempt));
    let attempt = scenes.login.attempt(&scenes.owner.typing(70));
    let accepted = attempt.let_in
        && attempt.log_says("outcome=accepted reason=rhythm")
        && attempt.log_says("learned state=armed");
    assert!(accepted, "{}", scenes.login.explain(&attempt));
    scenes.story.fact(format!(
        "at tty1, a corrupt profile: somebody else refused, the owner accepted ({})",
        attempt.told()
    ));

    scenes.put_back();
    scenes.shell("chmod 0777 /var/lib/keydyn");
    for person in [&scenes.owner, &scenes.other] {
        let attempt = scenes.login.attempt(&person.typing(71));
        let refused = !attempt.let_in
            && attempt.log_says("outcome=failed")
            && attempt.screen.shows("Login incorrect");
        assert!(refused, "{}", scenes.login.explain(&attempt));
    }
    scenes.shell(DISABLE_ALL);
    let attempt = scenes.login.attempt(&scenes.owner.typing(72));
    assert!(attempt.let_in, "{}", scenes.login.explain(&attempt));
    scenes.shell("chmod 0700 /var/lib/keydyn; keydyn enable --all");
    let attempt = scenes.login.attempt(&scenes.owner.typing(73));
    let accepted = attempt.let_in && attempt.log_says("outcome=accepted reason=rhythm");
    assert!(accepted, "{}", scenes.login.explain(&attempt));
    scenes.story.fact("at tty1, /var/lib/keydyn writable by others: both refused; `keydyn disable --all` lets the owner in; put right and enabled, accepted");
}
