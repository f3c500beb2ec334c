//! Laws of frames, on generated headers and bytes.

use proptest::prelude::*;
use snapfold::fold::Anchor;
use snapfold::frame::{self, Compression, Expect, Header, Key, Sealing, sha256};
use snapfold::value::{MAX_SAFE_INTEGER, Value};

use crate::forge;

fn anchors() -> impl Strategy<Value = Option<Anchor>> {
    prop_oneof![
        Just(None),
        any::<String>().prop_map(|id| Some(Anchor::id(id))),
        any::<[u8; 32]>().prop_map(|digest| Some(Anchor::Digest(digest))),
    ]
}

fn metas() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(any::<String>(), any::<f64>(), 0..4).prop_map(|entries| {
        let entries = entries.into_iter().rev();
        Value::Object(entries.map(|(key, number)| (key, Value::Number(number))).collect())
    })
}

/// Some compress, some do not, some take several blocks.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let pieces = (prop::collection::vec(any::<u8>(), 0..200), 1..700usize);
    let repeated = pieces.prop_map(|(piece, times)| piece.repeat(times));
    prop_oneof![3 => prop::collection::vec(any::<u8>(), 0..3_000), 1 => repeated]
}

prop_compose! {
    fn headers()(
        (name, stream) in (".{1,20}", ".{1,20}"),
        (version, position, event_count) in (1..=u32::MAX, any::<u64>(), 1..=u64::MAX),
        anchor in anchors(),
        taken_at in prop::option::of(-(MAX_SAFE_INTEGER as i64)..=MAX_SAFE_INTEGER as i64),
        fence in any::<Option<u64>>(),
        meta in metas(),
    ) -> Header {
        Header { anchor, taken_at, fence, meta, ..Header::new(name, version, stream, position, event_count) }
    }
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(
        header in headers(),
        payload in payloads(),
        (compression, signed) in (any::<bool>(), any::<bool>()),
    ) {
        let keys = [Key::new("2024", [7; 32]).unwrap()];
        let sealing = Sealing {
            media_type: Some("application/octet-stream"),
            compression: if compression { Compression::Auto } else { Compression::None },
            keys: if signed { &keys } else { &[] },
            verify: true,
        };
        let sealed = frame::seal_with(&header, &payload, &sealing).unwrap();
        let opened = frame::open(&sealed.frame, &Expect { keys: sealing.keys, ..Expect::default() }).unwrap();
        prop_assert_eq!(&opened.header, &header);
        prop_assert_eq!(&*opened.payload, &payload);
        prop_assert_eq!(&opened.facts, &sealed.facts);
        prop_assert_eq!((opened.facts.bytes, opened.facts.digest), (payload.len() as u64, sha256(&payload)));
        prop_assert_eq!(opened.key_id.is_some(), signed);
        prop_assert_eq!(frame::seal_with(&opened.header, &opened.payload, &sealing).unwrap().frame, sealed.frame);
    }

    #[test]
    fn different_headers_have_different_bytes(a in headers(), b in headers()) {
        let bytes = |header| frame::seal(header, b"\xf6").unwrap();
        prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
    }

    #[test]
    fn random_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(frame::open(&bytes, &Expect::default()).is_err());
        prop_assert!(frame::open(&[forge::MAGIC, &bytes].concat(), &Expect::default()).is_err());
    }

    /// Behind a sound digest the reader meets anything at all; what it accepts it would have written itself, unknown fields aside.
    #[test]
    fn random_headers_never_panic(header in prop::collection::vec(any::<u8>(), 1..100)) {
        let _ = frame::open(&forge::frame(&header, b""), &Expect::default());
    }

    /// Sound digests around an LZ4 frame of anything at all: it is refused, or it gives exactly the state that the header speaks of.
    #[test]
    fn random_lz4_never_panics(
        blocks in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..60), any::<bool>()), 0..4),
        raw in prop::collection::vec(0..3u8, 0..300),
    ) {
        let mut stored = b"\x04\x22\x4d\x18\x60\x40\x82".to_vec();
        for (block, as_it_is) in &blocks {
            stored.extend((block.len() as u32 | u32::from(*as_it_is) << 31).to_le_bytes());
            stored.extend(block);
        }
        stored.extend([0; 4]);
        let frame = forge::Fields::of(&stored)
            .with(8, forge::text("application/octet-stream"))
            .with(9, forge::uint(1))
            .with(10, forge::uint(raw.len() as u64))
            .with(13, forge::bytes(&sha256(&raw)))
            .frame(&stored);
        match frame::open(&frame, &Expect::default()) {
            Ok(opened) => prop_assert_eq!(&*opened.payload, &raw),
            Err(error) => prop_assert_eq!(error.code(), snapfold::Code::Corrupt),
        }
    }

    #[test]
    fn changed_headers_with_repaired_digests_are_judged(
        header in headers(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let frame = frame::seal(&header, b"\xf6").unwrap();
        let end = frame.len() - 33;
        let mut encoded = frame[14..end].to_vec();
        *at.get_mut(&mut encoded) = byte;
        if let Ok(opened) = frame::open(&forge::frame(&encoded, b"\xf6"), &Expect::default()) {
            prop_assert_eq!(opened.facts.digest, sha256(b"\xf6"));
            prop_assert!(!opened.header.name.is_empty() && opened.header.version > 0 && opened.header.event_count > 0);
        }
    }
}
