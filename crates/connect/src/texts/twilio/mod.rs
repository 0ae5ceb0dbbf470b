//! Text messages through Twilio: sending, its reports, and what people answer.
//!
//! Twilio knows no idempotency key. Our number of the message therefore travels in the address to which it reports: when
//! the answer to the sending is lost, the first report settles what became of it.

mod codes;
mod settings;
mod signature;

use std::time::Duration;

use base64::Engine as _;
use caravan_model::{Clock, Finding};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use schemars::{Schema, schema_for};
use serde::Deserialize;

use self::codes::{advice, class_of};
pub use self::settings::{TwilioSettings, is_sender};
use self::signature::{form, is_valid};
use super::{
    AnswerWords, Call, CallRefused, FailureClass, Inbound, Keyword, Meaning, Reply, Report, Returned, State,
    TextProvider, sender_key,
};
use crate::connector::{
    Connector, ConnectorFacts, ConnectorKind, EffectBody, LostText, Outcome, Outgoing, Secret, SecretField, Secrets,
    Surroundings, TextMessage, needed,
};
use crate::outbound::{Answer, CallError, Outbound};

/// How long a call may take in all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages on one page of a list, and the most pages looked at for one that was lost.
const PER_PAGE: usize = 100;
const MOST_PAGES: usize = 5;
/// Clocks differ.
const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// Messages under way at the same time.
const PARALLEL: usize = 8;

/// Connections to Twilio.
#[derive(Debug)]
pub struct Twilio;

impl ConnectorKind for Twilio {
    fn key(&self) -> &'static str {
        "twilio"
    }

    fn label(&self) -> &'static str {
        "Twilio"
    }

    fn description(&self) -> &'static str {
        "Sends text messages through Twilio, from a number or a messaging service."
    }

    fn settings_schema(&self) -> Schema {
        schema_for!(TwilioSettings)
    }

    fn secrets(&self) -> &'static [SecretField] {
        &[
            SecretField {
                key: "auth_token",
                help: "The account's auth token. Twilio signs its reports with it.",
                required: true,
            },
            SecretField { key: "api_key_secret", help: "Secret of the API key, when one signs in.", required: false },
        ]
    }

    fn check_settings(&self, settings: &serde_json::Value) -> Vec<Finding> {
        TwilioSettings::read(settings).err().unwrap_or_default()
    }

    fn open(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn Connector>, Vec<Finding>> {
        let settings = TwilioSettings::read(settings)?;
        let secret = |key: &str| needed(secrets, key).cloned();
        let auth_token = secret("auth_token")?;
        let (user, password) = match &settings.api_key_sid {
            Some(sid) => (sid.clone(), secret("api_key_secret")?),
            None => (settings.account_sid.clone(), auth_token),
        };
        let Surroundings { clock, runtime, outbound } = surroundings.clone();
        Ok(Box::new(TwilioConnector { settings, user, password, clock, runtime, outbound }))
    }
}

/// An open door to an account at Twilio.
struct TwilioConnector {
    settings: TwilioSettings,
    user: String,
    password: Secret,
    clock: Clock,
    runtime: tokio::runtime::Handle,
    outbound: Outbound,
}

/// What Twilio answers to a message that it takes.
#[derive(Deserialize)]
struct Taken {
    sid: String,
}

/// What Twilio answers when it does not.
#[derive(Default, Deserialize)]
struct Refusal {
    code: Option<i64>,
    #[serde(default)]
    message: String,
}

/// A message as Twilio shows it.
#[derive(Deserialize)]
struct Shown {
    sid: String,
    status: String,
    error_code: Option<i64>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    date_created: Option<String>,
}

impl Shown {
    fn report(self) -> Option<Report> {
        let Self { sid, status, error_code, .. } = self;
        let (code, class) = (error_code.map(|code| code.to_string()), error_code.map(class_of));
        Some(Report { message: None, remote_id: sid, state: state_of(&status)?, code, class })
    }

    /// Whether it may be what was lost: the same words, and not older.
    fn may_be(&self, lost: &LostText) -> bool {
        let made_at = self.date_created.as_deref().and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let in_time = made_at.is_none_or(|made_at| made_at.timestamp() >= lost.since - SLACK);
        in_time && self.body.as_deref() == Some(lost.text.as_str())
    }
}

