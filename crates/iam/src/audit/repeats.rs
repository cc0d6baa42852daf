//! Denials that strangers can set off as often as they like: the first is an event at once, and those that are like it in
//! the minute after are one event together, with their number. The trail tells of all, and does not grow with each.

use std::collections::HashMap;

use claviger_model::Timestamp;
use claviger_store::Event;
use serde_json::{Value, json};

use super::Repetition;

/// Seconds in which denials count as one.
const WINDOW: i64 = 60;
/// Different denials that are told apart at once; more are events each.
const MOST: usize = 1_024;

/// What came again, by what it is like: who asked, from where, and what was said to it.
#[derive(Default)]
pub(super) struct Repeats(HashMap<(Repetition, String), Repeat>);

struct Repeat {
    closes: Timestamp,
    /// The latest that came after the first, and how many.
    again: Option<(Event, u64)>,
}

impl Repeats {
    /// Takes a denial in, and answers the events to write now.
    pub(super) fn take_in(&mut self, event: Event) -> Vec<Event> {
        // SECURITY: not the parameters, which have what strangers make up: which key they offer, under which name.
        let message = event.body.get("errorMessage").and_then(Value::as_str);
        let like = (
            Repetition::of(&event),
            message.unwrap_or_default().to_owned(),
        );
        let open = self
            .0
            .get_mut(&like)
            .filter(|repeat| event.time < repeat.closes);
        if let Some(repeat) = open {
            let before = repeat.again.take().map_or(0, |(_, count)| count);
            repeat.again = Some((event, before + 1));
            return Vec::new();
        }
        let ended = self.0.remove(&like).and_then(Repeat::told);
        if self.0.len() < MOST {
            let closes = event.time.plus_seconds(WINDOW);
            let repeat = Repeat {
                closes,
                again: None,
            };
            self.0.insert(like, repeat);
        }
        ended.into_iter().chain([event]).collect()
    }

    /// The events of what has ended by now, which is forgotten with that.
    pub(super) fn ended(&mut self, now: Timestamp) -> Vec<Event> {
        self.0
            .extract_if(|_, repeat| repeat.closes <= now)
            .filter_map(|(_, repeat)| repeat.told())
            .collect()
    }
}

impl Repeat {
    fn told(self) -> Option<Event> {
        self.again.map(|(event, count)| counted(event, count))
    }
}

/// The event that stands for so many.
pub(super) fn counted(mut event: Event, count: u64) -> Event {
    if let Some(members) = event.body.as_object_mut() {
        members.insert(
            "additionalEventData".into(),
            json!({ "occurrences": count }),
        );
    }
    event
}

#[cfg(test)]
mod tests {
    use claviger_model::AccountId;
    use claviger_store::Scope;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);

    fn event(seconds: i64, user: &str) -> Event {
        Event {
            id: format!("{user}{seconds}"),
            time: NOW.plus_seconds(seconds),
            scope: Scope::Account(AccountId::from_number(1).expect("a number")),
            name: String::from("ListHostSSHPublicKeys"),
            source: String::from("iam.amazonaws.com"),
            username: None,
            access_key_id: None,
            read_only: true,
            resources: Vec::new(),
            body: json!({ "errorMessage": user, "requestParameters": { "key": seconds } }),
        }
    }

    fn told(events: &[Event]) -> Vec<(&str, Option<u64>)> {
        events
            .iter()
            .map(|event| {
                let count = event.body.pointer("/additionalEventData/occurrences");
                (event.id.as_str(), count.and_then(Value::as_u64))
            })
            .collect()
    }

    #[test]
    fn the_first_is_told_at_once_and_the_others_of_its_minute_together() {
        let mut repeats = Repeats::default();
        assert_eq!(
            told(&repeats.take_in(event(0, "alice"))),
            [("alice0", None)]
        );
        assert_eq!(told(&repeats.take_in(event(1, "bob"))), [("bob1", None)]);
        for seconds in 1..60 {
            assert!(repeats.take_in(event(seconds, "alice")).is_empty());
        }
        assert!(repeats.ended(NOW.plus_seconds(59)).is_empty());
        let ended = repeats.ended(NOW.plus_seconds(60));
        assert_eq!(told(&ended), [("alice59", Some(59))]);
        assert!(
            repeats.ended(NOW.plus_seconds(61)).is_empty(),
            "bob came once"
        );
        assert!(repeats.0.is_empty(), "nothing is kept");
    }

    #[test]
    fn what_was_counted_is_told_before_what_comes_after() {
        let mut repeats = Repeats::default();
        repeats.take_in(event(0, "alice"));
        repeats.take_in(event(7, "alice"));
        let later = repeats.take_in(event(60, "alice"));
        assert_eq!(told(&later), [("alice7", Some(1)), ("alice60", None)]);
        assert!(repeats.ended(NOW.plus_seconds(120)).is_empty());
    }

    #[test]
    fn beyond_its_bound_each_is_told() {
        let mut repeats = Repeats::default();
        for number in 0..=MOST {
            repeats.take_in(event(0, &number.to_string()));
        }
        assert_eq!(repeats.0.len(), MOST);
        let beyond = MOST.to_string();
        assert_eq!(repeats.take_in(event(1, &beyond)).len(), 1);
        assert_eq!(repeats.take_in(event(1, "0")).len(), 0);
    }
}
