//! The temporal memory: Y. Cui, S. Ahmad and J. Hawkins, "Continuous Online Sequence Learning with
//! an Unsupervised Neural Network Model", Neural Computation 28(11), 2016; J. Hawkins and S. Ahmad,
//! "Why Neurons Have Thousands of Synapses, a Theory of Sequence Memory in Neocortex", Frontiers in
//! Neural Circuits 10, 2016. The raw anomaly: A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly
//! Detection Algorithms", ICMLA 2015.

use std::ops::Range;

use super::pooler::COLUMNS;
use crate::eval::draw::{Draws, Purpose};

const CELLS_PER_COLUMN: usize = 32;
const CELLS: usize = COLUMNS * CELLS_PER_COLUMN;

/// So many connected synapses of a segment on active cells predict its cell.
const ACTIVATION: u16 = 13;
/// So many synapses of a segment on active cells, connected or not, make it one that learns.
const MATCH: u16 = 10;
/// From this permanence on a synapse is connected.
const CONNECTED: f32 = 0.5;
const INITIAL: f32 = 0.21;
const INCREMENT: f32 = 0.1;
const DECREMENT: f32 = 0.1;
/// Taken off the synapses that made a segment predict what did not come.
const PUNISHMENT: f32 = 0.001;
/// A segment that learns is given synapses until so many listen to what was active.
const WANTED: usize = 20;
/// The most synapses of a segment.
const MOST: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Synapse {
    /// The cell it listens to.
    from: usize,
    /// From 0, at which it is none, to 1.
    permanence: f32,
}

/// A dendrite of a cell.
#[derive(Clone, Debug)]
struct Segment {
    cell: usize,
    synapses: Vec<Synapse>,
}

/// A synapse, as the cell it listens to knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Contact {
    segment: usize,
    synapse: usize,
}

/// Cells and what they have learned to follow; nothing of what is active now.
#[derive(Debug)]
pub(super) struct Network {
    segments: Vec<Segment>,
    /// How many segments each cell has.
    dendrites: Vec<usize>,
    /// Which synapses listen to each cell.
    axons: Vec<Vec<Contact>>,
    draws: Draws,
}

/// What is active now, and what that predicts.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity {
    cells: Vec<usize>,
    /// Those of the cells that stand for this step in this context, one a column or more.
    winners: Vec<usize>,
    /// By segment; all that were there when the cells became active.
    overlaps: Vec<Overlap>,
    /// The segments with an overlap of [`MATCH`] or more, in the order of their cells.
    matching: Vec<usize>,
}

/// How many synapses of a segment listen to active cells.
#[derive(Clone, Copy, Debug, Default)]
struct Overlap {
    connected: u16,
    all: u16,
}

/// The step before, as learning asks for it.
struct Before {
    activity: Activity,
    is_active: Vec<bool>,
}

impl Network {
    /// A network without a synapse.
    pub(super) fn new() -> Self {
        Self {
            segments: Vec::new(),
            dendrites: vec![0; CELLS],
            axons: vec![Vec::new(); CELLS],
            draws: Draws::new(Purpose::TemporalMemory, super::SEED, [2, 0]),
        }
    }

    /// The activity after these columns came. Also the raw anomaly: the share of the columns that
    /// nothing predicted.
    pub(super) fn perceive(&self, columns: &[usize], before: &Activity) -> (Activity, f64) {
        let (mut active, mut surprising) = (Vec::new(), 0u16);
        for column in columns {
            let predicted = self.predicted(*column, before);
            if predicted.is_empty() {
                surprising += 1;
                active.extend(cells(*column));
            } else {
                active.extend(predicted);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "some 40 columns")]
        let anomaly = f64::from(surprising) / columns.len() as f64;
        (self.excited_by(active), anomaly)
    }

