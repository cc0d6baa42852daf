//! `#[shape(…)]` and doc comments.

use syn::{Attribute, Error, Expr, ExprLit, Lit, LitInt, LitStr, Meta, Result};

/// How wire names come from the names of fields.
#[derive(Clone, Copy, Default)]
pub(crate) enum Case {
    /// `user_name` → `UserName`.
    #[default]
    Pascal,
    /// `user_name` → `userName`.
    Camel,
    /// `user_name` stays.
    Snake,
}

/// The attributes of a struct.
#[derive(Default)]
pub(crate) struct OfStruct {
    pub(crate) name: Option<String>,
    pub(crate) case: Case,
}

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct OfField {
    pub(crate) name: Option<String>,
    pub(crate) min: Option<u32>,
    pub(crate) max: Option<u32>,
    pub(crate) required: bool,
    pub(crate) sparse: bool,
    pub(crate) flatten: bool,
}

impl OfStruct {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("shape")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    read.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("rename_all") {
                    let case: LitStr = meta.value()?.parse()?;
                    read.case = match case.value().as_str() {
                        "PascalCase" => Case::Pascal,
                        "camelCase" => Case::Camel,
                        "snake_case" => Case::Snake,
                        _ => {
                            let known = "expected `PascalCase`, `camelCase` or `snake_case`";
                            return Err(Error::new(case.span(), known));
                        }
                    };
                } else {
                    return Err(meta.error("expected `name` or `rename_all`"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

impl OfField {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("shape")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    read.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("min") {
                    read.min = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
                } else if meta.path.is_ident("max") {
                    read.max = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
                } else if meta.path.is_ident("required") {
                    read.required = true;
                } else if meta.path.is_ident("sparse") {
                    read.sparse = true;
                } else if meta.path.is_ident("flatten") {
                    read.flatten = true;
                } else {
                    let known = "expected `name`, `min`, `max`, `required`, `sparse` or `flatten`";
                    return Err(meta.error(known));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }

    /// Whether there is anything that speaks of a list or map.
    pub(crate) fn has_bounds(&self) -> bool {
        self.min.is_some() || self.max.is_some()
    }
}

/// The doc comment, one line each, without the space that follows the slashes.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
        .map(|line| {
            line.strip_prefix(' ')
                .unwrap_or(&line)
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

/// The wire name of a field.
pub(crate) fn wire_name(field: &str, case: Case) -> String {
    match case {
        Case::Snake => field.to_owned(),
        Case::Pascal => field.split('_').map(capitalized).collect(),
        Case::Camel => lower_first(&field.split('_').map(capitalized).collect::<String>()),
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The name with its first letter in lower case, and no other.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_are_made_of_the_words_of_the_field() {
        assert_eq!(wire_name("user_name", Case::Pascal), "UserName");
        assert_eq!(wire_name("user_name", Case::Camel), "userName");
        assert_eq!(wire_name("user_name", Case::Snake), "user_name");
        assert_eq!(wire_name("path", Case::Pascal), "Path");
    }

    #[test]
    fn only_the_first_letter_is_lowered() {
        assert_eq!(lower_first("MFADevices"), "mFADevices");
        assert_eq!(lower_first("UserName"), "userName");
        assert_eq!(lower_first("arn"), "arn");
    }
}
