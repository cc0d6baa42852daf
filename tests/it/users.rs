//! Users.

use claviger_it::on_both_engines;

on_both_engines! {
    async fn a_user_is_made_found_listed_renamed_and_deleted(app) {
        let root = app.root();
        let made = root.call("CreateUser", &[("UserName", "alice"), ("Path", "/eng/"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")]).await.ok();
        assert_eq!(made.text("Arn"), "arn:aws:iam::123456789012:user/eng/alice");
        assert!(made.text("UserId").starts_with("AIDA"));
        assert_eq!(made.text("CreateDate"), "2026-01-02T03:04:05Z");

        let found = root.call("GetUser", &[("UserName", "ALICE")]).await.ok();
        assert_eq!(found.text("UserName"), "alice");
        assert_eq!(found.text("Value"), "blue");

        let listed = root.call("ListUsers", &[("PathPrefix", "/en")]).await.ok();
        assert_eq!(listed.all("UserName"), ["alice"]);
        assert_eq!(listed.text("IsTruncated"), "false");
        assert!(listed.find("Value").is_none(), "lists leave tags out");
        assert!(root.call("ListUsers", &[("PathPrefix", "/ops/")]).await.ok().all("UserName").is_empty());

        root.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "Alicia"), ("NewPath", "/")]).await.ok();
        assert_eq!(
            root.call("GetUser", &[("UserName", "alice")]).await.refused("NoSuchEntity"),
            "The user with name alice cannot be found."
        );
        let renamed = root.call("GetUser", &[("UserName", "alicia")]).await.ok();
        assert_eq!(renamed.text("Arn"), "arn:aws:iam::123456789012:user/Alicia");
        assert_eq!(renamed.text("UserId"), made.text("UserId"), "a rename keeps the id");

        root.call("DeleteUser", &[("UserName", "Alicia")]).await.ok();
        root.call("DeleteUser", &[("UserName", "Alicia")]).await.refused("NoSuchEntity");
    }

    async fn a_name_is_taken_in_any_case(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        assert_eq!(
            root.call("CreateUser", &[("UserName", "Alice")]).await.refused("EntityAlreadyExists"),
            "User with name Alice already exists."
        );
        root.call("CreateUser", &[("UserName", "bob")]).await.ok();
        assert_eq!(
            root.call("UpdateUser", &[("UserName", "bob"), ("NewUserName", "ALICE")]).await.refused("EntityAlreadyExists"),
            "User with name ALICE already exists."
        );
        root.call("UpdateUser", &[("UserName", "bob"), ("NewUserName", "BOB")]).await.ok();
    }

    async fn a_list_goes_on_where_the_marker_says_and_nowhere_else(app) {
        let root = app.root();
        for name in ["delta", "Alpha", "charlie", "bravo", "Echo"] {
            root.call("CreateUser", &[("UserName", name)]).await.ok();
        }
        let mut seen = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut parameters = vec![("MaxItems", "2")];
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let page: claviger_it::Reply = root.call("ListUsers", &parameters).await.ok();
            seen.extend(page.all("UserName"));
            if page.text("IsTruncated") == "false" {
                assert!(page.find("Marker").is_none());
                break;
            }
            marker = Some(page.text("Marker"));
        }
        assert_eq!(seen, ["Alpha", "bravo", "charlie", "delta", "Echo"]);
        assert_eq!(
            root.call("ListUsers", &[("Marker", "nonsense")]).await.refused("ValidationError"),
            "Invalid Marker."
        );
        let marker = root.call("ListUsers", &[("MaxItems", "1")]).await.ok().text("Marker");
        assert_eq!(
            root.call("ListGroups", &[("Marker", &marker)]).await.refused("ValidationError"),
            "Invalid Marker."
        );
    }

    async fn a_denied_caller_cannot_tell_who_exists(app) {
        let nobody = app.user("nobody").await;
        app.root().call("CreateUser", &[("UserName", "alice")]).await.ok();
        let there = nobody.call("GetUser", &[("UserName", "alice")]).await.refused("AccessDenied");
        let absent = nobody.call("GetUser", &[("UserName", "alicf")]).await.refused("AccessDenied");
        assert_eq!(
            there,
            "User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: iam:GetUser on resource: user alice because no identity-based policy allows the iam:GetUser action"
        );
        assert_eq!(absent, there.replace("alice", "alicf"));
        // Nor by the case in which a name is stored.
        let other_case = nobody.call("GetUser", &[("UserName", "ALICE")]).await.refused("AccessDenied");
        assert_eq!(other_case, there.replace("user alice", "user ALICE"));
    }
}
