//! The machine: booted, reached, and ended whatever happens.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::console::Console;
use crate::disk::Disk;
use crate::keyboard::Keyboard;
use crate::monitor::Monitor;
use crate::overlay::Overlay;
use crate::screen::Screen;
use crate::shell::Shell;

/// How long anything may take before it is given up; an emulated machine on a busy host is slow.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A machine before it is switched on.
#[derive(Clone, Debug)]
pub struct Machine {
    files: Overlay,
    logind: bool,
    megabytes: u32,
    disk: Option<PathBuf>,
    /// Where every write to the disk is written down.
    writes: Option<PathBuf>,
    kernel: String,
}

impl Machine {
    /// One that has these files too.
    #[must_use]
    pub fn with(files: Overlay) -> Self {
        Self {
            files,
            logind: false,
            megabytes: 512,
            disk: None,
            writes: None,
            kernel: String::new(),
        }
    }

    /// Its first process is systemd, and people's sessions are logind's.
    #[must_use]
    pub fn logind(mut self) -> Self {
        self.logind = true;
        self.megabytes = self.megabytes.max(768);
        self
    }

    /// With so much memory.
    #[must_use]
    pub fn megabytes(mut self, megabytes: u32) -> Self {
        self.megabytes = megabytes;
        self
    }

    /// With this file as its disk `/dev/vda`. What the machine has not flushed is lost with it.
    #[must_use]
    pub fn disk(mut self, disk: &Path) -> Self {
        self.disk = Some(disk.to_owned());
        self
    }

    /// With this one as its disk `/dev/vda`, which can lose power.
    #[must_use]
    pub fn mortal_disk(mut self, disk: &Disk) -> Self {
        disk.switch_on();
        self.disk = Some(disk.running());
        self.writes = Some(disk.log());
        self
    }

    /// With this on the kernel's command line.
    #[must_use]
    pub fn kernel(mut self, word: &str) -> Self {
        self.kernel.push(' ');
        self.kernel.push_str(word);
        self
    }

    /// Switches it on.
    ///
    /// # Panics
    /// If there is no image or no QEMU, or if the machine does not come up.
    #[must_use]
    pub fn boot(self) -> Guest {
        let image = image(self.logind);
        let place = tempfile::Builder::new()
            .prefix("keydyn-vm-")
            .tempdir()
            .expect("a temporary directory");
        let initrd = place.path().join("initrd");
        join(&image.join("initrd"), &self.files.clone().finish(), &initrd)
            .expect("the initramfs is written");
        let lines = ["console", "shell", "monitor"]
            .map(|name| UnixListener::bind(place.path().join(name)).expect("a socket can be made"));
        let mut qemu = Qemu::start(&self, &image.join("vmlinuz"), place);
        let [console, shell, monitor] = lines.map(|line| qemu.connection(&line));
        let console = Console::new(console);
        let monitor = Monitor::new(monitor);
        let shell = Shell::new(shell);
        Guest {
            keyboard: Keyboard::new(monitor.clone()),
            monitor,
            shell,
            console,
            _qemu: qemu,
        }
    }
}

/// A running machine. It ends when this is dropped, and when the thread that started it dies.
#[derive(Debug)]
pub struct Guest {
    /// Pressed from outside.
    pub keyboard: Keyboard,
    /// What else is done to it from outside.
    pub monitor: Monitor,
    /// Root's, on a serial line.
    pub shell: Shell,
    /// The kernel's messages and the system's log.
    pub console: Console,
    /// Dropped after the lines above, so that none of them waits for an end.
    _qemu: Qemu,
}

impl Guest {
    /// Boots a machine without logind that has these files too.
    ///
    /// # Panics
    /// As [`Machine::boot`] does.
    #[must_use]
    pub fn boot(files: Overlay) -> Self {
        Machine::with(files).boot()
    }

    /// The power goes: the machine is no more, from one moment to the next. What it had said on
    /// its console until then.
    #[must_use]
    pub fn cut_power(self) -> Vec<String> {
        let Self {
            mut console, _qemu, ..
        } = self;
        drop(_qemu);
        console.rest()
    }

    /// What stands on tty1 now.
    pub fn screen(&mut self) -> Screen {
        self.screen_of(1)
    }

    /// What stands on this virtual terminal now.
    pub fn screen_of(&mut self, terminal: u8) -> Screen {
        Screen::from_memory(&self.shell.run(&format!("cat /dev/vcs{terminal}")))
    }

