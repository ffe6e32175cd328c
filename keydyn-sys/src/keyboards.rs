//! Finds the keyboards of a seat without opening anything: sysfs says which keys a device has, and
//! udev's database which seat it belongs to.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use keydyn_core::key::{KeyCode, KeyRole};

/// The seat of every device that nobody gave to another.
pub(crate) const FIRST_SEAT: &str = "seat0";

/// Where the kernel and udev tell of input devices.
#[derive(Clone, Debug)]
pub(crate) struct InputTree {
    class: PathBuf,
    nodes: PathBuf,
    udev: PathBuf,
}

impl Default for InputTree {
    fn default() -> Self {
        Self::under(Path::new("/"))
    }
}

/// An event node of a keyboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its name, `event3`.
    pub(crate) name: String,
    /// What to open.
    pub(crate) path: PathBuf,
    /// The same for all nodes of one physical device.
    pub(crate) physical: String,
}

impl InputTree {
    /// The tree below this directory; `/` is the machine's own.
    pub(crate) fn under(root: &Path) -> Self {
        Self {
            class: root.join("sys/class/input"),
            nodes: root.join("dev/input"),
            udev: root.join("run/udev/data"),
        }
    }

    /// The directory in which event nodes appear.
    pub(crate) fn nodes(&self) -> &Path {
        &self.nodes
    }

