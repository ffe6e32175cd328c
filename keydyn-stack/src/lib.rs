//! What a PAM stack makes of keydyn, found by simulation and not by pattern (docs/adr/0026).
//!
//! [`files`] finds services as libpam does, [`service`] reads one into lines, [`dispatch`] is
//! libpam's way through them, [`module`] knows what modules can return, [`walk`] takes every way a
//! person can take, and [`judge`] holds what comes of them against what keydyn promises.
//!
//! Nothing is run, loaded or asked: files are read, and that is all.

pub mod code;
pub mod control;
pub mod dispatch;
pub mod files;
pub mod finding;
pub mod judge;
mod managed;
pub mod module;
mod object;
pub mod service;
pub mod text;
pub mod walk;
