//! Markup that is balanced and escaped by the way it is written: SVG by itself, or HTML that is
//! well-formed XML too.

use std::fmt::{self, Display, Write as _};

/// Names and values; a value is escaped like any other text.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

/// A text of elements that is built up.
#[derive(Debug, Default)]
pub(crate) struct Markup(String);

impl Markup {
    /// An element with nothing in it.
    pub(crate) fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.0.push_str("/>\n");
    }

    /// An element with a text in it.
    pub(crate) fn leaf(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.begin(name, attributes);
        self.0.push('>');
        self.0.push_str(&escaped(text));
        self.end(name);
    }

    /// An element with whatever is written in the meantime.
    pub(crate) fn within(
        &mut self,
        name: &str,
        attributes: Attributes<'_>,
        inner: impl FnOnce(&mut Self),
    ) {
        self.begin(name, attributes);
        self.0.push_str(">\n");
        inner(self);
        self.end(name);
    }

    /// A drawing of this width and height whose title and text stand in it under this name.
    pub(crate) fn drawing(
        (width, height): (f64, f64),
        id: &str,
        inner: impl FnOnce(&mut Self),
    ) -> Self {
        let mut drawing = Self::default();
        drawing.within(
            "svg",
            &[
                ("viewBox", &format!("0 0 {} {}", Px(width), Px(height))),
                ("width", &Px(width)),
                ("height", &Px(height)),
                ("role", &"img"),
                ("aria-labelledby", &format!("{id}-title {id}-text")),
            ],
            inner,
        );
        drawing
    }

    /// A style sheet of ours. It has none of the characters that would be escaped: HTML, unlike
    /// XML, takes a style sheet as it stands.
    pub(crate) fn style(&mut self, sheet: &'static str) {
        debug_assert_eq!(escaped(sheet), sheet, "a sheet without quotes and signs");
        self.leaf("style", &[], sheet);
    }

    /// Something that is markup already.
    pub(crate) fn part(&mut self, part: Self) {
        self.0.push_str(&part.0);
    }

    /// All of it, behind this declaration.
    pub(crate) fn behind(self, declaration: &'static str) -> String {
        declaration.to_owned() + &self.0
    }

    fn begin(&mut self, name: &str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            // Writing to a String cannot fail.
            let _ = write!(self.0, " {attribute}=\"{}\"", escaped(&value.to_string()));
        }
    }

    fn end(&mut self, name: &str) {
        let _ = writeln!(self.0, "</{name}>");
    }
}

/// A length or a place in a drawing, to a tenth of a pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the sign of a zero.
        let tenths = (self.0 * 10.0).round() + 0.0;
        if tenths % 10.0 == 0.0 {
            write!(f, "{:.0}", tenths / 10.0)
        } else {
            write!(f, "{:.1}", tenths / 10.0)
        }
    }
}

/// The text with nothing in it that would be markup, or that XML cannot hold at all.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_balanced_and_escaped() {
        let mut markup = Markup::default();
        markup.within("g", &[("class", &"a\"b<c")], |markup| {
            markup.leaf("text", &[("x", &Px(-0.04))], "</text><script>'&\u{1}");
            markup.empty("rect", &[("width", &Px(12.25)), ("height", &Px(3.0))]);
        });
        assert_eq!(
            markup.behind(""),
            "<g class=\"a&quot;b&lt;c\">\n\
             <text x=\"0\">&lt;/text&gt;&lt;script&gt;&#39;&amp;\u{fffd}</text>\n\
             <rect width=\"12.3\" height=\"3\"/>\n</g>\n"
        );
    }
}
