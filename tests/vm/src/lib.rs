//! A real machine with a real keyboard, without hardware: a Linux kernel in QEMU's software
//! emulation, whose keyboard is pressed from outside at given moments.
//!
//! [`Guest`] boots it and reaches it by three ways: a [`Keyboard`] whose every edge goes through
//! the emulated keyboard controller and the kernel to tty1, a root [`Shell`] on a serial line, and
//! the [`Console`], on which the kernel and the system's log write. What stands on tty1 is read
//! through the shell ([`Screen`]). [`Login`] is the machine on which the shipped module is
//! installed, and [`Person`] somebody with a rhythm.
//!
//! The stories are in `tests/`, are run by `make e2e`, and are ignored by a plain `cargo test`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a harness whose every failure is a test's"
)]

mod chance;
mod console;
mod disk;
mod errors;
mod evdev;
mod guest;
mod home;
mod inside;
mod keyboard;
mod login;
mod monitor;
mod overlay;
mod person;
mod scenes;
mod screen;
mod script;
mod shell;
mod status;
mod story;
mod typing;
mod uinput;

pub use chance::Chance;
pub use console::Console;
pub use disk::{Cut, Disk};
pub use errors::{Errors, Intervals};
pub use evdev::PlainReader;
pub use guest::{Guest, Machine, PATIENCE};
pub use home::{Answered, Home};
pub use inside::{Inside, Outcome};
pub use keyboard::Keyboard;
pub use login::{Attempt, Login};
pub use monitor::Monitor;
pub use overlay::Overlay;
pub use person::Person;
pub use scenes::Scenes;
pub use screen::Screen;
pub use script::{Report, Step, read_script, write_script};
pub use shell::Shell;
pub use status::Status;
pub use story::Story;
pub use typing::Typing;
pub use uinput::MadeUpKeyboard;
