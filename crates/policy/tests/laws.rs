//! Laws that hold whatever the policies say.

#[cfg(test)]
#[path = "reference/slow.rs"]
#[expect(dead_code, reason = "only its operator names are needed here")]
mod slow;

#[cfg(test)]
#[path = "reference/generator.rs"]
mod generator;

#[cfg(test)]
mod tests {
    use claviger_policy::offline::decide_line;
    use serde_json::{Value, json};

    use crate::generator::Chance;

    const CASES: u64 = 3_000;

    fn decide(line: &Value) -> String {
        let answer: Value = serde_json::from_str(&decide_line(&line.to_string())).expect("JSON");
        answer["decision"].as_str().expect("a decision").to_owned()
    }

    fn statement(effect: &str) -> Value {
        json!({"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"})
    }

    fn document(statements: Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    fn bare(effect: &str) -> Value {
        document(json!([{"Effect": effect, "Action": "*", "Resource": "*"}]))
    }

    fn each(seed: u64, mut law: impl FnMut(Value)) {
        let mut chance = Chance::new(seed);
        for case in 0..CASES {
            law(chance.line(case));
        }
    }

    fn push(line: &mut Value, field: &str, policy: Value) {
        if !line[field].is_array() {
            line[field] = json!([]);
        }
        line[field].as_array_mut().expect("a list").push(policy);
    }

    /// The statements of every policy of a line, as lists to be changed.
    fn statements_of(line: &mut Value, change: impl Fn(&mut Vec<Value>)) {
        let mut policies: Vec<&mut Value> = Vec::new();
        for (name, value) in line.as_object_mut().expect("a line") {
            match name.as_str() {
                "identity_policies" | "session_policies" => {
                    policies.extend(value.as_array_mut().expect("a list"))
                }
                "permissions_boundary" | "resource_policy" => policies.push(value),
                _ => {}
            }
        }
        for policy in policies {
            let list = match policy["Statement"].take() {
                Value::Array(list) => list,
                one => vec![one],
            };
            let mut list = list;
            change(&mut list);
            policy["Statement"] = Value::Array(list);
        }
    }

    #[test]
    fn a_deny_wins_wherever_it_stands() {
        each(11, |line| {
            for field in ["identity_policies", "session_policies"] {
                let mut line = line.clone();
                push(&mut line, field, bare("Deny"));
                assert_eq!(decide(&line), "explicit_deny", "{line:#}");
            }
            for (field, policy) in [
                ("permissions_boundary", bare("Deny")),
                ("resource_policy", document(json!([statement("Deny")]))),
                ("scps", json!([[bare("Deny")]])),
                ("rcps", json!([[document(json!([statement("Deny")]))]])),
            ] {
                let mut line = line.clone();
                line[field] = policy;
                assert_eq!(decide(&line), "explicit_deny", "{line:#}");
            }
        });
    }

    #[test]
    fn another_allow_never_turns_an_allow_into_a_deny() {
        each(12, |mut line| {
            if decide(&line) == "allow" {
                push(&mut line, "identity_policies", bare("Allow"));
                assert_eq!(decide(&line), "allow", "{line:#}");
                statements_of(&mut line, |list| list.push(statement("Allow")));
                // A Principal does not belong into identity policies; there the statement is inert.
                assert_eq!(decide(&line), "allow", "{line:#}");
            }
        });
    }

    #[test]
    fn a_wider_pattern_allows_what_a_narrower_one_does() {
        each(13, |mut line| {
            if decide(&line) != "allow" {
                return;
            }
            statements_of(&mut line, |list| {
                for one in list.iter_mut().filter(|one| one["Effect"] == "Allow") {
                    for (name, value) in [("Action", "*"), ("Resource", "*")] {
                        if one.get(name).is_some() {
                            one[name] = json!([one[name], value]);
                            one[name] = match &one[name][0] {
                                Value::Array(list) => {
                                    let mut list = list.clone();
                                    list.push(json!(value));
                                    Value::Array(list)
                                }
                                one => json!([one, value]),
                            };
                        }
                    }
                    one.as_object_mut()
                        .expect("a statement")
                        .remove("Condition");
                }
            });
            assert_eq!(decide(&line), "allow", "{line:#}");
        });
    }

    #[test]
    fn nothing_is_allowed_by_nothing() {
        each(14, |mut line| {
            line["identity_policies"] = json!([]);
            line["resource_policy"] = Value::Null;
            let root = line["principal"]["type"] == "Account";
            assert!(decide(&line) != "allow" || root, "{line:#}");
        });
    }

    #[test]
    fn order_does_not_matter() {
        each(15, |line| {
            let mut turned = line.clone();
            statements_of(&mut turned, |list| list.reverse());
            for field in ["identity_policies", "session_policies"] {
                if let Some(list) = turned[field].as_array_mut() {
                    list.reverse();
                }
            }
            assert_eq!(decide(&turned), decide(&line), "{line:#}");
        });
    }

    #[test]
    fn a_policy_cut_in_two_says_the_same() {
        each(16, |line| {
            let mut cut = line.clone();
            for field in ["identity_policies", "session_policies"] {
                let Some(list) = line[field].as_array() else {
                    continue;
                };
                let mut pieces = Vec::new();
                for policy in list {
                    let statements = match &policy["Statement"] {
                        Value::Array(list) => list.clone(),
                        one => vec![one.clone()],
                    };
                    for statement in statements {
                        let mut piece = policy.clone();
                        piece["Statement"] = statement;
                        pieces.push(piece);
                    }
                }
                cut[field] = Value::Array(pieces);
            }
            assert_eq!(decide(&cut), decide(&line), "{line:#}");
        });
    }

    #[test]
    fn boundaries_sessions_and_control_policies_only_shrink() {
        each(17, |line| {
            let before = decide(&line);
            for (field, limit) in [
                ("permissions_boundary", bare("Allow")),
                ("session_policies", json!([bare("Allow")])),
                ("scps", json!([[bare("Allow")], []])),
                ("rcps", json!([[]])),
            ] {
                if line.get(field).is_some() {
                    continue;
                }
                let mut limited = line.clone();
                limited[field] = limit;
                if before != "allow" {
                    assert_ne!(decide(&limited), "allow", "{limited:#}");
                }
            }
        });
    }
}
