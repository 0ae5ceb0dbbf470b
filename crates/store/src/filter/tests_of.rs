//! Each kind of test as SQL.

use caravan_model::DocumentId;
use caravan_model::attribute::Subject;
use caravan_model::clock::to_micros;
use caravan_model::condition::{
    AttributeTest, Checks, FieldTest, GroupTest, HasObject, HasPeople, HistoryTest, MemberTest, Name, ScoreTest, Test,
};
use caravan_model::text::Folded;
use caravan_model::value::ValueType;

use super::{Bound, Column, Constant, FALSE, Who, Writer, all, not};
use crate::session::Dialect;

impl Writer<'_> {
    pub(super) fn test(&mut self, test: &Test, who: Who, bound: Bound) -> String {
        match (test, who) {
            (Test::Attribute(test), _) => self.attribute_test(test, who, bound),
            (Test::InList(test), _) if subject_of(who) == test.subject => self.in_list(&test.lists, who),
            (Test::BuyingGroup(test), Who::Account) => {
                let group = self.group(test, bound);
                exists("buying_group AS g", vec!["g.account_id = a.id".to_owned(), group])
            }
            (Test::HasPeople(test), Who::Account) => self.has_people(test, bound),
            (Test::HasObject(test), _) => self.has_object(test, who, bound),
            (Test::Score(test), Who::Person { .. }) => self.score(test, bound),
            (Test::MemberOfGroup(test), Who::Person { within }) => self.member(test, within, bound),
            (Test::RoleInAccount(roles), Who::Person { within }) => self.role_in_account(roles, within),
            (Test::Persona(test), Who::Person { .. }) => match &test.who {
                Some(like) => self.expr(like, who, bound),
                None => FALSE.to_owned(),
            },
            (Test::Did(test), Who::Person { .. }) => self.did(test, bound),
            _ => FALSE.to_owned(),
        }
    }

    fn attribute_test(&mut self, test: &AttributeTest, who: Who, bound: Bound) -> String {
        if test.subject != subject_of(who) {
            return FALSE.to_owned();
        }
        let column = self.attribute(test.subject, test.no);
        self.checks(&column, &test.checks, bound)
    }

    fn in_list(&mut self, lists: &[Name], who: Who) -> String {
        let Some(lists) = self.ids(lists) else { return FALSE.to_owned() };
        let subject = format!("m.subject_id = {}.id", who.alias());
        exists("list_member AS m", vec![format!("m.list_id {{in:{lists}}}"), subject])
    }

    /// The placeholder of the documents that are known; none where there is none.
    fn ids(&mut self, names: &[Name]) -> Option<String> {
        let ids: Vec<i64> = names.iter().filter_map(|name| name.id).map(|id| id.0).collect();
        (!ids.is_empty()).then(|| self.bind(Constant::Ints(ids)))
    }

    /// What the group `g` must be like.
    fn group(&mut self, test: &GroupTest, bound: Bound) -> String {
        let mut parts = vec!["g.archived_at IS NULL".to_owned()];
        if !test.interests.is_empty() {
            match self.ids(&test.interests) {
                Some(interests) => parts.push(format!("g.interest_id {{in:{interests}}}")),
                None => return FALSE.to_owned(),
            }
        }
        let columns = [
            ("g.stage", ValueType::String, &test.stage),
            ("g.status", ValueType::String, &test.status),
            ("g.completeness", ValueType::Number, &test.completeness),
            ("g.engagement", ValueType::Number, &test.engagement),
        ];
        for (sql, of, checks) in columns {
            parts.push(self.column_checks(sql, of, checks, bound));
        }
        for wanted in test.roles.iter().filter(|wanted| wanted.at_least > 0) {
            let is_role = self.is_one_of("m2.role", std::slice::from_ref(&wanted.role));
            let members = vec!["m2.group_id = g.id".to_owned(), not("m2.removed"), is_role];
            let at_least = self.bind(Constant::Int(wanted.at_least as i64));
            parts.push(format!("({} >= {at_least})", count("group_member AS m2", members)));
        }
        all(parts)
    }

    fn column_checks(&mut self, sql: &str, of: ValueType, checks: &Checks, bound: Bound) -> String {
        self.checks(&Column { sql: sql.to_owned(), of }, checks, bound)
    }

    fn has_people(&mut self, test: &HasPeople, bound: Bound) -> String {
        let mut parts = Vec::new();
        if test.at_least > 0 {
            let people = self.people(test, bound);
            parts.push(self.at_least(PEOPLE, people, test.at_least));
        }
        if let Some(most) = test.at_most {
            // The fewer are found, the more accounts are let through.
            let people = self.people(test, bound.flipped());
            let too_many = self.at_least(PEOPLE, people, most.saturating_add(1));
            parts.push(not(&too_many));
        }
        all(parts)
    }

    fn people(&mut self, test: &HasPeople, bound: Bound) -> Vec<String> {
        let who = self.expr(&test.who, Who::Person { within: true }, bound);
        vec!["r.account_id = a.id".to_owned(), not("p.test_profile"), who]
    }

    /// At least so many rows. Counting ends as soon as the answer stands.
    fn at_least(&mut self, from: &str, conditions: Vec<String>, n: u64) -> String {
        if n == 1 {
            return exists(from, conditions);
        }
        let n = self.bind(Constant::Int(i64::try_from(n).unwrap_or(i64::MAX)));
        let conditions = all(conditions);
        format!("((SELECT COUNT(*) FROM (SELECT 1 AS one FROM {from} WHERE {conditions} LIMIT {n}) AS found) >= {n})")
    }

    fn has_object(&mut self, test: &HasObject, who: Who, bound: Bound) -> String {
        let Some(object) = test.object.id.filter(|id| self.belongs_to(*id, who)) else { return FALSE.to_owned() };
        let object = self.bind(Constant::Int(object.0));
        let mut parts = vec![format!("o.object_id = {object}"), format!("o.subject_id = {}.id", who.alias())];
        parts.push(self.fields("o.fields", &test.fields, bound));
        exists("object_record AS o", parts)
    }

    fn belongs_to(&self, object: DocumentId, who: Who) -> bool {
        self.ground.objects_of_accounts.contains(&object) == (who == Who::Account)
    }

    fn score(&mut self, test: &ScoreTest, bound: Bound) -> String {
        let score = test.score.id.map_or(-1, |id| id.0);
        let score = self.bind(Constant::Int(score));
        let sql = format!(
            "COALESCE((SELECT s.value FROM person_score AS s WHERE s.person_id = p.id AND s.score_id = {score}), 0)"
        );
        self.column_checks(&sql, ValueType::Integer, &test.checks, bound)
    }

    fn member(&mut self, test: &MemberTest, within: bool, bound: Bound) -> String {
        let removed = if test.removed { "m.removed".to_owned() } else { not("m.removed") };
        let mut parts = vec!["m.person_id = p.id".to_owned(), removed];
        parts.extend(within.then(|| "g.account_id = r.account_id".to_owned()));
        parts.push(self.column_checks("m.role", ValueType::String, &test.role, bound));
        parts.push(self.group(&test.group, bound));
        exists("group_member AS m JOIN buying_group AS g ON g.id = m.group_id", parts)
    }

    fn role_in_account(&mut self, roles: &[Folded], within: bool) -> String {
        let is_role = self.is_one_of("held.value", roles);
        let held = match self.dialect {
            Dialect::Sqlite => "json_each(r.roles) AS held",
            Dialect::Postgres => {
                "jsonb_array_elements_text(CASE jsonb_typeof(r.roles) WHEN 'array' THEN r.roles ELSE '[]' END) \
                 AS held (value)"
            }
        };
        let has_role = exists(held, vec![is_role]);
        match within {
            true => has_role,
            false => exists("account_person AS r", vec!["r.person_id = p.id".to_owned(), has_role]),
        }
    }

    fn did(&mut self, test: &HistoryTest, bound: Bound) -> String {
        let bound = if test.negated { bound.flipped() } else { bound };
        let did = match test.query.range(self.ground.context) {
            None => FALSE.to_owned(),
            Some(range) => {
                let kind = self.bind(Constant::Text(test.query.activity.clone()));
                let to = self.bind(Constant::Int(to_micros(range.to)));
                let mut parts =
                    vec!["v.person_id = p.id".to_owned(), format!("v.type = {kind}"), format!("v.at <= {to}")];
                if let Some(from) = range.from {
                    let from = self.bind(Constant::Int(to_micros(from)));
                    parts.push(format!("v.at >= {from}"));
                }
                parts.push(self.fields("v.fields", &test.query.fields, bound));
                self.at_least("activity AS v", parts, test.at_least)
            }
        };
        if test.negated { not(&did) } else { did }
    }

    fn fields(&mut self, container: &str, tests: &[FieldTest], bound: Bound) -> String {
        let parts = tests.iter().map(|test| self.field_checks(container, &test.field, &test.checks, bound)).collect();
        all(parts)
    }

    /// Whether a text is one of these.
    pub(super) fn is_one_of(&mut self, sql: &str, texts: &[Folded]) -> String {
        let texts = known(texts);
        if texts.is_empty() {
            return FALSE.to_owned();
        }
        let n = self.bind(Constant::Texts(texts));
        format!("COALESCE(caravan_fold({sql}) {{in:{n}}}, FALSE)")
    }

    /// Whether the folded text `sql` has any of these somewhere: `begins` at its beginning.
    pub(super) fn has_any(&mut self, sql: &str, texts: &[Folded], begins: bool) -> String {
        let texts = known(texts);
        if texts.is_empty() {
            return FALSE.to_owned();
        }
        let n = self.bind(Constant::Texts(texts));
        let wanted = match self.dialect {
            Dialect::Sqlite => format!("rarray(${n}) AS wanted"),
            Dialect::Postgres => format!("unnest(CAST(${n} AS TEXT[])) AS wanted (value)"),
        };
        let found = match (begins, self.dialect) {
            (true, _) => "substr(text.folded, 1, length(wanted.value)) = wanted.value",
            (false, Dialect::Sqlite) => "instr(text.folded, wanted.value) > 0",
            (false, Dialect::Postgres) => "strpos(text.folded, wanted.value) > 0",
        };
        let text = format!("(SELECT caravan_fold({sql}) AS folded) AS text");
        exists(&format!("{text} CROSS JOIN {wanted}"), vec![found.to_owned()])
    }
}

const PEOPLE: &str = "account_person AS r JOIN person AS p ON p.id = r.person_id";

/// No stored text holds a NUL, which PostgreSQL would refuse to be asked for.
fn known(texts: &[Folded]) -> Vec<String> {
    texts.iter().map(|text| text.folded().to_owned()).filter(|text| !text.contains('\0')).collect()
}

fn subject_of(who: Who) -> Subject {
    match who {
        Who::Account => Subject::Account,
        Who::Person { .. } => Subject::Person,
    }
}

fn exists(from: &str, conditions: Vec<String>) -> String {
    format!("EXISTS (SELECT 1 FROM {from} WHERE {})", all(conditions))
}

fn count(from: &str, conditions: Vec<String>) -> String {
    format!("(SELECT COUNT(*) FROM {from} WHERE {})", all(conditions))
}
