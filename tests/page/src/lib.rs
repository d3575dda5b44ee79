//! The page under test.
