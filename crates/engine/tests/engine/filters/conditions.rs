//! Conditions by chance: every kind of test, every operator, values that are near to those of the data.

use caravan_model::attribute::Subject;
use serde_json::{Map, Value as Json, json};

/// A small generator of its own (splitmix64), so that a seed means the same for ever.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

pub const TEXTS: &[&str] = &[
    "Retail",
    "RETAIL",
    "retailer",
    "Straße",
    "STRASSE",
    "Cafe\u{301}",
    "café",
    "r%",
    "_",
    "",
    "ſtall",
    "İstanbul",
    "ŠKODA",
    "škoda",
    "ﬁnance",
    "Finance",
    "a\\b",
];
pub const ROLES: &[&str] = &["Owner", "owner", "Buyer", "Käufer", "KÄUFER"];
pub const DAYS: &[&str] = &["2026-11-29", "2026-11-30", "2026-12-01", "2026-12-02", "1990-02-28"];
pub const INSTANTS: &[&str] = &[
    "2026-11-30T22:59:59.999999Z",
    "2026-11-30T23:00:00Z",
    "2026-12-01T11:00:00Z",
    "2026-12-01T11:00:00.5Z",
    "2026-12-01T11:00:00.25Z",
    "2026-12-02T00:30:00+02:00",
    "1999-12-31T23:59:59Z",
];
pub const NUMBERS: &[f64] = &[-2.5, -1.0, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 9_007_199_254_740_993.0, 1e19];
pub const WHOLES: &[i64] = &[-2, -1, 0, 1, 2, 3, 9_007_199_254_740_993, i64::MAX, i64::MIN];

pub struct Generator {
    dice: Dice,
}

