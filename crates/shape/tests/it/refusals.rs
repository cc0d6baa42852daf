//! Refusals in AWS's words, as AWS gave them in 2025 and 2026.

use claviger_model::name::{EntityPath, GroupName, PolicyVersionId};
use claviger_model::scalar::Bounded;
use claviger_model::scalar::Constraint::{self, MaxLength, MinLength, Pattern};
use claviger_model::{Code, Secret, TagKey, text, text_scalar};
use claviger_shape::{
    Dialect, Given, Json, Shape, Subject, Violations, render, render_iam, render_sts,
};

use crate::shapes::{CreateUser, Paged, Password, Status, TagInput, UntagPolicy, message, refused};

text_scalar! {
    /// Up to 2,048 characters.
    PolicyText, [MaxLength(2048), MinLength(1)], |_| true
}
text_scalar! {
    /// The name of a session.
    SessionName, [MaxLength(64), MinLength(2), Pattern(r"[\w+=,.@-]*")],
    |text| text.is_empty() || text::is_name(text)
}
text_scalar! {
    /// The id of a credential.
    CredentialId, [MaxLength(128), MinLength(20), Pattern(r"[\w]+")], text::is_word
}
text_scalar! {
    /// A client id.
    ClientId, [MaxLength(255), MinLength(1)], |_| true
}
text_scalar! {
    /// A thumbprint.
    Thumbprint, [MaxLength(40), MinLength(40)], |_| true
}
text_scalar! {
    /// An URL.
    Url, [MaxLength(255), MinLength(1)], |_| true
}

/// What a client sends to STS.
#[derive(Debug, Shape)]
struct AssumeRole {
    role_arn: String,
    role_session_name: SessionName,
    policy: Option<PolicyText>,
    duration_seconds: Option<Bounded<900, 43_200>>,
    tag_keys: Vec<TagKey>,
    #[shape(max = 2)]
    tags: Vec<TagInput>,
    token: Option<Secret<Password>>,
}

#[derive(Debug, Shape)]
struct UpdateAccountPasswordPolicy {
    minimum_password_length: Option<Bounded<6, 128>>,
    password_reuse_prevention: Option<Bounded<1, 24>>,
    max_password_age: Option<Bounded<1, 1095>>,
    require_symbols: Option<bool>,
}

#[derive(Debug, Shape)]
struct CreateOpenIDConnectProvider {
    #[shape(name = "ClientIDList", sparse)]
    client_id_list: Vec<ClientId>,
    #[shape(sparse)]
    thumbprint_list: Vec<Thumbprint>,
    url: Url,
}

#[derive(Debug, Shape)]
struct UpdateCredential {
    service_specific_credential_id: Option<CredentialId>,
    status: Option<Status>,
    version_id: Option<PolicyVersionId>,
    path: Option<EntityPath>,
}

#[derive(Debug, Shape)]
struct ChangePassword {
    old_password: Secret<Password>,
    new_password: Secret<Password>,
}

#[derive(Debug, Shape)]
struct Groups {
    group_names: Vec<GroupName>,
}

#[test]
fn every_violation_of_a_request_is_counted() {
    let body = "MinimumPasswordLength=129&PasswordReusePrevention=25&MaxPasswordAge=1096";
    assert_eq!(
        message::<UpdateAccountPasswordPolicy>(body),
        "3 validation errors detected: Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value less than or equal to 128; Value at 'passwordReusePrevention' failed to satisfy constraint: Member must have value less than or equal to 24; Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than or equal to 1095"
    );
    assert_eq!(
        message::<UpdateAccountPasswordPolicy>("MinimumPasswordLength=5"),
        "1 validation error detected: Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value greater than or equal to 6"
    );
}

#[test]
fn a_pattern_an_enumeration_and_a_length_are_told_in_the_frame() {
    assert_eq!(
        message::<UpdateCredential>("ServiceSpecificCredentialId=NON-EXISTING-CREDENTIAL"),
        r"1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]+"
    );
    assert_eq!(
        message::<UpdateCredential>("Status=Invalid"),
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
    );
    assert_eq!(
        message::<UpdateCredential>("VersionId=fake"),
        r"1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
    );
    assert_eq!(
        message::<UpdateCredential>(&format!("Path=/{}/", "a".repeat(512))),
        "1 validation error detected: Value at 'path' failed to satisfy constraint: Member must have length less than or equal to 512"
    );
    assert_eq!(
        message::<CreateUser>(""),
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        message::<Paged>("MaxItems=1001"),
        "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000"
    );
}

