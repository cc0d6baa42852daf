//! Tags of users and agencies (Identity and Access Management API reference, "Tag Management (v5)").

use claviger_iam::operation::page::Paged;
use claviger_iam::operation::shapes::TagShape;
use claviger_iam::operation::tagging::{
    ListRoleTags, ListUserTags, TagRole, TagUser, UntagRole, UntagUser,
};
use claviger_model::{Scalar as _, TagKey};
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::error::Error;
use crate::input::{Codes, Input};
use crate::reply::Reply;
use crate::routes::Route;

/// The calls of this family. What a tag is on is a word in their paths.
pub(crate) const ROUTES: &[Route] = &[
    Route::iam(
        "GET",
        "/v5/{resource_type}/{resource_id}/tags",
        "ListUserTags",
        |asked| Box::pin(list(asked)),
    ),
    Route::iam(
        "POST",
        "/v5/{resource_type}/{resource_id}/tags/create",
        "TagUser",
        |asked| Box::pin(create(asked)),
    ),
    Route::iam(
        "DELETE",
        "/v5/{resource_type}/{resource_id}/tags/delete",
        "UntagUser",
        |asked| Box::pin(delete(asked)),
    ),
];

/// What can carry tags at this door.
enum Bearer {
    User,
    Agency,
}

impl Bearer {
    fn of(asked: &Asked<'_>) -> Result<Self, Error> {
        match asked.id() {
            "user" => Ok(Self::User),
            "agency" | "trust-agency" | "trust%20agency" => Ok(Self::Agency),
            _ => Err(Error::invalid("resource_type must be user or agency.")),
        }
    }
}

/// `GET /v5/{resource_type}/{resource_id}/tags`.
async fn list(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.second_id();
    let page = Paged {
        marker: None,
        max_items: None,
    };
    let (kind, listed) = match Bearer::of(&asked)? {
        Bearer::User => {
            let user_name = asked.user(id).await?;
            let listed = asked.call(&ListUserTags { user_name, page }).await;
            ("user", listed.map(|listed| listed.tags))
        }
        Bearer::Agency => {
            let role_name = asked.agency(id).await?;
            let listed = asked.call(&ListRoleTags { role_name, page }).await;
            ("agency", listed.map(|listed| listed.tags))
        }
    };
    let tags = listed.map_err(|fault| Error::of(fault, kind, id))?;
    let tags: Vec<Value> = tags.iter().map(written).collect();
    Ok(Reply::ok(json!({ "tags": tags })))
}

/// `POST /v5/{resource_type}/{resource_id}/tags/create`.
async fn create(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.second_id();
    let input = asked.input()?;
    let tags = read(&input)?;
    let told: Vec<Value> = tags.iter().map(written).collect();
    let (kind, tagged) = match Bearer::of(&asked)? {
        Bearer::User => {
            let user_name = asked.user(id).await?;
            ("user", asked.call(&TagUser { user_name, tags }).await)
        }
        Bearer::Agency => {
            let role_name = asked.agency(id).await?;
            ("agency", asked.call(&TagRole { role_name, tags }).await)
        }
    };
    tagged.map_err(|fault| Error::of(fault, kind, id))?;
    Ok(Reply::ok(json!({ "tags": told })))
}

/// `DELETE /v5/{resource_type}/{resource_id}/tags/delete`, with a list of keys as its body.
async fn delete(mut asked: Asked<'_>) -> Result<Reply, Error> {
    let id = asked.second_id();
    let input = Input::read_list(asked.body)?;
    let tag_keys = input
        .elements()
        .iter()
        .map(|key| {
            let text = key.as_str().unwrap_or_default();
            TagKey::parse(text).map_err(|_| Error::bad("PAP5.0036", "A tag key is invalid."))
        })
        .collect::<Result<Vec<TagKey>, Error>>()?;
    let (kind, untagged) = match Bearer::of(&asked)? {
        Bearer::User => {
            let user_name = asked.user(id).await?;
            (
                "user",
                asked
                    .call(&UntagUser {
                        user_name,
                        tag_keys,
                    })
                    .await,
            )
        }
        Bearer::Agency => {
            let role_name = asked.agency(id).await?;
            let operation = UntagRole {
                role_name,
                tag_keys,
            };
            ("agency", asked.call(&operation).await)
        }
    };
    untagged.map_err(|fault| Error::of(fault, kind, id))?;
    Ok(Reply::done())
}

/// The tags of a body.
fn read(input: &Input) -> Result<Vec<TagShape>, Error> {
    let members = input.members(Codes::COMMON);
    members
        .objects("tags")?
        .into_iter()
        .map(|tag| {
            Ok(TagShape {
                key: tag.required_or("tag_key", "PAP5.0036")?,
                value: tag.required_or("tag_value", "PAP5.0036")?,
            })
        })
        .collect()
}

/// A tag as answers show it.
pub(super) fn written(tag: &TagShape) -> Value {
    json!({ "tag_key": tag.key.as_str(), "tag_value": tag.value.as_str() })
}
