//! The threshold on the command line, by the module's words.

use clap::{Args, ValueEnum};
use keydyn_core::policy::Strictness;

#[derive(Debug, Args)]
pub(super) struct Threshold {
    /// As the module's `strictness=`; without it normal, or, where somebody logs in, what the file of
    /// settings says
    #[arg(long, value_enum)]
    strictness: Option<Word>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    Lenient,
    Normal,
    Strict,
}

impl Threshold {
    /// What was asked for, or else this.
    pub(super) fn or(&self, usual: Strictness) -> Strictness {
        self.strictness.map_or(usual, |word| match word {
            Word::Lenient => Strictness::Lenient,
            Word::Normal => Strictness::Normal,
            Word::Strict => Strictness::Strict,
        })
    }
}
