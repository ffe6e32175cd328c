use crate::Error;
use std::env;
use std::path::{Path, PathBuf};

const FILE: &str = "libpam_standin.so";

/// The stand-in for pam_unix (crate `pam-standin`, see there for its arguments): `$KEYDYN_STANDIN`, else
/// beside the running test, else in `$CARGO_TARGET_DIR` or this workspace's own target directory.
///
/// # Errors
/// It is at none of these places.
pub fn stand_in() -> Result<PathBuf, Error> {
    let looked = match env::var_os("KEYDYN_STANDIN") {
        Some(path) => vec![PathBuf::from(path)],
        None => places(),
    };
    match looked.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Error::StandIn(looked)),
    }
}

/// The stand-in with these arguments, for a line of a stack: `auth required ` goes in front.
///
/// # Errors
/// As [`stand_in`].
pub fn stand_in_with(arguments: &str) -> Result<String, Error> {
    Ok(format!("{} {arguments}", stand_in()?.display()))
}

/// The stand-in as a password module that knows the right password.
///
/// # Errors
/// As [`stand_in`].
pub fn password_line(password: &str) -> Result<String, Error> {
    stand_in_with(&format!("password={password}"))
}

fn places() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target");
    let mut places = Vec::new();
    // target/debug/deps/TEST, target/debug/PROGRAM or target/debug/examples/EXAMPLE.
    if let Ok(exe) = env::current_exe() {
        for directory in exe.ancestors().skip(1).take(2) {
            places.push(directory.join(FILE));
            places.push(directory.join("deps").join(FILE));
        }
    }
    if let Some(target) = env::var_os("CARGO_TARGET_DIR") {
        places.push(Path::new(&target).join("debug/deps").join(FILE));
    }
    places.push(tests.join("debug/deps").join(FILE));
    places
}
