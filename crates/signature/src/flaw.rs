//! What is wrong with a request whichever scheme signed it. Each scheme says it in its own words.

/// What no key could make good, in the parts that all schemes read alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The method is no token.
    Method,
    /// The path is malformed or can be read in two ways.
    Path,
    /// The query is malformed or can be read in two ways.
    Query,
    /// More headers, or a longer query, than are looked at.
    TooLarge,
    /// A parameter of the query, or a part of the authentication, is there twice.
    Repeated {
        /// The parameter.
        name: Box<str>,
    },
    /// The list of signed headers is empty, not in lower case, not in order, or too long.
    SignedHeaders,
    /// The host is not signed.
    HostNotSigned,
    /// A signed header is absent, came more than once, or holds what no header may hold.
    Header {
        /// The header's name.
        name: Box<str>,
    },
    /// A header that has to be signed is not.
    NotSigned,
}
