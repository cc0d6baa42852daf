//! Everything about permissions at one go.

use claviger_it::on_both_engines;

const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

on_both_engines! {
    async fn the_four_lists_hold_entities_with_their_relations_and_documents(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "alice"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")]).await.ok();
        root.call("CreateGroup", &[("GroupName", "devs")]).await.ok();
        root.call("AddUserToGroup", &[("GroupName", "devs"), ("UserName", "alice")]).await.ok();
        root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "inline"), ("PolicyDocument", DOCUMENT)]).await.ok();
        root.call("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)]).await.ok();
        let policy = root.call("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", DOCUMENT), ("Description", "a test")]).await.ok().text("Arn");
        root.call("AttachUserPolicy", &[("UserName", "alice"), ("PolicyArn", &policy)]).await.ok();
        root.call("AttachGroupPolicy", &[("GroupName", "devs"), ("PolicyArn", ADMINISTRATOR)]).await.ok();

        let all = root.call("GetAccountAuthorizationDetails", &[]).await.ok();
        assert_eq!(all.text("IsTruncated"), "false");
        let users = all.text("UserDetailList");
        assert!(users.contains("<UserName>alice</UserName>"), "{users}");
        assert!(users.contains("<GroupList><member>devs</member></GroupList>"), "{users}");
        assert!(users.contains("%22s3%3A%2A%22"), "documents are percent-encoded: {users}");
        assert!(users.contains("<Key>team</Key>"), "{users}");
        assert!(users.contains(&format!("<PolicyArn>{policy}</PolicyArn>")), "{users}");
        assert!(all.text("GroupDetailList").contains("<GroupName>devs</GroupName>"));
        let roles = all.text("RoleDetailList");
        assert!(roles.contains("<RoleName>r</RoleName>") && roles.contains("AssumeRolePolicyDocument"), "{roles}");
        let policies = all.text("Policies");
        assert!(policies.contains("<PolicyName>p</PolicyName>") && policies.contains("<Description>a test</Description>"), "{policies}");
        assert!(policies.contains("<PolicyName>AdministratorAccess</PolicyName>"), "{policies}");
        assert!(!policies.contains("PowerUserAccess"), "only those in use: {policies}");

        let some = root
            .call("GetAccountAuthorizationDetails", &[("Filter.member.1", "Group"), ("Filter.member.2", "AWSManagedPolicy")])
            .await
            .ok();
        assert!(!some.body.contains("alice") && some.body.contains("devs") && some.body.contains("AdministratorAccess"));
        assert!(!some.body.contains("<PolicyName>p</PolicyName>"));
        root.call("GetAccountAuthorizationDetails", &[("Filter.member.1", "Thing")]).await.refused("ValidationError");
    }

    async fn a_page_is_shared_among_the_lists(app) {
        let root = app.root();
        for n in 0..3 {
            root.call("CreateUser", &[("UserName", &format!("u{n}"))]).await.ok();
            root.call("CreateGroup", &[("GroupName", &format!("g{n}"))]).await.ok();
            root.call("CreateRole", &[("RoleName", &format!("r{n}")), ("AssumeRolePolicyDocument", TRUST)]).await.ok();
        }
        root.call("AttachUserPolicy", &[("UserName", "u0"), ("PolicyArn", ADMINISTRATOR)]).await.ok();
        let mut seen = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut asked = vec![("MaxItems", "2")];
            if let Some(marker) = &marker {
                asked.push(("Marker", marker));
            }
            let page = root.call("GetAccountAuthorizationDetails", &asked).await.ok();
            let before = seen.len();
            for name in ["UserName", "GroupName", "RoleName", "DefaultVersionId"] {
                seen.extend(page.all(name));
            }
            assert!(seen.len() - before <= 2);
            if page.text("IsTruncated") == "false" {
                break;
            }
            marker = Some(page.text("Marker"));
        }
        assert_eq!(seen, ["u0", "u1", "u2", "g0", "g1", "g2", "r0", "r1", "r2", "v1"]);
        let foreign = root.call("ListUsers", &[("MaxItems", "1")]).await.ok().text("Marker");
        root.call("GetAccountAuthorizationDetails", &[("Marker", &foreign)]).await.refused("ValidationError");
    }
}
