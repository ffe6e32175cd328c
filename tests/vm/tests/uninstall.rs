//! Story 7: `keydyn doctor` tells a wrong stack from a right one, and the package goes as it came.
#![allow(clippy::panic, reason = "tests")]

use vm::{Login, Person, Story};

const STACK: &str = "/etc/pam.d/common-auth";
const MODULE: &str = "/usr/lib/x86_64-linux-gnu/security/pam_keydyn.so";

/// What is done to a machine whose stack is right, and a word of what doctor then says.
const FAULTS: [(&str, &str, &str); 12] = [
    (
        "no `verify`",
        "sed -i '/keydyn.so verify/d' STACK",
        "verify",
    ),
    (
        "no `capture`",
        "sed -i '/keydyn.so capture/d' STACK",
        "capture",
    ),
    (
        "`verify` is optional",
        "sed -i 's/requisite\\(.*verify\\)/optional\\1/' STACK",
        "verify",
    ),
    (
        "the password module is sufficient",
        "sed -i 's/\\[success=1 default=ignore\\]\\(.*pam_unix\\)/sufficient \\1/' STACK",
        "verify",
    ),
    (
        "the password module jumps over `verify`",
        "sed -i 's/success=1/success=3/' STACK",
        "verify",
    ),
    (
        "`verify` in front of pam_deny",
        "sed -i '/keydyn.so verify/d; /pam_deny/i auth requisite pam_keydyn.so verify' STACK",
        "Nobody gets in",
    ),
    (
        "`capture` behind the password module",
        "sed -i '/keydyn.so capture/d; /pam_permit/a auth requisite pam_keydyn.so capture' STACK",
        "capture",
    ),
    (
        "a module in front that asks",
        "sed -i '/keydyn.so capture/i auth optional pam_unix.so' STACK",
        "capture",
    ),
    (
        "`capture` twice",
        "sed -i '/keydyn.so capture/p' STACK",
        "capture",
    ),
    (
        "a misspelled mode",
        "sed -i 's/keydyn.so verify/& mode=shdow/' STACK",
        "mode=shdow",
    ),
    ("no module", "mv MODULE MODULE.away", "pam_keydyn.so"),
    (
        "a state directory that others can write",
        "chmod 777 /var/lib/keydyn",
        "/var/lib/keydyn",
    ),
];

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn doctor_tells_wrong_from_right_and_the_package_goes_as_it_came() {
    let mut story = Story::begin(
        "7-uninstalled",
        "7. keydyn doctor tells a wrong stack from a right one; the package goes as it came",
    );
    let mut login = Login::install();
    let owner = Person::quick(Login::PASSWORD);

    let (code, said) = doctor(&mut login);
    assert_eq!(code, "0", "{said}");
    assert!(says(&said, "Nothing is wrong"), "{said}");
    story.fact("the stack of the package: doctor ends with 0, nothing is wrong");

    login
        .guest()
        .shell
        .run(&format!("cp -p {STACK} /root/right"));
    for (fault, command, word) in FAULTS {
        let command = command.replace("STACK", STACK).replace("MODULE", MODULE);
        login.guest().shell.run(&command);
        let (code, said) = doctor(&mut login);
        let first = first_finding(&said);
        assert_eq!(code, "1", "{fault}: {said}");
        assert!(says(&said, word), "{fault}: {said}");
        story.fact(format!("{fault}: doctor ends with 1, {first}"));
        login.guest().shell.run(&format!(
            "cp -p /root/right {STACK}; [ ! -e {MODULE}.away ] || mv {MODULE}.away {MODULE}; \
             chmod 700 /var/lib/keydyn"
        ));
        let (code, said) = doctor(&mut login);
        assert_eq!(code, "0", "after {fault}: {said}");
    }

    let attempt = login.attempt(&owner.typing(0));
    assert!(
        attempt.let_in && attempt.log_says("learned"),
        "{}",
        login.explain(&attempt)
    );

    login.guest().shell.run("dpkg --remove keydyn");
    login
        .guest()
        .shell
        .run(&format!("cmp {STACK} /root/common-auth"));
    login.guest().shell.run(&format!(
        "[ ! -e {MODULE} ] && ls /var/lib/keydyn/accounts/*.profile"
    ));
    story
        .fact("removed: common-auth is byte for byte what it was, what was learned is still there");
    let attempt = login.attempt(&owner.typing(1));
    assert!(
        attempt.let_in && attempt.module.is_empty(),
        "{}",
        login.explain(&attempt)
    );
    story.fact(format!("the owner: {}", attempt.told()));

    login.guest().shell.run("dpkg --purge keydyn");
    let left = login.guest().shell.output(
        "find / -xdev -name '*keydyn*' ! -path '/proc/*' ! -path '/sys/*' ! -path '/root/*' ! -path '/usr/lib/keydyn-vm*'",
    );
    assert_eq!(left, "", "something is left");
    let attempt = login.attempt(&owner.typing(2));
    assert!(
        attempt.let_in && attempt.module.is_empty(),
        "{}",
        login.explain(&attempt)
    );
    story.fact("purged: nothing of its name is left, and the owner logs in");
    login.picture(&mut story);
}

/// The exit code of `keydyn doctor` and what it said.
fn doctor(login: &mut Login) -> (String, String) {
    let said = login.guest().shell.output("keydyn doctor; echo $?");
    let (said, code) = said.trim_end().rsplit_once('\n').unwrap_or(("", &said));
    (code.trim().to_owned(), said.to_owned())
}

/// Whether it said this, wherever its lines end.
fn says(said: &str, words: &str) -> bool {
    let said: Vec<_> = said.split_whitespace().collect();
    said.join(" ").contains(words)
}

/// The worst that it said, in one line.
fn first_finding(said: &str) -> String {
    let mut lines = said.lines();
    let first = lines.next().unwrap_or_default();
    let rest = lines.take_while(|line| line.starts_with("    "));
    let words = [first].into_iter().chain(rest).map(str::trim);
    words.collect::<Vec<_>>().join(" ")
}