impl Generator {
    pub fn new(seed: u64, case: u64) -> Self {
        Self { dice: Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(case)) }
    }

    pub fn condition(&mut self, subject: Subject) -> Json {
        self.expr(subject, 3)
    }

    fn expr(&mut self, subject: Subject, depth: u64) -> Json {
        let joint = if depth == 0 { 9 } else { self.dice.below(9) };
        match joint {
            0 => json!({"all": self.parts(subject, depth)}),
            1 | 2 => json!({"any": self.parts(subject, depth)}),
            3 => json!({"not": self.expr(subject, depth - 1)}),
            _ => self.test(subject, depth),
        }
    }

    fn parts(&mut self, subject: Subject, depth: u64) -> Vec<Json> {
        (0..self.dice.below(4)).map(|_| self.expr(subject, depth - 1)).collect()
    }

    fn test(&mut self, subject: Subject, depth: u64) -> Json {
        match subject {
            Subject::Account => match self.dice.below(9) {
                0..=2 => self.attribute("account"),
                3 => json!({"in_account_list": self.one_or_several(&["gold", "silver"])}),
                4 | 5 => json!({"buying_group": self.group(true)}),
                6 | 7 => self.has_people(depth),
                _ => self.has(
                    "opportunity",
                    &["name", "amount", "is_closed", "expected_close_date", "fiscal_year", "created_date"],
                ),
            },
            Subject::Person => match self.dice.below(12) {
                0..=2 => self.attribute("person"),
                3 => json!({"in_people_list": self.one_or_several(&["friends", "foes"])}),
                4 | 5 => {
                    let mut group = self.group(false);
                    if self.dice.chance(40) {
                        group["role"] = json!(self.dice.pick(ROLES));
                    }
                    if self.dice.chance(40) {
                        group["removed"] = json!(self.dice.chance(50));
                    }
                    json!({"member_of_buying_group": group})
                }
                6 => json!({"role_in_account": self.one_or_several(ROLES)}),
                7 => {
                    let mut test = self.operators(Some("integer"), 2);
                    test.insert("score".to_owned(), json!("heat"));
                    Json::Object(test)
                }
                8 => self.has("licence", &["plan", "seats", "until", "weight"]),
                9 => json!({"in_external_audience": self.one_or_several(&["retarget", "lookalike"])}),
                _ => self.did(),
            },
        }
    }

    fn attribute(&mut self, of: &str) -> Json {
        let (key, kind) = match of {
            "account" => *self.dice.pick(&[
                ("industry", "string"),
                ("employees", "integer"),
                ("annual_revenue", "number"),
                ("parent_key", "string"),
                ("a_string", "string"),
                ("a_integer", "integer"),
                ("a_number", "number"),
                ("a_boolean", "boolean"),
                ("a_date", "date"),
                ("a_date_time", "date_time"),
            ]),
            _ => *self.dice.pick(&[
                ("job_title", "string"),
                ("birth_date", "date"),
                ("unsubscribed", "boolean"),
                ("test_profile", "boolean"),
                ("sms_consent", "string"),
                ("p_string", "string"),
                ("p_number", "number"),
                ("p_boolean", "boolean"),
            ]),
        };
        let mut test = self.operators(Some(kind), 2);
        test.insert(of.to_owned(), json!(key));
        Json::Object(test)
    }

    fn group(&mut self, roles: bool) -> Json {
        let mut group = Map::new();
        if self.dice.chance(60) {
            group.insert("solution_interest".to_owned(), self.one_or_several(&["crm", "erp"]));
        }
        if self.dice.chance(40) {
            let stage = self.operators(Some("string"), 1);
            group.insert("stage".to_owned(), Json::Object(stage));
        }
        if self.dice.chance(30) {
            let status = self.operators(Some("string"), 1);
            group.insert("status".to_owned(), Json::Object(status));
        }
        for key in ["completeness", "engagement"] {
            if self.dice.chance(30) {
                let checks = self.operators(Some("number"), 2);
                group.insert(key.to_owned(), Json::Object(checks));
            }
        }
        if roles && self.dice.chance(40) {
            let role = self.dice.pick(ROLES);
            group.insert("roles".to_owned(), json!([{"role": role, "at_least": self.dice.below(3)}]));
        }
        Json::Object(group)
    }

    fn has_people(&mut self, depth: u64) -> Json {
        let mut test = json!({"has_people": self.expr(Subject::Person, depth.min(2))});
        if self.dice.chance(40) {
            test["at_least"] = json!(self.dice.below(3));
        }
        if self.dice.chance(40) {
            test["at_most"] = json!(self.dice.below(3));
        }
        test
    }

    fn has(&mut self, object: &str, fields: &[&str]) -> Json {
        let mut test = json!({"has": object});
        if self.dice.chance(80) {
            test["where"] = self.fields(fields, true);
        }
        test
    }

    fn did(&mut self) -> Json {
        let mut test = json!({*self.dice.pick(&["did", "did_not"]): "email_clicked"});
        match self.dice.below(3) {
            0 => test["within"] = json!(*self.dice.pick(&["1d", "2w", "1mo", "36h"])),
            1 => test["at_least"] = json!(self.dice.below(3) + 1),
            _ => {}
        }
        if self.dice.chance(50) {
            test["where"] = self.fields(&["n", "word", "yes", "when", "odd name", "nothing"], false);
        }
        test
    }

    fn fields(&mut self, names: &[&str], in_past: bool) -> Json {
        let mut fields = Map::new();
        for _ in 0..=self.dice.below(2) {
            let mut checks = self.operators(None, 2);
            if !in_past {
                checks.shift_remove("in_past");
            }
            if checks.is_empty() {
                checks.insert("is_not_empty".to_owned(), json!(true));
            }
            fields.insert((*self.dice.pick(names)).to_owned(), Json::Object(checks));
        }
        Json::Object(fields)
    }

    fn one_or_several(&mut self, all: &[&str]) -> Json {
        match self.dice.chance(60) {
            true => json!(self.dice.pick(all)),
            false => (0..=self.dice.below(3)).map(|_| json!(self.dice.pick(all))).collect(),
        }
    }

    /// Operators for values of a type; of any type where it is not known.
    fn operators(&mut self, kind: Option<&str>, most: u64) -> Map<String, Json> {
        let mut operators = Map::new();
        for _ in 0..=self.dice.below(most) {
            let any = ["string", "integer", "number", "boolean", "date_time"];
            let of = kind.unwrap_or_else(|| *self.dice.pick(&any));
            let (operator, value) = self.operator(of, kind.is_none());
            operators.insert(operator.to_owned(), value);
        }
        operators
    }

    fn operator(&mut self, of: &str, untyped: bool) -> (&'static str, Json) {
        if self.dice.chance(12) {
            return (*self.dice.pick(&["is_empty", "is_not_empty"]), json!(self.dice.chance(80)));
        }
        match of {
            "string" => {
                let ops = ["is", "is_not", "starts_with", "not_starts_with", "contains", "not_contains"];
                (*self.dice.pick(&ops), self.values(|it| it.text()))
            }
            "boolean" => (*self.dice.pick(&["is", "is_not"]), self.values(|it| json!(it.dice.chance(50)))),
            "integer" if !untyped => match self.dice.below(6) {
                0 | 1 => (*self.dice.pick(&["is", "is_not"]), self.values(Self::whole)),
                2 => ("between", json!([self.whole(), self.whole()])),
                _ => (*self.dice.pick(&["at_least", "greater_than", "at_most", "less_than"]), self.whole()),
            },
            "integer" | "number" => match self.dice.below(6) {
                0 | 1 => (*self.dice.pick(&["is", "is_not"]), self.values(Self::number)),
                2 => ("between", json!([self.number(), self.number()])),
                _ => (*self.dice.pick(&["at_least", "greater_than", "at_most", "less_than"]), self.number()),
            },
            "date" => match self.dice.below(6) {
                0 => (*self.dice.pick(&["is", "is_not"]), self.values(Self::day)),
                1 => ("between", json!([self.day(), self.day()])),
                2 => ("on", self.values(Self::day)),
                3 => ("in_past", self.duration()),
                _ => (*self.dice.pick(&["at_least", "at_most", "before", "after"]), self.day()),
            },
            _ => match self.dice.below(5) {
                0 => ("on", self.values(Self::day)),
                1 => ("between", json!([self.time(), self.time()])),
                2 => ("in_past", self.duration()),
                _ => (*self.dice.pick(&["at_least", "at_most", "before", "after"]), self.time()),
            },
        }
    }

    fn values(&mut self, one: impl Fn(&mut Self) -> Json) -> Json {
        match self.dice.chance(60) {
            true => one(self),
            false => (0..=self.dice.below(3)).map(|_| one(self)).collect(),
        }
    }

    /// A whole text or a part of one; an empty one is no value.
    fn text(&mut self) -> Json {
        let text = *self.dice.pick(TEXTS);
        let part: String = text.chars().take(1 + self.dice.below(6) as usize).collect();
        match (text.is_empty(), self.dice.chance(60)) {
            (true, _) => json!("T"),
            (false, true) => json!(text),
            (false, false) => json!(part),
        }
    }

    fn whole(&mut self) -> Json {
        json!(self.dice.pick(WHOLES))
    }

    fn number(&mut self) -> Json {
        if self.dice.chance(50) { self.whole() } else { json!(self.dice.pick(NUMBERS)) }
    }

    fn day(&mut self) -> Json {
        json!(self.dice.pick(DAYS))
    }

    fn time(&mut self) -> Json {
        if self.dice.chance(40) { self.day() } else { json!(self.dice.pick(INSTANTS)) }
    }

    fn duration(&mut self) -> Json {
        json!(self.dice.pick(&["12h", "1d", "3d", "2w", "1mo"]))
    }
}
