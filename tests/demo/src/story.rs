//! The story of one owner: learning, armed, other people, a wrong password, a rhythm that drifts.

use std::path::Path;

use keydyn_core::eval::typist::SyntheticTypist;
use keydyn_core::trace::Trace;
use pam_host::Code;

use crate::checks::Checks;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::error::Error;
use crate::login::{Attempt, Console, Login};
use crate::module::Module;
use crate::people::{PASSWORD, Population, WRONG};
use crate::rhythm::{DRAWN, Picture, Rhythm};
use crate::screen::{Screen, Tone};
use crate::svg;
use crate::table::{Cell, Side, Table};
use crate::why;

mod drift;

/// Typings a day while learning, and the pause between them.
const A_DAY: u32 = 5;
const PAUSE: u64 = 600;
/// Learning that takes longer has failed.
const PATIENCE: u32 = 80;
/// The owner is this much faster with every typing, in ln ms: 0.3 per cent.
const DRIFT: f64 = -0.003;
const OWNER: &str = "owner";
const IMPOSTORS: u32 = 10;
const REFUSED_AT_LEAST: usize = 8;
/// Refusals in a row after which nobody is judged for a while, and for how long.
const FREE_REFUSALS: usize = 5;
const COOL_DOWN: u64 = 30;
/// Numbers of impostors' typings: one set a purpose, so that none is used twice.
const THROTTLED: u32 = 100;
const PICTURED: u32 = 200;
/// Steps that are told of a refusal.
const FURTHEST: usize = 5;

const LOGINS: Table = Table::new(&[
    ("nr", 3, Side::Right),
    ("when", 12, Side::Left),
    ("who", 11, Side::Left),
    ("typed", 5, Side::Left),
    ("PAM returned", 12, Side::Left),
    ("state", 12, Side::Left),
    ("outcome", 13, Side::Left),
]);

/// One telling.
struct Story<'a> {
    screen: &'a mut Screen,
    console: Console,
    people: Population,
    owner: SyntheticTypist,
    /// The owner's typings so far; each is another one.
    typed: u32,
    /// Logins so far, anybody's.
    logins: u32,
    checks: Checks,
}

/// Who types which password in which way.
struct Person<'a> {
    name: &'a str,
    password: &'a str,
    trace: Trace,
}

/// Tells the story. Whether it went as told.
pub(crate) fn tell(
    screen: &mut Screen,
    module: &Module,
    user: &str,
    seed: u64,
    svg: Option<&Path>,
) -> Result<bool, Error> {
    let people = Population::new(seed);
    let mut story = Story {
        screen,
        console: Console::new(module, user, PASSWORD)?,
        people,
        owner: people.owner(DRIFT)?,
        typed: 0,
        logins: 0,
        checks: Checks::default(),
    };
    story.open(module, seed)?;
    let disk = story.console.disk()?;
    if let Some((frozen, day)) = story.learn(&disk)? {
        story.return_of_the_owner(&disk, day + 1)?;
        let refusal = story.others(
            &disk,
            day + 1,
            "3  Somebody else types the right password",
            0,
        )?;
        story.throttle(&disk, day + 1)?;
        story.wrong_password(&disk, day + 1, refusal.as_ref())?;
        let last = story.drift(&disk, &frozen, day + 2)?;
        story.others(&disk, last + 1, "7  Somebody else, after the drift", 1)?;
        story.picture(svg)?;
        story.why(&disk)?;
    }
    story.screen.part("What was shown", &[])?;
    story.checks.sum_up(story.screen)
}

