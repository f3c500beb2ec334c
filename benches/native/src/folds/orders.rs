//! What `examples/rules/orders.json` says. Amounts are cents.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ByHand;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

/// The members of all types: an enum by type would be buffered first.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    order: Cow<'a, str>,
    #[serde(borrow)]
    customer: Option<Cow<'a, str>>,
    line: Option<u64>,
    #[serde(borrow)]
    sku: Option<Cow<'a, str>>,
    quantity: Option<u64>,
    amount: Option<i64>,
    difference: Option<i64>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tracking: Option<Cow<'a, str>>,
    refund: Option<i64>,
}

#[derive(Default, Serialize)]
pub struct Shop {
    orders: HashMap<String, Order>,
    open: i64,
    revenue: i64,
    counts: Counts,
}

#[derive(Default, Serialize)]
struct Counts {
    placed: u64,
    paid: u64,
    shipped: u64,
    cancelled: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    customer: String,
    placed_at: String,
    status: &'static str,
    lines: HashMap<u64, Line>,
    total: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discounts: Vec<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipped_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<String>,
}

#[derive(Serialize)]
struct Line {
    sku: String,
    quantity: u64,
    amount: i64,
}

#[derive(Serialize)]
struct Discount {
    code: String,
    amount: i64,
}

impl ByHand for Shop {
    fn take(&mut self, line: &[u8]) {
        let Event { kind, at, data } = serde_json::from_slice(line).expect("an event");
        match &*kind {
            "OrderPlaced" => {
                self.orders
                    .insert(data.order.into_owned(), Order::placed(data.customer, at));
                self.counts.placed += 1;
                self.open += 1;
            }
            "OrderPaid" => {
                let order = self.order(&data.order);
                order.status = "paid";
                order.paid_at = Some(at.into_owned());
                self.revenue += data.amount.expect("an amount");
                self.counts.paid += 1;
            }
            "OrderShipped" => {
                let order = self.order(&data.order);
                order.status = "shipped";
                order.shipped_at = Some(at.into_owned());
                order.tracking = data.tracking.map(Cow::into_owned);
                self.counts.shipped += 1;
                self.open -= 1;
            }
            "OrderCancelled" => {
                self.orders.remove(&*data.order).expect("the order");
                self.revenue -= data.refund.unwrap_or(0);
                self.counts.cancelled += 1;
                self.open -= 1;
            }
            kind => self.order(&data.order).take(kind, &data),
        }
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).expect("encodes")
    }
}

impl Shop {
    fn order(&mut self, id: &str) -> &mut Order {
        self.orders.get_mut(id).expect("the order")
    }
}

impl Order {
    fn placed(customer: Option<Cow<'_, str>>, at: Cow<'_, str>) -> Self {
        Self {
            customer: customer.expect("a customer").into_owned(),
            placed_at: at.into_owned(),
            status: "placed",
            lines: HashMap::new(),
            total: 0,
            discounts: vec![],
            paid_at: None,
            shipped_at: None,
            tracking: None,
        }
    }

    fn take(&mut self, kind: &str, data: &Data<'_>) {
        let amount = data.amount.expect("an amount");
        let number = || data.line.expect("a line");
        match kind {
            "LineAdded" => {
                let sku = data.sku.as_deref().expect("a sku").to_owned();
                let quantity = data.quantity.expect("a quantity");
                self.lines.insert(number(), Line { sku, quantity, amount });
                self.total += amount;
            }
            "LineChanged" => {
                let line = self.lines.get_mut(&number()).expect("the line");
                line.quantity = data.quantity.expect("a quantity");
                line.amount = amount;
                self.total += data.difference.expect("a difference");
            }
            "LineRemoved" => {
                self.lines.remove(&number()).expect("the line");
                self.total -= amount;
            }
            "DiscountGranted" => {
                let code = data.code.as_deref().expect("a code").to_owned();
                self.discounts.push(Discount { code, amount });
                self.total -= amount;
            }
            other => panic!("{other} is not known"),
        }
    }
}
