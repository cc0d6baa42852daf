//! What the editor's script asks while somebody types: what there is to say about the document as it is now.

use axum::body::Body;
use axum::response::Response;
use claviger_iam::operation::policy_checks::DocumentKind;
use claviger_model::{Code, Scalar as _};
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::editor::{check, mark, sentence, summary};
use crate::answer::{Answer, Failure};
use crate::door::Visit;
use crate::view::fault_text;

/// Tells what there is to say.
pub(crate) async fn answer(visit: Visit) -> Answer {
    let form = &visit.asked.form;
    let kind = DocumentKind::parse(form.text("kind")).map_err(|_| Failure::Missing)?;
    let document = form.get("document").unwrap_or_default();
    let told = match check(&visit, document, kind).await {
        Ok(found) => {
            let said = summary(&found);
            let size = found.size;
            let findings = found.findings.into_iter().map(|finding| {
                let (word, class) = mark(finding.severity);
                json!({
                    "word": word,
                    "class": class,
                    "line": finding.line,
                    "column": finding.column,
                    "text": sentence(finding.message, finding.advice),
                })
            });
            json!({ "said": said, "size": size, "findings": findings.collect::<Vec<_>>() })
        }
        Err(fault) => json!({
            "said": fault_text(&fault),
            "findings": [],
            // Whoever may not ask is not to be refused at every key.
            "refused": fault.code() == Code::AccessDenied,
        }),
    };
    let mut answer = Response::new(Body::from(told.to_string()));
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(answer)
}
