//! docs/format.md §3: where things lie.

use serde_json::Value as Json;
use snapfold::Code;
use snapfold::frame::Digest;
use snapfold::store::{MAX_KEY_BYTES, Slot, StreamKeys, position_of};

fn keys(name: &str, stream: &str) -> StreamKeys {
    StreamKeys::new(name, stream).unwrap()
}

fn segment(stream: &str) -> String {
    let keys = keys("n", stream);
    keys.all()["n/".len()..keys.all().len() - 1].to_owned()
}

#[test]
fn the_golden_vectors() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("../vectors/keys.json")).unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap();
        if let Some(code) = case["code"].as_str() {
            let error = StreamKeys::new(text("name"), text("stream")).unwrap_err();
            assert_eq!(error.code().as_str(), code, "{case}");
            continue;
        }
        let keys = keys(text("name"), text("stream"));
        let version = case["version"].as_u64().unwrap() as u32;
        let position: u64 = text("position").parse().unwrap();
        assert_eq!(keys.all(), text("prefix"), "{case}");
        assert_eq!(keys.snapshots(version), text("slot"), "{case}");
        assert_eq!(keys.snapshot(version, position), text("key"), "{case}");
        assert_eq!(keys.attempt(version), text("attempt"), "{case}");
        assert_eq!(position_of(text("key")), Some(position), "{case}");
        assert!(text("key").len() <= MAX_KEY_BYTES, "{case}");
    }
}

#[test]
fn the_golden_vectors_of_tombstones() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("../vectors/tombstone-keys.json")).unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap();
        let keys = keys(text("name"), text("stream"));
        assert_eq!(keys.tombstone(), text("tombstone"), "{case}");
        assert!(keys.tombstone().len() <= MAX_KEY_BYTES, "{case}");
        assert!(
            !keys.tombstone().starts_with(keys.all()),
            "it stays when all of a stream is deleted"
        );
        assert_eq!(position_of(&keys.tombstone()), None);
    }
}

fn digest(hex: &str) -> Digest {
    core::array::from_fn(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap())
}

#[test]
fn the_golden_vectors_of_built_in_folds() {
    let cases: Vec<Json> = serde_json::from_str(include_str!("../vectors/fold-keys.json")).unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap();
        let keys = keys(text("name"), text("stream"));
        let (fold, position) = (digest(text("foldDigestHex")), text("position").parse().unwrap());
        assert_eq!(keys.snapshots(fold), text("slot"), "{case}");
        assert_eq!(keys.snapshot(Slot::Fold(fold), position), text("key"), "{case}");
        assert_eq!(keys.attempt(fold), text("attempt"), "{case}");
        assert_eq!(position_of(text("key")), Some(position), "{case}");
        assert!(text("key").len() <= MAX_KEY_BYTES, "{case}");
    }
}

#[test]
fn a_fold_has_one_slot_whatever_the_version() {
    let fold = [7; 32];
    assert_eq!(Slot::of(3, Some(fold)), Slot::of(4, Some(fold)));
    assert_eq!((Slot::of(3, None), Slot::from(3)), (Slot::Version(3), Slot::Version(3)));
}

#[test]
fn identifiers_are_escaped_for_stores_that_know_less_than_unicode() {
    for (stream, written) in [
        ("cart-42", "cart-42"),
        ("a.b_c", "a.b_c"),
        ("Cart", "~43art"),
        ("a/b", "a~2fb"),
        ("a~b", "a~7eb"),
        (".", "~2e"),
        ("..", "~2e~2e"),
        ("...", "~2e.~2e"),
        (".hidden", "~2ehidden"),
        ("dotted.", "dotted~2e"),
        ("é", "~c3~a9"),
        ("%", "~25"),
        ("\0", "~00"),
    ] {
        assert_eq!(segment(stream), written, "{stream:?}");
    }
}

