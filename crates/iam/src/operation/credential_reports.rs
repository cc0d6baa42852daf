//! The credential report of an account: have it made, get it.

use claviger_model::{Code, Timestamp, enum_scalar};
use claviger_shape::{Blob, Shape};

use super::{Entry, Operation, entry};
use crate::attachment::Attachment;
use crate::authorize::{Check, Target};
use crate::credential_report::GOOD_SECONDS;
use crate::credential_report::runs::{self, Stage};
use crate::cx::Cx;
use crate::entity::credential_report::{CredentialReport, REPORT};
use crate::fault::Fault;
use crate::spec::{Access, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<GenerateCredentialReport>(),
    entry::<GetCredentialReport>(),
    entry::<GetCredentialReportAsJSON>(),
];

enum_scalar! {
    /// How far a report has come.
    ReportState {
        /// It has been begun.
        Started = "STARTED",
        /// It was begun before, and is not there yet.
        InProgress = "INPROGRESS",
        /// It is there.
        Complete = "COMPLETE",
    }
}

enum_scalar! {
    /// What a report is written in.
    ReportFormat {
        /// Comma-separated values.
        Csv = "text/csv",
        /// An array of one object a line, each with a member for every column.
        Json = "application/json",
    }
}

/// Has a new credential report made, of the account as it is now, in place of the one that there is. It can be had when the
/// state is `COMPLETE`; ask again until it is.
#[derive(Shape)]
pub struct GenerateCredentialReport {}

/// The answer of [`GenerateCredentialReport`].
#[derive(Shape)]
pub struct GenerateCredentialReportOutput {
    /// How far the report has come. The first one of an account is `STARTED`, however soon it is there.
    pub state: ReportState,
    /// What has been begun.
    pub description: Option<String>,
}

/// The report that the account has.
async fn present(cx: &mut Cx<'_>) -> Result<Option<CredentialReport>, Fault> {
    let scope = cx.scope();
    let report = cx
        .unit
        .get::<CredentialReport>(scope, REPORT)
        .await
        .map_err(Fault::unavailable)?;
    Ok(report.map(|report| CredentialReport::clone(&report)))
}

impl Operation for GenerateCredentialReport {
    const SPEC: Spec = Spec::iam("GenerateCredentialReport", Access::Read)
        .faults(&[Code::ServiceFailure])
        .unraised(&[(
            Code::LimitExceeded,
            "those who ask while a report is being made share the next one, however many they are",
        )])
        .issuing();
    type Output = GenerateCredentialReportOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let was_there = present(cx).await?.is_some();
        let state = match runs::wanted(cx.iam(), cx.account()).await? {
            // COMPAT: AWS begins the first report of an account and does not wait for it; who then asks again, as everyone
            // must, is told that it is there.
            Stage::Complete if !was_there => ReportState::Started,
            Stage::Complete => ReportState::Complete,
            Stage::Started => ReportState::Started,
            Stage::InProgress => ReportState::InProgress,
        };
        let description = (state == ReportState::Started).then(|| {
            String::from(if was_there {
                "Starting a new report generation task"
            } else {
                "No report exists. Starting a new report generation task"
            })
        });
        Ok(GenerateCredentialReportOutput { state, description })
    }
}

/// Gets the newest credential report of the account: who has which credentials, since when, and when they were last used.
#[derive(Shape)]
pub struct GetCredentialReport {}

/// The answer of [`GetCredentialReport`].
#[derive(Shape)]
pub struct GetCredentialReportOutput {
    /// The report.
    pub content: Blob,
    /// What it is written in.
    pub report_format: ReportFormat,
    /// When the account was as the report says.
    pub generated_time: Timestamp,
}

impl Operation for GetCredentialReport {
    const SPEC: Spec = Spec::iam("GetCredentialReport", Access::Read).faults(&[
        Code::ReportExpired,
        Code::ReportInProgress,
        Code::ReportNotPresent,
        Code::ServiceFailure,
    ]);
    type Output = GetCredentialReportOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let good = good(cx).await?;
        let text = CredentialReport::text_of(good.account, &good.text);
        let store = cx.iam().store().clone();
        let content = Attachment::open(CONTENT, store, text, good.parts, good.bytes).await?;
        cx.attach(content);
        Ok(GetCredentialReportOutput {
            // What is attached stands here on the wire.
            content: Blob::default(),
            report_format: ReportFormat::Csv,
            generated_time: good.generated,
        })
    }
}

/// Gets the newest credential report of the account as JSON: the columns of the CSV as members, with the same texts. An
/// operation of this server's own.
#[derive(Shape)]
pub struct GetCredentialReportAsJSON {}

impl Operation for GetCredentialReportAsJSON {
    const SPEC: Spec = Spec::iam("GetCredentialReportAsJSON", Access::Read).faults(&[
        Code::ReportExpired,
        Code::ReportInProgress,
        Code::ReportNotPresent,
        Code::ServiceFailure,
    ]);
    type Output = GetCredentialReportOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let good = good(cx).await?;
        let text = CredentialReport::text_of(good.account, &good.text);
        let store = cx.iam().store().clone();
        let content = Attachment::report_as_json(CONTENT, store, text, good.parts).await?;
        cx.attach(content);
        Ok(GetCredentialReportOutput {
            content: Blob::default(),
            report_format: ReportFormat::Json,
            generated_time: good.generated,
        })
    }
}

/// The member that a report's bytes are the value of.
const CONTENT: &str = "Content";

/// The report that the account has, if it is there and still good.
async fn good(cx: &mut Cx<'_>) -> Result<CredentialReport, Fault> {
    let report = present(cx).await?;
    let was_there = report.is_some();
    report
        .filter(|report| cx.now() < report.generated.plus_seconds(GOOD_SECONDS))
        .ok_or_else(|| {
            Fault::bare(if cx.iam().credential_reports().is_running(cx.account()) {
                Code::ReportInProgress
            } else if was_there {
                Code::ReportExpired
            } else {
                Code::ReportNotPresent
            })
        })
}
