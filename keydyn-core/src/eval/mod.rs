//! Error rates on recorded typing, by the same code that decides about logins.
//!
//! ```text
//! file -> DataSet -> trials (one an account and a seed) -> Figures
//! (read)  (data)     (protocol, trial, record)             (rates, users, summary, figures)
//! ```
//!
//! Scores are higher for stranger typing throughout. FRR(t) is the share of genuine scores above
//! t, FAR(t) the share of impostor scores up to t (ISO/IEC 19795-1 calls the rates of decisions
//! so). docs/evaluation.md defines the protocols in full.
//!
//! Beside them, `calibration` has thresholds for a wanted FRR, `paired` the test between two
//! evaluations, and `fingerprint` says whether those were of the same typing.
//!
//! Nothing here reads a clock, and every random draw follows from a seed, an account and a
//! purpose: figures do not depend on the number of threads or on who finishes first.

pub mod attack;
pub mod calibration;
pub mod data;
pub mod describe;
pub mod digest;
pub(crate) mod draw;
pub mod figures;
pub mod fingerprint;
pub mod paired;
pub mod protocol;
pub mod rates;
pub mod read;
pub mod record;
pub mod setup;
pub mod summary;
pub mod trial;
pub mod typist;
pub mod users;
