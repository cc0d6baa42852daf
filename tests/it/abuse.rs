//! Attacks on what holds between operations. Each bears the number of its case.

use claviger_it::{Actor, TestApp, on_both_engines};

const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The statement that allows `actions` on the caller's own user alone.
fn own(actions: &[&str]) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": actions,
            "Resource": "arn:aws:iam::123456789012:user/${aws:username}",
        }],
    })
    .to_string()
}

/// Somebody with every right, to be climbed on to.
async fn administrator(app: &TestApp) -> Actor {
    app.user_with("admin", ALLOW_ALL).await
}

async fn role_of(app: &TestApp, caller: &Actor) -> Actor {
    let root = app.root();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/worker"},"Action":"sts:AssumeRole"}]}"#;
    root.call(
        "CreateRole",
        &[("RoleName", "job"), ("AssumeRolePolicyDocument", trust)],
    )
    .await
    .ok();
    root.call(
        "PutRolePolicy",
        &[
            ("RoleName", "job"),
            ("PolicyName", "p"),
            ("PolicyDocument", ALLOW_ALL),
        ],
    )
    .await
    .ok();
    let reply = caller
        .sts(
            "AssumeRole",
            &[
                ("RoleArn", "arn:aws:iam::123456789012:role/job"),
                ("RoleSessionName", "night"),
            ],
        )
        .await
        .ok();
    caller.with_credentials_of(&reply)
}

