//! Finding users: conditions, order and pages.
//!
//! Column names come from [`UserField`] only and values are bound, so nothing
//! a client writes ever becomes SQL.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::{ApplicationId, Store, StoreError, User, UserField};
use crate::clock::UnixTime;

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
#[derive(Clone, Debug)]
pub struct Page {
    /// The users on the page.
    pub users: Vec<User>,
    /// The users on all pages.
    pub total: u64,
}

impl Condition {
    /// The condition in SQL, its values pushed to `bound`.
    fn sql(&self, bound: &mut Vec<Value>) -> String {
        let column = self.field.column();
        let mut bind = |value: &String| bound.push(bindable(self.field, value));
        let simple = match self.comparison {
            Comparison::Equal => "=",
            Comparison::NotEqual => "IS NOT",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::In => {
                self.values.iter().for_each(&mut bind);
                let marks = vec!["?"; self.values.len()].join(", ");
                return format!("{column} IN ({marks})");
            }
            Comparison::Between => {
                self.values.iter().take(2).for_each(&mut bind);
                return format!("{column} BETWEEN ? AND ?");
            }
            Comparison::HasWord => {
                for word in &self.values {
                    bound.push(Value::Text(format!(",{},", word.trim())));
                }
                let each = format!("instr(',' || {column} || ',', ?) > 0");
                return format!("({})", vec![each; self.values.len()].join(" OR "));
            }
        };
        self.values.iter().take(1).for_each(&mut bind);
        format!("{column} {simple} ?")
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

/// The value in the type of the column; text that is no number or date
/// matches nothing there.
fn bindable(field: UserField, value: &str) -> Value {
    let value = value.trim();
    if field.is_number() {
        value.parse().map_or(Value::Null, Value::Integer)
    } else if field.is_time() {
        UnixTime::parse(value).map_or(Value::Null, |time| Value::Integer(time.0))
    } else {
        Value::Text(value.to_owned())
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
        let mut bound = vec![Value::from(application.0)];
        let mut clause = "application_id = ?".to_owned();
        for condition in &search.conditions {
            clause.push_str(" AND ");
            if condition.is_complete() {
                clause.push_str(&condition.sql(&mut bound));
            } else {
                clause.push('0');
            }
        }
        let total: i64 = self.connection.query_row(
            &format!("SELECT count(*) FROM users WHERE {clause}"),
            params_from_iter(bound.iter()),
            |row| row.get(0),
        )?;
        let order = search.order.map_or(String::new(), |order| {
            let direction = if order.descending { "DESC" } else { "ASC" };
            format!("{} {direction}, ", order.field.column())
        });
        let skipped = i64::from(search.page.saturating_sub(1)) * i64::from(search.per_page);
        bound.push(Value::from(search.per_page));
        bound.push(Value::Integer(skipped));
        let sql = format!("SELECT * FROM users WHERE {clause} ORDER BY {order}id LIMIT ? OFFSET ?");
        let mut statement = self.connection.prepare(&sql)?;
        let users = statement
            .query_map(params_from_iter(bound), User::read)?
            .collect::<Result<_, _>>()?;
        Ok(Page {
            users,
            total: u64::try_from(total).unwrap_or_default(),
        })
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
