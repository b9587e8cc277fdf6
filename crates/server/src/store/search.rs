//! Finding users: conditions, order and pages.

use super::field::{FieldValue, UserField};
use super::{ApplicationId, Store, StoreError, User};

/// How a field is compared with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal to the one value.
    Equal,
    /// Different from the one value, or empty.
    NotEqual,
    /// Less than the one value.
    Less,
    /// Less than or equal to the one value.
    LessOrEqual,
    /// Greater than the one value.
    Greater,
    /// Greater than or equal to the one value.
    GreaterOrEqual,
    /// Equal to one of the values.
    In,
    /// From the first value to the second.
    Between,
    /// Has one of the values among its words separated by commas.
    HasWord,
}

/// One condition on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The field.
    pub field: UserField,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what; as many values as the comparison takes.
    pub values: Vec<String>,
}

/// The order of the result; users equal in it come by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: UserField,
    /// Largest first.
    pub descending: bool,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// All of these have to hold.
    pub conditions: Vec<Condition>,
    /// By id when left out.
    pub order: Option<Order>,
    /// Counted from 1.
    pub page: u32,
    /// Users on a page.
    pub per_page: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            conditions: Vec::new(),
            order: None,
            page: 1,
            per_page: u32::MAX,
        }
    }
}

/// One page of the result.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The users on the page.
    pub users: Vec<User>,
    /// The users on all pages.
    pub total: u64,
}

impl Condition {
    /// The values in the type of the field.
    pub fn operands(&self) -> impl Iterator<Item = FieldValue> {
        self.values.iter().map(|value| self.field.comparable(value))
    }

    /// Whether there are as many values as the comparison takes.
    fn is_complete(&self) -> bool {
        match self.comparison {
            Comparison::In | Comparison::HasWord => !self.values.is_empty(),
            Comparison::Between => self.values.len() == 2,
            _ => self.values.len() == 1,
        }
    }
}

impl Store {
    /// One page of the users of an application that meet all conditions. A
    /// condition without its values is met by nobody.
    ///
    /// # Errors
    /// When the database fails.
    pub fn search_users(
        &self,
        application: ApplicationId,
        search: &Search,
    ) -> Result<Page, StoreError> {
        if !search.conditions.iter().all(Condition::is_complete) {
            return Ok(Page::default());
        }
        self.database.search_users(application, search)
    }

    /// All users of an application, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn users(&self, application: ApplicationId) -> Result<Vec<User>, StoreError> {
        Ok(self.search_users(application, &Search::default())?.users)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::UnixTime;
    use crate::store::{NewApplication, NewUser, PasswordHash, Profile};
    use visavis_signal::UserId;

    const APP: ApplicationId = ApplicationId(1);

    fn store() -> Store {
        let mut store = Store::open_in_memory().unwrap();
        let now = UnixTime(1_700_000_000);
        let password = PasswordHash::new("p").unwrap();
        for application in 1..=2 {
            store
                .add_application(&NewApplication::default(), now)
                .unwrap();
            for (id, login, tags) in [
                (101, "ann", "red,blue"),
                (102, "bob", "redder"),
                (103, "cid", ""),
            ] {
                let new = NewUser {
                    id: Some(UserId(id)),
                    login: login.into(),
                    password: password.clone(),
                    profile: Profile::from([(UserField::Tags, Some(tags.to_owned()))]),
                };
                store
                    .add_user(
                        ApplicationId(application),
                        &new,
                        UnixTime(now.0 + i64::from(id)),
                    )
                    .unwrap();
            }
        }
        store
    }

    fn ids(store: &Store, search: &Search) -> Vec<u32> {
        let page = store.search_users(APP, search).unwrap();
        page.users.iter().map(|user| user.id.0).collect()
    }

    fn found(field: UserField, comparison: Comparison, values: &[&str]) -> Vec<u32> {
        let search = Search {
            conditions: vec![Condition {
                field,
                comparison,
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
            ..Search::default()
        };
        ids(&store(), &search)
    }

    #[test]
    fn each_comparison_finds_its_users() {
        use Comparison::*;
        let id = UserField::Id;
        assert_eq!(found(id, In, &["101", "103", "999"]), [101, 103]);
        assert_eq!(found(id, Equal, &["102"]), [102]);
        assert_eq!(found(id, NotEqual, &["102"]), [101, 103]);
        assert_eq!(found(id, Less, &["102"]), [101]);
        assert_eq!(found(id, LessOrEqual, &["102"]), [101, 102]);
        assert_eq!(found(id, Greater, &["102"]), [103]);
        assert_eq!(found(id, GreaterOrEqual, &["102"]), [102, 103]);
        assert_eq!(found(id, Between, &["101", "102"]), [101, 102]);
        assert_eq!(found(UserField::Tags, HasWord, &["red"]), [101]);
        assert_eq!(found(UserField::Login, Equal, &["' OR 1=1 --"]), [0; 0]);
        assert_eq!(found(id, In, &[]), [0; 0]);
        assert_eq!(found(id, Equal, &["x"]), [0; 0]);
        assert_eq!(found(UserField::CreatedAt, Greater, &["1700000102"]), [103]);
    }

    #[test]
    fn pages_count_everybody_and_show_some() {
        let store = store();
        let search = Search {
            order: Some(Order {
                field: UserField::CreatedAt,
                descending: true,
            }),
            page: 2,
            per_page: 2,
            ..Search::default()
        };
        assert_eq!(ids(&store, &search), [101]);
        assert_eq!(store.search_users(APP, &search).unwrap().total, 3);
        assert_eq!(store.users(APP).unwrap().len(), 3);
    }
}
