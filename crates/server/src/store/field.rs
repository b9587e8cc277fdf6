//! The fields of a user: their names, and what each may hold.

use std::collections::BTreeMap;

use crate::clock::UnixTime;

/// A field of a user, under its name in the database and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UserField {
    /// The number; fixed.
    Id,
    /// What the user logs in with; unique in the application.
    Login,
    /// A name for people.
    FullName,
    /// Unique in the application.
    Email,
    /// As the user wrote it.
    Phone,
    /// As the user wrote it.
    Website,
    /// The app's own number or name for the user; unique in the application.
    ExternalUserId,
    /// Unique in the application.
    FacebookId,
    /// Unique in the application.
    TwitterId,
    /// A number that means something to the app.
    BlobId,
    /// Text that means something to the app.
    CustomData,
    /// Words separated by commas.
    Tags,
    /// Set by the server.
    CreatedAt,
    /// Set by the server.
    UpdatedAt,
    /// Set by the server.
    LastRequestAt,
}

impl UserField {
    /// Every field.
    pub const ALL: [Self; 15] = [
        Self::Id,
        Self::Login,
        Self::FullName,
        Self::Email,
        Self::Phone,
        Self::Website,
        Self::ExternalUserId,
        Self::FacebookId,
        Self::TwitterId,
        Self::BlobId,
        Self::CustomData,
        Self::Tags,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::LastRequestAt,
    ];

    /// Its name in the database and in JSON.
    pub fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Login => "login",
            Self::FullName => "full_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Website => "website",
            Self::ExternalUserId => "external_user_id",
            Self::FacebookId => "facebook_id",
            Self::TwitterId => "twitter_id",
            Self::BlobId => "blob_id",
            Self::CustomData => "custom_data",
            Self::Tags => "user_tags",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::LastRequestAt => "last_request_at",
        }
    }

    /// The field of this name. Requests call the tags `tag_list`.
    pub fn named(name: &str) -> Option<Self> {
        if name == "tag_list" {
            return Some(Self::Tags);
        }
        Self::ALL.into_iter().find(|field| field.column() == name)
    }

    /// Whether it is for users to set.
    pub(crate) fn is_settable(self) -> bool {
        self.max_length().is_some()
    }

    fn is_time(self) -> bool {
        matches!(
            self,
            Self::CreatedAt | Self::UpdatedAt | Self::LastRequestAt
        )
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Id | Self::BlobId)
    }

    /// What a stored value is compared with: `value` in the type of the field.
    /// Text that is no number or date is equal to nothing there.
    pub fn comparable(self, value: &str) -> FieldValue {
        let value = value.trim();
        if self.is_number() {
            value.parse().map_or(FieldValue::Empty, FieldValue::Number)
        } else if self.is_time() {
            UnixTime::parse(value).map_or(FieldValue::Empty, |time| FieldValue::Number(time.0))
        } else {
            FieldValue::Text(value.to_owned())
        }
    }

    /// Largest content in characters; `None` for what users cannot set.
    fn max_length(self) -> Option<usize> {
        match self {
            Self::Login
            | Self::FullName
            | Self::Email
            | Self::Phone
            | Self::Website
            | Self::ExternalUserId
            | Self::FacebookId
            | Self::TwitterId
            | Self::BlobId => Some(255),
            Self::CustomData => Some(5000),
            Self::Tags => Some(1000),
            Self::Id | Self::CreatedAt | Self::UpdatedAt | Self::LastRequestAt => None,
        }
    }

    /// Checks a value for this field and brings it into the form it is kept
    /// in. `None`, also for blank text, empties the field.
    pub(super) fn admit(self, value: Option<&str>) -> Result<FieldValue, FieldError> {
        let problem = |problem| {
            Err(FieldError {
                field: self,
                problem,
            })
        };
        let Some(max) = self.max_length() else {
            return problem(FieldProblem::ReadOnly);
        };
        let Some(text) = value.map(str::trim).filter(|text| !text.is_empty()) else {
            return match self {
                Self::Login => problem(FieldProblem::Empty),
                _ => Ok(FieldValue::Empty),
            };
        };
        if text.chars().count() > max {
            return problem(FieldProblem::TooLong { max });
        }
        let multiline = matches!(self, Self::CustomData);
        if text
            .chars()
            .any(|c| c.is_control() && !(multiline && matches!(c, '\n' | '\r' | '\t')))
        {
            return problem(FieldProblem::ControlCharacter);
        }
        match self {
            Self::BlobId => match text.parse() {
                Ok(number) => Ok(FieldValue::Number(number)),
                Err(_) => problem(FieldProblem::NotANumber),
            },
            Self::Email if !looks_like_email(text) => problem(FieldProblem::NotAnAddress),
            Self::Tags => Ok(FieldValue::Text(
                text.split(',')
                    .map(str::trim)
                    .filter(|tag| !tag.is_empty())
                    .collect::<Vec<_>>()
                    .join(","),
            )),
            _ => Ok(FieldValue::Text(text.to_owned())),
        }
    }
}

fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

/// The value of a field as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// None.
    Empty,
    /// A number, or a time in seconds since 1970.
    Number(i64),
    /// Text.
    Text(String),
}

/// A field that cannot be stored. Whoever wrote it has to write another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", .field.column())]
pub struct FieldError {
    /// The field.
    pub field: UserField,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// It has to have content.
    #[error("can't be blank")]
    Empty,
    /// It has more characters than there is room for.
    #[error("is too long (maximum is {max} characters)")]
    TooLong {
        /// The room.
        max: usize,
    },
    /// It has characters that cannot be shown.
    #[error("has invalid characters")]
    ControlCharacter,
    /// It has to be a whole number.
    #[error("is not a number")]
    NotANumber,
    /// It has to be an email address.
    #[error("should look like an email address.")]
    NotAnAddress,
    /// It is set by the server only.
    #[error("cannot be changed")]
    ReadOnly,
}

/// Values for fields of a user; `None` empties the field.
pub type Profile = BTreeMap<UserField, Option<String>>;
