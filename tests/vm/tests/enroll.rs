//! `keydyn enroll` at tty1 of a real kernel: the rhythm is in force at the next login.

use vm::{Login, Person};

/// The first three typings have no decision, twenty are wanted, and a few may be set aside where
/// the host stood still.
const AT_MOST: u32 = 30;

#[test]
#[ignore = "boots a machine: make e2e"]
fn what_is_enrolled_at_the_keyboard_is_in_force_at_the_next_login() {
    let mut login = Login::boot();
    let owner = Person::quick(Login::PASSWORD);
    let other = Person::slow(Login::PASSWORD);

    let screen = login.enroll(&owner, AT_MOST);
    assert!(screen.shows("in force from the"), "{screen}");
    assert!(screen.shows("enrolled: 0"), "{screen}");

    let attempt = login.attempt(&other.typing(0));
    let refused = !attempt.let_in && attempt.log_says("state=armed outcome=refused reason=rhythm");
    assert!(refused, "{}", login.explain(&attempt));

    let attempt = login.attempt(&owner.typing(AT_MOST));
    let accepted = attempt.let_in && attempt.log_says("state=armed outcome=accepted reason=rhythm");
    assert!(accepted, "{}", login.explain(&attempt));
}
