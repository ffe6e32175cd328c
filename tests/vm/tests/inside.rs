//! A history made inside the machine is one: what is learned there is in force for whoever sits at
//! the real keyboard.

use std::path::Path;
use std::time::Instant;

use vm::{Guest, Inside, Login, Person, Story};

const LEARNED: u32 = 23;

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn what_is_learned_inside_is_in_force_at_the_keyboard() {
    let mut story = Story::begin("0-inside", "0. A history of logins made inside the machine");
    let program = Path::new(env!("CARGO_BIN_EXE_inside"));
    let guest = Guest::boot(Inside::program(Login::files(), program));
    let mut login = Login::on(guest);
    let owner = Person::quick(Login::PASSWORD);
    let other = Person::slow(Login::PASSWORD);

    let application = Inside::application("login", "owner");
    let began = Instant::now();
    let history = application.history(login.guest(), &owner, Login::PASSWORD, LEARNED, 2);
    let seconds = began.elapsed().as_secs();
    story.fact(format!("{LEARNED} logins inside, on two days: {seconds} s"));
    let learned = history.iter().filter(|outcome| outcome.log_says("learned"));
    for (number, outcome) in (1..).zip(learned) {
        let state = if number == LEARNED {
            "armed"
        } else {
            "learning"
        };
        let words = format!("learned state={state} samples={number}");
        assert!(outcome.let_in() && outcome.log_says(&words), "{outcome:?}");
    }

    let refused = application.attempt(login.guest(), &other.typing(0), Login::PASSWORD);
    assert!(
        refused.refused() && refused.report.delay.is_some(),
        "{refused:?}"
    );
    story.fact(format!("somebody else, inside: {}", refused.told()));

    let attempt = login.attempt(&owner.typing(LEARNED));
    let accepted =
        attempt.let_in && attempt.log_says("state=armed outcome=accepted reason=rhythm samples=23");
    assert!(accepted, "{}", login.explain(&attempt));
    story.fact(format!("the owner, at tty1: {}", attempt.told()));
    story.picture(login.guest());
}
