//! The Chain trait over an in-process SVM with virtual time
