//! Groups and who is in them.

use claviger_it::on_both_engines;

on_both_engines! {
    async fn a_group_has_members_until_they_leave(app) {
        let root = app.root();
        let made = root.call("CreateGroup", &[("GroupName", "Devs")]).await.ok();
        assert!(made.text("GroupId").starts_with("AGPA"));
        for name in ["bob", "alice"] {
            root.call("CreateUser", &[("UserName", name)]).await.ok();
            root.call("AddUserToGroup", &[("GroupName", "devs"), ("UserName", name)]).await.ok();
            root.call("AddUserToGroup", &[("GroupName", "devs"), ("UserName", name)]).await.ok();
        }
        let members = root.call("GetGroup", &[("GroupName", "Devs")]).await.ok();
        assert_eq!(members.all("UserName"), ["alice", "bob"]);
        assert_eq!(root.call("ListGroupsForUser", &[("UserName", "bob")]).await.ok().all("GroupName"), ["Devs"]);
        assert_eq!(
            root.call("DeleteGroup", &[("GroupName", "Devs")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must remove users from group first."
        );
        assert_eq!(
            root.call("DeleteUser", &[("UserName", "bob")]).await.refused("DeleteConflict"),
            "Cannot delete entity, must remove users from group first."
        );
        for name in ["bob", "alice"] {
            root.call("RemoveUserFromGroup", &[("GroupName", "Devs"), ("UserName", name)]).await.ok();
        }
        root.call("DeleteGroup", &[("GroupName", "Devs")]).await.ok();
        assert_eq!(
            root.call("GetGroup", &[("GroupName", "Devs")]).await.refused("NoSuchEntity"),
            "The group with name Devs cannot be found."
        );
    }

    async fn the_recorded_refusals_of_groups(app) {
        let root = app.root();
        root.call("CreateGroup", &[("GroupName", "g")]).await.ok();
        root.call("CreateUser", &[("UserName", "u")]).await.ok();
        assert_eq!(root.call("CreateGroup", &[("GroupName", "g")]).await.refused("EntityAlreadyExists"), "Group with name g already exists.");
        assert_eq!(root.call("DeleteGroup", &[("GroupName", "unknown-group")]).await.refused("NoSuchEntity"), "The group with name unknown-group cannot be found.");
        assert_eq!(root.call("UpdateGroup", &[("GroupName", "nonexisting"), ("NewGroupName", "x")]).await.refused("NoSuchEntity"), "The group with name nonexisting cannot be found.");
        assert_eq!(root.call("AddUserToGroup", &[("GroupName", "non-existent-group"), ("UserName", "u")]).await.refused("NoSuchEntity"), "The group with name non-existent-group cannot be found.");
        assert_eq!(root.call("AddUserToGroup", &[("GroupName", "g"), ("UserName", "non-existent-user")]).await.refused("NoSuchEntity"), "The user with name non-existent-user cannot be found.");
        assert_eq!(root.call("RemoveUserFromGroup", &[("GroupName", "none"), ("UserName", "any-user")]).await.refused("NoSuchEntity"), "The user with name any-user cannot be found.");
        root.call("CreateGroup", &[("GroupName", "h")]).await.ok();
        assert_eq!(root.call("UpdateGroup", &[("GroupName", "h"), ("NewGroupName", "G")]).await.refused("EntityAlreadyExists"), "Group with name G already exists.");
    }

    async fn the_eleventh_group_of_a_user_is_refused(app) {
        let root = app.root();
        root.call("CreateUser", &[("UserName", "u")]).await.ok();
        for n in 0..10 {
            let name = format!("g{n}");
            root.call("CreateGroup", &[("GroupName", &name)]).await.ok();
            root.call("AddUserToGroup", &[("GroupName", &name), ("UserName", "u")]).await.ok();
        }
        root.call("CreateGroup", &[("GroupName", "g10")]).await.ok();
        assert_eq!(
            root.call("AddUserToGroup", &[("GroupName", "g10"), ("UserName", "u")]).await.refused("LimitExceeded"),
            "Cannot exceed quota for GroupsPerUser: 10"
        );
    }
}
