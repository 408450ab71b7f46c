//! Table 3 as Markdown, everything as CSV and JSON, and the plots.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use kernel::data_dir::replace_file;

use super::LOADS;
use super::figures::Figures;
use super::metrics::Answers;
use crate::bench::svg::{self, Bar, Bars, Line};

const MIB: f64 = 1_048_576.0;

/// A row of Table 3: its name, and its value in a column.
type Row = (&'static str, fn(&Figures) -> String);

const ROWS: [Row; 14] = [
    ("each asks for, classrooms + laboratories", |one| format!("{} + {}", one.classrooms, one.labs)),
    ("server to faculty, SOL → PROP: mean, ms", |one| format!("{:.2}", one.proposal.mean_ms)),
    ("… minimum – maximum, ms", |one| range(one.proposal)),
    ("server to faculty, ACK → RES: mean, ms", |one| format!("{:.2}", one.resolution.mean_ms)),
    ("… minimum – maximum, ms", |one| range(one.resolution)),
    ("programme to final word: mean, ms", |one| format!("{:.2}", one.programme.mean_ms)),
    ("… p50 / p99, ms", |one| format!("{:.2} / {:.2}", one.programme.p50_ms, one.programme.p99_ms)),
    ("requests satisfied", |one| one.satisfied.to_string()),
    ("requests not satisfied", |one| one.not_satisfied.to_string()),
    ("… a programme, satisfied / not, mean", |one| {
        let each = f64::from(one.programmes);
        format!("{:.1} / {:.1}", f64::from(one.satisfied) / each, f64::from(one.not_satisfied) / each)
    }),
    ("requests per second", |one| format!("{:.0}", one.requests_per_s)),
    ("recovery after `kill -9`: p50 / most, ms", |one| {
        format!("{:.0} / {:.0}", one.recovery.p50_ms, one.recovery.max_ms)
    }),
    ("CPU of servers and faculties, ms a request", |one| {
        let spent: f64 = one.usage.iter().filter(|used| used.process != "programmes").map(|used| used.cpu_s).sum();
        format!("{:.2}", spent * 1e3 / f64::from((one.satisfied + one.not_satisfied).max(1)))
    }),
    ("memory of a server, most, MiB", |one| {
        let servers = one.usage.iter().filter(|used| used.process.starts_with("server"));
        format!("{:.0}", mib(servers.map(|used| used.peak_memory_bytes).max().unwrap_or(0)))
    }),
];

fn range(answers: Answers) -> String {
    format!("{:.2} – {:.2}", answers.min_ms, answers.max_ms)
}

fn mib(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) * 1024.0 / MIB
}

/// Table 3.
pub(super) fn table(measured: &[Figures]) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = measured.iter().map(|one| format!("{}, {}", one.pattern, one.load));
    let mut table = row(std::iter::once(String::new()).chain(heads).collect());
    table += &format!("|---|{}\n", "---:|".repeat(measured.len()));
    for (name, value) in ROWS {
        table += &row(std::iter::once(name.to_owned()).chain(measured.iter().map(value)).collect());
    }
    table
}

