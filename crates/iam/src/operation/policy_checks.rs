//! What there is to say about a document before it is saved. An operation of this server's own.

use claviger_model::scalar::Constraint::{MaxLength, MinLength};
use claviger_model::{enum_scalar, text_scalar};
use claviger_policy::lint::{self, Finding, Grammar, Severity};
use claviger_policy::summary::{self, Summary};
use claviger_policy::{Effect, counted_size};
use claviger_shape::Shape;

use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::spec::{Access, Grant, Spec, action_table};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<CheckPolicyDocument>()];

text_scalar! {
    /// A document that may not be one yet: 1 to 131,072 characters.
    DocumentDraft, [MaxLength(131_072), MinLength(1)], |_| true
}

enum_scalar! {
    /// What a document is meant for.
    DocumentKind {
        /// Users, groups, roles, permissions boundaries.
        Identity = "IDENTITY_POLICY",
        /// Who may take on a role.
        Trust = "TRUST_POLICY",
        /// One session.
        Session = "SESSION_POLICY",
        /// A resource of another service.
        Resource = "RESOURCE_POLICY",
    }
}

impl From<DocumentKind> for Grammar {
    fn from(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::Identity => Self::Identity,
            DocumentKind::Trust => Self::Trust,
            DocumentKind::Session => Self::Session,
            DocumentKind::Resource => Self::Resource,
        }
    }
}

enum_scalar! {
    /// How much a finding matters.
    FindingSeverity {
        /// Refused when it is saved, or never in effect.
        Error = "ERROR",
        /// Most likely not what was meant, or more than is safe.
        Warning = "WARNING",
        /// It could be said better.
        Suggestion = "SUGGESTION",
    }
}

impl From<Severity> for FindingSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Advice => Self::Suggestion,
        }
    }
}

/// Something to say about a document.
#[derive(Shape)]
pub struct DocumentFinding {
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What it is, for programs; it stays the same from one version of the server to the next.
    pub code: String,
    /// What it is, for people.
    pub message: String,
    /// What to do about it, where that is not plain.
    pub advice: Option<String>,
    /// The line, counted from 1.
    pub line: i32,
    /// The character within the line, counted from 1.
    pub column: i32,
}

impl From<Finding> for DocumentFinding {
    fn from(finding: Finding) -> Self {
        Self {
            severity: finding.severity.into(),
            code: finding.code.to_owned(),
            message: finding.message,
            advice: finding.advice,
            line: number(finding.position.line),
            column: number(finding.position.column),
        }
    }
}

fn number(counted: impl TryInto<i32>) -> i32 {
    counted.try_into().unwrap_or(i32::MAX)
}

enum_scalar! {
    /// Whether something is allowed or denied.
    SummaryEffect {
        /// Allowed.
        Allow = "Allow",
        /// Denied.
        Deny = "Deny",
    }
}

/// An access level of which a document names actions.
#[derive(Shape)]
pub struct SummaryLevel {
    /// `List`, `Read`, `Write`, `Tagging` or `Permissions management`.
    pub name: String,
    /// Whether it names every action of the level that needs a permission.
    pub is_full: bool,
}

/// An action of a summary.
#[derive(Shape)]
pub struct SummaryAction {
    /// The action, or a pattern, where it is not known here what it stands for.
    pub name: String,
    /// Its access level, where that is known.
    pub level: Option<String>,
}

/// What one statement says of a service.
#[derive(Shape)]
pub struct SummaryPart {
    /// The place of the statement, counted from 1.
    pub statement: i32,
    /// Its `Sid`, where it has one.
    pub sid: Option<String>,
    /// The actions.
    pub actions: Vec<SummaryAction>,
    /// Whether it is about every action but these.
    pub all_but_actions: bool,
    /// The resources; none where the statement is about what it stands on.
    pub resources: Vec<String>,
    /// Whether it is about every resource but these.
    pub all_but_resources: bool,
    /// The conditions, all of which must hold.
    pub conditions: Vec<String>,
}

/// What a document says of a service.
#[derive(Shape)]
pub struct SummaryService {
    /// Whether it allows or denies.
    pub effect: SummaryEffect,
    /// What the actions begin with, or `*` for those of every service.
    pub service: String,
    /// The access levels; none for services that are not known here.
    pub levels: Vec<SummaryLevel>,
    /// What each statement says of it.
    pub parts: Vec<SummaryPart>,
}

/// What a document speaks of and nobody knows here: it has no effect.
#[derive(Shape)]
pub struct SummaryUnrecognized {
    /// The place of its statement, counted from 1.
    pub statement: i32,
    /// As the document has it.
    pub text: String,
}

/// What a document allows and denies.
#[derive(Shape)]
pub struct DocumentSummary {
    /// By effect and service.
    pub services: Vec<SummaryService>,
    /// What is not known here.
    pub unrecognized: Vec<SummaryUnrecognized>,
}

impl From<Summary> for DocumentSummary {
    fn from(summary: Summary) -> Self {
        Self {
            services: summary.services.into_iter().map(Into::into).collect(),
            unrecognized: (summary.unrecognized.into_iter())
                .map(|one| SummaryUnrecognized {
                    statement: number(one.statement),
                    text: one.text,
                })
                .collect(),
        }
    }
}

impl From<summary::Service> for SummaryService {
    fn from(service: summary::Service) -> Self {
        let level = |level: summary::Level| SummaryLevel {
            name: level.name,
            is_full: level.is_full,
        };
        Self {
            effect: match service.effect {
                Effect::Allow => SummaryEffect::Allow,
                Effect::Deny => SummaryEffect::Deny,
            },
            service: service.name,
            levels: service.levels.into_iter().map(level).collect(),
            parts: service.parts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<summary::Part> for SummaryPart {
    fn from(part: summary::Part) -> Self {
        let action = |action: summary::Named| SummaryAction {
            name: action.name,
            level: action.level,
        };
        Self {
            statement: number(part.statement),
            sid: part.sid,
            actions: part.actions.into_iter().map(action).collect(),
            all_but_actions: part.all_but_actions,
            resources: part.resources,
            all_but_resources: part.all_but_resources,
            conditions: part.conditions,
        }
    }
}

/// Tells what there is to say about a document, with the lines, and what it allows and denies. Nothing is saved. An
/// operation of this server's own; who is authenticated may ask, unless a policy denies it.
#[derive(Shape)]
pub struct CheckPolicyDocument {
    /// The document.
    pub policy_document: DocumentDraft,
    /// What it is meant for.
    pub policy_type: DocumentKind,
}

/// The answer of [`CheckPolicyDocument`].
#[derive(Shape)]
pub struct CheckPolicyDocumentOutput {
    /// What there is to say, in the order of the text.
    pub findings: Vec<DocumentFinding>,
    /// The characters that count towards the limits of policies: all but white space.
    pub size: i32,
    /// What the document allows and denies; none while it cannot be read.
    pub summary: Option<DocumentSummary>,
}

impl Operation for CheckPolicyDocument {
    const SPEC: Spec = Spec::iam("CheckPolicyDocument", Access::Read).grant(Grant::UnlessDenied);
    type Output = CheckPolicyDocumentOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, _: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let document = self.policy_document.as_str();
        let findings = lint::check(document, self.policy_type.into());
        let summary = summary::summarize(document, action_table::catalogue());
        Ok(CheckPolicyDocumentOutput {
            findings: findings.into_iter().map(Into::into).collect(),
            size: number(counted_size(document)),
            summary: summary.ok().map(Into::into),
        })
    }
}
