//! Asking a filter: `spamd` in its own protocol (`REPORT`), Rspamd over HTTP (`/checkv2`). One question, one answer, bounded in
//! time and length; nothing is kept there.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{SpamReport, SpamRule};
use crate::connector::Surroundings;
use crate::outbound::{Guard, mail_server};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the filter may think: it may ask other machines.
const PATIENCE: Duration = Duration::from_secs(40);
/// The longest answer, in bytes.
const LONGEST: u64 = 512 * 1024;
/// Rules that are shown.
const MOST_RULES: usize = 200;
/// The longest description of a rule, in characters.
const LONGEST_TEXT: usize = 300;

/// A spam filter of one's own that looks at emails while they are written. It is asked in the clear: it should stand on this
/// machine or in one's own network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpamFilter {
    /// Which filter it is.
    #[serde(rename = "type")]
    pub kind: FilterKind,
    /// Name or address of its machine.
    pub host: String,
    /// Its port; usually 783 for `spamd`, 11333 for Rspamd.
    pub port: u16,
}

/// Which filter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    /// SpamAssassin, through its `spamd`.
    Spamassassin,
    /// Rspamd, through its normal worker.
    Rspamd,
}

impl SpamFilter {
    /// What is wrong with the settings: the field and why.
    pub fn findings(&self) -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        if self.host.trim().is_empty() || self.host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            found.push(("/host", "The host is not the name of a machine; write one like 127.0.0.1."));
        }
        if self.port == 0 {
            found.push(("/port", "Port 0 cannot be connected to; use 783 or 11333."));
        }
        found
    }

    /// What it makes of a message.
    ///
    /// # Errors
    /// Why it does not say, for people.
    pub fn judge(&self, message: &[u8], surroundings: &Surroundings) -> Result<SpamReport, String> {
        let guard = surroundings.outbound.guard();
        let place = format!("The spam filter at {}:{}", self.host, self.port);
        let asked = async { timeout(PATIENCE, self.ask(message, guard)).await };
        let answer = surroundings.runtime.block_on(asked).map_err(|_| "it takes too long".to_owned()).flatten();
        let read = match self.kind {
            FilterKind::Spamassassin => answer.and_then(|answer| of_spamd(&answer)),
            FilterKind::Rspamd => answer.and_then(|answer| of_rspamd(&answer)),
        };
        read.map_err(|why| format!("{place} cannot be asked: {why}."))
    }

    async fn ask(&self, message: &[u8], guard: &Guard) -> Result<String, String> {
        let told = |error: std::io::Error| error.to_string();
        let connect = async {
            let found = mail_server(guard, &self.host, self.port).await.map_err(|refused| refused.to_string())?;
            TcpStream::connect(&found[..]).await.map_err(told)
        };
        let mut stream = timeout(CONNECT, connect).await.map_err(|_| "nobody answers".to_owned())??;
        let length = message.len();
        let question = match self.kind {
            FilterKind::Spamassassin => format!("REPORT SPAMC/1.2\r\nContent-length: {length}\r\n\r\n"),
            // The older HTTP, so that the answer comes in one piece and ends with the connection.
            FilterKind::Rspamd => {
                format!("POST /checkv2 HTTP/1.0\r\nHost: {}\r\nContent-Length: {length}\r\n\r\n", self.host)
            }
        };
        stream.write_all(question.as_bytes()).await.map_err(told)?;
        stream.write_all(message).await.map_err(told)?;
        if self.kind == FilterKind::Spamassassin {
            stream.shutdown().await.map_err(told)?;
        }
        let mut answer = Vec::new();
        stream.take(LONGEST + 1).read_to_end(&mut answer).await.map_err(told)?;
        if answer.len() as u64 > LONGEST {
            return Err("its answer is too long".to_owned());
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// The head of an answer and what follows.
fn halves(answer: &str) -> Result<(&str, &str), String> {
    let halves = answer.split_once("\r\n\r\n").or_else(|| answer.split_once("\n\n"));
    halves.ok_or_else(|| "it hangs up without an answer".to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = head.lines().filter_map(|line| line.split_once(':'));
    named.into_iter().find(|(found, _)| found.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// `SPAMD/1.1 0 EX_OK`, headers with `Spam: True ; 15.0 / 5.0`, and the report as people read it.
fn of_spamd(answer: &str) -> Result<SpamReport, String> {
    let (head, report) = halves(answer)?;
    let mut status = head.lines().next().unwrap_or_default().split_whitespace();
    if !status.next().is_some_and(|name| name.starts_with("SPAMD/")) {
        return Err("what answers is no spamd".to_owned());
    }
    match (status.next(), status.next()) {
        (Some("0"), _) => {}
        (_, said) => return Err(format!("it answers {}", cut(said.unwrap_or("nothing")))),
    }
    let points = header(head, "Spam").and_then(|value| value.split_once(';')).map(|(_, points)| points);
    let numbers = points.and_then(|points| points.split_once('/'));
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let numbers = numbers.and_then(|(score, threshold)| Some((number(score)?, number(threshold)?)));
    let (score, threshold) = numbers.ok_or("its answer names no score")?;
    Ok(SpamReport::new("spamassassin", score, threshold, rules_of(report)))
}

/// The table of a report: points, name, description, behind a line of dashes; a line without points goes on with the one
/// before.
fn rules_of(report: &str) -> Vec<SpamRule> {
    let dashes = |line: &&str| line.trim_start().starts_with("----") && line.contains(' ');
    let table = report.lines().skip_while(|line| !dashes(line)).skip(1);
    let mut rules: Vec<SpamRule> = Vec::new();
    for line in table.take_while(|line| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let (points, name) = (words.next().and_then(|word| word.parse::<f64>().ok()), words.next());
        match (points.filter(|points| points.is_finite()), name) {
            (Some(points), Some(name)) if rules.len() < MOST_RULES => {
                let description = cut(&words.collect::<Vec<_>>().join(" "));
                rules.push(SpamRule { name: cut(name), points, description });
            }
            _ => {
                if let Some(rule) = rules.last_mut() {
                    rule.description = cut(format!("{} {}", rule.description, line.trim()).trim());
                }
            }
        }
    }
    rules
}

/// `HTTP/1.1 200 OK` and JSON with `score`, `required_score` and `symbols`.
fn of_rspamd(answer: &str) -> Result<SpamReport, String> {
    let (head, body) = halves(answer)?;
    let status = head.split_whitespace().nth(1).filter(|_| head.starts_with("HTTP/"));
    match status {
        Some("200") => {}
        Some(status) => return Err(format!("it answers with the status {}", cut(status))),
        None => return Err("what answers is no Rspamd".to_owned()),
    }
    let json: Json = serde_json::from_str(body).map_err(|_| "its answer is no JSON".to_owned())?;
    let number = |name: &str| json.get(name).and_then(Json::as_f64);
    let (score, threshold) =
        number("score").zip(number("required_score")).ok_or("its answer names no score".to_owned())?;
    let symbols = json.get("symbols").and_then(Json::as_object);
    let rule = |(name, symbol): (&String, &Json)| SpamRule {
        name: cut(name),
        points: symbol.get("score").and_then(Json::as_f64).unwrap_or_default(),
        description: cut(symbol.get("description").and_then(Json::as_str).unwrap_or_default()),
    };
    let rules = symbols.into_iter().flatten().take(MOST_RULES).map(rule).collect();
    Ok(SpamReport::new("rspamd", score, threshold, rules))
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "SPAMD/1.1 0 EX_OK\r\nContent-length: 700\r\nSpam: True ; 7.3 / 5.0\r\n\r\n\
        Spam detection software, running on the system \"mx\",\nhas identified this.\n\n\
        Content analysis details:   (7.3 points, 5.0 required)\n\n \
        pts rule name              description\n---- ---------------------- --------------------------------------------------\n\
        -0.1 DKIM_VALID             Message has at least one valid DKIM or DK signature\n \
        1.3 HTML_IMAGE_ONLY_08     BODY: HTML: images with 400-800 bytes of\n                            words\n \
        6.1 LONG_NAME_THAT_PUSHES_ITS_DESCRIPTION   RBL: listed\n                            [score: 0.9]\n\nThe rest.\n";

    #[test]
    fn a_report_of_spamd_is_read_with_its_rules() {
        let report = of_spamd(REPORT).expect("a report");
        assert_eq!((report.by, report.score, report.threshold, report.worrying), ("spamassassin", 7.3, 5.0, true));
        let rules: Vec<_> = report.rules.iter().map(|r| (r.points, r.name.as_str(), r.description.as_str())).collect();
        let expected = [
            (6.1, "LONG_NAME_THAT_PUSHES_ITS_DESCRIPTION", "RBL: listed [score: 0.9]"),
            (1.3, "HTML_IMAGE_ONLY_08", "BODY: HTML: images with 400-800 bytes of words"),
            (-0.1, "DKIM_VALID", "Message has at least one valid DKIM or DK signature"),
        ];
        assert_eq!(rules, expected);
    }

    #[test]
    fn an_answer_of_rspamd_is_read() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\
            {\"score\": 4.9, \"required_score\": 15.0, \"action\": \"add header\", \"symbols\": \
             {\"MIME_HTML_ONLY\": {\"name\": \"MIME_HTML_ONLY\", \"score\": 0.2, \"description\": \"No text\"}, \"R_SPF_FAIL\": {\"score\": 4.7}}}";
        let report = of_rspamd(answer).expect("a report");
        assert_eq!((report.score, report.threshold, report.worrying), (4.9, 15.0, false));
        assert_eq!(report.rules[0].name, "R_SPF_FAIL");
        assert_eq!(report.rules[1].description, "No text");
    }

    #[test]
    fn whatever_else_answers_is_told() {
        for (answer, part) in [
            ("", "hangs up"),
            ("220 mx ESMTP\r\n\r\n", "no spamd"),
            ("SPAMD/1.1 76 EX_PROTOCOL\r\n\r\n", "EX_PROTOCOL"),
            ("SPAMD/1.1 0 EX_OK\r\nSpam: True ; much / 5\r\n\r\n", "no score"),
        ] {
            let why = of_spamd(answer).expect_err("no report");
            assert!(why.contains(part), "{answer}: {why}");
        }
        for (answer, part) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", "403"),
            ("SPAMD/1.1 0 EX_OK\r\n\r\n", "no Rspamd"),
            ("HTTP/1.1 200 OK\r\n\r\n<html>", "no JSON"),
            ("HTTP/1.1 200 OK\r\n\r\n{}", "no score"),
        ] {
            let why = of_rspamd(answer).expect_err("no report");
            assert!(why.contains(part), "{answer}: {why}");
        }
    }
}
