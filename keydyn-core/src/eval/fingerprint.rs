//! Whether two evaluations were of the same typing.

use std::fmt::Write as _;

use blake2::{Blake2b256, Digest as _};

use super::data::{DataSet, Typist};
use crate::digraph::Duration;

/// A checksum of everything that figures depend on, in 64 hexadecimal digits: names, order,
/// sessions, keyboards and durations, and not how the file was laid out.
#[must_use]
pub fn fingerprint(data: &DataSet) -> String {
    let mut hash = Blake2b256::new();
    for (number, owner) in data.typists().iter().enumerate() {
        typist(&mut hash, owner);
        if data.has_attackers() {
            data.others(number)
                .for_each(|other| typist(&mut hash, other));
        }
        whole(&mut hash, u64::MAX);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn typist(hash: &mut Blake2b256, typist: &Typist) {
    whole(hash, typist.name.len() as u64);
    hash.update(&typist.name);
    whole(hash, typist.attempts.len() as u64);
    for attempt in &typist.attempts {
        let keyboard = attempt
            .keyboard
            .map_or(0, |keyboard| u64::from(keyboard) + 1);
        let numbers = [u64::from(attempt.session), u64::from(attempt.rep), keyboard];
        numbers.into_iter().for_each(|n| whole(hash, n));
        for features in [attempt.sample.holds(), attempt.sample.downs()] {
            whole(hash, features.len() as u64);
            features.iter().for_each(|feature| duration(hash, *feature));
        }
    }
}

fn duration(hash: &mut Blake2b256, duration: Option<Duration>) {
    hash.update([u8::from(duration.is_some())]);
    let millis = duration.map_or(0.0, Duration::as_millis);
    hash.update(millis.to_bits().to_le_bytes());
}

fn whole(hash: &mut Blake2b256, n: u64) {
    hash.update(n.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::typist::{population, some_text};

    #[test]
    fn the_same_typing_has_one_fingerprint_and_any_change_another() {
        let data = population(1, 3, 2, 4, &some_text(6));
        let print = fingerprint(&data);
        assert_eq!(print.len(), 64);
        assert_eq!(fingerprint(&data.clone()), print);
        let changed = |change: fn(&mut Vec<Typist>)| {
            let mut typists = data.typists().to_vec();
            change(&mut typists);
            fingerprint(&DataSet::new(typists))
        };
        assert_eq!(changed(|_| ()), print);
        let others = [
            changed(|typists| typists[1].name.push('x')),
            changed(|typists| typists.swap(0, 2)),
            changed(|typists| typists[2].attempts[7].rep += 1),
            changed(|typists| typists[0].attempts[0].keyboard = Some(0)),
            changed(|typists| {
                let other = typists[1].attempts[0].sample.clone();
                typists[0].attempts[0].sample = other;
            }),
        ];
        for (i, other) in others.iter().enumerate() {
            assert!(
                *other != print && !others[..i].contains(other),
                "change {i}"
            );
        }
        let owners = data.typists().to_vec().into_iter();
        let attacked = DataSet::with_attackers(owners.map(|owner| (owner, Vec::new())).collect());
        let attacked_by = |who: usize| {
            let owners = data.typists().to_vec().into_iter();
            let attacker = data.typists()[who].clone();
            let with = owners.map(|owner| (owner, vec![attacker.clone()]));
            fingerprint(&DataSet::with_attackers(with.collect()))
        };
        assert_ne!(attacked_by(0), attacked_by(1));
        assert_ne!(fingerprint(&attacked), attacked_by(0));
    }
}
