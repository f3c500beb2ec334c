//! Typed Rust states through serde.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use snapfold::Code;
use snapfold::value::{Bytes, Date, Value, from_slice, to_vec};

use crate::{hex, offset, path};

#[track_caller]
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, bytes: &str) {
    assert_eq!(to_vec(&value).unwrap(), hex(bytes), "encoding {value:?}");
    assert_eq!(from_slice::<T>(&hex(bytes)).unwrap(), value);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Id(u64);
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u8, String);
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fields {
    b: u8,
    a: Option<u8>,
}
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Shape {
    Unit,
    New(u8),
    Tuple(u8, u8),
    Struct { a: u8 },
}

#[test]
fn the_data_model_of_serde() {
    both_ways(true, "f5");
    both_ways('ü', "62c3bc");
    both_ways("a".to_owned(), "6161");
    both_ways((), "f6");
    both_ways(Unit, "f6");
    both_ways(None::<u8>, "f6");
    both_ways(Some(1u8), "01");
    both_ways(Id(7), "07");
    both_ways(Pair(1, "a".into()), "82016161");
    both_ways((1u8, -1i8, 0.5f32), "830120f93800");
    both_ways(vec![1u8, 2], "820102");
    both_ways([1u16; 3], "83010101");
    both_ways(Fields { b: 1, a: None }, "a26162016161f6");
    both_ways(Bytes(vec![1, 2]), "420102");
}

#[test]
fn enums_are_externally_tagged() {
    both_ways(Shape::Unit, "64556e6974");
    both_ways(Shape::New(1), "a1634e657701");
    both_ways(Shape::Tuple(1, 2), "a1655475706c65820102");
    both_ways(Shape::Struct { a: 1 }, "a166537472756374a1616101");
    assert_eq!(from_slice::<Shape>(&hex("a164556e6974f6")).unwrap(), Shape::Unit);
    for (bytes, at) in [
        ("634e6577", 0),
        ("81 01", 0),
        ("81 a0", 0),
        ("a1634f6464f6", 1),
        ("634f6464", 0),
        ("a1634e6577190100", 5),
    ] {
        assert_eq!(offset(&from_slice::<Shape>(&hex(bytes)).unwrap_err()), at, "{bytes}");
    }
}

#[test]
fn maps_are_sorted_by_encoded_key_whatever_their_order_was() {
    let keys = ["b", "aa", "a", "", "ü", "aaaaaaaaaaaaaaaaaaaaaaaa"];
    let expected =
        "a6 60 03 6161 02 6162 00 626161 01 62c3bc 04 7818 616161616161616161616161616161616161616161616161 05";
    let entries = || keys.iter().zip(0u8..).map(|(key, value)| ((*key).to_owned(), value));
    both_ways(entries().collect::<HashMap<_, _>>(), expected);
    both_ways(entries().collect::<BTreeMap<_, _>>(), expected);
    let maps: BTreeMap<_, _> = [("a", entries().collect::<BTreeMap<_, _>>()), ("", BTreeMap::new())].into();
    assert_eq!(to_vec(&maps).unwrap(), hex(&format!("a2 60 a0 6161 {expected}")));
}

#[test]
fn keys_that_have_one_spelling_as_text() {
    both_ways(
        BTreeMap::from([(10u64, 0), (9, 1), (u64::MAX, 2)]),
        "a3 6139 01 623130 00 743138343436373434303733373039353531363135 02",
    );
    both_ways(BTreeMap::from([(-1i8, 0)]), "a1622d3100");
    both_ways(
        BTreeMap::from([(i128::MIN, 0)]),
        "a1 7828 2d313730313431313833343630343639323331373331363837333033373135383834313035373238 00",
    );
    both_ways(BTreeMap::from([(true, 1)]), "a1647472756501");
    both_ways(BTreeMap::from([('ü', 1)]), "a162c3bc01");
    both_ways(BTreeMap::from([(Id(7), 1)]), "a1613701");
    both_ways(HashMap::from([(Shape::Unit, 1)]), "a164556e697401");
    both_ways(BTreeMap::from([(Some(7u8), 1)]), "a1613701");
    both_ways(BTreeMap::from([("::1".parse::<IpAddr>().unwrap(), 1)]), "a1633a3a3101");
    for bytes in ["a162303701", "a1622b3701", "a160 01", "a161 61 01", "a163 2d3030 01"] {
        assert_eq!(
            offset(&from_slice::<BTreeMap<i64, u8>>(&hex(bytes)).unwrap_err()),
            1,
            "{bytes}"
        );
    }
}

