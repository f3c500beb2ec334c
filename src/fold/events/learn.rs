//! Taking an event that has been scanned apart, into literals and what lies between them.

use super::json;
use super::parts::{Node, PartId, Parts};
use super::shapes::{Shapes, Then};
use super::text::plain_end;
use crate::value::json::check_plain;

/// Deeper events are not learned.
const SHALLOW: usize = 16;

/// Learns the event that starts at `at`, unless there is something in it that its literals do not tell: escapes in a key, parts inside of
/// an array, space other than blanks.
#[cold]
pub(super) fn learn(shapes: &mut Shapes, parts: &Parts, input: &[u8], at: usize) {
    if !shapes.is_willing() {
        return shapes.refuse();
    }
    let mut learner = Learner {
        shapes,
        parts,
        input,
        at,
        literal: at,
        step: None,
        odd: at,
    };
    let learned = learner.value(Some(Parts::ROOT), 0);
    if learned.and_then(|()| learner.enter(Then::Done, None)).is_none() {
        shapes.refuse();
    }
}

struct Learner<'a> {
    shapes: &'a mut Shapes,
    parts: &'a Parts,
    input: &'a [u8],
    at: usize,
    /// Where the literal began.
    literal: usize,
    /// The last step.
    step: Option<usize>,
    /// Behind the last scalar that is not plain, or an array.
    odd: usize,
}

/// `None` throughout if the event cannot be learned.
impl<'a> Learner<'a> {
    fn value(&mut self, node: Option<usize>, depth: usize) -> Option<()> {
        let looked_for = node.and_then(|node| self.parts.node(node));
        match self.peek()? {
            b'{' if depth < SHALLOW => self.object(looked_for, depth + 1),
            b'[' if looked_for.is_some_and(|node| !node.is_leaf()) => None,
            _ => self.scalar(looked_for),
        }
    }

    fn scalar(&mut self, looked_for: Option<&Node>) -> Option<()> {
        let part = looked_for.and_then(Node::wanted_part);
        let array = looked_for.is_none_or(Node::is_leaf);
        self.enter(Then::Scalar { array }, part)?;
        let plain = check_plain(self.input, self.at);
        self.at = json::skip(self.input, self.at)?;
        self.literal = self.at;
        if !matches!(plain, Some((_, 0))) {
            self.odd = self.at;
        }
        Some(())
    }

    fn object(&mut self, looked_for: Option<&Node>, depth: usize) -> Option<()> {
        let (start, part) = (self.at, looked_for.and_then(Node::wanted_part));
        self.at += 1;
        if part.is_some() {
            self.enter(Then::Begin, part)?;
        }
        self.skip_space();
        if !self.skip_byte(b'}') {
            self.members(looked_for, depth)?;
        }
        if part.is_some() {
            let then = match check_plain(self.input, start) {
                Some((_, levels)) if self.odd <= start => Then::EndPlain(levels),
                _ => Then::End,
            };
            self.enter(then, part)?;
        }
        Some(())
    }

    fn members(&mut self, looked_for: Option<&Node>, depth: usize) -> Option<()> {
        loop {
            let key = self.key()?;
            let child = looked_for.and_then(|node| self.parts.under(node, key));
            self.value(child, depth)?;
            self.skip_space();
            if self.skip_byte(b'}') {
                return Some(());
            }
            self.skip_byte(b',').then_some(())?;
            self.skip_space();
        }
    }

    /// Steps over a key, its colon and space.
    fn key(&mut self) -> Option<&'a [u8]> {
        self.skip_byte(b'"').then_some(())?;
        let start = self.at;
        let end = plain_end(self.input, start);
        self.at = end;
        self.skip_byte(b'"').then_some(())?;
        self.skip_space();
        self.skip_byte(b':').then_some(())?;
        self.skip_space();
        self.input.get(start..end)
    }

    /// Makes steps of the literal that ends here.
    fn enter(&mut self, then: Then, part: Option<PartId>) -> Option<()> {
        let mut literal = self.input.get(self.literal..self.at)?;
        while let Some((piece, rest @ [_, ..])) = literal.split_at_checked(16) {
            self.step = Some(self.shapes.enter(self.step, piece, Then::Literal, None)?);
            literal = rest;
        }
        self.step = Some(self.shapes.enter(self.step, literal, then, part)?);
        self.literal = self.at;
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.skip_byte(b' ') {}
    }

    fn skip_byte(&mut self, byte: u8) -> bool {
        let skips = self.peek() == Some(byte);
        self.at += usize::from(skips);
        skips
    }
}
