//! Every key as long as every other: what a machine types that knows the text alone.

use super::account::Owner;
use super::tried::Way;
use crate::digraph::{Duration, KeySequence, Sample};

const MINUTE: u32 = 60_000_000;

/// Hold and down-down in microseconds, from as fast as a machine to pauses that nobody makes.
/// No one of them may get into everybody's account (docs/adr/0008).
pub(super) const EXTREMES: [(u32, u32); 14] = [
    (1_000, 150_000),
    (1_000, 1_000),
    (100_000, 1_000_000),
    (100_000, 5_000_000),
    (100_000, 20_000_000),
    (100_000, MINUTE),
    (100_000, 5 * MINUTE),
    (100_000, 20 * MINUTE),
    (100_000, 67 * MINUTE),
    (5_000_000, 5_200_000),
    (20_000_000, 20_200_000),
    (MINUTE, MINUTE + 200_000),
    (10_000_000, 200_000),
    (u32::MAX - 1, u32::MAX - 1),
];

/// Holds and down-downs of the grid, in ms.
const HOLDS_MS: std::ops::RangeInclusive<u32> = 40..=200;
const DOWNS_MS: std::ops::RangeInclusive<u32> = 60..=400;
const STEP_MS: usize = 20;

pub(super) fn ways() -> Vec<Way> {
    let grid: Vec<(u32, u32)> = HOLDS_MS
        .step_by(STEP_MS)
        .flat_map(|hold| {
            let downs = DOWNS_MS.step_by(STEP_MS);
            downs.map(move |down| (1000 * hold, 1000 * down))
        })
        .collect();
    [("the grid", grid), ("the extremes", EXTREMES.to_vec())]
        .map(|(name, constants)| Way {
            best: true,
            ..Way::new(name, move |owner, _| tries(owner, &constants))
        })
        .into_iter()
        .collect()
}

fn tries(owner: &Owner<'_>, constants: &[(u32, u32)]) -> Vec<Sample> {
    let typing = |(hold, down): &(u32, u32)| constant(owner.keys(), *hold, *down);
    constants.iter().filter_map(typing).collect()
}

/// The typing of this text with one hold and one down-down, in microseconds.
pub(super) fn constant(keys: &KeySequence, hold: u32, down: u32) -> Option<Sample> {
    let holds = vec![Some(Duration(hold)); keys.len()];
    let downs = vec![Some(Duration(down)); keys.len().saturating_sub(1)];
    Sample::new(keys.clone(), holds, downs)
}
