//! Reading the OpenAPI document that registers a service.

use std::collections::HashSet;

use caravan_model::{Finding, source};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The longest title, in characters.
const LONGEST_TITLE: usize = 100;
/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1_000;
/// What a service must answer.
pub const ENDPOINTS: [(&str, &str); 3] =
    [("get", "/getServiceDefinition"), ("post", "/submitAsyncAction"), ("get", "/status")];
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// What an OpenAPI document says of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// Its title.
    pub title: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it answers, without a slash at its end.
    pub base: String,
    /// How it knows us.
    pub authentication: Authentication,
}

/// How a service knows us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Authentication {
    /// A key, the secret `api_key`.
    ApiKey {
        /// Whether it stands in a header; else in the address.
        in_header: bool,
        /// Name of the header or the parameter.
        name: String,
    },
    /// The secrets `user` and `password`.
    Basic,
    /// The secrets `client_id` and `client_secret` are changed into a token.
    ClientCredentials {
        /// Where.
        token_url: String,
        /// What the token server calls the grant type.
        grant_type: String,
        /// … and the client's id.
        client_id: String,
        /// … and its secret.
        client_secret: String,
    },
}

impl Authentication {
    /// The secrets that it takes.
    pub fn secrets(&self) -> &'static [&'static str] {
        match self {
            Self::ApiKey { .. } => &["api_key"],
            Self::Basic => &["user", "password"],
            Self::ClientCredentials { .. } => &["client_id", "client_secret"],
        }
    }
}

/// Reads the document that was found at `address`.
///
/// # Errors
/// Everything that stands against registering it.
pub fn read(text: &[u8], address: &str) -> Result<Described, Vec<Finding>> {
    let document = parsed(text)?;
    let mut reading = Reading { document: &document, findings: Vec::new() };
    reading.version();
    let (title, description) = reading.texts();
    reading.endpoints();
    let base = reading.base(address);
    let authentication = reading.authentication(address);
    match (title, base, authentication, reading.findings) {
        (Some(title), Some(base), Some(authentication), findings) if findings.is_empty() => {
            Ok(Described { title, description, base, authentication })
        }
        (.., findings) => Err(findings),
    }
}

fn parsed(text: &[u8]) -> Result<Map<String, Json>, Vec<Finding>> {
    let refused = |why: &str| {
        let message =
            format!("The document is not OpenAPI: {why} Give the address of the service's OpenAPI 3.0 document.");
        vec![Finding::error("not_openapi", "", message)]
    };
    let text = std::str::from_utf8(text).map_err(|_| refused("it is not text."))?;
    let (mut documents, findings) = source::read(text, "openapi.yaml");
    if let Some(finding) = findings.into_iter().find(Finding::is_error) {
        return Err(refused(&finding.message));
    }
    match (documents.pop(), documents.is_empty()) {
        (Some(source::Positioned { value: Json::Object(document), .. }), true) => Ok(document),
        _ => Err(refused("it is not one YAML or JSON object.")),
    }
}

struct Reading<'a> {
    document: &'a Map<String, Json>,
    findings: Vec<Finding>,
}

