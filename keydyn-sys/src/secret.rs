//! A page for secrets that must live from one phase of a login to the next.
#![expect(unsafe_code, reason = "a typed view of a mapping")]

use std::fmt;
use std::io;
use std::num::NonZeroUsize;

use zeroize::Zeroize as _;

use crate::mapping::Mapping;

/// Bytes in a [`SecretPage`].
pub const SECRET_LEN: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Memory that is not dumped, not swapped where the limits allow, zero in a forked child, and
/// wiped when dropped. All zeros means that nothing is here.
pub struct SecretPage(Mapping);

impl SecretPage {
    /// A page of zeros.
    ///
    /// # Errors
    /// If the system has no memory to give or cannot keep it from dumps and children. A page that
    /// cannot be locked is given all the same: a limit of zero on locked memory is common in
    /// containers, and would otherwise lock people out.
    pub fn new() -> io::Result<Self> {
        let mapping = Mapping::new(SECRET_LEN)?;
        mapping.wipe_on_fork()?;
        let _ = mapping.lock();
        Ok(Self(mapping))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: bytes are valid whatever they are.
        unsafe { self.0.slice() }
    }

    /// The bytes, to write.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: bytes are valid whatever they are.
        unsafe { self.0.slice_mut() }
    }

    /// Makes the page zero again.
    pub fn wipe(&mut self) {
        self.bytes_mut().zeroize();
    }
}

impl Drop for SecretPage {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for SecretPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretPage(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_empty_and_can_be_wiped() {
        let mut page = SecretPage::new().unwrap();
        assert!(page.bytes().iter().all(|&b| b == 0));
        page.bytes_mut().fill(7);
        assert!(page.bytes().iter().all(|&b| b == 7));
        page.wipe();
        assert!(page.bytes().iter().all(|&b| b == 0));
    }

    #[test]
    fn the_kernel_was_told_not_to_dump_it_and_to_wipe_it_in_a_child() {
        let page = SecretPage::new().unwrap();
        let start = format!("{:x}-", page.bytes().as_ptr() as usize);
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let flags = maps
            .lines()
            .skip_while(|line| !line.starts_with(&start))
            .find(|line| line.starts_with("VmFlags:"))
            .unwrap();
        assert!(flags.split_whitespace().any(|flag| flag == "dd"), "{flags}");
        assert!(flags.split_whitespace().any(|flag| flag == "wf"), "{flags}");
    }
}
