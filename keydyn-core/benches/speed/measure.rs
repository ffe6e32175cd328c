//! Costs beside each other, on a machine that does other things too.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// What is repeated until it takes so long can be timed.
const BLOCK: Duration = Duration::from_millis(2);
/// Pairs of blocks, of what is short and of what is long.
const ROUNDS: usize = 101;
const FEW_ROUNDS: usize = 9;
/// Of what takes longer than this there are few rounds.
const LONG: Duration = Duration::from_millis(20);

/// What time is counted by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// What this process has computed, on all processors together: what others compute meanwhile
    /// does not count.
    Processor,
    /// What passes.
    Wall,
}

impl Clock {
    /// Seconds that a task takes.
    fn time(self, task: impl FnOnce()) -> f64 {
        match self {
            Self::Wall => {
                let start = Instant::now();
                task();
                start.elapsed().as_secs_f64()
            }
            Self::Processor => {
                let start = processor();
                task();
                (processor() - start).as_secs_f64()
            }
        }
    }
}

/// Every Linux has this clock; without it all costs would be zero.
fn processor() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// How many times as long as one thing another takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    /// The middle one of all rounds.
    pub(crate) median: f64,
    /// A tenth of the rounds is below, a tenth above.
    pub(crate) spread: (f64, f64),
    /// Seconds each, the middle ones.
    pub(crate) seconds: (f64, f64),
}

/// How many times as long as `base` does `other` take? Each round times a block of one and then of
/// the other, so that whatever slows the machine down slows both down, and no ratio is of
/// different times.
pub(crate) fn ratio(clock: Clock, mut base: impl FnMut(), mut other: impl FnMut()) -> Ratio {
    let blocks = (repetitions(&mut base), repetitions(&mut other));
    let longest = seconds(clock, &mut base, 1).max(seconds(clock, &mut other, 1));
    let rounds = if longest > LONG.as_secs_f64() {
        FEW_ROUNDS
    } else {
        ROUNDS
    };
    let rounds: Vec<(f64, f64)> = (0..rounds)
        .map(|_| {
            let base = seconds(clock, &mut base, blocks.0);
            (base, seconds(clock, &mut other, blocks.1))
        })
        .collect();
    let ratios = sorted(rounds.iter().map(|(base, other)| other / base));
    Ratio {
        median: quantile(&ratios, 0.5),
        spread: (quantile(&ratios, 0.1), quantile(&ratios, 0.9)),
        seconds: (
            quantile(&sorted(rounds.iter().map(|round| round.0)), 0.5),
            quantile(&sorted(rounds.iter().map(|round| round.1)), 0.5),
        ),
    }
}

/// Processor seconds that each of these takes, the fewest of all rounds: what else the machine
/// does, in the caches for example, can only add.
pub(crate) fn fewest(tasks: &mut [impl FnMut()]) -> Vec<f64> {
    let blocks: Vec<u32> = tasks.iter_mut().map(repetitions).collect();
    let mut fewest = vec![f64::INFINITY; tasks.len()];
    for _ in 0..ROUNDS {
        for ((task, block), fewest) in tasks.iter_mut().zip(&blocks).zip(&mut fewest) {
            *fewest = fewest.min(seconds(Clock::Processor, task, *block));
        }
    }
    fewest
}

/// How often a task is to be repeated to fill a block.
fn repetitions(task: &mut impl FnMut()) -> u32 {
    let mut repetitions = 1;
    while seconds(Clock::Processor, task, repetitions) * f64::from(repetitions)
        < BLOCK.as_secs_f64()
        && repetitions < 1 << 20
    {
        repetitions *= 2;
    }
    repetitions
}

/// Mean seconds of one of so many.
fn seconds(clock: Clock, task: &mut impl FnMut(), repetitions: u32) -> f64 {
    let all = clock.time(|| (0..repetitions).for_each(|_| task()));
    all / f64::from(repetitions)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index among some dozens"
    )]
    let index = (share * (sorted.len() - 1) as f64).round() as usize;
    sorted[index]
}

/// The line through these points by least squares: where it begins, how steep it is, and the share
/// of the variance that it explains.
pub(crate) fn line(points: &[(f64, f64)]) -> (f64, f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a handful of points")]
    let n = points.len() as f64;
    let mean = |read: fn(&(f64, f64)) -> f64| points.iter().map(read).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |read: &dyn Fn(f64, f64) -> f64| -> f64 {
        let centred = points.iter().map(|(x, y)| (x - mean_x, y - mean_y));
        centred.map(|(x, y)| read(x, y)).sum()
    };
    let (xx, xy, yy) = (sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
    let slope = xy / xx;
    (mean_y - slope * mean_x, slope, slope * xy / yy)
}
