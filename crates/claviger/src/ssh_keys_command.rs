//! `claviger ssh-keys`: what sshd's `AuthorizedKeysCommand` asks. It prints the keys by which a user may log in to this
//! host, or nothing: whatever is in doubt ends with nothing printed, a reason on standard error, and a failure.

use std::time::Duration;

use anyhow::Context as _;
use claviger_pki::RsaPublicKey;
use zeroize::Zeroizing;

use crate::arguments::SshKeys;
use crate::host::{Call, Connection};
use crate::profile::{self, Asked};
use crate::{Failure, client, config, log, say};

/// The operation that tells the keys.
const OPERATION: &str = "ListHostSSHPublicKeys";
/// The parameter that says which key the client offers.
const OFFERED: &str = "SSHPublicKeyFingerprint";
/// The user of a host who may do everything there.
const ROOT: &str = "root";
/// The only kind of key that can be uploaded.
const KEY_TYPE: &str = "ssh-rsa";
/// More keys than this are no answer to believe: a user has five.
const MAX_KEYS: usize = 100;

/// Prints the keys.
pub(crate) fn run(asked: &SshKeys) -> Result<(), Failure> {
    // The keys of other kinds are nobody's: sshd asks for each that a client offers.
    if asked.key_type.as_ref().is_some_and(|kind| kind != KEY_TYPE) {
        return Ok(());
    }
    let host = match &asked.host {
        Some(host) => host.clone(),
        None => rustix::system::uname()
            .nodename()
            .to_str()
            .context("this host's name is no text: name it with `--host`")?
            .to_owned(),
    };
    let login_name = asked.login_name.as_ref().unwrap_or(&asked.user);
    // SECURITY: who may make or rename users of the account must not become root of its hosts by a user of that name.
    if login_name == ROOT && !asked.allow_root {
        return Err(Failure::Failed(anyhow::anyhow!(
            "nobody logs in as {ROOT} by this command: name `--allow-root` if this host wants it"
        )));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let bodies = if asked.socket {
        runtime.block_on(on_host(asked, &host, login_name))?
    } else {
        runtime.block_on(from_server(asked, &host, login_name))?
    };
    let lines = lines(asked, &bodies)?;
    if !lines.is_empty() {
        say(&lines.join("\n"));
    }
    Ok(())
}

/// Asks the server over the network, as a user of its own.
async fn from_server(asked: &SshKeys, host: &str, login: &str) -> Result<Vec<String>, Failure> {
    let profile = profile::read(
        &Asked {
            profile: asked.profile.as_deref(),
            file: asked.credentials.as_deref(),
            endpoint_url: asked.endpoint_url.as_deref(),
            ca_bundle: asked.ca_bundle.as_deref(),
        },
        |name| std::env::var(name).ok(),
    )?;
    let offered = offered(asked);
    let mut parameters = vec![
        ("HostName", host),
        ("UserName", asked.user.as_str()),
        ("LoginName", login),
    ];
    parameters.extend(offered.as_deref().map(|offered| (OFFERED, offered)));
    let timeout = Duration::from_secs(asked.timeout);
    let answer = client::call(&profile, OPERATION, &parameters, timeout).await?;
    Ok(answer
        .into_iter()
        .filter(|(name, _)| name == "SSHPublicKeyBody")
        .map(|(_, text)| text)
        .collect())
}

/// Asks on the server's own host.
async fn on_host(asked: &SshKeys, host: &str, login: &str) -> Result<Vec<String>, Failure> {
    let config = config::load(&asked.flags)?;
    let _log = log::start("warn", Some(false))?;
    let mut input = serde_json::json!({
        "HostName": host,
        "UserName": asked.user,
        "LoginName": login,
    });
    if let (Some(members), Some(offered)) = (input.as_object_mut(), offered(asked)) {
        members.insert(OFFERED.to_owned(), offered.into());
    }
    let call = Call {
        operation: OPERATION.to_owned(),
        account: asked.account,
        command: format!("claviger/{} ssh-keys", env!("CARGO_PKG_VERSION")),
        input: Zeroizing::new(input.to_string().into_bytes()),
    };
    let answer = Connection::to_server(&config).await?.run(call).await?;
    let keys = answer
        .value()
        .get("SSHPublicKeys")
        .and_then(serde_json::Value::as_array)
        .context("the answer holds no keys")?;
    let body = |key: &serde_json::Value| Some(key.get("SSHPublicKeyBody")?.as_str()?.to_owned());
    let bodies: Option<Vec<String>> = keys.iter().map(body).collect();
    Ok(bodies.context("the answer holds a key without its text")?)
}

/// The fingerprint of the key that the client offers, where sshd tells enough of it.
fn offered(asked: &SshKeys) -> Option<String> {
    if let Some(key) = &asked.key {
        let (key, _) = RsaPublicKey::parse(&[KEY_TYPE, " ", key].concat()).ok()?;
        return Some(key.sha256_fingerprint());
    }
    let told = asked.fingerprint.as_ref()?;
    told.starts_with("SHA256:").then(|| told.clone())
}

/// The lines to print: each key read and written anew, so that nothing but a key is ever printed.
fn lines(asked: &SshKeys, bodies: &[String]) -> anyhow::Result<Vec<String>> {
    anyhow::ensure!(bodies.len() <= MAX_KEYS, "the answer holds too many keys");
    let mut lines = Vec::new();
    for body in bodies {
        let (key, comment) =
            RsaPublicKey::parse(body).context("the answer holds what is no key")?;
        let line = key.to_openssh();
        anyhow::ensure!(
            comment.is_none() && line == *body,
            "the answer holds more than keys"
        );
        if is_offered(asked, &key, &line) {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// Whether this is the key that the client offers, as far as sshd says which that is.
fn is_offered(asked: &SshKeys, key: &RsaPublicKey, line: &str) -> bool {
    let is_key = |offered: &String| {
        line.split_once(' ')
            .is_some_and(|(_, body)| body == offered)
    };
    let has_fingerprint = |offered: &String| match offered.strip_prefix("MD5:") {
        Some(md5) => md5 == key.md5_fingerprint(),
        None => *offered == key.sha256_fingerprint(),
    };
    asked.key.as_ref().is_none_or(is_key) && asked.fingerprint.as_ref().is_none_or(has_fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Flags;

    const KEY: &str = include_str!("../../../tests/credentials/rsa.pub");
    const OTHER: &str = include_str!("../../../tests/credentials/other.pub");

    fn asked() -> SshKeys {
        SshKeys {
            user: String::from("alice"),
            login_name: None,
            key_type: None,
            fingerprint: None,
            key: None,
            host: None,
            profile: None,
            credentials: None,
            endpoint_url: None,
            ca_bundle: None,
            timeout: 5,
            allow_root: false,
            socket: false,
            account: None,
            flags: Flags::default(),
        }
    }

    fn bare(text: &str) -> String {
        text.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn the_key_that_is_offered_is_printed_and_no_other() {
        let bodies = [bare(KEY), bare(OTHER)];
        assert_eq!(lines(&asked(), &bodies).unwrap(), bodies);
        let (key, _) = RsaPublicKey::parse(OTHER).unwrap();
        let blob = bare(OTHER).split_once(' ').unwrap().1.to_owned();
        for offered in [
            SshKeys {
                key: Some(blob.clone()),
                ..asked()
            },
            SshKeys {
                fingerprint: Some(key.sha256_fingerprint()),
                ..asked()
            },
            SshKeys {
                fingerprint: Some(format!("MD5:{}", key.md5_fingerprint())),
                ..asked()
            },
            SshKeys {
                key: Some(blob),
                fingerprint: Some(key.sha256_fingerprint()),
                ..asked()
            },
        ] {
            assert_eq!(lines(&offered, &bodies).unwrap(), [bare(OTHER)]);
        }
        for (told, known) in [
            (
                SshKeys {
                    key: Some(bare(OTHER).split_once(' ').unwrap().1.to_owned()),
                    ..asked()
                },
                true,
            ),
            (
                SshKeys {
                    fingerprint: Some(key.sha256_fingerprint()),
                    ..asked()
                },
                true,
            ),
            (
                SshKeys {
                    fingerprint: Some(format!("MD5:{}", key.md5_fingerprint())),
                    ..asked()
                },
                false,
            ),
            (asked(), false),
        ] {
            let expected = known.then(|| key.sha256_fingerprint());
            assert_eq!(super::offered(&told), expected);
        }
        let nobodys = SshKeys {
            key: Some(String::from("AAAA")),
            ..asked()
        };
        assert!(lines(&nobodys, &bodies).unwrap().is_empty());
    }

    #[test]
    fn an_answer_that_holds_anything_but_keys_prints_nothing() {
        let good = bare(KEY);
        for bad in [
            format!("command=\"sh\" {good}"),
            format!("{good} comment"),
            format!("{good}\n{}", bare(OTHER)),
            format!(" {good}"),
            String::from("ssh-ed25519 AAAA"),
            String::new(),
        ] {
            assert!(
                lines(&asked(), &[good.clone(), bad.clone()]).is_err(),
                "{bad:?}"
            );
        }
        assert!(lines(&asked(), &vec![good; MAX_KEYS + 1]).is_err());
    }
}