#[test]
fn empty_identifiers_are_refused_by_name() {
    for (name, stream, path) in [("", "cart-42", "name"), ("cart", "", "streamId")] {
        let error = StreamKeys::new(name, stream).unwrap_err();
        assert_eq!((error.code(), error.path()), (Code::InvalidId, Some(path)));
    }
}

#[test]
fn ids_that_differ_in_case_or_composition_have_different_keys_without_case() {
    for (a, b) in [
        ("Cart", "cart"),
        ("CART", "Cart"),
        ("caf\u{e9}", "cafe\u{301}"),
        ("İ", "i̇"),
    ] {
        let folded = |id: &str| segment(id).to_ascii_lowercase();
        assert_ne!(folded(a), folded(b), "{a} and {b}");
    }
}

#[test]
fn long_identifiers_become_a_readable_prefix_and_a_digest() {
    let exact = "a".repeat(96);
    assert_eq!(segment(&exact), exact);
    let long = segment(&"a".repeat(97));
    let (readable, digest) = long.split_once("~~").unwrap();
    assert_eq!((readable, digest.len()), (&*"a".repeat(30), 64));
    assert_ne!(segment(&"a".repeat(98)), long);
    // No escape is cut: 29 letters leave room for one byte of "~42", so it stays out.
    let cut = segment(&("a".repeat(29) + &"B".repeat(40)));
    assert_eq!(cut.split_once("~~").unwrap().0, "a".repeat(29));
    let whole = segment(&("a".repeat(27) + &"B".repeat(40)));
    assert_eq!(whole.split_once("~~").unwrap().0, "a".repeat(27) + "~42");
}

#[test]
fn the_longest_key_fits() {
    let keys = keys(&"N".repeat(1_000), &"S".repeat(1_000));
    let longest = keys.snapshot(u32::MAX, 0);
    assert!(longest.len() <= MAX_KEY_BYTES, "{} bytes", longest.len());
    assert!(longest.is_ascii());
}

#[test]
fn newer_snapshots_come_first() {
    let keys = keys("cart", "cart-42");
    let positions = [0, 1, 9, 10, 15, 16, 255, (1 << 53) - 1, 1 << 53, u64::MAX - 1, u64::MAX];
    for pair in positions.windows(2) {
        assert!(keys.snapshot(1, pair[1]) < keys.snapshot(1, pair[0]), "{pair:?}");
    }
    for position in positions {
        assert_eq!(position_of(&keys.snapshot(1, position)), Some(position));
        assert!(keys.snapshot(1, position).starts_with(&keys.snapshots(1)));
    }
}

#[test]
fn everything_of_a_stream_lies_under_one_prefix_and_slots_apart() {
    let keys = keys("cart", "cart-42");
    for key in [keys.snapshot(1, 5), keys.snapshot(12, 5), keys.attempt(1)] {
        assert!(key.starts_with(keys.all()), "{key}");
    }
    assert!(!keys.snapshot(12, 5).starts_with(&keys.snapshots(1)));
    assert!(!keys.attempt(1).starts_with(&keys.snapshots(1)));
    assert_ne!(keys.attempt(1), keys.attempt(2));
}

#[test]
fn only_snapshot_keys_state_a_position() {
    let place = "fffffffffffffffa";
    assert_eq!(position_of(&format!("cart/cart-42/s/v1/{place}")), Some(5));
    for other in [
        "",
        place,
        "cart/cart-42/s/v1/",
        "cart/cart-42/s/v1/FFFFFFFFFFFFFFFA",
        "cart/cart-42/s/v1/+ffffffffffffffa",
        "cart/cart-42/s/v1/ffffffffffffffa",
        "cart/cart-42/s/v1/0fffffffffffffffa",
        "cart/cart-42/s/v1/fffffffffffffffa/",
        "cart/cart-42/s/v1/fffffffffffffffa.tmp",
        "cart/cart-42/a/v1/0000000000000000",
        "cart/cart-42/c/v1/fffffffffffffffa",
    ] {
        assert_eq!(position_of(other), None, "{other:?}");
    }
}
