//! Files by which machines are told; on both stores.

use crate::support::post::{Post, delivered, keys};
use crate::support::{World, on_both_stores};
use caravan_engine::Engine;
use caravan_engine::machines::{self, CheckedList, MachineList, Visitor};
use caravan_engine::tracking;

fn load(engine: &Engine, list: MachineList, file: &[u8], by: &str) {
    let checked = CheckedList::read(list, file).expect("nothing wrong");
    engine.store().write(|s| checked.load(s, by)).expect("a list");
}

on_both_stores! {
    files_of_programs_and_networks_tell_machines_beside_the_settings_until_they_are_taken_away(world at "2026-12-01T09:00:00Z") {
        let post = Post::new(world);
        post.world.apply("{kind: settings, key: settings, organisation: Acme, postal_address: 'Hauptstr. 1, Berlin', machines: {agents: [HandWritten], quick: off, bursts: off}}");
        post.sends("welcome", "");
        assert_eq!(post.dispatcher().dispatch_once(), Ok(delivered(15)));
        post.advance(3_600);
        let engine = &post.world.engine;
        // Another process over the same store has read its definitions already.
        let other = caravan_engine::Engine::new(engine.store().clone());
        let told = |agent: &str, address: &str| {
            // What machines do in one instant is kept once.
            post.advance(1);
            let before = post.told("email_clicked");
            let visitor = Visitor { agent: Some(agent.to_owned()), address: address.parse().ok() };
            tracking::clicked(&other, &keys(), &post.links("p-5-0@example.com").click, &visitor).expect("a click");
            post.told("email_clicked") > before
        };
        let (person, home) = ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "192.0.2.1");
        assert!(told(person, home) && told("AcmeGateway/2", home) && told(person, "203.0.113.9"));

        // Fifty thousand networks, none beside another one.
        let networks: String = (0..50_000_u32).map(|n| format!("{}/30\n", std::net::Ipv4Addr::from_bits(0x0b00_0000 + n * 8))).collect();
        load(engine, MachineList::Networks, format!("{networks}203.0.113.0/24\n").as_bytes(), "ada");
        load(engine, MachineList::Agents, b"# Acme\nacmegateway\n", "ada");
        assert!(told(person, home) && !told("AcmeGateway/2", home) && !told(person, "203.0.113.9"));
        assert!(!told("HandWritten/1", home), "what the settings name still holds");
        assert!(!told(person, "11.0.0.3") && told(person, "11.0.0.4") && !told(person, "11.0.0.8"));
        let patterns = post.world.rows("SELECT DISTINCT pattern FROM machine_event ORDER BY pattern", |row| row.string(0));
        assert_eq!(patterns, ["agent", "network"]);

        // Replaced whole, then taken away; what is blocked is not even kept.
        let kept = post.world.one("SELECT COUNT(*) FROM machine_event");
        load(engine, MachineList::Networks, b"198.51.100.0/24", "bob");
        load(engine, MachineList::BlockedNetworks, b"198.51.100.7", "bob");
        assert!(told(person, "203.0.113.9") && !told(person, "198.51.100.7"));
        assert_eq!(post.world.one("SELECT COUNT(*) FROM machine_event"), kept);
        let loaded = engine.store().read(machines::loaded).expect("the store");
        let loaded: Vec<_> = loaded.iter().map(|it| (it.list.key(), it.entries, it.loaded_by.as_str())).collect();
        assert_eq!(loaded, [("agents", 1, "ada"), ("blocked_networks", 1, "bob"), ("networks", 1, "bob")]);
        assert_eq!(engine.store().write(|s| machines::clear(s, MachineList::Agents)), Ok(true));
        assert_eq!(engine.store().write(|s| machines::clear(s, MachineList::Agents)), Ok(false));
        assert!(told("AcmeGateway/2", home));
    }
}
