//! The golden vectors of frames, in both directions. tests/vectors/README.md says how they are written.

use serde_json::Value as Json;
use snapfold::fold::Anchor;
use snapfold::frame::{self, Expect, Header, Payload};
use snapfold::value::{self, BigInt, Date, Value};
use snapfold::{Code, Error};

fn cases(text: &str) -> Vec<Json> {
    serde_json::from_str(text).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("{key} in {json}"))
}

fn decimal(json: &Json) -> Option<u64> {
    json.as_str().map(|digits| digits.parse().unwrap())
}

fn header(json: &Json) -> Header {
    let version = json["version"].as_u64().unwrap().try_into().unwrap();
    let (position, count) = (
        decimal(&json["position"]).unwrap(),
        decimal(&json["eventCount"]).unwrap(),
    );
    Header {
        anchor: anchor(&json["anchor"]),
        taken_at: json["takenAt"].as_i64(),
        fence: decimal(&json["fence"]),
        meta: match &json["meta"] {
            Json::Null => Value::Object(vec![]),
            entries => object(entries),
        },
        ..Header::new(text(json, "name"), version, text(json, "streamId"), position, count)
    }
}

fn anchor(json: &Json) -> Option<Anchor> {
    match (json["id"].as_str(), json["digest"].as_str()) {
        (Some(id), _) => Some(Anchor::id(id)),
        (_, Some(digest)) => Some(Anchor::Digest(hex(digest).try_into().unwrap())),
        _ => None,
    }
}

fn object(entries: &Json) -> Value {
    let entries = entries.as_array().unwrap().iter();
    Value::Object(
        entries
            .map(|entry| (entry[0].as_str().unwrap().into(), build(&entry[1])))
            .collect(),
    )
}

/// The part of the values' notation that metadata uses here.
fn build(json: &Json) -> Value {
    let elements = |json: &Json| json.as_array().unwrap().iter().map(build).collect::<Vec<_>>();
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.as_f64().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(_) => Value::Array(elements(json)),
        Json::Object(_) => match text(json, "$") {
            "undefined" => Value::Undefined,
            "number" => Value::Number(text(json, "v").parse().unwrap()),
            "bigint" => Value::BigInt(BigInt::from(text(json, "v").parse::<i64>().unwrap())),
            "bytes" => Value::Bytes(hex(text(json, "hex"))),
            "date" => Value::Date(Date::from_millis(json["ms"].as_i64().unwrap()).unwrap()),
            "object" => object(&json["v"]),
            "set" => Value::Set(elements(&json["v"])),
            other => panic!("unknown notation {other}"),
        },
    }
}

#[test]
fn frames_have_exactly_these_bytes() {
    let cases = cases(include_str!("../vectors/frames.json"));
    assert!(cases.len() > 20);
    for case in cases {
        let name = text(&case, "name");
        let (expected, payload) = (hex(text(&case, "frameHex")), hex(text(&case, "payloadHex")));
        let facts = Payload {
            media_type: case["mediaType"].as_str().map(Into::into),
            ..Payload::of(&payload)
        };
        let header = header(&case["header"]);
        let mut sealed = frame::head(&header, &facts).unwrap();
        sealed.extend(&payload);
        assert_eq!(sealed, expected, "sealing {name}");

        let opened = frame::open(&expected, &Expect::default()).unwrap();
        assert_eq!((opened.header, opened.facts), (header, facts), "opening {name}");
        assert_eq!(opened.payload, payload, "opening {name}");
    }
}

#[test]
fn refused_frames_have_this_verdict() {
    let cases = cases(include_str!("../vectors/frames-refused.json"));
    assert!(cases.len() > 50);
    for case in cases {
        let error = open_and_decode(&case).expect_err(text(&case, "name"));
        assert_eq!(
            error.code().as_str(),
            text(&case, "code"),
            "{}: {error}",
            text(&case, "name")
        );
    }
}

/// All eleven rules of docs/format.md §2.3.
fn open_and_decode(case: &Json) -> Result<(), Error> {
    let expected = &case["expect"];
    let migratable: Vec<u32> = expected["migratable"]
        .as_array()
        .map(|versions| {
            versions
                .iter()
                .map(|version| version.as_u64().unwrap() as u32)
                .collect()
        })
        .unwrap_or_default();
    let expect = Expect {
        name: expected["name"].as_str(),
        stream: expected["streamId"].as_str(),
        position: decimal(&expected["position"]),
        version: expected["version"].as_u64().map(|version| version as u32),
        migratable: &migratable,
        max_state_bytes: expected["maxStateBytes"].as_u64().unwrap_or(u64::MAX),
    };
    let frame = hex(text(case, "frameHex"));
    let opened = frame::open(&frame, &expect)?;
    match opened.facts.media_type {
        Some(_) => Ok(()),
        None => value::validate(opened.payload).map_err(|error| Error::new(Code::Corrupt, error.message())),
    }
}
