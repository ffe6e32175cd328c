//! What is kept between logins, and how.
//!
//! | file | room | what it is |
//! |---|---|---|
//! | `UID.profile` | [`profile`], sealed by [`seal`] | templates and the last samples |
//! | `UID.second` | the same | the profile of a changed password, until it has learned enough |
//! | `UID.state` | [`state`], authenticated by [`host`] | armed or not, verdicts, throttle |
//! | `UID.disabled`, `all.disabled` | [`switch`] | the administrator has put keydyn out of force |
//! | `nobody.state` | [`vault::nobody`] | nobody's, written for an attempt that is not judged |
//! | `host.key` | [`host`] | a random key of this machine |
//!
//! [`vault`] puts them together: generations, fall-backs, read-modify-write. It does its I/O
//! through the trait [`files::StateFiles`]; the real one is in keydyn-sys. The bytes are described
//! in docs/profile-format.md.

mod codec;
pub mod enrolment;
pub mod files;
pub mod header;
pub mod host;
mod mac;
pub mod profile;
pub mod seal;
pub mod state;
pub mod switch;
pub mod token;
#[cfg(feature = "fuzzing")]
pub mod unsealed;
pub mod vault;

pub use codec::CodecError;
