//! Who is called by a unique id is whom the operation meets, whatever becomes of the name in between.

use claviger_iam::operation::access_keys::DeleteAccessKey;
use claviger_iam::operation::groups::{AddUserToGroup, DeleteGroup};
use claviger_iam::operation::managed_policies::DeletePolicy;
use claviger_iam::operation::roles::DeleteRole;
use claviger_iam::operation::users::DeleteUser;
use claviger_it::{Actor, on_both_engines};
use claviger_model::name::{ExistingUserName, GroupName, RoleName};
use claviger_model::{AccessKeyId, Code, Scalar, UniqueId};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

async fn made(root: &Actor, action: &str, parameters: &[(&str, &str)], id: &str) -> UniqueId {
    let reply = root.call(action, parameters).await.ok();
    UniqueId::parse(&reply.text(id)).expect("a unique id")
}

async fn made_user(root: &Actor, name: &str) -> UniqueId {
    made(root, "CreateUser", &[("UserName", name)], "UserId").await
}

async fn user_id(root: &Actor, name: &str) -> String {
    let reply = root.call("GetUser", &[("UserName", name)]).await;
    reply.ok().text("UserId")
}

fn parsed<T: Scalar>(text: &str) -> T {
    T::parse(text).unwrap_or_else(|_| panic!("{text} is not of its type"))
}

