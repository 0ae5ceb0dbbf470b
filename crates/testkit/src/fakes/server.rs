//! A small HTTP server on a port of its own, ended with its value.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A router behind a port of this machine.
pub struct Server {
    /// Where it answers.
    pub address: SocketAddr,
    /// Drives it; it ends with this. `None` only while dropping.
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves on this port, 0 for a free one.
    pub fn start(router: Router, port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("threads for a fake server");
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port)));
        let listener = listener.unwrap_or_else(|error| panic!("port {port} cannot be used: {error}"));
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, runtime: Some(runtime) }
    }

    /// Its address as connections name it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
