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

/// Writes what `T` cannot be in the middle of a collection, and goes on as if nothing had happened.
struct GoesOn<T>(&'static str, T);

impl<T: Serialize> Serialize for GoesOn<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTupleVariant};
        macro_rules! go_on {
            ($open:expr, $($write:expr),+) => {{
                let mut open = $open?;
                $(let _: Result<(), S::Error> = $write(&mut open);)+
                open.end()
            }};
        }
        let bad = &self.1;
        match self.0 {
            "sequence" => go_on!(
                serializer.serialize_seq(None),
                |seq: &mut S::SerializeSeq| seq.serialize_element(&1),
                |seq: &mut S::SerializeSeq| seq.serialize_element(bad),
                |seq: &mut S::SerializeSeq| seq.serialize_element(&GoesOn("key", ()))
            ),
            "struct" => go_on!(
                serializer.serialize_struct("Bad", 1),
                |fields: &mut S::SerializeStruct| fields.serialize_field("field", bad)
            ),
            "key" => go_on!(
                serializer.serialize_map(Some(2)),
                |map: &mut S::SerializeMap| map.serialize_key(&[1]),
                |map: &mut S::SerializeMap| map.serialize_value(&1)
            ),
            "value" => go_on!(serializer.serialize_map(Some(1)), |map: &mut S::SerializeMap| map
                .serialize_entry("field", bad)),
            "tuple variant" => go_on!(
                serializer.serialize_tuple_variant("Bad", 0, "V", 1),
                |fields: &mut S::SerializeTupleVariant| fields.serialize_field(bad)
            ),
            _ => go_on!(
                serializer.serialize_struct_variant("Bad", 0, "V", 1),
                |fields: &mut S::SerializeStructVariant| fields.serialize_field("field", bad)
            ),
        }
    }
}

#[test]
fn a_failure_inside_is_one_of_the_whole_whatever_the_type_does_with_it() {
    let bad = || BTreeMap::from([(Some(1), 1), (None, 2)]);
    refuse(GoesOn("sequence", bad()), "state[1]");
    refuse(GoesOn("struct", bad()), "state.field");
    refuse(GoesOn("key", ()), "state");
    refuse(GoesOn("value", bad()), "state.field");
    refuse(GoesOn("tuple variant", bad()), "state.V[0]");
    refuse(GoesOn("struct variant", bad()), "state.V.field");
    refuse(
        vec![GoesOn("sequence", GoesOn("value", Set(vec![1, 1])))],
        "state[0][1].field[1]",
    );
    let error = to_vec(&GoesOn("sequence", Set(vec![1, 1]))).unwrap_err();
    assert!(error.message().contains("already"), "the first one: {error}");
    assert!(to_vec(&GoesOn("sequence", 1)).is_err(), "the last one");
    assert_eq!(
        to_vec(&GoesOn("struct", 1)).unwrap(),
        to_vec(&BTreeMap::from([("field", 1)])).unwrap()
    );
}
