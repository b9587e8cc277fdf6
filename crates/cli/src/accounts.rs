//! The accounts of a data folder: by the server that runs on it, so that what
//! is removed is gone at once; in the database itself when none does.

use std::path::Path;

use hyper::Method;
use serde_json::{Value, json};
use visavis_server::store::{
    AddApplicationError, AddUserError, ApplicationId, NewApplication, NewUser, PasswordHash,
    Profile, Secret, Store, UserField,
};
use visavis_server::{RunningServer, UnixTime};
use visavis_signal::UserId;

use crate::admin::{Admin, Answer, Body};
use crate::exit::{Failure, Reason};

/// See the [module](self).
#[derive(Debug)]
pub(crate) enum Accounts {
    Running(Admin),
    Stored(Store),
}

/// An application, without its secret.
#[derive(Debug)]
pub(crate) struct ListedApplication {
    pub(crate) id: u32,
    pub(crate) key: String,
    pub(crate) sign_up: bool,
}

/// A user that is wanted.
#[derive(Debug)]
pub(crate) struct WantedUser {
    pub(crate) id: Option<u32>,
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) name: Option<String>,
}

/// A user as far as lists show him.
#[derive(Debug)]
pub(crate) struct ListedUser {
    pub(crate) id: u32,
    pub(crate) login: String,
    pub(crate) name: Option<String>,
}

fn stored(error: &dyn std::error::Error) -> Failure {
    Failure::of(Reason::Source, error)
}

fn strange(what: &str) -> Failure {
    Failure::new(
        Reason::Unreachable,
        format_args!("the server's answer has no {what}"),
    )
}

fn number(value: &Value, name: &str) -> Result<u32, Failure> {
    let number = value[name]
        .as_u64()
        .and_then(|number| number.try_into().ok());
    number.ok_or_else(|| strange(name))
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let text = value[name].as_str().map(str::to_owned);
    text.ok_or_else(|| strange(name))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], Failure> {
    let list = value[name].as_array().map(Vec::as_slice);
    list.ok_or_else(|| strange(name))
}

impl Accounts {
    /// Those of this folder.
    pub(crate) async fn open(data: &Path) -> Result<Self, Failure> {
        // A file that cannot be read is no reason to give up: the database decides.
        if let Ok(Some(server)) = RunningServer::find(data)
            && let Some(admin) = Admin::connect(server).await
        {
            return Ok(Self::Running(admin));
        }
        Store::open(data)
            .map(Self::Stored)
            .map_err(|error| stored(&error))
    }

    /// Adds an application; gives back `ID:KEY:SECRET`.
    pub(crate) async fn add_application(&mut self, new: NewApplication) -> Result<String, Failure> {
        match self {
            Self::Running(admin) => {
                let body = json!({
                    "id": new.id.map(|id| id.0),
                    "key": new.key,
                    "secret": new.secret.as_ref().map(Secret::reveal),
                    "sign_up": new.sign_up,
                });
                let answer = admin.ask(Method::POST, "/applications", Body::Json(body));
                let app = answer.await?.done()?;
                let (id, key) = (number(&app, "id")?, text(&app, "key")?);
                Ok(format!("{id}:{key}:{}", text(&app, "secret")?))
            }
            Self::Stored(store) => {
                let app =
                    store
                        .add_application(&new, UnixTime::now())
                        .map_err(|error| match error {
                            AddApplicationError::Store(_) => stored(&error),
                            _ => Failure::of(Reason::Usage, &error),
                        })?;
                Ok(format!("{}:{}:{}", app.id, app.key, app.secret.reveal()))
            }
        }
    }

    pub(crate) async fn applications(&mut self) -> Result<Vec<ListedApplication>, Failure> {
        match self {
            Self::Running(admin) => {
                let answer = admin.ask(Method::GET, "/applications", Body::Nothing);
                let answer = answer.await?.done()?;
                let apps = list(&answer, "applications")?.iter().map(|app| {
                    Ok(ListedApplication {
                        id: number(app, "id")?,
                        key: text(app, "key")?,
                        sign_up: app["sign_up"] == true,
                    })
                });
                apps.collect()
            }
            Self::Stored(store) => {
                let apps = store.applications().map_err(|error| stored(&error))?;
                let apps = apps.into_iter().map(|app| ListedApplication {
                    id: app.id.0,
                    key: app.key,
                    sign_up: app.sign_up,
                });
                Ok(apps.collect())
            }
        }
    }

