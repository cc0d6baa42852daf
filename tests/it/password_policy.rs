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
}
