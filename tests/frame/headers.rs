//! Header fields: what can be written, and what a reader makes of fields that it does not know.

use snapfold::Code;
use snapfold::fold::Anchor;
use snapfold::frame::{self, Algorithm, Expect, Header, Payload, Stored};
use snapfold::value::{BigInt, Date, MAX_SAFE_INTEGER, Value};

use crate::forge::{Fields, head, text, uint};
use crate::{minimal_header, payload};

fn round_trip(header: &Header) -> Header {
    let frame = frame::seal(header, &payload()).unwrap();
    frame::open(&frame, &Expect::default()).unwrap().header
}

#[test]
fn fields_that_make_no_sense_are_named() {
    let safe = MAX_SAFE_INTEGER as i64;
    let sound = minimal_header;
    for (field, header) in [
        (
            "name",
            Header {
                name: String::new(),
                ..sound()
            },
        ),
        ("version", Header { version: 0, ..sound() }),
        (
            "streamId",
            Header {
                stream: String::new(),
                ..sound()
            },
        ),
        (
            "eventCount",
            Header {
                event_count: 0,
                ..sound()
            },
        ),
        (
            "takenAt",
            Header {
                taken_at: Some(safe + 1),
                ..sound()
            },
        ),
        (
            "takenAt",
            Header {
                taken_at: Some(-safe - 1),
                ..sound()
            },
        ),
        (
            "takenAt",
            Header {
                taken_at: Some(i64::MIN),
                ..sound()
            },
        ),
        (
            "meta",
            Header {
                meta: Value::Null,
                ..sound()
            },
        ),
        (
            "meta",
            Header {
                meta: Value::Array(vec![]),
                ..sound()
            },
        ),
    ] {
        let error = frame::seal(&header, &payload()).unwrap_err();
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some(field)),
            "{error}"
        );
    }
}

#[test]
fn metadata_that_cannot_be_encoded_is_named() {
    let meta = Value::Object(vec![("a".into(), Value::Null), ("a".into(), Value::Null)]);
    let error = frame::seal(
        &Header {
            meta,
            ..minimal_header()
        },
        &payload(),
    )
    .unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::Unencodable, Some("meta")));
}

#[test]
fn a_stored_length_that_no_reader_accepts_is_not_written() {
    let facts = |bytes| Payload {
        bytes,
        ..Payload::of(b"")
    };
    assert!(frame::head(&minimal_header(), &facts(MAX_SAFE_INTEGER), None).is_ok());
    let error = frame::head(&minimal_header(), &facts(MAX_SAFE_INTEGER + 1), None).unwrap_err();
    assert_eq!(error.code(), Code::InvalidOption);
}

#[test]
fn a_raw_length_that_no_reader_accepts_is_not_written() {
    let facts = |raw, stored| Payload {
        bytes: raw,
        stored: Some(Stored {
            compression: Algorithm::Lz4,
            bytes: stored,
            digest: [0; 32],
        }),
        ..Payload::of(b"")
    };
    for (raw, stored, sound) in [(0, 11, true), (2_550, 10, true), (2_551, 10, false), (1, 0, false)] {
        assert_eq!(
            frame::head(&minimal_header(), &facts(raw, stored), None).is_ok(),
            sound,
            "{raw} {stored}"
        );
    }
}

#[test]
fn the_ends_of_every_range_survive() {
    let safe = MAX_SAFE_INTEGER as i64;
    for header in [
        Header::new("a", 1, "b", 0, 1),
        Header::new("a", u32::MAX, "b", u64::MAX, u64::MAX),
        Header {
            taken_at: Some(safe),
            ..minimal_header()
        },
        Header {
            taken_at: Some(-safe),
            ..minimal_header()
        },
        Header {
            taken_at: Some(0),
            ..minimal_header()
        },
        Header {
            fence: Some(0),
            ..minimal_header()
        },
        Header {
            fence: Some(u64::MAX),
            ..minimal_header()
        },
        Header {
            anchor: Some(Anchor::of_bytes(b"event")),
            ..minimal_header()
        },
        Header {
            anchor: Some(Anchor::id("")),
            ..minimal_header()
        },
        Header::new("Wägen\u{0}", 1, "корзина/🛒", 1, 1),
    ] {
        assert_eq!(round_trip(&header), header);
    }
}

