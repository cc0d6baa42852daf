//! The credential report: made, looked at, and taken along.

mod csv;

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::credential_reports::{
    GenerateCredentialReport, GetCredentialReport, GetCredentialReportOutput, ReportState,
};
use claviger_iam::operation::entry;
use claviger_model::{Code, Timestamp};

use self::csv::{Record, records};
use crate::answer::{Answer, Failure, download, go, page, page_again};
use crate::door::Visit;
use crate::view::{Frame, When, encode, fault_text};

/// Rows of a page.
const ROWS: usize = 50;

/// A line of the report, as the page shows it.
struct Row {
    user: String,
    root: bool,
    made: String,
    password: String,
    password_used: String,
    mfa: bool,
    keys: Vec<String>,
    certificates: String,
}

/// A report that there is.
struct Report {
    generated: When,
    rows: Vec<Row>,
    /// How many there are that have what is searched for.
    found: usize,
    first: usize,
    last: usize,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    frame: Frame,
    error: Option<String>,
    /// Whether one is being made.
    running: bool,
    /// Whether there was one that is too old now.
    expired: bool,
    refused: Option<String>,
    search: String,
    only: String,
    report: Option<Report>,
}

/// Reads the report, byte for byte as the operation answers it.
async fn read(visit: &Visit) -> Result<(String, Timestamp), Fault> {
    let (iam, facts) = (visit.asked.iam(), &visit.asked.facts);
    let admitted = iam.admit_at_console(&visit.at, facts).await?;
    let get = GetCredentialReport {};
    let entry = entry::<GetCredentialReport>();
    let mut answer = iam.perform(&entry, &get, admitted, facts).await?;
    let mut bytes = Vec::new();
    // The report is attached to the answer, not in it.
    if let Some(mut attachment) = answer.attachment() {
        while let Some(part) = attachment.next_part().await? {
            bytes.extend(part);
        }
    }
    let output = (answer.into_output())
        .downcast::<GetCredentialReportOutput>()
        .map_err(|_| Fault::service("an operation answered what is not its own"))?;
    let text = String::from_utf8(bytes).map_err(Fault::service)?;
    Ok((text, output.generated_time))
}

/// A moment of the report without what every row would repeat: seconds and zone.
fn short(moment: &str) -> String {
    match moment.split_once('T') {
        Some((day, time)) => {
            let clock: String = time.chars().take(5).collect();
            format!("{day} {clock}")
        }
        None => String::new(),
    }
}

fn row(record: Record<'_>) -> Row {
    let fields: Vec<_> = record.fields().collect();
    // The columns stand in the order of the IAM user guide, "Getting credential reports".
    let at = |column: usize| fields.get(column).map_or("", |field| field.as_ref());
    let key = |first: usize| {
        if at(first + 1) == "N/A" {
            return None;
        }
        let state = match at(first) {
            "true" => "Active",
            _ => "Inactive",
        };
        let used = match short(at(first + 2)) {
            used if used.is_empty() => String::from("never used"),
            used => format!("used {used} for {}", at(first + 4)),
        };
        Some(format!("{state}, made {}, {used}", short(at(first + 1))))
    };
    let certificates = [18, 20]
        .into_iter()
        .filter(|&column| at(column) == "true")
        .count();
    Row {
        user: at(0).to_owned(),
        root: at(0) == "<root_account>",
        made: at(2).split('T').next().unwrap_or_default().to_owned(),
        password: match at(3) {
            "true" => format!("Set {}", short(at(5))),
            "false" => String::from("None"),
            _ => String::from("Root's own"),
        },
        password_used: match at(4) {
            "no_information" => String::from("Never used"),
            "N/A" => String::new(),
            used => format!("Used {}", short(used)),
        },
        mfa: at(7) == "true",
        keys: [8, 13].into_iter().filter_map(key).collect(),
        certificates: match certificates {
            0 => String::from("None"),
            number => number.to_string(),
        },
    }
}

/// Whether a line has what is searched for: in its name, or as a word for what it lacks.
fn has(record: Record<'_>, wanted: &str) -> bool {
    let at = |column: usize| record.field(column);
    match wanted {
        "" => true,
        "no-mfa" => at(3) == "true" && at(7) == "false",
        "keys" => at(8) == "true" || at(13) == "true",
        "no-password" => at(3) == "false",
        _ => false,
    }
}

fn report(visit: &Visit, text: &str, generated: Timestamp) -> Report {
    let query = &visit.asked.query;
    let (search, only) = (query.text("search").to_lowercase(), query.text("only"));
    let skipped: usize = query.text("from").parse().unwrap_or(0);
    let (mut found, mut rows) = (0, Vec::new());
    for record in records(text).skip(1) {
        let is_named = search.is_empty() || record.field(0).to_lowercase().contains(&search);
        if is_named && has(record, only) {
            if found >= skipped && rows.len() < ROWS {
                rows.push(row(record));
            }
            found += 1;
        }
    }
    let last = skipped.saturating_add(rows.len());
    Report {
        generated: When::of(generated, visit.asked.facts.now),
        found,
        first: skipped.saturating_add(1),
        last,
        next: (last < found).then(|| {
            let (search, only) = (encode(&search), encode(only));
            format!("/console/report?search={search}&only={only}&from={last}")
        }),
        rows,
    }
}

async fn one(visit: &Visit, error: Option<String>) -> Page {
    let mut shown = Page {
        frame: Frame::of(visit, "Credential report", "report"),
        error,
        running: false,
        expired: false,
        refused: None,
        search: visit.asked.query.text("search").to_owned(),
        only: visit.asked.query.text("only").to_owned(),
        report: None,
    };
    match read(visit).await {
        Ok((text, generated)) => shown.report = Some(report(visit, &text, generated)),
        Err(fault) => match fault.code() {
            Code::ReportNotPresent => {}
            Code::ReportInProgress => shown.running = true,
            Code::ReportExpired => shown.expired = true,
            _ => shown.refused = Some(fault_text(&fault)),
        },
    }
    shown
}

/// The page.
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&one(&visit, None).await)
}

/// Has a report made.
pub(crate) async fn generate(visit: Visit) -> Answer {
    match visit.call(&GenerateCredentialReport {}).await {
        Ok(answer) if answer.state == ReportState::InProgress => {
            go("/console/report?done=report-running")
        }
        Ok(_) => go("/console/report?done=report-made"),
        Err(fault) => page_again(&one(&visit, Some(fault_text(&fault))).await),
    }
}

/// The report as a file for spreadsheets.
pub(crate) async fn take(visit: Visit) -> Answer {
    let (text, _) = read(&visit).await.map_err(Failure::from)?;
    let safe = csv::for_spreadsheets(&text);
    download("credential-report.csv", "text/csv; charset=utf-8", safe)
}
