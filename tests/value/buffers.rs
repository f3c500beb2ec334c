//! Inside of serde's own buffers, behind `flatten`, tagged and untagged enums: what serde has no word for comes through them as it is.

use serde::{Deserialize, Serialize};
use snapfold::value::{Bytes, Date, from_slice, to_vec};

#[test]
fn what_a_buffer_made_of_a_leaf_does_not_reach_its_neighbours() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Opened { at: Date },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Event {
        #[serde(flatten)]
        kind: Kind,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct State {
        last: Event,
        address: std::net::Ipv4Addr,
        digest: Bytes,
    }
    for millis in [0, 1500] {
        let at = Date::from_millis(millis).unwrap();
        let state = State {
            last: Event {
                kind: Kind::Opened { at },
            },
            address: [127, 0, 0, 1].into(),
            digest: Bytes(vec![0x41, 9]),
        };
        assert_eq!(from_slice::<State>(&to_vec(&state).unwrap()), Ok(state));
    }
}
