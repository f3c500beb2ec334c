//! What one digest says of a whole history.

use proptest::prelude::*;
use snapfold::fold::{Anchor, Commitment};
use snapfold::value;

type History = Vec<(u64, Anchor)>;

fn of(history: &[(u64, Anchor)]) -> Commitment {
    history
        .iter()
        .fold(Commitment::default(), |commitment, (position, anchor)| {
            commitment.after(*position, anchor)
        })
}

fn histories() -> impl Strategy<Value = History> {
    let anchor = prop_oneof![
        "[a-c]{0,3}".prop_map(Anchor::id),
        any::<[u8; 2]>().prop_map(|bytes| Anchor::of_bytes(&bytes)),
    ];
    prop::collection::vec((any::<u64>(), anchor), 1..12)
}

proptest! {
    #[test]
    fn a_history_that_differs_anywhere_has_another_commitment(
        history in histories(),
        at in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        (position, anchor) in histories().prop_map(|mut one| one.remove(0)),
    ) {
        let whole = of(&history);
        let (at, to) = (at.index(history.len()), to.index(history.len()));
        let changed = |change: fn(&mut History, usize, usize, u64, Anchor)| {
            let mut other = history.clone();
            change(&mut other, at, to, position, anchor.clone());
            other
        };
        for other in [
            changed(|history, at, _, position, _| history[at].0 = position),
            changed(|history, at, _, _, anchor| history[at].1 = anchor),
            changed(|history, at, to, _, _| history.swap(at, to)),
            changed(|history, at, _, _, _| drop(history.remove(at))),
            changed(|history, at, _, position, anchor| history.insert(at, (position, anchor))),
            changed(|history, at, _, _, _| history.truncate(at)),
        ] {
            prop_assert_eq!(of(&other) == whole, other == history);
        }
    }
}

#[test]
fn an_id_is_not_a_digest_with_the_same_bytes() {
    let id = Commitment::default().after(1, &Anchor::id("a".repeat(32)));
    assert_ne!(id, Commitment::default().after(1, &Anchor::Digest([b'a'; 32])));
}

#[test]
fn it_is_32_bytes_in_every_form() {
    let commitment = of(&[(1, Anchor::id("a"))]);
    let bytes = value::to_vec(&commitment).unwrap();
    assert_eq!(bytes[..2], [0x58, 32]);
    assert_eq!(bytes[2..], *commitment.as_bytes());
    assert_eq!(value::from_slice::<Commitment>(&bytes).unwrap(), commitment);
    assert_eq!(Commitment::from(*commitment.as_bytes()), commitment);
    assert_eq!(*Commitment::default().as_bytes(), [0; 32]);
    assert!(value::from_slice::<Commitment>(&bytes[..20]).is_err());
    assert!(format!("{:?}", Commitment::default()).contains(&"00".repeat(32)));
}
