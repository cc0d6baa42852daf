//! Whether what is kept agrees with itself.

use crate::db::Statement;
use crate::error::StoreError;
use crate::sql;
use crate::store::Store;

/// Each check with what a row of its answer means.
const CHECKS: &[(&str, &str)] = &[
    (sql::CHECK_ORPHANS, "an index entry leads to no record"),
    (
        sql::CHECK_SPANS,
        "a group's count is not the number of its entries",
    ),
    (sql::CHECK_UNCOUNTED, "a group has no count"),
    (sql::CHECK_RECORDS, "a record is not what history says"),
    (sql::CHECK_LATER, "a change did not reach its record"),
    (sql::CHECK_LOST, "a record is gone and was never deleted"),
    (sql::CHECK_HEADS, "a commit lies beyond its head"),
];

impl Store {
    /// Compares records, index entries, counts, history and heads with each other, and says what does not agree: an
    /// empty list is a sound store. Reads everything; run it while nobody writes, or commits under way show as findings.
    ///
    /// # Errors
    /// The store is closed or unavailable.
    pub async fn verify(&self) -> Result<Vec<String>, StoreError> {
        let inner = self.inner()?;
        let mut findings = Vec::new();
        for (check, meaning) in CHECKS {
            for row in inner
                .db
                .rows(Statement {
                    sql: check,
                    values: Vec::new(),
                })
                .await?
            {
                findings.push(format!(
                    "{meaning}: account {}, `{}`",
                    row.int(0)?,
                    row.text(1)?
                ));
            }
        }
        Ok(findings)
    }
}
