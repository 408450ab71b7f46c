//! What a run found: a row for each route and one for all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The quantiles that are told, and their names.
const QUANTILES: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];

/// What took longer than an hour is told as an hour, in µs.
const LONGEST_US: u64 = 3_600_000_000;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// 201: a new grade.
    Created {
        /// By which route; empty if the answer does not say.
        route: String,
    },
    /// 200: the same grade again, or a correction.
    Repeated {
        /// See [`Outcome::Created`].
        route: String,
    },
    /// 429 or 503 that says when to come again.
    Refused {
        /// When.
        again: Duration,
    },
    /// Anything else.
    Failed(String),
}

/// A row.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// New grades.
    pub(super) created: u64,
    /// The same again, and corrections.
    pub(super) repeated: u64,
    /// Told to come again.
    pub(super) refused: u64,
    /// Not answered, or wrongly.
    pub(super) failed: u64,
    /// How long the answers to the first two took from when they were due, in µs.
    pub(super) times: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        let times = Histogram::new_with_bounds(1, LONGEST_US, 3);
        let times = times.unwrap_or_else(|_| unreachable!("the bounds and three digits are allowed"));
        Self { created: 0, repeated: 0, refused: 0, failed: 0, times }
    }
}

impl Tally {
    fn answered(&self) -> u64 {
        self.created + self.repeated
    }

    fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.repeated += other.repeated;
        self.refused += other.refused;
        self.failed += other.failed;
        self.times += &other.times;
    }

    fn milliseconds(&self, quantile: f64) -> f64 {
        thousandth(self.times.value_at_quantile(quantile))
    }
}

/// µs as ms.
#[expect(clippy::cast_precision_loss, reason = "times below 2^52 µs, which is 142 years")]
fn thousandth(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}

/// What a run found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// By route.
    routes: BTreeMap<String, Tally>,
    /// What has no route: refusals and failures.
    rest: Tally,
    faults: BTreeMap<String, u64>,
    unsent: u64,
    /// How long was to be measured, or until the last answer if that came later.
    length: Duration,
    /// Answers in each second.
    each_second: Vec<u64>,
}

impl Report {
    pub(super) fn new(length: Duration) -> Self {
        Self { length, ..Self::default() }
    }

    /// One request: what became of it, how long after it was due, and how long after the beginning.
    pub(super) fn note(&mut self, outcome: Outcome, took: Duration, after: Duration) {
        let (route, repeated) = match outcome {
            Outcome::Created { route } => (route, false),
            Outcome::Repeated { route } => (route, true),
            Outcome::Refused { .. } => {
                self.rest.refused += 1;
                return;
            }
            Outcome::Failed(why) => {
                self.rest.failed += 1;
                *self.faults.entry(why).or_default() += 1;
                return;
            }
        };
        self.length = self.length.max(after);
        let second = usize::try_from(after.as_secs()).unwrap_or(usize::MAX);
        if second >= self.each_second.len() {
            self.each_second.resize(second + 1, 0);
        }
        self.each_second[second] += 1;
        let tally = self.routes.entry(route).or_default();
        *(if repeated { &mut tally.repeated } else { &mut tally.created }) += 1;
        tally.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A request that was due and never sent.
    pub(super) const fn unsent(&mut self, counts: bool) {
        self.unsent += counts as u64;
    }

    /// How many were never sent.
    #[cfg(test)]
    pub(super) const fn never_sent(&self) -> u64 {
        self.unsent
    }

    /// All routes together.
    pub(super) fn all(&self) -> Tally {
        let mut all = self.rest.clone();
        self.routes.values().for_each(|tally| all.add(tally));
        all
    }

    /// Whether every request was sent and answered, be it that it should come again.
    pub(super) fn is_flawless(&self) -> bool {
        self.rest.failed == 0 && self.unsent == 0
    }

    fn rows(&self) -> Vec<(&str, Tally)> {
        let routes =
            self.routes.iter().map(|(route, tally)| (if route.is_empty() { "?" } else { route.as_str() }, tally));
        routes.map(|(route, tally)| (route, tally.clone())).chain([("all", self.all())]).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
    fn rate(&self, tally: &Tally) -> f64 {
        tally.answered() as f64 / self.length.as_secs_f64()
    }

    /// For people.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "{:<8}{:>10}{:>10}{:>9}{:>8}{:>11}",
            "route", "created", "repeated", "refused", "failed", "answers/s"
        );
        for (name, _) in QUANTILES {
            let _ = write!(text, "{:>9}", format!("{name} ms"));
        }
        for (route, tally) in self.rows() {
            let Tally { created, repeated, refused, failed, .. } = tally;
            let _ = write!(
                text,
                "\n{route:<8}{created:>10}{repeated:>10}{refused:>9}{failed:>8}{:>11.1}",
                self.rate(&tally)
            );
            for (_, quantile) in QUANTILES {
                let _ = write!(text, "{:>9.2}", tally.milliseconds(quantile));
            }
        }
        text.push('\n');
        for (why, count) in &self.faults {
            let _ = writeln!(text, "{count} failed: {why}");
        }
        if self.unsent > 0 {
            let _ = writeln!(text, "{} were due and could not be sent: more connections, or a lower rate", self.unsent);
        }
        text
    }