on_both_engines! {
    async fn ac_45_a_private_key_in_the_wrong_place_is_in_no_event_and_no_refusal(app) {
        let key = include_str!("../credentials/leaf.key");
        let bare: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        let root = app.root();
        let nobody = app.user("nobody").await;
        let mut said = Vec::new();
        for text in [key, &bare, &key.replace("PRIVATE KEY", "CERTIFICATE"), &format!("ssh-rsa {bare}"), &bare.repeat(60)] {
            for (operation, parameters) in [
                ("UploadSigningCertificate", &[("CertificateBody", text)][..]),
                ("UploadServerCertificate", &[("ServerCertificateName", "web"), ("CertificateBody", text), ("PrivateKey", "x")]),
                ("UploadServerCertificate", &[("ServerCertificateName", "web"), ("CertificateBody", include_str!("../credentials/leaf.pem")), ("PrivateKey", key), ("CertificateChain", text)]),
                ("UploadSSHPublicKey", &[("UserName", "nobody"), ("SSHPublicKeyBody", text)]),
                ("UpdateAccountSecurityKeyPolicy", &[("TrustedRoots", text)]),
            ] {
                for who in [&root, &nobody] {
                    let reply = who.call(operation, parameters).await;
                    assert!(reply.status >= 400, "{operation}");
                    said.push(reply.body);
                }
            }
        }
        app.iam().flush().await;
        let events = root.lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("AccessDenied") && events.contains("UploadSSHPublicKey"), "{events}");
        said.push(events);
        let secret = key.lines().nth(5).expect("a line of the key");
        for text in said {
            assert!(!text.contains(secret), "{text}");
        }
    }

    async fn ac_10_a_temporary_key_works_with_its_own_token_only(app) {
        let worker = app.user("worker").await;
        let one = worker.sts("GetSessionToken", &[]).await.ok();
        let two = worker.sts("GetSessionToken", &[]).await.ok();
        let (id, secret, token) = (one.text("AccessKeyId"), one.text("SecretAccessKey"), one.text("SessionToken"));
        app.actor(&id, &secret, Some(&token)).sts("GetCallerIdentity", &[]).await.ok();
        let mut flipped = token.clone().into_bytes();
        let middle = flipped.len() / 2;
        flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).expect("ASCII");
        for bad in [None, Some(two.text("SessionToken")), Some(token[..token.len() - 4].to_owned()), Some(flipped), Some(String::from("x"))] {
            app.actor(&id, &secret, bad.as_deref()).sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        }
        // A token beside a long-term key is refused, and only once the signature was right.
        let root = app.root();
        let long_term = root.call("CreateAccessKey", &[("UserName", "worker")]).await.ok();
        let (id, secret) = (long_term.text("AccessKeyId"), long_term.text("SecretAccessKey"));
        app.actor(&id, &secret, Some(&token)).sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        app.actor(&id, "wrong", Some(&token)).sts("GetCallerIdentity", &[]).await.refused("SignatureDoesNotMatch");
    }

    async fn ac_17_look_alikes_are_refused_and_other_cases_are_the_same_name(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "admin")]).await.ok();
        for taken in ["ADMIN", "Admin"] {
            root.call("CreateUser", &[("UserName", taken)]).await.refused("EntityAlreadyExists");
        }
        for look_alike in ["admin ", " admin", "аdmin", "admin\u{200b}", "ａdmin", "admin\n", "ad\u{307}min"] {
            root.call("CreateUser", &[("UserName", look_alike)]).await.refused("ValidationError");
        }
    }

    async fn ac_19_each_rung_of_the_ladder_needs_its_own_action_on_its_own_target(app) {
        administrator(&app).await;
        let root = app.root();
        root.call("CreateGroup", &[("GroupName", "admins")]).await.ok();
        root.call("PutGroupPolicy", &[("GroupName", "admins"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await.ok();
        root.call("CreatePolicy", &[("PolicyName", "mine"), ("PolicyDocument", &own(&["iam:GetUser"]))]).await.ok();
        root.call("CreateRole", &[("RoleName", "job"), ("AssumeRolePolicyDocument", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/admin"},"Action":"sts:AssumeRole"}]}"#)]).await.ok();
        root.call("PutRolePolicy", &[("RoleName", "job"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]).await.ok();
        // All that one may do to oneself, but for the rungs.
        let climber = app
            .user_with("climber", &own(&["iam:GetUser", "iam:CreateAccessKey", "iam:UpdateLoginProfile", "iam:ChangePassword", "iam:TagUser"]))
            .await;
        root.call("AttachUserPolicy", &[("UserName", "climber"), ("PolicyArn", "arn:aws:iam::123456789012:policy/mine")]).await.ok();
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/climber"},"Action":"sts:AssumeRole"}]}"#;
        for (action, parameters) in [
            ("PutUserPolicy", vec![("UserName", "climber"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)]),
            ("AttachUserPolicy", vec![("UserName", "climber"), ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")]),
            ("CreatePolicyVersion", vec![("PolicyArn", "arn:aws:iam::123456789012:policy/mine"), ("PolicyDocument", ALLOW_ALL), ("SetAsDefault", "true")]),
            ("SetDefaultPolicyVersion", vec![("PolicyArn", "arn:aws:iam::123456789012:policy/mine"), ("VersionId", "v1")]),
            ("AddUserToGroup", vec![("GroupName", "admins"), ("UserName", "climber")]),
            ("UpdateAssumeRolePolicy", vec![("RoleName", "job"), ("PolicyDocument", trust)]),
            ("UpdateLoginProfile", vec![("UserName", "admin"), ("Password", "Correct-Horse-7")]),
            ("CreateLoginProfile", vec![("UserName", "admin"), ("Password", "Correct-Horse-7")]),
            ("CreateAccessKey", vec![("UserName", "admin")]),
            ("DeleteUserPermissionsBoundary", vec![("UserName", "climber")]),
            ("UpdateUser", vec![("UserName", "climber"), ("NewUserName", "admin2")]),
            ("TagUser", vec![("UserName", "admin"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
        ] {
            climber.call(action, &parameters).await.refused("AccessDenied");
        }
        climber
            .sts("AssumeRole", &[("RoleArn", "arn:aws:iam::123456789012:role/job"), ("RoleSessionName", "up")])
            .await
            .refused("AccessDenied");
        climber.call("ListUsers", &[]).await.refused("AccessDenied");
        climber.call("TagUser", &[("UserName", "climber"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]).await.ok();
    }

    async fn ac_19_a_rename_needs_the_right_to_the_new_name_too(app) {
        let mover = app.user_with("mover", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"arn:aws:iam::123456789012:user/dev/*"}]}"#).await;
        app.root().call("CreateUser", &[("UserName", "u"), ("Path", "/dev/")]).await.ok();
        mover.call("UpdateUser", &[("UserName", "u"), ("NewPath", "/prod/")]).await.refused("AccessDenied");
        mover.call("UpdateUser", &[("UserName", "u"), ("NewPath", "/dev/a/")]).await.ok();
    }

    async fn ac_21_what_ends_a_right_ends_it_for_the_next_request(app) {
        let root = app.root();
        let worker = app.user("worker").await;
        let session = role_of(&app, &worker).await;
        session.call("ListUsers", &[]).await.ok();
        root.call("DeleteRolePolicy", &[("RoleName", "job"), ("PolicyName", "p")]).await.ok();
        session.call("ListUsers", &[]).await.refused("AccessDenied");
        root.call("AttachRolePolicy", &[("RoleName", "job"), ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")]).await.ok();
        session.call("ListUsers", &[]).await.ok();
        root.call("DetachRolePolicy", &[("RoleName", "job"), ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")]).await.ok();
        session.call("ListUsers", &[]).await.refused("AccessDenied");
        root.call("DeleteRole", &[("RoleName", "job")]).await.ok();
        session.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
        session.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        // A role of the same name is another role.
        role_of(&app, &worker).await.call("ListUsers", &[]).await.ok();
        session.call("ListUsers", &[]).await.refused("InvalidClientTokenId");

        worker.sts("GetCallerIdentity", &[]).await.ok();
        let key = worker.access_key_id().to_owned();
        root.call("UpdateAccessKey", &[("UserName", "worker"), ("AccessKeyId", &key), ("Status", "Inactive")]).await.ok();
        worker.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        root.call("UpdateAccessKey", &[("UserName", "worker"), ("AccessKeyId", &key), ("Status", "Active")]).await.ok();
        let temporary = worker.with_credentials_of(&worker.sts("GetSessionToken", &[]).await.ok());
        root.call("DeleteAccessKey", &[("UserName", "worker"), ("AccessKeyId", &key)]).await.ok();
        worker.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        temporary.sts("GetCallerIdentity", &[]).await.ok();
        root.call("DeleteUser", &[("UserName", "worker")]).await.ok();
        temporary.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
        app.user("worker").await.sts("GetCallerIdentity", &[]).await.ok();
        temporary.sts("GetCallerIdentity", &[]).await.refused("InvalidClientTokenId");
    }

    async fn ac_21_a_group_left_is_a_right_lost(app) {
        let root = app.root();
        let member = app.user("member").await;
        root.call("CreateGroup", &[("GroupName", "readers")]).await.ok();
        root.call("AttachGroupPolicy", &[("GroupName", "readers"), ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")]).await.ok();
        member.call("ListUsers", &[]).await.refused("AccessDenied");
        root.call("AddUserToGroup", &[("GroupName", "readers"), ("UserName", "member")]).await.ok();
        member.call("ListUsers", &[]).await.ok();
        root.call("PutGroupPolicy", &[("GroupName", "readers"), ("PolicyName", "no"), ("PolicyDocument", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}]}"#)]).await.ok();
        member.call("ListUsers", &[]).await.refused("AccessDenied");
        root.call("DeleteGroupPolicy", &[("GroupName", "readers"), ("PolicyName", "no")]).await.ok();
        member.call("ListUsers", &[]).await.ok();
        root.call("RemoveUserFromGroup", &[("GroupName", "readers"), ("UserName", "member")]).await.ok();
        member.call("ListUsers", &[]).await.refused("AccessDenied");
    }

    async fn temporary_credentials_end_when_they_said(app) {
        let worker = app.user("worker").await;
        let session = worker.with_credentials_of(&worker.sts("GetSessionToken", &[("DurationSeconds", "900")]).await.ok());
        app.clock().advance(899);
        session.sts("GetCallerIdentity", &[]).await.ok();
        app.clock().advance(1);
        session.sts("GetCallerIdentity", &[]).await.refused("ExpiredToken");
    }
}
