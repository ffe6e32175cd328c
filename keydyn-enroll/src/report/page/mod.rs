//! The result of an evaluation as one page: figures, curves and tables, with nothing to fetch and
//! nothing to run (docs/adr/0022).

mod beside;
mod command;
mod curves;
mod spread;
mod stream;

use std::collections::BTreeMap;

use keydyn_core::eval::data::DataSet;
use keydyn_core::eval::digest::Digest;
use keydyn_core::eval::figures::Figures;
use keydyn_core::eval::fingerprint::fingerprint;
use keydyn_core::printable::printable;

use super::chart::markup::Markup;
use super::chart::style;
use super::comparison::{Baseline, Comparison};
use super::table::Table;
use super::text::{self, Parts};
use super::{Outcome, details, number};

pub(crate) use command::command_line;
pub(crate) use curves::fars;

const SHEET: &str = "\
html{color-scheme:light dark;background:#fff;color:#1c2430}\
body{font:15px/1.5 system-ui,-apple-system,Segoe UI,sans-serif;max-width:1080px;margin:0 auto;padding:24px 20px 60px}\
h1{font-size:25px;line-height:1.25;margin:0 0 8px}h2{font-size:19px;margin:40px 0 6px}\
p{max-width:76ch;margin:6px 0}code{font-size:13px;overflow-wrap:anywhere}.quiet{color:#5c6675}\
.charts{display:flex;flex-wrap:wrap;gap:22px 26px;margin:14px 0}figure{margin:0;max-width:100%}\
svg{max-width:100%;height:auto;display:block}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;margin:8px 0}\
th,td{padding:3px 10px;text-align:right;border-bottom:1px solid #d5dae1}\
th{vertical-align:bottom}td:first-child,th:first-child{text-align:left;padding-left:0}tbody th{font-weight:400;white-space:nowrap}\
td{white-space:nowrap}details{margin:4px 0}summary{cursor:pointer;color:#5c6675;font-size:13px}\
@media screen and (prefers-color-scheme:dark){html{background:#14181f;color:#e8ecf1}\
.quiet,summary{color:#9aa5b3}th,td{border-color:#343c48}}\
@media print{body{max-width:none;padding:0}figure,tr{break-inside:avoid}h2{break-after:avoid}details{display:none}.wide{overflow:visible}}\
";
/// Nothing may be fetched or run, whatever a name in the recording looks like.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What a page is made of.
pub(crate) struct Page<'p> {
    /// What the recording is called.
    pub(crate) file: &'p str,
    /// How the page was asked for.
    pub(crate) command: &'p str,
    pub(crate) data: &'p DataSet,
    pub(crate) outcomes: &'p [Outcome],
    /// One for each outcome.
    pub(crate) digests: &'p [Digest],
    pub(crate) comparisons: &'p [Comparison],
    pub(crate) parts: Parts,
}

/// A detector as the charts show it.
struct Series<'p> {
    number: usize,
    name: String,
    figures: &'p Figures,
    digest: &'p Digest,
}

