//! Lists, a page at a time.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Items of a page when the caller does not say.
pub const DEFAULT_LIMIT: u64 = 50;
/// Most items of a page.
pub const MAX_LIMIT: u64 = 500;

/// Which page of a list. It reads `limit` and `cursor` and leaves the query's other parameters to [`crate::Query`].
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Most items wanted, 1–500.
    #[param(minimum = 1, maximum = 500, default = 50, required = false)]
    pub limit: u64,
    /// `next_cursor` of the page before; absent for the first.
    pub cursor: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: DEFAULT_LIMIT, cursor: None }
    }
}

impl Page {
    /// The cursor as whatever the list made it from.
    ///
    /// # Errors
    /// 422 if it is not one of the list's.
    pub fn position<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        cursor.parse().map(Some).map_err(|_| {
            Problem::unprocessable(vec![crate::FieldError::new(
                "/cursor",
                "value",
                "not a cursor of this list: use next_cursor of the page before",
            )])
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut page = Self::default();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "limit" => {
                    page.limit =
                        value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
                            Problem::unprocessable(vec![crate::FieldError::new(
                                "/limit",
                                "range",
                                format!("a number from 1 to {MAX_LIMIT} is expected"),
                            )])
                        })?;
                }
                "cursor" if !value.is_empty() => page.cursor = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Paged<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

impl<T> Paged<T> {
    /// Makes a page of what a query for `limit + 1` rows found; `cursor` says where the last item stands.
    pub fn cut(mut found: Vec<T>, limit: u64, cursor: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = if more { found.last().map(cursor) } else { None };
        Self { items: found, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn page(query: &str) -> Result<Page, Problem> {
        let (mut parts, ()) = http::Request::get(format!("/x?{query}")).body(()).expect("builds").into_parts();
        Page::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn limits_are_bounded() {
        assert_eq!(page("q=a").await.expect("fits"), Page::default());
        assert_eq!(page("limit=500&cursor=a%20b").await.expect("fits").cursor.as_deref(), Some("a b"));
        for bad in ["limit=0", "limit=501", "limit=-1", "limit=x", "limit="] {
            let body = page(bad).await.expect_err(bad).body(None);
            assert_eq!((body.status, body.errors[0].field.as_str()), (422, "/limit"), "{bad}");
        }
    }

    #[test]
    fn a_page_knows_whether_more_follows() {
        let cut = Paged::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!(cut, Paged { items: vec![1, 2], next_cursor: Some("2".to_owned()) });
        assert_eq!(Paged::cut(vec![1, 2], 2, ToString::to_string).next_cursor, None);
    }
}
