use super::*;
use crate::detector::Threshold;
use crate::eval::data::Typist;
use crate::eval::protocol::{ImpostorSet, Protocol};
use crate::eval::typist::{population, some_text};

fn run(data: &DataSet, owner: usize, setup: &Setup, kind: DetectorKind, seed: u64) -> Trial {
    super::run(data, owner, setup, kind, seed..seed + 1).remove(0)
}

#[test]
fn draws_in_one_pass_are_those_of_one_after_the_other() {
    let data = synthetic();
    for kind in [DetectorKind::SequenceMemory, DetectorKind::Manhattan] {
        for learn in [LearnRule::Accepted, LearnRule::Genuine] {
            let setup = stream(learn);
            let together = super::run(&data, 1, &setup, kind, 0..3);
            let apart: Vec<_> = (0..3).map(|s| run(&data, 1, &setup, kind, s)).collect();
            assert_eq!(together, apart);
            assert_ne!(together[0].scores, together[1].scores);
        }
    }
}

fn synthetic() -> DataSet {
    population(5, 4, 3, 10, &some_text(8))
}

fn stream(learn: LearnRule) -> Setup {
    Setup {
        protocol: Protocol::Stream(8),
        learn,
        ..Setup::default()
    }
}

#[test]
fn static_uses_the_second_half_and_every_impostor_once() {
    let setup = Setup {
        protocol: Protocol::Static,
        ..Setup::default()
    };
    let trial = run(&synthetic(), 1, &setup, DetectorKind::SequenceMemory, 0);
    assert_eq!(trial.scores.genuine.len(), 15);
    assert_eq!(trial.scores.impostor.len(), 3 * 5);
    assert_eq!((trial.refused.decided, trial.accepted.decided), (15, 15));
    // Attempts 16 to 30 hold the beginning of the third session only.
    assert_eq!(trial.refused_first.decided, 1);
    let other = run(&synthetic(), 1, &setup, DetectorKind::SequenceMemory, 9);
    assert_eq!(trial, other, "no seed in it");
}

#[test]
fn stream_draws_an_impostor_after_every_fifth_or_every_attempt() {
    let data = synthetic();
    for (learn, impostors) in [(LearnRule::Accepted, 4), (LearnRule::Genuine, 22)] {
        let trial = run(&data, 0, &stream(learn), DetectorKind::SequenceMemory, 1);
        assert_eq!(trial.scores.genuine.len(), 22);
        assert_eq!(trial.scores.impostor.len(), impostors);
        assert_eq!(trial.refused_first.decided, 2);
    }
}

#[test]
fn first_and_last_divide_as_they_say_and_use_every_impostor_once() {
    let data = synthetic();
    for (protocol, genuine) in [(Protocol::First(8), 22), (Protocol::Last(8), 15)] {
        let setup = Setup {
            protocol,
            ..Setup::default()
        };
        let trial = run(&data, 1, &setup, DetectorKind::SequenceMemory, 0);
        let counts = (trial.scores.genuine.len(), trial.scores.impostor.len());
        assert_eq!(counts, (genuine, 3 * 5), "{protocol}");
    }
    let frozen = run(
        &data,
        1,
        &stream(LearnRule::Nothing),
        DetectorKind::SequenceMemory,
        4,
    );
    let first = Setup {
        protocol: Protocol::First(8),
        ..Setup::default()
    };
    let first = run(&data, 1, &first, DetectorKind::SequenceMemory, 0);
    assert_eq!(frozen.scores, first.scores, "22 are fewer than 50");
}

#[test]
fn every_third_is_three_runs_that_use_each_attempt_once() {
    let setup = Setup {
        every: 3,
        ..stream(LearnRule::Accepted)
    };
    let trial = run(&synthetic(), 0, &setup, DetectorKind::SequenceMemory, 1);
    assert_eq!(trial.scores.genuine.len(), 22);
    // Runs of 8, 7 and 7 attempts with an impostor after every fifth.
    assert_eq!(trial.scores.impostor.len(), 3);
    // Each of them meets the second and the third session once.
    assert_eq!(trial.refused_first.decided, 3 * 2);
}

#[test]
fn a_login_ends_with_an_acceptance_or_the_last_attempt() {
    let data = synthetic();
    let logins = |threshold| {
        let setup = Setup {
            attempts: 3,
            threshold: Threshold::Value(threshold),
            ..stream(LearnRule::Accepted)
        };
        run(&data, 0, &setup, DetectorKind::SequenceMemory, 1)
    };
    let tally = |decided, yes| Tally { decided, yes };
    let never = logins(-1e9);
    // 22 attempts are seven logins and the beginning of one; the impostor comes after five.
    assert_eq!(never.refused_logins, tally(8, 8));
    assert_eq!(never.accepted_logins, tally(1, 0));
    assert_eq!(never.scores.impostor.len(), 3);
    let always = logins(1e9);
    assert_eq!(always.refused_logins, tally(22, 0));
    assert_eq!(always.accepted_logins, tally(4, 4));
    assert_eq!(always.scores.impostor.len(), 4);
    assert_eq!(always.scores.genuine.len(), 22);
}

#[test]
fn an_impostor_s_login_is_a_row_of_one_person_s_attempts() {
    let sample = |i: usize| synthetic().typists()[0].attempts[i].sample.clone();
    let (four, one) = ([0, 1, 2, 3].map(sample), [sample(4)]);
    let people = [four.iter().collect(), one.iter().collect()];
    let rows = rows(&people, 3);
    let expected = [&four[0..3], &four[1..4], &one].map(|row| row.iter().collect::<Vec<_>>());
    assert_eq!(rows, expected);
}

