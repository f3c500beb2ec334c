//! Compressed payloads: when it pays, what lies in the frame, and what a reader believes of it.

use std::borrow::Cow;
use std::io::Read as _;

use lz4_flex::frame::FrameDecoder;
use snapfold::Code;
use snapfold::frame::{self, Algorithm, Compression, Expect, Payload, Sealed, Sealing, sha256};
use snapfold::value::{self, Value};

use crate::{full_header, minimal_header, verdict};

const BLOCK: usize = 63 * 1024;

fn sealed(payload: &[u8]) -> Sealed {
    let sealing = Sealing {
        media_type: Some("application/octet-stream"),
        compression: Compression::Auto,
        verify: true,
        ..Sealing::default()
    };
    frame::seal_with(&minimal_header(), payload, &sealing).unwrap()
}

/// Bytes that do not compress; the same at every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// A state of records, as bytes: it compresses to about a third.
fn records(count: usize) -> Vec<u8> {
    let order = |index: usize| {
        Value::Object(vec![
            ("id".into(), Value::from(format!("order-{index}").as_str())),
            (
                "customer".into(),
                Value::from(format!("customer-{}", index * 7919 % 1_000).as_str()),
            ),
            ("total".into(), Value::from((index * 104_729 % 100_000) as i32)),
            ("open".into(), Value::Bool(index.is_multiple_of(3))),
        ])
    };
    value::to_vec(&Value::Array((0..count).map(order).collect())).unwrap()
}

fn stored_bytes(sealed: &Sealed) -> &[u8] {
    let length = sealed.facts.stored_bytes() as usize;
    &sealed.frame[sealed.frame.len() - length..]
}

#[test]
fn facts_speak_of_the_state_and_of_what_is_stored() {
    let state = records(500);
    let sealed = sealed(&state);
    let stored = sealed.facts.stored.clone().unwrap();
    assert_eq!(
        (sealed.facts.bytes, sealed.facts.digest),
        (state.len() as u64, sha256(&state))
    );
    assert_eq!(stored.compression, Algorithm::Lz4);
    assert_eq!(stored.bytes, stored_bytes(&sealed).len() as u64);
    assert_eq!(stored.digest, sha256(stored_bytes(&sealed)));
    let opened = frame::open(&sealed.frame, &Expect::default()).unwrap();
    assert_eq!((&opened.facts, &*opened.payload), (&sealed.facts, &state[..]));
    assert!(matches!(opened.payload, Cow::Owned(_)));
}

#[test]
fn sizes_around_every_border_come_back() {
    for length in [
        1_024,
        1_025,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        65_535,
        65_536,
        65_537,
        4 * BLOCK,
        4 * BLOCK + 1,
        9 * BLOCK + 13,
    ] {
        let zeros = vec![0; length];
        let mixed: Vec<u8> = noise(length / 3)
            .into_iter()
            .chain(vec![7; length - length / 3])
            .collect();
        for payload in [zeros, mixed] {
            let sealed = sealed(&payload);
            assert!(sealed.facts.stored.is_some(), "{length}");
            assert_eq!(
                *frame::open(&sealed.frame, &Expect::default()).unwrap().payload,
                payload,
                "{length}"
            );
        }
    }
}

#[test]
fn small_payloads_and_those_that_would_not_save_an_eighth_are_left_as_they_are() {
    for payload in [vec![], vec![0; 1_023], noise(1_024), noise(300_000), records(2)] {
        let sealed = sealed(&payload);
        assert_eq!(sealed.facts.stored, None);
        assert_eq!(stored_bytes(&sealed), payload);
    }
    // Half a block of noise and as much of nothing: saves a little less than half. Then noise only, until an eighth is not saved.
    let mut compressed = Vec::new();
    for noisy in (0..=16).map(|sixteenths| BLOCK * sixteenths / 16) {
        let payload: Vec<u8> = noise(noisy).into_iter().chain(vec![0; BLOCK - noisy]).collect();
        let sealed = sealed(&payload);
        let length = sealed.facts.stored_bytes();
        assert!(length == payload.len() as u64 || length <= payload.len() as u64 * 7 / 8);
        compressed.push(sealed.facts.stored.is_some());
    }
    assert_eq!(
        compressed.iter().filter(|is| **is).count(),
        14,
        "up to 13 sixteenths: {compressed:?}"
    );
}

