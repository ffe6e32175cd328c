//! What a machine has that keydyn depends on, for `keydyn doctor`. Nothing is opened that could be
//! read keys from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::keyboards::InputTree;
use crate::logind;
use crate::system;

/// A device that can type text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyboard {
    /// Its event node, `event3`.
    pub node: String,
    /// What it calls itself.
    pub name: String,
    /// The seat it belongs to.
    pub seat: String,
    /// A program has made it; there is no such thing on the desk.
    pub is_virtual: bool,
}

/// A machine, by the files in which the kernel, udev and logind tell of it.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// The machine whose files are below this directory: `/`, or a test's.
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// All keyboards, by node.
    ///
    /// # Errors
    /// If the input devices cannot be listed: a sandbox hides them.
    pub fn keyboards(&self) -> io::Result<Vec<Keyboard>> {
        let tree = InputTree::under(&self.root);
        let class = self.root.join("sys/class/input");
        let mut found = Vec::new();
        for entry in fs::read_dir(&class)? {
            let name = entry?.file_name();
            let Some(node) = name.to_str().and_then(|name| tree.keyboard(name)) else {
                continue;
            };
            let Some(seat) = tree.seat_of(&node.name) else {
                continue;
            };
            let device = class.join(&node.name);
            let name = fs::read_to_string(device.join("device/name")).unwrap_or_default();
            found.push(Keyboard {
                is_virtual: tree.is_virtual(&node.name),
                node: node.name,
                name: name.trim().to_owned(),
                seat,
            });
        }
        found.sort_by(|one, other| one.node.cmp(&other.node));
        Ok(found)
    }

    /// The names of the programs that run and may have a keyboard open, or make one, each once. A
    /// name is its owner's choice: whoever is seen to have no such device open is left out.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn programs_at_keyboards(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join("proc"))? {
            let process = entry?.path();
            // Whoever has ended meanwhile has no name.
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            if may_be_at_keyboards(&process) {
                names.push(name.trim().to_owned());
            }
        }
        names.retain(|name| !name.is_empty());
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Whether the kernel was started with `keydyn=off`.
    #[must_use]
    pub fn switched_off(&self) -> bool {
        let line = fs::read_to_string(self.root.join("proc/cmdline"));
        line.is_ok_and(|line| system::switches_off(&line))
    }
}

/// Where keyboards are opened and made.
const INPUT_DEVICES: [&str; 3] = ["/dev/input", "/dev/uinput", "/dev/misc/uinput"];

fn may_be_at_keyboards(process: &Path) -> bool {
    // What only root may look at cannot be denied.
    let Ok(open) = fs::read_dir(process.join("fd")) else {
        return true;
    };
    let leads_there = |file: PathBuf| INPUT_DEVICES.iter().any(|device| file.starts_with(device));
    open.flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(leads_there)
}

/// Whether logind runs on this machine and can be asked.
///
/// # Errors
/// If it runs and cannot be asked: its library does not load.
pub fn logind() -> io::Result<bool> {
    logind::running().map(|asked| asked.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyboards::machine::KEYBOARD;
    use std::os::unix::fs::symlink;

    #[test]
    fn keyboards_are_told_by_name_seat_and_maker() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        for directory in ["sys/class/input", "run/udev/data"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for (node, name, bus, number) in [
            (
                "event1",
                "AT Translated Set 2 keyboard",
                "platform",
                "13:65",
            ),
            ("event2", "keyd virtual keyboard", "virtual", "13:66"),
        ] {
            let device = root.join("sys/devices").join(bus).join("input").join(node);
            fs::create_dir_all(device.join("device/capabilities")).unwrap();
            fs::write(device.join("device/capabilities/key"), KEYBOARD).unwrap();
            fs::write(device.join("device/name"), format!("{name}\n")).unwrap();
            fs::write(device.join("dev"), number).unwrap();
            symlink(&device, root.join("sys/class/input").join(node)).unwrap();
        }
        fs::write(root.join("run/udev/data/c13:66"), "E:ID_SEAT=seat1\n").unwrap();

        let machine = Machine::under(root);
        let keyboards = machine.keyboards().unwrap();
        let told: Vec<_> = keyboards
            .iter()
            .map(|one| (&*one.name, &*one.seat, one.is_virtual))
            .collect();
        assert_eq!(
            told,
            [
                ("AT Translated Set 2 keyboard", "seat0", false),
                ("keyd virtual keyboard", "seat1", true)
            ]
        );
        assert!(!machine.switched_off());
        assert!(
            machine.programs_at_keyboards().is_err(),
            "there is no /proc"
        );
        assert!(Machine::under(&root.join("nowhere")).keyboards().is_err());
    }

    #[test]
    fn programs_are_told_once_if_they_may_have_a_keyboard() {
        let place = tempfile::tempdir().unwrap();
        for (process, name) in [("1", "init"), ("7", "keyd"), ("8", "keyd")] {
            let directory = place.path().join("proc").join(process);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("comm"), format!("{name}\n")).unwrap();
        }
        for (process, name, open) in [("9", "kanata", "/dev/null"), ("10", "kloak", "/dev/uinput")]
        {
            let descriptors = place.path().join("proc").join(process).join("fd");
            fs::create_dir_all(&descriptors).unwrap();
            symlink(open, descriptors.join("3")).unwrap();
            fs::write(descriptors.with_file_name("comm"), format!("{name}\n")).unwrap();
        }
        fs::create_dir(place.path().join("proc/tty")).unwrap();
        fs::write(place.path().join("proc/cmdline"), "ro keydyn=off\n").unwrap();
        let machine = Machine::under(place.path());
        assert_eq!(
            machine.programs_at_keyboards().unwrap(),
            ["init", "keyd", "kloak"],
            "whoever is called kanata has no keyboard open"
        );
        assert!(machine.switched_off());
    }
}
