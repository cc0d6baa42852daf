//! Users put in order and chosen by their credentials, and counts of those.

use claviger_iam::operation::users::PASSWORD_USED;
use claviger_it::{Actor, TestApp, on_both_engines};
use claviger_model::AccountId;
use claviger_store::{MarkKey, Scope};

const DAY: i64 = 86_400;

/// Says that the user has signed in with the password now.
async fn signs_in(app: &TestApp, name: &str) {
    let user = app.root().call("GetUser", &[("UserName", name)]).await.ok();
    let account = AccountId::from_number(123_456_789_012).expect("twelve digits");
    let mark = MarkKey::new(Scope::Account(account), PASSWORD_USED, user.text("UserId"));
    app.iam().store().touch(mark, app.now().micros(), "");
}

/// Three users, made a day apart: `ann` with an old password, `Bob` with a new one and an old key, `cid` with a new key.
async fn three(app: &TestApp) {
    let root = app.root();
    root.call("CreateUser", &[("UserName", "ann"), ("Path", "/staff/")])
        .await
        .ok();
    root.call(
        "CreateLoginProfile",
        &[("UserName", "ann"), ("Password", "Abcdef1!")],
    )
    .await
    .ok();
    app.clock().advance(DAY);
    root.call("CreateUser", &[("UserName", "Bob")]).await.ok();
    root.call("CreateAccessKey", &[("UserName", "Bob")])
        .await
        .ok();
    root.call("CreateGroup", &[("GroupName", "g")]).await.ok();
    root.call("AddUserToGroup", &[("UserName", "Bob"), ("GroupName", "g")])
        .await
        .ok();
    app.clock().advance(DAY);
    root.call("CreateUser", &[("UserName", "cid")]).await.ok();
    app.clock().advance(100 * DAY);
    root.call(
        "CreateLoginProfile",
        &[("UserName", "Bob"), ("Password", "Abcdef1!")],
    )
    .await
    .ok();
    root.call("CreateAccessKey", &[("UserName", "cid")])
        .await
        .ok();
    app.clock().advance(60);
}

async fn names(actor: &Actor, parameters: &[(&str, &str)]) -> Vec<String> {
    actor
        .call("ListUserDetails", parameters)
        .await
        .ok()
        .all("UserName")
}

