//! Ways to type a password, at tty1 under the real `login`: what is typed must be what pam_unix
//! accepts, and the rhythm the owner's.
#![allow(clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use vm::{Attempt, Guest, Inside, Login, Person, Story, Typing};

/// Until learning has armed itself.
const LEARNED: u32 = 23;
/// Sixty-six keys.
const LONG: &str = "correcthorsebatterystapleandthequickbrownfoxjumpedoverthelazydogs1";
/// With Shift, a dead key, and the digits of the keypad.
const MIXED: &str = "Rosé2718";
const MIXED_KEYS: [&str; 9] = ["r", "o", "s", "apostrophe", "e", "kp2", "kp7", "kp1", "kp8"];
/// The accounts, and a keymap on which the key of the apostrophe is the dead acute accent: number
/// 1 of the kernel's dead keys (type 4), at key 40 of the first table, behind "bkeymap" and 256
/// flags.
const SET_UP: &str = "
for user in long mixed; do useradd --shell /usr/local/bin/greet $user; done
chpasswd --crypt-method SHA512 --sha-rounds 1000 </run/passwords
busybox dumpkmap </dev/tty1 >/run/keymap
printf '\\001\\004' | dd of=/run/keymap bs=1 seek=$((7 + 256 + 2 * 40)) conv=notrunc 2>/dev/null
busybox loadkmap </run/keymap";
/// Where the host stood still for longer, somebody else has typed, in effect.
const STEADY: Duration = Duration::from_millis(25);
const TRIES: usize = 3;

const ACCEPTED: &str = "state=armed outcome=accepted reason=rhythm";
const REFUSED: &str = "state=armed outcome=refused reason=rhythm";

/// Somebody sits down at tty1 and types so. Again where the host stood still.
fn at_tty1(login: &mut Login, user: &str, typing: &Typing) -> (Attempt, Duration) {
    for _ in 1..TRIES {
        let attempt = login.attempt_as(user, typing);
        let late = login.late_at_kernel(&attempt);
        if late <= STEADY {
            return (attempt, late);
        }
    }
    let attempt = login.attempt_as(user, typing);
    let late = login.late_at_kernel(&attempt);
    (attempt, late)
}

/// It comes out as the documents say.
fn shows(
    story: &mut Story,
    login: &mut Login,
    what: &str,
    user: &str,
    typing: &Typing,
    (let_in, words): (bool, &str),
) {
    let (attempt, late) = at_tty1(login, user, typing);
    let as_said = match words {
        "" => !attempt.log_says("outcome="),
        words => attempt.log_says(words),
    };
    assert!(
        attempt.let_in == let_in && as_said,
        "{what}: {attempt}keys up to {late:?} late"
    );
    let outcome = if let_in { "let in" } else { "Login incorrect" };
    let words = if words.is_empty() {
        "`verify` is not asked"
    } else {
        words
    };
    story.fact(format!(
        "{what}: {outcome}, {words}; latest key {:.1} ms late at the kernel",
        late.as_secs_f64() * 1000.0
    ));
}

/// The keys of [`MIXED`]: Shift for the first, three keys down at once in the middle, NumLock on
/// for the digits and off again.
fn mixed(person: &Person, number: u32) -> Typing {
    let text = person.typing(number).rolled_over(1..3).delayed(45);
    let (text, enter) = text.before_and_from_enter();
    let (first, digits) = (text.press_of(0), text.press_of(5));
    let num_lock = (text.press_of(4) + digits) / 2;
    let text = text.with(&format!(
        "0 leftshift down\n{} leftshift up\n{num_lock} numlock down\n{} numlock up",
        first + 20,
        digits - 2,
    ));
    let num_lock = lines("0 numlock down\n30 numlock up");
    text.then(20, &num_lock).then(0, &enter)
}