#[test]
fn a_start_that_saves_too_little_ends_the_attempt() {
    let zeros = vec![0; 20 * BLOCK];
    let after = |blocks: usize| {
        sealed(&[noise(blocks * BLOCK), zeros.clone()].concat())
            .facts
            .stored
            .is_some()
    };
    assert!(after(0) && after(3));
    assert!(!after(4), "four blocks without a saving are enough to know");
}

#[test]
fn stock_libraries_expand_it() {
    for payload in [
        records(30),
        records(3_000),
        vec![0; 1 << 20],
        [noise(BLOCK), vec![0; BLOCK]].concat(),
    ] {
        let sealed = sealed(&payload);
        let mut expanded = Vec::new();
        FrameDecoder::new(stored_bytes(&sealed))
            .read_to_end(&mut expanded)
            .unwrap();
        assert_eq!(expanded, payload);
    }
}

/// The npm package asserts the same digest: 32-bit WebAssembly and 64-bit machines write the same bytes. Another version of the library
/// may change it, in both places.
#[test]
fn every_host_writes_the_same_bytes() {
    let sealing = Sealing {
        compression: Compression::Auto,
        ..Sealing::default()
    };
    let state = records(3_000);
    let sealed = frame::seal_with(&full_header(), &state, &sealing).unwrap();
    let hex: String = sha256(&sealed.frame).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((state.len(), hex.as_str()), (SAME_STATE_BYTES, SAME_BYTES));
}

const SAME_STATE_BYTES: usize = 156_617;
const SAME_BYTES: &str = "15e9f8064754b017715e773988ff9fe2849060f70ef91ba6d8c269c47056567c";

#[test]
fn the_state_limit_is_that_of_the_expanded_state() {
    let state = vec![0; 100_000];
    let sealed = sealed(&state);
    assert!(sealed.frame.len() < 1_000);
    let open = |max_state_bytes| {
        let expect = Expect {
            max_state_bytes,
            ..Expect::default()
        };
        frame::open(&sealed.frame, &expect)
            .map(drop)
            .map_err(|error| error.code())
    };
    assert_eq!(open(100_000), Ok(()));
    assert_eq!(open(99_999), Err(Code::TooLarge));
}

#[test]
fn the_same_state_has_the_same_digest_however_it_is_stored() {
    let state = records(100);
    let plain = Payload::of(&state);
    let compressed = sealed(&state).facts;
    assert_eq!((plain.digest, plain.bytes), (compressed.digest, compressed.bytes));
    assert_ne!(plain.stored_digest(), compressed.stored_digest());
}

/// Behind sound digests a reader meets anything at all: whatever is changed in the LZ4 frame is refused, or is another way to write the
/// very same state.
#[test]
fn changed_lz4_behind_repaired_digests_never_panics_and_never_gives_another_state() {
    use crate::forge::{Fields, bytes, uint};
    let state = records(60);
    let sealed = sealed(&state);
    let stored = stored_bytes(&sealed);
    let (mut refused, mut same) = (0, 0);
    for at in 0..stored.len() {
        for change in [1u8, 0x80, 0xff, stored[at]] {
            let mut changed = stored.to_vec();
            changed[at] ^= change;
            let frame = Fields::of(&changed)
                .with(9, uint(1))
                .with(10, uint(state.len() as u64))
                .with(13, bytes(&sha256(&state)))
                .frame(&changed);
            match frame::open(&frame, &Expect::default()) {
                Err(error) => {
                    assert_eq!(error.code(), Code::Corrupt, "byte {at}");
                    refused += 1;
                }
                Ok(opened) => {
                    assert_eq!(*opened.payload, state, "byte {at}");
                    same += 1;
                }
            }
        }
    }
    println!("{refused} changes refused, {same} gave the same state");
    assert!(refused > same * 10);
}

#[test]
fn lengths_that_lie_allocate_nothing() {
    use crate::forge::{Fields, bytes, uint};
    let stored = sealed(&vec![0; 100_000]);
    let stored = stored_bytes(&stored);
    for raw in [99_999, 100_001, 101_000] {
        let fields = Fields::of(stored)
            .with(9, uint(1))
            .with(10, uint(raw))
            .with(13, bytes(&[0; 32]));
        assert_eq!(verdict(&fields.frame(stored)).code(), Code::Corrupt, "{raw}");
    }
}