/// A page of messages.
#[derive(Deserialize)]
struct Listed {
    messages: Vec<Shown>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    status: String,
    friendly_name: Option<String>,
}

impl TwilioConnector {
    fn call(&self, method: Method, path: &str) -> Result<RequestBuilder, CallError> {
        let base = self.settings.base_url.trim_end_matches('/');
        let address = format!("{base}{}{path}", self.root());
        let pair = format!("{}:{}", self.user, self.password.reveal());
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        Ok(self.outbound.call(method, &address)?.header(AUTHORIZATION, basic))
    }

    /// Where everything of the account lies.
    fn root(&self) -> String {
        format!("/2010-04-01/Accounts/{}", self.settings.account_sid)
    }

    async fn listed(&self, path: &str) -> Result<Listed, String> {
        let call = self.call(Method::GET, path).map_err(|why| why.to_string())?;
        let answer = self.outbound.send(call, PATIENCE).await.map_err(|why| why.to_string())?;
        match answer.is_success() {
            true => answer.json(),
            false => Err(format!("Twilio answers {}: {}", answer.status, answer.excerpt())),
        }
    }

    async fn send(&self, text: &TextMessage) -> Outcome {
        let fields = self.fields(text);
        let call = self
            .call(Method::POST, "/Messages.json")
            .map(|call| call.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(&fields)));
        let answer = match call {
            Ok(call) => self.outbound.send(call, PATIENCE).await,
            Err(refused) => Err(refused),
        };
        match answer {
            Ok(answer) => self.outcome(&answer),
            Err(CallError::Refused(why)) => Outcome::shut("twilio_address_refused", why),
            Err(CallError::Unreachable(why)) => Outcome::shut("twilio_unreachable", why),
            Err(CallError::Lost(message)) => Outcome::Unknown { message },
        }
    }

    fn fields(&self, text: &TextMessage) -> Vec<(&'static str, String)> {
        let mut fields = vec![("To", text.to.clone()), ("Body", text.text.clone())];
        match (&text.sender, &self.settings.from, &self.settings.messaging_service_sid) {
            (Some(sender), _, _) if sender.starts_with("MG") && sender.len() == 34 => {
                fields.push(("MessagingServiceSid", sender.clone()));
            }
            (Some(from), _, _) | (None, Some(from), _) => fields.push(("From", sender_key(from))),
            (None, None, service) => fields.extend(service.iter().map(|sid| ("MessagingServiceSid", sid.clone()))),
        }
        fields.extend(text.report_to.iter().map(|url| ("StatusCallback", url.clone())));
        fields.extend(self.settings.validity_secs.map(|secs| ("ValidityPeriod", secs.to_string())));
        fields
    }

    fn outcome(&self, answer: &Answer) -> Outcome {
        if answer.is_success() {
            return match answer.json::<Taken>() {
                Ok(taken) => Outcome::Delivered { remote_id: Some(taken.sid), detail: "queued by Twilio".to_owned() },
                Err(message) => Outcome::Unknown { message },
            };
        }
        let refusal: Refusal = answer.json().unwrap_or_default();
        let code = refusal.code.unwrap_or_default();
        let said = if refusal.message.is_empty() { answer.excerpt() } else { refusal.message };
        let message = format!("Twilio answers {}, code {code}: {said}", answer.status);
        let after = answer.retry_after(self.clock.now());
        match (answer.status, class_of(code)) {
            (429, _) | (_, FailureClass::Throttle) => {
                Outcome::Shut { after, code: FailureClass::Throttle.key().to_owned(), message }
            }
            (401, _) => Outcome::shut("twilio_sign_in_failed", message),
            (500.., _) | (_, FailureClass::Transient) => {
                Outcome::Retry { after, code: FailureClass::Transient.key().to_owned(), message }
            }
            // Not about this message: nobody's would go out, and an audience is not burnt through to find that out.
            (_, FailureClass::Config) => Outcome::shut(FailureClass::Config.key(), message),
            (_, FailureClass::DailyCap) => {
                let after = after.or_else(|| Some(until_next_day(self.clock.now())));
                Outcome::Shut { after, code: FailureClass::DailyCap.key().to_owned(), message }
            }
            (_, class) => Outcome::failed(class.key(), message),
        }
    }
}

