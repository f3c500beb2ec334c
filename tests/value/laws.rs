//! What holds for every value and for any bytes.

use crate::{offset, readers::Walk};
use proptest::{collection::vec, prelude::*};
use snapfold::value::{BigInt, Date, ElementType, TypedArray, Value, Wtf8, canonicalize, from_slice, to_vec, validate};

const ELEMENTS: [ElementType; 4] = [
    ElementType::Uint8Clamped,
    ElementType::Int16,
    ElementType::Float32,
    ElementType::BigInt64,
];

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<f64>().prop_map(Value::Number),
        any::<u64>().prop_map(|bits| Value::Number(f64::from_bits(bits))),
        any::<f32>().prop_map(Value::from),
        any::<i64>().prop_map(|integer| Value::Number(integer as f64)),
        any::<i32>().prop_map(Value::from),
    ]
}

fn big_int() -> impl Strategy<Value = Value> {
    prop_oneof![
        (any::<bool>(), vec(any::<u8>(), 0..20)).prop_map(|(negative, magnitude)| BigInt::new(negative, &magnitude)),
        (-300i128..300, 0..130u32)
            .prop_map(|(near, power)| BigInt::from(1i128.checked_shl(power).unwrap_or(0).wrapping_add(near))),
    ]
    .prop_map(Value::BigInt)
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Undefined),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number(),
        big_int(),
        any::<String>().prop_map(Value::Text),
        vec(prop_oneof![any::<u16>(), 0xd7f0..0xe010u16], 0..8)
            .prop_map(|units| Wtf8::from_utf16(&units).map_or_else(Value::Wtf8, Value::Text)),
        vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        (0..ELEMENTS.len(), vec(any::<u8>(), 0..40)).prop_map(|(element, mut bytes)| {
            let element = ELEMENTS[element];
            bytes.truncate(bytes.len() / element.size() * element.size());
            Value::TypedArray(TypedArray::new(element, bytes).unwrap())
        }),
        (-8_640_000_000_000_000..=8_640_000_000_000_000i64).prop_map(|ms| Value::Date(Date::from_millis(ms).unwrap())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 60, 30, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..30).prop_map(Value::Array),
            vec(("[a-d]{0,3}", inner.clone()), 0..30).prop_map(|mut entries| {
                let mut seen = std::collections::BTreeSet::new();
                entries.retain(|(key, _)| seen.insert(key.clone()));
                Value::Object(entries)
            }),
            vec((inner.clone(), inner.clone()), 0..6).prop_map(|mut entries| {
                let mut distinct = distinct();
                entries.retain(|(key, _)| distinct(key));
                Value::Map(entries)
            }),
            vec(inner, 0..6).prop_map(|mut elements| {
                elements.retain(distinct());
                Value::Set(elements)
            }),
        ]
    })
}

/// Whether a Map or a Set that holds what was asked before can hold this too.
fn distinct() -> impl FnMut(&Value) -> bool {
    let mut seen = vec![Value::Number(-0.0)];
    move |value| match value {
        Value::Undefined
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::BigInt(_)
        | Value::Text(_)
        | Value::Wtf8(_) => {
            let fresh = !seen.contains(value);
            seen.push(value.clone());
            fresh
        }
        _ => true,
    }
}

