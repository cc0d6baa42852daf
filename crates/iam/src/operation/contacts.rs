//! Where users and root are reached: e-mail addresses and mobile numbers, each unique on this server, set by who may, and
//! verified by a code that is sent there. AWS has none of this; these are operations of this server's own.

use claviger_model::name::ExistingUserName;
use claviger_model::scalar::Constraint::{MaxLength, MinLength, Pattern};
use claviger_model::{
    Code, EmailAddress, MobileNumber, Secret, Timestamp, enum_scalar, text_scalar,
};
use claviger_shape::Shape;
use claviger_store::Index;
use zeroize::Zeroize;

use super::mfa_devices::{check_own_change, present};
use super::users::check_on_owner;
use super::{Empty, Entry, Operation, entry};
use crate::authorize::Target;
use crate::cx::Cx;
use crate::entity::account::ACCOUNT_RECORD;
use crate::entity::contact::{Address, Contacts};
use crate::entity::index::{EMAILS, MOBILES};
use crate::entity::{Account, User};
use crate::fault::Fault;
use crate::lookup::{self, Owner};
use crate::sent_code::{self, Holder, Purpose};
use crate::spec::{Access, ResourceType, Spec};

/// This family's operations.
pub const OPERATIONS: &[Entry] = &[
    entry::<GetContacts>(),
    entry::<SetContact>(),
    entry::<RemoveContact>(),
    entry::<RequestContactCode>(),
    entry::<VerifyContact>(),
];

