//! Nothing to compile.
