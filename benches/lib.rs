//! Programs that measure the line; see docs/performance.md.
