//! libpam unloads a module in `pam_end`, and what Rust's standard library left on the host's
//! threads would then be called in unmapped memory. The module stays.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
}
