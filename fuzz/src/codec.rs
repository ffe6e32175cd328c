//! What is behind the seal of a profile, which is not asked for here.

use keydyn_core::digraph::{Duration, MAX_KEYS, Sample};
use keydyn_core::policy::Strictness;
use keydyn_core::store::profile::{Lesson, MAX_SEQUENCES, Profile};
use keydyn_core::store::seal::PLAINTEXT_LEN;
use keydyn_core::store::unsealed::{decode_profile, encode_profile};
use keydyn_core::time::Timestamp;

use crate::{assert_sentence, meant};

/// The only model whose bytes are written as they were read; earlier ones are read and carried over.
const MODEL: [u8; 2] = [2, 0];

/// A plaintext as it is, or with its length put in front of it.
pub fn run(data: &[u8]) {
    let Some((way, bytes)) = meant(data, 2) else {
        return;
    };
    let mut plaintext = Vec::new();
    if way == 1 {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        plaintext.extend_from_slice(&length.to_le_bytes());
    }
    plaintext.extend_from_slice(bytes);
    let decoded = decode_profile(&plaintext);
    match decoded {
        Err(error) => {
            assert_eq!(decode_profile(&plaintext), Err(error), "twice the same");
            assert_sentence(&error.to_string(), 120);
        }
        Ok(profile) => {
            assert!(profile.sequences().len() <= MAX_SEQUENCES);
            let written = written_again(&profile, &plaintext);
            assert_eq!(decode_profile(&written), Ok(profile.clone()));
            try_it(profile);
        }
    }
}

/// What was read, written: the same bytes, and zeros behind them.
fn written_again(profile: &Profile, plaintext: &[u8]) -> Vec<u8> {
    let written = encode_profile(profile)
        .expect("what was read fits")
        .to_vec();
    assert_eq!(written.len(), PLAINTEXT_LEN);
    let length = u32::from_le_bytes(plaintext[..4].try_into().expect("four bytes"));
    let body = &plaintext[4..4 + length as usize];
    if body.starts_with(&MODEL) {
        let end = 4 + body.len();
        assert!(written[..end] == plaintext[..end], "other bytes");
        assert!(written[end..].iter().all(|&byte| byte == 0));
    }
    written
}

/// A profile that was believed must not panic later, and what it learns must be readable again.
fn try_it(mut profile: Profile) {
    let at = Timestamp(1_800_000_000);
    let texts: Vec<Sample> = profile
        .sequences()
        .iter()
        .map(|s| usual(s.template().keys()))
        .collect();
    for sample in &texts {
        if let Ok(judged) = profile.judge(sample, at) {
            assert!(
                judged.score.is_none_or(|score| !score.is_nan()),
                "no score at all"
            );
        }
        if let Ok(explained) = profile.explain(sample, at) {
            assert!(explained.steps().len() < 2 * MAX_KEYS);
        }
        let lesson = Lesson {
            sample,
            at,
            keyboard: 7,
            strictness: Strictness::Normal,
            min_samples: 20,
            may_arm: false,
        };
        let armed = profile.armed();
        let learned = profile.learn(&lesson);
        assert_eq!(profile.armed(), armed, "{learned:?}");
        if let Ok(plaintext) = encode_profile(&profile) {
            assert!(
                decode_profile(&plaintext).as_ref() == Ok(&profile),
                "cannot be opened any more"
            );
        }
    }
}

/// A typing of this text as many people would do it, every feature another.
fn usual(keys: &keydyn_core::digraph::KeySequence) -> Sample {
    let features = |base: u32, count: usize| {
        let uneven = (0u32..).map(|i| Some(Duration(base + i * 7919 % 40_000)));
        uneven.take(count).collect()
    };
    let (holds, downs) = (
        features(80_000, keys.len()),
        features(150_000, keys.len() - 1),
    );
    Sample::new(keys.clone(), holds, downs).expect("as many as there are keys")
}
