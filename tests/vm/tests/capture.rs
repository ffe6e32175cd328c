//! What is heard of a typing on a real kernel is what was typed.
#![allow(clippy::expect_used, clippy::print_stderr, reason = "tests")]

use vm::{Guest, Intervals, Overlay, Person, decode};

/// Forty keys, some of them twice, and an Enter.
const FORTY_KEYS: &str = "thequickbrownfoxjumpsoverthelazydog12345";

const KEYBOARD: &str = "AT Translated Set 2 keyboard";

#[test]
#[ignore = "boots a machine: make e2e"]
fn forty_keys_are_heard_to_the_microsecond_of_the_kernel() {
    let hear = env!("CARGO_BIN_EXE_hear");
    let mut guest = Guest::boot(Overlay::new().copy("/usr/local/bin/hear", 0o755, hear.as_ref()));
    guest.wait_for_prompt(&["login:"]);

    // Beside the code under test, a plain reader of the same device.
    let sys = format!("grep -l '{KEYBOARD}' /sys/class/input/event*/device/name");
    let device = guest.shell.run(&sys);
    let device = device.split('/').nth(4).expect("a keyboard").to_owned();
    guest.shell.run(&format!(
        "mkfifo /run/end\n\
         cat /dev/input/{device} >/run/kernel & echo $! >/run/reader\n\
         hear </run/end >/run/heard 2>/run/said &\n\
         exec 7>/run/end"
    ));
    guest.shell.wait_until("grep -q listening /run/said");

    let typing = Person::quick(FORTY_KEYS).typing(0);
    let sent = guest.keyboard.types(&typing);
    guest.shell.run("exec 7>&-; wait %2 || cat /run/said; kill $(cat /run/reader)");

    let heard = guest.shell.run("cat /run/heard; cat /run/said >&2");
    let heard = heard.replace("listening\n", "");
    let heard = heard.parse().unwrap_or_else(|_| panic!("not a trace: {heard}"));
    let kernel = decode(&unhex(&guest.shell.run("od -An -v -tx1 /run/kernel")));

    let (sent, heard, kernel) = (
        Intervals::of(&sent),
        Intervals::of(&heard),
        Intervals::of(&kernel),
    );
    let (of_hearing, of_all) = (heard.against(&kernel), heard.against(&sent));
    eprintln!("against the kernel's own timestamps: {of_hearing}");
    eprintln!("against the moments of sending:      {of_all}");
    // Two clocks, each cut to whole microseconds.
    assert!(of_hearing.largest() <= 1, "{of_hearing}");
    assert!(of_all.median() < 1000, "{of_all}");
}

fn unhex(text: &str) -> Vec<u8> {
    let bytes = text.split_whitespace();
    bytes
        .map(|byte| u8::from_str_radix(byte, 16).expect("a byte"))
        .collect()
}
