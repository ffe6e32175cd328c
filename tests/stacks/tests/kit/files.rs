//! How each file of the kit is made: everything sound but for the one defect that its name says.
//! One fixed password, salt, key and nonce, so that the files are the same on every machine. (A
//! nonce that comes twice gives the text away; this text is test data.)

use std::sync::OnceLock;

use blake2::Digest as _;
use blake2::digest::consts::U32;
use keydyn_core::store::header::{FILE_LEN, KdfParams};
use keydyn_core::store::host::HostKey;
use keydyn_core::store::seal::{PLAINTEXT_LEN, SealKey, seal};
use keydyn_core::store::state::STATE_LEN;
use keydyn_sys::arena::KdfArena;

use crate::wire::{Kept, Profile, Sequence, State};

/// `nobody`.
pub(crate) const UID: u32 = 65534;
const SALT: [u8; 16] = *b"keydyn test salt";
const NONCE: [u8; 24] = *b"keydyn test nonce, 24 by";
pub(crate) const HOST_KEY: [u8; 32] = *b"host.key of no machine at all :)";

pub(crate) fn host() -> HostKey {
    HostKey::from_bytes(&HOST_KEY).expect("a key")
}

/// Under the password of every test.
pub(crate) fn key() -> &'static SealKey {
    static KEY: OnceLock<SealKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut arena = KdfArena::new(KdfParams::CURRENT).expect("memory");
        let password = stacks::PASSWORD.as_bytes();
        SealKey::derive(password, &SALT, KdfParams::CURRENT, arena.blocks()).expect("a key")
    })
}

fn sealed_for(uid: u32, plaintext: &[u8]) -> Vec<u8> {
    let derivation = (SALT, KdfParams::CURRENT);
    seal(key(), uid, derivation, 7, NONCE, plaintext).expect("sealed")
}

/// A body with its length in front and zeros behind.
fn plaintext(length: usize, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("a length");
    let mut plaintext = length.to_le_bytes().to_vec();
    plaintext.extend(body);
    plaintext.resize(PLAINTEXT_LEN, 0);
    plaintext
}

fn sealed_body(body: &[u8]) -> Vec<u8> {
    sealed_for(UID, &plaintext(body.len(), body))
}

fn sealed(change: impl FnOnce(&mut Profile)) -> Vec<u8> {
    let mut profile = Profile::sound();
    change(&mut profile);
    sealed_body(&profile.bytes())
}

fn sequence(change: impl FnOnce(&mut Sequence)) -> Vec<u8> {
    sealed(|profile| change(&mut profile.sequences[0]))
}

fn kept(change: impl FnOnce(&mut Kept)) -> Vec<u8> {
    sealed(|profile| change(&mut profile.window[3]))
}

/// The body with other bytes at one place: what no value of a field can make.
fn body(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut body = Profile::sound().bytes();
    body[at..at + bytes.len()].copy_from_slice(bytes);
    sealed_body(&body)
}

