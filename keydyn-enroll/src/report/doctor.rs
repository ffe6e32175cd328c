//! What `keydyn doctor` has found: a document for programs, and the same in words.

use std::io::{self, Write};

use keydyn_core::printable::printable;
use keydyn_stack::finding::{Finding, Severity};
use serde::Serialize;

use crate::report::counted;
use crate::terminal::paragraph;

/// Everything.
#[derive(Serialize)]
pub(crate) struct Document {
    /// The services that were judged.
    services: Vec<String>,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// The worst first.
    findings: Vec<Finding>,
}

impl Document {
    pub(crate) fn new(services: Vec<String>, findings: Vec<Finding>) -> Self {
        let count = |severity| {
            let those = findings
                .iter()
                .filter(|finding| finding.severity == severity);
            those.count()
        };
        Self {
            services,
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            findings,
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_well(&self) -> bool {
        self.errors + self.warnings == 0
    }

    /// One paragraph a finding, and the sum.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for finding in &self.findings {
            let of = match &finding.services[..] {
                [] => String::new(),
                services => format!(" ({})", services.join(", ")),
            };
            let text = format!("{}{of}: {}", finding.severity.word(), finding.text);
            paragraph(out, &printable(&text), "    ")?;
        }
        paragraph(out, &printable(&self.sum()), "")
    }

    fn sum(&self) -> String {
        let judged = match &self.services[..] {
            [] => "No service was judged".to_owned(),
            services => format!("Judged: {}", services.join(", ")),
        };
        let counted = [
            counted(self.errors, "error"),
            counted(self.warnings, "warning"),
            counted(self.notes, "note"),
        ];
        let verdict = if self.is_well() {
            "Nothing is wrong"
        } else if self.errors == 0 {
            "Nothing is broken, and something is to be looked at"
        } else {
            "Something is wrong"
        };
        format!("{judged}. {verdict}: {}.", counted.join(", "))
    }
}
