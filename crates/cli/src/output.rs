//! Owns everything a command shows: results on standard output as text or JSON, notes and progress on standard error, and
//! the question before money is spent. Progress and questions appear only on a terminal.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::CliError;

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Silent,
}

/// Where a command's words go.
#[derive(Clone, Debug)]
pub struct Output {
    format: Format,
    is_terminal: bool,
}

impl Output {
    /// The process's own streams.
    pub fn process(json: bool) -> Self {
        let is_terminal = !json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { format: if json { Format::Json } else { Format::Text }, is_terminal }
    }

    /// Nowhere: for callers that use the receipts.
    pub fn silent() -> Self {
        Self { format: Format::Silent, is_terminal: false }
    }

    /// Whether a person watches.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Shows a result.
    pub fn show<T: Serialize>(&self, result: &T, text: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        match self.format {
            Format::Text => write_line(std::io::stdout().lock(), &text(result)),
            Format::Json => {
                let json = serde_json::to_string(result)
                    .map_err(|error| CliError::operation(format!("the result cannot be written as JSON: {error}")))?;
                write_line(std::io::stdout().lock(), &json);
            }
            Format::Silent => {}
        }
        Ok(())
    }

    /// Puts bytes out as they are: scripts and documents.
    pub fn raw(&self, bytes: &[u8]) {
        // A reader that went away is no reason to fail.
        let _ = std::io::stdout().lock().write_all(bytes);
    }

    /// Says something beside the result.
    pub fn note(&self, text: &str) {
        if self.format != Format::Silent {
            write_line(std::io::stderr().lock(), text);
        }
    }

    /// Asks before money is spent. Where nobody can answer, giving the command was the answer.
    pub fn confirm(&self, question: &str, is_answered: bool) -> Result<(), CliError> {
        if is_answered || !self.is_terminal {
            return Ok(());
        }
        let mut stderr = std::io::stderr().lock();
        // A terminal that cannot be written to cannot be answered on either: the empty answer below refuses.
        let _ = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let _ = std::io::stdin().read_line(&mut answer);
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(CliError::operation("nothing was sent: the question was not answered with y")),
        }
    }

    /// A bar of `length` pieces.
    pub fn bar(&self, length: u64) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(length), self.target());
        let template = "{bar:32} {pos}/{len} tiles  {msg}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    }

    /// A wheel that turns while something of unknown length is done.
    pub fn spinner(&self, message: impl Into<String>) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, self.target());
        bar.set_message(message.into());
        if self.is_terminal {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        bar
    }

    fn target(&self) -> ProgressDrawTarget {
        if self.is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
    }
}

/// A reader that went away is no reason to fail, or to panic as `println!` does.
fn write_line(mut stream: impl Write, line: &str) {
    let _ = writeln!(stream, "{line}");
}

/// Rows under headings, columns as wide as their content.
pub fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(headings)];
    lines.extend(rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str()))));
    lines.join("\n")
}

/// Names and values, one per line.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_content() {
        let rows = [["a".to_owned(), "1".to_owned()], ["longer".to_owned(), "2".to_owned()]];
        assert_eq!(table(["name", "n"], &rows), "name    n\na       1\nlonger  2");
    }

    #[test]
    fn where_nobody_watches_nothing_is_asked() {
        assert_eq!(Output::silent().confirm("?", false), Ok(()));
    }
}
