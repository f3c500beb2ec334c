//! What is sealed is what is opened.

use snapfold::frame::{self, Expect, Header, MAX_HEAD_BYTES, MAX_HEADER_BYTES, Payload, Sealing, sha256};
use snapfold::value::Value;
use snapfold::{Code, Error};

use crate::{forge, full_header, minimal_header, payload};

#[test]
fn open_gives_back_header_facts_and_payload() {
    for header in [full_header(), minimal_header()] {
        let frame = frame::seal(&header, &payload()).unwrap();
        let opened = frame::open(&frame, &Expect::default()).unwrap();
        assert_eq!(opened.header, header);
        assert_eq!(opened.payload, payload());
        assert_eq!(opened.facts, Payload::of(&payload()));
        assert_eq!(opened.facts.digest, sha256(&payload()));
    }
}

#[test]
fn a_minimal_frame_is_exactly_what_the_format_says() {
    let frame = frame::seal(&minimal_header(), &payload()).unwrap();
    assert_eq!(frame, forge::Fields::of(&payload()).frame(&payload()));
}

#[test]
fn equal_headers_and_payloads_give_equal_bytes() {
    let seal = || frame::seal(&full_header(), &payload()).unwrap();
    assert_eq!(seal(), seal());
    let explicit = Header {
        meta: Value::Object(vec![]),
        ..minimal_header()
    };
    assert_eq!(
        frame::seal(&explicit, &payload()).unwrap(),
        frame::seal(&minimal_header(), &payload()).unwrap(),
        "a field at its default is left out"
    );
}

#[test]
fn a_host_may_hash_and_write_the_payload_itself() {
    let mut frame = frame::head(&full_header(), &Payload::of(&payload()), None).unwrap();
    frame.extend(payload());
    assert_eq!(frame, frame::seal(&full_header(), &payload()).unwrap());
}

#[test]
fn a_payload_in_the_hosts_own_format_passes_through() {
    let own = b"<cart/>";
    let sealing = Sealing {
        media_type: Some("application/xml"),
        verify: true,
        ..Sealing::default()
    };
    let sealed = frame::seal_with(&minimal_header(), own, &sealing).unwrap();
    let opened = frame::open(&sealed.frame, &Expect::default()).unwrap();
    assert_eq!(opened.facts.media_type.as_deref(), Some("application/xml"));
    assert_eq!((opened.facts, &*opened.payload), (sealed.facts, &own[..]));
}

#[test]
fn an_uncompressed_payload_is_borrowed_from_the_frame() {
    let frame = frame::seal(&minimal_header(), &payload()).unwrap();
    let opened = frame::open(&frame, &Expect::default()).unwrap();
    assert!(matches!(opened.payload, std::borrow::Cow::Borrowed(_)));
}

#[test]
fn verifying_refuses_what_would_not_open() {
    let verify = Sealing {
        verify: true,
        ..Sealing::default()
    };
    assert!(frame::seal_with(&full_header(), &payload(), &verify).is_ok());
    let newer = Header {
        floor: Some(2),
        ..minimal_header()
    };
    for (header, payload) in [(minimal_header(), vec![0xff]), (newer, payload())] {
        assert!(frame::seal(&header, &payload).is_ok());
        let error = frame::seal_with(&header, &payload, &verify).unwrap_err();
        assert_eq!(error.code(), Code::Unencodable, "{error}");
    }
}

#[test]
fn inspect_reads_the_header_from_the_head_alone() {
    let frame = frame::seal(&full_header(), &payload()).unwrap();
    let inspection = frame::inspect(&frame, &Expect::default()).unwrap();
    assert_eq!(inspection.header, full_header());
    assert_eq!(inspection.payload, Payload::of(&payload()));
    assert_eq!(&frame[inspection.offset..], payload());
    for known in [inspection.offset, inspection.offset + 1, frame.len()] {
        let found = frame::inspect_head(&frame[..known], frame.len() as u64, &Expect::default());
        assert_eq!(found.as_ref(), Ok(&inspection), "{known} bytes are known");
    }
    let short = frame::inspect_head(&frame[..inspection.offset - 1], frame.len() as u64, &Expect::default());
    assert_eq!(short.map_err(|error| error.code()), Err(Code::Truncated));
}

#[test]
fn inspect_does_not_look_at_the_payload() {
    let mut frame = frame::seal(&full_header(), &payload()).unwrap();
    *frame.last_mut().unwrap() ^= 1;
    assert_eq!(
        frame::inspect(&frame, &Expect::default()).unwrap().header,
        full_header()
    );
    let error = frame::open(&frame, &Expect::default()).unwrap_err();
    let offset = frame.len() - payload().len();
    assert_eq!((error.code(), error.offset()), (Code::Corrupt, Some(offset as u64)));
}

#[test]
fn the_largest_header_fits_the_largest_head() {
    let of_meta = |length: usize| {
        let header = Header {
            meta: Value::Object(vec![("note".into(), Value::Text("x".repeat(length)))]),
            ..minimal_header()
        };
        frame::seal(&header, &payload())
    };
    let overhead = {
        let frame = of_meta(60_000).unwrap();
        frame::inspect(&frame, &Expect::default()).unwrap().offset - 46 - 60_000
    };
    let largest = of_meta(MAX_HEADER_BYTES - overhead).unwrap();
    assert_eq!(
        frame::inspect(&largest, &Expect::default()).unwrap().offset,
        MAX_HEAD_BYTES
    );
    let error = of_meta(MAX_HEADER_BYTES - overhead + 1).unwrap_err();
    assert_eq!(error.code(), Code::TooLarge);
    assert!(error.message().contains("65537"), "{error}");
}

#[test]
fn the_size_limit_is_inclusive_and_names_both_numbers() {
    assert_eq!(frame::check_size(1_000, 1_000), Ok(()));
    let error: Error = frame::check_size(1_001, 1_000).unwrap_err();
    assert_eq!(error.code(), Code::TooLarge);
    assert!(
        error.message().contains("1001") && error.message().contains("1000"),
        "{error}"
    );
}
