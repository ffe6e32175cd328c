//! Whose files a verb is about, and where they are.

use std::env;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use keydyn_core::printable::printable;
use keydyn_core::store::host::HostKey;
use keydyn_core::store::vault::Vault;
use keydyn_core::store::vault::survey::account_of;
use keydyn_sys::directories::{MAIN, RUN};
use keydyn_sys::file::StateDir;
use keydyn_sys::system;

use crate::failure::Failure;

/// Other directories than this machine's, for tests. No door: the command is not setuid, and what
/// a directory says is believed only if whoever runs the command owns it.
#[derive(Debug, Args)]
pub(crate) struct Places {
    #[arg(long, hide = true, value_name = "DIR", requires = "run_dir")]
    state_dir: Option<PathBuf>,

    #[arg(long, hide = true, value_name = "DIR", requires = "state_dir")]
    run_dir: Option<PathBuf>,
}

impl Places {
    /// The directories, for a verb that needs root's rights on this machine's.
    pub(crate) fn open(&self, verb: &'static str) -> Result<Directories, Failure> {
        if self.state_dir.is_none() && !system::privileged() {
            return Err(Failure::NotRoot { verb });
        }
        Ok(self.directories())
    }

    /// Whether these are this machine's, and no test's.
    pub(crate) fn are_usual(&self) -> bool {
        self.state_dir.is_none()
    }

    /// The directories, for a verb that may find that it cannot read them.
    pub(crate) fn directories(&self) -> Directories {
        let place = |given: &Option<PathBuf>, usual: &str| {
            StateDir::new(given.clone().unwrap_or_else(|| usual.into()))
        };
        Directories {
            main: place(&self.state_dir, MAIN),
            run: place(&self.run_dir, RUN),
        }
    }
}

/// Where accounts are kept.
#[derive(Debug)]
pub(crate) struct Directories {
    pub(crate) main: StateDir,
    /// Where the state goes while `main` cannot be written.
    pub(crate) run: StateDir,
}

impl Directories {
    /// The uids of which there is a file, in order.
    pub(crate) fn uids(&self) -> Result<Vec<u32>, Failure> {
        let mut names = self.main.names()?;
        names.extend(self.run.names()?);
        let mut uids: Vec<u32> = names.iter().filter_map(|name| account_of(name)).collect();
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// An account's files; `host` is `None` where `host.key` cannot be had.
    pub(crate) fn vault<'a>(&'a self, account: &Account, host: Option<&'a HostKey>) -> Vault<'a> {
        Vault::new(account.uid, &self.main, &self.run, host)
    }
}

/// A user who has to be named.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Named {
    /// The user
    user: Option<String>,

    /// The user with this number, who need not exist any more
    #[arg(long, value_name = "N")]
    uid: Option<u32>,
}

impl Named {
    pub(crate) fn account(&self) -> Result<Account, Failure> {
        match (&self.user, self.uid) {
            (None, Some(uid)) => Ok(Account::with_uid(uid)),
            (user, _) => Account::named(user.as_deref().unwrap_or_default()),
        }
    }
}

/// A user, or a uid that no user has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) name: Option<String>,
}

impl Account {
    /// The user with this name.
    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        let uid = system::uid_of(name).map_err(|error| Failure::NameService { error })?;
        let uid = uid.ok_or_else(|| Failure::UnknownUser {
            name: name.to_owned(),
        })?;
        let name = Some(name.to_owned());
        Ok(Self { uid, name })
    }

    /// Whoever has this uid, if anybody. Asks nobody who does not answer.
    pub(crate) fn with_uid(uid: u32) -> Self {
        let name = system::name_of(uid).ok().flatten();
        Self { uid, name }
    }

    /// Whoever runs the command, through sudo too.
    pub(crate) fn of_caller() -> Result<Self, Failure> {
        match env::var("SUDO_USER") {
            Ok(name) if system::privileged() && !name.is_empty() => Self::named(&name),
            _ => Ok(Self::with_uid(system::real_uid())),
        }
    }

    /// The user on the command line, else whoever runs the command.
    pub(crate) fn or_caller(user: Option<&str>) -> Result<Self, Failure> {
        user.map_or_else(Self::of_caller, Self::named)
    }

    /// What the other verbs are to be told to mean this account.
    pub(crate) fn argument(&self) -> String {
        match &self.name {
            Some(name) => printable(name),
            None => format!("--uid {}", self.uid),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} (uid {})", printable(name), self.uid),
            None => write!(f, "uid {}, which no user has", self.uid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_is_not_there_is_named() {
        let failure = Account::named("nobody-has-this-name").unwrap_err();
        assert!(failure.to_string().contains("nobody-has-this-name"));
        let root = Account::named("root").unwrap();
        assert_eq!((root.uid, root.to_string()), (0, "root (uid 0)".into()));
        assert_eq!(root, Account::with_uid(0));
        let gone = Account::with_uid(u32::MAX - 7);
        assert_eq!(gone.argument(), "--uid 4294967288");
    }

    #[test]
    fn a_name_of_the_name_service_reaches_no_terminal_raw() {
        let account = Account {
            uid: 7,
            name: Some("a\u{1b}[2J".into()),
        };
        assert_eq!(account.to_string(), "a\\u{1b}[2J (uid 7)");
        assert_eq!(account.argument(), "a\\u{1b}[2J");
    }
}
