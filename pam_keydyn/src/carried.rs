//! What is carried from `capture` to `verify` and to setcred, laid out in a secret page.
//!
//! ```text
//! mark | uid | salt | kdf | token digest | key | renewed kdf and key, or none | keyboard | sample or failure
//! ```
//! A page of zeros carries nothing: wiped, or a forked child's.

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::digraph::{Duration, KeySequence, Sample};
use keydyn_core::key::KeyCode;
use keydyn_core::store::header::{KdfParams, Salt};
use keydyn_core::store::seal::SealKey;
use keydyn_core::store::token::TokenDigest;
use keydyn_core::store::vault::keys::Keys;
use keydyn_sys::secret::SecretPage;

/// First byte of a page that carries something.
const MARK: u8 = 0xcd;
const MISSING: u32 = u32::MAX;

/// One captured attempt. Its secrets wipe themselves.
#[derive(Debug, PartialEq)]
pub(crate) struct Carried {
    pub(crate) uid: u32,
    pub(crate) derivation: (Salt, KdfParams),
    pub(crate) token: TokenDigest,
    pub(crate) key: SealKey,
    /// The key under today's parameters, where the profile's are outdated; the salt is the same.
    pub(crate) renewed: Option<(SealKey, KdfParams)>,
    pub(crate) keyboard: u32,
    pub(crate) typing: Result<Sample, FailureToAcquire>,
}

impl Carried {
    /// Writes it into the page. `None`, with the page wiped, if it does not fit, which the
    /// longest sample does.
    pub(crate) fn store(&self, page: &mut SecretPage) -> Option<()> {
        page.wipe();
        let mut out = Writer(page.bytes_mut());
        let stored = self.write(&mut out);
        if stored.is_none() {
            page.wipe();
        }
        stored
    }

    fn write(&self, out: &mut Writer<'_>) -> Option<()> {
        let (salt, kdf) = &self.derivation;
        let (token_key, token_digest) = self.token.parts();
        out.put([MARK])?;
        out.put(self.uid.to_ne_bytes())?;
        out.put(*salt)?;
        out.put_params(*kdf)?;
        out.put(*token_key)?;
        out.put(*token_digest)?;
        out.put(*self.key.as_bytes())?;
        out.put([u8::from(self.renewed.is_some())])?;
        if let Some((key, kdf)) = &self.renewed {
            out.put_params(*kdf)?;
            out.put(*key.as_bytes())?;
        }
        out.put(self.keyboard.to_ne_bytes())?;
        match &self.typing {
            Err(failure) => out.put([0, failure.code()]),
            Ok(sample) => {
                let keys = sample.keys().keys();
                let mark = sample
                    .begun_anew()
                    .map_or(WHOLE, |reason| AFTER + reason.code());
                out.put([mark, u8::try_from(keys.len()).ok()?])?;
                out.put(sample.shifts().to_ne_bytes())?;
                for key in keys {
                    out.put(key.0.to_ne_bytes())?;
                }
                for feature in sample.holds().iter().chain(sample.downs()) {
                    out.put(feature.map_or(MISSING, |duration| duration.0).to_ne_bytes())?;
                }
                Some(())
            }
        }
    }

    /// Reads what the page carries.
    pub(crate) fn load(page: &SecretPage) -> Option<Self> {
        let mut from = Reader(page.bytes());
        let [mark] = from.take()?;
        if mark != MARK {
            return None;
        }
        let uid = from.u32()?;
        let salt = from.take()?;
        let kdf = from.params()?;
        let token = TokenDigest::from_parts(from.take()?, from.take()?);
        let key = SealKey::from_bytes(from.take()?);
        let renewed = match from.take()? {
            [0] => None,
            [_] => {
                let kdf = from.params()?;
                Some((SealKey::from_bytes(from.take()?), kdf))
            }
        };
        let keyboard = from.u32()?;
        let typing = match from.take()? {
            [0, code] => Err(FailureToAcquire::from_code(code)?),
            [mark, count] => {
                let begun_anew = match mark.checked_sub(AFTER) {
                    None => None,
                    Some(code) => Some(FailureToAcquire::from_code(code)?),
                };
                // Room for all at once: a vector that grew would leave copies behind.
                let count = usize::from(count);
                let shifts = u128::from_ne_bytes(from.take()?);
                let mut keys = Vec::with_capacity(count);
                for _ in 0..count {
                    keys.push(KeyCode(u16::from_ne_bytes(from.take()?)));
                }
                let keys = KeySequence::new(keys);
                let mut features = |count: usize| -> Option<Vec<Option<Duration>>> {
                    let mut features = Vec::with_capacity(count);
                    for _ in 0..count {
                        let us = from.u32()?;
                        features.push((us != MISSING).then_some(Duration(us)));
                    }
                    Some(features)
                };
                let holds = features(count)?;
                let downs = features(count.checked_sub(1)?)?;
                let sample = Sample::new(keys, holds, downs)?;
                Ok(sample.shifted(shifts).after(begun_anew))
            }
        };
        Some(Self {
            uid,
            derivation: (salt, kdf),
            token,
            key,
            renewed,
            keyboard,
            typing,
        })
    }