    /// The same, learning that these columns follow what was active before.
    pub(super) fn learn(&mut self, columns: &[usize], before: Activity) -> Activity {
        let mut is_active = vec![false; CELLS];
        for cell in &before.cells {
            is_active[*cell] = true;
        }
        let before = Before {
            activity: before,
            is_active,
        };
        let (mut active, mut winners) = (Vec::new(), Vec::new());
        for column in columns {
            let predicted = self.predicted(*column, &before.activity);
            if predicted.is_empty() {
                active.extend(cells(*column));
                winners.push(self.learn_surprise(*column, &before));
            } else {
                self.confirm(*column, &before);
                winners.extend(&predicted);
                active.extend(predicted);
            }
        }
        self.punish(columns, &before);
        let mut activity = self.excited_by(active);
        activity.winners = winners;
        activity
    }

    /// The segments of a column that match what was active.
    fn matching<'a>(&self, column: usize, activity: &'a Activity) -> &'a [usize] {
        let of = |segment: &usize| column_of(self.segments[*segment].cell);
        let from = activity
            .matching
            .partition_point(|segment| of(segment) < column);
        let rest = &activity.matching[from..];
        &rest[..rest.partition_point(|segment| of(segment) == column)]
    }

    /// The cells of a column that what was active predicts, each once.
    fn predicted(&self, column: usize, activity: &Activity) -> Vec<usize> {
        let segments = self.matching(column, activity).iter();
        let mut cells: Vec<usize> = segments
            .filter(|segment| activity.predicts(**segment))
            .map(|segment| self.segments[*segment].cell)
            .collect();
        cells.dedup();
        cells
    }

    /// Which segments these cells excite.
    fn excited_by(&self, cells: Vec<usize>) -> Activity {
        let mut overlaps = vec![Overlap::default(); self.segments.len()];
        let mut matching = Vec::new();
        for contact in cells.iter().flat_map(|cell| &self.axons[*cell]) {
            let permanence = self.segments[contact.segment].synapses[contact.synapse].permanence;
            let overlap = &mut overlaps[contact.segment];
            overlap.connected += u16::from(permanence >= CONNECTED);
            if permanence > 0.0 {
                overlap.all += 1;
                if overlap.all == MATCH {
                    matching.push(contact.segment);
                }
            }
        }
        matching.sort_unstable_by_key(|segment| (self.segments[*segment].cell, *segment));
        Activity {
            cells,
            winners: Vec::new(),
            overlaps,
            matching,
        }
    }

    /// Strengthens what predicted a column that came.
    fn confirm(&mut self, column: usize, before: &Before) {
        for segment in self.matching(column, &before.activity) {
            if before.activity.predicts(*segment) {
                self.reinforce(*segment, before);
            }
        }
    }

    /// Makes a cell of a column that nothing predicted follow what was active: the one that came
    /// nearest to it, or else one of those that have learned least.
    fn learn_surprise(&mut self, column: usize, before: &Before) -> usize {
        let matching = self.matching(column, &before.activity).iter();
        // Of equal ones the first.
        let best = matching
            .rev()
            .max_by_key(|segment| before.activity.overlaps[**segment].all);
        if let Some(segment) = best {
            self.reinforce(*segment, before);
            return self.segments[*segment].cell;
        }
        let fewest = cells(column).map(|cell| self.dendrites[cell]).min();
        let idle: Vec<usize> = cells(column)
            .filter(|cell| Some(self.dendrites[*cell]) == fewest)
            .collect();
        let cell = self
            .draws
            .pick(&idle)
            .copied()
            .unwrap_or(column * CELLS_PER_COLUMN);
        if !before.activity.winners.is_empty() {
            self.dendrites[cell] += 1;
            let synapses = Vec::with_capacity(MOST);
            self.segments.push(Segment { cell, synapses });
            self.grow(self.segments.len() - 1, WANTED, before);
        }
        cell
    }

    /// Strengthens the synapses that listen to what was active, weakens the others, and grows
    /// what is wanting.
    fn reinforce(&mut self, segment: usize, before: &Before) {
        for synapse in &mut self.segments[segment].synapses {
            let change = if before.is_active[synapse.from] {
                INCREMENT
            } else {
                -DECREMENT
            };
            synapse.permanence = (synapse.permanence + change).clamp(0.0, 1.0);
        }
        let has = usize::from(before.activity.overlaps[segment].all);
        self.grow(segment, WANTED.saturating_sub(has), before);
    }

    /// Gives a segment so many synapses on cells that stood for the step before, as far as there
    /// are that many; in the place of its weakest ones where it is full.
    fn grow(&mut self, segment: usize, wanted: usize, before: &Before) {
        let listens = |cell: &&usize| {
            let mut synapses = self.segments[segment].synapses.iter();
            synapses.any(|synapse| synapse.from == **cell)
        };
        let winners = before.activity.winners.iter();
        let mut strangers: Vec<usize> = winners.filter(|cell| !listens(cell)).copied().collect();
        self.draws.shuffle(&mut strangers);
        for from in strangers.into_iter().take(wanted) {
            let synapses = &mut self.segments[segment].synapses;
            let grown = Synapse {
                from,
                permanence: INITIAL,
            };
            let synapse = synapses.len();
            let contact = if synapse < MOST {
                synapses.push(grown);
                Contact { segment, synapse }
            } else {
                let weakest = |a: &usize, b: &usize| {
                    f32::total_cmp(&synapses[*a].permanence, &synapses[*b].permanence)
                };
                let synapse = (0..MOST).min_by(weakest).unwrap_or(0);
                let lost = std::mem::replace(&mut synapses[synapse], grown);
                let contact = Contact { segment, synapse };
                self.axons[lost.from].retain(|other| *other != contact);
                contact
            };
            self.axons[from].push(contact);
        }
    }

    /// Weakens what predicted columns that did not come.
    fn punish(&mut self, columns: &[usize], before: &Before) {
        for segment in &before.activity.matching {
            let segment = &mut self.segments[*segment];
            if columns.binary_search(&column_of(segment.cell)).is_err() {
                for synapse in &mut segment.synapses {
                    if before.is_active[synapse.from] {
                        synapse.permanence = (synapse.permanence - PUNISHMENT).max(0.0);
                    }
                }
            }
        }
    }
}

