//! The recording replayed: each of its first people as an owner, everybody else as impostors.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use keydyn_core::digraph::Sample;

use crate::checks::Checks;
use crate::clock::Clock;
use crate::disk::Disk;
use crate::error::Error;
use crate::login::{Attempt, Console, Login};
use crate::module::Module;
use crate::people::{RECORDED_PASSWORD, Recorded, Recording, Typing};
use crate::rhythm::{DRAWN, Picture, Rhythm};
use crate::screen::{Screen, Tone};
use crate::svg;
use crate::table::{Cell, Side, Table};

/// How much of the recording is replayed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Owners, from the first on.
    pub(crate) people: u32,
    /// Typings of each of an owner's sessions, from the first on.
    pub(crate) reps: u32,
    /// Typings of everybody else, from the first on.
    pub(crate) tries: u32,
}

/// Between two typings of a session.
const PAUSE: u64 = 60;
/// Far above what is expected (docs/evaluation.md); beyond it something is broken.
const REFUSED_AT_MOST: f64 = 0.15;
const LET_IN_AT_MOST: f64 = 0.15;

const LIVES: Table = Table::new(&[
    ("person", 6, Side::Left),
    ("logins", 6, Side::Right),
    ("armed at", 12, Side::Left),
    ("owner refused", 18, Side::Right),
    ("1st of day", 10, Side::Right),
    ("others let in", 18, Side::Right),
]);

/// How often something happened.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: usize,
    of: usize,
}

/// What happened to one owner.
#[derive(Clone, Debug, Default)]
struct Life {
    name: String,
    logins: usize,
    /// Login and day.
    armed: Option<(usize, u32)>,
    refused_learning: usize,
    /// After arming: the owner's refusals, those of the first login of a day, and how many of
    /// them were not judged because of a cool-down.
    refused: Tally,
    refused_first: Tally,
    waited: usize,
    /// After arming: others who got in.
    let_in: Tally,
}

/// Replays the recording and shows a line a person. Whether it went as it should.
pub(crate) fn replay(
    screen: &mut Screen,
    module: &Module,
    user: &str,
    recording: &Recording,
    plan: Plan,
    svg: Option<&Path>,
) -> Result<bool, Error> {
    let owners = recording.people.len().min(plan.people as usize);
    open(screen, module, recording, plan, owners)?;
    let started = Instant::now();
    let lives = live(screen, owners, |owner, logins| {
        let console = Console::new(module, user, RECORDED_PASSWORD)?;
        Replay {
            console,
            recording,
            owner,
            plan,
            logins,
        }
        .run()
    })?;
    total(screen, &lives, started.elapsed())?;
    let checks = check(&lives);
    picture(screen, recording, svg)?;
    screen.part("What was shown", &[])?;
    checks.sum_up(screen)
}

fn open(
    screen: &mut Screen,
    module: &Module,
    recording: &Recording,
    plan: Plan,
    owners: usize,
) -> Result<(), Error> {
    screen.say(Tone::Strong, "keydyn: real people on the real libpam")?;
    let sessions = recording.people.iter().map(|person| {
        let mut sessions: Vec<_> = person.typings.iter().map(|t| t.session).collect();
        sessions.dedup();
        sessions.len()
    });
    let sessions = sessions.max().unwrap_or(0);
    let mut lines = vec![
        format!("   module     {}", module.path().display()),
        format!(
            "   owners     the first {owners} of {} people",
            recording.people.len()
        ),
        format!(
            "   logins     the first {} typings of each session ({sessions}), a session a day",
            plan.reps
        ),
        format!(
            "   impostors  everybody else's first {} typing(s), {} an owner, over all",
            plan.tries,
            (recording.people.len() - 1) * plan.tries as usize
        ),
        "              logins after arming; each on a fresh copy of the module's files".to_owned(),
    ];
    if recording.left_out > 0 {
        lines.push(format!(
            "   left out   {} incomplete typings",
            recording.left_out
        ));
    }
    for line in lines {
        screen.say(Tone::Faint, &line)?;
    }
    screen.gap()?;
    LIVES.head(screen)
}

