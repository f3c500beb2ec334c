//! What a reader expects under a key.

use snapfold::frame::{self, DEFAULT_MAX_STATE_BYTES, Expect};
use snapfold::{Code, Result};

use crate::{minimal_header, payload};

fn open(expect: &Expect<'_>) -> Result<()> {
    let frame = frame::seal(&minimal_header(), &payload()).unwrap();
    frame::open(&frame, expect).map(drop)
}

fn expected() -> Expect<'static> {
    Expect {
        position: Some(1_200),
        ..Expect::of("cart", 3, "cart-42")
    }
}

#[test]
fn the_frame_of_this_key_is_opened() {
    assert_eq!(open(&expected()), Ok(()));
    assert_eq!(open(&Expect::default()), Ok(()));
    assert_eq!(Expect::default().max_state_bytes, 64 * 1024 * 1024);
    assert_eq!(DEFAULT_MAX_STATE_BYTES, 64 * 1024 * 1024);
}

#[test]
fn a_frame_of_something_else_is_foreign_and_says_of_what() {
    for (expect, found) in [
        (
            Expect {
                name: Some("Cart"),
                ..expected()
            },
            "\"cart\"",
        ),
        (
            Expect {
                stream: Some("cart-4"),
                ..expected()
            },
            "\"cart-42\"",
        ),
        (
            Expect {
                position: Some(1_199),
                ..expected()
            },
            "1200",
        ),
    ] {
        let error = open(&expect).unwrap_err();
        assert_eq!(error.code(), Code::Foreign);
        assert!(error.message().contains(found), "{error}");
    }
}

#[test]
fn ids_are_compared_without_normalisation() {
    let composed = frame::Header::new("cart", 1, "caf\u{e9}", 1, 1);
    let frame = frame::seal(&composed, &payload()).unwrap();
    assert!(frame::open(&frame, &Expect::of("cart", 1, "caf\u{e9}")).is_ok());
    let error = frame::open(&frame, &Expect::of("cart", 1, "cafe\u{301}")).unwrap_err();
    assert_eq!(error.code(), Code::Foreign);
}

#[test]
fn versions_are_equal_migratable_or_refused() {
    for (version, migratable, verdict) in [
        (3, &[][..], None),
        (2, &[][..], Some(Code::TooNew)),
        (2, &[3], Some(Code::TooNew)),
        (4, &[], Some(Code::Stale)),
        (4, &[2], Some(Code::Stale)),
        (4, &[2, 3], None),
    ] {
        let expect = Expect {
            version: Some(version),
            migratable,
            ..expected()
        };
        let found = open(&expect).err().map(|error| error.code());
        assert_eq!(found, verdict, "version {version}, migratable {migratable:?}");
    }
}

#[test]
fn the_state_limit_is_inclusive_and_comes_first() {
    let limit = payload().len() as u64;
    assert_eq!(
        open(&Expect {
            max_state_bytes: limit,
            ..expected()
        }),
        Ok(())
    );
    let error = open(&Expect {
        max_state_bytes: limit - 1,
        ..Expect::of("other", 1, "other")
    })
    .unwrap_err();
    assert_eq!(error.code(), Code::TooLarge);
    assert!(error.message().contains(&limit.to_string()), "{error}");
}

#[test]
fn a_state_of_a_built_in_fold_is_for_those_who_expect_it_and_its_header_for_everybody() {
    let fold = [7; 32];
    let header = frame::Header {
        fold_digest: Some(fold),
        ..minimal_header()
    };
    let frame = frame::seal(&header, &payload()).unwrap();
    let verdict = |expect: &Expect<'_>| frame::open(&frame, expect).err().map(|error| error.code());
    let expecting = |fold_digest| Expect {
        fold_digest,
        ..expected()
    };
    assert_eq!(verdict(&expecting(Some(fold))), None);
    assert_eq!(verdict(&expecting(Some([8; 32]))), Some(Code::Foreign));
    assert_eq!(verdict(&expecting(None)), Some(Code::Foreign));
    assert_eq!(verdict(&Expect::default()), Some(Code::TooNew));
    assert_eq!(frame::inspect(&frame, &Expect::default()).unwrap().header, header);

    let of_the_host = frame::seal(&minimal_header(), &payload()).unwrap();
    let error = frame::open(&of_the_host, &expecting(Some(fold))).unwrap_err();
    assert_eq!(error.code(), Code::Foreign);
}

#[test]
fn a_header_alone_can_be_compared_too() {
    let frame = frame::seal(&minimal_header(), &payload()).unwrap();
    assert!(frame::inspect(&frame, &expected()).is_ok());
    let other = Expect::of("cart", 3, "cart-43");
    assert_eq!(frame::inspect(&frame, &other).unwrap_err().code(), Code::Foreign);
}
