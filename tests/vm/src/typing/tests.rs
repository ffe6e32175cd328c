use super::*;

#[test]
fn a_trace_is_typed_from_its_first_event_and_leaves_no_key_down() {
    let trace: Trace = "500 a down\n590.5 a up\n700 enter down".parse().unwrap();
    let typing = Typing::of(&trace);
    assert_eq!(
        typing.trace().to_text(),
        "0.000 a down\n90.500 a up\n200.000 enter down\n260.000 enter up\n"
    );
    assert_eq!(typing.duration(), Duration::from_millis(260));
}

#[test]
fn jitter_moves_every_edge_a_little_and_none_far() {
    let (mut chance, _) = Chance::seeded();
    let typing = Typing::line("keydyn2026\n", 200);
    let jittered = typing.jittered(5.0, &mut chance);
    // Since the first edge, as a typing begins with it whenever that is.
    let since = |typing: &Typing| -> Vec<f64> {
        let first = typing.edges()[0].at.0;
        let edges = typing.edges().iter();
        edges
            .map(|edge| (edge.at.0 - first) as f64 / 1000.0)
            .collect()
    };
    let pairs = since(&typing).into_iter().zip(since(&jittered));
    let moved: Vec<f64> = pairs.map(|(is, was)| (is - was).abs()).collect();
    assert_eq!(moved.len(), typing.edges().len());
    let mean = moved.iter().sum::<f64>() / moved.len() as f64;
    assert!(moved.iter().all(|&far| far <= 60.0), "{moved:?}");
    assert!((0.5..20.0).contains(&mean), "{moved:?}");
}

#[test]
fn an_enter_follows_as_if_it_had_not_been_split_off() {
    let trace: Trace = "0 a down\n90 a up\n160 enter down\n200 enter up"
        .parse()
        .unwrap();
    let typing = Typing::of(&trace);
    let (before, from) = typing.before_and_from_enter();
    assert_eq!(before.trace().to_text(), "0.000 a down\n90.000 a up\n");
    assert_eq!(
        from.trace().to_text(),
        "70.000 enter down\n110.000 enter up\n"
    );
    let sent = "0.1 a down\n97 a up".parse().unwrap();
    assert_eq!(before.lateness(&sent), Duration::from_millis(7));
}

#[test]
fn a_line_is_typed_with_its_shifts() {
    let text = Typing::line("-?\n", 12).trace().to_text();
    let keys: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let keys: Vec<_> = keys.iter().map(|(_, edge)| *edge).collect();
    assert_eq!(
        keys[..6],
        [
            "minus down",
            "minus up",
            "leftshift down",
            "slash down",
            "slash up",
            "leftshift up"
        ]
    );
    assert_eq!(keys[6..], ["enter down", "enter up"]);
}

#[test]
fn typings_are_put_together() {
    let of = |text: &str| Typing::of(&text.parse().unwrap());
    let typing = of("0 a down\n40 a up\n100 s down\n140 s up\n200 d down\n240 d up");
    let rolled = typing.rolled_over(0..1);
    assert_eq!(
        rolled.trace().to_text(),
        "0.000 a down\n100.000 s down\n140.000 s up\n200.000 d down\n215.000 a up\n\
         240.000 d up\n"
    );
    assert_eq!(typing.press_of(2), 200);
    let paused =
        of("0 a down\n40 a up\n100 s down\n140 s up").with_pause_before(1, &of("0 x down\n9 x up"));
    assert!(
        paused
            .trace()
            .to_text()
            .ends_with("200.000 x down\n209.000 x up\n309.000 s down\n349.000 s up\n")
    );
    let more = of("0 a down\n40 a up").then(10, &of("0 s down\n5 s up"));
    assert_eq!(
        more.with("20 capslock down\n30 capslock up")
            .trace()
            .to_text(),
        "0.000 a down\n20.000 capslock down\n30.000 capslock up\n40.000 a up\n\
         50.000 s down\n55.000 s up\n"
    );
}

#[test]
fn halves_are_parted_where_no_key_is_down() {
    let trace = "0 a down\n60 b down\n90 a up\n120 b up\n200 c down\n280 c up";
    let typing = Typing::of(&trace.parse().unwrap());
    let (first, second) = typing.halves();
    assert_eq!(first.edges().len(), 4);
    assert_eq!(second.trace().to_text(), "0.000 c down\n80.000 c up\n");
    assert_eq!(typing.pause_between_halves(), Duration::from_millis(80));
}

#[test]
fn text_becomes_keys() {
    let typing = Typing::mechanical("a1");
    assert!(
        typing.trace().to_text().starts_with(
            "0.000 a down\n15.000 a up\n30.000 1 down\n45.000 1 up\n60.000 enter down"
        )
    );
}