/// Runs each owner's life, as many at a time as there are processors, and shows them in order.
fn live(
    screen: &mut Screen,
    owners: usize,
    life: impl Fn(usize, &AtomicUsize) -> Result<Life, Error> + Sync,
) -> Result<Vec<Life>, Error> {
    let (next, logins) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(owners);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, logins, life) = (sender.clone(), &next, &logins, &life);
            scope.spawn(move || {
                loop {
                    let owner = next.fetch_add(1, Ordering::Relaxed);
                    if owner >= owners || sender.send((owner, life(owner, logins))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut found: Vec<Option<Life>> = vec![None; owners];
        let mut shown = 0;
        while shown < owners {
            match receiver.recv_timeout(Duration::from_millis(200)) {
                Ok((owner, life)) => {
                    let life = life.inspect_err(|_| next.store(owners, Ordering::Relaxed))?;
                    if let Some(place) = found.get_mut(owner) {
                        *place = Some(life);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let logins = logins.load(Ordering::Relaxed);
                    screen.passing(&format!("{logins} logins ..."))?;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Thread),
            }
            while let Some(Some(life)) = found.get(shown) {
                screen.passing("")?;
                row(screen, life)?;
                shown += 1;
            }
        }
        Ok(found.into_iter().flatten().collect())
    })
}

/// One owner and everybody else.
struct Replay<'a> {
    console: Console,
    recording: &'a Recording,
    owner: usize,
    plan: Plan,
    logins: &'a AtomicUsize,
}

impl Replay<'_> {
    fn run(&self) -> Result<Life, Error> {
        let Some(owner) = self.recording.people.get(self.owner) else {
            return Err(Error::Thread);
        };
        let mut life = Life {
            name: owner.name.clone(),
            ..Life::default()
        };
        let disk = self.console.disk()?;
        let typings = schedule(owner, self.plan.reps);
        let tries: Vec<&Typing> = self.tries();
        let mut tried = 0;
        for (n, &(typing, at, first)) in typings.iter().enumerate() {
            let login = self.log_in(&disk, typing, at)?;
            life.logins += 1;
            let Some((armed, _)) = life.armed else {
                life.refused_learning += usize::from(!login.is_in());
                if login.is_armed() {
                    life.armed = Some((n + 1, at.day()));
                } else if n == 0 && login.report.learned.is_none() {
                    return Err(Error::NotLearned {
                        user: self.console.user().to_owned(),
                        remarks: login.report.remarks(),
                    });
                }
                continue;
            };
            life.refused.note(!login.is_in());
            if first {
                life.refused_first.note(!login.is_in());
            }
            let verdict = login.report.verdict.as_ref();
            life.waited += usize::from(verdict.is_some_and(|v| v.state == "cooling-down"));
            // All of them by the last login, and evenly.
            let due = tries.len() * (n + 1 - armed) / (typings.len() - armed);
            for typing in tries.iter().take(due).skip(tried) {
                let login = self.log_in(&disk.copy()?, typing, at.after(PAUSE / 2))?;
                life.let_in.note(login.is_in());
            }
            tried = due;
        }
        Ok(life)
    }

    /// Everybody's first typing, then everybody's second one.
    fn tries(&self) -> Vec<&Typing> {
        let others = self.recording.people.iter().enumerate();
        let others: Vec<_> = others.filter(|(i, _)| *i != self.owner).collect();
        (0..self.plan.tries as usize)
            .flat_map(|rep| {
                others
                    .iter()
                    .filter_map(move |(_, other)| other.typings.get(rep))
            })
            .collect()
    }

    fn log_in(&self, disk: &Disk, typing: &Typing, at: Clock) -> Result<Login, Error> {
        self.logins.fetch_add(1, Ordering::Relaxed);
        let attempt = Attempt {
            password: RECORDED_PASSWORD,
            trace: &typing.trace,
            at,
        };
        self.console.log_in(disk, attempt)
    }
}

/// The first typings of each session, when, and whether it is the first of the day.
fn schedule(person: &Recorded, reps: u32) -> Vec<(&Typing, Clock, bool)> {
    let sessions = person
        .typings
        .chunk_by(|one, next| one.session == next.session);
    let typings = (1..).zip(sessions).flat_map(|(day, session)| {
        let typings = (0..u64::from(reps)).zip(session);
        typings.map(move |(n, typing)| (typing, Clock::morning(day).after(n * PAUSE), n == 0))
    });
    typings.collect()
}

