use super::account::accepts;
use super::constant::{EXTREMES, constant};
use super::live::Live;
use super::*;
use crate::detector::Detector as _;
use crate::eval::data::{Attempt, Typist};
use crate::eval::typist::{SyntheticTypist, population, some_text};
use crate::policy::Strictness;
use crate::store::state::Verdict;

fn setup(threshold: f64) -> Setup {
    Setup {
        threshold: Threshold::Value(threshold),
        seeds: 2,
        ..Setup::default()
    }
}

fn found(data: &DataSet, setup: &Setup, attack: Attack) -> Found {
    run(data, setup, attack, &|| ()).unwrap().found
}

fn rows(data: &DataSet, setup: &Setup, attack: Attack) -> Vec<Tried> {
    match found(data, setup, attack) {
        Found::Tried(rows) => rows,
        other => panic!("{other:?}"),
    }
}

fn row<'r>(rows: &'r [Tried], way: &str) -> &'r Tried {
    rows.iter().find(|row| row.way == way).unwrap()
}

/// Somebody who types like this person of the population, under another name and by typings of
/// their own.
fn like(person: u64, name: u32) -> Typist {
    let typist = SyntheticTypist::new(8, person, some_text(9)).unwrap();
    let attempt = |rep: u32| Attempt {
        session: 1 + rep / 20,
        rep,
        keyboard: None,
        sample: typist.sample(1000 * name + rep),
    };
    Typist {
        name: format!("t{name}"),
        attempts: (0..60).map(attempt).collect(),
    }
}

#[test]
fn who_accepts_everything_is_broken_by_everything_and_who_accepts_nothing_by_nothing() {
    let data = population(3, 4, 3, 20, &some_text(8));
    for (threshold, share) in [(1000.0, 1.0), (-1000.0, 0.0)] {
        for attack in Attack::ALL {
            match found(&data, &setup(threshold), attack) {
                Found::Tried(rows) => {
                    for row in rows {
                        assert_eq!(row.broken.mean, share, "{} {}", attack.name(), row.way);
                        assert_eq!(row.accepted.mean, share, "{}", row.way);
                        assert!(row.accounts.iter().all(|account| account.broken == share));
                        let by_profile = row.copies.and_then(|copies| copies.by_profile);
                        // A profile takes a copy for one, whatever the threshold.
                        assert!(by_profile.is_none_or(|by| by.mean <= share));
                    }
                }
                Found::Hijacked(rows) => {
                    for row in rows {
                        let means = [row.first, row.last, row.let_in[0], row.let_in[1]];
                        assert!(means.iter().all(|mean| mean.mean == share), "{row:?}");
                    }
                }
                Found::Poisoned(rows) => {
                    for row in rows {
                        assert_eq!(row.let_in.mean, share);
                        assert_eq!(row.accepted.map(|accepted| accepted.mean), [share; 2]);
                        assert_eq!(row.frr.map(|frr| frr.mean), [1.0 - share; 2]);
                    }
                }
            }
        }
    }
}

#[test]
fn the_average_breaks_those_who_type_like_everybody_and_clusters_the_others_too() {
    let many = (0..7).map(|name| like(1, name));
    let few = (7..10).map(|name| like(2, name));
    let data = DataSet::new(many.chain(few).collect());
    let setup = setup(0.05);
    let broken =
        |row: &Tried| -> Vec<bool> { row.accounts.iter().map(|a| a.broken == 1.0).collect() };
    let expected: Vec<bool> = (0..10).map(|name| name < 7).collect();
    let median = &rows(&data, &setup, Attack::PopulationMedian)[0];
    assert_eq!(broken(median), expected);
    assert_eq!((median.broken.mean, median.tries), (0.7, 1));
    let clusters = rows(&data, &setup, Attack::KMeans);
    assert_eq!(row(&clusters, "k = 3").broken.mean, 1.0);
    assert!(row(&clusters, "k = 1").broken.mean < 1.0);
}

