use super::*;
use crate::evdev::stand_in::{self, Typist};
use crate::keyboards::machine::{KEYBOARD, Machine};
use std::collections::HashMap;
use std::sync::Mutex;

mod refused;

const A: u16 = 30;
const B: u16 = 48;
const ENTER: u16 = 28;

/// A machine whose nodes, once opened, are stand-ins.
struct Desk {
    machine: Machine,
    plugged: Arc<Mutex<HashMap<String, io::Result<Keyboard>>>>,
}

impl Desk {
    fn new() -> Self {
        Self {
            machine: Machine::new(),
            plugged: Arc::default(),
        }
    }

    /// Plugs in a keyboard; its node is there and can be opened.
    fn keyboard(&self, number: u32, phys: &str) -> Typist {
        let (typist, keyboard) = stand_in::keyboard(100 + number);
        self.opens_as(number, Ok(keyboard));
        self.machine.device(number, phys);
        typist
    }

    /// Plugs in a keyboard that a program makes, which says that it is plugged in there.
    fn made_up(&self, number: u32, phys: &str) -> Typist {
        let (typist, keyboard) = stand_in::keyboard(100 + number);
        self.opens_as(number, Ok(keyboard));
        self.machine.device_at("virtual", number, KEYBOARD, phys);
        typist
    }

    fn opens_as(&self, number: u32, keyboard: io::Result<Keyboard>) {
        let mut plugged = self.plugged.lock().unwrap();
        plugged.insert(format!("event{number}"), keyboard);
    }

    /// A node that nothing was said of never opens.
    fn devices(&self) -> Devices {
        let plugged = Arc::clone(&self.plugged);
        Devices {
            tree: self.machine.tree(),
            open: Arc::new(move |node| {
                let found = plugged.lock().unwrap().remove(&node.name);
                found.unwrap_or_else(|| {
                    loop {
                        std::thread::park();
                    }
                })
            }),
        }
    }

    fn reader(&self) -> Reader {
        Reader::start(&self.devices(), "seat0").unwrap()
    }
}

fn errno(errno: Errno) -> io::Result<Keyboard> {
    Err(errno.into())
}

/// A moment that is no other event's.
fn moment() -> Micros {
    let now = monotonic();
    while monotonic() == now {}
    now
}

/// Types these keys one after the other.
fn type_keys(typist: &mut Typist, keys: &[u16]) {
    for &key in keys {
        typist.key(moment(), key, 1);
        typist.key(moment(), key, 0);
    }
}

/// The keys and keyboards of a report's text, without the times.
fn typed(report: Report) -> String {
    let text = report.trace.unwrap().to_text();
    let lines = text.lines().map(|line| line.split_once(' ').unwrap().1);
    lines.collect::<Vec<_>>().join(", ")
}

#[test]
fn what_is_typed_between_start_and_finish_is_heard() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "isa0060/serio0/input0");
    let reader = desk.reader();
    type_keys(&mut typist, &[A, B]);
    typist.key(moment(), ENTER, 1);
    let report = reader.finish().unwrap();
    assert!(report.pressed && !report.hidden && !report.incomplete);
    assert_eq!(report.device, DESK);
    assert_eq!(report.model, 101);
    assert_eq!(
        typed(report),
        "a down, a up, b down, b up, enter down, returned"
    );
}

#[test]
fn a_conversation_without_a_key_has_none() {
    let desk = Desk::new();
    let _typist = desk.keyboard(1, "");
    let report = desk.reader().finish().unwrap();
    assert!(!report.pressed);
    assert_eq!((report.model, typed(report)), (0, "returned".into()));
}

#[test]
fn far_more_than_the_kernel_s_queue_holds_is_read_meanwhile() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    let reader = desk.reader();
    for _ in 0..300 {
        type_keys(&mut typist, &[A]);
    }
    let report = reader.finish().unwrap();
    assert_eq!(report.trace.unwrap().events().len(), 601);
}

