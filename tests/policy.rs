//! When a snapshot is taken.
