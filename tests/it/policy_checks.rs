//! What there is to say about a document before it is saved.

use claviger_it::{Actor, Reply, on_both_engines};

async fn check(actor: &Actor, document: &str, kind: &str) -> Reply {
    let parameters = [("PolicyDocument", document), ("PolicyType", kind)];
    actor.call("CheckPolicyDocument", &parameters).await
}

on_both_engines! {
    async fn a_finding_has_its_place_its_cause_and_advice(app) {
        let root = app.root();
        let wrong = "{\"Version\":\"2012-10-17\",\"Statement\":{\n\"Effect\":\"Alow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}";
        let reply = check(&root, wrong, "IDENTITY_POLICY").await.ok();
        assert_eq!(reply.text("Severity"), "ERROR");
        assert_eq!(reply.text("Code"), "malformed");
        assert_eq!(reply.text("Message"), "there is no Effect `Alow`: write \"Allow\" or \"Deny\"");
        assert_eq!((reply.text("Line"), reply.text("Column")), ("2".into(), "1".into()));

        // Saving answers what the service answers.
        let saved = root.call("CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", wrong)]).await;
        assert_eq!(saved.refused("MalformedPolicyDocument"), "Syntax errors in policy.");

        let broken = check(&root, "{\n \"Version\": \"2012-10-17\",\n}", "IDENTITY_POLICY").await.ok();
        assert_eq!(broken.text("Message"), "this is no JSON: `}` cannot stand here");
        assert_eq!(broken.text("Advice"), "take away the comma before it, or write what is missing");
        assert_eq!(broken.find("Summary"), None);
    }

    async fn each_kind_of_document_has_its_own_rules(app) {
        let root = app.root();
        let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
        let reply = check(&root, trust, "TRUST_POLICY").await.ok();
        assert_eq!(reply.find("Severity"), None);
        for kind in ["IDENTITY_POLICY", "SESSION_POLICY"] {
            assert_eq!(check(&root, trust, kind).await.ok().text("Severity"), "ERROR", "{kind}");
        }
    }

    async fn a_document_is_told_by_service_and_access_level(app) {
        let root = app.root();
        let document = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"Look","Effect":"Allow","Action":["iam:ListGroups","iam:Teleport","s3:Get*"],"Resource":"*"}]}"#;
        let reply = check(&root, document, "IDENTITY_POLICY").await.ok();
        assert_eq!(reply.all("Service"), ["iam", "s3"]);
        assert_eq!(reply.all("IsFull"), ["false"]);
        assert_eq!(reply.all("Level"), ["List"]);
        assert_eq!(reply.all("Sid"), ["Look", "Look"]);
        assert_eq!(reply.text("Text"), "iam:Teleport");
    }

    async fn who_is_authenticated_may_ask_unless_a_policy_denies_it(app) {
        let root = app.root();
        let alice = app.user("alice").await;
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CheckPolicyDocument","Resource":"*"}]}"#;
        check(&alice, document, "IDENTITY_POLICY").await.ok();
        let put = [("UserName", "alice"), ("PolicyName", "p"), ("PolicyDocument", document)];
        root.call("PutUserPolicy", &put).await.ok();
        let refused = check(&alice, document, "IDENTITY_POLICY").await.refused("AccessDenied");
        assert!(refused.contains("iam:CheckPolicyDocument"), "{refused}");
    }
}
