//! A record of attempts boiled down to what is drawn of it.
//!
//! A record has a line an attempt and draw; what a picture needs is small. Attempts beside a run
//! ([`Judged::aside`]) are in none of it.

use super::describe::Quartiles;
use super::figures::Figures;
use super::rates::{Curve, Rates, Scores, Tally, count};
use super::record::Judged;
use super::summary::{Summary, mean};

/// In so many blocks a stream is divided.
const BLOCKS: u32 = 10;
/// A block has at least so many of the owner's attempts: fewer say nothing.
const LEAST_IN_BLOCK: u32 = 5;
/// So many classes has a histogram.
const CLASSES: usize = 48;
/// Scores further from the quartiles of their side than so many times their distance, which are
/// few, are in the classes at a histogram's ends (J. W. Tukey, "Exploratory Data Analysis", 1977: outer fences).
const FENCE: f64 = 3.0;

/// What is drawn of one detector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digest {
    /// FRR at each of the FARs that were asked for, under one threshold for all accounts.
    pub global: Vec<Rates>,
    /// FRR at each of them, the mean over accounts that have a threshold each.
    pub mean: Vec<Rates>,
    /// How scores are spread; `None` of no score.
    pub histogram: Option<Histogram>,
    /// Rates along the stream, the earliest first; a single block where the order is of no account.
    pub blocks: Vec<Block>,
}

/// Shares of the scores by class: accounts weighted equally, each side's shares adding up to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where the first class begins; what is below is in it too.
    pub from: f64,
    /// How wide a class is.
    pub width: f64,
    /// Of genuine scores.
    pub genuine: Vec<f64>,
    /// Of impostor scores.
    pub impostor: Vec<f64>,
}

/// A stretch of the owner's attempts after the enrolment, and the impostors among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// How many attempts the owner had made before it.
    pub from: u32,
    /// How many when it ended.
    pub to: u32,
    /// Over accounts: equal error rate.
    pub eer: Option<Summary>,
    /// Over accounts: genuine attempts refused at the a-priori threshold.
    pub frr: Option<Summary>,
    /// Over accounts: impostor attempts accepted at the a-priori threshold.
    pub far: Option<Summary>,
}

impl Digest {
    /// Of the record in these figures; `fars` ascend from 0 to 1.
    #[must_use]
    pub fn of(figures: &Figures, fars: &[f64]) -> Self {
        let judged = figures.judged.iter().filter(|judged| !judged.aside);
        let judged: Vec<&Judged> = judged.collect();
        let accounts: Vec<&[&Judged]> = judged.chunk_by(|a, b| a.account == b.account).collect();
        let pooled: Vec<Scores> = accounts.iter().map(|of_one| scores(of_one)).collect();
        let pooled: Vec<&Scores> = pooled.iter().collect();
        let curves: Vec<Curve> = pooled.iter().filter_map(|s| Curve::of(&[s])).collect();
        let mean_at = |far: f64| Rates {
            far,
            frr: mean(
                &curves
                    .iter()
                    .map(|curve| frr_at(curve, far))
                    .collect::<Vec<_>>(),
            )
            .unwrap_or_default(),
        };
        let global = Curve::of(&pooled).map(|curve| {
            let at = |&far: &f64| Rates {
                far,
                frr: frr_at(&curve, far),
            };
            fars.iter().map(at).collect()
        });
        let mean = fars.iter().map(|&far| mean_at(far));
        Self {
            global: global.unwrap_or_default(),
            mean: if curves.is_empty() {
                Vec::new()
            } else {
                mean.collect()
            },
            histogram: Histogram::of(&pooled),
            blocks: blocks(&accounts, figures.setup.draws_impostors()),
        }
    }
}

fn scores(judged: &[&Judged]) -> Scores {
    let of = |genuine: bool| {
        let those = judged.iter().filter(|j| j.genuine() == genuine);
        those.map(|j| j.score).collect()
    };
    Scores {
        genuine: of(true),
        impostor: of(false),
    }
}

/// FRR where the curve reaches this FAR, by linear interpolation between its points.
fn frr_at(curve: &Curve, far: f64) -> f64 {
    let points = curve.points();
    let after = points.partition_point(|rates| rates.far <= far);
    let Some(before) = after.checked_sub(1).map(|i| points[i]) else {
        return 1.0;
    };
    points.get(after).map_or(before.frr, |next| {
        let share = (far - before.far) / (next.far - before.far);
        before.frr + share * (next.frr - before.frr)
    })
}

fn eer(judged: &[&Judged]) -> Option<f64> {
    Curve::of(&[&scores(judged)]).map(|curve| curve.eer())
}