impl Story<'_> {
    fn open(&mut self, module: &Module, seed: u64) -> Result<(), Error> {
        let path = module.path().display();
        self.screen.say(
            Tone::Strong,
            "keydyn: the rhythm of a password as a second factor",
        )?;
        for line in [
            format!("   module   {path}"),
            format!(
                "   account  {}, in Debian's stack on the real libpam",
                self.console.user()
            ),
            format!("   people   synthetic, seed {seed}: they never lived, and nobody chose them"),
            "   time     moved on between logins, never waited for".to_owned(),
        ] {
            self.screen.say(Tone::Faint, &line)?;
        }
        Ok(())
    }

    /// The owner logs in day by day until learning is over. The disk as it was then, and the day.
    fn learn(&mut self, disk: &Disk) -> Result<Option<(Disk, u32)>, Error> {
        let about = [
            "The password alone decides; the module learns. The outcome is what it would",
            "have said. It arms itself when it has been right often enough. Behind the",
            "state stands how many typings the profile has learned.",
        ];
        self.screen
            .part("1  The owner logs in, five times a day", &about)?;
        LOGINS.head(self.screen)?;
        let (mut refused, mut armed) = (0, None);
        for n in 0..PATIENCE {
            let day = n / A_DAY + 1;
            let at = Clock::morning(day).after(PAUSE * u64::from(n % A_DAY));
            let login = self.owner_logs_in(disk, at)?;
            if login.report.learned.is_none() && n == 0 {
                return Err(Error::NotLearned {
                    user: self.console.user().to_owned(),
                    remarks: login.report.remarks(),
                });
            }
            refused += usize::from(!login.is_in());
            if login.is_armed() {
                armed = Some((n + 1, day));
                break;
            }
        }
        let found = format!("refused {refused} of {}", self.logins);
        self.checks.note(
            refused == 0,
            "The owner is never refused while learning",
            found,
        );
        let promise = "Learning ends by itself, and refusals count";
        let Some((login, day)) = armed else {
            self.checks
                .note(false, promise, format!("not armed after {PATIENCE}"));
            return Ok(None);
        };
        let text = format!("ARMED at login {login}, on day {day}: from here on a refusal counts.");
        self.screen.note(Tone::Turn, &text)?;
        self.checks
            .note(true, promise, format!("armed at login {login}, day {day}"));
        Ok(Some((disk.copy()?, day)))
    }

    fn return_of_the_owner(&mut self, disk: &Disk, day: u32) -> Result<(), Error> {
        self.screen
            .part("2  The next morning, the owner again", &[])?;
        LOGINS.head(self.screen)?;
        let login = self.owner_logs_in(disk, Clock::morning(day))?;
        let accepted = login.is_accepted();
        let found = if accepted { "accepted" } else { "refused" };
        self.checks
            .note(accepted, "The owner is accepted right after", found);
        if let (Some(verdict), Some((_, samples))) = (&login.report.verdict, &login.report.learned)
        {
            let text = format!(
                "The profile has learned once more: {} typings before, {samples} now.",
                verdict.samples
            );
            self.screen.note(Tone::Plain, &text)?;
        }
        Ok(())
    }

    /// Everybody else, each on a fresh copy of the disk. One of the refusals, to compare with.
    fn others(
        &mut self,
        disk: &Disk,
        day: u32,
        title: &str,
        typing: u32,
    ) -> Result<Option<Login>, Error> {
        self.screen.part(
            title,
            &[
                "Each on a fresh copy of the module's files, so that it is the rhythm that",
                "decides and not the throttle. The first ten of the population, as they come.",
            ],
        )?;
        LOGINS.head(self.screen)?;
        let at = Clock::morning(day).after(3600);
        let (mut kept, mut let_in) = (Vec::new(), Vec::new());
        for number in 1..=IMPOSTORS {
            let name = format!("impostor {number}");
            let person = Person {
                name: &name,
                password: PASSWORD,
                trace: self.people.impostor(number)?.trace(typing),
            };
            let login = self.log_in(&disk.copy()?, person, at)?;
            if login.is_refused_for_rhythm() {
                kept.push(login);
            } else {
                let_in.push(name);
            }
        }
        let refused = kept.len();
        let enough = refused >= REFUSED_AT_LEAST;
        let found = format!("{refused} of {IMPOSTORS} refused");
        let tone = if enough { Tone::Good } else { Tone::Bad };
        self.screen
            .note(tone, &format!("{found}, all with the right password."))?;
        if !let_in.is_empty() {
            let text = format!(
                "{} types enough like the owner to get in: a rhythm is no secret.",
                let_in.join(" and ")
            );
            self.screen.note(Tone::Turn, &text)?;
        }
        let when = if typing == 0 {
            "just armed"
        } else {
            "after the drift"
        };
        let promise = format!("Somebody else is refused, {when}");
        self.checks.note(enough, promise, found);
        Ok(kept.into_iter().next())
    }

    /// Refusals in a row, on a copy: everybody waits, the owner too, and not for ever.
    fn throttle(&mut self, disk: &Disk, day: u32) -> Result<(), Error> {
        let about = [
            "On one copy, one after the other: after five refusals in a row nobody is",
            "judged for half a minute, which doubles with each further refusal. Whoever",
            "gets in after a refusal teaches the profile nothing.",
        ];
        self.screen
            .part("4  The same people in a row: the throttle", &about)?;
        LOGINS.head(self.screen)?;
        let disk = disk.copy()?;
        let mut at = Clock::morning(day).after(2 * 3600);
        let mut row = 0;
        for number in (1..=IMPOSTORS).cycle().take(3 * IMPOSTORS as usize) {
            let person = Person {
                name: &format!("impostor {number}"),
                password: PASSWORD,
                trace: self.people.impostor(number)?.trace(THROTTLED + number),
            };
            at = at.after(3);
            row = match self.log_in(&disk, person, at)?.is_refused_for_rhythm() {
                true => row + 1,
                false => 0,
            };
            if row == FREE_REFUSALS {
                break;
            }
        }
        let waits = self.owner_logs_in(&disk, at.after(5))?;
        let back = self.owner_logs_in(&disk, at.after(COOL_DOWN + 1))?;
        let text = format!(
            "Five seconds later even the owner waits; after {} s the owner is back in.",
            COOL_DOWN + 1
        );
        let cooling = waits
            .report
            .verdict
            .as_ref()
            .is_some_and(|v| v.state == "cooling-down");
        let (waited, returned) = (!waits.is_in() && cooling, back.is_accepted());
        if waited && returned {
            self.screen.note(Tone::Plain, &text)?;
        }
        let found = format!(
            "{}, then {}",
            if waited {
                "had to wait"
            } else {
                "did not wait"
            },
            if returned { "accepted" } else { "refused" },
        );
        let promise = "Five refusals in a row: even the owner waits";
        self.checks.note(waited && returned, promise, found);
        Ok(())
    }

    /// A wrong password, and that its answer is the one a wrong rhythm gets.
    fn wrong_password(
        &mut self,
        disk: &Disk,
        day: u32,
        refusal: Option<&Login>,
    ) -> Result<(), Error> {
        self.screen.part("5  A wrong password", &[])?;
        LOGINS.head(self.screen)?;
        let person = Person {
            name: OWNER,
            password: WRONG,
            trace: self.people.owner_mistaken()?.trace(0),
        };
        let before = disk.content()?;
        let login = self.log_in(disk, person, Clock::morning(day).after(3 * 3600))?;
        let untouched = before == disk.content()?;
        let found = format!(
            "{}, {}",
            if login.is_in() { "let in" } else { "refused" },
            if untouched {
                "nothing changed"
            } else {
                "FILES CHANGED"
            },
        );
        let kept = login.code == Code::AUTH_ERR && untouched;
        self.checks
            .note(kept, "A wrong password is refused, nothing learned", found);

        let alike = refusal.is_some_and(|refusal| same_answer(&login, refusal));
        if alike {
            let text = "At the prompt it looks like a wrong rhythm: same code, texts and delay.";
            self.screen.note(Tone::Plain, text)?;
        }
        let found = if alike {
            "code, texts and delay"
        } else {
            "they can be told apart"
        };
        self.checks
            .note(alike, "Wrong rhythm and wrong password look alike", found);
        Ok(())
    }

    /// The owner's rhythm beside somebody else's.
    fn picture(&mut self, path: Option<&Path>) -> Result<(), Error> {
        let picture = Picture {
            owner: rhythm(&self.owner, (0..self.typed).rev())?,
            other: rhythm(&self.people.impostor(1)?, PICTURED..)?,
            names: [OWNER.to_owned(), "impostor 1".to_owned()],
        };
        self.screen.part("One password, two rhythms", &[])?;
        picture.draw(self.screen)?;
        match path {
            Some(path) => svg::save(self.screen, &picture, path),
            None => Ok(()),
        }
    }

    /// What the profile itself says of the first impostor's last attempt.
    fn why(&mut self, disk: &Disk) -> Result<(), Error> {
        let trace = self.people.impostor(1)?.trace(1);
        let explanation = why::explain(disk, self.console.user(), PASSWORD, &trace)?;
        self.screen.part(
            "What the owner's profile says of impostor 1",
            &[
                "Opened with the password: the five steps of the last attempt that were",
                "furthest off. It tells positions and directions, never keys.",
            ],
        )?;
        for step in explanation.furthest(FURTHEST) {
            self.screen.line(&format!("   {step}"))?;
        }
        Ok(())
    }

    fn owner_logs_in(&mut self, disk: &Disk, at: Clock) -> Result<Login, Error> {
        let person = Person {
            name: OWNER,
            password: PASSWORD,
            trace: self.owner.trace(self.typed),
        };
        self.typed += 1;
        self.log_in(disk, person, at)
    }

    /// Logs in and shows it.
    fn log_in(&mut self, disk: &Disk, person: Person<'_>, at: Clock) -> Result<Login, Error> {
        let attempt = Attempt {
            password: person.password,
            trace: &person.trace,
            at,
        };
        let login = self.console.log_in(disk, attempt)?;
        self.logins += 1;
        let (is_owner, right) = (person.name == OWNER, person.password == PASSWORD);
        let cells = [
            self.logins.to_string().into(),
            at.to_string().into(),
            Cell::new(
                if is_owner { Tone::Owner } else { Tone::Other },
                person.name,
            ),
            if right {
                Cell::from("right")
            } else {
                Cell::new(Tone::Bad, "wrong")
            },
            returned(&login),
            state(&login),
            outcome(&login, is_owner),
        ];
        LOGINS.row(self.screen, cells)?;
        Ok(login)
    }
}

