//! Audit events, looked up as AWS CloudTrail's `LookupEvents` does (AWS CloudTrail API reference).

use claviger_model::{Code, Timestamp};
use claviger_shape::Shape;
use claviger_store::{Event, EventFilter, EventMarker, EventQuery};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::{Entry, Operation, entry};
use crate::authorize::{Check, Target};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::spec::{Access, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[entry::<LookupEvents>()];

/// Events on a page at the most, and where nothing else is asked for.
const MAX_RESULTS: i32 = 50;

/// What events must be like to be found.
#[derive(Shape, Clone)]
pub struct LookupAttribute {
    /// `EventId`, `EventName`, `ReadOnly`, `Username`, `ResourceType`, `ResourceName`, `EventSource` or `AccessKeyId`.
    pub attribute_key: String,
    /// The value: compared as a whole, with regard to case.
    pub attribute_value: String,
}

impl LookupAttribute {
    fn filter(&self) -> Result<EventFilter, Fault> {
        let value = self.attribute_value.clone();
        if value.is_empty() || value.chars().count() > 2_000 {
            return Err(invalid_attributes());
        }
        Ok(match self.attribute_key.as_str() {
            "EventId" => EventFilter::Id(value),
            "EventName" => EventFilter::Name(value),
            "EventSource" => EventFilter::Source(value),
            "Username" => EventFilter::Username(value),
            "AccessKeyId" => EventFilter::AccessKeyId(value),
            "ResourceType" => EventFilter::ResourceType(value),
            "ResourceName" => EventFilter::ResourceName(value),
            "ReadOnly" => EventFilter::ReadOnly(match value.as_str() {
                "true" => true,
                "false" => false,
                _ => return Err(invalid_attributes()),
            }),
            _ => return Err(invalid_attributes()),
        })
    }
}

fn invalid_attributes() -> Fault {
    Fault::new(
        Code::InvalidLookupAttributes,
        "You have specified an invalid lookup attribute.",
    )
}

/// Looks up audit events of the account, newest first.
#[derive(Shape)]
pub struct LookupEvents {
    /// What the events must be like; at most one attribute, as on AWS.
    pub lookup_attributes: Vec<LookupAttribute>,
    /// Only events of this instant or later.
    pub start_time: Option<Timestamp>,
    /// Only events of this instant or earlier.
    pub end_time: Option<Timestamp>,
    /// `insight` asks for insights, which this server does not make: nothing is found then.
    pub event_category: Option<String>,
    /// How many events to answer at the most, 1 to 50; 50 when left out. An answer may hold fewer although more follow.
    pub max_results: Option<i32>,
    /// Where the last page of the same look-up ended.
    pub next_token: Option<String>,
}

/// Something that an event concerns.
#[derive(Shape)]
#[shape(name = "Resource")]
pub struct ResourceShape {
    /// The type, such as `AWS::IAM::User`.
    pub resource_type: String,
    /// The name or the resource name.
    pub resource_name: String,
}

/// An event.
#[derive(Shape)]
#[shape(name = "Event")]
pub struct EventShape {
    /// The event's id.
    pub event_id: String,
    /// The operation.
    pub event_name: String,
    /// Whether the operation only reads: `true` or `false`.
    pub read_only: String,
    /// The access key that signed the request.
    pub access_key_id: Option<String>,
    /// When it happened.
    pub event_time: Timestamp,
    /// The service.
    pub event_source: String,
    /// Who did it.
    pub username: Option<String>,
    /// What it was done to.
    pub resources: Vec<ResourceShape>,
    /// The whole record, as JSON.
    pub cloud_trail_event: String,
}

impl From<Event> for EventShape {
    fn from(event: Event) -> Self {
        Self {
            cloud_trail_event: event.body.to_string(),
            event_id: event.id,
            event_name: event.name,
            read_only: event.read_only.to_string(),
            access_key_id: event.access_key_id,
            event_time: event.time,
            event_source: event.source,
            username: event.username,
            resources: event
                .resources
                .into_iter()
                .map(|resource| ResourceShape {
                    resource_type: resource.kind,
                    resource_name: resource.name,
                })
                .collect(),
        }
    }
}

/// The answer of [`LookupEvents`].
#[derive(Shape)]
pub struct LookupEventsOutput {
    /// The events, newest first.
    pub events: Vec<EventShape>,
    /// Where to go on; present where more may follow.
    pub next_token: Option<String>,
}

const SEAL_BYTES: usize = 8;

impl LookupEvents {
    /// What binds a token to its account and look-up: it goes on with the same question or not at all.
    fn seal(&self, account: &str) -> [u8; SEAL_BYTES] {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        };
        add("lookup_events");
        add(account);
        for attribute in &self.lookup_attributes {
            add(&attribute.attribute_key);
            add(&attribute.attribute_value);
        }
        for time in [self.start_time, self.end_time] {
            add(&time
                .map(|time| time.micros().to_string())
                .unwrap_or_default());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut seal = [0; SEAL_BYTES];
        for (to, from) in seal.iter_mut().zip(digest) {
            *to = from;
        }
        seal
    }

    fn token(&self, account: &str, marker: &EventMarker) -> String {
        let mut bytes = self.seal(account).to_vec();
        bytes.extend_from_slice(&marker.time.micros().to_be_bytes());
        bytes.extend_from_slice(marker.id.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn marker(&self, account: &str, token: &str) -> Option<EventMarker> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let rest = bytes.strip_prefix(&self.seal(account))?;
        let (time, id) = rest.split_first_chunk::<8>()?;
        Some(EventMarker {
            time: Timestamp::from_micros(i64::from_be_bytes(*time)),
            id: String::from_utf8(id.to_vec()).ok()?,
        })
    }

    /// The question for the store.
    fn query(&self, account: &str) -> Result<EventQuery, Fault> {
        if self.lookup_attributes.len() > 1 {
            return Err(invalid_attributes());
        }
        let limit = self.max_results.unwrap_or(MAX_RESULTS);
        if !(1..=MAX_RESULTS).contains(&limit) {
            return Err(Fault::new(
                Code::InvalidMaxResults,
                format!("MaxResults must be between 1 and {MAX_RESULTS}."),
            ));
        }
        if let (Some(start), Some(end)) = (self.start_time, self.end_time)
            && start > end
        {
            return Err(Fault::new(
                Code::InvalidTimeRange,
                "The start time must not be after the end time.",
            ));
        }
        let after = match &self.next_token {
            None => None,
            Some(token) => Some(self.marker(account, token).ok_or_else(|| {
                Fault::new(
                    Code::InvalidNextToken,
                    "The next token is invalid, or belongs to another look-up.",
                )
            })?),
        };
        Ok(EventQuery {
            from: self.start_time,
            to: self.end_time,
            filters: self
                .lookup_attributes
                .iter()
                .map(LookupAttribute::filter)
                .collect::<Result<_, _>>()?,
            after,
            limit: usize::try_from(limit).unwrap_or(1),
        })
    }
}

impl Operation for LookupEvents {
    const SPEC: Spec = Spec::cloudtrail("LookupEvents", Access::Read).faults(&[
        Code::InvalidEventCategory,
        Code::InvalidLookupAttributes,
        Code::InvalidMaxResults,
        Code::InvalidNextToken,
        Code::InvalidTimeRange,
    ]);
    type Output = LookupEventsOutput;

    async fn target(&self, _: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(Check::on_account()))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let account = cx.account().to_string();
        let query = self.query(&account)?;
        match self.event_category.as_deref() {
            None => {}
            Some("insight") => {
                return Ok(LookupEventsOutput {
                    events: Vec::new(),
                    next_token: None,
                });
            }
            Some(_) => {
                return Err(Fault::new(
                    Code::InvalidEventCategory,
                    "The event category must be insight.",
                ));
            }
        }
        let page = cx
            .iam()
            .store()
            .events(cx.scope(), &query)
            .await
            .map_err(Fault::unavailable)?;
        Ok(LookupEventsOutput {
            next_token: page.next.as_ref().map(|next| self.token(&account, next)),
            events: page.events.into_iter().map(EventShape::from).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(attributes: &[(&str, &str)]) -> LookupEvents {
        LookupEvents {
            lookup_attributes: attributes
                .iter()
                .map(|(key, value)| LookupAttribute {
                    attribute_key: (*key).to_owned(),
                    attribute_value: (*value).to_owned(),
                })
                .collect(),
            start_time: None,
            end_time: None,
            event_category: None,
            max_results: None,
            next_token: None,
        }
    }

    const ACCOUNT: &str = "123456789012";

    #[test]
    fn every_attribute_of_the_reference_is_known_and_no_other() {
        for key in [
            "EventId",
            "EventName",
            "Username",
            "ResourceType",
            "ResourceName",
            "EventSource",
            "AccessKeyId",
        ] {
            assert!(lookup(&[(key, "x")]).query(ACCOUNT).is_ok(), "{key}");
        }
        let query = lookup(&[("ReadOnly", "false")])
            .query(ACCOUNT)
            .expect("a query");
        assert_eq!(query.filters, [EventFilter::ReadOnly(false)]);
        for bad in [
            &[("ReadOnly", "no")][..],
            &[("eventName", "x")],
            &[("EventName", "")],
            &[("EventName", "x"), ("Username", "y")],
        ] {
            let fault = lookup(bad).query(ACCOUNT).expect_err("refused");
            assert_eq!(fault.code(), Code::InvalidLookupAttributes, "{bad:?}");
        }
    }

    #[test]
    fn bounds_are_refused_each_with_its_own_fault() {
        for limit in [0, -1, 51, i32::MAX] {
            let mut asked = lookup(&[]);
            asked.max_results = Some(limit);
            assert_eq!(
                asked.query(ACCOUNT).expect_err("refused").code(),
                Code::InvalidMaxResults
            );
        }
        let mut asked = lookup(&[]);
        asked.start_time = Some(Timestamp::from_seconds(2));
        asked.end_time = Some(Timestamp::from_seconds(1));
        assert_eq!(
            asked.query(ACCOUNT).expect_err("refused").code(),
            Code::InvalidTimeRange
        );
    }

    #[test]
    fn ac_25_a_token_goes_on_with_the_same_look_up_of_the_same_account_alone() {
        let marker = EventMarker {
            time: Timestamp::from_seconds(1_700_000_000),
            id: String::from("an id"),
        };
        let asked = lookup(&[("EventName", "CreateUser")]);
        let token = asked.token(ACCOUNT, &marker);
        assert_eq!(asked.marker(ACCOUNT, &token), Some(marker));
        assert_eq!(asked.marker("210987654321", &token), None);
        assert_eq!(
            lookup(&[("EventName", "DeleteUser")]).marker(ACCOUNT, &token),
            None
        );
        for bad in ["", "x", "AAAA", "é"] {
            assert_eq!(asked.marker(ACCOUNT, bad), None, "{bad}");
        }
    }
}
