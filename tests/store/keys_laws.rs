//! Laws of keys, on generated identifiers.

use proptest::prelude::*;
use snapfold::store::{MAX_KEY_BYTES, StreamKeys, position_of};

/// Any text, and the kinds of which neighbours are made: shared beginnings, dots, escapes, great lengths.
fn ids() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-c~./]{1,6}",
        "[aA~.]{1,4}",
        "(ab~2e){1,40}",
        "[aB]{90,110}"
    ]
    .prop_filter("not empty", |id| !id.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_streams_prefix_is_a_prefix_of_anothers(a in (ids(), ids()), b in (ids(), ids())) {
        prop_assume!(a != b);
        let (a, b) = (StreamKeys::new(&a.0, &a.1).unwrap(), StreamKeys::new(&b.0, &b.1).unwrap());
        prop_assert!(!a.all().starts_with(b.all()) && !b.all().starts_with(a.all()));
    }

    #[test]
    fn keys_are_short_plain_and_lower_case(name in ids(), stream in ids(), version in 1..=u32::MAX, position: u64) {
        let keys = StreamKeys::new(&name, &stream).unwrap();
        for key in [keys.snapshot(version, position), keys.attempt(version)] {
            prop_assert!(key.len() <= MAX_KEY_BYTES);
            prop_assert!(key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/')));
            prop_assert_eq!(key.split('/').count(), 5);
            prop_assert!(key.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.')));
        }
    }

    #[test]
    fn order_is_inverted_and_position_of_is_the_inverse(stream in ids(), a: u64, b: u64) {
        let keys = StreamKeys::new("cart", &stream).unwrap();
        prop_assert_eq!(a.cmp(&b), keys.snapshot(1, b).cmp(&keys.snapshot(1, a)));
        prop_assert_eq!(position_of(&keys.snapshot(1, a)), Some(a));
    }

    #[test]
    fn any_text_either_states_a_position_or_does_not(text: String) {
        let _ = position_of(&text);
    }
}