/// Writes `rooms.md`, `rooms.csv`, `rooms.json` and the plots into `folder`.
pub(super) fn write(folder: &Path, measured: &[Figures]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let plots = [
        ("rooms-times.svg", "Mean times, with the least and the most", times(measured)),
        ("rooms-rate.svg", "Requests a second", rate(measured)),
        (
            "rooms-cpu.svg",
            "Processor time of the processes",
            over_time(measured, "CPU", "% of a core", |at| at.cpu_percent),
        ),
        (
            "rooms-memory.svg",
            "Memory of the processes",
            over_time(measured, "Memory", "MiB", |at| mib(at.memory_bytes)),
        ),
    ];
    let mut files = vec![
        ("rooms.md", text(measured, &plots)),
        ("rooms.csv", csv(measured)),
        ("rooms.json", serde_json::to_string_pretty(measured)? + "\n"),
    ];
    files.extend(plots.into_iter().map(|(file, _, plot)| (file, plot)));
    for (file, contents) in files {
        let path = folder.join(file);
        replace_file(&path, contents.as_bytes()).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn text(measured: &[Figures], plots: &[(&str, &str, String)]) -> String {
    let rounds = measured.first().map_or(0, |one| (one.satisfied + one.not_satisfied) / one.programmes.max(1));
    let kills = measured.first().map_or(0, |one| one.recovery.count);
    let mut text = format!(
        "# Rooms: Table 3\n\nBoth patterns under three loads: two servers on one SQLite database (`synchronous=FULL`), one \
         process of faculties, CURVE on both\nlinks, all on loopback. The programmes of a load ask at the same time, {rounds} \
         rounds, each for a semester of its own\nand by a connection of its own, as `bedel rooms request` does. Then the active \
         server is killed {kills} times. Made by `bedel bench rooms`.\n\n{}\n## Response times by faculty\n\n",
        table(measured)
    );
    text += "| pattern | load | faculty | SOL → PROP mean (min – max), ms | ACK → RES mean (min – max), ms |\n|---|---|---|---:|---:|\n";
    for one in measured {
        for (faculty, messages) in &one.by_faculty {
            let shown = |message| {
                let answers: Answers = messages.get(message).copied().unwrap_or_default();
                format!("{:.2} ({})", answers.mean_ms, range(answers))
            };
            // Writing to a string cannot fail.
            let _ =
                writeln!(text, "| {} | {} | {faculty} | {} | {} |", one.pattern, one.load, shown("SOL"), shown("ACK"));
        }
    }
    text += "\nThe times of every programme, and what each process used, are in `rooms.csv` and `rooms.json`.\n";
    for (file, title, _) in plots {
        let _ = write!(text, "\n![{title}]({file})\n");
    }
    text
}

/// One figure a line.
fn csv(measured: &[Figures]) -> String {
    let mut lines = String::from("pattern,load,of,name,figure,value\n");
    for one in measured {
        let mut add = |of: &str, name: &str, figures: &[(&str, f64)]| {
            for (figure, value) in figures {
                let _ = writeln!(lines, "{},{},{of},{name},{figure},{value:.3}", one.pattern, one.load);
            }
        };
        let (satisfied, not_satisfied) = (f64::from(one.satisfied), f64::from(one.not_satisfied));
        let all = [
            ("satisfied", satisfied),
            ("not_satisfied", not_satisfied),
            ("seconds", one.seconds),
            ("requests_per_s", one.requests_per_s),
            ("final_mean_ms", one.programme.mean_ms),
            ("final_min_ms", one.programme.min_ms),
            ("final_p50_ms", one.programme.p50_ms),
            ("final_p99_ms", one.programme.p99_ms),
            ("final_max_ms", one.programme.max_ms),
            ("recovery_p50_ms", one.recovery.p50_ms),
            ("recovery_p99_ms", one.recovery.p99_ms),
            ("recovery_max_ms", one.recovery.max_ms),
        ];
        add("all", "", &all);
        for (faculty, messages) in &one.by_faculty {
            for (message, answers) in messages {
                let figures = [("mean_ms", answers.mean_ms), ("min_ms", answers.min_ms), ("max_ms", answers.max_ms)];
                add(&format!("faculty {message}"), faculty, &figures);
            }
        }
        for programme in &one.by_programme {
            let figures = [
                ("satisfied", f64::from(programme.satisfied)),
                ("not_satisfied", f64::from(programme.not_satisfied)),
                ("final_mean_ms", programme.times.mean_ms),
                ("final_min_ms", programme.times.min_ms),
                ("final_max_ms", programme.times.max_ms),
            ];
            add("programme", &programme.program, &figures);
        }
        for used in &one.usage {
            let figures = [("cpu_s", used.cpu_s), ("peak_memory_mib", mib(used.peak_memory_bytes))];
            add("process", &used.process, &figures);
        }
    }
    lines
}

/// A plot's groups: the loads that were measured.
fn groups(measured: &[Figures]) -> Vec<String> {
    let known = LOADS.iter().map(|load| load.name).filter(|load| measured.iter().any(|one| one.load == *load));
    known.map(str::to_owned).collect()
}

/// A bar of each load, for each pattern.
fn by_pattern(measured: &[Figures], what: &str, bar: fn(&Figures) -> Bar) -> Vec<Bars> {
    let mut series: Vec<Bars> = Vec::new();
    for one in measured {
        let name = format!("{} {what}", one.pattern).trim_end().to_owned();
        match series.iter_mut().find(|known| known.name == name) {
            Some(known) => known.bars.push(bar(one)),
            None => series.push(Bars { name, bars: vec![bar(one)] }),
        }
    }
    series
}

fn times(measured: &[Figures]) -> String {
    let mut series = by_pattern(measured, "SOL → PROP", |one| answered(one.proposal));
    series.extend(by_pattern(measured, "ACK → RES", |one| answered(one.resolution)));
    series.extend(by_pattern(measured, "final word", |one| Bar {
        value: one.programme.mean_ms,
        least: one.programme.min_ms,
        most: one.programme.max_ms,
    }));
    svg::bars("Response times", "ms", &groups(measured), &series)
}

fn answered(answers: Answers) -> Bar {
    Bar { value: answers.mean_ms, least: answers.min_ms, most: answers.max_ms }
}

fn rate(measured: &[Figures]) -> String {
    svg::bars("Requests", "per second", &groups(measured), &by_pattern(measured, "", |one| one.requests_per_s.into()))
}

/// The processes of the greatest load, over time, for both patterns.
fn over_time(measured: &[Figures], title: &str, unit: &str, value: fn(&super::usage::Sample) -> f64) -> String {
    let greatest = measured.iter().map(|one| one.programmes * one.classrooms).max();
    let shown = measured.iter().filter(|one| Some(one.programmes * one.classrooms) == greatest);
    let series: Vec<Line> = shown
        .flat_map(|one| {
            one.usage.iter().filter(|used| used.process != "programmes").map(|used| Line {
                name: format!("{} {}", one.pattern, used.process),
                points: used.samples.iter().map(|at| (at.at_s, value(at))).collect(),
            })
        })
        .collect();
    let load = LOADS.last().map_or("", |load| load.name);
    svg::lines(&format!("{title}, {load}"), unit, &series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rooms::figures::OfProgramme;
    use crate::bench::rooms::usage::{Sample, Usage};
    use crate::bench::spread::Spread;

    fn figures(pattern: &'static str, load: usize) -> Figures {
        let answers = Answers { count: 25.0, mean_ms: 2.5, min_ms: 1.0, max_ms: 9.0 };
        let times = Spread { count: 25, mean_ms: 7.0, min_ms: 3.0, p50_ms: 6.5, p99_ms: 12.0, max_ms: 12.5 };
        let load = LOADS[load];
        let messages = [("SOL".to_owned(), answers), ("ACK".to_owned(), answers)].into();
        Figures {
            pattern,
            load: load.name,
            programmes: load.faculties * crate::bench::campus::PROGRAMMES,
            classrooms: load.classrooms,
            labs: load.labs,
            proposal: answers,
            resolution: answers,
            programme: times,
            satisfied: 20,
            not_satisfied: 5,
            seconds: 0.5,
            requests_per_s: 50.0,
            recovery: times,
            by_faculty: [("faculty-01".to_owned(), messages)].into(),
            by_programme: vec![OfProgramme {
                program: "program-01-1".to_owned(),
                satisfied: 4,
                not_satisfied: 1,
                times,
            }],
            usage: vec![Usage {
                process: "server 1".to_owned(),
                cpu_s: 0.25,
                peak_memory_bytes: 20 << 20,
                samples: vec![Sample { at_s: 0.5, cpu_percent: 50.0, memory_bytes: 20 << 20 }],
            }],
        }
    }

    #[test]
    fn a_report_has_every_pattern_and_load_in_every_form() {
        let folder = tempfile::tempdir().expect("a folder");
        let measured: Vec<Figures> = ["async", "broker"]
            .into_iter()
            .flat_map(|pattern| (0..3).map(move |load| figures(pattern, load)))
            .collect();
        write(folder.path(), &measured).expect("writes");
        let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).expect("reads");
        let text = read("rooms.md");
        for part in
            ["| async, 25 minimum |", "broker, 50 maximum", "| 10.00 |", "20", "faculty-01 | 2.50 (1.00 – 9.00)"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(read("rooms.csv").contains("broker,50 maximum,programme,program-01-1,not_satisfied,1.000\n"));
        let json: serde_json::Value = serde_json::from_str(&read("rooms.json")).expect("JSON");
        assert_eq!(json[5]["by_faculty"]["faculty-01"]["ACK"]["max_ms"], 9.0);
        for (plot, word) in [
            ("rooms-times", "broker final word"),
            ("rooms-rate", "async"),
            ("rooms-cpu", "server 1"),
            ("rooms-memory", "MiB"),
        ] {
            assert!(read(&format!("{plot}.svg")).contains(word), "{word} in {plot}");
        }
    }
}
