//! The JavaScript binding: what the npm package's TypeScript calls.
//!
//! Data cross as numbers, or as values (docs/format.md §1) in byte arrays: nothing else needs so little code on both sides. An answer
//! that begins with [`ERROR`] is the value `{ code, message, offset?, path?, position? }` behind that byte.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use super::answers;
use super::crossing::{self, Part};
use super::frames::{self, Question};
use super::policies;
use crate::frame;
use crate::store::{self, StreamKeys};
use crate::value::Reader;
use crate::{Code, Error, Result};

/// Starts neither a value nor a frame.
const ERROR: u8 = 0xff;

/// Answers one question. `operation` says what is asked, the twin of `Operation` in pkg/src/core.ts: one export for all of them, because
/// each costs the package 70 bytes of glue.
#[wasm_bindgen]
pub fn ask(operation: u32, question: &[u8]) -> Vec<u8> {
    let answer = match operation {
        0 => key(question, &|keys, _| Ok(keys.all().into())),
        1 => key(question, &|keys, rest| Ok(keys.snapshots(rest.slot()?))),
        2 => key(question, &|keys, rest| Ok(keys.snapshot(rest.slot()?, rest.u64()?))),
        3 => key(question, &|keys, rest| Ok(keys.attempt(rest.slot()?))),
        16 => key(question, &|keys, _| Ok(keys.tombstone())),
        4 => Ok(position_of(question)),
        5 => next_load(question),
        6 => next_save(question),
        7 => plan_save(question),
        8 => plan_prune(question),
        9 => frames::make_head(question),
        10 => frames::inspect(question),
        // Of short bytes, answered as they are; long ones go through `Scratch`.
        11 => Ok(frame::sha256(question).to_vec()),
        12 => policies::compile(question),
        13 => Ok(policies::forget(question)),
        14 => policies::decide(question, false),
        15 => policies::decide(question, true),
        _ => Err(Error::new(Code::InvalidOption, "there is no such operation")),
    };
    answered(answer)
}

/// A key, or the start of keys. `question`: `[name, stream id]`, and where the key says them also slot (version or fold digest) and
/// position.
fn key(question: &[u8], make: &dyn Fn(&StreamKeys, &mut Question<'_>) -> Result<String>) -> Result<Vec<u8>> {
    let mut question = Question::new(question)?;
    let (name, stream) = (question.text()?, question.text()?);
    let key = make(&StreamKeys::new(&name, &stream)?, &mut question)?;
    Ok(answers::text(&key))
}

/// The position that a snapshot's key states; null if the text is no such key.
fn position_of(key: &[u8]) -> Vec<u8> {
    let position = Reader::new(key).text().ok().and_then(store::position_of);
    answers::whole(position)
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

/// The operations of a save. `plan`: `{ request, facts: keys }`.
fn plan_save(plan: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| (crossing::save_request(&from.at("request")), from.at("facts").texts());
    let (request, keys) = crossing::read(plan, read)?;
    Ok(answers::plan(&store::plan_save(&request, &keys)?))
}

/// The operations that prune a slot. `request`: [`store::PruneRequest`].
fn plan_prune(request: &[u8]) -> Result<Vec<u8>> {
    let request = crossing::read(request, crossing::prune_request)?;
    Ok(answers::plan(&store::plan_prune(&request)?))
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
