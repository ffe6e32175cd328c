//! Where the file of settings is read from.

use std::ffi::CStr;

use keydyn_core::settings::Settings;

/// What the file of settings and the line's arguments say.
pub(crate) fn settings(args: &[&CStr]) -> Settings {
    let file = match path(args) {
        Some(path) => keydyn_sys::configuration::read(&path),
        None => Ok(None),
    };
    Settings::of_file(file).and_line(args)
}

#[cfg(not(feature = "replay-source"))]
fn path(_: &[&CStr]) -> Option<std::path::PathBuf> {
    Some(keydyn_core::settings::PATH.into())
}

/// In tests, the one that the script names.
#[cfg(feature = "replay-source")]
fn path(args: &[&CStr]) -> Option<std::path::PathBuf> {
    let script = args
        .iter()
        .find_map(|arg| arg.to_str().ok()?.strip_prefix("replay="))?;
    let script = keydyn_sys::replay::Script::read(script.as_ref());
    script.value("configuration").map(Into::into)
}