enum_scalar! {
    /// By which way somebody is reached.
    ContactChannel {
        /// An e-mail address.
        Email = "email",
        /// A mobile number.
        Mobile = "mobile",
    }
}
text_scalar! {
    in Box<str>;
    /// A code that was sent: six digits.
    SentCode, [MaxLength(6), MinLength(6), Pattern(r"[\d]*")], |text| text.bytes().all(|b| b.is_ascii_digit())
}
text_scalar! {
    in Box<str>;
    /// What comes with a code that was sent and is brought back with it; opaque.
    CodeTicket, [MaxLength(sent_code::MOST_CHARACTERS), MinLength(1), Pattern(r"[A-Za-z0-9_-]+")],
    |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

impl Zeroize for SentCode {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Zeroize for CodeTicket {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// What is known of where the owner is reached.
fn contacts_of(owner: &Owner) -> Contacts {
    match owner {
        Owner::User(user) => user.contacts.clone(),
        Owner::Root(account) => account.root.contacts.clone(),
        Owner::Missing(_) => Contacts::default(),
    }
}

/// Whose codes are.
fn holder_of(owner: &Owner) -> Holder {
    let id = match owner {
        Owner::User(user) => user.id.as_str(),
        Owner::Root(_) | Owner::Missing(_) => ACCOUNT_RECORD,
    };
    Holder {
        id: id.to_owned(),
        state: contacts_of(owner).changes,
    }
}

/// Writes where the owner is reached. What root signs in with is what root has verified.
///
/// # Errors
/// `LoginProtectionInUse` where login protection could send its codes nowhere any more.
fn put_contacts(cx: &mut Cx<'_>, owner: &Owner, contacts: Contacts) -> Result<(), Fault> {
    match owner {
        Owner::User(user) => {
            let mut after: User = User::clone(user);
            after.contacts = contacts;
            user.check_means_stay(&after)?;
            cx.unit.put(after);
        }
        Owner::Root(account) => {
            let mut account: Account = Account::clone(account);
            if let Some(email) = &contacts.email {
                account.root.email = email.address.as_str().to_owned();
            }
            account.root.contacts = contacts;
            cx.unit.put(account);
        }
        Owner::Missing(_) => {}
    }
    Ok(())
}

/// Whether the address is somebody else's, on the whole server. The answer is checked again at the commit.
async fn is_anothers(cx: &mut Cx<'_>, owner: &Owner, address: &Address) -> Result<bool, Fault> {
    let index: &'static Index = match address {
        Address::Email(_) => &EMAILS,
        Address::Mobile(_) => &MOBILES,
    };
    let scope = cx.scope();
    let found = cx
        .unit
        .target(scope, index, &address.key())
        .await
        .map_err(Fault::unavailable)?;
    Ok(found.is_some_and(|found| {
        let own = match owner {
            Owner::User(user) => user.id.as_str(),
            Owner::Root(_) | Owner::Missing(_) => ACCOUNT_RECORD,
        };
        found.scope != scope || found.id != own
    }))
}

/// What is said of an address that somebody else has.
fn taken(address: &Address) -> Fault {
    Fault::exists(match address {
        Address::Email(_) => "The e-mail address is in use already.",
        Address::Mobile(_) => "The mobile number is in use already.",
    })
}

/// The one address that a request names.
fn one_of(email: Option<&EmailAddress>, mobile: Option<&MobileNumber>) -> Result<Address, Fault> {
    match (email, mobile) {
        (Some(email), None) => Ok(Address::Email(email.clone())),
        (None, Some(mobile)) => Ok(Address::Mobile(mobile.clone())),
        _ => Err(Fault::invalid("Specify either Email or Mobile.")),
    }
}

/// Tells where a user is reached, or the caller, and what of it is verified. An operation of this server's own.
#[derive(Shape)]
pub struct GetContacts {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
}

/// The answer of [`GetContacts`].
#[derive(Shape, Default)]
pub struct GetContactsOutput {
    /// The e-mail address.
    pub email: Option<String>,
    /// When a code that was sent to it came back; absent where it is not verified.
    pub email_verified: Option<Timestamp>,
    /// The mobile number: `+49-15112345678`.
    pub mobile: Option<String>,
    /// When a code that was sent to it came back; absent where it is not verified.
    pub mobile_verified: Option<Timestamp>,
}

impl Operation for GetContacts {
    const SPEC: Spec = Spec::iam("GetContacts", Access::Read)
        .on(&[ResourceType::User])
        .faults(&[Code::NoSuchEntity]);
    type Output = GetContactsOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        let Contacts { email, mobile, .. } = contacts_of(&owner);
        let of_root = match &owner {
            Owner::Root(account) => Some(account.root.email.clone()),
            _ => None,
        };
        Ok(GetContactsOutput {
            email_verified: email.as_ref().and_then(|email| email.verified),
            email: of_root.or(email.map(|email| email.address.as_str().to_owned())),
            mobile_verified: mobile.as_ref().and_then(|mobile| mobile.verified),
            mobile: mobile.map(|mobile| mobile.address.as_str().to_owned()),
        })
    }
}

/// Sets the e-mail address or the mobile number of a user, or of the caller, without asking whose it is: it is not verified
/// until a code that is sent there comes back. Root's e-mail address is what root signs in with, and is changed by verifying
/// another. An operation of this server's own.
#[derive(Shape)]
pub struct SetContact {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// The mobile number in international format: `+49-15112345678`.
    pub mobile: Option<MobileNumber>,
}

impl Operation for SetContact {
    const SPEC: Spec = Spec::iam("SetContact", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[
            Code::EntityAlreadyExists,
            Code::LoginProtectionInUse,
            Code::NoSuchEntity,
        ]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        let email = self.email.clone().map(Address::Email);
        let mobile = self.mobile.clone().map(Address::Mobile);
        if email.is_some() && matches!(owner, Owner::Root(_)) {
            return Err(Fault::invalid(
                "Root signs in with this address: verify another one to change it.",
            ));
        }
        if email.is_none() && mobile.is_none() {
            return Err(Fault::invalid("Specify Email or Mobile."));
        }
        let mut contacts = contacts_of(&owner);
        for address in email.into_iter().chain(mobile) {
            if is_anothers(cx, &owner, &address).await? {
                return Err(taken(&address));
            }
            contacts.set(address, cx.now());
        }
        put_contacts(cx, &owner, contacts)?;
        Ok(Empty {})
    }
}

/// Removes the e-mail address or the mobile number of a user, or of the caller. An operation of this server's own.
#[derive(Shape)]
pub struct RemoveContact {
    /// The user; the caller when left out.
    pub user_name: Option<ExistingUserName>,
    /// Which of the two.
    pub channel: ContactChannel,
}

impl Operation for RemoveContact {
    const SPEC: Spec = Spec::iam("RemoveContact", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::LoginProtectionInUse, Code::NoSuchEntity]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(
            check_on_owner(cx, self.user_name.as_ref()).await?,
        ))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = present(lookup::owner(cx, self.user_name.as_ref()).await?)?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        let mut contacts = contacts_of(&owner);
        let was_there = match self.channel {
            ContactChannel::Email if matches!(owner, Owner::Root(_)) => {
                return Err(Fault::invalid("Root signs in with this address."));
            }
            ContactChannel::Email => contacts.email.take().is_some(),
            ContactChannel::Mobile => contacts.mobile.take().is_some(),
        };
        if !was_there {
            return Err(Fault::missing(match self.channel {
                ContactChannel::Email => "There is no e-mail address.",
                ContactChannel::Mobile => "There is no mobile number.",
            }));
        }
        contacts.changes += 1;
        put_contacts(cx, &owner, contacts)?;
        Ok(Empty {})
    }
}

