//! Whom a command calls a server as, and where that server is: what AWS's command line reads too, in the same order of
//! strength, so that one profile serves both (AWS SDKs and Tools reference guide, "Shared config and credentials files",
//! "Service-specific endpoints").
//!
//! SECURITY: without an endpoint there is an error, never AWS: what is asked here must not be answered by strangers.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use claviger_model::Secret;
use zeroize::Zeroizing;

use crate::Failure;

/// Files larger than this are refused unread.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// The region where none is named: IAM is one for all.
const REGION: &str = "us-east-1";

/// What the command line says.
pub(crate) struct Asked<'a> {
    /// The profile's name.
    pub(crate) profile: Option<&'a str>,
    /// The one file that the profile stands in.
    pub(crate) file: Option<&'a Path>,
    /// The server.
    pub(crate) endpoint_url: Option<&'a str>,
    /// Whom to believe that the server is who it says, a PEM file.
    pub(crate) ca_bundle: Option<&'a Path>,
}

/// A caller and its server.
pub(crate) struct Profile {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret<String>,
    pub(crate) session_token: Option<Secret<String>>,
    pub(crate) region: String,
    pub(crate) endpoint_url: String,
    pub(crate) ca_bundle: Option<PathBuf>,
}

/// The settings of one profile, by name.
type Settings = BTreeMap<String, Zeroizing<String>>;

/// Reads the profile that is asked for. `variable` reads the environment.
///
/// # Errors
/// A file cannot be read, or something is missing.
pub(crate) fn read(
    asked: &Asked<'_>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Profile, Failure> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    // What is named stands before what the environment happens to hold.
    let is_named = asked.profile.is_some() || asked.file.is_some();
    let of_environment = |name: &str| if is_named { None } else { variable(name) };
    let name = asked
        .profile
        .map(str::to_owned)
        .or_else(|| variable("AWS_PROFILE"))
        .unwrap_or_else(|| String::from("default"));
    let settings = settings(asked.file, &name, &variable)?;
    let setting = |name: &str| settings.get(name).map(|value| value.to_string());
    let missing = |what: &str| {
        Failure::Unusable(format!(
            "there is no {what}: name a profile that has one, or set the variable"
        ))
    };

    let (access_key_id, secret, token) = match of_environment("AWS_ACCESS_KEY_ID") {
        Some(id) => (
            Some(id),
            variable("AWS_SECRET_ACCESS_KEY"),
            variable("AWS_SESSION_TOKEN"),
        ),
        None => (
            setting("aws_access_key_id"),
            setting("aws_secret_access_key"),
            setting("aws_session_token"),
        ),
    };
    let endpoint_url = asked
        .endpoint_url
        .map(str::to_owned)
        .or_else(|| of_environment("AWS_ENDPOINT_URL_IAM"))
        .or_else(|| of_environment("AWS_ENDPOINT_URL"))
        .or_else(|| setting("endpoint_url"))
        .ok_or_else(|| missing("`endpoint_url` (AWS_ENDPOINT_URL)"))?;
    let ca_bundle = asked
        .ca_bundle
        .map(Path::to_owned)
        .or_else(|| of_environment("AWS_CA_BUNDLE").map(PathBuf::from))
        .or_else(|| setting("ca_bundle").map(PathBuf::from));
    Ok(Profile {
        access_key_id: access_key_id
            .ok_or_else(|| missing("`aws_access_key_id` (AWS_ACCESS_KEY_ID)"))?,
        secret_access_key: Secret::new(
            secret.ok_or_else(|| missing("`aws_secret_access_key` (AWS_SECRET_ACCESS_KEY)"))?,
        ),
        session_token: token.map(Secret::new),
        region: of_environment("AWS_REGION")
            .or_else(|| setting("region"))
            .unwrap_or_else(|| String::from(REGION)),
        endpoint_url,
        ca_bundle,
    })
}