#[test]
fn only_those_who_meant_an_account_are_impostors_on_it() {
    let people = synthetic().typists().to_vec();
    let few = |typist: &Typist| Typist {
        attempts: typist.attempts[..7].to_vec(),
        ..typist.clone()
    };
    let data = DataSet::with_attackers(vec![
        (people[0].clone(), vec![few(&people[1])]),
        (people[2].clone(), vec![]),
    ]);
    let setup = Setup {
        protocol: Protocol::Static,
        ..Setup::default()
    };
    let impostors = |owner, setup| {
        let trial = run(&data, owner, &setup, DetectorKind::SequenceMemory, 0);
        trial.scores.impostor.len()
    };
    assert_eq!((impostors(0, setup), impostors(1, setup)), (7, 0));
    let last = Setup {
        impostors: Some(ImpostorSet::Last(2)),
        ..setup
    };
    assert_eq!(impostors(0, last), 2);
}

#[test]
fn sittings_are_told_apart() {
    let mut typists = synthetic().typists().to_vec();
    for attempt in &mut typists[0].attempts {
        attempt.keyboard = Some(u16::from(attempt.session == 3));
    }
    let data = DataSet::new(typists);
    let setup = stream(LearnRule::Accepted);
    let trial = run(&data, 0, &setup, DetectorKind::SequenceMemory, 1);
    let decided: Vec<_> = trial
        .sittings
        .iter()
        .map(|(at, tally)| (at.session, at.keyboard, tally.refused.decided))
        .collect();
    assert_eq!(
        decided,
        [(1, Some(0), 2), (2, Some(0), 10), (3, Some(1), 10)]
    );
}

#[test]
fn a_recording_without_holds_is_judged_by_its_down_downs() {
    let bare = |typist: &Typist| {
        let mut typist = typist.clone();
        for attempt in &mut typist.attempts {
            let sample = &attempt.sample;
            let holds = vec![None; sample.holds().len()];
            let downs = sample.downs().to_vec();
            attempt.sample = Sample::new(sample.keys().clone(), holds, downs).unwrap();
        }
        typist
    };
    let whole = synthetic();
    let all_bare = DataSet::new(whole.typists().iter().map(bare).collect());
    let mut mixed = whole.typists().to_vec();
    mixed[1] = bare(&mixed[1]);
    let mixed = DataSet::new(mixed);
    let setup = Setup {
        protocol: Protocol::Static,
        ..Setup::default()
    };
    let kinds = DetectorKind::ALL.into_iter();
    for kind in kinds.filter(|kind| !kind.takes_hours()) {
        let trial = run(&all_bare, 0, &setup, kind, 0);
        assert_eq!(trial.scores.genuine.len(), 15, "{}", kind.name());
        assert_eq!(trial.failures_to_acquire, 0);
        // Whoever was recorded with holds asks for them, and whoever was not does not.
        assert_eq!(run(&mixed, 0, &setup, kind, 0).failures_to_acquire, 5);
        assert_eq!(run(&mixed, 1, &setup, kind, 0).failures_to_acquire, 0);
    }
}

#[test]
fn draws_follow_seed_and_account() {
    let data = synthetic();
    let setup = stream(LearnRule::Genuine);
    let run = |owner, seed| run(&data, owner, &setup, DetectorKind::SequenceMemory, seed);
    assert_eq!(run(2, 3), run(2, 3));
    assert_ne!(run(2, 3), run(2, 4));
    assert_eq!(run(99, 0), Trial::default());
}

#[test]
fn without_a_threshold_genuine_attempts_are_learned() {
    let kind = DetectorKind::ScaledManhattan;
    let data = synthetic();
    let trial = run(&data, 0, &stream(LearnRule::Accepted), kind, 1);
    assert_eq!(trial.refused, Tally::default());
    let genuine = run(&data, 0, &stream(LearnRule::Genuine), kind, 1);
    assert_eq!(trial.scores.genuine, genuine.scores.genuine);
    let rule = |setup| effective_rule(&setup, kind);
    assert_eq!(rule(stream(LearnRule::Accepted)), Some(LearnRule::Genuine));
}

#[test]
fn attempts_that_cannot_be_judged_are_counted() {
    let data = synthetic();
    let mut typists: Vec<Typist> = data.typists().to_vec();
    let hole = |sample: &Sample| {
        let downs = vec![None; sample.downs().len()];
        Sample::new(sample.keys().clone(), sample.holds().to_vec(), downs).unwrap()
    };
    // One of the enrolment, one of the test, and one that is an impostor's for everybody else.
    for i in [4, 20] {
        typists[0].attempts[i].sample = hole(&typists[0].attempts[i].sample);
    }
    let data = DataSet::new(typists);
    let setup = Setup {
        protocol: Protocol::Static,
        ..Setup::default()
    };
    let trial = run(&data, 0, &setup, DetectorKind::SequenceMemory, 0);
    assert_eq!(trial.failures_to_acquire, 2);
    assert_eq!(trial.scores.genuine.len(), 14);
    let trial = run(&data, 1, &setup, DetectorKind::SequenceMemory, 0);
    assert_eq!(trial.failures_to_acquire, 1);
    assert_eq!(trial.scores.impostor.len(), 14);
}
