//! docs/format.md §2.3, rule by rule: the first one that fails names the verdict.

use snapfold::Code;
use snapfold::frame::{self, Expect, Sealing};

use crate::forge::{Fields, bytes, frame as forged, head, text, uint};
use crate::{assert_verdict, minimal_header, payload, verdict};

#[test]
fn rule_1_the_magic() {
    assert_verdict(b"", Code::Truncated, 0);
    assert_verdict(b"\x89SNF", Code::Truncated, 4);
    assert_verdict(b"\x89SNF\r\n\x1a\n", Code::Truncated, 8);
    assert_verdict(b"\x89SNG", Code::Corrupt, 0);
    assert_verdict(b"{\"state\": {}}", Code::Corrupt, 0);
}

#[test]
fn rule_2_the_format_version() {
    let sound = Fields::of(&payload()).frame(&payload());
    for (version, code) in [(0u16, Code::Corrupt), (2, Code::TooNew), (u16::MAX, Code::TooNew)] {
        let mut frame = sound.clone();
        frame[8..10].copy_from_slice(&version.to_be_bytes());
        assert_verdict(&frame, code, 8);
        // The version is judged before the header's length, and before its digest.
        frame[10..14].copy_from_slice(&u32::MAX.to_be_bytes());
        frame.truncate(14);
        assert_verdict(&frame, code, 8);
    }
}

#[test]
fn rule_3_the_header_length() {
    let sound = Fields::of(&payload()).frame(&payload());
    for (length, code, offset) in [
        (0u32, Code::Corrupt, 10),
        (65_537, Code::Corrupt, 10),
        (65_536, Code::Truncated, sound.len()),
    ] {
        let mut frame = sound.clone();
        frame[10..14].copy_from_slice(&length.to_be_bytes());
        assert_verdict(&frame, code, offset);
    }
}

#[test]
fn rule_5_the_header_digest() {
    let fields = Fields::of(&payload());
    let mut frame = fields.frame(&payload());
    let digest_at = 14 + fields.header().len();
    frame[digest_at] ^= 1;
    assert_verdict(&frame, Code::Corrupt, digest_at);
    // Without its domain the digest is another one.
    let plain = frame::sha256(&frame[..digest_at]);
    frame[digest_at..digest_at + 32].copy_from_slice(&plain);
    assert_verdict(&frame, Code::Corrupt, digest_at);
}

#[test]
fn rule_7_required_fields() {
    for number in [1, 2, 3, 4, 5, 11, 12] {
        let error = verdict(&Fields::of(b"").without(number).frame(b""));
        assert_eq!((error.code(), error.offset()), (Code::Corrupt, Some(14)), "{error}");
        assert!(error.message().contains(&format!("field {number} ")), "{error}");
    }
}

#[test]
fn rule_7_every_field_has_its_type_and_range() {
    let safe = (1u64 << 53) - 1;
    let integer = |value: i64| match u64::try_from(value) {
        Ok(value) => uint(value),
        Err(_) => head(1, !value as u64),
    };
    for (number, value) in [
        (1, text("")),
        (1, uint(1)),
        (2, uint(0)),
        (2, uint(1 << 32)),
        (3, text("")),
        (3, bytes(b"cart-42")),
        (4, head(1, 0)),
        (4, text("1200")),
        (5, uint(0)),
        (6, uint(1)),
        (6, vec![0xf6]),
        (6, bytes(&[0; 31])),
        (6, bytes(&[0; 33])),
        (6, [head(6, 2), bytes(&[1; 32])].concat()),
        (6, [head(6, 72), bytes(&[1; 32])].concat()),
        (7, integer(safe as i64 + 1)),
        (7, integer(-(safe as i64) - 1)),
        (7, vec![0xf9, 0x3e, 0x00]),
        (8, uint(1)),
        (9, uint(0)),
        (9, uint(1)),
        (9, uint(256)),
        (10, uint(1)),
        (11, uint(safe + 1)),
        (12, bytes(&[0; 31])),
        (12, text("")),
        (13, bytes(&[0; 32])),
        (14, text("")),
        (14, uint(1)),
        (15, uint(0)),
        (15, uint(1)),
        (16, head(1, 0)),
        (17, uint(1)),
        (17, head(4, 0)),
        (17, head(5, 0)),
        (17, [head(5, 1), uint(1), uint(1)].concat()),
        (17, [head(5, 2), text("a"), uint(1), text("a"), uint(1)].concat()),
        (18, bytes(&[0; 16])),
        (19, bytes(&[0; 31])),
        (99, vec![0x18, 0x01]),
        (99, vec![0x9f, 0xff]),
    ] {
        let error = verdict(&Fields::of(b"").with(number, value.clone()).frame(b""));
        assert_eq!(error.code(), Code::Corrupt, "field {number} = {value:02x?}: {error}");
        assert!(error.offset() >= Some(14), "field {number} = {value:02x?}: {error}");
    }
}

