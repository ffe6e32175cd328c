//! The constants of the formulas, and the formulas with one ingredient left out.

/// The constants that decide what an ingredient of the model is worth. `x` is ln ms, `z` is in the
/// owner's scales, `b` counts typings learned in this sitting.
///
/// Chosen on recorded typing (docs/evaluation.md, "What each ingredient buys") and then frozen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Formula {
    /// How much of people's surprise is held against the owner's, times the context's evidence.
    pub(super) population_weight: f64,
    /// Whether people are expected to need longer for some ways between keys than for others.
    pub(super) transitions: bool,
    /// How much people's holds of one typing go together (the primer's prior correlation).
    pub(super) hold_tempo: f64,
    /// The same of down-downs.
    pub(super) down_tempo: f64,
    /// How far the owner's next hold follows the tempo of those before it in the typing.
    pub(super) own_tempo: f64,
    /// How far the owner's down-down follows the hold before it, per scale.
    pub(super) hold_to_down: f64,
    /// Degrees of freedom of the owner's Student t: heavy tails, because people stumble.
    pub(super) degrees_of_freedom: f64,
    /// Least weight of the newest typing on location and on scale, times the gain: forgetting.
    pub(super) location_rate: f64,
    /// See `location_rate`.
    pub(super) scale_rate: f64,
    /// How much of the way back to how sittings begin a context goes when a long one is over.
    pub(super) anchor_share: f64,
    /// How much stranger the first typing after a long sitting may be.
    pub(super) allowance: f64,
    /// How much of an untypical typing's lack of strangeness to people is held against it.
    pub(super) typicality: f64,
    /// The same of what is too strange to people.
    pub(super) oddity: f64,
    /// How much of the owner's own level is taken off a score.
    pub(super) level_weight: f64,
}

/// A part of the model that can be left out, to see what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingredient {
    /// People in general.
    Population,
    /// What people need for different ways between keys.
    Transitions,
    /// People's tempo of holds within a typing.
    HoldTempo,
    /// People's tempo of down-downs within a typing.
    DownTempo,
    /// The owner's tempo of holds within a typing.
    OwnTempo,
    /// The hold's part in the way to the next key.
    HoldToDown,
    /// Heavy tails: without them the owner's values are held to be normal.
    HeavyTails,
    /// Forgetting: without it every typing weighs the same for ever.
    Forgetting,
    /// The way back to how sittings begin.
    Anchor,
    /// The allowance for the first typing after a long sitting.
    Allowance,
    /// How strange to people the owner's typings are wont to be.
    Typicality,
    /// The owner's level.
    Level,
}

impl Ingredient {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Population,
        Self::Transitions,
        Self::HoldTempo,
        Self::DownTempo,
        Self::OwnTempo,
        Self::HoldToDown,
        Self::HeavyTails,
        Self::Forgetting,
        Self::Anchor,
        Self::Allowance,
        Self::Typicality,
        Self::Level,
    ];

    /// What the product's detector is called without it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Population => "without-population",
            Self::Transitions => "without-transitions",
            Self::HoldTempo => "without-hold-tempo",
            Self::DownTempo => "without-down-tempo",
            Self::OwnTempo => "without-own-tempo",
            Self::HoldToDown => "without-hold-to-down",
            Self::HeavyTails => "without-heavy-tails",
            Self::Forgetting => "without-forgetting",
            Self::Anchor => "without-anchor",
            Self::Allowance => "without-allowance",
            Self::Typicality => "without-typicality",
            Self::Level => "without-level",
        }
    }

    /// What is left out then, in a few words.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Population => "Nothing is known of people",
            Self::Transitions => "All ways between keys are alike to people",
            Self::HoldTempo => "People's holds of a typing have no tempo in common",
            Self::DownTempo => "Nor have their down-downs",
            Self::OwnTempo => "The owner's holds of a typing have none either",
            Self::HoldToDown => "A down-down does not follow its hold",
            Self::HeavyTails => "The owner never stumbles",
            Self::Forgetting => "Every typing weighs the same for ever",
            Self::Anchor => "Nothing is known of how sittings begin",
            Self::Allowance => "The first typing of a sitting is like any other",
            Self::Typicality => "Nobody minds who types like everybody, or like nobody",
            Self::Level => "All owners have the same level",
        }
    }

    /// The formula without it.
    #[cfg(any(test, feature = "eval"))]
    pub(super) fn left_out(self) -> &'static Formula {
        const fn without(ingredient: Ingredient) -> Formula {
            let mut formula = Formula::PRODUCT;
            match ingredient {
                Ingredient::Population => formula.population_weight = 0.0,
                Ingredient::Transitions => formula.transitions = false,
                Ingredient::HoldTempo => formula.hold_tempo = 0.0,
                Ingredient::DownTempo => formula.down_tempo = 0.0,
                Ingredient::OwnTempo => formula.own_tempo = 0.0,
                Ingredient::HoldToDown => formula.hold_to_down = 0.0,
                // A Student t with so many degrees of freedom is a normal distribution.
                Ingredient::HeavyTails => formula.degrees_of_freedom = 1e9,
                Ingredient::Forgetting => {
                    formula.location_rate = 0.0;
                    formula.scale_rate = 0.0;
                }
                Ingredient::Anchor => formula.anchor_share = 0.0,
                Ingredient::Allowance => formula.allowance = 0.0,
                Ingredient::Typicality => {
                    formula.typicality = 0.0;
                    formula.oddity = 0.0;
                }
                Ingredient::Level => formula.level_weight = 0.0,
            }
            formula
        }
        static WITHOUT: [Formula; Ingredient::ALL.len()] = {
            let mut all = [Formula::PRODUCT; Ingredient::ALL.len()];
            let mut i = 0;
            while i < all.len() {
                all[i] = without(Ingredient::ALL[i]);
                i += 1;
            }
            all
        };
        &WITHOUT[self as usize]
    }
}

impl Formula {
    /// The product's.
    pub(super) const PRODUCT: Self = Self {
        population_weight: 0.7,
        transitions: true,
        hold_tempo: 0.5,
        down_tempo: 0.4,
        own_tempo: 0.25,
        hold_to_down: 0.3,
        degrees_of_freedom: 2.0,
        location_rate: 0.4,
        scale_rate: 0.05,
        anchor_share: 0.6,
        allowance: 0.15,
        typicality: 0.4,
        oddity: 0.3,
        level_weight: 0.5,
    };
}

/// What `static` needs to point at.
pub(super) static PRODUCT: Formula = Formula::PRODUCT;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ingredient_left_out_is_another_formula() {
        for (i, ingredient) in Ingredient::ALL.into_iter().enumerate() {
            assert_eq!(ingredient as usize, i);
            let formula = ingredient.left_out();
            assert_ne!(formula, &PRODUCT, "{ingredient:?}");
            for other in &Ingredient::ALL[..i] {
                assert_ne!(formula, other.left_out(), "{ingredient:?} {other:?}");
            }
        }
    }
}
