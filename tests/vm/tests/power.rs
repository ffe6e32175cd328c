//! The power goes at any moment of saving, and what was acknowledged is there afterwards.
#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::thread;
use std::time::Duration;

use vm::{Chance, Disk, Guest, Inside, Login, Machine, Outcome, Person, Status, Step, Story};

const LEARNED: u32 = 23;
const CUTS: u32 = 10;
const MEGABYTES: u64 = 48;
/// Logins of one machine, more than it ever comes to.
const LOGINS: u32 = 12;
/// The longest that saving takes on an emulated machine.
const SAVING: u64 = 400;

/// The disk, who types, and what has been acknowledged to them.
struct Years {
    story: Story,
    disk: Disk,
    chance: Chance,
    owner: Person,
    other: Person,
    application: Inside,
    typed: u32,
    /// Typings learned, refusals told.
    learned: u64,
    refused: u64,
    /// How many more there may be.
    perhaps: (u64, u64),
}

impl Years {
    /// A machine on whose disk the accounts are, a day later than the last.
    fn boot(&mut self, day: u32) -> Guest {
        let program = Path::new(env!("CARGO_BIN_EXE_inside"));
        let files = Inside::program(Login::files(), program);
        let mut guest = Machine::with(files).mortal_disk(&self.disk).boot();
        guest.shell.run(&format!(
            "modprobe -a virtio_blk ext4
             date --set=@$(($(date +%s) + {day} * 86400))"
        ));
        if day == 0 {
            guest.shell.run("mkfs.ext4 -q /dev/vda");
        }
        guest
            .shell
            .run("busybox mount /dev/vda /var/lib/keydyn && sync");
        guest
    }

    fn next(&mut self) -> Step {
        self.typed += 1;
        Step::attempt(&self.owner.typing(self.typed), Login::PASSWORD)
    }

    /// Logins one after the other, some of somebody else, until the power goes: around the saves.
    fn until_the_power_goes(&mut self, mut guest: Guest) -> String {
        let steps: Vec<Step> = (0..LOGINS)
            .map(|login| match login % 4 {
                2 => Step::attempt(&self.other.typing(login), Login::PASSWORD),
                _ => self.next(),
            })
            .collect();
        let (saves, delay) = (1 + self.chance.below(3), self.chance.below(SAVING));
        let before = guest.console.lines().len();
        self.application.begins(&mut guest, &steps);
        for _ in 0..saves {
            let from = guest.console.lines().len();
            guest.console.wait_for(from, &["outcome=accepted"]);
        }
        let now = guest.console.lines().len();
        let written = self.disk.written();
        thread::sleep(Duration::from_millis(delay));
        let lines = guest.cut_power();
        let told = |words: &str, lines: &[String]| {
            let told = lines.iter().filter(|line| line.contains(words));
            u64::try_from(told.count()).expect("few")
        };
        let [learned, refused] = ["learned state=armed", "outcome=refused"]
            .map(|words| (told(words, &lines[before..now]), told(words, &lines[now..])));
        self.learned += learned.0;
        self.refused += refused.0;
        // What was said between the moment of the cut and the machine's end may be lost or not.
        self.perhaps = (learned.1 + 1, refused.1 + 1);
        let cut = self.disk.lose_power(written, &mut self.chance);
        format!(
            "within {delay} ms of verdict {saves}: {} learned and {} refused were acknowledged \
             before; of the disk's writes {} were flushed, {} were not and kept, {} lost",
            learned.0, refused.0, cut.flushed, cut.kept, cut.lost
        )
    }

    /// An attempt, once more where the host stood still between the Enter and the answer.
    fn attempt(&mut self, guest: &mut Guest, person: &Person) -> Outcome {
        const TRIES: u32 = 4;
        for _ in 1..TRIES {
            let outcome = self.attempt_once(guest, person);
            if !outcome.log_says("reason=ended-early") {
                return outcome;
            }
        }
        self.attempt_once(guest, person)
    }

