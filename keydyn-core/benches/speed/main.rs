//! What is claimed of keydyn's speed, measured as ratios: `make bench`, or
//! `cargo bench -p keydyn-core --features eval -- [FILE]` with a recording of your own for the part
//! that reads one. It says of each claim whether it is met, and fails on none: a machine that does
//! other things too proves nothing by one run.
#![expect(clippy::print_stdout, reason = "it is what a benchmark is for")]

mod measure;
mod people;

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use keydyn_core::detector::{Detector, DetectorKind};
use keydyn_core::digraph::Sample;
use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::figures::evaluate;
use keydyn_core::eval::protocol::Protocol;
use keydyn_core::eval::read::read;
use keydyn_core::eval::setup::Setup;
use measure::{Clock, Ratio, fewest, line, ratio};
use people::{crowd, enrolled, typings, wide};
use rayon::ThreadPoolBuilder;

/// Keys of the CMU benchmark's text.
const KEYS: usize = 11;
/// Typings that are enrolled on, and then scored.
const ENROLMENT: u32 = 10;
const PROBES: u32 = 64;
/// Keys that are typed to compare texts of different lengths.
const KEYS_OF_A_LENGTH: u32 = 8192;

fn main() -> Result<(), Box<dyn Error>> {
    against_others();
    by_length();
    by_logins();
    against_reading()?;
    by_threads()
}

/// One line: what is claimed, and what was found.
fn tell(claim: &str, found: &str, met: bool) {
    let verdict = if met { "met" } else { "NOT MET" };
    println!("{verdict:>8}  {claim}\n          {found}\n");
}

fn words(ratio: &Ratio) -> String {
    let (low, high) = ratio.spread;
    format!(
        "ratio {:.3} [{low:.3}, {high:.3}], {} for {}",
        ratio.median,
        time(ratio.seconds.1),
        time(ratio.seconds.0)
    )
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", 1e9 * s),
        s if s < 1e-3 => format!("{:.2} us", 1e6 * s),
        s if s < 1.0 => format!("{:.2} ms", 1e3 * s),
        s => format!("{s:.2} s"),
    }
}

/// Scores one typing after another, and the first after the last: never the same one over and
/// over, which a processor would learn by heart.
fn scoring<'a>(detector: &'a dyn Detector, typings: &'a [Sample]) -> impl FnMut() + 'a {
    let mut next = typings.iter().cycle();
    move || {
        let score = next.next().map(|typing| detector.score(black_box(typing)));
        let _ = black_box(score);
    }
}

/// The same with a learning step in the place of a score.
fn learning<'a>(detector: &'a mut dyn Detector, typings: &'a [Sample]) -> impl FnMut() + 'a {
    let mut next = typings.iter().cycle();
    move || {
        next.next()
            .into_iter()
            .for_each(|typing| detector.learn(black_box(typing)))
    }
}

fn against_others() {
    let all = typings(KEYS, ENROLMENT + PROBES);
    let (enrolment, probes) = all.split_at(ENROLMENT as usize);
    let build = |kind| enrolled(kind, enrolment);
    let mut ours = build(DetectorKind::SequenceMemory);
    let mut theirs = build(DetectorKind::TemporalMemory);
    let scores = ratio(
        Clock::Processor,
        scoring(&*ours, probes),
        scoring(&*theirs, probes),
    );
    tell(
        "a score is at least 1,000 times faster than the temporal memory's",
        &words(&scores),
        scores.median >= 1000.0,
    );
    let steps = ratio(
        Clock::Processor,
        learning(&mut *ours, probes),
        learning(&mut *theirs, probes),
    );
    tell(
        "learning one typing is at least 1,000 times faster than in the temporal memory",
        &words(&steps),
        steps.median >= 1000.0,
    );
    let (ours, manhattan) = (
        build(DetectorKind::SequenceMemory),
        build(DetectorKind::ScaledManhattan),
    );
    let scores = ratio(
        Clock::Processor,
        scoring(&*manhattan, probes),
        scoring(&*ours, probes),
    );
    tell(
        "a score takes at most 20 times as long as scaled Manhattan's",
        &words(&scores),
        scores.median <= 20.0,
    );
}

