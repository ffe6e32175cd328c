//! Services as they lie on a disk, and what is said of them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod files;
mod kit;
mod told;

use std::fs;

use keydyn_stack::files::Configuration;
use keydyn_stack::judge::{examine, named};
use keydyn_stack::service::{Facility, Service};

use kit::{DEBIAN, Root, kinds, login};

#[test]
fn one_fault_in_a_common_file_is_told_once() {
    let broken = DEBIAN.replace("[success=1 default=ignore]", "sufficient");
    let root = Root::new(&[
        ("common-auth", &broken),
        (
            "login",
            "auth optional pam_faildelay.so\n@include common-auth\n",
        ),
        ("sudo", "@include common-auth\n"),
        (
            "su",
            "auth sufficient pam_rootok.so\n@include common-auth\n",
        ),
        ("su-l", "auth include su\n"),
        ("cron", "account required pam_unix.so\n"),
    ]);
    let found = root.examine(&[]);
    assert_eq!(found.services, ["login", "su", "su-l", "sudo"]);
    assert_eq!(
        kinds(&found.findings),
        ["error verify-passed-over", "note other-way"]
    );
    assert_eq!(found.findings[0].services, ["login", "su", "su-l", "sudo"]);
    assert_eq!(found.findings[1].services, ["su", "su-l"]);
    let at = format!("{}/etc/pam.d/common-auth", root.path().display());
    assert_eq!(
        found.findings[0].lines,
        [format!("{at}:2"), format!("{at}:5")]
    );
}

/// What names the module by whatever way a service comes to it.
#[test]
fn lines_are_found_wherever_a_service_takes_them_from() {
    let line = "auth requisite pam_keydyn.so verify\n";
    let root = Root::new(&[
        ("cron", "@include common-auth.save\n"),
        ("common-auth.save", line),
        ("left.save", line),
        ("login", "auth INCLUDE \\\n  nested\n# pam_keydyn.so\n"),
        ("nested", "auth SubStack [/etc/far away]\n"),
        ("su", "auth required \\\n\n /opt/[x]/pam_keydyn.so\n"),
        (
            "sudo",
            "AUTH [success=1 default=die] [/opt/a b/pam_keydyn.so] capture\nauth pam_keydyn.so\n",
        ),
        ("wrong", "auht required pam_keydyn.so\n"),
    ]);
    root.write("etc/far away", format!("#\n{line}"));
    let (lines, unread) = named(&root.configuration()).unwrap();
    assert!(unread.is_none());
    let start = format!("{}/etc/", root.path().display());
    let told = |line: &keydyn_stack::judge::Named| {
        format!("{}:{}", line.place, line.text).replace(&start, "")
    };
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        [
            "far away:2:auth requisite pam_keydyn.so verify",
            "pam.d/common-auth.save:1:auth requisite pam_keydyn.so verify",
            "pam.d/su:1:auth required /opt/[x]/pam_keydyn.so",
            "pam.d/sudo:1:auth [success=1 default=die] /opt/a b/pam_keydyn.so capture",
            "pam.d/sudo:2:auth pam_keydyn.so",
            "pam.d/wrong:1:auth required pam_keydyn.so",
        ]
    );
}

#[test]
fn a_common_file_that_nobody_includes_is_a_service() {
    let root = Root::new(&[("common-auth", DEBIAN)]);
    assert_eq!(root.examine(&[]).services, ["common-auth"]);
}

#[test]
fn who_is_not_guarded_is_told() {
    let root = Root::new(&[
        ("login", DEBIAN),
        ("sudo", "auth required pam_unix.so\n"),
        ("other", "auth required pam_deny.so\n"),
    ]);
    let found = root.examine(&["login", "sudo", "SSHD"]);
    assert_eq!(found.services, ["login", "sudo", "sshd"]);
    let said: Vec<_> = found.findings.iter().map(|one| &*one.text).collect();
    assert!(said[0].contains("sudo is not guarded"), "{said:?}");
    assert!(said[1].contains("There is no service sshd"), "{said:?}");
    let root = Root::new(&[("sudo", "auth required pam_unix.so\n")]);
    assert_eq!(kinds(&root.examine(&[]).findings), ["error nowhere"]);
}

