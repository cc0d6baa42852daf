//! Audit events as CloudTrail's `LookupEvents` shows them.

use claviger_it::on_both_engines;
use serde_json::{Value, json};

fn names(answer: &Value) -> Vec<String> {
    let events = answer["Events"].as_array().expect("events");
    events
        .iter()
        .map(|event| event["EventName"].as_str().expect("a name").to_owned())
        .collect()
}

fn code(answer: &Value) -> String {
    answer["__type"].as_str().expect("a refusal").to_owned()
}

on_both_engines! {
    async fn every_change_leaves_an_event_in_cloudtrails_shape(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        app.clock().advance(1);
        let nobody = app.user("nobody").await;
        app.clock().advance(1);
        nobody.call("DeleteUser", &[("UserName", "alice")]).await.refused("AccessDenied");
        root.call("ListUsers", &[]).await.ok();
        app.iam().flush().await;

        let answer = root.lookup_events(&json!({})).await;
        let mut told = names(&answer);
        // Events of one instant stand in the order of their ids, which are chance.
        told[1..3].sort();
        assert_eq!(told, ["DeleteUser", "CreateAccessKey", "CreateUser", "CreateUser"].map(str::to_owned));
        let denied = &answer["Events"][0];
        assert_eq!(denied["Username"], "nobody");
        assert_eq!(denied["ReadOnly"], "false");
        assert_eq!(denied["EventSource"], "iam.amazonaws.com");
        assert_eq!(denied["AccessKeyId"], nobody.access_key_id());
        let record: Value = serde_json::from_str(denied["CloudTrailEvent"].as_str().expect("text")).expect("JSON");
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!(record["userIdentity"]["type"], "IAMUser");
        assert_eq!(record["sourceIPAddress"], "203.0.113.7");
        assert_eq!(record["requestParameters"]["userName"], "alice");
        assert_eq!(record["eventID"], denied["EventId"]);
        let made = &answer["Events"][3];
        let resources = made["Resources"].as_array().expect("resources");
        assert!(resources.contains(&json!({"ResourceType": "AWS::IAM::User", "ResourceName": "alice"})), "{made}");
        assert_eq!(made["EventTime"].as_f64(), Some(1_767_323_045.0));
    }

    async fn events_are_found_by_each_attribute_and_within_times(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        app.clock().advance(100);
        root.call("CreateGroup", &[("GroupName", "devs")]).await.ok();
        let by = |key: &str, value: &str| json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]});
        for (key, value, wanted) in [
            ("EventName", "CreateUser", vec!["CreateUser"]),
            ("EventName", "createuser", vec![]),
            ("ResourceName", "devs", vec!["CreateGroup"]),
            ("ResourceType", "AWS::IAM::Group", vec!["CreateGroup"]),
            ("Username", "root", vec!["CreateGroup", "CreateUser"]),
            ("Username", "alice", vec![]),
            ("EventSource", "iam.amazonaws.com", vec!["CreateGroup", "CreateUser"]),
            ("AccessKeyId", root.access_key_id(), vec!["CreateGroup", "CreateUser"]),
            ("ReadOnly", "true", vec![]),
            ("ReadOnly", "false", vec!["CreateGroup", "CreateUser"]),
        ] {
            assert_eq!(names(&root.lookup_events(&by(key, value)).await), wanted, "{key}={value}");
        }
        let late = root.lookup_events(&json!({"StartTime": 1_767_323_100})).await;
        assert_eq!(names(&late), ["CreateGroup"]);
        let early = root.lookup_events(&json!({"EndTime": 1_767_323_100.5})).await;
        assert_eq!(names(&early), ["CreateUser"]);
        let id = early["Events"][0]["EventId"].as_str().expect("an id");
        assert_eq!(names(&root.lookup_events(&by("EventId", id)).await), ["CreateUser"]);
        assert_eq!(names(&root.lookup_events(&json!({"EventCategory": "insight"})).await), Vec::<String>::new());
    }

    async fn pages_show_every_event_once(app) {
        let root = app.root();
        for n in 0..7 {
            root.call("CreateGroup", &[("GroupName", &format!("g{n}"))]).await.ok();
        }
        let mut seen = Vec::new();
        let mut asked = json!({"MaxResults": 3});
        loop {
            let page = root.lookup_events(&asked).await;
            for event in page["Events"].as_array().expect("events") {
                seen.push(event["EventId"].as_str().expect("an id").to_owned());
            }
            match page.get("NextToken") {
                Some(token) => asked["NextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 7);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7);
    }

    async fn what_cannot_be_looked_up_is_refused_by_name(app) {
        let root = app.root();
        let bad = |input: Value| {
            let root = root.clone();
            async move { code(&root.lookup_events(&input).await) }
        };
        for limit in [0, 51] {
            assert!(bad(json!({"MaxResults": limit})).await.ends_with("InvalidMaxResultsException"));
        }
        assert!(bad(json!({"StartTime": 2, "EndTime": 1})).await.ends_with("InvalidTimeRangeException"));
        assert!(bad(json!({"NextToken": "nonsense"})).await.ends_with("InvalidNextTokenException"));
        let unknown = json!({"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "x"}]});
        assert!(bad(unknown).await.ends_with("InvalidLookupAttributesException"));
    }

    async fn ac_25_an_account_sees_its_own_events_alone(app) {
        let other = app.another_account("210987654321").await;
        app.root().call("CreateUser", &[("UserName", "alice")]).await.ok();
        assert!(names(&other.lookup_events(&json!({})).await).is_empty());
        let nobody = app.user("nobody").await;
        assert!(code(&nobody.lookup_events(&json!({})).await).ends_with("AccessDenied") || code(&nobody.lookup_events(&json!({})).await).ends_with("AccessDeniedException"));
    }
}
