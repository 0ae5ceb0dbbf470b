//! The listening side of a process: the address, the router, and how it stops.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use caravan_engine::metrics::{CALL_BUCKETS, CALL_SECONDS};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::failure::Failure;

/// How long open answers (streams, downloads) may take to end after the signal to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How often measured times are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Takes an address; port 0 takes a free one.
pub fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        Failure::Failed(anyhow::anyhow!(
            "{address} cannot be listened on: {error}. Choose another address with --listen"
        ))
    })
}

/// The address as links carry it, when nobody names a better one.
pub fn url_of(address: SocketAddr) -> String {
    match (address.ip().is_unspecified(), address.is_ipv4()) {
        (true, true) => format!("http://127.0.0.1:{}", address.port()),
        (true, false) => format!("http://[::1]:{}", address.port()),
        (false, _) => format!("http://{address}"),
    }
}

/// Begins to count for `/metrics`.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    let buckets = Matcher::Full(CALL_SECONDS.to_owned());
    let handle = PrometheusBuilder::new().set_buckets_for_metric(buckets, &CALL_BUCKETS)?.install_recorder()?;
    caravan_engine::metrics::describe();
    let kept = handle.clone();
    // Without it what is measured would pile up where nobody looks at it.
    std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(UPKEEP);
            kept.run_upkeep();
        }
    })?;
    Ok(handle)
}

/// Serves until SIGINT or SIGTERM, then lets open answers end.
pub async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (told, telling) = tokio::sync::watch::channel(());
    let mut stopping = telling.clone();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        stopping.changed().await.ok();
    });
    tokio::select! {
        ended = serving => ended,
        () = async {
            stop_signal().await;
            tracing::info!("stopping");
            told.send(()).ok();
            tokio::time::sleep(GRACE).await;
        } => Ok(()),
    }
}

/// Resolves at SIGINT (Ctrl+C) or SIGTERM.
async fn stop_signal() {
    let interrupted = async {
        // Without a handler the signal ends the process at once, which is safe too.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_an_address_that_a_browser_can_open() {
        let url = |text: &str| url_of(text.parse().unwrap());
        assert_eq!(url("127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(url("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(url("[::]:80"), "http://[::1]:80");
        assert_eq!(url("[fd00::1]:80"), "http://[fd00::1]:80");
    }
}
