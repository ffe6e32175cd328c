//! What is said, and how often.

use keydyn_core::settings::{Rule, Settings};
use keydyn_stack::judge::examine;

use super::kit::{DEBIAN, Root, kinds, login};

#[test]
fn the_modes_are_noted() {
    for (mode, kind) in [("shadow", "note shadow"), ("enforce", "note enforce")] {
        let lines = DEBIAN.replace("capture", &format!("capture mode={mode}"));
        let lines = lines.replace("verify", &format!("verify mode={mode}"));
        assert_eq!(kinds(&login(&lines)), [kind]);
    }
}

/// What a line says, and what the file of settings says, of those who cannot be judged.
#[test]
fn rules_that_refuse_are_noted() {
    let rules = [
        "no_timings",
        "unprivileged",
        "virtual_keyboard",
        "new_keyboard",
        "password_change",
    ];
    let notes = [
        "note no-timings",
        "note unprivileged",
        "note virtual-refused",
        "note new-refused",
        "note password-change",
    ];
    let all = rules.map(|rule| format!("{rule}=refuse"));
    let with = |more: &str| {
        DEBIAN
            .replace("capture", &format!("capture {more}"))
            .replace("verify", &format!("verify {more}"))
    };
    assert_eq!(kinds(&login(&with(&all.join(" ")))), notes);
    let said = &login(&with("no_timings=refuse"))[0].text;
    assert!(
        said.contains("(ssh, cron, a serial line) is refused, learned or not"),
        "{said}"
    );
    // Nobody is refused then.
    assert_eq!(
        kinds(&login(&with("mode=shadow no_timings=refuse"))),
        ["note shadow"]
    );

    let root = Root::new(&[("login", DEBIAN)]);
    let settings = Settings::of_file(Ok(Some(all.join("\n").into_bytes())));
    let configuration = root.configuration().with_settings(settings);
    let found = examine(&configuration, &[]).unwrap().findings;
    assert_eq!(kinds(&found), notes);

    // Said of the file itself, in front of all else.
    let unread = Settings {
        configuration_unread: true,
        no_timings: Rule::Refuse,
        ..Settings::default()
    };
    let configuration = root.configuration().with_settings(unread);
    assert!(examine(&configuration, &[]).unwrap().findings.is_empty());
}

/// pam_rootok stands in front of many a stack.
#[test]
fn a_note_about_one_module_is_one_note() {
    let lines = format!("auth sufficient pam_rootok.so\n{DEBIAN}");
    let root = Root::new(&[
        ("su", &lines),
        ("chsh", &lines),
        ("chfn", &format!("#\n{lines}")),
    ]);
    let found = root.examine(&[]).findings;
    assert_eq!(kinds(&found), ["note other-way"]);
    let at = |name: &str, line: u32| format!("{}/etc/pam.d/{name}:{line}", root.path().display());
    let places = [at("chfn", 2), at("chsh", 1), at("su", 1)];
    assert_eq!(found[0].lines, places);
    assert_eq!(found[0].services, ["chfn", "chsh", "su"]);
    let text = format!(
        "`sufficient pam_rootok.so` ({}) lets in without",
        places.join(", ")
    );
    assert!(found[0].text.starts_with(&text), "{found:?}");
    // Another module is another note.
    root.write(
        "etc/pam.d/su",
        format!("auth sufficient pam_fprintd.so\n{DEBIAN}"),
    );
    assert_eq!(kinds(&root.examine(&[]).findings), ["note other-way"; 2]);
}

#[test]
fn a_condition_that_lets_in_is_a_warning() {
    let with = |line: &str| kinds(&login(&format!("{line}\n{DEBIAN}")));
    for line in [
        "auth sufficient pam_succeed_if.so uid >= 100",
        "auth [success=done default=ignore] pam_access.so",
    ] {
        assert_eq!(with(line), ["warning no-proof"], "{line}");
    }
    for line in [
        "auth sufficient pam_wheel.so trust",
        "auth sufficient pam_succeed_if.so user ingroup nopasswdlogin",
        "auth sufficient pam_rootok.so",
        "auth sufficient pam_fprintd.so",
        // It leads to the finger only.
        "auth [success=1 default=ignore] pam_localuser.so\nauth requisite pam_deny.so\nauth sufficient pam_fprintd.so",
    ] {
        assert_eq!(with(line), ["note other-way"], "{line}");
    }
    assert!(with("auth requisite pam_succeed_if.so uid >= 100").is_empty());
}

#[test]
fn what_is_given_an_unproven_password_is_told() {
    let found =
        login(&DEBIAN.replace("capture\n", "capture\nauth optional pam_gnome_keyring.so\n"));
    assert_eq!(kinds(&found), ["warning used-before"]);
    assert!(
        found[0].text.contains("(") && found[0].text.contains("Put it behind `verify`"),
        "{found:?}"
    );
    // In front of `capture` there is no password to be given.
    assert!(login(&format!("auth optional pam_gnome_keyring.so\n{DEBIAN}")).is_empty());
    assert!(login(&format!("{DEBIAN}auth optional pam_gnome_keyring.so\n")).is_empty());
    // A wrong password opens nothing.
    let lines = DEBIAN.replace(
        "requisite                   pam_deny.so",
        "optional pam_gnome_keyring.so",
    );
    assert_eq!(kinds(&login(&lines)), ["error wrong-password"]);
}