#[test]
fn a_list_of_texts_is_told_once_with_every_constraint_of_an_element() {
    let expected = r"1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]";
    let long = format!("TagKeys.member.1={}", "a".repeat(129));
    assert_eq!(message::<UntagPolicy>(&long), expected);
    let bad = "TagKeys.member.1=good&TagKeys.member.2=%21&TagKeys.member.3=%21";
    assert_eq!(message::<UntagPolicy>(bad), expected);
}

#[test]
fn a_sparse_list_does_not_speak_of_null() {
    let body = format!(
        "ClientIDList.member.1={}&ThumbprintList.member.1=short&Url={}",
        "a".repeat(256),
        "u".repeat(256)
    );
    assert_eq!(
        message::<CreateOpenIDConnectProvider>(&body),
        "3 validation errors detected: Value at 'clientIDList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 1]; Value at 'thumbprintList' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 40, Member must have length greater than or equal to 40]; Value at 'url' failed to satisfy constraint: Member must have length less than or equal to 255"
    );
}

#[test]
fn too_many_elements_break_the_list_itself() {
    let keys: Vec<String> = (1..=51)
        .map(|n| format!("TagKeys.member.{n}=k{n}"))
        .collect();
    assert_eq!(
        message::<UntagPolicy>(&keys.join("&")),
        "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"
    );
    let tags: Vec<String> = (1..=51)
        .map(|n| format!("Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value=v"))
        .collect();
    assert_eq!(
        message::<CreateUser>(&format!("UserName=alice&{}", tags.join("&"))),
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
    );
}