#[test]
fn a_service_that_cannot_be_read_hides_no_other() {
    let root = Root::new(&[("login", DEBIAN)]);
    std::os::unix::fs::symlink("loop", root.path().join("etc/pam.d/loop")).unwrap();
    let found = root.examine(&[]);
    assert_eq!(found.services, ["login"]);
    assert_eq!(kinds(&found.findings), ["warning unreadable"]);
    assert!(examine(&root.configuration(), &["loop".to_owned()]).is_err());
}

#[test]
fn what_has_no_auth_lines_has_those_of_other() {
    let root = Root::new(&[
        ("login", "account required pam_permit.so\n"),
        ("other", DEBIAN),
    ]);
    let service = Service::read(&root.configuration(), "login").unwrap();
    assert_eq!(service.stack(Facility::Auth).len(), 5);
    assert_eq!(service.stack(Facility::Account).len(), 1);
    let found = root.examine(&["login", "anything"]).findings;
    assert_eq!(kinds(&found), ["warning no-such-service"]);
    assert_eq!(found[0].services, ["anything"]);
}

#[test]
fn pam_conf_has_a_service_in_every_line() {
    let lines: String = DEBIAN
        .lines()
        .map(|line| format!("login {line}\n"))
        .collect();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    let text = format!("{lines}other auth required pam_deny.so\n");
    fs::write(root.path().join("etc/pam.conf"), text).unwrap();
    let configuration = Configuration::under(root.path()).unwrap();
    let found = examine(&configuration, &[]).unwrap();
    assert_eq!(found.services, ["login"]);
    assert!(found.findings.is_empty(), "{found:?}");
    let other = Service::read(&configuration, "sudo").unwrap();
    assert_eq!(other.stack(Facility::Auth).len(), 1);
    assert!(!other.is_there);
}

#[test]
fn a_password_module_nobody_knows_is_taken_for_one() {
    let lines = DEBIAN.replace("pam_unix", "pam_of_our_own");
    assert!(login(&lines).is_empty());
    let broken = lines.replace("[success=1 default=ignore]", "sufficient");
    assert_eq!(kinds(&login(&broken)), ["error verify-passed-over"]);
    assert_eq!(
        kinds(&login(
            "auth requisite pam_keydyn.so capture\nauth requisite pam_keydyn.so verify\n"
        )),
        ["error no-password"]
    );
}

#[test]
fn whoever_one_of_two_modules_knows_may_be_locked_out_alone() {
    // Made for one password module; the second one's jump was not counted.
    let lines = "\
auth  requisite                   pam_keydyn.so capture
auth  [success=2 default=ignore]  pam_unix.so
auth  [success=2 default=ignore]  pam_sss.so use_first_pass
auth  requisite                   pam_deny.so
auth  requisite                   pam_keydyn.so verify
auth  required                    pam_permit.so
";
    let found = login(lines);
    assert_eq!(kinds(&found), ["error verify-passed-over"]);
    assert!(found[0].text.contains("pam_sss.so"), "{found:?}");

    // Only the first jump was counted anew when `verify` was put in.
    let lines = "\
auth  requisite                   pam_keydyn.so capture
auth  [success=3 default=ignore]  pam_unix.so
auth  [success=1 default=ignore]  pam_sss.so use_first_pass
auth  requisite                   pam_keydyn.so verify
auth  requisite                   pam_deny.so
auth  required                    pam_permit.so
";
    let found = login(lines);
    assert_eq!(
        kinds(&found),
        ["error locked-out-of-one", "error verify-passed-over"]
    );
    assert!(
        found[0].text.contains("a password that pam_sss knows"),
        "{found:?}"
    );
}

