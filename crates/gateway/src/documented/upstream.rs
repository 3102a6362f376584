// An upstream that says hello, for the examples of this crate's documentation, which include it as an expression.
{
    use oar_upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};

    struct Hello;

    #[async_trait::async_trait]
    impl Upstream for Hello {
        async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
            let (status, headers) = (http::StatusCode::OK, http::HeaderMap::new());
            Ok(UpstreamResponse { status, headers, body: ResponseBody::full("hello") })
        }
    }

    std::sync::Arc::new(Hello)
}
