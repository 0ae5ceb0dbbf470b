//! Connections that are paused, that fail and work again, and what becomes of what was to leave.

use crate::support::post::{EXECUTIONS, Post};
use crate::support::{World, on_both_stores};
use caravan_engine::connections::{self, Health};
use caravan_engine::definitions::{self, DefinitionError};
use caravan_model::document::DocumentKind;

fn state(post: &Post) -> connections::SystemState {
    connections::state(&post.world.engine, DocumentKind::Connection, "mail").expect("a state")
}

fn pause(post: &Post, paused: bool) {
    connections::set_paused(&post.world.engine, DocumentKind::Connection, "mail", paused).expect("it is there");
}

on_both_stores! {
    a_paused_connection_holds_what_is_to_leave_and_loses_nothing(world at "2027-01-04T10:00:00Z") {
        let post = Post::new(world);
        let dispatcher = post.dispatcher();
        pause(&post, true);
        post.sends("welcome", "");
        assert!(dispatcher.dispatch_once().expect("delivery").is_idle());
        assert_eq!(dispatcher.next_due().expect("the next"), None, "nothing comes of waiting");
        post.is(&[("pending", EXECUTIONS)]);
        assert_eq!((post.smtp.messages().len(), state(&post).waiting), (0, EXECUTIONS));
        let deleted = definitions::delete(&post.world.engine, DocumentKind::Connection, "mail", None);
        assert!(matches!(deleted, Err(DefinitionError::Findings(found)) if found[0].code == "in_use"));

        pause(&post, false);
        while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        post.is(&[("done", EXECUTIONS)]);
        assert_eq!((post.accepted().len() as i64, state(&post).waiting), (EXECUTIONS, 0));
    }

    health_follows_what_delivery_finds(world at "2027-01-04T10:00:00Z") {
        let mut post = Post::new(world);
        let dispatcher = post.dispatcher();
        assert_eq!(state(&post).health, Health::Untested);
        post.smtp.stop();
        post.sends("welcome", "");
        dispatcher.dispatch_once().expect("delivery");
        let failing = state(&post);
        let error = failing.last_error.clone().expect("an error");
        assert_eq!((failing.health, failing.since), (Health::Failing, Some(crate::support::at("2027-01-04T10:00:00Z"))));
        assert!(!error.message.is_empty() && error.code == "smtp_unreachable", "{error:?}");
        post.smtp.restart();
        while let Some(next) = dispatcher.next_due().expect("the next") {
            post.world.clock.advance_to(next);
            while !dispatcher.dispatch_once().expect("delivery").is_idle() {}
        }
        let well = state(&post);
        assert_eq!((well.health, well.last_error), (Health::Healthy, Some(error)), "the last failure is remembered");
        assert!(well.since > failing.since && well.last_success_at >= well.since, "{:?}", well.since);
        post.is(&[("done", EXECUTIONS)]);
    }
}
