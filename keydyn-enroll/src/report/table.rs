//! Rows and columns for people: side by side where that fits, one below the other where not.

use super::paper::Paper;

/// Between two columns.
const GAP: usize = 2;

/// A table whose first column names the row.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// A line of headings, then a line a row; all of one length.
    lines: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no row.
    pub(super) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|heading| (*heading).to_owned());
        Self {
            lines: vec![headings.collect()],
        }
    }

    /// Adds a row, which has as many cells as there are headings.
    pub(super) fn push(&mut self, row: Vec<String>) {
        self.lines.push(row);
    }

    /// The headings, and then the rows.
    pub(super) fn lines(&self) -> &[Vec<String>] {
        &self.lines
    }

    /// The table on this paper.
    pub(super) fn on(&self, paper: &Paper) -> String {
        let widths = self.widths();
        let whole = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        if paper.holds(whole) {
            self.side_by_side(paper, &widths)
        } else {
            self.stacked(paper)
        }
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.lines.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }

    /// The first column to the left, the others to the right.
    fn side_by_side(&self, paper: &Paper, widths: &[usize]) -> String {
        let mut text = String::new();
        for (number, line) in self.lines.iter().enumerate() {
            let cells = line.iter().zip(widths).enumerate();
            let aligned = cells.map(|(column, (cell, &width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{:GAP$}{cell:>width$}", ""),
            });
            let aligned: String = aligned.collect();
            let heading = number == 0;
            text += &if heading {
                paper.emphasised(&aligned)
            } else {
                aligned
            };
            text.push('\n');
        }
        text
    }

    /// A block a row: its name, and below it a heading and a cell a line.
    fn stacked(&self, paper: &Paper) -> String {
        let [headings, rows @ ..] = &self.lines[..] else {
            return String::new();
        };
        let width = headings.iter().skip(1).map(|h| h.chars().count()).max();
        let width = width.unwrap_or(0);
        let blocks = rows.iter().map(|row| {
            let cells = headings.iter().zip(row).skip(1);
            let lines = cells.map(|(heading, cell)| format!("  {heading:<width$}  {cell}\n"));
            let name = row.first().map_or("", String::as_str);
            format!("{}\n{}", paper.emphasised(name), lines.collect::<String>())
        });
        blocks.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["name", "EER %", "FRR %"]);
        table.push(vec!["a".into(), "1".into(), "-".into()]);
        table.push(vec!["longer".into(), "100.25".into(), "3".into()]);
        table
    }

    fn paper(width: usize) -> Paper {
        Paper {
            width: Some(width),
            bold: false,
        }
    }

    #[test]
    fn columns_are_aligned_where_they_fit() {
        let aligned = "name     EER %  FRR %\na            1      -\nlonger  100.25      3\n";
        assert_eq!(table().on(&paper(21)), aligned);
        let file = Paper {
            width: None,
            bold: false,
        };
        assert_eq!(table().on(&file), aligned);
    }

    #[test]
    fn rows_are_stacked_where_they_do_not() {
        assert_eq!(
            table().on(&paper(20)),
            "a\n  EER %  1\n  FRR %  -\nlonger\n  EER %  100.25\n  FRR %  3\n"
        );
    }
}
