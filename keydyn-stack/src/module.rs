//! What is known of the modules of others: what they can return, whether they ask for the password,
//! and whether they use it.
//!
//! Taken from their sources and manuals (Linux-PAM 1.5 to 1.7, and what distributions put into their
//! stacks). A module that is not known here is taken to succeed, to be ignored or to fail.

use crate::code::Code;
use crate::service::{Entry, Kind};

/// What a line does in a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `pam_keydyn.so capture`
    Capture,
    /// `pam_keydyn.so verify`
    Verify,
    /// `pam_keydyn.so` with neither word, or both.
    Neither,
    /// Asks for the password, and says whether it is right.
    Password,
    /// Says who somebody is without the password: a finger, a key, being root.
    OtherWay,
    /// Says whether something is so, of the user or the machine.
    Condition,
    /// Is given the password for a purpose of its own: a keyring, an encrypted home.
    User,
    /// Decides nothing: counts, sets up, permits.
    Bystander,
    /// Not known here.
    Unknown,
}

/// Back ends that check a password.
const PASSWORDS: [&str; 20] = [
    "pam_unix",
    "pam_unix_auth",
    "pam_sss",
    "pam_ldap",
    "pam_krb5",
    "pam_winbind",
    "pam_systemd_home",
    "pam_extrausers",
    "pam_pwdfile",
    "pam_userdb",
    "pam_mysql",
    "pam_pgsql",
    "pam_sqlite3",
    "pam_radius",
    "pam_radius_auth",
    "pam_tacplus",
    "pam_himmelblau",
    "pam_aad",
    "pam_lsass",
    "pam_vas",
];

/// Ways to say who one is without the password.
const OTHER_WAYS: [&str; 22] = [
    "pam_fprintd",
    "pam_fprint",
    "pam_fprint_grosshack",
    "pam_fprintd_grosshack",
    "pam_thinkfinger",
    "pam_howdy",
    "pam_python",
    "pam_u2f",
    "pam_yubico",
    "pam_p11",
    "pam_pkcs11",
    "pam_poldi",
    "pam_ssh",
    "pam_ssh_agent_auth",
    "pam_usb",
    "pam_rssh",
    "pam_google_authenticator",
    "pam_oath",
    "pam_duo",
    "pam_rootok",
    "pam_rhosts",
    "pam_timestamp",
];

/// What is asked of the user or the machine.
const CONDITIONS: [&str; 13] = [
    "pam_succeed_if",
    "pam_localuser",
    "pam_usertype",
    "pam_wheel",
    "pam_listfile",
    "pam_access",
    "pam_shells",
    "pam_nologin",
    "pam_securetty",
    "pam_sepermit",
    "pam_lastlog",
    "pam_ftp",
    "pam_tally2",
];

/// Those that are given the password to open something with it.
const USERS: [&str; 9] = [
    "pam_gnome_keyring",
    "pam_kwallet",
    "pam_kwallet5",
    "pam_ecryptfs",
    "pam_mount",
    "pam_fscrypt",
    "pam_zfs_key",
    "pam_cifscreds",
    "pam_encfs",
];

/// Those that decide nothing; their codes stand in [`codes`].
const BYSTANDERS: [&str; 14] = [
    "pam_deny",
    "pam_permit",
    "pam_debug",
    "pam_faillock",
    "pam_tally",
    "pam_env",
    "pam_cap",
    "pam_faildelay",
    "pam_group",
    "pam_echo",
    "pam_mail",
    "pam_warn",
    "pam_issue",
    "pam_selinux",
];

/// Those that have nothing for `auth` at all, so that libpam says that it does not know them.
const ELSEWHERE: [&str; 16] = [
    "pam_time",
    "pam_limits",
    "pam_loginuid",
    "pam_mkhomedir",
    "pam_motd",
    "pam_namespace",
    "pam_pwhistory",
    "pam_pwquality",
    "pam_cracklib",
    "pam_passwdqc",
    "pam_setquota",
    "pam_systemd",
    "pam_tty_audit",
    "pam_umask",
    "pam_xauth",
    "pam_elogind",
];

