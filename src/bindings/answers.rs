//! What the core says to the npm package, as values: the counterpart of `crossing`, written by hand for the same reason. The shapes are
//! those of serde's derive on these types.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Error;
use crate::policy::Needs;
use crate::store::{LoadStep, NextLoad, Rejection, SaveResult, SaveStep};
use crate::value::Writer;

pub(super) fn error(error: &Error) -> Vec<u8> {
    written(|out| put_error(out, error))
}

pub(super) fn text(text: &str) -> Vec<u8> {
    written(|out| out.text(text))
}

pub(super) fn texts(texts: &[String]) -> Vec<u8> {
    written(|out| list(out, texts))
}

pub(super) fn needs(policy: u64, needs: &Needs) -> Vec<u8> {
    written(|out| {
        out.array(6);
        out.uint(policy);
        out.truth(needs.bytes);
        out.truth(needs.kind);
        out.truth(needs.stream);
        out.uint(u64::from(needs.states));
        list(out, &needs.event_types);
    })
}

pub(super) fn next_load(NextLoad { step, rejected }: &NextLoad) -> Vec<u8> {
    written(|out| {
        out.map(2);
        out.text("step");
        put_load_step(out, step);
        out.text("rejected");
        out.array(rejected.len());
        for rejection in rejected {
            put_rejection(out, rejection);
        }
    })
}

fn put_load_step(out: &mut Writer, step: &LoadStep) {
    match step {
        LoadStep::List { prefix, start, limit } => {
            open(out, 4, "do", "list");
            put_text(out, "prefix", prefix);
            match start {
                Some(start) => put_text(out, "start", start),
                None => put_whole(out, "start", None),
            }
            put_whole(out, "limit", Some(*limit as u64));
        }
        LoadStep::Open { key, position } => {
            open(out, 3, "do", "open");
            put_text(out, "key", key);
            put_whole(out, "position", Some(*position));
        }
        LoadStep::Read { from } => {
            open(out, 2, "do", "read");
            put_whole(out, "from", *from);
        }
        LoadStep::Bounds { through } => {
            open(out, 2, "do", "bounds");
            put_whole(out, "through", *through);
        }
        LoadStep::Use { key } => {
            open(out, 2, "do", "use");
            put_text(out, "key", key);
        }
        LoadStep::Replay => open(out, 1, "do", "replay"),
        LoadStep::Fail { error } => {
            open(out, 2, "do", "fail");
            out.text("error");
            put_error(out, error);
        }
    }
}

fn put_rejection(out: &mut Writer, rejection: &Rejection) {
    open(out, 4, "key", &rejection.key);
    put_whole(out, "position", rejection.position);
    put_text(out, "code", rejection.code.as_str());
    put_text(out, "message", &rejection.message);
}

pub(super) fn next_save(step: &SaveStep) -> Vec<u8> {
    written(|out| match step {
        SaveStep::List { prefix, limit } => {
            open(out, 3, "do", "list");
            put_text(out, "prefix", prefix);
            put_whole(out, "limit", Some(*limit as u64));
        }
        SaveStep::Open { key, position } => {
            open(out, 3, "do", "open");
            put_text(out, "key", key);
            put_whole(out, "position", Some(*position));
        }
        SaveStep::Put { key, if_absent } => {
            open(out, 3, "do", "put");
            put_text(out, "key", key);
            out.text("ifAbsent");
            out.truth(*if_absent);
        }
        SaveStep::Get { key } => {
            open(out, 2, "do", "get");
            put_text(out, "key", key);
        }
        SaveStep::Verify { key, position } => {
            open(out, 3, "do", "verify");
            put_text(out, "key", key);
            put_whole(out, "position", Some(*position));
        }
        SaveStep::Delete { keys, covered_by } => {
            open(out, 3, "do", "delete");
            put_texts(out, "keys", keys);
            put_text(out, "coveredBy", covered_by);
        }
        SaveStep::Done { result } => {
            open(out, 2, "do", "done");
            out.text("result");
            put_result(out, result);
        }
    })
}

fn put_result(out: &mut Writer, result: &SaveResult) {
    match result {
        SaveResult::Taken {
            key,
            deleted,
            delete_error,
        } => {
            open(out, 4, "status", "taken");
            put_text(out, "key", key);
            put_texts(out, "deleted", deleted);
            match delete_error {
                Some(error) => {
                    out.text("deleteError");
                    put_error(out, error);
                }
                None => put_whole(out, "deleteError", None),
            }
        }
        SaveResult::AlreadyCovered { key } => {
            open(out, 2, "status", "alreadyCovered");
            put_text(out, "key", key);
        }
        SaveResult::Forgotten => open(out, 1, "status", "forgotten"),
        SaveResult::Failed { error } => {
            open(out, 2, "status", "failed");
            out.text("error");
            put_error(out, error);
        }
    }
}

fn put_error(out: &mut Writer, error: &Error) {
    let places = [
        error.offset().is_some(),
        error.path().is_some(),
        error.position().is_some(),
    ];
    let known = places.into_iter().filter(|known| *known).count();
    open(out, 2 + known, "code", error.code().as_str());
    put_text(out, "message", error.message());
    if error.offset().is_some() {
        put_whole(out, "offset", error.offset());
    }
    if let Some(path) = error.path() {
        put_text(out, "path", path);
    }
    if error.position().is_some() {
        put_whole(out, "position", error.position());
    }
}

fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    out.into_bytes()
}

/// The start of an object of so many fields, and its first field.
fn open(out: &mut Writer, fields: usize, name: &str, text: &str) {
    out.map(fields);
    put_text(out, name, text);
}

#[inline(never)] // some twenty calls
fn put_text(out: &mut Writer, name: &str, text: &str) {
    out.text(name);
    out.text(text);
}

fn put_texts(out: &mut Writer, name: &str, texts: &[String]) {
    out.text(name);
    list(out, texts);
}

fn list(out: &mut Writer, texts: &[impl AsRef<str>]) {
    out.array(texts.len());
    texts.iter().for_each(|text| out.text(text.as_ref()));
}

fn put_whole(out: &mut Writer, name: &str, number: Option<u64>) {
    out.text(name);
    number_or_null(out, number);
}

fn number_or_null(out: &mut Writer, number: Option<u64>) {
    match number {
        Some(number) => out.uint(number),
        None => out.null(),
    }
}
