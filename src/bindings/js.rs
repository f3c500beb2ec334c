//! The JavaScript binding: what the npm package's TypeScript calls.
//!
//! Data cross as numbers, or as values (docs/format.md §1) in byte arrays: nothing else needs so little code on both sides. An answer
//! that begins with [`ERROR`] is the value `{ code, message, offset?, path?, position? }` behind that byte.

use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use super::answers;
use super::crossing::{self, Part};
use super::frames::{self, Question};
use super::policies;
use crate::frame;
use crate::store::{self, StreamKeys};
use crate::{Code, Error, Result};

/// Starts neither a value nor a frame.
const ERROR: u8 = 0xff;

/// Answers one question. `operation` says what is asked, the twin of pkg/src/operations.ts: one export for all of them, because
/// each costs the package 70 bytes of glue.
#[wasm_bindgen]
pub fn ask(operation: u32, question: &[u8]) -> Vec<u8> {
    let answer = match operation {
        0 => marker_keys(question),
        1 => next_load(question),
        2 => next_save(question),
        3 => frames::make_head(question),
        4 => frames::inspect(question),
        // Of short bytes, answered as they are; long ones go through `Scratch`.
        5 => Ok(frame::sha256(question).to_vec()),
        6 => policies::compile(question),
        7 => Ok(policies::forget(question)),
        8 => policies::decide(question, false),
        9 => policies::decide(question, true),
        _ => Err(Error::new(Code::InvalidOption, "there is no such operation")),
    };
    answered(answer)
}

/// The key of the marker that a failed attempt leaves, and of what is left of a stream that was forgotten. `question`: `[name, stream id, slot]`, a slot being a version or a fold digest.
fn marker_keys(question: &[u8]) -> Result<Vec<u8>> {
    let mut question = Question::new(question)?;
    let keys = StreamKeys::new(&question.text()?, &question.text()?)?;
    Ok(answers::texts(&[keys.attempt(question.slot()?), keys.tombstone()]))
}

/// The next step of a load. `conversation`: `{ request, facts }`; answers `{ step, rejected }`.
fn next_load(conversation: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| {
        (
            crossing::load_request(&from.at("request")),
            crossing::load_facts(&from.at("facts")),
        )
    };
    let (request, facts) = crossing::read(conversation, read)?;
    Ok(answers::next_load(&store::next(&request, &facts)?))
}

/// The next step of a save. `conversation`: `{ request, facts }`.
fn next_save(conversation: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| {
        (
            crossing::save_request(&from.at("request")),
            crossing::save_facts(&from.at("facts")),
        )
    };
    let (request, facts) = crossing::read(conversation, read)?;
    Ok(answers::next_save(&store::next_save(&request, &facts)?))
}

pub(super) fn answered(answer: Result<Vec<u8>>) -> Vec<u8> {
    answer.unwrap_or_else(|error| refused(&error))
}

#[cold]
#[inline(never)]
fn refused(error: &Error) -> Vec<u8> {
    let mut answer = Vec::from([ERROR]);
    answer.extend(answers::error(error));
    answer
}
