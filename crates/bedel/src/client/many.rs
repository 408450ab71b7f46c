//! Several transfers at once: what failed is told at the end, and stopping says how to go on.

use std::fmt::Write as _;

use anyhow::bail;
use futures::{Stream, StreamExt};

use super::command_line::{Invocation, interrupted};
use super::progress::{Board, amount};
use super::session::SessionEnded;

/// How many failures are told one by one.
const TOLD: usize = 50;

/// One transfer's outcome: what it is of, and what came of it.
pub(crate) type Outcome<T> = (String, anyhow::Result<T>);

/// Runs `transfers` to their end, or until somebody stops them. `told` gets what went well, `verb` is "uploaded".
///
/// # Errors
/// With a list of all that failed, and what to do to go on.
pub(crate) async fn run<T>(
    mut transfers: impl Stream<Item = Outcome<T>> + Unpin,
    (count, size, verb): (usize, u64, &str),
    board: &Board,
    mut failed: Vec<(String, anyhow::Error)>,
    mut told: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let again = || Invocation::ours().again(&std::env::current_dir().unwrap_or_default());
    let stopping = interrupted();
    tokio::pin!(stopping);
    let mut done = 0_usize;
    loop {
        let outcome = tokio::select! {
            outcome = transfers.next() => outcome,
            () = &mut stopping => {
                board.end();
                let (reached, size) = (amount(board.reached()), amount(size));
                bail!("stopped: {done} of {count} {verb}, {reached} of {size} have passed. To go on:\n  {}", again());
            }
        };
        match outcome {
            None => break,
            Some((_, Ok(result))) => {
                done += 1;
                board.bars_aside(|| told(result))?;
            }
            Some((what, Err(error))) => {
                board.say(&format!("{what}: failed: {error:#}"));
                let hopeless = error.is::<SessionEnded>();
                failed.push((what, error));
                if hopeless {
                    break;
                }
            }
        }
    }
    board.end();
    if failed.is_empty() {
        return Ok(());
    }
    let mut list = format!("{} of {count} were not {verb}:", count - done);
    for (what, error) in failed.iter().take(TOLD) {
        write!(list, "\n  {what}: {error:#}")?;
    }
    if failed.len() > TOLD {
        write!(list, "\n  and {} more", failed.len() - TOLD)?;
    }
    bail!("{list}\nWhat did arrive is kept. To go on, once that is mended:\n  {}", again())
}
