//! The shipped module under `login` on tty1 of a real kernel: learned by typing, then in force.

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
        let state = if number + 1 == LEARNED {
            "armed"
        } else {
            "learning"
        };
        let words = format!("learned state={state} samples={}", number + 1);
        let learned = attempt.let_in && attempt.log_says(&words);
        assert!(learned, "login {number}: {}", login.explain(&attempt));
    }

    let attempt = login.attempt(&owner.typing(LEARNED));
    let accepted = attempt.let_in
        && attempt.log_says("state=armed outcome=accepted reason=rhythm samples=23")
        && attempt.log_says("learned state=armed samples=24");
    assert!(accepted, "{}", login.explain(&attempt));

    // Somebody else, with the right password: the screen says what it always says.
    let attempt = login.attempt(&other.typing(0));
    let refused = !attempt.let_in
        && attempt.log_says("state=armed outcome=refused reason=rhythm samples=24 refused")
        && !attempt.log_says("learned")
        && attempt.screen.shows("Login incorrect")
        && !attempt.screen.shows("keydyn:");
    assert!(refused, "{}", login.explain(&attempt));

    // The owner, with a wrong password: `verify` is not even asked.
    let wrong = Person::quick("keydyn2025");
    let attempt = login.attempt(&wrong.typing(0));
    let refused = !attempt.let_in
        && !attempt.log_says("outcome=")
        && !attempt.log_says("learned")
        && attempt.screen.shows("Login incorrect");
    assert!(refused, "{}", login.explain(&attempt));

    // Nothing of all that was learned: the owner is still the owner.
    let attempt = login.attempt(&owner.typing(LEARNED + 1));
    let accepted = attempt.let_in
        && attempt.log_says("outcome=accepted reason=rhythm samples=24")
        && attempt.log_says("learned state=armed samples=25");
    assert!(accepted, "{}", login.explain(&attempt));
}
