//! Stories about operations, told by actors with true signatures, each on both engines.

mod abuse;
mod access_keys;
mod account;
mod authorization_details;
mod changes_take_effect;
mod credential_reports;
mod declared_faults;
mod events;
mod every_operation;
mod groups;
mod hardware_mfa_devices;
mod login_profiles;
mod managed_policies;
mod mfa_devices;
mod password_policy;
mod policies_of_entities;
mod protocol;
mod roles;
mod service_specific_credentials;
mod server_certificates;
mod sessions;
mod signing_certificates;
mod simulation;
mod ssh_public_keys;
mod users;
