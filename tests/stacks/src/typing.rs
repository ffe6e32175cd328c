//! What is typed, and by whom.

use std::fmt::Write as _;

/// Keys of the text that everybody types.
const TEXT: [&str; 8] = ["k", "e", "y", "d", "y", "n", "1", "2"];

/// One way to type the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Typing(String);

impl Typing {
    /// The owner's rhythm; `seed` varies it by a few milliseconds. The same once more is a copy.
    pub fn owner(seed: u64) -> Self {
        Self::between(seed, 0)
    }

    /// Somebody else's: everything takes much longer.
    pub fn stranger(seed: u64) -> Self {
        Self::between(seed, 100)
    }

    /// So many per cent of the way from the owner to the stranger.
    pub fn between(seed: u64, percent: u64) -> Self {
        Self::written(seed, 90 + 90 * percent / 100, 170 + 250 * percent / 100)
    }

    /// Every key held as long as every other, and as long after the one before it.
    pub fn constant() -> Self {
        Self::varying(|_| 110, |_| 220)
    }

    /// What the owner's typings are on the average.
    pub fn average() -> Self {
        Self::varying(|i| 96 + 3 * i, |i| 176 + 9 * i)
    }

    /// The same with every edge but the first later by 0 to 0.9 ms, each by itself.
    pub fn nearly(&self) -> Self {
        let mut text = String::new();
        for (i, line) in (0..).zip(self.0.lines()) {
            let (at, edge) = line.split_once(' ').expect("a time and an edge");
            let tenths = if i == 0 { 0 } else { varied(i) % 10 };
            let _ = writeln!(text, "{at}.{tenths} {edge}");
        }
        Self(text)
    }

    fn written(seed: u64, hold: u64, down: u64) -> Self {
        let vary = move |i: u64, salt| varied(seed * 1000 + i * 10 + salt);
        Self::varying(|i| hold + 3 * i + vary(i, 1), |i| down + 9 * i + vary(i, 2))
    }

    /// Of these holds and down-downs, in ms, for each key in turn.
    fn varying(hold: impl Fn(u64) -> u64, down: impl Fn(u64) -> u64) -> Self {
        let mut now = 1000;
        let mut edges = vec![(0, "enter", "up")];
        for (i, key) in (0..).zip(TEXT) {
            edges.push((now, key, "down"));
            edges.push((now + hold(i), key, "up"));
            now += down(i);
        }
        edges.push((now, "enter", "down"));
        edges.sort_by_key(|&(at, ..)| at);
        let mut text = String::new();
        for (at, key, motion) in edges {
            let _ = writeln!(text, "{at} {key} {motion}");
        }
        Self(text)
    }

    /// The trace's text form.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// These key events, in the trace's text form.
    pub fn trace(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Without the lines that say this: a lost edge, a missing key.
    pub fn without(&self, edges: &[&str]) -> Self {
        let kept = |line: &&str| !edges.iter().any(|edge| line.ends_with(edge));
        Self(
            self.0
                .lines()
                .filter(kept)
                .fold(String::new(), |text, line| text + line + "\n"),
        )
    }

    /// With this line put in where its time is.
    pub fn with(&self, line: &str) -> Self {
        let time = |line: &str| -> f64 {
            line.split(' ')
                .next()
                .and_then(|t| t.parse().ok())
                .expect("a time")
        };
        let mut lines: Vec<&str> = self.0.lines().chain([line]).collect();
        lines.sort_by(|a, b| time(a).total_cmp(&time(b)));
        Self(lines.join("\n") + "\n")
    }
}

/// From 0 to 12 ms, each place by itself: nobody's typings are shifted copies of each other.
pub fn varied(place: u64) -> u64 {
    let mixed = (place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 32) % 13
}