    /// The password's keys.
    pub(crate) fn keys(&self) -> Keys<'_> {
        let (salt, _) = self.derivation;
        let renewed = self.renewed.as_ref();
        Keys {
            found: (&self.key, self.derivation),
            renewed: renewed.map(|(key, params)| (key, (salt, *params))),
        }
    }
}

/// What stands in front of a sample: nothing came before it, or something that for this reason does
/// not count.
const WHOLE: u8 = 1;
const AFTER: u8 = 2;

struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    fn put_params(&mut self, params: KdfParams) -> Option<()> {
        for number in [params.memory, params.passes, params.lanes] {
            self.put(number.to_ne_bytes())?;
        }
        Some(())
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        let (head, rest) = std::mem::take(&mut self.0).split_at_mut_checked(N)?;
        head.copy_from_slice(&bytes);
        self.0 = rest;
        Some(())
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn params(&mut self) -> Option<KdfParams> {
        Some(KdfParams {
            memory: self.u32()?,
            passes: self.u32()?,
            lanes: self.u32()?,
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(typing: Result<Sample, FailureToAcquire>) -> Carried {
        Carried {
            uid: 1000,
            derivation: ([7; 16], KdfParams::CURRENT),
            token: TokenDigest::new([8; 32], b"secret"),
            key: SealKey::from_bytes([9; 32]),
            renewed: Some((SealKey::from_bytes([10; 32]), KdfParams::CURRENT)),
            keyboard: 3,
            typing,
        }
    }

    fn sample(keys: u16) -> Sample {
        let some = |i| (i % 5 != 4).then_some(Duration(80_000 + i));
        Sample::new(
            KeySequence::new((0..keys).map(KeyCode).collect()),
            (0..u32::from(keys)).map(some).collect(),
            (1..u32::from(keys)).map(some).collect(),
        )
        .unwrap()
    }

    #[test]
    fn what_is_stored_is_loaded_and_a_wiped_page_carries_nothing() {
        let mut page = SecretPage::new().unwrap();
        assert_eq!(Carried::load(&page), None);
        for typing in [
            Ok(sample(1)),
            Ok(sample(10)),
            Ok(sample(10).shifted(0b1_0010_0001)),
            Ok(sample(10).after(Some(FailureToAcquire::SeatInactive))),
            Ok(sample(10).after(Some(FailureToAcquire::EndedEarly))),
            Ok(sample(128).shifted(u128::MAX >> 1)),
            Err(FailureToAcquire::SourceFailed),
        ] {
            let outdated = carried(typing);
            let current = Carried {
                renewed: None,
                ..carried(outdated.typing.clone())
            };
            for carried in [outdated, current] {
                carried.store(&mut page).unwrap();
                let loaded = Carried::load(&page).unwrap();
                assert_eq!(loaded, carried);
                let ways =
                    |carried: &Carried| carried.typing.as_ref().map(Sample::transitions).ok();
                assert_eq!(ways(&loaded), ways(&carried));
                page.wipe();
                assert_eq!(Carried::load(&page), None);
                assert!(page.bytes().iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", carried(Ok(sample(3))));
        assert!(
            !shown.contains("[8, 8") && !shown.contains("[9, 9") && !shown.contains("[10, 10"),
            "{shown}"
        );
        assert!(!shown.contains("80000"), "{shown}");
    }
}
