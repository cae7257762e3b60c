//! The rules of trace assembly, one file a family of rows of the contract's test table (AS1 to AS8, AS10).

#[cfg(test)]
mod budgets;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod folding;
#[cfg(test)]
mod late;
#[cfg(test)]
mod model;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod world;
