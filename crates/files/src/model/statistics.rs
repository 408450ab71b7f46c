//! What transfers amount to, by the hour, the day and the hour of the day.

use kernel::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::transfer::Direction;

const HOUR_MICROS: i64 = 3_600_000_000;

/// What ended in an hour, in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourRow {
    /// Hours since the epoch.
    pub hour: i64,
    /// Which way.
    pub direction: Direction,
    /// Transfers that ended.
    pub transfers: u64,
    /// Those of them that have all their bytes.
    pub done: u64,
    /// Bytes that went over.
    pub bytes: u64,
    /// Those that broke off at least once.
    pub interrupted: u64,
    /// Those of them that were done in the end.
    pub recovered: u64,
}

/// Bytes by direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Volume {
    /// To the campus.
    pub uploaded: u64,
    /// From the campus.
    pub downloaded: u64,
}

/// How transfers that broke off fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Recovery {
    /// Transfers that broke off at least once.
    pub interrupted: u64,
    /// Those of them that were done in the end.
    pub recovered: u64,
}

/// A day, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Day {
    /// The date, `2026-01-31`.
    pub day: String,
    /// Bytes to the campus.
    pub uploaded: u64,
    /// Bytes from the campus.
    pub downloaded: u64,
    /// Transfers that ended.
    pub transfers: u64,
}

/// A file that is downloaded often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Popular {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How often it was downloaded whole, ever.
    pub downloads: u64,
    /// How many bytes of it were sent, ever.
    pub bytes: u64,
}

/// What transfers amount to. Hours and days are those in which transfers ended, in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// Bytes.
    pub volume: Volume,
    /// Transfers that ended.
    pub transfers: u64,
    /// The part of them that have all their bytes, 0 to 1; `null` without transfers.
    #[schema(required)]
    pub success_rate: Option<f64>,
    /// How those that broke off fared.
    pub recovered_after_interruption: Recovery,
    /// Each day, oldest first, today last.
    pub by_day: Vec<Day>,
    /// Transfers by the hour of the day, 24 numbers.
    pub by_hour_of_day: Vec<u64>,
    /// The files downloaded most often.
    pub top: Vec<Popular>,
}

/// The first hour (since the epoch) of the last `days` days, today being one.
#[must_use]
pub fn first_hour(now: Timestamp, days: u32) -> i64 {
    let today = now.as_micros().div_euclid(24 * HOUR_MICROS);
    (today + 1 - i64::from(days)) * 24
}

impl Statistics {
    /// Adds hours up.
    #[must_use]
    pub fn of(rows: &[HourRow], now: Timestamp, days: u32, top: Vec<Popular>) -> Self {
        let first = first_hour(now, days);
        let date = |index: i64| {
            let at = Timestamp::from_micros((first + index * 24).saturating_mul(HOUR_MICROS)).to_string();
            at.get(..10).unwrap_or_default().to_owned()
        };
        let mut by_day: Vec<Day> = (0..i64::from(days))
            .map(|index| Day { day: date(index), uploaded: 0, downloaded: 0, transfers: 0 })
            .collect();
        let mut by_hour_of_day = vec![0; 24];
        let (mut volume, mut recovery) = (Volume::default(), Recovery::default());
        let (mut transfers, mut done) = (0, 0);
        for row in rows {
            // A replica's clock may run ahead of this one's: its hours count when they have come.
            let Some(day) = usize::try_from((row.hour - first).div_euclid(24)).ok().and_then(|at| by_day.get_mut(at))
            else {
                continue;
            };
            transfers += row.transfers;
            done += row.done;
            day.transfers += row.transfers;
            recovery.interrupted += row.interrupted;
            recovery.recovered += row.recovered;
            match row.direction {
                Direction::Upload => {
                    volume.uploaded += row.bytes;
                    day.uploaded += row.bytes;
                }
                Direction::Download => {
                    volume.downloaded += row.bytes;
                    day.downloaded += row.bytes;
                }
            }
            if let Some(sum) = usize::try_from(row.hour.rem_euclid(24)).ok().and_then(|at| by_hour_of_day.get_mut(at)) {
                *sum += row.transfers;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let success_rate = (transfers > 0).then(|| done as f64 / transfers as f64);
        Self { volume, transfers, success_rate, recovered_after_interruption: recovery, by_day, by_hour_of_day, top }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_become_days_and_hours_of_the_day() {
        let now = Timestamp::from_micros(1_700_000_000_000_000); // 2023-11-14T22:13:20Z
        let this = now.as_seconds() / 3600;
        let row = |hour, direction, transfers, done| HourRow {
            hour,
            direction,
            transfers,
            done,
            bytes: transfers * 10,
            interrupted: transfers - done,
            recovered: 0,
        };
        let rows = [
            row(this, Direction::Upload, 3, 2),
            row(this - 24, Direction::Download, 5, 5),
            row(this - 24 * 7, Direction::Download, 100, 1),
            row(this + 48, Direction::Download, 100, 1),
        ];
        let seen = Statistics::of(&rows, now, 2, Vec::new());
        assert_eq!(seen.volume, Volume { uploaded: 30, downloaded: 50 });
        assert_eq!((seen.transfers, seen.success_rate), (8, Some(0.875)));
        assert_eq!(seen.recovered_after_interruption, Recovery { interrupted: 1, recovered: 0 });
        let days: Vec<_> = seen.by_day.iter().map(|day| (day.day.as_str(), day.transfers)).collect();
        assert_eq!(days, [("2023-11-13", 5), ("2023-11-14", 3)]);
        assert_eq!((seen.by_hour_of_day.len(), seen.by_hour_of_day[22]), (24, 8));
        assert_eq!(Statistics::of(&[], now, 1, Vec::new()).success_rate, None);
    }
}
