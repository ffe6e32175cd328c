//! The thread that reads a seat's keyboards, and the short-lived ones that open them.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::Device;
use keydyn_core::key::Micros;
use keydyn_core::keystroke::pair;
use keydyn_core::trace::Trace;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::socket::{MsgFlags, send};

use crate::caller;
use crate::evdev::{Keyboard, Reading, monotonic};
use crate::keyboards::{InputTree, Node};
use crate::recorder::Recorder;
use crate::signal::Blocked;

/// How long the prompt waits for keyboards to open.
const OPEN_WITHIN: Duration = Duration::from_millis(500);
/// How long the answer waits for the reader to hand over what it has.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(1);
/// Enough for threads that recurse nowhere.
const STACK: usize = 256 * 1024;

/// Opens a node.
pub(crate) type Open = dyn Fn(&Node) -> io::Result<Keyboard> + Send + Sync;

/// Where keyboards are and how they are opened.
#[derive(Clone)]
pub(crate) struct Devices {
    pub(crate) tree: InputTree,
    pub(crate) open: Arc<Open>,
}

impl Devices {
    /// The machine's own.
    pub(crate) fn real() -> Self {
        Self {
            tree: InputTree::default(),
            open: Arc::new(|node| Keyboard::open(&node.path)),
        }
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices")
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}

/// Why nothing is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotReading {
    /// A sandbox hides the devices.
    #[error("the input devices are hidden from this process")]
    Hidden,
    /// No thread, no descriptor, no memory, no answer in time, or devices denied to a setuid program.
    #[error("the keyboards could not be read in time")]
    Failed,
}

impl From<io::Error> for NotReading {
    fn from(_: io::Error) -> Self {
        Self::Failed
    }
}

impl From<Errno> for NotReading {
    fn from(_: Errno) -> Self {
        Self::Failed
    }
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Report {
    /// A text key was pressed.
    pub(crate) pressed: bool,
    /// The key events.
    pub(crate) trace: Result<Trace, FailureToAcquire>,
    /// The model of the keyboard that the text was typed on, of the one that was typed on last if
    /// there is no text, 0 if none was.
    pub(crate) model: u32,
    /// What makes that keyboard doubtful.
    pub(crate) device: Device,
    /// There are keyboards, and every one was hidden from this process.
    pub(crate) hidden: bool,
    /// Some keyboard could not be opened, or not in time.
    pub(crate) incomplete: bool,
}

/// The reading thread, as its owner sees it. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Reader {
    stop: UnixStream,
    report: Receiver<Report>,
    thread: JoinHandle<()>,
}

impl Reader {
    /// Starts to read the seat's keyboards. Returns when all of them are open, or the time for
    /// that is over; one that takes longer is read from when it opens.
    ///
    /// # Errors
    /// If nothing can be read.
    pub(crate) fn start(devices: &Devices, seat: &str) -> Result<Self, NotReading> {
        let _blocked = Blocked::all()?;
        // Watched before they are listed, so that none appears unseen in between.
        let appearing = watch(&devices.tree);
        let nodes = devices.tree.keyboards(seat).map_err(hidden)?;
        let (stop_read, stop) = UnixStream::pair()?;
        let (sender, report) = mpsc::channel();
        let (ready, all_open) = mpsc::channel();
        let mut listener = Listener::new(devices.clone(), seat, appearing)?;
        for node in nodes {
            listener.begin_to_open(node, false)?;
        }
        let body = move || {
            let report = listener.listen(stop_read, &ready);
            // Nobody waits any more if the time was over.
            let _ = report.map(|report| sender.send(report));
        };
        let thread = spawn(body)?;
        let _ = all_open.recv_timeout(OPEN_WITHIN);
        Ok(Self {
            stop,
            report,
            thread,
        })
    }

    /// Stops, and gives what was typed up to this moment.
    ///
    /// # Errors
    /// If the thread does not answer. It is then left to itself; the module's code stays mapped
    /// for it (build.rs of pam_keydyn).
    pub(crate) fn finish(self) -> Result<Report, NotReading> {
        // Not write: if the thread were gone, SIGPIPE would end the host.
        let returned = monotonic().0.to_ne_bytes();
        send(self.stop.as_raw_fd(), &returned, MsgFlags::MSG_NOSIGNAL)?;
        let report = self.report.recv_timeout(HAND_OVER_WITHIN);
        let report = report.map_err(|_| NotReading::Failed)?;
        let _ = self.thread.join();
        Ok(report)
    }
}

