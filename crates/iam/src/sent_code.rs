//! Codes that are sent to an address: who brings one back reads what comes there (NIST SP 800-63B, section 5.1.3.2).
//!
//! What a code was sent for stands in a sealed ticket that the asker keeps, so that nothing is stored of it and nobody's
//! code can push out another's. Five tries make a code worthless, whoever makes them (AC-35).

use claviger_model::{AccountId, Code, Rng, Secret, Timestamp, UniqueId};
use claviger_store::{Bucket, Scope};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::cx::Cx;
use crate::dispatch::{CodeNote, Dispatch, Says};
use crate::entity::User;
use crate::entity::contact::Address;
use crate::fault::Fault;
use crate::iam::Iam;
use crate::lookup;

/// How long a code is good for, in seconds (NIST SP 800-63B asks for ten minutes at the most).
pub(crate) const LIFETIME_SECONDS: u32 = 600;
/// How often one code may be tried.
const TRIES: u32 = 5;
/// How many codes go to one address in an hour, whoever asks for them.
const TO_ADDRESS: u32 = 6;
/// How many codes one holder has sent in an hour.
const BY_HOLDER: u32 = 12;
/// How many codes go to the addresses of one mobile network prefix in an hour: what a fraud with paid numbers lives on.
const TO_PREFIX: u32 = 200;
/// How many codes one account has sent in an hour.
const BY_ACCOUNT: u32 = 1_000;
/// How many codes are asked for from one source in an hour.
const BY_SOURCE: u32 = 100;
/// How many codes the whole server sends in an hour: the most that a fraud can cost before somebody sees it.
const IN_ALL: u32 = 5_000;
const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;
/// Tries in a day at the codes of one holder that strangers can ask for.
const TRIES_AT_HOLDER: u32 = 30;
/// The kinds of buckets that tickets are taken from.
const TRIED: &str = "sent_code_tries";
const SPENT: &str = "sent_code_spent";
const TRIED_AT_HOLDER: &str = "sent_code_tries_at_holder";
const ADDRESSES: &str = "sent_codes_to";
const PREFIXES: &str = "sent_codes_to_prefix";
const HOLDERS: &str = "sent_codes_by";
const ACCOUNTS: &str = "sent_codes_of_account";
const SOURCES: &str = "sent_codes_from";
const SERVER: &str = "sent_codes";
/// What tickets are sealed for: nothing sealed for another purpose opens as one.
const SEALED_FOR: &[u8] = b"claviger sent code 1";
/// Bytes of a ticket before it is sealed: more than any has, the longest address included.
const TICKET_BYTES: usize = 1_024;
/// Characters of a ticket; longer ones are not opened.
pub(crate) const MOST_CHARACTERS: u32 = 2_048;

/// What a code is brought back for. One that was sent for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    /// To show that an address is one's own.
    Contact,
    /// To go on signing in, where login protection asks for it.
    SignIn,
    /// To set another password in place of one that was forgotten.
    Forgotten,
}

impl Purpose {
    /// The kind of the buckets that codes to one address are counted in: those that one purpose needs are not used up by
    /// another.
    fn to_address(self) -> &'static str {
        match self {
            Self::Contact => ADDRESSES,
            Self::SignIn => "sent_codes_to_for_sign_in",
            Self::Forgotten => "sent_codes_to_who_forgot",
        }
    }

    /// The kind of the buckets that codes of one holder are counted in.
    fn by_holder(self) -> &'static str {
        match self {
            Self::Contact => HOLDERS,
            Self::SignIn => "sent_codes_by_sign_in",
            Self::Forgotten => "sent_codes_by_who_forgot",
        }
    }

    /// How many codes go to one address in an hour.
    fn most_to_address(self) -> u32 {
        match self {
            Self::Contact | Self::Forgotten => TO_ADDRESS,
            // Whoever has them sent knows the password.
            Self::SignIn => BY_HOLDER,
        }
    }
}

/// Whose code it is, and in which state: one that was sent before a change of it is worth nothing after.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Holder {
    /// The unique id of a user, or what stands for root.
    pub id: String,
    /// What is raised by changes.
    pub state: u64,
}

impl Holder {
    /// Of a user's codes.
    pub(crate) fn of_user(user: &User) -> Self {
        Self {
            id: user.id.as_str().to_owned(),
            state: user.contacts.changes,
        }
    }

    /// Of a user who forgot the password: what ends the user's sessions makes the code worthless too.
    pub(crate) fn who_forgot(user: &User) -> Self {
        Self {
            id: user.id.as_str().to_owned(),
            state: user.contacts.changes + user.security_epoch,
        }
    }

    /// Of a user who is not there.
    pub(crate) fn nobody(id: &UniqueId) -> Self {
        Self {
            id: id.as_str().to_owned(),
            state: 0,
        }
    }
}

/// What stands in a ticket.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Content {
    purpose: Purpose,
    account: AccountId,
    holder: Holder,
    to: Address,
    code: String,
    issued: Timestamp,
    id: String,
}