#[test]
fn systemd_home_asks_only_those_whose_home_it_keeps() {
    let right = "\
auth   requisite                   pam_keydyn.so capture
-auth  [success=2 default=ignore]  pam_systemd_home.so
auth   [success=1 default=bad]     pam_unix.so try_first_pass
auth   requisite                   pam_deny.so
auth   requisite                   pam_keydyn.so verify
auth   optional                    pam_permit.so
";
    assert!(login(right).is_empty(), "{:?}", login(right));
    let (first, rest) = right.split_once('\n').unwrap();
    let (second, rest) = rest.split_once('\n').unwrap();
    let behind = format!(
        "{}\n{first}\n{rest}",
        second.replace("success=2", "success=3")
    );
    assert_eq!(kinds(&login(&behind)), ["error capture-passed-over"]);
}

#[test]
fn a_stack_that_lets_everybody_in_anyway_is_told_of() {
    let lines = "\
auth  requisite  pam_keydyn.so capture
auth  optional   pam_unix.so
auth  required   pam_permit.so
auth  requisite  pam_keydyn.so verify
";
    let found = login(lines);
    assert_eq!(kinds(&found), ["error wrong-password"]);
    assert!(found[0].text.contains("without them"), "{found:?}");
}

#[test]
fn many_modules_that_nobody_knows_are_walked_through() {
    let mut lines = DEBIAN.to_owned();
    for number in 0..60 {
        lines += &format!("auth [success=1 default=ignore] pam_own_{number}.so\n");
    }
    let kinds = kinds(&login(&lines));
    assert!(
        !kinds.contains(&"warning too-many-ways".to_owned()),
        "{kinds:?}"
    );
}

#[test]
fn what_is_no_stack_is_no_panic() {
    for lines in [
        "\0\0\0",
        "[",
        "auth [",
        "auth [=] x",
        "auth required [pam_keydyn.so] [capture",
        "\u{feff}auth required pam_keydyn.so verify\n",
        "auth required pam_keydyn.so a\0b verify\n",
        "auth substack\nauth include\n@include\n",
        "auth include login\nauth substack login\n",
        &"auth [default=4000000000] pam_keydyn.so verify\n".repeat(300),
    ] {
        let _ = login(lines);
    }
}

/// A condition or another factor in front lets nobody in by itself while the password is asked for
/// behind it, and hides no fault of what follows.
#[test]
fn a_gate_in_front_hides_nothing() {
    let kinds_behind = |gate: &str, faulty: &str| kinds(&login(&format!("{gate}{faulty}")));
    let optional = DEBIAN.replace(
        "requisite                   pam_keydyn.so verify",
        "optional pam_keydyn.so verify",
    );
    let unproven = DEBIAN
        .replace("[success=1 default=ignore]", "optional")
        .replace(
            "requisite                   pam_deny.so",
            "optional pam_cap.so",
        );
    for gate in [
        "auth [success=1 default=ignore] pam_succeed_if.so user ingroup staff\nauth requisite pam_deny.so\n",
        "auth [success=ok default=die] pam_u2f.so\n",
        "auth [success=1 default=ignore] pam_duo.so\nauth requisite pam_deny.so\n",
    ] {
        let found = kinds_behind(gate, &optional);
        assert!(
            found.contains(&"error refusal-lost".to_owned()),
            "{gate}{found:?}"
        );
        let found = kinds_behind(gate, &unproven);
        assert!(
            found.iter().any(|kind| kind.ends_with("wrong-password")),
            "{gate}{found:?}"
        );
        assert!(
            !kinds_behind(gate, DEBIAN)
                .iter()
                .any(|kind| kind.starts_with("error"))
        );
    }
}

/// A factor more, behind the password, is no way around it.
#[test]
fn a_factor_behind_the_password_excuses_nothing() {
    let optional = DEBIAN.replace(
        "requisite                   pam_keydyn.so verify",
        "optional pam_keydyn.so verify",
    );
    for factor in [
        "auth [success=1 default=ignore] pam_duo.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
        "auth [success=ok default=die] pam_oath.so\n",
        "auth [success=done default=die] pam_of_our_own.so\n",
    ] {
        let found = kinds(&login(&format!("{optional}{factor}")));
        assert_eq!(found, ["error refusal-lost"], "{factor}");
        let found = kinds(&login(&format!("{DEBIAN}{factor}")));
        assert!(found.is_empty(), "{factor}{found:?}");
    }
}

