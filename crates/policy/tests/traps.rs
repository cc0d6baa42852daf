//! The rules that evaluators get wrong, each by its number, asked through the offline line format.

#[cfg(test)]
mod tests {
    use claviger_policy::offline::decide_line;
    use serde_json::{Value, json};

    const ALLOW: &str = "allow";
    const DENY: &str = "explicit_deny";
    const NONE: &str = "implicit_deny";
    const BUCKET: &str = "arn:aws:s3:::b/k";

    fn answer(line: &Value) -> Value {
        serde_json::from_str(&decide_line(&line.to_string())).expect("an answer is JSON")
    }

    fn decision(line: &Value) -> String {
        let answer = answer(line);
        answer["decision"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer} to {line}"))
            .to_owned()
    }

    fn user() -> Value {
        json!({"arn": "arn:aws:iam::111122223333:user/alice", "account": "111122223333", "type": "User"})
    }

    fn session() -> Value {
        json!({"arn": "arn:aws:sts::111122223333:assumed-role/R/s", "account": "111122223333", "type": "AssumedRole"})
    }

    fn document(statements: Value) -> Value {
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    fn everything() -> Value {
        document(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    }

    fn nothing() -> Value {
        document(json!([]))
    }

    fn line(resource: &str, context: Value, identity: Value) -> Value {
        json!({
            "id": "t", "principal": user(), "action": "s3:GetObject",
            "resource": {"arn": resource, "account": "111122223333"},
            "context": context, "identity_policies": identity,
        })
    }

    /// Whether a condition block holds, asked as an Allow.
    fn holds(condition: Value, context: Value) -> bool {
        let policy = document(
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}),
        );
        decision(&line(BUCKET, context, json!([policy]))) == ALLOW
    }

