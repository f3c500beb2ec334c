//! The golden vectors of frames, in both directions. tests/vectors/README.md says how they are written.

use serde_json::Value as Json;
use snapfold::Error;
use snapfold::fold::{Anchor, Commitment};
use snapfold::frame::{self, Digest, Expect, Header, Key, Payload, Sealing};
use snapfold::value::{BigInt, Date, Value};

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
        fold_digest: digest(&json["foldDigestHex"]),
        commitment: digest(&json["commitmentHex"]).map(Commitment::from),
        knows: texts(&json["knows"]),
        meta: match &json["meta"] {
            Json::Null => Value::Object(vec![]),
            entries => object(entries),
        },
        ..Header::new(text(json, "name"), version, text(json, "streamId"), position, count)
    }
}

fn texts(json: &Json) -> Vec<String> {
    let texts = json.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().unwrap().into()).collect()
}

fn digest(json: &Json) -> Option<Digest> {
    json.as_str().map(|digits| hex(digits).try_into().unwrap())
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
            "nested" => {
                (1..json["depth"].as_u64().unwrap()).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]))
            }
            other => panic!("unknown notation {other}"),
        },
    }
}

fn key(json: &Json) -> Key {
    Key::new(text(json, "id"), hex(text(json, "secretHex"))).unwrap()
}

#[test]
fn frames_have_exactly_these_bytes() {
    let plain = cases(include_str!("../vectors/frames.json"));
    let of_folds = cases(include_str!("../vectors/fold-frames.json"));
    let of_types = cases(include_str!("../vectors/type-frames.json"));
    let of_histories = cases(include_str!("../vectors/history-frames.json"));
    assert!(
        plain.len() > 35
            && [&of_folds, &of_types, &of_histories]
                .iter()
                .all(|cases| cases.len() > 5)
    );
    for case in [plain, of_folds, of_types, of_histories].into_iter().flatten() {
        let name = text(&case, "name");
        let (expected, payload) = (hex(text(&case, "frameHex")), hex(text(&case, "payloadHex")));
        let keys: Vec<Key> = case["key"].is_object().then(|| key(&case["key"])).into_iter().collect();
        let header = header(&case["header"]);
        let sealing = Sealing {
            media_type: case["mediaType"].as_str(),
            keys: &keys,
            ..Sealing::default()
        };
        let compressed = case["compressed"].as_bool().unwrap();
        let sealed = frame::seal_with(&header, &payload, &sealing).unwrap();
        if !compressed {
            assert_eq!(sealed.frame, expected, "sealing {name}");
        }

        let expect = Expect {
            keys: &keys,
            fold_digest: header.fold_digest,
            ..Expect::default()
        };
        let opened = frame::open(&expected, &expect).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(opened.payload, payload, "opening {name}");
        assert_eq!(opened.key_id.as_deref(), case["key"]["id"].as_str(), "opening {name}");
        assert_eq!(opened.facts.stored.is_some(), compressed, "opening {name}");
        let facts = Payload {
            stored: opened.facts.stored.clone(),
            ..sealed.facts
        };
        assert_eq!((opened.header, opened.facts), (header, facts), "opening {name}");
    }
}

#[test]
fn histories_have_exactly_these_commitments() {
    let histories = cases(include_str!("../vectors/histories.json"));
    assert!(histories.len() > 10);
    for history in histories {
        let mut commitment = Commitment::default();
        for event in history["events"].as_array().unwrap() {
            commitment = commitment.after(decimal(&event["position"]).unwrap(), &anchor(&event["anchor"]).unwrap());
            let expected = hex(text(event, "commitmentHex"));
            assert_eq!(
                commitment.as_bytes()[..],
                expected,
                "{} in {}",
                event["position"],
                text(&history, "name")
            );
        }
    }
}

#[test]
fn refused_frames_have_this_verdict() {
    let plain = cases(include_str!("../vectors/frames-refused.json"));
    let of_folds = cases(include_str!("../vectors/fold-frames-refused.json"));
    let of_types = cases(include_str!("../vectors/type-frames-refused.json"));
    let of_histories = cases(include_str!("../vectors/history-frames-refused.json"));
    assert!(plain.len() > 100 && of_folds.len() > 15 && of_types.len() > 10 && of_histories.len() > 5);
    for case in [plain, of_folds, of_types, of_histories].into_iter().flatten() {
        let error = open(&case).expect_err(text(&case, "name"));
        assert_eq!(
            error.code().as_str(),
            text(&case, "code"),
            "{}: {error}",
            text(&case, "name")
        );
    }
}

fn open(case: &Json) -> Result<(), Error> {
    let expected = &case["expect"];
    let list = |name: &str| expected[name].as_array().cloned().unwrap_or_default();
    let migratable: Vec<u32> = list("migratable")
        .iter()
        .map(|version| version.as_u64().unwrap() as u32)
        .collect();
    let keys: Vec<Key> = list("keys").iter().map(key).collect();
    let knows = texts(&expected["knows"]);
    let expect = Expect {
        name: expected["name"].as_str(),
        stream: expected["streamId"].as_str(),
        position: decimal(&expected["position"]),
        version: expected["version"].as_u64().map(|version| version as u32),
        fold_digest: digest(&expected["foldDigestHex"]),
        migratable: &migratable,
        knows: &knows,
        max_state_bytes: expected["maxStateBytes"].as_u64().unwrap_or(u64::MAX),
        keys: &keys,
    };
    frame::open(&hex(text(case, "frameHex")), &expect).map(drop)
}
