//! Resource names, matched part by part (IAM user guide, "Resource" and "ARN condition operators").

use crate::facts::Facts;
use crate::pattern::{NotUnderstood, Pattern, Steps, Syntax, Variable, variable_len};
use crate::recorder::Truth;

/// The six parts of a resource name in a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArnText<'a> {
    text: &'a str,
    parts: [&'a str; 6],
}

impl<'a> ArnText<'a> {
    /// Splits at the first five colons; `None` where the text is no ARN.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let mut cut = text.splitn(6, ':');
        let mut parts = [""; 6];
        for part in &mut parts {
            *part = cut.next()?;
        }
        (parts.first() == Some(&"arn")).then_some(Self { text, parts })
    }

    pub(crate) fn account(&self) -> &'a str {
        let [_, _, _, _, account, _] = self.parts;
        account
    }

    pub(crate) fn service(&self) -> &'a str {
        let [_, _, service, ..] = self.parts;
        service
    }

    pub(crate) fn partition(&self) -> &'a str {
        let [_, partition, ..] = self.parts;
        partition
    }

    pub(crate) fn resource(&self) -> &'a str {
        let [.., resource] = self.parts;
        resource
    }
}

/// What a request acts on, as patterns see it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// `*`: the action has no resource-level permissions.
    Star,
    Arn(ArnText<'a>),
    /// Neither; only patterns that match everything are sure of it.
    Odd,
}

impl<'a> Target<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        match text {
            "*" => Self::Star,
            _ => ArnText::split(text).map_or(Self::Odd, Self::Arn),
        }
    }
}

/// Six patterns, one for each part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// The first five parts are literal, and stand here with their colons.
    Head {
        head: Box<str>,
        tail: Pattern,
    },
    Parts(Box<[Pattern; 6]>),
}

impl ArnPattern {
    /// For conditions: six parts, variables anywhere.
    pub(crate) fn parse_condition(text: &str, variables: bool) -> Result<Self, NotUnderstood> {
        let texts = split_pattern(text, variables)?;
        let [a, b, c, d, e, Some(f)] = texts else {
            return Err(NotUnderstood);
        };
        let syntax = Syntax {
            wildcards: true,
            variables,
        };
        let parse = |part: Option<&str>| Pattern::parse(part.unwrap_or_default(), syntax);
        Ok(Self::simplest([
            parse(a)?,
            parse(b)?,
            parse(c)?,
            parse(d)?,
            parse(e)?,
            parse(Some(f))?,
        ]))
    }

    /// For Resource: what is missing at the end counts as `*`, and variables stand only behind the fifth colon.
    fn parse_resource(texts: [Option<&str>; 6], variables: bool) -> Result<Self, NotUnderstood> {
        let head = |part: Option<&str>| match part {
            None => Ok(Pattern::Any),
            Some(part) => Pattern::parse(
                part,
                Syntax {
                    wildcards: true,
                    variables: false,
                },
            ),
        };
        let [a, b, c, d, e, f] = texts;
        let tail = match f {
            None => Pattern::Any,
            Some(part) => Pattern::parse(
                part,
                Syntax {
                    wildcards: true,
                    variables,
                },
            )?,
        };
        Ok(Self::simplest([
            head(a)?,
            head(b)?,
            head(c)?,
            head(d)?,
            head(e)?,
            tail,
        ]))
    }

    fn simplest(parts: [Pattern; 6]) -> Self {
        let [a, b, c, d, e, tail] = parts;
        let mut head = String::new();
        let mut literal = true;
        for part in [&a, &b, &c, &d, &e] {
            match part {
                Pattern::Exact(text) => {
                    head.push_str(text);
                    head.push(':');
                }
                _ => literal = false,
            }
        }
        if literal {
            return Self::Head {
                head: head.into(),
                tail,
            };
        }
        Self::Parts(Box::new([a, b, c, d, e, tail]))
    }

    pub(crate) fn matches<F: Facts + ?Sized>(
        &self,
        arn: &ArnText<'_>,
        facts: &F,
        steps: &mut Steps,
    ) -> bool {
        match self {
            Self::Head { head, tail } => {
                // The text has five colons before its last part, as the head has: equal beginnings are equal parts.
                arn.text
                    .strip_prefix(&**head)
                    .is_some_and(|rest| tail.matches(rest, facts, steps))
            }
            Self::Parts(patterns) => patterns
                .iter()
                .zip(arn.parts)
                .all(|(pattern, part)| pattern.matches(part, facts, steps)),
        }
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let (tail, parts): (Option<&Pattern>, &[Pattern]) = match self {
            Self::Head { tail, .. } => (Some(tail), &[]),
            Self::Parts(parts) => (None, &**parts),
        };
        tail.into_iter().chain(parts)
    }

