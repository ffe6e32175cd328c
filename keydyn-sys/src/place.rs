//! Where a login's typing takes place: at this machine's keyboards, or not.
//!
//! The rules are functions of a [`Conversation`] and a `World` of facts, asked when the
//! conversation begins and again when it ends. What the caller can choose freely (its environment,
//! the terminal it hands to a setuid program) is not among the facts where the kernel or logind
//! knows better. `docs/adr/0014` says for each rule what it lets through.

use std::cell::{Cell, OnceCell};
use std::ffi::OsStr;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use crate::logind::{self, Asked};
use crate::source::Conversation;
use crate::system;
use crate::terminal::{self, Named, Terminal};

/// The seat that the virtual terminals belong to.
const SEAT0: &str = "seat0";
/// Where the kernel lists its terminals.
const TERMINALS: &str = "/sys/class/tty";

/// Where the typing took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Located {
    /// At this machine's keyboards.
    Local,
    /// Elsewhere.
    NotLocal,
    /// On a seat, but not in front all the while: whose keys were heard is not known.
    Inactive,
    /// It could not be found out.
    Unknown,
}

/// Where a conversation's typing takes place, as far as its beginning tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Basis);

impl Place {
    /// The place of a conversation that begins now, on this machine.
    #[must_use]
    pub fn at_start(conversation: &Conversation<'_>) -> Self {
        Self::begin(conversation, &ThisMachine::default())
    }

    /// The seat whose keyboards are to be listened to. `None`: certainly not local; there is
    /// nothing to listen to and nothing to judge.
    #[must_use]
    pub fn seat(&self) -> Option<&str> {
        match &self.0 {
            Basis::Elsewhere => None,
            Basis::Unknown | Basis::Terminal { .. } | Basis::Screen(_) => Some(SEAT0),
            Basis::Session(seated) => Some(&seated.seat),
        }
    }

    /// Where the typing took place, now that the conversation has ended. `pressed`: a key was
    /// pressed during it, on a keyboard of [`Place::seat`].
    #[must_use]
    pub fn at_end(self, pressed: bool) -> Located {
        self.end(&ThisMachine::default(), pressed)
    }
}