/// Sends a code to an e-mail address or a mobile number that the caller says is the caller's own. An operation of this
/// server's own.
///
/// An address that somebody else has is sent nothing, and the answer does not tell so: whoever asks would learn who is here.
#[derive(Shape)]
pub struct RequestContactCode {
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// The mobile number in international format: `+49-15112345678`.
    pub mobile: Option<MobileNumber>,
}

/// The answer of [`RequestContactCode`].
#[derive(Shape)]
pub struct RequestContactCodeOutput {
    /// What is brought back with the code.
    pub ticket: Secret<String>,
    /// Until when the code is good.
    pub expiration: Timestamp,
}

impl Operation for RequestContactCode {
    const SPEC: Spec = Spec::iam("RequestContactCode", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[]);
    type Output = RequestContactCodeOutput;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on_owner(cx, None).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let address = one_of(self.email.as_ref(), self.mobile.as_ref())?;
        let owner = lookup::owner(cx, None).await?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        let is_silent = is_anothers(cx, &owner, &address).await?;
        let user = match &owner {
            Owner::User(user) => Some(user.name.as_str().to_owned()),
            Owner::Root(_) | Owner::Missing(_) => None,
        };
        let holder = holder_of(&owner);
        let ticket =
            sent_code::send(cx, Purpose::Contact, holder, user, address, is_silent).await?;
        Ok(RequestContactCodeOutput {
            ticket,
            expiration: cx
                .now()
                .plus_seconds(i64::from(sent_code::LIFETIME_SECONDS)),
        })
    }
}

/// Brings back a code that was sent to an address, which is the caller's from then on, and verified. Root signs in with an
/// e-mail address that was verified. An operation of this server's own.
#[derive(Shape)]
pub struct VerifyContact {
    /// What came with the code.
    pub ticket: Secret<CodeTicket>,
    /// The code.
    pub code: Secret<SentCode>,
}

impl Operation for VerifyContact {
    const SPEC: Spec = Spec::iam("VerifyContact", Access::Write)
        .on_own_credentials()
        .on(&[ResourceType::User])
        .faults(&[Code::InvalidAuthenticationCode]);
    type Output = Empty;

    async fn target(&self, cx: &mut Cx<'_>) -> Result<Target, Fault> {
        Ok(Target::of(check_on_owner(cx, None).await?))
    }

    async fn run(&self, cx: &mut Cx<'_>) -> Result<Self::Output, Fault> {
        let owner = lookup::owner(cx, None).await?;
        check_own_change(cx, &owner, Self::SPEC.name)?;
        let holder = holder_of(&owner);
        let (ticket, code) = (self.ticket.expose().as_str(), self.code.expose().as_str());
        let address = sent_code::redeem(cx, Purpose::Contact, &holder, ticket, code).await?;
        // Somebody got it in the meantime: no more is told than when the code was asked for.
        if is_anothers(cx, &owner, &address).await? {
            return Err(sent_code::wrong());
        }
        let mut contacts = contacts_of(&owner);
        contacts.verify(address, cx.now());
        put_contacts(cx, &owner, contacts)?;
        Ok(Empty {})
    }
}
