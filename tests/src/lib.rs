//! In-process SVM tests, laws, and real-validator tests
