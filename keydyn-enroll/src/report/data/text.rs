//! What a recording holds, for people.

use keydyn_core::eval::data::{DataSet, Format};
use keydyn_core::eval::describe::{Clock, Description, Part, Quartiles, Range, Values};
use keydyn_core::printable::printable;

use crate::report::paper::Paper;
use crate::report::table::Table;

const NOTHING: &str = "-";
const LEGEND: &str = "hold: press to release; down-down: press to the next press; both as the \
    median of the positions' medians. typing: first press to last press. spread: how far apart a \
    feature's quartiles are, as a share of its median. rollover: the next key went down before \
    this one was up.";
const POSITIONS: &str = "By position: medians over users, each user's own median counted once, \
    with the quartiles over users in brackets.";
const OF_ONE: &str = "By position: medians over typings, with their quartiles in brackets.";

/// Everything that is told, in lines that fit the paper.
pub(crate) fn description(
    paper: &Paper,
    file: &str,
    data: &DataSet,
    found: &Description,
) -> String {
    let mut text = paper.wrapped(&title(file, data, found), 2);
    text.push('\n');
    for line in facts(data, found) {
        text += &paper.wrapped(&line, 2);
    }
    text.push('\n');
    if !found.positions.is_empty() {
        let alone = data.typists().len() == 1;
        text += &paper.wrapped(if alone { OF_ONE } else { POSITIONS }, 0);
        text += &positions(data, found).on(paper);
        text.push('\n');
    }
    text += &people(found).on(paper);
    text += &paper.wrapped(LEGEND, 0);
    text
}

fn title(file: &str, data: &DataSet, found: &Description) -> String {
    let format = match data.about().format {
        Format::Wide => "a row a typing",
        Format::Long => "a row a key",
    };
    let accounts = data.typists().len();
    let (users, s) = if accounts == 1 {
        ("user", "")
    } else {
        ("users", "s")
    };
    let texts = match found.texts {
        1 => "one text".to_owned(),
        texts => format!("{texts} texts"),
    };
    let others = match found.others_typings {
        _ if !data.has_attackers() => String::new(),
        others => {
            format!("{accounts} account{s} of their own, {others} typings of them by others; ")
        }
    };
    let typings = data.attempts() - found.others_typings;
    format!(
        "{file}: {accounts} {users}, {typings} typings; {others}{texts}; {format} ({})",
        data.about().format.word()
    )
}

fn facts(data: &DataSet, found: &Description) -> Vec<String> {
    let about = data.about();
    let mut facts = vec![
        format!("typings of a user: {}", range(found.typings)),
        format!("sessions of a user: {}", range(found.sessions)),
        format!("keys of a text: {}", range(found.keys)),
        format!("holds: {}", values(&found.holds, 2)),
        format!("down-downs: {}", values(&found.downs, 10)),
        format!(
            "rollover: {} of the digraphs with both",
            part(found.rollover)
        ),
        format!("clock: {}", clock(&found.clock)),
    ];
    if about.other_text > 0 {
        facts.push(format!(
            "typings of another text: {}, left out",
            about.other_text
        ));
    }
    if about.same_number > 0 {
        facts.push(format!(
            "typings with the session and rep of another: {}, taken in the order of the file",
            about.same_number
        ));
    }
    let name = |keyboard: u16| about.keyboards.get(usize::from(keyboard));
    let keyboards = found.keyboards.iter().filter_map(|(&keyboard, typings)| {
        let name = name(keyboard)?;
        Some(format!("{} {typings}", printable(name)))
    });
    let keyboards: Vec<String> = keyboards.collect();
    if !keyboards.is_empty() {
        facts.push(format!("typings by keyboard: {}", keyboards.join(", ")));
    }
    if !about.ignored_columns.is_empty() {
        facts.push(format!(
            "columns that mean nothing here: {}",
            printable(&about.ignored_columns.join(", "))
        ));
    }
    facts
}

fn range(range: Option<Range>) -> String {
    let Some(Range {
        least,
        median,
        most,
    }) = range
    else {
        return NOTHING.to_owned();
    };
    if least == most {
        return format!("{least}");
    }
    format!("{least} to {most}, median {median}")
}

fn values(values: &Values, limit_s: u32) -> String {
    let mut text = format!("{} missing", part(values.missing));
    for (what, number) in [
        ("of zero", values.zero),
        ("of zero, taken for missing", values.unmeasured.zero),
        ("negative, taken for missing", values.unmeasured.negative),
    ] {
        if number > 0 {
            text += &format!("; {number} {what}");
        }
    }
    if values.zero_or_less() == 0 {
        text += "; none zero or negative";
    }
    match values.long {
        0 => format!("{text}; none over {limit_s} s"),
        long => format!("{text}; {long} over {limit_s} s"),
    }
}

