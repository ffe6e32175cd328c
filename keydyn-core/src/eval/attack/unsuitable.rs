//! Why a recording does not suit an attack.

use super::Attack;

/// Why a recording does not suit an attack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Nothing was recorded.
    #[error("there are no typings")]
    Nobody,
    /// Attackers without anybody to be.
    #[error(
        "no account has a typing by its owner, {name} for one; in the owner's rows the typist must be called as in `account`"
    )]
    NoOwner {
        /// Whose account.
        name: String,
    },
    /// Nobody has enough to be enrolled and attacked.
    #[error(
        "{attack} needs at least {needs} typings of an account's owner, and nobody has more than {has} ({name}); enrol on fewer with `--enrol`, or record more"
    )]
    TooFewRepetitions {
        /// Who has the most.
        name: String,
        /// How many.
        has: usize,
        /// How many would do.
        needs: usize,
        /// Of which attack.
        attack: &'static str,
    },
    /// Nobody else typed it.
    #[error(
        "there is nobody but {name}, and {} is made of other people's typing; use `--attack {}`, or a recording of several people",
        attack.name(), without_others()
    )]
    Alone {
        /// Who.
        name: String,
        /// Which attack.
        attack: Attack,
    },
    /// No account had enough that could be used.
    #[error(
        "{attack} could be made on no account: typings lack too many features or are of another text, or nobody else typed an account's text"
    )]
    NothingAttacked {
        /// Which attack.
        attack: &'static str,
    },
}

/// What can be done to somebody alone, as the command line takes it.
fn without_others() -> String {
    let all = Attack::ALL.into_iter();
    let names = all
        .filter(|attack| !attack.needs_others())
        .map(Attack::name);
    names.collect::<Vec<_>>().join(",")
}
