//! What a sequence in force learns of what it accepts: nothing that only just passed, unless it
//! keeps coming, and no more in a day than an owner changes in one.

use crate::memory::SequenceMemory;
use crate::policy::{DAILY_MOVEMENT, day_passed, learning_threshold};
use crate::quarantine::Held;
use crate::template::GainPolicy;
use crate::time::Timestamp;

use super::{Kept, Lesson, Profile};

/// What came of a typing that was to be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taught {
    /// So many were learned: it, and those before it that were held.
    Learned(u32),
    /// It only just passed: it is held, and learned if the next ones are like it.
    Held,
    /// It would move the template further than a day may: it is kept to know a copy of it by.
    EnoughForADay,
}

impl Profile {
    /// The account was refused at this moment: what was held before it is not learned any more.
    pub(in crate::store) fn note_refusal(&mut self, at: Timestamp) {
        for sequence in &mut self.sequences {
            sequence.held.note_refusal(at);
        }
    }

    /// Learns an accepted typing of a sequence in force.
    pub(super) fn learn_in_force(&mut self, index: usize, lesson: &Lesson<'_>) -> Taught {
        let sequence = &mut self.sequences[index];
        let judgement = sequence.template_at(lesson.at).judge(lesson.sample);
        let score = judgement.ok().and_then(|judgement| judgement.score);
        let enough = learning_threshold(lesson.strictness.threshold());
        if score.is_some_and(|score| score <= enough) {
            sequence.held.end_row();
            let taught = self.learn_within_the_day(index, lesson);
            self.fold();
            return taught;
        }
        let row = sequence.held.hold(held(lesson));
        if row.is_empty() {
            self.fold();
            return Taught::Held;
        }
        let mut learned = 0;
        for held in &row {
            let lesson = Lesson {
                sample: &held.sample,
                at: held.at,
                keyboard: held.keyboard,
                ..*lesson
            };
            if let Taught::Learned(typings) = self.learn_within_the_day(index, &lesson) {
                learned += typings;
            }
        }
        self.fold();
        match learned {
            0 => Taught::EnoughForADay,
            learned => Taught::Learned(learned),
        }
    }

    fn learn_within_the_day(&mut self, index: usize, lesson: &Lesson<'_>) -> Taught {
        if self.moves_too_far(index, lesson) {
            self.sequences[index].held.keep(held(lesson));
            return Taught::EnoughForADay;
        }
        self.learn_as(index, lesson);
        Taught::Learned(1)
    }

    fn moves_too_far(&self, index: usize, lesson: &Lesson<'_>) -> bool {
        let Some(dawn) = self.dawn(index, lesson.at) else {
            return true;
        };
        let mut template = self.sequences[index].template_at(lesson.at).into_owned();
        template.learn(lesson.sample, template.next_gain(GainPolicy::Burst));
        template.memory().moved_from(&dawn) > DAILY_MOVEMENT
    }

    /// The memory of a sequence as it was before it learned the first typing of the day that ends
    /// now; what it learned by an enrolment is no part of the day. `None` where the window does not
    /// reach back so far: what it holds is a day's learning.
    fn dawn(&self, index: usize, now: Timestamp) -> Option<SequenceMemory> {
        let sequence = &self.sequences[index];
        let own = self.window.iter().filter(|kept| kept.sequence == index);
        let own: Vec<&Kept> = own.collect();
        let enrolled = match sequence.since.ends_enrolment {
            true => own.len(),
            false => own
                .iter()
                .rposition(|kept| kept.turn.ends_enrolment)
                .unwrap_or(0),
        };
        // What a clock that was ahead has dated is of no day: counted as today's for years, it would
        // end all learning.
        let of_today = |kept: &&Kept| now.since(kept.at).is_some() && !day_passed(kept.at, now);
        let today = own.iter().position(of_today);
        let before = today.unwrap_or(own.len()).max(enrolled);
        if before == 0 && !own.is_empty() && sequence.base.learned() > 0 {
            return None;
        }
        let mut memory = sequence.base.clone();
        own[..before]
            .iter()
            .for_each(|kept| kept.replay(&mut memory));
        // A sitting that begins moves the memory too, and teaches it nothing.
        match own.get(before) {
            Some(first) => first.turn.take(&mut memory),
            None => {
                sequence.since.take(&mut memory);
                if sequence.begins_sitting(now) {
                    memory.start_sitting();
                }
            }
        }
        Some(memory)
    }
}

