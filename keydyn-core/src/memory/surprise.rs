//! Surprise: the negative logarithm of how likely a value was.

/// `-ln` of the density of Student's t with `nu` degrees of freedom at `z`, without the constant
/// that depends on `nu` alone: `(nu + 1)/2 ln(1 + z^2/nu)`.
pub(super) fn student_t_surprise(z: f64, nu: f64) -> f64 {
    (nu + 1.0) / 2.0 * (1.0 + z * z / nu).ln()
}

/// `x`, held within `+-limit`.
pub(super) fn clip(x: f64, limit: f64) -> f64 {
    x.clamp(-limit, limit)
}

/// More than any number of a memory: an hour is 15 in ln ms, and a surprise some tens of nats. What is
/// larger, and finite, may not stay finite when it is squared.
const LARGEST: f64 = 1e4;

/// Whether a number is one that a memory can have.
pub(super) fn is_sound(number: f64) -> bool {
    number.abs() <= LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Continuous, StudentsT};

    #[test]
    fn surprise_is_student_t_up_to_a_constant() {
        for nu in [2.0, 10.0] {
            let t = StudentsT::new(0.0, 1.0, nu).unwrap();
            for z in [-4.0, -0.3, 0.0, 1.0, 7.5] {
                let expected = t.ln_pdf(0.0) - t.ln_pdf(z);
                assert!(
                    (student_t_surprise(z, nu) - expected).abs() < 1e-9,
                    "nu {nu} z {z}"
                );
            }
        }
    }
}