/// A jump that was counted before keydyn's lines were put in.
#[test]
fn a_finger_whose_jump_was_not_counted_anew_is_told() {
    for (line, kind) in [
        (
            "[success=2 default=ignore] pam_fprintd.so",
            "error locked-out-of-one",
        ),
        (
            "[success=2 default=ignore] pam_of_our_own.so",
            "error locked-out-of-one",
        ),
        ("sufficient pam_fprintd.so", "note other-way"),
        (
            "[success=3 default=ignore] pam_fprintd.so",
            "error capture-passed-over",
        ),
    ] {
        let found = login(&format!("auth {line}\n{DEBIAN}"));
        assert_eq!(kinds(&found)[0], kind, "{line}: {found:?}");
        let counted = found[0].text.contains("keydyn's count too");
        assert_eq!(counted, kind.ends_with("of-one"), "{found:?}");
        let behind = "Let its jump end at a `required pam_permit.so` behind `verify`.";
        assert_eq!(found[0].text.ends_with(behind), kind.ends_with("over"));
    }
}

/// Behind `capture` there is a password to check.
#[test]
fn what_is_not_known_and_leads_past_verify_is_a_warning() {
    let behind = |line: &str| {
        let lines = DEBIAN.replace("capture\n", &format!("capture\nauth {line}\n"));
        kinds(&login(&lines))
    };
    for line in [
        "sufficient pam_of_our_own.so",
        "sufficient pam_exec.so expose_authtok /usr/bin/check",
        "sufficient pam_python.so check.py",
    ] {
        assert_eq!(behind(line), ["warning other-way"], "{line}");
        let found = kinds(&login(&format!("auth {line}\n{DEBIAN}")));
        assert!(!found.contains(&"warning other-way".to_owned()), "{line}");
    }
    assert_eq!(behind("sufficient pam_fprintd.so"), ["note other-way"]);
    // What takes a code off the end of the password leaves another.
    for line in ["requisite pam_oath.so", "requisite pam_yubico.so"] {
        let replaced = behind(&format!("{line} try_first_pass"));
        assert!(
            replaced.contains(&"error password-replaced".to_owned()),
            "{replaced:?}"
        );
        assert!(!behind(line).contains(&"error password-replaced".to_owned()));
    }
}

/// A directory of passwords that does not answer says neither yes nor no.
#[test]
fn a_password_module_that_cannot_be_asked_lets_nobody_in() {
    let stack = DEBIAN
        .replace(
            "[success=1 default=ignore]  pam_unix.so nullok",
            "[success=ok authinfo_unavail=ignore default=die] pam_sss.so",
        )
        .replace("auth  requisite                   pam_deny.so\n", "");
    let found = kinds(&login(&stack));
    assert!(
        found.iter().any(|kind| kind.ends_with("wrong-password")),
        "{found:?}"
    );
}

/// Debian's own `login` in front of a stack that has lost its success: what decides nothing saves
/// nothing.
#[test]
fn modules_that_decide_nothing_do_not_save_a_stack() {
    let login = "auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n";
    let permit = "auth  required                    pam_permit.so\n";
    for broken in [
        DEBIAN.replace(permit, ""),
        DEBIAN.replace("success=1", "success=2"),
    ] {
        let found = Root::new(&[("login", &format!("{login}{broken}"))]).examine(&["login"]);
        let errors = found
            .findings
            .iter()
            .filter(|one| one.kind == "unlearned-locked-out");
        let text: String = errors.map(|one| one.text.clone()).collect();
        assert!(
            text.contains("put that line in front of `verify`"),
            "{found:?}"
        );
    }
}