#[test]
fn copies_suit_the_template_and_are_nearer_than_the_owner_comes_until_they_are_inexact() {
    let data = population(3, 6, 3, 20, &some_text(8));
    let setup = setup(0.05);
    let exact = rows(&data, &setup, Attack::Replay);
    let learned = row(&exact, "of a learned typing");
    assert!(learned.accepted.mean > 0.9, "{learned:?}");
    let copies = learned.copies.unwrap();
    assert_eq!(copies.nearer.mean, 1.0);
    assert_eq!(copies.by_profile.unwrap().mean, 0.0);
    assert_eq!(copies.owners_own.unwrap().mean, 0.0);
    assert!(copies.owners_nearest_ms > 0.0);
    // What nobody has kept cannot be told from the owner.
    let overheard = row(&exact, "of a typing not learned").copies.unwrap();
    assert!(overheard.by_profile.unwrap().mean > 0.8, "{overheard:?}");
    assert_eq!(overheard.nearer.mean, 0.0);
    let jittered = rows(&data, &setup, Attack::ReplayJitter);
    let of = |ms: u32| row(&jittered, &format!("{ms} ms, of a learned typing"));
    assert_eq!(of(1).copies.unwrap().nearer.mean, 1.0);
    assert!(of(20).copies.unwrap().nearer.mean < 0.3);
    assert!(of(1).accepted.mean > of(20).accepted.mean);
    assert_eq!(of(1).tries, 10);
}

#[test]
fn one_constant_typing_is_a_row_of_its_own() {
    // Somebody who types like a machine falls to one typing of the grid.
    let machine = |name: &str, hold: u32, down: u32| {
        let attempt = |rep: u32| {
            let us = |ms: u32, i: u32| 1000 * (ms + (rep * 3 + i * 7) % 9);
            let holds = (0..8).map(|i| Some(crate::digraph::Duration(us(hold, i))));
            let downs = (0..7).map(|i| Some(crate::digraph::Duration(us(down, i))));
            let (holds, downs) = (holds.collect(), downs.collect());
            Attempt {
                session: 1,
                rep,
                keyboard: None,
                sample: crate::digraph::Sample::new(some_text(8), holds, downs).unwrap(),
            }
        };
        Typist {
            name: name.to_owned(),
            attempts: (0..60).map(attempt).collect(),
        }
    };
    let people = vec![
        machine("slow", 156, 376),
        machine("fast", 56, 96),
        machine("slow again", 156, 376),
    ];
    let rows = rows(&DataSet::new(people), &setup(0.05), Attack::Constant);
    let grid = row(&rows, "the grid");
    assert_eq!((grid.broken.mean, grid.tries), (1.0, 9 * 18));
    let best = row(&rows, "the best of the grid");
    assert_eq!(best.tries, 1);
    assert!((best.broken.mean - 2.0 / 3.0).abs() < 1e-12, "{best:?}");
    assert_eq!(row(&rows, "the extremes").broken.mean, 0.0);
}

#[test]
fn no_constant_typing_has_a_score_that_is_no_number() {
    let data = population(3, 3, 1, 40, &some_text(8));
    for number in 0..3 {
        let gain = GainPolicy::Burst;
        let owner = Owner::enrolled(&data, number, Protocol::Static, 6, gain);
        let owner = owner.ok().unwrap();
        for (hold, down) in EXTREMES {
            let sample = constant(owner.keys(), hold, down).unwrap();
            assert!(owner.detector.score(&sample).unwrap().is_finite());
        }
    }
}

fn live(data: &DataSet, rule: Rule, threshold: Threshold) -> Live {
    let gain = GainPolicy::Burst;
    let owner = Owner::enrolled(data, 0, Protocol::Static, 6, gain);
    let mut live = Live::of(&owner.ok().unwrap(), threshold);
    live.rule = rule;
    live
}

