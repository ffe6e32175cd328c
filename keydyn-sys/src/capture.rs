//! The key events of a login at this machine: whose keyboards they are, and what was typed on
//! them while the application waited for its answer.

use keydyn_core::acquire::FailureToAcquire;
use keydyn_core::device::Device;

use crate::place::{Located, Place};
use crate::reader::{Devices, NotReading, Reader, Report};
use crate::source::{Conversation, Heard, KeySource, Whereabouts};
use crate::system;

/// The keyboards of the seat at which a login takes place.
#[derive(Debug)]
pub struct SeatKeyboards {
    devices: Devices,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nobody listens, and this is why.
    Deaf(Whereabouts),
    Listening(Place, Result<Reader, NotReading>),
}

impl Default for SeatKeyboards {
    fn default() -> Self {
        Self::new()
    }
}

impl SeatKeyboards {
    /// The machine's own keyboards; nothing is opened yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            devices: Devices::real(),
            stage: Stage::Deaf(Whereabouts::NotLocal),
        }
    }
}

impl KeySource for SeatKeyboards {
    fn listen(&mut self, conversation: &Conversation<'_>) {
        self.stage = Stage::Deaf(Whereabouts::NotLocal);
        if !system::privileged() {
            self.stage = Stage::Deaf(Whereabouts::Unprivileged);
            return;
        }
        let place = Place::at_start(conversation);
        if let Some(seat) = place.seat() {
            let reader = Reader::start(&self.devices, seat);
            self.stage = Stage::Listening(place, reader);
        }
    }

    fn finish(&mut self) -> Heard {
        let over = Stage::Deaf(Whereabouts::NotLocal);
        match std::mem::replace(&mut self.stage, over) {
            Stage::Deaf(whereabouts) => unheard(whereabouts, FailureToAcquire::NoPress),
            Stage::Listening(place, reader) => {
                let report = reader.and_then(Reader::finish);
                heard(|pressed| place.at_end(pressed), report)
            }
        }
    }
}

fn unheard(whereabouts: Whereabouts, failure: FailureToAcquire) -> Heard {
    Heard {
        whereabouts,
        typing: Err(failure),
        keyboard: 0,
        device: Device::default(),
    }
}

/// Puts together where the conversation took place and what was read meanwhile.
fn heard(located: impl FnOnce(bool) -> Located, report: Result<Report, NotReading>) -> Heard {
    let pressed = report.as_ref().is_ok_and(|report| report.pressed);
    let located = located(pressed);
    if located == Located::NotLocal {
        return unheard(Whereabouts::NotLocal, FailureToAcquire::NoPress);
    }
    match report {
        Err(NotReading::Hidden) | Ok(Report { hidden: true, .. }) => {
            unheard(Whereabouts::Unprivileged, FailureToAcquire::NoPress)
        }
        _ if located == Located::Inactive => {
            unheard(Whereabouts::Local, FailureToAcquire::SeatInactive)
        }
        // Whoever can make a fact fail must not be elsewhere for it.
        _ if located == Located::Unknown => {
            unheard(Whereabouts::Local, FailureToAcquire::SourceFailed)
        }
        Err(NotReading::Failed) => unheard(Whereabouts::Local, FailureToAcquire::SourceFailed),
        // It may have been typed on the keyboard that could not be read.
        Ok(report) if report.incomplete && !pressed => {
            unheard(Whereabouts::Local, FailureToAcquire::SourceFailed)
        }
        Ok(report) => Heard {
            whereabouts: Whereabouts::Local,
            typing: report.trace,
            keyboard: report.model,
            device: report.device,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keydyn_core::trace::Trace;

    fn whole() -> Report {
        Report {
            pressed: true,
            trace: Ok(Trace::default()),
            model: 7,
            device: Device {
                is_virtual: true,
                is_new: false,
            },
            hidden: false,
            incomplete: false,
        }
    }

    fn outcome(
        located: Located,
        report: Result<Report, NotReading>,
    ) -> (Whereabouts, Option<FailureToAcquire>, u32) {
        let heard = heard(|_| located, report);
        // What nobody heard is not doubtful either.
        assert_eq!(heard.device.is_virtual, heard.keyboard != 0);
        (heard.whereabouts, heard.typing.err(), heard.keyboard)
    }

    #[test]
    fn every_place_and_report_has_one_meaning() {
        use FailureToAcquire as F;
        use Located::{Inactive, Local, NotLocal, Unknown};
        use NotReading::{Failed, Hidden};
        use Whereabouts as W;
        let quiet = || Report {
            pressed: false,
            ..whole()
        };
        let late = || Report {
            incomplete: true,
            ..quiet()
        };
        let late_and_typed = || Report {
            incomplete: true,
            ..whole()
        };
        let hidden = || Report {
            hidden: true,
            ..quiet()
        };
        for (located, report, expected) in [
            (Local, Ok(whole()), (W::Local, None, 7)),
            (Local, Ok(quiet()), (W::Local, None, 7)),
            (Local, Ok(late()), (W::Local, Some(F::SourceFailed), 0)),
            (Local, Ok(late_and_typed()), (W::Local, None, 7)),
            (Local, Ok(hidden()), (W::Unprivileged, Some(F::NoPress), 0)),
            (Local, Err(Hidden), (W::Unprivileged, Some(F::NoPress), 0)),
            (Local, Err(Failed), (W::Local, Some(F::SourceFailed), 0)),
            (Inactive, Ok(whole()), (W::Local, Some(F::SeatInactive), 0)),
            (Inactive, Err(Failed), (W::Local, Some(F::SeatInactive), 0)),
            (
                Inactive,
                Err(Hidden),
                (W::Unprivileged, Some(F::NoPress), 0),
            ),
            (Unknown, Ok(whole()), (W::Local, Some(F::SourceFailed), 0)),
            (Unknown, Err(Failed), (W::Local, Some(F::SourceFailed), 0)),
            (Unknown, Err(Hidden), (W::Unprivileged, Some(F::NoPress), 0)),
            (NotLocal, Ok(whole()), (W::NotLocal, Some(F::NoPress), 0)),
            (NotLocal, Err(Failed), (W::NotLocal, Some(F::NoPress), 0)),
        ] {
            let case = format!("{located:?} {report:?}");
            assert_eq!(outcome(located, report), expected, "{case}");
        }
    }

    #[test]
    fn the_rules_of_the_place_hear_whether_a_key_was_pressed() {
        for pressed in [true, false] {
            let mut told = None;
            let report = Report { pressed, ..whole() };
            let _ = heard(
                |pressed| {
                    told = Some(pressed);
                    Located::Local
                },
                Ok(report),
            );
            assert_eq!(told, Some(pressed));
        }
    }
}
