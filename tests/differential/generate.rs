//! Values of every kind, in the order that JavaScript keeps: integer-like keys first and ascending.

use std::collections::BTreeSet;

use snapfold::value::{BigInt, Date, ElementType, MAX_DEPTH, TypedArray, Value, Wtf8, to_vec};

use crate::random::Random;

pub struct Generator {
    random: Random,
    elements: Vec<ElementType>,
}

impl Generator {
    /// `float16`: whether there may be arrays of half floats, which not every runtime has.
    pub fn new(seed: u64, float16: bool) -> Self {
        let names = "Uint8Clamped Uint16 Uint32 BigUint64 Int8 Int16 Int32 BigInt64 Float16 Float32 Float64";
        let names = names.split(' ').filter(|name| float16 || *name != "Float16");
        Self {
            random: Random::new(seed),
            elements: names.map(|name| ElementType::from_name(name).unwrap()).collect(),
        }
    }

    /// Mostly small; now and then deep, wide, or a list of records.
    pub fn value(&mut self) -> Value {
        match self.random.below(40) {
            0 => self.deep(),
            1 => self.records(),
            2 => self.dictionary(),
            _ => self.nested(5),
        }
    }

    fn nested(&mut self, levels: usize) -> Value {
        if levels == 0 || self.random.below(3) == 0 {
            return self.leaf();
        }
        let count = self.random.below(6);
        match self.random.below(4) {
            0 => Value::Array(self.parts(count, levels)),
            1 => {
                let keys = self.keys(count);
                Value::Object(keys.into_iter().map(|key| (key, self.nested(levels - 1))).collect())
            }
            2 => {
                let keys = distinct(self.parts(count, levels));
                Value::Map(keys.into_iter().map(|key| (key, self.nested(levels - 1))).collect())
            }
            _ => Value::Set(distinct(self.parts(count, levels))),
        }
    }

    fn parts(&mut self, count: usize, levels: usize) -> Vec<Value> {
        (0..count).map(|_| self.nested(levels - 1)).collect()
    }

    /// As deep as the format allows, or nearly so.
    fn deep(&mut self) -> Value {
        let mut value = self.leaf();
        let mut left = MAX_DEPTH - self.random.below(8);
        while left > 1 {
            (value, left) = match self.random.below(4) {
                0 => (Value::Object(vec![(self.key(), value)]), left - 1),
                1 => (Value::Set(vec![value]), left - 1),
                2 => (Value::Map(vec![(Value::Null, value)]), left - 2),
                _ => (Value::Array(vec![value]), left - 1),
            };
        }
        value
    }

    /// Many objects with the same keys, or nearly so: what codecs have caches for.
    fn records(&mut self) -> Value {
        let count = 1 + self.random.below(20);
        let keys = self.keys(count);
        let rows = (0..self.random.below(80)).map(|_| {
            let mut keys = keys.clone();
            if self.random.below(8) == 0 {
                keys.retain(|_| self.random.below(4) > 0);
            }
            Value::Object(keys.into_iter().map(|key| (key, self.field())).collect())
        });
        Value::Array(rows.collect())
    }

    fn field(&mut self) -> Value {
        match self.random.below(20) {
            0 => self.nested(2),
            1..10 => Value::Number(self.number()),
            _ => Value::Text(self.string(20)),
        }
    }

    fn dictionary(&mut self) -> Value {
        let count = self.random.below(400);
        let keys = self.keys(count);
        Value::Object(keys.into_iter().map(|key| (key, self.nested(1))).collect())
    }

