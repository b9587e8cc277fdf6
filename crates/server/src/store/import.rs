//! Users from a CSV file (RFC 4180): all of them, or none.
//!
//! The first line names the columns: `login` and `password`, and optionally
//! `id` and `name`, in any order.

use std::collections::BTreeMap;
use std::thread;

use visavis_signal::UserId;

use super::{
    AddUserError, ApplicationId, NewUser, PasswordError, PasswordHash, Profile, Store, StoreError,
    UserField,
};
use crate::clock::UnixTime;

/// Why nobody was imported. Whoever wrote the file has to correct it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The first line does not name this column.
    #[error("the first line has to name the column `{0}`")]
    MissingColumn(&'static str),
    /// The first line names something else.
    #[error("column {0} of the first line is none of login, password, id, name")]
    UnknownColumn(usize),
    /// A quoted field does not end, or goes on after its closing quote.
    #[error("line {line}: the quotes do not fit")]
    Quotes {
        /// Counted from 1.
        line: usize,
    },
    /// A line has more or fewer fields than the first.
    #[error("line {line}: has {found} fields, the first line {wanted}")]
    FieldCount {
        /// Counted from 1.
        line: usize,
        /// Fields on this line.
        found: usize,
        /// Fields on the first.
        wanted: usize,
    },
    /// An id is not a number from 1 to 4294967295.
    #[error("line {line}: the id is not a number from 1 to 4294967295")]
    Id {
        /// Counted from 1.
        line: usize,
    },
    /// A password is not acceptable.
    #[error("line {line}: {source}")]
    Password {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: PasswordError,
    },
    /// A user cannot be added.
    #[error("line {line}: {source}")]
    User {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: AddUserError,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The users of a CSV text, their passwords hashed.
#[derive(Debug)]
pub struct Import(Vec<(usize, NewUser)>);

struct Line {
    number: usize,
    fields: Vec<String>,
}

struct Candidate<'a> {
    line: usize,
    id: Option<UserId>,
    login: &'a str,
    password: &'a str,
    name: Option<&'a str>,
}

impl Import {
    /// Reads a CSV text and hashes its passwords, which takes long.
    ///
    /// # Errors
    /// [`ImportError`] names the first line that cannot be taken.
    pub fn read(csv: &str) -> Result<Self, ImportError> {
        let lines = split(csv)?;
        let candidates = candidates(&lines)?;
        let hashes = hash_all(&candidates)?;
        let users = candidates.iter().zip(hashes).map(|(candidate, password)| {
            let new = NewUser {
                id: candidate.id,
                login: candidate.login.to_owned(),
                password,
                profile: candidate.name.map_or_else(Profile::new, |name| {
                    Profile::from([(UserField::FullName, Some(name.to_owned()))])
                }),
            };
            (candidate.line, new)
        });
        Ok(Self(users.collect()))
    }
}

impl Store {
    /// Adds the users of a CSV text; says how many.
    ///
    /// # Errors
    /// [`ImportError`] names the first line that cannot be taken; nobody is
    /// added then.
    pub fn import_users(
        &mut self,
        application: ApplicationId,
        csv: &str,
        now: UnixTime,
    ) -> Result<usize, ImportError> {
        self.add_users(application, &Import::read(csv)?, now)
    }

    /// Adds users that were read before; says how many.
    ///
    /// # Errors
    /// As [`Store::import_users`].
    pub fn add_users(
        &mut self,
        application: ApplicationId,
        import: &Import,
        now: UnixTime,
    ) -> Result<usize, ImportError> {
        self.atomically(|store| {
            for (line, new) in &import.0 {
                let added = store.add_user(application, new, now);
                added.map_err(|source| ImportError::User {
                    line: *line,
                    source,
                })?;
            }
            Ok(import.0.len())
        })
    }
}

fn candidates(lines: &[Line]) -> Result<Vec<Candidate<'_>>, ImportError> {
    let Some((header, rows)) = lines.split_first() else {
        return Err(ImportError::MissingColumn("login"));
    };
    let mut columns = BTreeMap::new();
    for (index, name) in header.fields.iter().enumerate() {
        match name.trim() {
            known @ ("login" | "password" | "id" | "name") => columns.insert(known, index),
            _ => return Err(ImportError::UnknownColumn(index + 1)),
        };
    }
    let needed = |name| columns.get(name).ok_or(ImportError::MissingColumn(name));
    let (login, password) = (needed("login")?, needed("password")?);
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if row.fields.len() != header.fields.len() {
            return Err(ImportError::FieldCount {
                line: row.number,
                found: row.fields.len(),
                wanted: header.fields.len(),
            });
        }
        let optional = |name| {
            columns
                .get(name)
                .map(|index| row.fields[*index].trim())
                .filter(|value| !value.is_empty())
        };
        let id = optional("id")
            .map(|id| id.parse().map(UserId))
            .transpose()
            .map_err(|_| ImportError::Id { line: row.number })?;
        found.push(Candidate {
            line: row.number,
            id,
            login: &row.fields[*login],
            password: &row.fields[*password],
            name: optional("name"),
        });
    }
    Ok(found)
}

