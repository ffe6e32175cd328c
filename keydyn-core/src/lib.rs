//! keydyn-core: how one person types one text, learned online.
//!
//! Data travels one way, and every step is a type:
//!
//! ```text
//! KeyEvent -> Trace -> Sample -> Judgement -> Decision
//!  (key)     (trace)  (digraph)  (template)   (policy)
//! ```
//!
//! A [`trace::Trace`] becomes a [`digraph::Sample`] or a typed
//! [`acquire::FailureToAcquire`]; a [`template::Template`] judges samples and learns accepted ones
//! through its [`memory::SequenceMemory`]; [`policy`] decides; [`store`] keeps it all sealed under
//! the password. `eval` (feature `eval`) measures error rates with the same code.
//!
//! There is no I/O here, no clock and no randomness of its own: whoever calls brings them.

pub mod acquire;
pub mod device;
pub mod digraph;
pub mod explain;
pub mod key;
pub mod keystroke;
pub mod memory;
pub mod policy;
pub mod presentation;
pub mod printable;
pub mod quarantine;
pub mod settings;
pub mod store;
pub mod strangers;
pub mod template;
pub mod time;
pub mod trace;

#[cfg(feature = "eval")]
pub mod detector;
#[cfg(feature = "eval")]
pub mod eval;