impl Activity {
    fn predicts(&self, segment: usize) -> bool {
        self.overlaps[segment].connected >= ACTIVATION
    }
}

fn cells(column: usize) -> Range<usize> {
    column * CELLS_PER_COLUMN..(column + 1) * CELLS_PER_COLUMN
}

fn column_of(cell: usize) -> usize {
    cell / CELLS_PER_COLUMN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(number: usize) -> Vec<usize> {
        (40 * number..40 * (number + 1)).collect()
    }

    fn anomalies(network: &Network, sequence: &[usize]) -> Vec<f64> {
        let mut activity = Activity::default();
        let perceive = sequence.iter().map(|number| {
            let anomaly;
            (activity, anomaly) = network.perceive(&columns(*number), &activity);
            anomaly
        });
        perceive.collect()
    }

    fn taught(sequences: &[&[usize]], times: usize) -> Network {
        let mut network = Network::new();
        for sequence in sequences.iter().cycle().take(times * sequences.len()) {
            let mut activity = Activity::default();
            for number in *sequence {
                activity = network.learn(&columns(*number), activity);
            }
        }
        network
    }

    #[test]
    fn a_sequence_is_learned_after_some_repetitions() {
        assert_eq!(anomalies(&taught(&[&[0, 1, 2]], 1), &[0, 1, 2]), [1.0; 3]);
        let network = taught(&[&[0, 1, 2]], 10);
        assert_eq!(anomalies(&network, &[0, 1, 2]), [1.0, 0.0, 0.0]);
        assert_eq!(anomalies(&network, &[0, 2, 1]), [1.0; 3]);
    }

    #[test]
    fn what_follows_depends_on_what_was_long_before() {
        // What was mixed up before it was told apart is forgotten slowly.
        let network = taught(&[&[0, 1, 2, 3], &[4, 1, 2, 5]], 600);
        assert_eq!(anomalies(&network, &[0, 1, 2, 3])[3], 0.0);
        assert_eq!(anomalies(&network, &[4, 1, 2, 5])[3], 0.0);
        assert_eq!(anomalies(&network, &[0, 1, 2, 5])[3], 1.0);
    }
}
