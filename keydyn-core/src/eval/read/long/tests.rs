use super::*;
use crate::detector::Recorded;
use crate::eval::data::Typist;
use crate::eval::read::read;
use proptest::prelude::*;

const HEADER: &str = "subject,session,rep,index,key,press_ms,release_ms";

fn data(text: &str) -> Result<DataSet, String> {
    read(text.as_bytes(), "t.csv").map_err(|error| error.to_string())
}

fn rows(rows: &str) -> DataSet {
    data(&format!("{HEADER}\n{rows}\n")).unwrap()
}

fn names(typists: &[Typist]) -> Vec<(&str, usize)> {
    let named = typists.iter().map(|t| (&*t.name, t.attempts.len()));
    named.collect()
}

fn micros(features: &[Option<Duration>]) -> Vec<Option<u32>> {
    features
        .iter()
        .map(|feature| feature.map(|d| d.0))
        .collect()
}

#[test]
fn keys_become_holds_and_down_downs() {
    // The second key goes down before the first is up, and comes again as the third.
    let data = rows("s,1,1,0,a,1000.5,1095\ns,1,1,1,b,1080,1170.25\ns,1,1,2,b,1300,");
    let sample = &data.typists()[0].attempts[0].sample;
    assert_eq!(micros(sample.holds()), [Some(94_500), Some(90_250), None]);
    assert_eq!(micros(sample.downs()), [Some(79_500), Some(220_000)]);
    let [a, b, again] = sample.keys().keys() else {
        panic!("three keys")
    };
    assert!(a != b && b == again);
    assert_eq!(data.about().format, Format::Long);
}

#[test]
fn columns_are_found_by_name_and_the_others_are_told() {
    let text =
        "mood,press_ms,key,index,rep,session,typist,device\nsad,0,a,1,7,3,s,x\nsad,100,b,2,7,3,s,x";
    let data = data(text).unwrap();
    let attempt = &data.typists()[0].attempts[0];
    assert_eq!((attempt.session, attempt.rep), (3, 7));
    assert_eq!(micros(attempt.sample.holds()), [None, None]);
    assert_eq!(data.about().ignored_columns, ["mood", "device"]);
    assert_eq!(data.typists()[0].recorded(), Recorded::DownDowns);
}

#[test]
fn of_a_long_name_of_a_column_an_error_says_the_start() {
    let mood = "mood".repeat(100);
    let error = data(&format!("{HEADER},{mood},{mood}\n")).unwrap_err();
    assert!(
        error.starts_with("t.csv, line 1, column moodmood"),
        "{error}"
    );
    assert!(error.contains("mood…: there are two columns"), "{error}");
    assert!(error.len() < 150, "{error}");
}

#[test]
fn rows_of_a_typing_may_come_in_any_order_of_their_index() {
    let data = rows("s,1,1,1,b,180,270\ns,1,1,0,a,0,90");
    let sample = &data.typists()[0].attempts[0].sample;
    assert_eq!(micros(sample.downs()), [Some(180_000)]);
}

#[test]
fn sessions_follow_their_numbers_or_else_the_file() {
    let numbered = rows("s,10,1,0,a,0,90\ns,9,1,0,a,0,90\ns,9,0,0,a,0,90");
    let order = |data: &DataSet| -> Vec<(String, u32)> {
        let attempts = data.typists()[0].attempts.iter();
        attempts
            .map(|a| (data.session_name(a.session), a.rep))
            .collect()
    };
    let expected = [("9", 0), ("9", 1), ("10", 1)].map(|(s, r)| (s.to_owned(), r));
    assert_eq!(order(&numbered), expected);
    let named = rows("s,home,1,0,a,0,90\ns,10,1,0,a,0,90\ns,away,1,0,a,0,90");
    let expected = ["home", "10", "away"].map(|s| (s.to_owned(), 1));
    assert_eq!(order(&named), expected);
}

#[test]
fn keyboards_have_their_names() {
    let text = format!("{HEADER},keyboard\ns,1,1,0,a,0,90,desk\ns,1,2,0,a,0,90,lap\n");
    let data = data(&text).unwrap();
    assert_eq!(data.about().keyboards, ["desk", "lap"]);
    let on: Vec<_> = data.typists()[0]
        .attempts
        .iter()
        .map(|a| a.keyboard)
        .collect();
    assert_eq!(on, [Some(0), Some(1)]);
    assert!(data.about().ignored_columns.is_empty());
}

