//! What the service counts itself, for `/metrics`.

use api::prometheus_client::metrics::counter::Counter;

/// Counts of one replica. Clones are the same counts.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    bytes: Counter,
    files: Counter,
    rounds: Counter,
    damaged: Counter,
    healed: Counter,
}

impl Counts {
    /// Shows them with the role's other metrics.
    pub fn register(&self, metrics: &api::Metrics) {
        metrics.register(|registry| {
            for (name, help, counter) in [
                ("files_scrub_bytes", "Bytes that were read again", &self.bytes),
                ("files_scrub_files", "Files that were read again to their end", &self.files),
                ("files_scrub_rounds", "Times that every file had been read again", &self.rounds),
                ("files_scrub_damaged", "Files that were found damaged", &self.damaged),
                ("files_scrub_healed", "Damaged files that were found whole again", &self.healed),
            ] {
                registry.register(name, help, counter.clone());
            }
        });
    }

    pub(crate) fn read(&self, bytes: u64) {
        self.bytes.inc_by(bytes);
    }

    pub(crate) fn file_was_read(&self) {
        self.files.inc();
    }

    pub(crate) fn round_is_over(&self) {
        self.rounds.inc();
    }

    pub(crate) fn found_damaged(&self) {
        self.damaged.inc();
    }

    pub(crate) fn found_healed(&self) {
        self.healed.inc();
    }
}
