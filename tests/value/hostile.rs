//! Bytes that mean harm.

use std::collections::BTreeMap;

use snapfold::value::{Bytes, Date, MAX_DEPTH, OrderedMap, Set, Value, canonicalize, from_slice, to_vec, validate};

use crate::{hex, offset, path, readers::Walk};

/// A state with every kind of item in it.
fn sample() -> Vec<u8> {
    hex("a8 6161 83 01 1903e8 3bffffffffffffffff
         6162 fb3ff199999999999a
         6163 c249010000000000000000
         6164 c1fb3f50624dd2f1a9fc
         6165 d9908081 82 63c3bc61 d90102 81 f7
         6166 d9011143eda080
         6167 d85648000000000000f83f
         6168 43000102")
}

#[test]
fn every_truncation_is_an_error_inside_of_the_input() {
    let bytes = sample();
    assert_eq!(validate(&bytes), Ok(()));
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        let error = validate(cut).unwrap_err();
        assert!(offset(&error) <= length as u64);
        assert_eq!(from_slice::<Value>(cut).unwrap_err(), error);
    }
}

#[test]
fn every_changed_byte_is_refused_or_another_value() {
    let bytes = sample();
    let value: Value = from_slice(&bytes).unwrap();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[index] ^= 1 << bit;
            match from_slice::<Value>(&changed) {
                Ok(other) => {
                    assert_ne!(other, value);
                    assert_eq!(to_vec(&other).unwrap(), changed);
                }
                Err(error) => assert!(offset(&error) <= changed.len() as u64),
            }
        }
    }
}

#[test]
fn the_deepest_value_passes_through_everything() {
    // what opens a level or more, how many it opens, and what stands in the middle
    for (open, levels, middle) in [
        ("81", 1, "80"),
        ("a160", 1, "a0"),
        ("d9010281", 1, "80"),
        ("81d990808182f6", 3, "80"),
    ] {
        let mut bytes = hex(open).repeat((MAX_DEPTH - 1) / levels);
        bytes.extend(hex(middle));
        let value: Value = from_slice(&bytes).unwrap();
        assert_eq!(value, value.clone());
        assert_eq!(to_vec(&value).unwrap(), bytes);
        assert_eq!(canonicalize(&bytes).unwrap(), bytes);
        assert!(format!("{value:?}").len() > MAX_DEPTH / levels);
    }
}

#[test]
fn one_level_too_many_is_refused_in_both_directions() {
    let nested = |levels: usize| (1..levels).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]));
    assert!(to_vec(&nested(MAX_DEPTH)).is_ok());
    let error = to_vec(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(path(&error), format!("state{}", "[0]".repeat(MAX_DEPTH)));

    let map = (1..MAX_DEPTH / 2).fold(Value::Map(vec![]), |inner, _| Value::Map(vec![(inner, Value::Null)]));
    assert!(to_vec(&map).is_ok(), "{} levels", MAX_DEPTH - 1);
    assert!(to_vec(&vec![map.clone()]).is_ok(), "{MAX_DEPTH} levels");
    assert!(to_vec(&vec![vec![map]]).is_err());
}

#[test]
fn a_recursive_type_is_stopped_before_the_stack_is() {
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    struct List {
        next: Option<Box<List>>,
    }
    let list = (0..MAX_DEPTH).fold(List { next: None }, |list, _| List {
        next: Some(Box::new(list)),
    });
    let error = to_vec(&list).unwrap_err();
    assert_eq!(path(&error), format!("state{}", ".next".repeat(MAX_DEPTH)));
    let bytes = to_vec(&list.next).unwrap();
    assert!(from_slice::<List>(&bytes).is_ok());
}

#[test]
fn many_keys_out_of_order_are_checked_in_reasonable_time() {
    let keys = 100_000u32;
    let object = |last: u32| {
        let entries = (0..keys)
            .rev()
            .chain([last])
            .map(|key| (format!("{key:08}"), Value::Null));
        Value::Object(entries.collect())
    };
    let bytes = to_vec(&object(keys)).unwrap();
    assert_eq!(validate(&bytes), Ok(()));
    assert_eq!(path(&to_vec(&object(0)).unwrap_err()), "state[\"00000000\"]");
    let mut repeated = bytes;
    let last = repeated.len() - 9;
    repeated.splice(last.., [b"00000000".as_slice(), &[0xf6]].concat());
    assert_eq!(offset(&validate(&repeated).unwrap_err()), last as u64 - 1);
}

