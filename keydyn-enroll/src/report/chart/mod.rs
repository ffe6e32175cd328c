//! Charts as SVG, written by hand: a text in a browser's own letters and colours, with nothing to
//! fetch and nothing to run (docs/adr/0022).

pub(crate) mod axis;
pub(crate) mod bars;
pub(crate) mod markup;
pub(crate) mod plot;
pub(crate) mod rhythm;
pub(crate) mod style;

/// Where in a drawing something is drawn, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}
