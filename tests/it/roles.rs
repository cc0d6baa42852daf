//! Roles and whom they trust.

use claviger_it::on_both_engines;

const ROOT: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}}"#;

/// A trust policy for one principal.
fn trust(principal: &str) -> String {
    format!(
        r#"{{ "Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "sts:AssumeRole"}}]}}"#
    )
}

on_both_engines! {
    async fn a_role_is_made_read_changed_listed_and_deleted(app) {
        let root = app.root();
        let made = root.call("CreateRole", &[
            ("RoleName", "Ops"), ("Path", "/team/"), ("AssumeRolePolicyDocument", ROOT), ("Description", "operates"),
            ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue"),
        ]).await.ok();
        assert_eq!(made.text("Arn"), "arn:aws:iam::123456789012:role/team/Ops");
        assert!(made.text("RoleId").starts_with("AROA"));
        assert_eq!(made.document("AssumeRolePolicyDocument"), ROOT);
        assert!(made.find("MaxSessionDuration").is_none() && made.find("RoleLastUsed").is_none());
        let long = root.call("CreateRole", &[("RoleName", "Long"), ("AssumeRolePolicyDocument", ROOT), ("MaxSessionDuration", "7200")]).await.ok();
        assert_eq!(long.text("MaxSessionDuration"), "7200");

        let got = root.call("GetRole", &[("RoleName", "ops")]).await.ok();
        assert_eq!(got.text("RoleName"), "Ops");
        assert_eq!(got.text("MaxSessionDuration"), "3600");
        assert_eq!(got.text("Value"), "blue");
        assert!(got.body.contains("RoleLastUsed"), "{}", got.body);

        let updated = root.call("UpdateRole", &[("RoleName", "Ops"), ("MaxSessionDuration", "43200")]).await.ok();
        assert!(updated.body.contains("UpdateRoleResult"), "clients look for it: {}", updated.body);
        let got = root.call("GetRole", &[("RoleName", "Ops")]).await.ok();
        assert_eq!((got.text("MaxSessionDuration").as_str(), got.text("Description").as_str()), ("43200", "operates"));
        let described = root.call("UpdateRoleDescription", &[("RoleName", "Ops"), ("Description", "")]).await.ok();
        assert!(described.find("MaxSessionDuration").is_none());

        let listed = root.call("ListRoles", &[("PathPrefix", "/team/")]).await.ok();
        assert_eq!(listed.all("RoleName"), ["Ops"]);
        assert!(listed.find("Value").is_none());
        assert_eq!(root.call("ListRoles", &[]).await.ok().all("RoleName"), ["Long", "Ops"]);

        root.call("DeleteRole", &[("RoleName", "Ops")]).await.ok();
        assert_eq!(root.call("GetRole", &[("RoleName", "Ops")]).await.refused("NoSuchEntity"), "The role with name Ops cannot be found.");
    }

    async fn the_recorded_refusals_of_roles(app) {
        let root = app.root();
        root.call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", ROOT)]).await.ok();
        assert_eq!(
            root.call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", ROOT)]).await.refused("EntityAlreadyExists"),
            "Role with name r already exists."
        );
        for action in ["GetRole", "DeleteRole", "UpdateRole", "ListRoleTags", "UpdateAssumeRolePolicy"] {
            assert_eq!(
                root.call(action, &[("RoleName", "test-nonexistent-role"), ("PolicyDocument", ROOT)]).await.refused("NoSuchEntity"),
                "The role with name test-nonexistent-role cannot be found.",
                "{action}"
            );
        }
        for (document, message) in [
            ("{", "This policy contains invalid Json"),
            (
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*"}]}"#,
                "Has prohibited field Resource",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject"}]}"#,
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
        ] {
            assert_eq!(root.call("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", document)]).await.refused("MalformedPolicyDocument"), message);
            assert_eq!(root.call("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", document)]).await.refused("MalformedPolicyDocument"), message);
        }
        for gone in [
            "arn:aws:iam::123456789012:user/nobody",
            "arn:aws:iam::123456789012:role/nobody",
            "arn:aws:sts::123456789012:assumed-role/nobody/session",
        ] {
            assert_eq!(
                root.call("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", &trust(gone))]).await.refused("MalformedPolicyDocument"),
                format!("Invalid principal in policy: \"AWS\":\"{gone}\"")
            );
        }
        let many = format!("\"arn:aws:iam::123456789012:root\"{}", ", \"arn:aws:iam::123456789012:root\"".repeat(70));
        let large = trust("X").replace("\"X\"", &format!("[{many}]"));
        assert_eq!(
            root.call("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", &large)]).await.refused("LimitExceeded"),
            "Cannot exceed quota for ACLSizePerRole: 2048"
        );
        let tags = [("RoleName", "r"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "1"), ("Tags.member.2.Key", "A"), ("Tags.member.2.Value", "2")];
        assert_eq!(root.call("TagRole", &tags).await.refused("InvalidInput"), "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }

    async fn ac_20_trust_is_in_the_user_and_not_in_the_name(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        let id = root.call("GetUser", &[("UserName", "alice")]).await.ok().text("UserId");
        let document = trust("arn:aws:iam::123456789012:user/alice");
        root.call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", &document)]).await.ok();
        let assume = [("RoleArn", "arn:aws:iam::123456789012:role/r"), ("RoleSessionName", "session")];
        alice.sts("AssumeRole", &assume).await.ok();
        let shown = |reply: claviger_it::Reply| reply.document("AssumeRolePolicyDocument");
        assert_eq!(shown(root.call("GetRole", &[("RoleName", "r")]).await.ok()), document);

        // Renamed: still trusted, and shown under the new name.
        root.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.ok();
        alice.sts("AssumeRole", &assume).await.ok();
        let now = shown(root.call("GetRole", &[("RoleName", "r")]).await.ok());
        assert!(now.contains("user/alicia") && !now.contains("user/alice\""), "{now}");
        // Somebody else who takes the old name is not trusted.
        let other = app.user("alice").await;
        other.sts("AssumeRole", &assume).await.refused("AccessDenied");

        // Deleted: shown by id, and nobody who takes the name is trusted.
        root.call("DeleteAccessKey", &[("UserName", "alicia"), ("AccessKeyId", alice.access_key_id())]).await.ok();
        root.call("DeleteUser", &[("UserName", "alicia")]).await.ok();
        let now = shown(root.call("GetRole", &[("RoleName", "r")]).await.ok());
        assert!(now.contains(&format!("\"{id}\"")), "{now}");
        assert!(shown(root.call("ListRoles", &[]).await.ok()).contains(&id));
        let again = app.user("alicia").await;
        again.sts("AssumeRole", &assume).await.refused("AccessDenied");
        // What is shown cannot be saved until the id is taken out.
        assert_eq!(
            root.call("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", &now)]).await.refused("MalformedPolicyDocument"),
            format!("Invalid principal in policy: \"AWS\":\"{id}\"")
        );
        root.call("UpdateAssumeRolePolicy", &[("RoleName", "r"), ("PolicyDocument", &trust("arn:aws:iam::123456789012:user/alicia"))]).await.ok();
        again.sts("AssumeRole", &assume).await.ok();
    }

    async fn ac_20_trust_is_in_the_role_behind_a_session(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        let assume = |role: &'static str| vec![("RoleArn", role), ("RoleSessionName", "session")];
        let user = trust("arn:aws:iam::123456789012:user/alice");
        root.call("CreateRole", &[("RoleName", "first"), ("AssumeRolePolicyDocument", &user)]).await.ok();
        for (name, principal) in [
            ("by-role", "arn:aws:iam::123456789012:role/first"),
            ("by-session", "arn:aws:sts::123456789012:assumed-role/first/session"),
        ] {
            root.call("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust(principal))]).await.ok();
        }
        let targets = ["arn:aws:iam::123456789012:role/by-role", "arn:aws:iam::123456789012:role/by-session"];
        let reply = alice.sts("AssumeRole", &assume("arn:aws:iam::123456789012:role/first")).await.ok();
        let session = alice.with_credentials_of(&reply);
        for target in targets {
            session.sts("AssumeRole", &assume(target)).await.ok();
        }
        root.call("DeleteRole", &[("RoleName", "first")]).await.ok();
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        root.call("CreateRole", &[("RoleName", "first"), ("AssumeRolePolicyDocument", &user)]).await.ok();
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        let reply = alice.sts("AssumeRole", &assume("arn:aws:iam::123456789012:role/first")).await.ok();
        let session = alice.with_credentials_of(&reply);
        for target in targets {
            session.sts("AssumeRole", &assume(target)).await.refused("AccessDenied");
        }
        for name in ["by-role", "by-session"] {
            let shown = root.call("GetRole", &[("RoleName", name)]).await.ok().document("AssumeRolePolicyDocument");
            assert!(shown.contains("\"AROA"), "{shown}");
        }
    }

    async fn ac_26_saving_trust_in_strangers_tells_nothing(app) {
        let root = app.root();
        let other = app.another_account("210987654321").await;
        other.call("CreateUser", &[("UserName", "there")]).await.ok();
        for (role, principal) in [
            ("a", "arn:aws:iam::210987654321:user/there"),
            ("b", "arn:aws:iam::210987654321:user/missing"),
            ("c", "arn:aws:iam::999999999999:user/there"),
            ("d", "arn:aws:iam::999999999999:root"),
            ("e", "999999999999"),
        ] {
            let document = trust(principal);
            root.call("CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", &document)]).await.ok();
            let shown = root.call("GetRole", &[("RoleName", role)]).await.ok();
            assert_eq!(shown.document("AssumeRolePolicyDocument"), document);
        }
        // One who is made later under a name that was nobody's is not trusted.
        other.call("CreateUser", &[("UserName", "missing")]).await.ok();
        for (name, role, trusted) in [("there", "a", true), ("missing", "b", false)] {
            let key = other.call("CreateAccessKey", &[("UserName", name)]).await.ok();
            other.call("AttachUserPolicy", &[("UserName", name), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")]).await.ok();
            let actor = app.actor(&key.text("AccessKeyId"), &key.text("SecretAccessKey"), None);
            let arn = format!("arn:aws:iam::123456789012:role/{role}");
            let reply = actor.sts("AssumeRole", &[("RoleArn", &arn), ("RoleSessionName", "session")]).await;
            if trusted {
                reply.ok();
            } else {
                reply.refused("AccessDenied");
            }
        }
    }
}
