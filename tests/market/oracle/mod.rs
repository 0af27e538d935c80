//! The publisher-set oracle.

mod oracle_publish;
mod oracle_set_publishers;
