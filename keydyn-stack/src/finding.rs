//! What there is to say of a stack.

use serde::Serialize;

use crate::service::{Entry, Place};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody is locked out, or gets in who must not, or keydyn is not in force.
    Error,
    /// Somebody should look at it.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word in front of a finding.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing to say, once, however many services it is true of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A word for programs.
    pub kind: &'static str,
    /// What is so, what comes of it, what to do.
    pub text: String,
    /// The lines it is about, as `FILE:LINE`.
    pub lines: Vec<String>,
    /// The services it is true of.
    pub services: Vec<String>,
}

impl Finding {
    /// A finding about no line.
    #[must_use]
    pub fn new(severity: Severity, kind: &'static str, text: impl Into<String>) -> Self {
        Self {
            severity,
            kind,
            text: text.into(),
            lines: Vec::new(),
            services: Vec::new(),
        }
    }

    pub(crate) fn about(mut self, lines: &[&Entry]) -> Self {
        self.lines = lines.iter().map(|entry| entry.place.to_string()).collect();
        self
    }

    /// Whether it is the same note, about other lines.
    fn says_the_same(&self, other: &Self) -> bool {
        let bare = |finding: &Self| {
            let (before, behind) = finding.text.split_once(&finding.listed())?;
            Some((before.to_owned(), behind.to_owned()))
        };
        self.severity == Severity::Note
            && self.kind == other.kind
            && !self.lines.is_empty()
            && other.lines.len() == 1
            && bare(self) == bare(other)
    }

    fn take_lines(&mut self, lines: &[String]) {
        let before = self.listed();
        for line in lines {
            if !self.lines.contains(line) {
                self.lines.push(line.clone());
            }
        }
        if self.listed() != before {
            self.text = self.text.replacen(&before, &self.listed(), 1);
        }
    }

    /// Its lines, as the text has them.
    fn listed(&self) -> String {
        self.lines.join(", ")
    }

    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.lines = vec![place.to_string()];
        self
    }
}

/// Puts together what is the same of several services; the worst first.
pub(crate) fn merge(all: &mut Vec<Finding>, findings: Vec<Finding>, service: Option<&str>) {
    for mut finding in findings {
        finding.services.extend(service.map(str::to_owned));
        let same = |known: &&mut Finding| {
            known.severity == finding.severity
                && (known.text == finding.text || known.says_the_same(&finding))
        };
        match all.iter_mut().find(same) {
            Some(known) => {
                known.take_lines(&finding.lines);
                for service in finding.services {
                    if !known.services.contains(&service) {
                        known.services.push(service);
                    }
                }
            }
            None => all.push(finding),
        }
    }
    all.sort_by_key(|finding| finding.severity);
}