/// Hashes on every processor: one password takes some ten milliseconds.
fn hash_all(candidates: &[Candidate<'_>]) -> Result<Vec<PasswordHash>, ImportError> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = candidates.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = candidates
            .chunks(share)
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .map(|candidate| {
                            PasswordHash::new(candidate.password).map_err(|source| {
                                ImportError::Password {
                                    line: candidate.line,
                                    source,
                                }
                            })
                        })
                        .collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut hashes = Vec::with_capacity(candidates.len());
        for part in parts {
            let part = part.join().map_err(|_| StoreError::Stopped)??;
            hashes.extend(part);
        }
        Ok(hashes)
    })
}

/// Splits a CSV text into its lines and fields; blank lines are left out.
fn split(csv: &str) -> Result<Vec<Line>, ImportError> {
    let mut lines = Vec::new();
    let (mut number, mut start) = (1, 1);
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut chars = csv
        .strip_prefix('\u{feff}')
        .unwrap_or(csv)
        .chars()
        .peekable();
    let (mut quoted, mut was_quoted) = (false, false);
    loop {
        let next = chars.next();
        match next {
            Some('"') if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            Some('"') if quoted => quoted = false,
            Some(c) if quoted => {
                number += usize::from(c == '\n');
                field.push(c);
            }
            None if quoted => return Err(ImportError::Quotes { line: start }),
            Some('"') if field.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            Some(',') => {
                fields.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            Some('\r') if chars.peek() == Some(&'\n') => {}
            Some('\n') | None => {
                fields.push(std::mem::take(&mut field));
                if fields.len() > 1 || was_quoted || !fields[0].is_empty() {
                    lines.push(Line {
                        number: start,
                        fields: std::mem::take(&mut fields),
                    });
                }
                fields.clear();
                was_quoted = false;
                number += 1;
                start = number;
                if next.is_none() {
                    return Ok(lines);
                }
            }
            Some('"') => return Err(ImportError::Quotes { line: start }),
            Some(_) if was_quoted => return Err(ImportError::Quotes { line: start }),
            Some(c) => field.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::NewApplication;

    const NOW: UnixTime = UnixTime(1_700_000_000);
    const APP: ApplicationId = ApplicationId(1);

    fn import(csv: &str) -> (Store, Result<usize, ImportError>) {
        let mut store = Store::open_in_memory().unwrap();
        store
            .add_application(&NewApplication::default(), NOW)
            .unwrap();
        let result = store.import_users(APP, csv, NOW);
        (store, result)
    }

    #[test]
    fn quoted_fields_and_free_order() {
        let (store, result) = import(
            "\u{feff}id,login,name,password\r\n101,ann,\"Ann, \"\"A\"\"\",pass101\r\n\n102,bob,,p\n",
        );
        assert_eq!(result.unwrap(), 2);
        let users = store.users(APP).unwrap();
        assert_eq!(users[0].full_name.as_deref(), Some("Ann, \"A\""));
        assert_eq!((users[1].id, &*users[1].login), (UserId(102), "bob"));
        assert!(
            store
                .password_of(APP, UserId(101))
                .unwrap()
                .unwrap()
                .verify("pass101")
        );
    }

    #[test]
    fn one_bad_line_and_nobody_is_added() {
        let (store, result) = import("login,password\nann,x\nbob,y\nann,z\n");
        assert!(matches!(
            result,
            Err(ImportError::User {
                line: 4,
                source: AddUserError::Taken(UserField::Login)
            })
        ));
        assert!(store.users(APP).unwrap().is_empty());
    }

    #[test]
    fn errors_name_line_and_column() {
        let failed = |csv: &str| import(csv).1.unwrap_err().to_string();
        assert!(failed("").contains("`login`"));
        assert!(failed("login\nx").contains("`password`"));
        assert!(failed("login,password,email").contains("column 3"));
        assert!(failed("login,password\nx").starts_with("line 2: has 1"));
        assert!(failed("login,password\nx,\"y").starts_with("line 2: the quotes"));
        assert!(failed("login,password\nx,\"y\"z").starts_with("line 2: the quotes"));
        assert!(failed("login,password,id\nx,y,-1").starts_with("line 2: the id"));
        assert!(failed("login,password\nx,y\nz,").starts_with("line 3: a password"));
    }
}
