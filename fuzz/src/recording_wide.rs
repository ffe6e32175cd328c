//! Recordings with a row a typing.

use crate::meant;
use crate::recordings::check;

const HEADER: &[u8] = b"subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b\n";

/// A file as it is, or rows below a header.
pub fn run(data: &[u8]) {
    match meant(data, 2) {
        Some((0, file)) => check(file),
        Some((_, rows)) => check(&[HEADER, rows].concat()),
        None => check(data),
    }
}
