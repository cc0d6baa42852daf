//! The account's rules for passwords.

use claviger_it::on_both_engines;

on_both_engines! {
    async fn a_policy_is_replaced_as_a_whole_told_and_deleted(app) {
        let root = app.root();
        assert_eq!(
            root.call("GetAccountPasswordPolicy", &[]).await.refused("NoSuchEntity"),
            "The Password Policy with domain name 123456789012 cannot be found."
        );
        assert_eq!(
            root.call("DeleteAccountPasswordPolicy", &[]).await.refused("NoSuchEntity"),
            "The account policy with name PasswordPolicy cannot be found."
        );
        root.call(
            "UpdateAccountPasswordPolicy",
            &[
                ("MinimumPasswordLength", "14"),
                ("RequireSymbols", "true"),
                ("MaxPasswordAge", "90"),
                ("PasswordReusePrevention", "5"),
                ("HardExpiry", "false"),
            ],
        )
        .await
        .ok();
        let told = root.call("GetAccountPasswordPolicy", &[]).await.ok();
        for (name, value) in [
            ("MinimumPasswordLength", "14"),
            ("RequireSymbols", "true"),
            ("RequireNumbers", "false"),
            ("RequireUppercaseCharacters", "false"),
            ("RequireLowercaseCharacters", "false"),
            ("AllowUsersToChangePassword", "false"),
            ("ExpirePasswords", "true"),
            ("MaxPasswordAge", "90"),
            ("PasswordReusePrevention", "5"),
            ("HardExpiry", "false"),
        ] {
            assert_eq!(told.text(name), value, "{name}");
        }
        root.call("UpdateAccountPasswordPolicy", &[]).await.ok();
        let told = root.call("GetAccountPasswordPolicy", &[]).await.ok();
        assert_eq!(told.text("MinimumPasswordLength"), "6");
        assert_eq!(told.text("RequireSymbols"), "false");
        assert_eq!(told.text("ExpirePasswords"), "false");
        for absent in ["MaxPasswordAge", "PasswordReusePrevention", "HardExpiry"] {
            assert_eq!(told.find(absent), None, "{absent}");
        }
        root.call("DeleteAccountPasswordPolicy", &[]).await.ok();
        root.call("GetAccountPasswordPolicy", &[]).await.refused("NoSuchEntity");
    }

    async fn values_out_of_range_are_counted_in_the_recorded_order(app) {
        let parameters = [("MinimumPasswordLength", "129"), ("PasswordReusePrevention", "25"), ("MaxPasswordAge", "1096")];
        assert_eq!(
            app.root().call("UpdateAccountPasswordPolicy", &parameters).await.refused("ValidationError"),
            "3 validation errors detected: Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value less than or equal to 128; Value at 'passwordReusePrevention' failed to satisfy constraint: Member must have value less than or equal to 24; Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than or equal to 1095"
        );
        app.root().call("UpdateAccountPasswordPolicy", &[("MaxPasswordAge", "0")]).await.refused("ValidationError");
        app.root().call("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "5")]).await.refused("ValidationError");
    }

    async fn rules_that_aws_has_none_of_stay_when_its_policy_is_replaced_and_bind_every_way(app) {
        let root = app.root();
        let told = root.call("GetPasswordRules", &[]).await.ok();
        for (name, value) in [("HasPolicy", "false"), ("MinimumPasswordLength", "8"), ("RequiredCharacterKinds", "3")] {
            assert_eq!(told.text(name), value, "{name}");
        }
        assert_eq!(told.find("AllowUsersToChangePassword"), None);
        // Setting one rule takes nothing from what was in force.
        root.call("SetPasswordRules", &[("MaximumIdenticalRun", "2")]).await.ok();
        let told = root.call("GetAccountPasswordPolicy", &[]).await.ok();
        assert_eq!((told.text("MinimumPasswordLength"), told.text("AllowUsersToChangePassword")), ("8".into(), "false".into()));
        root.call("CreateUser", &[("UserName", "alice")]).await.ok();
        let create = async |password: &str| root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", password)]).await;
        create("Abcdefgg").await.refused("PasswordPolicyViolation");
        create("Abc-defggg").await.refused("PasswordPolicyViolation");
        let rules = [("RequiredCharacterKinds", "4"), ("RefuseUserName", "true"), ("RefuseContacts", "true")];
        root.call("SetPasswordRules", &rules).await.ok();
        root.call("UpdateAccountPasswordPolicy", &[("AllowUsersToChangePassword", "true")]).await.ok();
        let told = root.call("GetPasswordRules", &[]).await.ok();
        for (name, value) in [
            ("HasPolicy", "true"), ("MinimumPasswordLength", "6"), ("RequiredCharacterKinds", "4"), ("MaximumIdenticalRun", "2"),
            ("RefuseUserName", "true"), ("RefuseContacts", "true"), ("AllowUsersToChangePassword", "true"), ("MaxPasswordAge", "0"),
        ] {
            assert_eq!(told.text(name), value, "{name}");
        }
        create("Abcdefg1").await.refused("PasswordPolicyViolation");
        create("Abcdef-1").await.ok();
        root.call("SetContact", &[("UserName", "alice"), ("Mobile", "+49-15112345678")]).await.ok();
        let update = async |password: &str| root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", password)]).await;
        update("Ab-15112345678").await.refused("PasswordPolicyViolation");
        update("Abccc-12").await.refused("PasswordPolicyViolation");
        update("Abcc-12").await.ok();
        root.call("DeleteAccountPasswordPolicy", &[]).await.ok();
        assert_eq!(root.call("GetPasswordRules", &[]).await.ok().text("RequiredCharacterKinds"), "3");
        root.call("SetPasswordRules", &[("RequiredCharacterKinds", "5")]).await.refused("ValidationError");
    }

    async fn a_password_is_changed_by_its_owner_when_it_is_old_enough_unless_it_must_be(app) {
        let root = app.root();
        root.call("SetPasswordRules", &[("MinimumPasswordAgeMinutes", "10"), ("AllowUsersToChangePassword", "true")]).await.ok();
        let alice = app.user("alice").await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", "Correct-Horse-1")]).await.ok();
        let change = async |old: &str, new: &str| alice.call("ChangePassword", &[("OldPassword", old), ("NewPassword", new)]).await;
        app.clock().advance(599);
        change("Correct-Horse-1", "Battery-Staple-2").await.refused("PasswordPolicyViolation");
        app.clock().advance(1);
        change("Correct-Horse-1", "Battery-Staple-2").await.ok();
        change("Battery-Staple-2", "Correct-Horse-3").await.refused("PasswordPolicyViolation");
        // An administrator is not bound by it, nor is who has to change.
        root.call("UpdateLoginProfile", &[("UserName", "alice"), ("Password", "Correct-Horse-4"), ("PasswordResetRequired", "true")]).await.ok();
        change("Correct-Horse-4", "Battery-Staple-5").await.ok();
    }

    async fn without_a_word_of_the_account_each_door_goes_by_its_own_default(app) {
        use claviger_iam::context::{Door, RequestFacts};
        use claviger_iam::operation::login_profiles::ChangePassword;
        use claviger_model::{Code, Scalar, Secret};
        use crate::signin::{at, by_name, opened, request, PASSWORD, HERE};

        let root = app.root();
        let word = |text: &str| Secret::new(Scalar::parse(text).expect("a password"));
        // By a session of the console, whose caller is the same at every door.
        let change = async |door: Door, from: &str, to: &str| {
            let session = opened(by_name(&app, "alice", from).await);
            let console = at(&app, &session.token).await.expect("a session");
            let facts = RequestFacts { door, ..request(&app, HERE) };
            let admitted = app.iam().admit_at_console(&console, &facts).await.expect("admitted");
            let change = ChangePassword { old_password: word(from), new_password: word(to) };
            app.iam().call(&change, admitted, &facts).await.map(drop).map_err(|fault| fault.code())
        };
        app.user_with("alice", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#).await;
        root.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", PASSWORD)]).await.ok();
        let (one, other) = (PASSWORD, "Battery-Staple-2");
        assert_eq!(change(Door::Aws, one, other).await, Err(Code::AccessDenied));
        change(Door::Huawei, one, other).await.expect("its default");
        for (allowed, expected) in [("false", Err(Code::AccessDenied)), ("true", Ok(()))] {
            root.call("SetPasswordRules", &[("AllowUsersToChangePassword", allowed)]).await.ok();
            for (door, from, to) in [(Door::Aws, other, one), (Door::Huawei, one, other)] {
                let from = if allowed == "false" { other } else { from };
                assert_eq!(change(door, from, to).await, expected, "{door:?}");
            }
        }
        let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ChangePassword","Resource":"*"}}"#;
        root.call("PutUserPolicy", &[("UserName", "alice"), ("PolicyName", "deny"), ("PolicyDocument", deny)]).await.ok();
        assert_eq!(change(Door::Huawei, other, one).await, Err(Code::AccessDenied));
        assert_eq!(change(Door::Aws, other, one).await, Err(Code::AccessDenied));
    }
}
