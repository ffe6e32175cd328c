//! A PAM application: login, a locker, polkit's helper.

use std::io::{self, BufRead as _, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pam_host::{Application as Handle, Code, Conversation, Flags, Item, Reply, Stack};
use vm::Report;

/// How this application uses PAM.
#[derive(Debug, Default)]
pub(crate) struct Application {
    /// One after the other, and again from the first.
    services: Vec<String>,
    user: String,
    tty: Option<String>,
    remote_host: Option<String>,
    remote_user: Option<String>,
    without_credentials: bool,
    session: bool,
}

impl Application {
    pub(crate) fn parse(options: &[&str]) -> Self {
        let mut application = Self::default();
        let mut words = options.iter().copied();
        while let Some(option) = words.next() {
            let mut value = || words.next().expect("a value").to_owned();
            match option {
                "--service" => application.services.push(value()),
                "--user" => application.user = value(),
                "--tty" => application.tty = Some(value()),
                "--remote-host" => application.remote_host = Some(value()),
                "--remote-user" => application.remote_user = Some(value()),
                "--without-credentials" => application.without_credentials = true,
                "--session" => application.session = true,
                other => panic!("inside: not an option: {other}"),
            }
        }
        application
    }

    /// Tries to get in as often as it is told to.
    pub(crate) fn serve(&self) {
        let stack = Stack::installed(Path::new("/etc/pam.d")).expect("a directory");
        let log = UnixDatagram::unbound().expect("a socket");
        let mut attempts = 0;
        while let Some(answer) = heard() {
            let answer = answer.strip_prefix("attempt ").expect("an attempt");
            // Marks what the module says meanwhile. Facility authpriv, as the module's own.
            let mark = |word: &str| {
                let line = format!("<86>inside: {} {attempts} {word}", self.user);
                // The log may be of another service than this one.
                let _ = log.send_to(line.as_bytes(), "/dev/log");
            };
            mark("begins");
            let service = &self.services[attempts % self.services.len()];
            let mut report = self.attempt(&stack, service, answer);
            mark("ends");
            report.attempt = attempts;
            say(&report.to_line());
            attempts += 1;
        }
    }

    fn attempt(&self, stack: &Stack, service: &str, answer: &str) -> Report {
        let waited = Arc::new(Mutex::new(Duration::ZERO));
        let conversation = conversation(answer, &waited);
        let mut handle =
            Handle::start(stack, service, self.user.as_str(), conversation).expect("a handle");
        self.set_items(&mut handle);
        let mut report = Report {
            user: self.user.clone(),
            ..Report::default()
        };
        let began = Instant::now();
        let mut last = handle.authenticate(Flags::NONE);
        let took = began.elapsed();
        report.own = took.saturating_sub(*waited.lock().expect("one thread"));
        report.authenticate = last.number();
        report.delay = handle.fail_delay();
        if last.is_success() {
            last = handle.account();
            report.account = Some(last.number());
        }
        if last.is_success() && !self.without_credentials {
            let began = Instant::now();
            last = handle.set_credentials(Flags::ESTABLISH);
            report.learning = began.elapsed();
            report.credentials = Some(last.number());
        }
        if last.is_success() && self.session {
            last = handle.open_session();
            report.session = Some(last.number());
            let _ = handle.close_session();
            let _ = handle.set_credentials(Flags::DELETE);
        }
        report.told = handle.texts().join(" | ");
        let _: Code = handle.end(last);
        report.memory = resident();
        report.descriptors = descriptors();
        report
    }

    fn set_items(&self, handle: &mut Handle) {
        let items = [
            (Item::Tty, &self.tty),
            (Item::RemoteHost, &self.remote_host),
            (Item::RemoteUser, &self.remote_user),
        ];
        for (item, value) in items {
            let set = handle.set_item(item, value.as_deref());
            assert!(set.is_success(), "an item cannot be set");
        }
    }
}

/// Says that it has been asked, waits until it has been typed, and answers.
fn conversation(answer: &str, waited: &Arc<Mutex<Duration>>) -> Conversation {
    let (answer, waited) = (answer.to_owned(), Arc::clone(waited));
    Conversation::silent().answer_with(move |_| {
        let began = Instant::now();
        say("asked");
        let typed = heard();
        *waited.lock().expect("one thread") += began.elapsed();
        if typed.as_deref() == Some("answer") {
            Reply::answer(answer)
        } else {
            Reply::Cancel
        }
    })
}

fn heard() -> Option<String> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).expect("a pipe");
    (read > 0).then(|| line.trim_end_matches('\n').to_owned())
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").expect("somebody listens");
    out.flush().expect("somebody listens");
}

/// Resident memory of this process, in kilobytes (proc(5)).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.expect("a size")
}

fn descriptors() -> u64 {
    let open = std::fs::read_dir("/proc/self/fd").expect("proc is mounted");
    // Less the one that reads the directory.
    open.count() as u64 - 1
}
