//! What became of every single attempt: what plots, tables of scores and other programs are made of.

use super::data::{DataSet, Typist};

/// One attempt that was judged, and what became of it.
///
/// Records stand in the order of accounts, then draws of impostors, then offsets, and within one
/// such run in the order in which they were judged. An owner's attempt that is judged once for all
/// draws is in the record of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// On whose account: an index into [`DataSet::typists`].
    pub account: u32,
    /// Who typed: `None` the owner, else a position in [`DataSet::others`] of the account.
    pub other: Option<u32>,
    /// Number of the typist's session in which it was recorded.
    pub session: u32,
    /// Number of the repetition within that session.
    pub rep: u32,
    /// On which keyboard, where the recording says so.
    pub keyboard: Option<u16>,
    /// In which draw of impostors, from 0.
    pub draw: u32,
    /// In the run of which offset of sparse use, from 0.
    pub offset: u32,
    /// How many of the owner's attempts had been made in this run before it.
    pub ordinal: u32,
    /// In which login of this run, the owner's and impostors' counted together from 0. Without
    /// logins of several attempts each is one of its own.
    pub login: u32,
    /// Whether it is an impostor's attempt beside the run, at the start of a session: such are in
    /// no figure but the FAR of first attempts, are never learned, and carry the number of the
    /// login that comes next.
    pub aside: bool,
    /// Higher is stranger, in the detector's units.
    pub score: f64,
    /// What was decided a priori; `None`: the detector has no threshold.
    pub accepted: Option<bool>,
    /// Whether it was learned.
    pub learned: bool,
}

/// A number of something that is counted on the command line or fits the memory.
pub(super) fn number(n: impl TryInto<u32>) -> u32 {
    n.try_into().unwrap_or(u32::MAX)
}

impl Judged {
    /// What records of a run have in common, before its first attempt.
    pub(super) fn begin(account: usize, draw: u64, offset: usize) -> Self {
        Self {
            account: number(account),
            other: None,
            session: 0,
            rep: 0,
            keyboard: None,
            draw: number(draw),
            offset: number(offset),
            ordinal: 0,
            login: 0,
            aside: false,
            score: 0.0,
            accepted: None,
            learned: false,
        }
    }

    /// Whether the owner typed it.
    #[must_use]
    pub fn genuine(&self) -> bool {
        self.other.is_none()
    }

