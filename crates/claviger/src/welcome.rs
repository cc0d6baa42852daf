//! What the first start prints, once: how to reach the server and who its owner is.

use claviger_iam::first_account::Created;

use crate::say;

/// Tells the operator of the account that was just made.
pub(crate) fn print(created: &Created, address: &str) {
    let alias = created
        .alias
        .as_ref()
        .map_or_else(|| created.id.to_string(), |alias| alias.as_str().to_owned());
    let password = created
        .root_password
        .as_ref()
        .map_or("(as given)", |password| password.expose().as_str());
    let secret = created
        .root_secret_access_key
        .as_ref()
        .map_or("(as given)", |secret| secret.expose().as_str());
    say(&format!(
        "
The store was empty, so a first account was made. What follows is shown this once.

  account          {id}
  sign-in page     {address}/signin/{alias}
  root e-mail      {email}
  root password    {password}

Put this into ~/.aws/config and use it with `aws --profile claviger …`:

[profile claviger]
region = us-east-1
endpoint_url = {address}
aws_access_key_id = {key}
aws_secret_access_key = {secret}
",
        id = created.id,
        email = created.root_email,
        key = created.root_access_key_id,
    ));
}
