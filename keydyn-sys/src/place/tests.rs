//! Every rule, and what each lets through, over worlds that are told.

use super::*;
use Located::{Inactive, Local, NotLocal, Unknown};

mod failures;
mod services;
mod sessions;
mod terminals;

const ALICE: u32 = 1000;
const BOB: u32 = 1001;
const GDM: u32 = 107;

/// The facts at one moment.
#[derive(Clone)]
struct Told {
    controlling: Option<Terminal>,
    console: Option<Terminal>,
    front: Option<u32>,
    real_uid: u32,
    logind: Option<Sat>,
    /// The fact that cannot be had.
    lacking: Option<Fact>,
    failed: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fact {
    HostName,
    Controlling,
    Console,
    Front,
    Uid,
    Logind,
}

impl Told {
    fn had<T>(&self, fact: Fact, value: Option<T>) -> Option<T> {
        if self.lacking == Some(fact) {
            self.failed.set(true);
            return None;
        }
        value
    }
}

#[derive(Clone)]
struct Sat {
    own: Option<&'static str>,
    owner: Option<u32>,
    display: Option<&'static str>,
    sessions: Vec<Session>,
}

impl World for Told {
    fn host_name(&self) -> Option<String> {
        self.had(Fact::HostName, Some("desk".to_owned()))
    }
    fn controlling_terminal(&self) -> Option<Terminal> {
        self.had(Fact::Controlling, self.controlling)
    }
    fn console(&self) -> Option<Terminal> {
        self.had(Fact::Console, self.console)
    }
    fn in_front(&self) -> Option<u32> {
        self.had(Fact::Front, self.front)
    }
    fn real_uid(&self) -> u32 {
        self.real_uid
    }
    fn uid_of(&self, name: &OsStr) -> Option<u32> {
        let users = [("root", 0), ("alice", ALICE), ("bob", BOB), ("gdm", GDM)];
        let user = users.iter().find(|(user, _)| *user == name);
        self.had(Fact::Uid, user.map(|(_, uid)| *uid))
    }
    fn sessions(&self) -> Option<&dyn Sessions> {
        let logind = self.had(Fact::Logind, self.logind.as_ref());
        logind.map(|logind| logind as &dyn Sessions)
    }
    fn failed(&self) -> bool {
        self.failed.get()
    }
}

impl Sessions for Sat {
    fn own(&self) -> Option<Session> {
        self.session(self.own?)
    }
    fn owner(&self) -> Option<u32> {
        self.owner
    }
    fn of(&self, uid: u32) -> Vec<Session> {
        let of = self.sessions.iter().filter(|session| session.uid == uid);
        of.cloned().collect()
    }
    fn display(&self, uid: u32) -> Option<Session> {
        self.session(self.display?)
            .filter(|session| session.uid == uid)
    }
    fn in_front(&self, seat: &str) -> Option<Session> {
        let mut sessions = self.sessions.iter();
        let front = |session: &&Session| session.active && session.seat.as_deref() == Some(seat);
        sessions.find(front).cloned()
    }
    fn session(&self, id: &str) -> Option<Session> {
        self.sessions
            .iter()
            .find(|session| session.id == id)
            .cloned()
    }
}

/// A user's session in front of seat0.
fn session(id: &str, uid: u32) -> Session {
    Session {
        id: id.to_owned(),
        uid,
        seat: Some(SEAT0.to_owned()),
        class: Class::Person,
        remote: false,
        active: true,
        closing: false,
    }
}

fn greeter() -> Session {
    Session {
        class: Class::Greeter,
        ..session("c1", GDM)
    }
}

fn behind(session: Session) -> Session {
    Session {
        active: false,
        ..session
    }
}

/// Left by its user, and still in front until another one is.
fn closing(session: Session) -> Session {
    Session {
        closing: true,
        ..session
    }
}

/// Without a seat a session is always active, for logind.
fn seatless(session: Session) -> Session {
    Session {
        seat: None,
        ..session
    }
}

fn remote(session: Session) -> Session {
    Session {
        remote: true,
        ..seatless(session)
    }
}

fn background(session: Session) -> Session {
    Session {
        class: Class::Background,
        ..seatless(session)
    }
}

/// A conversation and the facts around it, changed step by step.
#[derive(Clone)]
struct Case {
    host: Option<&'static str>,
    tty: Option<&'static str>,
    remote_user: Option<&'static str>,
    start: Told,
    end: Option<Told>,
}

/// Root's process, of no session and no user, on a machine whose tty2 is in front.
fn daemon() -> Case {
    Case {
        host: None,
        tty: None,
        remote_user: None,
        start: Told {
            controlling: None,
            console: Some(Terminal::Virtual(2)),
            front: Some(2),
            real_uid: 0,
            logind: Some(Sat {
                own: None,
                owner: None,
                display: None,
                sessions: Vec::new(),
            }),
            lacking: None,
            failed: Cell::new(false),
        },
        end: None,
    }
}

/// A process among alice's, in no session.
fn of_alice() -> Case {
    let mut case = daemon();
    case.sat().owner = Some(ALICE);
    case
}

/// A setuid program that alice starts in her session `2`, in a terminal window.
fn in_session(session: Session) -> Case {
    let mut case = of_alice()
        .tty("/dev/pts/3")
        .on(Terminal::Pseudo)
        .with([session]);
    case.sat().own = Some("2");
    case
}

fn no_logind() -> Case {
    let mut case = daemon();
    case.start.logind = None;
    case
}

impl Case {
    /// One of the facts cannot be had when the conversation begins.
    fn lacking(mut self, fact: Fact) -> Self {
        self.start.lacking = Some(fact);
        self
    }
    fn sat(&mut self) -> &mut Sat {
        self.start.logind.as_mut().unwrap()
    }
    fn host(mut self, host: &'static str) -> Self {
        self.host = Some(host);
        self
    }
    fn tty(mut self, tty: &'static str) -> Self {
        self.tty = Some(tty);
        self
    }
    fn ruser(mut self, user: &'static str) -> Self {
        self.remote_user = Some(user);
        self
    }
    fn uid(mut self, uid: u32) -> Self {
        self.start.real_uid = uid;
        self
    }
    fn on(mut self, terminal: Terminal) -> Self {
        self.start.controlling = Some(terminal);
        self
    }
    fn display(mut self, id: &'static str) -> Self {
        self.sat().display = Some(id);
        self
    }
    fn with<const N: usize>(mut self, sessions: [Session; N]) -> Self {
        self.sat().sessions.extend(sessions);
        self
    }
    /// At the end the world is another one.
    fn then(mut self, change: impl FnOnce(&mut Told)) -> Self {
        let mut end = self.start.clone();
        change(&mut end);
        self.end = Some(end);
        self
    }
    /// At the end the sessions are other ones.
    fn then_with<const N: usize>(self, sessions: [Session; N]) -> Self {
        self.then(|end| end.logind.as_mut().unwrap().sessions = sessions.into())
    }
    fn place(&self) -> Place {
        let conversation = Conversation {
            service: "any",
            user: OsStr::new("alice"),
            tty: self.tty,
            remote_host: self.host,
            remote_user: self.remote_user.map(OsStr::new),
        };
        Place::begin(&conversation, &self.start)
    }
}

/// Asserts where the typing took place with a key pressed, and without.
#[track_caller]
fn is<const N: usize>(table: [(&str, Case, [Located; 2]); N]) {
    for (name, case, [pressed, silent]) in table {
        let place = case.place();
        let end = case.end.as_ref().unwrap_or(&case.start);
        assert_eq!(
            place.clone().end(&end.clone(), true),
            pressed,
            "{name}, a key pressed"
        );
        assert_eq!(
            place.clone().end(&end.clone(), false),
            silent,
            "{name}, no key pressed"
        );
        let heard = pressed != NotLocal || silent != NotLocal;
        assert_eq!(place.seat().is_some(), heard, "{name}: {place:?}");
    }
}

const LOCAL: [Located; 2] = [Local, Local];
const INACTIVE: [Located; 2] = [Inactive, Inactive];
const ELSEWHERE: [Located; 2] = [NotLocal, NotLocal];
const UNKNOWN: [Located; 2] = [Unknown, Unknown];
const IF_PRESSED: [Located; 2] = [Local, NotLocal];
const INACTIVE_IF_PRESSED: [Located; 2] = [Inactive, NotLocal];

#[test]
fn this_machine_can_be_asked() {
    let conversation = |remote_host| Conversation {
        service: "su",
        user: OsStr::new("root"),
        tty: Some("/dev/pts/0"),
        remote_host,
        remote_user: None,
    };
    let away = Place::at_start(&conversation(Some("192.0.2.7")));
    assert_eq!((away.seat(), away.clone().at_end(true)), (None, NotLocal));
    // Whatever this machine is, a seat and a verdict go together.
    let place = Place::at_start(&conversation(None));
    assert_eq!(
        place.seat().is_none(),
        place.clone().at_end(true) == NotLocal
    );
}