    /// For spreadsheets.
    pub(super) fn csv(&self) -> String {
        let mut text = "route,created,repeated,refused,failed,answers_per_s,mean_ms".to_owned();
        for (name, _) in QUANTILES {
            let _ = write!(text, ",{name}_ms");
        }
        for (route, tally) in self.rows() {
            let Tally { created, repeated, refused, failed, .. } = tally;
            let (rate, mean) = (self.rate(&tally), tally.times.mean() / 1_000.0);
            let _ = write!(text, "\n{route},{created},{repeated},{refused},{failed},{rate:.1},{mean:.3}");
            for (_, quantile) in QUANTILES {
                let _ = write!(text, ",{:.3}", tally.milliseconds(quantile));
            }
        }
        text.push('\n');
        text
    }

    /// For programs.
    pub(super) fn json(&self, url: &str, rate: Option<u32>, connections: u32) -> Value {
        let rows: serde_json::Map<String, Value> = self
            .rows()
            .into_iter()
            .map(|(route, tally)| {
                let mut row = json!({
                    "created": tally.created,
                    "repeated": tally.repeated,
                    "refused": tally.refused,
                    "failed": tally.failed,
                    "answers_per_s": self.rate(&tally),
                    "mean_ms": tally.times.mean() / 1_000.0,
                });
                for (name, quantile) in QUANTILES {
                    row[format!("{name}_ms")] = tally.milliseconds(quantile).into();
                }
                (route.to_owned(), row)
            })
            .collect();
        json!({
            "url": url,
            "rate": rate,
            "connections": connections,
            "seconds": self.length.as_secs_f64(),
            "routes": rows,
            "unsent": self.unsent,
            "faults": self.faults,
            "each_second": self.each_second,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_tell_the_same() {
        let mut report = Report::new(Duration::from_secs(2));
        let at = Duration::from_millis;
        report.note(Outcome::Created { route: "grpc".to_owned() }, at(4), at(100));
        report.note(Outcome::Repeated { route: "redis".to_owned() }, at(8), at(1_900));
        report.note(Outcome::Refused { again: at(1_000) }, at(1), at(1_950));
        report.note(Outcome::Failed("status 500".to_owned()), at(1), at(1_960));
        let json = report.json("http://campus", None, 3);
        assert_eq!(json["routes"]["all"]["answers_per_s"], 1.0);
        assert_eq!((&json["routes"]["grpc"]["p99_ms"], &json["each_second"]), (&json!(4.001), &json!([1, 1])));
        let csv = report.csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
        assert!(lines[1].starts_with("grpc,1,0,0,0,0.5,4.0"), "{csv}");
        assert!(lines[3].starts_with("all,1,1,1,1,1.0,6.0"), "{csv}");
        let table = report.table();
        assert!(table.contains("1 failed: status 500"), "{table}");
        assert_eq!(table.lines().count(), 5, "{table}");
    }
}