#[test]
fn states_that_cannot_be_encoded_say_where() {
    #[derive(Serialize)]
    struct State<T> {
        lines: Vec<T>,
    }
    let state = |line| State {
        lines: vec![BTreeMap::new(), line],
    };
    assert_eq!(
        path(&to_vec(&state(BTreeMap::from([(vec![1u8], 1)]))).unwrap_err()),
        "state.lines[1]"
    );
    assert_eq!(
        path(&to_vec(&BTreeMap::from([(Date::INVALID, 1)])).unwrap_err()),
        "state"
    );
    assert_eq!(
        path(&to_vec(&BTreeMap::from([("a b", BTreeMap::from([((), 1)]))])).unwrap_err()),
        "state[\"a b\"]"
    );
    assert_eq!(
        path(&to_vec(&HashMap::from([(Shape::New(1), 1)])).unwrap_err()),
        "state"
    );

    let twice = Value::Object(vec![
        ("a".into(), Value::Null),
        ("b".into(), Value::Null),
        ("a".into(), Value::Null),
    ]);
    assert_eq!(path(&to_vec(&[twice]).unwrap_err()), "state[0].a");
}

#[test]
fn a_tag_that_clashes_with_a_field_is_found_when_encoding() {
    #[derive(Serialize)]
    #[serde(tag = "kind")]
    enum Event {
        Opened(Inner),
    }
    #[derive(Serialize)]
    struct Inner {
        kind: u8,
    }
    assert_eq!(
        path(&to_vec(&vec![Event::Opened(Inner { kind: 1 })]).unwrap_err()),
        "state[0].kind"
    );
}

#[test]
fn wrong_lengths_announced_by_a_type_are_corrected() {
    struct Liar(usize);
    impl Serialize for Liar {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(Some(self.0))?;
            for _ in 0..30 {
                seq.serialize_element(&1)?;
            }
            seq.end()
        }
    }
    let expected = to_vec(&[1; 30]).unwrap();
    for length in [0, 29, 30, 300, 100_000] {
        assert_eq!(to_vec(&Liar(length)).unwrap(), expected, "announced {length}");
    }
}

#[test]
fn reading_is_lenient_where_nothing_is_lost() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Late {
        a: Option<u8>,
        #[serde(default)]
        b: u8,
    }
    assert_eq!(from_slice::<Late>(&hex("a1 6161 f7")).unwrap(), Late { a: None, b: 0 });
    assert_eq!(
        from_slice::<Late>(&hex("a1 6163 d90102 80")).unwrap(),
        Late { a: None, b: 0 }
    );
    assert_eq!(from_slice::<()>(&hex("f7")), Ok(()));
    assert_eq!(from_slice::<Option<bool>>(&hex("f7")), Ok(None));
    assert_eq!(from_slice::<&str>(&hex("6161")), Ok("a"), "borrowed from the input");
    assert_eq!(
        from_slice::<&[u8]>(&hex("4161")),
        Ok(&b"a"[..]),
        "borrowed from the input"
    );
}

#[test]
fn what_does_not_fit_the_type_is_refused_where_it_stands() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Strict {
        a: u8,
    }
    assert_eq!(
        offset(&from_slice::<Strict>(&hex("a2 6161 01 6162 02")).unwrap_err()),
        4,
        "an unknown field"
    );
    assert_eq!(
        offset(&from_slice::<Vec<Strict>>(&hex("81 a0")).unwrap_err()),
        1,
        "a missing field"
    );
    assert_eq!(offset(&from_slice::<Strict>(&hex("a1 6161 f5")).unwrap_err()), 3);
    assert_eq!(
        offset(&from_slice::<(u8, u8)>(&hex("83 01 02 03")).unwrap_err()),
        3,
        "one element too many"
    );
    assert_eq!(
        offset(&from_slice::<(u8, u8)>(&hex("81 01")).unwrap_err()),
        0,
        "one element too few"
    );
    assert_eq!(offset(&from_slice::<Vec<String>>(&hex("82 6161 01")).unwrap_err()), 3);
    assert_eq!(offset(&from_slice::<Vec<char>>(&hex("82 6161 626161")).unwrap_err()), 3);
    assert_eq!(offset(&from_slice::<Vec<bool>>(&hex("82 f5 f6")).unwrap_err()), 2);
    assert_eq!(offset(&from_slice::<Vec<()>>(&hex("82 f6 f5")).unwrap_err()), 2);
    assert_eq!(
        offset(&from_slice::<Vec<u8>>(&hex("d90102 80")).unwrap_err()),
        0,
        "a Set is no Vec"
    );
    assert_eq!(
        offset(&from_slice::<BTreeMap<String, u8>>(&hex("d99080 80")).unwrap_err()),
        0,
        "a Map is no plain object"
    );
    assert_eq!(
        offset(&from_slice::<Vec<String>>(&hex("81 d9011143eda080")).unwrap_err()),
        1,
        "lone surrogates"
    );
}