/// The share of the owner's or the impostors' attempts that were accepted, or refused.
fn answered(judged: &[&Judged], genuine: bool, accepted: bool) -> Option<f64> {
    let mut tally = Tally::default();
    let those = judged.iter().filter(|j| j.genuine() == genuine);
    let answers = those.filter_map(|j| j.accepted);
    answers.for_each(|answer| tally.note(answer == accepted));
    tally.rate()
}

impl Histogram {
    fn of(accounts: &[&Scores]) -> Option<Self> {
        let all = |read: fn(&Scores) -> &Vec<f64>| -> Vec<f64> {
            let scores = accounts.iter().flat_map(|scores| read(scores));
            scores.copied().filter(|score| score.is_finite()).collect()
        };
        let sides = [
            all(|scores| &scores.genuine),
            all(|scores| &scores.impostor),
        ];
        let ends = sides.into_iter().filter_map(within_fences);
        let [from, to] = ends.reduce(|[a, b], [c, d]| [a.min(c), b.max(d)])?;
        let width = if to > from {
            (to - from) / count(CLASSES)
        } else {
            1.0
        };
        let mut found = Self {
            from,
            width,
            genuine: vec![0.0; CLASSES],
            impostor: vec![0.0; CLASSES],
        };
        let class = |score: f64| {
            // What is not a number is the strangest of all.
            let place = ((score - from) / width).floor();
            let place = if place.is_nan() { f64::MAX } else { place };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to the classes"
            )]
            let class = place.clamp(0.0, count(CLASSES - 1)) as usize;
            class
        };
        let add = |sides: &mut Vec<f64>, read: fn(&Scores) -> &Vec<f64>| {
            let accounts = accounts.iter().map(|scores| read(scores));
            let those: Vec<_> = accounts.filter(|scores| !scores.is_empty()).collect();
            let users = count(those.len());
            for scores in those {
                let share = 1.0 / (users * count(scores.len()));
                scores
                    .iter()
                    .for_each(|&score| sides[class(score)] += share);
            }
        };
        add(&mut found.genuine, |scores| &scores.genuine);
        add(&mut found.impostor, |scores| &scores.impostor);
        Some(found)
    }
}

/// The lowest and the highest of the scores that are no outliers; `None` of nothing.
fn within_fences(scores: Vec<f64>) -> Option<[f64; 2]> {
    let quartiles = Quartiles::of(scores.clone())?;
    let reach = FENCE * (quartiles.high - quartiles.low);
    let fences = quartiles.low - reach..=quartiles.high + reach;
    let inside = || {
        scores
            .iter()
            .copied()
            .filter(|score| fences.contains(score))
    };
    let low = inside().fold(quartiles.median, f64::min);
    Some([low, inside().fold(quartiles.median, f64::max)])
}