fn draw(rng: &Rng) -> Secret<String> {
    Secret::new(rng.text(b"0123456789", 6))
}

/// What is said whatever was wrong with a code or its ticket.
pub(crate) fn wrong() -> Fault {
    Fault::new(
        Code::InvalidAuthenticationCode,
        "The code is not valid. Ask for a new one.",
    )
}

/// What is said to whom so many codes were sent that no more are.
fn too_many() -> Fault {
    Fault::new(
        Code::Throttling,
        "Too many codes were sent. Wait an hour before you ask for another.",
    )
}

async fn take(
    cx: &Cx<'_>,
    scope: Scope,
    kind: &'static str,
    id: &str,
    max: u32,
) -> Result<(), Fault> {
    let bucket = Bucket::new(scope, kind, id);
    let taken = cx.iam().store().take(&bucket, max, HOUR, cx.now()).await;
    if taken.map_err(Fault::unavailable)? {
        Ok(())
    } else {
        Err(too_many())
    }
}

/// Takes what sending a code costs: of the source, the holder, the address, the numbers beside it, the account and the server
/// (AC-42). Kept across tries of the operation. Where nothing is sent, the tickets are the asker's own, as many as of an
/// address: nobody uses up what others need to be sent theirs.
async fn pay(
    cx: &Cx<'_>,
    purpose: Purpose,
    holder: &Holder,
    to: &Address,
    is_silent: bool,
) -> Result<(), Fault> {
    let digest = |text: &[u8]| HEXLOWER.encode(&Sha256::digest(text));
    let mut address = to.key();
    if is_silent {
        address.push(0);
        address.extend_from_slice(holder.id.as_bytes());
    }
    let address = digest(&address);
    cx.once(&format!("{ADDRESSES}/{address}"), async {
        // The asker's own come first: who floods takes little of what others need.
        let source = cx.request().source_network().to_string();
        take(cx, Scope::Global, SOURCES, &source, BY_SOURCE).await?;
        take(cx, cx.scope(), purpose.by_holder(), &holder.id, BY_HOLDER).await?;
        let (kind, most) = (purpose.to_address(), purpose.most_to_address());
        take(cx, Scope::Global, kind, &address, most).await?;
        if let (Address::Mobile(mobile), false) = (to, is_silent) {
            // Paid numbers lie in blocks: the last four digits tell them apart.
            let number = mobile.e164();
            let prefix = number.get(..number.len().saturating_sub(4));
            let prefix = digest(prefix.unwrap_or(&number).as_bytes());
            take(cx, Scope::Global, PREFIXES, &prefix, TO_PREFIX).await?;
        }
        take(cx, cx.scope(), ACCOUNTS, "", BY_ACCOUNT).await?;
        take(cx, Scope::Global, SERVER, "", IN_ALL).await?;
        Ok(Secret::new(String::new()))
    })
    .await
    .map(drop)
}

/// A code that was drawn, and the ticket to bring back with it.
pub(crate) struct Prepared {
    pub(crate) ticket: Secret<String>,
    pub(crate) code: Secret<String>,
}

/// Draws a code and seals its ticket. All tickets are of one length, so that none tells what stands in it.
///
/// # Errors
/// `ServiceFailure`.
pub(crate) fn prepare(
    iam: &Iam,
    purpose: Purpose,
    account: AccountId,
    holder: Holder,
    to: Address,
    now: Timestamp,
) -> Result<Prepared, Fault> {
    let rng = &iam.settings().rng;
    let code = draw(rng);
    let content = Content {
        purpose,
        account,
        holder,
        to,
        code: code.expose().clone(),
        issued: now,
        id: rng.uuid(),
    };
    let mut plain = zeroize::Zeroizing::new(serde_json::to_vec(&content).map_err(Fault::service)?);
    let length = plain.len().max(TICKET_BYTES);
    plain.resize(length, b' ');
    let ticket = iam.tokens().seal(SEALED_FOR, &plain);
    Ok(Prepared {
        ticket: Secret::new(BASE64URL_NOPAD.encode(&ticket)),
        code,
    })
}

/// Sends a code that was drawn, with the commit.
///
/// # Errors
/// `Throttling` where too many were sent; `ServiceUnavailable`.
pub(crate) async fn dispatch(
    cx: &mut Cx<'_>,
    purpose: Purpose,
    holder: &Holder,
    user: Option<String>,
    to: Address,
    code: Secret<String>,
) -> Result<(), Fault> {
    pay(cx, purpose, holder, &to, false).await?;
    letter(cx, user, to, code).await?.send(cx)
}

/// The message with a code.
async fn letter(
    cx: &mut Cx<'_>,
    user: Option<String>,
    to: Address,
    code: Secret<String>,
) -> Result<Dispatch, Fault> {
    let account = lookup::account(cx).await?;
    Ok(Dispatch {
        to,
        at: cx.now(),
        until: cx.now().plus_seconds(LIFETIME_SECONDS.into()),
        says: Says::Code(CodeNote {
            code,
            minutes: LIFETIME_SECONDS / 60,
            account: account.called(),
            user,
        }),
    })
}