/// The rhythm of the first few of these typings.
fn rhythm(typist: &SyntheticTypist, typings: impl Iterator<Item = u32>) -> Result<Rhythm, Error> {
    let samples = typings.take(DRAWN).map(|typing| typist.sample(typing));
    Rhythm::of(&samples.collect::<Vec<_>>()).ok_or(Error::Text)
}

/// The code's name without its number.
fn returned(login: &Login) -> Cell {
    let code = login.code.to_string();
    let name = code.split('(').next().unwrap_or_default();
    Cell::new(if login.is_in() { Tone::Good } else { Tone::Bad }, name)
}

/// The state after the login, with the number of typings learned.
fn state(login: &Login) -> Cell {
    match (&login.report.learned, &login.report.verdict) {
        (Some((state, samples)), _) => Cell::from(format!("{state} {samples}")),
        (None, Some(verdict)) if verdict.state == "cooling-down" => {
            Cell::new(Tone::Turn, &*verdict.state)
        }
        (None, Some(verdict)) => Cell::from(format!("{} {}", verdict.state, verdict.samples)),
        (None, None) => Cell::new(Tone::Faint, "-"),
    }
}

/// The module's word; while it is not in force, what it would have said.
fn outcome(login: &Login, is_owner: bool) -> Cell {
    match &login.report.verdict {
        None => Cell::new(Tone::Faint, "not reached"),
        Some(verdict) if verdict.outcome == "not-in-force" => {
            Cell::new(Tone::Faint, &*verdict.reason)
        }
        Some(verdict) => {
            let tone = match (&*verdict.outcome, is_owner) {
                ("accepted", true) => Tone::Good,
                ("accepted", false) => Tone::Turn,
                _ => Tone::Bad,
            };
            Cell::new(tone, &*verdict.outcome)
        }
    }
}

/// Whether somebody at the prompt could not tell the two refusals apart. libpam varies the delay.
fn same_answer(one: &Login, other: &Login) -> bool {
    let usual = |login: &Login| {
        login
            .delay
            .is_some_and(|d| (1.0..=3.0).contains(&d.as_secs_f64()))
    };
    one.code == other.code && one.texts == other.texts && usual(one) && usual(other)
}
