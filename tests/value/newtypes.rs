//! What serde has no word for: sets, ordered maps, dates, BigInts, typed arrays, odd strings.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use snapfold::{
    Code,
    value::{
        BigInt, Bytes, Date, ElementType, OrderedMap, Set, TypedArray, Value, Wtf8, canonicalize, from_slice, to_vec,
    },
};

use crate::{hex, offset};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    set: Set<Set<u8>>,
    map: OrderedMap<Date, OrderedMap<BigInt, Bytes>>,
    array: TypedArray,
    odd: Wtf8,
}

fn everything() -> Everything {
    Everything {
        set: [Set(vec![2, 1]), Set(vec![])].into_iter().collect(),
        map: [(Date::INVALID, OrderedMap(vec![(BigInt::from(5), Bytes(vec![1, 2]))]))]
            .into_iter()
            .collect(),
        array: TypedArray::new(ElementType::Uint16, vec![1, 2]).unwrap(),
        odd: Wtf8::from_utf16(&[0x61, 0xd800]).unwrap_err(),
    }
}

const EVERYTHING: &str = "a4 63736574 d9010282 d90102820201 d9010280
    636d6170 d9908081 82 c1f97e00 d9908081 82c24105 420102
    656172726179 d845420102
    636f6464 d9011144 61eda080";

#[test]
fn typed_states_hold_all_of_them() {
    assert_eq!(to_vec(&everything()).unwrap(), hex(EVERYTHING));
    assert_eq!(from_slice::<Everything>(&hex(EVERYTHING)).unwrap(), everything());
}

#[test]
fn they_survive_the_buffers_of_serde() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Flat {
            #[serde(flatten)]
            everything: Everything,
        },
    }
    let tagged = Tagged::Flat {
        everything: everything(),
    };
    assert_eq!(from_slice::<Tagged>(&to_vec(&tagged).unwrap()).unwrap(), tagged);
}

#[test]
fn other_formats_get_a_plain_form_and_give_it_back() {
    #[track_caller]
    fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, json: &str) {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
    }
    check(Set(vec![2, 1]), "[2,1]");
    check(OrderedMap(vec![(2, 1)]), "[[2,1]]");
    check(Date::from_millis(1500).unwrap(), "1500.0");
    check(Date::INVALID, "null");
    check(BigInt::from(-0x1f00i64), "\"-0x1f00\"");
    check(BigInt::from(0), "\"0x0\"");
    check(Bytes(vec![1, 255]), "[1,255]");
    check(
        TypedArray::new(ElementType::Int8, vec![255]).unwrap(),
        "[\"Int8\",[255]]",
    );
    check(Wtf8::from_utf16(&[0xd800]).unwrap_err(), "[55296.0]");
    check(
        Value::Object(vec![("b".into(), Value::from("x")), ("a".into(), Value::Null)]),
        "{\"b\":\"x\",\"a\":null}",
    );
    check(everything(), &serde_json::to_string(&everything()).unwrap());
    for bad in ["\"0x\"", "\"1f\"", "\"0x+1\"", "\"0xg\"", "1.5", "true"] {
        assert!(serde_json::from_str::<BigInt>(bad).is_err(), "{bad}");
    }
}

#[test]
fn they_do_not_take_each_other() {
    #[track_caller]
    fn refuse<T: DeserializeOwned + std::fmt::Debug>(items: &[&str]) {
        for item in items {
            let bytes = hex(&format!("82f6{item}"));
            let error = from_slice::<(Option<u8>, T)>(&bytes).expect_err(item);
            assert_eq!(offset(&error), 2, "{item}");
        }
    }
    refuse::<Set<u8>>(&["80", "d9908080", "a0", "f6"]);
    refuse::<OrderedMap<u8, u8>>(&["80", "d9010280", "a0", "f6"]);
    refuse::<Date>(&["00", "f6", "f97e00", "c240", "6130"]);
    refuse::<BigInt>(&["f93e00", "f6", "63307831", "40"]);
    refuse::<Bytes>(&["820102", "60", "d84440", "f6"]);
    refuse::<TypedArray>(&["40", "80", "d9010280"]);
    refuse::<Wtf8>(&["6161", "40", "80"]);
}

#[test]
fn a_bigint_takes_any_integer() {
    assert_eq!(from_slice::<BigInt>(&hex("05")).unwrap(), BigInt::from(5));
    assert_eq!(from_slice::<BigInt>(&hex("20")).unwrap(), BigInt::from(-1));
    assert_eq!(
        from_slice::<BigInt>(&hex("1bffffffffffffffff")).unwrap(),
        BigInt::from(u64::MAX)
    );
}

#[test]
fn constructors_keep_one_representation_per_value() {
    assert_eq!(
        TypedArray::new(ElementType::Float64, vec![0; 12]).unwrap_err().code(),
        Code::Unencodable
    );
    for bytes in [
        b"abc".as_slice(),
        b"",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xed\xa0",
        b"\xff\xed\xa0\x80",
    ] {
        assert_eq!(
            Wtf8::new(bytes.to_vec()).unwrap_err().code(),
            Code::Unencodable,
            "{bytes:x?}"
        );
    }
    assert_eq!(Wtf8::from_utf16(&[0xd83d, 0xde00]), Ok("😀".to_owned()));
    let odd = [0xdc00, 0x61, 0xd83d, 0xde00, 0xd800];
    assert_eq!(Wtf8::from_utf16(&odd).unwrap_err().to_utf16(), odd);
    assert_eq!(Date::from_millis(8_640_000_000_000_001), None);
    assert_eq!(Date::from_millis(i64::MIN), None);
}

#[test]
fn values_compare_by_their_encoding() {
    assert_eq!(Value::Number(f64::NAN), Value::Number(-f64::NAN));
    assert_ne!(Value::Number(0.0), Value::Number(-0.0));
    assert_ne!(Value::from(1), Value::BigInt(BigInt::from(1)));
    assert_eq!(Value::from(1u64 << 53), Value::BigInt(BigInt::from(1u64 << 53)));
    assert_ne!(Value::Array(vec![]), Value::Set(vec![]));
    let ab = |a: &str, b: &str| Value::Object(vec![(a.into(), Value::Null), (b.into(), Value::Null)]);
    assert_ne!(ab("a", "b"), ab("b", "a"));
}

#[test]
fn the_canonical_form_sorts_plain_objects_and_nothing_else() {
    for (own, canonical) in [
        ("a3 626161 01 6162 02 6161 03", "a3 6161 03 6162 02 626161 01"),
        (
            "d9010281 a2 6162 a2 6164 01 6163 02 6161 80",
            "d9010281 a2 6161 80 6162 a2 6163 02 6164 01",
        ),
        ("d9908082 82 6162 01 82 6161 02", "d9908082 82 6162 01 82 6161 02"),
        ("d90102 82 02 01", "d90102 82 02 01"),
        ("c1f97e00", "c1f97e00"),
    ] {
        assert_eq!(canonicalize(&hex(own)).unwrap(), hex(canonical));
        assert_eq!(canonicalize(&hex(canonical)).unwrap(), hex(canonical));
    }
}
