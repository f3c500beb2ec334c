//! Objects that targets lead through, so that they are looked for once: as long as they are there where a path is the same for all events,
//! within one event where it is filled.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::nodes::NodeId;

/// A path that begins a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    number: usize,
    /// Whether it is the same for all events.
    fixed: bool,
}

impl Path {
    /// To the whole state.
    pub const ROOT: Self = Self { number: 0, fixed: true };
}

/// The numbers of all paths that begin targets, by their text.
#[derive(Debug, Default)]
pub(super) struct Paths(BTreeMap<String, Path>);

impl Paths {
    /// The path of that text.
    pub fn enter(&mut self, text: &str, fixed: bool) -> Path {
        let number = self.0.len() + 1;
        *self.0.entry(text.into()).or_insert(Path { number, fixed })
    }

    /// The path of that text, if it begins a target.
    pub fn find(&self, text: &str) -> Option<Path> {
        match text {
            "" => Some(Path::ROOT),
            _ => self.0.get(text).copied(),
        }
    }
}

/// Which objects are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    fixed: Vec<Option<NodeId>>,
    filled: Vec<Option<NodeId>>,
}

impl Known {
    #[inline]
    pub fn get(&self, path: Path) -> Option<NodeId> {
        let known = if path.fixed { &self.fixed } else { &self.filled };
        known.get(path.number).copied().flatten()
    }

    pub fn set(&mut self, path: Path, object: NodeId) {
        let known = if path.fixed { &mut self.fixed } else { &mut self.filled };
        if known.len() <= path.number {
            known.resize(path.number + 1, None);
        }
        if let Some(known) = known.get_mut(path.number) {
            *known = Some(object);
        }
    }

    /// Another event comes.
    #[inline]
    pub fn end_event(&mut self) {
        self.filled.clear();
    }

    /// Any of them might have gone.
    pub fn clear(&mut self) {
        self.fixed.clear();
        self.filled.clear();
    }
}
