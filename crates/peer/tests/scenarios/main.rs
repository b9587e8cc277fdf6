//! Two connections and the network between them, in virtual time.

mod early_encryption;
mod pair;