impl Page<'_> {
    /// The whole page: HTML that is well-formed XML too.
    pub(crate) fn html(&self) -> String {
        let title = format!("keydyn evaluate: {}", printable(self.file));
        let mut page = Markup::default();
        page.within("html", &[("lang", &"en")], |page| {
            page.within("head", &[], |page| {
                page.empty("meta", &[("charset", &"utf-8")]);
                let policy = "Content-Security-Policy";
                page.empty("meta", &[("http-equiv", &policy), ("content", &POLICY)]);
                let width = "width=device-width, initial-scale=1";
                page.empty("meta", &[("name", &"viewport"), ("content", &width)]);
                page.leaf("title", &[], &title);
                page.style(SHEET);
                page.style(style::SHEET);
            });
            page.within("body", &[], |page| {
                page.within("header", &[], |page| self.head(page, &title));
                page.within("main", &[], |page| self.body(page));
            });
        });
        page.behind("<!DOCTYPE html>\n")
    }

    fn head(&self, page: &mut Markup, title: &str) {
        page.leaf("h1", &[], title);
        if let Some(first) = self.outcomes.first() {
            page.leaf(
                "p",
                &[],
                &text::title(self.file, self.data, self.outcomes, &first.figures),
            );
        }
        page.within("p", &[("class", &"quiet")], |page| {
            page.leaf("code", &[], &printable(self.command));
        });
        let version = format!(
            "keydyn {}; typing {}. The same command on the same typing gives this page again.",
            env!("CARGO_PKG_VERSION"),
            &fingerprint(self.data)[..16]
        );
        page.leaf("p", &[("class", &"quiet")], &version);
    }

    fn body(&self, page: &mut Markup) {
        let series: Vec<Series<'_>> = (0..)
            .zip(self.outcomes.iter().zip(self.digests))
            .map(|(number, (outcome, digest))| Series {
                number,
                name: text::label(outcome),
                figures: &outcome.figures,
                digest,
            })
            .collect();
        self.figures(page);
        if self.parts.curve {
            stream::enrolments(page, &series);
            return;
        }
        beside::section(page, &series);
        curves::section(page, &series);
        spread::scores(page, &series);
        stream::section(page, &series);
        spread::users(page, &series);
    }

    fn figures(&self, page: &mut Markup) {
        let intervals = "Means over accounts, 95 % intervals in brackets.";
        heading(page, "Figures", intervals);
        let main = match self.parts.curve {
            true => details::curve(self.outcomes),
            false => text::rates(self.outcomes),
        };
        table(page, &main);
        if let Some(Outcome { figures, .. }) = self.outcomes.first()
            && figures.frr.is_some()
            && !(figures.sittings.is_empty() && figures.keyboards.is_empty())
        {
            table(page, &text::sittings(self.data, figures));
        }
        // What is compared within this run has a section of its own, but for a learning curve.
        let earlier =
            |other: &&Comparison| self.parts.curve || matches!(other.against, Baseline::Earlier(_));
        let earlier: Vec<Comparison> = self.comparisons.iter().filter(earlier).cloned().collect();
        for (caption, further) in text::further(self.outcomes, &earlier, self.parts) {
            page.leaf("p", &[], caption);
            table(page, &further);
        }
        let notes = text::fine_print(self.data, self.outcomes, self.parts);
        for note in notes.into_iter().chain(self.acquired()) {
            page.leaf("p", &[("class", &"quiet")], &note);
        }
    }

    /// How many accounts the figures are over, and what could not be judged: together for
    /// detectors that have both in common. The table of a learning curve has the accounts.
    fn acquired(&self) -> Vec<String> {
        let mut alike: BTreeMap<(u64, usize), Vec<&str>> = BTreeMap::new();
        for Outcome { figures, .. } in self.outcomes {
            if self.parts.curve && figures.failures_to_acquire == 0 {
                continue;
            }
            let key = (figures.failures_to_acquire, figures.accounts);
            let names = alike.entry(key).or_default();
            if !names.contains(&figures.detector.name()) {
                names.push(figures.detector.name());
            }
        }
        let said = alike.into_iter().map(|((failures, accounts), names)| {
            let names = names.join(", ");
            format!("{names}: {accounts} accounts, {failures} failures to acquire.")
        });
        said.collect()
    }
}

fn heading(page: &mut Markup, title: &str, text: &str) {
    page.leaf("h2", &[], title);
    page.leaf("p", &[], text);
}

/// A row of charts.
fn charts(page: &mut Markup, charts: Vec<Markup>) {
    page.within("div", &[("class", &"charts")], |page| {
        for chart in charts {
            page.within("figure", &[], |page| page.part(chart));
        }
    });
}

fn table(page: &mut Markup, table: &Table) {
    let [headings, rows @ ..] = table.lines() else {
        return;
    };
    page.within("div", &[("class", &"wide")], |page| {
        page.within("table", &[], |page| {
            page.within("thead", &[], |page| {
                page.within("tr", &[], |page| {
                    for heading in headings {
                        page.leaf("th", &[("scope", &"col")], heading);
                    }
                });
            });
            page.within("tbody", &[], |page| {
                for row in rows {
                    page.within("tr", &[], |page| {
                        for (i, cell) in row.iter().enumerate() {
                            match i {
                                0 => page.leaf("th", &[("scope", &"row")], cell),
                                _ => page.leaf("td", &[], cell),
                            }
                        }
                    });
                }
            });
        });
    });
}

/// What charts show, in numbers.
fn numbers(page: &mut Markup, of: &Table) {
    page.within("details", &[], |page| {
        page.leaf("summary", &[], "The numbers");
        table(page, of);
    });
}

/// A threshold without the last bits of its calculation.
fn threshold(c: f64) -> String {
    number(if c.abs() < 1e6 {
        (c * 1e6).round() / 1e6
    } else {
        c
    })
}

/// A number of anything, for a place in a drawing.
#[expect(
    clippy::cast_precision_loss,
    reason = "no drawing shows 2^52 of anything"
)]
fn count(n: usize) -> f64 {
    n as f64
}
