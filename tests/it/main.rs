//! What can be seen from outside: the shape of the source, the shipped configuration, and the binary at work.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod bounces;
#[cfg(test)]
mod check;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod readme;
mod suppressions;
#[cfg(test)]
mod unreadable;
