//! Settings as somebody could write them.

use std::ffi::{CStr, CString};

use keydyn_core::policy::Strictness;
use keydyn_core::settings::{Complaint, Line, PasswordChange, Rule, Settings};

use crate::assert_sentence;

/// What holds for all settings, whoever wrote them.
pub(crate) fn check(settings: &Settings) {
    assert!((3..=1000).contains(&settings.min_samples));
    for complaint in &settings.complaints {
        // A control character takes up to ten to be shown.
        assert_sentence(&complaint.to_string(), 1000);
    }
    // A line of the file ends at these, and libpam's arguments at the last.
    let unwritable = |name: &String| name.contains(['#', '\n', '\0']);
    if settings.beforehand.iter().any(unwritable) {
        return;
    }
    let line = of_line(&words(settings));
    assert_eq!(line, without_complaints(settings), "on the line");
    let file = Settings::of_file(Ok(Some(words(settings)[1..].join("\n").into_bytes())));
    let file = file.and_line(&[c"capture"]);
    let of_it = Settings {
        line: Some(Line::Capture),
        complaints: Vec::new(),
        ..settings.clone()
    };
    assert_eq!(file, of_it, "in the file");
}

/// What a line with these arguments says.
pub(crate) fn of_line(words: &[String]) -> Settings {
    let words: Vec<CString> = words
        .iter()
        .filter_map(|word| CString::new(&**word).ok())
        .collect();
    let words: Vec<&CStr> = words.iter().map(|word| &**word).collect();
    Settings::parse(&words)
}

fn without_complaints(settings: &Settings) -> Settings {
    let complaints = match settings.line {
        Some(_) => Vec::new(),
        None => vec![Complaint::NoLine],
    };
    Settings {
        complaints,
        ..settings.clone()
    }
}

/// Every setting, in words that mean it; the line comes first.
fn words(settings: &Settings) -> Vec<String> {
    let line = match settings.line {
        Some(Line::Capture) => "capture",
        Some(Line::Verify) => "verify",
        None => "beforehand=",
    };
    let strictness = match settings.strictness {
        Strictness::Lenient => "lenient",
        Strictness::Normal => "normal",
        Strictness::Strict => "strict",
    };
    let password_change = match settings.password_change {
        PasswordChange::Learn => "learn",
        PasswordChange::Refuse => "refuse",
    };
    let rule = |rule| match rule {
        Rule::Ignore => "ignore",
        Rule::Refuse => "refuse",
    };
    let mut words = vec![
        line.to_owned(),
        format!("mode={}", settings.mode.word()),
        format!("strictness={strictness}"),
        format!("min_samples={}", settings.min_samples),
        format!("password_change={password_change}"),
        format!("no_timings={}", rule(settings.no_timings)),
        format!("unprivileged={}", rule(settings.unprivileged)),
        format!("beforehand={}", settings.beforehand.join(",")),
    ];
    words.extend(settings.debug.then(|| "debug".to_owned()));
    words
}
