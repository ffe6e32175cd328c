//! The files that lines name.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::kit::{DEBIAN, Root, SHARED, kinds, login};

const MODULES: [&str; 4] = [
    "pam_keydyn.so",
    "pam_unix.so",
    "pam_deny.so",
    "pam_permit.so",
];

/// A system with these lines for `login`, and with every module of Debian's stack.
fn installed(lines: &str) -> Root {
    let root = Root::new(&[("login", lines)]);
    root.install(&MODULES);
    root
}

fn said(root: &Root) -> Vec<(String, String)> {
    let found = root.examine(&["login"]).findings;
    let texts = found.iter().map(|one| one.text.clone());
    kinds(&found).into_iter().zip(texts).collect()
}

#[test]
fn a_module_that_is_not_there_and_one_that_is_elsewhere() {
    let root = Root::new(&[("login", DEBIAN)]);
    root.install(&["pam_unix.so", "pam_deny.so", "pam_permit.so"]);
    let found = root.examine(&[]).findings;
    assert_eq!(kinds(&found), ["error module-missing"; 2]);
    assert!(found[0].text.contains("lets nobody in"), "{found:?}");

    root.install(&["pam_keydyn.so"]);
    root.write("opt/pam_keydyn.so", SHARED);
    assert!(root.examine(&[]).findings.is_empty());
    root.write(
        "etc/pam.d/login",
        DEBIAN.replace("pam_keydyn", "/opt/pam_keydyn"),
    );
    assert_eq!(
        kinds(&root.examine(&[]).findings),
        ["warning module-elsewhere"; 2]
    );
    let opt = root.path().join("opt");
    fs::set_permissions(&opt, fs::Permissions::from_mode(0o777)).unwrap();
    let found = root.examine(&[]).findings;
    assert_eq!(kinds(&found), ["error module-writable"; 2]);
    assert!(found[0].text.contains("becomes root at the next login"));
}

#[test]
fn what_libpam_cannot_load_is_no_module() {
    let root = installed(DEBIAN);
    let module = "usr/lib/security/pam_keydyn.so";
    assert!(said(&root).is_empty(), "{:?}", said(&root));
    let mut foreign = SHARED;
    foreign[18] = 0xb7;
    // One section of 64 bytes, which begins where the file ends.
    let mut beyond = SHARED;
    (beyond[40], beyond[58], beyond[60]) = (84, 64, 1);
    for (bytes, why) in [
        (&b""[..], "it is empty; it lets nobody in"),
        (
            &b"#!/bin/sh\nexit 0 # no module\n"[..],
            "it is no shared library",
        ),
        (&SHARED[..12], "it is no shared library"),
        (&SHARED[..63], "it is cut off"),
        (&beyond[..], "it is cut off"),
        (&SHARED[..64], "has nothing that is called for `auth`"),
        (
            &foreign[..],
            "for another kind of machine than the other modules",
        ),
    ] {
        root.write(module, bytes);
        let said = said(&root);
        assert_eq!(said.len(), 2, "{said:?}");
        for (kind, text) in &said {
            assert_eq!(kind, "error module-unusable");
            assert!(text.contains(why) && text.contains("cannot load"), "{text}");
        }
    }
    // Where nothing says what the modules here are made for, any shared object will do.
    for known in &MODULES[1..3] {
        root.write(&format!("usr/lib/security/{known}"), "");
    }
    let said = said(&root);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said.iter().all(|(_, text)| !text.contains("pam_keydyn")),
        "{said:?}"
    );
}

