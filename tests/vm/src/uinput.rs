//! A keyboard that is made up inside the machine, with moments of the typist's own choice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use evdev::uinput::VirtualDevice;
use evdev::{AttributeSet, BusType, InputEvent, InputId};
use keydyn_core::key::{KeyCode, KeyEvent, Motion};
use nix::time::{ClockId, clock_gettime};

use crate::typing::{TERMINATORS, Typing};

/// Every key of a keyboard, with the keys behind which others hide (`KEY_COMPOSE`).
const KEYS: std::ops::RangeInclusive<u16> = 1..=127;
/// So many edges are given to the kernel at once: its queue for each reader holds 64 events, two
/// for an edge.
const AT_ONCE: usize = 10;
/// And a reader has so long to empty it.
const READ: Duration = Duration::from_millis(12);
/// So far back the kernel is told of a key: half of what it believes.
const BELIEVED: Duration = Duration::from_secs(5);
const EV_KEY: u16 = 1;

/// A keyboard of the machine that this runs on. It is there until this is dropped.
///
/// The kernel (from 6.12 on) takes the moment that is written with an edge for the moment at which
/// the key moved, to the microsecond, if it has passed and was at most ten seconds ago.
#[derive(Debug)]
pub struct MadeUpKeyboard {
    device: VirtualDevice,
    node: PathBuf,
}

impl MadeUpKeyboard {
    /// Plugs it in and waits until it is there, for the kernel and for udev.
    ///
    /// # Errors
    /// If the machine has no uinput, or the keyboard does not appear.
    pub fn plug_in(name: &str) -> io::Result<Self> {
        let keys: AttributeSet<evdev::KeyCode> = KEYS.map(evdev::KeyCode::new).collect();
        let mut device = VirtualDevice::builder()?
            .name(name)
            .input_id(InputId::new(BusType::BUS_USB, 0x1209, 0x6b64, 1))
            .with_keys(&keys)?
            .build()?;
        let mut nodes = device.enumerate_dev_nodes_blocking()?;
        let node = nodes.next().ok_or(io::ErrorKind::NotFound)??;
        wait_for(&node)?;
        Ok(Self { device, node })
    }

    /// Waits until this process has it open.
    ///
    /// # Errors
    /// If it does not open it, or is gone.
    pub fn wait_for_reader(&self, process: u32) -> io::Result<()> {
        let open = format!("/proc/{process}/fd");
        for _ in 0..1000 {
            let mut files = fs::read_dir(&open)?.flatten();
            let is_it = |path: PathBuf| fs::read_link(path).is_ok_and(|path| path == self.node);
            if files.any(|file| is_it(file.path())) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Moves a key without text down and up so often in one go that no reader can follow, if this
    /// process goes before it: the kernel's queue for each holds 64 events.
    ///
    /// # Errors
    /// If the kernel does not take it.
    pub fn floods(&mut self, times: usize) -> io::Result<()> {
        const LEFT_SHIFT: u16 = 42;
        let edge = |value| InputEvent::new(EV_KEY, LEFT_SHIFT, value);
        self.device.emit(&[edge(1), edge(0)].repeat(times))
    }

    /// Types, and does this when the last Enter has gone down: it hands over what was typed. What
    /// moves after it follows in its time.
    ///
    /// Takes as long as the typing does, but the kernel hears of the keys together at the end, so
    /// that no stall of the host comes between two of them. Should it stall then, the Enter alone
    /// comes late; an Enter is not compared.
    ///
    /// # Errors
    /// If the kernel does not take it.
    pub fn types(&mut self, typing: &Typing, at_enter: impl FnOnce()) -> io::Result<()> {
        let edges = typing.edges();
        let enters =
            |edge: &KeyEvent| edge.motion == Motion::Press && TERMINATORS.contains(&edge.key);
        let enter = edges.iter().rposition(enters).unwrap_or(edges.len());
        let (text, from_enter) = edges.split_at(enter);
        let duration = text.last().map_or(Duration::ZERO, moment);
        let mut start = now()?;
        let (live, late) =
            text.split_at(text.partition_point(|edge| moment(edge) + BELIEVED < duration));
        self.write(live, start)?;
        if live.is_empty() {
            thread::sleep(duration);
            start = now()? - duration;
        }
        self.write(late, start)?;
        let (enter, rest) = from_enter.split_at(from_enter.len().min(1));
        if let Some(enter) = enter.first() {
            thread::sleep((start + moment(enter)).saturating_sub(now()?));
            start = now()? - moment(enter);
            self.device.emit(&[event(enter, start + moment(enter))])?;
        }
        at_enter();
        self.write(rest, start)
    }

    /// Gives these edges to the kernel, a few at once and none before its moment.
    fn write(&mut self, edges: &[KeyEvent], start: Duration) -> io::Result<()> {
        for edges in edges.chunks(AT_ONCE) {
            let due = start + edges.last().map_or(Duration::ZERO, moment);
            thread::sleep(due.saturating_sub(now()?).max(READ));
            for edge in edges {
                self.device.emit(&[event(edge, start + moment(edge))])?;
            }
        }
        Ok(())
    }
}

/// How long after the beginning.
fn moment(edge: &KeyEvent) -> Duration {
    Duration::from_micros(edge.at.0)
}

fn event(edge: &KeyEvent, moment: Duration) -> InputEvent {
    let KeyCode(code) = edge.key;
    let seconds = libc::time_t::try_from(moment.as_secs());
    libc::input_event {
        time: libc::timeval {
            tv_sec: seconds.expect("not for ages"),
            tv_usec: moment.subsec_micros().into(),
        },
        type_: EV_KEY,
        code,
        value: match edge.motion {
            Motion::Release => 0,
            Motion::Press => 1,
            Motion::Repeat => 2,
        },
    }
    .into()
}

/// On the clock of the events.
fn now() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_MONOTONIC)?.into())
}

/// Waits until a node is there, and, where udev runs, until it has said whose seat it is on.
fn wait_for(node: &Path) -> io::Result<()> {
    let name = node.file_name().unwrap_or_default();
    let numbers = Path::new("/sys/class/input").join(name).join("dev");
    let numbers = fs::read_to_string(numbers)?;
    let entry = format!("/run/udev/data/c{}", numbers.trim());
    let udev = Path::new("/run/udev/control").exists();
    for _ in 0..1000 {
        if node.exists() && (!udev || Path::new(&entry).exists()) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("{} does not appear", node.display()),
    ))
}
