//! hotspots
