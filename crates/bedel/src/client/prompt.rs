//! Questions on the terminal.

use std::io::{IsTerminal, Read, Write, stderr, stdin};
use std::os::fd::AsFd;

use anyhow::{Context, bail};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Asks for one line.
///
/// # Errors
/// If there is no terminal: `instead` says what to do then.
pub(super) fn ask(question: &str, instead: &str) -> anyhow::Result<String> {
    asked(question, instead, true)
}

/// Asks for a password, which is not shown.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_secretly(question: &str, instead: &str) -> anyhow::Result<String> {
    asked(question, instead, false)
}

/// Reads a password from standard input, to its end.
///
/// # Errors
/// If that is not possible.
pub(super) fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    stdin().read_to_string(&mut text).context("the password could not be read from standard input")?;
    Ok(line_of(&text))
}

fn asked(question: &str, instead: &str, echo: bool) -> anyhow::Result<String> {
    if !stdin().is_terminal() {
        bail!("there is no terminal to ask on: {instead}");
    }
    let input = stdin();
    let before = tcgetattr(input.as_fd())?;
    if !echo {
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(input.as_fd(), OptionalActions::Now, &silent)?;
    }
    // Not before: whoever answers at once would be shown.
    eprint!("{question}");
    stderr().flush()?;
    let mut answer = String::new();
    let outcome = input.read_line(&mut answer);
    if !echo {
        tcsetattr(input.as_fd(), OptionalActions::Now, &before)?;
        eprintln!();
    }
    outcome?;
    Ok(line_of(&answer))
}

fn line_of(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).to_owned()
}