/// The whole file with other bytes at one place.
fn changed(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = sealed(|_| {});
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// The same, and a checksum that is right again.
fn stamped(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = changed(at, bytes);
    let mut hash = blake2::Blake2b::<U32>::new();
    hash.update(&file[..88]);
    hash.update([0; 32]);
    hash.update(&file[120..]);
    let sum: [u8; 32] = hash.finalize().into();
    file[88..120].copy_from_slice(&sum);
    file
}

/// Names and bytes.
pub(crate) type Files = Vec<(&'static str, Vec<u8>)>;

/// The sealed profiles.
pub(crate) fn profiles() -> Files {
    [headers(), seals(), wires(), values(), sound_ones()].concat()
}

fn headers() -> Files {
    let sound = || sealed(|_| {});
    vec![
        ("empty", Vec::new()),
        ("header_truncated", sound()[..100].to_vec()),
        ("body_truncated", sound()[..FILE_LEN - 1].to_vec()),
        ("one_byte_too_many", [sound(), vec![0]].concat()),
        ("magic_wrong", changed(0, b"k")),
        ("version_zero", changed(8, &[0])),
        ("version_future", changed(8, &[2])),
        ("checksum_bad", changed(88, b"not the checksum")),
        ("ciphertext_damaged", changed(30_000, b"a worn-out disk")),
        ("all_zero", vec![0; FILE_LEN]),
        ("reserved_bytes_in_front", stamped(10, &[1])),
        ("reserved_bytes_behind", stamped(120, &[1])),
        ("kdf_memory_too_small", stamped(12, &1024u32.to_le_bytes())),
        ("kdf_memory_too_large", stamped(12, &u32::MAX.to_le_bytes())),
        ("kdf_time_zero", stamped(16, &[0])),
        ("kdf_time_too_long", stamped(16, &u32::MAX.to_le_bytes())),
        ("kdf_lanes_zero", stamped(20, &[0])),
        ("kdf_lanes_too_many", stamped(20, &[64])),
    ]
}

fn seals() -> Files {
    vec![
        ("salt_changed", stamped(24, b"salt")),
        ("generation_changed", stamped(40, &[200])),
        ("nonce_changed", stamped(48, b"nonce")),
        ("key_check_bad", stamped(72, b"key check")),
        ("ciphertext_changed", stamped(128, b"changed")),
        ("tag_bad", stamped(FILE_LEN - 16, b"not the tag")),
        ("of_another_user", {
            let body = Profile::sound().bytes();
            sealed_for(1000, &plaintext(body.len(), &body))
        }),
    ]
}

fn wires() -> Files {
    let sound = Profile::sound().bytes();
    let length = |length| sealed_for(UID, &plaintext(length, &sound));
    // model 2, sequences 8, keys 8 + 16, transitions 8 + 7, contexts 8 + 480, level 12,
    // typicality 20, sitting 12, learned 4, since 1.
    let armed = 2 + 8 + 8 + 16 + 8 + 7 + 8 + 480 + 12 + 20 + 12 + 4 + 1;
    let learned_at = armed + 1 + 12;
    let window = learned_at + 9;
    vec![
        ("plaintext_length_zero", length(0)),
        (
            "plaintext_length_beyond_the_file",
            length(u32::MAX as usize),
        ),
        ("plaintext_one_byte_short", length(sound.len() - 1)),
        ("plaintext_trailing_bytes", length(sound.len() + 1)),
        ("model_unknown", sealed(|profile| profile.model = 4)),
        ("sequence_count_too_large", body(2, &u64::MAX.to_le_bytes())),
        ("key_count_too_large", body(10, &u64::MAX.to_le_bytes())),
        (
            "window_count_too_large",
            body(window, &u64::MAX.to_le_bytes()),
        ),
        ("truth_neither_yes_nor_no", body(armed, &[2])),
        ("option_neither_there_nor_not", body(learned_at, &[2])),
    ]
}

fn values() -> Files {
    vec![
        (
            "sequences_five",
            sealed(|p| p.sequences = vec![p.sequences[0].clone(); 5]),
        ),
        (
            "window_of_101",
            sealed(|p| p.window = vec![p.window[0].clone(); 101]),
        ),
        ("sequence_without_keys", sequence(|s| s.keys.clear())),
        (
            "sequence_of_129_keys",
            sequence(|s| {
                s.keys = vec![30; 129];
                s.contexts = vec![(0.0, 0.0, 0, 0.0, 0); 257];
            }),
        ),
        (
            "context_count_mismatch",
            sequence(|s| s.contexts.truncate(14)),
        ),
        (
            "nan_location",
            sequence(|s| s.contexts[0] = (f64::NAN, 0.1, 3, 4.5, 1)),
        ),
        (
            "infinite_location",
            sequence(|s| s.contexts[0] = (f64::INFINITY, 0.1, 3, 4.5, 1)),
        ),
        (
            "nan_scale",
            sequence(|s| s.contexts[0] = (4.5, f64::NAN, 3, 4.5, 1)),
        ),
        (
            "zero_scale",
            sequence(|s| s.contexts[0] = (4.5, 0.0, 3, 4.5, 1)),
        ),
        (
            "negative_scale",
            sequence(|s| s.contexts[0] = (4.5, -0.1, 3, 4.5, 1)),
        ),
        (
            "nan_anchor",
            sequence(|s| s.contexts[0] = (4.5, 0.1, 3, f64::NAN, 1)),
        ),
        ("nan_level", sequence(|s| s.level = (f64::NAN, 3))),
        (
            "nan_typicality",
            sequence(|s| s.typicality = (f64::NAN, 0.1, 3)),
        ),
        (
            "negative_spread",
            sequence(|s| s.typicality = (0.1, -0.1, 3)),
        ),
        ("transition_unknown", sequence(|s| s.transitions[0] = 13)),
        (
            "transition_count_mismatch",
            sequence(|s| s.transitions.truncate(6)),
        ),
        ("turn_at_the_end_unknown", sequence(|s| s.since = 4)),
        ("turn_unknown", kept(|k| k.turn = 4)),
        ("window_index_out_of_range", kept(|k| k.sequence = 1)),
        ("hold_count_mismatch", kept(|k| k.holds.truncate(7))),
        ("down_count_mismatch", kept(|k| k.downs.push(1))),
        ("gain_nan", kept(|k| k.gain = f64::NAN)),
        ("gain_negative", kept(|k| k.gain = -0.1)),
        ("gain_above_one", kept(|k| k.gain = 1.5)),
        ("number_never_given", kept(|k| k.number = 26)),
        ("number_given_twice", kept(|k| k.number = 2)),
        ("numbers_out_of_order", sealed(|p| p.window.swap(3, 4))),
        ("phase_unknown", sealed(|p| p.state.phase = 4)),
        ("verdict_unknown", sealed(|p| p.state.verdicts[0].1 = 15)),
        (
            "verdicts_51",
            sealed(|p| p.state.verdicts = vec![(1, 0); 51]),
        ),
    ]
}

/// What opens, however strange: no number in it may make anything panic.
fn sound_ones() -> Files {
    vec![
        ("sound", sealed(|_| {})),
        (
            "sound_with_numbers_at_their_end",
            sealed(|profile| {
                profile.next_number = u64::MAX;
                let sequence = &mut profile.sequences[0];
                sequence.learned = u32::MAX;
                sequence.sitting = [u32::MAX; 3];
                sequence.sittings = u32::MAX;
                sequence.decisions = u32::MAX;
                sequence.decided = u32::MAX;
                sequence.learned_at = Some(u64::MAX);
                profile.state.counts = [u64::MAX; 4];
                profile.state.generation = u64::MAX;
            }),
        ),
        (
            "sound_with_durations_at_their_end",
            sealed(|profile| {
                for kept in &mut profile.window {
                    kept.holds.fill(u32::MAX - 1);
                    kept.downs.fill(u32::MAX - 1);
                }
            }),
        ),
        (
            "sound_with_durations_of_zero",
            sealed(|profile| {
                for kept in &mut profile.window {
                    kept.holds.fill(0);
                    kept.downs.fill(0);
                }
            }),
        ),
        (
            "sound_with_every_duration_missing",
            sealed(|profile| {
                for kept in &mut profile.window {
                    kept.holds.fill(u32::MAX);
                    kept.downs.fill(u32::MAX);
                }
            }),
        ),
        (
            "sound_with_contexts_at_their_end",
            sequence(|s| {
                s.contexts.fill((1e4, 0.01, u32::MAX, -1e4, u32::MAX));
                s.typicality = (1e4, 1e4, u32::MAX);
                s.level = (-1e4, u32::MAX);
            }),
        ),
        (
            "context_too_large",
            sequence(|s| s.contexts[0].0 = f64::MAX),
        ),
        (
            "context_too_narrow",
            sequence(|s| (s.contexts[0].1, s.contexts[0].2) = (f64::MIN_POSITIVE, 3)),
        ),
        ("level_too_large", sequence(|s| s.level.0 = f64::MAX)),
        (
            "typicality_too_large",
            sequence(|s| s.typicality.0 = f64::MIN),
        ),
        (
            "sound_without_a_sequence",
            sealed(|profile| {
                profile.sequences.clear();
                profile.window.clear();
            }),
        ),
    ]
}

fn signed_for(uid: u32, version: u16, body: &[u8]) -> Vec<u8> {
    let mut file = b"KEYDYNS\n".to_vec();
    file.extend(version.to_le_bytes());
    file.extend(body);
    file.resize(STATE_LEN - 32, 0);
    let mac = host().authenticate(uid, &file);
    file.extend(mac);
    file
}

fn signed(change: impl FnOnce(&mut State)) -> Vec<u8> {
    let mut state = State::sound();
    change(&mut state);
    signed_for(UID, 1, &state.bytes())
}

/// The body with other bytes at one place, signed.
fn state_body(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut body = State::sound().bytes();
    body.resize(at.max(body.len()) + bytes.len(), 0);
    body[at..at + bytes.len()].copy_from_slice(bytes);
    signed_for(UID, 1, &body)
}

/// The state files.
pub(crate) fn states() -> Files {
    let flipped = |at: usize| {
        let mut file = signed(|_| {});
        file[at] ^= 1;
        file
    };
    let sound = State::sound().bytes();
    vec![
        ("sound", signed(|_| {})),
        (
            "sound_with_numbers_at_their_end",
            signed(|state| {
                state.generation = u64::MAX;
                state.counts = [u64::MAX; 4];
                state.refusals = u32::MAX;
                state.last_refusal = Some(u64::MAX);
                state.distrusted = Some(u64::MAX);
            }),
        ),
        ("empty", Vec::new()),
        ("truncated", signed(|_| {})[..500].to_vec()),
        ("one_byte_too_few", signed(|_| {})[..STATE_LEN - 1].to_vec()),
        ("one_byte_too_many", [signed(|_| {}), vec![0]].concat()),
        ("all_zero", vec![0; STATE_LEN]),
        ("magic_wrong", flipped(0)),
        ("version_changed", flipped(8)),
        ("version_future", signed_for(UID, 2, &sound)),
        ("phase_changed", flipped(18)),
        ("zeros_changed", flipped(900)),
        ("mac_bad", flipped(STATE_LEN - 1)),
        ("of_another_user", signed_for(1000, 1, &sound)),
        ("phase_unknown", signed(|state| state.phase = 4)),
        ("verdict_unknown", signed(|state| state.verdicts[0].1 = 15)),
        (
            "verdicts_51",
            signed(|state| state.verdicts = vec![(1, 0); 51]),
        ),
        (
            "verdict_count_too_large",
            state_body(41, &u64::MAX.to_le_bytes()),
        ),
        (
            "option_neither_there_nor_not",
            state_body(sound.len() - 18, &[2]),
        ),
        ("trailing_bytes", state_body(sound.len() + 4, &[1])),
    ]
}

/// The host keys.
pub(crate) fn host_keys() -> Files {
    vec![
        ("sound", HOST_KEY.to_vec()),
        ("empty", Vec::new()),
        ("one_byte_too_few", HOST_KEY[..31].to_vec()),
        ("one_byte_too_many", [&HOST_KEY[..], &[0]].concat()),
        ("all_zero", vec![0; 32]),
        ("far_too_long", vec![b'x'; 5000]),
        ("of_another_machine", vec![b'x'; 32]),
    ]
}