impl Tally {
    fn note(&mut self, happened: bool) {
        self.count += usize::from(happened);
        self.of += 1;
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.of += other.of;
    }

    fn counts(self) -> String {
        format!("{} of {}", self.count, self.of)
    }

    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    fn rate(self) -> f64 {
        self.count as f64 / self.of.max(1) as f64
    }

    fn shown(self) -> String {
        format!("{} {:>4.1} %", self.counts(), 100.0 * self.rate())
    }
}

fn row(screen: &mut Screen, life: &Life) -> Result<(), Error> {
    let armed = match life.armed {
        Some((login, day)) => Cell::from(format!("{login}, day {day}")),
        None => Cell::new(Tone::Bad, "not armed"),
    };
    let cells = [
        life.name.clone().into(),
        life.logins.to_string().into(),
        armed,
        life.refused.shown().into(),
        life.refused_first.counts().into(),
        life.let_in.shown().into(),
    ];
    LIVES.row(screen, cells)
}

fn sum(lives: &[Life], tally: impl Fn(&Life) -> Tally) -> Tally {
    lives.iter().fold(Tally::default(), |mut sum, life| {
        sum.add(tally(life));
        sum
    })
}

fn total(screen: &mut Screen, lives: &[Life], took: Duration) -> Result<(), Error> {
    let logins: usize = lives.iter().map(|life| life.logins).sum();
    let strong = |text: String| Cell::new(Tone::Strong, text);
    let let_in = sum(lives, |life| life.let_in);
    let cells = [
        strong("all".to_owned()),
        strong(logins.to_string()),
        Cell::default(),
        strong(sum(lives, |life| life.refused).shown()),
        strong(sum(lives, |life| life.refused_first).counts()),
        strong(let_in.shown()),
    ];
    LIVES.row(screen, cells)?;
    let waited: usize = lives.iter().map(|life| life.waited).sum();
    let text = format!(
        "{} logins through libpam in {:.0} s. {waited} times an owner had to wait.",
        logins + let_in.of,
        took.as_secs_f64()
    );
    screen.note(Tone::Plain, &text)
}

fn check(lives: &[Life]) -> Checks {
    let mut checks = Checks::default();
    let refused: usize = lives.iter().map(|life| life.refused_learning).sum();
    let promise = "Nobody is refused while learning";
    checks.note(refused == 0, promise, format!("{refused} refused"));
    let armed = lives.iter().filter(|life| life.armed.is_some()).count();
    let found = format!("{armed} of {}", lives.len());
    checks.note(2 * armed >= lives.len(), "Most arm by themselves", found);
    let owners = sum(lives, |life| life.refused);
    let promise = format!(
        "Owners are refused at most {:.0} %",
        100.0 * REFUSED_AT_MOST
    );
    checks.note(owners.rate() <= REFUSED_AT_MOST, promise, owners.shown());
    let others = sum(lives, |life| life.let_in);
    let promise = format!("Others are let in at most {:.0} %", 100.0 * LET_IN_AT_MOST);
    checks.note(others.rate() <= LET_IN_AT_MOST, promise, others.shown());
    checks
}

/// The first person's last typings beside the second one's.
fn picture(screen: &mut Screen, recording: &Recording, path: Option<&Path>) -> Result<(), Error> {
    let [one, other, ..] = &recording.people[..] else {
        return Ok(());
    };
    let rhythm = |person: &Recorded| {
        let last = person.typings.iter().rev().take(DRAWN);
        let samples: Vec<_> = last
            .filter_map(|t| Sample::acquire(&t.trace).ok())
            .collect();
        Rhythm::of(&samples)
    };
    let (Some(owner), Some(impostor)) = (rhythm(one), rhythm(other)) else {
        return Ok(());
    };
    let picture = Picture {
        owner,
        other: impostor,
        names: [one.name.clone(), other.name.clone()],
    };
    screen.part("One password, two rhythms", &[])?;
    picture.draw(screen)?;
    match path {
        Some(path) => svg::save(screen, &picture, path),
        None => Ok(()),
    }
}
