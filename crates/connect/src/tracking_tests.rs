use proptest::prelude::*;

use super::*;

#[test]
fn a_seal_holds_for_its_purpose_and_its_bytes_alone() {
    let keys = SigningKeys::new(1, Secret::new("one"));
    let sealed = keys.seal("callback", "41.3|enrich");
    assert_eq!(keys.unseal("callback", &sealed), Ok("41.3|enrich".to_owned()));
    assert_eq!(keys.unseal("other", &sealed), Err(BadToken));
    assert_eq!(SigningKeys::new(1, Secret::new("two")).unseal("callback", &sealed), Err(BadToken));
    for at in 0..sealed.len() {
        let mut changed: Vec<u8> = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(keys.unseal("callback", &changed), Err(BadToken), "{at}");
    }
    for foreign in ["", "A", "....", &"A".repeat(100_000)] {
        assert_eq!(keys.unseal("callback", foreign), Err(BadToken));
    }
}

fn keys() -> SigningKeys {
    SigningKeys::new(7, Secret::new("a secret of this installation"))
}

fn token() -> impl Strategy<Value = Token> {
    let purpose = prop_oneof![
        Just(Purpose::Open),
        Just(Purpose::Unsubscribe),
        Just(Purpose::StopTexts),
        Just(Purpose::View),
        Just(Purpose::Trial),
        Just(Purpose::Visitor),
        (any::<u16>(), ".{0,80}", ".{0,20}", any::<bool>())
            .prop_map(|(link, target, parameters, visitor)| { Purpose::Click { link, target, parameters, visitor } }),
    ];
    (any::<i64>(), proptest::option::of(1i64..), purpose).prop_map(|(effect, person, purpose)| Token {
        effect: EffectId(effect),
        person: person.map(PersonId),
        purpose,
    })
}

