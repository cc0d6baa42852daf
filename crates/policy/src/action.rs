//! Entries of Action and NotAction (IAM user guide, "Action").

use crate::facts::NoFacts;
use crate::pattern::{Pattern, Steps, Syntax};
use crate::recorder::Truth;

/// One entry, folded to lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionPattern {
    /// `*`.
    Any,
    /// `service:name`, wildcards in the name only.
    Name(Pattern),
    /// Wildcards in the service too, which IAM does not allow: what it would match is not sure.
    WildService(Pattern),
    /// Not understood at all.
    Unsure,
}

impl ActionPattern {
    pub(crate) fn parse(text: &str) -> Self {
        if text == "*" {
            return Self::Any;
        }
        let Some((service, name)) = text.split_once(':') else {
            return Self::Unsure;
        };
        if name.contains(':') || service.is_empty() {
            return Self::Unsure;
        }
        let syntax = Syntax {
            wildcards: true,
            variables: false,
        };
        let Ok(pattern) = Pattern::parse(&text.to_ascii_lowercase(), syntax) else {
            return Self::Unsure;
        };
        if service.contains(['*', '?']) {
            return Self::WildService(pattern);
        }
        if !service
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        {
            return Self::Unsure;
        }
        Self::Name(pattern)
    }

    /// Whether the folded action fits.
    pub(crate) fn matches(&self, action: &str, steps: &mut Steps) -> Truth {
        // Action patterns have no variables, so no facts are needed.
        let fits = |pattern: &Pattern, steps: &mut Steps| pattern.matches(action, &NoFacts, steps);
        match self {
            Self::Any => Truth::True,
            Self::Unsure => Truth::Unsure,
            Self::Name(pattern) if fits(pattern, steps) => Truth::True,
            Self::WildService(pattern) if fits(pattern, steps) => Truth::Unsure,
            Self::Name(_) | Self::WildService(_) => Truth::False,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, action: &str) -> Truth {
        let action = crate::request::Action::new(action).expect("an action");
        ActionPattern::parse(pattern).matches(action.folded(), &mut Steps::new(10_000))
    }

    #[test]
    fn trap_09_actions_ignore_case() {
        assert_eq!(fits("S3:GetObject", "s3:getobject"), Truth::True);
        assert_eq!(fits("s3:get*", "S3:GETOBJECT"), Truth::True);
        assert_eq!(fits("iam:*AccessKey*", "iam:ListAccessKeys"), Truth::True);
        assert_eq!(fits("s3:Get?bject", "s3:GetObject"), Truth::True);
        assert_eq!(fits("*", "s3:GetObject"), Truth::True);
        assert_eq!(fits("s3:*", "s3-outposts:GetObject"), Truth::False);
        assert_eq!(fits("s3:GetObject", "s3:GetObjectAcl"), Truth::False);
    }

    #[test]
    fn ac_14_an_action_that_is_none_is_not_sure() {
        for odd in [
            "GetObject",
            "s3:Get:Object",
            "a a:b",
            ":Get",
            "**",
            "*:*",
            "s*:GetObject",
            "s3\u{130}:x",
        ] {
            assert_eq!(fits(odd, "s3:GetObject"), Truth::Unsure, "{odd}");
        }
        assert_eq!(fits("e*:GetObject", "s3:GetObject"), Truth::False);
    }

    #[test]
    fn ac_17_look_alikes_are_other_actions() {
        assert_eq!(fits("s3:GetOb\u{458}ect", "s3:GetObject"), Truth::False);
        assert_eq!(fits("s3:GetObject ", "s3:GetObject"), Truth::False);
        assert_eq!(fits("iam:Get\u{212a}ey", "iam:GetKey"), Truth::False);
    }
}
