//! Where accounts are kept. The module and the command look in the same places.

/// One level below the directory that the package makes and anybody may look up the times of.
pub const MAIN: &str = "/var/lib/keydyn/accounts";
/// Where the state goes while [`MAIN`] cannot be written: empty again after the next boot.
pub const RUN: &str = "/run/keydyn/accounts";
