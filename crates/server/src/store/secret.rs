//! Secrets that the server makes for itself and keeps.

use rand::RngExt;

use super::{Store, StoreError};

const BYTES: usize = 32;

impl Store {
    /// The secret from which relay credentials are made; made when there is none. Deleting its
    /// row makes all credentials worthless.
    ///
    /// # Errors
    /// When the database fails.
    pub fn relay_secret(&mut self) -> Result<Vec<u8>, StoreError> {
        let fresh: [u8; BYTES] = rand::rng().random();
        self.database.secret("relay", &fresh)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_secret_stays_the_same_and_is_not_everybodys() {
        let mut store = Store::open_in_memory().unwrap();
        let secret = store.relay_secret().unwrap();
        assert_eq!(secret.len(), BYTES);
        assert_eq!(store.relay_secret().unwrap(), secret);
        let mut other = Store::open_in_memory().unwrap();
        assert_ne!(other.relay_secret().unwrap(), secret);
    }
}