#[test]
fn flattened_and_untagged_types_see_everything() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Open {
        id: u64,
        address: IpAddr,
        #[serde(flatten)]
        inner: Inner,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        price: f64,
        large: u64,
        gone: Option<u8>,
        host: IpAddr,
        when: Date,
    }
    let rest = [
        ("bigint", hex("c24105")),
        ("bytes", hex("4101")),
        ("date", hex("c1f93e00")),
        ("float", hex("fa5a000000")),
        ("huge", hex("c349010000000000000000")),
        ("map", hex("d9908081 82 c240 d90102 80")),
        ("negative", hex("3bffffffffffffffff")),
        ("null", hex("f6")),
        ("object", hex("a2 6162 f7 6161 c240")),
        ("safe", hex("1b0020000000000000")),
        ("set", hex("d90102 82 c240 d8564800000000000000 00")),
        ("surrogate", hex("d9011143eda080")),
        ("undefined", hex("f7")),
    ];
    let rest = rest.map(|(key, bytes)| (key.to_owned(), from_slice::<Value>(&bytes).unwrap()));
    let host: IpAddr = "127.0.0.1".parse().unwrap();
    let when = Date::from_millis(1).unwrap();
    let inner = Inner {
        price: 4.0,
        large: u64::MAX,
        gone: None,
        host,
        when,
    };
    let open = Open {
        id: 1,
        address: host,
        inner,
        rest: rest.into(),
    };
    let bytes = to_vec(&open).unwrap();
    assert_eq!(from_slice::<Open>(&bytes).unwrap(), open);

    let undefined = to_vec(&Value::Object(vec![
        ("gone".into(), Value::Undefined),
        ("price".into(), Value::Number(1.5)),
        ("large".into(), Value::Number(1.0)),
        ("host".into(), Value::from("::1")),
        ("when".into(), Value::Date(Date::INVALID)),
        ("id".into(), Value::Number(1.0)),
        ("address".into(), Value::from("::1")),
    ]));
    let open: Open = from_slice(&undefined.unwrap()).unwrap();
    assert_eq!(
        (open.inner.gone, open.inner.when, open.rest.len()),
        (None, Date::INVALID, 0)
    );

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Number(f64),
        Bytes(Bytes),
        Text(String),
        Many(Vec<Any>),
        Other(Value),
    }
    for (bytes, expected) in [
        ("f93e00", Any::Number(1.5)),
        ("05", Any::Number(5.0)),
        ("6161", Any::Text("a".into())),
        ("4101", Any::Bytes(Bytes(vec![1]))),
        ("81c24105", Any::Many(vec![Any::Other(Value::BigInt(5.into()))])),
        ("d9010280", Any::Other(Value::Set(vec![]))),
        ("f7", Any::Other(Value::Undefined)),
    ] {
        assert_eq!(from_slice::<Any>(&hex(bytes)).unwrap(), expected);
        assert_eq!(to_vec(&expected).unwrap(), hex(bytes));
    }
}

#[test]
fn some_of_nothing_is_refused_since_it_would_come_back_as_none() {
    for error in [
        to_vec(&Some(None::<u8>)).unwrap_err(),
        to_vec(&Some(())).unwrap_err(),
        to_vec(&vec![Some(Value::Undefined)]).unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::Unencodable);
    }
    assert_eq!(to_vec(&Some(Some(1))).unwrap(), [1]);
}
