//! What can be told of an account without its password: the state, and which files are sound. A
//! seal that is whole on the outside may still be another password's or a forged one.

use super::super::switch::Place;
use super::{
    AccountState, FILE_LEN, FileError, Header, STATE_LEN, Slot, Standing, StateFiles, Vault, later,
    previous,
};
use crate::store::header::{HeaderError, KdfParams};
use crate::store::state::StateError;

/// An account as it looks from outside.
#[derive(Debug)]
pub struct Survey {
    /// Its state, as a login that cannot open the profile would find it.
    pub standing: Standing,
    /// Where the state that counts is, if a state file could be read.
    pub state_in: Option<Place>,
    /// The profile in force.
    pub profile: Health,
    /// The profile of a changed password.
    pub second: Health,
    /// What the key of the profiles is derived with.
    pub kdf: Option<KdfParams>,
    /// Every file of profiles and states that is there.
    pub files: Vec<Kept>,
}

/// One file.
#[derive(Debug)]
pub struct Kept {
    /// In which directory.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub defect: Option<Defect>,
}

/// Whether a profile can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// There is none.
    Absent,
    /// It was saved so often.
    Sound(u64),
    /// It is damaged, and the generation before it stands in.
    Previous,
    /// No generation of it can be used.
    Damaged,
    /// The system or the directory does not let it be read; whether it is there is not known.
    Unreadable,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no sound profile.
    #[error(transparent)]
    Profile(#[from] HeaderError),
    /// It is no sound state.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nobody can say.
    #[error("it cannot be checked without host.key")]
    NoHostKey,
}

impl Vault<'_> {
    /// Looks at the account's files and changes nothing.
    #[must_use]
    pub fn survey(&self) -> Survey {
        let mut files = Vec::new();
        let profile = self.survey_slot(Slot::First, &mut files);
        let second = self.survey_slot(Slot::Second, &mut files);
        let main = self.survey_state(Place::Main, self.main, &mut files);
        let run = self.survey_state(Place::Run, self.run, &mut files);
        let state_in = match (&main, &run) {
            (Some(main), Some(run)) if run.generation > main.generation => Some(Place::Run),
            (Some(_), _) => Some(Place::Main),
            (None, Some(_)) => Some(Place::Run),
            (None, None) => None,
        };
        Survey {
            standing: self.standing_unopened(),
            state_in,
            profile,
            second,
            kdf: self.derivation().map(|(_, params)| params),
            files,
        }
    }

    fn survey_slot(&self, slot: Slot, files: &mut Vec<Kept>) -> Health {
        let mut unreadable = false;
        let [current, before] = self.generations(slot).map(|name| {
            let header = match later::read(self.main, &name, FILE_LEN) {
                Ok(None) => return None,
                Ok(Some(file)) => Header::parse(&file).map_err(Defect::from),
                Err(error) => Err(error.into()),
            };
            let (saves, defect) = match header {
                Ok(header) => (Some(header.generation), None),
                Err(defect) => (None, Some(defect)),
            };
            unreadable |= matches!(defect, Some(Defect::File(_)));
            let place = Place::Main;
            files.push(Kept {
                place,
                name,
                defect,
            });
            Some(saves)
        });
        match (current, before) {
            (None, None) => Health::Absent,
            (Some(Some(saves)), _) => Health::Sound(saves),
            (_, Some(Some(_))) => Health::Previous,
            _ if unreadable => Health::Unreadable,
            _ => Health::Damaged,
        }
    }

    fn survey_state(
        &self,
        place: Place,
        directory: &dyn StateFiles,
        files: &mut Vec<Kept>,
    ) -> Option<AccountState> {
        let mut look = |name: String| {
            let state = match (later::read(directory, &name, STATE_LEN), self.host) {
                (Ok(None), _) => return None,
                (Ok(Some(_)), None) => Err(Defect::NoHostKey),
                (Ok(Some(file)), Some(host)) => {
                    AccountState::from_file(&file, self.uid, host).map_err(Defect::from)
                }
                (Err(error), _) => Err(error.into()),
            };
            let (state, defect) = match state {
                Ok(state) => (Some(state), None),
                Err(defect) => (None, Some(defect)),
            };
            files.push(Kept {
                place,
                name,
                defect,
            });
            state
        };
        let state = look(self.state_name());
        look(previous(&self.state_name()));
        state
    }
}

/// Whose file this is by its name, if it is an account's, an unfinished one too.
#[must_use]
pub fn account_of(file_name: &str) -> Option<u32> {
    let unfinished = file_name.strip_prefix('.').and_then(|name| {
        let step = [".new", ".old"];
        step.into_iter().find_map(|step| name.strip_suffix(step))
    });
    let file_name = unfinished.unwrap_or(file_name);
    let (uid, kind) = file_name.split_once('.')?;
    let kind = kind.strip_suffix(".previous").unwrap_or(kind);
    let known = ["profile", "second", "state", "disabled", "lock"].contains(&kind);
    let uid = uid.parse().ok().filter(|n: &u32| n.to_string() == uid);
    uid.filter(|_| known)
}
