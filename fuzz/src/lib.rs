//! What keydyn reads from outside, each as a target: a function that takes any bytes and panics
//! where a promise is broken.
//!
//! cargo-fuzz runs them by `make fuzz TARGET=name`, the test `corpora` over the committed corpora
//! and some mutations of them, with any compiler. Where an input begins with a byte that says how
//! the rest is meant (as it is, or with length, checksum or MAC put right), [`meant`] takes it.

pub mod arguments;
pub mod codec;
pub mod configuration;
pub mod events;
pub mod header;
pub mod recording_long;
pub mod recording_wide;
pub mod sealed;
pub mod stack;
pub mod state;
pub mod trace_text;

mod memory;
mod recordings;
mod settings;

/// A target's name, as its corpus and cargo-fuzz call it, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 11] = [
    ("arguments", arguments::run),
    ("codec", codec::run),
    ("configuration", configuration::run),
    ("events", events::run),
    ("header", header::run),
    ("recording_long", recording_long::run),
    ("recording_wide", recording_wide::run),
    ("sealed", sealed::run),
    ("stack", stack::run),
    ("state", state::run),
    ("trace_text", trace_text::run),
];

/// How the input is meant, out of so many ways, and the rest of it.
fn meant(data: &[u8], ways: u8) -> Option<(u8, &[u8])> {
    let (&way, rest) = data.split_first()?;
    Some((way % ways, rest))
}

/// That this may be shown to somebody: one line of at most `most` bytes that moves no cursor.
fn assert_sentence(text: &str, most: usize) {
    assert!(!text.trim().is_empty(), "an error says nothing");
    assert!(text.len() <= most, "{} bytes: {text:?}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}
