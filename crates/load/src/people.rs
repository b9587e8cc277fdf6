//! Who logs in.

use std::path::{Path, PathBuf};

use crate::error::UsersError;

/// Where the number stands in a pattern.
const NUMBER: &str = "{}";

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The local part of the address.
    pub login: String,
    /// The password, or a token.
    pub password: String,
}

/// The users of a run, in order.
#[derive(Clone, Debug)]
pub enum People {
    /// So many as needed: the login's `{}` is replaced by a number.
    Pattern {
        /// The local part of the addresses, with one `{}`.
        login: String,
        /// Everybody's password.
        password: String,
        /// The first number.
        first: u64,
    },
    /// Those of a file.
    Listed(Vec<Person>),
}

impl People {
    /// Users by pattern.
    ///
    /// # Errors
    /// [`UsersError::Pattern`]: there is no `{}`.
    pub fn pattern(login: String, password: String, first: u64) -> Result<Self, UsersError> {
        if !login.contains(NUMBER) {
            return Err(UsersError::Pattern { pattern: login });
        }
        Ok(Self::Pattern {
            login,
            password,
            first,
        })
    }

    /// Users of a CSV file whose first line names the columns `login` and
    /// `password`. Fields have no quotes.
    ///
    /// # Errors
    /// [`UsersError`]: the file cannot be read, or what is missing in it.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        let text = std::fs::read_to_string(path).map_err(|source| UsersError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, UsersError> {
        let path = || PathBuf::from(path);
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let column = |column| {
            let found = names.iter().position(|name| name.trim() == column);
            found.ok_or_else(|| UsersError::Column {
                path: path(),
                column,
            })
        };
        let (login, password) = (column("login")?, column("password")?);
        let persons = lines
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| {
                let fields: Vec<&str> = line.split(',').map(str::trim).collect();
                match (fields.get(login), fields.get(password)) {
                    (Some(login), Some(password)) => Ok(Person {
                        login: (*login).to_owned(),
                        password: (*password).to_owned(),
                    }),
                    _ => Err(UsersError::Line {
                        path: path(),
                        line: at + 2,
                    }),
                }
            });
        persons.collect::<Result<_, _>>().map(Self::Listed)
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        match self {
            Self::Pattern { .. } => usize::MAX,
            Self::Listed(persons) => persons.len(),
        }
    }

    /// One of them, from 0.
    pub(crate) fn person(&self, at: usize) -> Option<Person> {
        match self {
            Self::Pattern {
                login,
                password,
                first,
            } => Some(Person {
                login: login.replacen(NUMBER, &(first + at as u64).to_string(), 1),
                password: password.clone(),
            }),
            Self::Listed(persons) => persons.get(at).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{People, Person};
    use std::path::Path;

    fn person(login: &str, password: &str) -> Option<Person> {
        Some(Person {
            login: login.to_owned(),
            password: password.to_owned(),
        })
    }

    #[test]
    fn a_pattern_has_a_place_for_the_number() {
        let people = People::pattern("{}-4242".to_owned(), "p".to_owned(), 101).unwrap();
        assert_eq!(people.person(1), person("102-4242", "p"));
        let error = People::pattern("ann".to_owned(), "p".to_owned(), 1).unwrap_err();
        assert_eq!(error.to_string(), "`ann` has no `{}` where the number goes");
    }

    #[test]
    fn columns_are_found_by_name() {
        let parse = |text| People::parse(text, Path::new("a.csv"));
        let people = parse("id,password,login\n1,p,ann\n\n2,q,bob\n").unwrap();
        assert_eq!(people.count(), 2);
        assert_eq!(people.person(1), person("bob", "q"));
        assert_eq!(people.person(2), None);
        for (text, told) in [
            ("", "a.csv: the first line names no column `login`"),
            (
                "login\n",
                "a.csv: the first line names no column `password`",
            ),
            (
                "login,password\nann,p\nbob\n",
                "a.csv, line 3: login or password is missing",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), told);
        }
    }
}
