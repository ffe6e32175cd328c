//! The shipped module under `login` on tty1 of a real kernel: learned by typing, then in force.
#![allow(clippy::print_stderr, reason = "tests")]

use vm::{Login, Person};

/// Typings until learning has armed itself: the first three have no decision, and twenty are
/// wanted.
const LEARNED: u32 = 23;

#[test]
#[ignore = "boots a machine: make e2e"]
fn the_owner_is_learned_and_nobody_else_gets_in() {
    let mut login = Login::boot();
    let owner = Person::quick(Login::PASSWORD);
    let other = Person::slow(Login::PASSWORD);

    // The owner logs in every now and then, on two days.
    for number in 0..LEARNED {
        if number == LEARNED / 2 {
            login.wait(14);
        }
        let attempt = login.attempt(&owner.typing(number));
        assert!(attempt.let_in, "login {number}: {attempt:?}");
        assert!(
            attempt.log_says("learned state="),
            "login {number}: {attempt:?}"
        );
        assert_eq!(attempt.samples(), Some(number + 1), "{attempt:?}");
        let armed = attempt.log_says("learned state=armed");
        assert_eq!(armed, number + 1 == LEARNED, "login {number}: {attempt:?}");
    }

    let attempt = login.attempt(&owner.typing(LEARNED));
    assert!(attempt.let_in, "{attempt:?}");
    assert!(
        attempt.log_says("state=armed outcome=accepted reason=rhythm"),
        "{attempt:?}"
    );
    assert_eq!(attempt.samples(), Some(LEARNED + 1), "{attempt:?}");

    // Somebody else, with the right password: what the screen says is what it always says.
    let attempt = login.attempt(&other.typing(0));
    assert!(!attempt.let_in, "{attempt:?}");
    assert!(
        attempt.log_says("state=armed outcome=refused reason=rhythm"),
        "{attempt:?}"
    );
    assert!(!attempt.log_says("learned"), "{attempt:?}");
    assert!(attempt.screen.shows("Login incorrect"), "{attempt:?}");
    assert!(!attempt.screen.shows("keydyn:"), "{attempt:?}");
    let refused = attempt.screen.to_string();

    // The owner, with a wrong password: the module is not even asked, and the screen is the same.
    let wrong = Person::quick("keydyn2025");
    let attempt = login.attempt(&wrong.typing(0));
    assert!(!attempt.let_in, "{attempt:?}");
    assert!(!attempt.log_says("outcome="), "{attempt:?}");
    assert!(!attempt.log_says("learned"), "{attempt:?}");
    assert!(attempt.screen.shows("Login incorrect"), "{attempt:?}");
    eprintln!("{refused}{}", attempt.screen);

    // And nothing of all that was learned: the owner is still the owner.
    let attempt = login.attempt(&owner.typing(LEARNED + 1));
    assert!(attempt.let_in, "{attempt:?}");
    assert!(attempt.log_says("outcome=accepted"), "{attempt:?}");
    assert_eq!(attempt.samples(), Some(LEARNED + 2), "{attempt:?}");
}
