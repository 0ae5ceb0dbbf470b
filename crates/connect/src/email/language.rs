//! In which language a design is, written where those look who read it aloud, translate it or lay it out.

use std::cell::Cell;

use caravan_model::document::{DEFAULT_LANGUAGE, Direction, is_language};
use lol_html::html_content::Element;

use super::content::{EmailBody, EmailContent};

/// What MJML writes where nobody says it.
const UNDETERMINED: &str = "und";

/// The language of an email.
#[derive(Debug, Clone)]
pub struct Language<'a> {
    /// What the email says.
    own: Option<&'a str>,
    /// What holds where neither it nor its design says anything.
    other: &'a str,
    /// The design was laid out by us, from left to right.
    laid_out: bool,
    /// Which way the document runs, once its beginning was read.
    way: Cell<Direction>,
}

impl<'a> Language<'a> {
    /// … as its content has it.
    pub fn of(content: &'a EmailContent) -> Self {
        let known = |tag: &'a Option<String>| tag.as_deref().filter(|tag| is_language(tag));
        Self {
            own: known(&content.language),
            other: known(&content.default_language).unwrap_or(DEFAULT_LANGUAGE),
            laid_out: matches!(content.body, EmailBody::Mjml(_)),
            way: Cell::new(Direction::LeftToRight),
        }
    }

    /// Writes it on the document or its body. What a design says itself holds unless the email says otherwise.
    pub fn written_on(&self, el: &mut Element<'_, '_>) -> lol_html::HandlerResult {
        let said = el.get_attribute("lang").filter(|tag| !tag.trim().is_empty() && tag != UNDETERMINED);
        let tag = self.own.or(said.as_deref()).unwrap_or(self.other);
        let way = el.get_attribute("dir").filter(|way| self.own.is_none() && matches!(way.as_str(), "ltr" | "rtl"));
        let way = match way.as_deref() {
            Some("rtl") => Direction::RightToLeft,
            Some(_) => Direction::LeftToRight,
            None => Direction::of(tag),
        };
        self.way.set(way);
        el.set_attribute("lang", tag)?;
        el.set_attribute("dir", way.key())?;
        Ok(())
    }

    /// Lays a part of the design out the other way where the document runs from right to left.
    pub fn turned(&self, el: &mut Element<'_, '_>) -> lol_html::HandlerResult {
        if !self.laid_out || self.way.get() == Direction::LeftToRight {
            return Ok(());
        }
        if let Some(style) = el.get_attribute("style").filter(|style| style.contains("direction:ltr")) {
            el.set_attribute("style", &style.replace("direction:ltr", "direction:rtl"))?;
        }
        Ok(())
    }
}