#[test]
fn nodes_of_one_device_are_one_keyboard_and_others_are_not() {
    let desk = Desk::new();
    let mut one = desk.keyboard(1, "usb-0000:00:14.0-2/input0");
    let mut same = desk.keyboard(2, "usb-0000:00:14.0-2/input1");
    let mut other = desk.keyboard(3, "usb-0000:00:14.0-3/input0");
    let reader = desk.reader();
    one.key(moment(), A, 1);
    same.key(moment(), A, 0);
    other.key(moment(), B, 1);
    let report = reader.finish().unwrap();
    let lines = typed(report);
    // Which of the two devices is number 0 depends on which opened first.
    let numbers: Vec<_> = lines.split(", ").map(|l| l.contains("@1")).collect();
    assert_eq!(numbers[0], numbers[1]);
    assert_ne!(numbers[0], numbers[2]);
}

const DESK: Device = Device {
    is_virtual: false,
    is_new: false,
};
const MADE_UP: Device = Device {
    is_virtual: true,
    is_new: false,
};

#[test]
fn a_keyboard_that_a_program_has_made_is_told_where_the_text_is_on_it() {
    let desk = Desk::new();
    let mut real = desk.keyboard(1, "isa0060/serio0/input0");
    let mut made_up = desk.made_up(2, "");
    let reader = desk.reader();
    type_keys(&mut made_up, &[A]);
    type_keys(&mut real, &[A, B]);
    let report = reader.finish().unwrap();
    assert_eq!((report.model, report.device), (101, DESK));

    let desk = Desk::new();
    let mut real = desk.keyboard(1, "isa0060/serio0/input0");
    let mut made_up = desk.made_up(2, "");
    let reader = desk.reader();
    type_keys(&mut made_up, &[A, B]);
    made_up.key(moment(), ENTER, 1);
    // Nobody hides behind a key that the owner's keyboard sends after the Enter.
    type_keys(&mut real, &[B]);
    let report = reader.finish().unwrap();
    assert_eq!((report.model, report.device), (102, MADE_UP));
}

#[test]
fn a_made_up_keyboard_that_claims_the_place_of_a_real_one_stays_made_up() {
    let desk = Desk::new();
    let place = "usb-0000:00:14.0-2/input0";
    let _real = desk.keyboard(1, place);
    let mut made_up = desk.made_up(2, place);
    let reader = desk.reader();
    type_keys(&mut made_up, &[A]);
    assert_eq!(reader.finish().unwrap().device, MADE_UP);
}

#[test]
fn a_node_whose_clock_runs_backwards_is_told() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    let reader = desk.reader();
    let now = moment();
    typist.key(now, A, 1);
    typist.key(Micros(now.0 - 1), A, 0);
    let report = reader.finish().unwrap();
    assert_eq!(report.trace.err(), Some(FailureToAcquire::OutOfOrder));
}

#[test]
fn a_keyboard_that_appears_during_the_conversation_is_read() {
    let desk = Desk::new();
    let reader = desk.reader();
    let mut typist = desk.keyboard(4, "usb-0000:00:14.0-4/input0");
    // Keys typed before it is open stay in the queue, here as in the kernel's.
    type_keys(&mut typist, &[A]);
    // The node appears last, as in the kernel.
    desk.machine.node(4);
    let opened = (0..20_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        typist.all_read()
    });
    assert!(opened);
    let report = reader.finish().unwrap();
    assert!(report.device.is_new && !report.device.is_virtual);
    assert_eq!(typed(report), "a down, a up, returned");
}

#[test]
fn a_keyboard_that_is_pulled_out_is_told() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    let reader = desk.reader();
    type_keys(&mut typist, &[A]);
    drop(typist);
    let report = reader.finish().unwrap();
    assert_eq!(typed(report), "a down, a up, gone, returned");
}

#[test]
fn an_overrun_is_told() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    let reader = desk.reader();
    typist.overrun(moment());
    assert_eq!(typed(reader.finish().unwrap()), "lost, returned");
}

