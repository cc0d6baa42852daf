//! Where people are reached: e-mail addresses and mobile numbers.

use claviger_iam::dispatch::{Dispatch, EMAIL, SMS, Says};
use claviger_iam::entity::contact::Address;
use claviger_it::{Actor, Reply, TestApp, on_both_engines};

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#;
const WRONG: &str = "The code is not valid. Ask for a new one.";
const TAKEN: &str = "The e-mail address is in use already.";

/// What was sent to one address alone, and not read yet.
pub(crate) async fn dispatches(app: &TestApp) -> Vec<Dispatch> {
    let store = app.iam().store();
    let mut dispatches = Vec::new();
    loop {
        let due = store.due(app.now(), 60, 100).await.expect("messages");
        if due.is_empty() {
            return dispatches;
        }
        for delivery in due {
            store.delivered(&delivery).await.expect("delivered");
            let channel = delivery.message.channel.clone();
            if channel != EMAIL && channel != SMS {
                continue;
            }
            let sent: Dispatch = serde_json::from_value(delivery.message.body).expect("a dispatch");
            let expected = match sent.to {
                Address::Email(_) => EMAIL,
                Address::Mobile(_) => SMS,
            };
            assert_eq!(channel, expected);
            dispatches.push(sent);
        }
    }
}

/// The codes that were sent and not read yet, with where they went.
pub(crate) async fn codes(app: &TestApp) -> Vec<(String, String)> {
    let sent = dispatches(app).await.into_iter();
    sent.filter_map(|sent| match sent.says {
        Says::Code(code) => Some((sent.to.as_str().to_owned(), code.code.expose().clone())),
        Says::PasswordLink(_) | Says::Password(_) => None,
    })
    .collect()
}

/// Asks for a code, and gives the ticket and the code that came.
pub(crate) async fn asked(
    app: &TestApp,
    by: &Actor,
    field: &str,
    address: &str,
) -> (String, String) {
    let reply = by
        .call("RequestContactCode", &[(field, address)])
        .await
        .ok();
    let codes = codes(app).await;
    let [(to, code)] = codes.as_slice() else {
        panic!("one code: {codes:?}");
    };
    assert_eq!(to, address);
    (reply.text("Ticket"), code.clone())
}

pub(crate) async fn verify(by: &Actor, ticket: &str, code: &str) -> Reply {
    by.call("VerifyContact", &[("Ticket", ticket), ("Code", code)])
        .await
}

/// A code that this one is not.
pub(crate) fn another(code: &str) -> String {
    let last = if code.ends_with('0') { "1" } else { "0" };
    [&code[..5], last].concat()
}

