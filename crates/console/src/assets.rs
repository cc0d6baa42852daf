//! Style sheets and scripts. Their addresses hold a digest of what is in them, so that browsers keep them for good and
//! never mix those of two versions.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use claviger_iam::spec::action_table::actions;
use claviger_policy::OPERATORS;
use claviger_policy::lint::GLOBAL_KEYS;
use data_encoding::HEXLOWER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Failure};

/// A file.
#[derive(Clone, Copy)]
pub(crate) struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What an editor can complete: the actions and condition keys that the server knows, and the operators.
static WORDS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut keys: BTreeSet<&str> = GLOBAL_KEYS.iter().copied().collect();
    let mut all = Vec::new();
    for (name, facts) in actions() {
        keys.extend(facts.keys);
        all.push([name, facts.access.as_str()]);
    }
    let words = serde_json::json!({ "actions": all, "keys": keys, "operators": OPERATORS });
    words.to_string().into_bytes()
});

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets = FILES.to_vec();
    assets.push(Asset {
        name: "words.json",
        kind: "application/json",
        bytes: &WORDS,
    });
    assets
});

const FILES: &[Asset] = &[
    Asset {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/console.css"),
    },
    Asset {
        name: "console.js",
        kind: SCRIPT,
        bytes: include_bytes!("../assets/console.js"),
    },
    Asset {
        name: "editor.js",
        kind: SCRIPT,
        bytes: include_bytes!("../assets/editor.js"),
    },
    Asset {
        name: "completion.js",
        kind: SCRIPT,
        bytes: include_bytes!("../assets/completion.js"),
    },
    Asset {
        name: "key.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../assets/key.svg"),
    },
];

/// One digest of all of them: they are made for each other.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS.iter() {
        hash.update(asset.bytes);
    }
    HEXLOWER.encode(&hash.finalize()).chars().take(12).collect()
});

/// Where the file of this name is.
pub(crate) fn address(name: &str) -> String {
    format!("/console/assets/{}/{name}", *VERSION)
}

/// The file at this address. That of another version is not to be kept.
pub(crate) fn answer(version: &str, name: &str) -> Answer {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .ok_or(Failure::Missing)?;
    let mut answer = Response::new(Body::from(asset.bytes));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let kept = if version == *VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_completed_is_what_the_server_knows() {
        let words: serde_json::Value = serde_json::from_slice(&WORDS).expect("JSON");
        let has = |list: &str, wanted: serde_json::Value| {
            let list = words[list].as_array().expect("a list");
            list.contains(&wanted)
        };
        assert!(has(
            "actions",
            serde_json::json!(["iam:CreateUser", "Write"])
        ));
        assert!(has("keys", "aws:MultiFactorAuthPresent".into()));
        assert!(has("keys", "iam:PolicyARN".into()));
        assert!(has("operators", "StringLike".into()));
        assert!(address("words.json").ends_with("/words.json"));
    }
}
