//! `keydyn enroll`: learns a person's rhythm at once.

use std::io::Write;
use std::thread;
use std::time::Duration;

use clap::{Args, value_parser};
use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::Device;
use keydyn_core::store::enrolment::{Aim, EnrolmentRules, EnrolmentSession, Taken};
use keydyn_core::store::files::FileError;
use keydyn_core::store::state::Phase;
use keydyn_core::store::switch::Switch;
use keydyn_core::store::vault::enrol::Ground;
use keydyn_core::store::vault::{LearnError, Learned, Vault};
use keydyn_sys::system;

use crate::account::{Account, Directories};
use crate::failure::{EXIT_CODES, Failure};
use crate::report::{counted, counted_are};
use crate::terminal::paragraph;
use crate::typist::{Asked, Desk, Known, Mark, Typed, TypingFailure, advice};

use super::sitting::{Sitting, end_as_asked};

/// Typings that a rhythm in force goes on learning, where `--typings` says nothing.
const FURTHER: u32 = 5;
/// A rhythm that is not steady after so many is not going to be today.
const MOST: u32 = 60;
/// Typings in a row that may count for nothing.
const PATIENCE: u32 = 10;
/// Typings that may fail to show that whoever types is the owner of what is in force.
const PROOFS: u32 = 3;
/// A login may hold the lock; the work of minutes waits a little longer than it does.
const SAVES: u32 = 25;

const EXAMPLES: &str = "\
Examples:
  sudo keydyn enroll
      learns how you type your own password
  sudo keydyn enroll alice
      learns alice's, who sits down and types it
";

/// Learn how a user types the password, at once.
///
/// The user types it some 25 times at this machine's keyboard; then the rhythm is in force, without
/// the twenty-three logins that learning by itself takes. Ctrl-D stops and keeps what was learned,
/// Ctrl-C stops and keeps nothing.
///
/// Each prompt says how many typings are learned and how many it takes at least; a typing unlike
/// the others makes that more. The signs behind it are the last typings, higher the more unlike:
/// · noted, ▁▂ typical, ▄ a bit off, █ unusual (on a plain terminal . _- = #).
///
/// Where a rhythm is in force already, the first typing must be accepted. Then the same keys teach
/// it more, and other ones (digits on the keypad, another layout) are learned as a further way to
/// type the same password, up to four. To begin anew, use `keydyn reset`.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    sitting: Sitting,

    /// At least so many typings; it never takes fewer than 23 to put a rhythm in force
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1000))]
    typings: Option<u32>,
}

impl Arguments {
    fn rules(&self) -> EnrolmentRules {
        let typings = self.typings.unwrap_or(20).max(20);
        EnrolmentRules {
            strictness: self.sitting.strictness(),
            typings,
            further: self.typings.unwrap_or(FURTHER),
            most: MOST.max(typings.saturating_mul(2)),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    match enroll(arguments) {
        // The terminal is as it was again.
        Ok(text) => {
            paragraph(out, &text, "")?;
            Ok(out.flush()?)
        }
        Err(Failure::Typing(failure)) => Err(end_as_asked(Failure::NotEnrolled { failure })),
        Err(failure) => Err(failure),
    }
}

fn enroll(arguments: &Arguments) -> Result<String, Failure> {
    let (places, account, desk) = arguments.sitting.open("enroll")?;
    let mut enrolment = Enrolment {
        desk,
        account: &account,
        places: &places,
        rules: arguments.rules(),
        marks: Vec::new(),
        first: true,
    };
    Ok(enrolment.run()?)
}

/// How the typing ended.
enum Ending {
    /// With as much as is needed.
    Finished,
    /// Ctrl-D.
    Stopped,
    /// With as much as is allowed, or nothing of use any more.
    Exhausted,
}

struct Enrolment<'a> {
    desk: Desk,
    account: &'a Account,
    places: &'a Directories,
    rules: EnrolmentRules,
    marks: Vec<Mark>,
    /// The typing that PAM was asked about is the first one.
    first: bool,
}

impl Enrolment<'_> {
    /// All of it; what to tell at the end.
    fn run(&mut self) -> Result<String, TypingFailure> {
        self.desk.tell(&format!(
            "keydyn is about to learn how {} types the password: some 25 times, a few minutes. \
             Type it as always, without haste and without care; nothing is shown meanwhile. \
             Ctrl-D stops and keeps what was learned, Ctrl-C stops and keeps nothing.",
            self.account
        ))?;
        let (known, first) = self
            .desk
            .ask_for_password(self.account, self.places, |main| {
                main.host_key_or_create().map(Some)
            })?;
        let vault = Vault::new(
            self.account.uid,
            &self.places.main,
            &self.places.run,
            known.host.as_ref(),
        );
        let (mut session, ground) = vault.begin_enrolment(known.keys(), self.rules)?;
        self.tell_ground(&session, ground)?;
        self.tell_device(first.device)?;
        // One line: what breaks paragraphs takes a block for two columns.
        let legend = format!("{}\n", self.desk.screen.legend());
        self.desk.write(&legend)?;
        let ending = self.take_typings(&mut session, &known, first)?;
        let aim = session.aim();
        let Some(enrolled) = session.into_enrolled() else {
            return Err(TypingFailure::NothingTyped);
        };
        let learned = save(|| {
            let nonce = system::random().ok_or(LearnError::NoRandomness)?;
            vault.enrol(known.keys(), &enrolled, nonce)
        })?;
        self.conclude(&ending, aim, &learned)
    }