#[test]
fn rule_7_a_broken_item_is_reported_where_it_stands_in_the_frame() {
    let fields = Fields::of(b"").with(4, vec![0x18, 0x01]);
    assert_verdict(&fields.frame(b""), Code::Corrupt, fields.offset_of(4) + 1);
    let fields = Fields::of(b"").with(17, [head(5, 1), text("a"), vec![0x9f, 0xff]].concat());
    assert_verdict(&fields.frame(b""), Code::Corrupt, fields.offset_of(17) + 4);
    let fields = Fields::of(b"").with(6, bytes(&[0; 31]));
    assert_verdict(&fields.frame(b""), Code::Corrupt, fields.offset_of(6));
}

#[test]
fn rule_7_fields_ascend_and_nothing_follows_the_map() {
    let fields = Fields::of(b"");
    let sound = fields.header();
    assert_eq!(
        verdict(&forged(&[&sound[..], b"\0"].concat(), b"")).code(),
        Code::Corrupt
    );
    for entries in [
        [uint(2), uint(3), uint(1), text("cart")].concat(),
        [uint(2), uint(3), uint(2), uint(3)].concat(),
    ] {
        let error = verdict(&forged(&[head(5, 2), entries].concat(), b""));
        assert_eq!(error.code(), Code::Corrupt);
        assert!(error.message().contains("ascend"), "{error}");
        assert_eq!(error.offset(), Some(14 + 3));
    }
    assert_eq!(verdict(&forged(&head(4, 0), b"")).code(), Code::Corrupt);
}

#[test]
fn rule_7_what_this_reader_cannot_honour_is_too_new() {
    let compressed = Fields::of(b"")
        .with(9, uint(2))
        .with(10, uint(100))
        .with(13, bytes(&[0; 32]));
    for (what, fields) in [
        ("floor", Fields::of(b"").with(15, uint(2))),
        ("a floor beyond its range", Fields::of(b"").with(15, uint(1 << 32))),
        (
            "floor, and another field of another form",
            Fields::of(b"").with(6, uint(1)).with(15, uint(2)),
        ),
        ("compression", compressed),
        ("fold digest", Fields::of(b"").with(18, bytes(&[0; 32]))),
    ] {
        assert_eq!(verdict(&fields.frame(b"")).code(), Code::TooNew, "{what}");
        let broken = fields.with(99, vec![0x18, 0x01]);
        assert_eq!(
            verdict(&broken.frame(b"")).code(),
            Code::Corrupt,
            "{what}, not well-formed"
        );
    }
    let without_raw_length = Fields::of(b"").with(9, uint(2)).with(13, bytes(&[0; 32]));
    assert_eq!(verdict(&without_raw_length.frame(b"")).code(), Code::Corrupt);
}

#[test]
fn rule_7_the_raw_length_is_within_what_lz4_can_expand_to() {
    let of = |raw: u64| {
        let stored = [0; 10];
        let fields = Fields::of(&stored)
            .with(9, uint(1))
            .with(10, uint(raw))
            .with(13, bytes(&[0; 32]));
        verdict(&fields.frame(&stored))
    };
    for (raw, words) in [
        (2_550, "does not begin"),
        (2_551, "2551 bytes"),
        ((1 << 53) - 1, "bytes of LZ4"),
    ] {
        let error = of(raw);
        assert_eq!(error.code(), Code::Corrupt);
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn rule_8_the_payloads_length() {
    let fields = Fields::of(b"abc");
    let payload_at = fields.frame(b"").len();
    assert_verdict(&fields.frame(b"ab"), Code::Truncated, payload_at);
    assert_verdict(&fields.frame(b"abcd"), Code::Corrupt, payload_at);
}

#[test]
fn rules_9_to_12_in_their_order() {
    let frame = frame::seal(&minimal_header(), &payload()).unwrap();
    let mut damaged = frame.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let mut expect = Expect {
        max_state_bytes: 1,
        position: Some(1),
        ..Expect::of("basket", 2, "cart-43")
    };
    let code = |expect: &Expect<'_>| frame::open(&damaged, expect).unwrap_err().code();
    assert_eq!(code(&expect), Code::TooLarge);
    expect.max_state_bytes = 1_000;
    for (field, fix) in [
        (
            "name",
            &(|expect: &mut Expect<'_>| expect.name = Some("cart")) as &dyn Fn(&mut Expect<'_>),
        ),
        ("stream", &|expect| expect.stream = Some("cart-42")),
        ("position", &|expect| expect.position = Some(1_200)),
    ] {
        assert_eq!(code(&expect), Code::Foreign, "{field}");
        fix(&mut expect);
    }
    assert_eq!(code(&expect), Code::TooNew);
    expect.version = Some(4);
    assert_eq!(code(&expect), Code::Stale);
    expect.version = Some(3);
    assert_eq!(code(&expect), Code::Corrupt);
    assert!(frame::open(&frame, &expect).is_ok());
}

#[test]
fn rule_14_the_payload_is_a_value() {
    let frame = frame::seal(&minimal_header(), &[0xff]).unwrap();
    assert_eq!(verdict(&frame).code(), Code::Corrupt);
    let own_format = Sealing {
        media_type: Some("application/octet-stream"),
        ..Sealing::default()
    };
    let sealed = frame::seal_with(&minimal_header(), &[0xff], &own_format).unwrap();
    assert_eq!(*frame::open(&sealed.frame, &Expect::default()).unwrap().payload, [0xff]);
}
