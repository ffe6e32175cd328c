use super::*;
use crate::eval::read::read;
use crate::eval::typist::{population, some_text};

const HEADER: &str = "subject,session,rep,index,key,press_ms,release_ms";

fn described(header: &str, rows: &str) -> Description {
    describe(&read(format!("{header}\n{rows}\n").as_bytes(), "t.csv").unwrap())
}

fn part(some: usize, all: usize) -> Part {
    Part { all, some }
}

/// Two people, one text of two keys: three typings by anna, one by bert, who was recorded less.
const FOUR: &str = "\
anna,1,1,0,k,0,100
anna,1,1,1,e,200,290
anna,1,2,0,k,0,120
anna,1,2,1,e,100,190
anna,2,1,0,k,0,140
anna,2,1,1,e,240,
bert,1,1,0,k,0,0
bert,1,1,1,e,10500,13000";

#[test]
fn what_is_there_is_counted() {
    let found = described(HEADER, FOUR);
    assert_eq!((found.texts, found.others_typings), (1, 0));
    let range = |least, median, most| {
        Some(Range {
            least,
            median,
            most,
        })
    };
    assert_eq!(found.keys, range(2, 2.0, 2));
    assert_eq!(found.typings, range(1, 2.0, 3));
    assert_eq!(found.sessions, range(1, 1.5, 2));
    assert_eq!(found.holds.missing, part(1, 8));
    assert_eq!((found.holds.zero, found.holds.long), (1, 1));
    assert_eq!(found.downs.missing, part(0, 4));
    assert_eq!((found.downs.zero, found.downs.long), (0, 1));
    assert_eq!(found.rollover, part(1, 4));
    assert_eq!(found.clock.written, Some(10.0));
    assert!(found.keyboards.is_empty());
}

#[test]
fn people_are_told_by_their_medians() {
    let found = described(HEADER, FOUR);
    let [anna, bert] = &found.people[..] else {
        panic!("two people")
    };
    assert_eq!((&*anna.name, anna.typings, anna.sessions), ("anna", 3, 2));
    // 120 at the first key, 90 at the second.
    assert_eq!(anna.hold, Some(105.0));
    assert_eq!(anna.down_down, Some(200.0));
    assert_eq!(anna.duration, Some(200.0));
    // Quartiles of k are 110 and 130, of e 90 and 90, of the down-down 150 and 220.
    let spread = anna.spread.unwrap();
    assert!((spread - 20.0 / 120.0).abs() < 1e-12, "{spread}");
    assert_eq!((anna.missing, anna.rollover), (part(1, 9), part(1, 3)));
    assert_eq!((bert.duration, bert.rollover), (Some(10_500.0), part(0, 1)));
}

#[test]
fn positions_are_medians_over_people() {
    let found = described(HEADER, FOUR);
    let [k, e] = &found.positions[..] else {
        panic!("two positions")
    };
    // 120 and 0; 200 and 10500.
    assert_eq!(k.hold.unwrap().median, 60.0);
    assert_eq!(k.down_down.unwrap().median, 5350.0);
    assert_eq!((k.missing_holds, e.missing_holds), (part(0, 4), part(1, 4)));
    assert_eq!((k.missing_downs, e.missing_downs), (part(0, 4), part(0, 0)));
    assert_eq!((k.rollover, e.rollover), (part(1, 4), part(0, 0)));
    assert_eq!(e.down_down, None);
}

#[test]
fn what_the_reader_took_for_missing_is_told() {
    let found = described(
        "subject,sessionIndex,rep,H.a,DD.a.b,UD.a.b,H.b",
        "s,1,1,0.1,0,-0.1,-0.2\ns,1,2,0.1,0.2,0.1,0.1",
    );
    assert_eq!(found.holds.missing, part(1, 4));
    assert_eq!((found.holds.zero, found.holds.zero_or_less()), (0, 1));
    assert_eq!(
        (found.downs.missing, found.downs.zero_or_less()),
        (part(1, 2), 1)
    );
}

#[test]
fn a_text_each_has_no_common_positions() {
    let found = described(
        "subject,account,session,rep,index,key,press_ms,release_ms",
        "a,a,1,1,0,x,0,80\nb,b,1,1,0,y,0,80\nb,b,1,1,1,y,100,180\nb,a,1,1,0,x,0,90",
    );
    assert_eq!((found.texts, found.others_typings), (2, 1));
    assert!(found.positions.is_empty());
    let keys: Vec<usize> = found.people.iter().map(|person| person.keys).collect();
    assert_eq!(keys, [1, 2]);
    assert_eq!(found.people[0].down_down, None);
}

#[test]
fn an_account_whose_owner_never_typed_is_in_no_range() {
    let found = described(
        "subject,account,session,rep,index,key,press_ms,release_ms",
        "b,a,1,1,0,x,0,90",
    );
    assert_eq!((found.typings, found.texts), (None, 0));
    assert_eq!((found.people.len(), found.others_typings), (1, 1));
    assert_eq!(found.people[0].hold, None);
}

#[test]
fn keyboards_are_counted() {
    let found = described(
        "subject,session,rep,index,key,press_ms,keyboard",
        "a,1,1,0,x,0,desk\na,1,2,0,x,0,lap\na,1,3,0,x,1,desk",
    );
    assert_eq!(found.keyboards, BTreeMap::from([(0, 2), (1, 1)]));
    assert_eq!(found.holds.missing, part(3, 3));
    assert_eq!(
        (found.rollover.share(), found.clock.resolution()),
        (None, None)
    );
}

#[test]
fn a_rhythm_has_flights_that_follow_the_pairs() {
    let data = read(format!("{HEADER}\n{FOUR}\n").as_bytes(), "t.csv").unwrap();
    let strokes = rhythm(&data.typists()[0]);
    // Down-downs less holds, typing by typing: 100, -20, 100.
    assert_eq!(strokes[0].flight.unwrap().median, 100.0);
    assert_eq!(strokes[0].flight.unwrap().low, 40.0);
    assert_eq!(strokes[1].flight, None);
    assert_eq!(data.key_name(strokes[1].key), "e");
    assert_eq!(data.key_name(KeyCode(30)), "#30");
}

#[test]
fn nothing_is_described_as_nothing() {
    let found = describe(&DataSet::default());
    assert_eq!((found.keys, found.people.len()), (None, 0));
    let synthetic = describe(&population(1, 3, 2, 5, &some_text(6)));
    assert_eq!(synthetic.positions.len(), 6);
    assert!(synthetic.clock.decided() && synthetic.clock.step.is_none());
}
