//! Bytes as frames.

use snapfold::Code;
use snapfold::frame::{self, Expect, Inspection, MAX_HEAD_BYTES, Opened, sha256};

use super::{lies_inside, repair::repaired};

/// A verdict with its place, or exactly what was sealed.
pub fn frame_open(data: &[u8]) {
    let inspected = frame::inspect(data);
    assert_eq!(
        inspected,
        frame::inspect_head(&data[..data.len().min(MAX_HEAD_BYTES)], data.len() as u64)
    );
    match (frame::open(data, &Expect::default()), inspected) {
        (Ok(opened), Ok(inspection)) => sound_frame(data, &opened, &inspection),
        (Err(error), Ok(inspection)) => {
            // Nothing but the payload itself is left to find fault with.
            assert!(matches!(error.code(), Code::Corrupt | Code::TooLarge), "{error}");
            assert!(error.code() == Code::TooLarge || sha256(&data[inspection.offset..]) != inspection.payload.digest);
            lies_inside(&error, data);
        }
        (opened, Err(error)) => {
            assert_eq!(opened, Err(error.clone()));
            assert!(
                matches!(error.code(), Code::Truncated | Code::Corrupt | Code::TooNew),
                "{error}"
            );
            lies_inside(&error, data);
        }
    }
}

/// As [`frame_open`], with lengths and digests put right first: what lies behind them is reached by chance only otherwise.
pub fn frame_open_repaired(data: &[u8]) {
    let frame = repaired(data);
    let verdict = frame::open(&frame, &Expect::default());
    assert!(
        verdict.is_err() || verdict.is_ok_and(|opened| frame.ends_with(opened.payload)),
        "an opened payload is what the frame ends in"
    );
    frame_open(&frame);
}

fn sound_frame(data: &[u8], opened: &Opened<'_>, inspection: &Inspection) {
    let Opened { header, facts, payload } = opened;
    assert_eq!((header, facts), (&inspection.header, &inspection.payload));
    assert_eq!(*payload, &data[inspection.offset..]);
    assert_eq!((facts.bytes, facts.digest), (payload.len() as u64, sha256(payload)));

    // A head of known fields has one spelling; unknown fields are not written again.
    let head = frame::head(header, facts).expect("what was read can be written");
    assert!(head.len() <= inspection.offset);
    assert!(head.len() < inspection.offset || data.starts_with(&head));
    let resealed = [&head, *payload].concat();
    assert_eq!(frame::open(&resealed, &Expect::default()).as_ref(), Ok(opened));

    let own = Expect::of(&header.name, header.version, &header.stream);
    assert_eq!(frame::open(data, &own).as_ref(), Ok(opened));
    let other = Expect {
        position: Some(!header.position),
        ..own
    };
    assert_eq!(
        frame::open(data, &other).map_err(|error| error.code()),
        Err(Code::Foreign)
    );
    if let Some(cut) = payload.len().checked_sub(1) {
        let cut = frame::open(&data[..inspection.offset + cut], &Expect::default());
        assert_eq!(cut.map_err(|error| error.code()), Err(Code::Truncated));
    }
}