impl Connector for TwilioConnector {
    fn facts(&self) -> ConnectorFacts {
        ConnectorFacts {
            kind: "twilio",
            deduplicates: false,
            max_batch: 1,
            parallel: PARALLEL,
            sender: self.settings.from.clone().or_else(|| self.settings.messaging_service_sid.clone()),
            per_second: self.settings.per_second,
            warm_up: None,
        }
    }

    fn deliver(&self, batch: &[Outgoing]) -> Vec<Outcome> {
        self.runtime.block_on(async {
            let mut outcomes = Vec::with_capacity(batch.len());
            for item in batch {
                outcomes.push(match &item.body {
                    EffectBody::Text(text) => self.send(text).await,
                    _ => Outcome::failed("wrong_effect", "Twilio sends nothing but texts from here."),
                });
            }
            outcomes
        })
    }

    fn fares(&self, remote_id: &str) -> Result<Option<Report>, String> {
        if !is_message(remote_id) {
            return Ok(None);
        }
        self.runtime.block_on(async {
            let call = self.call(Method::GET, &format!("/Messages/{remote_id}.json")).map_err(|why| why.to_string())?;
            let answer = self.outbound.send(call, PATIENCE).await.map_err(|why| why.to_string())?;
            match answer.status {
                404 => Ok(None),
                _ if !answer.is_success() => Err(format!("Twilio answers {}: {}", answer.status, answer.excerpt())),
                _ => {
                    let shown: Shown = answer.json()?;
                    Ok(shown.report())
                }
            }
        })
    }

    fn find_text(&self, lost: &LostText) -> Result<Vec<Report>, String> {
        let since = (lost.since - SLACK).to_zoned(TimeZone::UTC).date().to_string();
        let asked = [("To", lost.to.clone()), ("DateSent>", since), ("PageSize", PER_PAGE.to_string())];
        let mut path = format!("/Messages.json?{}", encoded(&asked));
        self.runtime.block_on(async {
            let mut found = Vec::new();
            for _ in 0..MOST_PAGES {
                let Listed { messages, next_page_uri } = self.listed(&path).await?;
                found.extend(messages.into_iter().filter(|message| message.may_be(lost)).filter_map(Shown::report));
                // It leads on within the account, or nowhere.
                let next = next_page_uri.as_deref().and_then(|uri| uri.strip_prefix(&self.root()));
                let Some(next) = next.filter(|path| path.starts_with("/Messages.json?")) else { break };
                path = next.to_owned();
            }
            Ok(found)
        })
    }

    fn check(&self) -> Result<String, String> {
        self.runtime.block_on(async {
            let call = self.call(Method::GET, ".json").map_err(|error| error.to_string())?;
            let answer = self.outbound.send(call, PATIENCE).await.map_err(|error| error.to_string())?;
            if !answer.is_success() {
                let refusal: Refusal = answer.json().unwrap_or_default();
                return Err(format!("Twilio answers {}: {}", answer.status, refusal.message));
            }
            let account: Account = answer.json()?;
            let name = account.friendly_name.unwrap_or_else(|| self.settings.account_sid.clone());
            match account.status.as_str() {
                "active" => Ok(format!("Twilio answers: the account {name} is active.")),
                status => Err(format!("The account {name} is {status} at Twilio.")),
            }
        })
    }
}

/// How long a day lasts still, in UTC, as Twilio counts.
fn until_next_day(now: Timestamp) -> Duration {
    const DAY: i64 = 24 * 3_600;
    Duration::from_secs((DAY - now.as_second().rem_euclid(DAY)).unsigned_abs())
}

