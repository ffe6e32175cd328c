//! Why an attempt scored as it did, by position only: which digraphs were how far off, in which
//! direction. It never names a key and never tells a timing, so it can be shown to whoever may
//! see that there is a profile at all.

use std::fmt;

use crate::memory::{Step, StepKind};

/// The scored steps of one attempt, in the order in which they were typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    steps: Vec<Step>,
}

/// Within so many of the owner's scales a step is as usual.
const USUAL: f64 = 1.0;

impl Explanation {
    /// An explanation of these steps.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// All steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The `count` steps that were furthest off, furthest first.
    #[must_use]
    pub fn furthest(&self, count: usize) -> Vec<Step> {
        let mut steps = self.steps.clone();
        steps.sort_by(|a, b| b.deviation.abs().total_cmp(&a.deviation.abs()));
        steps.truncate(count);
        steps
    }
}

/// `hold 3: 4.2 times the usual spread longer`; positions are counted from 1.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, off) = (self.position + 1, self.deviation.abs());
        let (longer, shorter) = match self.kind {
            StepKind::Hold => {
                write!(f, "hold {first}: ")?;
                ("longer", "shorter")
            }
            StepKind::DownDown => {
                write!(f, "from {first} to {}: ", first + 1)?;
                ("later", "sooner")
            }
        };
        match self.deviation {
            _ if off <= USUAL => f.write_str("as usual"),
            slower if slower > 0.0 => write!(f, "{off:.1} times the usual spread {longer}"),
            _ => write!(f, "{off:.1} times the usual spread {shorter}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(position: usize, kind: StepKind, deviation: f64, surprise: f64) -> Step {
        Step {
            position,
            kind,
            deviation,
            surprise,
            people: 0.0,
        }
    }

    #[test]
    fn the_furthest_off_come_first_and_say_position_and_direction() {
        let explanation = Explanation::new(vec![
            step(0, StepKind::Hold, 0.4, -1.0),
            step(0, StepKind::DownDown, -4.25, 3.0),
            step(1, StepKind::Hold, 7.0, 5.0),
        ]);
        let words: Vec<String> = explanation
            .furthest(9)
            .iter()
            .map(Step::to_string)
            .collect();
        assert_eq!(
            words,
            [
                "hold 2: 7.0 times the usual spread longer",
                "from 1 to 2: 4.2 times the usual spread sooner",
                "hold 1: as usual",
            ]
        );
        assert_eq!(explanation.furthest(1).len(), 1);
        assert_eq!(explanation.steps().len(), 3);
    }
}
