//! Where libpam looks for services and modules, below a root that need not be this machine's.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use keydyn_core::settings::Settings;

use crate::object::{self, Fault, Kind, Object};

/// pam.d(5), in the order of looking; the last is openSUSE's.
const DIRECTORIES: [&str; 3] = ["etc/pam.d", "usr/lib/pam.d", "usr/etc/pam.d"];
/// Read only where there is no directory.
const SINGLE: &str = "etc/pam.conf";
/// Modules that every system has.
const EVERYWHERE: [&str; 2] = ["pam_unix.so", "pam_deny.so"];
/// Debian's profiles of the package, for pam-auth-update.
const PROFILE: &str = "usr/share/pam-configs/keydyn-capture";
/// More than anybody writes into one file.
const MOST_BYTES: u64 = 1 << 20;
/// Links that lead to links; the kernel has the same limit.
const MAX_LINKS: usize = 40;

/// A file or directory that cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("{}: it cannot be read: {error}", path.display())]
pub struct Unreadable {
    /// Which.
    pub path: PathBuf,
    /// Why not.
    pub error: io::Error,
}

/// PAM's configuration below a root.
#[derive(Clone, Debug)]
pub struct Configuration {
    root: PathBuf,
    directories: Vec<PathBuf>,
    single: Option<PathBuf>,
    modules: Option<PathBuf>,
    /// What this system's modules are made for.
    kind: Option<Kind>,
    /// What has been looked at: every service names the same few.
    objects: RefCell<BTreeMap<PathBuf, Result<Object, Fault>>>,
    settings: Settings,
}

impl Configuration {
    /// The configuration of the system whose root is here.
    ///
    /// # Errors
    /// If there is none.
    pub fn under(root: &Path) -> Result<Self, Unreadable> {
        let there = |path: &Path| fs::metadata(resolved(root, path));
        let mut directories: Vec<_> = DIRECTORIES.iter().map(|name| root.join(name)).collect();
        directories.retain(|path| there(path).is_ok_and(|data| data.is_dir()));
        let single = root.join(SINGLE);
        let single = match (&directories[..], there(&single)) {
            ([], Ok(_)) => Some(single),
            ([], Err(error)) => {
                let path = root.join(DIRECTORIES[0]);
                return Err(Unreadable { path, error });
            }
            _ => None,
        };
        Ok(Self::of(root, directories, single))
    }

    fn of(root: &Path, directories: Vec<PathBuf>, single: Option<PathBuf>) -> Self {
        let modules = module_directory(root);
        let known = modules.as_ref().and_then(|modules| {
            let known = |name| object::object(&resolved(root, &modules.join(name))).ok();
            EVERYWHERE.into_iter().find_map(known)
        });
        Self {
            root: root.to_owned(),
            directories,
            single,
            modules,
            kind: known.map(|object| object.kind),
            objects: RefCell::default(),
            settings: Settings::default(),
        }
    }

    /// With what its file of settings says, which the arguments of a line go by where they say
    /// nothing.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self.settings.complaints.clear();
        self
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The services in this one directory, on this machine.
    #[must_use]
    pub fn of_directory(directory: &Path) -> Self {
        Self::of(Path::new("/"), vec![directory.to_owned()], None)
    }

    /// `pam.conf`, where it stands for all services.
    #[must_use]
    pub fn single(&self) -> Option<&Path> {
        self.single.as_deref()
    }

    /// The names of all files that a service may be in, in order.
    ///
    /// # Errors
    /// If a directory cannot be listed.
    pub fn names(&self) -> Result<Vec<String>, Unreadable> {
        let mut names = Vec::new();
        for directory in &self.directories {
            let unreadable = |error| Unreadable {
                path: directory.clone(),
                error,
            };
            let entries = fs::read_dir(resolved(&self.root, directory)).map_err(unreadable)?;
            for entry in entries {
                let name = entry.map_err(unreadable)?.file_name();
                names.extend(name.into_string());
            }
        }
        names.retain(|name| !set_aside(name));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The file with this name, or at this absolute path below the root; `None` if there is none.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<(PathBuf, String)>, Unreadable> {
        let places = match name.strip_prefix('/') {
            Some(inside) => vec![self.root.join(inside)],
            None => self.directories.iter().map(|dir| dir.join(name)).collect(),
        };
        for path in places {
            match followed(&self.root, &path).and_then(|path| contents(&path)) {
                Ok(bytes) => return Ok(Some((path, String::from_utf8_lossy(&bytes).into_owned()))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // The C library opens a directory, and finds nothing in it.
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                    return Ok(Some((path, String::new())));
                }
                Err(error) => return Err(Unreadable { path, error }),
            }
        }
        Ok(None)
    }

    /// The directory with this system's modules, if it can be told.
    #[must_use]
    pub fn modules(&self) -> Option<&Path> {
        self.modules.as_deref()
    }

    /// Where the module with this name is looked for; `None` if that cannot be told.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<PathBuf> {
        let path = match name.strip_prefix('/') {
            // libpam tries its own directory of libraries for a name that it has no file for.
            Some(inside) => self.root.join(inside.replace("$ISA/", "")),
            None => self.modules.as_ref()?.join(name),
        };
        Some(path)
    }