/// What others can write, they decide.
#[test]
fn a_file_of_the_stack_that_others_can_write_is_an_error() {
    let root = Root::new(&[
        ("login", "@include common-auth\n"),
        ("common-auth", DEBIAN),
        ("sudo", "auth required pam_unix.so\n"),
    ]);
    let set = |name: &str, mode: u32| {
        let path = root.path().join("etc").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    // Of a service that is not judged nothing is said.
    set("pam.d/sudo", 0o666);
    let told = || root.examine(&[]).findings.swap_remove(0);
    assert_eq!(told().kind, "others");
    for (name, usual) in [
        ("pam.d/common-auth", 0o644),
        ("pam.d/login", 0o644),
        ("pam.d", 0o755),
    ] {
        let path = set(name, usual | 0o020);
        let remedy = format!("`chown root {0} && chmod go-w {0}`.", path.display());
        assert_eq!(told().kind, "stack-writable", "{name}");
        assert!(told().text.ends_with(&remedy), "{:?}", told());
        set(name, usual);
    }
    assert_eq!(told().kind, "others");
}

/// It may have named keydyn.
#[test]
fn a_service_that_libpam_cannot_use_is_told_unnamed() {
    let root = Root::new(&[
        ("login", DEBIAN),
        ("su", "@include gone\n"),
        ("sudo", "auth include gone\n"),
    ]);
    let found = root.examine(&[]);
    assert_eq!(found.services, ["login"]);
    assert_eq!(
        kinds(&found.findings),
        ["error unusable", "error broken-line"]
    );
    assert_eq!(found.findings[0].services, ["su"]);
    assert_eq!(found.findings[1].services, ["sudo"]);
}

#[test]
fn of_very_many_broken_lines_some_are_told() {
    let found = login(&"auht required pam_unix.so\n".repeat(5000));
    assert_eq!(kinds(&found), ["error broken-line"; 21]);
    assert!(found[20].text.contains("4980 more lines"), "{found:?}");
}

#[test]
fn a_pipe_in_the_place_of_the_module_keeps_nobody_waiting() {
    let root = installed(DEBIAN);
    let module = root.path().join("usr/lib/security/pam_keydyn.so");
    fs::remove_file(&module).unwrap();
    let made = Command::new("mkfifo").arg(&module).status().unwrap();
    assert!(made.success());
    assert!(said(&root)[0].1.contains("it is no ordinary file"));
    fs::remove_file(&module).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &module).unwrap();
    // Below this root there is no such device.
    assert_eq!(said(&root)[0].0, "error module-missing");
}

#[test]
fn a_module_that_lockers_cannot_read_is_told() {
    let root = installed(DEBIAN);
    let module = root.path().join("usr/lib/security/pam_keydyn.so");
    fs::set_permissions(&module, fs::Permissions::from_mode(0o700)).unwrap();
    let said = said(&root);
    assert_eq!(said[0].0, "warning module-hidden");
    assert!(said[0].1.contains("chmod 644"), "{said:?}");
}

#[test]
fn a_module_of_others_that_is_not_there_is_no_wrong_jump() {
    // Whoever gets to it is refused.
    let root =
        installed(&DEBIAN.replace("requisite                   pam_deny", "requisite pam_dny"));
    let required = format!("auth required pam_tally3.so\n{DEBIAN}");
    for root in [root, installed(&required)] {
        let said = said(&root);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].0, "error module-missing");
        assert!(
            said[0]
                .1
                .contains("which is not there: whoever gets there is refused. Check the spelling"),
            "{said:?}"
        );
    }

    // Nobody asks for the password any more.
    let said = said(&installed(&DEBIAN.replace("pam_unix", "pam_unx")));
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].0, "error module-missing");
    assert!(
        said[0].1.contains("no other line here checks a password"),
        "{said:?}"
    );
}

#[test]
fn a_module_of_others_that_may_be_missing_says_nothing() {
    for known in [
        "auth optional pam_gnome_keyring.so\n",
        "-auth [success=3 default=ignore] pam_systemd_home.so\n",
        "-auth optional pam_of_our_own.so\n",
    ] {
        let root = installed(&format!("{DEBIAN}{known}"));
        assert!(said(&root).is_empty(), "{known}: {:?}", said(&root));
    }
    // Another module checks the password here, which is not known.
    let asked = "auth  [success=1 default=ignore]  pam_unix.so nullok\n";
    let both = format!(
        "auth [success=2 default=ignore] pam_unix.so\n{}",
        asked.replace("unix", "own")
    );
    let root = installed(&DEBIAN.replace(asked, &both));
    root.install(&["pam_own.so"]);
    fs::remove_file(root.path().join("usr/lib/security/pam_unix.so")).unwrap();
    assert!(said(&root).is_empty(), "{:?}", said(&root));

    let said = said(&installed(&format!(
        "{DEBIAN}auth optional pam_gnome_keyrin.so\n"
    )));
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].0, "warning module-missing");
    assert!(
        said[0]
            .1
            .contains("libpam passes over the line. Check the spelling"),
        "{said:?}"
    );
}

