//! The module as it is shipped: no stand-in in it, and no way to give it one.
#![allow(clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pam_host::{Application, Code, Conversation, Flags, Stack, password_line};
use stacks::{Machine, PASSWORD, Typing, USER, replaying_module, shipped_command, shipped_module};

/// What the module may take on a disk, and in each process that loads it. Which crates it may link
/// stands in scripts/module-crates.
const MODULE_BYTES: u64 = 1_500_000;

/// The C library, what Rust unwinds a panic with, and libpam itself.
const LIBRARIES: [&str; 5] = [
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpam.so.0",
];

/// Calls that would do something to the host. `abort` is not among them: Rust's runtime has it for
/// memory that cannot be had.
const FORBIDDEN: [&str; 22] = [
    "_exit",
    "chdir",
    "chroot",
    "clearenv",
    "daemon",
    "exit",
    "fchdir",
    "fork",
    "initgroups",
    "kill",
    "popen",
    "prctl",
    "putenv",
    "quick_exit",
    "raise",
    "setenv",
    "sigaction",
    "signal",
    "system",
    "umask",
    "unsetenv",
    "vfork",
];

/// A shared object or a program, as readelf sees it.
struct Elf(PathBuf);

impl Elf {
    fn of(path: PathBuf) -> Self {
        Self(path)
    }

    fn read(&self, arguments: &[&str]) -> String {
        let mut readelf = Command::new("readelf");
        let out = readelf.arg("-W").args(arguments).arg(&self.0).output();
        let out = out.expect("readelf, of binutils");
        assert!(out.status.success(), "{}: {out:?}", self.0.display());
        String::from_utf8(out.stdout).expect("text")
    }

    /// Dynamic symbols that others can see, by where they are defined.
    fn symbols(&self, section: impl Fn(&str) -> bool) -> Vec<String> {
        // Num: Value Size Type Bind Vis Ndx Name
        self.read(&["--dyn-syms"])
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|words| words.len() >= 8 && words[4] != "LOCAL" && words[4] != "Bind")
            .filter(|words| section(words[6]))
            .map(|words| words[7].to_owned())
            .collect()
    }

    /// Nothing in it can be written and run, nothing is loaded from where it says, and what the
    /// loader fills in is closed afterwards.
    fn is_hardened(&self) {
        let headers = self.read(&["--program-headers"]);
        let segments: Vec<Vec<&str>> = headers
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|words| words.len() >= 8 && words[1].starts_with("0x"))
            .collect();
        let flags = |words: &[&str]| words[6..words.len() - 1].concat();
        let of = |kind: &'static str| segments.iter().filter(move |words| words[0] == kind);
        let path = self.0.display();
        assert_eq!(of("GNU_RELRO").count(), 1, "{path} has no RELRO: {headers}");
        let stack = of("GNU_STACK").next().expect("a word on the stack");
        assert_eq!(
            flags(stack),
            "RW",
            "{path} asks for a stack that can be run"
        );
        for segment in of("LOAD") {
            let flags = flags(segment);
            assert!(
                !(flags.contains('W') && flags.contains('E')),
                "{path} has memory that can be written and run: {segment:?}"
            );
        }
        let dynamic = self.read(&["--dynamic"]);
        for word in ["(TEXTREL)", "(RPATH)", "(RUNPATH)"] {
            assert!(!dynamic.contains(word), "{path} has {word}: {dynamic}");
        }
    }
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[test]
fn it_has_no_string_of_the_stand_in() {
    let shipped = fs::read(shipped_module()).expect("the module");
    let replaying = fs::read(replaying_module()).expect("the module");
    // Short names may be compiled into comparisons; these are what the other build cannot hide.
    for word in ["/nonexistent/", "state-dir", "command-line"] {
        assert!(contains(&replaying, word), "the check would notice: {word}");
        assert!(!contains(&shipped, word), "{word}");
    }
    for word in ["replay", "Replay", "REPLAY"] {
        assert!(!contains(&shipped, word), "{word}");
    }
}