    /// Removes an application; `false` when there is none.
    pub(crate) async fn remove_application(&mut self, id: u32) -> Result<bool, Failure> {
        match self {
            Self::Running(admin) => remove(admin, &format!("/applications/{id}")).await,
            Self::Stored(store) => store
                .remove_application(ApplicationId(id))
                .map_err(|error| stored(&error)),
        }
    }

    /// Adds a user; gives back the number.
    pub(crate) async fn add_user(&mut self, app: u32, user: WantedUser) -> Result<u32, Failure> {
        match self {
            Self::Running(admin) => {
                let body = json!({
                    "id": user.id,
                    "login": user.login,
                    "password": user.password,
                    "full_name": user.name,
                });
                let path = format!("/applications/{app}/users");
                let answer = admin.ask(Method::POST, &path, Body::Json(body));
                number(&answer.await?.done()?, "id")
            }
            Self::Stored(store) => {
                let password = PasswordHash::new(&user.password)
                    .map_err(|error| Failure::of(Reason::Usage, &error))?;
                let profile: Profile = user
                    .name
                    .into_iter()
                    .map(|name| (UserField::FullName, Some(name)))
                    .collect();
                let new = NewUser {
                    id: user.id.map(UserId),
                    login: user.login,
                    password,
                    profile,
                };
                let added = store.add_user(ApplicationId(app), &new, UnixTime::now());
                let added = added.map_err(|error| match error {
                    AddUserError::Store(_) => stored(&error),
                    _ => Failure::of(Reason::Usage, &error),
                })?;
                Ok(added.id.0)
            }
        }
    }

    /// Adds the users of a CSV text; says how many.
    pub(crate) async fn import_users(&mut self, app: u32, csv: String) -> Result<u64, Failure> {
        match self {
            Self::Running(admin) => {
                let path = format!("/applications/{app}/import");
                let answer = admin.ask(Method::POST, &path, Body::Csv(csv));
                let answer = answer.await?.done()?;
                answer["added"].as_u64().ok_or_else(|| strange("added"))
            }
            Self::Stored(store) => store
                .import_users(ApplicationId(app), &csv, UnixTime::now())
                .map(|count| count as u64)
                .map_err(|error| Failure::of(Reason::Usage, &error)),
        }
    }

    /// The users of an application; none when there is no such application.
    pub(crate) async fn users(&mut self, app: u32) -> Result<Vec<ListedUser>, Failure> {
        match self {
            Self::Running(admin) => all_users(admin, app).await,
            Self::Stored(store) => {
                let users = store.users(ApplicationId(app));
                let users = users.map_err(|error| stored(&error))?.into_iter();
                let users = users.map(|user| ListedUser {
                    id: user.id.0,
                    login: user.login,
                    name: user.full_name,
                });
                Ok(users.collect())
            }
        }
    }

    /// Removes a user; `false` when there is none.
    pub(crate) async fn remove_user(&mut self, app: u32, id: u32) -> Result<bool, Failure> {
        match self {
            Self::Running(admin) => remove(admin, &format!("/applications/{app}/users/{id}")).await,
            Self::Stored(store) => store
                .remove_user(ApplicationId(app), UserId(id))
                .map_err(|error| stored(&error)),
        }
    }
}

async fn remove(admin: &mut Admin, path: &str) -> Result<bool, Failure> {
    let answer = admin.ask(Method::DELETE, path, Body::Nothing).await?;
    Ok(matches!(answer, Answer::Done(_)))
}

async fn all_users(admin: &mut Admin, app: u32) -> Result<Vec<ListedUser>, Failure> {
    let mut users: Vec<ListedUser> = Vec::new();
    loop {
        let after = users.last().map_or(0, |user| user.id);
        let path = format!("/applications/{app}/users?after={after}");
        let page = match admin.ask(Method::GET, &path, Body::Nothing).await? {
            Answer::Done(page) => page,
            Answer::NotFound(_) => return Ok(users),
        };
        for user in list(&page, "users")? {
            users.push(ListedUser {
                id: number(user, "id")?,
                login: text(user, "login")?,
                name: user["full_name"].as_str().map(str::to_owned),
            });
        }
        if page["more"] != true {
            return Ok(users);
        }
    }
}
