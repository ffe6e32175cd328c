//! What holds whatever is typed, written or counted.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::ffi::{CStr, CString};

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::digraph::{MAX_KEYS, Sample};
use keydyn_core::key::{KeyCode, KeyEvent, KeyRole, Micros, Motion};
use keydyn_core::keystroke::pair;
use keydyn_core::policy::{Arming, Decision, Throttle};
use keydyn_core::settings::{Line, Settings};
use keydyn_core::store::header::{FILE_LEN, Header, HeaderError, KdfParams};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::seal::{OpenError, PLAINTEXT_LEN, SealKey, open, seal};
use keydyn_core::store::state::{AccountState, Phase, Progress, STATE_LEN, Verdict};
use keydyn_core::time::Timestamp;
use keydyn_core::trace::{Trace, TraceEvent};
use proptest::collection::vec;
use proptest::prelude::*;

fn parameters() -> impl Strategy<Value = KdfParams> {
    (19 * 1024u32..=256 * 1024, 2u32..=16).prop_map(|(memory, passes)| KdfParams {
        memory,
        passes,
        lanes: 1,
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Accepted),
        Just(Verdict::Refused),
        Just(Verdict::CoolingDown),
        (0u8..17).prop_map(|code| Verdict::Unusable(FailureToAcquire::from_code(code).unwrap())),
    ]
}

/// A state as a life of verdicts leaves it, and numbers of any size.
fn state() -> impl Strategy<Value = AccountState> {
    let life = vec((any::<u64>(), verdict()), 0..80);
    let phase = prop_oneof![Just(Phase::None), Just(Phase::Learning), Just(Phase::Armed)];
    (life, phase, any::<(u64, u32, u32, bool)>()).prop_map(|(life, phase, numbers)| {
        let (generation, typings, refused, too_common) = numbers;
        let mut state = AccountState {
            generation,
            phase,
            progress: Progress {
                typings,
                refused,
                too_common,
                ..Progress::default()
            },
            ..AccountState::default()
        };
        for (at, verdict) in life {
            state.note(Timestamp(at), verdict);
        }
        state
    })
}

/// Events in order, of keys that matter and some that do not, on two keyboards.
fn events() -> impl Strategy<Value = Vec<TraceEvent>> {
    let motion = prop_oneof![
        3 => Just(Motion::Press),
        3 => Just(Motion::Release),
        1 => Just(Motion::Repeat)
    ];
    let key = prop_oneof![
        6 => 30u16..36,
        2 => Just(14),
        2 => Just(42),
        1 => Just(29),
        1 => Just(22),
        1 => 0u16..0x300
    ];
    let keyboard = prop_oneof![9 => Just(0u8), 1 => Just(1u8)];
    let event = (0u64..400_000, key, motion, keyboard, 0u8..60);
    vec(event, 0..200).prop_map(|events| {
        let mut now = 0;
        let of = |(pause, key, motion, keyboard, what): (u64, u16, Motion, u8, u8)| {
            now += pause;
            let at = Micros(now);
            match what {
                0 => TraceEvent::Lost(at),
                1 => TraceEvent::Gone(at),
                2 => TraceEvent::Returned(at),
                _ => TraceEvent::Key(KeyEvent {
                    at,
                    keyboard,
                    key: KeyCode(key),
                    motion,
                }),
            }
        };
        events.into_iter().map(of).collect()
    })
}

fn presses_of_text(events: &[TraceEvent]) -> usize {
    let is_text = |event: &&TraceEvent| match event {
        TraceEvent::Key(event) => {
            event.motion == Motion::Press && event.key.role() == KeyRole::Text
        }
        _ => false,
    };
    events.iter().filter(is_text).count()
}

/// A word of every setting; the line itself is the first.
fn words() -> impl Strategy<Value = Vec<String>> {
    let one_of = |name: &'static str, values: &'static [&'static str]| {
        prop::sample::select(values).prop_map(move |value| format!("{name}={value}"))
    };
    let services = vec("[a-z][a-z0-9_-]{0,8}", 0..4);
    (
        one_of("mode", &["shadow", "auto", "enforce"]),
        one_of("strictness", &["lenient", "normal", "strict"]),
        (3u32..=1000).prop_map(|count| format!("min_samples={count}")),
        one_of("password_change", &["learn", "refuse"]),
        one_of("no_timings", &["ignore", "refuse"]),
        one_of("unprivileged", &["ignore", "refuse"]),
        services.prop_map(|names| format!("beforehand={}", names.join(","))),
        any::<bool>(),
    )
        .prop_map(|(a, b, c, d, e, f, g, debug)| {
            let mut words = vec![a, b, c, d, e, f, g];
            words.extend(debug.then(|| "debug".to_owned()));
            words
        })
}