    pub(crate) fn unresolved<F: Facts + ?Sized>(&self, facts: &F) -> Option<&Variable> {
        self.patterns()
            .find_map(|pattern| pattern.unresolved(facts))
    }
}

/// Splits at the first five colons that do not stand inside a variable. Parts that are not there are `None`.
pub(crate) fn split_pattern(
    text: &str,
    variables: bool,
) -> Result<[Option<&str>; 6], NotUnderstood> {
    let mut parts = [None; 6];
    let mut rest = text;
    let count = parts.len();
    for (at, slot) in parts.iter_mut().enumerate() {
        if at + 1 == count {
            *slot = Some(rest);
            break;
        }
        match colon(rest, variables)? {
            Some(end) => {
                let (part, after) = rest.split_at_checked(end).ok_or(NotUnderstood)?;
                *slot = Some(part);
                rest = after.get(1..).ok_or(NotUnderstood)?;
            }
            None => {
                *slot = Some(rest);
                break;
            }
        }
    }
    Ok(parts)
}

fn colon(text: &str, variables: bool) -> Result<Option<usize>, NotUnderstood> {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if variables && rest.starts_with("${") {
            at += variable_len(rest).ok_or(NotUnderstood)?;
        } else if rest.starts_with(':') {
            return Ok(Some(at));
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    Ok(None)
}

/// One entry of Resource or NotResource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResourcePattern {
    /// `*`.
    Any,
    Arn(ArnPattern),
    /// An ARN with a wildcard in its service, which IAM does not allow: what it would match is not sure.
    WildService(ArnPattern),
    /// A text that is no ARN: it matches the resource `*` if it matches that text, and is sure of nothing else.
    Text(Pattern),
    /// Not understood at all.
    Unsure,
}

impl ResourcePattern {
    pub(crate) fn parse(text: &str, variables: bool) -> Self {
        if !text.is_empty() && text.bytes().all(|b| b == b'*') {
            return Self::Any;
        }
        if !text.starts_with("arn:") {
            let syntax = Syntax {
                wildcards: true,
                variables,
            };
            return Pattern::parse(text, syntax).map_or(Self::Unsure, Self::Text);
        }
        let Ok(texts) = split_pattern(text, variables) else {
            return Self::Unsure;
        };
        let Ok(pattern) = ArnPattern::parse_resource(texts, variables) else {
            return Self::Unsure;
        };
        let [_, _, service, ..] = texts;
        if service.is_some_and(|service| service.contains(['*', '?'])) {
            return Self::WildService(pattern);
        }
        Self::Arn(pattern)
    }

    pub(crate) fn matches<F: Facts + ?Sized>(
        &self,
        target: &Target<'_>,
        facts: &F,
        steps: &mut Steps,
    ) -> Truth {
        let sure = |matches: bool| if matches { Truth::True } else { Truth::False };
        match (self, target) {
            (Self::Any, _) => Truth::True,
            (Self::Unsure, _) => Truth::Unsure,
            (Self::Text(pattern), Target::Star) if pattern.matches("*", facts, steps) => {
                Truth::True
            }
            (Self::Text(_), _) | (Self::Arn(_) | Self::WildService(_), Target::Odd) => {
                Truth::Unsure
            }
            (Self::Arn(_) | Self::WildService(_), Target::Star) => Truth::False,
            (Self::Arn(pattern), Target::Arn(arn)) => sure(pattern.matches(arn, facts, steps)),
            (Self::WildService(pattern), Target::Arn(arn)) => {
                if pattern.matches(arn, facts, steps) {
                    Truth::Unsure
                } else {
                    Truth::False
                }
            }
        }
    }

