//! The servers and the product as the tests against real servers have them.
//!
//! A benchmark measures what those tests start, so it takes their files and writes no second ones. Each benchmark puts
//! the names that these files look for beside this module, at the root of its crate.

#[path = "../tests/servers/wait.rs"]
pub(crate) mod wait;

#[path = "../tests/servers/port.rs"]
pub(crate) mod port;

#[path = "../tests/servers/process.rs"]
pub(crate) mod process;

#[path = "../tests/servers/http.rs"]
pub(crate) mod http;

#[path = "../tests/servers/smtp.rs"]
pub(crate) mod smtp;

#[path = "../tests/servers/postfix.rs"]
pub(crate) mod postfix;

#[path = "../tests/servers/sink.rs"]
pub(crate) mod sink;

#[path = "../tests/servers/local.rs"]
pub(crate) mod local;

#[path = "../tests/servers/relay.rs"]
pub(crate) mod relay;

#[path = "../tests/servers/gateway.rs"]
pub(crate) mod gateway;

#[path = "../tests/servers/phone.rs"]
pub(crate) mod phone;

#[path = "../tests/servers/kannel.rs"]
pub(crate) mod kannel;

#[path = "../tests/servers/product.rs"]
pub(crate) mod product;

#[path = "../tests/servers/arrivals.rs"]
pub(crate) mod arrivals;

#[path = "../tests/servers/ordeal.rs"]
pub(crate) mod ordeal;

#[path = "../tests/servers/account.rs"]
pub(crate) mod account;
