use serde::{Deserialize, Serialize};

const COURSES: [&str; 5] = ["SO1", "BD1", "LFP", "SA", "AYD1"];

/// A grade, in JSON and in `grades.proto`.
#[derive(Clone, PartialEq, Deserialize, Serialize, prost::Message)]
pub struct Record {
    #[prost(uint64, tag = "1")]
    pub carnet: u64,
    #[prost(string, tag = "2")]
    pub nombre: String,
    #[prost(string, tag = "3")]
    pub curso: String,
    #[prost(uint32, tag = "4")]
    pub nota: u32,
    #[prost(string, tag = "5")]
    pub semestre: String,
    #[prost(uint32, tag = "6")]
    pub year: u32,
}

impl Record {
    /// The field that is wrong, if one is.
    pub fn wrong(&self) -> Option<&'static str> {
        [
            ("carnet", self.carnet > 0 && i64::try_from(self.carnet).is_ok()),
            ("nombre", !self.nombre.is_empty() && self.nombre.len() <= 200),
            ("curso", COURSES.contains(&self.curso.as_str())),
            ("nota", self.nota <= 100),
            ("semestre", ["1S", "2S"].contains(&self.semestre.as_str())),
            ("year", (1900..=2200).contains(&self.year)),
        ]
        .into_iter()
        .find_map(|(field, good)| (!good).then_some(field))
    }

    /// Another record for each number.
    pub fn numbered(number: u64) -> Self {
        Self {
            carnet: 200_000_000 + number,
            nombre: format!("Alumno {number}"),
            curso: COURSES[usize::try_from(number % 5).unwrap_or(0)].to_owned(),
            nota: 50 + u32::try_from(number % 6).unwrap_or(0) * 10,
            semestre: if number % 2 == 0 { "1S" } else { "2S" }.to_owned(),
            year: 2023,
        }
    }
}