#[test]
fn claims_are_refused_by_every_reader_where_validation_refuses_them() {
    #[track_caller]
    fn refuse<T: serde::de::DeserializeOwned + std::fmt::Debug>(bytes: &[u8]) {
        let verdict = validate(bytes).unwrap_err();
        offset(&verdict);
        assert_eq!(from_slice::<T>(bytes).unwrap_err(), verdict, "{bytes:02x?}");
    }
    let arguments = [
        "1a000f4240",
        "1a7fffffff",
        "1affffffff",
        "1b0000000100000000",
        "1b7fffffffffffffff",
        "1bffffffffffffffff",
    ];
    for argument in arguments.map(hex) {
        for major in 2..=6u8 {
            let mut claim = argument.clone();
            claim[0] |= major << 5;
            for before in ["", "81", "a16161", "d90102", "d99080", "d856", "c2", "c1"] {
                for after in ["", "00", "616100", "8200f6"] {
                    let bytes = [hex(before), claim.clone(), hex(after)].concat();
                    refuse::<Value>(&bytes);
                    refuse::<Walk>(&bytes);
                    refuse::<Vec<u64>>(&bytes);
                    refuse::<Vec<Vec<String>>>(&bytes);
                    refuse::<BTreeMap<String, Bytes>>(&bytes);
                    refuse::<Set<Vec<u8>>>(&bytes);
                    refuse::<OrderedMap<u8, Option<bool>>>(&bytes);
                    refuse::<Date>(&bytes);
                    refuse::<f64>(&bytes);
                    refuse::<String>(&bytes);
                }
            }
        }
    }
}

#[test]
fn the_depth_of_types_is_that_of_the_profile() {
    #[derive(Debug, serde::Deserialize)]
    struct Nest(#[allow(dead_code)] Vec<Nest>);
    #[derive(Debug, serde::Deserialize)]
    struct Sets(#[allow(dead_code)] Set<Sets>);
    for (levels, fine) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false), (100_000, false)] {
        let arrays = [hex("81").repeat(levels - 1), hex("80")].concat();
        assert_eq!(from_slice::<Nest>(&arrays).is_ok(), fine, "{levels} arrays");
        assert_eq!(from_slice::<Walk>(&arrays).is_ok(), fine, "{levels} arrays");
        let sets = [hex("d9010281").repeat(levels - 1), hex("d9010280")].concat();
        assert_eq!(from_slice::<Sets>(&sets).is_ok(), fine, "{levels} Sets");
        let objects = [hex("a160").repeat(levels - 1), hex("a0")].concat();
        assert_eq!(from_slice::<Walk>(&objects).is_ok(), fine, "{levels} objects");
        for bytes in [&arrays, &sets, &objects] {
            assert_eq!(validate(bytes).is_ok(), fine);
            assert_eq!(from_slice::<serde::de::IgnoredAny>(bytes).is_ok(), fine);
        }
    }
}

#[test]
fn ignored_parts_are_held_to_the_profile_too() {
    #[derive(Debug, serde::Deserialize)]
    struct OnlyA {
        a: u8,
    }
    assert_eq!(
        from_slice::<OnlyA>(&hex("a2 6161 01 6162 a2 6163 01 6164 02"))
            .unwrap()
            .a,
        1
    );
    assert_eq!(
        offset(&from_slice::<OnlyA>(&hex("a2 6161 01 6162 a2 6163 01 6163 02")).unwrap_err()),
        10
    );
    assert_eq!(
        offset(&from_slice::<OnlyA>(&hex("a2 6161 01 6162 1800")).unwrap_err()),
        6
    );
    assert_eq!(
        offset(&from_slice::<OnlyA>(&hex("a2 6161 01 6162 61ff")).unwrap_err()),
        6
    );
}
