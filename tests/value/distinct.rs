//! What a Map or a Set may not hold twice, on the way out.

use std::collections::BTreeMap;

use serde::Serialize;
use snapfold::value::{BigInt, Bytes, Date, OrderedMap, Set, Value, Wtf8, from_slice, to_vec};

use crate::path;

#[track_caller]
fn refuse(state: impl Serialize, at: &str) {
    assert_eq!(path(&to_vec(&state).unwrap_err()), at);
}

#[test]
fn equal_primitives_in_a_set() {
    refuse(Set(vec![1, 2, 1]), "state[2]");
    refuse(Set(vec![1.5, 1.5]), "state[1]");
    refuse(Set(vec![f64::NAN, -f64::NAN]), "state[1]");
    refuse(Set(vec!["a", "", "a"]), "state[2]");
    refuse(Set(vec![true, true]), "state[1]");
    refuse(Set(vec![None::<u8>, None]), "state[1]");
    refuse(Set(vec![u64::MAX, u64::MAX]), "state[1]");
    refuse(Set(vec![BigInt::from(1), BigInt::from(1)]), "state[1]");
    refuse(Set(vec![Value::Undefined, Value::Null, Value::Undefined]), "state[2]");
    let odd = || Value::Wtf8(Wtf8::from_utf16(&[0xd800]).unwrap_err());
    refuse(Value::Set(vec![odd(), odd()]), "state[1]");
}

#[test]
fn equal_primitives_as_keys_of_a_map() {
    refuse(OrderedMap(vec![("a", 1), ("b", 2), ("a", 3)]), "state[2][0]");
    refuse(
        Value::Map(vec![(Value::Null, Value::Null), (Value::Null, Value::Null)]),
        "state[1][0]",
    );
    refuse(BTreeMap::from([("tags", vec![Set(vec![1, 1])])]), "state.tags[0][1]");
}

#[test]
fn negative_zero_is_neither_key_nor_element() {
    refuse(Set(vec![1.5, -0.0]), "state[1]");
    refuse(OrderedMap(vec![(-0.0f32, 1)]), "state[0][0]");
    assert!(to_vec(&OrderedMap(vec![(0.0, -0.0)])).is_ok(), "as a value");
    assert!(to_vec(&Set(vec![[-0.0]])).is_ok(), "inside of an element");
}

#[test]
fn what_differs_or_is_told_apart_by_identity_is_kept() {
    #[track_caller]
    fn keep<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(state: T) {
        assert_eq!(from_slice::<T>(&to_vec(&state).unwrap()).unwrap(), state);
    }
    keep(Set(vec![vec![1], vec![1]]));
    keep(Set(vec![
        BTreeMap::from([("a".to_owned(), 1)]),
        BTreeMap::from([("a".to_owned(), 1)]),
    ]));
    keep(Set(vec![Bytes(vec![1]), Bytes(vec![1])]));
    keep(OrderedMap(vec![(Date::INVALID, 1), (Date::INVALID, 2)]));
    keep(Set(vec![Set(vec![1]), Set(vec![1])]));
    keep(Value::Set(vec![
        Value::from(1),
        Value::BigInt(BigInt::from(1)),
        Value::from("1"),
        Value::Bool(true),
        Value::Null,
        Value::Undefined,
    ]));
}

#[test]
fn many_elements_in_any_order() {
    let numbers = |last: u32| Set((0..100_000u32).rev().chain([last]).collect());
    assert!(to_vec(&numbers(100_000)).is_ok());
    refuse(numbers(7), "state[100000]");
    refuse(Set((0..50_000u32).chain([49_999]).collect()), "state[50000]");
    let entries = (0..40u32).rev().chain([30, 20]).map(|key| (format!("key {key}"), key));
    refuse(OrderedMap(entries.collect()), "state[40][0]");
}

#[test]
fn a_struct_that_announces_a_wrong_number_of_fields_is_checked_too() {
    struct Announced(usize, Vec<&'static str>);
    impl Serialize for Announced {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let mut fields = serializer.serialize_struct("Announced", self.0)?;
            for name in &self.1 {
                fields.serialize_field(name, &())?;
            }
            fields.end()
        }
    }
    let mut names: Vec<&str> = (0..200).rev().map(|number| &*format!("f{number}").leak()).collect();
    for announced in [0, 10, 200, 100_000] {
        assert!(to_vec(&Announced(announced, names.clone())).is_ok());
    }
    names.push("f150");
    for announced in [0, 10, 201, 100_000] {
        refuse(Announced(announced, names.clone()), "state.f150");
    }
    refuse(Announced(0, vec!["a", "a"]), "state.a");
}

#[test]
fn a_map_that_announces_nothing_is_checked_too() {
    struct Announced(Option<usize>, Vec<u32>);
    impl Serialize for Announced {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap;
            let mut map = serializer.serialize_map(self.0)?;
            for key in &self.1 {
                map.serialize_entry(key, &())?;
            }
            map.end()
        }
    }
    let mut keys: Vec<_> = (0..200).rev().collect();
    assert!(to_vec(&Announced(None, keys.clone())).is_ok());
    keys.push(150);
    for announced in [None, Some(0), Some(10), Some(201), Some(100_000)] {
        refuse(Announced(announced, keys.clone()), "state[\"150\"]");
    }
}
