//! What texts are: statements, URLs, keys, names.
