//! Which lines name the module: what is to go before the module does.

use crate::files::{Configuration, Unreadable};
use crate::service::{Entry, Place, Service};

/// A line that names keydyn's module, whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Where it is.
    pub place: Place,
    /// Its words.
    pub text: String,
}

/// Every line that names keydyn's module, in every service and in everything that services include,
/// in order; and the first file that cannot be read.
///
/// # Errors
/// If the configuration cannot be listed.
pub fn named(
    configuration: &Configuration,
) -> Result<(Vec<Named>, Option<Unreadable>), Unreadable> {
    let (mut lines, mut unreadable) = (Vec::new(), None);
    for name in super::services(configuration)? {
        match Service::read(configuration, &name) {
            Ok(service) => {
                let ours = service.entries().iter().filter(|one| one.names_keydyn());
                lines.extend(ours.map(|entry| Named {
                    place: entry.place.clone(),
                    text: words(entry),
                }));
            }
            Err(why) => unreadable = unreadable.or(Some(why)),
        }
    }
    lines.sort();
    lines.dedup();
    Ok((lines, unreadable))
}

/// The line as it could be written, without what includes it.
fn words(entry: &Entry) -> String {
    let bracketed = |word: &String| match word.contains(char::is_whitespace) {
        true => format!("[{word}]"),
        false => word.clone(),
    };
    let control = match entry.word.contains('=') {
        true => format!("[{}]", entry.word),
        false => entry.word.clone(),
    };
    let words = [
        entry.facility.word().to_owned(),
        control,
        entry.module.clone(),
    ];
    let words = words.into_iter().filter(|word| !word.is_empty());
    let words: Vec<_> = words.chain(entry.arguments.iter().map(bracketed)).collect();
    words.join(" ")
}
