use crate::error::Error;
use crate::module::Module;
use crate::people::Recording;
use crate::screen::Screen;
use std::path::Path;
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) people: u32,
    pub(crate) reps: u32,
}
pub(crate) fn replay(
    _: &mut Screen,
    _: &Module,
    _: &str,
    _: &Recording,
    _: Plan,
    _: Option<&Path>,
) -> Result<bool, Error> {
    Ok(true)
}
