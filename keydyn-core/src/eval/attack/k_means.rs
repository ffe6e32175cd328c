//! Typing as groups of people do: k-means (S. Lloyd, "Least Squares Quantization in PCM", 1982) over
//! everybody else's typings in ln ms, begun as k-means++ (D. Arthur and S. Vassilvitskii, 2007).

use super::account::Owner;
use super::tried::Way;
use super::typing::{from_ln, ln_features};
use crate::digraph::Sample;
use crate::eval::draw::{Draws, Purpose};
use crate::eval::rates::count;

/// So many centres, and tries.
const TRIES: [usize; 3] = [1, 3, 10];
/// Centres hardly move after as many rounds.
const MOST_ROUNDS: usize = 50;

pub(super) fn ways() -> Vec<Way> {
    let way = |tries: usize| Way {
        drawn: tries > 1,
        ..Way::new(format!("k = {tries}"), move |owner, seed| {
            centres(owner, tries, seed)
        })
    };
    TRIES.map(way).into_iter().collect()
}

/// The centres, that of the largest cluster first.
fn centres(owner: &Owner<'_>, k: usize, seed: u64) -> Vec<Sample> {
    let typings = owner.others_typings();
    let points: Vec<Vec<f64>> = typings.into_iter().map(ln_features).collect();
    let draws = Draws::new(Purpose::Centres, seed, [owner.number as u64, k as u64]);
    let centres = cluster(&points, k, draws).into_iter();
    centres
        .filter_map(|centre| from_ln(owner.keys(), &centre))
        .collect()
}

/// At most `k` centres of these points, which may lack coordinates (NaN), by falling size of their
/// clusters.
fn cluster(points: &[Vec<f64>], k: usize, draws: Draws) -> Vec<Vec<f64>> {
    let mut centres = seeds(points, k, draws);
    let mut nearest = vec![usize::MAX; points.len()];
    for _ in 0..MOST_ROUNDS {
        let mut moved = false;
        for (point, nearest) in points.iter().zip(&mut nearest) {
            let (now, _) = closest(point, &centres);
            moved |= now != *nearest;
            *nearest = now;
        }
        if !moved {
            break;
        }
        for (place, centre) in centres.iter_mut().enumerate() {
            let own = points.iter().zip(&nearest).filter(|(_, n)| **n == place);
            move_to_mean(centre, own.map(|(point, _)| &point[..]));
        }
    }
    let size = |place: usize| nearest.iter().filter(|n| **n == place).count();
    let mut by_size: Vec<(usize, Vec<f64>)> = centres
        .into_iter()
        .enumerate()
        .map(|(place, centre)| (size(place), centre))
        .collect();
    by_size.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    by_size.into_iter().map(|(_, centre)| centre).collect()
}

/// Points to begin with: the first by chance, each further one with a chance in proportion to its
/// squared distance from those there are.
fn seeds(points: &[Vec<f64>], k: usize, mut draws: Draws) -> Vec<Vec<f64>> {
    let mut centres: Vec<Vec<f64>> = draws.pick(points).into_iter().cloned().collect();
    let mut squared = vec![f64::INFINITY; points.len()];
    while let Some(last) = centres.last()
        && centres.len() < k
    {
        for (point, squared) in points.iter().zip(&mut squared) {
            *squared = squared.min(distance(point, last));
        }
        let Some(next) = draws.pick_weighted(&squared) else {
            break;
        };
        centres.push(points[next].clone());
    }
    centres
}

fn closest(point: &[f64], centres: &[Vec<f64>]) -> (usize, f64) {
    let mut closest = (0, f64::INFINITY);
    for (place, centre) in centres.iter().enumerate() {
        let distance = distance(point, centre);
        if distance < closest.1 {
            closest = (place, distance);
        }
    }
    closest
}

/// The squared distance over the coordinates that both have, scaled to all of them.
fn distance(one: &[f64], other: &[f64]) -> f64 {
    let (mut sum, mut common) = (0.0, 0);
    for (one, other) in one.iter().zip(other) {
        let difference = one - other;
        if !difference.is_nan() {
            sum += difference * difference;
            common += 1;
        }
    }
    if common == 0 {
        // As far away as coordinates in ln ms can be.
        return 1e3;
    }
    sum * count(one.len()) / count(common)
}

/// Each coordinate goes to the mean of those points that have it, or stays.
fn move_to_mean<'p>(centre: &mut [f64], points: impl Iterator<Item = &'p [f64]>) {
    let mut sums = vec![(0.0, 0); centre.len()];
    for point in points {
        for ((sum, present), x) in sums.iter_mut().zip(point).filter(|(_, x)| !x.is_nan()) {
            *sum += x;
            *present += 1;
        }
    }
    for (coordinate, (sum, present)) in centre.iter_mut().zip(sums) {
        if present > 0 {
            *coordinate = sum / count(present);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64) -> Draws {
        Draws::new(Purpose::Centres, seed, [0, 0])
    }

    /// Clouds of 60, 30 and 10 points, in this order.
    fn clouds() -> Vec<Vec<f64>> {
        let mut spread = draws(9);
        let mut cloud = |size: usize, at: f64| -> Vec<Vec<f64>> {
            let mut point = || vec![at + 0.1 * spread.normal(), -at + 0.1 * spread.normal()];
            (0..size).map(|_| point()).collect()
        };
        [cloud(10, 5.0), cloud(60, 1.0), cloud(30, 3.0)].concat()
    }

    #[test]
    fn clouds_are_found_and_the_largest_is_tried_first() {
        // Where the centres begin is chance; where they end, with clouds so far apart, is not.
        let found = cluster(&clouds(), 3, draws(0));
        for (centre, at) in found.iter().zip([1.0, 3.0, 5.0]) {
            assert!((centre[0] - at).abs() < 0.1, "{centre:?}");
            assert!((centre[1] + at).abs() < 0.1, "{centre:?}");
        }
    }

    #[test]
    fn one_centre_is_the_mean_and_missing_coordinates_are_no_obstacle() {
        let points = [[1.0, f64::NAN], [2.0, 4.0], [6.0, 8.0]].map(Vec::from);
        let centre = &cluster(&points, 1, draws(1))[0];
        assert!((centre[0] - 3.0).abs() < 1e-12 && (centre[1] - 6.0).abs() < 1e-12);
    }

    #[test]
    fn there_are_no_more_centres_than_different_points() {
        let same = vec![vec![1.0, 2.0]; 5];
        assert_eq!(cluster(&same, 3, draws(2)).len(), 1);
        assert!(cluster(&[], 3, draws(2)).is_empty());
    }
}