proptest! {
    #[test]
    fn a_token_reads_back_as_it_was_written(token in token()) {
        prop_assert_eq!(keys().verify(&keys().sign(&token)), Ok(token));
    }

    #[test]
    fn a_token_with_any_character_changed_is_refused(token in token(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let written = keys().sign(&token);
        let at = at.index(written.len());
        let mut tampered = written.clone();
        tampered.replace_range(at..=at, &to);
        prop_assume!(tampered != written);
        prop_assert_eq!(keys().verify(&tampered), Err(BadToken));
    }

    #[test]
    fn a_token_cut_short_or_made_longer_is_refused(token in token(), cut in any::<prop::sample::Index>(), more in "[A-Za-z0-9_-]{1,9}") {
        let written = keys().sign(&token);
        prop_assert_eq!(keys().verify(&written[..cut.index(written.len())]), Err(BadToken));
        prop_assert_eq!(keys().verify(&format!("{written}{more}")), Err(BadToken));
    }

    #[test]
    fn anything_else_is_refused_without_a_panic(foreign in ".{0,200}") {
        prop_assert_eq!(keys().verify(&foreign), Err(BadToken));
    }

    #[test]
    fn a_token_of_another_installation_is_refused(token in token()) {
        let theirs = SigningKeys::new(7, Secret::new("a secret of another installation"));
        prop_assert_eq!(keys().verify(&theirs.sign(&token)), Err(BadToken));
    }
}

#[test]
fn links_outlive_the_rotation_of_the_key() {
    let old = keys();
    let token = Token { effect: EffectId(1), person: Some(PersonId(2)), purpose: Purpose::Unsubscribe };
    let written = old.sign(&token);
    let rotated = SigningKeys::new(8, Secret::new("new")).and_former(7, Secret::new("a secret of this installation"));
    assert_eq!(rotated.verify(&written), Ok(token.clone()));
    assert_ne!(rotated.sign(&token), written);
    assert_eq!(SigningKeys::new(8, Secret::new("new")).verify(&written), Err(BadToken));
}

#[test]
fn parameters_are_added_where_there_are_none_of_the_name() {
    let keys = keys();
    let more = [("utm_campaign".to_owned(), "a%20b".to_owned()), ("utm_source".to_owned(), "caravan".to_owned())];
    let links = LinkMaker::new(&keys, "https://go.acme.example", EffectId(41), Some(PersonId(3)));
    let with = links.clone().with_parameters(&more);
    let shown = LinkMaker::preview("https://go.acme.example").with_parameters(&more);
    let long = format!("https://acme.example/{}", "x".repeat(1_970));
    for (target, leads_to) in [
        ("https://acme.example", "https://acme.example?utm_campaign=a%20b&utm_source=caravan"),
        ("https://acme.example/a?x=1#p?q=2", "https://acme.example/a?x=1&utm_campaign=a%20b&utm_source=caravan#p?q=2"),
        ("https://acme.example/?utm_source=own", "https://acme.example/?utm_source=own&utm_campaign=a%20b"),
        ("https://acme.example/?utm%5Fsource=", "https://acme.example/?utm%5Fsource=&utm_campaign=a%20b"),
        (
            "https://acme.example/?xutm_source=1",
            "https://acme.example/?xutm_source=1&utm_campaign=a%20b&utm_source=caravan",
        ),
        (
            "https://acme.example/#?utm_source=1",
            "https://acme.example/?utm_campaign=a%20b&utm_source=caravan#?utm_source=1",
        ),
        (long.as_str(), long.as_str()),
    ] {
        let token = with.click(3, target, true).expect("tracked");
        let token = keys.verify(token.rsplit_once('/').expect("a token").1).expect("ours");
        let Purpose::Click { link: 3, target: written, parameters, visitor: true } = token.purpose else {
            panic!("{token:?}")
        };
        assert_eq!((written.as_str(), with_parameters(&written, &parameters).as_str()), (target, leads_to));
        assert_eq!(shown.click(3, target, true).unwrap_or(target.to_owned()), leads_to, "as it is shown");
    }
    assert_eq!(with.clone().without_clicks().click(3, "https://acme.example", false), None);
    assert!(!with.unsubscribe().contains("utm_") && !with.web_view().contains("utm_"));
    assert_eq!(
        links.with_parameters(&[]).click(0, "https://a.example", false).map(|url| url.contains("/t/c/")),
        Some(true)
    );
}

#[test]
fn an_address_tells_who_comes_and_is_the_same_without_it() {
    for (target, told) in [
        ("https://acme.example", "https://acme.example?caravan_visitor=T"),
        ("https://acme.example/a?x=1#part", "https://acme.example/a?x=1&caravan_visitor=T#part"),
    ] {
        assert_eq!(with_visitor(target, "T"), told);
        assert_eq!(without_visitor(told), (target.to_owned(), Some("T".to_owned())));
        assert_eq!(without_visitor(target), (target.to_owned(), None));
    }
    assert_eq!(with_visitor("https://acme.example/?", "T"), "https://acme.example/?caravan_visitor=T");
    assert_eq!(without_visitor("/?a&caravan_visitor=T&b=2").0, "/?a&b=2");
}

#[test]
fn the_addresses_of_a_message() {
    let keys = keys();
    let links = LinkMaker::new(&keys, "https://go.acme.example/", EffectId(41), Some(PersonId(3)));
    let click = links.click(2, "https://acme.example/?a=1&b=2", false).expect("tracked");
    let token = click.strip_prefix("https://go.acme.example/t/c/").expect("below the public address");
    let target = "https://acme.example/?a=1&b=2".to_owned();
    assert_eq!(
        keys.verify(token),
        Ok(Token {
            effect: EffectId(41),
            person: Some(PersonId(3)),
            purpose: Purpose::Click { link: 2, target, parameters: String::new(), visitor: false }
        })
    );
    assert!(links.open().is_some_and(|url| url.starts_with("https://go.acme.example/t/o/")));
    assert!(links.clone().without_opens().open().is_none());
    assert!(links.clone().without_clicks().click(2, "https://acme.example", false).is_none());
    assert!(links.click(2, &"x".repeat(MAX_TARGET_BYTES + 1), true).is_none(), "too long to be tracked");
    assert_eq!(LinkMaker::preview("http://localhost").unsubscribe(), "http://localhost/t/u/preview");
}