#[test]
fn a_list_of_structures_tells_which_member_of_which_element() {
    let tag = |key: &str, value: &str| {
        message::<CreateUser>(&format!(
            "UserName=alice&Tags.member.1.Key={key}&Tags.member.1.Value={value}"
        ))
    };
    assert_eq!(
        tag(&"a".repeat(129), "v"),
        "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128"
    );
    assert_eq!(
        tag("%21", "v"),
        r"1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"
    );
    assert_eq!(
        tag("k", &"a".repeat(257)),
        "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256"
    );
    assert_eq!(
        message::<CreateUser>("UserName=alice&Tags.member.1.Key=k&Tags.member.7.Value=v"),
        "2 validation errors detected: Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null; Value at 'tags.2.member.key' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn one_value_may_break_several_constraints() {
    assert_eq!(
        message::<UpdateCredential>("ServiceSpecificCredentialId=-"),
        r"2 validation errors detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: Member must have length greater than or equal to 20; Value at 'serviceSpecificCredentialId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]+"
    );
}

#[test]
fn a_sentence_is_told_only_when_nothing_is_framed() {
    assert_eq!(
        message::<CreateUser>("UserName=alice+smith"),
        "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    );
    assert_eq!(
        message::<CreateUser>("UserName=alice&Path=invalidPath"),
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
    );
    assert_eq!(
        message::<CreateUser>("UserName="),
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
    assert_eq!(
        message::<CreateUser>("Path=invalidPath"),
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        message::<Groups>("GroupNames.member.1=a+b"),
        "The specified value for groupNames is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    );
}

#[test]
fn what_cannot_be_decoded_is_malformed_before_anything_else() {
    let malformed = |body: &str| render_iam(&refused::<UpdateAccountPasswordPolicy>(body));
    assert_eq!(malformed("MaxPasswordAge=x"), (Code::MalformedInput, None));
    assert_eq!(
        malformed("MinimumPasswordLength=5&MaxPasswordAge=2147483648"),
        (Code::MalformedInput, None)
    );
    assert_eq!(
        malformed("MaxPasswordAge="),
        (
            Code::MalformedInput,
            Some("missing value for decimal type".to_owned())
        )
    );
    assert_eq!(
        malformed("RequireSymbols=yes"),
        (Code::MalformedInput, None)
    );
    assert_eq!(malformed("RequireSymbols="), (Code::MalformedInput, None));
}

#[test]
fn sts_shows_the_value() {
    let sts = |body: &str| render_sts(&refused::<AssumeRole>(body));
    let whole = |text: &str| (Code::ValidationError, Some(text.to_owned()));
    let long = "p".repeat(2049);
    assert_eq!(
        sts(&format!("RoleArn=a&RoleSessionName=me&Policy={long}")),
        whole(&format!(
            "1 validation error detected: Value '{long}' at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"
        ))
    );
    assert_eq!(
        sts("RoleArn=a&RoleSessionName=Session1:2"),
        whole(
            r"1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
        )
    );
    assert_eq!(
        sts("RoleSessionName=me"),
        whole(
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
        )
    );
    assert_eq!(
        sts("RoleArn=a&RoleSessionName=me&TagKeys.member.1=%21&TagKeys.member.2=b"),
        whole(
            r"1 validation error detected: Value '[!, b]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]"
        )
    );
    assert_eq!(
        sts("RoleArn=a&RoleSessionName=me&DurationSeconds=60"),
        whole(
            "1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
        )
    );
}

#[test]
fn an_enumeration_is_listed_where_the_dialect_says_so() {
    let violations = refused::<UpdateCredential>("Status=on");
    let (_, message) = render(&violations, Dialect::STS);
    assert_eq!(
        message.unwrap(),
        "1 validation error detected: Value 'on' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
    );
}

#[test]
fn a_refused_secret_is_never_shown() {
    let planted = "correct horse battery staple ".repeat(10);
    let escaped = planted.replace(' ', "+");
    let body = format!("OldPassword={escaped}&NewPassword={escaped}");
    let violations = refused::<ChangePassword>(&body);
    assert_eq!(violations.len(), 2);
    for violation in &violations {
        assert_eq!(violation.given, Given::Withheld);
        assert_eq!(violation.constraints, [MaxLength(128)]);
    }
    let (_, message) = render_sts(&violations);
    let everything = format!("{violations:?} {message:?}");
    assert!(!everything.contains("horse"));
    assert_eq!(
        message.unwrap(),
        "2 validation errors detected: Value at 'oldPassword' failed to satisfy constraint: Member must have length less than or equal to 128; Value at 'newPassword' failed to satisfy constraint: Member must have length less than or equal to 128"
    );
    let violations = refused::<AssumeRole>(&format!("Token={escaped}"));
    assert!(!render_sts(&violations).1.unwrap().contains("horse"));
}

#[test]
fn violations_are_data() {
    let violations = refused::<CreateUser>("UserName=a+b&Tags.member.1.Key=");
    let told: Vec<_> = violations
        .iter()
        .map(|v| (v.path.as_str(), v.constraints.clone(), v.subject))
        .collect();
    let sentence = Constraint::Sentence(
        "It must contain only alphanumeric characters and/or the following: +=,.@_-",
    );
    assert_eq!(
        told,
        [
            ("userName", vec![sentence], Subject::Member),
            (
                "tags.1.member.key",
                vec![MinLength(1), Pattern(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")],
                Subject::Member
            ),
            (
                "tags.1.member.value",
                vec![Constraint::NotNull],
                Subject::Member
            ),
        ]
    );
    assert_eq!(
        violations.iter().next().map(|v| v.given.clone()),
        Some(Given::Text("a b".to_owned()))
    );
}

#[test]
fn a_request_of_mistakes_does_not_grow_into_a_larger_answer() {
    let body = format!(
        r#"{{"UserName":"alice","Tags":[{}]}}"#,
        vec!["{}"; 50].join(",")
    );
    let json = Json::parse(body.as_bytes()).unwrap();
    let violations = claviger_shape::decode::<CreateUser>(json.source()).unwrap_err();
    assert_eq!(violations.len(), 100);

    #[derive(Debug, Shape)]
    struct Unbounded {
        tags: Vec<TagInput>,
    }
    let body = format!(r#"{{"Tags":[{}]}}"#, vec!["{}"; 9_900].join(","));
    let json = Json::parse(body.as_bytes()).unwrap();
    let violations = claviger_shape::decode::<Unbounded>(json.source()).unwrap_err();
    assert_eq!(violations.len(), Violations::MOST);
    assert!(render_iam(&violations).1.unwrap().len() < body.len());
}