fn of_line(words: &[String]) -> Settings {
    let words: Vec<CString> = words
        .iter()
        .map(|word| CString::new(&**word).unwrap())
        .collect();
    let words: Vec<&CStr> = words.iter().map(|word| &**word).collect();
    Settings::parse(&words)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_sealed_opens_for_its_key_and_user_alone(
        parameters in parameters(),
        (salt, nonce, generation, uid) in any::<([u8; 16], [u8; 24], u64, u32)>(),
        (key, other) in any::<([u8; 32], [u8; 32])>(),
        (at, bit) in (0..FILE_LEN, 0u32..8),
        text in vec(any::<u8>(), 1..200),
    ) {
        let (key, other) = (SealKey::from_bytes(key), SealKey::from_bytes(other));
        prop_assume!(key != other);
        let mut plaintext = vec![0; PLAINTEXT_LEN];
        plaintext[..text.len()].copy_from_slice(&text);
        let file = seal(&key, uid, (salt, parameters), generation, nonce, &plaintext).unwrap();
        let header = Header::parse(&file).unwrap();
        prop_assert_eq!((header.kdf, header.salt, header.generation, header.nonce), (parameters, salt, generation, nonce));
        prop_assert_eq!(&header.to_bytes()[..88], &file[..88]);
        let (_, opened) = open(&key, uid, &file).unwrap();
        prop_assert!(*opened == plaintext);
        prop_assert!(!file.windows(32).any(|bytes| bytes == key.as_bytes()));
        prop_assert_eq!(open(&other, uid, &file).unwrap_err(), OpenError::OtherPassword);
        prop_assert_eq!(open(&key, uid ^ 1, &file).unwrap_err(), OpenError::Seal);
        let mut changed = file;
        changed[at] ^= 1 << bit;
        let OpenError::Header(error) = open(&key, uid, &changed).unwrap_err() else {
            return Err(TestCaseError::fail("told by something else than the header"));
        };
        prop_assert!(error == HeaderError::Checksum || at < 10, "{error}");
    }

    #[test]
    fn a_state_reads_back_for_its_user_and_unchanged_only(
        state in state(),
        uid in any::<u32>(),
        (at, bit) in (0..STATE_LEN, 0u32..8),
    ) {
        let host = HostKey::from_bytes(&[3; 32]).unwrap();
        let mut file = state.to_file(uid, &host).unwrap();
        prop_assert_eq!(file.len(), STATE_LEN);
        prop_assert_eq!(&AccountState::from_file(&file, uid, &host), &Ok(state));
        prop_assert!(AccountState::from_file(&file, uid ^ 1, &host).is_err());
        file[at] ^= 1 << bit;
        prop_assert!(AccountState::from_file(&file, uid, &host).is_err());
    }

    #[test]
    fn settings_are_the_same_in_a_line_and_in_a_file_in_any_order(
        words in words().prop_shuffle(),
        verify in any::<bool>(),
    ) {
        let line = if verify { "verify" } else { "capture" };
        let mut arguments = words.clone();
        arguments.push(line.to_owned());
        let settings = of_line(&arguments);
        prop_assert_eq!(&settings.complaints, &[]);
        prop_assert_eq!(settings.line, Some(if verify { Line::Verify } else { Line::Capture }));
        let text = words.iter().map(|word| format!("  {} # why\r\n", word.replacen('=', " = ", 1)));
        let file = Settings::of_file(Ok(Some(text.collect::<String>().into_bytes())));
        let line = CString::new(line).unwrap();
        prop_assert_eq!(&file.and_line(&[&line]), &settings);
        let mut sorted = arguments;
        sorted.sort();
        prop_assert_eq!(of_line(&sorted), settings);
    }

    #[test]
    fn no_text_of_settings_does_more_than_it_says(text in ".{0,120}", words in words()) {
        let said = text.replace(['\0', '\n'], " ");
        let mut arguments = words;
        arguments.push("verify".to_owned());
        let without = of_line(&arguments);
        arguments.push(said);
        let with = of_line(&arguments);
        if !with.complaints.is_empty() {
            let complaints = Vec::new();
            let with = Settings { complaints: complaints.clone(), ..with };
            let line = without.line;
            prop_assert_eq!(Settings { line: with.line, ..with }, Settings { line, complaints, ..without });
        }
    }
}