#[test]
fn cool_downs_let_twelve_tries_into_an_hour() {
    let data = population(3, 3, 3, 20, &some_text(8));
    let hijacked = |seconds: u64| {
        let setup = Setup {
            seconds,
            ..setup(-1000.0)
        };
        match found(&data, &setup, Attack::Hijack) {
            Found::Hijacked(rows) => rows.into_iter().map(|row| row.tries.mean).collect(),
            other => panic!("{other:?}"),
        }
    };
    // At 0, 5, 10, 15, 20, then after 30, 60, 120, 240, 480, 900 and 900 seconds more.
    let all: Vec<f64> = hijacked(3600);
    assert_eq!(all, [12.0, 50.0, 50.0, 50.0]);
    assert_eq!(hijacked(3650)[0], 13.0);
    assert_eq!(hijacked(2749)[0], 11.0);
    assert_eq!(hijacked(0), [1.0; 4]);
    assert_eq!(hijacked(21), [5.0; 4]);
}

#[test]
fn an_account_that_learns_an_impostor_becomes_his_and_a_frozen_one_does_not() {
    let data = population(3, 2, 3, 20, &some_text(8));
    let other = &data.typists()[1].attempts;
    let gets_in = |rule: Rule| {
        let mut account = live(&data, rule, Threshold::Value(1000.0));
        for attempt in &other[..40] {
            account.wait(TRY_SECONDS);
            assert_eq!(account.attempt(&attempt.sample), Verdict::Accepted);
        }
        let normal = Threshold::Of(Strictness::Normal);
        let own = accepts(&account.detector, &other[50].sample, normal);
        (own, account.learned)
    };
    assert_eq!(gets_in(Rule::LearnAccepted), (true, 40));
    assert_eq!(gets_in(Rule::Frozen), (false, 0));
}

#[test]
fn after_a_refusal_only_what_is_sure_is_learned_and_a_cool_down_judges_nothing() {
    let data = population(3, 2, 3, 20, &some_text(8));
    let (own, other) = (&data.typists()[0].attempts, &data.typists()[1].attempts);
    let normal = Threshold::Of(Strictness::Normal);
    let score = |sample| {
        live(&data, Rule::Module, normal)
            .detector
            .score(sample)
            .unwrap()
    };
    // One that is accepted, but not by much.
    let own = own[30..].iter().map(|attempt| &attempt.sample);
    let own = own.max_by(|a, b| score(a).total_cmp(&score(b))).unwrap();
    let threshold = Threshold::Value(score(own) + 0.05);
    for (rule, learned) in [
        (Rule::Module, 0),
        (Rule::NoThrottle, 0),
        (Rule::LearnAccepted, 1),
    ] {
        let mut account = live(&data, rule, threshold);
        assert_eq!(account.attempt(&other[0].sample), Verdict::Refused);
        assert_eq!(account.attempt(own), Verdict::Accepted);
        assert_eq!(account.learned, learned, "{rule:?}");
    }
    let mut account = live(&data, Rule::Module, threshold);
    for _ in 0..5 {
        assert_eq!(account.attempt(&other[0].sample), Verdict::Refused);
    }
    assert_eq!(account.attempt(own), Verdict::CoolingDown);
    account.wait(0);
    assert_eq!(account.attempt(own), Verdict::Accepted);
}

#[test]
fn a_poisoner_makes_an_attempt_after_every_fifth_login() {
    let data = population(3, 3, 3, 20, &some_text(8));
    // Ten of sixty are enrolled on; of the other fifty, twenty-five are kept for the test.
    let Found::Poisoned(rows) = found(&data, &setup(0.05), Attack::Poisoning) else {
        panic!()
    };
    assert!(rows.iter().all(|row| row.attempts.mean == 5.0), "{rows:?}");
    let [same, worst, drawn] = &rows[..] else {
        panic!()
    };
    assert!(worst.accepted[1].mean >= same.accepted[1].mean);
    assert_eq!(
        same.eer[0], drawn.eer[0],
        "nobody attacks the account before"
    );
}

