//! JSON Merge Patch (RFC 7396).

use super::nodes::NodeId;
use super::tree::{Kind, Tree};
use crate::Result;
use crate::fold::events::Form;
use crate::fold::names::Name;
use crate::value::{Major, Reader};

/// Merges an encoded document into a node. As deep as the document.
pub(super) fn apply(tree: &mut Tree, node: NodeId, document: &[u8]) -> Result<()> {
    let mut reader = Reader::new(document);
    if reader.clone().head()?.major != Major::Map {
        let (heap, start) = tree.heap();
        heap.raw(document);
        return tree.replace(node, start, Form::Encoded);
    }
    if tree.kind(node) != Kind::Object {
        let (heap, start) = tree.heap();
        heap.map(0);
        tree.replace(node, start, Form::Encoded)?;
        tree.kind(node);
    }
    for _ in 0..reader.map()? {
        let name = Name::new(reader.text()?.as_bytes());
        let start = reader.offset();
        reader.jump()?;
        member(tree, node, name, reader.since(start))?;
    }
    Ok(())
}

fn member(tree: &mut Tree, object: NodeId, name: Name<'_>, document: &[u8]) -> Result<()> {
    if document == NULL {
        tree.remove_member(object, name);
        return Ok(());
    }
    if let Some(member) = tree.member(object, name) {
        return apply(tree, member, document);
    }
    let (heap, start) = tree.heap();
    heap.raw(NULL);
    let member = tree.node(start, Form::Encoded)?;
    tree.push_member(object, name, member)?;
    apply(tree, member, document)
}

const NULL: &[u8] = &[0xf6];
