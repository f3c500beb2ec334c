//! JSON Merge Patch (RFC 7396).

use super::nodes::NodeId;
use super::spec::EMPTY_OBJECT;
use super::tree::{Kind, Tree};
use crate::Result;
use crate::fold::names::Name;
use crate::value::{Major, Reader};

/// Merges an encoded document into a node. As deep as the document.
pub(super) fn apply(tree: &mut Tree, node: NodeId, document: &[u8]) -> Result<()> {
    let mut reader = Reader::new(document);
    if reader.clone().head()?.major != Major::Map {
        let content = tree.encoded(document)?;
        tree.replace(node, content);
        return Ok(());
    }
    make_object(tree, node)?;
    for _ in 0..reader.map()? {
        let name = Name::new(reader.text()?.as_bytes());
        let start = reader.offset();
        reader.jump()?;
        member(tree, node, name, reader.since(start))?;
    }
    Ok(())
}

/// What anything else becomes before members are merged into it.
pub(super) fn make_object(tree: &mut Tree, node: NodeId) -> Result<()> {
    if tree.kind(node) != Kind::Object {
        let empty = tree.encoded(EMPTY_OBJECT)?;
        tree.replace(node, empty);
        tree.kind(node);
    }
    Ok(())
}

/// Merges an encoded document into a member of an object.
pub(super) fn member(tree: &mut Tree, object: NodeId, name: Name<'_>, document: &[u8]) -> Result<()> {
    if document == NULL {
        tree.remove_member(object, name);
        return Ok(());
    }
    if let Some(member) = tree.member(object, name) {
        return apply(tree, member, document);
    }
    let nothing = tree.encoded(NULL)?;
    let member = tree.add(nothing)?;
    tree.push_member(object, name, member)?;
    apply(tree, member, document)
}

const NULL: &[u8] = &[0xf6];
