//! Request fields: one flat list of names and values, whatever they came as.
//!
//! Form bodies, query strings and JSON bodies mean the same: a nested JSON
//! value `{"user":{"login":"x"}}` is the form field `user[login]=x`, an array
//! element is `key[]=x` (wire format section 1.1).

use axum::http::{HeaderMap, header};
use serde_json::Value;

/// Deepest nesting of a JSON body; the deepest documented one has two levels.
const MAX_DEPTH: usize = 4;

/// Most fields of a request.
pub(super) const MAX_FIELDS: usize = 256;

/// The fields of one request, in the order they were sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, Option<String>)>);

/// Why a body cannot be read. The app has to send another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldsError {
    /// Not JSON, although it says so.
    Json,
    /// Too many fields, or nested too deeply.
    TooMany,
}

impl Fields {
    /// Reads a body by its content type; JSON is also known by its brace.
    pub(super) fn of_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, FieldsError> {
        let says_json = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().contains("json"));
        let looks_json = body.trim_ascii_start().first() == Some(&b'{');
        if body.trim_ascii().is_empty() {
            Ok(Self::default())
        } else if looks_json || says_json {
            Self::of_json(body)
        } else {
            Self::of_form(body)
        }
    }

    /// Reads `application/x-www-form-urlencoded` text, such as a query.
    pub(super) fn of_form(form: &[u8]) -> Result<Self, FieldsError> {
        let fields: Vec<_> = form_urlencoded::parse(form)
            .take(MAX_FIELDS + 1)
            .map(|(name, value)| (name.into_owned(), Some(value.into_owned())))
            .collect();
        if fields.len() > MAX_FIELDS {
            return Err(FieldsError::TooMany);
        }
        Ok(Self(fields))
    }

    fn of_json(body: &[u8]) -> Result<Self, FieldsError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| FieldsError::Json)?;
        if !value.is_object() {
            return Err(FieldsError::Json);
        }
        let mut fields = Self::default();
        fields.flatten("", value, 0)?;
        Ok(fields)
    }

    fn flatten(&mut self, name: &str, value: Value, depth: usize) -> Result<(), FieldsError> {
        if depth > MAX_DEPTH || self.0.len() > MAX_FIELDS {
            return Err(FieldsError::TooMany);
        }
        let text = match value {
            Value::Object(members) => {
                for (key, member) in members {
                    let nested = if name.is_empty() {
                        key
                    } else {
                        format!("{name}[{key}]")
                    };
                    self.flatten(&nested, member, depth + 1)?;
                }
                return Ok(());
            }
            Value::Array(elements) => {
                let nested = format!("{name}[]");
                for element in elements {
                    self.flatten(&nested, element, depth + 1)?;
                }
                return Ok(());
            }
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Number(number) => Some(number.to_string()),
        };
        self.0.push((name.to_owned(), text));
        Ok(())
    }

    /// The first value of this name; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .and_then(|(_, value)| value.as_deref())
            .filter(|value| !value.is_empty())
    }

    /// All values of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .filter_map(|(_, value)| value.as_deref())
    }

    /// The members of a nested object: `login` of `user[login]`.
    pub(super) fn members<'a>(
        &'a self,
        object: &'a str,
    ) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        self.0.iter().filter_map(move |(name, value)| {
            let inner = name.strip_prefix(object)?.strip_prefix('[')?;
            Some((inner.strip_suffix(']')?, value.as_deref()))
        })
    }

    /// Every field that has a value, in the order sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn body(text: &str) -> Result<Fields, FieldsError> {
        Fields::of_body(&HeaderMap::new(), text.as_bytes())
    }

    #[test]
    fn form_and_json_mean_the_same() {
        let form =
            body("application_id=42&user[login]=a%20b&user%5Bpassword%5D=%2B&tags[]=x&tags[]=y")
                .unwrap();
        let json =
            body(r#"{"application_id":42,"user":{"login":"a b","password":"+"},"tags":["x","y"]}"#)
                .unwrap();
        for fields in [form, json] {
            assert_eq!(fields.get("application_id"), Some("42"));
            assert_eq!(fields.get("user[login]"), Some("a b"));
            assert_eq!(fields.all("tags[]").collect::<Vec<_>>(), ["x", "y"]);
            let mut members: Vec<_> = fields.members("user").collect();
            members.sort_unstable();
            assert_eq!(members, [("login", Some("a b")), ("password", Some("+"))]);
        }
    }

    #[test]
    fn unreadable_bodies_are_refused() {
        assert_eq!(body("{"), Err(FieldsError::Json));
        assert_eq!(body(&"a=1&".repeat(300)), Err(FieldsError::TooMany));
        let deep = format!("{}1{}", r#"{"a":"#.repeat(9), "}".repeat(9));
        assert_eq!(body(&deep), Err(FieldsError::TooMany));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        assert_eq!(Fields::of_body(&headers, b"[1]"), Err(FieldsError::Json));
        assert_eq!(Fields::of_body(&headers, b" "), Ok(Fields::default()));
    }
}
