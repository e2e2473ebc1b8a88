//! A server that does nothing, on as many threads as ours.

use std::{net::TcpListener, thread};

use axum::{
    Form, Router, http::StatusCode, http::header, response::IntoResponse as _, routing::get, serve::ListenerExt as _,
};
use tokio::runtime::Builder;

/// A running server. It ends with the process.
pub(crate) struct NullServer {
    port: u16,
}

impl NullServer {
    /// Shows this page at `/page`, and throws away what is handed in there.
    pub(crate) fn start(page: String) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        bound.set_nonblocking(true).unwrap();
        let port = bound.local_addr().unwrap().port();
        thread::spawn(move || {
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            let show = move || async move { (html, page.clone()).into_response() };
            let take = |Form(fields): Form<Vec<(String, String)>>| async move {
                assert!(!fields.is_empty());
                (StatusCode::SEE_OTHER, [(header::LOCATION, "/thanks")])
            };
            let router = Router::new().route("/page", get(show).post(take));
            let served = async {
                let listener = tokio::net::TcpListener::from_std(bound).unwrap();
                axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), router).await.unwrap();
            };
            Builder::new_multi_thread().enable_all().build().unwrap().block_on(served);
        });
        Self { port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}
