//! What is heard of a typing on a real kernel is what was typed.
#![allow(clippy::panic, reason = "tests")]

use std::path::Path;

use vm::{Guest, Intervals, Overlay, Person, PlainReader, Story};

/// Forty keys, some of them twice, and an Enter.
const FORTY_KEYS: &str = "thequickbrownfoxjumpsoverthelazydog12345";

#[test]
#[ignore = "boots a machine: make e2e"]
fn forty_keys_are_heard_to_the_microsecond_of_the_kernel() {
    let mut story = Story::begin(
        "0-capture",
        "0. Forty keys are heard as the kernel has stamped them",
    );
    let hear = Path::new(env!("CARGO_BIN_EXE_hear"));
    let mut guest = Guest::boot(Overlay::new().copy("/usr/local/bin/hear", 0o755, hear));
    guest.wait_for_prompt(&["login:"]);

    // Beside the code under test, a plain reader of the same device.
    let reader = PlainReader::start(&mut guest);
    // Not on the shell's terminal, which is elsewhere.
    guest.shell.run(
        "mkfifo /run/end
         setsid hear </run/end >/run/heard 2>/run/said & echo $! >/run/hearer
         exec 7>/run/end",
    );
    guest.shell.wait_until("grep -q listening /run/said");

    let sent = guest.keyboard.types(&Person::quick(FORTY_KEYS).typing(0));
    guest.shell.run("exec 7>&-");
    guest
        .shell
        .wait_until("! kill -0 $(cat /run/hearer) 2>/dev/null");

    let said = guest.shell.run("cat /run/said");
    assert_eq!(said, "listening\n");
    let heard = guest.shell.run("cat /run/heard");
    let Ok(heard) = heard.parse() else {
        panic!("not a trace: {heard}");
    };
    let (sent, heard, kernel) = (
        Intervals::of(&sent),
        Intervals::of(&heard),
        Intervals::of(&reader.finish(&mut guest)),
    );
    let (of_hearing, of_all) = (heard.against(&kernel), heard.against(&sent));
    story.fact(format!(
        "heard, against the kernel's timestamps: {of_hearing}"
    ));
    story.fact(format!("heard, against the moments of sending: {of_all}"));
    // Two clocks, each cut to whole microseconds.
    assert!(of_hearing.largest() <= 1, "{of_hearing}");
    assert!(of_all.median() < 1000, "{of_all}");
}