    /// Who typed it, of the recording that was evaluated; `None` of another recording.
    #[must_use]
    pub fn typist<'d>(&self, data: &'d DataSet) -> Option<&'d Typist> {
        let account = self.account as usize;
        match self.other {
            None => data.typists().get(account),
            Some(other) => data.others(account).nth(other as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{DetectorKind, Threshold};
    use crate::eval::figures::{Figures, evaluate};
    use crate::eval::protocol::{LearnRule, Protocol};
    use crate::eval::setup::Setup;
    use crate::eval::typist::{population, some_text};

    fn recorded(setup: Setup, kind: DetectorKind) -> (DataSet, Figures) {
        let data = population(5, 3, 3, 10, &some_text(8));
        let setup = Setup {
            record: true,
            seeds: 2,
            ..setup
        };
        let figures = evaluate(&data, &setup, kind, &|| ()).unwrap();
        (data, figures)
    }

    fn stream() -> Setup {
        Setup {
            protocol: Protocol::Stream(8),
            ..Setup::default()
        }
    }

    #[test]
    fn a_record_takes_what_the_limit_of_scores_reckons_with() {
        assert!(size_of::<Judged>() <= 56);
    }

    #[test]
    fn nothing_is_kept_unless_asked_and_figures_are_the_same() {
        let (data, with) = recorded(stream(), DetectorKind::SequenceMemory);
        let setup = Setup {
            record: false,
            ..with.setup
        };
        let without = evaluate(&data, &setup, with.detector, &|| ()).unwrap();
        assert!(without.judged.is_empty());
        let again = Figures {
            judged: Vec::new(),
            setup,
            ..with
        };
        assert_eq!(again, without);
    }

    #[test]
    fn every_attempt_is_there_once_and_in_order() {
        let (data, figures) = recorded(stream(), DetectorKind::SequenceMemory);
        let runs: Vec<&[Judged]> = figures
            .judged
            .chunk_by(|a, b| (a.account, a.draw) == (b.account, b.draw))
            .collect();
        let of: Vec<_> = runs.iter().map(|r| (r[0].account, r[0].draw)).collect();
        assert_eq!(of, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        for run in runs {
            let genuine: Vec<_> = run.iter().filter(|j| j.genuine()).collect();
            assert_eq!(genuine.len(), 22);
            for (n, (judged, attempt)) in genuine
                .iter()
                .zip(&data.typists()[run[0].account as usize].attempts[8..])
                .enumerate()
            {
                assert_eq!(judged.ordinal as usize, n);
                assert_eq!((judged.session, judged.rep), (attempt.session, attempt.rep));
                // An impostor's login follows every fifth of the owner's.
                assert_eq!(judged.login as usize, n + n / 5);
                assert_eq!(judged.accepted, Some(judged.learned));
            }
            let impostors: Vec<_> = run.iter().filter(|j| !j.genuine() && !j.aside).collect();
            let ordinals: Vec<_> = impostors.iter().map(|j| j.ordinal).collect();
            assert_eq!(ordinals, [5, 10, 15, 20]);
            for judged in impostors {
                let typist = judged.typist(&data).unwrap();
                assert_ne!(typist, &data.typists()[judged.account as usize]);
                assert!(judged.rep <= 5 && judged.session == 1, "of the first five");
            }
        }
    }

    #[test]
    fn one_impostor_comes_before_the_owner_in_each_session_and_leaves_nothing() {
        let (_, figures) = recorded(stream(), DetectorKind::SequenceMemory);
        let aside: Vec<_> = figures.judged.iter().filter(|j| j.aside).collect();
        // The second session begins after two attempts, the third after twelve.
        let ordinals: Vec<_> = aside.iter().map(|j| j.ordinal).collect();
        assert_eq!(ordinals, [2, 12].repeat(3 * 2));
        assert!(aside.iter().all(|j| !j.learned && !j.genuine()));
        let accepted = aside.iter().filter(|j| j.accepted == Some(true)).count();
        let accepted = u32::try_from(accepted).unwrap();
        let mean = figures.far_first_of_session.unwrap().mean;
        assert!((mean - f64::from(accepted) / 12.0).abs() < 1e-12);
        let all = Setup {
            threshold: Threshold::Value(1e9),
            ..stream()
        };
        let (_, figures) = recorded(all, DetectorKind::SequenceMemory);
        assert_eq!(figures.far_first_of_session.unwrap().mean, 1.0);
    }

    #[test]
    fn attempts_of_a_login_share_its_number() {
        let setup = Setup {
            attempts: 3,
            threshold: Threshold::Value(-1e9),
            ..stream()
        };
        let (_, figures) = recorded(setup, DetectorKind::SequenceMemory);
        let run = figures.judged.iter().take_while(|j| j.draw == 0);
        let run: Vec<_> = run.filter(|j| !j.aside).collect();
        let logins: Vec<_> = run.chunk_by(|a, b| a.login == b.login).collect();
        let lengths: Vec<_> = logins.iter().map(|l| l.len()).collect();
        assert_eq!(lengths, [3, 3, 3, 3, 3, 3, 3, 3, 1]);
        let genuine: Vec<_> = logins.iter().map(|l| l[0].genuine()).collect();
        assert_eq!(
            genuine,
            [true, true, true, true, true, false, true, true, true]
        );
        let one = logins[5].iter().all(|j| j.other == logins[5][0].other);
        assert!(one, "an impostor's login is of one person");
    }

    #[test]
    fn what_is_learned_and_decided_is_told_as_it_was() {
        let frozen = Setup {
            protocol: Protocol::Static,
            ..Setup::default()
        };
        let (_, figures) = recorded(frozen, DetectorKind::SequenceMemory);
        assert!(figures.judged.iter().all(|j| !j.learned && !j.aside));
        assert_eq!(figures.far_first_of_session, None);
        assert_eq!(figures.judged.len(), 3 * (15 + 2 * 5));
        let oracle = Setup {
            learn: LearnRule::Genuine,
            every: 2,
            ..stream()
        };
        let (_, figures) = recorded(oracle, DetectorKind::Manhattan);
        assert!(figures.judged.iter().all(|j| j.learned == j.genuine()));
        assert!(figures.judged.iter().all(|j| j.accepted.is_none()));
        let offsets: Vec<_> = figures
            .judged
            .chunk_by(|a, b| a.offset == b.offset)
            .collect();
        assert_eq!(offsets.len(), 3 * 2 * 2);
        assert!(offsets[1][0].ordinal == 0 && offsets[1][0].offset == 1);
    }
}
