//! What `/proc` says of a process.

use std::fs;
use std::io;
use std::time::Duration;

/// The fields of `/proc/PID/stat` that supervision needs (proc(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// One letter: `R`, `S`, `D`, `T` (stopped by a signal), `t` (by a debugger), `Z`, `X`.
    pub(crate) state: char,
    /// Processor time used, user and system, in clock ticks.
    pub(crate) ticks: u64,
    /// When it started, in clock ticks since boot: with the pid it names a process for the life of the machine's boot.
    pub(crate) start_time: u64,
}

impl Stat {
    /// Reads a process's line; `None` when there is no such process.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in parentheses may hold anything, parentheses and spaces included: fields are counted from its end.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.get(line.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
        // proc(5) counts from 1 with the state as field 3.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            state: fields.first()?.chars().next()?,
            ticks: number(14)?.checked_add(number(15)?)?,
            start_time: number(22)?,
        })
    }

    /// Stopped by a signal. A process that a debugger holds (`t`) is its owner's business.
    pub(crate) const fn stopped(&self) -> bool {
        self.state == 'T'
    }

    /// Whether it still runs or can run again.
    pub(crate) const fn alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Proportional set size in bytes: private pages plus its share of those it shares. The kernel walks the whole address
/// space for it, so it is not to be asked often.
pub(crate) fn proportional_set_size(pid: i32) -> Option<u64> {
    pss_of(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

fn pss_of(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Names this boot of the machine: a pid and a start time mean nothing across boots.
pub(crate) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// How much time `ticks` are.
pub(crate) fn ticks_to_time(ticks: u64) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(ticks.saturating_mul(1000) / per_second)
}

/// Processes whose environment holds `NAME=value`. Those of other users are not readable and not ours.
pub(crate) fn with_environment(name: &str, value: &str) -> Vec<i32> {
    let wanted = format!("{name}={value}");
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let line =
            "42 (a) S (b)) T 1 42 42 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 1 0 123456 1000 200 18446744073709551615";
        assert_eq!(Stat::parse(line), Some(Stat { state: 'T', ticks: 12, start_time: 123_456 }));
        assert_eq!(Stat::parse("42 (cut"), None);
        assert_eq!(Stat::parse("42 (cut) S 1 2"), None);
    }

    #[test]
    fn this_very_process_is_there() {
        let pid = i32::try_from(std::process::id()).expect("fits");
        let stat = Stat::of(pid).expect("is running");
        assert!(stat.alive() && !stat.stopped());
        assert!(proportional_set_size(pid).expect("is readable") > 0);
        assert!(!boot_id().expect("is readable").is_empty());
    }

    #[test]
    fn the_set_size_is_in_bytes() {
        assert_eq!(pss_of("5581 [rollup]\nRss:  10 kB\nPss:     3 kB\nPss_Anon: 1 kB\n"), Some(3072));
        assert_eq!(pss_of("nothing"), None);
    }
}
