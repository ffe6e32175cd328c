//! A second keyboard of the seat, made up inside the machine, that does what it is told.

use std::path::Path;

use crate::guest::Guest;
use crate::overlay::Overlay;
use crate::typing::Typing;

const PROGRAM: &str = "/usr/local/bin/beside";
/// As it is named by `src/bin/beside`.
const NAME: &str = "beside";

/// The keyboard, while it is there.
#[derive(Debug)]
pub struct Beside {
    node: String,
}

impl Beside {
    /// Puts the program on the machine; it is the binary `beside` of this crate
    /// (`env!("CARGO_BIN_EXE_beside")`).
    #[must_use]
    pub fn program(files: Overlay, binary: &Path) -> Overlay {
        files.copy(PROGRAM, 0o755, binary)
    }

    /// Plugs it in.
    ///
    /// # Panics
    /// If it does not appear.
    pub fn plug_in(guest: &mut Guest) -> Self {
        guest.shell.run(
            "rm -f /run/beside; mkfifo /run/beside
             setsid chrt --fifo 1 beside </run/beside >/run/beside-said 2>&1 &
             exec 6>/run/beside",
        );
        let node = node(guest, NAME);
        Self { node }
    }

    /// Its event node.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Has it type, and waits until it has.
    ///
    /// # Panics
    /// If it does not.
    pub fn types(&self, guest: &mut Guest, typing: &Typing) {
        guest.shell.put("/run/trace", &typing.trace().to_text());
        order(guest, "type /run/trace");
    }

    /// Has it move a key without text so often that no reader can follow.
    ///
    /// # Panics
    /// If it does not.
    pub fn floods(&self, guest: &mut Guest, times: u32) {
        order(guest, &format!("flood {times}"));
    }

    /// Pulls it out.
    ///
    /// # Panics
    /// If it stays.
    pub fn pull_out(self, guest: &mut Guest) {
        guest.shell.run("exec 6>&-");
        let gone = format!("! grep -qx '{NAME}' /sys/class/input/event*/device/name");
        guest.shell.wait_until(&gone);
    }
}

/// Has it do this, and waits until it is done.
fn order(guest: &mut Guest, order: &str) {
    guest
        .shell
        .run(&format!("rm -f /run/beside-done; echo '{order}' >&6"));
    guest.shell.wait_until("test -e /run/beside-done");
}

/// The event node of a keyboard of this name that appears.
///
/// # Panics
/// If it does not.
pub fn node(guest: &mut Guest, name: &str) -> String {
    let named = format!("grep -lx '{name}' /sys/class/input/event*/device/name");
    guest.shell.wait_until(&named);
    let path = guest.shell.run(&named);
    let node = path.split('/').find(|part| part.starts_with("event"));
    let node = node.expect("a node").to_owned();
    guest
        .shell
        .wait_until(&format!("test -e /dev/input/{node}"));
    node
}
