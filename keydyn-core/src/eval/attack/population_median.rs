//! Typing as people do on the average: who knows nothing of the owner begins with this.

use super::account::Owner;
use super::tried::Way;
use super::typing::millis;
use crate::digraph::{Duration, Sample};

pub(super) fn ways() -> Vec<Way> {
    vec![Way::new("one typing", |owner, _| {
        median(owner).into_iter().collect()
    })]
}

/// Every feature the median over all typings by everybody else that have it.
fn median(owner: &Owner<'_>) -> Option<Sample> {
    let all = owner.others_typings();
    let features = |read: fn(&Sample) -> &[Option<Duration>]| {
        let places = 0..all.first().map_or(0, |sample| read(sample).len());
        let of_place = |place: usize| {
            let present = all.iter().filter_map(|sample| read(sample)[place]);
            middle(present.map(Duration::as_millis).collect())
        };
        places.map(of_place).collect::<Vec<_>>()
    };
    let (holds, downs) = (features(Sample::holds), features(Sample::downs));
    Sample::new(owner.keys().clone(), holds, downs)
}

/// The median in ms, the mean of the two in the middle of an even number.
fn middle(mut values: Vec<f64>) -> Option<Duration> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (
        values.get(values.len().checked_sub(1)? / 2)?,
        values.get(values.len() / 2)?,
    );
    millis(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_by_hand() {
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(Duration(2000)));
        assert_eq!(middle(vec![4.0, 1.0, 2.0, 9.0]), Some(Duration(3000)));
        assert_eq!(middle(vec![7.5]), Some(Duration(7500)));
        assert_eq!(middle(vec![]), None);
    }
}
