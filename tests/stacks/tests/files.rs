//! Files that cannot be written, are not what they should be, or change under a login: full and
//! read-only disks, links, directories, other owners, older generations, clocks set back.
#![allow(clippy::expect_used, clippy::print_stderr, reason = "tests")]

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::ptr;

use pam_host::{Application, Code, Conversation, Flags, Stack};
use stacks::Verify::{AuthErr, Ignore, Success};
use stacks::{
    FRONT, Login, Machine, PASSWORD, Typing, USER, Verify, confined, in_a_process_of_its_own,
};

const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;

fn owner() -> Typing {
    Typing::owner(200)
}

fn stranger() -> Typing {
    Typing::stranger(3)
}

fn assert_outcome(login: &Login, outcome: &str) {
    assert!(login.log.contains(outcome), "{outcome}: {login:?}");
}

fn is_root() -> bool {
    // SAFETY: cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Does this in a child process whose mounts nobody else sees; they go with it.
fn with_mounts_of_its_own(check: impl FnOnce()) {
    if !is_root() {
        eprintln!("skipped: mounting a full or read-only disk takes root");
        return;
    }
    let allowed = in_a_process_of_its_own(|| {
        let allowed = confined::own_mounts();
        if allowed {
            check();
        }
        allowed
    });
    if !allowed {
        eprintln!("skipped: this system allows no mounts of one's own");
    }
}

fn mount(source: &str, target: &Path, kind: &str, flags: libc::c_ulong, options: &str) {
    let text = |text: &[u8]| CString::new(text).expect("no NUL");
    let [source, kind, options] = [source, kind, options].map(|part| text(part.as_bytes()));
    let target = text(target.as_os_str().as_bytes());
    let kind = if kind.is_empty() {
        ptr::null()
    } else {
        kind.as_ptr()
    };
    // SAFETY: all are strings that live through the call.
    let done = unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind,
            flags,
            options.as_ptr().cast(),
        )
    };
    assert_eq!(done, 0, "mount: {}", io::Error::last_os_error());
}

/// The directory becomes a disk of its own with the same files.
fn on_a_small_disk(machine: &Machine, name: &str) {
    let directory = machine.path(name);
    let _ = fs::create_dir(&directory);
    let kept: Vec<_> = fs::read_dir(&directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name(), fs::read(entry.path()).expect("a file")))
        .collect();
    mount("tmpfs", &directory, "tmpfs", 0, "size=1m,mode=0700");
    for (name, bytes) in kept {
        let path = directory.join(name);
        fs::write(&path, bytes).expect("copied");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("closed");
    }
}

/// Leaves so many pages of 4,096 bytes.
fn fill_up(directory: &Path, pages_left: u64) {
    let path = directory.join("filler");
    let mut filler = fs::File::create(&path).expect("created");
    while filler.write_all(&[0; 4096]).is_ok() {}
    let pages = filler.metadata().expect("there").len() / 4096;
    filler
        .set_len((pages - pages_left) * 4096)
        .expect("shortened");
}

fn read_only(directory: &Path) {
    let path = directory.to_str().expect("a text").to_owned();
    mount(&path, directory, "", libc::MS_BIND, "");
    let flags = libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY;
    mount(&path, directory, "", flags, "");
}

fn writable_again(directory: &Path) {
    let path = CString::new(directory.as_os_str().as_bytes()).expect("no NUL");
    // SAFETY: a string that lives through the call.
    assert_eq!(unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) }, 0);
}

#[test]
fn a_disk_with_room_for_the_state_only_judges_counts_and_learns_nothing() {
    with_mounts_of_its_own(|| {
        let mut machine = Machine::armed();
        on_a_small_disk(&machine, "state");
        let before = machine.learned();
        fill_up(&machine.path("state"), 4);
        let accepted = machine.log_in(&owner());
        assert_eq!(accepted.code, Code::SUCCESS);
        assert_outcome(&accepted, "outcome=accepted");
        assert_outcome(&accepted, "not learned");
        assert_outcome(&accepted, "No space left on device");
        assert_outcome(
            &machine.log_in(&stranger()),
            "outcome=refused reason=rhythm",
        );
        assert!(!machine.path("run").join("65534.state").exists());
        assert_eq!(machine.learned(), before, "the profile is whole");
        fs::remove_file(machine.path("state/filler")).expect("removed");
        assert_outcome(&machine.log_in(&owner()), "learned state=armed");
    });
}