#[test]
fn without_accounts_everybody_is_an_impostor_to_everybody_else() {
    let data = rows("s,1,1,0,a,0,90\nt,1,1,0,a,0,90\nu,1,1,0,a,0,90");
    assert_eq!(names(data.typists()), [("s", 1), ("t", 1), ("u", 1)]);
    let others: Vec<_> = data.others(1).map(|other| &*other.name).collect();
    assert_eq!(others, ["s", "u"]);
    assert!(!data.has_attackers());
}

#[test]
fn with_accounts_only_those_who_typed_it_are_impostors() {
    let text = format!(
        "account,{HEADER}\n\
         s,s,1,1,0,a,0,90\n\
         s,t,1,1,0,a,0,80\n\
         s,t,1,2,0,a,0,80\n\
         t,t,1,1,0,b,0,80\n\
         s,s,1,2,0,a,0,91\n"
    );
    let data = data(&text).unwrap();
    assert_eq!(names(data.typists()), [("s", 2), ("t", 1)]);
    let others = |owner| data.others(owner).cloned().collect::<Vec<_>>();
    assert_eq!(names(&others(0)), [("t", 2)]);
    assert_eq!(names(&others(1)), []);
    assert_eq!((data.attempts(), data.has_attackers()), (5, true));
}

#[test]
fn typings_of_other_keys_are_counted_and_left_out() {
    let data =
        rows("s,1,1,0,a,0,90\ns,1,2,0,x,0,90\ns,1,2,1,a,200,290\ns,1,3,0,a,0,90\nt,1,1,0,a,0,90");
    assert_eq!(names(data.typists()), [("s", 2), ("t", 1)]);
    assert_eq!(data.about().other_text, 1);
    // Each account has a text of its own.
    let text = format!(
        "account,{HEADER}\ns,s,1,1,0,a,0,9\ns,s,1,2,0,a,0,9\nt,t,1,1,0,b,0,9\nt,t,1,2,0,b,0,9\nt,s,1,3,0,a,0,9"
    );
    let data = self::data(&text).unwrap();
    assert_eq!(names(data.typists()), [("s", 2), ("t", 2)]);
    assert_eq!((data.about().other_text, data.others(1).count()), (1, 0));
}

#[test]
fn a_slip_of_numbering_is_told_and_a_copy_is_a_defect() {
    let data = rows("s,1,7,0,a,0,90\ns,1,6,0,a,0,80\ns,1,7,0,a,0,70");
    let holds: Vec<_> = data.typists()[0]
        .attempts
        .iter()
        .map(|attempt| micros(attempt.sample.holds())[0])
        .collect();
    assert_eq!(holds, [Some(80_000), Some(90_000), Some(70_000)]);
    assert_eq!(data.about().same_number, 1);
}

proptest! {
    #[test]
    fn times_are_exact_to_the_microsecond(
        start in -1_000_000_000i64..1_000_000_000_000,
        hold in 0u32..3_600_000_000,
        down in 0u32..3_600_000_000,
    ) {
        let ms = |us: i64| format!("{}{}.{:03}", if us < 0 { "-" } else { "" }, us.abs() / 1000, us.abs() % 1000);
        let (up, next) = (start + i64::from(hold), start + i64::from(down));
        let data = rows(&format!("s,1,1,0,a,{},{}\ns,1,1,1,b,{},", ms(start), ms(up), ms(next)));
        let sample = &data.typists()[0].attempts[0].sample;
        prop_assert_eq!(micros(sample.holds()), [Some(hold), None]);
        prop_assert_eq!(micros(sample.downs()), [Some(down)]);
    }

    #[test]
    fn nothing_makes_it_panic(
        text in ".{0,200}",
        fields in "([s1-3,.\n\"\u{e9}-]{0,80}|(s,1,[0-2],[0-3],[ab],[0-9]{0,4},[0-9]{0,4}\n){0,8})",
    ) {
        let _ = data(&text);
        let _ = data(&format!("{HEADER}\n{fields}"));
        let _ = data(&format!("account,{HEADER},keyboard\n{fields}"));
    }
}
