//! One small tree of XML elements, read with bounds and written byte for byte.
//!
//! Reading is rxml's restricted XML 1.0: no document types, no custom
//! entities, no processing instructions, no comments. Writing uses double
//! quotes, keeps attributes in the order they were set and puts `xmlns` last.
//! It never resolves prefixes when writing: every element is written with a
//! default namespace.

mod element;
mod escape;
mod parse;
mod plain;
mod scan;
mod write;

pub use element::Element;
pub use escape::{escape_attribute, escape_text};
pub use parse::{Limits, XmlError, check};
pub(crate) use plain::Tag;
pub(crate) use scan::Scan;
