//! Damage is found, wherever it lies: cut, flipped, prolonged, converted, or made up.

use snapfold::Code;
use snapfold::frame::{self, Compression, Expect, Key, Sealing};

use crate::{assert_verdict, forge, full_header, payload, verdict};

fn sample() -> Vec<u8> {
    frame::seal(&full_header(), &payload()).unwrap()
}

/// Every way to seal, over a state that compresses.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let state = snapfold::value::to_vec(&vec!["apples and pears"; 80]).unwrap();
    let keys = [key()];
    let sealing = |compression, keys| Sealing {
        compression,
        keys,
        ..Sealing::default()
    };
    let with_type = Sealing {
        media_type: Some("application/json"),
        ..sealing(Compression::None, &keys)
    };
    let seal = |payload: &[u8], sealing: &Sealing<'_>| frame::seal_with(&full_header(), payload, sealing).unwrap();
    let sealed = [
        ("plain", seal(&payload(), &sealing(Compression::None, &[]))),
        ("signed", seal(&payload(), &sealing(Compression::None, &keys))),
        ("signed, with a media type", seal(b"{\"a\":1}", &with_type)),
        ("compressed", seal(&state, &sealing(Compression::Auto, &[]))),
        (
            "compressed and signed",
            seal(&state, &sealing(Compression::Auto, &keys)),
        ),
    ];
    for (what, sealed) in &sealed {
        assert_eq!(sealed.facts.stored.is_some(), what.contains("compressed"), "{what}");
    }
    sealed.into_iter().map(|(what, sealed)| (what, sealed.frame)).collect()
}

fn expecting(what: &str) -> Vec<Key> {
    what.contains("signed").then(key).into_iter().collect()
}

fn key() -> Key {
    Key::new("2024", [7; 32]).unwrap()
}

fn refused(what: &str, bytes: &[u8]) -> snapfold::Error {
    let keys = expecting(what);
    let expect = Expect {
        keys: &keys,
        ..Expect::default()
    };
    frame::open(bytes, &expect).expect_err(what)
}

#[test]
fn every_truncation_is_called_one() {
    let mut cut = 0;
    for (what, frame) in samples() {
        let payload_at = frame::inspect(
            &frame,
            &Expect {
                keys: &expecting(what),
                ..Expect::default()
            },
        )
        .unwrap()
        .offset;
        for length in 0..frame.len() {
            let error = refused(what, &frame[..length]);
            let place = length.min(payload_at) as u64;
            assert_eq!(
                (error.code(), error.offset()),
                (Code::Truncated, Some(place)),
                "{what}, {length}: {error}"
            );
            cut += 1;
        }
    }
    println!("{cut} truncations, all refused");
}

/// Only the format version, a header length that grew, and the name of the key can make damage look like something else.
#[test]
fn every_single_flipped_bit_is_found() {
    let mut flipped = 0;
    for (what, frame) in samples() {
        let id_at = frame.windows(6).position(|window| window == b"\x0e\x642024");
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let error = refused(what, &damaged);
            let in_id = id_at.is_some_and(|at| (at + 2..at + 6).contains(&(bit / 8)));
            let allowed: &[Code] = match bit / 8 {
                8..14 => &[Code::Corrupt, Code::Truncated, Code::TooNew],
                _ if in_id => &[Code::UnknownKey, Code::Corrupt],
                _ => &[Code::Corrupt],
            };
            assert!(allowed.contains(&error.code()), "{what}, bit {bit}: {error}");
            assert!(error.offset().is_some(), "{what}, bit {bit}: {error}");
            flipped += 1;
        }
    }
    println!("{flipped} flipped bits, all refused");
}

#[test]
fn trailing_bytes_are_corrupt() {
    let frame = sample();
    let payload_at = frame.len() - payload().len();
    for extra in [&b"\0"[..], b"\n", &frame] {
        assert_verdict(&[&frame[..], extra].concat(), Code::Corrupt, payload_at);
    }
}

#[test]
fn a_transfer_in_text_mode_is_named() {
    let frame = sample();
    let without_carriage_returns = String::from_utf8_lossy(&frame[..8]).replace("\r\n", "\n");
    let latin = [&b"\x89SNF\n\x1a\n"[..], &frame[8..]].concat();
    let unicode = String::from_utf8_lossy(&frame).into_owned().into_bytes();
    for converted in [latin, unicode, without_carriage_returns.into_bytes()] {
        let error = verdict(&converted);
        assert_eq!((error.code(), error.offset()), (Code::Corrupt, Some(0)));
        assert!(error.message().contains("text conversion"), "{error}");
    }
    let other = verdict(b"PK\x03\x04 something else");
    assert!(!other.message().contains("text conversion"), "{other}");
}

#[test]
fn declared_lengths_are_checked_against_what_is_there() {
    let frame = sample();
    let bomb = |length: u32| {
        let mut frame = frame.clone();
        frame[10..14].copy_from_slice(&length.to_be_bytes());
        frame
    };
    assert_verdict(&bomb(u32::MAX), Code::Corrupt, 10);
    assert_verdict(&bomb(65_537), Code::Corrupt, 10);
    assert_verdict(&bomb(0), Code::Corrupt, 10);
    assert_verdict(&bomb(65_536), Code::Truncated, frame.len());

    let stored = |length: u64| forge::Fields::of(b"").with(11, forge::uint(length));
    for beyond_the_range in [1 << 63, u64::MAX, 1 << 53] {
        let fields = stored(beyond_the_range);
        assert_verdict(&fields.frame(b""), Code::Corrupt, fields.offset_of(11));
    }
    let fields = stored((1 << 53) - 1);
    assert_verdict(&fields.frame(b""), Code::Truncated, fields.frame(b"").len());
}

#[test]
fn counts_inside_the_header_allocate_nothing() {
    for header in [
        [forge::head(5, u64::MAX), vec![]].concat(),
        [forge::head(5, 1), forge::uint(1), forge::head(3, u64::MAX)].concat(),
        [forge::head(5, 1), forge::uint(99), forge::head(4, 1 << 40)].concat(),
        [forge::head(5, 1), forge::uint(17), forge::head(5, 1 << 40)].concat(),
        [forge::head(5, 1), forge::uint(12), forge::head(2, 1 << 62)].concat(),
    ] {
        assert_eq!(verdict(&forge::frame(&header, b"")).code(), Code::Corrupt);
    }
}

#[test]
fn one_frame_is_not_another_with_its_payload_exchanged() {
    let other = snapfold::value::to_vec(&["apples", "peers"]).unwrap();
    let frame = sample();
    let payload_at = frame.len() - payload().len();
    assert_eq!(other.len(), payload().len());
    let exchanged = [&frame[..payload_at], &other].concat();
    assert!(frame::inspect(&exchanged, &Expect::default()).is_ok());
    let error = frame::open(&exchanged, &Expect::default()).unwrap_err();
    assert_eq!((error.code(), error.offset()), (Code::Corrupt, Some(payload_at as u64)));
}