/// Sends a code with the commit, and gives the ticket to bring back with it. Where it `is_silent`, all is the same, and
/// nothing is sent.
///
/// # Errors
/// `Throttling` where too many were sent; `ServiceUnavailable`.
pub(crate) async fn send(
    cx: &mut Cx<'_>,
    purpose: Purpose,
    holder: Holder,
    user: Option<String>,
    to: Address,
    is_silent: bool,
) -> Result<Secret<String>, Fault> {
    pay(cx, purpose, &holder, &to, is_silent).await?;
    let prepared = prepare(
        cx.iam(),
        purpose,
        cx.account(),
        holder,
        to.clone(),
        cx.now(),
    )?;
    let letter = letter(cx, user, to, prepared.code).await?;
    if !is_silent {
        letter.send(cx)?;
    }
    Ok(prepared.ticket)
}

impl Content {
    /// The account that it was sealed for.
    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    /// Whose the code is.
    pub(crate) fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether the code is this holder's, as the holder is now.
    pub(crate) fn is_of(&self, account: AccountId, holder: &Holder) -> bool {
        self.account == account && self.holder == *holder
    }
}

/// Opens a ticket; `None` for what this server did not seal for the purpose, or whose time is over.
pub(crate) fn open(iam: &Iam, purpose: Purpose, ticket: &str, now: Timestamp) -> Option<Content> {
    if ticket.len() > MOST_CHARACTERS as usize {
        return None;
    }
    let sealed = BASE64URL_NOPAD.decode(ticket.as_bytes()).ok()?;
    let plain = iam.tokens().open(SEALED_FOR, &sealed)?;
    let content: Content = serde_json::from_slice(plain.expose()).ok()?;
    let is_good = content.purpose == purpose
        && (0..i64::from(LIFETIME_SECONDS)).contains(&now.seconds_since(content.issued));
    is_good.then_some(content)
}

/// Whether this is the code of a ticket, outside of an operation: for whoever has no caller yet, or is nobody. Every try
/// counts, right or wrong (AC-35).
///
/// # Errors
/// `ServiceUnavailable`.
pub(crate) async fn is_code(
    iam: &Iam,
    content: &Content,
    code: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let bucket = Bucket::new(Scope::Global, TRIED, content.id.as_str());
    let taken = iam
        .store()
        .take(&bucket, TRIES, LIFETIME_SECONDS, now)
        .await;
    let taken = taken.map_err(Fault::unavailable)?;
    // SECURITY: new tickets bring new tries. Who asks for one after the other, from many sources, must not get to where six
    // digits are guessed (NIST SP 800-63B, 5.2.2).
    let holder = format!("{} {}", content.account, content.holder.id);
    let bucket = Bucket::new(Scope::Global, TRIED_AT_HOLDER, holder);
    let of_holder = iam
        .store()
        .take(&bucket, TRIES_AT_HOLDER, DAY, now)
        .await
        .map_err(Fault::unavailable)?;
    Ok(taken && of_holder && bool::from(content.code.as_bytes().ct_eq(code.as_bytes())))
}

/// The address that a code went to, where this is the code, and the ticket was made for this purpose and holder. It is good
/// once.
///
/// # Errors
/// `InvalidAuthenticationCode` for all that is wrong with either; `ServiceUnavailable`.
pub(crate) async fn redeem(
    cx: &Cx<'_>,
    purpose: Purpose,
    holder: &Holder,
    ticket: &str,
    code: &str,
) -> Result<Address, Fault> {
    let content = open(cx.iam(), purpose, ticket, cx.now()).ok_or_else(wrong)?;
    if !content.is_of(cx.account(), holder) {
        return Err(wrong());
    }
    // A try is counted before the code is looked at, and once however often the operation starts over.
    let bucket = Bucket::new(cx.scope(), TRIED, content.id.as_str());
    cx.once(&format!("{TRIED}/{}", content.id), async {
        let store = cx.iam().store();
        let taken = store
            .take(&bucket, TRIES, LIFETIME_SECONDS, cx.now())
            .await
            .map_err(Fault::unavailable)?;
        if taken {
            Ok(Secret::new(String::new()))
        } else {
            Err(wrong())
        }
    })
    .await?;
    if !bool::from(content.code.as_bytes().ct_eq(code.as_bytes())) {
        return Err(wrong());
    }
    // SECURITY: before the commit, so that of many who bring it at once only one goes on.
    let spent = Bucket::new(cx.scope(), SPENT, content.id.as_str());
    cx.once(&format!("{SPENT}/{}", content.id), async {
        let store = cx.iam().store();
        let first = store
            .take(&spent, 1, LIFETIME_SECONDS, cx.now())
            .await
            .map_err(Fault::unavailable)?;
        if first {
            Ok(Secret::new(String::new()))
        } else {
            Err(wrong())
        }
    })
    .await?;
    Ok(content.to)
}
