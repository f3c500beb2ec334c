//! What `examples/rules/orders.json` says, by hand. Amounts are cents.

use serde::{Deserialize, Serialize};

use super::keyed::Keyed;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shop {
    pub orders: Keyed<Order>,
    pub open: u64,
    pub revenue: i64,
    pub counts: Counts,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    pub placed: u64,
    pub paid: u64,
    pub shipped: u64,
    pub cancelled: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub customer: String,
    pub placed_at: String,
    pub status: String,
    pub lines: Keyed<Line>,
    pub total: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub sku: String,
    pub quantity: u64,
    pub amount: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discount {
    pub code: String,
    pub amount: i64,
}

/// What an event of the log says; how it stands there is [`Event`]'s.
#[rustfmt::skip] // one line an event
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Fact {
    OrderPlaced { order: String, customer: String },
    LineAdded { order: String, line: u64, sku: String, quantity: u64, amount: i64 },
    LineChanged { order: String, line: u64, quantity: u64, amount: i64, difference: i64 },
    LineRemoved { order: String, line: u64, amount: i64 },
    DiscountGranted { order: String, code: String, amount: i64 },
    OrderPaid { order: String, amount: i64 },
    OrderShipped {
        order: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        tracking: Option<String>,
    },
    OrderCancelled {
        order: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        refund: Option<i64>,
    },
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub position: u64,
    pub at: String,
    pub fact: Fact,
}

#[derive(Deserialize)]
struct Envelope {
    position: u64,
    at: String,
}

impl Event {
    pub fn from_json(line: &str) -> Self {
        let Envelope { position, at } = serde_json::from_str(line).unwrap();
        let fact = serde_json::from_str(line).unwrap();
        Self { position, at, fact }
    }

    pub fn to_json(&self) -> String {
        let Self { position, at, fact } = self;
        let fact = serde_json::to_string(fact).unwrap();
        format!(
            r#"{{"position":{position},"id":"e-{position}","at":"{at}",{}"#,
            &fact[1..]
        )
    }
}

impl Shop {
    pub fn after<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        events.into_iter().for_each(|event| state.apply(event));
        state
    }

    pub fn apply(&mut self, event: &Event) {
        let at = event.at.clone();
        match event.fact.clone() {
            Fact::OrderPlaced { order, customer } => {
                self.orders.set(&order, placed(customer, at));
                self.counts.placed += 1;
                self.open += 1;
            }
            Fact::OrderPaid { order, amount } => {
                let order = self.orders.known(&order);
                order.status = "paid".into();
                order.paid_at = Some(at);
                self.revenue += amount;
                self.counts.paid += 1;
            }
            Fact::OrderShipped { order, tracking } => {
                let order = self.orders.known(&order);
                order.status = "shipped".into();
                order.shipped_at = Some(at);
                order.tracking = tracking;
                self.counts.shipped += 1;
                self.open -= 1;
            }
            Fact::OrderCancelled { order, refund } => {
                self.orders.remove(&order);
                self.revenue -= refund.unwrap_or(0);
                self.counts.cancelled += 1;
                self.open -= 1;
            }
            fact => self.apply_to_lines(fact),
        }
    }

    fn apply_to_lines(&mut self, fact: Fact) {
        match fact {
            Fact::LineAdded {
                order,
                line,
                sku,
                quantity,
                amount,
            } => {
                let order = self.orders.known(&order);
                order.lines.set(&line.to_string(), Line { sku, quantity, amount });
                order.total += amount;
            }
            Fact::LineChanged {
                order,
                line,
                quantity,
                amount,
                difference,
            } => {
                let order = self.orders.known(&order);
                let line = order.lines.known(&line.to_string());
                line.quantity = quantity;
                line.amount = amount;
                order.total += difference;
            }
            Fact::LineRemoved { order, line, amount } => {
                let order = self.orders.known(&order);
                order.lines.remove(&line.to_string());
                order.total -= amount;
            }
            Fact::DiscountGranted { order, code, amount } => {
                let order = self.orders.known(&order);
                order.discounts.push(Discount { code, amount });
                order.total -= amount;
            }
            fact => panic!("nothing handles {fact:?}"),
        }
    }
}

fn placed(customer: String, placed_at: String) -> Order {
    Order {
        customer,
        placed_at,
        status: "placed".into(),
        lines: Keyed::default(),
        total: 0,
        discounts: vec![],
        paid_at: None,
        shipped_at: None,
        tracking: None,
    }
}