impl Reading<'_> {
    fn wrong(&mut self, code: &str, pointer: &str, message: impl Into<String>) {
        self.findings.push(Finding::error(code, pointer, message));
    }

    fn at(&self, pointer: &str) -> Option<&Json> {
        let (first, rest) =
            pointer.trim_start_matches('/').split_once('/').unwrap_or((pointer.trim_start_matches('/'), ""));
        let value = self.document.get(first)?;
        if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
    }

    fn version(&mut self) {
        let version = self.at("/openapi").and_then(Json::as_str).unwrap_or_default().to_owned();
        if !version.starts_with("3.0.") {
            let said = if version.is_empty() { "no version".to_owned() } else { format!("version {version}") };
            self.wrong("openapi_version", "/openapi", format!("The document is of {said}; it must be OpenAPI 3.0."));
        }
    }

    fn texts(&mut self) -> (Option<String>, String) {
        let text =
            |pointer: &str| self.at(pointer).and_then(Json::as_str).map(str::trim).unwrap_or_default().to_owned();
        let (title, description) = (text("/info/title"), text("/info/description"));
        if title.is_empty() {
            self.wrong("openapi_incomplete", "/info/title", "The document lacks `info.title`, the service's name.");
        }
        for (text, most, pointer) in
            [(&title, LONGEST_TITLE, "/info/title"), (&description, LONGEST_DESCRIPTION, "/info/description")]
        {
            let length = text.chars().count();
            if length > most {
                self.wrong("text_too_long", pointer, format!("The text has {length} characters; {most} are allowed."));
            }
        }
        (Some(title).filter(|title| !title.is_empty()), description)
    }

    fn endpoints(&mut self) {
        let Some(paths) = self.at("/paths").and_then(Json::as_object).cloned() else {
            return self.wrong("openapi_incomplete", "/paths", "The document lacks `paths`.");
        };
        for (method, path) in ENDPOINTS {
            if paths.get(path).and_then(|item| item.get(method)).is_none() {
                let message = format!("The document lacks the operation {} {path}.", method.to_uppercase());
                self.wrong("endpoint_missing", "/paths", message);
            }
        }
        let mut seen = HashSet::new();
        let operations = paths.values().flat_map(|item| METHODS.iter().filter_map(|method| item.get(method)));
        for id in operations.filter_map(|operation| operation.get("operationId")?.as_str()) {
            if !seen.insert(id) {
                self.wrong("duplicate_operation_id", "/paths", format!("The operationId `{id}` is given twice."));
            }
        }
    }

    fn base(&mut self, address: &str) -> Option<String> {
        let written = self.at("/servers/0/url").and_then(Json::as_str).map(str::to_owned);
        let Some(written) = written else {
            self.wrong("openapi_incomplete", "/servers", "The document lacks `servers` with the service's address.");
            return None;
        };
        let joined = absolute(address, &written);
        if joined.is_none() {
            self.wrong("bad_url", "/servers/0/url", format!("`{written}` is no address of a server."));
        }
        joined
    }

    fn authentication(&mut self, address: &str) -> Option<Authentication> {
        let schemes = self.at("/components/securitySchemes").and_then(Json::as_object).cloned().unwrap_or_default();
        if schemes.is_empty() {
            let message = "The document defines no `components.securitySchemes`: a service must know who calls it.";
            self.wrong("no_security_scheme", "/components/securitySchemes", message);
            return None;
        }
        let required: Vec<Vec<String>> = self.at("/security").and_then(Json::as_array).map_or_else(Vec::new, |all| {
            all.iter().filter_map(Json::as_object).map(|one| one.keys().cloned().collect()).collect()
        });
        let name = match required.as_slice() {
            [one] if one.len() == 1 => one[0].clone(),
            _ => {
                let message = "Exactly one authentication scheme must stand under `security` of the document.";
                self.wrong("several_security_schemes", "/security", message);
                return None;
            }
        };
        let pointer = format!("/components/securitySchemes/{name}");
        let Some(scheme) = schemes.get(&name) else {
            self.wrong("no_security_scheme", &pointer, format!("`security` names `{name}`, which is not defined."));
            return None;
        };
        let read = scheme_of(scheme, address);
        if read.is_none() {
            let message = "This authentication is not supported. Supported are apiKey (header or query), http basic, and \
                           oauth2 with client credentials and no scopes.";
            self.wrong("unsupported_authentication", &pointer, message);
        }
        read
    }
}

fn scheme_of(scheme: &Json, address: &str) -> Option<Authentication> {
    let text = |member: &str| scheme.get(member).and_then(Json::as_str);
    match text("type")? {
        "apiKey" => {
            let in_header = match text("in")? {
                "header" => true,
                "query" => false,
                _ => return None,
            };
            Some(Authentication::ApiKey { in_header, name: text("name")?.to_owned() })
        }
        "http" => text("scheme")?.eq_ignore_ascii_case("basic").then_some(Authentication::Basic),
        "oauth2" => {
            let flow = scheme.pointer("/flows/clientCredentials")?;
            let scoped = flow.get("scopes").and_then(Json::as_object).is_some_and(|scopes| !scopes.is_empty());
            let named = |extension: &str, usual: &str| {
                let found = [flow, scheme].into_iter().find_map(|at| at.get(extension)?.as_str());
                found.unwrap_or(usual).to_owned()
            };
            let token_url = absolute(address, flow.get("tokenUrl")?.as_str()?)?;
            (!scoped).then(|| Authentication::ClientCredentials {
                token_url,
                grant_type: named("x-grantTypeName", "grant_type"),
                client_id: named("x-clientIdName", "client_id"),
                client_secret: named("x-clientSecretName", "client_secret"),
            })
        }
        _ => None,
    }
}

