//! Comments on definitions, on both databases.

use crate::support::{Scratch, on_both_databases};
use caravan_model::DocumentId;
use caravan_store::comments::{self, CommentRow};
use caravan_store::documents::{self, DocumentRow};
use caravan_store::{Session, StoreError};

on_both_databases! {
    threads_are_kept_changed_and_erased
    comments_go_with_their_definition
}

fn definition(s: &mut dyn Session, id: i64) -> Result<DocumentId, StoreError> {
    let now = s.now()?;
    let row = DocumentRow {
        id: DocumentId(id),
        kind: "email".to_owned(),
        key: format!("email-{id}"),
        name: "An email".to_owned(),
        state: "live".to_owned(),
        revision: 1,
        live_version: None,
        paused: false,
        starts_at: None,
        ends_at: None,
        body: "{}".to_owned(),
        created_at: now,
        created_by: "ada".to_owned(),
        updated_at: now,
        updated_by: "ada".to_owned(),
        published_at: None,
        published_by: None,
    };
    documents::put(s, &row)?;
    Ok(row.id)
}

fn said(s: &mut dyn Session, of: DocumentId, answers: Option<i64>, text: &str) -> Result<CommentRow, StoreError> {
    let row = CommentRow {
        id: 0,
        answers,
        block: Some("c1".to_owned()),
        written_by: "ada".to_owned(),
        at: s.now()?,
        text: text.to_owned(),
        resolved_by: None,
        resolved_at: None,
        edited_at: None,
    };
    comments::add(s, of, row)
}

fn threads_are_kept_changed_and_erased(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let (of, other) = (definition(s, 1)?, definition(s, 2)?);
        let first = said(s, of, None, "First")?;
        let answer = said(s, of, Some(first.id), "Answer")?;
        let second = said(s, of, None, "Second")?;
        assert_eq!(comments::all(s, of, 10)?, [first.clone(), answer.clone(), second.clone()], "oldest first");
        assert_eq!(comments::all(s, of, 2)?.len(), 2);
        assert_eq!(comments::get(s, other, first.id)?, None, "of another definition it is none");

        let later = s.now()? + std::time::Duration::from_secs(60);
        let resolved =
            CommentRow { block: None, resolved_by: Some("ben".to_owned()), resolved_at: Some(later), ..first.clone() };
        comments::set(s, &resolved)?;
        assert_eq!(comments::get(s, of, first.id)?, Some(resolved.clone()));
        comments::edit(s, first.id, "First, better", later)?;
        let edited = CommentRow { text: "First, better".to_owned(), edited_at: Some(later), ..resolved };
        assert_eq!(comments::get(s, of, first.id)?, Some(edited.clone()));
        comments::set(s, &CommentRow { resolved_by: None, resolved_at: None, ..edited.clone() })?;
        assert_eq!(comments::get(s, of, first.id)?.map(|row| (row.resolved_by, row.resolved_at)), Some((None, None)));
        assert_eq!(comments::get(s, of, second.id)?, Some(second.clone()), "others are as they were");

        comments::erase(s, first.id)?;
        assert_eq!(comments::all(s, of, 10)?, [second], "with its answer");
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("comments are written and read");
}

fn comments_go_with_their_definition(scratch: &Scratch) {
    let write = |s: &mut dyn Session| {
        let (of, other) = (definition(s, 1)?, definition(s, 2)?);
        let thread = said(s, of, None, "First")?;
        said(s, of, Some(thread.id), "Answer")?;
        let kept = said(s, other, None, "Elsewhere")?;
        documents::delete(s, of)?;
        assert_eq!((comments::all(s, of, 10)?, comments::all(s, other, 10)?), (Vec::new(), vec![kept]));
        Ok::<_, StoreError>(())
    };
    scratch.store.write(write).expect("comments are erased");
}