#[test]
fn a_disk_full_to_the_last_page_counts_in_run() {
    with_mounts_of_its_own(|| {
        let mut machine = Machine::armed();
        on_a_small_disk(&machine, "state");
        fill_up(&machine.path("state"), 0);
        for i in 0..5 {
            let login = machine.log_in(&Typing::stranger(i));
            assert_outcome(&login, "outcome=refused reason=rhythm");
        }
        assert_outcome(&machine.log_in(&owner()), "state=cooling-down");
        machine.wait(31);
        let login = machine.log_in(&owner());
        assert_outcome(&login, "outcome=accepted");
        assert_outcome(&login, "not learned");
    });
}

#[test]
fn with_both_disks_full_an_armed_user_is_refused_and_nobody_else() {
    with_mounts_of_its_own(|| {
        let fill = |machine: &Machine| {
            for name in ["state", "run"] {
                on_a_small_disk(machine, name);
                fill_up(&machine.path(name), 0);
            }
        };
        let mut machine = Machine::armed();
        fill(&machine);
        let login = machine.log_in(&owner());
        assert_eq!(login.code, Code::AUTH_ERR);
        assert_outcome(&login, "state=armed outcome=failed reason=state-unwritable");
        let mut learning = Machine::after(5);
        fill(&learning);
        let login = learning.log_in(&owner());
        assert_eq!(login.code, Code::SUCCESS);
        assert_outcome(&login, "not learned");
    });
}

#[test]
fn a_read_only_disk_counts_in_run_and_the_higher_generation_wins_afterwards() {
    with_mounts_of_its_own(|| {
        let mut machine = Machine::armed();
        let before = machine.learned();
        read_only(&machine.path("state"));
        for i in 0..5 {
            let login = machine.log_in(&Typing::stranger(i));
            assert_outcome(&login, "outcome=refused reason=rhythm");
        }
        assert_outcome(&machine.log_in(&owner()), "state=cooling-down");
        writable_again(&machine.path("state"));
        // What was counted in /run is not forgotten.
        assert_outcome(&machine.log_in(&owner()), "state=cooling-down");
        machine.wait(31);
        let login = machine.log_in(&owner());
        assert_outcome(&login, "outcome=accepted");
        assert_outcome(&login, "learned state=armed");
        assert_eq!(machine.learned(), before + 1);
        // /run's is the older one now.
        assert_outcome(&machine.log_in(&Typing::owner(201)), "outcome=accepted");
    });
}

#[test]
fn a_first_login_on_a_read_only_disk_lets_in_and_says_why_nothing_is_learned() {
    with_mounts_of_its_own(|| {
        let mut machine = Machine::new();
        fs::create_dir(machine.path("state")).expect("made");
        fs::set_permissions(machine.path("state"), Permissions::from_mode(0o700)).expect("closed");
        read_only(&machine.path("state"));
        let login = machine.log_in(&owner());
        assert_eq!(login.code, Code::SUCCESS);
        assert_outcome(&login, "host.key");
        assert_outcome(&login, "Read-only file system");
        assert_outcome(&login, "state=unarmed outcome=failed reason=internal");
    });
}

