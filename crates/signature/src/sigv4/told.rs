//! What a client is told back of a credential that it got wrong.

/// A malformed credential for the client to see. Secrets hold slashes and get pasted for key ids, so what does not look
/// like a key id is masked.
pub(super) fn told_back(text: &str) -> String {
    let id = text.split('/').next().unwrap_or_default();
    let elements = text.split('/').count();
    if elements <= 5 && id.len() <= 32 && text.len() <= 256 {
        return text.escape_default().to_string();
    }
    let skipped = elements.saturating_sub(4);
    let rest: Vec<&str> = text.split('/').skip(skipped.max(1)).collect();
    let rest = rest.join("/");
    let end: String = rest.chars().take(128).collect();
    format!("***/{}", end.escape_default())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use crate::sigv4::present::credential;

    fn told(text: &str) -> String {
        credential(Cow::Borrowed(text))
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_secret_in_the_place_of_the_key_id_is_not_told_back() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let text = told(&format!("{secret}/20260102/us-east-1/iam/aws4_request"));
        assert!(
            text.ends_with("got '***/20260102/us-east-1/iam/aws4_request'"),
            "{text}"
        );
        assert_eq!(
            told("AKID/20260102/us-east-1/iam"),
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKID/20260102/us-east-1/iam'"
        );
    }
}
