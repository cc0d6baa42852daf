//! Inline policies, attachments and permissions boundaries of users, groups and roles; tags.

use claviger_it::{Actor, on_both_engines};

const ALLOW: &str = r#"{"Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iam:ListGroups", "Resource": "*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
const READ_ONLY: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
/// The kinds, with the parameter that names one, and how large its inline policies may be.
const KINDS: [(&str, &str, usize); 3] = [
    ("User", "UserName", 2_048),
    ("Group", "GroupName", 5_120),
    ("Role", "RoleName", 10_240),
];

async fn create(root: &Actor, kind: &str, name: &str) {
    let parameter = format!("{kind}Name");
    let mut parameters = vec![(parameter.as_str(), name)];
    if kind == "Role" {
        parameters.push(("AssumeRolePolicyDocument", TRUST));
    }
    root.call(&format!("Create{kind}"), &parameters).await.ok();
}

on_both_engines! {
    async fn inline_policies_are_put_read_listed_and_deleted(app) {
        let root = app.root();
        for (kind, parameter, size) in KINDS {
            create(&root, kind, "x").await;
            let word = kind.to_lowercase();
            let (put, get, delete) = (format!("Put{kind}Policy"), format!("Get{kind}Policy"), format!("Delete{kind}Policy"));
            let list = format!("List{kind}Policies");
            for name in ["b", "a"] {
                root.call(&put, &[(parameter, "x"), ("PolicyName", name), ("PolicyDocument", ALLOW)]).await.ok();
            }
            let got = root.call(&get, &[(parameter, "X"), ("PolicyName", "a")]).await.ok();
            assert_eq!(got.document("PolicyDocument"), ALLOW, "byte for byte");
            assert_eq!(got.text(parameter), "x");
            let names = root.call(&list, &[(parameter, "x")]).await.ok();
            let names: Vec<&str> = names.body.split("<member>").skip(1).map(|rest| rest.split('<').next().unwrap_or("")).collect();
            assert_eq!(names, ["a", "b"]);
            let page = root.call(&list, &[(parameter, "x"), ("MaxItems", "1")]).await.ok();
            let marker = page.text("Marker");
            assert!(root.call(&list, &[(parameter, "x"), ("Marker", &marker)]).await.ok().body.contains("<member>b</member>"));

            for action in [&get, &delete] {
                assert_eq!(
                    root.call(action, &[(parameter, "x"), ("PolicyName", "non-existent-policy")]).await.refused("NoSuchEntity"),
                    format!("The {word} policy with name non-existent-policy cannot be found.")
                );
                assert_eq!(
                    root.call(action, &[(parameter, "none"), ("PolicyName", "a")]).await.refused("NoSuchEntity"),
                    format!("The {word} with name none cannot be found.")
                );
            }
            assert_eq!(
                root.call(&put, &[(parameter, "x"), ("PolicyName", "bad"), ("PolicyDocument", "[]")]).await.refused("MalformedPolicyDocument"),
                "Syntax errors in policy."
            );
            let large = ALLOW.replace("iam:ListGroups", &format!("iam:{}", "x".repeat(size)));
            assert_eq!(
                root.call(&put, &[(parameter, "x"), ("PolicyName", "large"), ("PolicyDocument", &large)]).await.refused("LimitExceeded"),
                format!("Maximum policy size of {size} bytes exceeded for {word} x")
            );
            assert_eq!(
                root.call(&format!("Delete{kind}"), &[(parameter, "x")]).await.refused("DeleteConflict"),
                "Cannot delete entity, must delete policies first."
            );
            for name in ["a", "b"] {
                root.call(&delete, &[(parameter, "x"), ("PolicyName", name)]).await.ok();
            }
            root.call(&format!("Delete{kind}"), &[(parameter, "x")]).await.ok();
        }
    }

    async fn managed_policies_are_attached_listed_and_detached(app) {
        let root = app.root();
        let own = root.call("CreatePolicy", &[("PolicyName", "own"), ("Path", "/o/"), ("PolicyDocument", ALLOW)]).await.ok().text("Arn");
        let gone = "arn:aws:iam::123456789012:policy/nonexistent-policy";
        for (kind, parameter, _) in KINDS {
            create(&root, kind, "x").await;
            let (attach, detach) = (format!("Attach{kind}Policy"), format!("Detach{kind}Policy"));
            let list = format!("ListAttached{kind}Policies");
            for _ in 0..2 {
                root.call(&attach, &[(parameter, "x"), ("PolicyArn", READ_ONLY)]).await.ok();
                root.call(&attach, &[(parameter, "x"), ("PolicyArn", &own)]).await.ok();
            }
            assert_eq!(root.call(&list, &[(parameter, "x")]).await.ok().all("PolicyName"), ["IAMReadOnlyAccess", "own"]);
            assert_eq!(root.call(&list, &[(parameter, "x"), ("PathPrefix", "/o/")]).await.ok().all("PolicyArn"), std::slice::from_ref(&own));
            let page = root.call(&list, &[(parameter, "x"), ("MaxItems", "1")]).await.ok();
            let marker = page.text("Marker");
            assert_eq!(root.call(&list, &[(parameter, "x"), ("Marker", &marker)]).await.ok().all("PolicyName"), ["own"]);

            assert_eq!(
                root.call(&attach, &[(parameter, "x"), ("PolicyArn", gone)]).await.refused("NoSuchEntity"),
                format!("Policy {gone} does not exist or is not attachable.")
            );
            assert_eq!(root.call(&detach, &[(parameter, "x"), ("PolicyArn", gone)]).await.refused("NoSuchEntity"), format!("Policy {gone} was not found."));
            assert_eq!(
                root.call(&attach, &[(parameter, "x"), ("PolicyArn", "longpolicynamebutnoarn")]).await.refused("ValidationError"),
                "ARN longpolicynamebutnoarn is not valid."
            );
            assert_eq!(
                root.call(&format!("Delete{kind}"), &[(parameter, "x")]).await.refused("DeleteConflict"),
                "Cannot delete entity, must detach all policies first."
            );
            for arn in [READ_ONLY, &own] {
                root.call(&detach, &[(parameter, "x"), ("PolicyArn", arn)]).await.ok();
                assert_eq!(root.call(&detach, &[(parameter, "x"), ("PolicyArn", arn)]).await.refused("NoSuchEntity"), format!("Policy {arn} was not found."));
            }
            for n in 0..10 {
                let arn = root.call("CreatePolicy", &[("PolicyName", &format!("{kind}{n}")), ("PolicyDocument", ALLOW)]).await.ok().text("Arn");
                root.call(&attach, &[(parameter, "x"), ("PolicyArn", &arn)]).await.ok();
            }
            assert_eq!(
                root.call(&attach, &[(parameter, "x"), ("PolicyArn", &own)]).await.refused("LimitExceeded"),
                format!("Cannot exceed quota for PoliciesPer{kind}: 10")
            );
        }
    }

    async fn a_boundary_bounds_and_can_be_demanded(app) {
        let root = app.root();
        let boundary = root.call("CreatePolicy", &[("PolicyName", "edge"), ("PolicyDocument", ALLOW)]).await.ok().text("Arn");
        let alice = app.user_with("alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).await;
        alice.call("ListUsers", &[]).await.ok();
        root.call("PutUserPermissionsBoundary", &[("UserName", "alice"), ("PermissionsBoundary", &boundary)]).await.ok();
        let shown = root.call("GetUser", &[("UserName", "alice")]).await.ok();
        assert_eq!(shown.text("PermissionsBoundaryType"), "Policy");
        assert_eq!(shown.text("PermissionsBoundaryArn"), boundary);
        alice.call("ListGroups", &[]).await.ok();
        let message = alice.call("ListUsers", &[]).await.refused("AccessDenied");
        assert!(message.ends_with("because no permissions boundary allows the iam:ListUsers action"), "{message}");
        root.call("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.ok();
        root.call("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.ok();
        alice.call("ListUsers", &[]).await.ok();

        // One who may only make bounded users, and change only bounded ones.
        let maker = app.user_with("maker", &format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":["iam:CreateUser","iam:CreateRole","iam:PutUserPolicy","iam:AttachUserPolicy","iam:DeleteUserPermissionsBoundary"],"Resource":"*",
                "Condition":{{"StringEquals":{{"iam:PermissionsBoundary":"{boundary}"}}}}}}}}"#
        )).await;
        maker.call("CreateUser", &[("UserName", "free")]).await.refused("AccessDenied");
        maker.call("CreateUser", &[("UserName", "free"), ("PermissionsBoundary", READ_ONLY)]).await.refused("AccessDenied");
        maker.call("CreateUser", &[("UserName", "bound"), ("PermissionsBoundary", &boundary)]).await.ok();
        maker.call("CreateRole", &[("RoleName", "bound"), ("AssumeRolePolicyDocument", TRUST)]).await.refused("AccessDenied");
        maker.call("CreateRole", &[("RoleName", "bound"), ("AssumeRolePolicyDocument", TRUST), ("PermissionsBoundary", &boundary)]).await.ok();
        maker.call("PutUserPolicy", &[("UserName", "bound"), ("PolicyName", "p"), ("PolicyDocument", ALLOW)]).await.ok();
        maker.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "p"), ("PolicyDocument", ALLOW)]).await.refused("AccessDenied");
        maker.call("AttachUserPolicy", &[("UserName", "bound"), ("PolicyArn", READ_ONLY)]).await.ok();
        maker.call("AttachUserPolicy", &[("UserName", "alice"), ("PolicyArn", READ_ONLY)]).await.refused("AccessDenied");
        maker.call("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.refused("AccessDenied");
        maker.call("DeleteUserPermissionsBoundary", &[("UserName", "bound")]).await.ok();
    }

    async fn the_recorded_refusals_of_boundaries(app) {
        let root = app.root();
        let gone = "arn:aws:iam::123456789012:policy/nonexistent-policy";
        let bad = "arn:aws:iam::123456789012:not_a_policy/invalid";
        for (kind, parameter) in [("User", "UserName"), ("Role", "RoleName")] {
            create(&root, kind, "x").await;
            let put = format!("Put{kind}PermissionsBoundary");
            let make = format!("Create{kind}");
            for (action, name) in [(&put, "x"), (&make, "y")] {
                let with = |boundary: &'static str| vec![(parameter, name), ("PermissionsBoundary", boundary), ("AssumeRolePolicyDocument", TRUST)];
                assert_eq!(root.call(action, &with(gone)).await.refused("NoSuchEntity"), format!("Scope ARN: {gone} does not exist or is not attachable."));
                assert_eq!(root.call(action, &with(bad)).await.refused("InvalidInput"), format!("ARN {bad} is not valid."));
            }
            assert_eq!(
                root.call(&put, &[(parameter, "none"), ("PermissionsBoundary", READ_ONLY)]).await.refused("NoSuchEntity"),
                format!("The {} with name none cannot be found.", kind.to_lowercase())
            );
            root.call(&format!("Delete{kind}PermissionsBoundary"), &[(parameter, "none")]).await.refused("NoSuchEntity");
        }
    }

    async fn tags_are_set_listed_and_removed(app) {
        let root = app.root();
        create(&root, "User", "x").await;
        create(&root, "Role", "x").await;
        let policy = root.call("CreatePolicy", &[("PolicyName", "x"), ("PolicyDocument", ALLOW)]).await.ok().text("Arn");
        let device = root.call("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "x")]).await.ok().text("SerialNumber");
        for (what, list, parameter, name, folds) in [
            ("User", "ListUserTags", "UserName", "x", true),
            ("Role", "ListRoleTags", "RoleName", "x", true),
            ("Policy", "ListPolicyTags", "PolicyArn", policy.as_str(), false),
            ("MFADevice", "ListMFADeviceTags", "SerialNumber", device.as_str(), true),
        ] {
            let (tag, untag) = (format!("Tag{what}"), format!("Untag{what}"));
            root.call(&tag, &[
                (parameter, name), ("Tags.member.1.Key", "b"), ("Tags.member.1.Value", "1"),
                ("Tags.member.2.Key", "a"), ("Tags.member.2.Value", "2"), ("Tags.member.3.Key", "c"), ("Tags.member.3.Value", ""),
            ]).await.ok();
            root.call(&tag, &[(parameter, name), ("Tags.member.1.Key", "A"), ("Tags.member.1.Value", "3")]).await.ok();
            let listed = root.call(list, &[(parameter, name)]).await.ok();
            let expected: &[&str] = if folds { &["A", "b", "c"] } else { &["A", "a", "b", "c"] };
            assert_eq!(listed.all("Key"), expected, "{what}");
            let page = root.call(list, &[(parameter, name), ("MaxItems", "2")]).await.ok();
            assert_eq!(page.all("Key"), expected[..2]);
            let marker = page.text("Marker");
            assert_eq!(root.call(list, &[(parameter, name), ("Marker", &marker)]).await.ok().all("Key"), expected[2..]);
            root.call(&untag, &[(parameter, name), ("TagKeys.member.1", "a"), ("TagKeys.member.2", "absent")]).await.ok();
            let left: &[&str] = if folds { &["b", "c"] } else { &["A", "b", "c"] };
            assert_eq!(root.call(list, &[(parameter, name)]).await.ok().all("Key"), left, "{what}");
            assert_eq!(
                root.call(&tag, &[
                    (parameter, name), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "1"),
                    ("Tags.member.2.Key", "k"), ("Tags.member.2.Value", "2"),
                ]).await.refused("InvalidInput"),
                if folds { "Duplicate tag keys found. Please note that Tag keys are case insensitive." } else { "Duplicate tag keys found." }
            );
            let keys: Vec<String> = (1..=51).map(|n| format!("TagKeys.member.{n}")).collect();
            let mut many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "k")).collect();
            many.push((parameter, name));
            assert_eq!(
                root.call(&untag, &many).await.refused("ValidationError"),
                "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"
            );
            root.call(&tag, &[(parameter, name)]).await.refused("ValidationError");
            for n in 0..50 {
                let key = format!("n{n}");
                let reply = root.call(&tag, &[(parameter, name), ("Tags.member.1.Key", &key), ("Tags.member.1.Value", "v")]).await;
                if reply.status != 200 {
                    assert_eq!(reply.refused("LimitExceeded"), "The number of tags has reached the maximum limit.");
                    assert!(n > 40);
                }
            }
        }
        assert_eq!(root.call("TagUser", &[("UserName", "none"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]).await.refused("NoSuchEntity"), "The user with name none cannot be found.");
        let none = "arn:aws:iam::123456789012:mfa/nonexistent-device";
        assert_eq!(
            root.call("ListMFADeviceTags", &[("SerialNumber", none)]).await.refused("NoSuchEntity"),
            format!("MFA Device with serial number {none} does not exist.")
        );
        let none = "arn:aws:iam::123456789012:policy/NotAPolicy";
        assert_eq!(root.call("UntagPolicy", &[("PolicyArn", none), ("TagKeys.member.1", "k")]).await.refused("NoSuchEntity"), format!("Policy {none} was not found."));
        root.call("TagPolicy", &[("PolicyArn", READ_ONLY), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]).await.refused("AccessDenied");
    }

    async fn tags_decide_who_may_do_what(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "mine"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")]).await.ok();
        root.call("CreateUser", &[("UserName", "yours")]).await.ok();
        let actor = app.user_with("actor", r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iam:PutUserPolicy","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"blue"}}},
            {"Effect":"Allow","Action":"iam:TagUser","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/stage":"test"},"ForAllValues:StringEquals":{"aws:TagKeys":["stage"]}}},
            {"Effect":"Allow","Action":"iam:UntagUser","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["stage"]},"Null":{"aws:TagKeys":"false"}}}]}"#).await;
        let put = |name: &'static str| vec![("UserName", name), ("PolicyName", "p"), ("PolicyDocument", ALLOW)];
        actor.call("PutUserPolicy", &put("mine")).await.ok();
        actor.call("PutUserPolicy", &put("yours")).await.refused("AccessDenied");
        let tag = |key: &'static str, value: &'static str| vec![("UserName", "mine"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
        actor.call("TagUser", &tag("stage", "test")).await.ok();
        actor.call("TagUser", &tag("stage", "live")).await.refused("AccessDenied");
        actor.call("TagUser", &tag("team", "red")).await.refused("AccessDenied");
        actor.call("UntagUser", &[("UserName", "mine"), ("TagKeys.member.1", "team")]).await.refused("AccessDenied");
        actor.call("UntagUser", &[("UserName", "mine"), ("TagKeys.member.1", "stage")]).await.ok();
    }
}