/// What can stand in a file's place, or be wrong with it.
type Wrong = (&'static str, fn(&Path));

const WRONGS: [Wrong; 6] = [
    ("a link", |path| {
        let moved = path.with_extension("moved");
        fs::rename(path, &moved).expect("moved");
        symlink(&moved, path).expect("linked");
    }),
    ("a link to nowhere", |path| {
        fs::remove_file(path).expect("removed");
        symlink("/nonexistent/file", path).expect("linked");
    }),
    ("a directory", |path| {
        fs::remove_file(path).expect("removed");
        fs::create_dir(path).expect("made");
    }),
    ("a pipe", |path| {
        fs::remove_file(path).expect("removed");
        let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
        // SAFETY: a string that lives through the call.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    }),
    ("writable by others", |path| {
        fs::set_permissions(path, Permissions::from_mode(0o606)).expect("opened");
    }),
    ("somebody else's", |path| {
        if is_root() {
            chown(path, Some(1), None).expect("given away");
        } else {
            eprintln!("a file of another owner takes root: closed to its own instead");
            fs::set_permissions(path, Permissions::from_mode(0o620)).expect("opened");
        }
    }),
];

/// An armed machine on which this is wrong with these files of the account.
fn wrong(kinds: &[&str], (_, change): Wrong) -> Machine {
    let machine = Machine::armed();
    for kind in kinds {
        change(&machine.account_file(kind));
    }
    machine
}

/// What the owner and a stranger get.
fn assert_both(name: &str, machine: &dyn Fn() -> Machine, both: [Verify; 2]) {
    for (typing, expected) in [owner(), stranger()].iter().zip(both) {
        let mut machine = machine();
        assert_eq!(
            machine.verify(typing),
            expected,
            "{name}: {}",
            machine.log()
        );
    }
}

#[test]
fn a_profile_that_is_not_to_be_believed_gives_way_to_the_generation_before() {
    for kind in WRONGS {
        let one = || wrong(&["profile"], kind);
        assert_both(kind.0, &one, [Success, AuthErr]);
        let both = || wrong(&["profile", "profile.previous"], kind);
        assert_both(kind.0, &both, [AuthErr, AuthErr]);
        let login = both().log_in(&owner());
        assert_outcome(&login, "reason=profile-unreadable");
        assert_outcome(&login, "65534.profile: ");
    }
}

#[test]
fn a_state_that_is_not_to_be_believed_gives_way_to_the_sealed_copy() {
    for kind in WRONGS {
        assert_both(kind.0, &|| wrong(&["state"], kind), [Success, AuthErr]);
    }
}

#[test]
fn a_lock_that_is_no_file_holds_nobody_up() {
    for kind in WRONGS {
        assert_both(kind.0, &|| wrong(&["lock"], kind), [Success, AuthErr]);
    }
}

#[test]
fn a_host_key_that_is_not_to_be_believed_disarms_nobody() {
    for kind in WRONGS {
        let changed = |machine: Machine| {
            kind.1(&machine.path("state/host.key"));
            machine
        };
        let mut machine = changed(Machine::armed());
        assert_eq!(machine.verify(&stranger()), AuthErr, "{}", kind.0);
        let login = changed(Machine::armed()).log_in(&owner());
        // Nothing can be signed under it, so there is no verdict.
        assert_eq!(login.code, Code::AUTH_ERR, "{}: {login:?}", kind.0);
        assert_outcome(&login, "host.key: ");
        assert_outcome(&login, "as root");
        assert_eq!(changed(Machine::after(5)).verify(&owner()), Ignore);
    }
}

#[test]
fn a_directory_of_somebody_else_is_no_way_in() {
    if !is_root() {
        eprintln!("skipped: giving a directory away takes root");
        return;
    }
    for name in ["state", ""] {
        let given_away = || {
            let machine = Machine::armed();
            chown(machine.path(name), Some(1), None).expect("given away");
            machine
        };
        assert_both(name, &given_away, [AuthErr, AuthErr]);
        assert_outcome(&given_away().log_in(&owner()), "belongs to another user");
    }
}

#[test]
fn a_broken_run_matters_to_nobody_while_the_directory_can_be_written() {
    type Break = fn(&Path);
    let breaks: [(&str, Break); 4] = [
        ("a file", |run| fs::write(run, b"x").expect("written")),
        ("a link", |run| symlink("/tmp", run).expect("linked")),
        ("open to others", |run| {
            fs::create_dir(run).expect("made");
            fs::set_permissions(run, Permissions::from_mode(0o777)).expect("opened");
        }),
        ("with a forged state", |run| {
            fs::create_dir(run).expect("made");
            fs::set_permissions(run, Permissions::from_mode(0o700)).expect("closed");
            fs::write(run.join("65534.state"), [0x55; 1024]).expect("written");
        }),
    ];
    for (name, break_it) in breaks {
        let broken = || {
            let machine = Machine::armed();
            let _ = fs::remove_dir_all(machine.path("run"));
            break_it(&machine.path("run"));
            machine
        };
        assert_both(name, &broken, [Success, AuthErr]);
        assert_outcome(&broken().log_in(&owner()), "learned state=armed");
    }
}

#[test]
fn what_a_crash_left_behind_is_no_obstacle() {
    let mut machine = Machine::armed();
    for name in [
        ".65534.profile.new",
        ".65534.profile.old",
        ".65534.state.new",
    ] {
        fs::write(machine.path("state").join(name), b"half").expect("written");
    }
    let login = machine.log_in(&owner());
    assert_outcome(&login, "outcome=accepted");
    assert_outcome(&login, "learned state=armed");
    let left = machine.files().iter().any(|name| name.starts_with('.'));
    assert!(!left, "{:?}", machine.files());
}

#[test]
fn the_generation_before_is_learned_from_and_not_pushed_out_by_the_damaged_one() {
    let mut machine = Machine::armed();
    let before = machine.learned();
    let path = machine.account_file("profile");
    let mut file = fs::read(&path).expect("there");
    file[300] ^= 1;
    fs::write(&path, &file).expect("damaged");
    assert_outcome(&machine.log_in(&owner()), "learned state=armed");
    // The generation before had one typing fewer, and has learned this one.
    assert_eq!(machine.learned(), before);
    let kept = fs::read(machine.account_file("profile.previous")).expect("kept");
    assert_ne!(
        kept, file,
        "the damaged file was not kept in the good one's place"
    );
}

#[test]
fn a_clock_set_back_ten_years_neither_refuses_nor_disarms_nor_mixes_up_the_order() {
    let mut machine = Machine::armed();
    let before = machine.learned();
    machine.set_back(TEN_YEARS);
    for i in 0..3 {
        let login = machine.log_in(&Typing::owner(210 + i));
        assert_outcome(&login, "outcome=accepted");
        assert_outcome(&login, "learned state=armed");
    }
    assert_outcome(&machine.log_in(&stranger()), "outcome=refused");
    machine.wait(TEN_YEARS + 60);
    assert_outcome(&machine.log_in(&owner()), "outcome=accepted");
    assert_eq!(machine.learned(), before + 4);
    // A profile whose order had suffered would not open.
    assert!(
        machine
            .profile()
            .is_some_and(|(profile, _)| profile.armed())
    );
}

#[test]
fn a_clock_set_back_while_learning_proves_no_sitting() {
    let mut machine = Machine::new();
    for i in 0..40 {
        machine.set_back(5 * 3600);
        let login = machine.log_in(&Typing::owner(i));
        assert_outcome(&login, "learned state=learning");
    }
}

/// The profile is removed and made anew by root while somebody sits at the prompt.
fn make_anew(machine: &Machine, other: &Machine) {
    for name in other.files() {
        let to = machine.path("state").join(&name);
        let _ = fs::remove_file(&to);
        fs::copy(other.path("state").join(&name), to).expect("copied");
    }
}

#[test]
fn a_profile_made_anew_before_the_credentials_does_not_take_the_typing() {
    let machine = Machine::armed();
    let other = Machine::new().enrol();
    let before = other.learned();
    let stack = machine.debian(&owner());
    let answers = Conversation::answers([PASSWORD]);
    let mut app = Application::start(&stack, Stack::SERVICE, USER, answers).expect("starts");
    assert_eq!(app.authenticate(Flags::NONE), Code::SUCCESS);
    make_anew(&machine, &other);
    assert_eq!(app.set_credentials(Flags::ESTABLISH), Code::SUCCESS);
    let log = machine.log();
    assert!(
        log.contains("not learned: the profile was replaced"),
        "{log}"
    );
    assert_eq!(machine.learned(), before);
}

#[test]
fn a_profile_made_anew_before_verify_is_not_a_changed_password() {
    for (typing, begun, expected) in [
        (owner(), Machine::armed(), AuthErr),
        (stranger(), Machine::armed(), AuthErr),
        (owner(), Machine::after(5), AuthErr),
    ] {
        let mut machine = begun;
        let front = [&FRONT[..], &["auth  optional  pam_echo.so now"]].concat();
        let stack = machine.verify_behind(&typing, &front);
        let (here, other) = (machine.alias(), Machine::new().enrol());
        let conversation =
            Conversation::answers([PASSWORD]).when_told("now", move |_| make_anew(&here, &other));
        let login = machine.run(&stack, conversation);
        assert_eq!(Verify::of(login.code), Some(expected), "{login:?}");
        assert_outcome(
            &login,
            "the profile was replaced while the login was under way",
        );
        assert_outcome(
            &login,
            "state=armed outcome=failed reason=profile-unreadable",
        );
    }
}
