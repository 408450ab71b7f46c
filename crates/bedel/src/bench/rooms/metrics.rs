//! What the faculties measured, from their `/metrics`.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Serialize;

use crate::bench::campus::Campus;

/// How long servers took to answer a faculty's messages of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(super) struct Answers {
    pub(super) count: f64,
    pub(super) mean_ms: f64,
    pub(super) min_ms: f64,
    pub(super) max_ms: f64,
}

/// By faculty: of SOL, and of ACK.
pub(super) type ByFaculty = BTreeMap<String, BTreeMap<String, Answers>>;

/// Reads them.
pub(super) async fn answers(campus: &Campus) -> anyhow::Result<ByFaculty> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let response = client.get(format!("http://{}/metrics", campus.http())).send().await?.error_for_status()?;
    read(&response.text().await?)
}

fn read(text: &str) -> anyhow::Result<ByFaculty> {
    let mut found = ByFaculty::new();
    for line in text.lines() {
        let Some((name, rest)) = line.strip_prefix("bedel_rooms_answer_").and_then(|line| line.split_once('{')) else {
            continue;
        };
        let (labels, value) = rest.split_once("} ").context("a metric without a value")?;
        let label = |wanted: &str| {
            let given = labels.split(',').find_map(|label| label.strip_prefix(wanted)?.strip_prefix("=\""));
            given.and_then(|value| value.strip_suffix('"')).map(str::to_owned)
        };
        let (Some(faculty), Some(message)) = (label("faculty"), label("message")) else { continue };
        let value: f64 = value.split(' ').next().unwrap_or_default().parse().context("a metric that is no number")?;
        let answers = found.entry(faculty).or_default().entry(message).or_default();
        match name {
            "seconds_count" => answers.count = value,
            // The sum for now: the count may come later.
            "seconds_sum" => answers.mean_ms = value * 1e3,
            "least_seconds" => answers.min_ms = value * 1e3,
            "most_seconds" => answers.max_ms = value * 1e3,
            _ => {}
        }
    }
    found.values_mut().flat_map(BTreeMap::values_mut).for_each(|answers| answers.mean_ms /= answers.count.max(1.0));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_faculty_and_message() {
        let labels = "role=\"rooms-faculty\",replica=\"rooms-faculty-1\",faculty=\"faculty-01\",message=\"SOL\"";
        let text = format!(
            "# TYPE bedel_rooms_answer_seconds histogram\nbedel_rooms_answer_seconds_sum{{{labels}}} 0.5\n\
             bedel_rooms_answer_seconds_count{{{labels}}} 100\nbedel_rooms_answer_seconds_bucket{{{labels},le=\"0.1\"}} 7\n\
             bedel_rooms_answer_least_seconds{{{labels}}} 0.001\nbedel_rooms_answer_most_seconds{{{labels}}} 0.02\n\
             bedel_http_requests_total{{}} 1\n# EOF\n"
        );
        let found = read(&text).expect("reads");
        let expected = Answers { count: 100.0, mean_ms: 5.0, min_ms: 1.0, max_ms: 20.0 };
        assert_eq!(found["faculty-01"]["SOL"], expected);
        assert_eq!(found.len(), 1);
    }
}
