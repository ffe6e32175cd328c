//! The machine itself: what is typed from outside arrives, whole and in time.
use vm::{Guest, Intervals, Machine, Overlay, Person, PlainReader, Story};

#[test]
#[ignore = "boots a machine: make e2e"]
fn what_is_typed_reaches_the_kernel_and_the_screen() {
    let mut story = Story::begin("0-machine", "0. What is typed from outside arrives");
    let mut guest = Guest::boot(Overlay::new());
    arrives(&mut guest, &mut story);
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn and_on_a_machine_with_logind_too() {
    let mut story = Story::begin("0-machine-logind", "0. The same on a machine with logind");
    let mut guest = Machine::with(Overlay::new()).logind().boot();
    arrives(&mut guest, &mut story);
    assert!(guest.shell.run("loginctl list-seats").contains("seat0"));
}

fn arrives(guest: &mut Guest, story: &mut Story) {
    guest.wait_for_prompt(&["login:"]);
    let reader = PlainReader::start(guest);
    let sent = guest.keyboard.types(&Person::quick("somebody").typing(0));
    let screen = guest.wait_for_prompt(&["Password:"]);
    let kernel = reader.finish(guest);

    assert!(screen.shows("login: somebody"), "{screen}");
    let errors = Intervals::of(&kernel).against(&Intervals::of(&sent));
    story.fact(format!(
        "the kernel's timestamps against the moments of sending: {errors}"
    ));
    story.fact(format!("kernel {}", guest.shell.run("uname -r").trim()));
}