    /// The keyboards of a seat, by name.
    ///
    /// # Errors
    /// If the input devices cannot be listed: a sandbox hides them.
    pub(crate) fn keyboards(&self, seat: &str) -> io::Result<Vec<Node>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.class)? {
            let name = entry?.file_name();
            if let Some(node) = name.to_str().and_then(|name| self.keyboard(name))
                && self.seat_of(&node.name).as_deref() == Some(seat)
            {
                found.push(node);
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// The node of this name, if it is an event node of a device that can type text.
    pub(crate) fn keyboard(&self, name: &str) -> Option<Node> {
        let number = name.strip_prefix("event")?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let device = self.class.join(name).join("device");
        let keys = fs::read_to_string(device.join("capabilities/key")).ok()?;
        types_text(&keys).then(|| Node {
            name: name.to_owned(),
            path: self.nodes.join(name),
            physical: physical(&device),
        })
    }

    /// Whether a program has made the device of this node. What cannot be told counts as made.
    pub(crate) fn is_virtual(&self, name: &str) -> bool {
        fs::read_link(self.class.join(name)).map_or(true, |device| made_by_a_program(&device))
    }

    /// The seat that udev has put this node on; `None` for one that is gone.
    pub(crate) fn seat_of(&self, name: &str) -> Option<String> {
        let numbers = fs::read_to_string(self.class.join(name).join("dev")).ok()?;
        let entry = self.udev.join(format!("c{}", numbers.trim()));
        let properties = fs::read_to_string(entry).unwrap_or_default();
        let named = properties
            .lines()
            .find_map(|line| line.strip_prefix("E:ID_SEAT="));
        Some(named.unwrap_or(FIRST_SEAT).to_owned())
    }
}

/// Where a device is in sysfs says what it is plugged into (docs/adr/0031). Everything below
/// `virtual` is made by software, and so are USB ports that lead into a network or a program; a
/// Bluetooth keyboard comes through a program too, but from a radio.
fn made_by_a_program(device: &Path) -> bool {
    const SOFTWARE_PORTS: [&str; 2] = ["vhci_hcd.", "dummy_hcd."];
    const BLUETOOTH: &str = "0005:";
    let parts: Vec<_> = device.iter().map(OsStr::to_string_lossy).collect();
    let is_port = |part: &str| SOFTWARE_PORTS.iter().any(|port| part.starts_with(port));
    if parts.iter().any(|part| is_port(part)) {
        return true;
    }
    let Some(made) = parts.iter().position(|part| part == "virtual") else {
        return !parts.iter().any(|part| part == "devices");
    };
    let rest: Vec<&str> = parts[made + 1..].iter().map(AsRef::as_ref).collect();
    !matches!(rest[..], ["misc", "uhid", id, ..] if id.starts_with(BLUETOOTH))
}

/// What the interfaces of one device share: where it is plugged in, less the interface's own
/// suffix, and its serial number. A device that is plugged in nowhere is itself.
fn physical(device: &Path) -> String {
    let attribute = |name: &str| {
        let text = fs::read_to_string(device.join(name)).unwrap_or_default();
        text.trim().to_owned()
    };
    let (place, serial) = (attribute("phys"), attribute("uniq"));
    match place.rsplit_once("/input") {
        _ if place.is_empty() => fs::canonicalize(device)
            .unwrap_or_else(|_| device.to_owned())
            .to_string_lossy()
            .into_owned(),
        // "usb-…/input1:2" is the second device of a receiver: another keyboard.
        Some((place, interface)) => {
            let paired = interface.split_once(':').map_or("", |(_, paired)| paired);
            format!("{place}:{paired} {serial}")
        }
        None => format!("{place} {serial}"),
    }
}

/// Whether a `capabilities/key` bitmap has a key that puts a character into a text. It is words
/// of the size of a long, in hexadecimal, the highest first.
fn types_text(bitmap: &str) -> bool {
    const BITS: u16 = 8 * size_of::<std::ffi::c_long>() as u16;
    let words = bitmap.split_whitespace().rev();
    words
        .zip((0u16..).step_by(BITS.into()))
        .any(|(word, base)| {
            let word = u64::from_str_radix(word, 16).unwrap_or(0);
            (0..BITS).any(|bit| word >> bit & 1 == 1 && KeyCode(base + bit).role() == KeyRole::Text)
        })
}

/// A stand-in for a machine's input devices: directories with what the kernel and udev would say.
#[cfg(test)]
pub(crate) mod machine {
    use super::*;
    use std::os::unix::fs::symlink;

    /// What an AT keyboard says of itself.
    pub(crate) const KEYBOARD: &str = "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe";

    pub(crate) struct Machine(tempfile::TempDir);

    impl Machine {
        pub(crate) fn new() -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            for directory in ["sys/class/input", "dev/input", "run/udev/data"] {
                fs::create_dir_all(machine.0.path().join(directory)).unwrap();
            }
            machine
        }

        pub(crate) fn device(&self, number: u32, phys: &str) {
            self.device_with(number, KEYBOARD, phys);
        }

        pub(crate) fn device_with(&self, number: u32, keys: &str, phys: &str) {
            self.device_at("platform/i8042/serio0", number, keys, phys);
        }

        /// One that is plugged in there, below `/sys/devices`.
        pub(crate) fn device_at(&self, place: &str, number: u32, keys: &str, phys: &str) {
            let input = format!("devices/{place}/input/input{number}/event{number}");
            let event = self.0.path().join("sys").join(&input);
            fs::create_dir_all(event.join("device/capabilities")).unwrap();
            fs::write(event.join("device/capabilities/key"), format!("{keys}\n")).unwrap();
            fs::write(event.join("device/phys"), format!("{phys}\n")).unwrap();
            fs::write(event.join("device/uniq"), "\n").unwrap();
            fs::write(event.join("dev"), format!("13:{}\n", 64 + number)).unwrap();
            let class = self.0.path().join("sys/class/input");
            symlink(
                Path::new("../..").join(input),
                class.join(format!("event{number}")),
            )
            .unwrap();
        }

        /// The node in /dev/input, which the kernel makes last.
        pub(crate) fn node(&self, number: u32) {
            fs::write(self.tree().nodes().join(format!("event{number}")), "").unwrap();
        }

        /// Nothing is left of it.
        pub(crate) fn unplugged(&self, number: u32) {
            let class = self.0.path().join(format!("sys/class/input/event{number}"));
            let event = fs::canonicalize(&class).unwrap();
            fs::remove_file(class).unwrap();
            fs::remove_dir_all(event).unwrap();
            let entry = format!("run/udev/data/c13:{}", 64 + number);
            let _ = fs::remove_file(self.0.path().join(entry));
        }

        pub(crate) fn on_seat(&self, number: u32, seat: &str) {
            let entry = format!("run/udev/data/c13:{}", 64 + number);
            let text = format!("I:123\nE:ID_INPUT_KEYBOARD=1\nE:ID_SEAT={seat}\nG:seat\n");
            fs::write(self.0.path().join(entry), text).unwrap();
        }

        pub(crate) fn tree(&self) -> InputTree {
            InputTree::under(self.0.path())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::machine::{KEYBOARD, Machine};
    use super::*;

    /// What a power button and a mouse with five buttons say of themselves.
    const POWER_BUTTON: &str = "10000000000000 0";
    const MOUSE: &str = "1f0000 0 0 0 0";
    /// A remapper's or a tester's device with nothing but the space key.
    const SPACE_BAR: &str = "200000000000000";

    fn names(machine: &Machine, seat: &str) -> Vec<String> {
        let found = machine.tree().keyboards(seat).unwrap();
        found.into_iter().map(|node| node.name).collect()
    }

    #[test]
    fn a_keyboard_is_what_can_type_text() {
        let machine = Machine::new();
        for (number, keys) in (0..).zip([POWER_BUTTON, KEYBOARD, MOUSE, SPACE_BAR, "nonsense", ""])
        {
            machine.device_with(number, keys, "");
        }
        assert_eq!(names(&machine, "seat0"), ["event1", "event3"]);
    }

    #[test]
    fn only_the_seats_own_keyboards_are_found() {
        let machine = Machine::new();
        machine.device(1, "isa0060/serio0/input0");
        machine.device(2, "usb-0000:00:14.0-2/input0");
        machine.on_seat(2, "seat1");
        assert_eq!(names(&machine, "seat0"), ["event1"]);
        assert_eq!(names(&machine, "seat1"), ["event2"]);
        assert!(names(&machine, "seat2").is_empty());
    }

    #[test]
    fn the_interfaces_of_one_device_are_one_keyboard() {
        let machine = Machine::new();
        for (number, phys) in (1..).zip([
            "usb-0000:00:14.0-2/input0",
            "usb-0000:00:14.0-2/input1",
            "usb-0000:00:14.0-3/input0",
            "usb-0000:00:14.0-4/input2:1",
            "usb-0000:00:14.0-4/input2:2",
            "",
            "",
        ]) {
            machine.device(number, phys);
        }
        let found = machine.tree().keyboards("seat0").unwrap();
        let mut devices: Vec<_> = found.iter().map(|node| &node.physical).collect();
        assert_eq!(devices[0], devices[1]);
        devices.dedup();
        assert_eq!(devices.len(), 6);
    }

    #[test]
    fn what_a_program_has_made_is_told_by_what_it_is_plugged_into() {
        let machine = Machine::new();
        for (number, (place, is_virtual)) in (0..).zip([
            ("platform/i8042/serio0", false),
            ("pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/0003:046D:C31C.0001", false),
            // The kernel's own way for Bluetooth, and that through the daemon.
            ("pci0000:00/0000:00:14.0/usb1/1-7/1-7:1.0/bluetooth/hci0/hci0:256/0005:046D:B342.0003", false),
            ("virtual/misc/uhid/0005:046D:B342.0003", false),
            ("virtual/misc/uhid/0003:046D:C31C.0004", true),
            ("virtual", true),
            ("platform/vhci_hcd.0/usb5/5-1/5-1:1.0/0003:046D:C31C.0005", true),
            ("platform/dummy_hcd.0/usb6/6-1/6-1:1.0/0003:1D6B:0104.0006", true),
        ]) {
            machine.device_at(place, number, KEYBOARD, "");
            let found = machine.tree().is_virtual(&format!("event{number}"));
            assert_eq!(found, is_virtual, "{place}");
        }
        assert!(machine.tree().is_virtual("event99"), "nobody can tell");
        assert!(made_by_a_program(Path::new("somewhere/event1")));
    }

    #[test]
    fn names_that_are_no_event_nodes_are_passed_over() {
        let machine = Machine::new();
        machine.device(1, "");
        for name in ["js0", "mouse0", "event", "event1x", "../event1", "eventx"] {
            assert_eq!(machine.tree().keyboard(name), None, "{name}");
        }
    }

    #[test]
    fn a_hidden_tree_is_an_error_and_not_a_machine_without_keyboards() {
        let nowhere = tempfile::tempdir().unwrap();
        assert!(InputTree::under(nowhere.path()).keyboards("seat0").is_err());
    }
}
