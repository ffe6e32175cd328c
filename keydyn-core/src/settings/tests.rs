use super::*;

/// Every word that a line knows.
pub(super) const EVERY: [&CStr; 12] = [
    c"verify",
    c"mode=enforce",
    c"strictness=strict",
    c"min_samples=30",
    c"password_change=refuse",
    c"no_timings=refuse",
    c"unprivileged=refuse",
    c"time_budget=20",
    c"virtual_keyboard=refuse",
    c"new_keyboard=refuse",
    c"beforehand=sshd,mine",
    c"debug",
];

fn parse(args: &[&CStr]) -> Settings {
    Settings::parse(args)
}

#[test]
fn every_argument_is_understood() {
    let settings = parse(&EVERY);
    assert_eq!(settings.complaints, []);
    assert_eq!(settings.line, Some(Line::Verify));
    assert_eq!(settings.mode, Mode::Enforce);
    assert_eq!(settings.strictness, Strictness::Strict);
    assert_eq!(settings.min_samples, 30);
    assert_eq!(settings.password_change, PasswordChange::Refuse);
    assert_eq!(
        (settings.no_timings, settings.unprivileged),
        (Rule::Refuse, Rule::Refuse)
    );
    assert_eq!(settings.time_budget.as_secs(), 20);
    assert_eq!(settings.devices, DeviceRules::STRICTEST);
    assert_eq!(settings.beforehand, ["sshd", "mine"]);
    assert!(settings.debug);
}

#[test]
fn what_is_not_understood_is_a_complaint_and_nothing_else() {
    let settings = parse(&[
        c"capture",
        c"nonsense",
        c"mode=enforced",
        c"mode",
        c"min_samples=2",
        c"min_samples=-1",
        c"time_budget=2",
        c"time_budget=61",
        c"min_samples=99999999999999999999",
        c"virtual_keyboard=ignore",
        c"new_keyboard",
        c"beforehand=sshd mine",
        c"\xff\xfe=1",
        c"",
    ]);
    assert_eq!(settings.complaints.len(), 13);
    let clean = Settings {
        complaints: Vec::new(),
        ..settings
    };
    assert_eq!(
        clean,
        Settings {
            line: Some(Line::Capture),
            ..Settings::default()
        }
    );
}

#[test]
fn a_misspelled_mode_says_which_one_is_in_force() {
    let said = |args: &[&CStr]| {
        let complaints = parse(args).complaints;
        complaints.first().unwrap().to_string()
    };
    for (args, words) in [
        (&[c"verify", c"mode=shdow"][..], "mode=auto is in force"),
        (&[c"verify", c"mode"], "mode=auto is in force"),
        (
            &[c"verify", c"mode=shadow", c"mode=shdow"],
            "mode=shadow is in force: nobody is refused",
        ),
        (
            &[c"verify", c"mode=enfroce", c"mode=enforce"],
            "mode=enforce is in force",
        ),
    ] {
        assert!(said(args).contains(words), "{}", said(args));
    }
    let line = [c"verify", c"strictness=strict", c"strictness=stirct"];
    assert_eq!(parse(&line).strictness, Strictness::Strict);
    let said = said(&line);
    assert!(said.contains("counts as not written") && !said.contains("in force"));
}

#[test]
fn a_line_is_one_of_two() {
    assert_eq!(parse(&[]).complaints, [Complaint::NoLine]);
    assert_eq!(
        parse(&[c"capture", c"verify"]).complaints,
        [Complaint::TwoLines]
    );
    assert_eq!(parse(&[c"capture", c"verify"]).line, None);
}

#[cfg(not(feature = "replay-source"))]
#[test]
fn a_shipped_module_knows_no_stand_in() {
    let name = ["re", "play"].concat();
    let argument = std::ffi::CString::new(format!("{name}=/tmp/x")).unwrap();
    let complaints = parse(&[c"verify", &argument]).complaints;
    assert!(matches!(&complaints[..], [Complaint::Unknown { .. }]));
}
