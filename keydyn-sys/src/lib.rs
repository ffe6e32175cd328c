//! keydyn's one door to the operating system.
//!
//! Everything that needs a system call, and with `pam_keydyn/src/ffi.rs` everything that needs
//! `unsafe`, is here behind safe types: files that survive a power cut and follow no link
//! ([`mod@file`], in the directories of [`places`]), memory that is neither dumped nor swapped nor inherited ([`secret`], [`arena`]),
//! users, clock and randomness ([`system`]), and where key events come from ([`source`]).

pub mod arena;
pub mod file;
mod mapping;
pub mod places;
pub mod secret;
pub mod source;
pub mod system;