    /// Different keys, in the order in which JavaScript has them.
    fn keys(&mut self, count: usize) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut keys: Vec<_> = (0..count).map(|_| self.key()).collect();
        keys.retain(|key| seen.insert(key.clone()));
        keys.sort_by_key(|key| array_index(key).unwrap_or(u32::MAX));
        keys
    }

    fn key(&mut self) -> String {
        const ODD: &[&str] = &[
            "",
            "__proto__",
            "constructor",
            "toString",
            "length",
            "0",
            "7",
            "10",
            "007",
            "-1",
            "1.5",
            "4294967294",
            "4294967295",
            "9007199254740993",
            "a",
            "ab",
            "\u{feff}",
            "ü",
            "日本",
            "😀",
            "\0",
            "\"",
            "a b",
        ];
        match self.random.below(3) {
            0 => (*self.random.one_of(ODD)).into(),
            1 => format!("k{}", self.random.below(1000)),
            _ => self.string(40),
        }
    }

    fn leaf(&mut self) -> Value {
        match self.random.below(14) {
            0 => Value::Undefined,
            1 => Value::Null,
            2 => Value::Bool(self.random.below(2) == 0),
            3..6 => Value::Number(self.number()),
            6 => Value::BigInt(self.big_int()),
            7 => self.utf16(),
            8 => Value::Bytes(self.bytes(300)),
            9 => self.typed_array(),
            10 => Value::Date(self.date()),
            _ => Value::Text(self.string(400)),
        }
    }

    fn number(&mut self) -> f64 {
        const EDGES: &[f64] = &[
            0.0,
            -0.0,
            0.5,
            1.5,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            65_504.0,
            65_520.0,
            5.960_464_477_539_063e-8,
            6.103_515_625e-5,
            1e300,
            0.1,
            3.402_823_466_385_288_6e38,
        ];
        let bits = self.random.bits();
        match self.random.below(6) {
            0 => *self.random.one_of(EDGES),
            1 => f64::from_bits(bits),
            2 => f64::from(f32::from_bits(bits as u32)),
            // What half floats hold, and its neighbours.
            3 => (bits as i16 as f64) / 2f64.powi(self.random.below(30) as i32),
            4 => self.near_power(64) as f64,
            _ => (bits as i64 >> self.random.below(64)) as f64,
        }
    }

    fn big_int(&mut self) -> BigInt {
        match self.random.below(3) {
            0 => BigInt::from(self.near_power(120)),
            1 => BigInt::from(self.random.bits() as i64 >> self.random.below(64)),
            _ => BigInt::new(self.random.below(2) == 0, &self.bytes(40)),
        }
    }

    /// A power of two or its negative, or a number up to 3 away.
    fn near_power(&mut self, bits: usize) -> i128 {
        let power = 1i128 << self.random.below(bits);
        let near = power + self.random.below(7) as i128 - 3;
        if self.random.below(2) == 0 { near } else { -near }
    }

    fn date(&mut self) -> Date {
        const LAST: i64 = 8_640_000_000_000_000;
        let millis = match self.random.below(4) {
            0 => return Date::INVALID,
            1 => self.random.bits() as i64 % 10_000,
            2 => self.random.bits() as i64 % LAST,
            // From 2^42 seconds on, doubles of seconds are rounded to more than half a millisecond.
            _ => LAST - self.random.below(1 << 52) as i64,
        };
        Date::from_millis(millis).unwrap()
    }

    /// With or without lone surrogates.
    fn utf16(&mut self) -> Value {
        let units: Vec<u16> = (0..self.random.below(9))
            .map(|_| match self.random.below(3) {
                0 => self.random.bits() as u16,
                1 => 0xd7f0 + self.random.below(0x820) as u16,
                _ => u16::from(b'a'),
            })
            .collect();
        Wtf8::from_utf16(&units).map_or_else(Value::Wtf8, Value::Text)
    }

    /// Mostly short and ASCII; up to `longest` characters.
    fn string(&mut self, longest: usize) -> String {
        let length = match self.random.below(8) {
            0 => self.random.below(longest),
            _ => self.random.below(14),
        };
        let range = *self.random.one_of(&[0x80, 0x80, 0x800, 0x1_0000, 0x11_0000]);
        let characters = (0..length).map(|_| char::from_u32(self.random.below(range) as u32));
        characters.map(|character| character.unwrap_or('\u{feff}')).collect()
    }

    fn typed_array(&mut self) -> Value {
        let element = *self.random.one_of(&self.elements);
        let mut bytes = self.bytes(64);
        bytes.truncate(bytes.len() / element.size() * element.size());
        Value::TypedArray(TypedArray::new(element, bytes).unwrap())
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.random.below(most)).map(|_| self.random.bits() as u8).collect()
    }
}

/// What a `Map` has as keys, and a `Set` as elements: no primitive twice, and no −0. Objects are equal to themselves only.
fn distinct(parts: Vec<Value>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut keep = |part: &Value| match part {
        Value::Number(number) if *number == 0.0 && number.is_sign_negative() => false,
        Value::Undefined | Value::Null | Value::Bool(_) | Value::Number(_) => seen.insert(to_vec(part).unwrap()),
        Value::BigInt(_) | Value::Text(_) | Value::Wtf8(_) => seen.insert(to_vec(part).unwrap()),
        _ => true,
    };
    parts.into_iter().filter(|part| keep(part)).collect()
}

/// The number of a key that ECMAScript puts first.
fn array_index(key: &str) -> Option<u32> {
    let index: u32 = key.parse().ok()?;
    (index < u32::MAX && index.to_string() == key).then_some(index)
}
