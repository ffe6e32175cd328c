//! The machine itself: what is typed from outside arrives, whole and in time.
#![allow(clippy::print_stderr, reason = "tests")]

use vm::{Guest, Intervals, Machine, Overlay, Person, PlainReader};

#[test]
#[ignore = "boots a machine: make e2e"]
fn what_is_typed_reaches_the_kernel_and_the_screen() {
    let mut guest = Guest::boot(Overlay::new());
    guest.wait_for_prompt(&["login:"]);

    let reader = PlainReader::start(&mut guest);
    let sent = guest.keyboard.types(&Person::quick("somebody").typing(0));
    let screen = guest.wait_for_prompt(&["Password:"]);
    let kernel = reader.finish(&mut guest);

    assert!(screen.shows("login: somebody"), "{screen}");
    let errors = Intervals::of(&kernel).against(&Intervals::of(&sent));
    eprintln!("the kernel's timestamps against the moments of sending: {errors}");
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn with_logind_too() {
    let mut guest = Machine::with(Overlay::new()).logind().boot();
    guest.wait_for_prompt(&["login:"]);
    let reader = PlainReader::start(&mut guest);
    let sent = guest.keyboard.types(&Person::quick("somebody").typing(0));
    guest.wait_for_prompt(&["Password:"]);
    let kernel = reader.finish(&mut guest);
    let errors = Intervals::of(&kernel).against(&Intervals::of(&sent));
    eprintln!("the kernel's timestamps against the moments of sending: {errors}");
    assert!(guest.shell.run("loginctl list-seats").contains("seat0"));
}