    pub(crate) fn unresolved<F: Facts + ?Sized>(&self, facts: &F) -> Option<&Variable> {
        match self {
            Self::Any | Self::Unsure => None,
            Self::Arn(pattern) | Self::WildService(pattern) => pattern.unresolved(facts),
            Self::Text(pattern) => pattern.unresolved(facts),
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let (arn, text) = match self {
            Self::Any | Self::Unsure => (None, None),
            Self::Arn(pattern) | Self::WildService(pattern) => (Some(pattern), None),
            Self::Text(pattern) => (None, Some(pattern)),
        };
        arn.into_iter()
            .flat_map(ArnPattern::patterns)
            .chain(text)
            .flat_map(Pattern::variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Context;

    fn resource(pattern: &str, text: &str) -> Truth {
        let mut facts = Context::new();
        facts.insert("aws:username", "a:b");
        ResourcePattern::parse(pattern, true).matches(
            &Target::new(text),
            &facts,
            &mut Steps::new(1_000_000),
        )
    }

    fn arn_like(pattern: &str, text: &str) -> bool {
        let mut facts = Context::new();
        facts.insert("aws:PrincipalAccount", "111122223333");
        let pattern = ArnPattern::parse_condition(pattern, true).expect("six parts");
        let arn = ArnText::split(text).expect("an ARN");
        pattern.matches(&arn, &facts, &mut Steps::new(1_000_000))
    }

    #[test]
    fn trap_12_wildcards_do_not_cross_the_first_five_colons() {
        assert!(arn_like("arn:aws:s3:::b*", "arn:aws:s3:::bucket/a:b"));
        assert!(arn_like(
            "arn:*:iam::*:role/*",
            "arn:aws-cn:iam::1:role/x/y"
        ));
        assert!(!arn_like("arn:*:role/x:*:*:*", "arn:aws:iam::1:role/x"));
        assert!(!arn_like(
            "arn:aws:iam::1*:role/x",
            "arn:aws:iam:eu:1:role/x"
        ));
        assert!(!arn_like("arn:a*:::1:role/x", "arn:aws:iam::1:role/x"));
        assert!(arn_like(
            "arn:aws:iam::${aws:PrincipalAccount}:root",
            "arn:aws:iam::111122223333:root"
        ));
        assert!(ArnPattern::parse_condition("*", true).is_err());
    }

    #[test]
    fn trap_13_colons_inside_variables_split_nothing() {
        let parts = split_pattern("arn:aws:s3:::${aws:username}/x:y", true).expect("parts");
        assert_eq!(parts[5], Some("${aws:username}/x:y"));
        let parts = split_pattern("arn:${a:b}:s3", true).expect("parts");
        assert_eq!(
            &parts[..4],
            &[Some("arn"), Some("${a:b}"), Some("s3"), None]
        );
        assert_eq!(
            resource("arn:aws:s3:::${aws:username}", "arn:aws:s3:::a:b"),
            Truth::True
        );
    }

    #[test]
    fn trap_18_a_variable_before_the_fifth_colon_is_literal_text() {
        assert_eq!(
            resource(
                "arn:aws:iam::${aws:username}:user/x",
                "arn:aws:iam::a:user/x"
            ),
            Truth::False
        );
        assert_eq!(
            resource(
                "arn:aws:iam::${aws:username}:user/x",
                "arn:aws:iam::a:b:user/x"
            ),
            Truth::False
        );
    }

    #[test]
    fn trap_25_the_resource_star_is_matched_by_what_matches_a_star() {
        assert_eq!(resource("*", "*"), Truth::True);
        assert_eq!(resource("**", "*"), Truth::True);
        assert_eq!(resource("?", "*"), Truth::True);
        assert_eq!(resource("arn:*", "*"), Truth::False);
        assert_eq!(resource("arn:aws:s3:::*", "*"), Truth::False);
    }

    #[test]
    fn missing_parts_count_as_stars_and_empty_parts_as_empty() {
        assert_eq!(resource("arn:aws:s3", "arn:aws:s3:::b"), Truth::True);
        assert_eq!(resource("arn:aws:s3:::", "arn:aws:s3:::b"), Truth::False);
        assert_eq!(
            resource("arn:aws:iam:::user/x", "arn:aws:iam::1:user/x"),
            Truth::False
        );
        assert_eq!(
            resource("arn:aws:iam::*:user/x", "arn:aws:iam::1:user/x"),
            Truth::True
        );
        assert_eq!(
            resource("arn:aws:iam::*:user/X", "arn:aws:iam::1:user/x"),
            Truth::False
        );
    }

    #[test]
    fn ac_14_what_is_no_resource_pattern_is_not_sure() {
        for odd in [
            "bucket",
            "",
            "a*",
            "arn:aws:*:::b",
            "arn:aws:s?:::b",
            "arn:aws:s3:::${b",
        ] {
            assert_eq!(resource(odd, "arn:aws:s3:::b"), Truth::Unsure, "{odd}");
        }
        assert_eq!(resource("arn:aws:*:::c", "arn:aws:s3:::b"), Truth::False);
        assert_eq!(resource("arn:aws:s3:::b", "b"), Truth::Unsure);
    }
}
