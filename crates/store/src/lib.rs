//! What outlives the process: hotspots and notes in one SQLite file, with one writer.