#[test]
fn metadata_keeps_types_and_order() {
    let meta = Value::Object(vec![
        ("z".into(), Value::from(1)),
        ("a".into(), Value::BigInt(BigInt::from(1))),
        ("when".into(), Value::Date(Date::from_millis(1_500).unwrap())),
        ("raw".into(), Value::Bytes(vec![0, 255])),
        ("set".into(), Value::Set(vec![Value::from(2), Value::from(1)])),
        (
            "nested".into(),
            Value::Object(vec![("__proto__".into(), Value::Undefined)]),
        ),
    ]);
    let header = Header {
        meta,
        ..minimal_header()
    };
    assert_eq!(round_trip(&header), header);
}

/// Arrays inside each other.
fn nested(levels: usize) -> Value {
    (1..levels).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]))
}

/// The header's map is the first of 256 levels.
#[test]
fn metadata_has_255_levels_and_no_more() {
    let with_levels = |levels: usize| Header {
        meta: Value::Object(vec![("deep".into(), nested(levels - 1))]),
        ..minimal_header()
    };
    assert_eq!(round_trip(&with_levels(255)), with_levels(255));
    for levels in [256, 257] {
        let error = frame::seal(&with_levels(levels), &payload()).unwrap_err();
        assert_eq!(
            (error.code(), error.path()),
            (Code::Unencodable, Some("meta")),
            "{error}"
        );
        let inner = snapfold::value::to_vec(&nested(levels - 2)).unwrap();
        let meta = [head(5, 1), text("deep"), head(4, 1), inner].concat();
        for fields in [Fields::of(b"").with(17, meta.clone()), Fields::of(b"").with(99, meta)] {
            assert_eq!(crate::verdict(&fields.frame(b"")).code(), Code::Corrupt, "{levels}");
        }
    }
}

#[test]
fn a_floor_is_written_and_keeps_older_readers_away() {
    let with_floor = |floor| Header {
        floor,
        ..minimal_header()
    };
    let seal = |floor| frame::seal(&with_floor(floor), &payload()).unwrap();
    assert_eq!(seal(Some(1)), seal(None), "1 is the default and left out");
    for floor in [2, u32::MAX] {
        let error = frame::inspect(&seal(Some(floor)), &Expect::default()).unwrap_err();
        assert_eq!(error.code(), Code::TooNew);
        assert!(error.message().contains(&floor.to_string()), "{error}");
    }
    let error = frame::seal(&with_floor(Some(0)), &payload()).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("floor")));
}

#[test]
fn an_id_and_a_digest_are_different_anchors() {
    let digest = Anchor::of_bytes(b"event");
    let Anchor::Digest(raw) = digest.clone() else {
        panic!("{digest:?}")
    };
    assert_eq!(raw, frame::sha256(b"event"));
    assert_ne!(digest, Anchor::id("event"));
    let sealed = |anchor| {
        frame::seal(
            &Header {
                anchor: Some(anchor),
                ..minimal_header()
            },
            b"\xf6",
        )
        .unwrap()
    };
    assert_ne!(sealed(digest), sealed(Anchor::id("event")));
}

#[test]
fn unknown_fields_are_ignored() {
    for fields in [
        Fields::of(b"\xf6").with(21, uint(1)),
        Fields::of(b"\xf6").with(0, text("below the first")),
        Fields::of(b"\xf6").with(
            99,
            [head(4, 2), uint(1), [head(5, 1), text("a"), vec![0xf6]].concat()].concat(),
        ),
        Fields::of(b"\xf6").with(u64::MAX, vec![0xf6]),
    ] {
        let frame = fields.frame(b"\xf6");
        let opened = frame::open(&frame, &Expect::default()).unwrap();
        assert_eq!(opened.header, minimal_header());
    }
}
