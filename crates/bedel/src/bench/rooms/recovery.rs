//! The active server is killed, again and again: how long until the other one answers.

use std::time::{Duration, Instant};

use rooms::keys::Campus as Keys;

use super::load::{ask, semester, solicitation};
use crate::bench::campus::Campus;

/// Kills the active server `kills` times. Each time: from the kill to the final word on a request made just after it.
pub(super) async fn run(campus: &mut Campus, kills: u32) -> anyhow::Result<Vec<Duration>> {
    let program = Keys::programme(1, 1);
    let mut took = Vec::new();
    for kill in 0..kills {
        // Whoever leads has answered, so that connections are as they are in use.
        let before = solicitation(&program, format!("before-kill-{kill}"), semester(6_000, kill), (1, 1))?;
        ask(campus, &before).await?;
        let leader = campus.leader().await?;
        let after = solicitation(&program, format!("after-kill-{kill}"), semester(6_000, kill), (1, 1))?;
        let begun = Instant::now();
        campus.kill(leader).await?;
        ask(campus, &after).await?;
        took.push(begun.elapsed());
        campus.restart(leader).await?;
    }
    Ok(took)
}
