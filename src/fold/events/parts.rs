//! Which parts of an event a fold looks at.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::fold::pointer;

/// One part, as all events of a fold number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartId(pub(super) usize);

/// All pointers that a fold looks at, as a tree: the event is at its root.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    nodes: Vec<Node>,
    count: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// The part that ends here.
    pub part: Option<PartId>,
    members: Vec<Member>,
}

#[derive(Clone, Debug)]
struct Member {
    key: Box<[u8]>,
    node: usize,
}

impl Default for Parts {
    fn default() -> Self {
        let nodes = vec![Node::default()];
        Self { nodes, count: 0 }
    }
}

impl Parts {
    /// The node of the event itself.
    pub(super) const ROOT: usize = 0;

    /// The part that a pointer leads to.
    pub fn add(&mut self, segments: &[String]) -> PartId {
        let mut at = Self::ROOT;
        for segment in segments {
            at = match self.child(at, segment.as_bytes()) {
                Some(node) => node,
                None => self.add_member(at, segment.as_bytes()),
            };
        }
        let fresh = PartId(self.count);
        match self.nodes.get_mut(at) {
            Some(node) => {
                let part = *node.part.get_or_insert(fresh);
                self.count += usize::from(part == fresh);
                part
            }
            None => fresh,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    pub(super) fn node(&self, node: usize) -> Option<&Node> {
        self.nodes.get(node)
    }

    /// What is looked for under a key of an object.
    pub(super) fn under(&self, node: &Node, key: &[u8]) -> Option<usize> {
        let member = node.members.iter().find(|member| *member.key == *key)?;
        Some(member.node)
    }

    /// What is looked for at an index of an array.
    pub(super) fn at(&self, node: &Node, index: usize) -> Option<usize> {
        let is_index = |member: &&Member| pointer::index(&member.key) == Some(index);
        let member = node.members.iter().find(is_index)?;
        Some(member.node)
    }

    fn child(&self, node: usize, key: &[u8]) -> Option<usize> {
        let members = &self.nodes.get(node)?.members;
        members
            .iter()
            .find(|member| *member.key == *key)
            .map(|member| member.node)
    }

    fn add_member(&mut self, node: usize, key: &[u8]) -> usize {
        let fresh = self.nodes.len();
        self.nodes.push(Node::default());
        if let Some(node) = self.nodes.get_mut(node) {
            node.members.push(Member {
                key: key.into(),
                node: fresh,
            });
        }
        fresh
    }
}

impl Node {
    /// Whether nothing inside is looked for.
    #[inline]
    pub fn is_leaf(&self) -> bool {
        self.members.is_empty()
    }
}
