//! A search as SQL.
//!
//! Column names come from [`UserField`] only and values are bound, so nothing
//! a client writes ever becomes SQL.
//!
//! [`UserField`]: super::super::UserField

use rusqlite::{Connection, params_from_iter};

use super::super::field::FieldValue;
use super::super::{ApplicationId, Comparison, Condition, Page, Search};
use super::user;

pub(super) fn run(
    connection: &Connection,
    application: ApplicationId,
    search: &Search,
) -> rusqlite::Result<Page> {
    let mut bound = vec![FieldValue::Number(application.0.into())];
    // Guests are known to their hosts alone.
    let mut clause = "application_id = ? AND NOT EXISTS (SELECT 1 FROM guests
        WHERE guests.application_id = users.application_id AND user_id = users.id)"
        .to_owned();
    for condition in &search.conditions {
        clause.push_str(" AND ");
        clause.push_str(&sql(condition, &mut bound));
    }
    let total: i64 = connection.query_row(
        &format!("SELECT count(*) FROM users WHERE {clause}"),
        params_from_iter(bound.iter()),
        |row| row.get(0),
    )?;
    let order = search.order.map_or(String::new(), |order| {
        let direction = if order.descending { "DESC" } else { "ASC" };
        format!("{} {direction}, ", order.field.column())
    });
    let skipped = i64::from(search.page.saturating_sub(1)) * i64::from(search.per_page);
    bound.push(FieldValue::Number(search.per_page.into()));
    bound.push(FieldValue::Number(skipped));
    let sql = format!("SELECT * FROM users WHERE {clause} ORDER BY {order}id LIMIT ? OFFSET ?");
    let mut statement = connection.prepare(&sql)?;
    let users = statement
        .query_map(params_from_iter(bound), user::read)?
        .collect::<Result<_, _>>()?;
    Ok(Page {
        users,
        total: u64::try_from(total).unwrap_or_default(),
    })
}

/// The condition in SQL, its values pushed to `bound`.
fn sql(condition: &Condition, bound: &mut Vec<FieldValue>) -> String {
    let column = condition.field.column();
    let simple = match condition.comparison {
        Comparison::Equal => "= ?",
        Comparison::NotEqual => "IS NOT ?",
        Comparison::Less => "< ?",
        Comparison::LessOrEqual => "<= ?",
        Comparison::Greater => "> ?",
        Comparison::GreaterOrEqual => ">= ?",
        Comparison::Between => "BETWEEN ? AND ?",
        Comparison::In => {
            bound.extend(condition.operands());
            let marks = vec!["?"; condition.values.len()].join(", ");
            return format!("{column} IN ({marks})");
        }
        Comparison::HasWord => {
            for word in &condition.values {
                bound.push(FieldValue::Text(format!(",{},", word.trim())));
            }
            let each = format!("instr(',' || {column} || ',', ?) > 0");
            return format!("({})", vec![each; condition.values.len()].join(" OR "));
        }
    };
    bound.extend(condition.operands());
    format!("{column} {simple}")
}
