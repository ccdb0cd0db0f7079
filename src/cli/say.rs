//! What reaches a terminal or a log. A message that cannot be written fails nothing, and no name in it moves a cursor.

use std::io::{ErrorKind, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// What a line begins with that a person should look at.
pub(super) const WARNING: &str = "warning: ";

/// The lines so far, without what tells a warning.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn said() -> MutexGuard<'static, Vec<String>> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many of a noun: `1 run`, `2 runs`.
pub(super) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Prints a message as one line on standard error. Where that is closed or full the line is lost, and the work goes on.
pub(super) fn line(text: &str) {
    let _ = std::io::stderr().lock().write_all((one_line(text) + "\n").as_bytes());
    said().push(text.strip_prefix(WARNING).unwrap_or(text).to_owned());
}

/// Prints an error with its causes on standard error; what was said before is not said again.
pub(super) fn error(error: &Error) {
    let mut text = one_line(&without(&format!("boldly: {error}"), &said()));
    let mut cause = error.fault().and_then(|f| std::error::Error::source(f));
    while let Some(below) = cause {
        text.push_str(&format!("\n  because: {}", one_line(&below.to_string())));
        cause = below.source();
    }
    let _ = std::io::stderr().lock().write_all((text + "\n").as_bytes());
}

/// A text without those of its parts, behind `; `, that are lines which were said.
fn without(text: &str, said: &[String]) -> String {
    let mut text = text.to_owned();
    for line in said {
        let part = format!("; {line}");
        let is_whole = |&(at, _): &(usize, &str)| {
            let after = &text[at + part.len()..];
            after.is_empty() || after.starts_with("; ")
        };
        if let Some((at, _)) = text.match_indices(&part).find(is_whole) {
            text.replace_range(at..at + part.len(), "");
        }
    }
    text
}

/// Prints help, the version, or what is wrong with a command line; the exit code.
pub(super) fn usage(usage: &clap::Error) -> u8 {
    let code = u8::try_from(usage.exit_code()).unwrap_or(2);
    let is_plain = |a: std::ffi::OsString| !a.to_string_lossy().contains(is_unseen);
    let said = if std::env::args_os().all(is_plain) {
        usage.print() // with colours
    } else {
        std::io::stderr().lock().write_all(lines(&usage.render().to_string()).as_bytes())
    };
    let is_message = usage.use_stderr();
    match said {
        Err(e) if !is_message && e.kind() != ErrorKind::BrokenPipe => 74,
        _ => code,
    }
}

/// Prints a result on standard output; a closed pipe is not an error.
///
/// # Errors
/// Output errors.
pub(super) fn result(text: &str) -> Result<()> {
    plain(lines(text).as_bytes())
}

/// Prints bytes that another program reads on standard output, as they are; a closed pipe is not an error.
///
/// # Errors
/// Output errors.
pub(super) fn plain(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::output("standard output", "cannot be written", "be writable", "")
                .caused_by(e))
        }
        _ => Ok(()),
    }
}

/// Prints a value as one line of JSON on standard output.
///
/// # Errors
/// Output errors.
pub(super) fn json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|e| {
        Error::internal("the result", "cannot be written as JSON", "be serialisable", "")
            .caused_by(e)
    })?;
    // Within a string JSON may spell any character so, and outside of strings none of these stands.
    let spelled = |c: char| match c {
        c if is_unseen(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    result(&(text.chars().map(spelled).collect::<String>() + "\n"))
}

/// Text whose line feeds and other characters that are not seen are spelled out: `\u{1b}`.
pub(super) fn one_line(text: &str) -> String {
    spelled(text, is_unseen)
}

/// The same, line feeds kept.
fn lines(text: &str) -> String {
    spelled(text, |c| is_unseen(c) && c != '\n')
}

fn spelled(text: &str, which: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if which(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// A control character, or one that turns the direction of what follows: all of them fit four hexadecimal digits.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_again_nothing_that_was_said() {
        let said = ["b: 1 row; line 2", "near"].map(str::to_owned);
        let error = "a is wrong; mend it; b: 1 row; line 2; nearly; near";
        assert_eq!(without(error, &said), "a is wrong; mend it; nearly");
        assert_eq!(without("a is wrong", &said), "a is wrong");
    }

    #[test]
    fn what_is_not_seen_is_spelled_and_what_is_seen_stays() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\n\u{9b}c\u{7f}"), r"a\u{1b}[2Jb\u{d}\u{a}\u{9b}c\u{7f}");
        assert_eq!(one_line("t\u{202e}vst.nii"), r"t\u{202e}vst.nii");
        assert_eq!(lines("é R² ü\nb\u{7}"), "é R² ü\nb\\u{7}");
    }
}
