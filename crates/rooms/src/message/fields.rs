//! The fields of a JSON object, by name, with what is wrong said of the field. Texts stay where they are in the message.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{Error as OneError, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::message::LARGEST;
use crate::model::{Invalid, Rooms};

/// In the order of the message; of a name that comes twice the last counts.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Held<'a>)>);

/// What a field holds, as far as any message may hold it.
enum Held<'a> {
    Null,
    Boolean(bool),
    /// A whole number from 0.
    Number(u64),
    Text(Cow<'a, str>),
    Texts(Vec<Cow<'a, str>>),
    Object(Vec<(Cow<'a, str>, Held<'a>)>),
    Other,
}

impl<'de> Deserialize<'de> for Held<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Held<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Held<'de>, E> {
        Ok(Held::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Held<'de>, E> {
        Ok(Held::Boolean(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Held<'de>, E> {
        Ok(Held::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Held<'de>, E> {
        Ok(Held::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Held<'de>, E> {
        Ok(Held::Other)
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Held<'de>, E> {
        Ok(Held::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Held<'de>, E> {
        Ok(Held::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Held<'de>, A::Error> {
        let mut texts = Vec::with_capacity(8);
        let mut all = true;
        while let Some(held) = list.next_element::<Held<'de>>()? {
            match held {
                Held::Text(text) if all => texts.push(text),
                _ => all = false,
            }
        }
        Ok(if all { Held::Texts(texts) } else { Held::Other })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Held<'de>, A::Error> {
        let mut fields = Vec::with_capacity(12);
        while let Some((name, held)) = map.next_entry::<Held<'de>, Held<'de>>()? {
            if let Held::Text(name) = name {
                fields.push((name, held));
            }
        }
        Ok(Held::Object(fields))
    }
}

impl<'a> Fields<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, Invalid> {
        if payload.len() > LARGEST {
            return Err(Invalid::new("message", format!("at most {LARGEST} bytes are expected")));
        }
        match serde_json::from_slice(payload) {
            Ok(Held::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Invalid::new("message", "a JSON object is expected")),
            Err(error) => Err(Invalid::new("message", format!("JSON is expected: {error}"))),
        }
    }

    fn find(&self, field: &str) -> Option<&Held<'a>> {
        self.0.iter().rev().find(|(name, _)| name == field).map(|(_, held)| held)
    }

    /// `None` also for what is `null`.
    fn given(&self, field: &str) -> Option<&Held<'a>> {
        self.find(field).filter(|held| !matches!(held, Held::Null))
    }

    fn get(&self, field: &'static str) -> Result<&Held<'a>, Invalid> {
        self.find(field).ok_or_else(|| Invalid::new(field, "is missing"))
    }

    pub(super) fn text(&self, field: &'static str) -> Result<&str, Invalid> {
        match self.get(field)? {
            Held::Text(text) => Ok(text),
            _ => Err(Invalid::new(field, "a string is expected")),
        }
    }

    /// The start of a text, if there is one: enough to tell its sender which message was wrong.
    pub(super) fn excerpt(&self, field: &str) -> Option<String> {
        match self.find(field)? {
            Held::Text(text) => Some(text.chars().take(64).collect()),
            _ => None,
        }
    }

    pub(super) fn optional_text(&self, field: &'static str) -> Result<Option<&str>, Invalid> {
        self.given(field).map(|_| self.text(field)).transpose()
    }

    pub(super) fn number(&self, field: &'static str) -> Result<u64, Invalid> {
        match self.get(field)? {
            Held::Number(number) => Ok(*number),
            _ => Err(Invalid::new(field, "a whole number from 0 is expected")),
        }
    }

    pub(super) fn count(&self, field: &'static str) -> Result<u32, Invalid> {
        u32::try_from(self.number(field)?).map_err(|_| Invalid::new(field, "is too large"))
    }

    pub(super) fn optional_count(&self, field: &'static str) -> Result<Option<u32>, Invalid> {
        self.given(field).map(|_| self.count(field)).transpose()
    }

    pub(super) fn boolean(&self, field: &'static str) -> Result<bool, Invalid> {
        match self.get(field)? {
            Held::Boolean(value) => Ok(*value),
            _ => Err(Invalid::new(field, "true or false is expected")),
        }
    }

    pub(super) fn rooms(&self, field: &'static str) -> Result<Rooms, Invalid> {
        match self.get(field)? {
            Held::Texts(names) => Ok(names.iter().map(|name| (&**name).into()).collect()),
            _ => Err(Invalid::new(field, "a list of room names is expected")),
        }
    }

    /// A text that names a value of one of our own types.
    pub(super) fn choice<T: DeserializeOwned>(&self, field: &'static str, expected: &str) -> Result<T, Invalid> {
        match self.get(field)? {
            Held::Text(text) => named(text).ok_or_else(|| Invalid::new(field, expected)),
            _ => Err(Invalid::new(field, expected)),
        }
    }

    pub(super) fn optional_choice<T: DeserializeOwned>(
        &self,
        field: &'static str,
        expected: &str,
    ) -> Result<Option<T>, Invalid> {
        self.given(field).map(|_| self.choice(field, expected)).transpose()
    }

    /// A list of such texts; none at all is an empty list.
    pub(super) fn choices<T: DeserializeOwned>(&self, field: &'static str, expected: &str) -> Result<Vec<T>, Invalid> {
        let wrong = || Invalid::new(field, expected);
        match self.given(field) {
            None => Ok(Vec::new()),
            Some(Held::Texts(texts)) => texts.iter().map(|text| named(text).ok_or_else(wrong)).collect(),
            Some(_) => Err(wrong()),
        }
    }
}

fn named<T: DeserializeOwned>(text: &str) -> Option<T> {
    let deserializer: StrDeserializer<'_, OneError> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}
