//! What a template reads of records: `objects.KEY` is the list of an account's or a person's records of one object, newest first.
//!
//! The engine's own walk tells the names that a template reads, but not what it reads of an entry of a list. This one follows
//! records through loops, `set` and the filters that pass them on, so that each field is checked when the template is saved and
//! nothing else is copied. What it cannot follow is refused: a record as a whole is no value.

use std::collections::HashMap;

use minijinja::machinery::ast::{Call, CallArg, Expr, Macro, Stmt};
use minijinja::machinery::{Span, parse};

use crate::finding::Finding;

/// The namespace of records.
pub const OBJECTS: &str = "objects";

/// Filters behind which a list of records is still one.
const LIST_TO_LIST: &[&str] =
    &["sort", "top", "bottom", "selectattr", "rejectattr", "reverse", "unique", "distinct", "list", "default", "d"];
/// Filters that take one record out of a list.
const LIST_TO_ONE: &[&str] = &["first", "last", "head", "min", "max"];
/// Filters that make a list of records a plain value.
const LIST_TO_VALUE: &[&str] = &["length", "count", "count_values", "map"];
/// Filters whose first argument names a field; of all others only `attribute=` does.
const FIELD_FIRST: &[&str] = &["top", "bottom", "selectattr", "rejectattr"];

/// A field that a template reads of records, or their list as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRead {
    /// Key of the object.
    pub object: String,
    /// The field; none where the list is named.
    pub field: Option<String>,
    /// The filter that the field's value is handed to first.
    pub filter: Option<String>,
    /// Line of the text, from 1.
    pub line: u32,
}

impl ObjectRead {
    /// As a path: `objects.KEY` or `objects.KEY.FIELD`.
    pub fn path(&self) -> String {
        match &self.field {
            Some(field) => format!("{OBJECTS}.{}.{field}", self.object),
            None => format!("{OBJECTS}.{}", self.object),
        }
    }
}

/// What a template reads of records.
///
/// # Errors
/// `template_syntax`, or `record_as_value` where records are used in a way that cannot be followed.
pub fn object_reads(source: &str) -> Result<Vec<ObjectRead>, Finding> {
    if !source.contains(OBJECTS) {
        return Ok(Vec::new());
    }
    let template = parse(source, "", Default::default()).map_err(|error| super::syntax(&error))?;
    let mut walk = Walk { scopes: vec![HashMap::new()], reads: Vec::new(), refused: None };
    walk.statement(&template);
    match walk.refused {
        Some(finding) => Err(finding),
        None => Ok(walk.reads),
    }
}

/// What an expression holds of records.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holds {
    /// The namespace itself.
    Objects,
    /// A list of an object's records.
    List(String),
    /// One record.
    One(String),
    /// The `loop` of a list of records.
    Loop(String),
}

struct Walk<'a> {
    /// What names hold, innermost last; none: something else, which hides what is further out.
    scopes: Vec<HashMap<&'a str, Option<Holds>>>,
    reads: Vec<ObjectRead>,
    refused: Option<Finding>,
}

impl<'a> Walk<'a> {
    fn refuse(&mut self, span: Span, why: &str) {
        let line = u32::from(span.start_line);
        let message = format!("{why} (line {line} of this text).");
        let finding = Finding { line: Some(line), ..Finding::error("record_as_value", "", message) };
        self.refused.get_or_insert(finding);
    }

    fn read(&mut self, object: &str, field: Option<&str>, span: Span) {
        let line = u32::from(span.start_line);
        let field = field.map(str::to_owned);
        self.reads.push(ObjectRead { object: object.to_owned(), field, filter: None, line });
    }

    fn held(&self, name: &str) -> Option<Holds> {
        let known = self.scopes.iter().rev().find_map(|scope| scope.get(name));
        known.cloned().unwrap_or_else(|| (name == OBJECTS).then_some(Holds::Objects))
    }