/// A form body.
fn encoded(fields: &[(&str, String)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

impl TextProvider for Twilio {
    fn key(&self) -> &'static str {
        "twilio"
    }

    fn read(
        &self,
        settings: &serde_json::Value,
        secrets: &Secrets,
        call: &Call<'_>,
    ) -> Result<Vec<Returned>, CallRefused> {
        let (Some(token), Some(signature)) = (secrets.get("auth_token"), call.header("x-twilio-signature")) else {
            return Err(CallRefused::NotSigned);
        };
        if !is_valid(token.reveal(), call.url, call.body, signature) {
            return Err(CallRefused::NotSigned);
        }
        let fields = form(call.body);
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let returned =
            match field("MessageStatus").or_else(|| field("SmsStatus")).filter(|status| *status != "received") {
                Some(status) => Returned::Report(report(call.url, status, &field)?),
                None => Returned::Inbound(inbound(&AnswerWords::of(settings), &field)?),
            };
        Ok(vec![returned])
    }

    fn class_of(&self, code: &str) -> Option<FailureClass> {
        code.parse().ok().map(class_of)
    }

    fn advice(&self, code: &str) -> Option<&'static str> {
        code.parse().ok().and_then(advice)
    }

    /// TwiML: what stands in it is sent to who wrote.
    fn reply(&self, text: Option<&str>) -> Reply {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let message = text.map(|text| format!("<Message>{}</Message>", escaped(text))).unwrap_or_default();
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{message}</Response>");
        Reply { content_type: "text/xml; charset=utf-8", body }
    }
}

/// A report about one message: its number stands in the address that we gave Twilio.
fn report<'f>(url: &str, status: &str, field: &dyn Fn(&str) -> Option<&'f str>) -> Result<Report, CallRefused> {
    let code = field("ErrorCode").filter(|code| !code.is_empty()).map(str::to_owned);
    let class = code.as_deref().and_then(|code| code.parse().ok()).map(class_of);
    let message = url.split(['?', '&']).find_map(|field| field.strip_prefix("m="));
    let message = message.and_then(|number| number.parse().ok());
    let state = state_of(status).ok_or(CallRefused::Unreadable)?;
    Ok(Report { message, remote_id: sid(field)?, state, code, class })
}

/// What somebody wrote.
fn inbound<'f>(words: &AnswerWords, field: &dyn Fn(&str) -> Option<&'f str>) -> Result<Inbound, CallRefused> {
    let (from, text) = (field("From").ok_or(CallRefused::Unreadable)?, field("Body").unwrap_or_default());
    let senders = [field("MessagingServiceSid"), field("To")];
    let to: Vec<String> = senders.into_iter().flatten().filter(|to| !to.is_empty()).map(str::to_owned).collect();
    if to.is_empty() {
        return Err(CallRefused::Unreadable);
    }
    let opt_out_type = field("OptOutType").filter(|kind| !kind.is_empty());
    let said = |keyword| Some(Meaning { keyword, guessed: false });
    let meant = match opt_out_type {
        Some("STOP") => said(Keyword::Stop),
        Some("START") => said(Keyword::Start),
        Some("HELP") => said(Keyword::Help),
        _ => words.meaning(text),
    };
    let keyword = meant.map(|meaning| meaning.keyword);
    // Twilio answers what it understands itself.
    let reply = if opt_out_type.is_some() { None } else { words.reply(keyword).map(str::to_owned) };
    Ok(Inbound {
        remote_id: sid(field)?,
        from: from.to_owned(),
        to,
        text: text.to_owned(),
        keyword,
        guessed: meant.is_some_and(|meaning| meaning.guessed),
        reply,
    })
}

fn sid<'f>(field: &dyn Fn(&str) -> Option<&'f str>) -> Result<String, CallRefused> {
    field("MessageSid").or_else(|| field("SmsSid")).map(str::to_owned).ok_or(CallRefused::Unreadable)
}

/// Whether it is the SID of a message, and so can stand in an address.
fn is_message(sid: &str) -> bool {
    sid.len() == 34 && sid.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn state_of(status: &str) -> Option<State> {
    Some(match status {
        "accepted" | "scheduled" | "queued" => State::Accepted,
        "sending" | "sent" => State::Sent,
        "delivered" | "read" | "partially_delivered" => State::Delivered,
        "undelivered" => State::Undelivered,
        "failed" => State::Failed,
        "canceled" => State::Cancelled,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