on_both_engines! {
    async fn a_user_who_is_renamed_between_look_up_and_change_leaves_nobody_else_to_it(app) {
        let root = app.root();
        let alice = made_user(&root, "alice").await;
        let (mut admitted, facts) = root.admitted().await;
        let name = admitted.name_of_user(&alice).await.expect("a name");
        assert_eq!(name, "alice");
        root.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "bob")]).await.ok();
        let other = made_user(&root, "ALICE").await;
        let delete = DeleteUser { user_name: parsed(&name) };
        let fault = app.iam().call(&delete, admitted, &facts).await.err().expect("nobody is meant");
        assert_eq!(fault.code(), Code::NoSuchEntity);
        assert_eq!(user_id(&root, "alice").await, other.as_str());
        assert_eq!(user_id(&root, "bob").await, alice.as_str());
        // By the name that it has now, it is met.
        let (mut admitted, facts) = root.admitted().await;
        let name = admitted.name_of_user(&alice).await.expect("a name");
        let delete = DeleteUser { user_name: parsed(&name) };
        app.iam().call(&delete, admitted, &facts).await.expect("is deleted");
        root.call("GetUser", &[("UserName", "bob")]).await.refused("NoSuchEntity");
    }

    async fn a_change_of_the_same_user_in_between_is_no_obstacle(app) {
        let root = app.root();
        let alice = made_user(&root, "alice").await;
        let (mut admitted, facts) = root.admitted().await;
        let name = admitted.name_of_user(&alice).await.expect("a name");
        root.call("TagUser", &[("UserName", "alice"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]).await.ok();
        let delete = DeleteUser { user_name: parsed(&name) };
        app.iam().call(&delete, admitted, &facts).await.expect("is deleted");
    }

    async fn a_user_whose_name_looks_like_the_id_of_another_is_not_taken_for_that(app) {
        let root = app.root();
        let gone = made_user(&root, "gone").await;
        root.call("DeleteUser", &[("UserName", "gone")]).await.ok();
        let other = made_user(&root, gone.as_str()).await;
        let (mut admitted, facts) = root.admitted().await;
        let name = admitted.name_of_user(&gone).await.expect("a name");
        let delete = DeleteUser { user_name: parsed(&name) };
        let fault = app.iam().call(&delete, admitted, &facts).await.err().expect("nobody is meant");
        assert_eq!(fault.code(), Code::NoSuchEntity);
        assert_eq!(user_id(&root, gone.as_str()).await, other.as_str());
        let (mut admitted, facts) = root.admitted().await;
        let name: ExistingUserName = parsed(&admitted.name_of_no_user());
        made_user(&root, name.as_str()).await;
        let key = root.call("CreateAccessKey", &[("UserName", name.as_str())]).await.ok();
        let delete = DeleteAccessKey {
            user_name: Some(name),
            access_key_id: parsed::<AccessKeyId>(&key.text("AccessKeyId")),
        };
        let fault = app.iam().call(&delete, admitted, &facts).await.err().expect("nobody is meant");
        assert_eq!(fault.code(), Code::NoSuchEntity);
    }

    async fn who_may_not_ask_is_denied_alike_whether_somebody_goes_by_the_id_or_not(app) {
        let root = app.root();
        let alice = made_user(&root, "alice").await;
        let gone = made_user(&root, "gone").await;
        root.call("DeleteUser", &[("UserName", "gone")]).await.ok();
        let nobody = app.user("nobody").await;
        for id in [&alice, &gone] {
            let (mut admitted, facts) = nobody.admitted().await;
            let name = admitted.name_of_user(id).await.expect("a name");
            let delete = DeleteUser { user_name: parsed(&name) };
            let fault = app.iam().call(&delete, admitted, &facts).await.err().expect("denied");
            assert_eq!(fault.code(), Code::AccessDenied);
        }
    }

    async fn groups_roles_and_policies_are_held_to_their_ids_too(app) {
        let root = app.root();
        let group = made(&root, "CreateGroup", &[("GroupName", "g")], "GroupId").await;
        let role = [("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)];
        let role_id = made(&root, "CreateRole", &role, "RoleId").await;
        let policy = [("PolicyName", "p"), ("PolicyDocument", POLICY)];
        let policy_id = made(&root, "CreatePolicy", &policy, "PolicyId").await;
        let alice = made_user(&root, "alice").await;
        let (mut by_group, facts) = root.admitted().await;
        let group_name: GroupName = parsed(&by_group.name_of_group(&group).await.expect("a name"));
        let (mut by_both, _) = root.admitted().await;
        let user_name: ExistingUserName = parsed(&by_both.name_of_user(&alice).await.expect("a name"));
        by_both.name_of_group(&group).await.expect("a name");
        let (mut by_role, _) = root.admitted().await;
        let role_name: RoleName = parsed(&by_role.name_of_role(&role_id).await.expect("a name"));
        let (mut by_policy, _) = root.admitted().await;
        let arn = by_policy.arn_of_policy(&policy_id).await.expect("a name");
        // All are made anew under the same names.
        root.call("DeleteGroup", &[("GroupName", "g")]).await.ok();
        root.call("CreateGroup", &[("GroupName", "g")]).await.ok();
        root.call("DeleteRole", &[("RoleName", "r")]).await.ok();
        root.call("CreateRole", &role).await.ok();
        root.call("DeletePolicy", &[("PolicyArn", arn.as_str())]).await.ok();
        root.call("CreatePolicy", &policy).await.ok();
        let iam = app.iam();
        let add = AddUserToGroup { group_name: group_name.clone(), user_name };
        let faults = [
            iam.call(&DeleteGroup { group_name }, by_group, &facts).await.err().expect("gone"),
            iam.call(&add, by_both, &facts).await.err().expect("gone"),
            iam.call(&DeleteRole { role_name }, by_role, &facts).await.err().expect("gone"),
            iam.call(&DeletePolicy { policy_arn: arn.clone() }, by_policy, &facts).await.err().expect("gone"),
        ];
        for fault in faults {
            assert_eq!(fault.code(), Code::NoSuchEntity, "{:?}", fault.message());
        }
        root.call("GetGroup", &[("GroupName", "g")]).await.ok();
        root.call("GetRole", &[("RoleName", "r")]).await.ok();
        root.call("GetPolicy", &[("PolicyArn", arn.as_str())]).await.ok();
    }

    async fn an_aws_managed_policy_has_an_id_like_others(app) {
        let root = app.root();
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        let id = root.call("GetPolicy", &[("PolicyArn", arn)]).await.ok().text("PolicyId");
        let (mut admitted, _) = root.admitted().await;
        let found = admitted.arn_of_policy(&parsed(&id)).await.expect("a name");
        assert_eq!(found.as_str(), arn);
    }
}