    fn tell_ground(
        &mut self,
        session: &EnrolmentSession,
        ground: Ground,
    ) -> Result<(), TypingFailure> {
        let before = session.learned_before();
        let text = match ground {
            Ground::OtherPassword { armed } => format!(
                "There is a profile under another password{}. It stays until this enrolment is \
                 complete, which then replaces it.",
                if armed { ", in force" } else { "" }
            ),
            Ground::Own if session.must_prove() => {
                "A rhythm is in force already, so the first typing must be accepted by it. After \
                 that, type as always to teach it more, or type the same password another way \
                 (digits on the keypad, another layout) to have that learned too."
                    .to_owned()
            }
            Ground::Own if before > 0 => {
                format!(
                    "Learned before this, and counted: {}.",
                    counted(before, "typing")
                )
            }
            Ground::Own => return Ok(()),
        };
        self.desk.tell(&text)
    }

    /// What an administrator would read in the log of a login.
    fn tell_device(&mut self, device: Device) -> Result<(), TypingFailure> {
        if !device.is_virtual {
            return Ok(());
        }
        self.desk.tell(
            "A program makes up the keyboard on which this was typed (a remapper, for example). \
             What the program adds to the rhythm is learned with it, every such login is marked \
             keyboard=virtual in the log, and with virtual_keyboard=refuse it is refused.",
        )
    }

    fn take_typings(
        &mut self,
        session: &mut EnrolmentSession,
        known: &Known,
        first: Typed,
    ) -> Result<Ending, TypingFailure> {
        let mut typed = first;
        let (mut in_vain, mut unproven) = (0, 0);
        loop {
            if typed.sample.as_ref() == Err(&FailureToAcquire::TooLong) {
                return Err(TypingFailure::Unarmable);
            }
            let right = known.is(&typed.line);
            let before = session.progress();
            let counted = right && self.take(session, typed)?;
            self.tell_of_more(before, session.progress())?;
            in_vain = if counted { 0 } else { in_vain + 1 };
            self.first = false;
            if session.must_prove() {
                unproven += u32::from(right);
                if unproven == PROOFS {
                    return Err(TypingFailure::NotProven {
                        user: self.account.argument(),
                    });
                }
            }
            if !session.armable() {
                return Err(TypingFailure::Unarmable);
            }
            if session.finished() {
                return Ok(Ending::Finished);
            }
            if session.exhausted() || in_vain == PATIENCE {
                return Ok(Ending::Exhausted);
            }
            typed = match self.desk.ask(&self.prompt(session))? {
                Asked::Typed(typed) => typed,
                Asked::End => {
                    self.desk.write("\n")?;
                    return Ok(Ending::Stopped);
                }
            };
            if !known.is(&typed.line) {
                self.desk.write("\n")?;
                self.desk
                    .tell("That was not the password. It does not count.")?;
            }
        }
    }

    /// A typing unlike the others takes more of them than were needed before it.
    fn tell_of_more(
        &mut self,
        before: Option<(u32, u32)>,
        now: Option<(u32, u32)>,
    ) -> Result<(), TypingFailure> {
        match (before, now) {
            (Some((_, before)), Some((_, now))) if now > before => self
                .desk
                .tell(&format!("It takes at least {now} more now.")),
            _ => Ok(()),
        }
    }

    fn prompt(&self, session: &EnrolmentSession) -> String {
        match session.progress() {
            Some((done, needed)) => self.desk.screen.prompt(done, needed, &self.marks),
            None => "Password > ".to_owned(),
        }
    }

