//! What the command says of a user.

use crate::guest::Guest;

/// `keydyn status USER --json`.
#[derive(Clone, Debug)]
pub struct Status(String);

impl Status {
    /// Asks on the machine.
    ///
    /// # Panics
    /// If the machine does not answer.
    #[must_use]
    pub fn of(guest: &mut Guest, user: &str) -> Self {
        // Its code says whether all is well, which is not what is asked.
        Self(guest.shell.output(&format!("keydyn status {user} --json")))
    }

    /// A number that it tells: `learned`, `refused`, `not_judged`.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        let found = self.0.split_once(&format!("\"{name}\": "));
        let (_, rest) = found.unwrap_or_else(|| panic!("no {name}: {}", self.0));
        let end = rest.find(|c: char| !c.is_ascii_digit());
        let digits = &rest[..end.unwrap_or(rest.len())];
        digits
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {}", self.0))
    }

    /// Whether this stands in it.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_found_by_their_names() {
        let status = Status("{\n  \"learned\": 24,\n  \"learning\": {\n".to_owned());
        assert_eq!(status.count("learned"), 24);
    }
}
