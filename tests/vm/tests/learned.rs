//! Story 1: the package is installed, and the owner is learned by logging in, then in force.

use vm::{Login, Person, Story};

/// Learning arms itself by then at the latest; at the earliest with the 23rd typing, because the
/// first three have no decision and twenty are wanted.
const AT_MOST: u32 = 40;

#[test]
#[ignore = "boots a machine: make e2e"]
fn the_owner_is_learned_and_nobody_else_gets_in() {
    let mut story = Story::begin(
        "1-learned",
        "1. The package is installed; the owner is learned by logging in, and nobody else gets in",
    );
    let mut login = Login::install();
    story.fact("dpkg -i changes no stack; pam-auth-update --enable makes the documented one");
    let owner = Person::quick(Login::PASSWORD);
    let other = Person::slow(Login::PASSWORD);

    // The owner logs in every now and then, on two days.
    let mut logins = 0;
    let armed = loop {
        assert!(logins < AT_MOST, "still not in force");
        if logins == 12 {
            login.wait(14);
        }
        let attempt = login.attempt(&owner.typing(logins));
        logins += 1;
        let learned = format!("learned state=learning samples={logins}");
        let armed = attempt.log_says(&format!("learned state=armed samples={logins}"));
        let went_on = attempt.let_in && (armed || attempt.log_says(&learned));
        assert!(went_on, "login {logins}: {}", login.explain(&attempt));
        if armed {
            break attempt;
        }
    };
    story.fact(format!(
        "let in at each of {logins} logins in two sittings, the last of which put the rhythm in force"
    ));
    story.fact(format!(
        "the last typing as the kernel had it: {}",
        login.arrived(&armed)
    ));

    let attempt = login.attempt(&owner.typing(logins));
    let accepted = attempt.let_in
        && attempt.log_says(&format!(
            "state=armed outcome=accepted reason=rhythm samples={logins}"
        ))
        && attempt.log_says(&format!("learned state=armed samples={}", logins + 1));
    assert!(accepted, "{}", login.explain(&attempt));
    story.fact(format!("the owner again: {}", attempt.told()));

    // Somebody else, with the right password: the screen says what it always says.
    let attempt = login.attempt(&other.typing(0));
    let samples = format!("samples={} refused", logins + 1);
    let refused = !attempt.let_in
        && attempt.log_says("state=armed outcome=refused reason=rhythm")
        && attempt.log_says(&samples)
        && !attempt.log_says("learned")
        && attempt.screen.shows("Login incorrect")
        && !attempt.screen.shows("keydyn:");
    assert!(refused, "{}", login.explain(&attempt));
    story.fact(format!(
        "somebody else with the password: {}",
        attempt.told()
    ));
    let of_a_rhythm = attempt.screen.last_lines(3);

    // The owner, with a wrong password: `verify` is not even asked.
    let wrong = Person::quick("keydyn2025");
    let attempt = login.attempt(&wrong.typing(0));
    let refused = !attempt.let_in
        && !attempt.log_says("outcome=")
        && !attempt.log_says("learned")
        && attempt.screen.shows("Login incorrect");
    assert!(refused, "{}", login.explain(&attempt));
    assert_eq!(attempt.screen.last_lines(3), of_a_rhythm);
    story.fact(format!(
        "a wrong password: {}; the screen is that of a wrong rhythm",
        attempt.told()
    ));

    // Nothing of all that was learned: the owner is still the owner.
    let attempt = login.attempt(&owner.typing(logins + 1));
    let accepted = attempt.let_in
        && attempt.log_says(&format!(
            "outcome=accepted reason=rhythm samples={}",
            logins + 1
        ))
        && attempt.log_says(&format!("learned state=armed samples={}", logins + 2));
    assert!(accepted, "{}", login.explain(&attempt));
    story.fact(format!("the owner once more: {}", attempt.told()));
    login.picture(&mut story);
}
