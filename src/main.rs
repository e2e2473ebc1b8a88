//! The `canvass` command.

use std::collections::BTreeMap;
use std::io::{stderr, stdout};

use canvass::cli::{self, Exit};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> Exit {
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    cli::run(std::env::args_os().collect(), env, (&mut stdout(), &mut stderr())).await
}
