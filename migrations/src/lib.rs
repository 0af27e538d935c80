//! Numbered, idempotent network set-up steps
