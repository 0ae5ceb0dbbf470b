//! Encrypted connections: `sslmode` and `sslrootcert` of the address, with the meaning that they have for libpq.
//!
//! | `sslmode` | Encrypted | The server's certificate |
//! |---|---|---|
//! | `disable` | no | |
//! | `prefer`, or left out | if the server can | is not looked at |
//! | `require` | yes | is not looked at; with `sslrootcert` as `verify-ca` |
//! | `verify-ca` | yes | is signed by a trusted authority |
//! | `verify-full` | yes | … and is made out to the host of the address |
//!
//! Authorities are those of `sslrootcert` (a file in PEM), else those that browsers trust.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::error::StoreError;

/// What of the server's certificate is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Nothing: the line is encrypted, to whomever.
    Anybody,
    /// Who signed it.
    Authority,
    /// Who signed it, and the name on it.
    Name,
}

/// Reads the address of a database, and how the line to it is encrypted.
pub(super) fn read(url: &str) -> Result<(Config, Encryption), StoreError> {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut authorities) = (None, None);
    let mut rest = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => authorities = Some(percent_decoded(value)).filter(|file| file != "system"),
            _ => rest.push(parameter),
        }
    }
    let plain = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    let mut config = Config::from_str(&plain).map_err(|error| {
        StoreError::Unreachable(format!("its URL is not of the form postgres://user:password@host:5432/name ({error})"))
    })?;
    let (ssl_mode, trust) = match mode {
        None | Some("prefer" | "allow") => (SslMode::Prefer, Trust::Anybody),
        Some("disable") => (SslMode::Disable, Trust::Anybody),
        Some("require") if authorities.is_none() => (SslMode::Require, Trust::Anybody),
        Some("require" | "verify-ca") => (SslMode::Require, Trust::Authority),
        Some("verify-full") => (SslMode::Require, Trust::Name),
        Some(other) => {
            let why = format!("its sslmode `{other}` is none of disable, prefer, require, verify-ca and verify-full");
            return Err(StoreError::Unreachable(why));
        }
    };
    config.ssl_mode(ssl_mode);
    Ok((config, Encryption::new(trust, authorities.as_deref())?))
}

/// A path as it stands in an address.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes lines encrypted.
#[derive(Clone)]
pub(super) struct Encryption {
    config: Arc<ClientConfig>,
    trust: Trust,
}

impl Encryption {
    fn new(trust: Trust, authorities: Option<&str>) -> Result<Self, StoreError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::Anybody => Arc::new(Unlooked(Arc::clone(&provider))),
            Trust::Authority | Trust::Name => {
                let roots = Arc::new(roots(authorities)?);
                let strict = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
                let strict = strict.map_err(|error| StoreError::Unreachable(format!("its authorities: {error}")))?;
                if trust == Trust::Name { strict } else { Arc::new(AnyName(strict)) }
            }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Other(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), trust })
    }
}

fn roots(file: Option<&str>) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let bad = |why: String| StoreError::Unreachable(format!("its sslrootcert {file} cannot be used: {why}"));
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))? {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() { Err(bad("no certificate stands in it".to_owned())) } else { Ok(roots) }
}

/// Takes any certificate, as `require` asks for; that the server holds its key is still proved.
#[derive(Debug)]
struct Unlooked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unlooked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Looks at everything but the name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Encryption {
    type Stream = Line<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, io::Error> {
        let name = match ServerName::try_from(host.to_owned()) {
            // Nobody looks at the name: one that no certificate could carry is no reason to refuse.
            Err(_) if self.trust != Trust::Name => {
                ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
            }
            name => name.map_err(io::Error::other)?,
        };
        Ok(Handshake { config: Arc::clone(&self.config), name })
    }
}

/// A handshake that is about to begin.
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Line<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Line<S>, io::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { TlsConnector::from(self.config).connect(self.name, stream).await.map(Line) })
    }
}

/// An encrypted line.
pub(super) struct Line<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Line<S> {
    /// Signing in is not bound to the line: what is trusted is the certificate.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        read(url).map(|(config, _)| config.get_ssl_mode()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_modes_of_libpq_are_understood_and_other_parameters_stay() {
        assert_eq!(mode("postgres://u@h/n"), Ok(SslMode::Prefer));
        assert_eq!(mode("postgres://u@h/n?sslmode=disable"), Ok(SslMode::Disable));
        for encrypted in ["require", "verify-ca", "verify-full"] {
            assert_eq!(mode(&format!("postgres://u@h/n?sslmode={encrypted}")), Ok(SslMode::Require), "{encrypted}");
        }
        let (config, _) = read("postgres://u@h/n?connect_timeout=7&sslmode=require").unwrap();
        assert_eq!(config.get_connect_timeout(), Some(&std::time::Duration::from_secs(7)));
        assert!(mode("postgres://u@h/n?sslmode=verify").is_err_and(|why| why.contains("`verify`")));
        let missing = mode("postgres://u@h/n?sslmode=verify-full&sslrootcert=%2Fnowhere%2Fca.pem");
        assert!(missing.is_err_and(|why| why.contains("/nowhere/ca.pem")));
    }
}