/// An address that may be written relative to the document's.
fn absolute(document: &str, written: &str) -> Option<String> {
    let url = reqwest::Url::parse(document).ok()?.join(written).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.host_str().is_some() && url.username().is_empty();
    fits.then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ADDRESS: &str = "https://score.example/openapi.json";

    fn document() -> Json {
        json!({
            "openapi": "3.0.3",
            "info": {"title": "Lead scoring", "description": "Scores people."},
            "servers": [{"url": "/v1"}],
            "paths": {
                "/getServiceDefinition": {"get": {"operationId": "a"}},
                "/submitAsyncAction": {"post": {"operationId": "b"}},
                "/status": {"get": {"operationId": "c"}},
            },
            "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
            "security": [{"key": []}],
        })
    }

    fn codes(change: impl Fn(&mut Json)) -> Vec<String> {
        let mut document = document();
        change(&mut document);
        let read = read(document.to_string().as_bytes(), ADDRESS);
        read.err().unwrap_or_default().into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_document_says_where_the_service_is_and_how_it_knows_us() {
        let found = read(document().to_string().as_bytes(), ADDRESS).unwrap();
        assert_eq!((found.title.as_str(), found.base.as_str()), ("Lead scoring", "https://score.example/v1"));
        assert_eq!(found.authentication, Authentication::ApiKey { in_header: true, name: "X-Key".into() });
        let yaml = "openapi: 3.0.0\ninfo: {title: T}\nservers: [{url: https://s.example/}]\npaths:\n  /getServiceDefinition: {get: {}}\n  /submitAsyncAction: {post: {}}\n  /status: {get: {}}\ncomponents:\n  securitySchemes:\n    o:\n      type: oauth2\n      flows: {clientCredentials: {tokenUrl: /token, scopes: {}, x-clientIdName: app}}\nsecurity: [{o: []}]\n";
        let found = read(yaml.as_bytes(), ADDRESS).unwrap();
        assert_eq!(found.base, "https://s.example");
        let Authentication::ClientCredentials { token_url, client_id, client_secret, .. } = found.authentication else {
            panic!("client credentials")
        };
        assert_eq!(
            (token_url.as_str(), client_id.as_str(), client_secret.as_str()),
            ("https://score.example/token", "app", "client_secret")
        );
    }

    #[test]
    fn each_thing_that_stands_against_registering_has_its_own_code() {
        assert_eq!(codes(|d| d["openapi"] = json!("3.1.0")), ["openapi_version"]);
        assert_eq!(codes(|d| d["info"] = json!({})), ["openapi_incomplete"]);
        assert_eq!(codes(|d| d["info"]["title"] = json!("x".repeat(101))), ["text_too_long"]);
        assert_eq!(codes(|d| d["info"]["description"] = json!("x".repeat(1_001))), ["text_too_long"]);
        assert_eq!(codes(|d| _ = d["paths"].as_object_mut().unwrap().remove("/status")), ["endpoint_missing"]);
        assert_eq!(codes(|d| _ = d.as_object_mut().unwrap().remove("paths")), ["openapi_incomplete"]);
        assert_eq!(codes(|d| d["paths"]["/status"]["get"]["operationId"] = json!("a")), ["duplicate_operation_id"]);
        assert_eq!(codes(|d| _ = d.as_object_mut().unwrap().remove("components")), ["no_security_scheme"]);
        assert_eq!(codes(|d| d["security"] = json!([{"key": []}, {"other": []}])), ["several_security_schemes"]);
        assert_eq!(codes(|d| d["security"] = json!([])), ["several_security_schemes"]);
        let typed = |scheme: Json| codes(|d| d["components"]["securitySchemes"]["key"] = scheme.clone());
        assert_eq!(typed(json!({"type": "openIdConnect"})), ["unsupported_authentication"]);
        assert_eq!(typed(json!({"type": "http", "scheme": "bearer"})), ["unsupported_authentication"]);
        assert_eq!(typed(json!({"type": "http", "scheme": "Basic"})), Vec::<String>::new());
        assert_eq!(codes(|d| d["servers"] = json!([{"url": "ftp://x"}])), ["bad_url"]);
        for text in ["", "just text", "[1]", "{\"a\":", "a: *b"] {
            let found = read(text.as_bytes(), ADDRESS).unwrap_err();
            assert_eq!(found[0].code, "not_openapi", "{text}");
        }
    }
}