    fn denies(condition: Value, context: Value) -> bool {
        let policy = document(
            json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}),
        );
        decision(&line(BUCKET, context, json!([everything(), policy]))) == DENY
    }

    fn resource(pattern: &str, resource: &str, context: Value) -> bool {
        let policy = document(json!({"Effect": "Allow", "Action": "*", "Resource": pattern}));
        decision(&line(resource, context, json!([policy]))) == ALLOW
    }

    #[test]
    fn trap_01_a_missing_key() {
        for (positive, negated, value) in [
            ("StringEquals", "StringNotEquals", "a"),
            ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "a"),
            ("StringLike", "StringNotLike", "*"),
            ("NumericEquals", "NumericNotEquals", "1"),
            ("DateEquals", "DateNotEquals", "2026-01-01"),
            ("IpAddress", "NotIpAddress", "10.0.0.0/8"),
            ("ArnLike", "ArnNotLike", "arn:aws:s3:::b"),
        ] {
            assert!(
                !holds(json!({positive: {"k": value}}), json!({})),
                "{positive}"
            );
            assert!(
                holds(json!({negated: {"k": value}}), json!({})),
                "{negated}"
            );
            assert!(holds(
                json!({format!("{positive}IfExists"): {"k": value}}),
                json!({})
            ));
            assert!(holds(
                json!({format!("{negated}IfExists"): {"k": value}}),
                json!({})
            ));
        }
        assert!(!holds(json!({"Bool": {"k": "false"}}), json!({})));
        assert!(!holds(json!({"BinaryEquals": {"k": "QQ=="}}), json!({})));
    }

    #[test]
    fn trap_02_deny_without_mfa_needs_if_exists() {
        let key = "aws:MultiFactorAuthPresent";
        assert!(!denies(json!({"Bool": {key: "false"}}), json!({})));
        assert!(denies(json!({"BoolIfExists": {key: "false"}}), json!({})));
        assert!(denies(json!({"Bool": {key: false}}), json!({key: "false"})));
        assert!(!denies(
            json!({"BoolIfExists": {key: "false"}}),
            json!({key: "true"})
        ));
    }

    #[test]
    fn trap_03_string_not_equals_if_exists_fires_on_a_missing_key() {
        assert!(denies(
            json!({"StringNotEqualsIfExists": {"k": "a"}}),
            json!({})
        ));
    }

    #[test]
    fn trap_04_for_all_values_is_true_of_nothing() {
        let all = json!({"ForAllValues:StringEquals": {"k": "a"}});
        for nothing in [
            json!({}),
            json!({"k": []}),
            json!({"k": ""}),
            json!({"k": [""]}),
        ] {
            assert!(holds(all.clone(), nothing.clone()), "{nothing}");
            assert!(!holds(
                json!({"ForAnyValue:StringEquals": {"k": "a"}}),
                nothing
            ));
        }
        let both = json!({"ForAllValues:StringEquals": {"k": "a"}, "Null": {"k": "false"}});
        assert!(!holds(both.clone(), json!({})));
        assert!(!holds(both.clone(), json!({"k": []})));
        assert!(holds(both, json!({"k": ["a"]})));
    }

    #[test]
    fn trap_05_set_operators_negate_value_by_value() {
        let any = json!({"ForAnyValue:StringNotEquals": {"k": ["a", "b"]}});
        assert!(holds(any.clone(), json!({"k": ["a", "c"]})));
        assert!(!holds(any.clone(), json!({"k": ["a", "b"]})));
        assert!(!holds(any, json!({})));
        let all = json!({"ForAllValues:StringNotEquals": {"k": ["a", "b"]}});
        assert!(!holds(all.clone(), json!({"k": ["a", "c"]})));
        assert!(holds(all, json!({"k": ["c", "d"]})));
    }

    #[test]
    fn trap_06_or_nor_and() {
        assert!(holds(
            json!({"StringEquals": {"k": ["a", "b"]}}),
            json!({"k": "b"})
        ));
        assert!(!holds(
            json!({"StringNotEquals": {"k": ["a", "b"]}}),
            json!({"k": "b"})
        ));
        assert!(holds(
            json!({"StringNotEquals": {"k": ["a", "b"]}}),
            json!({"k": "c"})
        ));
        assert!(!holds(
            json!({"StringEquals": {"k": "a", "l": "b"}}),
            json!({"k": "a"})
        ));
        let two = json!({"StringEquals": {"k": "a"}, "StringLike": {"k": "b*"}});
        assert!(!holds(two, json!({"k": "a"})));
    }

    #[test]
    fn trap_07_null_tests_presence_only() {
        for value in ["", "null", "false"] {
            assert!(holds(json!({"Null": {"k": "false"}}), json!({"k": value})));
            assert!(!holds(json!({"Null": {"k": true}}), json!({"k": value})));
        }
        assert!(holds(json!({"Null": {"k": "true"}}), json!({})));
        assert!(!holds(json!({"Null": {"k": "false"}}), json!({})));
    }

    #[test]
    fn trap_08_names_of_keys_and_variables_ignore_case() {
        let context = json!({"AWS:resourcetag/TAGKEY1": "v"});
        assert!(holds(
            json!({"StringEquals": {"aws:ResourceTag/TagKey1": "v"}}),
            context.clone()
        ));
        assert!(!holds(
            json!({"StringEquals": {"aws:ResourceTag/TagKey1": "V"}}),
            context.clone()
        ));
        assert!(resource(
            "arn:aws:s3:::${aws:ResourceTag/tagkey1}",
            "arn:aws:s3:::v",
            context
        ));
    }

    #[test]
    fn trap_09_actions_ignore_case_and_values_do_not() {
        let policy =
            document(json!({"Effect": "Allow", "Action": "S3:getOBJECT", "Resource": "*"}));
        assert_eq!(decision(&line(BUCKET, json!({}), json!([policy]))), ALLOW);
        assert!(!resource("arn:aws:s3:::B/k", BUCKET, json!({})));
        assert!(!holds(
            json!({"StringLike": {"k": "A*"}}),
            json!({"k": "ab"})
        ));
        assert!(!holds(
            json!({"ArnLike": {"k": "arn:aws:s3:::B"}}),
            json!({"k": "arn:aws:s3:::b"})
        ));
    }

    #[test]
    fn trap_10_string_equals_takes_wildcards_literally() {
        assert!(!holds(
            json!({"StringEquals": {"k": "a*"}}),
            json!({"k": "ab"})
        ));
        assert!(holds(
            json!({"StringEquals": {"k": "a*"}}),
            json!({"k": "a*"})
        ));
        assert!(holds(
            json!({"StringEquals": {"k": "${*}${?}${$}"}}),
            json!({"k": "*?$"})
        ));
        assert!(!holds(
            json!({"StringLike": {"k": "${*}"}}),
            json!({"k": "a"})
        ));
    }

    #[test]
    fn trap_11_wildcards_and_literal_characters() {
        assert!(holds(
            json!({"StringLike": {"k": "a.c[x]+*"}}),
            json!({"k": "a.c[x]+"})
        ));
        assert!(!holds(
            json!({"StringLike": {"k": "a.c"}}),
            json!({"k": "abc"})
        ));
        assert!(resource(
            "arn:aws:s3:::b*c",
            "arn:aws:s3:::b/x/c",
            json!({})
        ));
        assert!(resource("arn:aws:s3:::b*c", "arn:aws:s3:::bc", json!({})));
        assert!(!resource("arn:aws:s3:::b?c", "arn:aws:s3:::bc", json!({})));
    }

    #[test]
    fn trap_12_arn_equals_is_arn_like_by_parts() {
        for operator in ["ArnEquals", "ArnLike"] {
            let like = |pattern: &str, value: &str| {
                holds(json!({operator: {"k": pattern}}), json!({"k": value}))
            };
            assert!(like(
                "arn:aws:sns:*:111122223333:*",
                "arn:aws:sns:us-east-1:111122223333:t:u"
            ));
            assert!(!like(
                "arn:aws:*:111122223333:t",
                "arn:aws:sns:us-east-1:111122223333:t"
            ));
            assert!(!like("arn:aws:s*:*:*:*", "not:an:arn:at:all:x"));
        }
        assert!(holds(
            json!({"StringLike": {"k": "arn:*:t"}}),
            json!({"k": "arn:aws:sns:us-east-1:1:t"})
        ));
        assert!(holds(
            json!({"ArnNotLike": {"k": "arn:aws:s3:::x*"}}),
            json!({"k": "arn:aws:s3:::y"})
        ));
    }

    #[test]
    fn trap_13_colons_in_variables_split_nothing() {
        let context = json!({"aws:PrincipalTag/a:b": "x", "aws:username": "alice"});
        assert!(resource(
            "arn:aws:s3:::${aws:PrincipalTag/a:b}/k",
            "arn:aws:s3:::x/k",
            context.clone()
        ));
        assert!(holds(
            json!({"ArnEquals": {"k": "arn:aws:iam::111122223333:user/${aws:username}"}}),
            json!({"k": "arn:aws:iam::111122223333:user/alice", "aws:username": "alice"})
        ));
    }

    #[test]
    fn trap_14_a_variable_without_a_value_in_resource_never_matches() {
        assert!(!resource(
            "arn:aws:s3:::${aws:username}",
            "arn:aws:s3:::${aws:username}",
            json!({})
        ));
        assert!(!resource(
            "arn:aws:s3:::*${aws:username}",
            "arn:aws:s3:::b",
            json!({})
        ));
        assert!(!resource(
            "arn:aws:s3:::${k}",
            "arn:aws:s3:::x",
            json!({"k": ["x"]})
        ));
        let deny = document(
            json!({"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}*"}),
        );
        assert_eq!(
            decision(&line(BUCKET, json!({}), json!([everything(), deny]))),
            ALLOW
        );
        let not = document(
            json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${aws:username}*"}),
        );
        assert_eq!(decision(&line(BUCKET, json!({}), json!([not]))), NONE);
    }

    #[test]
    fn trap_15_a_variable_without_a_value_in_a_condition() {
        assert!(!holds(
            json!({"StringEquals": {"k": "${no}"}}),
            json!({"k": "${no}"})
        ));
        assert!(holds(
            json!({"StringNotEquals": {"k": "${no}"}}),
            json!({"k": "x"})
        ));
    }

    #[test]
    fn trap_16_the_default_stands_in_for_an_absent_key_only() {
        let pattern = "arn:aws:s3:::${aws:PrincipalTag/team, 'x'}";
        assert!(resource(pattern, "arn:aws:s3:::x", json!({})));
        assert!(!resource(
            pattern,
            "arn:aws:s3:::x",
            json!({"aws:PrincipalTag/team": "y"})
        ));
        assert!(!resource(
            pattern,
            "arn:aws:s3:::x",
            json!({"aws:PrincipalTag/team": ""})
        ));
    }

    #[test]
    fn trap_17_old_versions_have_wildcards_but_no_variables() {
        for version in [Some("2008-10-17"), None] {
            let mut policy = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}*"}});
            if let Some(version) = version {
                policy["Version"] = json!(version);
            }
            let ask = |resource: &str| {
                decision(&line(
                    resource,
                    json!({"aws:username": "b"}),
                    json!([policy]),
                ))
            };
            assert_eq!(ask("arn:aws:s3:::${aws:username}/x"), ALLOW);
            assert_eq!(ask("arn:aws:s3:::b/x"), NONE);
        }
    }

    #[test]
    fn trap_18_variables_have_their_places() {
        let context = json!({"n": "5", "k": "5", "a": "111122223333"});
        assert!(!holds(
            json!({"NumericEquals": {"k": "${n}"}}),
            context.clone()
        ));
        assert!(holds(
            json!({"StringEquals": {"k": "${n}"}}),
            context.clone()
        ));
        assert!(!resource(
            "arn:aws:iam::${a}:user/x",
            "arn:aws:iam::111122223333:user/x",
            context
        ));
    }

    #[test]
    fn trap_19_a_wildcard_in_a_value_is_literal() {
        let context = json!({"aws:username": "*"});
        assert!(!resource(
            "arn:aws:s3:::${aws:username}",
            "arn:aws:s3:::b",
            context.clone()
        ));
        assert!(resource(
            "arn:aws:s3:::${aws:username}",
            "arn:aws:s3:::*",
            context.clone()
        ));
        assert!(!holds(
            json!({"StringLike": {"k": "${aws:username}"}}),
            json!({"aws:username": "*", "k": "b"})
        ));
    }

    #[test]
    fn trap_20_numbers_are_numbers() {
        assert!(holds(
            json!({"NumericLessThan": {"k": "10"}}),
            json!({"k": "9"})
        ));
        assert!(holds(
            json!({"NumericEquals": {"k": 10}}),
            json!({"k": "10.0"})
        ));
        assert!(!holds(
            json!({"NumericEquals": {"k": "10"}}),
            json!({"k": "ten"})
        ));
        assert!(!holds(
            json!({"NumericLessThan": {"k": "10"}}),
            json!({"k": ""})
        ));
        assert!(!denies(
            json!({"NumericGreaterThan": {"k": "10"}}),
            json!({"k": "ten"})
        ));
    }

    #[test]
    fn trap_21_dates_in_all_spellings() {
        assert!(holds(
            json!({"DateLessThan": {"k": "2026-01-02"}}),
            json!({"k": "2026-01-01T23:59:59Z"})
        ));
        assert!(holds(
            json!({"DateEquals": {"k": "2026-01-01T01:00:00+01:00"}}),
            json!({"k": "1767225600"})
        ));
        assert!(holds(
            json!({"DateGreaterThanEquals": {"k": "1767225600"}}),
            json!({"k": "2026-01-01"})
        ));
        assert!(holds(
            json!({"DateGreaterThan": {"k": 1767225600}}),
            json!({"k": "2026-01-01T00:00:01Z"})
        ));
        assert!(!holds(
            json!({"DateLessThan": {"k": "2026-01-02"}}),
            json!({"k": "yesterday"})
        ));
    }

    #[test]
    fn trap_22_addresses() {
        assert!(holds(
            json!({"IpAddress": {"k": "192.0.2.1"}}),
            json!({"k": "192.0.2.1"})
        ));
        assert!(!holds(
            json!({"IpAddress": {"k": "0.0.0.0/0"}}),
            json!({"k": "::1"})
        ));
        assert!(holds(
            json!({"IpAddress": {"k": "2001:db8::/32"}}),
            json!({"k": "2001:0DB8:0:0::1"})
        ));
        assert!(holds(
            json!({"IpAddress": {"k": "::ffff:192.0.2.1"}}),
            json!({"k": "0:0:0:0:0:ffff:c000:0201"})
        ));
        assert!(holds(
            json!({"NotIpAddress": {"k": "0.0.0.0/0"}}),
            json!({"k": "::1"})
        ));
    }

    #[test]
    fn trap_23_scalars_and_binary() {
        assert!(holds(json!({"Bool": {"k": true}}), json!({"k": "true"})));
        assert!(holds(json!({"StringEquals": {"k": 5}}), json!({"k": "5"})));
        assert!(holds(
            json!({"BinaryEquals": {"k": "QmluYXJ5"}}),
            json!({"k": "QmluYXJ5"})
        ));
        assert!(!holds(
            json!({"BinaryEquals": {"k": "QmluYXJ5"}}),
            json!({"k": "qmluyxj5"})
        ));
    }

    #[test]
    fn trap_24_deny_with_not_grants_nothing() {
        for statement in [
            json!({"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"}),
            json!({"Effect": "Deny", "Action": "*", "NotResource": BUCKET}),
        ] {
            assert_eq!(
                decision(&line(BUCKET, json!({}), json!([document(statement)]))),
                NONE
            );
        }
    }

    #[test]
    fn trap_25_the_resource_star() {
        assert!(resource("*", "*", json!({})));
        assert!(!resource("arn:aws:s3:::*", "*", json!({})));
        let deny =
            document(json!({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::*"}));
        assert_eq!(
            decision(&line("*", json!({}), json!([everything(), deny]))),
            DENY
        );
    }

    fn granted_to(principal: Value, caller: Value, mut with: Value) -> String {
        with["id"] = json!("t");
        with["principal"] = caller;
        with["action"] = json!("s3:GetObject");
        if with["resource"].is_null() {
            with["resource"] = json!({"arn": BUCKET, "account": "111122223333"});
        }
        with["context"] = json!({});
        with["resource_policy"] = document(
            json!({"Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "*"}),
        );
        decision(&with)
    }

    #[test]
    fn trap_26_a_grant_to_user_or_session_bypasses_implicit_denies() {
        let user_arn = json!({"AWS": "arn:aws:iam::111122223333:user/alice"});
        assert_eq!(
            granted_to(
                user_arn,
                user(),
                json!({"identity_policies": [], "permissions_boundary": nothing()})
            ),
            ALLOW
        );
        let session_arn = json!({"AWS": "arn:aws:sts::111122223333:assumed-role/R/s"});
        let bare = json!({"identity_policies": [], "permissions_boundary": nothing(), "session_policies": []});
        assert_eq!(granted_to(session_arn.clone(), session(), bare), ALLOW);
        let denying = document(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
        assert_eq!(
            granted_to(
                session_arn,
                session(),
                json!({"permissions_boundary": denying})
            ),
            DENY
        );
    }

    #[test]
    fn trap_27_a_grant_to_the_role_is_limited_and_one_to_the_account_delegates() {
        let role = json!({"AWS": "arn:aws:iam::111122223333:role/path/R"});
        assert_eq!(
            granted_to(role.clone(), session(), json!({"identity_policies": []})),
            ALLOW
        );
        assert_eq!(
            granted_to(
                role.clone(),
                session(),
                json!({"permissions_boundary": nothing()})
            ),
            NONE
        );
        assert_eq!(
            granted_to(
                role.clone(),
                session(),
                json!({"session_policies": [nothing()]})
            ),
            NONE
        );
        assert_eq!(
            granted_to(
                role,
                session(),
                json!({"session_policies": [everything()], "permissions_boundary": everything()})
            ),
            ALLOW
        );
        for account in [
            json!({"AWS": "111122223333"}),
            json!({"AWS": "arn:aws:iam::111122223333:root"}),
        ] {
            assert_eq!(
                granted_to(account.clone(), user(), json!({"identity_policies": []})),
                NONE
            );
            assert_eq!(
                granted_to(
                    account,
                    user(),
                    json!({"identity_policies": [everything()]})
                ),
                ALLOW
            );
        }
    }

    #[test]
    fn trap_28_across_accounts_both_sides_must_allow() {
        let there = json!({"arn": BUCKET, "account": "444455556666"});
        let user_arn = json!({"AWS": "arn:aws:iam::111122223333:user/alice"});
        let with = |more: Value| {
            let mut with = more;
            with["resource"] = there.clone();
            with
        };
        assert_eq!(granted_to(user_arn.clone(), user(), with(json!({}))), NONE);
        assert_eq!(
            granted_to(
                user_arn.clone(),
                user(),
                with(json!({"identity_policies": [everything()]}))
            ),
            ALLOW
        );
        for limit in ["permissions_boundary", "session_policies", "scps"] {
            let mut more = json!({"identity_policies": [everything()]});
            more[limit] = match limit {
                "permissions_boundary" => nothing(),
                "session_policies" => json!([nothing()]),
                _ => json!([[nothing()]]),
            };
            assert_eq!(
                granted_to(user_arn.clone(), user(), with(more)),
                NONE,
                "{limit}"
            );
        }
        assert_eq!(
            granted_to(
                json!({"AWS": "999999999999"}),
                user(),
                with(json!({"identity_policies": [everything()]}))
            ),
            NONE
        );
        let mut alone = line(BUCKET, json!({}), json!([everything()]));
        alone["resource"]["account"] = json!("444455556666");
        assert_eq!(decision(&alone), NONE);
    }

    #[test]
    fn trap_29_not_principal_with_deny_and_a_boundary() {
        let listed = json!({"AWS": ["arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:root"]});
        let policy = document(
            json!({"Effect": "Deny", "NotPrincipal": listed, "Action": "*", "Resource": "*"}),
        );
        let mut line = line(BUCKET, json!({}), json!([everything()]));
        line["resource_policy"] = policy;
        assert_eq!(decision(&line), ALLOW);
        line["permissions_boundary"] = everything();
        assert_eq!(decision(&line), DENY);
    }

    #[test]
    fn not_principal_exempts_only_whom_it_names_in_full() {
        let ask = |caller: Value, listed: Value| {
            let mut line = line(BUCKET, json!({}), json!([everything()]));
            line["principal"] = caller;
            line["resource_policy"] = document(
                json!({"Effect": "Deny", "NotPrincipal": {"AWS": listed}, "Action": "*", "Resource": "*"}),
            );
            decision(&line)
        };
        let (root, role, one) = (
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:role/R",
            "arn:aws:sts::111122223333:assumed-role/R/s",
        );
        assert_eq!(ask(session(), json!([root, role, one])), ALLOW);
        assert_eq!(ask(session(), json!([role, one])), DENY);
        assert_eq!(ask(session(), json!([root, one])), DENY);
        assert_eq!(
            ask(
                session(),
                json!([root, role, "arn:aws:sts::111122223333:assumed-role/R/t"])
            ),
            DENY
        );
        assert_eq!(ask(user(), json!([root])), DENY);
        assert_eq!(ask(user(), json!(["*"])), ALLOW);
    }

    #[test]
    fn trap_30_principals_of_every_form() {
        let anonymous = json!({"arn": null, "account": null, "type": "Anonymous"});
        for star in [json!("*"), json!({"AWS": "*"})] {
            assert_eq!(
                granted_to(star.clone(), anonymous.clone(), json!({})),
                ALLOW
            );
            assert_eq!(granted_to(star, user(), json!({})), ALLOW);
        }
        assert_eq!(
            granted_to(json!({"AWS": "111122223333"}), anonymous, json!({})),
            NONE
        );
        assert_eq!(
            granted_to(
                json!({"AWS": "arn:aws:iam::111122223333:user/*"}),
                user(),
                json!({})
            ),
            NONE
        );
        let service = json!({"arn": "ec2.amazonaws.com", "account": null, "type": "Service"});
        assert_eq!(
            granted_to(
                json!({"Service": "ec2.amazonaws.com"}),
                service.clone(),
                json!({})
            ),
            ALLOW
        );
        assert_eq!(
            granted_to(
                json!({"Service": "s3.amazonaws.com"}),
                service,
                json!({"identity_policies": [everything()]})
            ),
            NONE
        );
        let provider = "arn:aws:iam::111122223333:saml-provider/X";
        let federated = json!({"arn": provider, "account": null, "type": "Federated"});
        assert_eq!(
            granted_to(json!({"Federated": provider}), federated.clone(), json!({})),
            ALLOW
        );
        assert_eq!(
            granted_to(json!({"AWS": provider}), federated, json!({})),
            NONE
        );
        let fed_user = json!({"arn": "arn:aws:sts::111122223333:federated-user/bob", "account": "111122223333", "type": "FederatedUser"});
        assert_eq!(
            granted_to(
                json!({"AWS": "arn:aws:sts::111122223333:federated-user/bob"}),
                fed_user,
                json!({"session_policies": []})
            ),
            ALLOW
        );
        let role = json!({"arn": "arn:aws:iam::111122223333:role/R", "account": "111122223333", "type": "Role"});
        assert_eq!(
            granted_to(
                json!({"AWS": "arn:aws:iam::111122223333:role/R"}),
                role,
                json!({})
            ),
            ALLOW
        );
        assert_eq!(
            granted_to(
                json!({"AWS": "arn:aws:iam::111122223333:role/Other"}),
                session(),
                json!({})
            ),
            NONE
        );
    }

    #[test]
    fn trap_31_every_level_of_an_organization_must_allow() {
        let deny = document(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
        let everybody =
            document(json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}));
        for (field, full) in [("scps", everything()), ("rcps", everybody)] {
            let ask = |levels: Value, identity: Value| {
                let mut line = line(BUCKET, json!({}), identity);
                line[field] = levels;
                decision(&line)
            };
            let all = json!([everything()]);
            assert_eq!(ask(json!([[full], [full]]), all.clone()), ALLOW, "{field}");
            assert_eq!(ask(json!([[full], []]), all.clone()), NONE);
            assert_eq!(ask(json!([[full], [nothing(), full]]), all.clone()), ALLOW);
            assert_eq!(ask(json!([[full], [full]]), json!([])), NONE);
            if field == "scps" {
                assert_eq!(ask(json!([[full, deny], [full]]), all), DENY);
            }
        }
    }

    #[test]
    fn trap_32_trust_and_key_policies_must_name_the_caller() {
        let role = "arn:aws:iam::111122223333:role/Target";
        let key = "arn:aws:kms:us-east-1:111122223333:key/1";
        for (action, resource) in [("sts:AssumeRole", role), ("kms:Decrypt", key)] {
            let ask = |principal: Option<Value>, identity: Value| {
                let mut line = line(resource, json!({}), identity);
                line["action"] = json!(action);
                if let Some(principal) = principal {
                    line["resource_policy"] = document(
                        json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}),
                    );
                }
                decision(&line)
            };
            let me = json!({"AWS": "arn:aws:iam::111122223333:user/alice"});
            let account = json!({"AWS": "111122223333"});
            let other = json!({"AWS": "arn:aws:iam::111122223333:user/bob"});
            assert_eq!(ask(Some(me), json!([])), ALLOW, "{action}");
            assert_eq!(ask(Some(account.clone()), json!([])), NONE);
            assert_eq!(ask(Some(account), json!([everything()])), ALLOW);
            assert_eq!(ask(Some(other), json!([everything()])), NONE);
            assert_eq!(ask(None, json!([everything()])), NONE);
        }
        let everybody_and_me = json!({"AWS": ["*", "arn:aws:iam::111122223333:user/alice"]});
        let mut named = line(role, json!({}), json!([]));
        named["action"] = json!("sts:AssumeRole");
        named["resource_policy"] = document(
            json!({"Effect": "Allow", "Principal": everybody_and_me, "Action": "sts:AssumeRole"}),
        );
        assert_eq!(
            decision(&named),
            ALLOW,
            "a name of one's own counts beside everybody"
        );
        let caller = json!({"AWS": ["*", "arn:aws:iam::111122223333:role/R"]});
        named["principal"] = session();
        named["resource_policy"] =
            document(json!({"Effect": "Allow", "Principal": caller, "Action": "sts:AssumeRole"}));
        assert_eq!(decision(&named), ALLOW, "the role's name too");
        let mut line = line(role, json!({}), json!([]));
        line["action"] = json!("sts:AssumeRole");
        line["resource_policy"] =
            json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}});
        assert_eq!(
            decision(&line),
            NONE,
            "everybody, in trust, is everybody with an allow of its own"
        );
        line["identity_policies"] = json!([everything()]);
        assert_eq!(decision(&line), ALLOW);
    }

    #[test]
    fn trap_33_the_context_is_all_there_is() {
        for key in [
            "aws:CurrentTime",
            "aws:SourceIp",
            "aws:username",
            "aws:PrincipalArn",
            "aws:PrincipalAccount",
            "aws:userid",
        ] {
            assert!(holds(json!({"Null": {key: "true"}}), json!({})), "{key}");
        }
        let mut tagged = line(
            BUCKET,
            json!({}),
            json!([document(
                json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}})
            )]),
        );
        tagged["principal"]["tags"] = json!({"a": "b"});
        assert_eq!(decision(&tagged), NONE);
    }

    #[test]
    fn trap_34_positions_of_matched_statements() {
        let line = line(BUCKET, json!({}), json!([everything()]));
        let text = line.to_string().replace(
            &everything().to_string(),
            r#"{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}}"#,
        );
        let answer: Value = serde_json::from_str(&decide_line(&text)).expect("JSON");
        assert_eq!(
            answer,
            json!({"id": "t", "decision": "allow", "statements": [{
                "policy": "identity_policies[0]", "index": 0, "sid": "A", "effect": "Allow",
                "start": {"line": 1, "column": 38}, "end": {"line": 1, "column": 93},
            }]})
        );
    }

    #[test]
    fn root_is_allowed_what_nothing_denies() {
        let root = json!({"arn": "arn:aws:iam::111122223333:root", "account": "111122223333", "type": "Account"});
        let mut line = line(BUCKET, json!({}), json!([]));
        line["principal"] = root;
        assert_eq!(decision(&line), ALLOW);
        line["scps"] = json!([[nothing()]]);
        assert_eq!(decision(&line), NONE);
        line["scps"] = Value::Null;
        line["resource"]["account"] = json!("444455556666");
        assert_eq!(decision(&line), NONE);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_answered_and_not_decided() {
        let good = line(BUCKET, json!({}), json!([everything()]));
        for (path, bad) in [
            ("/action", json!("s3")),
            ("/action", json!(5)),
            ("/principal", json!(null)),
            ("/principal/type", json!("Wizard")),
            ("/principal/account", json!(null)),
            ("/resource/arn", json!("b")),
            ("/context", json!({"k": {"a": "b"}})),
            ("/context", json!({"k": "a", "K": "b"})),
            ("/identity_policies", json!("x")),
            ("/identity_policies", json!([everything().to_string()])),
            ("/identity_policies", json!([{"Version": "2012-10-17"}])),
        ] {
            let mut line = good.clone();
            *line.pointer_mut(path).expect("a field") = bad.clone();
            let answer = answer(&line);
            assert!(
                answer["error"].is_string() && answer["id"] == "t",
                "{path} {bad} {answer}"
            );
            assert!(answer.get("decision").is_none());
        }
        let mut misspelt = good;
        misspelt["permission_boundary"] = nothing();
        assert!(answer(&misspelt)["error"].is_string());
        for text in ["", "null", "{", "[]", "5", "{\"id\":1,\"id\":2}"] {
            let answer: Value = serde_json::from_str(&decide_line(text)).expect("JSON");
            assert!(answer["error"].is_string(), "{text}");
        }
    }

    #[test]
    fn ac_14_what_is_not_understood_never_weakens_a_deny_nor_widens_an_allow() {
        let damaged = [
            json!({"Condition": {"StringSame": {"k": "a"}}}),
            json!({"Condition": {"StringSame": {}}}),
            json!({"Condition": {"StringEquals": "x"}}),
            json!({"Condition": "x"}),
            json!({"Condition": {"NumericEquals": {"k": "abc"}}}),
            json!({"Condition": {"IpAddress": {"k": "10.0.0.0/99"}}}),
            json!({"Condition": {"DateLessThan": {"k": "soon"}}}),
            json!({"Condition": {"Bool": {"k": "maybe"}}}),
            json!({"Condition": {"Null": {"k": "maybe"}}}),
            json!({"Condition": {"StringEquals": {"k": null}}}),
            json!({"Condition": {"StringEquals": {"k": []}}}),
            json!({"Condition": {"StringEquals": {"k": "${"}}}),
            json!({"Condition": {"ArnLike": {"k": "arn:aws"}}}),
            json!({"Condition": {"ForAnyValue::StringEquals": {"k": "a"}}}),
            json!({"Action": 5}),
            json!({"Action": "GetObject"}),
            json!({"Action": ["s3:a:b"]}),
            json!({"Action": []}),
            json!({"NotAction": "iam:*"}),
            json!({"Resource": 5}),
            json!({"Resource": ["bucket"]}),
            json!({"Resource": "arn:aws:s3:::${"}),
            json!({"NotResource": "arn:aws:s3:::other"}),
            json!({"Principal": "*"}),
        ];
        for change in damaged {
            for effect in ["Allow", "Deny"] {
                let mut statement = json!({"Effect": effect, "Action": "*", "Resource": "*"});
                for (name, value) in change.as_object().expect("an object") {
                    statement[name] = value.clone();
                }
                let context = json!({"k": "1"});
                let identity = if effect == "Allow" {
                    json!([document(statement.clone())])
                } else {
                    json!([everything(), document(statement.clone())])
                };
                let expected = if effect == "Allow" { NONE } else { DENY };
                assert_eq!(
                    decision(&line(BUCKET, context, identity)),
                    expected,
                    "{statement}"
                );
            }
        }
        for statement in [
            json!(5),
            json!({}),
            json!({"Effect": "Dny", "Action": "*", "Resource": "*"}),
            json!({"Effect": "deny", "Action": "*", "Resource": "*"}),
            json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Unknown": 1}),
        ] {
            assert_eq!(
                decision(&line(
                    BUCKET,
                    json!({}),
                    json!([everything(), document(json!([statement]))])
                )),
                DENY,
                "{statement}"
            );
        }
        for statement in [
            json!({"Effect": "allow", "Action": "*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Conditions": {}}),
            json!({"Effect": "Allow", "Action": "*"}),
            json!({"Effect": "Allow", "Resource": "*"}),
        ] {
            assert_eq!(
                decision(&line(
                    BUCKET,
                    json!({}),
                    json!([document(statement.clone())])
                )),
                NONE,
                "{statement}"
            );
        }
        let mut future = everything();
        future["Version"] = json!("2099-01-01");
        assert_eq!(decision(&line(BUCKET, json!({}), json!([future]))), NONE);
    }

    #[test]
    fn ac_15_large_policies_and_bombs_end_in_time() {
        let many: Vec<Value> = (0..10_000)
            .map(|n| json!({"Effect": "Deny", "Action": format!("s3:*a*{n}*"), "Resource": format!("arn:aws:s3:::{}{n}", "*a".repeat(20))}))
            .collect();
        let start = std::time::Instant::now();
        assert_eq!(
            decision(&line(
                &format!("arn:aws:s3:::{}", "a".repeat(1_000)),
                json!({}),
                json!([document(json!(many))])
            )),
            NONE
        );
        let bomb = document(
            json!({"Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:s3:::*{}b*", "?a".repeat(60_000))}),
        );
        let answer = decision(&line(
            &format!("arn:aws:s3:::{}", "a".repeat(200_000)),
            json!({}),
            json!([bomb]),
        ));
        assert_ne!(answer, ALLOW);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    #[test]
    fn ac_16_deep_and_odd_json_is_answered_with_an_error() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        for text in [
            deep.as_str(),
            "\u{feff}{}",
            "{\"id\":NaN}",
            "{\"id\":\"\\ud800\"}",
        ] {
            let answer: Value = serde_json::from_str(&decide_line(text)).expect("JSON");
            assert!(answer["error"].is_string());
        }
        let huge = format!("{{\"NumericLessThan\":{{\"k\":1{}}}}}", "0".repeat(5_000));
        let condition: Value = json!({"NumericLessThan": {"k": format!("1{}", "0".repeat(5_000))}});
        assert!(
            holds(condition, json!({"k": "9".repeat(5_000)})),
            "{}",
            huge.len()
        );
    }

    #[test]
    fn ac_17_look_alikes_are_others() {
        assert!(!resource(
            "arn:aws:s3:::admin",
            "arn:aws:s3:::ADMIN",
            json!({})
        ));
        assert!(!resource(
            "arn:aws:s3:::admin",
            "arn:aws:s3:::admin ",
            json!({})
        ));
        assert!(!resource(
            "arn:aws:s3:::admin",
            "arn:aws:s3:::\u{ff41}dmin",
            json!({})
        ));
        assert!(!holds(
            json!({"StringEqualsIgnoreCase": {"k": "key"}}),
            json!({"k": "\u{212a}ey"})
        ));
        let mut line = line(BUCKET, json!({}), json!([everything()]));
        line["action"] = json!("s3:GetO\u{0432}ject");
        assert!(answer(&line)["error"].is_string());
    }
}
