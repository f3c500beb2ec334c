//! Inside of serde's own buffers, behind `flatten`, tagged and untagged enums: what serde has no word for comes through them as it is.

use std::{collections::BTreeMap, fmt::Debug};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use snapfold::value::{
    BigInt, Bytes, Date, ElementType, OrderedMap, Set, TypedArray, Value, Wtf8, from_slice, to_vec, validate,
};

use crate::{hex, offset};

/// The bytes of a state read back as that state.
#[track_caller]
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(state: T) -> Vec<u8> {
    let bytes = to_vec(&state).unwrap_or_else(|error| panic!("{error}: {state:?}"));
    assert_eq!(validate(&bytes), Ok(()), "{state:?}");
    let read: T = from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {state:?}"));
    assert_eq!(read, state);
    assert_eq!(to_vec(&read).unwrap(), bytes);
    bytes
}

/// Whether `part` lies somewhere in `bytes`.
fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Newtype<T>(T);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Transparent<T>(T);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Field<T> {
    part: T,
    digest: Bytes,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Inside<T> {
    Struct { part: T, digest: Bytes },
    New(Field<T>),
    Kind(Outside<T>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Beside<T> {
    Struct { part: T, digest: Bytes },
    New(T),
    Tuple(T, Bytes),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    Tuple(T, Bytes),
    Struct { part: T, digest: Bytes },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Outside<T> {
    Struct { part: T, digest: Bytes },
    Tuple(T, Bytes),
    New(T),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat<T> {
    #[serde(flatten)]
    kind: T,
    own: Bytes,
    address: std::net::Ipv4Addr,
}

/// The part in all of the places; `digest` and the like must not suffer from their neighbour.
#[track_caller]
fn in_all_buffers<T: Clone + Serialize + DeserializeOwned + PartialEq + Debug>(part: T) {
    let item = to_vec(&part).unwrap();
    let digest = Bytes(vec![0x41, 9]);
    let field = Field {
        part: part.clone(),
        digest: digest.clone(),
    };
    let outside = [
        Outside::Struct {
            part: part.clone(),
            digest: digest.clone(),
        },
        Outside::Tuple(part.clone(), digest.clone()),
        Outside::New(part.clone()),
    ];
    let mut written = vec![
        comes_back(Inside::New(field.clone())),
        comes_back(Inside::Struct {
            part: part.clone(),
            digest: digest.clone(),
        }),
        comes_back(Beside::New(part.clone())),
        comes_back(Beside::Tuple(part.clone(), digest.clone())),
        comes_back(Beside::Struct {
            part: part.clone(),
            digest: digest.clone(),
        }),
        comes_back(Untagged::Tuple(part.clone(), digest.clone())),
        comes_back(Untagged::Struct {
            part: part.clone(),
            digest: digest.clone(),
        }),
        comes_back(flat(field, &digest)),
        comes_back(flat(BTreeMap::from([("part".to_owned(), part.clone())]), &digest)),
    ];
    for kind in outside {
        written.push(comes_back((flat(kind.clone(), &digest), digest.clone())));
        written.push(comes_back((Inside::Kind(kind), digest.clone())));
    }
    for bytes in written {
        assert!(holds(&bytes, &item), "{part:?} in {bytes:x?}");
    }
}

fn flat<T>(kind: T, digest: &Bytes) -> Flat<T> {
    Flat {
        kind,
        own: digest.clone(),
        address: [127, 0, 0, 1].into(),
    }
}

/// The part by itself, and as people name it.
#[track_caller]
fn with_a_name<T: Clone + Serialize + DeserializeOwned + PartialEq + Debug>(part: T) {
    in_all_buffers(part.clone());
    in_all_buffers(Newtype(part));
}

/// The part in what may lie around it.
#[track_caller]
fn in_all_places<T: Clone + Serialize + DeserializeOwned + PartialEq + Debug>(part: T) {
    with_a_name(part.clone());
    in_all_buffers(Newtype(Newtype(part.clone())));
    in_all_buffers(Transparent(part.clone()));
    in_all_buffers(Some(Newtype(part.clone())));
    in_all_buffers(Newtype(vec![Newtype(Box::new(part.clone()))]));
    in_all_buffers(BTreeMap::from([("key".to_owned(), Newtype(part.clone()))]));
    in_all_buffers(OrderedMap(vec![(Newtype(part.clone()), part.clone())]));
    in_all_buffers(Set(vec![Newtype(part)]));
}

fn odd() -> Wtf8 {
    Wtf8::from_utf16(&[0x61, 0xd800]).unwrap_err()
}

fn typed_array() -> TypedArray {
    TypedArray::new(ElementType::Uint16, vec![1, 2]).unwrap()
}

#[test]
fn what_a_buffer_made_of_a_leaf_does_not_reach_its_neighbours() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Opened { at: Date },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Event {
        #[serde(flatten)]
        kind: Kind,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct State {
        last: Event,
        address: std::net::Ipv4Addr,
        digest: Bytes,
    }
    for millis in [0, 1500] {
        let at = Date::from_millis(millis).unwrap();
        let state = State {
            last: Event {
                kind: Kind::Opened { at },
            },
            address: [127, 0, 0, 1].into(),
            digest: Bytes(vec![0x41, 9]),
        };
        assert_eq!(from_slice::<State>(&to_vec(&state).unwrap()), Ok(state));
    }
}

#[test]
fn dates() {
    in_all_places(Date::from_millis(1500).unwrap());
    in_all_places(Date::from_millis(-8_640_000_000_000_000).unwrap());
    in_all_places(Date::INVALID);
}

#[test]
fn bigints() {
    for integer in [0, 1, -1, 1 << 60, -(1i128 << 60), 1 << 100, -(1i128 << 100)] {
        with_a_name(BigInt::from(integer));
    }
}

#[test]
fn sets_and_maps() {
    with_a_name(Set(vec![2, 1]));
    with_a_name(Set(Vec::<String>::new()));
    with_a_name(Set(vec![Set(vec![Date::INVALID]), Set(vec![])]));
    with_a_name(OrderedMap(vec![(2, "b".to_owned()), (1, "a".to_owned())]));
    with_a_name(OrderedMap(vec![(Date::INVALID, Newtype(BigInt::from(1)))]));
}

#[test]
fn bytes_and_strings_of_other_kinds() {
    with_a_name(Bytes(vec![0xc1, 0xf9, 0x3e, 0]));
    with_a_name(odd());
    with_a_name(typed_array());
}

#[test]
fn values() {
    let entries = || vec![("b".to_owned(), Value::from(1)), ("a".to_owned(), Value::from(2))];
    for value in [
        Value::Date(Date::from_millis(1500).unwrap()),
        Value::BigInt(BigInt::from(5)),
        Value::BigInt(BigInt::from(u128::MAX)),
        Value::Wtf8(odd()),
        Value::TypedArray(typed_array()),
        Value::Bytes(vec![0xc1, 0xf9, 0x3e, 0]),
        Value::Bytes(vec![]),
        Value::Number(1.5),
        Value::Number(f64::NAN),
        Value::from("text"),
        Value::Object(entries()),
        Value::Object(vec![]),
        Value::Array(vec![Value::Array(vec![]), Value::Date(Date::INVALID), Value::Undefined]),
        Value::Map(vec![(Value::Undefined, Value::Object(entries()))]),
        Value::Set(vec![Value::Null, Value::Undefined, Value::BigInt(BigInt::from(0))]),
    ] {
        in_all_places(value);
    }
    // Not as options, not as keys.
    for value in [Value::Undefined, Value::Null, Value::Number(-0.0)] {
        with_a_name(value);
    }
}

#[test]
fn an_item_is_skipped_and_told_apart() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Count(u64),
        Price(f64),
        Flag(bool),
        Name(String),
        Names(Vec<String>),
        Entries(BTreeMap<String, u8>),
        Nothing(()),
        Fields(NoFields),
        At(Newtype<Date>),
        Odd(Wtf8),
        Big(BigInt),
        Array(TypedArray),
        Raw(Newtype<Newtype<Bytes>>),
        Tags(Set<u8>),
        Pairs(OrderedMap<u8, u8>),
    }
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct NoFields {
        count: u8,
    }
    comes_back(vec![
        Any::At(Newtype(Date::from_millis(1500).unwrap())),
        Any::Odd(odd()),
        Any::Big(BigInt::from(1)),
        Any::Big(BigInt::from(u128::MAX)),
        Any::Array(typed_array()),
        Any::Tags(Set(vec![1])),
        Any::Pairs(OrderedMap(vec![(1, 2)])),
        Any::Raw(Newtype(Newtype(Bytes(vec![0xc1, 0])))),
    ]);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t")]
    enum Sparse {
        A {
            n: u8,
            #[serde(skip_deserializing)]
            left_out: Option<Date>,
        },
    }
    let state = Sparse::A {
        n: 1,
        left_out: Date::from_millis(0),
    };
    assert_eq!(
        from_slice::<Sparse>(&to_vec(&state).unwrap()),
        Ok(Sparse::A { n: 1, left_out: None })
    );
}

#[test]
fn a_type_that_does_not_know_an_item_refuses_it() {
    #[track_caller]
    fn refuse<T: DeserializeOwned + Debug>(bytes: &str) {
        #[derive(Debug, Deserialize)]
        #[serde(tag = "t")]
        enum Tagged<T> {
            #[allow(dead_code)]
            A { part: T },
        }
        #[derive(Debug, Deserialize)]
        struct Flattened<T> {
            #[serde(flatten)]
            #[allow(dead_code)]
            rest: BTreeMap<String, T>,
        }
        let tagged = hex(&format!("a2 6174 6141 6470617274 {bytes}"));
        offset(&from_slice::<Tagged<T>>(&tagged).unwrap_err());
        offset(&from_slice::<Tagged<Newtype<T>>>(&tagged).unwrap_err());
        offset(&from_slice::<Flattened<T>>(&hex(&format!("a1 6161 {bytes}"))).unwrap_err());
    }
    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Defaults {
        #[allow(dead_code)]
        count: u8,
    }
    #[derive(Debug, Deserialize)]
    enum Names {
        A,
        #[allow(dead_code)]
        B(Bytes),
    }
    let _ = [Names::A, Names::B(Bytes::default())];
    for item in ["c1f93e00", "c24101", "d9010280", "d9908080", "d9011143eda080", "d84840"] {
        refuse::<String>(item);
        refuse::<u64>(item);
        refuse::<i8>(item);
        refuse::<f64>(item);
        refuse::<bool>(item);
        refuse::<char>(item);
        refuse::<()>(item);
        refuse::<Bytes>(item);
        refuse::<Vec<u8>>(item);
        refuse::<Option<String>>(item);
        refuse::<BTreeMap<String, Bytes>>(item);
        refuse::<BTreeMap<Option<String>, Bytes>>(item);
        refuse::<BTreeMap<u64, Bytes>>(item);
        refuse::<Defaults>(item);
        refuse::<Names>(item);
        refuse::<serde_json::Value>(item);
    }
    refuse::<Date>("c24101");
    refuse::<BigInt>("c1f93e00");
    refuse::<Set<u8>>("d9908080");
    refuse::<OrderedMap<u8, u8>>("d9010280");
    refuse::<TypedArray>("c1f93e00");
    refuse::<Wtf8>("d84840");
}

#[test]
fn the_rest_is_by_the_rules_of_serde() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t")]
    enum Tagged {
        F { x: f64, y: f32 },
        V(Value),
    }
    let state = hex("a3 6174 6146 6178 1b0020000000000001 6179 fb3fb999999999999a");
    let (x, y) = (9_007_199_254_740_992.0, 0.1);
    assert_eq!(from_slice::<Tagged>(&state), Ok(Tagged::F { x, y }));
    for nothing in [Value::Null, Value::Undefined] {
        let bytes = to_vec(&Tagged::V(nothing)).unwrap();
        assert_eq!(from_slice::<Tagged>(&bytes), Ok(Tagged::V(Value::Object(vec![]))));
    }
    let entries = |keys: &str| keys.chars().map(|key| (key.to_string(), Value::Null)).collect();
    let bytes = to_vec(&Tagged::V(Value::Object(entries("zb")))).unwrap();
    assert_eq!(
        from_slice::<Tagged>(&bytes),
        Ok(Tagged::V(Value::Object(entries("bz"))))
    );

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Tags(Set<u8>),
        At(Date),
        Big(BigInt),
        Name(#[allow(dead_code)] String),
    }
    assert_eq!(from_slice::<Untagged>(&hex("8101")), Ok(Untagged::Tags(Set(vec![1]))));
    assert_eq!(
        from_slice::<Untagged>(&hex("01")),
        Ok(Untagged::At(Date::from_millis(1).unwrap()))
    );
    assert_eq!(from_slice::<Untagged>(&hex("f6")), Ok(Untagged::At(Date::INVALID)));
    assert_eq!(
        from_slice::<Untagged>(&hex("63307831")),
        Ok(Untagged::Big(BigInt::from(1)))
    );
}