    fn attempt_once(&mut self, guest: &mut Guest, person: &Person) -> Outcome {
        self.typed += 1;
        let typing = person.typing(self.typed);
        self.application.attempt(guest, &typing, Login::PASSWORD)
    }

    /// After the cut: what was acknowledged is there, and nothing is amiss.
    fn look(&mut self, guest: &mut Guest, cut: &str) {
        let files = guest.shell.run("ls -A /var/lib/keydyn/accounts");
        let status = Status::of(guest, "owner");
        let [learned, refused] = ["learned", "refused"].map(|name| status.count(name));
        assert!(
            learned >= self.learned && refused >= self.refused,
            "acknowledged: {} learned, {} refused; there: {status:?}",
            self.learned,
            self.refused
        );
        // And at most one login more than could say so.
        assert!(
            learned <= self.learned + self.perhaps.0 && refused <= self.refused + self.perhaps.1,
            "{status:?}"
        );
        assert!(status.says("\"state\": \"armed\""), "{status:?}");
        self.story
            .fact(format!("{cut}; after it {learned} and {refused} are there"));
        (self.learned, self.refused) = (learned, refused);

        let owner = self.attempt(guest, &self.owner.clone());
        // The profile is saved before the count.
        let as_learned = owner.accepted() && samples(&owner) >= Some(learned);
        assert!(as_learned, "{owner:#?} {files}");
        let other = self.attempt(guest, &self.other.clone());
        assert!(other.refused(), "{other:#?}");
        self.learned += 1;
        self.refused += 1;
        let half = guest
            .shell
            .output("ls -A /var/lib/keydyn/accounts | grep '^\\.'");
        assert_eq!(half, "", "no half file is left");
    }
}

/// Typings in the profile by which the attempt was judged.
fn samples(outcome: &Outcome) -> Option<u64> {
    let line = outcome.module.first()?;
    line.split_once("samples=")?.1.trim().parse().ok()
}

#[test]
#[ignore = "boots machines: make e2e-full"]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let (chance, seed) = Chance::seeded();
    let mut story = Story::begin("6-power", "6. The power goes");
    story.fact(format!(
        "ext4 with default options; what was not flushed when the power goes is lost or kept by \
         chance, write by write; KEYDYN_VM_SEED={seed}"
    ));
    let mut years = Years {
        story,
        disk: Disk::new(MEGABYTES),
        chance,
        owner: Person::quick(Login::PASSWORD),
        other: Person::slow(Login::PASSWORD),
        application: Inside::application("login", "owner"),
        typed: 0,
        learned: 0,
        refused: 0,
        perhaps: (0, 0),
    };

    // The very first login, which makes the directories too.
    let mut guest = years.boot(0);
    let first = years.next();
    let outcome = years.application.plays(&mut guest, &[first]);
    assert!(
        outcome[0].log_says("learned state=learning samples=1"),
        "{outcome:?}"
    );
    let acknowledged = years.disk.written();
    drop(guest.cut_power());
    years.disk.lose_power(acknowledged, &mut years.chance);

    let mut guest = years.boot(1);
    assert_eq!(
        Status::of(&mut guest, "owner").count("learned"),
        1,
        "the first login"
    );
    years
        .story
        .fact("cut after the first login of all: it is there");
    let (owner, application) = (years.owner.clone(), years.application.clone());
    // None of them twice: a copy of the first would not be learned.
    let typings = (0..LEARNED).map(|login| owner.typing(years.typed + 1 + login));
    let history = application.history_of(&mut guest, typings, Login::PASSWORD, 2);
    let learned = history
        .iter()
        .filter(|login| login.log_says(" learned state="));
    years.typed += LEARNED;
    years.learned = 1 + u64::try_from(learned.count()).expect("few");

    for day in 0..CUTS {
        let cut = years.until_the_power_goes(guest);
        guest = years.boot(day + 3);
        let cut = format!("cut {}, {cut}", day + 1);
        years.look(&mut guest, &cut);
    }
    years.story.picture(&mut guest);
}