/// The profile's settings: from the file named, else from both of the usual ones, of which the credentials are stronger.
fn settings(
    file: Option<&Path>,
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Settings, Failure> {
    if let Some(file) = file {
        let text = text_of(file)
            .and_then(|text| text.with_context(|| format!("{} is not there", file.display())))
            .map_err(unusable)?;
        return section(&text, name)
            .ok_or_else(|| Failure::Unusable(format!("{}: no profile `{name}`", file.display())));
    }
    let usual = |given: &str, name: &str| {
        variable(given).map(PathBuf::from).or_else(|| {
            let home = variable("HOME")?;
            Some(Path::new(&home).join(".aws").join(name))
        })
    };
    let mut settings = Settings::new();
    let files = [
        usual("AWS_CONFIG_FILE", "config"),
        usual("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    for file in files.into_iter().flatten() {
        if let Some(text) = text_of(&file).map_err(unusable)? {
            settings.extend(section(&text, name).unwrap_or_default());
        }
    }
    Ok(settings)
}

fn unusable(error: anyhow::Error) -> Failure {
    Failure::Unusable(format!("{error:#}"))
}

/// The text of a file; `None` where there is none.
fn text_of(path: &Path) -> anyhow::Result<Option<Zeroizing<String>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", path.display()));
        }
    };
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    anyhow::ensure!(
        text.len() as u64 <= MAX_FILE_BYTES,
        "{} is larger than {MAX_FILE_BYTES} bytes",
        path.display()
    );
    Ok(Some(text))
}

/// The settings of `[name]` or `[profile name]`; `None` where there is no such section. Settings nested below another are
/// passed over: none of them is read here.
fn section(text: &str, name: &str) -> Option<Settings> {
    let mut found: Option<Settings> = None;
    let mut is_wanted = false;
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = content
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            let heading = heading.trim();
            let named = heading
                .strip_prefix("profile")
                .filter(|rest| rest.starts_with([' ', '\t']))
                .unwrap_or(heading);
            is_wanted = named.trim() == name;
            if is_wanted {
                found.get_or_insert_default();
            }
            continue;
        }
        if let (true, Some(settings), Some((key, value))) =
            (is_wanted, &mut found, content.split_once('='))
            && !line.starts_with([' ', '\t'])
        {
            settings.insert(
                key.trim().to_ascii_lowercase(),
                Zeroizing::new(value.trim().to_owned()),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# of the host
[default]
region = eu-central-1
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = a=b=c

[profile host]
endpoint_url=https://iam.example.com
s3 =
  endpoint_url = https://s3.example.com
aws_access_key_id=AKIAHOST
aws_secret_access_key=secret
";

    fn none(_: &str) -> Option<String> {
        None
    }

    fn asked<'a>(profile: Option<&'a str>, file: Option<&'a Path>) -> Asked<'a> {
        Asked {
            profile,
            file,
            endpoint_url: None,
            ca_bundle: None,
        }
    }

    fn written() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("profiles");
        std::fs::write(&path, FILE).unwrap();
        (directory, path)
    }

    #[test]
    fn a_profile_is_read_from_the_file_named_with_what_is_nested_passed_over() {
        let (_kept, path) = written();
        let profile = read(&asked(Some("host"), Some(&path)), none).ok().unwrap();
        assert_eq!(profile.access_key_id, "AKIAHOST");
        assert_eq!(profile.endpoint_url, "https://iam.example.com");
        assert_eq!(profile.region, "us-east-1");
    }

    #[test]
    fn a_profile_without_an_endpoint_is_refused_and_so_is_one_that_is_not_there() {
        let (_kept, path) = written();
        for name in ["default", "nobody"] {
            let refused = read(&asked(Some(name), Some(&path)), none);
            assert!(matches!(refused, Err(Failure::Unusable(_))), "{name}");
        }
    }

    #[test]
    fn the_environment_serves_where_no_profile_is_named() {
        let (_kept, path) = written();
        let variable = |name: &str| {
            let value = match name {
                "AWS_ACCESS_KEY_ID" => "AKIAENV",
                "AWS_SECRET_ACCESS_KEY" => "secret",
                "AWS_ENDPOINT_URL" => "http://localhost:8040",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let profile = read(&asked(None, None), variable).ok().unwrap();
        assert_eq!(profile.access_key_id, "AKIAENV");
        let named = read(&asked(Some("host"), Some(&path)), variable)
            .ok()
            .unwrap();
        assert_eq!(named.access_key_id, "AKIAHOST");
        assert_eq!(named.endpoint_url, "https://iam.example.com");
    }
}