#[test]
fn whose_account_has_attackers_of_its_own_is_attacked_by_them_alone() {
    let data = DataSet::with_attackers(vec![
        (like(1, 0), vec![like(1, 1)]),
        (like(2, 2), vec![]),
        (like(1, 3), vec![like(2, 4)]),
    ]);
    let finding = run(&data, &setup(0.05), Attack::PopulationMedian, &|| ()).unwrap();
    let Found::Tried(rows) = &finding.found else {
        panic!()
    };
    let broken: Vec<(&str, f64)> = rows[0]
        .accounts
        .iter()
        .map(|account| (&account.name[..], account.broken))
        .collect();
    assert_eq!(broken, [("t0", 1.0), ("t3", 0.0)]);
    let nobody = LeftOut {
        name: "t2".into(),
        reason: Reason::OneSided,
    };
    assert_eq!(finding.left_out, [nobody]);
    for attack in Attack::ALL {
        assert!(run(&data, &setup(0.05), attack, &|| ()).is_ok());
    }
}

/// The recording with every release taken away, or with some features that were not measured.
fn spoiled(data: &DataSet, holds: bool) -> DataSet {
    let mut typists = data.typists().to_vec();
    for attempt in typists.iter_mut().flat_map(|typist| &mut typist.attempts) {
        let sample = &attempt.sample;
        let (mut held, mut downs) = (sample.holds().to_vec(), sample.downs().to_vec());
        if holds {
            let gap = usize::try_from(attempt.rep).unwrap();
            (held[gap % 8], downs[gap % 7]) = (None, None);
        } else {
            held.fill(None);
        }
        let keys = sample.keys().clone();
        attempt.sample = crate::digraph::Sample::new(keys, held, downs).unwrap();
    }
    DataSet::new(typists)
}

#[test]
fn recordings_with_gaps_and_without_holds_are_attacked() {
    let whole = population(3, 4, 2, 20, &some_text(8));
    for holds in [true, false] {
        let data = spoiled(&whole, holds);
        for attack in Attack::ALL {
            let finding = run(&data, &setup(0.05), attack, &|| ()).unwrap();
            assert_eq!(finding.accounts, 4, "{}", attack.name());
        }
        for row in rows(&data, &setup(0.05), Attack::Replay) {
            assert_eq!(row.copies.unwrap().by_profile.is_some(), holds);
        }
    }
}

#[test]
fn what_a_recording_lacks_is_told() {
    let check = |data: &DataSet, setup: Setup, attack| {
        setup.check(data, attack).map_err(|error| error.to_string())
    };
    let alone = population(1, 1, 1, 40, &some_text(6));
    assert_eq!(
        check(&alone, Setup::default(), Attack::KMeans).unwrap_err(),
        "there is nobody but p01, and k-means is made of other people's typing; use `--attack replay,replay-jitter,constant,scripted-human`, or a recording of several people"
    );
    assert_eq!(check(&alone, Setup::default(), Attack::Replay), Ok(()));
    let few = population(1, 3, 1, 15, &some_text(6));
    let setup = Setup {
        enrol: Some(20),
        ..Setup::default()
    };
    assert_eq!(
        check(&few, setup, Attack::Constant).unwrap_err(),
        "constant needs at least 21 typings of an account's owner, and nobody has more than 15 (p03); enrol on fewer with `--enrol`, or record more"
    );
    let poisoning = check(&few, Setup::default(), Attack::Poisoning).unwrap_err();
    assert!(
        poisoning.starts_with("poisoning needs at least 20"),
        "{poisoning}"
    );
    let nobody = check(&DataSet::default(), Setup::default(), Attack::Replay);
    assert_eq!(nobody.unwrap_err(), "there are no typings");
}

#[test]
fn only_the_first_accounts_are_attacked_if_asked_so_and_each_is_told() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let data = population(3, 5, 2, 15, &some_text(8));
    let setup = Setup {
        users: Some(2),
        ..setup(0.05)
    };
    let told = AtomicUsize::new(0);
    let tell = || {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let finding = run(&data, &setup, Attack::Hijack, &tell).unwrap();
    assert_eq!((finding.accounts, told.into_inner()), (2, 2));
}

#[test]
fn findings_do_not_depend_on_the_number_of_threads() {
    let data = population(2, 5, 2, 15, &some_text(6));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let all = || Attack::ALL.map(|attack| found(&data, &setup(0.05), attack));
        pool.build().unwrap().install(all)
    };
    assert_eq!(on(1), on(4));
}