/// What the place of a conversation is concluded from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Basis {
    Elsewhere,
    /// A fact that the rules asked for could not be had.
    Unknown,
    /// A virtual terminal, which was in front or not.
    Terminal {
        number: u32,
        in_front: bool,
    },
    /// A session on a seat.
    Session(Seated),
    /// Whatever a display manager shows at seat0.
    Screen(Screen),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seated {
    id: String,
    seat: String,
    in_front: bool,
    /// Who asks, where that is known: a remote session of theirs may be where they sit.
    caller: Option<u32>,
    /// Nothing but the keyboard says that somebody sits there.
    needs_press: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Screen {
    /// Whose password is asked for.
    user: Option<u32>,
    /// Nobody had a session in front: a display manager without one for its greeter.
    nobody: bool,
    /// As in [`Seated`].
    needs_press: bool,
}

impl Place {
    fn begin(conversation: &Conversation<'_>, world: &dyn World) -> Self {
        let basis = basis(conversation, world);
        Self(if world.failed() {
            Basis::Unknown
        } else {
            basis
        })
    }

    fn end(self, world: &dyn World, pressed: bool) -> Located {
        let located = match self.0 {
            Basis::Elsewhere => return Located::NotLocal,
            Basis::Unknown => Located::Unknown,
            Basis::Terminal { number, in_front } => {
                located(in_front && world.in_front() == Some(number))
            }
            Basis::Session(seated) => seated.end(world, pressed),
            Basis::Screen(screen) => screen.end(world, pressed),
        };
        if world.failed() {
            Located::Unknown
        } else {
            located
        }
    }
}

fn located(in_front_throughout: bool) -> Located {
    if in_front_throughout {
        Located::Local
    } else {
        Located::Inactive
    }
}

impl Seated {
    fn end(self, world: &dyn World, pressed: bool) -> Located {
        let sessions = world.sessions();
        let now = sessions.and_then(|sessions| sessions.session(&self.id));
        let still = now.is_some_and(|now| now.in_front() && now.seat.as_ref() == Some(&self.seat));
        let remote = || {
            let ids = self.caller.zip(sessions);
            ids.is_some_and(|(uid, sessions)| sessions.of(uid).iter().any(|other| other.remote))
        };
        if !pressed && (self.needs_press || remote()) {
            return Located::NotLocal;
        }
        located(self.in_front && still)
    }
}

impl Screen {
    /// A greeter may come to the front, or give way to the session it unlocks, while it asks.
    fn end(&self, world: &dyn World, pressed: bool) -> Located {
        if self.needs_press && !pressed {
            return Located::NotLocal;
        }
        let front = world.sessions().map(|sessions| sessions.in_front(SEAT0));
        located(match front {
            Some(Some(front)) => self.is_for(&front),
            Some(None) => self.nobody,
            None => false,
        })
    }

    /// Whether this session is where the password would be asked for.
    fn is_for(&self, session: &Session) -> bool {
        session.class == Class::Greeter || Some(session.uid) == self.user
    }
}

/// The rules; the first that matches decides.
fn basis(conversation: &Conversation<'_>, world: &dyn World) -> Basis {
    let remote_host = conversation.remote_host.filter(|host| !host.is_empty());
    let elsewhere = |host| !is_this_host(host, || world.host_name());
    let named = Named::parse(conversation.tty);
    if named == Named::Ssh || remote_host.is_some_and(elsewhere) {
        return Basis::Elsewhere;
    }
    // The kernel's word first: a setuid program names what its caller made its standard input,
    // and gdm names tty1 whichever terminal is unlocked.
    let controlling = world.controlling_terminal();
    if let Some(Terminal::Virtual(number)) = controlling {
        return shown(virtual_terminal(number, world), named, world);
    }
    let by_name = named_terminal(named, world);
    let Some(sessions) = world.sessions() else {
        return match (controlling, by_name) {
            (None, Some(Terminal::Virtual(number))) => virtual_terminal(number, world),
            _ => Basis::Elsewhere,
        };
    };
    let basis = match (sessions.own(), sessions.owner()) {
        // Outlived by its processes, a session gives way to another; a multiplexer in it may be
        // shown there.
        (Some(own), _) if own.is_place() && !(own.closing && own.is_seated()) => {
            let uid = own.uid;
            seated(own, Some(uid), false)
        }
        (Some(own), _) => match home(own.uid, sessions, false) {
            // Logging out is no way out: what is left of a session stays where it was.
            Basis::Elsewhere if own.is_place() => {
                let uid = own.uid;
                seated(own, Some(uid), false)
            }
            home => home,
        },
        (None, Some(uid)) => home(uid, sessions, false),
        (None, None) => service(
            conversation,
            world,
            sessions,
            (named, controlling.or(by_name)),
        ),
    };
    shown(basis, named, world)
}

/// A locker may take a virtual terminal of its own, and names it: what is asked for behind on the
/// same seat is asked for there.
fn shown(basis: Basis, named: Named, world: &dyn World) -> Basis {
    let behind = match &basis {
        Basis::Terminal { in_front, .. } => !in_front,
        Basis::Session(seated) => !seated.in_front && seated.seat == SEAT0,
        _ => false,
    };
    match named {
        Named::Terminal(Terminal::Virtual(number))
            if behind && world.in_front() == Some(number) =>
        {
            virtual_terminal(number, world)
        }
        _ => basis,
    }
}

/// The terminal that PAM_TTY means, if it means one.
fn named_terminal(named: Named, world: &dyn World) -> Option<Terminal> {
    match named {
        Named::Terminal(terminal) => Some(terminal),
        Named::Console => world.console(),
        Named::Foreground => world.in_front().map(Terminal::Virtual),
        _ => None,
    }
}

fn virtual_terminal(number: u32, world: &dyn World) -> Basis {
    Basis::Terminal {
        number,
        in_front: world.in_front() == Some(number),
    }
}

/// At a session, if it is on a seat.
fn seated(session: Session, caller: Option<u32>, needs_press: bool) -> Basis {
    let in_front = session.in_front();
    match session.seat {
        Some(seat) if !session.remote => Basis::Session(Seated {
            id: session.id,
            seat,
            in_front,
            caller,
            needs_press,
        }),
        _ => Basis::Elsewhere,
    }
}

/// Where a user is whose process is in no session: in front of a seat, else where logind would
/// show them something.
fn home(uid: u32, sessions: &dyn Sessions, needs_press: bool) -> Basis {
    let display = sessions.display(uid);
    let at_seat = |session: &Session| session.is_seated() && session.in_front();
    let session = match display {
        Some(display) if at_seat(&display) => Some(display),
        other => sessions.of(uid).into_iter().find(at_seat).or(other),
    };
    session.map_or(Basis::Elsewhere, |session| {
        seated(session, Some(uid), needs_press)
    })
}

/// A process of the system's own: a display manager, or a daemon that asks on somebody's behalf.
fn service(
    conversation: &Conversation<'_>,
    world: &dyn World,
    sessions: &dyn Sessions,
    (named, terminal): (Named, Option<Terminal>),
) -> Basis {
    let caller = Some(world.real_uid()).filter(|uid| *uid != 0);
    // A user's job (of cron, of a service) may name and take any line that the user may open.
    let nobodys = terminal == Some(Terminal::Other) || named == Named::Word;
    if nobodys && caller.is_none() {
        return Basis::Elsewhere;
    }
    // Who comes over the network may have come through this host.
    let network = conversation
        .remote_host
        .is_some_and(|host| !host.is_empty());
    let given = || world.uid_of(conversation.remote_user?);
    if let Some(uid) = caller.or_else(given) {
        return home(uid, sessions, network);
    }
    // Display managers name a screen; daemons have none.
    let named_screen = named == Named::Display || matches!(terminal, Some(Terminal::Virtual(_)));
    let front = sessions.in_front(SEAT0);
    let mut screen = Screen {
        user: world.uid_of(conversation.user),
        nobody: front.is_none(),
        needs_press: true,
    };
    let fits = front.as_ref().is_some_and(|front| screen.is_for(front));
    screen.needs_press = network || !named_screen || !fits;
    match terminal {
        Some(Terminal::Virtual(number)) if front.is_none() && !network => {
            virtual_terminal(number, world)
        }
        _ if fits || named_screen => Basis::Screen(screen),
        _ => Basis::Elsewhere,
    }
}

/// Whether PAM_RHOST, set and not empty, names the machine it is set on.
fn is_this_host(host: &str, own: impl FnOnce() -> Option<String>) -> bool {
    let host = host.trim_end_matches('.');
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let local = ["localhost", "localhost.localdomain", "ip6-localhost"];
    if local.iter().any(|name| host.eq_ignore_ascii_case(name)) {
        return true;
    }
    let label = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    own().filter(|own| !own.is_empty()).is_some_and(|own| {
        // One of the two may be without its domain.
        host.eq_ignore_ascii_case(&own)
            || label(host).eq_ignore_ascii_case(&own)
            || host.eq_ignore_ascii_case(&label(&own))
    })
}

/// A login session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) uid: u32,
    pub(crate) seat: Option<String>,
    pub(crate) class: Class,
    pub(crate) remote: bool,
    pub(crate) active: bool,
    pub(crate) closing: bool,
}

