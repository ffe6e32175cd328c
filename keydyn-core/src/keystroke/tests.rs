use super::*;

/// Key, press and release in milliseconds, after a correction.
type Stroke = (String, u64, Option<u64>, bool);

fn strokes(text: &str) -> Result<Vec<Stroke>, FailureToAcquire> {
    Ok(pair(&text.parse().unwrap())?
        .strokes()
        .iter()
        .map(|s| {
            (
                s.key.name(),
                s.press.0 / 1000,
                s.release.map(|r| r.0 / 1000),
                s.after_correction,
            )
        })
        .collect())
}

fn keys(text: &str) -> Result<String, FailureToAcquire> {
    Ok(strokes(text)?.into_iter().map(|s| s.0).collect())
}

#[test]
fn rollover_pairs_each_release_with_its_own_press() {
    let found = strokes("0 a down\n80 b down\n95 a up\n120 c down\n150 c up\n170 b up").unwrap();
    assert_eq!(
        found,
        [
            ("a".into(), 0, Some(95), false),
            ("b".into(), 80, Some(170), false),
            ("c".into(), 120, Some(150), false),
        ]
    );
}

#[test]
fn a_stream_as_the_module_sees_it() {
    // The release of the Enter that ended the user name, and a last Enter without release.
    let text = "0 enter up\n100 a down\n180 a up\n250 b down\n330 b up\n400 enter down";
    assert_eq!(keys(text).unwrap(), "ab");
}

#[test]
fn the_keyboard_is_the_one_that_the_text_was_typed_on() {
    let keyboard = |text: &str| pair(&text.parse().unwrap()).unwrap().keyboard();
    assert_eq!(keyboard("0 a down\n40 a up\n90 b down"), Some(0));
    let after_another = "0 x down @2\n9 x up @2\n20 a down\n60 enter down\n70 b down @1";
    assert_eq!(keyboard(after_another), Some(0));
    assert_eq!(keyboard("0 a down\n20 a down @1\n60 enter down"), Some(1));
}

#[test]
fn keys_still_held_have_no_release() {
    let found = strokes("0 a down\n90 a up\n100 b down\n150 enter down").unwrap();
    assert_eq!(found[1], ("b".into(), 100, None, false));
}

#[test]
fn repetition_adds_no_element_and_the_hold_is_the_whole_one() {
    let found = strokes("0 a down\n250 a repeat\n283 a repeat\n300 a up\n400 b down").unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].2, Some(300));
}

#[test]
fn modifiers_are_no_elements() {
    let text = "0 leftshift down\n50 a down\n130 a up\n150 leftshift up\n200 rightalt down\n220 e down\n260 rightalt up\n300 e up\n310 capslock down\n330 capslock up";
    assert_eq!(keys(text).unwrap(), "ae");
}

#[test]
fn backspace_takes_back_and_leaves_a_seam() {
    let text = "0 a down\n80 a up\n100 x down\n180 x up\n300 backspace down\n360 backspace up\n500 b down\n580 b up\n600 c down\n660 c up";
    let found = strokes(text).unwrap();
    let seams: Vec<_> = found.iter().map(|s| (s.0.as_str(), s.3)).collect();
    assert_eq!(seams, [("a", false), ("b", true), ("c", false)]);
}

#[test]
fn a_key_erased_while_held_releases_into_nothing() {
    let text = "0 a down\n80 a up\n100 x down\n150 backspace down\n170 b down\n180 x up\n200 backspace up\n240 b up";
    let found = strokes(text).unwrap();
    assert_eq!(found[1], ("b".into(), 170, Some(240), true));
}

#[test]
fn a_held_backspace_clears() {
    let text = "0 a down\n80 a up\n100 x down\n180 x up\n300 backspace down\n550 backspace repeat\n583 backspace repeat\n600 backspace up\n700 b down\n780 b up";
    assert_eq!(
        strokes(text).unwrap(),
        [("b".into(), 700, Some(780), false)]
    );
}

#[test]
fn ctrl_u_starts_again_and_ctrl_h_erases() {
    let text = "0 a down\n80 a up\n100 leftctrl down\n150 u down\n200 u up\n220 leftctrl up\n300 b down\n380 b up\n400 x down\n410 x up\n420 rightctrl down\n430 h down\n440 h up\n450 rightctrl up\n460 c down";
    let found = strokes(text).unwrap();
    let seams: Vec<_> = found.iter().map(|s| (s.0.as_str(), s.3)).collect();
    assert_eq!(seams, [("b", false), ("c", true)]);
}

#[test]
fn what_follows_the_terminator_belongs_to_the_next_prompt() {
    let text = "0 enter down\n40 enter up\n100 a down\n180 a up\n200 enter down\n260 enter up\n300 z down\n320 tab down";
    assert_eq!(keys(text).unwrap(), "a");
}

