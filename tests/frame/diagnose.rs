//! Frames in diagnostic notation: for people who look at what a store holds.

use proptest::prelude::*;
use snapfold::frame::{self, Compression, Key, Sealing};
use snapfold::value::diagnose;

use super::{full_header, payload};

fn sealed() -> Vec<u8> {
    frame::seal(&full_header(), &payload()).unwrap()
}

#[test]
fn a_frame_shows_verdict_header_and_payload() {
    let text = frame::diagnose(&sealed(), 1_000);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "/ a frame that opens /");
    assert!(lines[1].starts_with("/ header / {1: \"cart\", 2: 3, "), "{text}");
    assert_eq!(lines[2], "/ payload / [\"apples\", \"pears\"]");
}

#[test]
fn a_payload_in_a_format_of_the_host_is_shown_as_bytes() {
    let sealing = Sealing {
        media_type: Some("text/plain"),
        ..Sealing::default()
    };
    let sealed = frame::seal_with(&full_header(), b"\xff\x00plain", &sealing).unwrap();
    let text = frame::diagnose(&sealed.frame, 1_000);
    assert!(text.ends_with("/ payload / h'ff00706c61696e'"), "{text}");
}

#[test]
fn other_bytes_are_shown_as_items() {
    assert_eq!(frame::diagnose(&payload(), 100), diagnose(&payload(), 100));
}

#[test]
fn a_damaged_frame_says_what_is_wrong_and_shows_the_rest() {
    let mut frame = sealed();
    *frame.last_mut().unwrap() ^= 1;
    let text = frame::diagnose(&frame, 100);
    assert!(
        text.contains("does not open: ") && text.contains("digest differs"),
        "{text}"
    );
    assert!(text.ends_with("/ payload / [\"apples\", \"pearr\"]"), "{text}");
}

#[test]
fn of_a_signed_frame_nothing_is_verified_and_a_compressed_one_is_not_misread() {
    let key = [Key::new("k", [7; 32]).unwrap()];
    let sealing = Sealing {
        keys: &key,
        compression: Compression::Auto,
        ..Sealing::default()
    };
    let payload = snapfold::value::to_vec(&vec!["apples"; 400]).unwrap();
    let sealed = frame::seal_with(&full_header(), &payload, &sealing).unwrap();
    let text = frame::diagnose(&sealed.frame, 100);
    assert!(
        text.starts_with("/ a frame of which nothing is verified here: unknownKey"),
        "{text}"
    );
    assert!(text.contains("/ payload / / compressed / h'04224d18"), "{text}");
}

#[test]
fn a_frame_of_a_built_in_fold_opens() {
    let header = frame::Header {
        fold_digest: Some([7; 32]),
        ..full_header()
    };
    let frame = frame::seal(&header, &crate::payload()).unwrap();
    let text = frame::diagnose(&frame, 1_000);
    assert!(text.starts_with("/ a frame that opens /"), "{text}");
    assert!(text.contains("18: h'0707"), "{text}");
}

proptest! {
    #[test]
    fn whatever_comes_in_something_bounded_comes_out(
        at in any::<prop::sample::Index>(), bits in 1u8.., keep in any::<prop::sample::Index>(),
    ) {
        let mut frame = sealed();
        let index = at.index(frame.len());
        frame[index] ^= bits;
        frame.truncate(keep.index(frame.len() + 1));
        prop_assert!(frame::diagnose(&frame, 40).len() < 1_000);
    }
}
