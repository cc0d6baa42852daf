//! The request as it arrived.

/// An HTTP request as it arrived: nothing decoded, nothing dropped, nothing put in order. What is verified is what is
/// here, so whoever dispatches the request must read the same bytes.
#[derive(Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The path, still percent-encoded, without the query. Empty means `/`.
    pub path: &'a str,
    /// The query, still percent-encoded, without its `?`. Empty where there is none.
    pub query: &'a str,
    /// Every header in the order of arrival: the name in lower case, the value's bytes. A header that came twice stands
    /// here twice. The authority of an HTTP/2 request stands here as `host` or as `:authority`.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body.
    pub body: &'a [u8],
}

/// Names the method and the path alone: headers, query and body carry credentials.
impl std::fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
