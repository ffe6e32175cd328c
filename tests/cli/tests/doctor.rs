//! `keydyn doctor` as people and programs read it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cli::{Place, Tool, keydyn};
use serde_json::Value;
use tempfile::TempDir;

/// `nobody`: armed, unlike root.
const UID: u32 = 65534;

const RIGHT: &str = "\
auth  requisite                   pam_keydyn.so capture
auth  [success=1 default=ignore]  pam_unix.so nullok
auth  requisite                   pam_deny.so
auth  required                    pam_permit.so
auth  requisite                   pam_keydyn.so verify
";

/// A system: its root, and a machine that runs it.
struct System(TempDir);

impl System {
    fn new(services: &[(&str, &str)]) -> Self {
        let system = Self(TempDir::with_prefix("keydyn-doctor-").unwrap());
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(system.path(), open).unwrap();
        fs::create_dir_all(system.path().join("etc/pam.d")).unwrap();
        for (name, text) in services {
            system.write(&format!("etc/pam.d/{name}"), text);
        }
        for module in ["pam_unix", "pam_deny", "pam_permit", "pam_keydyn"] {
            // A header of 64 bytes, and the name that libpam looks for.
            let start = "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\u{3}\0\u{3e}\0";
            let text = format!("{start:\0<64}pam_sm_authenticate\0");
            system.write(&format!("usr/lib/security/{module}.so"), &text);
        }
        system
    }