#[test]
fn the_answer_is_what_the_last_terminator_handed_over() {
    // Another window first, with a shortcut on another keyboard; then the prompt.
    let text = "0 z down @1\n80 z up @1\n90 leftctrl down @1\n95 w down @1\n96 w up @1\n97 leftctrl up @1\n100 enter down @1\n150 enter up @1\n900 a down\n980 a up\n1000 b down\n1090 b up\n1200 enter down\n1205 returned";
    assert_eq!(keys(text).unwrap(), "ab");
    // A click instead of Enter.
    let clicked = "0 a down\n80 a up\n100 b down\n190 b up\n2000 returned";
    assert_eq!(keys(clicked).unwrap(), "ab");
    // Enter twice, and what is typed ahead for the next prompt.
    let ahead =
        "0 a down\n80 a up\n100 enter down\n140 enter up\n150 enter down\n160 l down\n170 returned";
    assert_eq!(keys(ahead).unwrap(), "a");
    // Just in time, and too early.
    let ended = |returned: &str| {
        keys(&format!(
            "0 a down\n80 a up\n100 enter down\n{returned} returned"
        ))
    };
    assert_eq!(ended("200"), Ok("a".into()));
    assert_eq!(ended("200.001"), Err(FailureToAcquire::EndedEarly));
}

/// A key that wakes the screen, another window, a keyboard that fell asleep: the text may
/// still be whole. What is broken off in the middle leaves only its end.
#[test]
fn what_comes_before_the_text_does_not_spoil_it() {
    use FailureToAcquire as F;
    let typed = "900 a down\n980 a up\n1000 b down\n1090 b up\n1200 enter down";
    for (before, reason) in [
        ("0 esc down\n50 esc up", F::EditingKey),
        (
            "0 leftmeta down\n10 l down\n50 l up\n60 leftmeta up",
            F::EditingKey,
        ),
        (
            "0 x down\n50 x up\n60 leftalt down\n70 tab down\n80 tab up\n90 leftalt up",
            F::EditingKey,
        ),
        ("0 space down @1\n50 space up @1", F::TwoKeyboards),
        ("0 lost", F::EventsLost),
        ("0 x down\n10 gone", F::DeviceGone),
        // The release of a was lost.
        ("0 a down", F::EventsLost),
    ] {
        let trace: Trace = format!("{before}\n{typed}").parse().unwrap();
        let pairs = pair(&trace).unwrap();
        let keys: String = pairs.strokes().iter().map(|s| s.key.name()).collect();
        assert_eq!(
            (keys.as_str(), pairs.begun_anew()),
            ("ab", Some(reason)),
            "{before}"
        );
        assert!(
            pairs.strokes().iter().all(|s| s.release.is_some()),
            "{before}"
        );
    }
    for middle in ["lost", "gone", "left down", "z down @1\n930 a down"] {
        let text = format!(
            "0 x down\n80 x up\n920 {middle}\n{}",
            "1000 b down\n1090 b up"
        );
        assert!(!keys(&text).unwrap().contains('x'), "{middle}");
    }
    assert_eq!(pair(&typed.parse().unwrap()).unwrap().begun_anew(), None);
}

#[test]
fn refusals_have_their_reason() {
    use FailureToAcquire as F;
    for (text, reason) in [
        ("", F::NoPress),
        ("0 enter up\n10 leftshift down", F::NoPress),
        ("0 a down\n10 backspace down", F::NoPress),
        ("0 a down\n10 lost", F::EventsLost),
        ("0 a down\n10 gone", F::DeviceGone),
        ("0 a down\n10 backspace down @1", F::TwoKeyboards),
        ("10 a down\n0 a up", F::OutOfOrder),
        ("0 a down\n10 left down", F::EditingKey),
        ("0 a down\n10 leftctrl down\n20 w down", F::EditingKey),
        ("0 leftctrl down\n5 leftalt down\n20 u down", F::EditingKey),
        ("0 a down\n80 a up\n90 enter down\n91 lost", F::EventsLost),
    ] {
        assert_eq!(keys(text), Err(reason), "{text}");
    }
    let long: String = (0..=MAX_KEYS)
        .map(|i| format!("{} a down\n{} a up\n", i * 10, i * 10 + 5))
        .collect();
    assert_eq!(keys(&long), Err(F::TooLong));
    // What was thrown away does not count.
    let cleared = "9000 leftctrl down\n9010 u down\n9020 u up\n9030 leftctrl up\n9040 b down";
    assert_eq!(keys(&format!("{long}{cleared}")), Ok("b".into()));
}

#[test]
fn a_release_on_another_keyboard_is_not_this_key_s() {
    let found = strokes("0 a down\n10 a up @1\n90 a up").unwrap();
    assert_eq!(found[0].2, Some(90));
}
