//! keydyn's one door to the operating system.
//!
//! Everything that needs a system call, and with `pam_keydyn/src/ffi.rs` everything that needs
//! `unsafe`, is here behind safe types: files that survive a power cut and follow no link
//! ([`mod@file`], in the directories of [`directories`]), memory that is neither dumped nor swapped nor
//! inherited ([`secret`], [`arena`]), the administrator's settings
//! ([`configuration`]), users, clock and randomness ([`system`]), where a login's typing
//! takes place ([`place`]), and the keyboards it is read from ([`capture`], behind [`source`]).
//!
//! With the feature `application`, which only the command `keydyn` has: questions on its terminal,
//! libpam as an application sees it, and what the machine has.

pub mod arena;
mod caller;
pub mod capture;
pub mod configuration;
pub mod descriptors;
pub mod directories;
mod evdev;
pub mod file;
#[cfg(feature = "application")]
pub mod hardening;
mod interrupted;
#[cfg(feature = "application")]
pub mod inventory;
mod keyboards;
mod logind;
mod mapping;
mod name_service;
#[cfg(feature = "application")]
pub mod pam_application;
pub mod place;
#[cfg(feature = "application")]
pub mod prompt;
#[cfg(feature = "fuzzing")]
pub mod raw;
mod reader;
mod recorder;
#[cfg(feature = "replay-source")]
pub mod replay;
pub mod reserve;
pub mod secret;
mod signal;
pub mod source;
pub mod syslog;
pub mod system;
mod terminal;
