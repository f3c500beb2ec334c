//! What people keep in states: types of the standard library, and what serde's attributes make of their own.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ffi::CString,
    fmt::Debug,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU8, Wrapping},
    ops::{Bound, Range},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use snapfold::value::{BigInt, Date, Value, from_slice, to_vec};

use crate::{hex, offset};

#[track_caller]
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, bytes: &str) {
    assert_eq!(to_vec(&value).unwrap(), hex(bytes), "encoding {value:?}");
    assert_eq!(from_slice::<T>(&hex(bytes)).unwrap(), value);
}

#[test]
fn integers_of_all_widths() {
    both_ways(i8::MIN, "387f");
    both_ways(u8::MAX, "18ff");
    both_ways(i16::MIN, "397fff");
    both_ways(u16::MAX, "19ffff");
    both_ways(i32::MIN, "3a7fffffff");
    both_ways(u32::MAX, "1affffffff");
    both_ways(i64::MIN, "3b7fffffffffffffff");
    both_ways(u64::MAX, "1bffffffffffffffff");
    both_ways(-(1i128 << 64), "3bffffffffffffffff");
    both_ways(1u128 << 64, "c249010000000000000000");
    both_ways(u128::MAX, "c250ffffffffffffffffffffffffffffffff");
    both_ways(i128::MAX, "c2507fffffffffffffffffffffffffffffff");
    both_ways(i128::MIN, "c3507fffffffffffffffffffffffffffffff");
    for (bytes, wide) in [("c240", 0), ("c34101", -2), ("f98000", 0), ("fa5a000000", 1 << 53)] {
        assert_eq!(from_slice::<i128>(&hex(bytes)), Ok(wide), "{bytes}");
        assert_eq!(from_slice::<i64>(&hex(bytes)).map(i128::from), Ok(wide), "{bytes}");
    }
    assert_eq!(offset(&from_slice::<u128>(&hex("20")).unwrap_err()), 0);
    assert_eq!(
        offset(&from_slice::<i128>(&to_vec(&u128::MAX).unwrap()).unwrap_err()),
        0
    );
    assert_eq!(
        offset(&from_slice::<(u8, i64)>(&hex("82 01 1bffffffffffffffff")).unwrap_err()),
        2
    );
    assert_eq!(offset(&from_slice::<(u8, u64)>(&hex("82 01 f93e00")).unwrap_err()), 2);
}

#[test]
fn options_inside_of_each_other() {
    both_ways(Some(Some(1u8)), "01");
    both_ways(None::<Option<u8>>, "f6");
    both_ways(vec![Some("a".to_owned()), None], "826161f6");
    both_ways(BTreeMap::from([("a".to_owned(), Some(Some(true)))]), "a16161f5");
    both_ways(Some(BTreeMap::<String, u8>::new()), "a0");
}

#[test]
fn containers() {
    both_ways(Box::new(1u8), "01");
    both_ways(Box::<str>::from("a"), "6161");
    both_ways(Box::<[u8]>::from([1, 2]), "820102");
    both_ways(VecDeque::from([1u8, 2]), "820102");
    both_ways(LinkedList::from([1u8, 2]), "820102");
    both_ways(BTreeSet::from([2u8, 1]), "820102");
    both_ways(HashSet::from([7u8]), "8107");
    both_ways((), "f6");
    both_ways([(); 0], "80");
    both_ways(((1u8,), [2u8]), "8281018102");
    both_ways(Cell::new(1u8), "01");
    both_ways(RefCell::new(1u8), "01");
    both_ways(Reverse(1u8), "01");
    both_ways(Wrapping(1u8), "01");
    both_ways(HashMap::from([(-7i64, 1u8)]), "a1622d3701");
    both_ways(
        BTreeMap::from([(u128::MAX, 1u8)]),
        &format!("a17827{}01", ascii(&u128::MAX.to_string())),
    );
    both_ways(
        BTreeMap::from([(i64::MIN, 1u8)]),
        &format!("a174{}01", ascii(&i64::MIN.to_string())),
    );
    let heap: BinaryHeap<u8> = from_slice(&hex("820102")).unwrap();
    assert_eq!(heap.into_sorted_vec(), [1, 2]);
}

fn ascii(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn values_of_the_standard_library() {
    both_ways(Duration::new(1, 2), "a26473656373 01 656e616e6f73 02");
    both_ways(
        SystemTime::UNIX_EPOCH + Duration::from_secs(3),
        &format!("a270{}0371{}00", ascii("secs_since_epoch"), ascii("nanos_since_epoch")),
    );
    both_ways(PathBuf::from("a/b"), "63612f62");
    both_ways(
        "127.0.0.1".parse::<IpAddr>().unwrap(),
        &format!("69{}", ascii("127.0.0.1")),
    );
    both_ways(
        "[::1]:80".parse::<SocketAddr>().unwrap(),
        &format!("68{}", ascii("[::1]:80")),
    );
    both_ways(CString::new("a").unwrap(), "4161");
    both_ways(NonZeroU8::new(1).unwrap(), "01");
    assert_eq!(offset(&from_slice::<(u8, NonZeroU8)>(&hex("82 01 00")).unwrap_err()), 2);
    both_ways(Range { start: 1u8, end: 2 }, "a2657374617274 01 63656e64 02");
    both_ways(Bound::Included(1u8), &format!("a168{}01", ascii("Included")));
    both_ways(Bound::<u8>::Unbounded, &format!("69{}", ascii("Unbounded")));
    both_ways(Ok::<u8, String>(1), "a1624f6b01");
    both_ways(Err::<u8, String>("e".into()), "a1634572726165");
}

#[test]
fn what_is_borrowed_points_into_the_input() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Borrowed<'a> {
        text: &'a str,
        #[serde(borrow)]
        cow: Cow<'a, str>,
        bytes: &'a [u8],
        #[serde(borrow)]
        keys: BTreeMap<&'a str, u8>,
    }
    let bytes = hex("a4 6474657874 6161 63636f77 6162 656279746573 4163 646b657973 a1 6164 01");
    let read: Borrowed<'_> = from_slice(&bytes).unwrap();
    let inside = |part: &[u8]| bytes.as_ptr_range().contains(&part.as_ptr());
    assert!(matches!(read.cow, Cow::Borrowed("b")));
    assert!(inside(read.text.as_bytes()) && inside(read.cow.as_bytes()) && inside(read.bytes));
    assert!(read.keys.keys().all(|key| inside(key.as_bytes())));
}

