//! The threshold on the command line, by the module's words.

use clap::{Args, ValueEnum};
use keydyn_core::policy::Strictness;

#[derive(Debug, Args)]
pub(super) struct Threshold {
    /// As the module's `strictness=`
    #[arg(long, value_enum, default_value_t = Word::Normal)]
    strictness: Word,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    Lenient,
    Normal,
    Strict,
}

impl Threshold {
    pub(super) fn strictness(&self) -> Strictness {
        match self.strictness {
            Word::Lenient => Strictness::Lenient,
            Word::Normal => Strictness::Normal,
            Word::Strict => Strictness::Strict,
        }
    }
}