    /// Takes a typing of the right password; whether it was of use.
    fn take(
        &mut self,
        session: &mut EnrolmentSession,
        typed: Typed,
    ) -> Result<bool, TypingFailure> {
        let must_prove = session.must_prove();
        let taken = typed
            .sample
            .and_then(|sample| session.take(&sample, system::now(), typed.keyboard));
        let taken = match taken {
            Ok(taken) => taken,
            Err(FailureToAcquire::UnknownSequence) if must_prove => {
                self.note("other keys")?;
                self.desk
                    .tell("Type it first the way that is in force; the other way comes after.")?;
                return Ok(false);
            }
            Err(failure) => {
                self.note("not usable")?;
                self.desk.tell(&format!(
                    "That typing does not count: {failure}. {}",
                    advice(failure)
                ))?;
                return Ok(false);
            }
        };
        let threshold = self.rules.strictness.threshold();
        match taken {
            Taken::Learned(score) => {
                let mark = Mark::of(score, threshold);
                self.marks.push(mark);
                let word = self.desk.screen.mark(mark);
                self.note(&word)?;
                if mark == Mark::Unusual {
                    self.desk.tell(
                        "Unlike the first ones again, so this may be how you really type: it is \
                         learned.",
                    )?;
                }
                return Ok(true);
            }
            Taken::Proven => {
                self.note("accepted")?;
                return Ok(true);
            }
            Taken::SetAside => {
                self.marks.push(Mark::Unusual);
                let word = self.desk.screen.mark(Mark::Unusual);
                self.note(&word)?;
                let text = if session.aim() == Aim::LearnOn {
                    "That one is not learned: what is in force learns only what it accepts."
                } else {
                    "That one was unlike the others and is not learned. It happens to everybody; \
                     type the next one as always."
                };
                self.desk.tell(text)?;
                return Ok(session.aim() != Aim::LearnOn);
            }
            Taken::NotProven => {
                self.note("not accepted")?;
                self.desk
                    .tell("This is not the rhythm that is in force. Type it as always.")?;
            }
            Taken::OtherKeys => {
                self.note("other keys")?;
                self.desk.tell(
                    "The same password, and other keys than before. It does not count; a second \
                     time, the enrolment goes on with these keys.",
                )?;
            }
            Taken::Switched => {
                self.marks.clear();
                self.note("other keys")?;
                self.desk
                    .tell("Again: the enrolment goes on with these keys, from the beginning.")?;
                return Ok(true);
            }
            Taken::NoRoom => return Err(TypingFailure::NoRoom),
        }
        Ok(false)
    }

    /// The result, behind the prompt; behind the first one stands that the password is right.
    fn note(&mut self, word: &str) -> Result<(), TypingFailure> {
        if self.first {
            return Ok(());
        }
        self.desk.write(&format!("{word}\n"))
    }

    fn conclude(
        &self,
        ending: &Ending,
        aim: Aim,
        learned: &Learned,
    ) -> Result<String, TypingFailure> {
        let (user, samples) = (self.account.argument(), learned.samples);
        let replaced = match learned.promoted {
            true => " It replaces the profile of the old password.",
            false => "",
        };
        let switch = Switch::new(&self.places.main, &self.places.run);
        let disabled = match switch.find_for(Some(self.account.uid)).is_set() {
            true => " For now keydyn is disabled for this user; `keydyn enable` ends that.",
            false => "",
        };
        Ok(match (ending, aim) {
            (Ending::Finished, Aim::LearnOn) => format!(
                "Learned. The rhythm of {user} stays in force, taught by {samples} typings now."
            ),
            (Ending::Finished, _) if learned.phase == Phase::Armed => format!(
                "Done: the rhythm of {user} is known from {samples} typings and in force from the \
                 next login on, wherever pam_keydyn stands in the PAM stack.{replaced} Hands differ \
                 from day to day: if a login of another day is refused, type again; each one that \
                 is accepted teaches it. `keydyn verify {user}` tries it, `keydyn disable {user}` \
                 is the way out.{disabled}"
            ),
            (Ending::Exhausted, _) if learned.too_common => {
                return Err(TypingFailure::Unfinished(format!(
                    "the rhythm scatters too much, or is too much like everybody's, to keep others \
                     out, so it is not in force. {samples} typings are kept, and logins go on \
                     learning. Type the password as you always do and run `sudo keydyn enroll \
                     {user}` another day; a longer password helps"
                )));
            }
            (Ending::Exhausted, _) => {
                return Err(TypingFailure::Unfinished(format!(
                    "the rhythm is not steady enough yet to be in force. {samples} typings are \
                     kept, and logins go on learning. Rest your hands and run `sudo keydyn enroll \
                     {user}` another time: it goes on from here, or anew after `keydyn reset {user}`, \
                     if somebody else has typed before. A password that is typed in one flow, \
                     without hunting for keys, is known sooner"
                )));
            }
            _ => {
                return Err(TypingFailure::Unfinished(format!(
                    "stopped before the rhythm was in force. {} kept; logins go on learning, and \
                     so does `sudo keydyn enroll {user}`",
                    counted_are(samples, "typing")
                )));
            }
        })
    }
}

/// Saves, and tries again while a login holds the lock.
fn save(mut enrol: impl FnMut() -> Result<Learned, LearnError>) -> Result<Learned, TypingFailure> {
    for _ in 1..SAVES {
        match enrol() {
            Err(LearnError::File(FileError::Busy { .. })) => {
                thread::sleep(Duration::from_millis(50));
            }
            saved => return Ok(saved?),
        }
    }
    Ok(enrol()?)
}
