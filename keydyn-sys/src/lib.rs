//! keydyn's one door to the operating system.
//!
//! Everything that needs a system call, and with `pam_keydyn/src/ffi.rs` everything that needs
//! `unsafe`, is here behind safe types: files that survive a power cut and follow no link
//! ([`mod@file`]), memory that is neither dumped nor swapped nor inherited ([`secret`], [`arena`]),
//! users, clock and randomness ([`system`]), where key events come from ([`source`]), and where a
//! login's typing takes place ([`place`]).

pub mod arena;
pub mod file;
mod logind;
mod mapping;
pub mod place;
pub mod secret;
pub mod source;
pub mod system;
mod terminal;
