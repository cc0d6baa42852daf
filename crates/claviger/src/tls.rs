//! TLS: the certificate and its key, read again when the files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(5);

/// The configuration in force.
pub(crate) type Current = Arc<ArcSwap<ServerConfig>>;

/// Reads the files, and goes on watching them.
pub(crate) fn start(cert: PathBuf, key: PathBuf) -> anyhow::Result<Current> {
    let current = Arc::new(ArcSwap::from_pointee(read(&cert, &key)?));
    let watched = current.clone();
    tokio::spawn(async move {
        let mut seen = stamps(&cert, &key);
        loop {
            tokio::time::sleep(INTERVAL).await;
            let now = stamps(&cert, &key);
            if now == seen {
                continue;
            }
            match read(&cert, &key) {
                Ok(config) => {
                    watched.store(Arc::new(config));
                    seen = now;
                    tracing::info!("the certificate was read again");
                }
                // A key is often written after its certificate: the old pair serves until both fit.
                Err(error) => tracing::warn!(
                    error = format!("{error:#}"),
                    "the changed certificate cannot be used"
                ),
            }
        }
    });
    Ok(current)
}

fn stamps(cert: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [cert, key].map(|path| {
        std::fs::metadata(path)
            .and_then(|meta| meta.modified())
            .ok()
    })
}

fn read(cert: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{} holds no certificate", cert.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("{} holds no private key", key.display()))?;
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("certificate and key do not go together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
