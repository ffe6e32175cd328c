//! Files of a later keydyn: told, stood in for, and left as they are.

use super::*;
use crate::store::state::StateError;
use crate::store::vault::survey::Defect;

fn later(file: &mut [u8]) {
    file[8] = 2;
}

/// Which may be of another length.
fn later_and_longer(file: &mut Vec<u8>) {
    later(file);
    file.resize(3 * FILE_LEN, 7);
}

const LATER: [fn(&mut Vec<u8>); 2] = [|file| later(file), later_and_longer];

fn refuse(machine: &Machine) -> Result<(), FileError> {
    let vault = machine.vault();
    let seen = match vault.standing(&vault.open(&key(1))) {
        Standing::Known(state) => state,
        Standing::Unknown => AccountState::default(),
    };
    vault.decide(&seen, |state| {
        state.note(Timestamp(200_000), Verdict::Refused)
    })
}

#[test]
fn a_profile_of_a_later_keydyn_is_not_replaced() {
    for name in ["1000.profile", "1000.profile.previous"] {
        for change in LATER {
            let machine = Machine::armed(&key(1));
            machine.main.change(name, change);
            let before = machine.main.files.borrow().clone();
            let learned = machine.learn(&key(1), 30);
            assert!(matches!(learned, Err(LearnError::Damaged(_))), "{name}");
            assert_eq!(*machine.main.files.borrow(), before, "{name}");
        }
    }
}

#[test]
fn a_state_of_a_later_keydyn_is_stood_in_for_and_not_replaced() {
    for change in LATER {
        let machine = Machine::armed(&key(1));
        machine.main.change("1000.state", change);
        let before = machine.main.files.borrow().clone();
        assert_eq!(machine.phase(&key(1)), Some(Phase::Armed), "by the copy");
        assert_eq!(machine.phase(&key(2)), None);
        for count in 1..=5 {
            refuse(&machine).unwrap();
            assert_eq!(refusals(&machine), count, "counted beside it");
        }
        let learned = machine.learn(&key(1), 30);
        assert!(
            matches!(
                learned,
                Err(LearnError::File(FileError::Later { found: 2, .. }))
            ),
            "{learned:?}"
        );
        assert_eq!(*machine.main.files.borrow(), before);
        let said = machine.vault().later_state().unwrap().to_string();
        assert!(said.contains("1000.state") && said.contains("upgrade keydyn"));
        let survey = machine.vault().survey();
        let defects = survey.files.iter().filter_map(|file| file.defect.as_ref());
        let told: Vec<_> = defects.collect();
        assert!(
            matches!(
                told[..],
                [Defect::State(StateError::FutureVersion { found: 2 })]
            ),
            "{told:?}"
        );
    }
}

#[test]
fn where_a_later_keydyn_s_state_is_all_there_is_room_for_no_verdict_is_reached() {
    let machine = Machine::armed(&key(1));
    machine.main.change("1000.state", |file| later(file));
    let state = machine.main.read("1000.state", STATE_LEN).unwrap().unwrap();
    machine.run.write("1000.state", &state, false).unwrap();
    assert!(matches!(refuse(&machine), Err(FileError::Later { .. })));
}

#[test]
fn a_reset_begins_anew_over_a_later_keydyn_s_files() {
    let machine = Machine::armed(&key(1));
    machine.main.change("1000.profile", |file| later(file));
    machine.main.change("1000.state", later_and_longer);
    assert!(machine.vault().reset().unwrap());
    assert!(machine.vault().later_state().is_none());
    assert_eq!(machine.phase(&key(1)), Some(Phase::None));
    assert_eq!(machine.learn(&key(1), 0).unwrap().samples, 1);
}
