//! keydyn's one door to the operating system.
//!
//! Everything that needs a system call, and with `pam_keydyn/src/ffi.rs` everything that needs
//! `unsafe`, is here behind safe types: files that survive a power cut and follow no link
//! ([`mod@file`]), memory that is neither dumped nor swapped nor inherited ([`secret`], [`arena`]),
//! users, clock and randomness ([`system`]), where a login's typing takes place ([`place`]), and the
//! keyboards it is read from ([`capture`], behind [`source`]).

pub mod arena;
pub mod capture;
mod evdev;
pub mod file;
mod keyboards;
mod logind;
mod mapping;
pub mod place;
mod reader;
mod recorder;
pub mod secret;
mod signal;
pub mod source;
pub mod system;
mod terminal;
