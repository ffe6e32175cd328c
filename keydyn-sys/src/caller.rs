//! Whether somebody with fewer rights has started this process, and so chosen what surrounds it.
#![expect(unsafe_code, reason = "the auxiliary vector is read by getauxval(3)")]

/// Whether the kernel raised this process's rights when it was started: a setuid program, or one of
/// another domain of the system's confinement.
pub(crate) fn has_fewer_rights() -> bool {
    // SAFETY: reads a number that the kernel has left in this process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
