//! What a story showed, for people to read.

use std::fmt::Display;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::guest::Guest;

/// One story: what it shows is told while it runs, and written at its end, whether it ends well or
/// badly, to `stories/NAME.md` beside the image (`KEYDYN_VM_STORIES` says where else).
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    title: &'static str,
    facts: Vec<String>,
    screen: Option<String>,
    began: Instant,
}

impl Story {
    /// Begins a story. The name orders it among the others and is its file's: `1-learned`.
    #[must_use]
    pub fn begin(name: &'static str, title: &'static str) -> Self {
        eprintln!("{title}");
        Self {
            name,
            title,
            facts: Vec::new(),
            screen: None,
            began: Instant::now(),
        }
    }

    /// Something that was seen: a return code, an outcome, an error of timing.
    pub fn fact(&mut self, fact: impl Display) {
        eprintln!("  - {fact}");
        self.facts.push(fact.to_string());
    }

    /// How the screen looks at the end, as text and as a picture.
    pub fn picture(&mut self, guest: &mut Guest) {
        self.screen = Some(guest.screen().to_string());
        let place = place();
        fs::create_dir_all(&place).expect("a directory for the stories");
        guest
            .monitor
            .picture(&place.join(self.name).with_extension("png"));
    }

    fn page(&self, went_well: bool) -> String {
        let outcome = if went_well { "passed" } else { "FAILED" };
        let seconds = self.began.elapsed().as_secs();
        let mut page = format!("## {}\n{outcome} in {seconds} s\n\n", self.title);
        for fact in &self.facts {
            page.push_str(&format!("- {fact}\n"));
        }
        if let Some(screen) = &self.screen {
            page.push_str(&format!("\n```\n{screen}```\n"));
        }
        page
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        let page = self.page(!std::thread::panicking());
        let place = place();
        let written = fs::create_dir_all(&place)
            .and_then(|()| fs::write(place.join(self.name).with_extension("md"), page));
        if let Err(error) = written {
            eprintln!("{} cannot be written: {error}", place.display());
        }
    }
}

/// Where the stories are told.
fn place() -> PathBuf {
    let place = std::env::var_os("KEYDYN_VM_STORIES").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../target/vm/stories").into(),
        PathBuf::from,
    );
    // QEMU writes the picture, and runs elsewhere.
    std::path::absolute(place).expect("a path")
}

/// What the module said in the log of one attempt, without of whom.
pub(crate) fn words(lines: &[String]) -> String {
    let words = lines.iter().map(|line| match line.split_once(' ') {
        Some((user, words)) if user.starts_with("user=") => format!("`{words}`"),
        _ => format!("`{line}`"),
    });
    match lines {
        [] => "and the module says nothing".to_owned(),
        _ => words.collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_tells_its_facts_and_how_it_ended() {
        let mut story = Story::begin("0-test", "0. Nothing happens");
        story.fact("pam_authenticate: PAM_SUCCESS(0)");
        let page = story.page(false);
        assert!(
            page.starts_with("## 0. Nothing happens\nFAILED in "),
            "{page}"
        );
        assert!(
            page.contains("\n- pam_authenticate: PAM_SUCCESS(0)\n"),
            "{page}"
        );
        std::mem::forget(story);
    }
}