fn held(lesson: &Lesson<'_>) -> Held {
    Held {
        at: lesson.at,
        keyboard: lesson.keyboard,
        sample: lesson.sample.clone().bare(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::super::tests::{learned, lesson, typing};
    use super::*;
    use crate::digraph::{Duration, Sample};
    use crate::policy::Strictness;
    use crate::quarantine::ROW;

    const DAY: u64 = 24 * 3600;

    /// The owner's typing with every hold longer by this share.
    fn slower(seed: u32, share: f64) -> Sample {
        let typing = typing(16, 8, seed);
        let longer = |hold: &Option<Duration>| {
            hold.map(|hold| Duration((f64::from(hold.0) * (1.0 + share)).round() as u32))
        };
        let holds = typing.holds().iter().map(longer).collect();
        Sample::new(typing.keys().clone(), holds, typing.downs().to_vec()).unwrap()
    }

    fn score(profile: &Profile, sample: &Sample, at: u64) -> f64 {
        let judgement = profile.judge(sample, Timestamp(at)).unwrap();
        judgement.score.unwrap()
    }

    /// A typing that passes at this moment, and by less than the margin.
    fn borderline(profile: &Profile, seed: u32, at: u64) -> Sample {
        let threshold = Strictness::Normal.threshold();
        let enough = learning_threshold(threshold);
        let wanted = f64::midpoint(enough, threshold);
        let (mut low, mut high) = (0.0, 2.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            match score(profile, &slower(seed, middle), at) < wanted {
                true => low = middle,
                false => high = middle,
            }
        }
        let found = slower(seed, low);
        let reached = score(profile, &found, at);
        assert!(reached <= threshold && reached > enough);
        found
    }

    fn template(profile: &Profile) -> &crate::template::Template {
        profile.sequences()[0].template()
    }

    #[test]
    fn what_only_just_passed_is_held_and_dropped_by_the_next_that_passes_well() {
        let mut profile = learned(30);
        let before = profile.clone();
        let near = borderline(&profile, 900, 100_100);
        assert_eq!(profile.learn(&lesson(&near, 100_100)), Ok(Taught::Held));
        assert_eq!(template(&profile), template(&before));
        assert_eq!(profile.sequences[0].held.iter().count(), 1);
        let owner = typing(16, 8, 31);
        let taught = profile.learn(&lesson(&owner, 100_110));
        assert_eq!(taught, Ok(Taught::Learned(1)));
        let mut without = before;
        without.learn(&lesson(&owner, 100_110)).unwrap();
        assert_eq!(template(&profile), template(&without));
        let left: Vec<bool> = profile.sequences[0]
            .held
            .iter()
            .map(|(_, in_row)| in_row)
            .collect();
        assert_eq!(left, [false], "kept, and in no row");
    }

    #[test]
    fn a_row_of_them_over_two_sittings_is_learned() {
        let mut profile = learned(30);
        let (mut taught, mut typed) = (Vec::new(), Vec::new());
        for i in 0..u32::try_from(ROW).unwrap() {
            let at = 200_000 + u64::from(i) * DAY;
            let near = borderline(&profile, 900 + i, at);
            let keyboard = 40 + i;
            let lesson = Lesson {
                keyboard,
                ..lesson(&near, at)
            };
            taught.push(profile.learn(&lesson).unwrap());
            typed.push((at, keyboard, near));
        }
        let row = Taught::Learned(u32::try_from(ROW).unwrap());
        assert_eq!(taught, [Taught::Held, Taught::Held, row]);
        assert_eq!(template(&profile).memory().learned(), 33);
        let row = profile.window.range(profile.window.len() - ROW..);
        let kept = row.map(|kept| (kept.at.0, kept.keyboard, kept.sample.clone()));
        let kept: Vec<_> = kept.collect();
        assert_eq!(kept, typed, "each as it was typed, in that order");
    }

    #[test]
    fn a_refusal_ends_the_row() {
        let mut profile = learned(30);
        for i in 0..5u32 {
            let at = 200_000 + u64::from(i) * DAY;
            let near = borderline(&profile, 900 + i, at);
            profile.note_refusal(Timestamp(at - 1));
            assert_eq!(profile.learn(&lesson(&near, at)), Ok(Taught::Held));
        }
    }

    #[test]
    fn a_copy_of_what_is_held_is_a_copy() {
        let mut profile = learned(30);
        let near = borderline(&profile, 900, 100_100);
        profile.learn(&lesson(&near, 100_100)).unwrap();
        let copied = Err(crate::acquire::FailureToAcquire::Copied);
        assert_eq!(profile.judge(&near, Timestamp(100_110)), copied);
        profile.learn(&lesson(&typing(16, 8, 31), 100_120)).unwrap();
        assert_eq!(profile.judge(&near, Timestamp(100_130)), copied);
    }

    /// Somebody is let in all day and leads the template away, step by step, each accepted.
    fn led_away(profile: &mut Profile, from: u64, tries: u32) -> u32 {
        let enough = learning_threshold(Strictness::Normal.threshold());
        let mut learned = 0;
        for i in 0..tries {
            let at = from + 60 * u64::from(i);
            let step = (1..40).rev().find_map(|step| {
                let sample = slower(1000 + i, f64::from(step) * 0.02);
                let score = profile.judge(&sample, Timestamp(at)).ok()?.score?;
                (score <= enough).then_some(sample)
            });
            let Some(sample) = step else { continue };
            if profile.learn(&lesson(&sample, at)) == Ok(Taught::Learned(1)) {
                learned += 1;
            }
        }
        learned
    }

    #[test]
    fn a_day_moves_the_template_only_so_far() {
        let mut profile = learned(30);
        for day in 1..4 {
            let dawn = template(&profile).memory().clone();
            let learned = led_away(&mut profile, 200_000 + day * 2 * DAY, 90);
            assert!(learned > 0, "day {day}");
            let moved = template(&profile).memory().moved_from(&dawn);
            // A little more, for what the beginning of the sitting moved.
            assert!(moved < DAILY_MOVEMENT + 0.5, "day {day}: {moved}");
        }
    }

    #[test]
    fn without_the_bound_it_would_have_gone_further() {
        let mut profile = learned(30);
        let dawn = template(&profile).memory().clone();
        for i in 0..90u32 {
            let sample = slower(1000 + i, f64::from(i) * 0.02);
            let at = Timestamp(200_000 + 60 * u64::from(i));
            let lesson = lesson(&sample, at.0);
            profile.learn_as(0, &lesson);
        }
        assert!(template(&profile).memory().moved_from(&dawn) > 2.0 * DAILY_MOVEMENT);
    }

    #[test]
    fn a_day_of_more_typings_than_are_kept_ends_learning_until_tomorrow() {
        let mut profile = learned(23);
        let mut taught = Vec::new();
        for i in 0..300u32 {
            let sample = typing(16, 8, 2000 + i);
            let at = 200_000 + 60 * u64::from(i);
            if score(&profile, &sample, at) < -0.1 {
                taught.push(profile.learn(&lesson(&sample, at)).unwrap());
            }
        }
        assert!(taught.len() > 150);
        assert_eq!(taught[99], Taught::Learned(1));
        assert_eq!(taught.last(), Some(&Taught::EnoughForADay));
        let sample = typing(16, 8, 5000);
        let tomorrow = profile.learn(&lesson(&sample, 200_000 + 2 * DAY));
        assert_eq!(tomorrow, Ok(Taught::Learned(1)));
    }

    #[test]
    fn a_login_under_a_clock_that_was_years_ahead_ends_no_learning() {
        let mut profile = learned(30);
        let ahead = 200_000 + 3650 * DAY;
        let taught = profile.learn(&lesson(&typing(16, 8, 1999), ahead));
        assert_eq!(taught, Ok(Taught::Learned(1)));
        let mut learned = 0;
        for i in 0..150 {
            let sample = typing(16, 8, 2000 + i);
            let at = 200_000 + DAY / 2 * u64::from(i);
            if score(&profile, &sample, at) < -0.1 {
                let taught = profile.learn(&lesson(&sample, at));
                assert_eq!(taught, Ok(Taught::Learned(1)), "login {i}");
                learned += 1;
            }
        }
        assert!(learned > 120, "{learned}");
    }

    #[test]
    fn an_enrolment_is_no_part_of_the_day() {
        let mut profile = learned(23);
        let at = 100_100;
        assert!(profile.sequences[0].since.ends_enrolment);
        let dawn = profile.dawn(0, Timestamp(at)).unwrap();
        assert_eq!(dawn.learned(), 23);
        profile.learn(&lesson(&typing(16, 8, 24), at)).unwrap();
        let dawn = profile.dawn(0, Timestamp(at + 1)).unwrap();
        assert_eq!(dawn.learned(), 23);
        let dawn = profile.dawn(0, Timestamp(at + 2 * DAY)).unwrap();
        assert_eq!(dawn.learned(), 24);
    }
}
