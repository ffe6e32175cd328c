use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use tempfile::TempDir;

fn place() -> (TempDir, StateDir) {
    let place = TempDir::new().unwrap();
    let dir = StateDir::new(place.path().join("keydyn/accounts"));
    (place, dir)
}

fn names(dir: &StateDir) -> Vec<String> {
    dir.names().unwrap()
}

#[test]
fn nothing_is_there_until_something_is_written() {
    let (_place, dir) = place();
    assert!(dir.read("1.profile", 10).unwrap().is_none());
    assert!(dir.host_key().unwrap().is_none());
    dir.remove("1.profile").unwrap();
    assert!(!dir.path.exists());
    dir.write("1.profile", b"one", true).unwrap();
    assert_eq!(dir.read("1.profile", 3).unwrap().unwrap(), b"one");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.path.clone()), 0o700);
    assert_eq!(mode(dir.path.join("1.profile")), 0o600);
}

#[test]
fn the_previous_generation_is_kept_and_goes_with_the_file() {
    let (_place, dir) = place();
    for bytes in [b"one", b"two", b"six"] {
        dir.write("1.profile", bytes, true).unwrap();
    }
    assert_eq!(dir.read("1.profile", 3).unwrap().unwrap(), b"six");
    assert_eq!(dir.read("1.profile.previous", 3).unwrap().unwrap(), b"two");
    assert_eq!(names(&dir), ["1.profile", "1.profile.previous"]);
    dir.remove("1.profile").unwrap();
    assert!(names(&dir).is_empty());
}

#[test]
fn what_a_crash_left_is_no_obstacle() {
    let (_place, dir) = place();
    dir.write("1.state", b"one", true).unwrap();
    fs::write(dir.path.join(".1.state.new"), b"half").unwrap();
    fs::write(dir.path.join(".1.state.old"), b"half").unwrap();
    dir.write("1.state", b"two", true).unwrap();
    assert_eq!(names(&dir), ["1.state", "1.state.previous"]);
    let before = dir.path.join("1.state.previous");
    fs::remove_file(&before).unwrap();
    fs::hard_link(dir.path.join("1.state"), &before).unwrap();
    dir.write("1.state", b"six", true).unwrap();
    assert_eq!(names(&dir), ["1.state", "1.state.previous"]);
    assert_eq!(fs::read(&before).unwrap(), b"two");
    fs::write(dir.path.join(".1.state.new"), b"half").unwrap();
    dir.remove("1.state").unwrap();
    assert!(names(&dir).is_empty(), "nor is it left when the file goes");
}

#[test]
fn links_pipes_and_files_that_others_can_write_are_not_believed() {
    let (place, dir) = place();
    dir.write("good", b"x", false).unwrap();
    symlink(dir.path.join("good"), dir.path.join("link")).unwrap();
    nix::unistd::mkfifo(&dir.path.join("pipe"), Mode::S_IRWXU).unwrap();
    dir.write("shared", b"x", false).unwrap();
    fs::set_permissions(dir.path.join("shared"), Permissions::from_mode(0o620)).unwrap();
    fs::create_dir(dir.path.join("directory")).unwrap();
    for name in ["link", "pipe", "shared", "directory"] {
        let error = dir.read(name, 10).unwrap_err();
        assert!(
            matches!(error, FileError::Untrusted { .. }),
            "{name}: {error}"
        );
        assert!(error.to_string().contains(name));
    }
    assert!(matches!(
        dir.read("good", 0),
        Err(FileError::TooLarge { .. })
    ));

    let other = StateDir::new(place.path().join("other"));
    symlink(&dir.path, &other.path).unwrap();
    assert!(matches!(
        other.read("good", 10),
        Err(FileError::Untrusted { .. })
    ));
}

#[test]
fn an_open_directory_behind_a_closed_one_is_closed_again() {
    let (_place, dir) = place();
    dir.write("good", b"x", false).unwrap();
    for open in [0o755, 0o770, 0o777] {
        fs::set_permissions(&dir.path, Permissions::from_mode(open)).unwrap();
        assert!(dir.read("good", 10).is_ok());
        let mode = fs::metadata(&dir.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn a_directory_that_others_could_have_replaced_is_not_believed() {
    let (_place, dir) = place();
    dir.write("good", b"x", false).unwrap();
    let above = dir.path.parent().unwrap();
    // Closed itself, but its place is not; or both are open enough to get in and write.
    for (outer, inner) in [(0o777, 0o700), (0o720, 0o700), (0o755, 0o777)] {
        fs::set_permissions(above, Permissions::from_mode(outer)).unwrap();
        fs::set_permissions(&dir.path, Permissions::from_mode(inner)).unwrap();
        let untrusted = |error| matches!(error, FileError::Untrusted { .. });
        assert!(untrusted(dir.read("good", 10).unwrap_err()), "{outer:o}");
        assert!(untrusted(dir.write("good", b"y", true).unwrap_err()));
    }
}

#[test]
fn a_lock_is_one_process_s_at_a_time_and_not_waited_for_long() {
    let (_place, dir) = place();
    let held = dir.lock("1.lock").unwrap();
    let start = Instant::now();
    assert!(matches!(dir.lock("1.lock"), Err(FileError::Busy { .. })));
    assert!(start.elapsed() >= LOCK_PATIENCE);
    drop(held);
    dir.lock("1.lock").unwrap();
}

#[test]
fn a_lock_that_was_removed_is_nobody_s() {
    let (_place, dir) = place();
    let removed = dir.lock("1.lock").unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| dir.lock("1.lock").map(drop));
        thread::sleep(LOCK_PAUSE);
        dir.remove("1.lock").unwrap();
        let held = dir.lock("1.lock").unwrap();
        drop(removed);
        // Whoever waited has to wait for the new one.
        assert!(matches!(
            waiting.join().unwrap(),
            Err(FileError::Busy { .. })
        ));
        drop(held);
    });
}

#[test]
fn two_first_logins_at_once_agree_on_the_host_key() {
    let (_place, dir) = place();
    dir.directory_to_write().unwrap();
    let salts: Vec<_> = thread::scope(|scope| {
        let make = || dir.host_key_or_create().unwrap().salt_for_uid(7);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(salts.iter().all(|salt| *salt == salts[0]));
    assert_eq!(names(&dir), ["host.key"]);
    // A damaged one is set aside, not overwritten, and a new one made.
    for damage in [&[0; 32][..], b"short", b"", &[7; 100]] {
        fs::write(dir.path.join("host.key"), damage).unwrap();
        assert!(dir.host_key().is_err());
        let salt = dir.host_key_or_create().unwrap().salt_for_uid(7);
        assert_ne!(salt, salts[0]);
        assert_eq!(fs::read(dir.path.join("host.key.damaged")).unwrap(), damage);
    }
}
