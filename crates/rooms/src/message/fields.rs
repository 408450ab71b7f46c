//! The fields of a JSON object, by name, with what is wrong said of the field.

use serde_json::{Map, Value};

use crate::message::LARGEST;
use crate::model::{Invalid, RoomName};

pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Invalid> {
        if payload.len() > LARGEST {
            return Err(Invalid::new("message", format!("at most {LARGEST} bytes are expected")));
        }
        match serde_json::from_slice(payload) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Invalid::new("message", "a JSON object is expected")),
            Err(error) => Err(Invalid::new("message", format!("JSON is expected: {error}"))),
        }
    }

    fn get(&self, field: &'static str) -> Result<&Value, Invalid> {
        self.0.get(field).ok_or_else(|| Invalid::new(field, "is missing"))
    }

    pub(super) fn text(&self, field: &'static str) -> Result<&str, Invalid> {
        self.get(field)?.as_str().ok_or_else(|| Invalid::new(field, "a string is expected"))
    }

    /// The start of a text, if there is one: enough to tell its sender which message was wrong.
    pub(super) fn excerpt(&self, field: &str) -> Option<String> {
        let text = self.0.get(field)?.as_str()?;
        Some(text.chars().take(64).collect())
    }

    pub(super) fn optional_text(&self, field: &'static str) -> Result<Option<&str>, Invalid> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(field).map(Some),
        }
    }

    pub(super) fn number(&self, field: &'static str) -> Result<u64, Invalid> {
        self.get(field)?.as_u64().ok_or_else(|| Invalid::new(field, "a whole number from 0 is expected"))
    }

    pub(super) fn count(&self, field: &'static str) -> Result<u32, Invalid> {
        u32::try_from(self.number(field)?).map_err(|_| Invalid::new(field, "is too large"))
    }

    pub(super) fn optional_count(&self, field: &'static str) -> Result<Option<u32>, Invalid> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.count(field).map(Some),
        }
    }

    pub(super) fn boolean(&self, field: &'static str) -> Result<bool, Invalid> {
        self.get(field)?.as_bool().ok_or_else(|| Invalid::new(field, "true or false is expected"))
    }

    pub(super) fn rooms(&self, field: &'static str) -> Result<Vec<RoomName>, Invalid> {
        self.choice(field, "a list of room names is expected")
    }

    /// A value of one of our own types.
    pub(super) fn choice<T: serde::de::DeserializeOwned>(
        &self,
        field: &'static str,
        expected: &str,
    ) -> Result<T, Invalid> {
        serde_json::from_value(self.get(field)?.clone()).map_err(|_| Invalid::new(field, expected))
    }

    pub(super) fn optional_choice<T: serde::de::DeserializeOwned>(
        &self,
        field: &'static str,
        expected: &str,
    ) -> Result<Option<T>, Invalid> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.choice(field, expected).map(Some),
        }
    }
}
