//! Style sheets and scripts. Their addresses hold a digest of what is in them, so that browsers keep them for good and
//! never mix those of two versions.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use data_encoding::HEXLOWER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Failure};

/// A file.
pub(crate) struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/console.css"),
    },
    Asset {
        name: "console.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/console.js"),
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
    for asset in ASSETS {
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