    /// Guarded, with a keyboard and nothing else to say of it.
    fn well() -> Self {
        let system = Self::new(&[("login", RIGHT), ("keydyn", "auth required pam_unix.so\n")]);
        system.keyboard(3, "AT Translated Set 2 keyboard", "platform/i8042");
        system.write("proc/cmdline", "ro quiet\n");
        system.write("proc/1/comm", "init\n");
        system
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn keyboard(&self, number: u32, name: &str, bus: &str) {
        const KEYS: &str = "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n";
        let device = format!("sys/devices/{bus}/event{number}");
        self.write(&format!("{device}/device/capabilities/key"), KEYS);
        self.write(&format!("{device}/device/name"), &format!("{name}\n"));
        self.write(&format!("{device}/dev"), &format!("13:{}\n", 64 + number));
        fs::create_dir_all(self.path().join("sys/class/input")).unwrap();
        let link = self.path().join(format!("sys/class/input/event{number}"));
        symlink(self.path().join(device), link).unwrap();
    }

    /// The stacks alone.
    fn doctor(&self, arguments: &[&str]) -> Tool {
        let root = self.path().to_str().unwrap();
        keydyn(&[&["doctor", "--root", root][..], arguments].concat())
    }

    /// The stacks and the machine.
    fn machine(&self, place: &Place) -> Tool {
        let root = self.path().to_str().unwrap();
        place.keydyn(&["doctor", "--root", root, "--machine", root])
    }
}

#[test]
fn a_right_stack_is_well() {
    let system = System::new(&[("login", RIGHT)]);
    let done = system
        .doctor(&[])
        .piped("")
        .assert(0, &["Judged: login. Nothing is wrong"]);
    assert_eq!(done.err, "");
}

#[test]
fn what_is_wrong_is_told_once_with_its_lines_and_services() {
    let broken = RIGHT.replace("[success=1 default=ignore]", "sufficient");
    let system = System::new(&[
        ("common-auth", &broken),
        ("login", "@include common-auth\n"),
        ("sudo", "@include common-auth\n"),
    ]);
    let at = format!("{}/etc/pam.d/common-auth:2", system.path().display());
    let done = system.doctor(&[]).piped("").assert(
        1,
        &[
            &format!("error (login, sudo): `sufficient pam_unix.so` ({at}) ends the stack"),
            "whoever has the password gets in, however it was typed",
            "Judged: login, sudo. Something is wrong: 1 error, no warnings, no notes.",
        ],
    );
    assert_eq!((done.err.as_str(), done.out.lines().count()), ("", 2));

    let done = system.doctor(&["--json"]).piped("").assert(1, &[]);
    let document: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(document["errors"], 1);
    assert_eq!(document["services"], serde_json::json!(["login", "sudo"]));
    let finding = &document["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["kind"], "verify-passed-over");
    assert_eq!(finding["lines"][0], at.as_str());
}

/// Whoever takes the module away asks first.
#[test]
fn lines_are_listed_and_not_judged() {
    let system = System::new(&[
        ("login", "@include login.save\n"),
        ("login.save", "auth optional pam_keydyn.so verify\n"),
    ]);
    let done = system.doctor(&["--lines"]).piped("").assert(0, &[]);
    let path = system.path().join("etc/pam.d/login.save");
    let line = format!("{}:1:auth optional pam_keydyn.so verify\n", path.display());
    assert_eq!((done.out.as_str(), done.err.as_str()), (&*line, ""));
    // Of what cannot be read nobody knows.
    let odd = system.path().join("etc/pam.d/odd");
    symlink("odd", &odd).unwrap();
    let done = system.doctor(&["--lines"]).piped("").assert(3, &["odd"]);
    assert_eq!(done.out, line);
    fs::remove_file(odd).unwrap();
    system.write("etc/pam.d/login", "auth required pam_unix.so\n");
    let done = system.doctor(&["--lines"]).piped("");
    let done = done.assert(1, &["no service names pam_keydyn.so"]);
    assert_eq!(done.out, "");
    system
        .doctor(&["--lines", "login"])
        .piped("")
        .assert(2, &["--lines"]);
}

#[test]
fn a_service_that_was_asked_for_and_is_not_guarded_is_an_error() {
    let system = System::new(&[("login", RIGHT), ("sudo", "auth required pam_unix.so\n")]);
    system.doctor(&["login"]).piped("").assert(0, &[]);
    let done = system.doctor(&["login", "sudo"]).piped("");
    done.assert(1, &["error (sudo): The service sudo is not guarded"]);
}

#[test]
fn what_cannot_be_looked_at_is_neither_well_nor_ill() {
    let nothing = TempDir::new().unwrap();
    let root = nothing.path().to_str().unwrap();
    let done = keydyn(&["doctor", "--root", root]).piped("");
    let done = done.assert(3, &["etc/pam.d: it cannot be read", "`--root DIR`"]);
    assert_eq!(done.out, "");
    keydyn(&["doctor", "--root"])
        .piped("")
        .assert(2, &["--root"]);
    let system = System::new(&[("login", RIGHT)]);
    let path = system.path().join("etc/pam.d/login");
    fs::remove_file(&path).unwrap();
    symlink("login", &path).unwrap();
    system.doctor(&["login"]).piped("").assert(3, &["login"]);
}

#[test]
fn a_service_that_is_not_there_is_told_and_one_that_cannot_be_is_refused() {
    let system = System::new(&[("login", RIGHT), ("other", RIGHT)]);
    system.doctor(&["logn"]).piped("").assert(
        1,
        &["warning (logn): There is no service logn, so libpam takes `other` for it"],
    );
    for name in ["/etc/pam.d/login", "pam.d/login", "", ".", ".."] {
        let done = system.doctor(&["login", name]).piped("");
        let done = done.assert(2, &["is no service: name the file in /etc/pam.d"]);
        assert_eq!(done.out, "");
    }
}

#[test]
fn a_root_that_is_none_is_told_as_such() {
    let system = System::new(&[("login", RIGHT)]);
    let file = system.path().join("etc/pam.d/login");
    for (root, why) in [
        ("/nonexistent/mnt", "No such file"),
        (file.to_str().unwrap(), "it is no directory"),
    ] {
        let done = keydyn(&["doctor", "--root", root]).piped("");
        let done = done.assert(2, &[root, why, "`--root DIR` takes the directory"]);
        assert!(!done.err.contains("run this as root, or"), "{done:?}");
    }
}

const SETTINGS: &str = "etc/security/keydyn.conf";

impl System {
    fn settings(&self, text: &str, mode: u32) -> PathBuf {
        self.write(SETTINGS, text);
        let path = self.path().join(SETTINGS);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

#[test]
fn what_a_file_of_settings_is_about_is_found_below_the_root() {
    let system = System::new(&[("login", RIGHT)]);
    let path = system.settings("mode = shdow\nno_timings = refuse\n", 0o644);
    let shown = path.display();
    system.doctor(&[]).piped("").assert(
        1,
        &[
            &format!("warning: {shown}, line 1: `mode=shdow` counts as not written"),
            "goes by no_timings=refuse: whoever logs in from elsewhere",
        ],
    );

    // A link leads to a place below this root, not to this machine's.
    fs::rename(
        system.path().join("etc/security"),
        system.path().join("etc/safe"),
    )
    .unwrap();
    symlink("/etc/safe", system.path().join("etc/security")).unwrap();
    let done = system.doctor(&[]).piped("");
    done.assert(1, &["etc/safe/keydyn.conf, line 1: `mode=shdow`"]);
}

#[test]
fn a_file_of_settings_that_is_not_believed_is_told_with_what_holds() {
    let system = System::new(&[("login", RIGHT)]);
    let path = system.settings("mode = shadow\n", 0o666);
    let shown = path.display();
    system.doctor(&[]).piped("").assert(
        1,
        &[
            &format!("warning: {shown} can be written by others"),
            "mode=auto and the other defaults hold where a line says nothing else",
            &format!("`chown root:root {shown} && chmod 644 {shown}`"),
            "Nothing is broken, and something is to be looked at: no errors, 1 warning, no notes",
        ],
    );
    fs::remove_file(&path).unwrap();
    symlink("login", &path).unwrap();
    let done = system.doctor(&[]).piped("");
    let done = done.assert(1, &["is a link", "Put an ordinary file of root's there"]);
    assert!(!done.out.contains("chmod"), "{done:?}");
}

#[test]
fn a_file_of_settings_that_lockers_cannot_read_is_a_note() {
    let system = System::new(&[("login", RIGHT)]);
    let path = system.settings("mode = shadow\n", 0o600);
    let note = format!("note: {} can be read by root only", path.display());
    let done = system.doctor(&[]).piped("");
    let done = done.assert(0, &[&note, "goes by mode=shadow", "2 notes"]);
    assert!(!done.out.contains("was not looked at"), "{done:?}");
    // SAFETY: cannot fail.
    if unsafe { libc::geteuid() } == 0 {
        let root = system.path().to_str().unwrap();
        let tool = keydyn(&["doctor", "--root", root]).as_uid(UID);
        tool.terminal()
            .end()
            .assert(0, &["What it says was not looked at"]);
    }
}

#[test]
fn a_module_that_is_none_is_an_error() {
    let system = System::new(&[("login", RIGHT)]);
    system.doctor(&[]).piped("").assert(0, &[]);
    system.write("usr/lib/security/pam_keydyn.so", "");
    system.doctor(&[]).piped("").assert(
        1,
        &[
            "error (login): `requisite pam_keydyn.so capture`",
            "which libpam cannot load: it is empty",
        ],
    );
}

#[test]
fn a_root_without_modules_is_not_well() {
    let system = System::new(&[("login", RIGHT)]);
    fs::remove_dir_all(system.path().join("usr")).unwrap();
    system.doctor(&[]).piped("").assert(
        1,
        &[
            "No directory with PAM's modules was found",
            "was not checked",
        ],
    );
}

#[test]
fn a_name_from_the_disk_reaches_no_terminal_raw() {
    let system = System::new(&[("login", "auth required pam_\u{1b}[2J.so\n\u{202e} x y\n")]);
    let done = system.doctor(&["login"]).piped("").assert(1, &[]);
    assert!(!done.out.contains(['\u{1b}', '\u{202e}']), "{done:?}");
}

#[test]
fn a_narrow_terminal_is_filled_and_no_more() {
    let system = System::new(&[("login", RIGHT), ("sudo", "auth required pam_unix.so\n")]);
    let shown = system.doctor(&["sudo"]).columns(40).terminal().end();
    assert!(shown.assert(1, &["not guarded"]).widest() <= 40);
}

#[test]
fn a_machine_that_is_well_has_its_keyboards_named() {
    let (system, place) = (System::well(), Place::new());
    place.arm(UID);
    let done = system.machine(&place).piped("");
    done.assert(
        0,
        &["note: pam_keydyn.so would listen to AT Translated Set 2 keyboard (event3)."],
    );
}

#[test]
fn who_else_is_at_the_keyboards_is_told() {
    let (system, place) = (System::well(), Place::new());
    system.keyboard(9, "keyd virtual keyboard", "virtual/input/input9");
    system.write("proc/77/comm", "keyd\n");
    system.machine(&place).piped("").assert(
        0,
        &[
            "Made by a program, and heard like a keyboard on the desk: keyd virtual keyboard (event9)",
            "keyd is running, which takes keyboards for itself",
        ],
    );
    let rule = RIGHT.replace("verify", "verify virtual_keyboard=refuse");
    let rule = rule.replace("capture", "capture virtual_keyboard=refuse");
    system.write("etc/pam.d/login", &rule);
    system.machine(&place).piped("").assert(
        1,
        &[
            "error: virtual_keyboard=refuse, and keyd types in place of the keyboards that it takes",
            "Set `virtual_keyboard = flag`, or stop the program",
        ],
    );
    let shadow = rule.replace("=refuse", "=refuse mode=shadow");
    system.write("etc/pam.d/login", &shadow);
    let done = system.machine(&place).piped("");
    assert!(!done.out.contains("error:"), "{}", done.out);
    system.write("etc/pam.d/login", RIGHT);
    system.write("proc/78/comm", "kloak\n");
    let done = system.machine(&place).piped("");
    done.assert(1, &["warning: kloak is running"]);
}

#[test]
fn a_rule_that_leaves_no_keyboard_is_an_error() {
    let (system, place) = (System::well(), Place::new());
    place.arm(UID);
    system.settings("virtual_keyboard = refuse\n", 0o644);
    // The keyboard on the desk counts.
    let done = system.machine(&place).piped("");
    done.assert(0, &["goes by virtual_keyboard=refuse"]);
    fs::remove_dir_all(system.path().join("sys")).unwrap();
    system.keyboard(9, "somebody's keyboard", "virtual/input/input9");
    let done = system.machine(&place).piped("");
    done.assert(1, &["every keyboard of this machine is made by a program"]);
}

#[test]
fn a_machine_on_which_keydyn_cannot_work_is_told() {
    let (system, place) = (System::well(), Place::new());
    fs::remove_dir_all(system.path().join("sys/class/input")).unwrap();
    fs::remove_file(system.path().join("etc/pam.d/keydyn")).unwrap();
    system.write("proc/cmdline", "ro keydyn=off\n");
    system.machine(&place).piped("").assert(
        1,
        &[
            "This machine's input devices cannot be listed",
            "There is no PAM service `keydyn`",
            "started with `keydyn=off`",
        ],
    );
    fs::create_dir(system.path().join("sys/class/input")).unwrap();
    system.write("usr/share/pam-configs/keydyn-capture", "Name: keydyn\n");
    system.machine(&place).piped("").assert(
        1,
        &[
            "No keyboard is found",
            "`apt install --reinstall -o Dpkg::Options::=--force-confmiss keydyn` puts it into",
        ],
    );
}

fn does(place: &Place, verb: &[&str]) {
    place.keydyn(verb).piped("").assert(0, &[]);
}

#[test]
fn an_account_that_is_refused_for_its_files_is_told() {
    let (system, place) = (System::well(), Place::new());
    place.arm(UID);
    for name in ["65534.profile", "65534.profile.previous"] {
        fs::write(place.state().join(name), b"damaged").unwrap();
    }
    let done = system.machine(&place).piped("");
    done.assert(
        1,
        &[
            "error: nobody (uid 65534): The profile is damaged",
            "every login at this machine's keyboards is refused",
            "`keydyn disable nobody`",
        ],
    );
    does(&place, &["disable", "nobody"]);
    let done = system.machine(&place).piped("");
    done.assert(
        1,
        &["once keydyn is in force again, every login at this machine's keyboards will be refused"],
    );
}

#[test]
fn files_that_the_module_would_not_believe_are_told() {
    let (system, place) = (System::well(), Place::new());
    place.arm(UID);
    let file = |name: &str| -> PathBuf { place.state().join(name) };
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file("65534.profile"), 0o622);
    let done = system.machine(&place).piped("");
    done.assert(
        1,
        &[
            "65534.profile",
            "can be written by others",
            "does not believe this file",
        ],
    );
    mode(&file("65534.profile"), 0o600);

    does(&place, &["disable", "nobody"]);
    let done = system.machine(&place).piped("");
    done.assert(
        1,
        &[
            "keydyn is disabled for nobody (uid 65534)",
            "`keydyn enable nobody`",
        ],
    );
    does(&place, &["disable", "--all"]);
    let done = system.machine(&place).piped("");
    done.assert(1, &["keydyn is disabled for everybody"]);
    for whom in ["nobody", "--all"] {
        does(&place, &["enable", whom]);
    }

    let later = SystemTime::now() + Duration::from_secs(7200);
    let state = File::options()
        .write(true)
        .open(file("65534.state"))
        .unwrap();
    state.set_modified(later).unwrap();
    system
        .machine(&place)
        .piped("")
        .assert(1, &["The clock is behind"]);
    state.set_modified(SystemTime::now()).unwrap();
    system.machine(&place).piped("").assert(0, &[]);

    mode(place.state().parent().unwrap(), 0o777);
    let done = system.machine(&place).piped("");
    done.assert(1, &["Nobody can be judged", "`keydyn disable --all`"]);
}

#[test]
fn whoever_is_not_root_reads_what_was_not_checked() {
    // SAFETY: cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let system = System::well();
    let root = system.path().to_str().unwrap();
    let tool = keydyn(&["doctor", "--root", root, "--machine", root]).as_uid(UID);
    let shown = tool.terminal().end();
    shown.assert(
        0,
        &[
            "note: Only root may look at what is kept of users",
            "`sudo keydyn doctor`",
        ],
    );
}
