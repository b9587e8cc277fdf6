//! Writing an element.

use alloc::string::String;

use super::element::{Element, Node};
use super::escape::{escape_attribute, escape_text};
use crate::ns;

impl Element {
    /// The element as text; the root declares its namespace.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends the element; the root declares its namespace.
    pub fn write(&self, out: &mut String) {
        self.write_in(None, out);
    }

    fn write_in(&self, surrounding: Option<&str>, out: &mut String) {
        // The namespace of `xml:lang` can be declared by nobody (Namespaces in XML 1.0
        // section 3): it has its prefix, and its elements declare no other.
        let reserved = *self.namespace == *ns::XML;
        let inner = if reserved {
            surrounding
        } else {
            Some(&*self.namespace)
        };
        out.push('<');
        self.write_name(reserved, out);
        for (name, value) in &self.attributes {
            write_attribute(name, value, out);
        }
        if !reserved && (self.declares_namespace || surrounding != inner) {
            write_attribute("xmlns", &self.namespace, out);
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for node in &self.children {
            match node {
                Node::Element(child) => child.write_in(inner, out),
                Node::Text(text) => escape_text(text, out),
            }
        }
        out.push_str("</");
        self.write_name(reserved, out);
        out.push('>');
    }

    fn write_name(&self, reserved: bool, out: &mut String) {
        if reserved {
            out.push_str("xml:");
        }
        out.push_str(&self.name);
    }
}

fn write_attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape_attribute(value, out);
    out.push('"');
}
