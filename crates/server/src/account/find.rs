//! Filters, order and pages of a list request (wire format section 1.3).
//!
//! A filter is `<type> <field> <comparison> <values>`, an order is
//! `<direction> <type> <field>`. The type word is ignored: clients get it
//! wrong, and the field has only one.

use super::error::ApiError;
use super::fields::Fields;
use crate::store::{Comparison, Condition, Order, Search, UserField};

const DEFAULT_PER_PAGE: u32 = 10;
const MAX_PER_PAGE: u32 = 100;

/// Most filters of a request, and most values of a filter.
const MAX_FILTERS: usize = 10;
const MAX_VALUES: usize = 200;

/// Reads what a list request asks for.
pub(super) fn search(fields: &Fields) -> Result<Search, ApiError> {
    let conditions = fields
        .all("filter[]")
        .chain(fields.get("filter"))
        .map(condition)
        .collect::<Result<Vec<_>, _>>()?;
    if conditions.len() > MAX_FILTERS {
        return Err(problem("filter", "has too many conditions"));
    }
    Ok(Search {
        conditions,
        order: fields.get("order").map(order).transpose()?,
        page: number(fields, "page", 1)?,
        per_page: number(fields, "per_page", DEFAULT_PER_PAGE)?.min(MAX_PER_PAGE),
    })
}

fn number(fields: &Fields, name: &'static str, default: u32) -> Result<u32, ApiError> {
    match fields.get(name).map(str::parse) {
        None => Ok(default),
        Some(Ok(number)) if number > 0 => Ok(number),
        Some(_) => Err(problem(name, "is not a number of 1 or more")),
    }
}

fn condition(text: &str) -> Result<Condition, ApiError> {
    let mut words = text.splitn(4, ' ').filter(|word| !word.is_empty());
    let (Some(_type), Some(field), Some(comparison), Some(values)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(problem(
            "filter",
            "has to be a type, a field, a comparison and values",
        ));
    };
    let comparison = match comparison {
        "eq" => Comparison::Equal,
        "ne" => Comparison::NotEqual,
        "lt" => Comparison::Less,
        "le" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "ge" => Comparison::GreaterOrEqual,
        "in" => Comparison::In,
        "between" => Comparison::Between,
        _ => return Err(problem("filter", "has an unknown comparison")),
    };
    let values: Vec<String> = match comparison {
        Comparison::In | Comparison::Between => values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect(),
        _ => vec![values.to_owned()],
    };
    if values.len() > MAX_VALUES {
        return Err(problem("filter", "has too many values"));
    }
    Ok(Condition {
        field: searchable("filter", field)?,
        comparison,
        values,
    })
}

fn order(text: &str) -> Result<Order, ApiError> {
    let mut words = text.split_whitespace();
    let descending = match words.next() {
        Some("asc") => false,
        Some("desc") => true,
        _ => return Err(problem("order", "has to start with asc or desc")),
    };
    let field = words
        .last()
        .ok_or_else(|| problem("order", "has to name a field"))?;
    Ok(Order {
        field: searchable("order", field)?,
        descending,
    })
}

fn searchable(parameter: &'static str, name: &str) -> Result<UserField, ApiError> {
    UserField::named(name).ok_or_else(|| problem(parameter, "names an unknown field"))
}

fn problem(parameter: &'static str, problem: &str) -> ApiError {
    ApiError::Invalid(parameter, problem.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(query: &str) -> Result<Search, ApiError> {
        search(&Fields::of_form(query.as_bytes()).unwrap())
    }

    #[test]
    fn the_documented_request() {
        let search = read(
            "filter[]=number%20id%20in%20101%2C102&order=desc%20string%20created_at\
             &page=1&per_page=5",
        )
        .unwrap();
        assert_eq!(
            search.conditions,
            [Condition {
                field: UserField::Id,
                comparison: Comparison::In,
                values: vec!["101".into(), "102".into()],
            }]
        );
        assert_eq!(
            search.order,
            Some(Order {
                field: UserField::CreatedAt,
                descending: true,
            })
        );
        assert_eq!((search.page, search.per_page), (1, 5));
    }

    #[test]
    fn values_keep_their_spaces_and_pages_their_bounds() {
        let search = read("filter[]=string+full_name+eq+Ann+van+A,B&per_page=1000").unwrap();
        assert_eq!(search.conditions[0].values, ["Ann van A,B"]);
        assert_eq!((search.page, search.per_page), (1, MAX_PER_PAGE));
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "filter[]=number id",
            "filter[]=number password eq x",
            "filter[]=number id like 1",
            "order=up number id",
            "order=asc",
            "page=0",
            "per_page=-1",
        ] {
            assert!(matches!(read(query), Err(ApiError::Invalid(..))), "{query}");
        }
    }
}