#[test]
fn it_exports_the_six_entry_points_and_nothing_else() {
    let module = Elf::of(shipped_module());
    let mut exported = module.symbols(|section| section != "UND");
    exported.sort_unstable();
    assert_eq!(
        exported,
        [
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_chauthtok",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred",
        ],
        "libpam calls these six; a host could call or shadow whatever else is exported"
    );
}

#[test]
fn it_stays_loaded_and_its_tables_cannot_be_written() {
    let module = Elf::of(shipped_module());
    let dynamic = module.read(&["--dynamic"]);
    for (tag, flag) in [
        ("(FLAGS_1)", "NODELETE"),
        ("(FLAGS_1)", "NOW"),
        ("(FLAGS)", "BIND_NOW"),
    ] {
        let found = dynamic
            .lines()
            .any(|line| line.contains(tag) && line.split_whitespace().any(|word| word == flag));
        assert!(
            found,
            "no {flag}; pam_keydyn/build.rs asks for it: {dynamic}"
        );
    }
    module.is_hardened();
}

#[test]
fn the_command_is_hardened_too() {
    let command = Elf::of(shipped_command());
    let header = command.read(&["--file-header"]);
    assert!(
        header.contains("DYN ("),
        "loaded where nobody can guess: {header}"
    );
    let dynamic = command.read(&["--dynamic"]);
    assert!(dynamic.contains("BIND_NOW"), "{dynamic}");
    command.is_hardened();
}

#[test]
fn it_takes_the_libraries_that_every_host_has_and_no_other() {
    let module = Elf::of(shipped_module());
    let dynamic = module.read(&["--dynamic"]);
    let mut taken: Vec<&str> = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split(['[', ']']).nth(1))
        .collect();
    taken.sort_unstable();
    assert_eq!(
        taken, LIBRARIES,
        "a login fails where a library is missing, and each is loaded into every host: write a new \
         one into LIBRARIES only if every machine with libpam has it"
    );
}

#[test]
fn it_cannot_run_a_program_end_its_host_or_change_who_the_host_is() {
    let imported = Elf::of(shipped_module()).symbols(|section| section == "UND");
    let imported: Vec<&str> = imported
        .iter()
        .map(|name| name.split('@').next().unwrap_or(name))
        .collect();
    assert!(
        imported.contains(&"pam_get_user"),
        "the list is read: {imported:?}"
    );
    for call in &imported {
        let forbidden = FORBIDDEN.contains(call)
            || ["exec", "posix_spawn", "sete", "setre", "setg", "setu"]
                .iter()
                .any(|start| call.starts_with(start));
        assert!(
            !forbidden,
            "the module calls {call}, which is not its to do in a program of root's; `cargo tree -p \
             pam_keydyn` says who might have brought it"
        );
    }
}

#[test]
fn it_is_small() {
    let path = shipped_module();
    let bytes = fs::metadata(&path).expect("the module").len();
    assert!(
        bytes <= MODULE_BYTES,
        "the module has {bytes} bytes and may have {MODULE_BYTES}: find out what has grown (`cargo \
         bloat`, `nm --size-sort`) before the budget does"
    );
}

#[test]
fn it_ignores_the_argument_and_never_fails_open_for_it() {
    // Under the argument the other build would find this user armed and refuse.
    let machine = Machine::armed();
    let arguments = machine.set_typing(&Typing::stranger(1));
    let line = password_line(PASSWORD).expect("the stand-in");
    let stack = Stack::debian(&shipped_module(), &arguments, &line).expect("a stack");
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert_eq!(
        app.authenticate(Flags::NONE),
        Code::SUCCESS,
        "nothing was learned here"
    );
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    assert_eq!(machine.log(), "", "the script was not read");

    // Nobody typed at a keyboard of this machine, wherever these tests run: every rule refuses.
    let enforced = format!("{arguments} mode=enforce no_timings=refuse unprivileged=refuse");
    let stack = Stack::debian(&shipped_module(), &enforced, &line).expect("a stack");
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::AUTH_ERR);
}
