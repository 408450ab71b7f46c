//! `POST /api/v1/grades/import`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use std::sync::Arc;

use api::auth::Caller;
use api::idempotency::{IdempotencyKey, digest, replayed, scope};
use api::{FieldError, Json, Problem, ProblemBody, Query};
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::clock::Clock;
use kernel::error::Kind;
use kernel::lifecycle::Lifecycle;
use serde::{Deserialize, Serialize};
use store::{Sql, StoreError};
use utoipa::{IntoParams, ToSchema};

use super::create_grade::token;
use super::{Capabilities, Door};
use crate::failure::Failure;
use crate::model::csv::{self, LineFault};
use crate::model::{Fault, Outcome, Record, RepeatKey, Rules, Submission};
use crate::rights;
use crate::store::imports;

const PATH: &str = "/api/v1/grades/import";
/// Most bytes of a table: some 200,000 grades.
const MOST_BYTES: usize = 10 << 20;
/// Most faults that are told; beyond, their number is.
const MOST_FAULTS: usize = 1_000;
/// Records of one table that wait together.
const TOGETHER: usize = 256;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// Only say what is wrong with the table.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

/// What an import did.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Imported {
    /// Grades of the table.
    grades: u64,
    /// Of these, how many were new.
    created: u64,
    /// How many were there already.
    replayed: u64,
    /// How many replaced another grade.
    corrected: u64,
}

/// Enter a table of grades: UTF-8, separated by commas or semicolons, the first line `carnet,nombre,curso,nota,semestre,year`
/// in any order. One bad line, and nothing is kept: `errors` names each by `/lines/LINE/COLUMN`. The same table under the
/// same `Idempotency-Key` is entered once; a try (`dry_run`) takes no key.
#[utoipa::path(
    post, path = "/api/v1/grades/import", tag = "grades", params(How, ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = Imported),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
         description = "Every bad line; nothing was kept."),
        (status = 503, body = ProblemBody, content_type = "application/problem+json",
         description = "Interrupted: sending the table again is safe."),
    ),
    security(("token" = [])),
)]
pub(super) async fn import_grades(
    State(importer): State<Importer>,
    State(rules): State<Rules>,
    caller: Caller,
    key: IdempotencyKey,
    Query(how): Query<How>,
    request: Request,
) -> Result<Response, Problem> {
    rights::may_enter(&caller)?;
    let (parts, body) = request.into_parts();
    need_csv(&parts.headers)?;
    let table = read(body).await?;
    let allowed = |record: &Record| match rights::may_enter_course(&caller, &record.curso) {
        Ok(()) => Ok(()),
        Err(_) => Err(Fault {
            field: "curso",
            code: "forbidden",
            detail: format!("{} is not one of your courses", record.curso),
        }),
    };
    let records = csv::read(&table, &rules, allowed).map_err(refused)?;
    if how.dry_run {
        return Ok(Json(Imported { grades: count(records.len()), ..Imported::default() }).into_response());
    }
    let scope = scope(Some(&caller), &Method::POST, PATH);
    let key = key.0.map(|key| RepeatKey { scope, key, digest: digest(&table) });
    let (by, token) = (Arc::from(caller.username.as_str()), token(&parts.headers));
    let submissions = records
        .into_iter()
        .map(move |record| Submission { record, by: Arc::clone(&by), token: token.clone(), key: None })
        .collect();
    // What was begun is finished when the client leaves.
    let entered = importer.lifecycle.clone().spawn(importer.enter(submissions, key)).await;
    let interrupted = |_| Failure::Away("The import was interrupted: send the table again.");
    Ok(match entered.map_err(interrupted)?? {
        Entered::Now(imported) => Json(imported).into_response(),
        Entered::Before(answer) => replayed(StatusCode::OK.as_u16(), answer),
    })
}

fn need_csv(headers: &HeaderMap) -> Result<(), Problem> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = declared.split(';').map(str::trim);
    let is_csv = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("text/csv"));
    let charset = parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    if !is_csv || charset.is_some_and(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii")) {
        return Err(Problem::unsupported_media_type("Send a table in UTF-8 with Content-Type: text/csv."));
    }
    Ok(())
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(Kind::TooLarge, format!("A table has at most {MOST_BYTES} bytes: divide it.")))
        }
        Err(_) => Err(Problem::unparsable("The body ended early.")),
    }
}

fn refused(faults: Vec<LineFault>) -> Problem {
    let all = faults.len();
    let told = faults.into_iter().take(MOST_FAULTS).map(|fault| {
        let column = fault.field.map(|field| format!("/{field}")).unwrap_or_default();
        let message = format!("line {}: {}", fault.line, fault.detail);
        FieldError::new(format!("/lines/{}{column}", fault.line), fault.code, message)
    });
    Problem::unprocessable(told.collect()).member("faults", count(all))
}

/// What an import asks for besides its table.
pub(crate) struct Importer {
    door: Door,
    sql: Sql,
    clock: Arc<dyn Clock>,
    lifecycle: Lifecycle,
}

impl FromRef<Capabilities> for Importer {
    fn from_ref(all: &Capabilities) -> Self {
        Self {
            door: Arc::clone(&all.door),
            sql: all.sql.clone(),
            clock: Arc::clone(&all.clock),
            lifecycle: all.lifecycle.clone(),
        }
    }
}

enum Entered {
    /// By this request.
    Now(Imported),
    /// By an earlier one under the same key, which was answered thus.
    Before(String),
}

impl Importer {
    async fn enter(self, submissions: Vec<Submission>, key: Option<RepeatKey>) -> Result<Entered, Failure> {
        let Some(key) = key else { return Ok(Entered::Now(keep(self.door, submissions).await?)) };
        if let Some(answer) = imports::begin(&self.sql, &key, self.clock.now()).await? {
            return Ok(Entered::Before(answer));
        }
        let imported = keep(self.door, submissions).await?;
        let answer = serde_json::to_string(&imported)
            .map_err(|error| StoreError::new(Kind::Internal, "import: write the answer", error))?;
        let before = imports::end(&self.sql, &key, answer, self.clock.now()).await?;
        Ok(before.map_or(Entered::Now(imported), Entered::Before))
    }
}

async fn keep(door: Door, submissions: Vec<Submission>) -> Result<Imported, Failure> {
    let imported = Imported { grades: count(submissions.len()), ..Imported::default() };
    stream::iter(submissions)
        .map(|submission| {
            let door = Arc::clone(&door);
            async move { door.record(submission).await }
        })
        .buffered(TOGETHER)
        .try_fold(imported, |mut imported, stored| {
            match stored.outcome {
                Outcome::Created => imported.created += 1,
                Outcome::Replayed => imported.replayed += 1,
                Outcome::Corrected => imported.corrected += 1,
            }
            std::future::ready(Ok(imported))
        })
        .await
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