/// What is found, and what speaks for it.
fn clock(clock: &Clock) -> String {
    let Some(written) = clock.written else {
        return "no duration to tell it by".to_owned();
    };
    let lie = format!("every duration is a multiple of {}", millis(written));
    match clock.step {
        Some(step) => format!(
            "steps of {}: {lie}, but {} of up to half a second lie about the multiples of that (regularity {:.2}; 1: all on them, 0: no more than by chance)",
            millis(step.millis),
            clock.durations,
            step.regularity
        ),
        None if clock.decided() => {
            format!(
                "{}: {lie}, and no coarser step up to 32 ms shows",
                millis(written)
            )
        }
        None => format!(
            "{}: {lie}; too few to look for a coarser step",
            millis(written)
        ),
    }
}

/// To three digits, the last zeros left out.
fn millis(millis: f64) -> String {
    let decimals = if millis >= 100.0 {
        0
    } else if millis >= 10.0 {
        1
    } else {
        3
    };
    let text = format!("{millis:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text} ms")
}

fn positions(data: &DataSet, found: &Description) -> Table {
    let mut table = Table::new(&[
        "position",
        "key",
        "hold ms",
        "[50 %]",
        "down-down ms",
        "[50 %]",
        "rollover %",
        "holds missing",
        "down-downs missing",
    ]);
    for (i, position) in found.positions.iter().enumerate() {
        table.push(vec![
            (i + 1).to_string(),
            printable(&data.key_name(position.key)),
            middle(position.hold),
            ends(position.hold),
            middle(position.down_down),
            ends(position.down_down),
            per_cent(position.rollover.share()),
            missing(position.missing_holds),
            missing(position.missing_downs),
        ]);
    }
    table
}

fn people(found: &Description) -> Table {
    let mut table = Table::new(&[
        "user",
        "typings",
        "sessions",
        "keys",
        "hold ms",
        "down-down ms",
        "typing ms",
        "spread %",
        "rollover %",
        "missing %",
    ]);
    for person in &found.people {
        table.push(vec![
            printable(&person.name),
            person.typings.to_string(),
            person.sessions.to_string(),
            person.keys.to_string(),
            whole(person.hold),
            whole(person.down_down),
            whole(person.duration),
            per_cent(person.spread),
            per_cent(person.rollover.share()),
            per_cent(person.missing.share()),
        ]);
    }
    table
}

fn part(part: Part) -> String {
    let share = part
        .share()
        .map(|share| format!(" ({:.2} %)", 100.0 * share));
    format!("{} of {}{}", part.some, part.all, share.unwrap_or_default())
}

fn missing(part: Part) -> String {
    match part.share() {
        Some(share) if part.some > 0 => format!("{} ({:.1} %)", part.some, 100.0 * share),
        _ => part.some.to_string(),
    }
}

fn middle(quartiles: Option<Quartiles>) -> String {
    whole(quartiles.map(|quartiles| quartiles.median))
}

fn ends(quartiles: Option<Quartiles>) -> String {
    let between = |q: Quartiles| format!("[{:.0}, {:.0}]", q.low, q.high);
    quartiles.map_or_else(|| NOTHING.to_owned(), between)
}

fn whole(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| format!("{value:.0}"))
}

fn per_cent(share: Option<f64>) -> String {
    share.map_or_else(
        || NOTHING.to_owned(),
        |share| format!("{:.1}", 100.0 * share),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::eval::describe::Step;

    #[test]
    fn a_clock_is_told_with_what_speaks_for_it() {
        let of = |written, step, durations| {
            clock(&Clock {
                written,
                step,
                durations,
            })
        };
        assert_eq!(of(None, None, 0), "no duration to tell it by");
        let few = "4 ms: every duration is a multiple of 4 ms; too few to look for a coarser step";
        assert_eq!(of(Some(4.0), None, 3), few);
        let fine = of(Some(0.001), None, 2000);
        assert!(fine.starts_with("0.001 ms: every"), "{fine}");
        let step = Step {
            millis: 15.6249,
            regularity: 0.97,
        };
        let coarse = of(Some(1.0), Some(step), 2000);
        assert!(
            coarse.starts_with("steps of 15.6 ms: every duration is a multiple of 1 ms, but 2000"),
            "{coarse}"
        );
    }
}
