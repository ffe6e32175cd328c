//! What can be told without a password.

use super::*;
use crate::store::switch::Place;
use crate::store::vault::survey::{Defect, Health, Kept, Survey, account_of};

fn survey(machine: &Machine) -> Survey {
    machine.vault().survey()
}

fn phase(survey: &Survey) -> Option<Phase> {
    match &survey.standing {
        Standing::Known(state) => Some(state.phase),
        Standing::Unknown => None,
    }
}

#[test]
fn a_sound_account_has_no_defect() {
    let machine = Machine::new();
    let nothing = survey(&machine);
    assert_eq!(
        (nothing.profile, nothing.second),
        (Health::Absent, Health::Absent)
    );
    assert_eq!(
        (phase(&nothing), nothing.state_in),
        (Some(Phase::None), None)
    );
    assert!(nothing.files.is_empty());

    let machine = Machine::armed(&key(1));
    machine.learn(&key(2), 0).unwrap();
    let armed = survey(&machine);
    assert_eq!(
        (armed.profile, armed.second),
        (Health::Sound(25), Health::Sound(1))
    );
    assert_eq!(phase(&armed), Some(Phase::Armed));
    assert_eq!(armed.state_in, Some(Place::Main));
    let names: Vec<_> = armed.files.iter().map(|file| &*file.name).collect();
    assert_eq!(names.len(), machine.main.names().len(), "{names:?}");
    assert!(armed.files.iter().all(|file| file.defect.is_none()));
}

#[test]
fn each_damage_is_told_with_its_file() {
    let machine = Machine::armed(&key(1));
    machine.main.change("1000.profile", |file| file[4000] ^= 1);
    let one = survey(&machine);
    assert_eq!(one.profile, Health::Previous);
    let defect = |survey: &Survey, name: &str| {
        let file = survey.files.iter().find(|file| file.name == name).unwrap();
        file.defect.as_ref().map(Defect::to_string)
    };
    let told = defect(&one, "1000.profile").unwrap();
    assert!(told.contains("damaged"), "{told}");
    machine.main.change("1000.profile.previous", Vec::clear);
    assert_eq!(survey(&machine).profile, Health::Damaged);

    machine.main.change("1000.state", |file| file[20] ^= 1);
    let lost = survey(&machine);
    assert_eq!((phase(&lost), lost.state_in), (None, None));
    assert!(defect(&lost, "1000.state").is_some());
    assert!(defect(&lost, "1000.state.previous").is_none());
}

#[test]
fn what_cannot_be_read_is_not_damaged() {
    let machine = Machine::armed(&key(1));
    machine.main.delete("1000.profile.previous");
    machine.main.unreadable.replace(Some("1000.profile".into()));
    let told = survey(&machine);
    assert_eq!(told.profile, Health::Unreadable);
    assert_eq!(told.second, Health::Absent);
}

#[test]
fn without_host_key_no_state_can_be_checked() {
    let machine = Machine::armed(&key(1));
    let vault = Vault::new(UID, &machine.main, &machine.run, None);
    let survey = vault.survey();
    assert_eq!(phase(&survey), None);
    let state = survey.files.iter().find(|file| file.name == "1000.state");
    assert!(matches!(state.unwrap().defect, Some(Defect::NoHostKey)));
}

#[test]
fn a_newer_state_in_run_is_the_one_that_counts() {
    let machine = Machine::armed(&key(1));
    machine.main.writes_left.set(Some(0));
    let refuse = |s: &mut AccountState| s.note(Timestamp(7), Verdict::Refused);
    machine
        .vault()
        .decide(&AccountState::default(), refuse)
        .unwrap();
    let told = survey(&machine);
    assert_eq!(told.state_in, Some(Place::Run));
    let Standing::Known(state) = told.standing else {
        panic!()
    };
    assert_eq!(state.counts.refused, 1);
    // The disk takes writes again: what is in /run is out of date.
    machine.main.writes_left.set(None);
    machine.learn(&key(1), 40).unwrap();
    assert_eq!(machine.run.names(), ["1000.state"]);
    assert_eq!(survey(&machine).state_in, Some(Place::Main));
}

#[test]
fn a_file_that_is_too_long_and_no_later_keydyn_s_is_told_as_such() {
    let machine = Machine::armed(&key(1));
    machine.main.change("1000.profile", |file| file.push(0));
    let told = survey(&machine);
    let too_long =
        |file: &Kept| matches!(file.defect, Some(Defect::File(FileError::TooLarge { .. })));
    assert!(told.files.iter().any(too_long), "{told:?}");
}

#[test]
fn files_are_told_apart_by_their_names() {
    for name in [
        "7.profile",
        "7.second.previous",
        "7.state",
        "7.disabled",
        "7.lock",
        ".7.profile.new",
        ".7.state.previous.old",
    ] {
        assert_eq!(account_of(name), Some(7), "{name}");
    }
    for name in [
        "host.key",
        "all.disabled",
        "07.state",
        "-7.state",
        "7.txt",
        "7",
        ".host.key.0123.new",
        ".07.state.new",
        "nobody.state",
        "4294967296.state",
    ] {
        assert_eq!(account_of(name), None, "{name}");
    }
}
