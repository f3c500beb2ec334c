//! Numbers, BigInts and dates at their borders.

use snapfold::value::{BigInt, Date, Value, from_slice, to_vec};

use crate::{hex, offset};

const SAFE: i64 = (1 << 53) - 1;

#[test]
fn rust_integers_are_numbers_while_safe_and_bigints_beyond() {
    for (bytes, value) in [
        ("00", 0i128),
        ("20", -1),
        ("1b001fffffffffffff", i128::from(SAFE)),
        ("1b0020000000000000", i128::from(SAFE) + 1),
        ("3b001ffffffffffffe", -i128::from(SAFE)),
        ("3b001fffffffffffff", -i128::from(SAFE) - 1),
        ("1b7fffffffffffffff", i128::from(i64::MAX)),
        ("3b7fffffffffffffff", i128::from(i64::MIN)),
        ("1bffffffffffffffff", i128::from(u64::MAX)),
        ("c249010000000000000000", i128::from(u64::MAX) + 1),
        ("3bffffffffffffffff", -i128::from(u64::MAX) - 1),
        ("c349010000000000000000", -i128::from(u64::MAX) - 2),
        ("c2507fffffffffffffffffffffffffffffff", i128::MAX),
        ("c3507fffffffffffffffffffffffffffffff", i128::MIN),
    ] {
        assert_eq!(to_vec(&value).unwrap(), hex(bytes), "{value}");
        assert_eq!(from_slice::<i128>(&hex(bytes)).unwrap(), value);
        assert_eq!(from_slice::<Value>(&hex(bytes)).unwrap(), Value::from(value));
        if let Ok(value) = i64::try_from(value) {
            assert_eq!(to_vec(&value).unwrap(), hex(bytes));
            assert_eq!(from_slice::<i64>(&hex(bytes)).unwrap(), value);
        } else {
            assert_eq!(offset(&from_slice::<i64>(&hex(bytes)).unwrap_err()), 0);
        }
        if let Ok(value) = u64::try_from(value) {
            assert_eq!(to_vec(&value).unwrap(), hex(bytes));
            assert_eq!(from_slice::<u64>(&hex(bytes)).unwrap(), value);
        } else {
            assert_eq!(offset(&from_slice::<u64>(&hex(bytes)).unwrap_err()), 0);
        }
    }
    let bytes = hex("c250ffffffffffffffffffffffffffffffff");
    assert_eq!(to_vec(&u128::MAX).unwrap(), bytes);
    assert_eq!(from_slice::<u128>(&bytes).unwrap(), u128::MAX);
    assert_eq!(offset(&from_slice::<i128>(&bytes).unwrap_err()), 0);
}

#[test]
fn small_rust_integers_check_their_range() {
    assert_eq!(from_slice::<u8>(&hex("18ff")).unwrap(), 255);
    assert_eq!(from_slice::<i8>(&hex("387f")).unwrap(), -128);
    for bytes in ["820019 0100", "820020"] {
        assert_eq!(offset(&from_slice::<Vec<u8>>(&hex(bytes)).unwrap_err()), 2);
    }
    for bytes in ["82001880", "82003880"] {
        assert_eq!(offset(&from_slice::<Vec<i8>>(&hex(bytes)).unwrap_err()), 2);
    }
}

#[test]
fn any_spelling_of_an_integer_reads_into_any_type_that_holds_it() {
    // the number 2^53, a float in the encoding, and the BigInt 7
    assert_eq!(from_slice::<u64>(&hex("fa5a000000")).unwrap(), 1 << 53);
    assert_eq!(from_slice::<i64>(&hex("fada000000")).unwrap(), -(1 << 53));
    assert_eq!(from_slice::<u8>(&hex("c24107")).unwrap(), 7);
    assert_eq!(from_slice::<i8>(&hex("c34107")).unwrap(), -8);
    assert_eq!(from_slice::<f64>(&hex("c24107")).unwrap(), 7.0);
    assert_eq!(from_slice::<u128>(&hex("fa7f000000")).unwrap(), 1 << 127);
    assert_eq!(from_slice::<i128>(&hex("faff000000")).unwrap(), i128::MIN);
    assert_eq!(from_slice::<u64>(&hex("f98000")).unwrap(), 0);
    for bytes in ["f93e00", "f97e00", "f97c00", "fa5f800000"] {
        assert_eq!(offset(&from_slice::<u64>(&hex(bytes)).unwrap_err()), 0, "{bytes}");
    }
    assert_eq!(offset(&from_slice::<i128>(&hex("fa7f000000")).unwrap_err()), 0);
    assert_eq!(offset(&from_slice::<i64>(&hex("fa5f000000")).unwrap_err()), 0, "2^63");
    assert_eq!(offset(&from_slice::<u128>(&hex("f9fc00")).unwrap_err()), 0);
}

