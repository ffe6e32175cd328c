//! `keydyn enroll` at tty1 of a real kernel: the rhythm is in force at the next login.

use vm::{Login, Person, Story};

/// The first three typings have no decision, twenty are wanted, and a few may be set aside where
/// the host stood still.
const AT_MOST: u32 = 30;

#[test]
#[ignore = "boots a machine: make e2e"]
fn what_is_enrolled_at_the_keyboard_is_in_force_at_the_next_login() {
    let mut story = Story::begin(
        "1-enrolled",
        "1. What is enrolled at the keyboard is in force at the next login",
    );
    let mut login = Login::boot();
    let owner = Person::quick(Login::PASSWORD);
    let other = Person::slow(Login::PASSWORD);

    let screen = login.enroll(&owner, AT_MOST);
    assert!(screen.shows("in force from the"), "{screen}");
    assert!(screen.shows("enrolled: 0"), "{screen}");
    story.fact("`keydyn enroll` at tty1 ends with 0 and says that the rhythm is in force");

    let attempt = login.attempt(&other.typing(0));
    let refused = !attempt.let_in && attempt.log_says("state=armed outcome=refused reason=rhythm");
    assert!(refused, "{}", login.explain(&attempt));
    story.fact(format!(
        "somebody else with the password: {}",
        attempt.told()
    ));

    let attempt = login.attempt(&owner.typing(AT_MOST));
    let accepted = attempt.let_in && attempt.log_says("state=armed outcome=accepted reason=rhythm");
    assert!(accepted, "{}", login.explain(&attempt));
    story.fact(format!("the owner: {}", attempt.told()));
    login.picture(&mut story);
}
