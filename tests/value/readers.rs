//! Types that read what is there without the help of `validate`, and types that read badly: whatever they do, bytes are accepted
//! only if the profile accepts them.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use snapfold::value::{from_slice, validate};

use crate::{hex, offset};

/// Walks into every part of a value by serde's data model, and keeps nothing.
#[derive(Debug, PartialEq)]
pub struct Walk;

impl<'de> Deserialize<'de> for Walk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

macro_rules! walk {
    ($($visit:ident: $from:ty,)+) => {
        $(fn $visit<E: Error>(self, _: $from) -> Result<Walk, E> {
            Ok(Walk)
        })+
    };
}

impl<'de> Visitor<'de> for Walk {
    type Value = Walk;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    walk! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_str: &str,
        visit_bytes: &[u8],
    }

    fn visit_unit<E: Error>(self) -> Result<Walk, E> {
        Ok(Walk)
    }

    fn visit_none<E: Error>(self) -> Result<Walk, E> {
        Ok(Walk)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Walk, A::Error> {
        while elements.next_element::<Walk>()?.is_some() {}
        Ok(Walk)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Walk, A::Error> {
        while entries.next_entry::<Walk, Walk>()?.is_some() {}
        Ok(Walk)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Walk, D::Error> {
        deserializer.deserialize_any(IgnoredAny).map(|_| Walk)
    }
}

/// Swallows the error of what it holds.
#[derive(Debug, PartialEq)]
struct Lenient<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(deserializer).ok()))
    }
}

#[test]
fn an_error_that_is_swallowed_costs_the_item_and_nothing_else() {
    for item in [
        "6161",
        "83010203",
        "a1616101",
        "f5",
        "f93e00",
        "c249010000000000000000",
        "d90102820102",
        "4101",
        "3bffffffffffffffff",
    ] {
        let bytes = hex(&format!("83 01 {item} 02"));
        let read: Vec<Lenient<u8>> = from_slice(&bytes).expect(item);
        assert_eq!(read, [Lenient(Some(1)), Lenient(None), Lenient(Some(2))], "{item}");
    }
    let read: Vec<Lenient<String>> = from_slice(&hex("82 190100 6161")).unwrap();
    assert_eq!(read, [Lenient(None), Lenient(Some("a".into()))]);
}

#[test]
fn nothing_is_read_after_a_part_that_was_not_read_to_its_end() {
    let error = from_slice::<Vec<Lenient<Vec<u8>>>>(&hex("82 82 01 6161 80")).unwrap_err();
    assert!(error.message().contains("the type went on"), "{error}");
    offset(&error);
    for refused in [
        "82 1801 01",
        "82 61ff 01",
        "82 82 01 61ff 80",
        "82 fb3ff0000000000000 01",
        "82 01",
    ] {
        let bytes = hex(refused);
        let verdict = validate(&bytes).unwrap_err();
        assert_eq!(
            from_slice::<Vec<Lenient<u8>>>(&bytes).unwrap_err(),
            verdict,
            "{refused}"
        );
        assert_eq!(
            from_slice::<Vec<Lenient<Vec<u8>>>>(&bytes).unwrap_err(),
            verdict,
            "{refused}"
        );
    }
}

/// Takes an item for granted without a look at it.
#[derive(Debug)]
struct Blind;

impl<'de> Deserialize<'de> for Blind {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

#[test]
fn what_is_not_read_is_not_accepted() {
    for bytes in ["01", "", "81 01", "82 01 02", "82 01", "a1 6161 01", "a1 6161"] {
        let bytes = hex(bytes);
        from_slice::<Blind>(&bytes).unwrap_err();
        from_slice::<Vec<Blind>>(&bytes).unwrap_err();
        from_slice::<(Blind, u8)>(&bytes).unwrap_err();
        from_slice::<std::collections::BTreeMap<String, Blind>>(&bytes).unwrap_err();
        let lenient = from_slice::<Lenient<Vec<Blind>>>(&bytes);
        let another_kind = validate(&bytes).is_ok() && bytes[0] >> 5 != 4;
        assert_eq!(lenient.is_ok(), another_kind, "stepped over as a whole, or left out");
    }
}

/// Reads a map by some calls, in that order.
struct ByCalls<const CALLS: usize>([char; CALLS]);

#[derive(Debug)]
struct Called<const FIRST: char, const SECOND: char, const THIRD: char>;

impl<'de, const FIRST: char, const SECOND: char, const THIRD: char> Deserialize<'de> for Called<FIRST, SECOND, THIRD> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(ByCalls([FIRST, SECOND, THIRD]))
            .map(|()| Self)
    }
}

