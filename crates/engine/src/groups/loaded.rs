//! Groups and their members as rules see them.

use std::collections::HashMap;

use caravan_catalog::world::{Group, Member, Source};
use caravan_model::GroupId;
use caravan_store::group_pages::{ListedGroup, ListedMember};
use caravan_store::groups as stored;
use caravan_store::{Session, StoreError};

/// The members of groups, whoever was removed among them; a group without any is left out.
///
/// # Errors
/// When the store fails.
pub fn members_of(s: &mut dyn Session, groups: &[i64]) -> Result<HashMap<GroupId, Vec<Member>>, StoreError> {
    let mut members: HashMap<GroupId, Vec<Member>> = HashMap::new();
    for row in stored::members(s, groups)? {
        members.entry(row.group).or_default().push(Member {
            person: row.person,
            source: Source::from_stored(&row.source),
            role: row.role,
            removed: row.removed,
            left_account: row.left_account,
        });
    }
    Ok(members)
}

/// A listed member as rules see them.
pub fn of_listed_member(row: &ListedMember) -> Member {
    Member {
        person: row.person,
        source: Source::from_stored(&row.source),
        role: row.role.clone(),
        removed: row.removed,
        left_account: row.left_account,
    }
}

/// A group of an account with its members.
pub fn of_row(row: &stored::GroupRow, members: Vec<Member>) -> Group {
    Group {
        id: row.id,
        account: row.account,
        interest: row.interest,
        stage: row.stage.clone(),
        status: row.status.clone(),
        completeness: row.completeness,
        engagement: row.engagement,
        members,
    }
}

/// A group of a list with its members.
pub fn of_listed(row: &ListedGroup, members: Vec<Member>) -> Group {
    Group {
        id: row.id,
        account: row.account,
        interest: row.interest,
        stage: row.stage.clone(),
        status: row.status.clone(),
        completeness: row.completeness,
        engagement: row.engagement,
        members,
    }
}
