//! The parts of the OpenAPI documents that all roles share.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, OpenApiBuilder, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{FieldError, ProblemBody};

/// The name of the bearer scheme, for `security(("token" = []))` on a path.
pub const TOKEN: &str = "token";

/// An empty document to merge the roles' documents into: title, version, the bearer scheme, the problem schemas.
#[must_use]
pub fn document() -> OpenApi {
    let mut components = Components::new();
    components.add_security_scheme(
        TOKEN,
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("An access token of POST /api/v1/auth/login, or an API token."))
                .build(),
        ),
    );
    components.schemas.extend(problem_schemas());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Bedel")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Files, rooms, grades and backups of a campus."))
                .build(),
        )
        .components(Some(components))
        .build()
}

/// Merges a role's document into `whole` and gives each of its operations the answer every endpoint can give: a
/// problem.
pub fn merge(whole: &mut OpenApi, role: OpenApi) {
    whole.merge(role);
    for item in whole.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(problem()));
        }
    }
}

fn problem() -> Response {
    ResponseBuilder::new()
        .description("What went wrong (RFC 9457)")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build(),
        )
        .build()
}

fn problem_schemas() -> Vec<(String, RefOr<Schema>)> {
    vec![
        (ProblemBody::name().into_owned(), ProblemBody::schema()),
        (FieldError::name().into_owned(), FieldError::schema()),
    ]
}