#[test]
fn integers_read_into_floats_that_hold_them_exactly() {
    assert_eq!(from_slice::<f64>(&hex("1b001fffffffffffff")).unwrap(), SAFE as f64);
    assert_eq!(
        from_slice::<f64>(&hex("1b0020000000000000")).unwrap(),
        9_007_199_254_740_992.0
    );
    assert_eq!(
        from_slice::<f64>(&hex("c249010000000000000000")).unwrap(),
        18_446_744_073_709_551_616.0
    );
    for bytes in [
        "1b0020000000000001",
        "1bffffffffffffffff",
        "3b0020000000000000",
        "c249010000000000000001",
    ] {
        assert_eq!(offset(&from_slice::<f64>(&hex(bytes)).unwrap_err()), 0, "{bytes}");
    }
    assert_eq!(from_slice::<f32>(&hex("1a01000000")).unwrap(), 16_777_216.0);
    assert_eq!(offset(&from_slice::<f32>(&hex("1a01000001")).unwrap_err()), 0);
    assert_eq!(offset(&from_slice::<f32>(&hex("fb3fb999999999999a")).unwrap_err()), 0);
    assert!(from_slice::<f32>(&hex("f97e00")).unwrap().is_nan());
    assert_eq!(from_slice::<f32>(&hex("f9fc00")).unwrap(), f32::NEG_INFINITY);
}

#[test]
fn powers_of_two_read_into_floats_up_to_their_largest() {
    for exponent in 53..1100usize {
        let mut magnitude = vec![0u8; exponent / 8 + 1];
        magnitude[0] = 1 << (exponent % 8);
        let power = to_vec(&BigInt::new(false, &magnitude)).unwrap();
        let expected = (exponent < 1024).then(|| 2f64.powi(exponent as i32));
        assert_eq!(from_slice::<f64>(&power).ok(), expected, "2^{exponent}");
        *magnitude.last_mut().unwrap() |= 1;
        let next = to_vec(&BigInt::new(false, &magnitude)).unwrap();
        assert!(from_slice::<f64>(&next).is_err(), "2^{exponent} + 1");
    }
}

#[test]
fn rust_floats_are_written_as_the_number_that_they_are() {
    for (bytes, value) in [
        ("00", 0.0),
        ("f98000", -0.0),
        ("01", 1.0),
        ("20", -1.0),
        ("f93e00", 1.5),
        ("f97e00", -f64::NAN),
    ] {
        assert_eq!(to_vec(&value).unwrap(), hex(bytes));
        assert_eq!(to_vec(&(value as f32)).unwrap(), hex(bytes));
    }
    assert_eq!(
        to_vec(&f64::from_bits(0x7ff0_0000_0000_0001)).unwrap(),
        hex("f97e00"),
        "a signalling NaN"
    );
    assert_eq!(to_vec(&0.1f32).unwrap(), hex("fa3dcccccd"));
    assert_eq!(to_vec(&(SAFE as f64)).unwrap(), hex("1b001fffffffffffff"));
    assert_eq!(to_vec(&f32::MAX).unwrap(), hex("fa7f7fffff"));
}

#[test]
fn bigints_convert_to_rust_integers_and_back() {
    for value in [
        0i128,
        1,
        -1,
        255,
        -256,
        i128::from(i64::MIN),
        i128::from(u64::MAX),
        i128::MAX,
        i128::MIN,
    ] {
        let big = BigInt::from(value);
        assert_eq!(i128::try_from(&big), Ok(value));
        assert_eq!(u128::try_from(&big).ok(), u128::try_from(value).ok());
        assert_eq!(i64::try_from(&big).ok(), i64::try_from(value).ok());
        assert_eq!(u64::try_from(&big).ok(), u64::try_from(value).ok());
    }
    assert!(i128::try_from(&BigInt::from(1u128 << 127)).is_err());
    assert!(u128::try_from(&BigInt::new(false, &[1; 17])).is_err());
    assert_eq!(BigInt::new(true, &[0, 0]), BigInt::from(0));
    assert_eq!(format!("{:?}", BigInt::from(-0x1f00i64)), "BigInt(-0x1f00)");
}

#[test]
fn dates_are_exact_to_the_millisecond() {
    let borders = [
        0,
        1 << 42,
        4_398_046_511_104_000,
        1 << 52,
        4_416_982_426_221_859,
        8_640_000_000_000_000,
    ];
    for border in borders {
        for millis in (border - 2_000)..=(border + 2_000) {
            for millis in [millis, -millis] {
                let Some(date) = Date::from_millis(millis) else {
                    assert!(millis.abs() > 8_640_000_000_000_000);
                    continue;
                };
                let bytes = to_vec(&date).unwrap();
                assert_eq!(from_slice::<Date>(&bytes).unwrap().millis(), Some(millis));
                assert_eq!(from_slice::<Value>(&bytes).unwrap(), Value::Date(date));
            }
        }
    }
    assert_eq!(from_slice::<Date>(&hex("c1f97e00")).unwrap(), Date::INVALID);
}
