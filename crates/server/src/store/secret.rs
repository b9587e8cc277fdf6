//! Secrets that the server makes for itself and keeps.

use rand::RngExt;
use rusqlite::OptionalExtension;

use super::{Store, StoreError};

const BYTES: usize = 32;

impl Store {
    /// The secret from which relay credentials are made; made when there is none. Deleting its
    /// row makes all credentials worthless.
    ///
    /// # Errors
    /// When the database fails.
    pub fn relay_secret(&self) -> Result<Vec<u8>, StoreError> {
        let fresh: [u8; BYTES] = rand::rng().random();
        // Another process may be the first: what is stored counts.
        self.connection.execute(
            "INSERT OR IGNORE INTO secrets (name, value) VALUES ('relay', ?1)",
            [&fresh[..]],
        )?;
        let stored = self
            .connection
            .query_row(
                "SELECT value FROM secrets WHERE name = 'relay'",
                [],
                |row| row.get(0),
            )
            .optional()?;
        Ok(stored.unwrap_or_else(|| fresh.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_secret_stays_the_same_and_is_not_everybodys() {
        let store = Store::open_in_memory().unwrap();
        let secret = store.relay_secret().unwrap();
        assert_eq!(secret.len(), BYTES);
        assert_eq!(store.relay_secret().unwrap(), secret);
        let other = Store::open_in_memory().unwrap();
        assert_ne!(other.relay_secret().unwrap(), secret);
    }
}
