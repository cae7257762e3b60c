//! Decoding: the receiver's contract by row, the walk against prost, JSON against protobuf, recorded traces.

mod contract;
mod differential;
mod hostile;
mod json;
mod meaning;
mod oracle;
mod recorded;
mod request;
mod shuffle;
