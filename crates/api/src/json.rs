//! JSON bodies, in and out.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::error::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{FieldError, Problem};

/// Most bytes of a JSON body. What is larger is a file and goes elsewhere.
pub const MAX_JSON: usize = 1 << 20;

/// A JSON body. As an extractor: 415 if it is declared as something else, 400 if it is no JSON, 413 above [`MAX_JSON`],
/// 422 with a JSON pointer if it does not fit `T`. `Option<Json<T>>` is `None` for a request without a body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let body = read(request).await?;
        parse(&body).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        let body = read(request).await?;
        parse(&body).map(|value| Some(Self(value)))
    }
}

/// Reads a body that must be declared as JSON.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_json(declared) {
        return Err(Problem::unsupported_media_type("Send JSON with Content-Type: application/json."));
    }
    match Limited::new(request.into_body(), MAX_JSON).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Kind::TooLarge, format!("A JSON body has at most {MAX_JSON} bytes.")))
        }
        Err(_) => Err(Problem::unparsable("The body ended early.")),
    }
}

fn is_json(declared: &str) -> bool {
    let essence = declared.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5 && essence.as_bytes()[essence.len() - 5..].eq_ignore_ascii_case(b"+json"))
}

/// Turns text into `T`, or into the problem that says what is wrong with it.
///
/// # Errors
/// 400 for what is no JSON, 422 with the field's JSON pointer for what does not fit.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = pointer(error.path());
        let error = error.into_inner();
        let complaint = error.to_string();
        // So serde_json calls a number where the name of an enum's variant is expected.
        let another_type = complaint.starts_with("expected value");
        if !error.is_data() && !another_type {
            return no_json(&error);
        }
        // What does not fit may stand before what is no JSON at all: that counts more.
        match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Err(error) => no_json(&error),
            Ok(_) if another_type => misfit(&path, "invalid type: a name is expected"),
            Ok(_) => misfit(&path, &complaint),
        }
    })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::unparsable(format!("The body is no JSON: {error}."))
}

/// `a.b[3]` as `/a/b/3`.
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("/{index}")),
            Segment::Map { key } => push_segment(&mut text, key),
            Segment::Enum { variant } => push_segment(&mut text, variant),
            Segment::Unknown => {}
        }
    }
    text
}

fn push_segment(text: &mut String, segment: &str) {
    text.push('/');
    text.push_str(&segment.replace('~', "~0").replace('/', "~1"));
}

/// The 422 for serde's complaint at `path`. serde names a missing or unknown field only in its message.
pub(crate) fn misfit(path: &str, complaint: &str) -> Problem {
    let message = complaint.split(" at line ").next().unwrap_or(complaint).to_owned();
    let named = |prefix: &str| message.strip_prefix(prefix)?.split_once('`').map(|(name, _)| name.to_owned());
    let at = |name: &str| {
        let mut last = String::new();
        push_segment(&mut last, name);
        if path.ends_with(&last) { path.to_owned() } else { format!("{path}{last}") }
    };
    let error = if let Some(name) = named("missing field `") {
        let mut field = path.to_owned();
        push_segment(&mut field, &name);
        FieldError::new(field, "missing", "this field is needed")
    } else if let Some(name) = named("unknown field `") {
        FieldError::new(at(&name), "unknown", "there is no such field")
    } else if message.starts_with("unknown variant") {
        FieldError::new(path, "choice", message)
    } else if message.starts_with("invalid type") {
        FieldError::new(path, "type", message)
    } else {
        FieldError::new(path, "value", message)
    };
    Problem::unprocessable(vec![error])
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let mut response = Response::new(Body::from(text));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => {
                tracing::error!(error = %error, "an answer could not be written as JSON");
                Problem::new(Kind::Internal, "The answer could not be written.").into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its parsing is tested")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only its parsing is tested")]
        inner: Vec<Inner>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its parsing is tested")]
        shade: Option<Shade>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Shade {
        Dark,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its parsing is tested")]
        size: u32,
    }

    fn complaint(text: &str) -> (u16, String, String) {
        let body = parse::<Outer>(text.as_bytes()).expect_err(text).body(None);
        let first = body.errors.first().cloned().unwrap_or_else(|| FieldError::new("", "", ""));
        (body.status, first.field, first.code)
    }

    #[test]
    fn every_misfit_has_its_pointer_and_code() {
        let seen: Vec<_> = [
            "{",
            "{\"color\"",
            "{}",
            "{\"name\":1}",
            "{\"name\":\"a\",\"color\":1}",
            "{\"name\":\"a\",\"inner\":[{\"size\":1},{}]}",
            "{\"name\":\"a\",\"inner\":[{\"size\":\"x\"}]}",
            "{\"name\":\"a\",\"inner\":[{\"size\":1,\"a/b\":1}]}",
            "{\"name\":\"a\",\"shade\":\"dark\",\"inner\":1}",
            "{\"name\":\"a\",\"shade\":\"x\"}",
            "{\"name\":\"a\",\"shade\":1}",
            "{\"name\":\"a\",\"shade\":1",
            "{\"name\":\"a\"} x",
            "\"\\ud800\"",
            "[]",
        ]
        .into_iter()
        .map(complaint)
        .map(|(status, field, code)| format!("{status} {field} {code}"))
        .collect();
        assert_eq!(
            seen,
            [
                "400  ",
                "400  ",
                "422 /name missing",
                "422 /name type",
                "422 /color unknown",
                "422 /inner/1/size missing",
                "422 /inner/0/size type",
                "422 /inner/0/a~1b unknown",
                "422 /inner type",
                "422 /shade choice",
                "422 /shade type",
                "400  ",
                "400  ",
                "400  ",
                "422  value",
            ]
        );
    }

    #[test]
    fn media_types() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/plain", "application/x-www-form-urlencoded", "+json"] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
