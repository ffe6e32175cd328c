//! The file of settings.

use keydyn_core::settings::Settings;

use crate::settings::check;

/// Complaints of one file, the one that counts the rest among them.
const MOST_COMPLAINTS: usize = 9;

/// A file.
pub fn run(data: &[u8]) {
    let read = || Settings::of_file(Ok(Some(data.to_vec())));
    let settings = read();
    assert_eq!(settings, read(), "twice the same");
    assert_eq!(settings.line, None, "a file is no line of a stack");
    assert!(settings.complaints.len() <= MOST_COMPLAINTS);
    assert!(!settings.configuration_unread);
    check(&settings.clone().and_line(&[c"verify"]));
    check(&settings);
    // Comments and blank lines behind it say nothing.
    let longer = [data, b"\n\n# mode = enforce\n"].concat();
    assert_eq!(Settings::of_file(Ok(Some(longer))), settings);
}