#[test]
fn a_device_that_never_answers_holds_up_neither_prompt_nor_the_others() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    desk.machine.device(2, "usb-0000:00:14.0-2/input0");
    let reader = desk.reader();
    type_keys(&mut typist, &[A]);
    let report = reader.finish().unwrap();
    assert!(report.incomplete && report.pressed);
    assert_eq!(typed(report), "a down, a up, returned");
}

#[test]
fn hidden_devices_are_told_from_broken_ones() {
    let report = |errors: &[Errno]| {
        let desk = Desk::new();
        for (number, error) in (1..).zip(errors) {
            desk.machine.device(number, "");
            desk.opens_as(number, errno(*error));
        }
        desk.reader().finish().unwrap()
    };
    for hides in [Errno::ENOENT, Errno::EPERM, Errno::EACCES] {
        assert!(report(&[hides]).hidden, "{hides}");
    }
    for breaks in [Errno::EMFILE, Errno::ENODEV, Errno::EIO, Errno::ENOMEM] {
        let report = report(&[breaks]);
        assert!(!report.hidden && report.incomplete, "{breaks}");
    }
    assert!(!report(&[]).hidden, "a machine without keyboards");
}

#[test]
fn who_starts_a_setuid_program_cannot_have_the_devices_denied_to_it() {
    let to = |caller, error| hidden_from(caller, &io::Error::from(error));
    for caller in [false, true] {
        assert_eq!(to(caller, Errno::ENOENT), NotReading::Hidden);
        assert_eq!(to(caller, Errno::EMFILE), NotReading::Failed);
    }
    for denied in [Errno::EPERM, Errno::EACCES] {
        assert_eq!(to(false, denied), NotReading::Hidden);
        assert_eq!(to(true, denied), NotReading::Failed);
    }
}

#[test]
fn one_keyboard_that_can_be_read_is_enough_not_to_be_hidden() {
    let desk = Desk::new();
    let _typist = desk.keyboard(1, "");
    desk.machine.device(2, "usb-0000:00:14.0-2/input0");
    desk.opens_as(2, errno(Errno::EPERM));
    assert!(!desk.reader().finish().unwrap().hidden);
}

#[test]
fn a_machine_whose_devices_cannot_be_listed_hides_them() {
    let nowhere = tempfile::tempdir().unwrap();
    let devices = Devices {
        tree: InputTree::under(nowhere.path()),
        open: Arc::new(|_| errno(Errno::EIO)),
    };
    let refused = Reader::start(&devices, "seat0").err();
    assert_eq!(refused, Some(NotReading::Hidden));
}

#[test]
fn a_dropped_reader_lets_its_keyboards_go() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    drop(desk.reader());
    // The other end is closed when the thread has ended.
    let closed = (0..20_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        typist.hung_up()
    });
    assert!(closed);
}

/// Otherwise whoever pulls it out has pressed no key there.
#[test]
fn a_keyboard_of_another_seat_than_the_first_is_that_seat_s_when_it_is_pulled_out() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    desk.machine.on_seat(1, "seat1");
    let reader = Reader::start(&desk.devices(), "seat1").unwrap();
    type_keys(&mut typist, &[A]);
    desk.machine.unplugged(1);
    drop(typist);
    let report = reader.finish().unwrap();
    assert!(report.pressed);
    assert_eq!(typed(report), "a down, a up, gone, returned");
}

#[test]
fn another_seats_keyboard_that_appeared_is_disowned() {
    let desk = Desk::new();
    let mut typist = desk.keyboard(1, "");
    let mut foreign = desk.keyboard(2, "usb-0000:00:14.0-2/input0");
    let reader = desk.reader();
    type_keys(&mut foreign, &[B]);
    type_keys(&mut typist, &[A]);
    // udev gets to it after the kernel has shown it.
    desk.machine.on_seat(2, "seat1");
    // What becomes of it from now on is nothing to this seat.
    foreign.overrun(moment());
    drop(foreign);
    let report = reader.finish().unwrap();
    assert_eq!(report.model, 101);
    let text = typed(report);
    assert!(
        text.contains("a down") && !text.contains("b down") && !text.contains("lost"),
        "{text}"
    );
}