#[test]
fn enums_in_all_four_representations() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t")]
    enum Inside {
        Unit,
        New(Part),
        Struct { n: u64, at: Date },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t", content = "c")]
    enum Beside {
        Unit,
        New(u128),
        Tuple(u8, f32),
        Struct { n: BigInt },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Whole(i64),
        Float(f64),
        Flag(bool),
        Letter(char),
        Text(String),
        Part(Part),
        Pair(u8, u8),
        Nothing,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Part {
        price: f64,
    }
    both_ways(Inside::Unit, "a1617464556e6974");
    both_ways(Inside::New(Part { price: 4.0 }), "a26174634e657765707269636504");
    let at = Date::from_millis(1500).unwrap();
    both_ways(
        Inside::Struct { n: u64::MAX, at },
        "a3617466537472756374 616e1bffffffffffffffff 626174c1f93e00",
    );
    both_ways(Beside::Unit, "a1617464556e6974");
    both_ways(
        Beside::New(u128::from(u64::MAX)),
        "a26174634e657761631bffffffffffffffff",
    );
    both_ways(Beside::Tuple(1, 1.5), "a26174655475706c6561638201f93e00");
    both_ways(
        Beside::Struct { n: BigInt::from(1) },
        "a26174665374727563746163a1616ec24101",
    );
    assert_eq!(
        from_slice::<Beside>(&hex("a2 6163 820102 6174 655475706c65")).unwrap(),
        Beside::Tuple(1, 2.0),
        "content before its tag"
    );
    both_ways(Untagged::Whole(-1), "20");
    both_ways(Untagged::Float(1.5), "f93e00");
    both_ways(Untagged::Flag(true), "f5");
    both_ways(Untagged::Letter('ü'), "62c3bc");
    both_ways(Untagged::Text("ab".into()), "626162");
    both_ways(Untagged::Part(Part { price: 0.5 }), "a1657072696365f93800");
    both_ways(Untagged::Pair(1, 2), "820102");
    both_ways(Untagged::Nothing, "f6");
    assert_eq!(
        offset(&from_slice::<Vec<Untagged>>(&hex("82 01 83010203")).unwrap_err()),
        2,
        "no variant fits"
    );
}

#[test]
fn attributes_of_fields() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Fields {
        #[serde(alias = "old")]
        new_name: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        sparse: Option<u8>,
        #[serde(skip)]
        cache: u8,
        #[serde(with = "as_text")]
        number: u64,
    }
    mod as_text {
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(number)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
            <&str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        }
    }
    both_ways(
        Fields {
            new_name: 1,
            number: 23,
            ..Fields::default()
        },
        "a2 676e65774e616d65 01 666e756d626572 623233",
    );
    assert_eq!(from_slice::<Fields>(&hex("a1 636f6c64 02")).unwrap().new_name, 2);
    assert_eq!(from_slice::<Fields>(&hex("a0")).unwrap(), Fields::default());
    assert_eq!(
        offset(&from_slice::<Fields>(&hex("a2 636f6c64 02 676e65774e616d65 01")).unwrap_err()),
        0,
        "one field under two names"
    );
    assert_eq!(
        offset(&from_slice::<Fields>(&hex("a1 666e756d626572 6161")).unwrap_err()),
        8
    );
}

#[test]
fn an_iterator_of_unknown_length_is_a_sequence() {
    struct Even(u8);
    impl Serialize for Even {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..self.0).filter(|number| number % 2 == 0))
        }
    }
    assert_eq!(to_vec(&Even(4)).unwrap(), hex("820002"));
    assert_eq!(
        to_vec(&vec![Even(60)]).unwrap(),
        to_vec(&[(0..60).step_by(2).collect::<Vec<u8>>()]).unwrap()
    );
}

#[test]
fn the_values_of_other_formats() {
    let json: serde_json::Value =
        serde_json::from_str(r#"{"b": [1, -2, 0.5, "x", true, null], "a": {"": 9007199254740993}}"#).unwrap();
    both_ways(
        json.clone(),
        "a2 6161 a1 60 1b0020000000000001 6162 86 01 21 f93800 6178 f5 f6",
    );
    let value: Value = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(
        serde_json::to_value(from_slice::<Value>(&to_vec(&json["b"]).unwrap()).unwrap()).unwrap(),
        serde_json::json!([1.0, -2.0, 0.5, "x", true, null])
    );
    assert_eq!(value.get("b").unwrap().as_array().unwrap().len(), 6);
}
