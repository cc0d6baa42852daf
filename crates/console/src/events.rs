//! Event history: who did what, and one event as it is kept.

use askama::Template;
use claviger_iam::Fault;
use claviger_iam::operation::events::{EventShape, LookupAttribute, LookupEvents};
use claviger_model::{Code, Scalar as _, Timestamp};

use crate::answer::{Answer, Failure, page};
use crate::credentials::Section;
use crate::documents::{Line, lines};
use crate::door::Visit;
use crate::view::{Frame, When, encode};

/// What events can be looked up by, and how the page calls it.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("Username", "User name"),
    ("EventName", "Event name"),
    ("EventSource", "Event source"),
    ("ResourceName", "Resource name"),
    ("ResourceType", "Resource type"),
    ("AccessKeyId", "Access key ID"),
    ("ReadOnly", "Read-only (true or false)"),
    ("EventId", "Event ID"),
];

struct Row {
    name: String,
    address: String,
    at: When,
    who: String,
    source: String,
    /// The error that it ended with.
    error: String,
    resources: Vec<String>,
}

#[derive(Template)]
#[template(path = "events.html")]
struct Events {
    frame: Frame,
    attributes: &'static [(&'static str, &'static str)],
    by: String,
    value: String,
    from: String,
    to: String,
    events: Section<Row>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "event.html")]
struct Event {
    frame: Frame,
    id: String,
    name: String,
    at: When,
    who: String,
    source: String,
    error: String,
    key: String,
    resources: Vec<(String, String)>,
    record: Vec<Line>,
}

/// A member of an event's record that is a text. In compact JSON no text can hold the name of a member with its quotes.
fn member(record: &str, name: &str) -> String {
    let start = format!("\"{name}\":\"");
    let value = record.split_once(&start).map(|(_, rest)| rest);
    let value = value.and_then(|rest| rest.split('"').next());
    value.unwrap_or_default().to_owned()
}

/// A moment as a form sends it, in UTC: `2026-01-02T03:04`, with or without seconds.
fn moment(typed: &str, what: &str) -> Result<Option<Timestamp>, Fault> {
    if typed.is_empty() {
        return Ok(None);
    }
    let seconds = if typed.len() == 16 { ":00" } else { "" };
    Timestamp::parse(&format!("{typed}{seconds}Z"))
        .map(Some)
        .map_err(|_| {
            Fault::new(
                Code::InvalidInput,
                format!("{what} must be a day and a time, such as 2026-01-02T03:04."),
            )
        })
}

async fn look_up(visit: &Visit, next: &mut Option<String>) -> Result<Vec<EventShape>, Fault> {
    let query = &visit.asked.query;
    let (by, value) = (query.text("by"), query.text("value"));
    let attribute = (!value.is_empty()).then(|| LookupAttribute {
        attribute_key: by.to_owned(),
        attribute_value: value.to_owned(),
    });
    let look_up = LookupEvents {
        lookup_attributes: attribute.into_iter().collect(),
        start_time: moment(query.text("from"), "The start")?,
        end_time: moment(query.text("to"), "The end")?,
        event_category: None,
        max_results: None,
        next_token: query.filled("token").map(str::to_owned),
    };
    let found = visit.call(&look_up).await?;
    *next = found.next_token.map(|token| {
        format!(
            "/console/events?by={}&value={}&from={}&to={}&token={}",
            encode(by),
            encode(value),
            encode(query.text("from")),
            encode(query.text("to")),
            encode(&token)
        )
    });
    Ok(found.events)
}

fn row(event: EventShape, now: Timestamp) -> Row {
    // Most resources stand there by name and by resource name. In a list the name will do.
    let has_name = (event.resources.iter()).any(|one| !one.resource_name.starts_with("arn:"));
    Row {
        address: format!("/console/event?id={}", encode(&event.event_id)),
        at: When::of(event.event_time, now),
        who: event.username.unwrap_or_default(),
        source: member(&event.cloud_trail_event, "sourceIPAddress"),
        error: member(&event.cloud_trail_event, "errorCode"),
        resources: (event.resources.into_iter())
            .map(|resource| resource.resource_name)
            .filter(|name| !has_name || !name.starts_with("arn:"))
            .collect(),
        name: event.event_name,
    }
}

/// The list.
pub(crate) async fn show(visit: Visit) -> Answer {
    let now = visit.asked.facts.now;
    let query = &visit.asked.query;
    let mut next = None;
    let found = look_up(&visit, &mut next).await;
    let found = found.map(|events| events.into_iter().map(|event| row(event, now)).collect());
    page(&Events {
        frame: Frame::of(&visit, "Event history", "events"),
        attributes: ATTRIBUTES,
        by: query.text("by").to_owned(),
        value: query.text("value").to_owned(),
        from: query.text("from").to_owned(),
        to: query.text("to").to_owned(),
        events: Section::of(found),
        next,
    })
}

/// One event.
pub(crate) async fn show_one(visit: Visit) -> Answer {
    let now = visit.asked.facts.now;
    let id = visit.asked.query.text("id");
    let look_up = LookupEvents {
        lookup_attributes: vec![LookupAttribute {
            attribute_key: String::from("EventId"),
            attribute_value: id.to_owned(),
        }],
        start_time: None,
        end_time: None,
        event_category: None,
        max_results: Some(1),
        next_token: None,
    };
    let found = match visit.call(&look_up).await {
        Ok(found) => found.events.into_iter().next(),
        Err(fault) if fault.code() == Code::InvalidLookupAttributes => None,
        Err(fault) => return Err(fault.into()),
    };
    let event = found.ok_or(Failure::Missing)?;
    page(&Event {
        frame: Frame::of(&visit, event.event_name.clone(), "events"),
        at: When::of(event.event_time, now),
        who: event.username.unwrap_or_default(),
        source: member(&event.cloud_trail_event, "sourceIPAddress"),
        error: member(&event.cloud_trail_event, "errorCode"),
        key: event.access_key_id.unwrap_or_default(),
        resources: (event.resources.into_iter())
            .map(|resource| (resource.resource_type, resource.resource_name))
            .collect(),
        record: lines(&event.cloud_trail_event),
        id: event.event_id,
        name: event.event_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_and_no_text_passes_for_one() {
        let record = r#"{"userAgent":"\"errorCode\":\"Fake\"","errorCode":"AccessDenied"}"#;
        assert_eq!(member(record, "errorCode"), "AccessDenied");
        assert_eq!(member(record, "sourceIPAddress"), "");
    }

    #[test]
    fn a_moment_is_read_with_and_without_seconds() {
        let read = |typed| moment(typed, "The start").ok().flatten();
        assert!(read("2026-01-02T03:04").is_some());
        assert_eq!(read("2026-01-02T03:04"), read("2026-01-02T03:04:00"));
        assert!(moment("yesterday", "The start").is_err());
        assert_eq!(read(""), None);
    }
}
