//! The only code that writes to the terminal.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::problems::visible;
use crate::{Error, Result, output};

/// Writes results to stdout, notes and progress to stderr.
pub struct Printer {
    quiet: bool,
    verbose: bool,
}

impl Printer {
    /// `quiet` leaves out notes and progress.
    pub fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose: verbose && !quiet }
    }

    /// Whether only results are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// One line of result on stdout. A closed pipe is not an error of ours.
    pub fn line(&self, text: impl AsRef<str>) {
        let _ = writeln!(std::io::stdout().lock(), "{}", text.as_ref());
    }

    /// A paragraph of result on stdout, broken at spaces so that no line is longer than 100 characters.
    pub fn prose(&self, text: &str) {
        let mut line = String::new();
        for word in visible_words(text) {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > 100 {
                self.line(&line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        self.line(&line);
    }

    /// One line of result that must not be overlooked: red on a terminal, unless `NO_COLOR` is set.
    pub fn alarm(&self, text: &str) {
        // Word by word: only single words that are too long are cut.
        let text = visible_words(text).collect::<Vec<_>>().join(" ");
        match anstream::AutoStream::choice(&std::io::stdout()) {
            anstream::ColorChoice::Never => self.line(text),
            _ => self.line(format!("\u{1b}[1;31m{text}\u{1b}[0m")),
        }
    }

    /// One line beside the result, on stderr.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
        }
    }

    /// One line on stderr for those who asked for more (`-v`).
    pub fn detail(&self, text: impl AsRef<str>) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Bytes of result on stdout. A closed pipe is not an error of ours: the rest goes nowhere.
    pub fn raw(&self) -> impl Write + Send {
        Pipe { out: std::io::BufWriter::new(std::io::stdout()), closed: false }
    }

    /// What went wrong, on stderr.
    pub fn error(&self, error: &Error) {
        let _ = writeln!(std::io::stderr().lock(), "error: {}", error.to_string().trim_end());
    }

    /// A table on stdout: text columns left, the columns from `numbers` on right-aligned.
    pub fn table(&self, head: &[&str], rows: &[Vec<String>], numbers: usize) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(head.iter().map(|h| visible(h)));
        for row in rows {
            table.add_row(row.iter().map(|cell| visible(cell)));
        }
        for (c, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if c >= numbers {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.lines() {
            self.line(line.trim_end());
        }
    }

    /// A progress line on stderr; silent unless stderr is a terminal.
    pub fn progress(&self, message: impl Into<String>) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_style(style(SPINNER)).with_message(message.into());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// Writes `value` as JSON to `target` (`-` = stdout).
    ///
    /// # Errors
    /// As [`output::write_file`].
    pub fn json(&self, target: &Path, value: &impl Serialize, force: bool) -> Result<()> {
        let text = to_json(value)?;
        if target == Path::new("-") {
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            return Ok(());
        }
        output::write_file(target, text.as_bytes(), force)?;
        self.note(format!("wrote {}", target.display()));
        Ok(())
    }
}

/// A progress line without, and with, a known number of steps.
const SPINNER: &str = "{spinner} {msg} [{elapsed}]";
const BAR: &str = "{spinner} [{bar:24}] {msg} [{elapsed}]";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()).progress_chars("=> ")
}

/// Says on a progress line what is being worked on. Where the message counts (`3 of 10`), a bar shows how far it is.
pub fn say(line: &ProgressBar, message: &str) {
    match steps(message) {
        Some((step, all)) => {
            line.set_style(style(BAR));
            line.set_length(all);
            line.set_position(step - 1);
        }
        None => line.set_style(style(SPINNER)),
    }
    line.set_message(message.to_owned());
}

/// The last `k of n` in a message: step k of n has begun.
fn steps(message: &str) -> Option<(u64, u64)> {
    let words: Vec<&str> = message.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let counts = words.windows(3).filter(|w| w[1] == "of");
    let read = |w: &[&str]| Some((w[0].parse::<u64>().ok()?, w[2].parse::<u64>().ok()?));
    counts.filter_map(read).rfind(|(step, all)| (1..=*all).contains(step))
}

/// The words of a text, each with control characters made visible.
fn visible_words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(' ').filter(|word| !word.is_empty()).map(visible)
}

/// Whether `--json` goes to stdout, in place of the tables; before any work, so that a file that exists is refused early.
///
/// # Errors
/// As [`output::refuse_existing`].
pub fn json_target(json: Option<&Path>, force: bool) -> Result<bool> {
    match json {
        Some(target) if target == Path::new("-") => Ok(true),
        Some(target) => output::refuse_existing(target, force).map(|()| false),
        None => Ok(false),
    }
}

/// Pretty JSON with a final newline.
///
/// # Errors
/// [`Error::Bug`] if the value cannot be serialised.
pub fn to_json(value: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value).map_err(|e| Error::Bug(format!("JSON: {e}")))?;
    text.push('\n');
    Ok(text)
}

/// stdout, until its reader goes away.
struct Pipe {
    out: std::io::BufWriter<std::io::Stdout>,
    closed: bool,
}

impl Pipe {
    fn pass<T>(&mut self, result: std::io::Result<T>, otherwise: T) -> std::io::Result<T> {
        match result {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.out.write(bytes);
        self.pass(result, bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.out.flush();
        self.pass(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_counts_moves_a_bar() {
        assert_eq!(steps("fitting overall (3 of 10)"), Some((3, 10)));
        assert_eq!(steps("data set 1 of 4: evaluating quality: fold 2 of 5"), Some((2, 5)));
        assert_eq!(steps("accuracy of 5 scorers"), None);
        assert_eq!(steps("0 of 3"), None);
        let bar = ProgressBar::hidden();
        say(&bar, "fitting overall (3 of 10)");
        assert_eq!((bar.length(), bar.position()), (Some(10), 2));
    }
}
