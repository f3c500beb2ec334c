//! What is compared: every side seals a typed state to bytes and their SHA-256, and opens that again, the digest first.
//!
//! All hash with the same `sha2`. rmp-serde and postcard write structs without field names, as they do by default; "named" is
//! MessagePack with them, which is what the other formats hold.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use snapfold::frame::{self, Expect, Header};
use snapfold::value;

/// One side for one type of state.
pub struct Side<T> {
    pub name: &'static str,
    pub seal: fn(&T) -> Sealed,
    pub open: fn(&Sealed) -> T,
}

/// What a store would keep. Our frame has its digests inside.
pub struct Sealed {
    pub bytes: Vec<u8>,
    digest: Option<[u8; 32]>,
}

pub fn sides<T: Serialize + DeserializeOwned>() -> Vec<Side<T>> {
    vec![
        Side {
            name: "snapfold",
            seal: seal_frame,
            open: open_frame,
        },
        Side {
            name: "serde_json",
            seal: |state| hashed(serde_json::to_vec(state).expect("encodes")),
            open: |sealed| serde_json::from_slice(checked(sealed)).expect("decodes"),
        },
        Side {
            name: "ciborium",
            seal: |state| {
                let mut bytes = Vec::new();
                ciborium::into_writer(state, &mut bytes).expect("encodes");
                hashed(bytes)
            },
            open: |sealed| ciborium::from_reader(checked(sealed)).expect("decodes"),
        },
        Side {
            name: "rmp-serde, named",
            seal: |state| hashed(rmp_serde::to_vec_named(state).expect("encodes")),
            open: |sealed| rmp_serde::from_slice(checked(sealed)).expect("decodes"),
        },
        Side {
            name: "rmp-serde",
            seal: |state| hashed(rmp_serde::to_vec(state).expect("encodes")),
            open: |sealed| rmp_serde::from_slice(checked(sealed)).expect("decodes"),
        },
        Side {
            name: "postcard",
            seal: |state| hashed(postcard::to_stdvec(state).expect("encodes")),
            open: |sealed| postcard::from_bytes(checked(sealed)).expect("decodes"),
        },
    ]
}

fn seal_frame<T: Serialize>(state: &T) -> Sealed {
    let header = Header::new("bench", 1, "stream-1", 1000, 1000);
    let payload = value::to_vec(state).expect("encodes");
    Sealed {
        bytes: frame::seal(&header, &payload).expect("seals"),
        digest: None,
    }
}

fn open_frame<T: DeserializeOwned>(sealed: &Sealed) -> T {
    let opened = frame::open(&sealed.bytes, &Expect::of("bench", 1, "stream-1")).expect("opens");
    value::from_slice(&opened.payload).expect("decodes")
}

fn hashed(bytes: Vec<u8>) -> Sealed {
    let digest = Some(Sha256::digest(&bytes).into());
    Sealed { bytes, digest }
}

fn checked(sealed: &Sealed) -> &[u8] {
    assert!(
        sealed.digest == Some(Sha256::digest(&sealed.bytes).into()),
        "the digest differs"
    );
    &sealed.bytes
}
