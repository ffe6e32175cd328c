//! The arguments of a line in the stack.

use std::ffi::{CStr, CString};

use keydyn_core::settings::{Complaint, Settings};

use crate::settings::check;

/// More arguments than libpam hands over.
const MOST: usize = 64;

/// Arguments with a zero byte between them.
pub fn run(data: &[u8]) {
    let arguments = data.split(|&byte| byte == 0).take(MOST);
    let arguments: Vec<CString> = arguments
        .filter_map(|bytes| CString::new(bytes).ok())
        .collect();
    let arguments: Vec<&CStr> = arguments.iter().map(|argument| &**argument).collect();
    let settings = Settings::parse(&arguments);
    assert_eq!(settings, Settings::parse(&arguments), "twice the same");
    assert!(settings.complaints.len() <= arguments.len() + 1);
    check(&settings);
    // What is complained of counts as not written.
    let bad = |argument: &CStr| {
        let written = argument.to_string_lossy();
        settings.complaints.iter().any(|complaint| match complaint {
            Complaint::Unknown { argument, .. } | Complaint::Value { argument, .. } => {
                **argument == *written
            }
            _ => false,
        })
    };
    let understood: Vec<&CStr> = arguments
        .iter()
        .copied()
        .filter(|argument| !bad(argument))
        .collect();
    let clean = Settings::parse(&understood);
    let of_arguments = |complaint: &&Complaint| {
        matches!(
            complaint,
            Complaint::Unknown { .. } | Complaint::Value { .. }
        )
    };
    assert_eq!(clean.complaints.iter().filter(of_arguments).count(), 0);
    let complaints = Vec::new();
    assert_eq!(
        Settings {
            complaints: complaints.clone(),
            ..clean
        },
        Settings {
            complaints,
            ..settings
        }
    );
}
