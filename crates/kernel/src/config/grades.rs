use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Longest name of a course, in characters.
const LONGEST_COURSE: usize = 32;

/// Grades of students.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Grades {
    /// The courses that have grades: letters and digits without accents, dots, dashes and underscores.
    pub courses: Vec<String>,
    /// The least grade that passes, 0 to 100.
    pub passing: u32,
}

impl Default for Grades {
    fn default() -> Self {
        Self { courses: ["SO1", "BD1", "LFP", "SA", "AYD1"].map(str::to_owned).to_vec(), passing: 61 }
    }
}

impl Grades {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let plain = |course: &String| {
            (1..=LONGEST_COURSE).contains(&course.len())
                && course.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if self.courses.is_empty() || !self.courses.iter().all(plain) {
            let detail = format!("names of 1 to {LONGEST_COURSE} of A-Z a-z 0-9 . _ - are expected, at least one");
            return Err(ConfigError::setting("grades.courses", detail));
        }
        if self.passing > 100 {
            return Err(ConfigError::setting("grades.passing", "must be at most 100"));
        }
        Ok(())
    }
}
