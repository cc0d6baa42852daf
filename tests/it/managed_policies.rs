//! Managed policies and their versions, and what they are attached to.

use claviger_it::{Actor, on_both_engines};

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:GetUser","Resource":"*"}}"#;
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn arn(name: &str) -> String {
    format!("arn:aws:iam::123456789012:policy/{name}")
}

async fn create(root: &Actor, name: &str) -> String {
    root.call(
        "CreatePolicy",
        &[("PolicyName", name), ("PolicyDocument", ALLOW)],
    )
    .await
    .ok()
    .text("Arn")
}

on_both_engines! {
    async fn a_policy_is_made_read_versioned_and_deleted(app) {
        let root = app.root();
        let made = root.call("CreatePolicy", &[
            ("PolicyName", "Reader"), ("Path", "/ops/"), ("PolicyDocument", ALLOW), ("Description", "reads"),
            ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue"),
        ]).await.ok();
        let reader = made.text("Arn");
        assert_eq!(reader, arn("ops/Reader"));
        assert!(made.text("PolicyId").starts_with("ANPA"));
        assert_eq!(made.text("DefaultVersionId"), "v1");
        assert_eq!(made.text("AttachmentCount"), "0");
        assert_eq!(made.text("PermissionsBoundaryUsageCount"), "0");
        assert_eq!(made.text("IsAttachable"), "true");
        assert_eq!(made.text("Value"), "blue");
        assert!(made.find("Description").is_none(), "CreatePolicy leaves the description out");

        let got = root.call("GetPolicy", &[("PolicyArn", &reader)]).await.ok();
        assert_eq!(got.text("Description"), "reads");
        let version = root.call("GetPolicyVersion", &[("PolicyArn", &reader), ("VersionId", "v1")]).await.ok();
        assert_eq!(version.document("Document"), ALLOW);
        assert_eq!(version.text("IsDefaultVersion"), "true");

        let second = root.call("CreatePolicyVersion", &[("PolicyArn", &reader), ("PolicyDocument", DENY)]).await.ok();
        assert_eq!(second.text("VersionId"), "v2");
        assert_eq!(second.text("IsDefaultVersion"), "false");
        let third = root.call("CreatePolicyVersion", &[("PolicyArn", &reader), ("PolicyDocument", DENY), ("SetAsDefault", "true")]).await.ok();
        assert_eq!(third.text("IsDefaultVersion"), "true");
        let listed = root.call("ListPolicyVersions", &[("PolicyArn", &reader)]).await.ok();
        assert_eq!(listed.all("VersionId"), ["v3", "v2", "v1"]);
        assert!(listed.find("Document").is_none());
        let page = root.call("ListPolicyVersions", &[("PolicyArn", &reader), ("MaxItems", "2")]).await.ok();
        assert_eq!(page.all("VersionId"), ["v3", "v2"]);
        let marker = page.text("Marker");
        let page = root.call("ListPolicyVersions", &[("PolicyArn", &reader), ("Marker", &marker)]).await.ok();
        assert_eq!(page.all("VersionId"), ["v1"]);

        assert_eq!(
            root.call("DeletePolicyVersion", &[("PolicyArn", &reader), ("VersionId", "v3")]).await.refused("DeleteConflict"),
            "Cannot delete the default version of a policy."
        );
        root.call("DeletePolicyVersion", &[("PolicyArn", &reader), ("VersionId", "v2")]).await.ok();
        root.call("SetDefaultPolicyVersion", &[("PolicyArn", &reader), ("VersionId", "v1")]).await.ok();
        assert_eq!(root.call("GetPolicy", &[("PolicyArn", &reader)]).await.ok().text("DefaultVersionId"), "v1");
        assert_eq!(
            root.call("DeletePolicy", &[("PolicyArn", &reader)]).await.refused("DeleteConflict"),
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."
        );
        root.call("DeletePolicyVersion", &[("PolicyArn", &reader), ("VersionId", "v3")]).await.ok();
        let fourth = root.call("CreatePolicyVersion", &[("PolicyArn", &reader), ("PolicyDocument", DENY)]).await.ok();
        assert_eq!(fourth.text("VersionId"), "v4", "numbers are not used again");
        root.call("DeletePolicyVersion", &[("PolicyArn", &reader), ("VersionId", "v4")]).await.ok();
        root.call("DeletePolicy", &[("PolicyArn", &reader)]).await.ok();
        root.call("GetPolicy", &[("PolicyArn", &reader)]).await.refused("NoSuchEntity");
    }

    async fn the_recorded_refusals_of_managed_policies(app) {
        let root = app.root();
        let policy = create(&root, "p").await;
        for name in ["p", "P"] {
            assert_eq!(
                root.call("CreatePolicy", &[("PolicyName", name), ("Path", "/x/"), ("PolicyDocument", ALLOW)]).await.refused("EntityAlreadyExists"),
                format!("A policy called {name} already exists. Duplicate names are not allowed.")
            );
        }
        let gone = arn("NonExistentPolicy");
        for action in ["GetPolicy", "DeletePolicy", "ListPolicyVersions", "ListPolicyTags"] {
            assert_eq!(root.call(action, &[("PolicyArn", &gone)]).await.refused("NoSuchEntity"), format!("Policy {gone} was not found."), "{action}");
        }
        assert_eq!(root.call("ListEntitiesForPolicy", &[("PolicyArn", &gone)]).await.refused("NoSuchEntity"), format!("Policy {gone} does not exist or is not attachable."));
        for action in ["GetPolicyVersion", "SetDefaultPolicyVersion"] {
            assert_eq!(
                root.call(action, &[("PolicyArn", &gone), ("VersionId", "v1")]).await.refused("NoSuchEntity"),
                format!("Policy {gone} version v1 does not exist or is not attachable.")
            );
            assert_eq!(
                root.call(action, &[("PolicyArn", &policy), ("VersionId", "v9")]).await.refused("NoSuchEntity"),
                format!("Policy {policy} version v9 does not exist or is not attachable.")
            );
            assert_eq!(
                root.call(action, &[("PolicyArn", &policy), ("VersionId", "1")]).await.refused("ValidationError"),
                r"1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
            );
        }
        assert_eq!(
            root.call("DeletePolicyVersion", &[("PolicyArn", &policy), ("VersionId", "v9")]).await.refused("NoSuchEntity"),
            format!("Policy {policy} version v9 does not exist or is not attachable.")
        );
        assert_eq!(root.call("GetPolicy", &[("PolicyArn", "longpolicynamebutnoarn")]).await.refused("ValidationError"), "ARN longpolicynamebutnoarn is not valid.");
        assert_eq!(root.call("DeletePolicy", &[("PolicyArn", ADMIN)]).await.refused("AccessDenied"), "Cannot delete policies outside your own account.");
        assert_eq!(
            root.call("DeletePolicyVersion", &[("PolicyArn", ADMIN), ("VersionId", "v1")]).await.refused("AccessDenied"),
            "Cannot delete policy versions for policies outside your own account."
        );
        assert_eq!(
            root.call("SetDefaultPolicyVersion", &[("PolicyArn", ADMIN), ("VersionId", "v1")]).await.refused("AccessDenied"),
            "Cannot update policies outside your own account."
        );
        for _ in 0..4 {
            root.call("CreatePolicyVersion", &[("PolicyArn", &policy), ("PolicyDocument", DENY)]).await.ok();
        }
        assert_eq!(
            root.call("CreatePolicyVersion", &[("PolicyArn", &policy), ("PolicyDocument", DENY)]).await.refused("LimitExceeded"),
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
        );
        assert_eq!(
            root.call("CreatePolicy", &[("PolicyName", "bad"), ("PolicyDocument", "{")]).await.refused("MalformedPolicyDocument"),
            "Syntax errors in policy."
        );
        let large = ALLOW.replace("\"*\"", &format!("[{}\"*\"]", "\"arn:aws:iam::123456789012:user/alice\",".repeat(200)));
        assert_eq!(
            root.call("CreatePolicy", &[("PolicyName", "large"), ("PolicyDocument", &large)]).await.refused("LimitExceeded"),
            "Cannot exceed quota for PolicySize: 6144"
        );
        assert_eq!(
            root.call("CreatePolicy", &[
                ("PolicyName", "twice"), ("PolicyDocument", ALLOW), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1"),
                ("Tags.member.2.Key", "a"), ("Tags.member.2.Value", "2"),
            ]).await.refused("InvalidInput"),
            "Duplicate tag keys found."
        );
    }

    async fn policies_are_listed_page_by_page_own_ones_first(app) {
        let root = app.root();
        for name in ["b", "A", "c"] {
            create(&root, name).await;
        }
        let own = root.call("ListPolicies", &[("Scope", "Local")]).await.ok();
        assert_eq!(own.all("PolicyName"), ["A", "b", "c"]);
        let all = root.call("ListPolicies", &[("MaxItems", "1000")]).await.ok().all("PolicyName");
        let aws = root.call("ListPolicies", &[("Scope", "AWS"), ("MaxItems", "1000")]).await.ok().all("PolicyName");
        assert!(aws.iter().any(|name| name == "AdministratorAccess"));
        assert_eq!(all.len(), own.all("PolicyName").len() + aws.len());
        for size in ["1", "2", "3", "7"] {
            let mut seen = Vec::new();
            let mut marker: Option<String> = None;
            loop {
                let mut parameters = vec![("MaxItems", size)];
                if let Some(marker) = &marker {
                    parameters.push(("Marker", marker));
                }
                let page = root.call("ListPolicies", &parameters).await.ok();
                seen.extend(page.all("PolicyName"));
                marker = page.find("Marker");
                if marker.is_none() {
                    break;
                }
            }
            assert_eq!(seen, all, "pages of {size}");
        }
        let below = root.call("ListPolicies", &[("PathPrefix", "/job-function/"), ("MaxItems", "1000")]).await.ok();
        assert!(below.all("Path").iter().all(|path| path == "/job-function/"));
        assert!(root.call("ListPolicies", &[("OnlyAttached", "true")]).await.ok().all("PolicyName").is_empty());
    }

    async fn a_policy_tells_who_has_it(app) {
        let root = app.root();
        let policy = create(&root, "p").await;
        for name in ["bob", "alice"] {
            root.call("CreateUser", &[("UserName", name), ("Path", "/eng/")]).await.ok();
            root.call("AttachUserPolicy", &[("UserName", name), ("PolicyArn", &policy)]).await.ok();
        }
        root.call("CreateGroup", &[("GroupName", "g")]).await.ok();
        root.call("AttachGroupPolicy", &[("GroupName", "g"), ("PolicyArn", &policy)]).await.ok();
        root.call("CreateUser", &[("UserName", "carol"), ("PermissionsBoundary", &policy)]).await.ok();
        root.call("PutUserPermissionsBoundary", &[("UserName", "alice"), ("PermissionsBoundary", &policy)]).await.ok();

        let shown = root.call("GetPolicy", &[("PolicyArn", &policy)]).await.ok();
        assert_eq!(shown.text("AttachmentCount"), "3");
        assert_eq!(shown.text("PermissionsBoundaryUsageCount"), "2");
        let all = root.call("ListEntitiesForPolicy", &[("PolicyArn", &policy)]).await.ok();
        assert_eq!(all.all("UserName"), ["alice", "bob", "carol"]);
        assert_eq!(all.all("GroupName"), ["g"]);
        let only = |filter: &'static [(&'static str, &'static str)]| {
            let (root, policy) = (root.clone(), policy.clone());
            async move {
                let mut parameters = vec![("PolicyArn", policy.as_str())];
                parameters.extend_from_slice(filter);
                let reply = root.call("ListEntitiesForPolicy", &parameters).await.ok();
                [reply.all("GroupName"), reply.all("UserName"), reply.all("RoleName")].concat()
            }
        };
        assert_eq!(only(&[("EntityFilter", "Group")]).await, ["g"]);
        assert_eq!(only(&[("EntityFilter", "User"), ("PathPrefix", "/eng/")]).await, ["alice", "bob"]);
        assert_eq!(only(&[("PolicyUsageFilter", "PermissionsBoundary")]).await, ["alice", "carol"]);
        assert_eq!(only(&[("PolicyUsageFilter", "PermissionsPolicy")]).await, ["g", "alice", "bob"]);
        assert!(only(&[("EntityFilter", "LocalManagedPolicy")]).await.is_empty());
        let mut seen = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut parameters = vec![("PolicyArn", policy.as_str()), ("MaxItems", "1")];
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let page = root.call("ListEntitiesForPolicy", &parameters).await.ok();
            seen.extend([page.all("GroupName"), page.all("UserName")].concat());
            marker = page.find("Marker");
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["g", "alice", "bob", "carol"]);

        assert_eq!(
            root.call("DeletePolicy", &[("PolicyArn", &policy)]).await.refused("DeleteConflict"),
            "Cannot delete a policy attached to entities."
        );
        for name in ["alice", "bob"] {
            root.call("DetachUserPolicy", &[("UserName", name), ("PolicyArn", &policy)]).await.ok();
        }
        root.call("DetachGroupPolicy", &[("GroupName", "g"), ("PolicyArn", &policy)]).await.ok();
        root.call("DeletePolicy", &[("PolicyArn", &policy)]).await.refused("DeleteConflict");
        for name in ["alice", "carol"] {
            root.call("DeleteUserPermissionsBoundary", &[("UserName", name)]).await.ok();
        }
        root.call("DeletePolicy", &[("PolicyArn", &policy)]).await.ok();
    }

    async fn a_new_default_version_holds_at_once(app) {
        let root = app.root();
        let policy = create(&root, "p").await;
        let alice = app.user("alice").await;
        root.call("AttachUserPolicy", &[("UserName", "alice"), ("PolicyArn", &policy)]).await.ok();
        alice.call("GetUser", &[]).await.ok();
        root.call("CreatePolicyVersion", &[("PolicyArn", &policy), ("PolicyDocument", DENY), ("SetAsDefault", "true")]).await.ok();
        let message = alice.call("GetUser", &[]).await.refused("AccessDenied");
        assert!(message.ends_with("on resource: user alice with an explicit deny in an identity-based policy"), "{message}");
    }

    async fn ac_25_a_policy_of_another_account_is_not_there(app) {
        let other = app.another_account("210987654321").await;
        let policy = create(&app.root(), "p").await;
        for action in ["GetPolicy", "DeletePolicy", "ListPolicyVersions"] {
            let there = other.call(action, &[("PolicyArn", &policy)]).await.refused("NoSuchEntity");
            let not_there = other.call(action, &[("PolicyArn", &arn("q"))]).await.refused("NoSuchEntity");
            assert_eq!(there.replace("/p ", "/q "), not_there);
        }
        other.call("CreateUser", &[("UserName", "u")]).await.ok();
        other.call("AttachUserPolicy", &[("UserName", "u"), ("PolicyArn", &policy)]).await.refused("NoSuchEntity");
        other.call("PutUserPermissionsBoundary", &[("UserName", "u"), ("PermissionsBoundary", &policy)]).await.refused("NoSuchEntity");
    }

    async fn a_policy_is_meant_by_its_exact_resource_name_alone(app) {
        let root = app.root();
        let policy = create(&root, "Strong").await;
        root.call("CreateUser", &[("UserName", "u")]).await.ok();
        let manager = app.user_with("manager", &format!(
            r#"{{"Version":"2012-10-17","Statement":[
                {{"Effect":"Allow","Action":"iam:*","Resource":"*"}},
                {{"Effect":"Deny","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{{"ArnEquals":{{"iam:PolicyARN":"{policy}"}}}}}}]}}"#
        )).await;
        manager.call("AttachUserPolicy", &[("UserName", "u"), ("PolicyArn", &policy)]).await.refused("AccessDenied");
        manager.call("AttachUserPolicy", &[("UserName", "u"), ("PolicyArn", &arn("STRONG"))]).await.refused("NoSuchEntity");
        manager.call("AttachUserPolicy", &[("UserName", "u"), ("PolicyArn", ADMIN)]).await.ok();
    }

    async fn a_policy_is_not_deleted_while_it_is_being_attached(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "u")]).await.ok();
        root.call("CreateUser", &[("UserName", "v")]).await.ok();
        for round in 0..40 {
            let policy = create(&root, &format!("p{round}")).await;
            let attach = [("UserName", "u"), ("PolicyArn", policy.as_str())];
            let bound = [("UserName", "v"), ("PermissionsBoundary", policy.as_str())];
            let delete = [("PolicyArn", policy.as_str())];
            let (attached, bounded, deleted) = tokio::join!(
                root.call("AttachUserPolicy", &attach),
                root.call("PutUserPermissionsBoundary", &bound),
                root.call("DeletePolicy", &delete),
            );
            let held = [attached.status == 200, bounded.status == 200];
            if deleted.status == 200 {
                assert_eq!(held, [false, false], "what was deleted hangs on nobody");
                attached.refused("NoSuchEntity");
                bounded.refused("NoSuchEntity");
            } else {
                deleted.refused("DeleteConflict");
                assert!(held.contains(&true));
            }
            if held[0] {
                root.call("DetachUserPolicy", &attach).await.ok();
            }
            root.call("DeleteUserPermissionsBoundary", &[("UserName", "v")]).await.ok();
        }
    }
}