fn spawn(body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new()
        .name("keydyn".into())
        .stack_size(STACK)
        .spawn(body)
}

/// What a sandbox says that hides the devices; anything else is a failure of ours. Whoever starts a
/// setuid program may choose a profile of confinement for it (aa-exec): that one does not hide them.
fn hidden(error: io::Error) -> NotReading {
    hidden_from(caller::has_fewer_rights(), &error)
}

fn hidden_from(caller: bool, error: &io::Error) -> NotReading {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) => NotReading::Hidden,
        Some(Errno::EPERM | Errno::EACCES) if !caller => NotReading::Hidden,
        _ => NotReading::Failed,
    }
}

/// Tells of nodes that appear. Without it, a keyboard that is plugged in during the conversation
/// is not heard, and that is all.
fn watch(tree: &InputTree) -> Option<Inotify> {
    let watch = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok()?;
    let events = AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
    watch.add_watch(tree.nodes(), events).ok()?;
    Some(watch)
}

/// What a thread that opened a node came to.
struct Opened {
    node: Node,
    is_new: bool,
    keyboard: io::Result<Keyboard>,
}

/// A keyboard that is read.
struct Heard {
    name: String,
    /// Number of the physical device.
    number: u8,
    keyboard: Keyboard,
    /// The moment of its last key.
    last: Micros,
}

/// A physical device: one or several nodes.
struct Physical {
    name: String,
    model: u32,
    device: Device,
}

/// What the thread knows.
struct Listener {
    devices: Devices,
    seat: String,
    appearing: Option<Inotify>,
    /// Written to by a thread that has opened a node.
    opened_one: Arc<EventFd>,
    opened: (Sender<Opened>, Receiver<Opened>),
    /// Names of the nodes that are open or being opened.
    /// (Hashing would want random numbers, and panic without.)
    known: BTreeSet<String>,
    pending: usize,
    hidden: usize,
    failed: usize,
    keyboards: Vec<Heard>,
    /// The physical devices, in the order of their numbers.
    physical: Vec<Physical>,
    recorder: Recorder,
}