    /// What keeps libpam from loading the module with this name, if that can be told; or from
    /// calling it, if it is to be `called` for `auth`.
    pub(crate) fn fault(&self, name: &str, called: bool) -> Option<Fault> {
        let path = self.resolved(&self.module(name)?);
        let mut objects = self.objects.borrow_mut();
        let object = objects
            .entry(path)
            .or_insert_with_key(|path| object::object(path));
        match object.clone() {
            Ok(object) if self.kind.is_some_and(|known| known != object.kind) => {
                Some(Fault::Unfit(
                    "is made for another kind of machine than the other modules here".to_owned(),
                ))
            }
            Ok(object) if called && !object.has_auth => Some(Fault::Unfit(
                "is a library, and has nothing that is called for `auth`".to_owned(),
            )),
            Ok(_) => None,
            Err(fault) => Some(fault),
        }
    }

    /// Whether the file itself may be read by everybody, as far as its mode says.
    pub(crate) fn is_for_everybody(&self, path: &Path) -> bool {
        let data = fs::metadata(self.resolved(path));
        data.is_ok_and(|data| data.mode() & 0o004 != 0)
    }

    /// Whether pam-auth-update knows keydyn here.
    #[must_use]
    pub fn has_profiles(&self) -> bool {
        self.resolved(&self.root.join(PROFILE)).is_file()
    }

    /// What of a file and its directory another can write than whoever the root belongs to.
    #[must_use]
    pub fn open_to_others(&self, path: &Path) -> Option<PathBuf> {
        let owner = fs::metadata(&self.root).ok()?.uid();
        let path = resolved(&self.root, path);
        let is_open = |path: &&Path| {
            fs::metadata(path).is_ok_and(|data| data.uid() != owner || data.mode() & 0o022 != 0)
        };
        let directory = path.parent()?;
        [&*path, directory]
            .into_iter()
            .find(is_open)
            .map(Path::to_owned)
    }

    /// The file itself, where links lead inside this root.
    #[must_use]
    pub fn resolved(&self, path: &Path) -> PathBuf {
        resolved(&self.root, path)
    }
}

/// What is in an ordinary file of a size that somebody may have written: whoever looks at another
/// system's files must not wait for a pipe, nor read a device without end.
fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let data = fs::metadata(path)?;
    if data.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !data.is_file() || data.len() > MOST_BYTES {
        let why = "it is no ordinary file, or larger than 1 MiB";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    fs::read(path)
}

/// What editors and package managers leave beside a service.
fn set_aside(name: &str) -> bool {
    const ENDINGS: [&str; 11] = [
        "~", ".pam-old", ".pam-new", ".bak", ".orig", ".old", ".save", ".rpmnew", ".rpmsave",
        ".pacnew", ".pacsave",
    ];
    name.starts_with('.')
        || name.contains(".dpkg-")
        || name.contains(".ucf-")
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether libraries of this program's architecture are in the directory of this name.
fn is_ours(triplet: &OsStr) -> bool {
    let ours = match std::env::consts::ARCH {
        "x86" => "i386",
        other => other,
    };
    triplet.to_string_lossy().starts_with(ours)
}

/// The directory with a module that every system has.
fn module_directory(root: &Path) -> Option<PathBuf> {
    let mut places: Vec<_> = ["usr/lib64/security", "lib64/security"]
        .map(Into::into)
        .into();
    for library in ["usr/lib", "lib"] {
        let entries = fs::read_dir(root.join(library)).into_iter().flatten();
        let mut triplets: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        // Of several architectures, that of whoever looks.
        triplets.sort_by_key(|name| (!is_ours(name), name.clone()));
        let below = |name| Path::new(library).join(name).join("security");
        places.extend(triplets.into_iter().map(below));
        places.push(Path::new(library).join("security"));
    }
    let known = |directory: &PathBuf| {
        EVERYWHERE
            .iter()
            .any(|module| resolved(root, &directory.join(module)).is_file())
    };
    places
        .into_iter()
        .map(|place: PathBuf| root.join(place))
        .find(known)
}

/// Follows links as a system with this root would: what is absolute begins at the root. Where too
/// many links lead on, a name that no file can have: the kernel would follow them out of the root.
#[must_use]
pub fn resolved(root: &Path, path: &Path) -> PathBuf {
    followed(root, path).unwrap_or_else(|_| root.join("\0"))
}

/// Where the links of this path lead, or that there are too many.
fn followed(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut found = PathBuf::new();
    let mut rest: Vec<_> = parts(inside);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == ".." {
            found.pop();
            continue;
        }
        let next = found.join(&part);
        match fs::read_link(root.join(&next)) {
            Ok(_) if links == MAX_LINKS => return Err(io::Error::other("too many links lead on")),
            Ok(target) => {
                links += 1;
                if target.is_absolute() {
                    found = PathBuf::new();
                }
                rest.extend(parts(&target));
            }
            Err(_) => found = next,
        }
    }
    Ok(root.join(found))
}

