//! Lays words and numbers out in columns for a terminal.
//!
//! Widths are counted in characters. Rules are ASCII, so that a table survives a mail and a ticket.

/// Between two columns.
const GAP: &str = "  ";

/// A table in the making: a header, lines, and a rule where one is asked for.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    columns: Vec<(String, Align)>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
enum Line {
    Rule,
    Cells(Vec<String>),
}

/// On which side the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

impl Grid {
    /// A table without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column. Columns come before lines.
    pub fn column(&mut self, title: &str, align: Align) {
        self.columns.push((title.to_owned(), align));
    }

    /// Adds a line; cells that are missing are blank, cells beyond the last column are left out.
    pub fn line(&mut self, cells: Vec<String>) {
        self.lines.push(Line::Cells(cells));
    }

    /// Adds a rule.
    pub fn rule(&mut self) {
        self.lines.push(Line::Rule);
    }

    /// The table, with a rule below the titles, each line ended by a line feed and without blanks at its end. A column
    /// without any text in its cells and its title is left out.
    pub fn render(&self) -> String {
        let titles: Vec<String> = self.columns.iter().map(|(title, _)| title.clone()).collect();
        let widths: Vec<usize> = (0..self.columns.len()).map(|index| self.width(index, &titles)).collect();
        let rule = self.under(&widths);
        let mut text = self.write(&titles, &widths);
        text.push_str(&rule);
        for line in &self.lines {
            match line {
                Line::Rule => text.push_str(&rule),
                Line::Cells(cells) => text.push_str(&self.write(cells, &widths)),
            }
        }
        text
    }

    fn width(&self, index: usize, titles: &[String]) -> usize {
        let cells = self.lines.iter().filter_map(|line| match line {
            Line::Rule => None,
            Line::Cells(cells) => cells.get(index),
        });
        cells.chain(titles.get(index)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn write(&self, cells: &[String], widths: &[usize]) -> String {
        let mut parts = Vec::new();
        for (index, ((_, align), &width)) in self.columns.iter().zip(widths).enumerate() {
            let cell = cells.get(index).map_or("", String::as_str);
            if width > 0 {
                parts.push(match align {
                    Align::Left => format!("{cell:<width$}"),
                    Align::Right => format!("{cell:>width$}"),
                });
            }
        }
        format!("{}\n", parts.join(GAP).trim_end())
    }

    /// Dashes under each title.
    fn under(&self, widths: &[usize]) -> String {
        let dashes = |((title, _), &width): (&(String, Align), &usize)| {
            if title.is_empty() { String::new() } else { "-".repeat(width) }
        };
        let dashes: Vec<String> = self.columns.iter().zip(widths).map(dashes).collect();
        self.write(&dashes, widths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_words_left_and_blank_columns_are_left_out() {
        let mut grid = Grid::new();
        grid.column("café", Align::Left);
        grid.column("n", Align::Right);
        grid.column("", Align::Left);
        grid.line(vec!["ü".to_owned(), "10".to_owned(), String::new()]);
        grid.rule();
        grid.line(vec!["total".to_owned()]);
        assert_eq!(grid.render(), "café    n\n-----  --\nü      10\n-----  --\ntotal\n");
    }
}
