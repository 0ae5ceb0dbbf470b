//! The sales alert: a picture of a buying group as an email to colleagues, from the effect alone.
//!
//! Not tracked, nothing to unsubscribe from.

use caravan_catalog::effects::SalesAlertEffect;
use caravan_connect::{EmailMessage, Mailbox};
use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::json;

const HTML: &str = include_str!("sales_alert.html");

/// The message, without its recipient.
pub fn message(effect: &SalesAlertEffect, public_url: &str) -> Result<EmailMessage, minijinja::Error> {
    let facts = facts(effect);
    let app = public_url.trim_end_matches('/');
    let url = match &effect.group_id {
        Some(group) => format!("{app}/groups/{}", encoded(group)),
        None => format!("{app}/accounts/{}", encoded(&effect.account)),
    };
    let mut env = Environment::new();
    // The name's ending switches escaping on.
    env.add_template("sales_alert.html", HTML)?;
    let values = json!({
        "organisation": effect.organisation,
        "group": effect.group,
        "account_name": effect.account_name,
        "interest_name": effect.interest_name,
        "facts": facts,
        "missing_roles": effect.missing_roles,
        "members": effect.members.iter().map(|member| (member, percent(member.engagement))).collect::<Vec<_>>(),
        "topics": effect.topics,
        "doings": effect.doings,
        "moments": effect.moments,
        "url": url,
    });
    let html = env.get_template("sales_alert.html")?.render(minijinja::Value::from(Serde(values)))?;
    Ok(EmailMessage {
        to: Mailbox::bare(""),
        cc: Vec::new(),
        from: None,
        reply_to: None,
        subject: format!("Sales alert: {}", effect.group),
        html: Some(html),
        text: text(effect, &facts, &url),
        unsubscribe: None,
        list_id: None,
        feedback_id: None,
        return_path: None,
        signer: None,
        auto_submitted: true,
        proof: false,
    })
}

fn percent(value: Option<f64>) -> Option<String> {
    value.map(|value| format!("{} %", value.round()))
}

fn facts(effect: &SalesAlertEffect) -> Vec<(&'static str, String)> {
    let all = [
        ("Stage", effect.stage.clone()),
        ("Status", effect.status.clone()),
        ("Completeness", percent(effect.completeness)),
        ("Engagement", percent(effect.engagement)),
    ];
    all.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

fn text(effect: &SalesAlertEffect, facts: &[(&str, String)], url: &str) -> String {
    let mut lines: Vec<String> = effect.organisation.iter().cloned().collect();
    lines.extend([effect.group.clone(), format!("{}, {}", effect.account_name, effect.interest_name), String::new()]);
    lines.extend(facts.iter().map(|(label, value)| format!("{label}: {value}")));
    if !effect.missing_roles.is_empty() {
        lines.push(format!("Roles still missing: {}", effect.missing_roles.join(", ")));
    }
    if !effect.doings.is_empty() {
        let told = effect.doings.iter().map(|(what, n)| format!("{what}: {n}"));
        lines.extend([String::new(), "In the last 30 days".to_owned()].into_iter().chain(told));
    }
    if !effect.topics.is_empty() {
        lines.extend([String::new(), format!("What they read about: {}", effect.topics.join(", "))]);
    }
    if !effect.moments.is_empty() {
        let told = effect.moments.iter().map(|(who, what)| format!("{who}: {what}"));
        lines.extend([String::new(), "Interesting moments".to_owned()].into_iter().chain(told));
    }
    for member in &effect.members {
        lines.push(String::new());
        lines.push(format!("{}, {}", member.name, member.role));
        lines.extend([&member.title, &member.email, &member.phone].into_iter().flatten().cloned());
        lines.extend(percent(member.engagement).map(|engagement| format!("Engagement: {engagement}")));
        lines.extend(member.moment.iter().map(|moment| format!("Interesting moment: {moment}")));
        lines.extend(member.latest.iter().cloned());
    }
    lines.extend([String::new(), url.to_owned(), String::new()]);
    lines.join("\n")
}

/// A key as one part of a path.
fn encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use caravan_catalog::effects::AlertMember;

    use super::*;

    /// An alert about Acme to two addresses.
    pub fn effect() -> SalesAlertEffect {
        SalesAlertEffect {
            connection: "mail".into(),
            journey: "hello".into(),
            node: 1,
            to: vec!["one@example.com".into(), "two@example.com".into()],
            organisation: Some("Acme & Sons".into()),
            group: "CRM for Acme <Ltd>".into(),
            group_id: Some("grp_7".into()),
            solution_interest: "crm".into(),
            interest_name: "CRM".into(),
            account: "a/1".into(),
            account_name: "Acme <Ltd>".into(),
            engagement: None,
            completeness: Some(66.6667),
            stage: Some("Engaged".into()),
            status: None,
            missing_roles: vec!["Influencer".into()],
            doings: vec![("Clicked in an email".into(), 2)],
            topics: vec!["pricing".into(), "webinar".into()],
            moments: vec![("Ada & Co".into(), "Asked for <prices>".into())],
            members: vec![AlertMember {
                person: "p-1".into(),
                name: "Ada & Co".into(),
                title: Some("Chief Officer".into()),
                role: "Decision Maker".into(),
                email: Some("ada@acme.example".into()),
                phone: None,
                engagement: Some(41.5),
                doings: 2,
                latest: vec!["Clicked in an email, 2026-11-30".into()],
                moment: Some("Asked for <prices>, 2026-11-29".into()),
            }],
        }
    }

    #[test]
    fn an_alert_shows_the_group_escaped_and_leads_to_its_page() {
        let message = message(&effect(), "https://go.acme.example/").expect("a message");
        let html = message.html.expect("an HTML part");
        assert!(
            html.contains("Acme &lt;Ltd&gt;") && html.contains("Ada &amp; Co") && !html.contains("<Ltd>"),
            "{html}"
        );
        assert!(html.contains("67 %") && !html.contains("Status"), "what is not known is left out: {html}");
        assert_eq!(
            message.text,
            "Acme & Sons\nCRM for Acme <Ltd>\nAcme <Ltd>, CRM\n\nStage: Engaged\nCompleteness: 67 %\nRoles still missing: Influencer\n\n\
             In the last 30 days\nClicked in an email: 2\n\nWhat they read about: pricing, webinar\n\nInteresting moments\nAda & Co: Asked for <prices>\n\n\
             Ada & Co, Decision Maker\nChief Officer\nada@acme.example\nEngagement: 42 %\nInteresting moment: Asked for <prices>, 2026-11-29\nClicked in an email, 2026-11-30\n\nhttps://go.acme.example/groups/grp_7\n"
        );
        let unnamed = SalesAlertEffect { group_id: None, organisation: None, ..effect() };
        let message = super::message(&unnamed, "https://go.acme.example").expect("a message");
        assert!(message.text.contains("https://go.acme.example/accounts/a%2F1"), "{}", message.text);
        let message = super::message(&effect(), "https://go.acme.example/").expect("a message");
        assert!(message.auto_submitted && message.unsubscribe.is_none());
    }
}
