//! Programmes that ask, all at the same time, round after round.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use rooms::keys::Campus as Keys;
use rooms::model::{Solicitation, Status};
use rooms::programme;

use super::Load;
use super::usage::{Usage, watch};
use crate::bench::campus::{Campus, PROGRAMMES};

/// How long a programme waits for the final word.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a load showed.
pub(super) struct Asked {
    pub(super) programmes: Vec<Programme>,
    /// From the first question to the last answer.
    pub(super) took: Duration,
    pub(super) usage: Vec<Usage>,
}

/// The answers of one programme.
pub(super) struct Programme {
    pub(super) name: String,
    /// From the question to the final word.
    pub(super) times: Vec<Duration>,
    pub(super) satisfied: u32,
    pub(super) not_satisfied: u32,
}

/// Lets every programme of `load` ask `rounds` times, each round for a semester of its own.
pub(super) async fn run(campus: &Campus, load: Load, rounds: u32) -> anyhow::Result<Asked> {
    let names = (1..=load.faculties).flat_map(|faculty| (1..=PROGRAMMES).map(move |number| (faculty, number)));
    let mut programmes: Vec<Programme> = names
        .map(|(faculty, number)| Programme {
            name: Keys::programme(faculty, number),
            times: Vec::new(),
            satisfied: 0,
            not_satisfied: 0,
        })
        .collect();
    let watching = watch(campus.processes());
    let begun = Instant::now();
    for round in 0..rounds {
        // The document's programmes begin together.
        try_join_all(programmes.iter_mut().map(|programme| programme.ask(campus, load, round))).await?;
    }
    let took = begun.elapsed();
    Ok(Asked { programmes, took, usage: watching.end().await })
}

impl Programme {
    async fn ask(&mut self, campus: &Campus, load: Load, round: u32) -> anyhow::Result<()> {
        let request_id = format!("round-{round}-{}", self.name);
        let asked = solicitation(&self.name, request_id, semester(2_000, round), (load.classrooms, load.labs))?;
        let (status, took) = ask(campus, &asked).await?;
        self.times.push(took);
        match status {
            Status::Accepted => self.satisfied += 1,
            Status::Denied | Status::Canceled => self.not_satisfied += 1,
        }
        Ok(())
    }
}

/// Asks as `bedel rooms request` does, by a connection of its own; the outcome and how long it took.
pub(super) async fn ask(campus: &Campus, asked: &Solicitation) -> anyhow::Result<(Status, Duration)> {
    let number: u32 = asked.faculty.trim_start_matches("faculty-").parse()?;
    let key = campus.key(&asked.program, &asked.faculty)?;
    let begun = Instant::now();
    let said = programme::request(&campus.faculty(number), &key, asked, PATIENCE).await?;
    Ok((said.status, begun.elapsed()))
}

/// A programme's request for so many classrooms and laboratories.
pub(super) fn solicitation(
    program: &str,
    request_id: String,
    semester: String,
    (classrooms, labs): (u32, u32),
) -> anyhow::Result<Solicitation> {
    let faculty = programme::faculty_of(program).ok_or_else(|| anyhow::anyhow!("{program} is no programme"))?;
    Ok(Solicitation {
        request_id,
        faculty,
        program: program.to_owned(),
        semester,
        classrooms,
        labs,
        minimum_capacity: None,
        equipment: Vec::new(),
        wait: false,
        hold: None,
    })
}

/// The one with this number, from a year on; there are three a year.
pub(super) fn semester(year: u32, number: u32) -> String {
    format!("{:04}-{}0", (year + number / 3) % 10_000, 1 + number % 3)
}
