//! Every change is in force for the next request of whomever it concerns, however often that principal has been seen.

use claviger_it::on_both_engines;
use claviger_it::{Actor, TestApp};

fn document(effect: &str, action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}}}"#
    )
}

/// Asks three times, so that whatever is kept between requests is kept by then.
async fn may(actor: &Actor, expected: bool, after: &str) {
    for turn in 0..3 {
        let reply = actor.call("ListUsers", &[]).await;
        let allowed = reply.status == 200;
        assert_eq!(
            allowed, expected,
            "turn {turn} after {after}: {}",
            reply.body
        );
    }
}

/// A user in a group that has an inline and a managed policy, as an administrator sees it.
struct Scene {
    root: Actor,
    alice: Actor,
    policy: String,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        let root = app.root();
        let alice = app.user("alice").await;
        root.call("CreateGroup", &[("GroupName", "staff")])
            .await
            .ok();
        root.call(
            "AddUserToGroup",
            &[("GroupName", "staff"), ("UserName", "alice")],
        )
        .await
        .ok();
        let policy = root
            .call(
                "CreatePolicy",
                &[
                    ("PolicyName", "list"),
                    ("PolicyDocument", &document("Allow", "iam:ListUsers")),
                ],
            )
            .await
            .ok()
            .text("Arn");
        Self {
            root,
            alice,
            policy,
        }
    }

    async fn change(&self, action: &str, parameters: &[(&str, &str)], expected: bool) {
        self.root.call(action, parameters).await.ok();
        may(&self.alice, expected, action).await;
    }
}

on_both_engines! {
    async fn a_change_of_any_policy_that_bears_on_a_user_holds_at_once(app) {
        let scene = Scene::new(&app).await;
        let policy = scene.policy.as_str();
        let (allow, deny) = (document("Allow", "iam:List*"), document("Deny", "iam:ListUsers"));
        may(&scene.alice, false, "nothing").await;
        let user = ("UserName", "alice");
        let group = ("GroupName", "staff");
        let named = ("PolicyName", "p");
        scene.change("PutUserPolicy", &[user, named, ("PolicyDocument", &allow)], true).await;
        scene.change("PutUserPolicy", &[user, named, ("PolicyDocument", &deny)], false).await;
        scene.change("DeleteUserPolicy", &[user, named], false).await;
        scene.change("AttachUserPolicy", &[user, ("PolicyArn", policy)], true).await;
        scene.change("CreatePolicyVersion", &[("PolicyArn", policy), ("PolicyDocument", &deny), ("SetAsDefault", "true")], false).await;
        scene.change("SetDefaultPolicyVersion", &[("PolicyArn", policy), ("VersionId", "v1")], true).await;
        scene.change("DetachUserPolicy", &[user, ("PolicyArn", policy)], false).await;
        scene.change("AttachGroupPolicy", &[group, ("PolicyArn", policy)], true).await;
        scene.change("PutGroupPolicy", &[group, named, ("PolicyDocument", &deny)], false).await;
        scene.change("DeleteGroupPolicy", &[group, named], true).await;
        scene.change("RemoveUserFromGroup", &[group, user], false).await;
        scene.change("AddUserToGroup", &[group, user], true).await;
        scene.change("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonS3FullAccess")], false).await;
        scene.change("PutUserPermissionsBoundary", &[user, ("PermissionsBoundary", policy)], true).await;
        scene.change("DeleteUserPermissionsBoundary", &[user], true).await;
        scene.change("DetachGroupPolicy", &[group, ("PolicyArn", policy)], false).await;
        scene.change("AttachUserPolicy", &[user, ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")], true).await;
        scene.change("UpdateUser", &[user, ("NewUserName", "alicia")], true).await;
        let who = scene.alice.sts("GetCallerIdentity", &[]).await.ok();
        assert_eq!(who.text("Arn"), "arn:aws:iam::123456789012:user/alicia");
    }

    async fn a_key_or_a_user_that_is_gone_is_refused_at_once(app) {
        let scene = Scene::new(&app).await;
        let id = scene.alice.access_key_id();
        let (user, key) = (("UserName", "alice"), ("AccessKeyId", id));
        scene.change("AttachUserPolicy", &[user, ("PolicyArn", &scene.policy)], true).await;
        scene.change("UpdateAccessKey", &[user, key, ("Status", "Inactive")], false).await;
        scene.change("UpdateAccessKey", &[user, key, ("Status", "Active")], true).await;
        scene.change("DeleteAccessKey", &[user, key], false).await;
        scene.alice.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
    }

    async fn a_change_of_a_role_holds_at_once_for_the_sessions_it_has(app) {
        let scene = Scene::new(&app).await;
        let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
        let role = ("RoleName", "ops");
        let arn = scene.root.call("CreateRole", &[role, ("AssumeRolePolicyDocument", trust)]).await.ok().text("Arn");
        scene.root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "p"), ("PolicyDocument", &document("Allow", "sts:AssumeRole"))]).await.ok();
        let issued = scene.alice.sts("AssumeRole", &[("RoleArn", &arn), ("RoleSessionName", "shift")]).await.ok();
        let narrowed = scene.alice.sts("AssumeRole", &[
            ("RoleArn", &arn), ("RoleSessionName", "shift"), ("PolicyArns.member.1.arn", &scene.policy),
        ]).await.ok();
        let (session, narrowed) = (scene.alice.with_credentials_of(&issued), scene.alice.with_credentials_of(&narrowed));
        let scene = Scene { alice: session, ..scene };
        let named = ("PolicyName", "p");
        may(&scene.alice, false, "nothing").await;
        scene.change("PutRolePolicy", &[role, named, ("PolicyDocument", &document("Allow", "iam:*"))], true).await;
        may(&narrowed, true, "a session policy that allows it").await;
        scene.change("CreatePolicyVersion", &[
            ("PolicyArn", &scene.policy), ("PolicyDocument", &document("Allow", "iam:GetUser")), ("SetAsDefault", "true"),
        ], true).await;
        may(&narrowed, false, "the session policy allows it no more").await;
        scene.change("DeleteRolePolicy", &[role, named], false).await;
        scene.change("AttachRolePolicy", &[role, ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")], true).await;
        scene.change("PutRolePermissionsBoundary", &[role, ("PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonS3FullAccess")], false).await;
        scene.change("DeleteRolePermissionsBoundary", &[role], true).await;
        scene.change("DetachRolePolicy", &[role, ("PolicyArn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")], false).await;
        scene.change("DeleteRole", &[role], false).await;
        scene.alice.call("ListUsers", &[]).await.refused("InvalidClientTokenId");
    }
}