/// The names on the way, the last first.
fn parts(path: &Path) -> Vec<String> {
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        Component::ParentDir => Some("..".to_owned()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn etc_comes_first_and_what_is_set_aside_is_no_service() {
        let root = tempfile::tempdir().unwrap();
        for directory in DIRECTORIES {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        for file in [
            "etc/pam.d/login",
            "usr/lib/pam.d/login",
            "usr/lib/pam.d/su",
            "etc/pam.d/login.dpkg-old",
            "etc/pam.d/login~",
            "etc/pam.d/.login.swp",
        ] {
            fs::write(root.path().join(file), file).unwrap();
        }
        let configuration = Configuration::under(root.path()).unwrap();
        assert_eq!(configuration.names().unwrap(), ["login", "su"]);
        let text = |name| configuration.read(name).unwrap().map(|(_, text)| text);
        assert_eq!(text("login").as_deref(), Some("etc/pam.d/login"));
        assert_eq!(text("su").as_deref(), Some("usr/lib/pam.d/su"));
        assert_eq!(
            text("/usr/lib/pam.d/login").as_deref(),
            Some("usr/lib/pam.d/login")
        );
        assert_eq!(text("sudo"), None);
        assert_eq!(configuration.single(), None);
        assert_eq!(configuration.modules(), None);
    }

    #[test]
    fn modules_are_those_of_this_program_s_architecture() {
        let root = tempfile::tempdir().unwrap();
        let ours = format!("{}-linux-gnu", std::env::consts::ARCH);
        for triplet in ["a-first-linux-gnu", &ours] {
            let directory = root.path().join("usr/lib").join(triplet).join("security");
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("pam_unix.so"), "").unwrap();
        }
        let found = module_directory(root.path()).unwrap();
        assert!(found.to_string_lossy().contains(&ours), "{found:?}");
    }

    /// Beyond so many the kernel would begin anew, from this machine's root.
    #[test]
    fn links_without_end_lead_out_of_no_root() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/pam.d")).unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        let at = |name: &str| root.path().join("etc/pam.d").join(name);
        for number in 0..=MAX_LINKS {
            symlink(format!("{}", number + 1), at(&number.to_string())).unwrap();
        }
        let last = (MAX_LINKS + 1).to_string();
        symlink(outside.path(), at(&last)).unwrap();
        let configuration = Configuration::under(root.path()).unwrap();
        for number in [0, 1] {
            let error = configuration.read(&number.to_string()).unwrap_err();
            assert!(error.to_string().contains("too many links"), "{error}");
            assert!(fs::metadata(configuration.resolved(&at(&number.to_string()))).is_err());
        }
        // Below this root there is no such file.
        assert!(configuration.read("2").unwrap().is_none());
    }

    #[test]
    fn a_device_or_a_huge_file_is_not_read() {
        assert!(contents(Path::new("/dev/zero")).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MOST_BYTES).unwrap();
        assert!(contents(file.path()).is_ok());
        file.as_file().set_len(MOST_BYTES + 1).unwrap();
        assert!(contents(file.path()).is_err());
    }

    #[test]
    fn pam_conf_is_read_where_there_is_no_directory() {
        let root = tempfile::tempdir().unwrap();
        assert!(Configuration::under(root.path()).is_err());
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join(SINGLE), "").unwrap();
        let configuration = Configuration::under(root.path()).unwrap();
        assert_eq!(
            configuration.single(),
            Some(&*root.path().join("etc/pam.conf"))
        );
    }

    /// authselect's files are absolute links.
    #[test]
    fn links_lead_to_places_below_the_root() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["etc/pam.d", "etc/authselect", "usr/lib/security"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        fs::write(root.path().join("etc/authselect/system-auth"), "here").unwrap();
        symlink(
            "/etc/authselect/system-auth",
            root.path().join("etc/pam.d/system-auth"),
        )
        .unwrap();
        symlink("loop", root.path().join("etc/pam.d/loop")).unwrap();
        symlink("usr/lib", root.path().join("lib")).unwrap();
        fs::write(root.path().join("lib/security/pam_unix.so"), "").unwrap();
        let configuration = Configuration::under(root.path()).unwrap();
        let (path, text) = configuration.read("system-auth").unwrap().unwrap();
        assert_eq!(text, "here");
        assert_eq!(path, root.path().join("etc/pam.d/system-auth"));
        assert!(configuration.read("loop").is_err());
        assert_eq!(
            configuration.module("pam_x.so"),
            Some(root.path().join("usr/lib/security/pam_x.so"))
        );
        assert_eq!(
            configuration.module("/opt/pam_x.so"),
            Some(root.path().join("opt/pam_x.so"))
        );
    }
}
