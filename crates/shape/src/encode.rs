//! What an encoder is told.

use claviger_model::scalar::Kind;

use crate::Name;

/// A part of a value that is opened and closed around what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A structure; holds members.
    Structure,
    /// A member of a structure; holds one value.
    Member(Name),
    /// A list; holds elements.
    List,
    /// An element of a list; holds one value.
    Element,
    /// A map; holds entries.
    Map,
    /// An entry of a map; holds a key and then a value.
    Entry,
    /// The key of an entry; holds one single value.
    Key,
    /// The value of an entry; holds one value.
    Value,
}

/// Gives the text of a single value, in one or more pieces, to whoever is passed in.
pub type Pieces<'w> = dyn Fn(&mut dyn FnMut(&str)) + 'w;

/// A format. What is open is closed in the reverse order, always with the same part.
pub trait Encoder {
    /// A part begins.
    fn open(&mut self, part: Part);

    /// The part ends that began last.
    fn close(&mut self, part: Part);

    /// A single value.
    fn scalar(&mut self, kind: Kind, secret: bool, write: &Pieces<'_>);
}
