//! Traces as text, and the typings in them.

use keydyn_core::digraph::{MAX_KEYS, Sample};
use keydyn_core::trace::{MAX_EVENTS, Trace, TraceTextError, TraceTextProblem};

/// Text that need not be any.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<Trace>() {
        Ok(trace) => {
            assert!(trace.events().len() <= MAX_EVENTS);
            let written = trace.to_text();
            assert_eq!(written.lines().count(), trace.events().len());
            let again: Trace = written.parse().expect("what was written");
            assert!(again == trace, "read back as another");
            assert_eq!(format!("{trace:?}"), "Trace(..)");
            if let Ok(sample) = Sample::acquire(&trace) {
                assert!((1..=MAX_KEYS).contains(&sample.keys().len()));
                assert!(Sample::acquire(&again) == Ok(sample), "another typing");
            }
        }
        Err(error) => check(&error, &text),
    }
}

/// The line and one of five sentences, and so nothing that stands in the line.
fn check(error: &TraceTextError, text: &str) {
    assert!((1..=text.lines().count()).contains(&error.line));
    let sentences = [
        TraceTextProblem::Time,
        TraceTextProblem::Key,
        TraceTextProblem::Motion,
        TraceTextProblem::Keyboard,
        TraceTextProblem::TooLong,
    ];
    let line = error.line;
    let told = sentences.map(|problem| format!("line {line} of the trace: {problem}"));
    assert!(told.contains(&error.to_string()));
    let before: String = text.split_inclusive('\n').take(line - 1).collect();
    assert!(before.parse::<Trace>().is_ok(), "the first defect is told");
}