on_both_engines! {
    async fn an_address_is_verified_by_the_code_that_was_sent_there(app) {
        let alice = app.user_with("alice", ALL).await;
        for (field, address, verified) in [
            ("Email", "alice@example.com", "EmailVerified"),
            ("Mobile", "+49-15112345678", "MobileVerified"),
        ] {
            let (ticket, code) = asked(&app, &alice, field, address).await;
            let known = alice.call("GetContacts", &[]).await.ok();
            assert_eq!(known.find(field), None, "not before it is verified");
            assert_eq!(verify(&alice, &ticket, &another(&code)).await.refused("InvalidAuthenticationCode"), WRONG);
            verify(&alice, &ticket, &code).await.ok();
            let known = app.root().call("GetContacts", &[("UserName", "alice")]).await.ok();
            assert_eq!(known.text(field), address);
            assert!(known.find(verified).is_some());
            assert_eq!(verify(&alice, &ticket, &code).await.refused("InvalidAuthenticationCode"), WRONG);
            alice.call("RemoveContact", &[("Channel", &field.to_lowercase())]).await.ok();
            alice.call("RemoveContact", &[("Channel", &field.to_lowercase())]).await.refused("NoSuchEntity");
        }
    }

    async fn what_somebody_else_sets_is_not_verified(app) {
        let alice = app.user_with("alice", ALL).await;
        let set = [("UserName", "alice"), ("Email", "alice@example.com"), ("Mobile", "0049-15112345678")];
        app.root().call("SetContact", &set).await.ok();
        let known = alice.call("GetContacts", &[]).await.ok();
        assert_eq!(known.text("Email"), "alice@example.com");
        assert_eq!(known.text("Mobile"), "+49-15112345678");
        assert_eq!((known.find("EmailVerified"), known.find("MobileVerified")), (None, None));
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        verify(&alice, &ticket, &code).await.ok();
        let known = alice.call("GetContacts", &[]).await.ok();
        assert!(known.find("EmailVerified").is_some());
        // The same address again, in other letters, is still hers; another one is not yet.
        app.root().call("SetContact", &[("UserName", "alice"), ("Email", "Alice@Example.com")]).await.ok();
        assert!(alice.call("GetContacts", &[]).await.ok().find("EmailVerified").is_some());
        app.root().call("SetContact", &[("UserName", "alice"), ("Email", "a@example.com")]).await.ok();
        assert_eq!(alice.call("GetContacts", &[]).await.ok().find("EmailVerified"), None);
        app.root().call("SetContact", &[("UserName", "alice")]).await.refused("ValidationError");
        app.root().call("SetContact", &[("UserName", "nobody"), ("Email", "b@example.com")]).await.refused("NoSuchEntity");
    }

    async fn an_address_belongs_to_one_person_on_the_whole_server(app) {
        app.user("alice").await;
        app.user("bob").await;
        let root = app.root();
        root.call("SetContact", &[("UserName", "alice"), ("Email", "alice@example.com"), ("Mobile", "+1684-5551234")]).await.ok();
        for taken in [
            ("Email", "alice@example.com"),
            ("Email", "ALICE@EXAMPLE.COM"),
            ("Email", "Root@Example.com"),
            ("Mobile", "+1684-5551234"),
            ("Mobile", "+1-6845551234"),
        ] {
            root.call("SetContact", &[("UserName", "bob"), taken]).await.refused("EntityAlreadyExists");
        }
        let other = app.another_account("210987654321").await;
        other.call("CreateUser", &[("UserName", "carol")]).await.ok();
        let set = [("UserName", "carol"), ("Email", "Alice@example.com")];
        assert_eq!(other.call("SetContact", &set).await.refused("EntityAlreadyExists"), TAKEN);
        // It is free again once nobody has it.
        root.call("RemoveContact", &[("UserName", "alice"), ("Channel", "email")]).await.ok();
        other.call("SetContact", &set).await.ok();
        other.call("DeleteUser", &[("UserName", "carol")]).await.ok();
        root.call("SetContact", &[("UserName", "bob"), ("Email", "alice@example.com")]).await.ok();
    }

    async fn of_many_who_claim_one_address_at_once_one_gets_it(app) {
        let names: Vec<String> = (0..8).map(|at| format!("user{at}")).collect();
        for name in &names {
            app.user(name).await;
        }
        let root = app.root();
        let claims: Vec<_> = names
            .into_iter()
            .map(|name| {
                let root = root.clone();
                tokio::spawn(async move {
                    let set = [("UserName", name.as_str()), ("Email", "one@example.com")];
                    root.call("SetContact", &set).await.status == 200
                })
            })
            .collect();
        let mut won = 0;
        for claim in claims {
            won += usize::from(claim.await.expect("a claim"));
        }
        assert_eq!(won, 1);
    }

    async fn a_code_is_good_for_one_address_of_one_person_and_for_ten_minutes(app) {
        let alice = app.user_with("alice", ALL).await;
        let mallory = app.user_with("mallory", ALL).await;
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        let (foreign, its_code) = asked(&app, &mallory, "Email", "mallory@example.com").await;
        for (by, ticket, code) in [
            (&mallory, &ticket, &code),
            (&alice, &foreign, &its_code),
            (&alice, &ticket, &its_code),
            (&alice, &String::from("AAAA"), &code),
        ] {
            if code != &its_code || ticket == &foreign {
                assert_eq!(verify(by, ticket, code).await.refused("InvalidAuthenticationCode"), WRONG);
            }
        }
        // Whatever changes her contacts makes codes worthless that were sent before.
        app.root().call("SetContact", &[("UserName", "alice"), ("Mobile", "+49-1511234")]).await.ok();
        assert_eq!(verify(&alice, &ticket, &code).await.refused("InvalidAuthenticationCode"), WRONG);
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        app.clock().advance(600);
        assert_eq!(verify(&alice, &ticket, &code).await.refused("InvalidAuthenticationCode"), WRONG);
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        app.clock().advance(599);
        verify(&alice, &ticket, &code).await.ok();
    }

    async fn ac_35_five_tries_make_a_sent_code_worthless(app) {
        let alice = app.user_with("alice", ALL).await;
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        let wrong = another(&code);
        for _ in 0..5 {
            assert_eq!(verify(&alice, &ticket, &wrong).await.refused("InvalidAuthenticationCode"), WRONG);
        }
        assert_eq!(verify(&alice, &ticket, &code).await.refused("InvalidAuthenticationCode"), WRONG);
    }

    async fn of_many_who_bring_one_code_at_once_one_is_the_first(app) {
        let alice = app.user_with("alice", ALL).await;
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        let tries: Vec<_> = (0..5)
            .map(|_| {
                let (alice, ticket, code) = (alice.clone(), ticket.clone(), code.clone());
                tokio::spawn(async move { verify(&alice, &ticket, &code).await.status == 200 })
            })
            .collect();
        let mut taken = 0;
        for one in tries {
            taken += usize::from(one.await.expect("a try"));
        }
        assert_eq!(taken, 1);
    }

    async fn ac_42_one_address_gets_few_codes(app) {
        let alice = app.user_with("alice", ALL).await;
        for _ in 0..6 {
            alice.call("RequestContactCode", &[("Mobile", "+49-15112345678")]).await.ok();
        }
        alice.call("RequestContactCode", &[("Mobile", "+49-15112345678")]).await.refused("Throttling");
        assert_eq!(codes(&app).await.len(), 6);
        // However it is grouped, and whoever asks.
        let bob = app.user_with("bob", ALL).await;
        bob.call("RequestContactCode", &[("Mobile", "+4915112345678")]).await.refused("Throttling");
        app.clock().advance(3_601);
        bob.call("RequestContactCode", &[("Mobile", "+4915112345678")]).await.ok();
    }

    async fn who_asks_for_an_address_of_somebody_else_does_not_learn_it(app) {
        let alice = app.user_with("alice", ALL).await;
        app.user("bob").await;
        app.root().call("SetContact", &[("UserName", "bob"), ("Email", "bob@example.com")]).await.ok();
        for address in ["bob@example.com", "root@example.com"] {
            let reply = alice.call("RequestContactCode", &[("Email", address)]).await.ok();
            assert!(reply.find("Ticket").is_some() && reply.find("Expiration").is_some());
        }
        assert_eq!(codes(&app).await, []);
    }

    async fn nobody_keeps_others_from_being_sent_their_codes(app) {
        let (alice, bob) = (app.user_with("alice", ALL).await, app.user_with("bob", ALL).await);
        app.root().call("SetContact", &[("UserName", "bob"), ("Mobile", "+49-15112345678")]).await.ok();
        let ask = [("Mobile", "+49-15112345678")];
        for _ in 0..6 {
            alice.call("RequestContactCode", &ask).await.ok();
        }
        // As for an address that nobody has.
        alice.call("RequestContactCode", &ask).await.refused("Throttling");
        let (ticket, code) = asked(&app, &bob, "Mobile", "+49-15112345678").await;
        verify(&bob, &ticket, &code).await.ok();
    }

    async fn root_signs_in_with_the_address_that_root_has_verified(app) {
        let root = app.root();
        assert_eq!(root.call("GetContacts", &[]).await.ok().text("Email"), "root@example.com");
        root.call("SetContact", &[("Email", "new@example.com")]).await.refused("ValidationError");
        root.call("RemoveContact", &[("Channel", "email")]).await.refused("ValidationError");
        let (ticket, code) = asked(&app, &root, "Email", "new@example.com").await;
        verify(&root, &ticket, &code).await.ok();
        let known = root.call("GetContacts", &[]).await.ok();
        assert_eq!(known.text("Email"), "new@example.com");
        assert!(known.find("EmailVerified").is_some());
        // The old one is free.
        app.user("alice").await;
        root.call("SetContact", &[("UserName", "alice"), ("Email", "root@example.com")]).await.ok();
    }

    async fn codes_are_in_no_event(app) {
        let alice = app.user_with("alice", ALL).await;
        let (ticket, code) = asked(&app, &alice, "Email", "alice@example.com").await;
        verify(&alice, &ticket, &code).await.ok();
        let events = app.root().lookup_events(&serde_json::json!({})).await.to_string();
        assert!(events.contains("VerifyContact") && events.contains("RequestContactCode"));
        assert!(!events.contains(&ticket) && !events.contains(&code));
    }
}
