//! Colours and letters, the same in every chart.

/// What an SVG needs: legible on light and on dark, and apart for those who see few colours (M.
/// Okabe and K. Ito, "Color Universal Design", 2008; darkened or lightened where the ground asks
/// for it). Series differ in their dashes too. No custom properties: not every viewer of SVG
/// knows them.
pub(crate) const SHEET: &str = "\
svg{font:12px system-ui,-apple-system,Segoe UI,sans-serif;color-scheme:light dark}\
.small{font-size:10px}.heading{font-size:13px;font-weight:600}.title{font-size:17px;font-weight:600}\
.frame,.guide{fill:none}.guide{stroke-dasharray:3 3}.mark{stroke-width:1.5;stroke-dasharray:5 3}\
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.thin{stroke-width:1}.whisker{stroke-opacity:.75}\
.area{fill-opacity:.2}.bar{fill-opacity:.75}.guess{fill-opacity:.45}\
.d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 2}.d3{stroke-dasharray:9 3 2 3}.d4{stroke-dasharray:5 2}\
.d5{stroke-dasharray:1 3}.d6{stroke-dasharray:12 3}.d7{stroke-dasharray:4 4}.d8{stroke-dasharray:10 2 2 2 2 2}\
.paper{fill:#fff}text{fill:#1c2430}.faint{fill:#5c6675}\
.rule{stroke:#d5dae1}.axis,.frame,.guide{stroke:#5c6675}.whisker,.mark{stroke:#1c2430}\
.f0{fill:#0068a8}.l0{stroke:#0068a8}.f1{fill:#c24e00}.l1{stroke:#c24e00}.f2{fill:#007d5a}.l2{stroke:#007d5a}\
.f3{fill:#a8477f}.l3{stroke:#a8477f}.f4{fill:#8a6d00}.l4{stroke:#8a6d00}.f5{fill:#3f8fc4}.l5{stroke:#3f8fc4}\
.f6{fill:#444b57}.l6{stroke:#444b57}.f7{fill:#7a52b3}.l7{stroke:#7a52b3}.f8{fill:#6d7f1f}.l8{stroke:#6d7f1f}\
@media screen and (prefers-color-scheme:dark){\
.paper{fill:#14181f}text{fill:#e8ecf1}.faint{fill:#9aa5b3}\
.rule{stroke:#343c48}.axis,.frame,.guide{stroke:#9aa5b3}.whisker,.mark{stroke:#e8ecf1}\
.f0{fill:#56b4e9}.l0{stroke:#56b4e9}.f1{fill:#f0914a}.l1{stroke:#f0914a}.f2{fill:#2fc09a}.l2{stroke:#2fc09a}\
.f3{fill:#dd8fbd}.l3{stroke:#dd8fbd}.f4{fill:#e0c341}.l4{stroke:#e0c341}.f5{fill:#8fd0f7}.l5{stroke:#8fd0f7}\
.f6{fill:#aeb6c2}.l6{stroke:#aeb6c2}.f7{fill:#b79be6}.l7{stroke:#b79be6}.f8{fill:#b5cc5a}.l8{stroke:#b5cc5a}\
}";

/// How many colours and how many dashes there are.
const LOOKS: usize = 9;

/// The classes of a line of this series: 81 look different, the first nine in colour.
pub(crate) fn line(series: usize) -> String {
    let dashes = (series + series / LOOKS) % LOOKS;
    format!("line l{} d{dashes}", series % LOOKS)
}

/// The class of what this series fills.
pub(crate) fn fill(series: usize) -> String {
    format!("f{}", series % LOOKS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn lines_look_different() {
        let looks: BTreeSet<String> = (0..81).map(line).collect();
        assert_eq!(looks.len(), 81);
        for class in looks.iter().flat_map(|look| look.split(' ')) {
            let solid = class == "d0";
            assert!(solid || SHEET.contains(&format!(".{class}{{")), "{class}");
        }
    }
}
