//! The element itself.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// An element with its attributes and children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub(super) namespace: Arc<str>,
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
    pub(super) declares_namespace: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// An element without attributes and children.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.to_string(),
            attributes: Vec::new(),
            children: Vec::new(),
            declares_namespace: false,
        }
    }

    /// An element in the namespace of this one.
    pub fn sibling(&self, name: &str) -> Self {
        Self {
            namespace: Arc::clone(&self.namespace),
            name: name.to_string(),
            attributes: Vec::new(),
            children: Vec::new(),
            declares_namespace: false,
        }
    }

    /// The name without prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace; empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether namespace and name are these.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        *self.namespace == *namespace && self.name == name
    }

    /// The value of an attribute; `xml:lang` and the like by their prefix.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Sets an attribute; a new one goes behind the others.
    pub fn set_attribute(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.to_string(),
            None => self.attributes.push((name.to_string(), value.to_string())),
        }
    }

    /// [`set_attribute`](Self::set_attribute), for building.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.set_attribute(name, value);
        self
    }

    /// Writes `xmlns` even where the parent has the same namespace.
    #[must_use]
    pub fn declaring_namespace(mut self) -> Self {
        self.declares_namespace = true;
        self
    }

    /// The child elements, in order.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child of that name, whatever its namespace.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children().find(|child| child.name == name)
    }

    /// The first child of that namespace and name.
    pub fn child_ns(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children().find(|child| child.is(namespace, name))
    }

    /// The text directly inside, joined.
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|node| match node {
                Node::Element(_) => None,
                Node::Text(text) => Some(text.as_str()),
            })
            .collect()
    }

    /// Appends a child element.
    pub fn push(&mut self, child: Self) {
        self.children.push(Node::Element(child));
    }

    /// Appends text.
    pub fn push_text(&mut self, text: &str) {
        if let Some(Node::Text(last)) = self.children.last_mut() {
            last.push_str(text);
        } else if !text.is_empty() {
            self.children.push(Node::Text(text.to_string()));
        }
    }

    /// [`push`](Self::push), for building.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    /// [`push_text`](Self::push_text), for building.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.push_text(text);
        self
    }
}
