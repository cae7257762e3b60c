//! The log over a disk that loses and tears what was not synced, killed before and after every step.

mod damage;
mod disk;
mod lives;