proptest! {
    #[test]
    fn a_trace_reads_back_from_its_text(events in events()) {
        let trace = Trace::new(events);
        let text = trace.to_text();
        prop_assert!(text.parse::<Trace>().unwrap() == trace);
        let windows = text.replace('\n', "\r\n");
        prop_assert!(windows.parse::<Trace>().unwrap() == trace);
    }

    #[test]
    fn pairing_makes_no_more_of_a_typing_than_there_was(events in events()) {
        let presses = presses_of_text(&events);
        let trace = Trace::new(events);
        if let Ok(found) = pair(&trace) {
            let strokes = found.strokes();
            prop_assert!((1..=MAX_KEYS.min(presses)).contains(&strokes.len()));
            prop_assert!(strokes.is_sorted_by_key(|stroke| stroke.press));
            prop_assert!(strokes.iter().all(|stroke| stroke.release.is_none_or(|up| up >= stroke.press)));
            let sample = Sample::acquire(&trace).unwrap();
            prop_assert_eq!(sample.keys().len(), strokes.len());
            prop_assert_eq!((sample.holds().len(), sample.downs().len()), (strokes.len(), strokes.len() - 1));
            prop_assert_eq!(sample.digraphs().count(), strokes.len() - 1);
        }
    }

    /// What is lost, taken away or erased before a text changes nothing of it.
    #[test]
    fn what_was_typed_before_a_loss_does_not_count(before in events(), after in events()) {
        let end = before.last().map_or(0, |event| event.at().0);
        let late = |event: TraceEvent| {
            let later = |Micros(at)| Micros(end + 1 + at);
            match event {
                TraceEvent::Key(event) => TraceEvent::Key(KeyEvent { at: later(event.at), ..event }),
                TraceEvent::Lost(at) => TraceEvent::Lost(later(at)),
                TraceEvent::Gone(at) => TraceEvent::Gone(later(at)),
                TraceEvent::Returned(at) => TraceEvent::Returned(later(at)),
            }
        };
        // Of a recording of its own: no key is down, and no prompt has returned, before it.
        let quiet = |event: &TraceEvent| match event {
            TraceEvent::Key(event) => !matches!(event.key.role(), KeyRole::Command | KeyRole::Terminator),
            TraceEvent::Returned(_) => false,
            _ => true,
        };
        let after: Vec<TraceEvent> = after.into_iter().filter(quiet).map(late).collect();
        let alone = Sample::acquire(&Trace::new(after.clone())).map(|sample| sample.after(None));
        let mut both: Vec<TraceEvent> = before.into_iter().filter(quiet).collect();
        both.push(TraceEvent::Lost(Micros(end)));
        both.extend(after);
        let both = Sample::acquire(&Trace::new(both)).map(|sample| sample.after(None));
        if let Ok(alone) = alone {
            prop_assert_eq!(both, Ok(alone));
        }
    }

    #[test]
    fn a_cool_down_is_bounded_grows_with_refusals_and_ends(
        refusals in 0u32..200,
        last in 0u64..u64::MAX / 2,
        passed in 0u64..2000,
    ) {
        let throttle = |refusals| Throttle { refusals, last: Some(Timestamp(last)) };
        let now = Timestamp(last + passed);
        let left = throttle(refusals).cooling_down(now).unwrap_or(0);
        prop_assert!(left + passed <= 900 || left == 0);
        prop_assert!(throttle(refusals + 1).cooling_down(now).unwrap_or(0) >= left);
        let later = Timestamp(now.0 + 1);
        prop_assert_eq!(throttle(refusals).cooling_down(later).unwrap_or(0), left.saturating_sub(1));
        prop_assert_eq!(throttle(refusals).cooling_down(Timestamp(last + 900)), None);
        let mut accepted = throttle(refusals);
        accepted.accepted();
        prop_assert_eq!(accepted.cooling_down(now), None);
    }

    #[test]
    fn arming_counts_the_last_twenty_decisions(
        decisions in vec(0u8..10, 0..60),
        sittings in 0u32..4,
        (learned, min_samples, keys) in (0u32..80, 3u32..60, 0usize..140),
    ) {
        let decision = |number: &u8| match number {
            0 => Decision::Impostor,
            1 => Decision::Undecided,
            _ => Decision::Genuine,
        };
        let mut arming = Arming { sittings, ..Arming::default() };
        decisions.iter().map(decision).for_each(|decision| arming.note(decision));
        let decided: Vec<Decision> = decisions.iter().map(decision).filter(|d| *d != Decision::Undecided).collect();
        let last = &decided[decided.len().saturating_sub(20)..];
        let refused = last.iter().filter(|decision| **decision == Decision::Impostor).count();
        prop_assert_eq!((arming.decided as usize, arming.decisions.count_ones() as usize), (last.len(), refused));
        let steady = last.len() == 20 && refused <= 1 && learned >= min_samples && (6..=MAX_KEYS).contains(&keys);
        prop_assert_eq!(arming.steady(learned, min_samples, keys), steady);
        prop_assert_eq!(arming.ready(learned, min_samples, keys), steady && sittings >= 2);
        let needed = arming.still_needed(learned, min_samples);
        prop_assert!(needed <= 43 + min_samples);
        if (6..=MAX_KEYS).contains(&keys) {
            prop_assert_eq!(needed == 0, steady);
        }
    }
}
