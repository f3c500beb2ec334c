//! What `examples/rules/loan-applications.json` and `loan-application.json` say, by hand.

use serde::{Deserialize, Serialize};

use super::keyed::Keyed;

#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    pub seq: u64,
    pub stream: String,
    pub position: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub at: String,
    pub data: Data,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Data {
    pub activity: String,
    pub phase: String,
    pub by: Option<String>,
    pub amount: Option<u64>,
}

impl Event {
    pub fn from_json(line: &str) -> Self {
        serde_json::from_str(line).unwrap()
    }
}

/// The whole log as one stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Applications {
    pub applications: Keyed<Application>,
    pub activities: Keyed<u64>,
}

/// What came last of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Application {
    pub events: u64,
    pub work: Keyed<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
}

impl Applications {
    pub fn after<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    pub fn apply(&mut self, event: &Event) {
        let Data {
            activity,
            phase,
            by,
            amount,
        } = event.data.clone();
        let application = match event.kind.as_str() {
            "A.COMPLETE" => self.applications.within(&event.stream),
            _ => self.applications.known(&event.stream),
        };
        match event.kind.as_str() {
            "A.COMPLETE" => {
                application.status = Some(activity.clone());
                application.amount = amount.or(application.amount);
            }
            "O.COMPLETE" => application.offer = Some(activity.clone()),
            _ => application.work.set(&activity, phase),
        }
        application.by = by.or(application.by.take());
        application.at = Some(event.at.clone());
        application.events += 1;
        *self.activities.within(&activity) += 1;
    }
}

/// One stream per application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplicationHistory {
    pub events: u64,
    pub work: Keyed<Work>,
    pub history: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub phase: String,
    pub at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    pub at: String,
}

impl ApplicationHistory {
    pub fn after<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    pub fn apply(&mut self, event: &Event) {
        let Data {
            activity,
            phase,
            by,
            amount,
        } = event.data.clone();
        let at = event.at.clone();
        match event.kind.as_str() {
            "A.COMPLETE" => {
                self.status = Some(activity.clone());
                self.amount = amount.or(self.amount);
                let (status, offer) = (Some(activity), None);
                self.history.push(Step { status, offer, at });
            }
            "O.COMPLETE" => {
                self.offer = Some(activity.clone());
                let (status, offer) = (None, Some(activity));
                self.history.push(Step { status, offer, at });
            }
            kind => {
                let by = by.filter(|_| kind != "W.SCHEDULE");
                self.work.set(&activity, Work { phase, at, by });
            }
        }
        self.events += 1;
    }
}
