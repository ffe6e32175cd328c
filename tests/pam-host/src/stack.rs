use crate::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Stacks in a configuration directory of their own, which goes when the last clone of it and the last
/// application on it are gone. Nothing of `/etc/pam.d` is read.
#[derive(Clone, Debug)]
pub struct Stack {
    directory: Arc<TempDir>,
    /// Where services are looked up, if not below that directory.
    elsewhere: Option<PathBuf>,
}

/// Where pam_faillock counts, and after how many failures it locks.
const TALLIES: &str = "faillock";

impl Stack {
    /// The service of the stacks of [`Stack::debian`] and [`Stack::debian_with_faillock`].
    pub const SERVICE: &'static str = "login";

    /// No service yet.
    ///
    /// # Errors
    /// No temporary directory could be made.
    pub fn new() -> Result<Self, Error> {
        let directory =
            TempDir::with_prefix("pam-host-").map_err(wrap("make", Path::new("/tmp")))?;
        let stack = Self {
            directory: Arc::new(directory),
            elsewhere: None,
        };
        make_directory(&stack.confdir())?;
        Ok(stack)
    }

    /// The machine's own stacks, in this directory (`/etc/pam.d`), to which nothing can be added: for
    /// a machine that is made for the test.
    ///
    /// # Errors
    /// As [`Stack::new`].
    pub fn installed(directory: &Path) -> Result<Self, Error> {
        Ok(Self {
            elsewhere: Some(directory.to_owned()),
            ..Self::new()?
        })
    }

    /// Adds a service, or replaces it. Each line is one of a file in `/etc/pam.d`.
    ///
    /// # Errors
    /// The service's name is no lower-case file name, a line has a line break, or writing failed.
    pub fn service<T: AsRef<str>>(
        self,
        name: &str,
        lines: impl IntoIterator<Item = T>,
    ) -> Result<Self, Error> {
        // libpam looks a service up in lower case.
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(Error::Service(name.to_owned()));
        }
        let mut content = String::new();
        for line in lines {
            let line = line.as_ref();
            if line.contains('\n') {
                return Err(Error::Line(line.to_owned()));
            }
            content.push_str(line);
            content.push('\n');
        }
        let path = self.directory.path().join("pam.d").join(name);
        fs::write(&path, content).map_err(wrap("write", &path))?;
        Ok(self)
    }

    /// The stack of Debian and Ubuntu (docs/pam-semantics.md) as the service [`Stack::SERVICE`].
    ///
    /// `args` are appended to both lines of the module, `password_line` is the password module and its
    /// arguments: `pam_unix.so nullok try_first_pass`, or [`password_line`](crate::password_line).
    ///
    /// # Errors
    /// As [`Stack::service`]; also a module's path with white space in it.
    pub fn debian(module: &Path, args: &str, password_line: &str) -> Result<Self, Error> {
        Self::new()?.service(Self::SERVICE, debian_lines(module, args, password_line)?)
    }

    /// The stack with pam_faillock (docs/pam-semantics.md) as the service [`Stack::SERVICE`]; it locks
    /// after `deny` failures. Tallies and settings are in this stack's directory: neither
    /// `/var/run/faillock` nor `/etc/security/faillock.conf` is touched.
    ///
    /// # Errors
    /// As [`Stack::debian`].
    pub fn debian_with_faillock(
        module: &Path,
        args: &str,
        password_line: &str,
        deny: u32,
    ) -> Result<Self, Error> {
        let stack = Self::new()?;
        let faillock = stack.faillock(deny)?;
        let lines = debian_with_faillock_lines(module, args, password_line, &faillock)?;
        stack.service(Self::SERVICE, lines)
    }

    /// Prepares the private tallies, and returns the arguments that send pam_faillock there.
    ///
    /// # Errors
    /// The directory or the settings could not be written.
    pub fn faillock(&self, deny: u32) -> Result<String, Error> {
        let tallies = self.directory.path().join(TALLIES);
        let settings = self.directory.path().join("faillock.conf");
        make_directory(&tallies)?;
        let content = format!("dir = {}\ndeny = {deny}\n", tallies.display());
        fs::write(&settings, content).map_err(wrap("write", &settings))?;
        Ok(format!("conf={}", settings.display()))
    }

    /// How many failures of this user pam_faillock has on its private tally.
    ///
    /// # Errors
    /// The tally is there but could not be read.
    pub fn failures(&self, user: &str) -> Result<usize, Error> {
        // struct tally of pam_faillock: source[52], reserved u16, status u16, time u64.
        const RECORD: usize = 64;
        const STATUS: usize = 54;
        const VALID: u16 = 1;
        let path = self.directory.path().join(TALLIES).join(user);
        let tally = match fs::read(&path) {
            Ok(tally) => tally,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(wrap("read", &path)(error)),
        };
        let valid = |record: &&[u8]| {
            let status = record
                .get(STATUS..STATUS + 2)
                .and_then(|bytes| bytes.try_into().ok());
            status.is_some_and(|bytes| u16::from_ne_bytes(bytes) & VALID != 0)
        };
        Ok(tally.chunks_exact(RECORD).filter(valid).count())
    }

    /// A directory for whatever else a test needs beside its stack.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn confdir(&self) -> PathBuf {
        let own = || self.directory.path().join("pam.d");
        self.elsewhere.clone().unwrap_or_else(own)
    }
}

/// The lines of [`Stack::debian`], for a service of another name or with lines of one's own around.
///
/// # Errors
/// A module's path with white space in it.
pub fn debian_lines(module: &Path, args: &str, password_line: &str) -> Result<Vec<String>, Error> {
    let module = path_in_a_line(module)?;
    Ok(vec![
        format!("auth  requisite                   {module} capture {args}"),
        format!("auth  [success=1 default=ignore]  {password_line}"),
        "auth  requisite                   pam_deny.so".to_owned(),
        "auth  required                    pam_permit.so".to_owned(),
        format!("auth  requisite                   {module} verify {args}"),
        "account  required  pam_permit.so".to_owned(),
        "session  required  pam_permit.so".to_owned(),
    ])
}

/// The lines of [`Stack::debian_with_faillock`]; `faillock` comes from [`Stack::faillock`].
///
/// # Errors
/// A module's path with white space in it.
pub fn debian_with_faillock_lines(
    module: &Path,
    args: &str,
    password_line: &str,
    faillock: &str,
) -> Result<Vec<String>, Error> {
    let module = path_in_a_line(module)?;
    Ok(vec![
        format!("auth  requisite                            pam_faillock.so preauth {faillock}"),
        format!("auth  requisite                            {module} capture {args}"),
        format!("auth  [success=1 default=ignore]           {password_line}"),
        format!("auth  [default=die]                        pam_faillock.so authfail {faillock}"),
        format!("auth  [success=1 ignore=1 default=ignore]  {module} verify {args}"),
        format!("auth  [default=die]                        pam_faillock.so authfail {faillock}"),
        "auth  required                             pam_permit.so".to_owned(),
        format!("account  required  pam_faillock.so {faillock}"),
        "account  required  pam_permit.so".to_owned(),
        "session  required  pam_permit.so".to_owned(),
    ])
}

fn path_in_a_line(module: &Path) -> Result<&str, Error> {
    match module.to_str() {
        Some(path) if !path.contains(char::is_whitespace) => Ok(path),
        _ => Err(Error::Line(module.display().to_string())),
    }
}

fn make_directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(wrap("make", path))
}

fn wrap(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        doing,
        path,
        source,
    }
}