/// What this line does.
#[must_use]
pub fn role(entry: &Entry) -> Role {
    if entry.is_keydyn() {
        return match (entry.has("capture"), entry.has("verify")) {
            (true, false) => Role::Capture,
            (false, true) => Role::Verify,
            _ => Role::Neither,
        };
    }
    let stem = entry.stem();
    let known = |names: &[&str]| names.contains(&stem);
    if entry.kind != Kind::Module {
        Role::Bystander
    } else if stem == "pam_sss" && (entry.has("require_cert_auth") || entry.has("try_cert_auth")) {
        Role::OtherWay
    } else if known(&PASSWORDS) {
        Role::Password
    } else if known(&OTHER_WAYS) {
        Role::OtherWay
    } else if known(&CONDITIONS) {
        Role::Condition
    } else if known(&USERS) {
        Role::User
    } else if known(&BYSTANDERS) || known(&ELSEWHERE) {
        Role::Bystander
    } else {
        Role::Unknown
    }
}

/// Whether the module has anything to call for `auth`.
#[must_use]
pub fn is_for_auth(entry: &Entry) -> bool {
    !ELSEWHERE.contains(&entry.stem())
}

/// What a line of another's can return, the likeliest first. Not for password modules, whose code
/// depends on the password, nor for keydyn's lines.
#[must_use]
pub fn codes(entry: &Entry) -> Vec<Code> {
    const FAILED: [Code; 2] = [Code::SUCCESS, Code::AUTH_ERR];
    match entry.stem() {
        stem if ELSEWHERE.contains(&stem) => vec![Code::MODULE_UNKNOWN],
        "pam_deny" | "pam_selinux" => vec![Code::AUTH_ERR],
        "pam_permit" => vec![Code::SUCCESS],
        "pam_debug" => vec![debug(entry)],
        // Without a word it is `preauth`.
        "pam_faillock" if entry.has("authfail") => vec![Code::IGNORE, Code::AUTH_ERR],
        "pam_faillock" => FAILED.into(),
        "pam_env" | "pam_group" | "pam_mail" | "pam_warn" | "pam_issue" | "pam_faildelay" => {
            vec![Code::IGNORE]
        }
        "pam_localuser" | "pam_access" => vec![Code::SUCCESS, Code::PERM_DENIED],
        "pam_usertype" | "pam_succeed_if" | "pam_shells" => {
            vec![Code::SUCCESS, Code::AUTH_ERR, Code::USER_UNKNOWN]
        }
        "pam_securetty" => vec![Code::SUCCESS, Code::AUTH_ERR, Code::SERVICE_ERR],
        "pam_nologin" if entry.has("successok") => vec![Code::SUCCESS, Code::AUTH_ERR],
        "pam_nologin" => vec![Code::IGNORE, Code::AUTH_ERR],
        "pam_rootok" => vec![Code::AUTH_ERR, Code::SUCCESS],
        "pam_wheel" => vec![Code::IGNORE, Code::SUCCESS, Code::PERM_DENIED],
        "pam_exec" => vec![Code::SUCCESS, Code::IGNORE, Code::SYSTEM_ERR],
        _ => match role(entry) {
            Role::OtherWay => vec![
                Code::AUTHINFO_UNAVAIL,
                Code::SUCCESS,
                Code::IGNORE,
                Code::AUTH_ERR,
            ],
            Role::Bystander => vec![Code::SUCCESS, Code::IGNORE],
            _ => vec![Code::SUCCESS, Code::IGNORE, Code::AUTH_ERR],
        },
    }
}

/// Whether the line asks for the password where nobody has, whoever the user is.
#[must_use]
pub fn asks(entry: &Entry) -> bool {
    match entry.stem() {
        // Only for users whose home it keeps; see `walk`.
        "pam_systemd_home" => false,
        "pam_exec" => entry.has("expose_authtok"),
        "pam_mount" => !entry.has("use_first_pass"),
        // The last two take a finger or a password, whichever comes first.
        "pam_kwallet" | "pam_kwallet5" | "pam_fprint_grosshack" | "pam_fprintd_grosshack" => true,
        "pam_google_authenticator" => entry.has("forward_pass"),
        _ => role(entry) == Role::Password && !entry.has("use_first_pass"),
    }
}

/// Whether the line puts another password in the place of the one that was captured: it takes a
/// one-time code off its end.
#[must_use]
pub fn replaces(entry: &Entry) -> bool {
    let takes_what_is_there = || entry.has("use_first_pass") || entry.has("try_first_pass");
    match entry.stem() {
        "pam_google_authenticator" => entry.has("forward_pass"),
        "pam_oath" | "pam_yubico" => takes_what_is_there(),
        _ => false,
    }
}

/// pam_debug returns what it is told, and else succeeds.
fn debug(entry: &Entry) -> Code {
    let told = entry
        .arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("auth="));
    told.and_then(Code::named).unwrap_or(Code::SUCCESS)
}