    fn name(&mut self, target: &Expr<'a>, holds: Option<Holds>) {
        match target {
            Expr::Var(var) => {
                let Some(scope) = self.scopes.last_mut() else { return };
                let had = scope.insert(var.id, holds.clone());
                if had.is_some_and(|had| had != holds) {
                    self.refuse(var.span(), "A name that holds records keeps to one object; take another name");
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.name(item, None)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.name(item, None)),
            _ => {}
        }
        if holds.is_some() && !matches!(target, Expr::Var(_)) {
            self.refuse(target.span(), "Records are given one name, nothing else");
        }
    }

    fn statements(&mut self, all: &[Stmt<'a>]) {
        all.iter().for_each(|statement| self.statement(statement));
    }

    /// … with names of their own.
    fn inside(&mut self, own: impl FnOnce(&mut Self)) {
        self.scopes.push(HashMap::new());
        own(self);
        self.scopes.pop();
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.value(&emit.expr),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(repeat) => {
                let over = match self.expression(&repeat.iter) {
                    Some(Holds::List(object)) => Some(object),
                    None => None,
                    Some(_) => {
                        self.refuse(repeat.iter.span(), "A record is no list; repeat over `objects.KEY`");
                        None
                    }
                };
                if over.is_some() && repeat.recursive {
                    self.refuse(repeat.iter.span(), "A loop over records cannot be `recursive`");
                }
                self.inside(|walk| {
                    walk.name(&repeat.target, over.clone().map(Holds::One));
                    if let Some(scope) = walk.scopes.last_mut() {
                        scope.insert("loop", over.map(Holds::Loop));
                    }
                    walk.asked(repeat.filter_expr.iter());
                    walk.statements(&repeat.body);
                });
                self.inside(|walk| walk.statements(&repeat.else_body));
            }
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr);
                self.statements(&condition.true_body);
                self.statements(&condition.false_body);
            }
            Stmt::WithBlock(with) => self.inside(|walk| {
                for (target, value) in &with.assignments {
                    let holds = walk.expression(value);
                    walk.name(target, holds);
                }
                walk.statements(&with.body);
            }),
            Stmt::Set(set) => {
                let holds = self.expression(&set.expr);
                self.name(&set.target, holds);
            }
            Stmt::SetBlock(block) => {
                self.asked(block.filter.iter());
                self.inside(|walk| walk.statements(&block.body));
                self.name(&block.target, None);
            }
            Stmt::AutoEscape(block) => {
                self.value(&block.enabled);
                self.statements(&block.body);
            }
            Stmt::FilterBlock(block) => {
                self.value(&block.filter);
                self.statements(&block.body);
            }
            Stmt::Macro(declared) => self.declared(declared),
            Stmt::CallBlock(block) => {
                self.call(&block.call);
                self.declared(&block.macro_decl);
            }
            Stmt::Do(done) => drop(self.call(&done.call)),
        }
    }

    fn declared(&mut self, declared: &Macro<'a>) {
        declared.defaults.iter().for_each(|value| self.value(value));
        self.inside(|walk| {
            declared.args.iter().for_each(|argument| walk.name(argument, None));
            walk.statements(&declared.body);
        });
    }

    /// Expressions that are only asked whether they hold.
    fn asked<'b>(&mut self, all: impl Iterator<Item = &'b Expr<'a>>)
    where
        'a: 'b,
    {
        all.for_each(|expression| drop(self.expression(expression)));
    }

    /// An expression that is used as a plain value.
    fn value(&mut self, expression: &Expr<'a>) {
        match self.expression(expression) {
            None => {}
            Some(Holds::One(object)) => {
                let why = format!("A record of `{object}` as a whole is no value; name one of its fields");
                self.refuse(expression.span(), &why);
            }
            Some(Holds::List(object)) => {
                let why = format!(
                    "`objects.{object}` is a list; repeat over it with `for`, take one with `| first`, or count with `| length`"
                );
                self.refuse(expression.span(), &why);
            }
            Some(Holds::Objects | Holds::Loop(_)) => {
                self.refuse(
                    expression.span(),
                    "`objects` as a whole is no value; name one, like `objects.opportunity`",
                );
            }
        }
    }

    fn arguments(&mut self, all: &[CallArg<'a>]) {
        for argument in all {
            let (CallArg::Pos(value)
            | CallArg::Kwarg(_, value)
            | CallArg::PosSplat(value)
            | CallArg::KwargSplat(value)) = argument;
            self.value(value);
        }
    }

    fn call(&mut self, call: &Call<'a>) -> Option<Holds> {
        self.value(&call.expr);
        self.arguments(&call.args);
        None
    }

    fn expression(&mut self, expression: &Expr<'a>) -> Option<Holds> {
        match expression {
            Expr::Var(var) => self.held(var.id),
            Expr::Const(_) => None,
            Expr::Slice(slice) => {
                self.asked([&slice.start, &slice.stop, &slice.step].into_iter().flatten());
                self.expression(&slice.expr)
            }
            Expr::UnaryOp(operation) => {
                self.expression(&operation.expr);
                None
            }
            Expr::BinOp(operation) => {
                self.asked([&operation.left, &operation.right].into_iter());
                None
            }
            Expr::Compare(compared) => {
                self.asked(std::iter::once(&compared.expr).chain(compared.ops.iter().map(|op| &op.expr)));
                None
            }
            Expr::IfExpr(chosen) => {
                self.expression(&chosen.test_expr);
                let one = self.expression(&chosen.true_expr);
                let other = chosen.false_expr.as_ref().map(|other| self.expression(other));
                if other.is_some_and(|other| other != one) && one.is_some() {
                    self.refuse(chosen.test_expr.span(), "Either way it must be records of one object, or none");
                }
                one
            }
            Expr::Filter(filter) => self.filtered(filter.name, filter.expr.as_ref(), &filter.args),
            Expr::Test(test) => {
                self.expression(&test.expr);
                self.arguments(&test.args);
                None
            }
            Expr::GetAttr(part) => {
                let of = self.expression(&part.expr);
                self.part(of, Some(part.name), expression.span())
            }
            Expr::GetItem(item) => {
                let of = self.expression(&item.expr);
                self.value(&item.subscript_expr);
                match (of, item.subscript_expr.as_const()) {
                    (Some(Holds::List(object)), Some(at)) if at.is_integer() => Some(Holds::One(object)),
                    (of, at) => {
                        let name = at.as_ref().and_then(minijinja::Value::as_str);
                        self.part(of, name, expression.span())
                    }
                }
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                list.items.iter().for_each(|item| self.value(item));
                None
            }
            Expr::Tuple(tuple) => {
                tuple.items.iter().for_each(|item| self.value(item));
                None
            }
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|item| self.value(item));
                None
            }
        }
    }

    /// `x.NAME` or `x["NAME"]`; without a name that is known by now nothing can be said of it.
    fn part(&mut self, of: Option<Holds>, name: Option<&str>, span: Span) -> Option<Holds> {
        match (of?, name) {
            (Holds::Objects, Some(object)) => {
                self.read(object, None, span);
                Some(Holds::List(object.to_owned()))
            }
            (Holds::One(object), Some(field)) => {
                self.read(&object, Some(field), span);
                None
            }
            (Holds::Loop(object), Some("previtem" | "nextitem")) => Some(Holds::One(object)),
            (Holds::Loop(_), Some(_)) => None,
            (Holds::List(object), Some(field)) => {
                let why = format!(
                    "`objects.{object}` is a list, so `.{field}` is none of it; repeat over it, or take one with `| first`"
                );
                self.refuse(span, &why);
                None
            }
            (_, None) => {
                self.refuse(span, "A field of a record is named as it is, not by a value");
                None
            }
        }
    }

    fn filtered(&mut self, filter: &str, of: Option<&Expr<'a>>, arguments: &[CallArg<'a>]) -> Option<Holds> {
        let before = self.reads.len();
        let of = of?;
        let held = self.expression(of);
        // What was read last is what is handed on, where the value is a field by itself.
        if held.is_none()
            && matches!(of, Expr::GetAttr(_) | Expr::GetItem(_))
            && self.reads.len() > before
            && let Some(read) = self.reads.last_mut().filter(|read| read.field.is_some())
        {
            read.filter = Some(filter.to_owned());
        }
        self.arguments(arguments);
        match held? {
            Holds::List(object) => {
                self.fields_in(&object, filter, arguments, of.span());
                match filter {
                    _ if LIST_TO_LIST.contains(&filter) => Some(Holds::List(object)),
                    _ if LIST_TO_ONE.contains(&filter) => Some(Holds::One(object)),
                    _ if LIST_TO_VALUE.contains(&filter) => None,
                    _ => {
                        let why = format!(
                            "`{filter}` cannot be used on `objects.{object}`; take a field of it with `| map(attribute=\"…\")` first"
                        );
                        self.refuse(of.span(), &why);
                        None
                    }
                }
            }
            one @ Holds::One(_) if matches!(filter, "default" | "d") => Some(one),
            _ => {
                self.value(of);
                None
            }
        }
    }

    /// The fields that a filter's arguments name.
    fn fields_in(&mut self, object: &str, filter: &str, arguments: &[CallArg<'a>], span: Span) {
        let mut named = false;
        for (n, argument) in arguments.iter().enumerate() {
            let value = match argument {
                CallArg::Pos(value) if n == 0 && FIELD_FIRST.contains(&filter) => value,
                CallArg::Kwarg("attribute", value) => value,
                _ => continue,
            };
            match value.as_const().as_ref().and_then(minijinja::Value::as_str) {
                Some(field) => self.read(object, Some(field), span),
                None => self.refuse(span, "The field that a filter looks at is named as it is, not by a value"),
            }
            named = true;
        }
        if !named && (FIELD_FIRST.contains(&filter) || matches!(filter, "map" | "sort" | "unique" | "min" | "max")) {
            let why = format!("`{filter}` needs the field that it looks at: `{filter}(attribute=\"…\")`");
            self.refuse(span, &why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Vec<String> {
        let mut paths: Vec<String> = object_reads(source).expect(source).iter().map(ObjectRead::path).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    #[test]
    fn fields_are_followed_through_loops_names_and_filters() {
        for source in [
            "{% for deal in objects.deal %}{{ deal.name }}{% endfor %}",
            "{% for deal in objects.deal | default([]) %}{{ loop.index }}{{ deal['name'] | upper }}{% endfor %}",
            "{{ objects.deal[0].name }}{{ objects['deal'] | length }}",
            "{{ (objects.deal | first).name }}",
            "{% set mine = objects.deal %}{% with one = mine | last %}{{ one.name }}{% endwith %}",
            "{{ objects.deal | map(attribute='name') | join(', ') }}",
            "{% if objects.deal and not (objects.deal | first).name %}none{% endif %}",
            "{% for deal in objects.deal if deal.name %}{{ loop.first }}{% else %}none{% endfor %}",
            "{% for deal in objects.deal[:3] %}{{ loop.previtem.name }}{% endfor %}",
        ] {
            assert_eq!(read(source), ["objects.deal", "objects.deal.name"], "{source}");
        }
        let top =
            "{% for deal in objects.deal | top('amount', 3) | selectattr('is_open') %}{{ deal.name }}{% endfor %}";
        assert_eq!(read(top), ["objects.deal", "objects.deal.amount", "objects.deal.is_open", "objects.deal.name"]);
        let two = "{% for a in objects.a %}{% for b in objects.b %}{{ a.x }}{{ b.y }}{% endfor %}{{ b.z }}{% endfor %}";
        assert_eq!(read(two), ["objects.a", "objects.a.x", "objects.b", "objects.b.y"]);
    }

    #[test]
    fn names_of_the_templates_own_hide_what_is_further_out() {
        let hidden = "{% for deal in objects.deal %}{% for deal in [1] %}{{ deal.name }}{% endfor %}{% endfor %}";
        assert_eq!(read(hidden), ["objects.deal"]);
        assert_eq!(read("{% set objects = 1 %}{{ objects.deal }}"), [""; 0]);
        assert_eq!(read("All objects are {{ person.first_name }}'s"), [""; 0]);
    }

    #[test]
    fn a_record_as_a_whole_is_no_value_and_the_line_says_where() {
        for source in [
            "\n{{ objects.deal }}",
            "\n{{ objects }}",
            "\n{% for deal in objects.deal %}{{ deal }}{% endfor %}",
            "\n{{ objects.deal.name }}",
            "\n{{ objects.deal | join(', ') }}",
            "\n{{ objects.deal | sort }}",
            "\n{{ objects.deal | map('upper') }}",
            "\n{{ (objects.deal | first)[person.key] }}",
            "\n{{ objects[person.key] }}",
            "\n{{ [objects.deal] | length }}",
            "\n{% for key in objects.deal | first %}{{ key }}{% endfor %}",
            "\n{% set x = objects.a %}{% set x = objects.b %}",
            "\n{{ range(objects.deal) }}",
            "\n{{ objects.deal | map(attribute=person.key) }}",
        ] {
            let refused = object_reads(source).expect_err(source);
            assert_eq!((refused.code.as_str(), refused.line), ("record_as_value", Some(2)), "{source}: {refused:?}");
        }
    }

    #[test]
    fn the_filter_that_a_field_is_handed_to_is_known() {
        let reads =
            object_reads("{% for d in objects.deal %}{{ d.amount | format_date | upper }}{% endfor %}").unwrap();
        assert_eq!(reads.last().and_then(|read| read.filter.as_deref()), Some("format_date"));
    }
}