    /// Waits until the last line on the screen ends in one of these texts.
    ///
    /// # Panics
    /// If it does not for long.
    pub fn wait_for_prompt(&mut self, prompts: &[&str]) -> Screen {
        self.wait_for_screen(&format!("{prompts:?}"), |screen| screen.prompts(prompts))
    }

    /// Waits until the screen is as it should be.
    ///
    /// # Panics
    /// If it never is; `what` says what was waited for.
    pub fn wait_for_screen(&mut self, what: &str, fits: impl Fn(&Screen) -> bool) -> Screen {
        self.wait_for_screen_of(1, what, fits)
    }

    /// Waits until the screen of a virtual terminal is as it should be.
    ///
    /// # Panics
    /// If it never is; `what` says what was waited for.
    pub fn wait_for_screen_of(
        &mut self,
        terminal: u8,
        what: &str,
        fits: impl Fn(&Screen) -> bool,
    ) -> Screen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen_of(terminal);
            if fits(&screen) {
                return screen;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what} on tty{terminal}:\n{screen}log:\n{}",
                self.console.lines().join("\n")
            );
            thread::sleep(Duration::from_millis(30));
        }
    }
}

/// QEMU's process and the directory of its sockets.
#[derive(Debug)]
struct Qemu {
    process: Child,
    place: TempDir,
}

impl Qemu {
    fn start(machine: &Machine, kernel: &Path, place: TempDir) -> Self {
        let options = "console=ttyS0 quiet panic=-1 mitigations=off";
        let socket = |name: &str| format!("unix:{}", place.path().join(name).display());
        let mut command = Command::new("setpriv");
        command
            // Were this process killed, nothing else would end the machine.
            .args(["--pdeathsig", "KILL", "qemu-system-x86_64"])
            // Software alone, so that every host runs the same machine. Never -icount: it moves
            // key edges by tens of milliseconds. Without AVX2, whose emulation makes a key
            // derivation take three times as long.
            .args(["-accel", "tcg", "-cpu", "max,-avx2", "-smp", "1"])
            .args(["-m", &machine.megabytes.to_string()])
            .args(["-nodefaults", "-no-reboot", "-display", "none"])
            .args(["-device", "VGA", "-device", "qemu-xhci", "-net", "none"])
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(place.path().join("initrd"))
            .args(["-append", &format!("{options}{}", machine.kernel)])
            .args(["-serial", &socket("console")])
            .args(["-serial", &socket("shell")])
            .args(["-qmp", &socket("monitor")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(place.path().join("errors")).expect("a file can be made"));
        if let Some(disk) = &machine.disk {
            command.args(disk_arguments(disk, machine.writes.as_deref()));
        }
        let process = command
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv (util-linux) cannot be run: {error}"));
        Self { process, place }
    }

    /// QEMU's end of a line.
    fn connection(&mut self, line: &UnixListener) -> UnixStream {
        line.set_nonblocking(true).expect("a socket");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match line.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).expect("a socket");
                    return stream;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("no line to the machine: {error}"),
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                let said = fs::read_to_string(self.place.path().join("errors"));
                panic!(
                    "QEMU did not start ({status}); `scripts/prepare e2e` installs it. It said: {}",
                    said.unwrap_or_default()
                );
            }
            assert!(Instant::now() < deadline, "QEMU does not connect");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn disk_arguments(disk: &Path, writes: Option<&Path>) -> Vec<String> {
    let disk = disk.display();
    match writes {
        None => vec![
            "-drive".to_owned(),
            format!("file={disk},if=virtio,format=raw"),
        ],
        Some(writes) => vec![
            "-blockdev".to_owned(),
            format!(
                // Flushes are written down and go no further: this machine does not lose power.
                "driver=blklogwrites,node-name=disk,file.driver=file,file.filename={disk},\
                 file.cache.no-flush=on,log.driver=file,log.cache.no-flush=on,log.filename={}",
                writes.display()
            ),
            "-device".to_owned(),
            "virtio-blk-pci,drive=disk".to_owned(),
        ],
    }
}

/// Where `scripts/vm-image` has put the image.
fn image(logind: bool) -> PathBuf {
    let place = std::env::var_os("KEYDYN_VM").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/vm"),
        PathBuf::from,
    );
    let place = if logind { place.join("logind") } else { place };
    assert!(
        place.join("stamp").exists(),
        "there is no machine in {}; `make e2e` makes one and runs these tests",
        place.display()
    );
    place
}

fn join(first: &Path, second: &[u8], to: &Path) -> io::Result<()> {
    let mut to = File::create(to)?;
    io::copy(&mut File::open(first)?, &mut to)?;
    to.write_all(second)
}