/// The stream in blocks of the owner's attempts. Where impostors do not come in between, their
/// attempts belong to no block in particular, and there is one block.
fn blocks(accounts: &[&[&Judged]], streams: bool) -> Vec<Block> {
    let genuine = accounts.iter().flat_map(|of_one| of_one.iter());
    let genuine = genuine.filter(|judged| judged.genuine());
    let Some(last) = genuine.map(|judged| judged.ordinal).max() else {
        return Vec::new();
    };
    let attempts = last + 1;
    let number = if streams {
        (attempts / LEAST_IN_BLOCK).clamp(1, BLOCKS)
    } else {
        1
    };
    let block = |n: u32| {
        let edge = |n: u32| u32::try_from(u64::from(attempts) * u64::from(n) / u64::from(number));
        let [from, to] = [n, n + 1].map(|n| edge(n).unwrap_or(attempts));
        // An impostor's attempt comes after as many of the owner's as its ordinal says.
        let inside = |judged: &&&Judged| {
            let after = judged.ordinal + u32::from(judged.genuine());
            (number == 1) || (from < after && after <= to)
        };
        let of_block: Vec<Vec<&Judged>> = accounts
            .iter()
            .map(|of_one| of_one.iter().filter(inside).copied().collect())
            .collect();
        let over = |read: &dyn Fn(&[&Judged]) -> Option<f64>| {
            let rates: Vec<f64> = of_block.iter().filter_map(|judged| read(judged)).collect();
            Summary::of(&rates)
        };
        Block {
            from,
            to,
            eer: over(&eer),
            frr: over(&|judged| answered(judged, true, false)),
            far: over(&|judged| answered(judged, false, true)),
        }
    };
    (0..number).map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::DetectorKind;
    use crate::eval::figures::evaluate;
    use crate::eval::protocol::Protocol;
    use crate::eval::setup::Setup;
    use crate::eval::typist::{population, some_text};

    fn judged(account: u32, other: Option<u32>, ordinal: u32, score: f64) -> Judged {
        Judged {
            other,
            ordinal,
            score,
            accepted: Some(score <= 0.0),
            ..Judged::begin(account as usize, 0, 0)
        }
    }

    fn digest(judged: Vec<Judged>, fars: &[f64]) -> Digest {
        let data = population(5, 3, 2, 10, &some_text(8));
        let figures = evaluate(&data, &Setup::default(), DetectorKind::default(), &|| ()).unwrap();
        Digest::of(&Figures { judged, ..figures }, fars)
    }

    #[test]
    fn curves_are_read_between_their_points() {
        // FRR falls 1 -> 1/2 at 1 and 1/2 -> 0 at 3; FAR rises 0 -> 1/2 at 2 and to 1 at 4.
        let record = vec![
            judged(0, None, 0, 1.0),
            judged(0, None, 1, 3.0),
            judged(0, Some(0), 2, 2.0),
            judged(0, Some(0), 2, 4.0),
        ];
        let found = digest(record, &[0.0, 0.25, 0.5, 1.0]);
        let frr: Vec<f64> = found.global.iter().map(|rates| rates.frr).collect();
        assert_eq!(frr, [0.5, 0.5, 0.0, 0.0]);
        assert_eq!(found.mean, found.global);
    }

    #[test]
    fn what_stands_beside_a_run_is_left_out() {
        let mut record = vec![judged(0, None, 0, -1.0), judged(0, Some(1), 1, 1.0)];
        let without = digest(record.clone(), &[0.0, 1.0]);
        record.push(Judged {
            aside: true,
            ..judged(0, Some(1), 1, -9.0)
        });
        assert_eq!(digest(record, &[0.0, 1.0]), without);
        assert!(without.blocks[0].eer.unwrap().mean < 1e-12);
    }

    #[test]
    fn accounts_weigh_the_same_in_a_histogram() {
        // A single score far from the others would be in the last class; four are not.
        let mut record: Vec<Judged> = (0..4).map(|i| judged(0, None, i, 0.0)).collect();
        record.push(judged(0, Some(1), 4, 10.0));
        record.extend((0..9).map(|i| judged(1, None, i, 10.0)));
        let found = digest(record, &[]).histogram.unwrap();
        for (share, expected) in [
            (found.genuine[0], 0.5),
            (found.genuine[CLASSES - 1], 0.5),
            (found.impostor[CLASSES - 1], 1.0),
        ] {
            assert!((share - expected).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(found.width * count(CLASSES), 10.0);
    }

    #[test]
    fn blocks_have_the_impostors_that_came_in_their_time() {
        // Ten genuine attempts, of which the last five are refused; an impostor after the fifth
        // and one after the tenth, of whom the second is accepted.
        let mut record: Vec<Judged> = (0..10)
            .map(|i| judged(0, None, i, if i < 5 { -1.0 } else { 1.0 }))
            .collect();
        record.push(judged(0, Some(0), 5, 1.0));
        record.push(judged(0, Some(0), 10, -1.0));
        let found = digest(record, &[]).blocks;
        let of: Vec<_> = found.iter().map(|b| (b.from, b.to)).collect();
        assert_eq!(of, [(0, 5), (5, 10)]);
        let mean = |summary: Option<Summary>| summary.unwrap().mean;
        assert_eq!((mean(found[0].frr), mean(found[0].far)), (0.0, 0.0));
        assert_eq!((mean(found[1].frr), mean(found[1].far)), (1.0, 1.0));
        assert!(mean(found[0].eer) < 1e-12 && mean(found[1].eer) > 1.0 - 1e-12);
    }

    #[test]
    fn a_protocol_without_an_order_has_one_block_which_agrees_with_the_figures() {
        let data = population(5, 6, 3, 12, &some_text(8));
        let of = |protocol| {
            let setup = Setup {
                protocol,
                record: true,
                seeds: 3,
                ..Setup::default()
            };
            let figures = evaluate(&data, &setup, DetectorKind::default(), &|| ()).unwrap();
            (Digest::of(&figures, &[0.0, 1.0]), figures)
        };
        let (found, figures) = of(Protocol::Static);
        let [block] = found.blocks[..] else {
            panic!("one block")
        };
        assert_eq!(
            (block.eer, block.frr, block.far),
            (figures.eer, figures.frr, figures.far)
        );
        assert_eq!(of(Protocol::Stream(8)).0.blocks.len(), 5);
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        assert_eq!(digest(Vec::new(), &[0.5]), Digest::default());
    }
}
