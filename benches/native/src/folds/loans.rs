//! The loan applications: what `examples/rules/loan-applications.json` says, and no more than the latest event of each.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ByHand, set};

/// The latest payload of each application, and a counter for each activity.
pub const LATEST: &str = r#"{
    "initial": { "applications": {}, "activities": {} },
    "events": { "position": "/seq" },
    "rules": {
        "A.COMPLETE": [{ "put": "/applications/{/stream}" }, { "add": "/activities/{/data/activity}", "value": 1, "initial": 0 }],
        "O.COMPLETE": [{ "put": "/applications/{/stream}" }, { "add": "/activities/{/data/activity}", "value": 1, "initial": 0 }],
        "W.SCHEDULE": [{ "put": "/applications/{/stream}" }, { "add": "/activities/{/data/activity}", "value": 1, "initial": 0 }],
        "W.START": [{ "put": "/applications/{/stream}" }, { "add": "/activities/{/data/activity}", "value": 1, "initial": 0 }],
        "W.COMPLETE": [{ "put": "/applications/{/stream}" }, { "add": "/activities/{/data/activity}", "value": 1, "initial": 0 }]
    }
}"#;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    activity: Cow<'a, str>,
    #[serde(borrow)]
    phase: Cow<'a, str>,
    #[serde(borrow)]
    by: Option<Cow<'a, str>>,
    amount: Option<u64>,
}

#[derive(Default, Serialize)]
pub struct WholeLog {
    applications: HashMap<String, Application>,
    activities: HashMap<String, u64>,
}

#[derive(Default, Serialize)]
struct Application {
    events: u64,
    work: HashMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<String>,
}

impl ByHand for WholeLog {
    fn take(&mut self, line: &[u8]) {
        let Event { stream, kind, at, data } = serde_json::from_slice(line).expect("an event");
        let application = within(&mut self.applications, &stream);
        match &*kind {
            "A.COMPLETE" => {
                set(&mut application.status, &data.activity);
                application.amount = data.amount.or(application.amount);
            }
            "O.COMPLETE" => set(&mut application.offer, &data.activity),
            _ => data
                .phase
                .as_ref()
                .clone_into(within(&mut application.work, &data.activity)),
        }
        if let Some(by) = data.by {
            set(&mut application.by, &by);
        }
        set(&mut application.at, &at);
        application.events += 1;
        *within(&mut self.activities, &data.activity) += 1;
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).expect("encodes")
    }
}

#[derive(Default, Serialize)]
pub struct Latest {
    applications: HashMap<String, LatestData>,
    activities: HashMap<String, u64>,
}

#[derive(Default, Serialize)]
struct LatestData {
    activity: String,
    phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
}

impl ByHand for Latest {
    fn take(&mut self, line: &[u8]) {
        let Event { stream, data, .. } = serde_json::from_slice(line).expect("an event");
        let latest = within(&mut self.applications, &stream);
        data.activity.as_ref().clone_into(&mut latest.activity);
        data.phase.as_ref().clone_into(&mut latest.phase);
        latest.by = data.by.map(Cow::into_owned);
        latest.amount = data.amount;
        *within(&mut self.activities, &data.activity) += 1;
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).expect("encodes")
    }
}

/// The value under a key, made if there is none. The key is copied only then.
fn within<'a, V: Default>(map: &'a mut HashMap<String, V>, key: &str) -> &'a mut V {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), V::default());
    }
    map.get_mut(key).expect("it is there")
}