proptest! {
    #[test]
    fn decoding_inverts_encoding(value in value()) {
        let bytes = to_vec(&value).unwrap();
        prop_assert_eq!(validate(&bytes), Ok(()));
        let decoded: Value = from_slice(&bytes).unwrap();
        prop_assert_eq!(&decoded, &value);
        prop_assert_eq!(to_vec(&decoded).unwrap(), bytes);
    }

    #[test]
    fn values_are_equal_exactly_if_their_bytes_are(a in value(), b in value()) {
        prop_assert_eq!(a == b, to_vec(&a).unwrap() == to_vec(&b).unwrap());
    }

    /// Bytes that are nearly a value: those that are accepted have no other spelling.
    #[test]
    fn encoding_inverts_decoding(value in value(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..3)) {
        let mut bytes = to_vec(&value).unwrap();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        agree(&bytes)?;
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..40)) {
        agree(&bytes)?;
    }

    #[test]
    fn every_prefix_of_a_value_is_refused(value in value()) {
        let bytes = to_vec(&value).unwrap();
        let step = bytes.len() / 200 + 1; // all of them, unless it is large
        for length in (0..bytes.len()).rev().step_by(step) {
            let prefix = &bytes[..length];
            prop_assert!(validate(prefix).is_err());
            agree(prefix)?;
        }
    }

    /// Keys of any kind, few or many, with or without repetitions: as a table of all that were seen before would say.
    #[test]
    fn what_is_there_twice_is_found_where_it_stands_twice(keys in vec(0..120u32, 0..80), form in 0..4u8) {
        let key = |key: &u32| match form {
            0 => Value::from(*key),
            1 => Value::Text(format!("a key of some length {key}")),
            2 => Value::Number(f64::from(*key) + 0.5),
            _ => Value::from(if key.is_multiple_of(2) { i128::from(*key) } else { i128::from(*key) << 70 }),
        };
        let items: Vec<_> = keys.iter().map(|number| to_vec(&key(number)).unwrap()).collect();
        let mut set = [&[0xd9, 0x01, 0x02][..], &head(4, keys.len())].concat();
        let mut map = [&[0xd9, 0x90, 0x80][..], &head(4, keys.len())].concat();
        let mut object = head(5, keys.len());
        let mut second = None;
        for (index, item) in items.iter().enumerate() {
            if items[..index].contains(item) {
                second.get_or_insert([set.len(), map.len() + 1, object.len()].map(|at| at as u64));
            }
            set.extend(item);
            map.extend([&[0x82][..], item, &[0xf6]].concat());
            object.extend([&item[..], &[0xf6]].concat());
        }
        for (bytes, at) in [set, map, object].into_iter().zip(second.map_or([None; 3], |all| all.map(Some))) {
            if form != 1 && bytes[0] >> 5 == 5 {
                continue; // no keys of an object
            }
            prop_assert_eq!(validate(&bytes).err().map(|error| offset(&error)), at);
            agree(&bytes)?;
        }
    }

    #[test]
    fn the_canonical_form_is_one_for_all_orders_of_keys(value in value()) {
        let canonical = canonicalize(&to_vec(&value).unwrap()).unwrap();
        prop_assert_eq!(&canonicalize(&canonical).unwrap(), &canonical);
        prop_assert_eq!(canonicalize(&to_vec(&reversed(&value)).unwrap()).unwrap(), canonical);
    }

    #[test]
    fn typed_numbers_come_back(int in any::<i64>(), wide in any::<u128>(), float in any::<f64>()) {
        prop_assert_eq!(from_slice::<i64>(&to_vec(&int).unwrap()), Ok(int));
        prop_assert_eq!(from_slice::<u128>(&to_vec(&wide).unwrap()), Ok(wide));
        let back: f64 = from_slice(&to_vec(&float).unwrap()).unwrap();
        prop_assert_eq!(Value::Number(back), Value::Number(float));
    }
}

/// The head of an array or a map.
fn head(major: u8, count: usize) -> Vec<u8> {
    match u8::try_from(count).unwrap() {
        count @ 0..24 => vec![major << 5 | count],
        count => vec![major << 5 | 24, count],
    }
}

/// All readers accept the same bytes, and whoever accepts them writes them again.
fn agree(bytes: &[u8]) -> Result<(), TestCaseError> {
    let verdict = validate(bytes);
    let decoded = from_slice::<Value>(bytes);
    prop_assert_eq!(&verdict, &decoded.as_ref().map(drop).map_err(Clone::clone));
    prop_assert_eq!(&verdict, &from_slice::<serde::de::IgnoredAny>(bytes).map(drop));
    prop_assert_eq!(&verdict, &from_slice::<Walk>(bytes).map(drop));
    prop_assert_eq!(&verdict, &canonicalize(bytes).map(drop));
    match decoded {
        Ok(value) => prop_assert_eq!(to_vec(&value).unwrap(), bytes),
        Err(error) => prop_assert!(error.offset().is_some_and(|offset| offset <= bytes.len() as u64)),
    }
    Ok(())
}

/// The same value with the keys of every plain object in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(elements) => Value::Array(elements.iter().map(reversed).collect()),
        Value::Set(elements) => Value::Set(elements.iter().map(reversed).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (reversed(key), reversed(value)))
                .collect(),
        ),
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .rev()
                .map(|(key, value)| (key.clone(), reversed(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}
