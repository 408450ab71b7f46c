//! How long servers take to answer faculties, for `/metrics`.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use api::prometheus_client::metrics::family::Family;
use api::prometheus_client::metrics::gauge::Gauge;
use api::prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Measured, Step};

/// Which faculty, and which message.
type Labels = [(&'static str, String); 2];
type Seconds = Gauge<f64, AtomicU64>;

/// The answers that faculties of one process got. Clones are the same counts.
#[derive(Debug, Clone)]
pub struct Counts {
    answers: Family<Labels, Histogram, fn() -> Histogram>,
    least: Family<Labels, Seconds>,
    most: Family<Labels, Seconds>,
}

impl Default for Counts {
    fn default() -> Self {
        // 0.25 ms to 8 s: an answer that took a change of leaders is among the last.
        let answers =
            Family::new_with_constructor((|| Histogram::new(exponential_buckets(0.000_25, 2.0, 16))) as fn() -> _);
        Self { answers, least: Family::default(), most: Family::default() }
    }
}

impl Counts {
    /// Shows them with the role's other metrics.
    pub fn register(&self, metrics: &api::Metrics) {
        metrics.register(|registry| {
            registry.register("rooms_answer_seconds", "Time until a server answered", self.answers.clone());
            registry.register(
                "rooms_answer_least_seconds",
                "Shortest time until a server answered",
                self.least.clone(),
            );
            registry.register("rooms_answer_most_seconds", "Longest time until a server answered", self.most.clone());
        });
    }

    /// Counts what `faculty` measures, until it ends.
    pub async fn follow(self, faculty: String, mut measured: UnboundedReceiver<Measured>) {
        while let Some(Measured { step, took }) = measured.recv().await {
            self.count(&faculty, step, took);
        }
    }

    fn count(&self, faculty: &str, step: Step, took: Duration) {
        let labels = [("faculty", faculty.to_owned()), ("message", step.message().to_owned())];
        let seconds = took.as_secs_f64();
        self.answers.get_or_create(&labels).observe(seconds);
        if self.most.get_or_create(&labels).get() < seconds {
            self.most.get_or_create(&labels).set(seconds);
        }
        // A gauge begins with nothing, which no answer takes.
        let least = self.least.get_or_create(&labels).get();
        if least == 0.0 || least > seconds {
            self.least.get_or_create(&labels).set(seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_faculty_and_message() {
        let (counts, metrics) = (Counts::default(), api::Metrics::new("rooms-faculty", "rooms-faculty-1"));
        counts.register(&metrics);
        for millis in [4, 2, 8] {
            counts.count("faculty-01", Step::Solicited, Duration::from_millis(millis));
        }
        counts.count("faculty-02", Step::Acknowledged, Duration::from_millis(1));
        let text = metrics.text().expect("writes");
        let labels = "role=\"rooms-faculty\",replica=\"rooms-faculty-1\",faculty=\"faculty-01\",message=\"SOL\"";
        for line in [
            "seconds_count{LABELS} 3",
            "seconds_sum{LABELS} 0.014",
            "least_seconds{LABELS} 0.002",
            "most_seconds{LABELS} 0.008",
        ] {
            let line = format!("bedel_rooms_answer_{}", line.replace("LABELS", labels));
            assert!(text.contains(&line), "{line} in {text}");
        }
        assert!(text.contains("faculty=\"faculty-02\",message=\"ACK\"} 1"), "{text}");
    }
}
