//! What snapfold has to match, and the mistakes it must not repeat: one module per system.
