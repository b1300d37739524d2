//! What was measured, as people read it.

use std::fmt::{self, Display, Write as _};
use std::fs;
use std::path::Path;

use crate::plot::Plot;

/// What a chapter found.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Its title.
    pub(crate) title: &'static str,
    /// What was measured, and how.
    pub(crate) how: String,
    /// The figures.
    pub(crate) table: Table,
    /// How they grow.
    pub(crate) plots: Vec<Plot>,
    /// What they must not be more than.
    pub(crate) bars: Vec<Bar>,
}

/// Figures in rows.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new<const COLUMNS: usize>(head: [&str; COLUMNS]) -> Self {
        Self { head: head.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, row: impl IntoIterator<Item = String>) {
        let row: Vec<_> = row.into_iter().collect();
        assert_eq!(row.len(), self.head.len(), "a row has what the head names");
        self.rows.push(row);
    }
}

/// As Markdown, with columns that stand straight on a terminal, too.
impl Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| lines().map(|line| line[column].chars().count()).max().unwrap_or(0).max(3))
            .collect();
        for (number, line) in lines().enumerate() {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(formatter, "| {cell:<width$} ")?,
                    _ => write!(formatter, "| {cell:>width$} ")?,
                }
            }
            writeln!(formatter, "|")?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let end = if column == 0 { "-" } else { ":" };
                    write!(formatter, "|{}{end}", "-".repeat(width + 1))?;
                }
                writeln!(formatter, "|")?;
            }
        }
        Ok(())
    }
}

/// The most that something may be.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    /// What is measured.
    pub(crate) what: String,
    /// What it is.
    pub(crate) measured: f64,
    /// The most that it may be.
    pub(crate) most: f64,
    /// Of what.
    pub(crate) unit: &'static str,
}

impl Bar {
    /// Whether it is no more than it may be.
    pub(crate) fn holds(&self) -> bool {
        self.measured <= self.most
    }
}

impl Display for Bar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, measured, most, unit } = self;
        write!(formatter, "{what}: {}{unit}, may be {most}{unit}", figure(*measured))
    }
}

/// A number with as many digits as it is good for.
pub(crate) fn figure(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A chapter as Markdown.
pub(crate) fn chapter(measured: &Measured) -> String {
    let Measured { title, how, table, plots, bars } = measured;
    let mut text = format!("\n## {title}\n\n{how}\n\n{table}");
    for bar in bars {
        let _ = write!(text, "\n{}{bar}\n", if bar.holds() { "Bar: " } else { "**Bar not reached:** " });
    }
    for plot in plots {
        let _ = write!(text, "\n![{}]({})\n", plot.title, plot.file);
    }
    text
}

/// Writes the page and its plots, and by which command.
pub(crate) fn write(folder: &Path, command: &str, machine: &[String], chapters: &[Measured]) {
    let mut page = format!(
        "# Measured\n\nWritten by `{command}`, on the local stack: real functions, HTTP, sockets, and the embedded store.\n\
         One machine is driver, gateway, functions and store at once. Nothing here was measured on AWS.\n\n",
    );
    machine.iter().for_each(|line| page += &format!("- {line}\n"));
    page += "\n| bar | measured | may be |   |\n|---|---:|---:|---|\n";
    for Bar { what, measured, most, unit } in chapters.iter().flat_map(|chapter| &chapter.bars) {
        let holds = if measured <= most { "" } else { "**not reached**" };
        let _ = writeln!(page, "| {what} | {}{unit} | {most}{unit} | {holds} |", figure(*measured));
    }
    chapters.iter().for_each(|measured| page += &chapter(measured));
    fs::create_dir_all(folder).expect("a folder for results");
    fs::write(folder.join("README.md"), page).expect("a page of results");
    for plot in chapters.iter().flat_map(|chapter| &chapter.plots) {
        plot.draw(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_that_stands_straight() {
        let mut table = Table::new(["what", "ms"]);
        table.add(["a ping".to_owned(), "0.5".to_owned()]);
        table.add(["a", "12.25"].map(str::to_owned));
        let expected = "| what   |    ms |\n|--------|------:|\n| a ping |   0.5 |\n| a      | 12.25 |\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn figures_have_the_digits_that_they_are_good_for() {
        assert_eq!([0.125, 9.5, 12.34, 123.4].map(figure), ["0.12", "9.50", "12.3", "123"]);
    }

    #[test]
    fn a_bar_holds_up_to_its_height() {
        let bar = |measured| Bar { what: "size".to_owned(), measured, most: 9.0, unit: " MB" };
        assert!(bar(9.0).holds() && !bar(9.01).holds());
        assert_eq!(bar(8.5).to_string(), "size: 8.50 MB, may be 9 MB");
    }
}
