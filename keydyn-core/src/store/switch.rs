//! The administrator's switch: a marker file takes keydyn out of force for a user or for
//! everybody. It asks for no key, no lock and no sound state, so that it works where all of those
//! are lost; what is in the file does not matter.

use super::files::{FileError, StateFiles};

/// For whoever finds one of these files.
const CONTENTS: &[u8] = b"keydyn is out of force; `keydyn enable` puts it back in force\n";
/// Room for what somebody may have written by hand.
const LIMIT: usize = 4096;

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The user with this uid.
    User(u32),
    /// Every user.
    Everybody,
}

impl Whom {
    /// The marker's name.
    #[must_use]
    pub fn file_name(self) -> String {
        match self {
            Self::User(uid) => format!("{uid}.disabled"),
            Self::Everybody => "all.disabled".to_owned(),
        }
    }
}

/// In which of the two directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The one that lasts.
    Main,
    /// The one that is empty again after the next boot.
    Run,
}

/// What is known of one marker.
#[derive(Debug, Default)]
pub struct Marker {
    /// Where it is.
    pub places: Vec<Place>,
    /// Why another one, or none, may be there and is not believed.
    pub doubts: Vec<FileError>,
}

impl Marker {
    /// Whether keydyn is out of force.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.places.is_empty()
    }
}

/// Neither directory took the marker.
#[derive(Debug, thiserror::Error)]
#[error("{main}; and {run}")]
pub struct NowhereToWrite {
    /// Why not the one that lasts.
    pub main: FileError,
    /// Why not the other.
    pub run: FileError,
}

/// The markers of one machine.
#[derive(Clone, Copy)]
pub struct Switch<'a> {
    main: &'a dyn StateFiles,
    run: &'a dyn StateFiles,
}

impl<'a> Switch<'a> {
    /// The markers in these directories.
    #[must_use]
    pub fn new(main: &'a dyn StateFiles, run: &'a dyn StateFiles) -> Self {
        Self { main, run }
    }

    fn places(&self) -> [(Place, &'a dyn StateFiles); 2] {
        [(Place::Main, self.main), (Place::Run, self.run)]
    }

    /// Looks for the marker. One that is not to be trusted counts as not there.
    #[must_use]
    pub fn find(&self, whom: Whom) -> Marker {
        let mut marker = Marker::default();
        for (place, files) in self.places() {
            match files.read(&whom.file_name(), LIMIT) {
                Ok(Some(_)) => marker.places.push(place),
                Ok(None) => {}
                Err(doubt) => marker.doubts.push(doubt),
            }
        }
        marker
    }

    /// Looks for what takes keydyn out of force for this user: everybody's marker, else their own.
    /// A name that no user has is under everybody's only.
    #[must_use]
    pub fn find_for(&self, uid: Option<u32>) -> Marker {
        let mut marker = self.find(Whom::Everybody);
        if let Some(uid) = uid.filter(|_| !marker.is_set()) {
            let own = self.find(Whom::User(uid));
            marker.places.extend(own.places);
            marker.doubts.extend(own.doubts);
        }
        marker
    }

    /// Takes keydyn out of force, until the next boot where the lasting directory cannot be
    /// written; why it cannot, if so.
    ///
    /// # Errors
    /// If neither can.
    pub fn disable(&self, whom: Whom) -> Result<Option<FileError>, NowhereToWrite> {
        let name = whom.file_name();
        let Err(main) = self.main.write(&name, CONTENTS, false) else {
            return Ok(None);
        };
        match self.run.write(&name, CONTENTS, false) {
            Ok(()) => Ok(Some(main)),
            Err(run) => Err(NowhereToWrite { main, run }),
        }
    }

    /// Puts keydyn back in force; whether it was out of it.
    ///
    /// # Errors
    /// If a marker is there, or may be, and cannot be removed. Where the lasting directory does not
    /// let go, the marker of the other stays: it may be the way out of what is wrong there.
    pub fn enable(&self, whom: Whom) -> Result<bool, FileError> {
        let was = self.find(whom).is_set();
        let name = whom.file_name();
        // A read-only disk does not even let go of what is not there.
        let remove = |files: &dyn StateFiles| match files.read(&name, LIMIT) {
            Ok(None) => Ok(()),
            _ => files.remove(&name),
        };
        remove(self.main)?;
        remove(self.run)?;
        Ok(was)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vault::tests::kit::MemoryFiles;
    use super::*;

    const ALICE: Whom = Whom::User(1000);
    const BOB: u32 = 1001;

    fn places(marker: &Marker) -> (&[Place], bool) {
        (&marker.places, marker.is_set())
    }

    #[test]
    fn a_user_s_marker_is_theirs_and_everybody_s_is_for_all() {
        let (main, run) = (MemoryFiles::default(), MemoryFiles::default());
        let switch = Switch::new(&main, &run);
        assert!(matches!(switch.enable(ALICE), Ok(false)));
        assert!(matches!(switch.disable(ALICE), Ok(None)));
        assert_eq!(main.names(), ["1000.disabled"]);
        assert_eq!(places(&switch.find(ALICE)), (&[Place::Main][..], true));
        assert!(switch.find_for(Some(1000)).is_set());
        for other in [Some(BOB), None] {
            assert_eq!(places(&switch.find_for(other)), (&[][..], false));
        }
        assert!(matches!(switch.disable(Whom::Everybody), Ok(None)));
        assert_eq!(main.names(), ["1000.disabled", "all.disabled"]);
        for user in [Some(1000), Some(BOB), None] {
            assert!(switch.find_for(user).is_set());
        }
        assert!(matches!(switch.enable(Whom::Everybody), Ok(true)));
        assert!(!switch.find_for(Some(BOB)).is_set());
        assert!(switch.find_for(Some(1000)).is_set());
        assert!(matches!(switch.enable(ALICE), Ok(true)));
        assert!(main.names().is_empty() && run.names().is_empty());
    }

    #[test]
    fn a_full_disk_leaves_the_way_out_in_run() {
        let (main, run) = (MemoryFiles::default(), MemoryFiles::default());
        let switch = Switch::new(&main, &run);
        main.writes_left.set(Some(0));
        assert!(matches!(switch.disable(ALICE), Ok(Some(_))));
        assert_eq!(places(&switch.find(ALICE)), (&[Place::Run][..], true));
        // What is not there needs no removing, on a disk that takes nothing.
        assert!(matches!(switch.enable(ALICE), Ok(true)));
        assert!(!switch.find(ALICE).is_set());
        run.writes_left.set(Some(0));
        assert!(switch.disable(ALICE).is_err());
    }

    #[test]
    fn a_marker_that_cannot_be_read_is_doubted_and_not_let_go_of_in_silence() {
        let (main, run) = (MemoryFiles::default(), MemoryFiles::default());
        let switch = Switch::new(&main, &run);
        *main.unreadable.borrow_mut() = Some(ALICE.file_name());
        let marker = switch.find_for(Some(1000));
        assert_eq!((marker.is_set(), marker.doubts.len()), (false, 1));
        main.writes_left.set(Some(0));
        assert!(switch.enable(ALICE).is_err());
    }
}
