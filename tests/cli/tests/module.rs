//! The command and the module on the same files: what the one writes the other believes.

use cli::keydyn_at;
use stacks::Verify::{AuthErr, Ignore};
use stacks::{Machine, Typing};

fn keydyn(machine: &Machine, arguments: &[&str]) {
    let (state, run) = (machine.path("state"), machine.path("run"));
    let done = keydyn_at(&state, &run, arguments).piped("");
    done.assert(0, &[]);
}

#[test]
fn an_owner_who_is_locked_out_gets_in_and_back_to_where_it_was() {
    let mut machine = Machine::cooling_down();
    assert_eq!(machine.verify(&Typing::owner(200)), AuthErr);
    for target in ["nobody", "--all"] {
        keydyn(&machine, &["disable", target]);
        assert_eq!(machine.verify(&Typing::stranger(3)), Ignore, "{target}");
        keydyn(&machine, &["enable", target]);
        assert_eq!(machine.verify(&Typing::owner(200)), AuthErr, "{target}");
    }
}

#[test]
fn a_reset_owner_is_learned_anew() {
    for verb in ["reset", "forget"] {
        let mut machine = Machine::cooling_down();
        keydyn(&machine, &[verb, "nobody", "--yes"]);
        for i in 0..3 {
            let login = machine.log_in(&Typing::stranger(i));
            assert!(login.code.is_success(), "{verb}: {login:?}");
            let learned = format!("learned state=learning samples={}", i + 1);
            assert!(login.log.contains(&learned), "{verb}: {login:?}");
        }
    }
}

#[test]
fn what_the_module_wrote_is_told() {
    let machine = Machine::cooling_down();
    let (state, run) = (machine.path("state"), machine.path("run"));
    let done = keydyn_at(&state, &run, &["status", "nobody"]).piped("");
    done.assert(0, &["nobody (uid 65534): armed", "5 refused"]);
}
