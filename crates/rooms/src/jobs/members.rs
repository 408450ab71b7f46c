//! Carries out on this machine what administrators decided, wherever they did.

use std::time::Duration;

use store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::members::Members;

const EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Following {
    pub(crate) members: Members,
    /// Of the reference campus.
    pub(crate) faculties: u32,
    pub(crate) programmes: u32,
}

impl Following {
    pub(crate) async fn once(&self) -> Result<(), StoreError> {
        self.members.note_found(self.faculties, self.programmes).await?;
        self.members.carry_out().await
    }

    pub(crate) async fn run(self, end: CancellationToken) {
        let mut noted = false;
        let mut well = true;
        loop {
            let done = if noted { self.members.carry_out().await } else { self.once().await };
            noted |= done.is_ok();
            if let Err(error) = &done
                && well
            {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(error = %error, cause, "decisions about members cannot be carried out: trying again");
            }
            well = done.is_ok();
            if end.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }
}
