//! Strangers: five hundred synthetic typists who know the password and type it for the first time.
//!
//! Whoever types with much scatter, or just as everybody does, has a template that many others pass.
//! It must not be in force, because it would only seem to protect. How many these are is estimated
//! on people who never lived, drawn by the generative model of docs/evaluation.md, "Synthetic
//! typists": no recording of anybody is in the product.

use blake2::{Blake2b512, Digest as _};

use crate::digraph::{Duration, KeySequence, Sample};
use crate::memory::Transition;
use crate::memory::population::HOLD;

/// How far typists differ in tempo, features of a typist in habit, and typings from each other, in
/// ln ms. `A` and `B` are drawn once a typist, `e` once a feature, `e'` every time:
///
/// ```text
/// hold      = location + 0.205 A + 0.17 e + 0.19 e'
/// down-down = location + 0.34 (0.21 A + 0.978 B) + 0.33 e + 0.27 e'
/// ```
pub(crate) mod spread {
    pub(crate) const HOLD_TEMPO: f64 = 0.205;
    pub(crate) const HOLD_HABIT: f64 = 0.17;
    pub(crate) const HOLD_SCATTER: f64 = 0.19;
    pub(crate) const DOWN_TEMPO: f64 = 0.34;
    pub(crate) const DOWN_TEMPO_WITH_HOLD: f64 = 0.21;
    pub(crate) const DOWN_TEMPO_ALONE: f64 = 0.978;
    pub(crate) const DOWN_HABIT: f64 = 0.33;
    pub(crate) const DOWN_SCATTER: f64 = 0.27;
}
use spread::*;

/// How many there are.
pub const STRANGERS: u32 = 500;

/// The first typing of each, of a text with these keys and these ways between them. The same for
/// the same text, always.
pub fn typings<'a>(
    keys: &'a KeySequence,
    transitions: &'a [Transition],
) -> impl Iterator<Item = Sample> + 'a {
    let mut draws = Normals::default();
    (0..STRANGERS).filter_map(move |_| {
        let (a, b) = (draws.next(), draws.next());
        let tempo = DOWN_TEMPO * (DOWN_TEMPO_WITH_HOLD * a + DOWN_TEMPO_ALONE * b);
        let mut draw = |location: f64, habit: f64, scatter: f64| {
            let x = location + habit * draws.next() + scatter * draws.next();
            Some(duration(x))
        };
        let holds = keys.keys().iter();
        let holds = holds.map(|_| draw(HOLD.location + HOLD_TEMPO * a, HOLD_HABIT, HOLD_SCATTER));
        let holds = holds.collect();
        let downs = transitions.iter();
        let downs = downs.map(|way| draw(way.expected() + tempo, DOWN_HABIT, DOWN_SCATTER));
        Sample::new(keys.clone(), holds, downs.collect())
    })
}

fn duration(ln_ms: f64) -> Duration {
    // Between a millisecond and a minute.
    let micros = 1000.0 * ln_ms.clamp(0.0, 11.0).exp();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to between a millisecond and a minute"
    )]
    Duration(micros.round() as u32)
}

/// Standard normals (Box and Muller, 1958) of the digests of the numbers from 0 on: the same
/// everywhere, without a generator of random numbers in the module.
#[derive(Default)]
struct Normals {
    digests: u64,
    uniforms: Vec<f64>,
    second: Option<f64>,
}

impl Normals {
    fn next(&mut self) -> f64 {
        if let Some(normal) = self.second.take() {
            return normal;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.second = Some(radius * sin);
        radius * cos
    }

    /// Uniform over (0, 1].
    fn uniform(&mut self) -> f64 {
        if self.uniforms.is_empty() {
            let digest = Blake2b512::digest(self.digests.to_le_bytes());
            self.digests += 1;
            let (words, _) = digest.as_slice().as_chunks::<4>();
            let whole = words
                .iter()
                .map(|word| f64::from(u32::from_le_bytes(*word)) + 1.0);
            self.uniforms
                .extend(whole.map(|whole| whole / 2f64.powi(32)));
        }
        self.uniforms.pop().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyCode;

    fn text() -> KeySequence {
        KeySequence::new([30, 37, 31, 57, 2].map(KeyCode).to_vec())
    }

    fn ways() -> Vec<Transition> {
        let keys = text();
        let pairs = keys.keys().windows(2);
        pairs
            .map(|pair| Transition::between(pair[0], pair[1], false))
            .collect()
    }

    #[test]
    fn they_are_always_the_same() {
        let (keys, ways) = (text(), ways());
        let all = || typings(&keys, &ways).collect::<Vec<_>>();
        assert_eq!(all().len(), STRANGERS as usize);
        assert!(all() == all());
        assert!(all()[0] != all()[1]);
    }

    #[test]
    fn they_are_spread_as_the_model_says() {
        let (keys, ways) = (text(), ways());
        let (mut holds, mut downs) = (Vec::new(), Vec::new());
        for sample in typings(&keys, &ways) {
            holds.extend(sample.holds().iter().map(|h| h.unwrap().as_millis().ln()));
            let expected = sample.downs().iter().zip(&ways);
            downs.extend(expected.map(|(d, way)| d.unwrap().as_millis().ln() - way.expected()));
        }
        let check = |values: &[f64], mean: f64, sd: f64| {
            let n = values.len() as f64;
            let found = values.iter().sum::<f64>() / n;
            let squares = values.iter().map(|x| (x - found).powi(2)).sum::<f64>();
            assert!((found - mean).abs() < 0.04, "{found}");
            assert!(
                ((squares / n).sqrt() - sd).abs() < 0.03,
                "{}",
                (squares / n).sqrt()
            );
        };
        check(&holds, 4.6, 0.327);
        check(&downs, 0.0, 0.546);
    }
}