impl Session {
    fn in_front(&self) -> bool {
        self.active && !self.closing
    }

    fn is_seated(&self) -> bool {
        self.seat.is_some() && !self.remote
    }

    fn is_place(&self) -> bool {
        self.class != Class::Background
    }
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A user's.
    Person,
    /// A display manager's, for whoever comes.
    Greeter,
    /// Nobody sits there: cron jobs, a user's service manager.
    Background,
}

impl Class {
    /// The class with logind's name for it (sd_session_get_class(3)).
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "greeter" | "lock-screen" => Self::Greeter,
            "background" | "background-light" | "manager" | "manager-early" | "none" => {
                Self::Background
            }
            _ => Self::Person,
        }
    }
}

/// The facts that the rules ask for.
pub(crate) trait World {
    fn host_name(&self) -> Option<String>;
    /// The terminal that controls this process.
    fn controlling_terminal(&self) -> Option<Terminal>;
    /// What /dev/console is.
    fn console(&self) -> Option<Terminal>;
    /// The number of the virtual terminal in front.
    fn in_front(&self) -> Option<u32>;
    fn real_uid(&self) -> u32;
    fn uid_of(&self, name: &OsStr) -> Option<u32>;
    /// logind, if it runs.
    fn sessions(&self) -> Option<&dyn Sessions>;
    /// Whether a fact that was asked for could not be had, and `None` may be wrong.
    fn failed(&self) -> bool;
}

/// The facts that logind has.
pub(crate) trait Sessions {
    /// The session that this process is in.
    fn own(&self) -> Option<Session>;
    /// The user among whose processes this one is, in a session or not; not who it runs as.
    fn owner(&self) -> Option<u32>;
    /// A user's sessions, the closing ones too.
    fn of(&self, uid: u32) -> Vec<Session>;
    /// The session of a user's that logind would show something in.
    fn display(&self, uid: u32) -> Option<Session>;
    /// The session in front of a seat.
    fn in_front(&self, seat: &str) -> Option<Session>;
    /// The session with this name, as it is now.
    fn session(&self, id: &str) -> Option<Session>;
}

/// The facts of this machine, for one question: they change, and so does whether they can be had.
#[derive(Default)]
struct ThisMachine {
    failed: Cell<bool>,
    sessions: OnceCell<Option<Asked<'static>>>,
}

impl ThisMachine {
    fn had<T>(&self, fact: io::Result<Option<T>>) -> Option<T> {
        fact.unwrap_or_else(|_| {
            self.failed.set(true);
            None
        })
    }
}

impl World for ThisMachine {
    fn host_name(&self) -> Option<String> {
        let name = self.had(terminal::text(Path::new("/proc/sys/kernel/hostname")))?;
        Some(name.trim_end().to_owned())
    }

    fn controlling_terminal(&self) -> Option<Terminal> {
        terminal::controlling(&self.had(terminal::text(Path::new("/proc/self/stat")))?)
    }

    fn console(&self) -> Option<Terminal> {
        self.had(terminal::console(Path::new(TERMINALS)))
    }

    fn in_front(&self) -> Option<u32> {
        self.had(terminal::in_front(Path::new(TERMINALS)))
    }

    fn real_uid(&self) -> u32 {
        nix::unistd::getuid().as_raw()
    }

    fn uid_of(&self, name: &OsStr) -> Option<u32> {
        self.had(system::uid_of(name))
    }

    fn sessions(&self) -> Option<&dyn Sessions> {
        let sessions = self.sessions.get_or_init(|| self.had(logind::running()));
        sessions.as_ref().map(|asked| asked as &dyn Sessions)
    }

    fn failed(&self) -> bool {
        let asked = self.sessions.get().and_then(Option::as_ref);
        self.failed.get() || asked.is_some_and(Asked::failed)
    }
}

#[cfg(test)]
mod tests;
