//! Playing back what the owner typed, inexactly: through a keyboard of its own, a bus that is asked
//! every few milliseconds, or by intent, so as not to be found to be a copy.

use super::account::Owner;
use super::replay::Source;
use super::tried::Way;
use super::typing::millis;
use crate::digraph::{Duration, Sample};
use crate::eval::draw::{Draws, Purpose};

/// How inexactly: standard deviation of every event in ms.
const JITTER_MS: [u32; 6] = [1, 2, 3, 5, 10, 20];
/// Nothing gets shorter than this, in ms, and no key comes before its predecessor.
const SHORTEST_MS: f64 = 1.0;

pub(super) fn ways() -> Vec<Way> {
    let way = |source: Source, jitter: u32| Way {
        copies: true,
        drawn: true,
        ..Way::new(
            format!("{jitter} ms, {}", source.words()),
            move |owner, seed| tries(owner, source, jitter, seed),
        )
    };
    let ways = Source::ALL
        .into_iter()
        .flat_map(|source| JITTER_MS.map(|jitter| way(source, jitter)));
    ways.collect()
}

fn tries(owner: &Owner<'_>, source: Source, jitter: u32, seed: u64) -> Vec<Sample> {
    let of = [owner.number as u64, u64::from(jitter)];
    let mut draws = Draws::new(Purpose::Jitter, seed, of);
    let typings = source.typings(owner).into_iter();
    typings
        .filter_map(|sample| jittered(&sample, f64::from(jitter), &mut draws))
        .collect()
}

/// The typing with every press and release moved by its own normal noise.
fn jittered(sample: &Sample, sd_ms: f64, draws: &mut Draws) -> Option<Sample> {
    let mut noise = || -> Vec<f64> {
        let keys = 0..sample.keys().len();
        keys.map(|_| sd_ms * draws.normal()).collect()
    };
    let (presses, releases) = (noise(), noise());
    let moved = |feature: &Option<Duration>, from: f64, to: f64| {
        let ms = (*feature)?.as_millis() + to - from;
        millis(ms.max(SHORTEST_MS))
    };
    let holds = sample.holds().iter().zip(&presses).zip(&releases);
    let downs = sample.downs().iter().zip(presses.windows(2));
    Sample::new(
        sample.keys().clone(),
        holds
            .map(|((hold, &press), &release)| moved(hold, press, release))
            .collect(),
        downs
            .map(|(down, pair)| moved(down, pair[0], pair[1]))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::typist::{SyntheticTypist, some_text};

    #[test]
    fn noise_is_as_large_as_asked_and_the_same_again() {
        let sample = SyntheticTypist::new(1, 1, some_text(10)).unwrap().sample(0);
        let again = |seed| {
            let mut draws = Draws::new(Purpose::Jitter, seed, [0, 0]);
            let copies = (0..200).map(|_| jittered(&sample, 5.0, &mut draws).unwrap());
            copies.collect::<Vec<_>>()
        };
        assert!(again(1) == again(1) && again(1) != again(2));
        let differences = again(1).into_iter().flat_map(|copy| {
            let holds = copy.holds().iter().zip(sample.holds());
            let both = |(one, other): (&Option<Duration>, &Option<Duration>)| {
                one.unwrap().as_millis() - other.unwrap().as_millis()
            };
            holds.map(both).collect::<Vec<_>>()
        });
        // Both ends of a hold move: 5 ms times the root of 2.
        let sd = crate::eval::summary::Summary::of(&differences.collect::<Vec<_>>());
        let sd = sd.unwrap().sd.unwrap();
        assert!((sd - 7.07).abs() < 0.4, "{sd}");
    }
}