fn by_length() {
    let lengths = [8u16, 16, 24, 32, 48, 64, 96, 128];
    let detectors = lengths.map(|keys| {
        // As many keys of each length.
        let typings = typings(usize::from(keys), KEYS_OF_A_LENGTH / u32::from(keys));
        (enrolled(DetectorKind::SequenceMemory, &typings), typings)
    });
    let mut tasks = detectors
        .each_ref()
        .map(|(detector, typings)| scoring(&**detector, typings));
    let points: Vec<(f64, f64)> = lengths
        .iter()
        .zip(fewest(&mut tasks))
        .map(|(keys, seconds)| (f64::from(*keys), 1e9 * seconds))
        .collect();
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let (start, slope, explained) = line(&points);
    let (_, exponent, _) = line(&logs);
    tell(
        "the cost of a score grows linearly with the text, over 8 to 128 keys",
        &format!(
            "{start:.0} ns + {slope:.1} ns a key explains {:.2} % of the variance; keys to the power of {exponent:.2}",
            100.0 * explained
        ),
        explained > 0.98 && exponent < 1.1,
    );
}

fn by_logins() {
    let all = typings(KEYS, ENROLMENT + PROBES);
    let (enrolment, probes) = all.split_at(ENROLMENT as usize);
    let after = |logins: u32| {
        let mut detector = enrolled(DetectorKind::SequenceMemory, enrolment);
        for typing in typings(KEYS, logins).iter().skip(enrolment.len()) {
            detector.learn(typing);
        }
        detector
    };
    let few = after(10);
    for logins in [1_000, 10_000] {
        let many = after(logins);
        let ratio = ratio(
            Clock::Processor,
            scoring(&*few, probes),
            scoring(&*many, probes),
        );
        tell(
            &format!("a score after {logins} learned logins costs what it did after 10"),
            &words(&ratio),
            (0.8..1.25).contains(&ratio.median),
        );
    }
}

fn against_reading() -> Result<(), Box<dyn Error>> {
    let synthetic = Path::new(env!("CARGO_TARGET_TMPDIR")).join("synthetic.csv");
    std::fs::write(&synthetic, wide(&crowd()))?;
    let mut files = vec![synthetic];
    files.extend(recording());
    let one_thread = ThreadPoolBuilder::new().num_threads(1).build()?;
    for file in files {
        let name = file.display().to_string();
        let open = || File::open(&file).map(|source| read(source, &name));
        let data = open()??;
        let setup = Setup {
            protocol: Protocol::Static,
            ..Setup::default()
        };
        let ratio = ratio(
            Clock::Processor,
            || drop(black_box(open())),
            || {
                let data = open();
                if let Ok(Ok(data)) = &data {
                    one_thread.install(|| run(data, &setup));
                }
            },
        );
        tell(
            "the whole static benchmark, on one thread, costs at most 3 times reading its file",
            &format!("{}; {name}, {} typings", words(&ratio), data.attempts()),
            ratio.median <= 3.0,
        );
    }
    Ok(())
}

/// A recording that was named on the command line, or the CMU benchmark in the folder of
/// `KEYDYN_DATA`.
fn recording() -> Option<PathBuf> {
    let named = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let folder = || std::env::var_os("KEYDYN_DATA").map(PathBuf::from);
    let file = named
        .map(PathBuf::from)
        .or_else(|| folder().map(|folder| folder.join("DSL-StrongPasswordData.csv")));
    match file {
        Some(file) if file.is_file() => Some(file),
        Some(file) => {
            println!("          {} is not there: skipped\n", file.display());
            None
        }
        None => {
            println!("          no recording of people was named, nor KEYDYN_DATA: skipped\n");
            None
        }
    }
}

fn run(data: &DataSet, setup: &Setup) {
    let figures = evaluate(data, setup, DetectorKind::SequenceMemory, &|| ());
    drop(black_box(figures));
}

fn by_threads() -> Result<(), Box<dyn Error>> {
    let data = crowd();
    let setup = Setup::default();
    let one = ThreadPoolBuilder::new().num_threads(1).build()?;
    let all = ThreadPoolBuilder::new().build()?;
    let passed = ratio(
        Clock::Wall,
        || all.install(|| run(&data, &setup)),
        || one.install(|| run(&data, &setup)),
    );
    let threads = u16::try_from(all.current_num_threads()).unwrap_or(u16::MAX);
    tell(
        &format!(
            "{threads} threads evaluate `stream:10` of 51 users {threads} times as fast, within a quarter"
        ),
        &format!("{}; less where others use the machine too", words(&passed)),
        passed.median >= 0.75 * f64::from(threads),
    );
    let computed = ratio(
        Clock::Processor,
        || one.install(|| run(&data, &setup)),
        || all.install(|| run(&data, &setup)),
    );
    tell(
        &format!("{threads} threads together compute no more than one alone, within a tenth"),
        &words(&computed),
        computed.median <= 1.1,
    );
    Ok(())
}
