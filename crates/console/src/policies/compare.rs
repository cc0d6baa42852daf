//! Two versions of a policy side by side: what went, and what came.

use askama::Template;

use super::policy::{Version, document, get, versions, wanted};
use crate::answer::{Answer, Failure, page};
use crate::documents::{Change, Compared, compare};
use crate::door::Visit;
use crate::view::{Frame, encode};

#[derive(Template)]
#[template(path = "policy_compare.html")]
struct Comparison {
    frame: Frame,
    name: String,
    arn: String,
    encoded: String,
    from: String,
    to: String,
    versions: Vec<Version>,
    lines: Vec<Compared>,
    same: bool,
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    let arn = wanted(&visit)?;
    let policy = get(&visit, &arn).await?;
    let query = &visit.asked.query;
    let (from, to) = (query.text("from").to_owned(), query.text("to").to_owned());
    let versions = versions(&visit, &arn, &to).await?;
    let is_one = |id: &str| versions.iter().any(|version| version.id == id);
    if !is_one(&from) || !is_one(&to) {
        return Err(Failure::Missing);
    }
    let lines = compare(
        &document(&visit, &arn, &from).await?,
        &document(&visit, &arn, &to).await?,
    );
    page(&Comparison {
        frame: Frame::of(&visit, format!("{from} and {to} compared"), "policies"),
        name: policy.policy_name,
        encoded: encode(arn.as_str()),
        arn: arn.as_str().to_owned(),
        same: lines.iter().all(|line| line.change == Change::Same),
        from,
        to,
        versions,
        lines,
    })
}
