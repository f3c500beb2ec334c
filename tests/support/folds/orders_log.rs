//! Logs of a shop's orders: every event is one that such a shop could have written.

use super::orders::{Event, Fact};
use super::random::Random;

const OPEN: usize = 12;

/// That many events, from position 1, the same for the same seed.
pub fn order_log(seed: u64, count: usize) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut open = vec![];
    let mut placed = 0;
    let mut event = |position: u64| Event {
        position,
        at: at(position),
        fact: match open.is_empty() || (open.len() < OPEN && random.below(5) == 0) {
            true => {
                placed += 1;
                place(&mut open, placed, &mut random)
            }
            false => next(&mut open, &mut random),
        },
    };
    (1..=count as u64).map(&mut event).collect()
}

/// The events as JSON Lines, one by one.
pub fn lines_of(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.to_json() + "\n").collect()
}

struct Order {
    id: String,
    paid: bool,
    total: i64,
    next_line: u64,
    lines: Vec<Line>,
}

struct Line {
    line: u64,
    quantity: u64,
    price: i64,
}

fn at(position: u64) -> String {
    let (hours, minutes, seconds) = (position / 3_600 % 24, position / 60 % 60, position % 60);
    format!("2025-01-01T{hours:02}:{minutes:02}:{seconds:02}Z")
}

fn place(open: &mut Vec<Order>, number: u64, random: &mut Random) -> Fact {
    let order = format!("o-{number}");
    open.push(Order {
        id: order.clone(),
        paid: false,
        total: 0,
        // Downwards, so that the order of keys is not the order in which they came.
        next_line: 1_000,
        lines: vec![],
    });
    let customer = format!("c-{}", random.below(50));
    Fact::OrderPlaced { order, customer }
}

/// What happens next to one of the open orders.
fn next(open: &mut Vec<Order>, random: &mut Random) -> Fact {
    let index = random.below(open.len());
    let step = random.below(20);
    let order = &mut open[index];
    match (order.paid, step) {
        (_, 0) => {
            let Order {
                id: order, paid, total, ..
            } = open.swap_remove(index);
            let refund = paid.then_some(total);
            Fact::OrderCancelled { order, refund }
        }
        (true, _) => {
            let order = open.swap_remove(index).id;
            let tracking = (step > 5).then(|| format!("T{}", random.bits()));
            Fact::OrderShipped { order, tracking }
        }
        (false, 1..4) if !order.lines.is_empty() => {
            order.paid = true;
            let (order, amount) = (order.id.clone(), order.total);
            Fact::OrderPaid { order, amount }
        }
        (false, 4..6) if order.total > 100 => {
            let amount = order.total / 10;
            order.total -= amount;
            let (order, code) = (order.id.clone(), (*random.one_of(&["SPRING", "LOYAL"])).to_owned());
            Fact::DiscountGranted { order, code, amount }
        }
        (false, 6..9) if !order.lines.is_empty() => change_line(order, random),
        (false, 9..11) if !order.lines.is_empty() => remove_line(order, random),
        _ => add_line(order, random),
    }
}

fn add_line(order: &mut Order, random: &mut Random) -> Fact {
    let line = order.next_line;
    order.next_line -= 1;
    let (quantity, price) = (1 + random.below(4) as u64, 99 + random.below(9_900) as i64);
    let amount = quantity as i64 * price;
    order.lines.push(Line { line, quantity, price });
    order.total += amount;
    let sku = format!("sku-{}", random.below(500));
    let order = order.id.clone();
    Fact::LineAdded {
        order,
        line,
        sku,
        quantity,
        amount,
    }
}

fn change_line(order: &mut Order, random: &mut Random) -> Fact {
    let index = random.below(order.lines.len());
    let line = &mut order.lines[index];
    let quantity = 1 + random.below(5) as u64;
    let difference = (quantity as i64 - line.quantity as i64) * line.price;
    line.quantity = quantity;
    order.total += difference;
    let (line, amount) = (line.line, quantity as i64 * line.price);
    let order = order.id.clone();
    Fact::LineChanged {
        order,
        line,
        quantity,
        amount,
        difference,
    }
}

fn remove_line(order: &mut Order, random: &mut Random) -> Fact {
    let Line { line, quantity, price } = order.lines.remove(random.below(order.lines.len()));
    let amount = quantity as i64 * price;
    order.total -= amount;
    let order = order.id.clone();
    Fact::LineRemoved { order, line, amount }
}
