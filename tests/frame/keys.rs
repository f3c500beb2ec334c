//! Signed frames: who can make one, who reads one, and what a reader with keys refuses.

use hmac::{Hmac, KeyInit as _, Mac as _};
use snapfold::Code;
use snapfold::frame::{self, Expect, Key, MIN_SECRET_BYTES, Sealing};

use crate::forge::Fields;
use crate::{full_header, minimal_header, payload};

fn key(id: &str, secret: u8) -> Key {
    Key::new(id, [secret; 32]).unwrap()
}

fn signed(keys: &[Key]) -> Vec<u8> {
    let sealing = Sealing {
        keys,
        verify: true,
        ..Sealing::default()
    };
    frame::seal_with(&full_header(), &payload(), &sealing).unwrap().frame
}

fn code(frame: &[u8], keys: &[Key]) -> Option<Code> {
    let expect = Expect {
        keys,
        ..Expect::default()
    };
    let (opened, inspected) = (frame::open(frame, &expect), frame::inspect(frame, &expect));
    let code = opened.err().map(|error| error.code());
    assert_eq!(
        inspected.err().map(|error| error.code()),
        code,
        "inspect says what open says"
    );
    code
}

#[test]
fn the_first_key_signs_and_each_of_them_verifies() {
    let (old, new) = (key("2024", 1), key("2025", 2));
    for (signers, id) in [
        ([old.clone(), new.clone()], "2024"),
        ([new.clone(), old.clone()], "2025"),
    ] {
        let frame = signed(&signers);
        for readers in [vec![old.clone(), new.clone()], vec![new.clone(), old.clone()]] {
            let expect = Expect {
                keys: &readers,
                ..Expect::default()
            };
            assert_eq!(frame::open(&frame, &expect).unwrap().key_id.as_deref(), Some(id));
            assert_eq!(frame::inspect(&frame, &expect).unwrap().key_id.as_deref(), Some(id));
        }
    }
    let unsigned = frame::seal(&full_header(), &payload()).unwrap();
    assert_eq!(frame::open(&unsigned, &Expect::default()).unwrap().key_id, None);
}

#[test]
fn what_a_reader_with_and_without_keys_refuses() {
    let (ours, theirs) = (key("2024", 1), key("2025", 2));
    let frame = signed(std::slice::from_ref(&ours));
    let unsigned = frame::seal(&full_header(), &payload()).unwrap();
    assert_eq!(code(&frame, std::slice::from_ref(&ours)), None);
    assert_eq!(code(&frame, &[]), Some(Code::UnknownKey));
    assert_eq!(code(&frame, std::slice::from_ref(&theirs)), Some(Code::UnknownKey));
    assert_eq!(
        code(&frame, &[key("2024", 2)]),
        Some(Code::Corrupt),
        "same id, another secret"
    );
    assert_eq!(code(&unsigned, &[]), None);
    assert_eq!(code(&unsigned, &[theirs, ours]), Some(Code::Unsigned));
}

/// The header is bound with its domain in front, by plain HMAC-SHA-256: any tool can check it.
#[test]
fn the_digest_is_hmac_sha_256_of_domain_and_head() {
    let secret = [1; 32];
    let frame = signed(&[Key::new("2024", secret).unwrap()]);
    let covered = frame.len() - payload().len() - 32;
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
    mac.update(b"snapfold.header.1\0");
    mac.update(&frame[..covered]);
    assert_eq!(mac.finalize().into_bytes()[..], frame[covered..covered + 32]);
}

/// Whoever can write to the store, but has no key, can compute every SHA-256 there is.
#[test]
fn a_forger_without_the_key_gets_nowhere() {
    let ours = [key("2024", 1)];
    let other = snapfold::value::to_vec(&["gold"]).unwrap();
    let id = crate::forge::text("2024");
    assert_eq!(code(&Fields::of(&other).frame(&other), &ours), Some(Code::Unsigned));
    assert_eq!(
        code(&Fields::of(&other).with(14, id).frame(&other), &ours),
        Some(Code::Corrupt)
    );
    let mut exchanged = signed(&ours);
    let at = exchanged.len() - payload().len();
    exchanged.truncate(at);
    exchanged.extend(snapfold::value::to_vec(&["apples", "peers"]).unwrap());
    let expect = Expect {
        keys: &ours,
        ..Expect::default()
    };
    assert_eq!(frame::open(&exchanged, &expect).unwrap_err().code(), Code::Corrupt);
}

#[test]
fn the_claimed_key_id_is_read_with_care() {
    use crate::forge::{frame as forged, head, text, uint};
    let ours = [key("2024", 1)];
    for header in [
        vec![],
        vec![0xa1],
        [head(5, u64::MAX), uint(14), text("2024")].concat(),
        [head(5, 1), uint(14), head(3, u64::MAX)].concat(),
        [head(5, 1), uint(14), uint(1)].concat(),
        [head(5, 2), uint(1), vec![0x81; 60_000], uint(14), text("2024")].concat(),
        [head(5, 2), uint(1), head(4, 1 << 60), uint(14), text("2024")].concat(),
        [head(5, 1), text("2024"), uint(14)].concat(),
    ] {
        assert_eq!(code(&forged(&header, b""), &ours), Some(Code::Corrupt), "{header:02x?}");
    }
    let long = "k".repeat(60_000);
    let frame = Fields::of(b"").with(14, text(&long)).frame(b"");
    let error = frame::open(&frame, &Expect::default()).unwrap_err();
    assert_eq!(error.code(), Code::UnknownKey);
    assert!(error.message().len() < 200, "{error}");
}

#[test]
fn keys_that_make_no_sense_are_refused() {
    for (id, length, path) in [
        ("", 32, "key.id"),
        ("2024", 0, "key.secret"),
        ("2024", MIN_SECRET_BYTES - 1, "key.secret"),
    ] {
        let error = Key::new(id, vec![7; length]).unwrap_err();
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some(path)),
            "{error}"
        );
    }
    for length in [MIN_SECRET_BYTES, 64, 65, 1_000] {
        let keys = [Key::new("2024", vec![7; length]).unwrap()];
        assert_eq!(code(&signed(&keys), &keys), None, "{length}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    let key = Key::new("2024", b"do not print these bytes").unwrap();
    let printed = format!(
        "{key:?} {:?}",
        Sealing {
            keys: std::slice::from_ref(&key),
            ..Sealing::default()
        }
    );
    assert!(printed.contains("2024"), "{printed}");
    let bytes = format!("{:?}", b"do not").replace(['[', ']'], "");
    assert!(!printed.contains("do not") && !printed.contains(&bytes), "{printed}");
}

#[test]
fn a_key_id_that_does_not_fit_the_header_is_refused() {
    let keys = [Key::new("k".repeat(70_000), [7; 32]).unwrap()];
    let sealing = Sealing {
        keys: &keys,
        ..Sealing::default()
    };
    let error = frame::seal_with(&minimal_header(), &payload(), &sealing).unwrap_err();
    assert_eq!(error.code(), Code::TooLarge);
}