impl Listener {
    fn new(devices: Devices, seat: &str, appearing: Option<Inotify>) -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        Ok(Self {
            devices,
            seat: seat.to_owned(),
            appearing,
            opened_one: Arc::new(EventFd::from_flags(flags)?),
            opened: mpsc::channel(),
            known: BTreeSet::new(),
            pending: 0,
            hidden: 0,
            failed: 0,
            keyboards: Vec::new(),
            physical: Vec::new(),
            recorder: Recorder::new(monotonic()),
        })
    }

    /// Opens a node in a thread of its own: a device that does not answer holds up nobody else.
    fn begin_to_open(&mut self, node: Node, is_new: bool) -> io::Result<()> {
        if !self.known.insert(node.name.clone()) {
            return Ok(());
        }
        let (open, sender) = (Arc::clone(&self.devices.open), self.opened.0.clone());
        let wake = Arc::clone(&self.opened_one);
        spawn(move || {
            let keyboard = open(&node);
            let _ = sender.send(Opened {
                node,
                is_new,
                keyboard,
            });
            let _ = wake.write(1);
        })?;
        self.pending += 1;
        Ok(())
    }

    /// Reads until told to stop. `None` if nobody wants to know any more.
    fn listen(mut self, mut stop: UnixStream, ready: &Sender<()>) -> Option<Report> {
        loop {
            if self.pending == 0 {
                let _ = ready.send(());
            }
            let [stopped, opened, appeared] = match self.wait(stop.as_fd()) {
                Ok(woken) => woken,
                Err(Errno::EINTR) => continue,
                Err(_) => {
                    self.recorder.lost(monotonic());
                    [true, false, false]
                }
            };
            if appeared {
                self.open_what_appeared();
            }
            if opened {
                self.take_what_opened();
            }
            self.read();
            if stopped {
                let mut returned = [0; 8];
                stop.read_exact(&mut returned).ok()?;
                // Once more: what came before the stop is all there now.
                self.read();
                return Some(self.report(Micros(u64::from_ne_bytes(returned))));
            }
        }
    }

    /// Waits for the stop, a node opened, a node appeared, or a key.
    fn wait(&self, stop: BorrowedFd<'_>) -> Result<[bool; 3], Errno> {
        let readable = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = vec![readable(stop), readable(self.opened_one.as_fd())];
        fds.extend(
            self.keyboards
                .iter()
                .map(|heard| readable(heard.keyboard.as_fd())),
        );
        fds.extend(self.appearing.iter().map(|watch| readable(watch.as_fd())));
        poll(&mut fds, PollTimeout::NONE)?;
        let woken = |index: usize| fds[index].any().unwrap_or(true);
        let appeared = self.appearing.is_some() && woken(fds.len() - 1);
        Ok([woken(0), woken(1), appeared])
    }

    fn open_what_appeared(&mut self) {
        let events = self.appearing.as_ref().map(Inotify::read_events);
        for event in events.and_then(Result::ok).unwrap_or_default() {
            let node = event.name.as_ref().and_then(|name| name.to_str());
            // Whether it is this seat's is asked at each reading: udev may not know yet.
            if let Some(node) = node.and_then(|name| self.devices.tree.keyboard(name))
                && self.begin_to_open(node, true).is_err()
            {
                self.failed += 1;
            }
        }
    }

    fn take_what_opened(&mut self) {
        let _ = self.opened_one.read();
        while let Ok(opened) = self.opened.1.try_recv() {
            let Opened {
                node,
                is_new,
                keyboard,
            } = opened;
            self.pending = self.pending.saturating_sub(1);
            match keyboard {
                Ok(keyboard) => {
                    // Asked now: before, the node's name may have been another device's.
                    let device = Device {
                        is_virtual: self.devices.tree.is_virtual(&node.name),
                        is_new,
                    };
                    let number = self.number(node.physical, keyboard.model(), device);
                    self.keyboards.push(Heard {
                        name: node.name,
                        number,
                        keyboard,
                        last: Micros(0),
                    });
                }
                Err(error) => {
                    // What was unplugged before it could be opened is not hidden.
                    let there = self.devices.tree.keyboard(&node.name).is_some();
                    match hidden(error) {
                        NotReading::Hidden if there => self.hidden += 1,
                        _ => self.failed += 1,
                    }
                    self.known.remove(&node.name);
                }
            }
        }
    }

    fn number(&mut self, name: String, model: u32, device: Device) -> u8 {
        let found = self.physical.iter().position(|known| known.name == name);
        // Nobody types on the two hundred and fifty-sixth keyboard: all further ones are one.
        let last = usize::from(u8::MAX);
        let index = found.unwrap_or(self.physical.len()).min(last);
        match self.physical.get_mut(index) {
            // Whoever makes a device may say that it is plugged in where another one is.
            Some(known) => known.device = known.device.and(device),
            None => self.physical.push(Physical {
                name,
                model,
                device,
            }),
        }
        u8::try_from(index).unwrap_or(u8::MAX)
    }

    /// Takes what every keyboard has to say. One that is gone is let go.
    fn read(&mut self) {
        let (recorder, known) = (&mut self.recorder, &mut self.known);
        let (tree, seat) = (&self.devices.tree, &self.seat);
        self.keyboards.retain_mut(|heard| {
            let now = monotonic();
            // Of one that appeared udev may have said so only now. One that is gone was ours.
            if tree.seat_of(&heard.name).is_some_and(|now| now != *seat) {
                recorder.disown(heard.number);
                return false;
            }
            let (number, last) = (heard.number, &mut heard.last);
            let read = heard.keyboard.read(&mut |reading| {
                if let Reading::Key(at, ..) = reading {
                    if at < *last {
                        recorder.ran_backwards();
                    }
                    *last = at;
                }
                recorder.hear(number, reading);
            });
            match read.map_err(|error| error.raw_os_error()) {
                Ok(()) => return true,
                Err(Some(libc::ENODEV)) => recorder.gone(now),
                Err(_) => recorder.lost(now),
            }
            known.remove(&heard.name);
            false
        });
    }

    fn report(self, returned: Micros) -> Report {
        let text_on = self.recorder.text_on();
        let trace = self.recorder.into_trace(returned);
        // What is pressed behind the Enter does not tell where the text comes from.
        let text = trace.as_ref().ok().and_then(|trace| pair(trace).ok());
        let number = text.and_then(|text| text.keyboard()).or(text_on);
        let typed_on = number.and_then(|number| self.physical.get(usize::from(number)));
        Report {
            pressed: text_on.is_some(),
            model: typed_on.map_or(0, |physical| physical.model),
            device: typed_on.map(|physical| physical.device).unwrap_or_default(),
            hidden: self.hidden > 0 && self.physical.is_empty(),
            incomplete: self.pending > 0 || self.failed > 0,
            trace,
        }
    }
}

#[cfg(test)]
mod tests;
