//! Runs on the machine: a second keyboard of the seat, which types what it is told to by the lines
//! of its input. `type FILE` types a trace, `flood COUNT` moves a key without text so often in one
//! go that no reader can follow.
#![expect(clippy::expect_used, reason = "a test's program")]

use std::fs;
use std::io;

use vm::{MadeUpKeyboard, Typing};

fn main() -> io::Result<()> {
    let mut keyboard = MadeUpKeyboard::plug_in("beside")?;
    for line in io::stdin().lines() {
        match line?.split_once(' ') {
            Some(("type", file)) => {
                let trace = fs::read_to_string(file)?.parse().expect("a trace");
                keyboard.types(&Typing::exactly(&trace), || ())?;
            }
            Some(("flood", count)) => keyboard.floods(count.parse().expect("a number"))?,
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
        // Whoever waits for it sees it there.
        fs::write("/run/beside-done", "done")?;
    }
    Ok(())
}
