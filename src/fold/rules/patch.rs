//! JSON Patch (RFC 6902).

use alloc::string::String;
use alloc::vec::Vec;

use super::nodes::{NodeId, fits};
use super::spot::{Place, Spot, step, take_out};
use super::tree::{Kind, Tree};
use crate::fold::names::Name;
use crate::fold::pointer;
use crate::text::text;
use crate::value::{Reader, Writer, canonicalize};
use crate::{Code, Error, Result};

/// Applies an encoded patch to a node that lies in `depth` arrays and objects. After an error the tree has to be rolled back.
pub(super) fn apply(tree: &mut Tree, node: NodeId, depth: usize, patch: &[u8]) -> Result<()> {
    let mut reader = Reader::new(patch);
    let count = reader
        .array()
        .map_err(|_| failed("a patch is an array of operations"))?;
    let mut copied = 0;
    for index in 0..count {
        let start = reader.offset();
        reader.jump()?;
        let mut target = Target {
            tree,
            node,
            depth,
            copied: &mut copied,
        };
        let step = Step::read(reader.since(start)).and_then(|step| step.apply(&mut target));
        step.map_err(|error| {
            let message = text!("operation {} of the patch: {}", index, error.message());
            Error::new(Code::PatchFailed, message)
        })?;
    }
    Ok(())
}

/// A patch could double what it works on with each of its copies. No state is larger than this, unless somebody says so.
const MOST_COPIED: usize = 1 << 26;

/// One operation; its members are encoded.
#[derive(Default)]
struct Step<'a> {
    op: &'a str,
    path: Option<&'a str>,
    from: Option<&'a str>,
    value: Option<&'a [u8]>,
}

impl<'a> Step<'a> {
    fn read(step: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(step);
        let mut read = Self::default();
        for _ in 0..reader.map().map_err(|_| failed("it is no object"))? {
            let name = reader.text()?;
            let start = reader.offset();
            reader.jump()?;
            let value = reader.since(start);
            let text = || {
                Reader::new(value)
                    .text()
                    .map_err(|_| failed("op, path and from are text"))
            };
            match name {
                "op" => read.op = text()?,
                "path" => read.path = Some(text()?),
                "from" => read.from = Some(text()?),
                "value" => read.value = Some(value),
                _ => {} // RFC 6902 §4: members that the operation does not know are ignored
            }
        }
        Ok(read)
    }

    fn apply(&self, target: &mut Target<'_>) -> Result<()> {
        let path = self.path.ok_or_else(|| failed("it has no path"))?;
        let value = || self.value.ok_or_else(|| failed("it has no value"));
        let from = || self.from.ok_or_else(|| failed("it has no from"));
        match self.op {
            "add" => target.add(path, value()?),
            "remove" => target.remove(path),
            "replace" => target.replace(path, value()?),
            "move" => target.relocate(from()?, path),
            "copy" => {
                let copied = target.copy_of(from()?)?;
                target.add(path, copied.as_bytes())
            }
            "test" => target.test(path, value()?),
            other => Err(failed(text!("there is no operation {}", other))),
        }
    }
}

/// What a patch works on.
struct Target<'t> {
    tree: &'t mut Tree,
    node: NodeId,
    depth: usize,
    /// How many bytes the patch has copied or moved.
    copied: &'t mut usize,
}

impl Target<'_> {
    fn add(&mut self, path: &str, value: &[u8]) -> Result<()> {
        let segments = parse(path)?;
        let spot = self.find(path, &segments)?;
        check_depth(value, spot.depth)?;
        let content = self.tree.encoded(value)?;
        match spot.place {
            Some(Place {
                parent,
                kind: Kind::Array,
                segment,
            }) => {
                let length = self.tree.len(parent);
                let at = match segment.text {
                    b"-" => Some(length),
                    index => pointer::index(index).filter(|at| *at <= length),
                };
                let at = at.ok_or_else(|| failed("the array has no such place"))?;
                let element = self.tree.add(content)?;
                self.tree.insert_element(parent, at, element);
                Ok(())
            }
            _ => spot.set(self.tree, content).map(drop),
        }
    }

    fn remove(&mut self, path: &str) -> Result<()> {
        let segments = parse(path)?;
        let spot = self.find_existing(path, &segments)?;
        let place = spot.place.ok_or_else(|| failed("the whole target cannot be removed"))?;
        take_out(self.tree, &place);
        Ok(())
    }

    fn replace(&mut self, path: &str, value: &[u8]) -> Result<()> {
        let segments = parse(path)?;
        let spot = self.find_existing(path, &segments)?;
        check_depth(value, spot.depth)?;
        let content = self.tree.encoded(value)?;
        spot.set(self.tree, content).map(drop)
    }

    fn relocate(&mut self, from: &str, path: &str) -> Result<()> {
        let moved = self.copy_of(from)?;
        if path == from {
            return Ok(());
        }
        if path.strip_prefix(from).is_some_and(|inside| inside.starts_with('/')) {
            return Err(failed("it moves something into itself"));
        }
        self.remove(from)?;
        self.add(path, moved.as_bytes())
    }

    fn test(&mut self, path: &str, value: &[u8]) -> Result<()> {
        let found = self.bytes(path)?;
        if canonicalize(found.as_bytes())? == canonicalize(value)? {
            return Ok(());
        }
        Err(failed("the test finds another value there"))
    }

    fn copy_of(&mut self, path: &str) -> Result<Writer> {
        let bytes = self.bytes(path)?;
        *self.copied = self.copied.saturating_add(bytes.len());
        match *self.copied {
            ..=MOST_COPIED => Ok(bytes),
            _ => Err(failed("the patch copies and moves more than 64 MiB")),
        }
    }

    fn bytes(&mut self, path: &str) -> Result<Writer> {
        let segments = parse(path)?;
        let spot = self.find_existing(path, &segments)?;
        let mut bytes = Writer::default();
        spot.node.into_iter().for_each(|node| self.tree.write(node, &mut bytes));
        Ok(bytes)
    }

    fn find_existing<'p>(&mut self, path: &str, segments: &'p [String]) -> Result<Spot<'p>> {
        let spot = self.find(path, segments)?;
        match spot.node {
            Some(_) => Ok(spot),
            None => Err(failed(text!("there is nothing at {}", path))),
        }
    }

    fn find<'p>(&mut self, path: &str, segments: &'p [String]) -> Result<Spot<'p>> {
        let mut spot = Spot {
            node: Some(self.node),
            place: None,
            depth: self.depth,
        };
        for segment in segments {
            let parent = spot
                .node
                .ok_or_else(|| failed(text!("there is nothing that {} could be a part of", path)))?;
            let kind = self.tree.kind(parent);
            let segment = Name::new(segment.as_bytes());
            spot.node = match (kind, segment.text) {
                (Kind::Array, b"-") => None,
                _ => step(self.tree, parent, kind, segment)?,
            };
            spot.depth = spot.depth.saturating_add(1);
            spot.place = Some(Place { parent, kind, segment });
        }
        Ok(spot)
    }
}

fn parse(path: &str) -> Result<Vec<String>> {
    pointer::parse(path).map_err(failed)
}

fn check_depth(value: &[u8], depth: usize) -> Result<()> {
    if fits(value, depth) {
        return Ok(());
    }
    Err(failed("the state would be nested deeper than 256 levels"))
}

#[cold]
fn failed(message: impl Into<String>) -> Error {
    Error::new(Code::PatchFailed, message)
}