impl<'de, const CALLS: usize> Visitor<'de> for ByCalls<CALLS> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        for call in self.0 {
            match call {
                'k' => entries.next_key::<String>().map(drop)?,
                'v' => entries.next_value::<Walk>().map(|_| ())?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[test]
fn keys_and_values_are_read_by_turns() {
    let one = hex("a1 6161 6161");
    assert!(from_slice::<Called<'k', 'v', '-'>>(&one).is_ok());
    assert!(from_slice::<Called<'k', 'v', 'k'>>(&one).is_ok(), "the end of the map");
    from_slice::<Called<'k', 'k', '-'>>(&one).unwrap_err();
    from_slice::<Called<'v', 'k', '-'>>(&one).unwrap_err();
    from_slice::<Called<'k', '-', '-'>>(&one).unwrap_err();
    from_slice::<Called<'-', '-', '-'>>(&one).unwrap_err();
    from_slice::<Called<'k', 'v', 'v'>>(&one).unwrap_err();
    from_slice::<Called<'k', 'v', '-'>>(&hex("a2 6161 01 6162 02")).unwrap_err();
}

/// Reads an object, and goes on after a key that it does not like.
#[derive(Debug)]
struct AnyKeys;

impl<'de> Deserialize<'de> for AnyKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = AnyKeys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AnyKeys, A::Error> {
                while !matches!(entries.next_key::<char>(), Ok(None)) {
                    entries.next_value::<IgnoredAny>()?;
                }
                Ok(AnyKeys)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[test]
fn a_key_that_is_not_text_is_not_stepped_over() {
    assert!(
        from_slice::<AnyKeys>(&hex("a2 6161 01 626263 02")).is_ok(),
        "text, but no char"
    );
    for refused in [
        "a1 01 02",
        "a2 01 02 01 03",
        "a1 80 f6",
        "a1 c100 0a",
        "a1 f6 01",
        "a1 a10102 f6",
    ] {
        let bytes = hex(refused);
        let verdict = validate(&bytes).unwrap_err();
        assert_eq!(from_slice::<AnyKeys>(&bytes).unwrap_err(), verdict, "{refused}");
        assert_eq!(
            from_slice::<Lenient<AnyKeys>>(&bytes).unwrap_err(),
            verdict,
            "{refused}"
        );
        let named = hex(&format!("82 {refused} f6"));
        assert_eq!(
            from_slice::<Vec<Lenient<Named>>>(&named).unwrap_err().code(),
            snapfold::Code::Malformed
        );
    }
}

/// Fails without a look at its item.
#[derive(Debug)]
struct Never;

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("never"))
    }
}

/// Tries an element as something that is never read, then the next ones.
#[derive(Debug)]
struct AfterNever;

impl<'de> Deserialize<'de> for AfterNever {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = AfterNever;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<AfterNever, A::Error> {
                elements.next_element::<Never>().unwrap_err();
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(AfterNever)
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

#[test]
fn an_item_that_was_not_looked_at_is_not_taken_for_read() {
    for bytes in ["81 01", "82 01 02", "82 81 01 02"] {
        let bytes = hex(bytes);
        for error in [
            from_slice::<AfterNever>(&bytes).unwrap_err(),
            from_slice::<(AfterNever, u8)>(&bytes).unwrap_err(),
        ] {
            offset(&error);
        }
    }
    let error = from_slice::<AfterNever>(&hex("81 01")).unwrap_err();
    assert!(error.message().contains("the type went on"), "{error}");
}

/// Knows the name of a variant and forgets its content.
#[derive(Debug)]
struct Named;

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyName;
        impl<'de> Visitor<'de> for OnlyName {
            type Value = Named;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a variant")
            }
            fn visit_enum<A: serde::de::EnumAccess<'de>>(self, variant: A) -> Result<Named, A::Error> {
                variant.variant::<String>().map(|_| Named)
            }
        }
        deserializer.deserialize_enum("Named", &[], OnlyName)
    }
}

#[test]
fn a_variant_is_read_with_its_content() {
    assert!(from_slice::<Named>(&hex("6161")).is_ok());
    from_slice::<Named>(&hex("a1 6161 01")).unwrap_err();
    from_slice::<Vec<Named>>(&hex("82 a1 6161 6162")).unwrap_err();
}

#[test]
fn a_type_of_no_size_reads_null() {
    assert_eq!(from_slice::<PhantomData<u8>>(&hex("f6")), Ok(PhantomData));
    assert_eq!(from_slice::<Vec<()>>(&hex("83 f6 f7 f6")), Ok(vec![(); 3]));
}