fn lines(trace: &str) -> Typing {
    Typing::exactly(&trace.parse().expect("a trace"))
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn however_it_is_typed() {
    let mut story = Story::begin("3-typing", "3. Ways to type a password");
    let program = Path::new(env!("CARGO_BIN_EXE_inside"));
    let guest = Guest::boot(Inside::program(Login::files(), program));
    let mut login = Login::on(guest);
    let passwords = format!("long:{LONG}\nmixed:{MIXED}");
    login.guest().shell.put("/run/passwords", &passwords);
    login.guest().shell.run(SET_UP);

    tell_of_other_keys(&mut story, &mut login);
    tell_of_slips(&mut story, &mut login);
    tell_of_a_passphrase(&mut story, &mut login);
    story.picture(login.guest());
}

fn tell_of_a_passphrase(story: &mut Story, login: &mut Login) {
    let owner = Person::quick(LONG);
    // Quicker than they are: `login` waits a minute, no longer.
    let other = Person::slow(LONG).with_drift(-1.0);
    let application = Inside::application("login", "long");
    application.history(login.guest(), &owner, LONG, LEARNED, 2);
    let what = format!("{} keys", LONG.len());
    shows(
        story,
        login,
        &what,
        "long",
        &owner.typing(LEARNED),
        (true, ACCEPTED),
    );
    let what = format!("{what}, somebody else");
    shows(
        story,
        login,
        &what,
        "long",
        &other.typing(1),
        (false, REFUSED),
    );
}

fn tell_of_other_keys(story: &mut Story, login: &mut Login) {
    let (owner, other) = (Person::quick_at(&MIXED_KEYS), Person::slow_at(&MIXED_KEYS));
    let typings = (0..LEARNED).map(|number| mixed(&owner, number));
    let application = Inside::application("login", "mixed");
    application.history_of(login.guest(), typings, MIXED, 2);
    let what = "Shift, a dead key, three keys at once, NumLock and the keypad's digits";
    shows(
        story,
        login,
        what,
        "mixed",
        &mixed(&owner, LEARNED),
        (true, ACCEPTED),
    );
    let what = "the same keys, somebody else";
    shows(
        story,
        login,
        what,
        "mixed",
        &mixed(&other, 0),
        (false, REFUSED),
    );
}

/// Has the owner learned, and types on.
fn learned_owner(login: &mut Login) -> impl FnMut() -> Typing + use<> {
    let owner = Person::quick(Login::PASSWORD);
    let application = Inside::application("login", "owner");
    application.history(login.guest(), &owner, Login::PASSWORD, LEARNED, 2);
    let mut number = LEARNED;
    move || {
        number += 1;
        owner.typing(number)
    }
}

/// The owner's password is ten keys without any of that.
fn tell_of_slips(story: &mut Story, login: &mut Login) {
    let mut next = learned_owner(login);
    let mut show = |what, typing: Typing, expected| {
        shows(story, login, what, "owner", &typing, expected);
    };

    show("as ever", next(), (true, ACCEPTED));
    let slip = "x down\n40 x up\n160 backspace down\n210 backspace up";
    let slip = lines(&format!("0 {slip}"));
    show(
        "one key corrected",
        corrected(&next(), &[4], &slip),
        (true, ACCEPTED),
    );
    show(
        "three keys corrected",
        corrected(&next(), &[3, 5, 7], &slip),
        (
            false,
            "state=armed outcome=unusable reason=too-few-down-downs",
        ),
    );
    let junk = Typing::mechanical("keydnyx").before_and_from_enter().0;
    let thrown_away = junk.then(80, &Typing::throw_away());
    show(
        "thrown away by Ctrl-U, and typed anew",
        thrown_away.then(150, &next()),
        (true, ACCEPTED),
    );
    let erased = junk.then(80, &held("backspace", 12));
    show(
        "erased by a held Backspace, and typed anew",
        erased.then(150, &next()),
        (true, ACCEPTED),
    );
}

#[test]
#[ignore = "boots a machine: make e2e-full"]
fn keys_that_are_held_and_locked() {
    let mut story = Story::begin(
        "3-held",
        "3. Keys held until they repeat, locks, the keypad",
    );
    let program = Path::new(env!("CARGO_BIN_EXE_inside"));
    let guest = Guest::boot(Inside::program(Login::files(), program));
    let mut login = Login::on(guest);
    tell_of_held_keys(&mut story, &mut login);
    story.picture(login.guest());
}

fn tell_of_held_keys(story: &mut Story, login: &mut Login) {
    let mut next = learned_owner(login);
    let mut show = |what, typing: Typing, expected| {
        shows(story, login, what, "owner", &typing, expected);
    };

    // The console repeats the key, and the text is no longer the one of the keys.
    let repeated = held("k", 6);
    show(
        "a key held until it repeats, thrown away by Ctrl-U, and typed anew",
        repeated.then(80, &Typing::throw_away()).then(150, &next()),
        (true, ACCEPTED),
    );
    let taken_back: String = (0..7)
        .map(|i| {
            format!(
                "{} backspace down\n{} backspace up\n",
                150 * i,
                150 * i + 60
            )
        })
        .collect();
    show(
        "a key held until it repeats, each taken back, and typed anew",
        repeated.then(150, &lines(&taken_back)).then(150, &next()),
        (true, ACCEPTED),
    );
    let caps_lock = lines("0 capslock down\n40 capslock up");
    let (text, enter) = next().before_and_from_enter();
    show(
        "under CapsLock",
        caps_lock
            .then(60, &text)
            .then(20, &caps_lock)
            .then(0, &enter),
        (false, ""),
    );
    show(
        "CapsLock on and off again before it",
        caps_lock.then(60, &caps_lock).then(150, &next()),
        (true, ACCEPTED),
    );
    show(
        "the digits on the keypad, learned on the row above the letters",
        on_the_keypad(&next()),
        (
            false,
            "state=armed outcome=unusable reason=unknown-sequence",
        ),
    );
    let (text, _) = next().before_and_from_enter();
    let enter = lines("0 kpenter down\n60 kpenter up");
    show(
        "handed over by the keypad's Enter",
        text.then(70, &enter),
        (true, ACCEPTED),
    );
}

/// Before each of these keys another one is typed and taken back.
fn corrected(typing: &Typing, keys: &[usize], slip: &Typing) -> Typing {
    let mut edges = typing.clone();
    for &key in keys {
        edges = edges.with_pause_before(key, slip);
    }
    edges
}

/// A key that is down for a second and more, and what the keyboard makes of it.
fn held(key: &str, repetitions: u32) -> Typing {
    let mut trace = format!("0 {key} down\n");
    for i in 0..repetitions {
        trace.push_str(&format!("{} {key} repeat\n", 400 + 60 * i));
    }
    trace.push_str(&format!("{} {key} up\n", 420 + 60 * repetitions));
    lines(&trace)
}

/// The last four keys, the digits, at their other places.
fn on_the_keypad(typing: &Typing) -> Typing {
    let trace = typing.trace().to_text();
    let moved = trace.lines().map(|line| {
        let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        if ["2", "0", "6"].contains(&words[1].as_str()) {
            words[1] = format!("kp{}", words[1]);
        }
        words.join(" ") + "\n"
    });
    let (text, enter) = lines(&moved.collect::<String>()).before_and_from_enter();
    let num_lock = lines("0 numlock down\n40 numlock up");
    num_lock.then(60, &text).then(20, &num_lock).then(0, &enter)
}
