//! Bytes as frames.

use snapfold::Code;
use snapfold::frame::{self, Expect, Inspection, Key, MAX_HEAD_BYTES, Opened, sha256};
use snapfold::value;

use super::{lies_inside, repair::repaired};

/// A verdict with its place, or exactly what was sealed.
pub fn frame_open(data: &[u8]) {
    let any = Expect::default();
    let inspected = frame::inspect(data, &any);
    let head = &data[..data.len().min(MAX_HEAD_BYTES)];
    assert_eq!(inspected, frame::inspect_head(head, data.len() as u64, &any));
    let fold_digest = inspected.as_ref().ok().and_then(|found| found.header.fold_digest);
    let reader = Expect { fold_digest, ..any };
    if fold_digest.is_some() {
        refused(data, &any, Code::TooNew);
    }
    match (frame::open(data, &reader), inspected) {
        (Ok(opened), Ok(inspection)) => sound_frame(data, &opened, &inspection),
        (Err(error), Ok(inspection)) => {
            // Nothing but the payload itself is left to find fault with.
            assert_eq!(error.code(), Code::Corrupt, "{error}");
            lies_inside(&error, data);
            let stored = &data[inspection.offset..];
            let plain = inspection.payload.stored.is_none();
            let intact = sha256(stored) == *inspection.payload.stored_digest();
            assert!(!(plain && intact) || value::validate(stored).is_err(), "{error}");
        }
        (opened, Err(error)) => {
            assert_eq!(opened, Err(error.clone()));
            use Code::{Corrupt, TooLarge, TooNew, Truncated, UnknownKey};
            assert!(
                matches!(error.code(), Truncated | Corrupt | UnknownKey | TooNew | TooLarge),
                "{error}"
            );
            lies_inside(&error, data);
        }
    }
    let keys = &keys();
    let signed = Expect { keys, ..reader };
    assert_eq!(frame::open(data, &signed).ok(), None, "nobody signed this");
}

/// As [`frame_open`], with lengths and digests put right first: what lies behind them is reached by chance only otherwise.
pub fn frame_open_repaired(data: &[u8]) {
    frame_open(&repaired(data));
}

fn sound_frame(data: &[u8], opened: &Opened<'_>, inspection: &Inspection) {
    let Opened {
        header,
        facts,
        payload,
        key_id,
    } = opened;
    let (head, stored) = data.split_at(inspection.offset);
    assert_eq!(
        (header, facts, key_id),
        (&inspection.header, &inspection.payload, &None)
    );
    assert_eq!((facts.bytes, facts.digest), (payload.len() as u64, sha256(payload)));
    assert_eq!(
        (facts.stored_bytes(), *facts.stored_digest()),
        (stored.len() as u64, sha256(stored))
    );
    assert!(facts.stored.is_some() || **payload == *stored);
    assert!(facts.media_type.is_some() || value::validate(payload).is_ok());

    // A head of known fields has one spelling; unknown fields are not written again.
    let again = frame::head(header, facts, None).expect("what was read can be written");
    assert!(again.len() < head.len() || again == head);
    let resealed = [&again, stored].concat();
    let own = Expect {
        fold_digest: header.fold_digest,
        ..Expect::of(&header.name, header.version, &header.stream)
    };
    assert_eq!(frame::open(&resealed, &own).as_ref(), Ok(opened));
    assert_eq!(frame::open(data, &own).as_ref(), Ok(opened));
    let position = Some(!header.position);
    refused(
        data,
        &Expect {
            position,
            ..own.clone()
        },
        Code::Foreign,
    );
    let fold_digest = Some(header.fold_digest.map_or([0; 32], |digest| digest.map(|byte| !byte)));
    refused(data, &Expect { fold_digest, ..own }, Code::Foreign);
    if let Some(cut) = data.len().checked_sub(1).filter(|_| !stored.is_empty()) {
        refused(&data[..cut], &Expect::default(), Code::Truncated);
    }
    signed_frame(opened, stored);
}

/// Signed, a frame opens with its key, and neither with others nor without.
fn signed_frame(opened: &Opened<'_>, stored: &[u8]) {
    let [key, other] = keys();
    let namesake = Key::new(key.id(), "another secret of many bytes").expect("a sound key");
    let head = frame::head(&opened.header, &opened.facts, Some(&key)).expect("what was read can be written");
    let frame = [&head, stored].concat();
    let open = |keys: &[Key]| {
        let reader = Expect {
            keys,
            fold_digest: opened.header.fold_digest,
            ..Expect::default()
        };
        let opened = frame::open(&frame, &reader);
        opened.map(|opened| opened.key_id).map_err(|error| error.code())
    };
    assert_eq!(open(&[other.clone(), key.clone()]), Ok(Some(key.id().into())));
    assert_eq!(open(&[]), Err(Code::UnknownKey));
    assert_eq!(open(&[other]), Err(Code::UnknownKey));
    assert_eq!(open(&[namesake]), Err(Code::Corrupt));
}

fn keys() -> [Key; 2] {
    ["one", "two"].map(|id| Key::new(id, format!("the secret of many bytes of key {id}")).expect("a sound key"))
}

fn refused(frame: &[u8], expect: &Expect<'_>, code: Code) {
    assert_eq!(frame::open(frame, expect).map_err(|error| error.code()), Err(code));
}