on_both_engines! {
    async fn users_are_chosen_and_put_in_order_by_their_credentials(app) {
        let root = app.root();
        three(&app).await;
        signs_in(&app, "ann").await;
        for (parameters, expected) in [
            (&[][..], &["ann", "Bob", "cid"][..]),
            (&[("SortOrder", "Descending")], &["cid", "Bob", "ann"]),
            (&[("SortBy", "CreateDate"), ("SortOrder", "Descending")], &["cid", "Bob", "ann"]),
            (&[("SortBy", "PasswordChanged"), ("SortOrder", "Descending")], &["Bob", "ann", "cid"]),
            (&[("SortBy", "OldestActiveKey")], &["Bob", "cid", "ann"]),
            (&[("SortBy", "LastActivity")], &["ann", "Bob", "cid"]),
            (&[("NameContains", "B")], &["Bob"]),
            (&[("HasPassword", "true")], &["ann", "Bob"]),
            (&[("HasPassword", "false")], &["cid"]),
            (&[("MFAActive", "false")], &["ann", "Bob", "cid"]),
            (&[("MFAActive", "true")], &[]),
            (&[("PasswordOlderThanDays", "90")], &["ann"]),
            (&[("AccessKeyOlderThanDays", "90")], &["Bob"]),
            (&[("AccessKeyUnusedForDays", "90")], &["Bob"]),
        ] {
            assert_eq!(names(&root, parameters).await, expected, "{parameters:?}");
        }
        let bob = root.call("ListUserDetails", &[("NameContains", "bob")]).await.ok();
        assert_eq!(bob.text("GroupCount"), "1");
        assert_eq!(bob.text("Status"), "Active");
        assert_eq!(bob.find("AccessKeyId"), None, "the ids of keys are told by another operation");
        assert_eq!(bob.find("LastUsedDate"), None);
    }

    async fn a_list_in_an_order_goes_on_where_it_ended_and_no_other_does(app) {
        let root = app.root();
        three(&app).await;
        let order = [("SortBy", "OldestActiveKey"), ("SortOrder", "Descending")];
        let mut seen = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut parameters = order.to_vec();
            parameters.push(("MaxItems", "1"));
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let page = root.call("ListUserDetails", &parameters).await.ok();
            seen.extend(page.all("UserName"));
            let Some(next) = page.find("Marker") else { break };
            assert_eq!(
                root.call("ListUserDetails", &[("Marker", &next)]).await.refused("ValidationError"),
                "Invalid Marker."
            );
            marker = Some(next);
        }
        assert_eq!(seen, ["cid", "Bob", "ann"]);
    }

    async fn who_comes_and_goes_shows_at_once_and_other_changes_after_ten_seconds(app) {
        let root = app.root();
        three(&app).await;
        let unused = [("HasPassword", "false")];
        assert_eq!(names(&root, &unused).await, ["cid"]);
        root.call("CreateLoginProfile", &[("UserName", "cid"), ("Password", "Abcdef1!")]).await.ok();
        let stale = root.call("ListUserDetails", &unused).await.ok();
        assert_eq!(stale.all("UserName"), ["cid"], "the choice is as of a moment ago");
        assert!(stale.find("PasswordChangedDate").is_some(), "what is told of the user is not");
        app.clock().advance(10);
        assert!(names(&root, &unused).await.is_empty());
        root.call("CreateUser", &[("UserName", "dan")]).await.ok();
        assert_eq!(names(&root, &unused).await, ["dan"]);
        root.call("UpdateUser", &[("UserName", "dan"), ("NewUserName", "eve")]).await.ok();
        assert_eq!(names(&root, &[("NameContains", "eve")]).await, ["eve"]);
        root.call("DeleteUser", &[("UserName", "eve")]).await.ok();
        assert!(names(&root, &unused).await.is_empty());
    }

    async fn the_summary_counts_what_the_list_finds(app) {
        three(&app).await;
        let summary = app.root().call("GetCredentialSummary", &[]).await.ok();
        for (member, count) in [
            ("Users", "3"),
            ("WithPassword", "2"),
            ("WithPasswordWithoutMFA", "2"),
            ("WithMFA", "0"),
            ("WithOldPassword", "1"),
            ("WithOldKey", "1"),
            ("WithUnusedKey", "1"),
            ("ActiveKeys", "2"),
        ] {
            assert_eq!(summary.text(member), count, "{member}");
        }
        assert_eq!(summary.all("Count"), ["1", "0", "1", "0"]);
        let lenient = app.root().call("GetCredentialSummary", &[("Days", "365")]).await.ok();
        assert_eq!(lenient.text("WithOldKey"), "0");
    }

    async fn details_need_what_tells_the_same_elsewhere(app) {
        let policy = |allowed: &str| format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{allowed},"Resource":"*"}}]}}"#
        );
        let lists = app.user_with("lists", &policy(r#""iam:ListUsers""#)).await;
        let said = lists.call("ListUserDetails", &[]).await.refused("AccessDenied");
        assert!(said.contains("iam:GetCredentialReport"), "{said}");
        lists.call("GetCredentialSummary", &[]).await.refused("AccessDenied");
        let reports = app.user_with("reports", &policy(r#""iam:GetCredentialReport""#)).await;
        let said = reports.call("ListUserDetails", &[]).await.refused("AccessDenied");
        assert!(said.contains("iam:ListUsers"), "{said}");
        reports.call("GetCredentialSummary", &[]).await.ok();
        let both = app.user_with("both", &policy(r#"["iam:ListUsers","iam:GetCredentialReport"]"#)).await;
        assert_eq!(names(&both, &[]).await, ["both", "lists", "reports"]);
    }
}