#[test]
fn a_name_without_its_ending_is_told() {
    for (name, remedy) in [
        ("pam_keydyn", "Write `pam_keydyn.so`."),
        ("pam_deny", "Write `pam_deny.so`."),
    ] {
        let lines = DEBIAN.replace(&format!("{name}.so"), name);
        let said = said(&installed(&lines));
        assert_eq!(said[0].0, "error module-missing");
        assert!(said[0].1.ends_with(remedy), "{said:?}");
    }
    // Even where nothing is known of the modules.
    let found = login(&DEBIAN.replace("pam_keydyn.so", "pam_keydyn"));
    assert_eq!(kinds(&found), ["error module-missing"; 2]);
    assert!(
        found[0]
            .text
            .contains("names pam_keydyn, which is not there"),
        "{found:?}"
    );
}

#[test]
fn line_ends_of_another_system_are_told_as_such() {
    let root = Root::new(&[
        ("login", &DEBIAN.replace('\n', "\r\n")),
        ("sudo", "# edited elsewhere\r\n@include common-auth\r\n"),
        ("su", "auth required pam_unix.so # said\r\n"),
        ("common-auth", DEBIAN),
    ]);
    let found = root.examine(&[]);
    assert_eq!(found.services, ["common-auth", "login", "sudo"]);
    assert_eq!(
        kinds(&found.findings),
        ["error line-ends", "error line-ends", "note others"]
    );
    let path = root.path().join("etc/pam.d/login");
    let text = &found.findings[0].text;
    assert!(
        text.contains(&format!("{}:1 ends as", path.display())),
        "{text}"
    );
    assert!(
        text.contains(&format!("`sed -i 's/\\r$//' {}`", path.display())),
        "{text}"
    );
}

/// Measured on Linux-PAM 1.5.2: whoever has any password gets in by the first of these, and whoever has
/// the right one, however it was typed, by the second.
#[test]
fn a_line_that_libpam_reads_in_pieces_is_told() {
    let sound = "auth requisite pam_keydyn.so capture\n\
                 auth [success=1 default=ignore] pam_unix.so\n\
                 auth requisite pam_deny.so\n\
                 auth required pam_permit.so\n";
    let verify = "auth requisite pam_keydyn.so verify\n";
    let comment = |rest: &str| format!("# {}{rest}\n", "x".repeat(1021));
    let in_front = comment("auth sufficient pam_permit.so") + sound + verify;
    let passed_over = format!(
        "{sound}{}{verify}",
        comment("auth sufficient pam_permit.so")
    );
    let arguments = format!("{sound}{} {}\n", verify.trim_end(), "debug ".repeat(200));
    for (text, line) in [(in_front, 1), (passed_over, 5), (arguments, 5)] {
        let root = Root::new(&[("login", &text)]);
        let found = root.examine(&["login"]);
        assert_eq!(kinds(&found.findings), ["error long-line"], "{text}");
        let told = &found.findings[0].text;
        assert!(told.contains(&format!("login:{line} is longer")), "{told}");
    }
}

#[test]
fn a_line_without_its_control_is_told_as_such() {
    for line in [
        "auth pam_unix.so",
        "auth pam_unix.so nullok",
        "auth pam_keydyn.so capture",
        "auth pam_keydyn.so",
    ] {
        let root = Root::new(&[("login", &format!("{line}\n"))]);
        let found = root.examine(&["login"]).findings;
        assert_eq!(kinds(&found), ["error broken-line"], "{line}");
        let text = &found[0].text;
        assert!(
            text.contains("control (`required`, `requisite` ...) is missing in front of `pam_"),
            "{text}"
        );
        let means = line.contains("keydyn");
        assert_eq!(root.examine(&[]).services.is_empty(), !means, "{line}");
    }
    // One that is misspelled stays one.
    let found = login("auth requird pam_unix.so\n");
    assert!(
        found[0].text.contains("does not understand `requird`"),
        "{found:?}"
    );
}