#[test]
fn who_else_asks_for_a_password_is_told_once() {
    let unguarded = "auth required pam_unix.so\n";
    let services = [
        ("login", DEBIAN),
        ("sudo", unguarded),
        ("sshd", "auth include password-auth\n"),
        ("password-auth", unguarded),
        ("keydyn", unguarded),
        ("runuser", "auth sufficient pam_rootok.so\n"),
        ("passwd", "password required pam_unix.so\n"),
    ];
    let root = Root::new(&services);
    let found = root.examine(&[]).findings;
    assert_eq!(kinds(&found), ["note others"]);
    let text = &found[0].text;
    assert!(text.starts_with("Not guarded: sudo. They ask"), "{text}");
    assert!(
        text.ends_with("not come to by this machine's keyboards: sshd."),
        "{text}"
    );
    assert!(root.examine(&["login"]).findings.is_empty());
    let none = Root::new(&services[1..]).examine(&[]).findings;
    assert_eq!(kinds(&none), ["error nowhere"]);
}

const MARKED: &str = "\
# here are the per-package modules (the \"Primary\" block)
auth	requisite			pam_keydyn.so capture
auth	[success=1 default=ignore]	pam_unix.so nullok
# here's the fallback if no module succeeds
auth	requisite			pam_deny.so
auth	required			pam_permit.so
# and here are more per-package modules (the \"Additional\" block)
auth	requisite			pam_keydyn.so verify
# end of pam-auth-update config
";

#[test]
fn of_two_lines_the_one_written_by_hand_is_to_go() {
    let capture = "auth requisite pam_keydyn.so capture\n";
    let verify = capture.replace("capture", "verify");
    let both = |text: String| {
        let root = Root::new(&[("common-auth", &*text)]);
        let found = root.examine(&[]).findings;
        let directory = format!("{}/etc/pam.d/", root.path().display());
        (kinds(&found), found[0].text.replace(&directory, ""))
    };
    let (kinds, text) = both(format!("{capture}{MARKED}"));
    assert_eq!(kinds, ["error capture-twice"]);
    assert!(text.contains("(common-auth:3) is a second `capture`, which forgets what `requisite pam_keydyn.so capture` (common-auth:1) has heard"), "{text}");
    assert!(
        text.ends_with("take out the one written by hand (common-auth:1)."),
        "{text}"
    );

    let root = Root::new(&[
        ("common-auth", MARKED),
        ("login", &format!("{capture}@include common-auth\n")),
    ]);
    let text = &root.examine(&["login"]).findings[0].text;
    assert!(text.ends_with("pam.d/login:1)."), "{text}");

    let (kinds, text) = both(format!("{MARKED}{verify}"));
    assert_eq!(kinds, ["error verify-twice"]);
    assert!(
        text.ends_with("take out the one written by hand (common-auth:10)."),
        "{text}"
    );

    let marked = MARKED.replace(
        "pam_keydyn.so capture\n",
        "pam_keydyn.so capture\nauth requisite pam_keydyn.so capture\n",
    );
    let (_, text) = both(marked);
    assert!(text.ends_with("Take one of them out."), "{text}");
}

#[test]
fn where_the_package_is_its_profiles_are_the_remedy() {
    const ENABLE: &str = "Run `pam-auth-update --enable keydyn-capture keydyn-verify`. ";
    let said = |text: &str, packaged: bool| {
        let root = Root::new(&[("common-auth", text)]);
        if packaged {
            root.write("usr/share/pam-configs/keydyn-capture", "Name: keydyn\n");
        }
        let found = root.examine(&[]).findings;
        (kinds(&found)[0].clone(), found[0].text.clone())
    };
    let without = |word: &str| -> String {
        let lines = MARKED.lines().filter(|line| !line.ends_with(word));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    for (text, kind) in [
        ("auth required pam_unix.so\n".to_owned(), "error nowhere"),
        (without("verify"), "error no-verify"),
        (without("capture"), "error no-capture"),
    ] {
        let (told, remedy) = said(&text, true);
        assert_eq!(told, kind);
        assert!(remedy.contains(ENABLE), "{remedy}");
        assert!(remedy.contains("local modifications"), "{remedy}");
        assert!(!said(&text, false).1.contains("pam-auth-update"), "{kind}");
    }
    let by_hand = format!(
        "auth requisite pam_keydyn.so capture\n{}",
        without("capture").replace("verify", "x")
    );
    let by_hand = by_hand.replace("auth\trequisite\t\t\tpam_keydyn.so x\n", "");
    let (told, remedy) = said(&by_hand, true);
    assert_eq!(told, "error no-verify");
    assert!(
        remedy.contains("Take that line out, and run `pam-auth-update"),
        "{remedy}"
    );
}

#[test]
fn a_stack_that_checks_no_password_is_told_for_what_it_is() {
    let lines = "auth requisite pam_keydyn.so capture\nauth requisite pam_keydyn.so verify\n";
    let found = login(lines);
    assert!(
        found[0].text.contains("Put the password module between"),
        "{found:?}"
    );
    let found = login(&format!("auth sufficient pam_fprintd.so\n{lines}"));
    assert_eq!(kinds(&found), ["error no-password"]);
    assert!(found[0].text.contains("pam_fprintd.so` ("), "{found:?}");
}
