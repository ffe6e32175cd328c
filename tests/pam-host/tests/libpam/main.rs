//! What the host can do, and what the rest of the tests may rely on, shown on the real libpam.
//! Measured on Linux-PAM 1.5.2.

mod conversations;
mod credentials;
mod debian;
mod processes;
mod transactions;

use pam_host::{Application, Conversation, Error, Message, Stack, stand_in_with};

type Tested = Result<(), Error>;

/// The service `login` with these lines; `STAND-IN` stands for the stand-in's path.
fn stack(lines: &[&str]) -> Result<Stack, Error> {
    let standin = stand_in_with("")?;
    let lines = lines.iter().map(|line| line.replace("STAND-IN ", &standin));
    Stack::new()?.service("login", lines)
}

/// `nobody` at `login`.
fn login(stack: &Stack, conversation: Conversation) -> Result<Application, Error> {
    Application::start(stack, "login", "nobody", conversation)
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|one| one.text.as_str()).collect()
}
