//! Recordings with a row a key.

use crate::meant;
use crate::recordings::check;

const HEADER: &[u8] = b"subject,session,rep,index,key,press_ms,release_ms\n";
const MORE: &[u8] = b"account,typist,session,rep,index,key,press_ms,release_ms,keyboard\n";

/// A file as it is, or rows below one of two headers.
pub fn run(data: &[u8]) {
    match meant(data, 3) {
        Some((0, file)) => check(file),
        Some((1, rows)) => check(&[HEADER, rows].concat()),
        Some((_, rows)) => check(&[MORE, rows].concat()),
        None => check(data),
    }
}
