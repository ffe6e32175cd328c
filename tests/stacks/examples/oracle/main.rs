//! Whether the time of a refusal tells somebody at the keyboard more than "no": how long attempts
//! take that end in one, by what is wrong with them, one after the other in turn. `make bench-oracle`;
//! nothing is asserted, because a machine that does other things too proves nothing by one run.
//!
//! ```text
//! oracle [ATTEMPTS of each kind, 200] [so many with libpam's own delay, 20] [of so many kinds, 7]
//! ```
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that prints what it measures"
)]

mod attempt;
mod statistics;

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::{env, fs};

use attempt::{Kind, Person, Took};
use statistics::{Compared, Quartiles};

/// "secret", as Debian's passwd keeps it.
const HASH: &str = "$y$j9T$keydynkeydynkeydyn.$DTwa2ksRmz0LS8jsDJci8LYFxs.rV2ud8.8r65ixdt3";
/// Set once /etc/shadow is our own.
const INSIDE: &str = "KEYDYN_ORACLE_INSIDE";

fn main() {
    let inside = env::var(INSIDE).ok();
    if inside.is_none() {
        go_inside();
    }
    let number = |at: usize, default: usize| {
        let given = env::args().nth(at).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (attempts, delayed) = (number(1, 200), number(2, 20));
    let kinds = number(3, Kind::ALL.len()).clamp(2, Kind::ALL.len());
    let password_module = match inside.as_deref() {
        Some("shadow") => "pam_unix.so nullok",
        _ => "PASSWORD",
    };
    println!("password module: {password_module} (PASSWORD: the stand-in, which hashes nothing)");
    without_waiting(attempts, &Kind::ALL[..kinds], password_module);
    if delayed > 0 {
        with_waiting(delayed, password_module);
    }
}

/// Starts this program anew where the password is in an /etc/shadow of its own, if that can be.
fn go_inside() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let shadow = place.path().join("shadow");
    let lines = format!(
        "root:*:19000:0:99999:7:::\n{}:{HASH}:19000:0:99999:7:::\n",
        stacks::USER
    );
    fs::write(&shadow, lines).expect("a shadow file");
    let mount = format!("mount --bind {} /etc/shadow", shadow.display());
    let tried = Command::new("unshare")
        .args(["-m", "sh", "-c", &mount])
        .output();
    let possible = tried.is_ok_and(|output| output.status.success());
    let this = env::current_exe().expect("this program");
    let mut command = Command::new("unshare");
    if possible {
        command.args(["-m", "sh", "-c", &format!("{mount} && exec \"$0\" \"$@\"")]);
        command.env(INSIDE, "shadow").arg(&this);
    } else {
        command = Command::new(&this);
        command.env(INSIDE, "stand-in");
    }
    let error = command.args(env::args().skip(1)).exec();
    println!("cannot start: {error}");
}

/// The host takes the delay from libpam and does not wait.
fn without_waiting(attempts: usize, kinds: &[Kind], password_module: &str) {
    let people = kinds.iter().map(|kind| Person::new(*kind, password_module));
    let mut people: Vec<_> = people.collect();
    let mut took: Vec<Vec<Took>> = vec![Vec::new(); people.len()];
    // The first of each finds nothing in any cache.
    for round in 0..=attempts {
        for at in 0..people.len() {
            // Nobody always comes behind the same neighbour.
            let at = (at + round) % people.len();
            let one = people[at].attempt(round, false);
            if round > 0 {
                took[at].push(one);
            }
        }
    }
    for (title, of) in [
        (
            "the module's and the password module's time, ms",
            Took::work as fn(&Took) -> f64,
        ),
        ("of that on a processor, ms", Took::cpu),
        ("blocks written, by the kernel's account", Took::blocks),
        ("times waited, by the kernel's account", Took::waits),
        ("with the delay that libpam asks for, ms", Took::whole),
        (
            "the same for whoever knows the second, and so libpam's random factor, ms",
            Took::known,
        ),
    ] {
        println!("\n{title}, {attempts} attempts of each kind");
        let samples: Vec<Vec<f64>> = took
            .iter()
            .map(|all| all.iter().map(of).collect())
            .collect();
        tell(&samples);
    }
    let predicted = took
        .iter()
        .flatten()
        .filter(|one| one.is_predicted())
        .count();
    let all = took.iter().flatten().count();
    println!("\nlibpam's delay was what the second says in {predicted} of {all} attempts");
}

/// libpam waits, as under login.
fn with_waiting(attempts: usize, password_module: &str) {
    let kinds = [Kind::WrongPassword, Kind::WrongRhythm];
    let mut people = kinds.map(|kind| Person::new(kind, password_module));
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..attempts {
        for (person, took) in people.iter_mut().zip(&mut took) {
            took.push(person.attempt(round, true).work());
        }
    }
    println!("\nwith libpam's own delay, ms, {attempts} attempts of each kind");
    tell(&took);
}

/// A line for each kind; each is compared with the first.
fn tell(samples: &[Vec<f64>]) {
    let first = &samples[0];
    for (kind, sample) in Kind::ALL.iter().zip(samples) {
        let Quartiles(low, median, high) = Quartiles::of(sample);
        print!(
            "{:32} median {median:8.2}  quartiles {low:8.2} {high:8.2}",
            kind.name()
        );
        if *kind == Kind::ALL[0] {
            println!();
            continue;
        }
        let Compared {
            difference,
            interval: (from, to),
            auc,
        } = Compared::of(first, sample);
        println!("  differs by {difference:7.2} [{from:7.2}, {to:7.2}]  AUC {auc:.3}");
    }
}
