//! Somebody with a rhythm.

use keydyn_core::digraph::KeySequence;
use keydyn_core::eval::typist::SyntheticTypist;
use keydyn_core::key::KeyCode;

use crate::typing::{Typing, keys};

/// The population from which everybody here comes.
const SEED: u64 = 5;
/// So many of it are looked at, to find the quickest and the slowest.
const PEOPLE: u64 = 40;

/// A synthetic typist who types one text and an Enter.
#[derive(Clone, Debug)]
pub struct Person(SyntheticTypist);

impl Person {
    /// The quickest of forty, so that a story with many logins is short.
    ///
    /// # Panics
    /// If the text is not of lower-case letters and digits.
    #[must_use]
    pub fn quick(text: &str) -> Self {
        people(text)
            .min_by_key(|person| person.typing(0).duration())
            .expect("there are people")
    }

    /// The quickest of forty at these keys, each a name as in a trace.
    ///
    /// # Panics
    /// If one of them puts no character into a text.
    #[must_use]
    pub fn quick_at(keys: &[&str]) -> Self {
        people_at(named(keys))
            .min_by_key(|person| person.typing(0).duration())
            .expect("there are people")
    }

    /// The slowest of them.
    ///
    /// # Panics
    /// If one of the keys puts no character into a text.
    #[must_use]
    pub fn slow_at(keys: &[&str]) -> Self {
        people_at(named(keys))
            .max_by_key(|person| person.typing(0).duration())
            .expect("there are people")
    }

    /// The slowest of them: nobody to be mistaken for the quickest.
    ///
    /// # Panics
    /// If the text is not of lower-case letters and digits.
    #[must_use]
    pub fn slow(text: &str) -> Self {
        people(text)
            .max_by_key(|person| person.typing(0).duration())
            .expect("there are people")
    }

    /// The same, who changes tempo by this much with every typing, in ln ms: -0.001 is a tenth of
    /// a per cent faster each time.
    #[must_use]
    pub fn with_drift(self, drift: f64) -> Self {
        Self(self.0.with_drift(drift))
    }

    /// The typing of this number: each another one, and always the same.
    #[must_use]
    pub fn typing(&self, number: u32) -> Typing {
        Typing::of(&self.0.trace(number))
    }
}

fn people(text: &str) -> impl Iterator<Item = Person> {
    people_at(KeySequence::new(keys(text)))
}

fn people_at(text: KeySequence) -> impl Iterator<Item = Person> {
    (0..PEOPLE)
        .filter_map(move |person| SyntheticTypist::new(SEED, person, text.clone()).map(Person))
}

fn named(keys: &[&str]) -> KeySequence {
    let key = |name: &&str| KeyCode::from_name(name).expect("a key's name");
    KeySequence::new(keys.iter().map(key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::digraph::Sample;
    use keydyn_core::policy::{CONFIDENCE, Strictness};
    use keydyn_core::template::{GainPolicy, Template};

    /// What the machine's kernel adds to a moment moves a score by a hundredth or two; the stories
    /// must not depend on it.
    #[test]
    fn the_stories_are_far_from_the_threshold() {
        let text = crate::login::PASSWORD;
        let (owner, other) = (Person::quick(text), Person::slow(text));
        let sample = |person: &Person, number| {
            Sample::acquire(&person.typing(number).trace()).expect("a whole typing")
        };
        let mut template = Template::of(&sample(&owner, 0));
        let mut refused = 0;
        let threshold = Strictness::Normal.threshold();
        for number in 0..24 {
            if number == 12 {
                template.start_sitting();
            }
            let typing = sample(&owner, number);
            let score = template.judge(&typing).ok().and_then(|found| found.score);
            refused += u32::from(score.is_some_and(|score| score > threshold - CONFIDENCE / 2.0));
            template.learn(&typing, template.next_gain(GainPolicy::Burst));
        }
        assert_eq!(refused, 0, "the owner learns without a slip");
        let score = |person, number| {
            let found = template.judge(&sample(person, number)).expect("judged");
            found.score.expect("a score")
        };
        for number in 24..28 {
            assert!(score(&owner, number) < threshold - 2.0 * CONFIDENCE);
            assert!(score(&other, number) > threshold + 2.0 * CONFIDENCE);
        }
    }
}
