//! Sorting, in little code where modules are to be small.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Equal items may change places.
pub(crate) fn sort_by<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    if cfg!(target_family = "wasm") {
        heap_sort(items, order);
    } else {
        items.sort_unstable_by(order);
    }
}

/// Puts a text in its place among sorted ones, unless it is there already.
pub(crate) fn insert(sorted: &mut Vec<String>, text: &str) {
    if let Err(place) = sorted.binary_search_by(|known| known.as_str().cmp(text)) {
        sorted.insert(place, text.into());
    }
}

/// The library's sort is faster, and 1 KB of a compressed module.
fn heap_sort<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    let is_less = |items: &[T], a: usize, b: usize| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => order(a, b).is_lt(),
        _ => false,
    };
    let length = items.len();
    // First a heap is made, from its last parent to its root; then its root, the greatest, goes to the end, again and again.
    for step in (0..length + length / 2).rev() {
        let (mut parent, end) = match step.checked_sub(length) {
            Some(parent) => (parent, length),
            None => {
                items.swap(0, step);
                (0, step)
            }
        };
        loop {
            let mut child = 2 * parent + 1;
            if child + 1 < end && is_less(items, child, child + 1) {
                child += 1;
            }
            if child >= end || !is_less(items, parent, child) {
                break;
            }
            items.swap(parent, child);
            parent = child;
        }
    }
}
